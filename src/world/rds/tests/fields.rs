//! The full set of members: what a populated resource has, and why it has not the rest.

use serde_json::{Value, json};

use super::{Table, rename, restore, restore_shop};
use crate::catalogue::Shape;
use crate::world::given::Given;

/// Members that a populated `postgres` instance in a VPC does not have.
const NOT_ON_AN_INSTANCE: &[(&str, &str)] = &[
    ("ReadReplicaSourceDBInstanceIdentifier", "it is no replica"),
    ("ReadReplicaSourceDBClusterIdentifier", "it is no replica"),
    ("ReadReplicaDBClusterIdentifiers", "no Aurora cluster replicates it"),
    ("ReplicaMode", "replicas of Db2 and Oracle"),
    ("StatusInfos", "replicas"),
    ("CharacterSetName", "Oracle, SQL Server"),
    ("NcharCharacterSetName", "Oracle"),
    ("TdeCredentialArn", "Oracle and SQL Server with TDE"),
    ("Timezone", "Db2 and SQL Server"),
    ("ListenerEndpoint", "SQL Server Always On"),
    ("ProcessorFeatures", "shown where they are set, Oracle and SQL Server"),
    ("MultiTenant", "Oracle CDB"),
    ("DBSystemId", "RDS Custom for Oracle"),
    ("CustomIamInstanceProfile", "RDS Custom"),
    ("AutomationMode", "RDS Custom"),
    ("ResumeFullAutomationModeTime", "RDS Custom"),
    ("AdditionalStorageVolumes", "Oracle, SQL Server"),
    ("StorageVolumeStatus", "additional volumes of Oracle and SQL Server"),
    ("DBClusterIdentifier", "members of a cluster"),
    ("PromotionTier", "members of a cluster"),
    ("ActivityStreamKmsKeyId", "a running activity stream (Oracle, SQL Server)"),
    ("ActivityStreamKinesisStreamName", "a running activity stream (Oracle, SQL Server)"),
    ("ActivityStreamMode", "a running activity stream (Oracle, SQL Server)"),
    ("ActivityStreamEngineNativeAuditFieldsIncluded", "a running activity stream (Oracle)"),
    ("ActivityStreamPolicyStatus", "activity streams of Oracle and SQL Server"),
    ("AwsBackupRecoveryPointArn", "continuous backups of AWS Backup"),
    ("DBInstanceAutomatedBackupsReplications", "backups that are replicated to another region"),
    ("AutomaticRestartTime", "a stopped instance"),
    ("PercentProgress", "while storage is optimised"),
    ("StorageOperationStatus", "while a storage operation runs"),
    ("StorageOperationPercentProgress", "while a storage operation runs"),
    ("DBCapacityReservationIdentifier", "capacity reservations"),
    ("MasterUserSecret", "a password that RDS manages: where the description says so"),
];
/// Members of an instance that a member of a cluster does not have, besides.
const NOT_ON_A_MEMBER: &[(&str, &str)] = &[
    ("DBName", "belongs to the cluster"),
    ("Iops", "the volume of the cluster has none"),
    ("StorageThroughput", "the volume of the cluster has none"),
    ("MaxAllocatedStorage", "the volume of the cluster grows by itself"),
    ("LatestRestorableTime", "belongs to the cluster"),
    ("SecondaryAvailabilityZone", "belongs to Multi-AZ instances"),
];
/// Members that a populated `aurora-postgresql` cluster with Serverless v2 does not have.
const NOT_ON_A_CLUSTER: &[(&str, &str)] = &[
    ("CharacterSetName", "the model keeps it for other engines"),
    ("PercentProgress", "while an operation reports it"),
    ("CustomEndpoints", "none was created, and none come back"),
    ("ReplicationSourceIdentifier", "it is no replica"),
    ("StatusInfos", "reserved"),
    ("DBClusterOptionGroupMemberships", "option groups of clusters can't be changed and are not shown"),
    ("CloneGroupId", "clones and their sources"),
    ("EarliestBacktrackTime", "Aurora MySQL with backtrack"),
    ("BacktrackWindow", "Aurora MySQL with backtrack"),
    ("BacktrackConsumedChangeRecords", "Aurora MySQL with backtrack"),
    ("Capacity", "Serverless v1"),
    ("ScalingConfigurationInfo", "Serverless v1"),
    ("PendingModifiedValues", "while something waits"),
    ("RdsCustomClusterConfiguration", "reserved"),
    ("DBClusterInstanceClass", "Multi-AZ clusters that are not Aurora"),
    ("Iops", "Multi-AZ clusters that are not Aurora"),
    ("StorageThroughput", "Multi-AZ clusters that are not Aurora"),
    ("CertificateDetails", "Multi-AZ clusters that are not Aurora"),
    ("IOOptimizedNextAllowedModificationTime", "after a change to aurora-iopt1"),
    ("ActivityStreamMode", "a running activity stream"),
    ("ActivityStreamKmsKeyId", "a running activity stream"),
    ("ActivityStreamKinesisStreamName", "a running activity stream"),
    ("GlobalClusterIdentifier", "global databases"),
    ("GlobalWriteForwardingStatus", "global databases"),
    ("GlobalWriteForwardingRequested", "global databases"),
    ("AutomaticRestartTime", "a stopped cluster"),
    ("DBSystemId", "reserved"),
    ("MasterUserSecret", "a password that RDS manages: where the description says so"),
    ("AwsBackupRecoveryPointArn", "continuous backups of AWS Backup"),
    ("LimitlessDatabase", "Aurora Limitless"),
    ("VPCNetworkingEnabled", "clusters of express configuration"),
    ("InternetAccessGatewayEnabled", "clusters of express configuration"),
];
const NOT_ON_A_SNAPSHOT: &[(&str, &str)] = &[
    ("SourceRegion", "copies"),
    ("SourceDBSnapshotIdentifier", "copies"),
    ("TdeCredentialArn", "Oracle and SQL Server with TDE"),
    ("Timezone", "SQL Server"),
    ("ProcessorFeatures", "Oracle, SQL Server"),
    ("DBSystemId", "Oracle"),
    ("MultiTenant", "Oracle CDB"),
    ("AdditionalStorageVolumes", "Oracle, SQL Server"),
    ("SnapshotAvailabilityZone", "Dedicated Local Zones"),
];
const NOT_ON_A_CLUSTER_SNAPSHOT: &[(&str, &str)] = &[
    ("SourceDBClusterSnapshotArn", "copies"),
    ("StorageThroughput", "Multi-AZ clusters that are not Aurora"),
    ("DBSystemId", "reserved"),
];
const NOT_ON_AN_AUTOMATED_BACKUP: &[(&str, &str)] = &[
    ("TdeCredentialArn", "Oracle and SQL Server with TDE"),
    ("Timezone", "SQL Server"),
    ("DBInstanceAutomatedBackupsReplications", "backups that are replicated to another region"),
    ("MultiTenant", "Oracle CDB"),
    ("AwsBackupRecoveryPointArn", "continuous backups of AWS Backup"),
    ("AdditionalStorageVolumes", "Oracle, SQL Server"),
    ("StorageType", "of clusters: Multi-AZ clusters that are not Aurora"),
    ("Iops", "of clusters: Multi-AZ clusters that are not Aurora"),
    ("StorageThroughput", "of clusters: Multi-AZ clusters that are not Aurora"),
];
/// What is off or empty on a populated resource, and says something by it.
const EMPTY: &[(&str, &str)] = &[
    ("DBSecurityGroups", "EC2-Classic is gone"),
    ("ReadReplicaDBInstanceIdentifiers", "no replicas"),
    ("ReadReplicaIdentifiers", "no replicas"),
    ("DomainMemberships", "no Active Directory"),
    ("PendingModifiedValues", "nothing waits"),
    ("PubliclyAccessible", "private"),
    ("CustomerOwnedIpEnabled", "RDS on Outposts"),
    ("DedicatedLogVolume", "a choice"),
    ("IsStorageConfigUpgradeAvailable", "nothing to upgrade"),
    ("CrossAccountClone", "no clone"),
    ("DeletionProtection", "an instance of a cluster is protected by it"),
    ("CopyTagsToSnapshot", "an instance of a cluster leaves it to that"),
    ("AssociatedRoles", "roles of a cluster are its own"),
    ("MultiAZ", "an instance of a cluster is in one zone"),
    ("TagList", "a snapshot has none of its own"),
    ("DBClusterMembers", "a serverless v1 cluster has none"),
];

