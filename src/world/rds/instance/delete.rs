//! The end of an instance, and what it leaves behind.

use serde_json::{Value, json};

use super::Step;
use crate::ids::Span;
use crate::world::rds::{Rds, Retained, automated, needed, text};
use crate::world::{Moment, Refused};

impl Rds {
    /// Its automated backups go with it, unless the call says that they stay.
    pub(in crate::world::rds) fn delete_instance(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.named(needed(parameters, "DBInstanceIdentifier")?)?;
        self.may_go(at, parameters)?;
        if let Some(last) = text(parameters, "FinalDBSnapshotIdentifier") {
            self.take_snapshot(at, last, Vec::new(), moment)?;
        }
        if parameters["DeleteAutomatedBackups"] == false {
            self.retain_backups(at, moment);
        }
        let instance = &mut self.instances[at];
        instance.life.clear();
        instance.set("DBInstanceStatus", "deleting");
        let (resource, answer) = (instance.resource().to_owned(), instance.document(moment.now));
        self.member_leaves(&resource);
        let lasts = moment.within(&format!("delete/{resource}"), Span::mins(3), Span::mins(7));
        self.plan(at, [(lasts, Step::Gone)], moment);
        Ok(json!({ "DBInstance": answer }))
    }

    fn may_go(&self, at: usize, parameters: &Value) -> Result<(), Refused> {
        let instance = &self.instances[at];
        let refused = |message: &str| Err(Refused::new("InvalidParameterCombination", message));
        if instance.status() == "deleting" {
            let message = format!("Instance {} is already being deleted.", instance.id());
            return Err(Refused::new("InvalidDBInstanceState", message));
        }
        if instance.doc.get("DeletionProtection") == Some(&Value::Bool(true)) {
            return refused(
                "Cannot delete protected DB Instance, please disable deletion protection and try again.",
            );
        }
        let (last, skip) =
            (text(parameters, "FinalDBSnapshotIdentifier"), parameters["SkipFinalSnapshot"] == true);
        match (last, instance.cluster().is_some()) {
            (Some(_), true) => {
                refused("FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance.")
            }
            (Some(_), false) if skip => {
                refused("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.")
            }
            (None, false) if !skip => {
                refused("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
            }
            (Some(_), false) => self.can_be_copied(at),
            (None, _) => Ok(()),
        }
    }

    /// In a dead end there is nothing to take a last snapshot of (API reference, `DeleteDBInstance`).
    fn can_be_copied(&self, at: usize) -> Result<(), Refused> {
        let instance = &self.instances[at];
        if !matches!(
            instance.status(),
            "failed" | "incompatible-restore" | "incompatible-network" | "creating"
        ) {
            return Ok(());
        }
        let message = format!(
            "DB instance {} is in the {} state: it can only be deleted without a final snapshot.",
            instance.id(),
            instance.status()
        );
        Err(Refused::new("InvalidDBInstanceState", message))
    }

    fn retain_backups(&mut self, at: usize, moment: &Moment<'_>) {
        let instance = &self.instances[at];
        if let Some(window) = instance.window(moment.now) {
            let (doc, data) = (instance.doc.clone(), instance.data.as_of(moment.now));
            let arn = automated::arn(&doc, moment);
            self.retained.push(Retained { doc, data, arn, window });
        }
    }
}
