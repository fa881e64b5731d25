//! The catalogue's looks and probes in the expression language: they fit the answers they read, and they tell
//! what happened from what did not.

use ripcord::catalogue::{self, Effect, Kind, Operation, Shape};
use ripcord::expr::{Checked, Expr, Tree, Type};
use ripcord::ids::At;
use serde_json::{Map, Value, json};

const SENT_AT: &str = "2026-03-01T01:40:00.000Z";

fn changes() -> impl Iterator<Item = &'static Operation> {
    catalogue::all().filter(|o| o.effect() != Effect::Read)
}

fn checked(text: &str, root: &Type, scope: &Type) -> Checked {
    let mut expr = Expr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let checked = expr.check(root, scope);
    assert!(checked.findings.is_empty(), "{text}: {:?}", checked.findings);
    checked
}

/// A call that sets everything it can, in the forms that decide between conditions.
fn full(shape: Shape) -> Value {
    let sample = |m: Shape| match m.kind() {
        Kind::List(_) => json!([{"Key": "ripcord-run", "Value": "r"}]),
        Kind::Boolean => json!(true),
        Kind::Integer => json!(1),
        Kind::Structure => {
            let inner = m.members().filter(|(_, m)| matches!(m.shape.kind(), Kind::Boolean));
            Value::Object(inner.map(|(name, _)| (name.to_owned(), json!(true))).collect())
        }
        _ => json!("x"),
    };
    Value::Object(shape.members().map(|(name, m)| (name.to_owned(), sample(m.shape))).collect::<Map<_, _>>())
}

#[test]
fn looks_and_probes_fit_the_answers_they_read() {
    for change in changes() {
        let input = change.input().unwrap();
        let probe = change.probe().unwrap();
        let mut observed = Type::Any;
        for look in [change.observe().unwrap(), &probe.look] {
            let read = catalogue::find(change.service, look.operation).unwrap();
            let scope = Type::object([
                ("call", Type::Shape(input)),
                ("observed", observed.clone()),
                ("sent_at", Type::Time),
            ]);
            let seen = checked(look.select, &Type::Shape(read.output().unwrap()), &scope).result;
            let parameters: Value = serde_json::from_str(look.parameters).unwrap();
            Tree::parse(&parameters).unwrap();
            observed = seen;
        }
        let scope = Type::object([
            ("call", Type::Shape(input)),
            ("observed", observed.clone()),
            ("sent_at", Type::Time),
        ]);
        let everything = full(input);
        // Each parameter alone too: a long call is proven by a part of its traces.
        let alone = everything.as_object().unwrap().iter().map(|(name, value)| json!({name: value}));
        let conditions = alone.filter_map(|call| probe.executed_when(&call));
        for condition in conditions.chain(probe.executed_when(&everything)) {
            let result = checked(&condition, &observed, &scope).result;
            assert_eq!(result, Type::Boolean, "{}: {condition}", change.name);
        }
        assert!(probe.executed_when(&everything).is_some(), "{}", change.name);
    }
}

