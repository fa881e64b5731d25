//! Changes of Aurora clusters: settings, names, snapshots, ends.

use serde_json::{Value, json};

use super::cluster::state;
use super::{Span, Table, restore_shop, shop_to_point, status, with};

fn modify(given: &Value) -> Value {
    let mut call = json!({"DBClusterIdentifier": "shop"});
    call.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    call
}

#[test]
fn the_http_endpoint_of_a_newer_cluster_has_an_operation_of_its_own() {
    let mut table = Table::new();
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    let arn = json!({"ResourceArn": "arn:aws:rds:eu-west-1:111122223333:cluster:shop2"});
    assert_eq!(
        table.code("EnableHttpEndpoint", arn.clone()),
        "InvalidResourceStateFault",
        "it is being created"
    );
    table.film(|t| t.now);
    let on = json!({"DBClusterIdentifier": "shop2", "EnableHttpEndpoint": true});
    assert_eq!(table.call("ModifyDBCluster", on).unwrap()["DBCluster"]["HttpEndpointEnabled"], false);
    assert_eq!(table.call("EnableHttpEndpoint", arn).unwrap()["HttpEndpointEnabled"], true);
    assert_eq!(table.cluster("shop2").unwrap()["HttpEndpointEnabled"], true);
}

#[test]
fn a_cluster_takes_another_name_and_both_endpoints_follow() {
    let mut table = Table::new();
    let rename = modify(&json!({"NewDBClusterIdentifier": "shop-parked", "ApplyImmediately": true}));
    let answer = table.call("ModifyDBCluster", rename).unwrap();
    assert_eq!(answer["DBCluster"]["PendingModifiedValues"], json!({"DBClusterIdentifier": "shop-parked"}));
    assert_eq!(
        table.code("RestoreDBClusterToPointInTime", shop_to_point("shop")),
        "DBClusterAlreadyExistsFault"
    );
    let seen = table.film(|t| (t.cluster("shop").is_ok(), t.cluster("shop-parked").is_ok()));
    assert_eq!(seen, [(true, false), (false, false), (false, true)]);
    let shop = table.cluster("shop-parked").unwrap();
    assert_eq!(
        (&shop["DbClusterResourceId"], &shop["PendingModifiedValues"]),
        (&json!("cluster-SHOP"), &Value::Null)
    );
    assert!(shop["Endpoint"].as_str().unwrap().starts_with("shop-parked.cluster-"));
    assert!(shop["ReaderEndpoint"].as_str().unwrap().starts_with("shop-parked.cluster-ro-"));
    assert_eq!(state(&shop), ("available".into(), 2, true));
    assert_eq!(table.by_name("shop-1").unwrap()["DBClusterIdentifier"], "shop-parked");
    assert_eq!(table.events("db-cluster", "shop-parked"), ["Renamed cluster from shop to shop-parked"]);
    let by_resource = json!({"Filters": [{"Name": "db-cluster-resource-id", "Values": ["cluster-SHOP"]}]});
    let found = table.call("DescribeDBClusters", by_resource).unwrap();
    assert_eq!(found["DBClusters"][0]["DBClusterIdentifier"], "shop-parked");
}

#[test]
fn settings_of_a_cluster_come_at_once_soon_or_in_the_window() {
    let mut table = Table::new();
    let call = modify(&json!({"DeletionProtection": false, "BackupRetentionPeriod": 7, "Port": 6000,
        "ServerlessV2ScalingConfiguration": {"MaxCapacity": 16.0}}));
    let answer = table.call("ModifyDBCluster", call).unwrap()["DBCluster"].clone();
    assert_eq!(answer["DeletionProtection"], false);
    assert_eq!(answer["ServerlessV2ScalingConfiguration"], json!({"MinCapacity": 0.5, "MaxCapacity": 16.0}));
    assert_eq!(answer["PendingModifiedValues"], json!({"BackupRetentionPeriod": 7}));
    let seen = table.film(|t| {
        (status(&t.cluster("shop").unwrap()), t.cluster("shop").unwrap()["Port"].as_u64().unwrap())
    });
    assert_eq!(seen, [("available".into(), 5433), ("modifying".into(), 5433), ("available".into(), 6000)]);
    assert_eq!(table.by_name("shop-1").unwrap()["Endpoint"]["Port"], 6000);
    table.film_for(Span::mins(60), |t| t.now);
    let shop = table.cluster("shop").unwrap();
    assert_eq!((&shop["BackupRetentionPeriod"], &shop["PendingModifiedValues"]), (&json!(7), &Value::Null));
}

