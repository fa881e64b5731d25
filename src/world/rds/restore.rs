//! New instances from snapshots: what they take over, and what a restore does not bring back (`aws.md` §3).

use serde_json::{Map, Value, json};

use super::instance::{Instance, Step};
use super::modify::{option_group, parameter_group, security_groups};
use super::snapshot::Snapshot;
use super::{Rds, members, needed, text};
use crate::ids::Span;
use crate::world::{Moment, Refused};

/// Members that a restored instance takes over from its source, unless the call says otherwise.
const KEPT: &[&str] = &[
    "DBInstanceClass",
    "Engine",
    "EngineVersion",
    "LicenseModel",
    "MasterUsername",
    "DBName",
    "AllocatedStorage",
    "StorageEncrypted",
    "KmsKeyId",
    "DbInstancePort",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "BackupTarget",
    "EngineLifecycleSupport",
];
/// Members that a restore puts back to their default, and the default.
const OFF: &[&str] = &[
    "MultiAZ",
    "DeletionProtection",
    "IAMDatabaseAuthenticationEnabled",
    "CopyTagsToSnapshot",
    "PubliclyAccessible",
    "PerformanceInsightsEnabled",
    "DedicatedLogVolume",
    "CustomerOwnedIpEnabled",
];

impl Rds {
    pub(super) fn restore_from_snapshot(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = needed(parameters, "DBInstanceIdentifier")?.to_ascii_lowercase();
        if self.taken(&id) {
            return Err(Refused::new("DBInstanceAlreadyExists", format!("DB instance {id} already exists")));
        }
        let snapshot = self.restorable(needed(parameters, "DBSnapshotIdentifier")?)?.clone();
        self.has_room(snapshot.doc["AllocatedStorage"].as_u64().unwrap_or(0))?;
        let group = self.subnet_group_of(parameters)?;
        self.groups_exist(parameters, group["VpcId"].as_str())?;
        let resource = self.resource_id(moment);
        let instance = self.restored(&id, &resource, &snapshot, group, parameters, moment);
        let answer = instance.document(moment.now);
        self.note(
            &id,
            moment.now,
            "creation",
            &format!(
                "Restored from snapshot {}",
                text(parameters, "DBSnapshotIdentifier").unwrap_or_default()
            ),
        );
        let logs = instance
            .doc
            .get("EnabledCloudwatchLogsExports")
            .and_then(Value::as_array)
            .is_some_and(|l| !l.is_empty());
        self.instances.push(instance);
        Rds::plan(moment, &resource, steps(&resource, logs, moment));
        Ok(json!({ "DBInstance": answer }))
    }

    fn restorable(&self, id: &str) -> Result<&Snapshot, Refused> {
        let named = |s: &&Snapshot| {
            [&s.doc["DBSnapshotIdentifier"], &s.doc["DBSnapshotArn"]].iter().any(|v| v.as_str() == Some(id))
        };
        let found = self.snapshots.iter().find(named);
        let snapshot = found
            .ok_or_else(|| Refused::not_found("DBSnapshotNotFound", format!("DBSnapshot not found: {id}")))?;
        if snapshot.doc["Status"] == "available" {
            return Ok(snapshot);
        }
        let message = format!("Snapshot {id} is not available: its status is {}", snapshot.doc["Status"]);
        Err(Refused::new("InvalidDBSnapshotState", message))
    }

    fn has_room(&self, storage: u64) -> Result<(), Refused> {
        if self.instances.len() as u64 >= self.quotas.instances {
            let message = "Request would result in exceeding the allotted quota for DB instances.";
            return Err(Refused::new("InstanceQuotaExceeded", message));
        }
        if self.storage_used() + storage > self.quotas.storage {
            let message = "Request would result in exceeding the allotted amount of storage.";
            return Err(Refused::new("StorageQuotaExceeded", message));
        }
        Ok(())
    }

    pub(super) fn storage_used(&self) -> u64 {
        self.instances.iter().filter_map(|i| i.doc.get("AllocatedStorage").and_then(Value::as_u64)).sum()
    }

