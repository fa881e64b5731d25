//! Snapshots: what was in a store at a moment. `cluster` are those of Aurora.

mod cluster;

use serde_json::{Map, Value, json};

use super::describe::{any, filters};
use super::{Due, Rds, check, members, needed, number, of, text};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused, pages};

/// A snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The document as `DescribeDBSnapshots` or `DescribeDBClusterSnapshots` gives it.
    pub doc: Map<String, Value>,
    pub data: Data,
    /// Settings of the source that a restore takes over and the document does not show.
    pub source: Map<String, Value>,
}

/// One step of a snapshot's making.
#[derive(Clone, Debug)]
pub(in crate::world) enum Step {
    Progress(u8),
    Available,
}

/// Bytes in use of each GiB that is allocated: three fifths.
pub(super) const BYTES_PER_GIB: u64 = 644_245_094;

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
    "StorageEncryptionType",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "KmsKeyId",
    "IAMDatabaseAuthenticationEnabled",
    "ProcessorFeatures",
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
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        let instance = &self.instances[at];
        if instance.cluster().is_some() {
            let message = "The specified instance is a member of a cluster and a snapshot cannot be created directly. \
                           Please use the CreateDBClusterSnapshot API instead.";
            return Err(Refused::new("InvalidParameterValue", message));
        }
        let tags = parameters["Tags"].as_array().cloned().unwrap_or_default();
        let id = needed(parameters, "DBSnapshotIdentifier")?;
        let id = check::identifier("DBSnapshotIdentifier", id)?;
        if !matches!(instance.status(), "available" | "storage-optimization") {
            let message = format!(
                "Cannot create a snapshot because the database instance {} is not currently in the available state.",
                instance.id()
            );
            return Err(Refused::new("InvalidDBInstanceState", message));
        }
        Ok(json!({ "DBSnapshot": self.take_snapshot(at, &id, tags, moment)? }))
    }

    /// A manual snapshot of an instance begins; the document it begins with.
    pub(super) fn take_snapshot(
        &mut self,
        at: usize,
        id: &str,
        mut tags: Vec<Value>,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = check::identifier("DBSnapshotIdentifier", id)?;
        if self.snapshots.iter().any(|s| of(&s.doc, "DBSnapshotIdentifier") == id) {
            let message = format!(
                "Cannot create the snapshot because a snapshot with the identifier {id} already exists."
            );
            return Err(Refused::new("DBSnapshotAlreadyExists", message));
        }
        has_room(&self.snapshots, self.quotas.manual_snapshots)?;
        let copied = self.instances[at].doc.get("CopyTagsToSnapshot") == Some(&Value::Bool(true));
        if let Some(own) = self.instances[at].doc.get("TagList").and_then(Value::as_array).filter(|_| copied)
        {
            let added = own.iter().filter(|t| !tags.iter().any(|g| g["Key"] == t["Key"])).cloned();
            tags.extend(added.collect::<Vec<_>>());
        }
        let mut snapshot = self.snapshot_of(at, &id, "manual", moment);
        begin(&mut snapshot.doc, tags);
        let answer = Value::Object(snapshot.doc.clone());
        self.snapshots.push(snapshot);
        let lasts = self.snapshot_lasts(&id, moment);
        plan(0, lasts, moment, |step| Due::Snapshot { id: id.clone(), step });
        self.note("db-snapshot", &id, "creation", "Creating manual snapshot", moment.now);
        Ok(answer)
    }

    /// A finished snapshot of an instance, as of now.
    pub fn snapshot_of(&self, at: usize, id: &str, kind: &str, moment: &Moment<'_>) -> Snapshot {
        let instance = &self.instances[at];
        let mut doc = document(&instance.doc, id, kind, moment);
        doc.insert(
            "FullSnapshotSizeInBytes".into(),
            (number(&doc, "AllocatedStorage") * BYTES_PER_GIB).into(),
        );
        Snapshot { doc, data: instance.data.as_of(moment.now), source: instance.doc.clone() }
    }

    /// 1 to 10 minutes for an incremental one (`aws.md` §2), unless a scenario says how long it is `creating`.
    pub(super) fn snapshot_lasts(&self, id: &str, moment: &Moment<'_>) -> Span {
        let usual = moment.within(&format!("snapshot/{id}"), Span::mins(1), Span::mins(10));
        self.stay([id, id], "creating").unwrap_or(usual)
    }

    pub(super) fn snapshot_step(&mut self, id: &str, step: &Step, now: At) {
        let found = self.snapshots.iter_mut().find(|s| of(&s.doc, "DBSnapshotIdentifier") == id);
        if let Some(snapshot) = found
            && step.advance(&mut snapshot.doc)
        {
            let source = of(&snapshot.doc, "DBInstanceIdentifier").to_owned();
            self.note("db-instance", &source, "backup", "Finished DB Instance backup", now);
            self.note("db-snapshot", id, "creation", "Manual snapshot created", now);
        }
    }

    /// Manual and automated ones where no type is named; those of AWS Backup only by theirs (`aws.md` §2).
    pub(super) fn describe_snapshots(&self, parameters: &Value) -> Result<Value, Refused> {
        let is_asked = |s: &&Snapshot| {
            s.is_asked(parameters, &["DBSnapshotIdentifier", "DBInstanceIdentifier", "DbiResourceId"])
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

impl Snapshot {
    /// Whether a call asks for it: by type, by the parameters of its kind (the first names one snapshot), by
    /// filters.
    fn is_asked(&self, parameters: &Value, by: &[&str]) -> bool {
        let its = of(&self.doc, "SnapshotType");
        let one = parameters[by[0]].is_string();
        text(parameters, "SnapshotType").map_or(its != "awsbackup" || one, |kind| kind == its)
            && by.iter().all(|name| text(parameters, name).is_none_or(|v| any(&self.doc[*name], v)))
            && filters(parameters, |name| {
                let member = match name {
                    "db-instance-id" => "DBInstanceIdentifier",
                    "db-snapshot-id" => "DBSnapshotIdentifier",
                    "dbi-resource-id" => "DbiResourceId",
                    "db-cluster-id" => "DBClusterIdentifier",
                    "db-cluster-snapshot-id" => "DBClusterSnapshotIdentifier",
                    "snapshot-type" => "SnapshotType",
                    "engine" => "Engine",
                    _ => return None,
                };
                self.doc.get(member)
            })
    }
}

impl Step {
    /// True when the snapshot is done with it.
    fn advance(&self, doc: &mut Map<String, Value>) -> bool {
        let (percent, done) = match self {
            Step::Progress(percent) => (*percent, false),
            Step::Available => (100, true),
        };
        doc.insert("PercentProgress".into(), percent.into());
        if done {
            doc.insert("Status".into(), "available".into());
        }
        done
    }
}

/// The document of a finished snapshot of an instance.
pub(super) fn document(
    source: &Map<String, Value>,
    id: &str,
    kind: &str,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let now = moment.now.rfc3339();
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
        ("Port", number(source, "DbInstancePort").into()),
        ("VpcId", source["DBSubnetGroup"]["VpcId"].clone()),
        ("Encrypted", source.get("StorageEncrypted").cloned().unwrap_or(Value::Bool(false))),
        ("OptionGroupName", source["OptionGroupMemberships"][0]["OptionGroupName"].clone()),
        ("TagList", json!([])),
    ]);
    let shown = SHOWN.iter().filter_map(|name| source.get(*name).map(|v| ((*name).to_owned(), v.clone())));
    doc.extend(shown);
    doc
}

fn begin(doc: &mut Map<String, Value>, tags: Vec<Value>) {
    doc.insert("Status".into(), "creating".into());
    doc.insert("PercentProgress".into(), 0.into());
    doc.insert("TagList".into(), tags.into());
}

fn has_room(snapshots: &[Snapshot], most: u64) -> Result<(), Refused> {
    let manual = snapshots.iter().filter(|s| of(&s.doc, "SnapshotType") == "manual").count();
    if (manual as u64) < most {
        return Ok(());
    }
    let message = format!("Cannot create more than {most} manual snapshots");
    Err(Refused::new("SnapshotQuotaExceeded", message))
}

/// The rest of a snapshot's making from `done` percent on, in `lasts`.
pub(super) fn plan(done: u8, lasts: Span, moment: &mut Moment<'_>, due: impl Fn(Step) -> Due) {
    let left = u64::from(100_u8.saturating_sub(done)).max(1);
    for percent in [10, 45, 80].into_iter().filter(|percent| *percent > done) {
        let after = Span(lasts.0 * u64::from(percent - done) / left);
        moment.later(after, Happening::Rds(due(Step::Progress(percent))));
    }
    moment.later(lasts, Happening::Rds(due(Step::Available)));
}
