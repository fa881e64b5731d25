//! Every code of the RDS table of `aws.md` §1 that this world can answer: what leads to it, code and status.

mod rest;

use serde_json::{Value, json};

use super::{KEY, Table, restore, restore_shop, shop_to_point, to_point, with};

type Arrange = fn(&mut Table);

fn nothing(_: &mut Table) {}

fn key_lost(table: &mut Table) {
    table.with(|rds, moment| rds.disable_key(KEY, moment));
}

fn class_scarce(table: &mut Table) {
    table.with(|rds, _| rds.scarce.push("db.r6g.large".into()));
}

fn no_instances_left(table: &mut Table) {
    table.with(|rds, _| rds.quotas.instances = 3);
}

fn no_storage_left(table: &mut Table) {
    table.with(|rds, _| rds.quotas.storage = 100);
}

fn no_snapshots_left(table: &mut Table) {
    table.with(|rds, _| {
        rds.quotas.manual_snapshots = 1;
        rds.quotas.manual_cluster_snapshots = 1;
    });
}

fn no_clusters_left(table: &mut Table) {
    table.with(|rds, _| rds.quotas.clusters = 1);
}

/// Subnet groups of which each has one thing wrong with it.
fn odd_groups(table: &mut Table) {
    table.with(|rds, moment| {
        let zone = |name: &str| json!({"SubnetAvailabilityZone": {"Name": name}, "SubnetStatus": "Active"});
        for group in [
            json!({"DBSubnetGroupName": "partial", "SubnetGroupStatus": "Incomplete", "VpcId": "vpc-shop"}),
            json!({"DBSubnetGroupName": "broken", "VpcId": "vpc-shop", "Subnets": [{"SubnetIdentifier": "subnet-1", "SubnetStatus": "Inactive"}]}),
            json!({"DBSubnetGroupName": "narrow", "VpcId": "vpc-shop", "Subnets": [zone("eu-west-1a")]}),
        ] {
            rds.place_subnet_group(&group, moment).unwrap();
        }
        rds.subnet_groups.push(json!({"DBSubnetGroupName": "classic"}));
        let old = json!({"DBParameterGroupName": "old", "DBParameterGroupFamily": "postgres13"});
        rds.place_parameter_group(&old, moment).unwrap();
    });
}

fn busy(table: &mut Table) {
    table.call("RebootDBInstance", json!({"DBInstanceIdentifier": "orders"})).unwrap();
    table.call("RestoreDBClusterToPointInTime", shop_to_point("busy")).unwrap();
}

fn unprotected(table: &mut Table) {
    table
        .call("ModifyDBInstance", json!({"DBInstanceIdentifier": "orders", "DeletionProtection": false}))
        .unwrap();
    table
        .call("ModifyDBCluster", json!({"DBClusterIdentifier": "shop", "DeletionProtection": false}))
        .unwrap();
}

fn memberless(table: &mut Table) {
    unprotected(table);
    for name in ["shop-1", "shop-2"] {
        table.call("DeleteDBInstance", json!({"DBInstanceIdentifier": name})).unwrap();
    }
}

fn check(operation: &str, cases: Vec<(Arrange, Value, &str, u16)>) {
    for (arrange, call, code, status) in cases {
        let mut table = Table::new();
        arrange(&mut table);
        let before = format!("{:?}", table.rds().instances);
        let refused = table.call(operation, call.clone()).expect_err(&call.to_string());
        assert_eq!(
            (refused.code.as_str(), refused.status),
            (code, status),
            "{operation} {call}: {}",
            refused.message
        );
        assert_eq!(format!("{:?}", table.rds().instances), before, "a refused call changes nothing");
    }
}

fn group(call: Value, name: &str) -> Value {
    with(call, "DBSubnetGroupName", json!(name))
}

/// What stands against every new instance, whatever it is made from.
fn any_restore(call: &Value) -> Vec<(Arrange, Value, &'static str, u16)> {
    let c = || call.clone();
    vec![
        (no_instances_left, c(), "InstanceQuotaExceeded", 400),
        (no_storage_left, c(), "StorageQuotaExceeded", 400),
        (class_scarce, c(), "InsufficientDBInstanceCapacity", 400),
        (key_lost, c(), "KMSKeyNotAccessibleFault", 400),
        (nothing, group(c(), "none"), "DBSubnetGroupNotFoundFault", 404),
        (odd_groups, group(c(), "partial"), "InvalidVPCNetworkStateFault", 400),
        (odd_groups, group(c(), "broken"), "InvalidSubnet", 400),
        (odd_groups, group(c(), "classic"), "InvalidRestoreFault", 400),
        (
            odd_groups,
            with(group(c(), "narrow"), "MultiAZ", json!(true)),
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            400,
        ),
        (nothing, with(c(), "DBParameterGroupName", json!("none")), "DBParameterGroupNotFound", 404),
        (odd_groups, with(c(), "DBParameterGroupName", json!("old")), "InvalidParameterCombination", 400),
        (nothing, with(c(), "VpcSecurityGroupIds", json!(["sg-none"])), "InvalidParameterValue", 400),
        (nothing, with(c(), "VpcSecurityGroupIds", json!(["sg-else"])), "InvalidParameterCombination", 400),
    ]
}

