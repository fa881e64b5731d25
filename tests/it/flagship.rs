//! The flagship without a screen, from start to end, on a world that behaves like AWS.

mod meanwhile;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::drive::{
    ANSWERS, PHRASES, bare, facts, flagship, recovered, resumed, run_id, runs, state, tell, the_run, told,
    untouched,
};
use crate::world::{Options, World};

#[test]
fn the_flagship_recovers_the_database_and_brings_everything_back() {
    let world = World::start();
    let before = world.aws(&["rds", "describe-db-instances", "--db-instance-identifier", "orders"]);
    let ran = told(flagship(&world, &[])).ends_with(0);
    assert!(ran.out.contains("is success"), "{}", ran.both());

    assert_eq!(world.proxy.too_early(), Vec::<String>::new(), "a mutation did not wait for its wait");
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
    let order: Vec<String> = world.proxy.mutations().iter().map(|call| call.operation.clone()).collect();
    assert_eq!(order, IN_ORDER);

    the_aws_cli_agrees(&world, &before["DBInstances"][0]);
    assert_eq!(state(&world), recovered());
    everyone_is_recorded(&world);
    the_books_say_success(&world);
    nobody_else_can_read(world.state_dir());
}

/// Every mutating call of the flagship in this world.
const IN_ORDER: &[&str] = &[
    "RegisterScalableTarget",
    "RegisterScalableTarget",
    "UpdateService",
    "UpdateService",
    "ModifyDBInstance",
    "RestoreDBInstanceFromDBSnapshot",
    "RebootDBInstance",
    "ModifyDBInstance",
    "AddTagsToResource",
    "AddRoleToDBInstance",
    "UpdateService",
    "UpdateService",
    "RegisterScalableTarget",
    "RegisterScalableTarget",
];

fn the_aws_cli_agrees(world: &World, before: &Value) {
    let instances = world.aws(&["rds", "describe-db-instances"]);
    let find = |name: &str| {
        let list = instances["DBInstances"].as_array().unwrap();
        list.iter().find(|one| one["DBInstanceIdentifier"] == name).unwrap().clone()
    };
    let (new, parked) = (find("orders"), find("orders-parked"));
    assert_eq!(parked["DbiResourceId"], before["DbiResourceId"]);
    assert_ne!(new["DbiResourceId"], before["DbiResourceId"]);
    for member in [
        "DBInstanceClass",
        "MultiAZ",
        "DeletionProtection",
        "BackupRetentionPeriod",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
        "MonitoringInterval",
        "MaxAllocatedStorage",
        "CopyTagsToSnapshot",
        "Iops",
        "StorageThroughput",
        "MonitoringRoleArn",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
    ] {
        assert_eq!(new[member], before[member], "{member}");
    }
    let of = |db: &Value, list: &str, member: &str| -> Vec<Value> {
        db[list].as_array().unwrap().iter().map(|one| one[member].clone()).collect()
    };
    let groups = |db: &Value| {
        let mut security = of(db, "VpcSecurityGroups", "VpcSecurityGroupId");
        security.sort_by_key(ToString::to_string);
        let parameters = of(db, "DBParameterGroups", "DBParameterGroupName");
        (security, parameters, db["DBSubnetGroup"]["DBSubnetGroupName"].clone())
    };
    assert_eq!(groups(&new), groups(before));
    assert_eq!(of(&new, "AssociatedRoles", "RoleArn"), of(before, "AssociatedRoles", "RoleArn"));
    assert_eq!(new["DBParameterGroups"][0]["ParameterApplyStatus"], "in-sync");
    assert_eq!(new["DBInstanceStatus"], "available");
    assert!(of(&new, "TagList", "Key").contains(&json!("owner")));

    let asked = ["ecs", "describe-services", "--cluster", "prod", "--services", "api", "worker"];
    let services = world.aws(&asked);
    for (index, count) in [3, 2].into_iter().enumerate() {
        assert_eq!(services["services"][index]["desiredCount"], count);
        assert_eq!(services["services"][index]["runningCount"], count);
    }
    let targets =
        world.aws(&["application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs"]);
    for target in targets["ScalableTargets"].as_array().unwrap() {
        let state = target["SuspendedState"].as_object().unwrap();
        assert!(state.values().all(|on| *on == json!(false)), "{target}");
    }
}

/// Every confirmed gate and answered question stands in the journal with the operator's name.
fn everyone_is_recorded(world: &World) {
    let facts: Vec<(String, Value)> = facts(world).into_iter().flatten().collect();
    let of = |kind: &str| facts.iter().filter(|(k, _)| k == kind).map(|(_, f)| f).collect::<Vec<_>>();
    assert_eq!(of("opened").len(), 1);
    assert!(of("confirmed").iter().all(|fact| fact["by"] == "ana"));
    assert_eq!(of("approved")[0]["approver"], "bea");
    assert_eq!(of("attested").len(), 5, "{:?}", of("attested"));
    assert_eq!(of("intent").len(), IN_ORDER.len());
    assert_eq!(of("executed").len(), IN_ORDER.len());
    assert!(of("executed").iter().all(|fact| fact["proof"] == "answer"));
    assert!(of("doubted").is_empty() && of("rejected").is_empty());
}

