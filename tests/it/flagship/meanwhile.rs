//! The flagship where others have been at work: before the run, or in the middle of it.

use serde_json::{Value, json};

use super::UNDO_PHRASES;
use crate::drive::{
    ANSWERS, bare, facts, flagship, recovered, resumed, run_id, runs, state, tell, told, untouched,
};
use crate::proxy::rds;
use crate::proxy::unsupported::Unsupported;
use crate::world::{Options, World};

/// A world in which RDS behaves like this.
fn with_rds(rds: rds::Timing) -> World {
    World::with(Options { rds, unsupported: Some(Unsupported::default()), ..Options::default() })
}

/// The instance of this name.
fn instance(world: &World, name: &str) -> Value {
    world.aws(&["rds", "describe-db-instances", "--db-instance-identifier", name])["DBInstances"][0].clone()
}

/// Somebody changes an instance, and its stages pass.
fn somebody_modifies(world: &World, parameters: &Value) {
    world.rds("ModifyDBInstance", parameters).expect("it is changed");
    for _ in 0..20 {
        world.rds("DescribeDBInstances", &json!({}));
    }
}

fn somebody_scales(world: &World, service: &str, count: u64) {
    let parameters = json!({"cluster": world.seed.cluster, "service": service, "desiredCount": count});
    world.ecs("UpdateService", &parameters).expect("somebody scales a service");
}

fn sent(world: &World, operation: &str) -> usize {
    world.proxy.mutations().iter().filter(|call| call.is(operation)).count()
}

#[test]
fn an_instance_that_this_run_did_not_restore_is_not_deleted() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "reapply_settings"])).ends_with(6);
    let arn = instance(&world, "orders")["DBInstanceArn"].clone();
    let tag = json!({"ResourceName": arn, "TagKeys": ["ripcord-run"]});
    world.rds("RemoveTagsFromResource", &tag).expect("it is another instance from now on");

    let mut command = world.command(&["rollback", &run_id(&world), "--to", "suspend_scaling", "--no-input"]);
    tell(&mut command, &[], UNDO_PHRASES);
    let refused = told(command);
    assert_ne!(refused.code, Some(0), "{}", refused.both());
    assert!(refused.out.contains("an instance that this run did not restore"), "{}", refused.both());
    assert_eq!(sent(&world, "DeleteDBInstance"), 0);
    assert_eq!(state(&world)["original"], json!({"orders": false, "orders-parked": true}));
}

#[test]
fn services_do_not_come_back_to_another_instance_than_the_restored_one() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "start_services"])).ends_with(6);
    for (old, new) in [("orders", "orders-restored"), ("orders-parked", "orders")] {
        let names =
            json!({"DBInstanceIdentifier": old, "NewDBInstanceIdentifier": new, "ApplyImmediately": true});
        somebody_modifies(&world, &names);
    }
    let refused = told(resumed(&world, &run_id(&world)));
    assert_ne!(refused.code, Some(0), "{}", refused.both());
    assert!(refused.out.contains("does not hold the restored instance"), "{}", refused.both());
    assert_eq!(state(&world)["counts"], json!({"api": 0, "worker": 0}));
}

#[test]
fn a_deploy_during_the_outage_is_seen_before_going_live() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "compare"])).ends_with(6);
    let deploy = |revision: &str| {
        let deployed = json!({"cluster": world.seed.cluster, "service": "api", "taskDefinition": revision});
        world.ecs("UpdateService", &deployed).expect("somebody deploys");
    };
    deploy("worker:1");
    let stopped = told(resumed(&world, &run_id(&world)));
    assert_ne!(stopped.code, Some(0), "{}", stopped.both());
    assert!(stopped.out.contains("worked on them during the outage"), "{}", stopped.both());
    assert_eq!(state(&world)["counts"], json!({"api": 0, "worker": 0}));

    let bounds = |most: u32| {
        let name = format!("service/{}/worker", world.seed.cluster);
        let target = json!({"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": name, "MinCapacity": 0, "MaxCapacity": most});
        let mut upstream = crate::proxy::Upstream::new(world.url(), &world.seed.account);
        upstream.json("application-autoscaling", "RegisterScalableTarget", &target).expect("bounds are set");
    };
    deploy("api:1");
    bounds(9);
    told(resumed(&world, &run_id(&world)));
    assert_eq!(state(&world)["counts"], json!({"api": 0, "worker": 0}));
}

#[test]
fn a_service_that_stood_at_zero_stays_there() {
    let world = World::start();
    somebody_scales(&world, "worker", 0);
    let mut command = flagship(&world, &[]);
    command.args(["--confirm", "start_services/to_count=api"]);
    let ran = told(command).ends_with(0);
    assert!(ran.out.contains("At 0 already: worker."), "{}", ran.both());
    let now = state(&world);
    assert_eq!(now["counts"], json!({"api": 3, "worker": 0}));
    assert_eq!(now["suspended"], json!({"service/prod/api": false, "service/prod/worker": true}));
    let lifted: Vec<String> =
        world.proxy.notes().into_iter().filter(|note| note.contains("lifted worker")).collect();
    assert_eq!(lifted.len(), 1, "only suspending lifts it, and stop_services comes after: {lifted:?}");
    let report = told(world.command(&["report", &run_id(&world)])).ends_with(0);
    assert!(report.out.contains("At 0 and not scaling, as the run found them: worker"), "{}", report.both());
}