/// Members by name, values by kind, and nothing that is null.
fn fits(shape: &str, doc: &Value) {
    let known = Shape::named("rds", shape);
    assert!(known.is_some(), "{shape}");
    Given::new((shape, ""), doc, known, &[]).map(drop).unwrap();
    assert!(!doc.as_object().unwrap().values().any(Value::is_null), "{doc}");
}

fn check(shape: &str, doc: &Value, absent: &[&[(&str, &str)]]) {
    fits(shape, doc);
    let members = Shape::named("rds", shape).unwrap().members().map(|(name, _)| name);
    for name in members {
        let excused = absent.iter().any(|list| list.iter().any(|(known, _)| *known == name));
        assert_eq!(doc[name].is_null(), excused, "{shape}.{name}: {}", doc[name]);
        let empty = doc[name] == json!([])
            || doc[name] == json!({})
            || doc[name] == json!(false)
            || doc[name] == json!("");
        assert!(!empty || EMPTY.iter().any(|(known, _)| *known == name), "{shape}.{name} is empty");
    }
}

#[test]
fn an_instance_has_every_member_or_a_reason_why_not() {
    let mut table = Table::new();
    check("DBInstance", &table.by_name("orders").unwrap(), &[NOT_ON_AN_INSTANCE]);
    let of_cluster = ["DBClusterIdentifier", "PromotionTier"];
    let not: Vec<_> =
        NOT_ON_AN_INSTANCE.iter().filter(|(name, _)| !of_cluster.contains(name)).copied().collect();
    check("DBInstance", &table.by_name("shop-1").unwrap(), &[&not, NOT_ON_A_MEMBER]);
}

