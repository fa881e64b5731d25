//! The full set of members of an instance: what every one has, and what one that is well kept has.

use serde_json::{Map, Value, json};

use crate::world::Moment;
use crate::world::rds::{engine, members, number, of, settings, window};

/// A new instance in a subnet group, nothing turned on.
pub(in crate::world::rds) fn base(
    id: &str,
    resource: &str,
    group: Value,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let mut doc = members([
        ("DBInstanceIdentifier", id.into()),
        ("DBInstanceClass", "db.r6g.large".into()),
        ("Engine", "postgres".into()),
        ("DBInstanceStatus", "creating".into()),
        ("AllocatedStorage", 20.into()),
        ("InstanceCreateTime", moment.now.rfc3339().into()),
        ("PreferredBackupWindow", "02:09-02:39".into()),
        ("BackupRetentionPeriod", 1.into()),
        ("DBSecurityGroups", json!([])),
        ("AvailabilityZone", zone_of(&group, 0, moment).into()),
        ("DBSubnetGroup", group),
        ("PreferredMaintenanceWindow", window::assigned(id, moment).into()),
        ("UpgradeRolloutOrder", "second".into()),
        ("PendingModifiedValues", json!({})),
        ("AutoMinorVersionUpgrade", true.into()),
        ("ReadReplicaDBInstanceIdentifiers", json!([])),
        ("StorageType", "gp3".into()),
        ("DbiResourceId", resource.into()),
        ("CACertificateIdentifier", "rds-ca-rsa2048-g1".into()),
        ("DomainMemberships", json!([])),
        ("MonitoringInterval", 0.into()),
        ("DBInstanceArn", moment.arn("rds", &format!("db:{id}")).into()),
        ("DatabaseInsightsMode", "standard".into()),
        ("AssociatedRoles", json!([])),
        ("TagList", json!([])),
        ("NetworkType", "IPV4".into()),
        ("ActivityStreamStatus", "stopped".into()),
        ("BackupTarget", "region".into()),
        ("EngineLifecycleSupport", "open-source-rds-extended-support".into()),
    ]);
    for name in OFF {
        doc.insert((*name).to_owned(), false.into());
    }
    doc
}

/// What a restore puts back, and a new instance begins with.
const OFF: &[&str] = &[
    "MultiAZ",
    "PubliclyAccessible",
    "StorageEncrypted",
    "CopyTagsToSnapshot",
    "IAMDatabaseAuthenticationEnabled",
    "PerformanceInsightsEnabled",
    "DeletionProtection",
    "CustomerOwnedIpEnabled",
    "DedicatedLogVolume",
    "IsStorageConfigUpgradeAvailable",
];

/// What an instance of a well-kept production has that a new one has not.
pub(in crate::world::rds) fn populated(engine: &str, moment: &Moment<'_>) -> Map<String, Value> {
    members([
        ("MasterUsername", "postgres".into()),
        ("DBName", "app".into()),
        ("AllocatedStorage", 100.into()),
        ("MaxAllocatedStorage", 1000.into()),
        ("BackupRetentionPeriod", 14.into()),
        ("MultiAZ", true.into()),
        ("StorageEncrypted", true.into()),
        ("KmsKeyId", moment.arn("kms", "key/6f1c1a5e-22b4-4f6e-9a53-7d2f0c4b8e11").into()),
        ("CopyTagsToSnapshot", true.into()),
        ("IAMDatabaseAuthenticationEnabled", true.into()),
        ("MonitoringInterval", 60.into()),
        ("MonitoringRoleArn", role("rds-monitoring", moment).into()),
        ("PerformanceInsightsEnabled", true.into()),
        ("EnabledCloudwatchLogsExports", json!(engine::logs(engine))),
        ("DeletionProtection", true.into()),
        (
            "AssociatedRoles",
            json!([{"RoleArn": role("rds-export", moment), "FeatureName": "s3Export", "Status": "ACTIVE"}]),
        ),
        ("TagList", json!([{"Key": "environment", "Value": "production"}])),
    ])
}

/// The ARN of a role; IAM knows no region.
pub(in crate::world::rds) fn role(name: &str, moment: &Moment<'_>) -> String {
    format!("arn:aws:iam::{}:role/{name}", moment.site.account)
}

