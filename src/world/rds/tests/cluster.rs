//! Aurora clusters made anew: from snapshots, from a moment, as clones.

use serde_json::{Value, json};

use super::{At, START, Span, Table, member, restore_shop, shop_to_point, status, with};

/// Status, members, and whether it can be restored from.
pub(super) fn state(doc: &Value) -> (String, usize, bool) {
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