#[test]
fn restores_of_instances() {
    let mut cases = any_restore(&restore("orders2"));
    cases.extend([
        (nothing as Arrange, restore("orders"), "DBInstanceAlreadyExists", 400),
        (nothing, restore("no_such-name"), "InvalidParameterValue", 400),
        (nothing, with(restore("orders2"), "DBSnapshotIdentifier", json!("none")), "DBSnapshotNotFound", 404),
    ]);
    check("RestoreDBInstanceFromDBSnapshot", cases);
    let mut cases = any_restore(&to_point("orders2"));
    let by_arn = json!({"TargetDBInstanceIdentifier": "o2", "UseLatestRestorableTime": true,
        "SourceDBInstanceAutomatedBackupsArn": "arn:aws:rds:eu-west-1:111122223333:auto-backup:ab-none"});
    cases.extend([
        (nothing as Arrange, to_point("orders"), "DBInstanceAlreadyExists", 400),
        (
            nothing,
            with(to_point("o2"), "SourceDBInstanceIdentifier", json!("none")),
            "DBInstanceNotFound",
            404,
        ),
        (nothing, by_arn, "DBInstanceAutomatedBackupNotFound", 404),
        (
            nothing,
            with(to_point("o2"), "SourceDBInstanceIdentifier", json!("shop-1")),
            "InvalidDBInstanceState",
            400,
        ),
    ]);
    check("RestoreDBInstanceToPointInTime", cases);
}

/// What stands against every new cluster, whatever it is made from.
fn any_cluster_restore(call: &Value) -> Vec<(Arrange, Value, &'static str, u16)> {
    let c = || call.clone();
    vec![
        (nothing, with(c(), "DBClusterIdentifier", json!("shop")), "DBClusterAlreadyExistsFault", 400),
        (nothing, with(c(), "DBClusterIdentifier", json!("2fast")), "InvalidParameterValue", 400),
        (no_clusters_left, c(), "DBClusterQuotaExceededFault", 403),
        (no_storage_left, c(), "StorageQuotaExceeded", 400),
        (key_lost, c(), "KMSKeyNotAccessibleFault", 400),
        (nothing, group(c(), "none"), "DBSubnetGroupNotFoundFault", 404),
        (odd_groups, group(c(), "partial"), "InvalidVPCNetworkStateFault", 400),
        (odd_groups, group(c(), "broken"), "InvalidSubnet", 400),
        (odd_groups, group(c(), "classic"), "InvalidRestoreFault", 400),
        (
            nothing,
            with(c(), "DBClusterParameterGroupName", json!("none")),
            "DBClusterParameterGroupNotFound",
            404,
        ),
        (nothing, with(c(), "VpcSecurityGroupIds", json!(["sg-else"])), "InvalidParameterCombination", 400),
    ]
}

#[test]
fn restores_of_clusters() {
    let mut cases = any_cluster_restore(&restore_shop("shop2"));
    cases.extend([
        (
            nothing as Arrange,
            with(restore_shop("s2"), "SnapshotIdentifier", json!("none")),
            "DBClusterSnapshotNotFoundFault",
            404,
        ),
        (
            nothing,
            with(restore_shop("s2"), "Engine", json!("aurora-mysql")),
            "InvalidParameterCombination",
            400,
        ),
    ]);
    check("RestoreDBClusterFromSnapshot", cases);
    let mut cases = any_cluster_restore(&shop_to_point("shop2"));
    let gone = json!({"DBClusterIdentifier": "s2", "SourceDbClusterResourceId": "cluster-NONE", "UseLatestRestorableTime": true});
    cases.extend([
        (
            nothing as Arrange,
            with(shop_to_point("s2"), "SourceDBClusterIdentifier", json!("none")),
            "DBClusterNotFoundFault",
            404,
        ),
        (nothing, gone, "DBClusterAutomatedBackupNotFoundFault", 404),
        (
            busy,
            with(shop_to_point("s2"), "SourceDBClusterIdentifier", json!("busy")),
            "InvalidDBClusterStateFault",
            400,
        ),
        (nothing, with(shop_to_point("s2"), "RestoreType", json!("half-copy")), "InvalidParameterValue", 400),
    ]);
    check("RestoreDBClusterToPointInTime", cases);
}
