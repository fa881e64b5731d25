//! Everything but restores.

use serde_json::{Value, json};

use super::super::{KEY, member, rename, with};
use super::{
    busy, check, class_scarce, key_lost, memberless, no_instances_left, no_snapshots_left, no_storage_left,
    nothing, unprotected,
};

#[test]
fn new_instances() {
    let lone = json!({"DBInstanceIdentifier": "stock", "DBInstanceClass": "db.r6g.large", "Engine": "postgres", "AllocatedStorage": 20});
    check(
        "CreateDBInstance",
        vec![
            (nothing, member("shop-1", "shop"), "DBInstanceAlreadyExists", 400),
            (nothing, member("shop-3", "none"), "DBClusterNotFoundFault", 404),
            (busy, member("busy-1", "busy"), "InvalidDBClusterStateFault", 400),
            (
                nothing,
                with(member("shop-3", "shop"), "Engine", json!("aurora-mysql")),
                "InvalidParameterCombination",
                400,
            ),
            (no_instances_left, member("shop-3", "shop"), "InstanceQuotaExceeded", 400),
            (class_scarce, member("shop-3", "shop"), "InsufficientDBInstanceCapacity", 400),
            (
                nothing,
                with(member("shop-3", "shop"), "DBParameterGroupName", json!("none")),
                "DBParameterGroupNotFound",
                404,
            ),
            (no_storage_left, lone.clone(), "StorageQuotaExceeded", 400),
            (key_lost, with(lone, "KmsKeyId", json!(KEY)), "KMSKeyNotAccessibleFault", 400),
            (nothing, json!({"DBInstanceIdentifier": "x", "Engine": "postgres"}), "MissingParameter", 400),
        ],
    );
}

#[test]
fn changes() {
    let of = |given: Value| with(given, "DBInstanceIdentifier", json!("orders"));
    check(
        "ModifyDBInstance",
        vec![
            (nothing, json!({"DBInstanceIdentifier": "none"}), "DBInstanceNotFound", 404),
            (nothing, rename("shop-1"), "DBInstanceAlreadyExists", 400),
            (nothing, rename("a--b"), "InvalidParameterValue", 400),
            (busy, of(json!({"MultiAZ": false})), "InvalidDBInstanceState", 400),
            (key_lost, of(json!({"MultiAZ": false})), "KMSKeyNotAccessibleFault", 400),
            (no_storage_left, of(json!({"AllocatedStorage": 200})), "StorageQuotaExceeded", 400),
            (
                class_scarce,
                of(json!({"DBInstanceClass": "db.r6g.large"})),
                "InsufficientDBInstanceCapacity",
                400,
            ),
            (nothing, of(json!({"DBParameterGroupName": "none"})), "DBParameterGroupNotFound", 404),
        ],
    );
    let of = |given: Value| with(given, "DBClusterIdentifier", json!("shop"));
    let to_busy = of(json!({"NewDBClusterIdentifier": "busy"}));
    check(
        "ModifyDBCluster",
        vec![
            (nothing, json!({"DBClusterIdentifier": "none"}), "DBClusterNotFoundFault", 404),
            (busy, to_busy, "DBClusterAlreadyExistsFault", 400),
            (
                busy,
                json!({"DBClusterIdentifier": "busy", "DeletionProtection": true}),
                "InvalidDBClusterStateFault",
                400,
            ),
            (key_lost, of(json!({"DeletionProtection": true})), "KMSKeyNotAccessibleFault", 400),
            (
                nothing,
                of(json!({"DBClusterParameterGroupName": "none"})),
                "DBClusterParameterGroupNotFound",
                404,
            ),
            (
                nothing,
                of(json!({"ScalingConfiguration": {"MinCapacity": 2}})),
                "InvalidParameterCombination",
                400,
            ),
        ],
    );
}

#[test]
fn snapshots() {
    let of = |source: &str, id: &str| json!({"DBInstanceIdentifier": source, "DBSnapshotIdentifier": id});
    check(
        "CreateDBSnapshot",
        vec![
            (nothing, of("orders", "nightly"), "DBSnapshotAlreadyExists", 400),
            (nothing, of("none", "new"), "DBInstanceNotFound", 404),
            (nothing, of("shop-1", "new"), "InvalidParameterValue", 400),
            (nothing, of("orders", "awsbackup:job-1"), "InvalidParameterValue", 400),
            (busy, of("orders", "new"), "InvalidDBInstanceState", 400),
            (no_snapshots_left, of("orders", "new"), "SnapshotQuotaExceeded", 400),
        ],
    );
    let of =
        |source: &str, id: &str| json!({"DBClusterIdentifier": source, "DBClusterSnapshotIdentifier": id});
    check(
        "CreateDBClusterSnapshot",
        vec![
            (nothing, of("shop", "shop-nightly"), "DBClusterSnapshotAlreadyExistsFault", 400),
            (nothing, of("none", "new"), "DBClusterNotFoundFault", 404),
            (busy, of("busy", "new"), "InvalidDBClusterStateFault", 400),
            (no_snapshots_left, of("shop", "new"), "SnapshotQuotaExceeded", 400),
        ],
    );
}

