//! The proxy shown against moto with the real `aws` CLI.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::xml::Xml;
use super::{Fault, aws_backup};
use crate::world::{Options, World};

const SOON: Duration = Duration::from_secs(20);

fn instance(world: &World, name: &str) -> Result<Value, String> {
    let answer = world.try_aws(&["rds", "describe-db-instances", "--db-instance-identifier", name])?;
    Ok(answer["DBInstances"][0].clone())
}

/// Name and status of every instance, as one reading sees them.
fn seen(world: &World) -> Vec<String> {
    let answer = world.rds("DescribeDBInstances", &json!({})).unwrap();
    let member = |db: &Xml, name| db.at(name).unwrap().to_owned();
    let show = |db| format!("{} {}", member(db, "DBInstanceIdentifier"), member(db, "DBInstanceStatus"));
    let mut all: Vec<String> = answer.find("DBInstances").unwrap().children.iter().map(show).collect();
    all.sort();
    all
}

/// Status of one instance, as one reading sees it.
fn status(world: &World, name: &str) -> Option<String> {
    let answer = world.rds("DescribeDBInstances", &json!({"DBInstanceIdentifier": name}))?;
    Some(answer.find("DBInstanceStatus")?.text.clone())
}

fn rename(world: &World, from: &str, to: &str) -> Result<Value, String> {
    world.try_aws(&[
        "rds",
        "modify-db-instance",
        "--apply-immediately",
        "--db-instance-identifier",
        from,
        "--new-db-instance-identifier",
        to,
    ])
}

fn restore(world: &World) -> Result<Value, String> {
    let group = world.seed.security_groups[0].as_str();
    world.try_aws(&[
        "rds",
        "restore-db-instance-from-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "orders-before",
        "--db-parameter-group-name",
        &world.seed.parameter_group,
        "--db-subnet-group-name",
        &world.seed.subnet_group,
        "--vpc-security-group-ids",
        group,
        "--no-multi-az",
    ])
}

/// Reads until the instances look like this.
fn read_until(world: &World, wanted: &[&str]) {
    for _ in 0..20 {
        if seen(world) == wanted {
            return;
        }
    }
    panic!("never saw {wanted:?}");
}

#[test]
fn a_rename_holds_the_old_name_then_shows_none_then_the_new_one() {
    let world = World::start();
    let answer = rename(&world, "orders", "orders-parked").unwrap();
    assert_eq!(answer["DBInstance"]["DBInstanceIdentifier"], "orders", "the answer still has the old name");
    assert_eq!(
        answer["DBInstance"]["PendingModifiedValues"],
        json!({"DBInstanceIdentifier": "orders-parked"})
    );

    assert_eq!(seen(&world), ["orders available"]);
    assert!(restore(&world).unwrap_err().contains("DBInstanceAlreadyExists"), "the old name is still held");
    assert_eq!(seen(&world), ["orders renaming"]);
    assert_eq!(seen(&world), ["orders renaming"]);
    assert!(instance(&world, "orders").unwrap_err().contains("DBInstanceNotFound"));
    assert!(instance(&world, "orders-parked").unwrap_err().contains("DBInstanceNotFound"));
    assert_eq!(seen(&world), ["orders-parked rebooting"]);
    assert!(rename(&world, "orders-parked", "orders").unwrap_err().contains("InvalidDBInstanceState"));
    assert_eq!(seen(&world), ["orders-parked rebooting"]);
    assert_eq!(world.proxy.waits()[0].ended, None);
    assert_eq!(seen(&world), ["orders-parked available"]);

    let db = instance(&world, "orders-parked").unwrap();
    assert_eq!(db["DbiResourceId"], world.seed.resource_id.as_str());
    assert_eq!(db["PendingModifiedValues"], json!({}));
    assert!(db["DBInstanceArn"].as_str().unwrap().ends_with(":orders-parked"));
    let wait = &world.proxy.waits()[0];
    assert_eq!(wait.what, "rename orders to orders-parked");
    let readings = world.proxy.log().iter().filter(|call| call.is("DescribeDBInstances")).count();
    assert!(wait.ended.is_some() && readings == 9, "{wait:?}, {readings} readings");
    let early = world.proxy.too_early();
    assert_eq!(early.len(), 2, "the restore and the second rename did not wait: {early:?}");
}

