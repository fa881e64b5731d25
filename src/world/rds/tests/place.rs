//! Starting worlds of plain descriptions.

use serde_json::{Value, json};

use super::{At, KEY, START, Span, Table, restore, status, with};

fn place(table: &mut Table, kind: &str, description: &Value) -> Result<(), String> {
    table.world.advance(table.now);
    table.world.place(&table.site, kind, description)
}

#[test]
fn what_is_given_stands_and_the_rest_is_filled_in() {
    let mut table = Table::new();
    let doc = json!({"DBInstanceIdentifier": "Stock", "Engine": "mysql", "EngineVersion": "8.0.41", "MultiAZ": false,
        "DBInstanceStatus": "stopped", "DbInstancePort": 3307, "EngineLifecycleSupport": null});
    place(&mut table, "rds.instance", &doc).unwrap();
    let db = table.by_name("stock").unwrap();
    for (name, wanted) in [
        ("MultiAZ", json!(false)),
        ("DeletionProtection", json!(true)),
        ("DBInstanceStatus", json!("stopped")),
        (
            "DBParameterGroups",
            json!([{"DBParameterGroupName": "default.mysql8.0", "ParameterApplyStatus": "in-sync"}]),
        ),
        ("EnabledCloudwatchLogsExports", json!(["error", "slowquery"])),
        ("EngineLifecycleSupport", Value::Null),
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
    for (kind, doc, problem) in [
        (
            "instance",
            with(base.clone(), "DBInstanceStaus", json!("available")),
            "did you mean `DBInstanceStatus`?",
        ),
        ("instance", with(base.clone(), "Nonsense", json!(1)), "instance x: unknown member `Nonsense`"),
        ("instance", with(base.clone(), "MultiAZ", json!("yes")), "`MultiAZ` cannot be \"yes\""),
        (
            "instance",
            with(base.clone(), "InstanceCreateTime", json!("noon")),
            "`InstanceCreateTime` cannot be",
        ),
        ("instance", with(base.clone(), "TagList", json!([{"Key": "a"}, {"Kee": "b"}])), "`TagList[1].Kee`"),
        ("instance", with(base.clone(), "DBSubnetGroup", json!("shop-db")), "`DBSubnetGroup` is not a map"),
        ("instance", with(base.clone(), "DBClusterIdentifier", json!("none")), "there is no cluster `none`"),
        (
            "instance",
            with(base, "DBInstanceIdentifier", json!("orders")),
            "instance orders: it is there already",
        ),
        ("instance", json!({"Engine": "postgres"}), "`DBInstanceIdentifier` must be given"),
        ("cluster", json!({"DBClusterIdentifier": "c", "Nonsense": 1}), "unknown member `Nonsense`"),
        (
            "cluster",
            json!({"DBClusterIdentifier": "c", "DBClusterMembers": []}),
            "`DBClusterMembers` follows from",
        ),
        ("cluster", json!({"DBClusterIdentifier": "shop"}), "it is there already"),
        (
            "snapshot",
            json!({"DBSnapshotIdentifier": "s", "DbInstanceIdentifier": "o"}),
            "`DBInstanceIdentifier`?",
        ),
        ("snapshot", json!({"DBSnapshotIdentifier": "nightly"}), "it is there already"),
        (
            "cluster_snapshot",
            json!({"DBClusterSnapshotIdentifier": "s", "DBClusterIdentifier": "none"}),
            "the cluster that it names is not there",
        ),
        ("subnet_group", json!({"VpcId": "v"}), "`DBSubnetGroupName` must be given"),
        ("parameter_group", json!({"Name": "v"}), "unknown member `Name`"),
        ("cluster_parameter_group", json!({"Name": "v"}), "unknown member `Name`"),
        ("security_group", json!({"id": "sg"}), "missing field `vpc`"),
        ("quotas", json!({"instance": 1}), "unknown field `instance`"),
        ("key", json!({"id": "k"}), "missing field `enabled`"),
        ("dead_end", json!({"status": "failed"}), "missing field `of`"),
        ("stay", json!({"of": "o2", "status": "creating", "lasts": "soon"}), "soon"),
        ("hold", json!({"of": "orders", "lasts": "5m"}), "orders is on no way"),
        ("default_version", json!({"engine": "postgres"}), "missing field `version`"),
    ] {
        let mut table = Table::new();
        let why = place(&mut table, &format!("rds.{kind}"), &doc).expect_err(&doc.to_string());
        assert!(why.contains(problem), "{kind} {doc}: {why}");
        assert_eq!((table.rds().instances.len(), table.rds().clusters.len()), (3, 1));
    }
}

#[test]
fn quotas_ends_stays_holds_and_keys_come_by_description_too() {
    let mut table = Table::new();
    for (kind, doc) in [
        ("quotas", json!({"instances": 5, "storage": 1000})),
        ("default_version", json!({"engine": "aurora-postgresql", "version": "16.9"})),
        ("dead_end", json!({"of": "o2", "status": "incompatible-network"})),
        ("stay", json!({"of": "o2", "status": "creating", "lasts": "50m"})),
        ("scarce", json!({"class": "db.r8g.large"})),
    ] {
        place(&mut table, &format!("rds.{kind}"), &doc).unwrap();
    }
    assert_eq!((table.rds().quotas.instances, table.rds().quotas.clusters), (5, 40));
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    assert_eq!(table.film_for(Span::mins(49), |t| status(&t.by_name("o2").unwrap())), ["creating"]);
    place(&mut table, "rds.hold", &json!({"of": "o2", "lasts": "10m"})).unwrap();
    assert_eq!(table.film_for(Span::mins(9), |t| status(&t.by_name("o2").unwrap())), ["creating"]);
    let seen = table.film_for(Span::mins(2), |t| status(&t.by_name("o2").unwrap()));
    assert_eq!(seen, ["creating", "incompatible-network"]);
    place(&mut table, "rds.dead_end", &json!({"of": "o2"})).unwrap();
    assert!(table.rds().dead_ends.is_empty());
    place(&mut table, "rds.key", &json!({"id": KEY, "enabled": false})).unwrap();
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", restore("o3")), "KMSKeyNotAccessibleFault");
    place(&mut table, "rds.key", &json!({"id": KEY, "enabled": true})).unwrap();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o3")).unwrap();
}

#[test]
fn a_snapshot_of_an_instance_that_is_gone_can_be_restored() {
    let mut table = Table::new();
    let taken = At(START.0 - 86_400_000);
    let doc = json!({"DBSnapshotIdentifier": "old", "DBInstanceIdentifier": "legacy", "DbiResourceId": "db-LEGACY",
        "Engine": "postgres", "EngineVersion": "15.4", "AllocatedStorage": 40, "Port": 5439,
        "SnapshotCreateTime": taken.rfc3339()});
    place(&mut table, "rds.snapshot", &doc).unwrap();
    let call = with(restore("legacy"), "DBSnapshotIdentifier", json!("old"));
    table.call("RestoreDBInstanceFromDBSnapshot", call).unwrap();
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
    let doc = json!({"DBClusterSnapshotIdentifier": "rds:shop-2026-03-01-00-40", "DBClusterIdentifier": "shop",
        "SnapshotCreateTime": taken.rfc3339()});
    place(&mut table, "rds.cluster_snapshot", &doc).unwrap();
    let snapshot = &table.rds().cluster_snapshots[1];
    assert_eq!(snapshot.data.holds_until("shop"), Some(taken));
    assert_eq!(snapshot.doc["SnapshotType"], "automated");
    let site = table.site.clone();
    let view = table.world.view(&site);
    let rows = view["rds"]["cluster_snapshots"].as_array().unwrap();
    assert_eq!(rows[1]["data"], json!({"shop": taken.rfc3339()}));
    assert_eq!(view["rds"]["clusters"][0]["DBClusterMembers"].as_array().unwrap().len(), 2);
}

#[test]
fn a_snapshot_that_is_being_made_goes_on_from_where_it_is() {
    let mut table = Table::new();
    let stay = json!({"of": "slow", "status": "creating", "lasts": "55m"});
    place(&mut table, "rds.stay", &stay).unwrap();
    for (kind, id, source) in [
        ("snapshot", "DBSnapshotIdentifier", json!({"DBInstanceIdentifier": "orders"})),
        ("cluster_snapshot", "DBClusterSnapshotIdentifier", json!({"DBClusterIdentifier": "shop"})),
    ] {
        let doc = with(with(source, id, json!("slow")), "Status", json!("creating"));
        let doc = with(doc, "PercentProgress", json!(45));
        place(&mut table, &format!("rds.{kind}"), &doc).unwrap();
    }
    let early = with(restore("o2"), "DBSnapshotIdentifier", json!("slow"));
    assert_eq!(table.code("RestoreDBInstanceFromDBSnapshot", early.clone()), "InvalidDBSnapshotState");
    let see = |t: &mut Table| {
        let one = t.call("DescribeDBSnapshots", json!({"DBSnapshotIdentifier": "slow"})).unwrap();
        let two = json!({"DBClusterSnapshotIdentifier": "slow"});
        let two = t.call("DescribeDBClusterSnapshots", two).unwrap();
        let (one, two) = (&one["DBSnapshots"][0], &two["DBClusterSnapshots"][0]);
        assert_eq!(one["PercentProgress"], two["PercentProgress"]);
        (status(one), one["PercentProgress"].as_u64().unwrap())
    };
    let wanted = [("creating".to_owned(), 45), ("creating".to_owned(), 80)];
    assert_eq!(table.film_for(Span::mins(54), see), wanted);
    assert_eq!(table.film_for(Span::mins(1), see).last(), Some(&("available".to_owned(), 100)));
    table.call("RestoreDBInstanceFromDBSnapshot", early).unwrap();
}

#[test]
fn a_change_that_waits_from_the_beginning_comes_in_its_window() {
    let mut table = Table::new();
    let doc = json!({"DBInstanceIdentifier": "stock", "PreferredMaintenanceWindow": "sun:02:00-sun:02:30",
        "EngineVersion": "16.3", "PendingModifiedValues": {"EngineVersion": "16.8"}});
    place(&mut table, "rds.instance", &doc).unwrap();
    table.film_for(Span::mins(90), |t| t.now);
    assert_eq!(table.by_name("stock").unwrap()["EngineVersion"], "16.8");
}
