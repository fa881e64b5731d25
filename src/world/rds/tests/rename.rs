//! An instance that takes another name.

use serde_json::{Value, json};

use super::{Span, Table, rename, restore, status};

#[test]
fn a_rename_holds_the_old_name_then_shows_none_then_the_new_one() {
    let mut table = Table::new();
    let answer = table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    assert_eq!(answer["DBInstance"]["DBInstanceIdentifier"], "orders");
    assert_eq!(answer["DBInstance"]["PendingModifiedValues"]["DBInstanceIdentifier"], "orders-parked");
    assert_eq!(status(&answer["DBInstance"]), "available", "as it is for a moment after the call");
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("orders")), "DBInstanceAlreadyExists");
    let seen = table.film(|t| (t.by_name("orders").is_ok(), t.by_name("orders-parked").is_ok()));
    assert_eq!(seen, [(true, false), (false, false), (false, true)]);
    let parked = table.by_resource("db-ORDERS");
    assert_eq!(parked["DBInstanceIdentifier"], "orders-parked");
    assert_eq!(parked["PendingModifiedValues"], json!({}));
    assert_eq!(parked["DBInstanceArn"], "arn:aws:rds:eu-west-1:111122223333:db:orders-parked");
    assert!(parked["Endpoint"]["Address"].as_str().unwrap().starts_with("orders-parked."));
    assert_eq!(parked["TagList"][0]["Value"], "shop");
}

#[test]
fn a_rename_is_followed_by_its_resource_id_all_the_way() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    let seen = table.film(|t| status(&t.by_resource("db-ORDERS")));
    assert_eq!(seen, ["available", "renaming", "rebooting", "available"]);
    assert!(
        table
            .events("db-instance", "orders-parked")
            .iter()
            .any(|e| e.contains("from orders to orders-parked"))
    );
}

#[test]
fn a_scenario_holds_the_old_name_for_eight_minutes_and_then_shows_none_for_twenty_seconds() {
    let mut table = Table::new();
    table.with(|rds, _| {
        rds.stays_in("orders", "renaming", Span::mins(8));
        rds.stays_in("orders", "nameless", Span::secs(20));
    });
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    let mut first = [None; 3];
    table.film(|t| {
        let names = (t.by_name("orders").is_ok(), t.by_name("orders-parked").is_ok());
        let renaming = status(&t.by_resource("db-ORDERS")) == "renaming" && names.0;
        for (at, seen) in [renaming, names == (false, false), names == (false, true)].into_iter().enumerate()
        {
            if seen {
                first[at].get_or_insert(t.now);
            }
        }
    });
    let [held, gap, new] = first.map(Option::unwrap);
    assert_eq!((gap.since(held), new.since(gap)), (Span::mins(8), Span::secs(20)));
}

#[test]
fn a_rename_applies_everything_else_that_waits() {
    let mut table = Table::new();
    let upgrade = json!({"DBInstanceIdentifier": "orders", "EngineVersion": "16.8", "DBInstanceClass": "db.r6g.xlarge"});
    let answer = table.call("ModifyDBInstance", upgrade).unwrap();
    assert_eq!(answer["DBInstance"]["PendingModifiedValues"]["EngineVersion"], "16.8");
    table.pass(Span::mins(30));
    assert_eq!(table.by_name("orders").unwrap()["EngineVersion"], "16.3", "it waits for the window");
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    let mut upgrading = vec![];
    let seen = table.film(|t| {
        let status = status(&t.by_resource("db-ORDERS"));
        if status == "upgrading" {
            upgrading.push(t.now);
        }
        if status == "available" && upgrading.len() == 1 {
            upgrading.push(t.now);
        }
        status
    });
    assert_eq!(seen[..3], ["available", "upgrading", "available"], "{seen:?}");
    assert!(
        (35..=45).contains(&(upgrading[1].since(upgrading[0]).0 / 60_000)),
        "about 40 minutes: {upgrading:?}"
    );
    let parked = table.by_name("orders-parked").unwrap();
    assert_eq!(
        (&parked["EngineVersion"], &parked["DBInstanceClass"]),
        (&json!("16.8"), &json!("db.r6g.xlarge"))
    );
    assert_eq!(parked["PendingModifiedValues"], json!({}));
}

#[test]
fn a_rename_without_the_flag_waits_for_the_window() {
    let mut table = Table::new();
    let mut later = rename("orders-parked");
    later["ApplyImmediately"] = json!(false);
    table.call("ModifyDBInstance", later).unwrap();
    // The window opens at 04:00, two hours and twenty minutes after the start.
    let seen = table.film_for(Span::mins(139), |t| t.by_name("orders").is_ok());
    assert_eq!(seen, [true]);
    let seen =
        table.film_for(Span::mins(30), |t| (t.by_name("orders").is_ok(), t.by_name("orders-parked").is_ok()));
    assert_eq!(seen.last(), Some(&(false, true)));
}

#[test]
fn a_name_that_is_taken_is_refused_and_destroys_nothing() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("other")).unwrap();
    assert_eq!(table.code("ModifyDBInstance", rename("other")), "DBInstanceAlreadyExists");
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("OTHER")), "DBInstanceAlreadyExists");
    assert_eq!(table.by_resource("db-ORDERS")["DBInstanceIdentifier"], "orders");
}

#[test]
fn a_parked_instance_is_counted_all_the_way() {
    let mut table = Table::new();
    table.with(|rds, _| rds.quotas.instances = 3);
    table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
    table.film(|t| {
        assert_eq!(t.code("RestoreDBInstanceFromDBSnapshot", restore("new")), "InstanceQuotaExceeded");
    });
    table.with(|rds, _| rds.quotas.instances = 4);
    table.call("RestoreDBInstanceFromDBSnapshot", restore("orders")).unwrap();
}

#[test]
fn the_same_calls_at_the_same_times_give_the_same_world() {
    let live = || {
        let mut table = Table::new();
        table.call("ModifyDBInstance", rename("orders-parked")).unwrap();
        table.pass(Span::mins(20));
        table.call("RestoreDBInstanceFromDBSnapshot", restore("orders")).unwrap();
        table.film(|t| t.call("DescribeDBInstances", json!({})).unwrap().to_string())
    };
    assert_eq!(live(), live());
}

#[test]
fn lists_come_in_pages_of_twenty_to_a_hundred() {
    let mut table = Table::new();
    for n in 0..22 {
        table.call("RestoreDBInstanceFromDBSnapshot", restore(&format!("db-{n}"))).unwrap();
    }
    assert_eq!(table.code("DescribeDBInstances", json!({"MaxRecords": 5})), "InvalidParameterValue");
    let first = table.call("DescribeDBInstances", json!({"MaxRecords": 20})).unwrap();
    assert_eq!(first["DBInstances"].as_array().unwrap().len(), 20);
    let rest =
        table.call("DescribeDBInstances", json!({"MaxRecords": 20, "Marker": first["Marker"]})).unwrap();
    assert_eq!((rest["DBInstances"].as_array().unwrap().len(), &rest["Marker"]), (5, &Value::Null));
}