#[test]
fn a_restore_is_a_new_barer_instance_that_needs_a_reboot() {
    let world = World::start();
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    restore(&world).unwrap();
    for wanted in ["creating", "creating", "creating", "available", "backing-up", "backing-up", "available"] {
        assert_eq!(status(&world, "orders").unwrap(), wanted);
    }

    let new = instance(&world, "orders").unwrap();
    let old = instance(&world, "orders-parked").unwrap();
    assert_ne!(new["DbiResourceId"], old["DbiResourceId"]);
    assert_eq!(new["VpcSecurityGroups"].as_array().unwrap().len(), 1, "only the group that was passed");
    for (member, before, after) in [
        ("DeletionProtection", json!(true), json!(false)),
        ("MultiAZ", json!(true), json!(false)),
        ("MonitoringInterval", json!(60), json!(0)),
        ("PerformanceInsightsEnabled", json!(true), json!(false)),
        ("MaxAllocatedStorage", json!(500), Value::Null),
        ("CopyTagsToSnapshot", json!(true), json!(false)),
    ] {
        assert_eq!((&old[member], &new[member]), (&before, &after), "{member}");
    }
    let by_id = world.aws(&[
        "rds",
        "describe-db-instances",
        "--filters",
        &format!("Name=dbi-resource-id,Values={}", new["DbiResourceId"].as_str().unwrap()),
    ]);
    assert_eq!(by_id["DBInstances"][0]["DBInstanceIdentifier"], "orders");
    let snapshots =
        world.aws(&["rds", "describe-db-snapshots", "--dbi-resource-id", &world.seed.resource_id]);
    let ids: Vec<_> =
        snapshots["DBSnapshots"].as_array().unwrap().iter().map(|s| &s["DBSnapshotIdentifier"]).collect();
    assert_eq!(ids.len(), 3, "those of the old instance only: {ids:?}");

    assert_eq!(new["DBParameterGroups"][0]["DBParameterGroupName"], world.seed.parameter_group.as_str());
    assert_eq!(new["DBParameterGroups"][0]["ParameterApplyStatus"], "pending-reboot");
    world.aws(&["rds", "reboot-db-instance", "--db-instance-identifier", "orders"]);
    let statuses: Vec<_> = (0..4).map(|_| status(&world, "orders").unwrap()).collect();
    assert_eq!(statuses, ["available", "rebooting", "rebooting", "available"]);
    assert_eq!(
        instance(&world, "orders").unwrap()["DBParameterGroups"][0]["ParameterApplyStatus"],
        "in-sync"
    );
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
    assert!(world.proxy.waits().iter().all(|wait| wait.ended.is_some()));
}

#[test]
fn a_restore_carries_what_is_passed() {
    let world = World::start();
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    let old = instance(&world, "orders-parked").unwrap();
    let groups = &world.seed.security_groups;
    world.aws(&[
        "rds",
        "restore-db-instance-from-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "orders-before",
        "--db-instance-class",
        "db.m6g.large",
        "--port",
        "5433",
        "--db-subnet-group-name",
        &world.seed.subnet_group,
        "--vpc-security-group-ids",
        &groups[0],
        &groups[1],
        "--db-parameter-group-name",
        &world.seed.parameter_group,
        "--multi-az",
        "--no-publicly-accessible",
        "--no-deletion-protection",
        "--copy-tags-to-snapshot",
        "--auto-minor-version-upgrade",
        "--no-enable-iam-database-authentication",
        "--enable-cloudwatch-logs-exports",
        "postgresql",
        "upgrade",
        "--backup-retention-period",
        "14",
        "--preferred-backup-window",
        "02:00-02:30",
        "--ca-certificate-identifier",
        "rds-ca-default",
        "--network-type",
        "IPV4",
        "--engine-lifecycle-support",
        "open-source-rds-extended-support",
        "--no-dedicated-log-volume",
        "--storage-type",
        "gp3",
        "--tags",
        "Key=service,Value=orders",
        "Key=owner,Value=payments",
        "Key=ripcord-run,Value=r1",
    ]);
    assert_eq!(status(&world, "orders").unwrap(), "creating");
    read_until(&world, &["orders backing-up", "orders-parked available"]);
    let new = instance(&world, "orders").unwrap();
    let mut differ: Vec<_> = old.as_object().unwrap().keys().filter(|key| old[*key] != new[*key]).collect();
    differ.sort();
    assert_eq!(
        differ,
        [
            "AssociatedRoles",
            "DBInstanceArn",
            "DBInstanceIdentifier",
            "DBInstanceStatus",
            "DBParameterGroups",
            "DbiResourceId",
            "DeletionProtection",
            "Endpoint",
            "InstanceCreateTime",
            "LatestRestorableTime",
            "MaxAllocatedStorage",
            "MonitoringInterval",
            "MonitoringRoleArn",
            "PerformanceInsightsEnabled",
            "PerformanceInsightsRetentionPeriod",
            "PreferredMaintenanceWindow",
            "TagList",
        ]
    );
}