/// What follows from other members, and what is gone with them.
pub(in crate::world::rds) fn settle(doc: &mut Map<String, Value>, moment: &Moment<'_>) {
    let engine = of(doc, "Engine").to_owned();
    keep(doc, "EngineVersion", || engine::default_version(&engine).into());
    keep(doc, "LicenseModel", || engine::licence(&engine).into());
    keep(doc, "MasterUsername", || "postgres".into());
    if number(doc, "DbInstancePort") == 0 {
        doc.insert("DbInstancePort".into(), engine::port(&engine).into());
    }
    let version = of(doc, "EngineVersion").to_owned();
    let group = format!("default.{}", engine::family(&engine, &version));
    keep(doc, "DBParameterGroups", || settings::parameter_group(&group.into(), "in-sync"));
    keep(doc, "OptionGroupMemberships", || {
        settings::option_group(&engine::option_group(&engine, &version).into())
    });
    storage(doc);
    monitoring(doc, moment);
    let authority = doc.get("CACertificateIdentifier").cloned().unwrap_or_default();
    let till = format!("{}-05-24T09:12:44.000Z", year(moment) + 2);
    doc.insert("CertificateDetails".into(), json!({"CAIdentifier": authority, "ValidTill": till}));
    // A certificate follows the authority; a second zone the deployment.
    let second = zone_of(doc.get("DBSubnetGroup").unwrap_or(&Value::Null), 1, moment);
    only_if(doc, "MultiAZ", &[("SecondaryAvailabilityZone", second.into())]);
}

fn storage(doc: &mut Map<String, Value>) {
    let encryption = match (of(doc, "KmsKeyId").is_empty(), doc.get("StorageEncrypted") == Some(&true.into()))
    {
        (_, false) => "none",
        (true, true) => "sse-rds",
        (false, true) => "sse-kms",
    };
    doc.insert("StorageEncryptionType".into(), encryption.into());
    match of(doc, "StorageType") {
        // Up to 400 GiB the floor of gp3, above it four volumes (RDS user guide, "gp3 storage").
        "gp3" => {
            let big = number(doc, "AllocatedStorage") >= 400;
            keep(doc, "Iops", || if big { 12_000 } else { 3000 }.into());
            keep(doc, "StorageThroughput", || if big { 500 } else { 125 }.into());
        }
        "io1" | "io2" => drop(doc.remove("StorageThroughput")),
        _ => doc.retain(|name, _| name != "Iops" && name != "StorageThroughput"),
    }
}

fn monitoring(doc: &mut Map<String, Value>, moment: &Moment<'_>) {
    let stream = format!("log-group:RDSOSMetrics:log-stream:{}", of(doc, "DbiResourceId"));
    if number(doc, "MonitoringInterval") > 0 {
        doc.insert("EnhancedMonitoringResourceArn".into(), moment.arn("logs", &stream).into());
    } else {
        doc.retain(|name, _| name != "EnhancedMonitoringResourceArn" && name != "MonitoringRoleArn");
    }
    insights(doc, moment);
}

/// Performance Insights has a key and a period where it is on, else neither.
pub(in crate::world::rds) fn insights(doc: &mut Map<String, Value>, moment: &Moment<'_>) {
    let key = doc.get("KmsKeyId").cloned().unwrap_or_else(|| moment.arn("kms", "key/aws-rds").into());
    let period = if of(doc, "DatabaseInsightsMode") == "advanced" { 465 } else { 7 };
    let both =
        [("PerformanceInsightsKMSKeyId", key), ("PerformanceInsightsRetentionPeriod", Value::from(period))];
    only_if(doc, "PerformanceInsightsEnabled", &both);
}

fn only_if(doc: &mut Map<String, Value>, on: &str, then: &[(&str, Value)]) {
    let on = doc.get(on) == Some(&Value::Bool(true));
    for (name, value) in then {
        if on {
            keep(doc, name, || value.clone());
        } else {
            doc.remove(*name);
        }
    }
}

/// A member that is there stays as it is.
pub(in crate::world::rds) fn keep(doc: &mut Map<String, Value>, name: &str, value: impl FnOnce() -> Value) {
    if doc.get(name).is_none_or(Value::is_null) {
        doc.insert(name.to_owned(), value());
    }
}

/// The n-th zone of a subnet group, else of the region.
pub(in crate::world::rds) fn zone_of(group: &Value, n: usize, moment: &Moment<'_>) -> String {
    let subnet = &group["Subnets"][n]["SubnetAvailabilityZone"]["Name"];
    let letter = ["a", "b", "c"].get(n).copied().unwrap_or("a");
    subnet.as_str().map_or_else(|| format!("{}{letter}", moment.site.region), str::to_owned)
}

fn year(moment: &Moment<'_>) -> i64 {
    moment.now.rfc3339().get(..4).and_then(|y| y.parse().ok()).unwrap_or(2026)
}
