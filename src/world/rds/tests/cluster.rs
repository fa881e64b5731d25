//! Aurora clusters: restores, clones, changes, names, ends.

use serde_json::{Value, json};

use super::{At, START, Span, Table, member, restore_shop, shop_to_point, status, with};

fn modify(given: &Value) -> Value {
    let mut call = json!({"DBClusterIdentifier": "shop"});
    call.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    call
}

/// Status, members, and whether it can be restored from.
fn state(doc: &Value) -> (String, usize, bool) {
    let restorable = doc["EarliestRestorableTime"].is_string() && doc["LatestRestorableTime"].is_string();
    (status(doc), doc["DBClusterMembers"].as_array().map_or(99, Vec::len), restorable)
}

#[test]
fn a_restored_cluster_has_no_members_and_no_past_until_it_is_done() {
    for (call, wanted) in [
        (with(restore_shop("shop2"), "EngineVersion", json!("16.6")), &["creating", "available"][..]),
        (
            with(restore_shop("shop2"), "EngineVersion", json!("16.8")),
            &["creating", "migrating", "available"],
        ),
        (shop_to_point("shop2"), &["creating", "available"]),
    ] {
        let operation = if call["SnapshotIdentifier"].is_null() { "ToPointInTime" } else { "FromSnapshot" };
        let mut table = Table::new();
        let answer = table.call(&format!("RestoreDBCluster{operation}"), call).unwrap()["DBCluster"].clone();
        assert_eq!(state(&answer), ("creating".into(), 0, false));
        assert_ne!(answer["DbClusterResourceId"], "cluster-SHOP");
        let seen = table.film(|t| state(&t.cluster("shop2").unwrap()));
        let wanted: Vec<_> = wanted.iter().map(|s| ((*s).to_owned(), 0, *s == "available")).collect();
        assert_eq!(seen, wanted);
    }
}

#[test]
fn a_restored_cluster_lacks_what_does_not_come_back() {
    for (operation, call, port) in [
        ("RestoreDBClusterToPointInTime", shop_to_point("shop2"), 5432),
        ("RestoreDBClusterFromSnapshot", restore_shop("shop2"), 5433),
    ] {
        let mut table = Table::new();
        table.call(operation, call).unwrap();
        table.film(|t| t.now);
        let (was, is) = (table.cluster("shop").unwrap(), table.cluster("shop2").unwrap());
        for (member, wanted) in [
            ("DeletionProtection", json!(false)),
            ("HttpEndpointEnabled", json!(false)),
            ("IAMDatabaseAuthenticationEnabled", json!(false)),
            ("CopyTagsToSnapshot", json!(false)),
            ("EnabledCloudwatchLogsExports", Value::Null),
            ("ServerlessV2ScalingConfiguration", Value::Null),
            ("MonitoringInterval", json!(0)),
            ("AssociatedRoles", json!([])),
            ("DBClusterParameterGroup", json!("default.aurora-postgresql16")),
            ("VpcSecurityGroups", json!([{"VpcSecurityGroupId": "sg-default", "Status": "active"}])),
        ] {
            assert_eq!(is[member], wanted, "{operation}: {member}");
            assert_ne!(was[member], wanted, "{member} of the source");
        }
        assert_eq!(is["Port"], port, "{operation}");
        for member in [
            "EngineVersion",
            "BackupRetentionPeriod",
            "KmsKeyId",
            "MasterUsername",
            "TagList",
            "DatabaseName",
        ] {
            assert_eq!(is[member], was[member], "{operation}: {member}");
        }
    }
}

#[test]
fn a_snapshot_without_a_version_comes_back_with_the_default_one() {
    let mut table = Table::new();
    let mut call = restore_shop("shop2");
    call.as_object_mut().unwrap().remove("EngineVersion");
    let answer = table.call("RestoreDBClusterFromSnapshot", call.clone()).unwrap();
    assert_eq!(answer["DBCluster"]["EngineVersion"], "17.4");
    table.with(|rds, _| rds.default_versions.insert("aurora-postgresql".into(), "16.9".into()));
    let answer = table
        .call("RestoreDBClusterFromSnapshot", with(call, "DBClusterIdentifier", json!("shop3")))
        .unwrap();
    assert_eq!(answer["DBCluster"]["EngineVersion"], "16.9");
    assert_eq!(answer["DBCluster"]["DBClusterParameterGroup"], "default.aurora-postgresql16");
}

