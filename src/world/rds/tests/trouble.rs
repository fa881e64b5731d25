//! Lost keys, dead ends, held steps.

use serde_json::json;

use super::{KEY, Span, Table, member, rename, restore, shop_to_point, status, to_point, with};

#[test]
fn a_lost_key_stops_restores_at_once_and_takes_the_stores_later() {
    let mut table = Table::new();
    table.with(|rds, moment| rds.disable_key(KEY, moment));
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("o2")), "KMSKeyNotAccessibleFault");
    let see = |t: &mut Table| (status(&t.by_name("orders").unwrap()), status(&t.cluster("shop").unwrap()));
    let lost = "inaccessible-encryption-credentials-recoverable".to_owned();
    assert_eq!(table.film(see), [("available".into(), "available".into()), (lost.clone(), lost)]);
    table.with(|rds, moment| rds.enable_key(KEY, moment));
    assert_eq!(see(&mut table), ("available".into(), "available".into()));
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
}

#[test]
fn an_instance_that_cannot_use_its_key_at_its_reboot_stays_recoverable_for_the_week() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    table.with(|rds, moment| rds.disable_key(KEY, moment));
    table.pass(Span::mins(60));
    assert_eq!(
        status(&table.by_name("orders-parked").unwrap()),
        "inaccessible-encryption-credentials-recoverable"
    );
    table.with(|rds, moment| rds.enable_key(KEY, moment));
    assert_eq!(status(&table.by_name("orders-parked").unwrap()), "available");
}

#[test]
fn static_parameters_wait_for_the_reboot_of_a_restored_instance() {
    let mut table = Table::new();
    table.place("rds.static_parameters", &json!({"of": "o2"}));
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    table.film(|t| t.now);
    let applied =
        |t: &mut Table| t.by_name("o2").unwrap()["DBParameterGroups"][0]["ParameterApplyStatus"].clone();
    assert_eq!(applied(&mut table), "pending-reboot");
    table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "o2"})).unwrap();
    table.film(|t| t.now);
    assert_eq!(applied(&mut table), "in-sync");
}

#[test]
fn maintenance_waits_for_the_store_it_is_placed_for() {
    let mut table = Table::new();
    table.place("rds.maintenance", &json!({"of": "orders", "action": "os-upgrade"}));
    let of = |table: &mut Table, id: &str| {
        let arn = format!("arn:aws:rds:eu-west-1:111122223333:db:{id}");
        let call = json!({"ResourceIdentifier": arn});
        table.call("DescribePendingMaintenanceActions", call).unwrap()["PendingMaintenanceActions"].clone()
    };
    assert_eq!(of(&mut table, "orders")[0]["PendingMaintenanceActionDetails"][0]["Action"], "os-upgrade");
    assert_eq!(of(&mut table, "reports"), json!([]));
}

#[test]
fn a_key_that_is_lost_for_a_week_is_lost() {
    let mut table = Table::new();
    table.with(|rds, moment| rds.disable_key(KEY, moment));
    table.pass(Span::mins(8 * 24 * 60));
    assert_eq!(status(&table.by_name("orders").unwrap()), "inaccessible-encryption-credentials");
    table.with(|rds, moment| rds.enable_key(KEY, moment));
    assert_eq!(status(&table.by_name("orders").unwrap()), "inaccessible-encryption-credentials");
}

#[test]
fn a_restore_whose_key_is_lost_on_the_way_does_not_become_available() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    table.with(|rds, moment| rds.disable_key(KEY, moment));
    table.film(|t| t.now);
    let lost = "inaccessible-encryption-credentials-recoverable";
    assert_eq!(status(&table.by_name("o2").unwrap()), lost);
    assert_eq!(status(&table.cluster("shop2").unwrap()), lost);
}

