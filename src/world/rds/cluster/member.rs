//! What the instances of a cluster mean to it.

use serde_json::{Value, json};

use super::Cluster;
use crate::world::Moment;
use crate::world::rds::instance::settle;
use crate::world::rds::{Instance, Rds, number};

/// An instance of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its resource id.
    pub resource: String,
    pub writer: bool,
    /// The parameters of the cluster's group are not live on it.
    pub waits_for_reboot: bool,
}

/// Settings of a cluster that its members take over.
const SPREADS: &[&str] = &[
    "EngineVersion",
    "VpcSecurityGroups",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "IAMDatabaseAuthenticationEnabled",
    "EnabledCloudwatchLogsExports",
    "DatabaseInsightsMode",
    "PerformanceInsightsEnabled",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "CACertificateIdentifier",
    "EngineLifecycleSupport",
];

impl Cluster {
    /// A new member; the first one is the writer.
    pub(in crate::world::rds) fn admit(&mut self, resource: &str) {
        let writer = !self.members.iter().any(|m| m.writer);
        self.members.push(Member { resource: resource.to_owned(), writer, waits_for_reboot: false });
    }
}

impl Rds {
    fn member(&self, resource: &str) -> Option<&Instance> {
        self.instances.iter().find(|i| i.resource() == resource)
    }

    pub(super) fn member_rows(&self, cluster: &Cluster) -> Value {
        let row = |m: &Member| {
            let instance = self.member(&m.resource)?;
            let status = if m.waits_for_reboot { "pending-reboot" } else { "in-sync" };
            Some(json!({
                "DBInstanceIdentifier": instance.id(),
                "IsClusterWriter": m.writer,
                "DBClusterParameterGroupStatus": status,
                "PromotionTier": number(&instance.doc, "PromotionTier"),
            }))
        };
        cluster.members.iter().filter_map(row).collect()
    }

    /// In how many zones a cluster has instances.
    pub(super) fn zones_of(&self, cluster: &Cluster) -> usize {
        let zone = |m: &Member| self.member(&m.resource)?.doc.get("AvailabilityZone")?.as_str();
        let mut zones: Vec<&str> = cluster.members.iter().filter_map(zone).collect();
        zones.sort_unstable();
        zones.dedup();
        zones.len()
    }

    /// The writer of a cluster, when it can be written to.
    pub(in crate::world::rds) fn writer(&self, cluster: &Cluster) -> Option<&Instance> {
        let writer = cluster.members.iter().find(|m| m.writer)?;
        self.member(&writer.resource)
    }

    /// A writer that is deleted gives way to the reader with the lowest promotion tier (Aurora user guide).
    pub(in crate::world::rds) fn member_leaves(&mut self, resource: &str) {
        let holds = |c: &Cluster| c.members.iter().any(|m| m.resource == resource && m.writer);
        let Some(at) = self.clusters.iter().position(holds) else { return };
        let tier = |m: &Member| self.member(&m.resource).map_or(99, |i| number(&i.doc, "PromotionTier"));
        let fit = |m: &&Member| self.member(&m.resource).is_some_and(|i| i.status() == "available");
        let readers = self.clusters[at].members.iter().filter(|m| m.resource != resource);
        let Some(next) = readers.filter(fit).min_by_key(|m| tier(m)).map(|m| m.resource.clone()) else {
            return;
        };
        for member in &mut self.clusters[at].members {
            member.writer = member.resource == next;
        }
    }

    /// Parameters of the cluster's group are live on a member that was rebooted.
    pub(in crate::world::rds) fn member_rebooted(&mut self, resource: &str) {
        let members = self.clusters.iter_mut().flat_map(|c| &mut c.members);
        for member in members.filter(|m| m.resource == resource) {
            member.waits_for_reboot = false;
        }
    }

    /// What members take over from their cluster, its name and port included.
    pub(super) fn spread(&mut self, at: usize, moment: &Moment<'_>) {
        let cluster = self.clusters[at].clone();
        let of_it = |i: &Instance| cluster.members.iter().any(|m| m.resource == i.resource());
        for instance in self.instances.iter_mut().filter(|i| of_it(i)) {
            instance.set("DBClusterIdentifier", cluster.id());
            for name in SPREADS {
                if let Some(value) = cluster.doc.get(*name) {
                    instance.set(name, value.clone());
                }
            }
            let port = number(&cluster.doc, "Port");
            if number(&instance.doc, "DbInstancePort") != port {
                let id = instance.id().to_owned();
                instance.set("DbInstancePort", port);
                instance.set_address(&id, moment);
            }
            settle(&mut instance.doc, moment);
        }
    }
}