#[test]
fn a_snapshot_of_aws_backup_is_listed_by_its_type_and_can_be_restored() {
    let world = World::start();
    let list = |args: &[&str]| {
        let args = [&["rds", "describe-db-snapshots", "--db-instance-identifier", "orders"], args].concat();
        let answer = world.aws(&args);
        let rows = answer["DBSnapshots"].as_array().unwrap().clone();
        rows.iter().map(|row| row["DBSnapshotIdentifier"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&["--snapshot-type", "awsbackup"]), [aws_backup::ID]);
    assert!(!list(&[]).contains(&aws_backup::ID.to_owned()), "only when it is asked for");
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    world.aws(&[
        "rds",
        "restore-db-instance-from-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        aws_backup::ID,
    ]);
    assert_eq!(status(&world, "orders").unwrap(), "creating");
    assert_eq!(world.proxy.mutations()[1].text("DBSnapshotIdentifier"), Some(aws_backup::ID));
}

#[test]
fn a_modification_shows_the_old_value_first() {
    let world = World::start();
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    restore(&world).unwrap();
    // Once before the first backup, once after it.
    read_until(&world, &["orders available", "orders-parked available"]);
    read_until(&world, &["orders backing-up", "orders-parked available"]);
    read_until(&world, &["orders available", "orders-parked available"]);
    world.aws(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "orders",
        "--apply-immediately",
        "--deletion-protection",
        "--monitoring-interval",
        "60",
        "--enable-performance-insights",
        "--cloudwatch-logs-export-configuration",
        r#"{"EnableLogTypes":["postgresql"]}"#,
    ]);
    let first = instance(&world, "orders").unwrap();
    assert_eq!(
        (&first["DBInstanceStatus"], &first["DeletionProtection"]),
        (&json!("available"), &json!(false))
    );
    assert_eq!(status(&world, "orders").unwrap(), "modifying");
    assert_eq!(status(&world, "orders").unwrap(), "modifying");
    let last = instance(&world, "orders").unwrap();
    assert_eq!(last["DBInstanceStatus"], "available");
    assert_eq!(last["DeletionProtection"], true);
    assert_eq!(last["MonitoringInterval"], 60);
    assert_eq!(last["PerformanceInsightsEnabled"], true);
    assert_eq!(last["EnabledCloudwatchLogsExports"], json!(["postgresql"]));
}

#[test]
fn a_role_is_pending_at_first() {
    let world = World::start();
    let role = "arn:aws:iam::1:role/import";
    world.aws(&[
        "rds",
        "add-role-to-db-instance",
        "--db-instance-identifier",
        "orders",
        "--role-arn",
        role,
        "--feature-name",
        "s3Import",
    ]);
    for status in ["PENDING", "ACTIVE"] {
        let db = world.rds("DescribeDBInstances", &json!({})).unwrap();
        let roles = &db.find("AssociatedRoles").unwrap().children;
        assert_eq!((roles[1].at("RoleArn"), roles[1].at("Status")), (Some(role), Some(status)));
    }
    assert!(world.proxy.waits()[0].ended.is_some());
}

