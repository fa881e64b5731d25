//! RDS: instances, snapshots, groups, events and quotas of one site.
//!
//! `instance` is the document and its life, `restore`, `modify` and `snapshot` the calls that change it,
//! `describe` the reads. Statuses and their order as in `aws.md` §2.

mod describe;
mod event;
mod instance;
mod modify;
mod restore;
mod snapshot;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{Moment, Refused};
use crate::ids::At;

pub use event::Event;
pub use instance::Instance;
pub use snapshot::Snapshot;

/// Instances, snapshots and what they refer to.
#[derive(Clone, Debug)]
pub struct Rds {
    pub instances: Vec<Instance>,
    pub snapshots: Vec<Snapshot>,
    /// Documents as `DescribeDBSubnetGroups` gives them.
    pub subnet_groups: Vec<Value>,
    /// Documents as `DescribeDBParameterGroups` gives them.
    pub parameter_groups: Vec<Value>,
    /// Security groups by id, each with its VPC.
    pub security_groups: Vec<(String, String)>,
    pub events: Vec<Event>,
    pub quotas: Quotas,
    /// Stores ever made; the resource ids come from it.
    made: u64,
}

/// What an account may have in a region (the defaults of the RDS user guide).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quotas {
    pub instances: u64,
    /// GiB over all instances.
    pub storage: u64,
    pub manual_snapshots: u64,
}

/// What happens to RDS by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    Instance { resource: String, step: instance::Step },
    Snapshot { id: String, step: snapshot::Step },
}

impl Default for Rds {
    fn default() -> Rds {
        Rds {
            instances: Vec::new(),
            snapshots: Vec::new(),
            subnet_groups: Vec::new(),
            parameter_groups: Vec::new(),
            security_groups: Vec::new(),
            events: Vec::new(),
            quotas: Quotas { instances: 40, storage: 100_000, manual_snapshots: 100 },
            made: 0,
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
            "DescribeDBSnapshots" => self.describe_snapshots(parameters),
            "DescribeDBSubnetGroups" => self.describe_subnet_groups(parameters),
            "DescribeDBParameterGroups" => self.describe_parameter_groups(parameters),
            "DescribeEvents" => self.describe_events(parameters, moment.now),
            "DescribeAccountAttributes" => Ok(self.account_attributes()),
            "DescribePendingMaintenanceActions" => Ok(describe::no_maintenance()),
            "ListTagsForResource" => self.tags(parameters),
            "AddTagsToResource" => self.add_tags(parameters),
            "ModifyDBInstance" => self.modify_instance(parameters, moment),
            "RebootDBInstance" => self.reboot_instance(parameters, moment),
            "AddRoleToDBInstance" => self.add_role(parameters),
            "DeleteDBInstance" => self.delete_instance(parameters, moment),
            "RestoreDBInstanceFromDBSnapshot" => self.restore_from_snapshot(parameters, moment),
            "CreateDBSnapshot" => self.create_snapshot(parameters, moment),
            _ => Err(Refused::unknown_operation("rds", operation)),
        }
    }

    /// Lets one thing happen that was due.
    pub(super) fn happen(&mut self, due: Due, moment: &mut Moment<'_>) {
        match due {
            Due::Instance { resource, step } => self.instance_step(&resource, step, moment),
            Due::Snapshot { id, step } => self.snapshot_step(&id, &step, moment.now),
        }
    }

    /// The instance that bears a name now; names are the same in either case.
    fn named(&self, name: &str) -> Result<usize, Refused> {
        let found = self.instances.iter().position(|i| !i.nameless && i.id().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Refused::not_found("DBInstanceNotFound", format!("DBInstance {name} not found.")))
    }

    /// Whether a name is taken, be it by an instance that is just losing it.
    fn taken(&self, name: &str) -> bool {
        self.instances.iter().any(|i| i.id().eq_ignore_ascii_case(name))
    }

    /// A resource id that no other store of this world has.
    fn resource_id(&mut self, moment: &Moment<'_>) -> String {
        self.made += 1;
        let site = moment.site;
        let key = format!("db/{}/{}/{}", site.account, site.region, self.made);
        format!("db-{}", moment.dice.letters(&key, 26))
    }

    fn note(&mut self, instance: &str, now: At, category: &'static str, message: &str) {
        self.events.push(Event {
            source: instance.to_owned(),
            kind: "db-instance",
            at: now,
            category,
            message: message.to_owned(),
        });
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
