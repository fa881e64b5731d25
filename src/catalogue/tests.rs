use serde_json::{Value, json};

use super::table::{self, Kind, Shape};
use super::*;

fn op(service: &str, name: &str) -> &'static Operation {
    find(service, name).unwrap_or_else(|| panic!("{service} {name}"))
}

#[test]
fn the_entries_and_the_shape_table_hold_the_same_operations() {
    for service in services() {
        for entry in of(service) {
            assert!(
                table::facts(service, entry.name).is_some(),
                "{service} {}: run trim_models.py",
                entry.name
            );
            assert!(model_operations(service).contains(&entry.name));
            assert_eq!(entry.service, *service);
        }
        assert!(model_operations(service).len() > 10, "{service}");
    }
    assert!(all().count() > 50);
    assert!(find("rds", "NoSuch").is_none() && find("nosuch", "DescribeDBInstances").is_none());
}

#[test]
fn every_entry_names_parameters_that_exist() {
    for entry in all() {
        let input = entry.input();
        let has = |name: &str| input.is_some_and(|s| s.member(name).is_some());
        let subject = entry.subject_parameter();
        assert!(subject.is_empty() || has(subject), "{}: {subject}", entry.name);
        assert!(entry.batch().is_none_or(|b| has(b.parameter)), "{}", entry.name);
        if let Some(failures) = entry.failures() {
            assert!(entry.output().unwrap().member(failures).is_some(), "{}", entry.name);
        }
        if let Some(page) = entry.paging() {
            assert!(has(page.input_token), "{}", entry.name);
            let output = entry.output().unwrap();
            assert!(
                page.lists.iter().all(|l| matches!(output.member(l).unwrap().shape.kind(), Kind::List(_)))
            );
        }
    }
}

#[test]
fn every_change_says_what_it_acts_on_and_what_it_looks_at() {
    for entry in all().filter(|o| o.effect() != Effect::Read) {
        assert!(!entry.subject_parameter().is_empty(), "{} has no subject", entry.name);
        let look = entry.observe().unwrap_or_else(|| panic!("{} has no look", entry.name));
        let probe = entry.probe().unwrap_or_else(|| panic!("{} has no probe", entry.name));
        for look in [look, &probe.look] {
            let read = op(entry.service, look.operation);
            assert_eq!(read.effect(), Effect::Read, "{}", entry.name);
            let parameters: Value = serde_json::from_str(look.parameters).unwrap();
            for name in parameters.as_object().unwrap().keys() {
                assert!(read.input().unwrap().member(name).is_some(), "{} {name}", entry.name);
            }
            let root = look.select.split(['[', '.', ' ']).next().unwrap();
            assert!(root == "@" || read.output().unwrap().member(root).is_some(), "{} {root}", entry.name);
        }
        assert!(entry.error_codes().next().is_some(), "{} proves nothing", entry.name);
        assert!(entry.floor(&json!({}), None) >= Tier::T1, "{}", entry.name);
    }
}

#[test]
fn reads_need_no_gate_and_deletions_the_highest() {
    for entry in all() {
        let floor = entry.floor(&json!({}), None);
        assert_eq!(entry.effect() == Effect::Read, floor == Tier::T0, "{}", entry.name);
        assert!(entry.effect() != Effect::Destructive || floor == Tier::T3, "{}", entry.name);
    }
}

#[test]
fn a_count_is_judged_by_its_direction() {
    let service = op("ecs", "UpdateService");
    let floor = |new: i64, old: Value| {
        service.floor(&json!({"cluster": "c", "service": "s", "desiredCount": new}), Some(&old))
    };
    assert_eq!(floor(3, json!({"desiredCount": 0})), Tier::T1);
    assert_eq!(floor(3, json!({"desiredCount": 3})), Tier::T1);
    assert_eq!(floor(2, json!({"desiredCount": 3})), Tier::T2);
    assert_eq!(floor(0, json!({"desiredCount": 0})), Tier::T2);
    assert_eq!(floor(3, Value::Null), Tier::T2);
    assert_eq!(service.floor(&json!({"service": "s", "desiredCount": 3}), None), Tier::T2);
    let moved = json!({"service": "s", "desiredCount": 3, "taskDefinition": "web:7"});
    assert_eq!(service.floor(&moved, Some(&json!({"desiredCount": 3}))), Tier::T2);

    let target = op("application-autoscaling", "RegisterScalableTarget");
    assert_eq!(target.floor(&json!({"SuspendedState": {}}), None), Tier::T1);
    let old = json!({"MinCapacity": 2, "MaxCapacity": 6});
    assert_eq!(target.floor(&json!({"MinCapacity": 2, "MaxCapacity": 6}), Some(&old)), Tier::T1);
    assert_eq!(target.floor(&json!({"MinCapacity": 2, "MaxCapacity": 5}), Some(&old)), Tier::T2);
    assert_eq!(target.floor(&json!({"MinCapacity": 0}), Some(&old)), Tier::T2);
}

