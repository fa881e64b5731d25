//! Snapshots: what was in an instance at a moment.

use serde_json::{Map, Value, json};

use super::{Due, Rds, members, needed, text};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused, pages};

/// A snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The document as `DescribeDBSnapshots` gives it.
    pub doc: Map<String, Value>,
    pub data: Data,
    /// Settings of the source that a restore takes over and the document does not show.
    pub source: Map<String, Value>,
}

/// One step of a snapshot's making.
#[derive(Clone, Debug)]
pub enum Step {
    Progress(u8),
    Available,
}

/// Members of an instance that its snapshots show under the same name.
const SHOWN: &[&str] = &[
    "DBInstanceIdentifier",
    "Engine",
    "AllocatedStorage",
    "AvailabilityZone",
    "InstanceCreateTime",
    "MasterUsername",
    "EngineVersion",
    "LicenseModel",
    "Iops",
    "StorageThroughput",
    "StorageType",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "KmsKeyId",
    "IAMDatabaseAuthenticationEnabled",
    "DbiResourceId",
    "DedicatedLogVolume",
    "MultiTenant",
];

impl Rds {
    pub(super) fn create_snapshot(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = needed(parameters, "DBSnapshotIdentifier")?.to_ascii_lowercase();
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        if self.snapshots.iter().any(|s| s.doc["DBSnapshotIdentifier"] == id.as_str()) {
            let message = format!(
                "Cannot create the snapshot because a snapshot with the identifier {id} already exists."
            );
            return Err(Refused::new("DBSnapshotAlreadyExists", message));
        }
        if self.instances[at].status() != "available" {
            let message = format!(
                "Cannot create a snapshot because the database instance {} is not currently in the available state.",
                self.instances[at].id()
            );
            return Err(Refused::new("InvalidDBInstanceState", message));
        }
        let tags = parameters["Tags"].as_array().cloned().unwrap_or_default();
        let mut snapshot = self.snapshot_of(at, &id, "manual", moment);
        snapshot.doc.insert("Status".into(), "creating".into());
        snapshot.doc.insert("PercentProgress".into(), 0.into());
        snapshot.doc.insert("TagList".into(), tags.into());
        let answer = Value::Object(snapshot.doc.clone());
        self.snapshots.push(snapshot);
        plan(moment, &id);
        Ok(json!({ "DBSnapshot": answer }))
    }

    /// A finished snapshot of an instance, as of now.
    pub fn snapshot_of(&self, at: usize, id: &str, kind: &str, moment: &Moment<'_>) -> Snapshot {
        let instance = &self.instances[at];
        let now = moment.now.rfc3339();
        let port = instance.doc.get("Endpoint").map_or(Value::Null, |e| e["Port"].clone());
        let mut doc = members([
            ("DBSnapshotIdentifier", id.into()),
            ("DBSnapshotArn", moment.arn("rds", &format!("snapshot:{id}")).into()),
            ("SnapshotType", kind.into()),
            ("SnapshotCreateTime", now.clone().into()),
            ("OriginalSnapshotCreateTime", now.clone().into()),
            ("SnapshotDatabaseTime", now.into()),
            ("SnapshotTarget", "region".into()),
            ("Status", "available".into()),
            ("PercentProgress", 100.into()),
            ("Port", port),
            ("VpcId", instance.doc["DBSubnetGroup"]["VpcId"].clone()),
            ("Encrypted", instance.doc.get("StorageEncrypted").cloned().unwrap_or(Value::Bool(false))),
            ("OptionGroupName", instance.doc["OptionGroupMemberships"][0]["OptionGroupName"].clone()),
            ("TagList", json!([])),
        ]);
        for name in SHOWN {
            if let Some(value) = instance.doc.get(*name) {
                doc.insert((*name).to_owned(), value.clone());
            }
        }
        Snapshot { doc, data: instance.data.as_of(moment.now), source: instance.doc.clone() }
    }

    pub(super) fn snapshot_step(&mut self, id: &str, step: &Step, now: At) {
        let Some(snapshot) = self.snapshots.iter_mut().find(|s| s.doc["DBSnapshotIdentifier"] == id) else {
            return;
        };
        match step {
            Step::Progress(percent) => {
                snapshot.doc.insert("PercentProgress".into(), (*percent).into());
            }
            Step::Available => {
                snapshot.doc.insert("PercentProgress".into(), 100.into());
                snapshot.doc.insert("Status".into(), "available".into());
                let source = snapshot.doc["DBInstanceIdentifier"].as_str().unwrap_or_default().to_owned();
                self.note(&source, now, "backup", "Finished DB Instance backup");
            }
        }
    }

    /// Manual and automated ones where no type is named; those of AWS Backup only by theirs (`aws.md` §2).
    pub(super) fn describe_snapshots(&self, parameters: &Value) -> Result<Value, Refused> {
        let kind = text(parameters, "SnapshotType");
        let is = |snapshot: &Snapshot, member: &str, parameter: &str| {
            text(parameters, parameter)
                .is_none_or(|v| snapshot.doc[member].as_str().is_some_and(|d| d.eq_ignore_ascii_case(v)))
        };
        let is_asked = |snapshot: &&Snapshot| {
            let its = snapshot.doc["SnapshotType"].as_str().unwrap_or_default();
            kind.map_or(its != "awsbackup" || parameters["DBSnapshotIdentifier"].is_string(), |k| k == its)
                && is(snapshot, "DBSnapshotIdentifier", "DBSnapshotIdentifier")
                && is(snapshot, "DBInstanceIdentifier", "DBInstanceIdentifier")
                && is(snapshot, "DbiResourceId", "DbiResourceId")
                && filtered(snapshot, parameters)
        };
        let rows: Vec<Value> =
            self.snapshots.iter().filter(is_asked).map(|s| Value::Object(s.doc.clone())).collect();
        match text(parameters, "DBSnapshotIdentifier") {
            Some(id) if rows.is_empty() => {
                Err(Refused::not_found("DBSnapshotNotFound", format!("DBSnapshot {id} not found.")))
            }
            _ => pages::RDS.page("DBSnapshots", rows, parameters),
        }
    }
}

fn filtered(snapshot: &Snapshot, parameters: &Value) -> bool {
    super::describe::filters(parameters, |name| {
        let member = match name {
            "db-instance-id" => "DBInstanceIdentifier",
            "db-snapshot-id" => "DBSnapshotIdentifier",
            "dbi-resource-id" => "DbiResourceId",
            "snapshot-type" => "SnapshotType",
            "engine" => "Engine",
            _ => return None,
        };
        snapshot.doc.get(member)
    })
}

/// 1 to 10 minutes for an incremental one (`aws.md` §2), with progress.
fn plan(moment: &mut Moment<'_>, id: &str) {
    let whole = moment.within(&format!("snapshot/{id}"), Span::mins(1), Span::mins(10));
    let mut add = |share: u64, step: Step| {
        let due = Due::Snapshot { id: id.to_owned(), step };
        moment.later(Span(whole.0 * share / 100), Happening::Rds(due));
    };
    for percent in [10, 45, 80] {
        add(u64::from(percent), Step::Progress(percent));
    }
    add(100, Step::Available);
}
