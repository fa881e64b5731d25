//! Reads of RDS.

use serde_json::{Value, json};

use super::{Instance, Rds, text};
use crate::world::{Moment, Refused, pages};

impl Rds {
    /// By identifier (`DBInstanceNotFound` where nobody bears it), by filters, or all.
    pub(super) fn describe_instances(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        if let Some(name) = text(parameters, "DBInstanceIdentifier") {
            let at = self.named(name)?;
            return Ok(json!({"DBInstances": [self.instances[at].document(moment.now)]}));
        }
        let is_asked = |instance: &&Instance| {
            filters(parameters, |name| {
                let member = match name {
                    "db-instance-id" if instance.nameless => return Some(&Value::Null),
                    "db-instance-id" => "DBInstanceIdentifier",
                    "dbi-resource-id" => "DbiResourceId",
                    "db-cluster-id" => "DBClusterIdentifier",
                    "engine" => "Engine",
                    _ => return None,
                };
                instance.doc.get(member)
            })
        };
        let rows = self.instances.iter().filter(is_asked).map(|i| i.document(moment.now)).collect();
        pages::RDS.page("DBInstances", rows, parameters)
    }

    pub(super) fn describe_subnet_groups(&self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "DBSubnetGroupName");
        let rows = named(&self.subnet_groups, "DBSubnetGroupName", name);
        match name {
            Some(name) if rows.is_empty() => Err(Refused::not_found(
                "DBSubnetGroupNotFoundFault",
                format!("DB subnet group '{name}' does not exist."),
            )),
            _ => pages::RDS.page("DBSubnetGroups", rows, parameters),
        }
    }

    pub(super) fn describe_parameter_groups(&self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "DBParameterGroupName");
        let rows = named(&self.parameter_groups, "DBParameterGroupName", name);
        match name {
            Some(name) if rows.is_empty() => Err(Refused::not_found(
                "DBParameterGroupNotFound",
                format!("DBParameterGroup not found: {name}"),
            )),
            _ => pages::RDS.page("DBParameterGroups", rows, parameters),
        }
    }

    /// The quotas that a recovery runs into.
    pub(super) fn account_attributes(&self) -> Value {
        let manual = self.snapshots.iter().filter(|s| s.doc["SnapshotType"] == "manual").count();
        json!({"AccountQuotas": [
            {"AccountQuotaName": "DBInstances", "Used": self.instances.len(), "Max": self.quotas.instances},
            {"AccountQuotaName": "AllocatedStorage", "Used": self.storage_used(), "Max": self.quotas.storage},
            {"AccountQuotaName": "ManualSnapshots", "Used": manual, "Max": self.quotas.manual_snapshots},
        ]})
    }
}

/// No maintenance is waiting in a world on a good day.
pub(super) fn no_maintenance() -> Value {
    json!({"PendingMaintenanceActions": []})
}

fn named(rows: &[Value], member: &str, name: Option<&str>) -> Vec<Value> {
    let is =
        |row: &&Value| name.is_none_or(|n| row[member].as_str().is_some_and(|v| v.eq_ignore_ascii_case(n)));
    rows.iter().filter(is).cloned().collect()
}

/// Whether a row passes the filters of a call: any value of each. `of` gives what a filter looks at; a filter
/// that is not known lets nothing through.
pub(super) fn filters<'v>(parameters: &Value, of: impl Fn(&str) -> Option<&'v Value>) -> bool {
    parameters["Filters"].as_array().into_iter().flatten().all(|filter| {
        let seen = filter["Name"].as_str().and_then(&of).and_then(Value::as_str);
        let wanted = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        seen.is_some_and(|seen| wanted.into_iter().any(|w| w.eq_ignore_ascii_case(seen)))
    })
}
