//! Snapshots of clusters.

use serde_json::{Map, Value, json};

use super::{Snapshot, Step, begin, has_room, plan};
use crate::ids::At;
use crate::world::rds::{Due, Rds, check, engine, members, needed, number, of, text};
use crate::world::{Moment, Refused, pages};

/// Members of a cluster that its snapshots show under the same name.
const SHOWN: &[&str] = &[
    "AvailabilityZones",
    "DBClusterIdentifier",
    "Engine",
    "EngineMode",
    "AllocatedStorage",
    "ClusterCreateTime",
    "MasterUsername",
    "EngineVersion",
    "StorageEncrypted",
    "StorageEncryptionType",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "KmsKeyId",
    "IAMDatabaseAuthenticationEnabled",
    "StorageType",
    "DbClusterResourceId",
];

impl Rds {
    pub(in crate::world::rds) fn create_cluster_snapshot(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named_cluster(needed(parameters, "DBClusterIdentifier")?)?;
        let tags = parameters["Tags"].as_array().cloned().unwrap_or_default();
        let id = needed(parameters, "DBClusterSnapshotIdentifier")?;
        let id = check::identifier("DBClusterSnapshotIdentifier", id)?;
        let cluster = &self.clusters[at];
        if cluster.status() != "available" {
            let message = format!("DB cluster {} is not in the available state.", cluster.id());
            return Err(Refused::new("InvalidDBClusterStateFault", message));
        }
        Ok(json!({ "DBClusterSnapshot": self.take_cluster_snapshot(at, &id, tags, moment)? }))
    }

    /// A manual snapshot of a cluster begins; the document it begins with.
    pub(in crate::world::rds) fn take_cluster_snapshot(
        &mut self,
        at: usize,
        id: &str,
        tags: Vec<Value>,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = check::identifier("DBClusterSnapshotIdentifier", id)?;
        if self.cluster_snapshots.iter().any(|s| of(&s.doc, "DBClusterSnapshotIdentifier") == id) {
            let message = format!(
                "Cannot create the cluster snapshot because one with the identifier {id} already exists."
            );
            return Err(Refused::new("DBClusterSnapshotAlreadyExistsFault", message));
        }
        has_room(&self.cluster_snapshots, self.quotas.manual_cluster_snapshots)?;
        let mut snapshot = self.cluster_snapshot_of(at, &id, "manual", moment);
        begin(&mut snapshot.doc, tags);
        let answer = Value::Object(snapshot.doc.clone());
        self.cluster_snapshots.push(snapshot);
        let lasts = self.snapshot_lasts(&id, moment);
        plan(0, lasts, moment, |step| Due::ClusterSnapshot { id: id.clone(), step });
        self.note("db-cluster-snapshot", &id, "backup", "Creating manual cluster snapshot", moment.now);
        Ok(answer)
    }

    /// A finished snapshot of a cluster, as of now.
    pub fn cluster_snapshot_of(&self, at: usize, id: &str, kind: &str, moment: &Moment<'_>) -> Snapshot {
        let cluster = &self.clusters[at];
        let mut doc = document(&cluster.doc, id, kind, moment);
        doc.insert("VpcId".into(), self.vpc_of(&cluster.doc));
        Snapshot { doc, data: cluster.data.as_of(moment.now), source: cluster.doc.clone() }
    }

    /// The VPC of a cluster: that of its subnet group.
    pub(in crate::world::rds) fn vpc_of(&self, doc: &Map<String, Value>) -> Value {
        let group = self.subnet_groups.iter().find(|g| g["DBSubnetGroupName"] == of(doc, "DBSubnetGroup"));
        group.map_or(Value::Null, |g| g["VpcId"].clone())
    }

    pub(in crate::world::rds) fn cluster_snapshot_step(&mut self, id: &str, step: &Step, now: At) {
        let found =
            self.cluster_snapshots.iter_mut().find(|s| of(&s.doc, "DBClusterSnapshotIdentifier") == id);
        if let Some(snapshot) = found
            && step.advance(&mut snapshot.doc)
        {
            self.note("db-cluster-snapshot", id, "backup", "Manual cluster snapshot created", now);
        }
    }

    pub(in crate::world::rds) fn describe_cluster_snapshots(
        &self,
        parameters: &Value,
    ) -> Result<Value, Refused> {
        let by = ["DBClusterSnapshotIdentifier", "DBClusterIdentifier", "DbClusterResourceId"];
        let asked = self.cluster_snapshots.iter().filter(|s| s.is_asked(parameters, &by));
        let rows: Vec<Value> = asked.map(|s| Value::Object(s.doc.clone())).collect();
        match text(parameters, by[0]) {
            Some(id) if rows.is_empty() => Err(Refused::not_found(
                "DBClusterSnapshotNotFoundFault",
                format!("DBClusterSnapshot {id} not found."),
            )),
            _ => pages::RDS.page("DBClusterSnapshots", rows, parameters),
        }
    }
}

/// The document of a finished snapshot of a cluster.
pub(in crate::world::rds) fn document(
    source: &Map<String, Value>,
    id: &str,
    kind: &str,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let mut doc = members([
        ("DBClusterSnapshotIdentifier", id.into()),
        ("DBClusterSnapshotArn", moment.arn("rds", &format!("cluster-snapshot:{id}")).into()),
        ("SnapshotCreateTime", moment.now.rfc3339().into()),
        ("Status", "available".into()),
        ("Port", number(source, "Port").into()),
        ("LicenseModel", engine::licence(of(source, "Engine")).into()),
        ("SnapshotType", kind.into()),
        ("PercentProgress", 100.into()),
        ("TagList", json!([])),
    ]);
    let shown = SHOWN.iter().filter_map(|name| source.get(*name).map(|v| ((*name).to_owned(), v.clone())));
    doc.extend(shown);
    doc
}
