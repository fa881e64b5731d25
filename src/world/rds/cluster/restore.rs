//! New clusters from snapshots and backups: they have no instances, and not everything comes back (`aws.md` §3).

use serde_json::{Map, Value, json};

use super::{Cluster, Step, base, settle};
use crate::ids::Span;
use crate::world::rds::settings::{self, Kind};
use crate::world::rds::{Rds, bare, check, engine, needed, of, text};
use crate::world::{Data, Moment, Refused};

/// Members that a restored cluster takes over from its source, unless the call says otherwise.
const KEPT: &[&str] = &[
    "Engine",
    "EngineVersion",
    "MasterUsername",
    "DatabaseName",
    "StorageEncrypted",
    "KmsKeyId",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "AvailabilityZones",
    "TagList",
];

/// What a new cluster is made from.
pub(super) struct Source {
    /// The document of the cluster as it was, with what this kind of restore takes over besides.
    pub settings: Map<String, Value>,
    pub data: Data,
    /// What [`Rds::dead_ends`] may name beside the new cluster.
    pub name: String,
    /// Minutes that it is created, at least and at most.
    pub creating: (u64, u64),
    /// The volume is brought to another version before it is available.
    pub migrates: bool,
    pub event: String,
}

impl Rds {
    /// Without `EngineVersion` the new cluster has the region's default version of the engine; its port is that of
    /// the source (`aws.md` §3).
    pub(in crate::world::rds) fn restore_cluster_from_snapshot(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = self.free_cluster_name(needed(parameters, "DBClusterIdentifier")?)?;
        let at = self.restorable_cluster(needed(parameters, "SnapshotIdentifier")?)?;
        let snapshot = &self.cluster_snapshots[at];
        let engine = needed(parameters, "Engine")?;
        if engine != of(&snapshot.doc, "Engine") {
            let message = format!(
                "The engine name requested ({engine}) doesn't match the engine of the snapshot ({}).",
                of(&snapshot.doc, "Engine")
            );
            return Err(Refused::new("InvalidParameterCombination", message));
        }
        let mut settings = snapshot.source.clone();
        let version =
            text(parameters, "EngineVersion").map_or_else(|| self.default_version(engine), str::to_owned);
        let migrates = version != of(&snapshot.doc, "EngineVersion");
        settings.insert("EngineVersion".into(), version.into());
        settings.retain(|name, _| name != "EngineMode");
        let name = of(&snapshot.doc, "DBClusterSnapshotIdentifier").to_owned();
        let event = format!("Restored from snapshot {name}");
        let data = snapshot.data.clone();
        self.bring_up_cluster(
            &id,
            Source { settings, data, name, creating: (10, 30), migrates, event },
            parameters,
            moment,
        )
    }

    fn restorable_cluster(&self, id: &str) -> Result<usize, Refused> {
        let is = |s: &crate::world::rds::Snapshot| {
            of(&s.doc, "DBClusterSnapshotIdentifier").eq_ignore_ascii_case(bare(id))
        };
        let missing = || {
            Refused::not_found("DBClusterSnapshotNotFoundFault", format!("DBClusterSnapshot not found: {id}"))
        };
        let at = self.cluster_snapshots.iter().position(is).ok_or_else(missing)?;
        let status = of(&self.cluster_snapshots[at].doc, "Status");
        if status == "available" {
            return Ok(at);
        }
        let message = format!("The DB cluster snapshot {id} is not in the available state: {status}");
        Err(Refused::new("InvalidDBClusterSnapshotStateFault", message))
    }

    /// A name for a new cluster: nobody bears it, be it one that is just losing it.
    pub(super) fn free_cluster_name(&self, name: &str) -> Result<String, Refused> {
        let name = check::identifier("DBClusterIdentifier", name)?;
        if self.clusters.iter().any(|c| c.id() == name) {
            return Err(Refused::new(
                "DBClusterAlreadyExistsFault",
                format!("DB Cluster {name} already exists"),
            ));
        }
        Ok(name)
    }

    /// A new cluster of a source, when nothing stands against it.
    pub(super) fn bring_up_cluster(
        &mut self,
        id: &str,
        source: Source,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        if self.clusters.len() as u64 >= self.quotas.clusters {
            let message = "You can't create any more DB clusters: the quota of the account is used up.";
            return Err(Refused { status: 403, ..Refused::new("DBClusterQuotaExceededFault", message) });
        }
        // The volume counts as one GiB until it is filled.
        self.has_storage(1)?;
        self.has_keys(parameters, &source.settings)?;
        let group = self.subnet_group_of(parameters)?;
        let version = text(parameters, "EngineVersion").unwrap_or(of(&source.settings, "EngineVersion"));
        let family = engine::family(of(&source.settings, "Engine"), version);
        self.groups_exist(parameters, &family, group["VpcId"].as_str())?;
        let resource = self.resource_id("cluster", moment);
        let doc = self.restored_cluster(id, &resource, &source, &group, parameters, moment);
        let end = [id, source.name.as_str()].iter().find_map(|n| self.dead_ends.get(*n).cloned());
        let steps = steps(&resource, &source, end, moment);
        self.clusters.push(Cluster::new(doc, source.data));
        let at = self.clusters.len() - 1;
        self.tell_cluster(at, "creation", &source.event, moment);
        self.plan_cluster(at, steps, moment);
        Ok(json!({ "DBCluster": self.cluster_document(at, moment.now) }))
    }

    fn restored_cluster(
        &self,
        id: &str,
        resource: &str,
        source: &Source,
        group: &Value,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Map<String, Value> {
        let mut doc = base(id, resource, group["DBSubnetGroupName"].as_str().unwrap_or_default(), moment);
        doc.insert("VpcSecurityGroups".into(), self.default_security_group(&group["VpcId"]));
        for name in KEPT.iter().chain(&["Port", "EngineMode", "CloneGroupId"]) {
            if let Some(value) = source.settings.get(*name) {
                doc.insert((*name).to_owned(), value.clone());
            }
        }
        doc.extend(settings::of_call(Kind::Cluster, &doc, parameters, "in-sync", moment));
        settle(&mut doc, moment);
        doc
    }
}

/// `creating`, where it must `migrating`, `available`.
fn steps(resource: &str, source: &Source, end: Option<String>, moment: &Moment<'_>) -> Vec<(Span, Step)> {
    let within = |what: &str, low: u64, high: u64| {
        moment.within(&format!("restore/{what}/{resource}"), Span::mins(low), Span::mins(high))
    };
    let creating = within("creating", source.creating.0, source.creating.1);
    match end {
        Some(end) => vec![(creating, Step::status(end))],
        None if source.migrates => {
            vec![(creating, Step::status("migrating")), (within("migrating", 3, 10), Step::Available)]
        }
        None => vec![(creating, Step::Available)],
    }
}