#[test]
fn without_apply_immediately_a_change_stays_pending_until_the_next_that_has_it() {
    let world = World::start();
    world.aws(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "orders",
        "--db-instance-class",
        "db.m6g.xlarge",
    ]);
    let db = instance(&world, "orders").unwrap();
    assert_eq!(db["DBInstanceClass"], "db.m6g.large");
    assert_eq!(db["PendingModifiedValues"], json!({"DBInstanceClass": "db.m6g.xlarge"}));
    rename(&world, "orders", "orders-parked").unwrap();
    read_until(&world, &["orders-parked available"]);
    let db = instance(&world, "orders-parked").unwrap();
    assert_eq!((&db["DBInstanceClass"], &db["PendingModifiedValues"]), (&json!("db.m6g.xlarge"), &json!({})));
}

#[test]
fn a_deleted_instance_holds_its_name_for_a_while() {
    let world = World::start();
    let delete = ["rds", "delete-db-instance", "--db-instance-identifier", "orders", "--skip-final-snapshot"];
    assert!(world.try_aws(&delete).unwrap_err().contains("InvalidParameterCombination"), "it is protected");
    world.aws(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "orders",
        "--apply-immediately",
        "--no-deletion-protection",
    ]);
    read_until(&world, &["orders modifying"]);
    read_until(&world, &["orders available"]);
    world.aws(&delete);
    assert!(restore(&world).unwrap_err().contains("DBInstanceAlreadyExists"));
    assert_eq!(seen(&world), ["orders deleting"]);
    assert_eq!(seen(&world), ["orders deleting"]);
    assert!(instance(&world, "orders").unwrap_err().contains("DBInstanceNotFound"));
}

/// Desired, running and pending count of the service, as one reading sees them.
fn counts(world: &World) -> [u64; 3] {
    let answer = world.ecs("DescribeServices", &json!({"cluster": "prod", "services": ["api"]})).unwrap();
    ["desiredCount", "runningCount", "pendingCount"].map(|key| answer["services"][0][key].as_u64().unwrap())
}

fn set_count(world: &World, count: u64) -> Value {
    world.ecs("UpdateService", &json!({"cluster": "prod", "service": "api", "desiredCount": count})).unwrap()
}

fn tasks(world: &World, status: &str) -> Vec<String> {
    let asked = json!({"cluster": "prod", "serviceName": "api", "desiredStatus": status});
    let answer = world.ecs("ListTasks", &asked).unwrap();
    serde_json::from_value(answer["taskArns"].clone()).unwrap()
}