    fn subnet_group_of(&self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "DBSubnetGroupName").unwrap_or("default");
        let found = self.subnet_groups.iter().find(|g| g["DBSubnetGroupName"] == name).cloned();
        let message = || format!("DB subnet group '{name}' does not exist.");
        found.ok_or_else(|| Refused::not_found("DBSubnetGroupNotFoundFault", message()))
    }

    fn restored(
        &self,
        id: &str,
        resource: &str,
        snapshot: &Snapshot,
        group: Value,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Instance {
        let now = moment.now.rfc3339();
        let vpc = group["VpcId"].clone();
        let mut doc = members([
            ("DBInstanceIdentifier", id.into()),
            ("DBInstanceArn", moment.arn("rds", &format!("db:{id}")).into()),
            ("DbiResourceId", resource.into()),
            ("DBInstanceStatus", "creating".into()),
            ("InstanceCreateTime", now.into()),
            ("DBSubnetGroup", group),
            ("PendingModifiedValues", json!({})),
            ("DBSecurityGroups", json!([])),
            ("ReadReplicaDBInstanceIdentifiers", json!([])),
            ("AssociatedRoles", json!([])),
            ("DomainMemberships", json!([])),
            ("MonitoringInterval", 0.into()),
            ("DatabaseInsightsMode", "standard".into()),
            ("StorageType", "gp3".into()),
            ("NetworkType", "IPV4".into()),
            ("CACertificateIdentifier", "rds-ca-rsa2048-g1".into()),
            ("AutoMinorVersionUpgrade", true.into()),
            ("AvailabilityZone", format!("{}a", moment.site.region).into()),
            ("PreferredMaintenanceWindow", window(id, moment).into()),
            ("VpcSecurityGroups", self.default_security_group(&vpc)),
            ("DBParameterGroups", parameter_group(&default_group(snapshot).into(), "in-sync")),
            ("OptionGroupMemberships", option_group(&default_options(snapshot).into())),
            ("TagList", snapshot.source.get("TagList").cloned().unwrap_or(json!([]))),
        ]);
        for name in OFF {
            doc.insert((*name).to_owned(), false.into());
        }
        for name in KEPT {
            if let Some(value) = snapshot.source.get(*name) {
                doc.insert((*name).to_owned(), value.clone());
            }
        }
        take_given(&mut doc, parameters);
        Instance { doc, data: snapshot.data.clone(), nameless: false }
    }

    fn default_security_group(&self, vpc: &Value) -> Value {
        let default =
            self.security_groups.iter().find(|(id, of)| *vpc == of.as_str() && id.contains("default"));
        let id = default.map_or("sg-default", |(id, _)| id.as_str());
        security_groups(&json!([id]))
    }
}

/// What the call says wins.
fn take_given(doc: &mut Map<String, Value>, parameters: &Value) {
    for (name, value) in parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
        let (member, value) = match name.as_str() {
            "DBInstanceIdentifier" | "DBSnapshotIdentifier" | "DBSubnetGroupName" => continue,
            "VpcSecurityGroupIds" => ("VpcSecurityGroups", security_groups(value)),
            "DBParameterGroupName" => ("DBParameterGroups", parameter_group(value, "in-sync")),
            "OptionGroupName" => ("OptionGroupMemberships", option_group(value)),
            "EnableIAMDatabaseAuthentication" => ("IAMDatabaseAuthenticationEnabled", value.clone()),
            "EnableCloudwatchLogsExports" => ("EnabledCloudwatchLogsExports", value.clone()),
            "Port" => ("DbInstancePort", value.clone()),
            "Tags" => ("TagList", value.clone()),
            other => (other, value.clone()),
        };
        doc.insert(member.to_owned(), value);
    }
}

/// Engine and major version: `postgres16`.
fn family(snapshot: &Snapshot) -> String {
    let text = |name: &str| snapshot.doc.get(name).and_then(Value::as_str).unwrap_or_default();
    let major = text("EngineVersion").split('.').next().unwrap_or_default();
    format!("{}{major}", text("Engine"))
}

fn default_group(snapshot: &Snapshot) -> String {
    format!("default.{}", family(snapshot))
}

fn default_options(snapshot: &Snapshot) -> String {
    let text = |name: &str| snapshot.doc.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("default:{}-{}", text("Engine"), text("EngineVersion").split('.').next().unwrap_or_default())
}

/// A window that AWS assigns: half an hour at night.
fn window(id: &str, moment: &Moment<'_>) -> String {
    let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let number = moment.dice.number(&format!("window/{id}"));
    let at = usize::try_from(number % 7).unwrap_or(0);
    let hour = number / 7 % 6;
    format!("{}:{hour:02}:11-{}:{hour:02}:41", day[at], day[at])
}

/// `creating`, `backing-up`, `available`: 5 to 20 minutes for a small instance; and away from `available` once
/// more shortly after, as it is seen in the field (`aws.md` §2).
fn steps(resource: &str, logs: bool, moment: &Moment<'_>) -> Vec<(Span, Step)> {
    let within = |what: &str, low: u64, high: u64| {
        moment.within(&format!("restore/{what}/{resource}"), Span::secs(low), Span::secs(high))
    };
    let mut steps = vec![(within("creating", 240, 900), Step::Status("backing-up"))];
    if logs {
        steps.push((within("backing-up", 60, 180), Step::Status("configuring-log-exports")));
        steps.push((within("logs", 20, 60), Step::Available));
    } else {
        steps.push((within("backing-up", 60, 240), Step::Available));
    }
    if moment.dice.percent(&format!("restore/again/{resource}"), 50) {
        steps.push((within("seen", 20, 60), Step::Status("modifying")));
        steps.push((within("again", 20, 60), Step::Available));
    }
    steps
}
