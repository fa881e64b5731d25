//! RDS: instances, Aurora clusters, their snapshots and backups, groups, events and quotas of one site.
//!
//! `instance` and `cluster` are the documents, their lives and the calls that change them; `snapshot` and
//! `automated` are what they are restored from; `describe`, `event` and `tags` the reads; `check` what a call
//! must stand up to. `place` makes a starting world of plain descriptions, `trouble` is what a scenario may do
//! to it, `write` an application that uses it. Statuses and their order as in `aws.md` §2.

mod automated;
mod check;
mod cluster;
mod describe;
mod engine;
mod event;
mod instance;
mod life;
mod place;
mod settings;
mod snapshot;
mod tags;
#[cfg(test)]
mod tests;
mod trouble;
mod window;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Moment, Refused};
use crate::ids::Span;

pub use automated::Retained;
pub use cluster::{Cluster, Member};
pub use event::Event;
pub use instance::Instance;
pub use snapshot::Snapshot;

/// Stores, what they refer to, and what a scenario does to them.
#[derive(Clone, Debug, Default)]
pub struct Rds {
    pub instances: Vec<Instance>,
    pub clusters: Vec<Cluster>,
    pub snapshots: Vec<Snapshot>,
    pub cluster_snapshots: Vec<Snapshot>,
    /// Automated backups of stores that are deleted.
    pub retained: Vec<Retained>,
    /// Documents as `DescribeDBSubnetGroups` gives them.
    pub subnet_groups: Vec<Value>,
    /// Documents as `DescribeDBParameterGroups` gives them.
    pub parameter_groups: Vec<Value>,
    /// Documents as `DescribeDBClusterParameterGroups` gives them.
    pub cluster_parameter_groups: Vec<Value>,
    /// Security groups by id, each with its VPC.
    pub security_groups: Vec<(String, String)>,
    pub events: Vec<Event>,
    pub quotas: Quotas,
    /// Keys that RDS cannot use, as `KmsKeyId` has them.
    pub kms_disabled: Vec<String>,
    /// Instance classes of which the region has none left.
    pub scarce: Vec<String>,
    /// The status in which a restore ends, in place of `available`: by the identifier of the new store, or of
    /// the snapshot or store it is made from.
    pub dead_ends: BTreeMap<String, String>,
    /// How long a store stays in a status (`nameless` between two names), in place of what chance says: by its
    /// identifier or resource id.
    pub stays: BTreeMap<String, BTreeMap<String, Span>>,
    /// Names that an instance is restored to with its parameter group `pending-reboot`.
    pub static_parameters: BTreeSet<String>,
    /// Maintenance that waits, by the name of its store: `os-upgrade` and the like. It never comes in a drill.
    pub maintenance: BTreeMap<String, Vec<String>>,
    /// Default versions of engines, where they are not the usual ones.
    pub default_versions: BTreeMap<String, String>,
    /// Stores ever made; the resource ids come from it.
    made: u64,
}

/// What an account may have in a region (the defaults of the RDS user guide).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quotas {
    pub instances: u64,
    pub clusters: u64,
    /// GiB over all instances.
    pub storage: u64,
    pub manual_snapshots: u64,
    pub manual_cluster_snapshots: u64,
}

/// What happens to RDS by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// The next step of an instance, by its resource id.
    Instance { resource: String },
    /// The next step of a cluster, by its resource id.
    Cluster { resource: String },
    /// The maintenance window of an instance or a cluster opens.
    Window { resource: String },
    /// A snapshot of an instance comes on.
    Snapshot { id: String, step: snapshot::Step },
    /// A snapshot of a cluster comes on.
    ClusterSnapshot { id: String, step: snapshot::Step },
    /// What a disabled key leads to.
    Key { key: String, lost: bool },
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas {
            instances: 40,
            clusters: 40,
            storage: 100_000,
            manual_snapshots: 100,
            manual_cluster_snapshots: 100,
        }
    }
}

