//! Application Auto Scaling: targets, policies, and an autoscaler that acts by itself.
//!
//! `target` is what can be scaled and the clamp that registering one brings, `policy` the policies, `act` the
//! autoscaler with its story of load and its scheduled actions, `place` the starting world.

mod act;
mod place;
mod policy;
mod target;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{DynamoDb, Ecs, Moment, Refused};

pub use act::{Activity, Scheduled};
pub use policy::Policy;
pub use target::Target;

/// The targets of one site, and what moves them.
#[derive(Clone, Debug, Default)]
pub struct Scaling {
    pub targets: Vec<Target>,
    pub policies: Vec<Policy>,
    pub scheduled: Vec<Scheduled>,
    /// Newest first.
    pub activities: Vec<Activity>,
    /// Activities ever begun; their ids come from it.
    made: u64,
}

/// What it scales.
pub(super) struct Reach<'s> {
    pub(super) ecs: &'s mut Ecs,
    pub(super) dynamodb: &'s mut DynamoDb,
}

/// What names a target: there is one of each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    pub namespace: String,
    /// `service/CLUSTER/SERVICE`, `table/TABLE`, `table/TABLE/index/INDEX`.
    pub resource: String,
    pub dimension: String,
}

/// What happens to scaling by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// The load changes: from now on it wants so much, or nothing is known of it any more.
    Pressure { key: Key, wants: Option<u64> },
    /// The alarms of a target are evaluated.
    Look { key: Key },
    /// A scheduled action.
    Scheduled { key: Key, name: String },
    /// An activity is over.
    Done { activity: String },
}

impl Scaling {
    /// Answers one call. Registering may change a service or a table.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &Value,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        match operation {
            "DescribeScalableTargets" => self.describe_targets(parameters, moment),
            "RegisterScalableTarget" => self.register(parameters, reach, moment),
            "DeregisterScalableTarget" => self.deregister(parameters),
            "DescribeScalingPolicies" => self.describe_policies(parameters),
            "PutScalingPolicy" => self.put_policy(parameters, moment),
            "DescribeScalingActivities" => self.describe_activities(parameters),
            _ => Err(Refused::unknown_operation("application-autoscaling", operation)),
        }
    }

    /// Lets one thing happen that was due.
    pub(super) fn happen(&mut self, due: Due, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        match due {
            Due::Pressure { key, wants } => self.feel(&key, wants, reach, moment),
            Due::Look { key } => self.look(&key, reach, moment),
            Due::Scheduled { key, name } => self.act_on_schedule(&key, &name, reach, moment),
            Due::Done { activity } => self.activity_done(&activity, moment.now),
        }
    }

    fn target(&self, key: &Key) -> Option<&Target> {
        self.targets.iter().find(|t| t.key == *key)
    }
}

impl Key {
    /// The key of a call.
    fn of(parameters: &Value) -> Result<Key, Refused> {
        let text = |name| needed(parameters, name).map(str::to_owned);
        Ok(Key {
            namespace: namespace(parameters)?.to_owned(),
            resource: text("ResourceId")?,
            dimension: text("ScalableDimension")?,
        })
    }

    /// Whether a row of this key is asked for by a `Describe…`; resources by id or as a list of ids.
    fn is_asked(&self, parameters: &Value) -> bool {
        let ids = parameters["ResourceIds"].as_array();
        let is = |name: &str, own: &str| parameters[name].as_str().is_none_or(|v| v == own);
        is("ServiceNamespace", &self.namespace)
            && is("ResourceId", &self.resource)
            && is("ScalableDimension", &self.dimension)
            && ids.is_none_or(|ids| ids.iter().any(|id| *id == self.resource.as_str()))
    }

    fn missing(&self) -> Refused {
        let Key { namespace, resource, dimension } = self;
        let message = format!(
            "No scalable target found for service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"
        );
        Refused::new("ObjectNotFoundException", message)
    }
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused::new("ValidationException", message)
}

fn needed<'p>(parameters: &'p Value, name: &str) -> Result<&'p str, Refused> {
    parameters[name].as_str().ok_or_else(|| {
        invalid(format!("Value null at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

/// Every namespace (API reference, `ServiceNamespace`). Targets are those of services and tables only; the others
/// have none, and are asked for all the same.
const NAMESPACES: &[&str] = &[
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "custom-resource",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
    "workspaces",
];

/// The namespace of a call.
fn namespace(parameters: &Value) -> Result<&str, Refused> {
    let given = needed(parameters, "ServiceNamespace")?;
    let message = || format!("Value '{given}' at 'serviceNamespace' failed to satisfy constraint");
    NAMESPACES.contains(&given).then_some(given).ok_or_else(|| invalid(message()))
}