#[test]
fn a_cluster_has_every_member_or_a_reason_why_not() {
    let mut table = Table::new();
    check("DBCluster", &table.cluster("shop").unwrap(), &[NOT_ON_A_CLUSTER]);
    table.with(|rds, moment| {
        rds.place_cluster(&json!({"DBClusterIdentifier": "v1", "EngineMode": "serverless"}), moment).unwrap();
    });
    let not: Vec<_> = NOT_ON_A_CLUSTER
        .iter()
        .filter(|(name, _)| !matches!(*name, "Capacity" | "ScalingConfigurationInfo"))
        .copied()
        .collect();
    let v1 = [
        ("ReaderEndpoint", "no readers"),
        ("ServerlessV2ScalingConfiguration", "version 1"),
        ("ServerlessV2PlatformVersion", "version 1"),
        ("MultiAZ", "no instances"),
    ];
    let mut doc = table.cluster("v1").unwrap();
    assert_eq!(doc["MultiAZ"], false);
    doc["MultiAZ"] = Value::Null;
    check("DBCluster", &without_null(&doc), &[&not, &v1]);
}

fn without_null(doc: &Value) -> Value {
    let mut doc = doc.clone();
    doc.as_object_mut().unwrap().retain(|_, v| !v.is_null());
    doc
}