fn statuses(world: &World, tasks: &[String]) -> Vec<String> {
    let answer = world.ecs("DescribeTasks", &json!({"cluster": "prod", "tasks": tasks})).unwrap();
    let list = answer["tasks"].as_array().unwrap().iter();
    list.map(|task| task["lastStatus"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn tasks_still_run_when_none_is_listed_and_stop_after_the_count_is_zero() {
    let world = World::start();
    let answer = set_count(&world, 0);
    assert_eq!(answer["service"]["runningCount"], 3, "the answer has the old running count");
    assert!(tasks(&world, "RUNNING").is_empty(), "none is wanted any more");
    assert_eq!(tasks(&world, "STOPPED").len(), 3);
    let seen: Vec<_> = (0..5).map(|_| counts(&world)).collect();
    assert_eq!(seen, [[0, 3, 0], [0, 2, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]);

    let arns = tasks(&world, "STOPPED");
    for status in ["STOPPING", "DEPROVISIONING"] {
        assert_eq!(statuses(&world, &arns), [status; 3]);
    }
    assert_eq!(world.proxy.waits()[0].ended, None, "running is 0, but the tasks have not stopped");
    assert_eq!(statuses(&world, &arns), ["STOPPED"; 3]);
    assert!(world.proxy.waits()[0].ended.is_some());
}

#[test]
fn tasks_start_one_by_one() {
    let world = World::start();
    set_count(&world, 5);
    let seen: Vec<_> = (0..4).map(|_| counts(&world)).collect();
    assert_eq!(seen, [[5, 3, 0], [5, 4, 1], [5, 5, 0], [5, 5, 0]]);
    assert_eq!(tasks(&world, "RUNNING").len(), 5);
}

#[test]
fn a_stopped_task_is_replaced_and_stand_alone_tasks_are_listed() {
    let world = World::with(Options { standalone: vec!["migrate"], ..Options::default() });
    let task = tasks(&world, "RUNNING")[0].clone();
    world.aws(&["ecs", "stop-task", "--cluster", "prod", "--task", &task]);
    assert_eq!(counts(&world), [3, 3, 0]);
    let all = world.aws(&["ecs", "list-tasks", "--cluster", "prod"]);
    let all: Vec<String> = serde_json::from_value(all["taskArns"].clone()).unwrap();
    assert_eq!(all.len(), 3 + 2 + 1, "api, worker and the stand-alone one");
    let mut args = vec!["ecs", "describe-tasks", "--cluster", "prod", "--tasks"];
    args.extend(all.iter().map(String::as_str));
    let groups = world.aws(&args);
    assert!(groups["tasks"].as_array().unwrap().iter().any(|task| task["group"] == "family:migrate"));
}

#[test]
fn registering_a_target_lifts_a_service_to_its_minimum() {
    let world = World::start();
    let suspend = |state: &str| {
        world.aws(&[
            "application-autoscaling", "register-scalable-target", "--service-namespace", "ecs", "--scalable-dimension",
            "ecs:service:DesiredCount", "--resource-id", "service/prod/api", "--suspended-state",
            &format!("DynamicScalingInSuspended={state},DynamicScalingOutSuspended={state},ScheduledScalingSuspended={state}"),
        ])
    };
    suspend("true");
    assert!(world.proxy.notes().is_empty());
    let targets =
        world.aws(&["application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs"]);
    let states: Vec<_> = targets["ScalableTargets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["SuspendedState"]["ScheduledScalingSuspended"])
        .collect();
    assert_eq!(states, [&json!(true), &json!(false)]);
    assert_eq!(
        (&targets["ScalableTargets"][0]["MinCapacity"], &targets["ScalableTargets"][0]["MaxCapacity"]),
        (&json!(2), &json!(6))
    );
    set_count(&world, 0);
    suspend("false");
    assert_eq!(world.proxy.notes(), ["scaling lifted api from 0 to 2"]);
    assert_eq!(counts(&world)[0], 2);
    assert_eq!(world.proxy.mutations().len(), 3, "AWS's own update is not in the log");
}

#[test]
fn what_moto_does_not_know_stays_unsupported_unless_a_script_answers() {
    let world = World::with(Options::default());
    assert!(world.try_aws(&["rds", "describe-account-attributes"]).is_err());
    let call = &world.proxy.log()[0];
    assert_eq!((call.outcome.status, call.is("DescribeAccountAttributes")), (Some(500), true));
}

#[test]
fn a_call_can_be_lost_before_or_after_it_is_executed() {
    let world = World::start();
    world.proxy.inject("CreateDBSnapshot", 1, Fault::DropBefore);
    world.proxy.inject("CreateDBSnapshot", 2, Fault::ApplyThenDrop);
    world.proxy.inject("CreateDBSnapshot", 3, Fault::ApplyThenFail);
    world.proxy.inject("CreateDBSnapshot", 4, Fault::HalfBody);
    world.proxy.inject("CreateDBSnapshot", 5, Fault::Html(503));
    let bare = world.bare();
    let exists = |name: &str| {
        crate::moto::try_aws_cli(
            bare.url(),
            &["rds", "describe-db-snapshots", "--db-snapshot-identifier", name],
        )
        .is_ok()
    };
    for (name, executed) in [("a", false), ("b", true), ("c", true), ("d", true), ("e", true)] {
        let create = [
            "rds",
            "create-db-snapshot",
            "--db-instance-identifier",
            "orders",
            "--db-snapshot-identifier",
            name,
        ];
        assert!(world.try_aws(&create).is_err(), "{name}: the client must not get a proper answer");
        assert_eq!(exists(name), executed, "{name}");
    }
    let outcomes: Vec<_> = world
        .proxy
        .mutations()
        .into_iter()
        .map(|call| (call.outcome.executed.is_some(), call.outcome.status))
        .collect();
    assert_eq!(outcomes, [(false, None), (true, None), (true, Some(500)), (true, None), (true, Some(503))]);
    assert!(world.proxy.repeated().is_empty());
}

#[test]
fn a_call_can_be_executed_after_the_client_has_given_up() {
    let world = World::start();
    world.proxy.inject("CreateDBSnapshot", 1, Fault::Late(Duration::from_millis(200)));
    let create = [
        "rds",
        "create-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "late",
    ];
    assert!(world.try_aws(&create).is_err());
    world.proxy.wait_for("the late call to be executed", SOON, |log| log[0].outcome.executed.is_some());
    assert_eq!(world.proxy.log()[0].outcome.status, None);
    let find = ["rds", "describe-db-snapshots", "--db-snapshot-identifier", "late"];
    assert_eq!(world.aws(&find)["DBSnapshots"][0]["Status"], "available");
}

#[test]
fn a_call_can_be_held_before_and_after_it_is_executed() {
    let world = World::start();
    for (nth, fault, executed) in [(1, Fault::HoldBefore, false), (2, Fault::HoldAfter, true)] {
        world.proxy.inject("CreateDBSnapshot", nth, fault);
        let name = format!("held-{nth}");
        let create = [
            "rds",
            "create-db-snapshot",
            "--db-instance-identifier",
            "orders",
            "--db-snapshot-identifier",
            &name,
        ];
        thread::scope(|scope| {
            let client = scope.spawn(|| world.try_aws(&create));
            let held = world.proxy.wait_held(SOON);
            assert_eq!((held.nth, held.outcome.executed.is_some()), (nth, executed));
            world.proxy.release();
            assert!(client.join().unwrap().is_ok());
        });
    }
}

#[test]
fn refusals_carry_the_code_of_their_protocol() {
    let world = World::start();
    let identity = ["sts", "get-caller-identity"];
    let clusters = ["ecs", "list-clusters"];
    for (fault, query, json) in [
        (Fault::throttled(), "Throttling", "ThrottlingException"),
        (Fault::expired_token(), "ExpiredToken", "ExpiredTokenException"),
        (Fault::access_denied(), "AccessDenied", "AccessDeniedException"),
    ] {
        world.proxy.inject_from_now("*", fault);
        assert!(world.try_aws(&identity).unwrap_err().contains(&format!("({query})")));
        assert!(world.try_aws(&clusters).unwrap_err().contains(&format!("({json})")));
        world.proxy.heal();
    }
    world.aws(&identity);
    let codes: Vec<_> = world.proxy.log().into_iter().map(|call| call.outcome.code).collect();
    assert_eq!(codes[0].as_deref(), Some("Throttling"));
    assert_eq!(codes[6], None);
}

#[test]
fn a_reading_can_be_stale_or_delayed() {
    let world = World::start();
    assert_eq!(counts(&world), [3, 3, 0]);
    set_count(&world, 4);
    world.proxy.inject("DescribeServices", 2, Fault::Stale);
    world.proxy.inject("DescribeServices", 3, Fault::Delay(Duration::from_millis(50)));
    assert_eq!(counts(&world), [3, 3, 0], "as before the update");
    assert_eq!(counts(&world), [4, 3, 0]);
}

#[test]
fn the_log_tells_what_was_called() {
    let world = World::start();
    set_count(&world, 4);
    set_count(&world, 4);
    world.aws(&["rds", "list-tags-for-resource", "--resource-name", "arn:aws:rds:eu-west-1:1:db:orders"]);
    let log = world.proxy.log();
    let call = &log[1];
    assert_eq!((call.seq, call.nth, call.service.as_str(), call.mutating), (2, 2, "ecs", true));
    assert_eq!(call.parameters, json!({"cluster": "prod", "service": "api", "desiredCount": 4}));
    assert!(call.line().starts_with("#2 UpdateService {"));
    assert_eq!(world.proxy.repeated().len(), 1);
    assert!(!log[2].mutating);
    assert!(log[0].at <= log[1].at && log[0].attempt <= 1);
}
