//! Starting worlds of plain descriptions.

use serde_json::{Value, json};

use super::{At, START, Span, Table, restore, with};

#[test]
fn what_is_given_stands_and_the_rest_is_filled_in() {
    let mut table = Table::new();
    table.with(|rds, moment| {
        let doc = json!({"DBInstanceIdentifier": "Stock", "Engine": "mysql", "EngineVersion": "8.0.41", "MultiAZ": false,
            "DeletionProtection": false, "DBInstanceStatus": "stopped", "DbInstancePort": 3307});
        rds.place_instance(&doc, moment).unwrap();
    });
    let db = table.by_name("stock").unwrap();
    for (name, wanted) in [
        ("MultiAZ", json!(false)),
        ("DeletionProtection", json!(false)),
        ("DBInstanceStatus", json!("stopped")),
        (
            "DBParameterGroups",
            json!([{"DBParameterGroupName": "default.mysql8.0", "ParameterApplyStatus": "in-sync"}]),
        ),
        ("EnabledCloudwatchLogsExports", json!(["error", "slowquery"])),
        ("DBInstanceArn", json!("arn:aws:rds:eu-west-1:111122223333:db:stock")),
        ("InstanceCreateTime", json!(At(START.0 - 400 * 86_400_000).rfc3339())),
    ] {
        assert_eq!(db[name], wanted, "{name}");
    }
    assert_eq!(db["DBSubnetGroup"]["VpcId"], "vpc-shop", "the default group that was placed");
}

#[test]
fn what_the_api_does_not_know_is_refused_by_name() {
    let base = json!({"DBInstanceIdentifier": "x"});
    for (doc, path, problem) in [
        (
            with(base.clone(), "DBInstanceStaus", json!("available")),
            "DBInstanceStaus",
            "did you mean DBInstanceStatus?",
        ),
        (with(base.clone(), "Nonsense", json!(1)), "Nonsense", "is no member of DBInstance"),
        (with(base.clone(), "MultiAZ", json!("yes")), "MultiAZ", "\"yes\" is not a boolean"),
        (with(base.clone(), "InstanceCreateTime", json!("noon")), "InstanceCreateTime", "is not a timestamp"),
        (
            with(base.clone(), "TagList", json!([{"Key": "a"}, {"Kee": "b"}])),
            "TagList[1].Kee",
            "is no member of Tag",
        ),
        (with(base.clone(), "DBSubnetGroup", json!("shop-db")), "DBSubnetGroup", "is not an object"),
        (
            with(base.clone(), "DBClusterIdentifier", json!("none")),
            "DBClusterIdentifier",
            "there is no cluster none",
        ),
        (
            with(base, "DBInstanceIdentifier", json!("orders")),
            "DBInstanceIdentifier",
            "orders is there already",
        ),
        (json!({"Engine": "postgres"}), "DBInstanceIdentifier", "is missing"),
    ] {
        let mut table = Table::new();
        let unfit = table.with(|rds, moment| rds.place_instance(&doc, moment)).unwrap_err();
        assert_eq!(unfit.path, path);
        assert!(unfit.problem.contains(problem), "{unfit}");
        assert_eq!(table.rds().instances.len(), 3);
    }
}

#[test]
fn clusters_and_snapshots_are_judged_the_same_way() {
    let mut table = Table::new();
    table.with(|rds, moment| {
        let unfit = |result: Result<(), super::super::Unfit>| result.unwrap_err().path;
        let c = |more: &str, value: Value| with(json!({"DBClusterIdentifier": "c"}), more, value);
        assert_eq!(unfit(rds.place_cluster(&c("Nonsense", json!(1)), moment)), "Nonsense");
        assert_eq!(unfit(rds.place_cluster(&c("DBClusterMembers", json!([])), moment)), "DBClusterMembers");
        assert_eq!(
            unfit(rds.place_cluster(&json!({"DBClusterIdentifier": "shop"}), moment)),
            "DBClusterIdentifier"
        );
        let s = json!({"DBSnapshotIdentifier": "s", "DbInstanceIdentifier": "orders"});
        assert_eq!(unfit(rds.place_snapshot(&s, moment)), "DbInstanceIdentifier");
        let s = json!({"DBClusterSnapshotIdentifier": "s", "DBClusterIdentifier": "none"});
        assert_eq!(unfit(rds.place_cluster_snapshot(&s, moment)), "DBClusterIdentifier");
        assert_eq!(unfit(rds.place_subnet_group(&json!({"VpcId": "v"}), moment)), "DBSubnetGroupName");
        assert_eq!(unfit(rds.place_parameter_group(&json!({"Name": "v"}), moment)), "Name");
        assert_eq!(unfit(rds.place_cluster_parameter_group(&json!({"Name": "v"}), moment)), "Name");
    });
}

#[test]
fn a_snapshot_of_an_instance_that_is_gone_can_be_restored() {
    let mut table = Table::new();
    let taken = At(START.0 - 86_400_000);
    table.with(|rds, moment| {
        let doc = json!({"DBSnapshotIdentifier": "old", "DBInstanceIdentifier": "legacy", "Engine": "postgres",
            "EngineVersion": "15.4", "AllocatedStorage": 40, "Port": 5439, "SnapshotCreateTime": taken.rfc3339()});
        rds.place_snapshot(&doc, moment).unwrap();
    });
    table
        .call(
            "RestoreDBInstanceFromDBSnapshot",
            with(restore("legacy"), "DBSnapshotIdentifier", json!("old")),
        )
        .unwrap();
    table.film(|t| t.now);
    let db = table.by_name("legacy").unwrap();
    assert_eq!((&db["EngineVersion"], &db["AllocatedStorage"]), (&json!("15.4"), &json!(40)));
    assert_eq!(db["Endpoint"]["Port"], 5439);
    let data = &table.rds().instances.last().unwrap().data;
    assert_eq!(data.holds_until("legacy"), Some(taken));
}

#[test]
fn a_snapshot_that_is_placed_in_the_past_holds_the_data_of_then() {
    let mut table = Table::new();
    let taken = At(START.0 - 3_600_000);
    table.with(|rds, moment| {
        let doc = json!({"DBClusterSnapshotIdentifier": "rds:shop-2026-03-01-00-40", "DBClusterIdentifier": "shop",
            "SnapshotCreateTime": taken.rfc3339()});
        rds.place_cluster_snapshot(&doc, moment).unwrap();
    });
    let snapshot = &table.rds().cluster_snapshots[1];
    assert_eq!(snapshot.data.holds_until("shop"), Some(taken));
    assert_eq!(snapshot.doc["SnapshotType"], "automated");
}

#[test]
fn a_change_that_waits_from_the_beginning_comes_in_its_window() {
    let mut table = Table::new();
    table.with(|rds, moment| {
        let doc = json!({"DBInstanceIdentifier": "stock", "PreferredMaintenanceWindow": "sun:02:00-sun:02:30",
            "EngineVersion": "16.3", "PendingModifiedValues": {"EngineVersion": "16.8"}});
        rds.place_instance(&doc, moment).unwrap();
    });
    table.film_for(Span::mins(90), |t| t.now);
    assert_eq!(table.by_name("stock").unwrap()["EngineVersion"], "16.8");
}