#[test]
fn snapshots_have_every_member_or_a_reason_why_not() {
    let mut table = Table::new();
    let one = table.call("DescribeDBSnapshots", json!({})).unwrap()["DBSnapshots"][0].clone();
    check("DBSnapshot", &one, &[NOT_ON_A_SNAPSHOT]);
    let one = table.call("DescribeDBClusterSnapshots", json!({})).unwrap()["DBClusterSnapshots"][0].clone();
    check("DBClusterSnapshot", &one, &[NOT_ON_A_CLUSTER_SNAPSHOT]);
}

#[test]
fn automated_backups_have_every_member_or_a_reason_why_not() {
    let mut table = Table::new();
    let storage = ["StorageType", "Iops", "StorageThroughput"];
    let not: Vec<_> =
        NOT_ON_AN_AUTOMATED_BACKUP.iter().filter(|(name, _)| !storage.contains(name)).copied().collect();
    let rows = table.call("DescribeDBInstanceAutomatedBackups", json!({})).unwrap();
    check("DBInstanceAutomatedBackup", &rows["DBInstanceAutomatedBackups"][0], &[&not]);
    let rows = table.call("DescribeDBClusterAutomatedBackups", json!({})).unwrap();
    check("DBClusterAutomatedBackup", &rows["DBClusterAutomatedBackups"][0], &[NOT_ON_AN_AUTOMATED_BACKUP]);
}

#[test]
fn groups_and_events_have_every_member() {
    let mut table = Table::new();
    for (operation, list, shape) in [
        ("DescribeDBSubnetGroups", "DBSubnetGroups", "DBSubnetGroup"),
        ("DescribeDBParameterGroups", "DBParameterGroups", "DBParameterGroup"),
        ("DescribeDBClusterParameterGroups", "DBClusterParameterGroups", "DBClusterParameterGroup"),
    ] {
        let answer = table.call(operation, json!({})).unwrap();
        check(shape, &answer[list][0], &[]);
    }
    table.call("ModifyDBInstance", rename("parked")).unwrap();
    table.film(|t| t.now);
    let events = table.call("DescribeEvents", json!({"Duration": 600})).unwrap();
    check("Event", &events["Events"][0], &[]);
}

/// On its way too, nothing is shown that the model does not know.
#[test]
fn every_answer_fits_the_service_model_at_every_moment() {
    let mut table = Table::new();
    table.call("RestoreDBInstanceFromDBSnapshot", restore("o2")).unwrap();
    table.call("RestoreDBClusterFromSnapshot", restore_shop("shop2")).unwrap();
    table
        .call(
            "ModifyDBInstance",
            json!({"DBInstanceIdentifier": "shop-1", "MasterUserPassword": "long enough"}),
        )
        .unwrap();
    let pending = json!({"DBInstanceIdentifier": "orders", "DBPortNumber": 6000, "ManageMasterUserPassword": true, "EngineVersion": "16.8"});
    table.call("ModifyDBInstance", pending).unwrap();
    let pending = json!({"DBClusterIdentifier": "shop", "EngineVersion": "16.8", "ManageMasterUserPassword": true, "NewDBClusterIdentifier": "shop-x"});
    table.call("ModifyDBCluster", pending).unwrap();
    table.film_for(crate::ids::Span::mins(300), |t| {
        for (operation, list, shape) in [
            ("DescribeDBInstances", "DBInstances", "DBInstance"),
            ("DescribeDBClusters", "DBClusters", "DBCluster"),
            ("DescribeAccountAttributes", "AccountQuotas", "AccountQuota"),
            ("DescribeDBInstanceAutomatedBackups", "DBInstanceAutomatedBackups", "DBInstanceAutomatedBackup"),
            ("DescribeDBClusterAutomatedBackups", "DBClusterAutomatedBackups", "DBClusterAutomatedBackup"),
        ] {
            let answer = t.call(operation, json!({})).unwrap();
            for row in
                answer[list].as_array().unwrap().iter().filter(|_| Shape::named("rds", shape).is_some())
            {
                fits(shape, row);
            }
        }
    });
    assert!(table.cluster("shop-x").unwrap()["MasterUserSecret"]["SecretArn"].is_string());
}
