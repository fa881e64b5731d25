//! Where the writes of an application are, and where they are not.

use serde_json::json;

use super::{At, START, Span, Table, member, rename, restore, shop_to_point, to_point, with};

/// Writes to a name now; the line they went to.
fn write(table: &mut Table, name: &str) -> Option<(String, At)> {
    let now = table.now;
    table.with(|rds, _| rds.write(name, now)).map(|line| (line, now))
}

fn holds(table: &Table, name: &str, (line, at): &(String, At)) -> bool {
    table.rds().instances.iter().find(|i| i.id() == name).unwrap().data.holds(line, *at)
}

#[test]
fn a_restore_to_a_moment_holds_the_writes_until_then_and_no_later_one() {
    let mut table = Table::new();
    let early = write(&mut table, "orders").unwrap();
    table.pass(Span::mins(30));
    let late = write(&mut table, "orders").unwrap();
    let mut call = with(to_point("o2"), "RestoreTime", json!(At(START.0 + 60_000).rfc3339()));
    call.as_object_mut().unwrap().remove("UseLatestRestorableTime");
    table.call("RestoreDBInstanceToPointInTime", call).unwrap();
    table.film(|t| t.now);
    assert_eq!([holds(&table, "o2", &early), holds(&table, "o2", &late)], [true, false]);
    assert_eq!([holds(&table, "orders", &early), holds(&table, "orders", &late)], [true, true]);
}

#[test]
fn a_snapshot_holds_what_was_there_when_it_was_taken() {
    let mut table = Table::new();
    table.pass(Span::mins(5));
    let late = write(&mut table, "orders").unwrap();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    assert!(!holds(&table, "o2", &late) && holds(&table, "orders", &late));
}

#[test]
fn an_application_that_keeps_the_old_address_splits_the_data() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    table.film(|t| t.now);
    assert_eq!(write(&mut table, "orders"), None, "nobody bears the name");
    table.call("RestoreDBInstanceFromDBSnapshot", restore("orders")).unwrap();
    assert_eq!(write(&mut table, "orders"), None, "it is being created");
    table.film(|t| t.now);
    let now = table.now;
    let good = write(&mut table, "orders").unwrap();
    let stale = table.with(|rds, _| rds.write_to("db-ORDERS", now)).map(|line| (line, now)).unwrap();
    assert_ne!(good.0, stale.0, "two stores, two lines");
    assert_eq!([holds(&table, "orders", &good), holds(&table, "orders", &stale)], [true, false]);
    assert_eq!(
        [holds(&table, "orders-parked", &good), holds(&table, "orders-parked", &stale)],
        [false, true]
    );
}

#[test]
fn nobody_writes_while_an_instance_restarts() {
    let mut table = Table::new();
    table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "orders"})).unwrap();
    assert_eq!(write(&mut table, "orders"), None);
    table.film(|t| t.now);
    assert!(write(&mut table, "orders").is_some());
}

#[test]
fn retained_backups_hold_the_line_of_their_source() {
    let mut table = Table::new();
    let early = write(&mut table, "orders").unwrap();
    table.pass(Span::mins(10));
    table
        .call("ModifyDBInstance", json!({"DBInstanceIdentifier": "orders", "DeletionProtection": false}))
        .unwrap();
    let delete =
        json!({"DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true, "DeleteAutomatedBackups": false});
    table.call("DeleteDBInstance", delete).unwrap();
    table.film(|t| t.now);
    let call = json!({"SourceDbiResourceId": "db-ORDERS", "TargetDBInstanceIdentifier": "orders", "UseLatestRestorableTime": true});
    table.call("RestoreDBInstanceToPointInTime", call).unwrap();
    assert!(holds(&table, "orders", &early));
}

#[test]
fn a_cluster_takes_writes_through_its_writer() {
    let mut table = Table::new();
    let now = table.now;
    let line = table.with(|rds, _| rds.write_to_cluster("shop", now)).unwrap();
    assert_eq!(table.with(|rds, _| rds.write("shop-1", now)), Some(line.clone()));
    assert_eq!(table.with(|rds, _| rds.write("shop-2", now)), None, "a reader");
    table.pass(Span::mins(10));
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    table.film(|t| t.now);
    let now = table.now;
    assert_eq!(table.with(|rds, _| rds.write_to_cluster("shop2", now)), None, "the endpoint leads nowhere");
    table.call("CreateDBInstance", member("shop2-1", "shop2")).unwrap();
    table.film(|t| t.now);
    let now = table.now;
    let own = table.with(|rds, _| rds.write_to_cluster("shop2", now)).unwrap();
    let data = &table.rds().clusters.iter().find(|c| c.id() == "shop2").unwrap().data;
    assert!(data.holds(&line, START) && data.holds(&own, now) && !data.holds(&line, now));
}
