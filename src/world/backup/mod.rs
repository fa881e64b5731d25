//! AWS Backup: vaults, plans, jobs, recovery points and restores.
//!
//! `vault` and `plan` are reads of what a scenario placed, `job` the calls and `life` the way of a backup job,
//! `point` the recovery points, `restore` the restore jobs, `source` the only place that reaches into RDS and
//! `DynamoDB`, `token` the guard against repeats, `place` the starting world. Plans do not run by themselves.

mod job;
mod life;
mod place;
mod plan;
mod point;
mod restore;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod vault;
mod window;

use serde_json::{Map, Value};

use super::{DynamoDb, Moment, Rds, Refused};
use crate::ids::At;

pub use job::{Ending, Job};
pub use plan::Plan;
pub use point::Point;
pub use restore::RestoreJob;

/// What one site backs up, and with what.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Documents as `DescribeBackupVault` gives them, but for the number of points.
    pub vaults: Vec<Map<String, Value>>,
    pub plans: Vec<Plan>,
    /// Oldest first, as all that follows.
    pub jobs: Vec<Job>,
    pub points: Vec<Point>,
    pub restores: Vec<RestoreJob>,
    /// ARNs of roles beside the default one of the service.
    pub roles: Vec<String>,
    /// How the next job of a resource ends, where not well.
    pub endings: Vec<(String, Ending)>,
    /// Jobs that may be under way at a time.
    pub jobs_at_a_time: usize,
    tokens: Vec<token::Token>,
    /// Jobs ever begun; their ids come from it.
    made: u64,
}

/// The services whose resources it backs up.
pub(super) struct Reach<'s> {
    pub(super) rds: &'s mut Rds,
    pub(super) dynamodb: &'s mut DynamoDb,
}

/// What happens by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    Job {
        id: String,
        step: life::Step,
    },
    Restore {
        id: String,
    },
    /// A recovery point is kept no longer.
    Expired {
        arn: String,
    },
}

impl Default for Backup {
    fn default() -> Backup {
        Backup {
            vaults: Vec::new(),
            plans: Vec::new(),
            jobs: Vec::new(),
            points: Vec::new(),
            restores: Vec::new(),
            roles: Vec::new(),
            endings: Vec::new(),
            jobs_at_a_time: 100,
            tokens: Vec::new(),
            made: 0,
        }
    }
}

impl Backup {
    /// Answers one call.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &Value,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        match operation {
            "ListBackupVaults" => self.list_vaults(parameters),
            "DescribeBackupVault" => self.describe_vault(parameters),
            "ListBackupPlans" => self.list_plans(parameters),
            "GetBackupPlan" => self.plan_whole(parameters),
            "ListBackupSelections" => self.list_selections(parameters),
            "GetBackupSelection" => self.selection(parameters),
            "StartBackupJob" => self.start_job(parameters, reach, moment),
            "DescribeBackupJob" => self.describe_job(parameters),
            "ListBackupJobs" => self.list_jobs(parameters),
            "StopBackupJob" => self.stop_job(parameters, moment),
            "ListProtectedResources" => self.protected(parameters),
            "ListRecoveryPointsByBackupVault" => self.points_of_vault(parameters),
            "ListRecoveryPointsByResource" => self.points_of_resource(parameters),
            "DescribeRecoveryPoint" => self.describe_point(parameters),
            "GetRecoveryPointRestoreMetadata" => self.restore_metadata(parameters),
            "StartRestoreJob" => self.start_restore(parameters, moment),
            "DescribeRestoreJob" => self.describe_restore(parameters),
            "ListRestoreJobs" => self.list_restores(parameters),
            _ => Err(Refused::unknown_operation("backup", operation)),
        }
    }

    /// Lets one thing happen that was due.
    pub(super) fn happen(&mut self, due: &Due, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        match due {
            Due::Job { id, step } => self.job_step(id, *step, reach, moment),
            Due::Restore { id } => self.restore_step(id, reach, moment),
            Due::Expired { arn } => self.point_expired(arn, reach),
        }
    }

    /// The role that AWS makes for the service, and those that were placed.
    fn role_exists(&self, arn: &str, moment: &Moment<'_>) -> Result<(), Refused> {
        let account = &moment.site.account;
        let default = format!("arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole");
        if arn == default || self.roles.iter().any(|r| r == arn) {
            return Ok(());
        }
        let message = format!(
            "Insufficient privileges to perform this action: the role {arn} cannot be assumed by AWS Backup"
        );
        Err(Refused { status: 403, ..Refused::new("AccessDeniedException", message) })
    }

    fn new_id(&mut self, what: &str, moment: &Moment<'_>) -> String {
        self.made += 1;
        moment.uuid(&format!("backup/{what}/{}", self.made)).to_uppercase()
    }
}

fn missing(what: &str) -> Refused {
    Refused::new("ResourceNotFoundException", format!("{what} cannot be found."))
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused::new("InvalidParameterValueException", message)
}

fn needed<'p>(parameters: &'p Value, name: &str) -> Result<&'p str, Refused> {
    parameters[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        Refused::new("MissingParameterValueException", format!("{name} is a required parameter."))
    })
}

/// Whether a row stands between two moments that a list may be asked by.
fn between(
    row: &Map<String, Value>,
    member: &str,
    parameters: &Value,
    (after, before): (&str, &str),
) -> bool {
    let bound = |name: &str| parameters[name].as_str().and_then(At::parse);
    let own = row.get(member).and_then(Value::as_str).and_then(At::parse);
    bound(after).is_none_or(|at| own.is_some_and(|own| own > at))
        && bound(before).is_none_or(|at| own.is_some_and(|own| own < at))
}

/// Whether a row has what a list is asked by: pairs of parameter and member.
fn has(row: &Map<String, Value>, parameters: &Value, pairs: &[(&str, &str)]) -> bool {
    pairs.iter().all(|(parameter, member)| {
        parameters[*parameter].as_str().is_none_or(|v| row.get(*member).is_some_and(|own| own == v))
    })
}

/// A document without some of its members.
fn without(doc: &Map<String, Value>, members: &[&str]) -> Value {
    let kept = doc.iter().filter(|(name, _)| !members.contains(&name.as_str()));
    Value::Object(kept.map(|(n, v)| (n.clone(), v.clone())).collect())
}
