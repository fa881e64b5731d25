//! The end of a cluster, and what it leaves behind.

use serde_json::{Value, json};

use super::Step;
use crate::ids::Span;
use crate::world::rds::{Rds, Retained, automated, needed, text};
use crate::world::{Moment, Refused};

impl Rds {
    /// Its automated backups go with it, unless the call says that they stay.
    pub(in crate::world::rds) fn delete_cluster(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named_cluster(needed(parameters, "DBClusterIdentifier")?)?;
        self.cluster_may_go(at, parameters)?;
        if let Some(last) = text(parameters, "FinalDBSnapshotIdentifier") {
            self.take_cluster_snapshot(at, last, Vec::new(), moment)?;
        }
        if let Some(window) = self.clusters[at].window(moment.now)
            && parameters["DeleteAutomatedBackups"] == false
        {
            let cluster = &self.clusters[at];
            let (doc, data) = (cluster.doc.clone(), cluster.data.as_of(moment.now));
            let arn = automated::arn(&doc, moment);
            self.retained.push(Retained { doc, data, arn, window });
        }
        let cluster = &mut self.clusters[at];
        cluster.life.clear();
        cluster.set("Status", "deleting");
        let lasts = moment.within(&format!("delete/{}", cluster.resource()), Span::mins(1), Span::mins(4));
        let answer = self.cluster_document(at, moment.now);
        self.plan_cluster(at, [(lasts, Step::Gone)], moment);
        Ok(json!({ "DBCluster": answer }))
    }

    fn cluster_may_go(&self, at: usize, parameters: &Value) -> Result<(), Refused> {
        let cluster = &self.clusters[at];
        let refused = |message: &str| Err(Refused::new("InvalidParameterCombination", message));
        let in_state = |message: &str| Err(Refused::new("InvalidDBClusterStateFault", message));
        if cluster.status() == "deleting" {
            return in_state("The DB cluster is already being deleted.");
        }
        if cluster.doc.get("DeletionProtection") == Some(&Value::Bool(true)) {
            return refused(
                "Cannot delete protected Cluster, please disable deletion protection and try again.",
            );
        }
        let stays = |i: &&crate::world::rds::Instance| {
            i.status() != "deleting" && cluster.members.iter().any(|m| m.resource == i.resource())
        };
        if self.instances.iter().any(|i| stays(&i)) {
            return in_state(
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            );
        }
        match (text(parameters, "FinalDBSnapshotIdentifier"), parameters["SkipFinalSnapshot"] == true) {
            (None, false) => {
                refused("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
            }
            (Some(_), true) => {
                refused("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.")
            }
            (Some(_), false) if cluster.backed_up.is_none() => in_state("The DB cluster is not available."),
            (None, true) | (Some(_), false) => Ok(()),
        }
    }
}