fn the_books_say_success(world: &World) {
    let id = run_id(world);
    let listed = world.ripcord(&["runs", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["schema_version"], 1);
    assert_eq!(listed["runs"][0]["run"], id.as_str());
    assert_eq!(listed["runs"][0]["state"], "success");
    let report = told(world.command(&["report", &id, "--format", "json"])).ends_with(0);
    let report: Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(report["verdict"]["state"], "success");
    let calls = report["calls"].as_array().unwrap();
    assert_eq!(calls.len(), IN_ORDER.len());
    assert!(calls.iter().all(|call| call["request_id"].is_string()), "{calls:?}");
    let markdown = told(world.command(&["report", &id])).ends_with(0);
    assert!(markdown.out.contains("orders-before") && markdown.out.contains("bea"), "{}", markdown.both());
    let verified = told(world.command(&["verify", &id])).ends_with(0);
    assert!(verified.out.contains("intact"), "{}", verified.both());
    let again = told(resumed(world, &id)).ends_with(2);
    again.explains(&["has ended"]);
}

/// Files are 0600 and directories 0700.
fn nobody_else_can_read(path: &Path) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for entry in fs::read_dir(path).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
            nobody_else_can_read(&path);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[test]
fn everything_that_is_missing_is_said_at_once_and_nothing_is_sent() {
    let world = World::start();
    let refused = told(bare(&world, &[])).ends_with(2);
    refused.explains(&[
        "18 phrases and answers",
        "--answer 'choose_snapshot=VALUE'",
        "--answer 'before_the_outage=VALUE' (`done` or `done: note`)",
        "--answer 'go_live=VALUE' (the name of the second person)",
        "--confirm 'suspend_scaling/suspend=",
        "--confirm 'stop_services/to_zero=",
        "--confirm 'park_db=orders'",
        "--confirm 'restore=",
        "--confirm 'start_services/to_count=",
        "--confirm 'resume_scaling/resume=",
    ]);
    assert_eq!(world.proxy.mutations().len(), 0);
    assert_eq!(runs(&world).len(), 0, "a run was started");
}

#[test]
fn a_wrong_phrase_that_can_be_known_is_refused_before_anything_is_sent() {
    let world = World::start();
    let mut command = bare(&world, &["--confirm", "park_db=order"]);
    let right: Vec<&str> = PHRASES.iter().copied().filter(|phrase| !phrase.starts_with("park_db")).collect();
    tell(&mut command, ANSWERS, &right);
    told(command).ends_with(2).explains(&["park_db", "`orders`", "`order`"]);

    let mut command = flagship(&world, &["--confirm", "park_the_db=orders"]);
    command.args(["--answer", "go_alive=bea"]);
    told(command).ends_with(2).explains(&["park_the_db", "go_alive", "there is no such step"]);
    assert_eq!(world.proxy.mutations().len(), 0);
    assert_eq!(runs(&world).len(), 0);
}

#[test]
fn a_wrong_phrase_that_only_the_gate_can_know_stops_there_and_the_run_goes_on_with_the_right_one() {
    let world = World::start();
    let mut command = bare(&world, &["--confirm", "start_services/to_count=api"]);
    let others: Vec<&str> =
        PHRASES.iter().copied().filter(|phrase| !phrase.starts_with("start_services")).collect();
    tell(&mut command, ANSWERS, &others);
    let stopped = told(command).ends_with(6);
    assert!(stopped.out.contains("wants the phrase `api,worker`"), "{}", stopped.both());
    assert!(stopped.out.contains("ripcord resume"), "{}", stopped.both());
    assert_eq!(world.proxy.mutations().len(), 10);

    told(resumed(&world, &run_id(&world))).ends_with(0);
    assert_eq!(state(&world), recovered());
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
}

#[test]
fn a_run_stops_before_a_step_and_goes_on_later() {
    let world = World::start();
    let stopped = told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    assert!(stopped.out.contains("stopped before park_db"), "{}", stopped.both());
    assert!(!world.proxy.mutations().iter().any(|call| call.service == "rds"));
    assert_eq!(state(&world)["counts"], json!({"api": 0, "worker": 0}));

    told(resumed(&world, &run_id(&world))).ends_with(0);
    assert_eq!(state(&world), recovered());
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
}

/// What the undo flows of the flagship ask for.
const UNDO_PHRASES: &[&str] = &[
    "restore/undo/lift_protection=orders",
    "restore/undo/delete_restored=orders eu-west-1",
    "park_db/undo/unpark_db=orders-parked",
    "stop_services[api]/to_zero/undo/back_to_count=api",
    "stop_services[worker]/to_zero/undo/back_to_count=worker",
    "stop_services[api]/to_zero/undo/back_to_count=y",
    "stop_services[worker]/to_zero/undo/back_to_count=y",
    "suspend_scaling/suspend/undo/unsuspend=y",
];

#[test]
fn a_roll_back_after_the_restore_brings_everything_back() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "go_live"])).ends_with(6);
    let id = run_id(&world);
    let rollback = || world.command(&["rollback", &id, "--to", "suspend_scaling", "--no-input"]);
    let so_far = world.proxy.mutations().len();
    told(rollback()).ends_with(2).explains(&[
        "7 phrases and answers",
        "restore/undo/delete_restored",
        "stop_services[api]/to_zero/undo/back_to_count",
    ]);
    assert_eq!(world.proxy.mutations().len(), so_far);
    let mut command = rollback();
    tell(&mut command, &[], UNDO_PHRASES);
    let back = told(command).ends_with(0);
    assert_eq!(state(&world), untouched(), "{}", back.both());
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
    assert!(the_run(&world).exists());
}

#[test]
fn operations_that_the_endpoint_does_not_know_are_skipped_and_stop_nothing() {
    let world = World::with(Options::default());
    let ran = told(flagship(&world, &[])).ends_with(0);
    let skipped: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("SKIP")).collect();
    assert!(
        skipped.iter().any(|line| line.contains("room_for_one_more"))
            && skipped.iter().any(|line| line.contains("room_for_its_storage"))
            && skipped.iter().any(|line| line.contains("storage_quota_listed"))
            && skipped.iter().any(|line| line.contains("no_maintenance_pending"))
            && skipped.len() == 4,
        "{}",
        ran.both()
    );
    assert_eq!(state(&world), recovered());
}