#[test]
fn ends() {
    let delete = |more: Value| with(more, "DBInstanceIdentifier", json!("orders"));
    let last = |id: &str| json!({"FinalDBSnapshotIdentifier": id});
    check(
        "DeleteDBInstance",
        vec![
            (
                nothing,
                json!({"DBInstanceIdentifier": "none", "SkipFinalSnapshot": true}),
                "DBInstanceNotFound",
                404,
            ),
            (nothing, delete(json!({"SkipFinalSnapshot": true})), "InvalidParameterCombination", 400),
            (unprotected, delete(json!({})), "InvalidParameterCombination", 400),
            (
                unprotected,
                delete(with(last("x"), "SkipFinalSnapshot", json!(true))),
                "InvalidParameterCombination",
                400,
            ),
            (unprotected, delete(last("nightly")), "DBSnapshotAlreadyExists", 400),
            (memberless, json!({"DBInstanceIdentifier": "shop-1"}), "InvalidDBInstanceState", 400),
            (
                |t| {
                    unprotected(t);
                    no_snapshots_left(t);
                },
                delete(last("x")),
                "SnapshotQuotaExceeded",
                400,
            ),
        ],
    );
    let delete = |more: Value| with(more, "DBClusterIdentifier", json!("shop"));
    check(
        "DeleteDBCluster",
        vec![
            (
                nothing,
                json!({"DBClusterIdentifier": "none", "SkipFinalSnapshot": true}),
                "DBClusterNotFoundFault",
                404,
            ),
            (nothing, delete(json!({"SkipFinalSnapshot": true})), "InvalidParameterCombination", 400),
            (unprotected, delete(json!({"SkipFinalSnapshot": true})), "InvalidDBClusterStateFault", 400),
            (memberless, delete(json!({})), "InvalidParameterCombination", 400),
            (memberless, delete(last("shop-nightly")), "DBClusterSnapshotAlreadyExistsFault", 400),
        ],
    );
}

#[test]
fn reads_and_the_rest() {
    let arn = |rest: &str| json!({"ResourceName": format!("arn:aws:rds:eu-west-1:111122223333:{rest}")});
    let one = |operation: &str, call: Value, code: &str| check(operation, vec![(nothing, call, code, 404)]);
    one("DescribeDBInstances", json!({"DBInstanceIdentifier": "none"}), "DBInstanceNotFound");
    one("DescribeDBClusters", json!({"DBClusterIdentifier": "none"}), "DBClusterNotFoundFault");
    one("DescribeDBSnapshots", json!({"DBSnapshotIdentifier": "none"}), "DBSnapshotNotFound");
    one(
        "DescribeDBClusterSnapshots",
        json!({"DBClusterSnapshotIdentifier": "none"}),
        "DBClusterSnapshotNotFoundFault",
    );
    one(
        "DescribeDBInstanceAutomatedBackups",
        json!({"DbiResourceId": "db-NONE"}),
        "DBInstanceAutomatedBackupNotFound",
    );
    one(
        "DescribeDBClusterAutomatedBackups",
        json!({"DbClusterResourceId": "cluster-NONE"}),
        "DBClusterAutomatedBackupNotFoundFault",
    );
    one("DescribeDBSubnetGroups", json!({"DBSubnetGroupName": "none"}), "DBSubnetGroupNotFoundFault");
    one("DescribeDBParameterGroups", json!({"DBParameterGroupName": "none"}), "DBParameterGroupNotFound");
    one(
        "DescribeDBClusterParameterGroups",
        json!({"DBClusterParameterGroupName": "none"}),
        "DBParameterGroupNotFound",
    );
    one("ListTagsForResource", arn("db:none"), "DBInstanceNotFound");
    one("ListTagsForResource", arn("cluster:none"), "DBClusterNotFoundFault");
    one("RemoveTagsFromResource", arn("snapshot:none"), "DBSnapshotNotFound");
    one("AddTagsToResource", arn("cluster-snapshot:none"), "DBClusterSnapshotNotFoundFault");
    one(
        "EnableHttpEndpoint",
        json!({"ResourceArn": "arn:aws:rds:eu-west-1:111122223333:cluster:none"}),
        "ResourceNotFoundFault",
    );
    one(
        "AddRoleToDBCluster",
        json!({"DBClusterIdentifier": "none", "RoleArn": "r"}),
        "DBClusterNotFoundFault",
    );
    let events = json!({"SourceIdentifier": "orders"});
    check("DescribeEvents", vec![(nothing, events, "InvalidParameterCombination", 400)]);
    let role = json!({"DBInstanceIdentifier": "orders", "RoleArn": "r", "FeatureName": "s3Export"});
    check(
        "AddRoleToDBInstance",
        vec![
            (nothing, role.clone(), "DBInstanceRoleAlreadyExists", 400),
            (busy, role, "InvalidDBInstanceState", 400),
        ],
    );
    let reboot = json!({"DBInstanceIdentifier": "orders"});
    check(
        "RebootDBInstance",
        vec![
            (busy, reboot.clone(), "InvalidDBInstanceState", 400),
            (key_lost, reboot, "KMSKeyNotAccessibleFault", 400),
        ],
    );
    check("DropDatabase", vec![(nothing, json!({}), "InvalidAction", 400)]);
}