impl Rds {
    /// Answers one call.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        match operation {
            "DescribeDBInstances" => self.describe_instances(parameters, moment),
            "DescribeDBClusters" => self.describe_clusters(parameters, moment),
            "DescribeDBSnapshots" => self.describe_snapshots(parameters),
            "DescribeDBClusterSnapshots" => self.describe_cluster_snapshots(parameters),
            "DescribeDBInstanceAutomatedBackups" => self.describe_instance_backups(parameters, moment),
            "DescribeDBClusterAutomatedBackups" => self.describe_cluster_backups(parameters, moment),
            "DescribeDBSubnetGroups" => self.describe_subnet_groups(parameters),
            "DescribeDBParameterGroups" => self.describe_parameter_groups(parameters),
            "DescribeDBClusterParameterGroups" => self.describe_cluster_parameter_groups(parameters),
            "DescribeEvents" => self.describe_events(parameters, moment),
            "DescribeAccountAttributes" => Ok(self.account_attributes()),
            "DescribePendingMaintenanceActions" => Ok(self.describe_maintenance(parameters, moment)),
            "ListTagsForResource" => self.tags(parameters),
            "AddTagsToResource" => self.add_tags(parameters),
            "RemoveTagsFromResource" => self.remove_tags(parameters),
            "ModifyDBInstance" => self.modify_instance(parameters, moment),
            "ModifyDBCluster" => self.modify_cluster(parameters, moment),
            "RebootDBInstance" => self.reboot_instance(parameters, moment),
            "AddRoleToDBInstance" => self.add_role(parameters),
            "AddRoleToDBCluster" => self.add_cluster_role(parameters),
            "EnableHttpEndpoint" => self.enable_http_endpoint(parameters),
            "CreateDBInstance" => self.create_instance(parameters, moment),
            "DeleteDBInstance" => self.delete_instance(parameters, moment),
            "DeleteDBCluster" => self.delete_cluster(parameters, moment),
            "RestoreDBInstanceFromDBSnapshot" => self.restore_from_snapshot(parameters, moment),
            "RestoreDBInstanceToPointInTime" => self.restore_to_point_in_time(parameters, moment),
            "RestoreDBClusterFromSnapshot" => self.restore_cluster_from_snapshot(parameters, moment),
            "RestoreDBClusterToPointInTime" => self.restore_cluster_to_point_in_time(parameters, moment),
            "CreateDBSnapshot" => self.create_snapshot(parameters, moment),
            "CreateDBClusterSnapshot" => self.create_cluster_snapshot(parameters, moment),
            _ => Err(Refused::unknown_operation("rds", operation)),
        }
    }

    /// Lets one thing happen that was due.
    pub(super) fn happen(&mut self, due: Due, moment: &mut Moment<'_>) {
        match due {
            Due::Instance { resource } => self.instance_step(&resource, moment),
            Due::Cluster { resource } => self.cluster_step(&resource, moment),
            Due::Window { resource } => self.window_opens(&resource, moment),
            Due::Snapshot { id, step } => self.snapshot_step(&id, &step, moment.now),
            Due::ClusterSnapshot { id, step } => self.cluster_snapshot_step(&id, &step, moment.now),
            Due::Key { key, lost } => self.key_is_missed(&key, lost, moment),
        }
    }

    /// A resource id that no other store of this world has.
    fn resource_id(&mut self, kind: &str, moment: &Moment<'_>) -> String {
        self.made += 1;
        let site = moment.site;
        let key = format!("{kind}/{}/{}/{}", site.account, site.region, self.made);
        format!("{kind}-{}", moment.dice.letters(&key, 26))
    }

    /// How long a scenario lets a store stay in a status.
    fn stay(&self, names: [&str; 2], status: &str) -> Option<Span> {
        names.iter().find_map(|name| self.stays.get(*name)?.get(status)).copied()
    }
}

/// The text of a parameter.
fn text<'p>(parameters: &'p Value, name: &str) -> Option<&'p str> {
    parameters[name].as_str()
}

/// The text of a parameter that must be there.
fn needed<'p>(parameters: &'p Value, name: &str) -> Result<&'p str, Refused> {
    text(parameters, name).ok_or_else(|| {
        Refused::new("MissingParameter", format!("The request must contain the parameter {name}"))
    })
}

/// Members of a document, in the order in which they are written.
fn members(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The text of a member, empty where there is none.
fn of<'d>(doc: &'d Map<String, Value>, member: &str) -> &'d str {
    doc.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// The number of a member, 0 where there is none.
fn number(doc: &Map<String, Value>, member: &str) -> u64 {
    doc.get(member).and_then(Value::as_u64).unwrap_or(0)
}

/// A name as it is meant: the last part of an ARN, else the name itself.
fn bare(name: &str) -> &str {
    if name.starts_with("arn:") { name.splitn(7, ':').nth(6).unwrap_or(name) } else { name }
}
