//! Which member of a DB instance each parameter sets, and what a restore does not bring back.
//!
//! From the public documentation of `ModifyDBInstance` and `RestoreDBInstanceFromDBSnapshot`.

use serde_json::Value;

use super::call::Call;
use super::xml::Xml;

/// A new value of a member of an instance; `None` takes the member away.
pub type Patch = (String, Option<Xml>);

/// Parameter and the member it sets, where both are one text.
const MEMBERS: &[(&str, &str)] = &[
    ("AllocatedStorage", "AllocatedStorage"),
    ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
    ("BackupRetentionPeriod", "BackupRetentionPeriod"),
    ("CACertificateIdentifier", "CACertificateIdentifier"),
    ("CopyTagsToSnapshot", "CopyTagsToSnapshot"),
    ("DBInstanceClass", "DBInstanceClass"),
    ("DatabaseInsightsMode", "DatabaseInsightsMode"),
    ("DedicatedLogVolume", "DedicatedLogVolume"),
    ("DeletionProtection", "DeletionProtection"),
    ("EnableIAMDatabaseAuthentication", "IAMDatabaseAuthenticationEnabled"),
    ("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
    ("EngineLifecycleSupport", "EngineLifecycleSupport"),
    ("EngineVersion", "EngineVersion"),
    ("Iops", "Iops"),
    ("MaxAllocatedStorage", "MaxAllocatedStorage"),
    ("MonitoringInterval", "MonitoringInterval"),
    ("MonitoringRoleArn", "MonitoringRoleArn"),
    ("MultiAZ", "MultiAZ"),
    ("NetworkType", "NetworkType"),
    ("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId"),
    ("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod"),
    ("PreferredBackupWindow", "PreferredBackupWindow"),
    ("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
    ("PubliclyAccessible", "PubliclyAccessible"),
    ("StorageThroughput", "StorageThroughput"),
    ("StorageType", "StorageType"),
];

/// Parameters that wait for the maintenance window unless `ApplyImmediately` says otherwise.
const DEFERRED: &[&str] = &[
    "AllocatedStorage",
    "CACertificateIdentifier",
    "DBInstanceClass",
    "EnableIAMDatabaseAuthentication",
    "EngineVersion",
    "Iops",
    "MultiAZ",
    "StorageThroughput",
    "StorageType",
];

/// Whether a modification of this member leaves the storage to be optimized for hours.
pub fn is_storage(member: &str) -> bool {
    ["AllocatedStorage", "Iops", "StorageThroughput", "StorageType"].contains(&member)
}

/// Members of every instance that moto does not know, as they are unless something set them.
pub const ALWAYS: &[(&str, &str)] = &[
    ("PendingModifiedValues", ""),
    ("PubliclyAccessible", "false"),
    ("NetworkType", "IPV4"),
    ("Iops", "3000"),
    ("StorageThroughput", "125"),
    ("PerformanceInsightsEnabled", "true"),
    ("PerformanceInsightsKMSKeyId", "arn:aws:kms:eu-west-1:123456789012:key/8d1f0b52-insights"),
    ("PerformanceInsightsRetentionPeriod", "7"),
    ("DatabaseInsightsMode", "standard"),
    ("ActivityStreamStatus", "stopped"),
    ("BackupTarget", "region"),
    ("CustomerOwnedIpEnabled", "false"),
    ("DedicatedLogVolume", "false"),
    ("EngineLifecycleSupport", "open-source-rds-extended-support"),
];

/// Members as a restore leaves them when the call does not say otherwise.
const AFTER_RESTORE: &[(&str, Option<&str>)] = &[
    ("AutoMinorVersionUpgrade", Some("true")),
    ("CopyTagsToSnapshot", Some("false")),
    ("DeletionProtection", Some("false")),
    ("EnabledCloudwatchLogsExports", Some("")),
    ("IAMDatabaseAuthenticationEnabled", Some("false")),
    // Storage and its speed are those of the snapshot, and the snapshots here are from before anybody changed them.
    ("AllocatedStorage", Some("100")),
    ("Iops", Some("3000")),
    ("StorageThroughput", Some("125")),
    ("MaxAllocatedStorage", None),
    ("MonitoringInterval", Some("0")),
    ("MonitoringRoleArn", None),
    ("MultiAZ", Some("false")),
    ("PerformanceInsightsEnabled", Some("false")),
    ("PerformanceInsightsKMSKeyId", None),
    ("PerformanceInsightsRetentionPeriod", None),
    ("PreferredMaintenanceWindow", Some("wed:23:10-wed:23:40")),
    ("PubliclyAccessible", Some("false")),
];

/// What a call sets on an instance now.
pub fn set_by(call: &Call) -> Vec<Patch> {
    let text = |(parameter, member): &(&str, &str)| Some(leaf(member, call.text(parameter)?));
    let mut patches: Vec<Patch> = MEMBERS.iter().filter_map(text).collect();
    if let Some(group) = call.text("DBParameterGroupName") {
        let status = if group.starts_with("default.") { "in-sync" } else { "pending-reboot" };
        patches.push(parameter_group(group, status));
    }
    let groups = call.list("VpcSecurityGroupIds");
    if !groups.is_empty() {
        patches.push(security_groups(&groups));
    }
    let logs = call.list("EnableCloudwatchLogsExports");
    if !logs.is_empty() {
        patches.push(log_exports(&logs));
    }
    patches
}

/// What a modification without `ApplyImmediately` leaves for the maintenance window.
pub fn deferred_by(call: &Call) -> Vec<Xml> {
    if call.text("ApplyImmediately") == Some("true") {
        return Vec::new();
    }
    let name = call.text("NewDBInstanceIdentifier").map(|name| Xml::leaf("DBInstanceIdentifier", name));
    let is_deferred = |(parameter, _): &&(&str, &str)| DEFERRED.contains(parameter);
    let text = |(parameter, member): &(&str, &str)| Some(Xml::leaf(member, call.text(parameter)?));
    MEMBERS.iter().filter(is_deferred).filter_map(text).chain(name).collect()
}

/// A restored instance: what AWS does not bring back, then what the call asked for.
pub fn restored_by(call: &Call, engine: &str, version: &str) -> Vec<Patch> {
    let lost = |(member, value): &(&str, Option<&str>)| {
        ((*member).to_owned(), value.map(|value| Xml::leaf(member, value)))
    };
    let mut patches: Vec<Patch> = AFTER_RESTORE.iter().map(lost).collect();
    let major = version.split('.').next().unwrap_or(version);
    patches.push(parameter_group(&format!("default.{engine}{major}"), "in-sync"));
    patches.push(security_groups(&["sg-0default".to_owned()]));
    patches.push(leaf("PendingModifiedValues", ""));
    patches.extend(set_by(call));
    patches
}

/// Log types of an instance after `CloudwatchLogsExportConfiguration`.
pub fn log_exports_after(call: &Call, instance: &Xml) -> Option<Patch> {
    let change = call.parameters.get("CloudwatchLogsExportConfiguration")?;
    let of = |key: &str| -> Vec<String> {
        let list = change.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let now = instance.child("EnabledCloudwatchLogsExports");
    let mut types: Vec<String> =
        now.into_iter().flat_map(|list| &list.children).map(|t| t.text.clone()).collect();
    let off = of("DisableLogTypes");
    types.retain(|kind| !off.contains(kind));
    types.extend(of("EnableLogTypes"));
    types.sort();
    types.dedup();
    Some(log_exports(&types))
}

fn log_exports(types: &[String]) -> Patch {
    let members = types.iter().map(|kind| Xml::leaf("member", kind)).collect();
    ("EnabledCloudwatchLogsExports".to_owned(), Some(Xml::node("EnabledCloudwatchLogsExports", members)))
}

/// The parameter group of an instance, and whether its values are live.
pub fn parameter_group(name: &str, status: &str) -> Patch {
    let members = vec![Xml::leaf("DBParameterGroupName", name), Xml::leaf("ParameterApplyStatus", status)];
    let groups = Xml::node("DBParameterGroups", vec![Xml::node("DBParameterGroup", members)]);
    ("DBParameterGroups".to_owned(), Some(groups))
}

fn security_groups(ids: &[String]) -> Patch {
    let member = |id: &String| {
        let fields = vec![Xml::leaf("VpcSecurityGroupId", id), Xml::leaf("Status", "active")];
        Xml::node("VpcSecurityGroupMembership", fields)
    };
    let groups = Xml::node("VpcSecurityGroups", ids.iter().map(member).collect());
    ("VpcSecurityGroups".to_owned(), Some(groups))
}

fn leaf(member: &str, text: &str) -> Patch {
    (member.to_owned(), Some(Xml::leaf(member, text)))
}
