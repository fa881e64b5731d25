//! Vaults.

use serde_json::{Map, Value};

use super::{Backup, has, missing, needed};
use crate::world::{Refused, pages};

impl Backup {
    pub(super) fn list_vaults(&self, parameters: &Value) -> Result<Value, Refused> {
        let asked = self.vaults.iter().filter(|v| has(v, parameters, &[("ByVaultType", "VaultType")]));
        pages::BACKUP.page("BackupVaultList", asked.map(|v| self.vault_document(v)).collect(), parameters)
    }

    pub(super) fn describe_vault(&self, parameters: &Value) -> Result<Value, Refused> {
        Ok(self.vault_document(self.vault(needed(parameters, "BackupVaultName")?)?))
    }

    pub(super) fn vault(&self, name: &str) -> Result<&Map<String, Value>, Refused> {
        let found = self.vaults.iter().find(|v| v["BackupVaultName"] == name);
        found.ok_or_else(|| missing(&format!("Backup vault {name}")))
    }

    fn vault_document(&self, vault: &Map<String, Value>) -> Value {
        let own = |p: &&super::Point| p.doc["BackupVaultName"] == vault["BackupVaultName"];
        let mut doc = vault.clone();
        doc.insert("NumberOfRecoveryPoints".into(), self.points.iter().filter(own).count().into());
        Value::Object(doc)
    }
}