#[test]
fn what_cannot_be_taken_back_is_t3() {
    let cases = [
        ("rds", "ModifyDBInstance", json!({"BackupRetentionPeriod": 0}), Tier::T3),
        ("rds", "ModifyDBInstance", json!({"BackupRetentionPeriod": 7}), Tier::T3),
        ("rds", "ModifyDBInstance", json!({"AllowMajorVersionUpgrade": true}), Tier::T3),
        ("rds", "ModifyDBInstance", json!({"NewDBInstanceIdentifier": "x"}), Tier::T2),
        ("rds", "RestoreDBInstanceFromDBSnapshot", json!({}), Tier::T2),
        ("rds", "RebootDBInstance", json!({}), Tier::T2),
        ("rds", "AddTagsToResource", json!({}), Tier::T1),
        ("ecs", "StopTask", json!({}), Tier::T2),
        ("rds", "CreateDBClusterSnapshot", json!({}), Tier::T1),
        ("rds", "RemoveTagsFromResource", json!({}), Tier::T1),
        ("application-autoscaling", "DeregisterScalableTarget", json!({}), Tier::T3),
        ("backup", "StartBackupJob", json!({}), Tier::T1),
        ("backup", "StopBackupJob", json!({}), Tier::T2),
        ("backup", "StartRestoreJob", json!({}), Tier::T2),
        (
            "dynamodb",
            "UpdateContinuousBackups",
            json!({"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}}),
            Tier::T3,
        ),
        ("dynamodb", "UpdateTable", json!({"GlobalSecondaryIndexUpdates": [{"Delete": {}}]}), Tier::T3),
        ("dynamodb", "UpdateTable", json!({"GlobalSecondaryIndexUpdates": "{{ x }}"}), Tier::T3),
        ("dynamodb", "UpdateTable", json!({"DeletionProtectionEnabled": true}), Tier::T2),
    ];
    for (service, name, call, tier) in cases {
        assert_eq!(op(service, name).floor(&call, None), tier, "{name} {call}");
    }
}

#[test]
fn days_of_history_that_go_do_not_come_back() {
    let (database, table) = (op("rds", "ModifyDBInstance"), op("dynamodb", "UpdateContinuousBackups"));
    for (new, tier) in [(1, Tier::T3), (7, Tier::T2), (35, Tier::T2)] {
        let seen = json!({"BackupRetentionPeriod": 7});
        assert_eq!(database.floor(&json!({"BackupRetentionPeriod": new}), Some(&seen)), tier, "{new} days");
    }
    for (new, tier) in [(1, Tier::T3), (7, Tier::T1), (35, Tier::T1)] {
        let wanted = json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": new});
        let call = json!({"PointInTimeRecoverySpecification": wanted});
        let seen = json!({"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7});
        assert_eq!(table.floor(&call, Some(&seen)), tier, "{new} days");
        assert_eq!(table.floor(&call, None), Tier::T3, "what was there is not known");
        let off = json!({"PointInTimeRecoveryStatus": "DISABLED"});
        assert_eq!(table.floor(&call, Some(&off)), Tier::T1, "there is no history to shorten");
    }
}

#[test]
fn the_subject_is_the_name_a_person_would_type() {
    let subject = |service, name, call| op(service, name).subject(&call);
    assert_eq!(subject("rds", "DeleteDBInstance", json!({"DBInstanceIdentifier": "orders"})), "orders");
    let arn = "arn:aws:ecs:eu-west-1:123456789012:service/shop/web";
    assert_eq!(subject("ecs", "UpdateService", json!({"service": arn})), "web");
    let arn = "arn:aws:rds:eu-west-1:123456789012:cluster:orders";
    assert_eq!(subject("rds", "EnableHttpEndpoint", json!({"ResourceArn": arn})), "orders");
    let arn = json!({"ResourceArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/granules"});
    assert_eq!(subject("backup", "StartBackupJob", arn), "granules");
    let arn = "arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:job-1f";
    assert_eq!(subject("backup", "StartRestoreJob", json!({"RecoveryPointArn": arn})), "job-1f");
    let id = json!({"ResourceId": "service/shop/web"});
    assert_eq!(subject("application-autoscaling", "RegisterScalableTarget", id), "service/shop/web");
    assert_eq!(subject("rds", "DeleteDBInstance", json!({})), "");
}

#[test]
fn only_codes_given_before_acting_prove_that_nothing_was_executed() {
    let restore = op("rds", "RestoreDBInstanceFromDBSnapshot");
    for code in [
        "DBInstanceAlreadyExists",
        "InstanceQuotaExceeded",
        "DBSnapshotNotFound",
        "AccessDenied",
        "Throttling",
        "ExpiredToken",
        "InvalidParameterCombination",
    ] {
        assert!(restore.not_executed(code), "{code}");
    }
    for code in
        ["InternalFailure", "ServiceUnavailable", "RequestTimeout", "InternalServerError", "", "Nonsense"]
    {
        assert!(!restore.not_executed(code), "{code}");
    }
    let service = op("ecs", "UpdateService");
    assert!(service.not_executed("ServiceNotFoundException") && service.not_executed("ClientException"));
    assert!(!service.not_executed("ServerException"));
    assert!(!op("dynamodb", "CreateBackup").not_executed("InternalServerError"));
    let backup = op("backup", "StartBackupJob");
    assert!(backup.not_executed("LimitExceededException") && backup.not_executed("InvalidRequestException"));
    assert!(!backup.not_executed("ServiceUnavailableException"));
    assert!(
        !op("application-autoscaling", "RegisterScalableTarget").not_executed("InternalServiceException")
    );
}

#[test]
fn what_makes_something_each_time_is_no_proof_of_itself() {
    for (service, name, anew) in [
        ("rds", "RebootDBInstance", true),
        ("rds", "CreateDBClusterSnapshot", true),
        ("backup", "StartBackupJob", true),
        ("backup", "StartRestoreJob", true),
        ("backup", "StopBackupJob", false),
        ("ecs", "StopTask", false),
    ] {
        assert_eq!(op(service, name).acts_anew(), anew, "{name}");
    }
}

#[test]
fn a_look_keeps_identity_status_and_what_the_call_sets() {
    let look = op("rds", "ModifyDBInstance").observe().unwrap();
    let call = json!({"DBInstanceIdentifier": "o", "MultiAZ": true, "VpcSecurityGroupIds": ["sg-1"]});
    let seen = json!({"DBInstanceIdentifier": "o", "DbiResourceId": "db-1", "DBInstanceStatus": "available",
        "LatestRestorableTime": "2026-03-01T01:40:00.000Z", "MultiAZ": false, "VpcSecurityGroups": []});
    assert_eq!(
        look.project(&call, &seen),
        json!({"DBInstanceIdentifier": "o", "DbiResourceId": "db-1", "DBInstanceStatus": "available",
               "MultiAZ": false, "VpcSecurityGroups": []})
    );
    assert_eq!(look.project(&call, &Value::Null), Value::Null);
}

#[test]
fn a_probe_asks_for_what_the_call_set() {
    let executed = |service, name, call| op(service, name).probe().unwrap().executed_when(&call);
    assert_eq!(
        executed("ecs", "UpdateService", json!({"cluster": "c", "service": "s", "desiredCount": 0})).unwrap(),
        "desiredCount == {{ call.desiredCount }}"
    );
    assert_eq!(executed("ecs", "UpdateService", json!({"service": "s", "forceNewDeployment": true})), None);
    let rename =
        json!({"DBInstanceIdentifier": "o", "NewDBInstanceIdentifier": "O-Old", "ApplyImmediately": true});
    assert_eq!(
        executed("rds", "ModifyDBInstance", rename).unwrap(),
        "(DBInstanceIdentifier == 'o-old' || PendingModifiedValues.DBInstanceIdentifier == 'o-old' \
         || DBInstanceStatus == 'renaming')"
    );
    let suspend = json!({"ResourceId": "r", "SuspendedState": {"DynamicScalingInSuspended": true}});
    assert_eq!(
        executed("application-autoscaling", "RegisterScalableTarget", suspend).unwrap(),
        "ResourceId == {{ call.ResourceId }} && not_null(SuspendedState.DynamicScalingInSuspended, `false`) \
         == {{ call.SuspendedState.DynamicScalingInSuspended }}"
    );
    let password = json!({"DBInstanceIdentifier": "o", "MasterUserPassword": "x"});
    assert_eq!(executed("rds", "ModifyDBInstance", password), None);
    let tagged =
        json!({"DBInstanceIdentifier": "o", "Tags": [{"Key": "a"}, {"Key": "ripcord-run", "Value": "r"}]});
    let restored = executed("rds", "RestoreDBInstanceFromDBSnapshot", tagged).unwrap();
    assert!(restored.contains("[?Key == 'ripcord-run'].Value, {{ call.Tags[1].Value }}"), "{restored}");
}

#[test]
fn every_condition_and_selector_parses() {
    let everything = |shape: Shape| -> Value {
        let sample = |kind| match kind {
            Kind::List(_) => json!([{"Key": "ripcord-run", "Value": "r"}]),
            Kind::Boolean => json!(true),
            Kind::Map(_) => json!({"k": "v"}),
            Kind::Structure => json!({"Enabled": true, "PointInTimeRecoveryEnabled": true}),
            _ => json!("x"),
        };
        shape
            .members()
            .map(|(name, m)| (name.to_owned(), sample(m.shape.kind())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for entry in all().filter(|o| o.effect() != Effect::Read) {
        let probe = entry.probe().unwrap();
        let call = everything(entry.input().unwrap());
        let condition = probe.executed_when(&call).unwrap_or_else(|| panic!("{}", entry.name));
        for text in [entry.observe().unwrap().select, probe.look.select, &condition] {
            let mut plain = String::new();
            for (n, part) in text.split("{{").enumerate() {
                plain += if n == 0 { part } else { "`0`" };
                plain += if n == 0 { "" } else { part.split_once("}}").unwrap().1 };
            }
            assert!(jmespath::parse(&plain).is_ok(), "{}: {plain}", entry.name);
        }
    }
}

#[test]
fn secrets_are_known_by_their_shape() {
    let input = op("rds", "ModifyDBInstance").input().unwrap();
    assert!(input.member("MasterUserPassword").unwrap().shape.sensitive());
    assert!(!input.member("DBInstanceIdentifier").unwrap().shape.sensitive());
    assert!(input.member("DBInstanceIdentifier").unwrap().required);
    // What AWS Backup calls sensitive, and the next call is made of.
    let metadata =
        op("backup", "GetRecoveryPointRestoreMetadata").output().unwrap().member("RestoreMetadata");
    assert!(!metadata.unwrap().shape.sensitive());
}

#[test]
fn the_table_knows_wire_names_lists_and_enumerations() {
    let instance = Shape::named("rds", "DBInstance").unwrap();
    let Kind::List(group) = instance.member("VpcSecurityGroups").unwrap().shape.kind() else { panic!() };
    assert_eq!(group.name(), "VpcSecurityGroupMembership");
    assert_eq!(
        instance.member("VpcSecurityGroups").unwrap().shape.item(),
        Some("VpcSecurityGroupMembership")
    );
    assert_eq!(instance.member("InstanceCreateTime").unwrap().shape.kind(), Kind::Timestamp);
    assert_eq!(instance.members().next().unwrap().0, "DBInstanceIdentifier");
    let input = op("ecs", "ListTasks").input().unwrap();
    let Kind::Text { enumeration } = input.member("desiredStatus").unwrap().shape.kind() else { panic!() };
    assert!(enumeration.contains(&"STOPPED"));
    assert_eq!(op("rds", "DescribeDBInstances").paging().unwrap().lists, ["DBInstances"]);
    assert_eq!(op("ecs", "DescribeServices").paging(), None);
    assert_eq!(op("ecs", "ListServiceDeployments").paging().unwrap().lists, ["serviceDeployments"]);
    assert_eq!(op("rds", "DescribeDBInstances").wire().wrapper, Some("DescribeDBInstancesResult"));
    assert!(matches!(op("ecs", "ListTasks").wire().protocol, Protocol::Json { json: "1.1", .. }));
}