#[test]
fn a_clone_is_of_now_of_the_same_group_and_there_in_minutes() {
    let mut table = Table::new();
    let clone = with(shop_to_point("shop2"), "RestoreType", json!("copy-on-write"));
    let mut to = with(clone.clone(), "RestoreToTime", json!(At(START.0 - 3_600_000).rfc3339()));
    to.as_object_mut().unwrap().remove("UseLatestRestorableTime");
    assert_eq!(table.code("RestoreDBClusterToPointInTime", to), "InvalidParameterCombination");
    table.call("RestoreDBClusterToPointInTime", clone).unwrap();
    let seen = table.film_for(Span::mins(9), |t| status(&t.cluster("shop2").unwrap()));
    assert_eq!(seen, ["creating", "available"]);
    let (was, is) = (table.cluster("shop").unwrap(), table.cluster("shop2").unwrap());
    assert!(is["CloneGroupId"].is_string());
    assert_eq!(is["CloneGroupId"], was["CloneGroupId"]);
    let group = json!({"Filters": [{"Name": "clone-group-id", "Values": [is["CloneGroupId"]]}]});
    assert_eq!(table.call("DescribeDBClusters", group).unwrap()["DBClusters"].as_array().unwrap().len(), 2);
}

#[test]
fn a_clusters_past_has_bounds_and_they_are_told() {
    let mut table = Table::new();
    let shop = table.cluster("shop").unwrap();
    let time = |name: &str| At::parse(shop[name].as_str().unwrap()).unwrap();
    let (earliest, latest) = (time("EarliestRestorableTime"), time("LatestRestorableTime"));
    let at = |at: At| {
        let mut call = with(shop_to_point("shop2"), "RestoreToTime", json!(at.rfc3339()));
        call.as_object_mut().unwrap().remove("UseLatestRestorableTime");
        call
    };
    for (moment, bound) in [(At(earliest.0 - 1), earliest), (At(latest.0 + 1), latest)] {
        let refused = table.call("RestoreDBClusterToPointInTime", at(moment)).unwrap_err();
        assert_eq!(refused.code, "InvalidParameterValue");
        assert!(refused.message.contains(&bound.rfc3339()), "{}", refused.message);
    }
    table.call("RestoreDBClusterToPointInTime", at(latest)).unwrap();
}

#[test]
fn monitoring_can_not_be_asked_for_at_a_restore_to_a_moment() {
    let mut table = Table::new();
    let call = with(shop_to_point("shop2"), "EnablePerformanceInsights", json!(true));
    assert_eq!(table.code("RestoreDBClusterToPointInTime", call), "InvalidParameterCombination");
}

#[test]
fn a_serverless_cluster_of_version_one_has_a_capacity_and_no_members() {
    let mut table = Table::new();
    table.with(|rds, moment| {
        let v1 = json!({"DBClusterIdentifier": "cumulus", "Engine": "aurora-postgresql", "EngineVersion": "13.12",
            "EngineMode": "serverless", "ScalingConfigurationInfo": {"MinCapacity": 2, "MaxCapacity": 4},
            "HttpEndpointEnabled": true});
        rds.place_cluster(&v1, moment).unwrap();
    });
    let v1 = table.cluster("cumulus").unwrap();
    assert_eq!((&v1["Capacity"], &v1["ReaderEndpoint"]), (&json!(2), &Value::Null));
    assert_eq!(v1["ScalingConfigurationInfo"]["MaxCapacity"], 4);
    assert_eq!(table.code("CreateDBInstance", member("m", "cumulus")), "InvalidParameterValue");
    // A full copy is provisioned unless the call says otherwise; the HTTP endpoint is off either way.
    let plain = json!({"DBClusterIdentifier": "c2", "SourceDBClusterIdentifier": "cumulus", "UseLatestRestorableTime": true});
    let v1_again =
        with(with(plain.clone(), "DBClusterIdentifier", json!("c3")), "EngineMode", json!("serverless"));
    table.call("RestoreDBClusterToPointInTime", plain).unwrap();
    table.call("RestoreDBClusterToPointInTime", v1_again).unwrap();
    table.film(|t| t.now);
    let (provisioned, serverless) = (table.cluster("c2").unwrap(), table.cluster("c3").unwrap());
    assert_eq!((&provisioned["EngineMode"], &provisioned["Capacity"]), (&json!("provisioned"), &Value::Null));
    assert_eq!((&serverless["EngineMode"], &serverless["Capacity"]), (&json!("serverless"), &json!(2)));
    assert_eq!(serverless["HttpEndpointEnabled"], false);
    let on = json!({"DBClusterIdentifier": "c3", "EnableHttpEndpoint": true});
    assert_eq!(table.call("ModifyDBCluster", on).unwrap()["DBCluster"]["HttpEndpointEnabled"], true);
    assert_eq!(
        table.code("EnableHttpEndpoint", json!({"ResourceArn": serverless["DBClusterArn"]})),
        "InvalidResourceStateFault"
    );
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
