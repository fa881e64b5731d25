//! Instances at a moment of their past, and the backups that it takes.

use serde_json::{Value, json};

use super::{At, START, Span, Table, restore, status, to_point, with};

fn latest(table: &mut Table) -> At {
    At::parse(table.by_name("orders").unwrap()["LatestRestorableTime"].as_str().unwrap()).unwrap()
}

fn unprotect(table: &mut Table) {
    let lift = json!({"DBInstanceIdentifier": "orders", "DeletionProtection": false});
    table.call("ModifyDBInstance", lift).unwrap();
}

#[test]
fn the_latest_restorable_time_lags_up_to_five_minutes_and_moves_every_five() {
    let mut table = Table::new();
    let mut seen = vec![];
    for _ in 0..600 {
        table.pass(Span::secs(2));
        let latest = latest(&mut table);
        assert!(latest <= table.now && table.now.since(latest) < Span::mins(5));
        seen.push(latest);
    }
    seen.dedup();
    assert!((4..=5).contains(&seen.len()), "in twenty minutes: {seen:?}");
    assert!(seen.windows(2).all(|w| w[1].since(w[0]) == Span::mins(5)));
}

#[test]
fn a_moment_outside_of_the_window_is_refused_with_the_bound() {
    let mut table = Table::new();
    let latest = latest(&mut table);
    let earliest = At(START.0 - 14 * 86_400_000);
    let at = |at: At| {
        let mut call = with(to_point("orders2"), "RestoreTime", json!(at.rfc3339()));
        call.as_object_mut().unwrap().remove("UseLatestRestorableTime");
        call
    };
    for (moment, bound, side) in
        [(latest.plus(Span::secs(1)), latest, "later"), (At(earliest.0 - 1), earliest, "earlier")]
    {
        let refused = table.call("RestoreDBInstanceToPointInTime", at(moment)).unwrap_err();
        assert_eq!(refused.code, "InvalidParameterValue");
        assert!(
            refused.message.contains(side) && refused.message.contains(&bound.rfc3339()),
            "{}",
            refused.message
        );
    }
    table.call("RestoreDBInstanceToPointInTime", at(latest)).unwrap();
    table
        .call("RestoreDBInstanceToPointInTime", with(at(earliest), "TargetDBInstanceIdentifier", json!("o3")))
        .unwrap();
}

#[test]
fn a_moment_is_named_once() {
    let mut table = Table::new();
    let both = with(to_point("o2"), "RestoreTime", json!(START.rfc3339()));
    let neither = with(to_point("o2"), "UseLatestRestorableTime", json!(false));
    let two = with(to_point("o2"), "SourceDbiResourceId", json!("db-ORDERS"));
    let none = json!({"TargetDBInstanceIdentifier": "o2", "UseLatestRestorableTime": true});
    for call in [both, neither, two, none] {
        assert_eq!(table.code("RestoreDBInstanceToPointInTime", call), "InvalidParameterCombination");
    }
}

#[test]
fn a_restore_to_a_moment_replays_logs_and_takes_longer() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceToPointInTime", to_point("orders2")).unwrap();
    let begun = table.now;
    let mut ready = None;
    let seen = table.film(|t| {
        let status = status(&t.by_name("orders2").unwrap());
        if status == "available" {
            ready.get_or_insert(t.now);
        }
        status
    });
    assert_eq!(seen[..3], ["creating", "backing-up", "available"]);
    let took = ready.unwrap().since(begun);
    assert!(took >= Span::mins(10) && took <= Span::mins(65), "{}", took.human());
    let event = table.events("db-instance", "orders2")[0].clone();
    assert!(event.starts_with("Restored from DB instance orders to 2026-03-01T01:3"), "{event}");
    let db = table.by_name("orders2").unwrap();
    assert_eq!(db["TagList"], json!([{"Key": "team", "Value": "shop"}]));
    assert_eq!(db["DeletionProtection"], false);
}

#[test]
fn where_no_backups_are_kept_there_is_no_past() {
    let mut table = Table::new();
    let off = json!({"DBInstanceIdentifier": "orders", "BackupRetentionPeriod": 0, "ApplyImmediately": true});
    table.call("ModifyDBInstance", off).unwrap();
    table.film(|t| t.now);
    assert_eq!(table.code("RestoreDBInstanceToPointInTime", to_point("o2")), "PointInTimeRestoreNotEnabled");
    assert_eq!(table.by_name("orders").unwrap()["LatestRestorableTime"], Value::Null);
    table.call("RestoreDBInstanceFromDBSnapshot", restore("young")).unwrap();
    let young = with(to_point("o2"), "SourceDBInstanceIdentifier", json!("young"));
    assert_eq!(
        table.code("RestoreDBInstanceToPointInTime", young),
        "InvalidDBInstanceState",
        "no backup yet"
    );
}

