//! Reads of RDS that belong to no one kind of store, and what all reads share.

use serde_json::{Value, json};

use super::{Rds, bare, text};
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
        let is_asked = |instance: &&super::Instance| {
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
        groups(&self.parameter_groups, "DBParameterGroup", parameters)
    }

    pub(super) fn describe_cluster_parameter_groups(&self, parameters: &Value) -> Result<Value, Refused> {
        groups(&self.cluster_parameter_groups, "DBClusterParameterGroup", parameters)
    }

    /// None on a good day.
    pub(super) fn describe_maintenance(&self, parameters: &Value, moment: &Moment<'_>) -> Value {
        let arn = |id: &str| moment.arn("rds", &format!("db:{id}"));
        let asked = text(parameters, "ResourceIdentifier");
        let wait = self.maintenance.iter().filter(|(id, _)| asked.is_none_or(|asked| asked == arn(id)));
        let details = |actions: &Vec<String>| -> Vec<Value> {
            actions
                .iter()
                .map(|action| json!({"Action": action, "Description": "Waits for the window"}))
                .collect()
        };
        let rows = wait.map(|(id, actions)| {
            json!({"ResourceIdentifier": arn(id), "PendingMaintenanceActionDetails": details(actions)})
        });
        json!({"PendingMaintenanceActions": rows.collect::<Vec<_>>()})
    }

    /// The quotas of an account; those that a recovery runs into are counted.
    pub(super) fn account_attributes(&self) -> Value {
        let manual =
            |all: &[super::Snapshot]| all.iter().filter(|s| s.doc["SnapshotType"] == "manual").count();
        let quota =
            |name: &str, used: usize, most: u64| json!({"AccountQuotaName": name, "Used": used, "Max": most});
        let quotas = &self.quotas;
        json!({"AccountQuotas": [
            quota("DBInstances", self.instances.len(), quotas.instances),
            quota("ReservedDBInstances", 0, 40),
            {"AccountQuotaName": "AllocatedStorage", "Used": self.storage_used(), "Max": quotas.storage},
            quota("ManualSnapshots", manual(&self.snapshots), quotas.manual_snapshots),
            quota("DBParameterGroups", self.parameter_groups.len(), 50),
            quota("DBSubnetGroups", self.subnet_groups.len(), 50),
            quota("DBClusters", self.clusters.len(), quotas.clusters),
            quota("DBClusterParameterGroups", self.cluster_parameter_groups.len(), 50),
            quota("ManualClusterSnapshots", manual(&self.cluster_snapshots), quotas.manual_cluster_snapshots),
        ]})
    }
}

/// A parameter group that is asked for and is not there is the same error for both kinds (service model).
fn groups(rows: &[Value], kind: &str, parameters: &Value) -> Result<Value, Refused> {
    let name = text(parameters, &format!("{kind}Name"));
    let rows = named(rows, &format!("{kind}Name"), name);
    match name {
        Some(name) if rows.is_empty() => {
            Err(Refused::not_found("DBParameterGroupNotFound", format!("{kind} not found: {name}")))
        }
        _ => pages::RDS.page(&format!("{kind}s"), rows, parameters),
    }
}

fn named(rows: &[Value], member: &str, name: Option<&str>) -> Vec<Value> {
    rows.iter().filter(|row| name.is_none_or(|n| any(&row[member], n))).cloned().collect()
}

/// Whether a member is the name that is asked for, in any case, or the one an ARN ends in.
pub(super) fn any(value: &Value, wanted: &str) -> bool {
    value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(wanted) || v.eq_ignore_ascii_case(bare(wanted)))
}

/// Whether a row passes the filters of a call: any value of each. `of` gives what a filter looks at; a filter
/// that is not known lets nothing through.
pub(super) fn filters<'v>(parameters: &Value, of: impl Fn(&str) -> Option<&'v Value>) -> bool {
    parameters["Filters"].as_array().into_iter().flatten().all(|filter| {
        let seen = filter["Name"].as_str().and_then(&of);
        let wanted = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        seen.is_some_and(|seen| wanted.into_iter().any(|w| any(seen, w)))
    })
}
