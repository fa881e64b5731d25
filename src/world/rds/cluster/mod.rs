//! One Aurora cluster: its document, its members, what its volume holds, and the steps of its life.
//!
//! `base` is the full set of members, `restore` makes clusters, `modify` and `delete` change them, `member` is
//! what its instances mean to it.

mod base;
mod delete;
mod member;
mod modify;
mod pitr;
mod restore;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::describe::filters;
use super::instance::restorable;
use super::life::Life;
use super::{Due, Rds, bare, number, of, text};
use crate::ids::{At, Span};
use crate::world::{Data, Due as Happening, Moment, Refused, pages};

pub(super) use base::{base, populated, settle};
pub use member::Member;

/// A cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The document as `DescribeDBClusters` gives it, but for its members and what depends on the time.
    pub doc: Map<String, Value>,
    /// What its volume holds; its instances hold nothing of their own.
    pub data: Data,
    pub members: Vec<Member>,
    /// Between two names: it can be found by its resource id only.
    pub nameless: bool,
    /// Since when it can be restored to a point in time; `None` until its first backup.
    pub backed_up: Option<At>,
    pub(super) life: Life<Step>,
}

/// One step of a cluster's life.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Status(Cow<'static, str>),
    /// Settings that were accepted take effect; the cluster is available again.
    Apply(Map<String, Value>),
    LoseName,
    TakeName(String),
    /// It has its data: it can be given members, and be restored from.
    Available,
    Gone,
}

impl Step {
    pub(super) fn status(status: impl Into<Cow<'static, str>>) -> Step {
        Step::Status(status.into())
    }
}

impl Cluster {
    pub(super) fn new(doc: Map<String, Value>, data: Data) -> Cluster {
        Cluster { doc, data, members: Vec::new(), nameless: false, backed_up: None, life: Life::default() }
    }

    pub fn id(&self) -> &str {
        of(&self.doc, "DBClusterIdentifier")
    }

    /// The id that a rename does not move.
    pub fn resource(&self) -> &str {
        of(&self.doc, "DbClusterResourceId")
    }

    pub fn status(&self) -> &str {
        of(&self.doc, "Status")
    }

    /// Aurora Serverless v1, which has no instances (historic: past its end of life, `aws.md` §0.7).
    pub fn is_serverless(&self) -> bool {
        of(&self.doc, "EngineMode") == "serverless"
    }

    /// What waits, by member.
    pub fn pending(&self) -> Map<String, Value> {
        self.doc.get("PendingModifiedValues").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.doc.insert(name.to_owned(), value.into());
    }

    /// Shown only while something waits (API reference, `DBCluster`).
    pub(super) fn set_pending(&mut self, pending: Map<String, Value>) {
        if pending.is_empty() {
            self.doc.remove("PendingModifiedValues");
        } else {
            self.set("PendingModifiedValues", pending);
        }
    }

    /// What it can be restored to at `now`, where its first backup is there.
    pub fn window(&self, now: At) -> Option<(At, At)> {
        let days = number(&self.doc, "BackupRetentionPeriod").max(1);
        self.backed_up.map(|since| restorable(since, days, self.resource(), now))
    }
}

impl Rds {
    /// The cluster that bears a name now (or its ARN); names are the same in either case.
    pub(super) fn named_cluster(&self, name: &str) -> Result<usize, Refused> {
        let is = |c: &Cluster| !c.nameless && c.id().eq_ignore_ascii_case(bare(name));
        let missing = || Refused::not_found("DBClusterNotFoundFault", format!("DBCluster {name} not found."));
        self.clusters.iter().position(is).ok_or_else(missing)
    }

    /// The document of a cluster at `now`, with its members.
    pub(in crate::world) fn cluster_document(&self, at: usize, now: At) -> Value {
        let cluster = &self.clusters[at];
        let mut doc = cluster.doc.clone();
        doc.insert("DBClusterMembers".into(), self.member_rows(cluster));
        doc.insert("MultiAZ".into(), (self.zones_of(cluster) > 1).into());
        if let Some((earliest, latest)) = cluster.window(now).filter(|_| cluster.status() != "deleting") {
            doc.insert("EarliestRestorableTime".into(), earliest.rfc3339().into());
            doc.insert("LatestRestorableTime".into(), latest.rfc3339().into());
        }
        Value::Object(doc)
    }