#[test]
fn a_restore_ends_where_the_scenario_says() {
    for end in
        ["incompatible-restore", "incompatible-parameters", "incompatible-network", "failed", "storage-full"]
    {
        // By the new name, by the snapshot, by the source.
        for key in ["o2", "nightly", "orders"] {
            let mut table = Table::new();
            table.with(|rds, _| rds.dead_ends.insert(key.into(), end.into()));
            if key == "orders" {
                table.call("RestoreDBInstanceToPointInTime", to_point("o2")).unwrap();
            } else {
                table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
            }
            let seen = table.film(|t| status(&t.by_name("o2").unwrap()));
            assert_eq!(seen, ["creating", end], "{key}");
            let change = json!({"DBInstanceIdentifier": "o2", "DeletionProtection": true});
            assert_eq!(table.code("ModifyDBInstance", change), "InvalidDBInstanceState");
        }
    }
}

#[test]
fn in_a_dead_end_there_is_no_last_snapshot_but_a_way_out() {
    let mut table = Table::new();
    table.with(|rds, _| rds.dead_ends.insert("o2".into(), "incompatible-restore".into()));
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    table.film(|t| t.now);
    let last = json!({"DBInstanceIdentifier": "o2", "FinalDBSnapshotIdentifier": "last"});
    assert_eq!(table.code("DeleteDBInstance", last), "InvalidDBInstanceState");
    table.call("DeleteDBInstance", json!({"DBInstanceIdentifier": "o2", "SkipFinalSnapshot": true})).unwrap();
    table.film(|t| t.now);
    assert_eq!(table.by_name("o2").unwrap_err(), "DBInstanceNotFound");
}

#[test]
fn incompatible_parameters_are_left_by_a_reboot_once_the_group_is_mended() {
    let mut table = Table::new();
    table.with(|rds, _| rds.dead_ends.insert("o2".into(), "incompatible-parameters".into()));
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    table.film(|t| t.now);
    for (mended, wanted) in [(false, "incompatible-parameters"), (true, "available")] {
        if mended {
            table.with(|rds, _| rds.dead_ends.clear());
        }
        table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "o2"})).unwrap();
        assert_eq!(table.film(|t| status(&t.by_name("o2").unwrap())), ["rebooting", wanted]);
    }
}

#[test]
fn a_cluster_restore_ends_where_the_scenario_says_and_takes_no_members() {
    let mut table = Table::new();
    table.with(|rds, _| rds.dead_ends.insert("shop2".into(), "incompatible-network".into()));
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    assert_eq!(table.film(|t| status(&t.cluster("shop2").unwrap())), ["creating", "incompatible-network"]);
    assert_eq!(table.code("CreateDBInstance", member("m", "shop2")), "InvalidDBClusterStateFault");
}

#[test]
fn a_store_is_held_where_it_is_and_then_goes_on() {
    let mut table = Table::new();
    assert!(!table.with(|rds, moment| rds.hold("orders", moment.now, moment)), "nothing is ahead of it");
    table.call("ModifyDBInstance", rename("parked")).unwrap();
    table.pass(Span::secs(30));
    let until = table.now.plus(Span::mins(30));
    assert!(table.with(|rds, moment| rds.hold("db-ORDERS", until, moment)));
    let mut free = None;
    table.film(|t| {
        if t.by_name("orders").is_err() {
            free.get_or_insert(t.now);
        }
    });
    assert_eq!(free, Some(until));
    assert!(table.by_name("parked").is_ok());
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    let until = table.now.plus(Span::mins(100));
    assert!(table.with(|rds, moment| rds.hold("shop2", until, moment)));
    table.film_for(Span::mins(99), |t| t.now);
    assert_eq!(status(&table.cluster("shop2").unwrap()), "creating");
    table.film(|t| t.now);
    assert_eq!(status(&table.cluster("shop2").unwrap()), "available");
}

#[test]
fn a_restore_lasts_as_long_as_the_scenario_says() {
    let mut table = Table::new();
    table.with(|rds, _| rds.stays_in("orders2", "creating", Span::mins(50)));
    table.call("RestoreDBInstanceFromDBSnapshot", with(restore("orders2"), "MultiAZ", json!(true))).unwrap();
    assert_eq!(table.film_for(Span::mins(49), |t| status(&t.by_name("orders2").unwrap())), ["creating"]);
    assert_eq!(
        table.film_for(Span::mins(1), |t| status(&t.by_name("orders2").unwrap())).last().unwrap(),
        "backing-up"
    );
}
