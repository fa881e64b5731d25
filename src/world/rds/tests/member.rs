//! Instances of clusters, and such that stand alone.

use serde_json::{Value, json};

use super::{Span, Table, member, shop_to_point, status, with};

fn members(table: &mut Table, cluster: &str) -> Vec<(String, bool, String)> {
    let rows = table.cluster(cluster).unwrap()["DBClusterMembers"].as_array().unwrap().clone();
    let row = |r: &Value| {
        let text = |name: &str| r[name].as_str().unwrap().to_owned();
        (text("DBInstanceIdentifier"), r["IsClusterWriter"] == true, text("DBClusterParameterGroupStatus"))
    };
    rows.iter().map(row).collect()
}

#[test]
fn the_first_instance_of_a_restored_cluster_is_its_writer() {
    let mut table = Table::new();
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    assert_eq!(
        table.code("CreateDBInstance", member("shop2-1", "shop2")),
        "InvalidDBClusterStateFault",
        "too early"
    );
    table.film(|t| t.now);
    table.call("CreateDBInstance", with(member("shop2-1", "shop2"), "PromotionTier", json!(0))).unwrap();
    table
        .call("CreateDBInstance", with(member("shop2-2", "shop2"), "MonitoringInterval", json!(60)))
        .unwrap();
    let rows = members(&mut table, "shop2");
    assert_eq!(
        rows.iter().map(|(name, writer, _)| (name.as_str(), *writer)).collect::<Vec<_>>(),
        [("shop2-1", true), ("shop2-2", false)]
    );
    let begun = table.now;
    let mut seen = table.film(|t| (status(&t.by_name("shop2-2").unwrap()), t.now));
    seen.dedup_by_key(|(status, _)| status.clone());
    let (statuses, times): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    assert_eq!(statuses, ["creating", "configuring-enhanced-monitoring", "available"]);
    let took = times[2].since(begun);
    assert!(took >= Span::mins(4) && took <= Span::mins(15), "{}", took.human());
    let db = table.by_name("shop2-1").unwrap();
    for (name, wanted) in [
        ("DBClusterIdentifier", json!("shop2")),
        ("PromotionTier", json!(0)),
        ("StorageType", json!("aurora")),
        ("LatestRestorableTime", Value::Null),
        ("EngineVersion", json!("16.6")),
        (
            "DBParameterGroups",
            json!([{"DBParameterGroupName": "default.aurora-postgresql16", "ParameterApplyStatus": "in-sync"}]),
        ),
    ] {
        assert_eq!(db[name], wanted, "{name}");
    }
    assert_eq!(db["Endpoint"]["Port"], 5432, "the port of the cluster");
}

#[test]
fn a_serverless_instance_needs_the_scaling_of_its_cluster() {
    let mut table = Table::new();
    table.call("RestoreDBClusterToPointInTime", shop_to_point("shop2")).unwrap();
    table.film(|t| t.now);
    let serverless = with(member("shop2-1", "shop2"), "DBInstanceClass", json!("db.serverless"));
    assert_eq!(table.code("CreateDBInstance", serverless.clone()), "InvalidDBClusterStateFault");
    let scale = json!({"DBClusterIdentifier": "shop2", "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0}});
    table.call("ModifyDBCluster", scale).unwrap();
    table.call("CreateDBInstance", serverless).unwrap();
    assert_eq!(table.by_name("shop2-1").unwrap()["DBInstanceClass"], "db.serverless");
}

#[test]
fn a_reader_takes_over_from_a_writer_that_goes() {
    let mut table = Table::new();
    table.call("DeleteDBInstance", json!({"DBInstanceIdentifier": "shop-1"})).unwrap();
    let rows = members(&mut table, "shop");
    assert_eq!((rows[0].1, rows[1].1), (false, true));
    table.film(|t| t.now);
    assert_eq!(members(&mut table, "shop").len(), 1);
    let last = json!({"DBInstanceIdentifier": "shop-2", "FinalDBSnapshotIdentifier": "no"});
    assert_eq!(table.code("DeleteDBInstance", last), "InvalidParameterCombination");
    table.call("DeleteDBInstance", json!({"DBInstanceIdentifier": "shop-2"})).unwrap();
    table.film(|t| t.now);
    assert_eq!(table.cluster("shop").unwrap()["DBClusterMembers"], json!([]));
}

#[test]
fn a_member_that_is_renamed_stays_one_and_a_group_of_the_cluster_waits_for_its_reboot() {
    let mut table = Table::new();
    let rename = json!({"DBInstanceIdentifier": "shop-1", "NewDBInstanceIdentifier": "shop-a", "ApplyImmediately": true});
    table.call("ModifyDBInstance", rename).unwrap();
    table.film(|t| t.now);
    let change =
        json!({"DBClusterIdentifier": "shop", "DBClusterParameterGroupName": "default.aurora-postgresql16"});
    table.call("ModifyDBCluster", change).unwrap();
    let waits = "pending-reboot".to_owned();
    assert_eq!(
        members(&mut table, "shop"),
        [("shop-a".into(), true, waits.clone()), ("shop-2".into(), false, waits.clone())]
    );
    table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "shop-a"})).unwrap();
    table.film(|t| t.now);
    assert_eq!(
        members(&mut table, "shop"),
        [("shop-a".into(), true, "in-sync".into()), ("shop-2".into(), false, waits)]
    );
}

