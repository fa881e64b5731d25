//! The full set of members of a cluster: what every one has, and what one that is well kept has.

use serde_json::{Map, Value, json};

use crate::world::Moment;
use crate::world::rds::instance::{HOSTED_ZONE, domain, insights, keep, role};
use crate::world::rds::{engine, members, number, of, window};

/// A new cluster in a subnet group, nothing turned on.
pub(in crate::world::rds) fn base(
    id: &str,
    resource: &str,
    group: &str,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let region = &moment.site.region;
    let mut doc = members([
        ("AllocatedStorage", 1.into()),
        ("AvailabilityZones", json!(["a", "b", "c"].map(|zone| format!("{region}{zone}")))),
        ("BackupRetentionPeriod", 1.into()),
        ("DBClusterIdentifier", id.into()),
        ("DBSubnetGroup", group.into()),
        ("Status", "creating".into()),
        ("Engine", "aurora-postgresql".into()),
        ("PreferredBackupWindow", "02:09-02:39".into()),
        ("PreferredMaintenanceWindow", window::assigned(id, moment).into()),
        ("UpgradeRolloutOrder", "second".into()),
        ("ReadReplicaIdentifiers", json!([])),
        ("HostedZoneId", HOSTED_ZONE.into()),
        ("DbClusterResourceId", resource.into()),
        ("AssociatedRoles", json!([])),
        ("ClusterCreateTime", moment.now.rfc3339().into()),
        ("EngineMode", "provisioned".into()),
        ("StorageType", "aurora".into()),
        ("AutoMinorVersionUpgrade", true.into()),
        ("ActivityStreamStatus", "stopped".into()),
        ("DomainMemberships", json!([])),
        ("TagList", json!([])),
        ("NetworkType", "IPV4".into()),
        ("MonitoringInterval", 0.into()),
        ("DatabaseInsightsMode", "standard".into()),
        ("LocalWriteForwardingStatus", "disabled".into()),
        ("ClusterScalabilityType", "standard".into()),
        ("EngineLifecycleSupport", "open-source-rds-extended-support".into()),
    ]);
    for name in OFF {
        doc.insert((*name).to_owned(), false.into());
    }
    doc
}

/// What a restore puts back, and a new cluster begins with.
const OFF: &[&str] = &[
    "StorageEncrypted",
    "IAMDatabaseAuthenticationEnabled",
    "DeletionProtection",
    "HttpEndpointEnabled",
    "CopyTagsToSnapshot",
    "CrossAccountClone",
    "PubliclyAccessible",
    "PerformanceInsightsEnabled",
];

/// What a cluster of a well-kept production has that a new one has not.
pub(in crate::world::rds) fn populated(engine: &str, moment: &Moment<'_>) -> Map<String, Value> {
    members([
        ("BackupRetentionPeriod", 14.into()),
        ("DatabaseName", "app".into()),
        ("StorageEncrypted", true.into()),
        ("KmsKeyId", moment.arn("kms", "key/6f1c1a5e-22b4-4f6e-9a53-7d2f0c4b8e11").into()),
        (
            "AssociatedRoles",
            json!([{"RoleArn": role("aurora-export", moment), "FeatureName": "s3Export", "Status": "ACTIVE"}]),
        ),
        ("IAMDatabaseAuthenticationEnabled", true.into()),
        ("EnabledCloudwatchLogsExports", json!(engine::logs(engine))),
        ("DeletionProtection", true.into()),
        ("HttpEndpointEnabled", true.into()),
        ("CopyTagsToSnapshot", true.into()),
        ("MonitoringInterval", 60.into()),
        ("MonitoringRoleArn", role("rds-monitoring", moment).into()),
        ("PerformanceInsightsEnabled", true.into()),
        ("TagList", json!([{"Key": "environment", "Value": "production"}])),
    ])
}

/// What follows from other members, and what is gone with them.
pub(in crate::world::rds) fn settle(doc: &mut Map<String, Value>, moment: &Moment<'_>) {
    let engine = of(doc, "Engine").to_owned();
    keep(doc, "EngineVersion", || engine::default_version(&engine).into());
    keep(doc, "MasterUsername", || if engine == "aurora-mysql" { "admin" } else { "postgres" }.into());
    keep(doc, "Port", || engine::port(&engine).into());
    let version = of(doc, "EngineVersion").to_owned();
    keep(doc, "DBClusterParameterGroup", || format!("default.{}", engine::family(&engine, &version)).into());
    let encryption = match (of(doc, "KmsKeyId").is_empty(), doc.get("StorageEncrypted") == Some(&true.into()))
    {
        (_, false) => "none",
        (true, true) => "sse-rds",
        (false, true) => "sse-kms",
    };
    doc.insert("StorageEncryptionType".into(), encryption.into());
    if number(doc, "MonitoringInterval") == 0 {
        doc.remove("MonitoringRoleArn");
    }
    insights(doc, moment);
    set_addresses(doc, moment);
    scaling(doc);
}

/// Both endpoints follow the name; a serverless v1 cluster has no readers.
fn set_addresses(doc: &mut Map<String, Value>, moment: &Moment<'_>) {
    let id = of(doc, "DBClusterIdentifier").to_owned();
    let domain = domain(moment);
    doc.insert("DBClusterArn".into(), moment.arn("rds", &format!("cluster:{id}")).into());
    doc.insert("Endpoint".into(), format!("{id}.cluster-{domain}").into());
    doc.insert("ReaderEndpoint".into(), format!("{id}.cluster-ro-{domain}").into());
    if of(doc, "EngineMode") == "serverless" {
        doc.remove("ReaderEndpoint");
    }
}

/// Version 1 has a capacity of its own, version 2 a platform (API reference, `DBCluster`).
fn scaling(doc: &mut Map<String, Value>) {
    if of(doc, "EngineMode") == "serverless" {
        let usual = json!({"MinCapacity": 2, "MaxCapacity": 16, "AutoPause": true, "SecondsUntilAutoPause": 300,
            "TimeoutAction": "RollbackCapacityChange", "SecondsBeforeTimeout": 300});
        let mut info = usual.as_object().cloned().unwrap_or_default();
        info.extend(
            doc.get("ScalingConfigurationInfo").and_then(Value::as_object).cloned().unwrap_or_default(),
        );
        let least = info.get("MinCapacity").cloned().unwrap_or(Value::from(2));
        keep(doc, "Capacity", || least);
        doc.insert("ScalingConfigurationInfo".into(), info.into());
    } else {
        doc.retain(|name, _| name != "ScalingConfigurationInfo" && name != "Capacity");
    }
    if doc.contains_key("ServerlessV2ScalingConfiguration") {
        keep(doc, "ServerlessV2PlatformVersion", || "3".into());
    }
}