#[test]
fn an_upgrade_of_a_cluster_waits_and_a_rename_takes_it_along() {
    let mut table = Table::new();
    table.call("ModifyDBCluster", modify(&json!({"EngineVersion": "16.8"}))).unwrap();
    table.pass(Span::mins(5));
    assert_eq!(table.cluster("shop").unwrap()["EngineVersion"], "16.6");
    let rename = modify(&json!({"NewDBClusterIdentifier": "parked", "ApplyImmediately": true}));
    table.call("ModifyDBCluster", rename).unwrap();
    let resource = json!({"Filters": [{"Name": "db-cluster-resource-id", "Values": ["cluster-SHOP"]}]});
    let seen = table.film(|t| {
        t.call("DescribeDBClusters", resource.clone()).unwrap()["DBClusters"][0]["Status"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(seen[..2], ["available", "upgrading"]);
    assert_eq!(table.cluster("parked").unwrap()["EngineVersion"], "16.8");
    assert_eq!(table.by_name("shop-1").unwrap()["EngineVersion"], "16.8");
}

#[test]
fn a_cluster_goes_after_its_members_and_may_leave_a_snapshot_and_its_backups() {
    let mut table = Table::new();
    let delete = json!({"DBClusterIdentifier": "shop", "FinalDBSnapshotIdentifier": "shop-last", "DeleteAutomatedBackups": false});
    assert_eq!(
        table.code("DeleteDBCluster", delete.clone()),
        "InvalidParameterCombination",
        "it is protected"
    );
    table.call("ModifyDBCluster", modify(&json!({"DeletionProtection": false}))).unwrap();
    assert_eq!(table.code("DeleteDBCluster", delete.clone()), "InvalidDBClusterStateFault", "it has members");
    for name in ["shop-1", "shop-2"] {
        table.call("DeleteDBInstance", json!({"DBInstanceIdentifier": name})).unwrap();
    }
    table.call("DeleteDBCluster", delete).unwrap();
    let seen = table.film(|t| t.cluster("shop").map(|d| status(&d)).unwrap_or_default());
    assert_eq!(seen, ["deleting", ""]);
    let last = table
        .call("DescribeDBClusterSnapshots", json!({"DBClusterSnapshotIdentifier": "shop-last"}))
        .unwrap();
    assert_eq!(status(&last["DBClusterSnapshots"][0]), "available");
    let kept = table
        .call("DescribeDBClusterAutomatedBackups", json!({"DbClusterResourceId": "cluster-SHOP"}))
        .unwrap();
    assert_eq!(status(&kept["DBClusterAutomatedBackups"][0]), "retained");
    let again = json!({"DBClusterIdentifier": "shop", "SourceDbClusterResourceId": "cluster-SHOP", "UseLatestRestorableTime": true});
    table.call("RestoreDBClusterToPointInTime", again).unwrap();
    assert_eq!(
        table.events("db-cluster", "shop").last().unwrap().split(" to ").next(),
        Some("Restored from DB cluster shop")
    );
}

#[test]
fn snapshots_of_a_cluster_have_progress_and_types() {
    let mut table = Table::new();
    table.with(|rds, moment| {
        for id in ["rds:shop-2026-03-01-00-10", "awsbackup:job-2a"] {
            let doc = json!({"DBClusterSnapshotIdentifier": id, "DBClusterIdentifier": "shop"});
            rds.place_cluster_snapshot(&doc, moment).unwrap();
        }
    });
    let create = json!({"DBClusterSnapshotIdentifier": "before", "DBClusterIdentifier": "shop"});
    table.call("CreateDBClusterSnapshot", create.clone()).unwrap();
    let early = with(restore_shop("shop2"), "SnapshotIdentifier", json!("before"));
    assert_eq!(
        table.code("RestoreDBClusterFromSnapshot", early.clone()),
        "InvalidDBClusterSnapshotStateFault"
    );
    let one = json!({"DBClusterSnapshotIdentifier": "before"});
    let seen = table.film(|t| {
        t.call("DescribeDBClusterSnapshots", one.clone()).unwrap()["DBClusterSnapshots"][0]["PercentProgress"].as_u64()
    });
    assert_eq!(seen, [Some(0), Some(10), Some(45), Some(80), Some(100)]);
    table.call("RestoreDBClusterFromSnapshot", early).unwrap();
    for (kind, wanted) in [
        (json!({}), &["shop-nightly", "rds:shop-2026-03-01-00-10", "before"][..]),
        (json!({"SnapshotType": "awsbackup"}), &["awsbackup:job-2a"]),
        (json!({"SnapshotType": "automated"}), &["rds:shop-2026-03-01-00-10"]),
        (json!({"SnapshotType": "manual", "DBClusterIdentifier": "shop"}), &["shop-nightly", "before"]),
    ] {
        let answer = table.call("DescribeDBClusterSnapshots", kind).unwrap();
        let rows = answer["DBClusterSnapshots"].as_array().unwrap().iter();
        assert_eq!(
            rows.map(|r| r["DBClusterSnapshotIdentifier"].as_str().unwrap()).collect::<Vec<_>>(),
            wanted
        );
    }
}

#[test]
fn clusters_are_found_by_name_in_any_case_and_by_arn() {
    let mut table = Table::new();
    for name in ["shop", "SHOP", "arn:aws:rds:eu-west-1:111122223333:cluster:shop"] {
        assert_eq!(table.cluster(name).unwrap()["DbClusterResourceId"], "cluster-SHOP", "{name}");
    }
    let filter = json!({"Filters": [{"Name": "engine", "Values": ["aurora-mysql"]}]});
    assert_eq!(table.call("DescribeDBClusters", filter).unwrap()["DBClusters"], json!([]));
    let group = json!({"DBClusterParameterGroupName": "shop-apg16"});
    let group = table.call("DescribeDBClusterParameterGroups", group).unwrap();
    assert_eq!(group["DBClusterParameterGroups"][0]["DBParameterGroupFamily"], "aurora-postgresql16");
}