#[test]
fn members_are_found_by_their_cluster_and_do_not_use_the_storage_quota() {
    let mut table = Table::new();
    for value in ["shop", "arn:aws:rds:eu-west-1:111122223333:cluster:shop"] {
        let filter = json!({"Filters": [{"Name": "db-cluster-id", "Values": [value]}]});
        assert_eq!(
            table.call("DescribeDBInstances", filter).unwrap()["DBInstances"].as_array().unwrap().len(),
            2
        );
    }
    let quotas = table.call("DescribeAccountAttributes", json!({})).unwrap()["AccountQuotas"].clone();
    let used = |name: &str| {
        quotas.as_array().unwrap().iter().find(|q| q["AccountQuotaName"] == name).unwrap()["Used"].clone()
    };
    assert_eq!(
        (used("DBInstances"), used("DBClusters"), used("AllocatedStorage")),
        (json!(3), json!(1), json!(100))
    );
    assert_eq!((used("ManualSnapshots"), used("ManualClusterSnapshots")), (json!(1), json!(1)));
}

#[test]
fn an_instance_that_stands_alone_is_created_and_backed_up() {
    let mut table = Table::new();
    let create = json!({"DBInstanceIdentifier": "stock", "DBInstanceClass": "db.t4g.medium", "Engine": "mysql",
        "AllocatedStorage": 50, "MasterUsername": "admin", "MasterUserPassword": "long enough", "DBSubnetGroupName": "shop-db"});
    let answer = table.call("CreateDBInstance", create).unwrap();
    assert!(!answer.to_string().contains("long enough"));
    let seen = table.film(|t| status(&t.by_name("stock").unwrap()));
    assert_eq!(seen, ["creating", "backing-up", "available"]);
    let db = table.by_name("stock").unwrap();
    assert_eq!((&db["Endpoint"]["Port"], &db["EngineVersion"]), (&json!(3306), &json!("8.0.41")));
    assert_eq!(db["DBParameterGroups"][0]["DBParameterGroupName"], "default.mysql8.0");
    assert!(db["LatestRestorableTime"].is_string());
}

#[test]
fn roles_of_a_cluster_are_added_once() {
    let mut table = Table::new();
    let role = json!({"DBClusterIdentifier": "shop", "RoleArn": "arn:aws:iam::111122223333:role/import", "FeatureName": "s3Import"});
    table.call("AddRoleToDBCluster", role.clone()).unwrap();
    let roles = table.cluster("shop").unwrap()["AssociatedRoles"].clone();
    assert_eq!(
        roles[1],
        json!({"RoleArn": "arn:aws:iam::111122223333:role/import", "FeatureName": "s3Import", "Status": "ACTIVE"})
    );
    assert_eq!(table.code("AddRoleToDBCluster", role), "DBClusterRoleAlreadyExists");
}