#[test]
fn backups_that_are_turned_on_again_begin_anew() {
    let mut table = Table::new();
    for days in [0, 7] {
        let call = json!({"DBInstanceIdentifier": "orders", "BackupRetentionPeriod": days, "ApplyImmediately": true});
        table.call("ModifyDBInstance", call).unwrap();
        table.film_for(Span::mins(10), |t| t.now);
    }
    let rows =
        table.call("DescribeDBInstanceAutomatedBackups", json!({"DbiResourceId": "db-ORDERS"})).unwrap();
    let earliest = rows["DBInstanceAutomatedBackups"][0]["RestoreWindow"]["EarliestTime"].clone();
    assert!(At::parse(earliest.as_str().unwrap()).unwrap() > START.plus(Span::mins(10)), "{earliest}");
}

#[test]
fn after_a_rename_the_past_goes_by_the_resource_id_or_the_new_name() {
    let mut table = Table::new();
    table.call("ModifyDBInstance", super::rename("orders-parked")).unwrap();
    table.film(|t| t.now);
    assert_eq!(table.code("RestoreDBInstanceToPointInTime", to_point("o2")), "DBInstanceNotFound");
    let by_resource = json!({"SourceDbiResourceId": "db-ORDERS", "TargetDBInstanceIdentifier": "orders", "UseLatestRestorableTime": true});
    table.call("RestoreDBInstanceToPointInTime", by_resource).unwrap();
    let by_name = with(to_point("o2"), "SourceDBInstanceIdentifier", json!("orders-parked"));
    table.call("RestoreDBInstanceToPointInTime", by_name).unwrap();
}

#[test]
fn automated_backups_go_with_their_instance_unless_they_are_to_stay() {
    for (keep, rows) in [(None, 0), (Some(true), 0), (Some(false), 1)] {
        let mut table = Table::new();
        unprotect(&mut table);
        let mut delete = json!({"DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true});
        if let Some(keep) = keep {
            delete["DeleteAutomatedBackups"] = json!(keep);
        }
        table.call("DeleteDBInstance", delete).unwrap();
        table.film(|t| t.now);
        let all = table.call("DescribeDBInstanceAutomatedBackups", json!({})).unwrap();
        assert_eq!(all["DBInstanceAutomatedBackups"].as_array().unwrap().len(), rows, "{keep:?}");
        let by_resource = json!({"SourceDbiResourceId": "db-ORDERS", "TargetDBInstanceIdentifier": "orders",
            "UseLatestRestorableTime": true, "DBSubnetGroupName": "shop-db"});
        let restored = table.call("RestoreDBInstanceToPointInTime", by_resource);
        assert_eq!(
            restored.map(|_| ()).map_err(|e| e.code),
            if rows == 0 { Err("DBInstanceAutomatedBackupNotFound".into()) } else { Ok(()) }
        );
    }
}

#[test]
fn automated_backups_say_what_they_reach() {
    let mut table = Table::new();
    let row = |t: &mut Table, call: Value| {
        t.call("DescribeDBInstanceAutomatedBackups", call).map(|a| a["DBInstanceAutomatedBackups"][0].clone())
    };
    let active = row(&mut table, json!({"DbiResourceId": "db-ORDERS"})).unwrap();
    assert_eq!(active["Status"], "active");
    assert_eq!(
        active["RestoreWindow"]["LatestTime"],
        table.by_name("orders").unwrap()["LatestRestorableTime"]
    );
    assert_eq!(active["RestoreWindow"]["EarliestTime"], At(START.0 - 14 * 86_400_000).rfc3339());
    table.call("RestoreDBInstanceFromDBSnapshot", restore("young")).unwrap();
    let young = row(&mut table, json!({"DBInstanceIdentifier": "young"})).unwrap();
    assert_eq!((&young["Status"], &young["RestoreWindow"]), (&json!("creating"), &Value::Null));
    unprotect(&mut table);
    let delete =
        json!({"DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true, "DeleteAutomatedBackups": false});
    table.call("DeleteDBInstance", delete).unwrap();
    table.pass(Span::mins(24 * 60));
    let retained = json!({"Filters": [{"Name": "status", "Values": ["retained"]}]});
    let kept = row(&mut table, retained).unwrap();
    assert_eq!(kept["DBInstanceAutomatedBackupsArn"], active["DBInstanceAutomatedBackupsArn"]);
    assert_eq!(kept["RestoreWindow"]["LatestTime"], active["RestoreWindow"]["LatestTime"], "the end stays");
    assert_eq!(kept["RestoreWindow"]["EarliestTime"], At(START.0 - 13 * 86_400_000).rfc3339());
    let by_arn = json!({"SourceDBInstanceAutomatedBackupsArn": kept["DBInstanceAutomatedBackupsArn"],
        "TargetDBInstanceIdentifier": "orders", "UseLatestRestorableTime": true});
    table.call("RestoreDBInstanceToPointInTime", by_arn).unwrap();
    table.pass(Span::mins(14 * 24 * 60));
    assert_eq!(
        row(&mut table, json!({"DbiResourceId": "db-ORDERS"})).unwrap_err().code,
        "DBInstanceAutomatedBackupNotFound"
    );
}