/// Whether the probe of an operation takes `seen` for evidence of `call`.
fn executed(service: &str, name: &str, call: &Value, observed: &Value, seen: &Value) -> bool {
    let probe = catalogue::find(service, name).unwrap().probe().unwrap();
    let text = probe.executed_when(call).unwrap_or_else(|| panic!("{name} leaves no trace"));
    let scope = json!({"call": call, "observed": observed, "sent_at": SENT_AT});
    let condition = Expr::parse(&text).unwrap();
    condition.test(seen, &scope, At::parse(SENT_AT).unwrap()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn a_rename_is_seen_under_the_old_name_and_under_the_new_one() {
    let call = json!({"DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": "Orders-Old",
                      "ApplyImmediately": true});
    let before = json!({"DBInstanceIdentifier": "orders", "DbiResourceId": "db-1",
                        "DBInstanceStatus": "available", "PendingModifiedValues": {}});
    let seen = |change: Value| {
        let mut seen = before.clone();
        seen.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        executed("rds", "ModifyDBInstance", &call, &before, &seen)
    };
    assert!(!seen(json!({})));
    assert!(seen(json!({"PendingModifiedValues": {"DBInstanceIdentifier": "orders-old"}})));
    assert!(seen(json!({"DBInstanceStatus": "renaming"})));
    assert!(seen(json!({"DBInstanceIdentifier": "orders-old"})));
    assert!(!seen(json!({"DBInstanceIdentifier": "orders-older"})));
}

#[test]
fn settings_count_in_place_or_pending_and_all_of_them() {
    let call = json!({"DBInstanceIdentifier": "orders", "MultiAZ": true, "BackupRetentionPeriod": 7,
                      "VpcSecurityGroupIds": ["sg-2", "sg-1"], "DeletionProtection": false});
    let groups = json!([{"VpcSecurityGroupId": "sg-1"}, {"VpcSecurityGroupId": "sg-2"}]);
    let seen = |multi: bool, pending: Value| {
        let seen = json!({"MultiAZ": multi, "BackupRetentionPeriod": 7, "VpcSecurityGroups": groups,
                          "PendingModifiedValues": pending});
        executed("rds", "ModifyDBInstance", &call, &Value::Null, &seen)
    };
    assert!(seen(true, json!({})));
    assert!(seen(false, json!({"MultiAZ": true})));
    assert!(!seen(false, json!({})));
}

#[test]
fn a_restored_instance_is_ours_by_its_tag_and_its_time() {
    let call = json!({"DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "s",
                      "Tags": [{"Key": "team", "Value": "x"}, {"Key": "ripcord-run", "Value": "run-1"}]});
    let seen = |seen: Value| executed("rds", "RestoreDBInstanceFromDBSnapshot", &call, &Value::Null, &seen);
    let tags = |run: &str| json!([{"Key": "ripcord-run", "Value": run}]);
    assert!(!seen(Value::Null));
    assert!(seen(json!({"DBInstanceStatus": "creating", "TagList": tags("run-1")})));
    assert!(seen(json!({"InstanceCreateTime": "2026-03-01T01:39:30.000Z", "TagList": tags("run-1")})));
    assert!(!seen(json!({"InstanceCreateTime": "2026-03-01T01:38:30.000Z", "TagList": tags("run-1")})));
    assert!(!seen(json!({"DBInstanceStatus": "creating", "TagList": tags("another")})));
    assert!(!seen(json!({"DBInstanceStatus": "creating"})));
}

#[test]
fn counts_scaling_tags_and_roles_are_read_back() {
    let count = json!({"cluster": "c", "service": "web", "desiredCount": 0});
    let service = |n: i64| json!({"desiredCount": n});
    assert!(executed("ecs", "UpdateService", &count, &service(3), &service(0)));
    assert!(!executed("ecs", "UpdateService", &count, &service(3), &service(3)));

    let scaling = json!({"ServiceNamespace": "ecs", "ResourceId": "service/c/web",
        "ScalableDimension": "ecs:service:DesiredCount",
        "SuspendedState": {"DynamicScalingInSuspended": false, "ScheduledScalingSuspended": true}});
    let target = |suspended: Value| {
        let mut seen = scaling.clone();
        seen["SuspendedState"] = suspended;
        executed("application-autoscaling", "RegisterScalableTarget", &scaling, &Value::Null, &seen)
    };
    assert!(target(json!({"ScheduledScalingSuspended": true})));
    assert!(!target(json!({"ScheduledScalingSuspended": false})));
    assert!(!target(Value::Null));

    let tags =
        json!({"ResourceName": "arn", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
    let one = json!([{"Key": "a", "Value": "1"}]);
    let both = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    assert!(!executed("rds", "AddTagsToResource", &tags, &one, &one));
    assert!(executed("rds", "AddTagsToResource", &tags, &one, &both));

    let untag = json!({"ResourceName": "arn", "TagKeys": ["a", "c"]});
    let left = json!([{"Key": "b", "Value": "2"}]);
    assert!(!executed("rds", "RemoveTagsFromResource", &untag, &both, &one));
    assert!(executed("rds", "RemoveTagsFromResource", &untag, &both, &left));
    assert!(executed("rds", "RemoveTagsFromResource", &untag, &both, &json!([])));

    let role = json!({"DBInstanceIdentifier": "o", "RoleArn": "r", "FeatureName": "s3Import"});
    let roles = |feature: &str| json!({"AssociatedRoles": [{"RoleArn": "r", "FeatureName": feature}]});
    assert!(executed("rds", "AddRoleToDBInstance", &role, &json!({}), &roles("s3Import")));
    assert!(!executed("rds", "AddRoleToDBInstance", &role, &json!({}), &roles("s3Export")));
    assert!(!executed("rds", "AddRoleToDBInstance", &role, &json!({}), &json!({})));
}

#[test]
fn a_reboot_shows_where_parameters_were_pending_and_nowhere_else() {
    let call = json!({"DBInstanceIdentifier": "o"});
    let state = |status: &str, apply: &str| json!({"DBInstanceStatus": status, "DBParameterGroups": [{"ParameterApplyStatus": apply}]});
    let pending = state("available", "pending-reboot");
    let reboot = |seen: &Value| executed("rds", "RebootDBInstance", &call, &pending, seen);
    assert!(!reboot(&pending));
    assert!(reboot(&state("rebooting", "pending-reboot")));
    assert!(reboot(&state("available", "in-sync")));
}

#[test]
fn what_is_gone_or_going_was_deleted_and_what_is_stopped_was_stopped() {
    for (service, name, call, going, there) in [
        (
            "rds",
            "DeleteDBInstance",
            json!({"DBInstanceIdentifier": "o"}),
            json!({"DBInstanceStatus": "deleting"}),
            json!({"DBInstanceStatus": "available"}),
        ),
        (
            "dynamodb",
            "DeleteTable",
            json!({"TableName": "t"}),
            json!({"TableStatus": "DELETING"}),
            json!({"TableStatus": "ACTIVE"}),
        ),
        (
            "ecs",
            "StopTask",
            json!({"task": "t"}),
            json!({"desiredStatus": "STOPPED", "lastStatus": "RUNNING"}),
            json!({"desiredStatus": "RUNNING", "lastStatus": "RUNNING"}),
        ),
    ] {
        assert!(executed(service, name, &call, &there, &Value::Null), "{name}");
        assert!(executed(service, name, &call, &there, &going), "{name}");
        assert!(!executed(service, name, &call, &there, &there), "{name}");
    }
}

#[test]
fn a_scalable_target_that_is_gone_was_deregistered() {
    let (service, name) = ("application-autoscaling", "DeregisterScalableTarget");
    let call = json!({"ServiceNamespace": "ecs", "ResourceId": "service/c/web"});
    let there = json!({"ResourceId": "service/c/web", "MinCapacity": 2});
    assert!(executed(service, name, &call, &there, &Value::Null));
    assert!(!executed(service, name, &call, &there, &there));
}

#[test]
fn a_backup_is_ours_by_its_time_and_role_and_because_no_plan_made_it() {
    let call =
        json!({"BackupVaultName": "v", "ResourceArn": "arn", "IamRoleArn": "role", "IdempotencyToken": "t"});
    let job = |at: &str, role: &str, plan: Value| {
        let seen = json!({"BackupJobId": "j", "CreationDate": at, "IamRoleArn": role, "CreatedBy": plan});
        executed("backup", "StartBackupJob", &call, &Value::Null, &seen)
    };
    let (just, before) = ("2026-03-01T01:39:30.000Z", "2026-03-01T01:38:30.000Z");
    assert!(!executed("backup", "StartBackupJob", &call, &Value::Null, &Value::Null));
    assert!(job(just, "role", Value::Null));
    assert!(!job(before, "role", Value::Null));
    assert!(!job(just, "another", Value::Null));
    assert!(!job(just, "role", json!({"BackupPlanId": "p"})));

    let stop = json!({"BackupJobId": "j"});
    let state = |state: &str| json!({"BackupJobId": "j", "State": state});
    let stopped = |s: &str| executed("backup", "StopBackupJob", &stop, &state("RUNNING"), &state(s));
    assert!(stopped("ABORTING") && stopped("ABORTED"));
    assert!(!stopped("RUNNING") && !stopped("COMPLETED"));
}

#[test]
fn of_many_jobs_the_newest_of_the_right_recovery_point_counts() {
    let call = json!({"RecoveryPointArn": "p", "Metadata": {}, "IdempotencyToken": "t"});
    let look = catalogue::find("backup", "StartRestoreJob").unwrap().observe().unwrap();
    let job = |id: &str, point: &str, at: &str| json!({"RestoreJobId": id, "RecoveryPointArn": point, "CreationDate": at});
    let newest = |jobs: Value| {
        let select = Expr::parse(look.select).unwrap();
        select
            .eval(&json!({"RestoreJobs": jobs}), &json!({"call": call}), At::parse(SENT_AT).unwrap())
            .unwrap()
    };
    let jobs = json!([
        job("old", "p", "2026-03-01T01:00:00.000Z"),
        job("new", "p", "2026-03-01T01:41:00.000Z"),
        job("other", "q", "2026-03-01T01:42:00.000Z"),
    ]);
    let seen = newest(jobs.clone());
    assert_eq!(seen["RestoreJobId"], "new");
    assert!(executed("backup", "StartRestoreJob", &call, &Value::Null, &seen));
    assert!(!executed("backup", "StartRestoreJob", &call, &Value::Null, &jobs[0]));
    assert_eq!(newest(json!([])), Value::Null);
}