    pub(super) fn describe_clusters(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        if let Some(name) = text(parameters, "DBClusterIdentifier") {
            let at = self.named_cluster(name)?;
            return Ok(json!({"DBClusters": [self.cluster_document(at, moment.now)]}));
        }
        let is_asked = |cluster: &Cluster| {
            filters(parameters, |name| {
                let member = match name {
                    "db-cluster-id" if cluster.nameless => return Some(&Value::Null),
                    "db-cluster-id" => "DBClusterIdentifier",
                    "db-cluster-resource-id" => "DbClusterResourceId",
                    "clone-group-id" => "CloneGroupId",
                    "engine" => "Engine",
                    _ => return None,
                };
                cluster.doc.get(member)
            })
        };
        let asked = (0..self.clusters.len()).filter(|at| is_asked(&self.clusters[*at]));
        let rows = asked.map(|at| self.cluster_document(at, moment.now)).collect();
        pages::RDS.page("DBClusters", rows, parameters)
    }

    /// Steps after all that is ahead of a cluster.
    pub(super) fn plan_cluster(
        &mut self,
        at: usize,
        steps: impl IntoIterator<Item = (Span, Step)>,
        moment: &mut Moment<'_>,
    ) {
        self.clusters[at].life.add(steps);
        self.arm_cluster(at, moment);
    }

    fn arm_cluster(&mut self, at: usize, moment: &mut Moment<'_>) {
        let cluster = &self.clusters[at];
        let phase = if cluster.nameless { "nameless" } else { cluster.status() };
        let stays = self.stay([cluster.id(), cluster.resource()], phase);
        let resource = cluster.resource().to_owned();
        if let Some(wake) = self.clusters[at].life.arm(moment.now, stays) {
            moment.later(wake.since(moment.now), Happening::Rds(Due::Cluster { resource }));
        }
    }

    pub(super) fn cluster_step(&mut self, resource: &str, moment: &mut Moment<'_>) {
        let by_resource = |rds: &Rds| rds.clusters.iter().position(|c| c.resource() == resource);
        let Some(at) = by_resource(self) else { return };
        let Some(step) = self.clusters[at].life.due(moment.now) else { return };
        self.take_cluster(at, step, moment);
        if let Some(at) = by_resource(self) {
            self.arm_cluster(at, moment);
        }
    }

    fn take_cluster(&mut self, at: usize, step: Step, moment: &Moment<'_>) {
        match step {
            Step::Status(status) => self.clusters[at].set("Status", status.as_ref()),
            Step::Apply(settings) => self.apply_to_cluster(at, settings, moment),
            Step::LoseName => self.clusters[at].nameless = true,
            Step::TakeName(name) => self.rename_cluster(at, &name, moment),
            Step::Available => self.cluster_available(at, moment),
            Step::Gone => {
                self.tell_cluster(at, "deletion", "DB cluster deleted", moment);
                self.clusters.remove(at);
            }
        }
    }

    /// An event of a cluster.
    pub(super) fn tell_cluster(
        &mut self,
        at: usize,
        category: &'static str,
        message: &str,
        moment: &Moment<'_>,
    ) {
        let id = self.clusters[at].id().to_owned();
        self.note("db-cluster", &id, category, message, moment.now);
    }

    /// Available, unless its key is lost.
    pub(super) fn cluster_available(&mut self, at: usize, moment: &Moment<'_>) {
        if self.is_locked(&self.clusters[at].doc) {
            self.clusters[at].set("Status", "inaccessible-encryption-credentials-recoverable");
            return;
        }
        self.clusters[at].set("Status", "available");
        if self.clusters[at].backed_up.is_none() {
            self.clusters[at].backed_up = Some(moment.now);
            self.tell_cluster(at, "creation", "DB cluster created", moment);
        }
    }
}
