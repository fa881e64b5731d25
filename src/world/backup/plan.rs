//! Plans and their selections, as they were placed.

use serde_json::{Map, Value, json};

use super::{Backup, missing, needed, without};
use crate::world::{Refused, pages};

/// A plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// As `GetBackupPlan` gives it.
    pub doc: Map<String, Value>,
    /// As `GetBackupSelection` gives them.
    pub selections: Vec<Map<String, Value>>,
}

impl Plan {
    pub fn id(&self) -> &str {
        self.doc["BackupPlanId"].as_str().unwrap_or_default()
    }

    fn brief(&self) -> Value {
        let mut brief = without(&self.doc, &["BackupPlan", "ScheduledRunsPreview"]);
        brief["BackupPlanName"] = self.doc["BackupPlan"]["BackupPlanName"].clone();
        brief
    }
}

impl Backup {
    pub(super) fn list_plans(&self, parameters: &Value) -> Result<Value, Refused> {
        pages::BACKUP.page("BackupPlansList", self.plans.iter().map(Plan::brief).collect(), parameters)
    }

    pub(super) fn plan_whole(&self, parameters: &Value) -> Result<Value, Refused> {
        let plan = self.plan(parameters)?;
        match parameters["VersionId"].as_str() {
            Some(version) if plan.doc["VersionId"] != version => {
                Err(missing(&format!("Backup plan version {version}")))
            }
            _ => Ok(Value::Object(plan.doc.clone())),
        }
    }

    pub(super) fn list_selections(&self, parameters: &Value) -> Result<Value, Refused> {
        let brief = |selection: &Map<String, Value>| {
            let mut brief = without(selection, &["BackupSelection"]);
            for member in ["SelectionName", "IamRoleArn"] {
                brief[member] = selection["BackupSelection"][member].clone();
            }
            brief
        };
        let rows = self.plan(parameters)?.selections.iter().map(brief).collect();
        pages::BACKUP.page("BackupSelectionsList", rows, parameters)
    }

    pub(super) fn selection(&self, parameters: &Value) -> Result<Value, Refused> {
        let id = needed(parameters, "SelectionId")?;
        let found = self.plan(parameters)?.selections.iter().find(|s| s["SelectionId"] == id);
        found.map(|s| json!(s)).ok_or_else(|| missing(&format!("Backup selection {id}")))
    }

    fn plan(&self, parameters: &Value) -> Result<&Plan, Refused> {
        let id = needed(parameters, "BackupPlanId")?;
        let found = self.plans.iter().find(|p| p.id() == id);
        found.ok_or_else(|| missing(&format!("Backup plan {id}")))
    }
}
