//! A moment of a cluster's past as a new cluster: a full copy of its volume, or a clone of what it is now.

use serde_json::{Map, Value};

use super::restore::Source;
use crate::ids::At;
use crate::world::rds::instance::point;
use crate::world::rds::{Rds, needed, of, text};
use crate::world::{Data, Moment, Refused};

/// The history that a call names; `live` is the cluster, where it is still there.
struct History {
    settings: Map<String, Value>,
    data: Data,
    window: (At, At),
    live: Option<usize>,
}

impl Rds {
    pub(in crate::world::rds) fn restore_cluster_to_point_in_time(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let id = self.free_cluster_name(needed(parameters, "DBClusterIdentifier")?)?;
        let history = self.cluster_history(parameters, moment.now)?;
        may_observe(parameters)?;
        let name = of(&history.settings, "DBClusterIdentifier").to_owned();
        let (to, clone) = match text(parameters, "RestoreType").unwrap_or("full-copy") {
            "full-copy" => (point(parameters, "RestoreToTime", history.window)?, None),
            "copy-on-write" => (moment.now, Some(clonable(parameters, &history)?)),
            other => return Err(invalid(format!("Invalid restore type: {other}"))),
        };
        let mut settings = history.settings;
        // The port is the engine's default, whatever the source had (`aws.md` §3).
        settings.remove("Port");
        if clone.is_none() {
            settings.retain(|name, _| name != "EngineMode" && name != "CloneGroupId");
        }
        let data = history.data.as_of(to);
        let creating = if clone.is_some() { (3, 8) } else { (10, 40) };
        let event = format!("Restored from DB cluster {name} to {to}");
        if let Some(at) = clone {
            self.join_clone_group(at, &mut settings, moment);
        }
        let source = Source { settings, data, name, creating, migrates: false, event };
        self.bring_up_cluster(&id, source, parameters, moment)
    }

    fn cluster_history(&self, parameters: &Value, now: At) -> Result<History, Refused> {
        let (name, resource) =
            (text(parameters, "SourceDBClusterIdentifier"), text(parameters, "SourceDbClusterResourceId"));
        let at = match (name, resource) {
            (Some(name), None) => Some(self.named_cluster(name)?),
            (None, Some(id)) => self.clusters.iter().position(|c| c.resource().eq_ignore_ascii_case(id)),
            _ => {
                let message =
                    "You must specify either SourceDBClusterIdentifier or SourceDbClusterResourceId.";
                return Err(Refused::new("InvalidParameterCombination", message));
            }
        };
        match at {
            Some(at) => self.history_of_cluster(at, now),
            None => self.history_retained(resource.unwrap_or_default(), now),
        }
    }

    fn history_of_cluster(&self, at: usize, now: At) -> Result<History, Refused> {
        let cluster = &self.clusters[at];
        let window = cluster.window(now).filter(|_| cluster.status() != "deleting").ok_or_else(|| {
            let message = format!(
                "DB cluster {} is in the {} state and has no backup.",
                cluster.id(),
                cluster.status()
            );
            Refused::new("InvalidDBClusterStateFault", message)
        })?;
        Ok(History { settings: cluster.doc.clone(), data: cluster.data.clone(), window, live: Some(at) })
    }

    fn history_retained(&self, id: &str, now: At) -> Result<History, Refused> {
        let kept = self.retained_by("DbClusterResourceId", id, now).ok_or_else(|| {
            let message =
                format!("There is no automated backup of the DB cluster with the resource id {id}.");
            Refused::not_found("DBClusterAutomatedBackupNotFoundFault", message)
        })?;
        let (settings, data) = (kept.doc.clone(), kept.data.clone());
        Ok(History { settings, data, window: kept.window(now), live: None })
    }

    /// Source and clone are of one group (API reference, `CloneGroupId`).
    fn join_clone_group(&mut self, at: usize, settings: &mut Map<String, Value>, moment: &Moment<'_>) {
        let key = format!("clone/{}", self.clusters[at].resource());
        let group = settings.get("CloneGroupId").cloned();
        let group = group.unwrap_or_else(|| moment.dice.letters(&key, 26).to_lowercase().into());
        self.clusters[at].set("CloneGroupId", group.clone());
        settings.insert("CloneGroupId".into(), group);
    }
}

/// A clone is of now: it takes no moment, and needs a source that is there.
fn clonable(parameters: &Value, history: &History) -> Result<usize, Refused> {
    if text(parameters, "RestoreToTime").is_some() || parameters["UseLatestRestorableTime"] != true {
        let message = "A restore of type copy-on-write can only be made with UseLatestRestorableTime, not to a RestoreToTime.";
        return Err(Refused::new("InvalidParameterCombination", message));
    }
    history
        .live
        .ok_or_else(|| invalid("A retained automated backup can't be restored as copy-on-write.".to_owned()))
}

/// As AWS words it for every cluster that is not an Aurora Limitless Database (boto3 issue 4634).
fn may_observe(parameters: &Value) -> Result<(), Refused> {
    let asks = [
        "EnablePerformanceInsights",
        "MonitoringInterval",
        "MonitoringRoleArn",
        "PerformanceInsightsRetentionPeriod",
    ];
    if asks.iter().all(|name| parameters[*name].is_null()) {
        return Ok(());
    }
    let message = "You can enable Performance Insights or set the Enhanced Monitoring interval only when restoring \
                   from a source Aurora Limitless DB cluster";
    Err(Refused::new("InvalidParameterCombination", message))
}

fn invalid(message: String) -> Refused {
    Refused::new("InvalidParameterValue", message)
}