#[test]
fn a_service_that_stood_at_zero_stays_there_when_the_run_is_rolled_back() {
    let world = World::start();
    somebody_scales(&world, "worker", 0);
    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    let mut command = world.command(&["rollback", &run_id(&world), "--to", "suspend_scaling", "--no-input"]);
    tell(&mut command, &[], UNDO_PHRASES);
    told(command).ends_with(0);
    assert_eq!(state(&world)["counts"], json!({"api": 3, "worker": 0}));
    assert_eq!(state(&world)["original"], untouched()["original"]);
}

#[test]
fn storage_that_has_grown_since_the_snapshot_and_its_speed_come_back() {
    let world = with_rds(rds::Timing { optimizing: 400, ..rds::Timing::default() });
    let custom = json!({"DBInstanceIdentifier": "orders", "AllocatedStorage": 400, "Iops": 12_000, "StorageThroughput": 500, "ApplyImmediately": true});
    world.rds("ModifyDBInstance", &custom).expect("the volume is changed");
    for _ in 0..410 {
        world.rds("DescribeDBInstances", &json!({}));
    }
    let before = instance(&world, "orders");
    assert_eq!(before["DBInstanceStatus"], "available");
    told(flagship(&world, &[])).ends_with(0);
    let after = instance(&world, "orders");
    assert_eq!(after["DBInstanceStatus"], "storage-optimization", "the run waited for the optimization");
    for member in ["AllocatedStorage", "Iops", "StorageThroughput"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(state(&world), recovered());
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
}

#[test]
fn the_backup_window_does_not_hold_up_the_restore() {
    let world = with_rds(rds::Timing { renamed_backs_up: 1000, ..rds::Timing::default() });
    told(flagship(&world, &[])).ends_with(0);
    assert_eq!(instance(&world, "orders-parked")["DBInstanceStatus"], "backing-up");
    assert_eq!(state(&world), recovered());
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
}

#[test]
fn a_setting_that_is_lost_after_all_stops_the_comparison() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "compare"])).ends_with(6);
    let lost = json!({"DBInstanceIdentifier": "orders", "AutoMinorVersionUpgrade": false,
        "PerformanceInsightsRetentionPeriod": 31, "ApplyImmediately": true});
    somebody_modifies(&world, &lost);
    let stopped = told(resumed(&world, &run_id(&world)));
    assert_ne!(stopped.code, Some(0), "{}", stopped.both());
    for member in ["AutoMinorVersionUpgrade", "PerformanceInsightsRetentionPeriod"] {
        assert!(stopped.out.contains(member), "{}", stopped.both());
    }
    assert_eq!(state(&world)["counts"], json!({"api": 0, "worker": 0}));
}

#[test]
fn the_comparison_is_quiet_when_nothing_was_lost_and_both_looks_at_snapshots_are_one() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "check_data"])).ends_with(6);
    let compared = facts(&world).into_iter().flatten().find(|(kind, _)| kind == "compared").unwrap().1;
    assert_eq!(compared["differences"], json!([]));
    let snapshots: Vec<_> =
        world.proxy.log().into_iter().filter(|call| call.is("DescribeDBSnapshots")).collect();
    let by_id = |call: &&crate::proxy::Call| call.text("DbiResourceId") == Some(&world.seed.resource_id);
    assert_eq!(snapshots.iter().filter(by_id).count(), snapshots.len());
    assert!(snapshots.iter().all(|call| call.text("DBInstanceIdentifier").is_none()));
}

/// A world with this quota of storage.
fn with_storage(storage: Option<(u32, u32)>) -> World {
    let unsupported = Some(Unsupported { storage, ..Unsupported::default() });
    World::with(Options { unsupported, ..Options::default() })
}

#[test]
fn a_restore_that_would_pass_the_quota_of_storage_is_not_begun() {
    let full = with_storage(Some((99_901, 100_000)));
    let refused = told(flagship(&full, &[])).ends_with(5);
    assert!(refused.both().contains("no room for 100 GiB more"), "{}", refused.both());
    assert_eq!(runs(&full).len(), 0);

    let unlisted = with_storage(None);
    let mut command = bare(&unlisted, &["--stop-before", "suspend_scaling"]);
    tell(&mut command, ANSWERS, crate::drive::PHRASES);
    let warned = told(command).ends_with(6);
    assert!(warned.out.contains("WARN  storage_quota_listed"), "{}", warned.both());
}
