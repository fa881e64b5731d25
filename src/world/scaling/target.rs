//! What can be scaled: services and the capacity of tables, each within its bounds.

use serde_json::{Map, Value, json};

use super::{Key, Reach, Scaling, invalid, namespace};
use crate::ids::At;
use crate::world::{Moment, Refused, pages};

/// One registered target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub key: Key,
    pub least: u64,
    pub most: u64,
    /// Dynamic scaling in, dynamic scaling out, scheduled scaling.
    pub suspended: [bool; 3],
    pub created: At,
    /// What the load wants now, where a scenario says so.
    pub pressure: Option<u64>,
}

const SUSPENDED: [&str; 3] =
    ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];

/// What a key points at.
pub(super) enum Subject<'k> {
    Service { cluster: &'k str, service: &'k str },
    Capacity { table: &'k str, index: Option<&'k str>, reads: bool },
}

impl Key {
    /// What it points at; a resource and a dimension that do not fit are refused.
    pub(super) fn subject(&self) -> Result<Subject<'_>, Refused> {
        let parts: Vec<&str> = self.resource.split('/').collect();
        match (parts.as_slice(), self.namespace.as_str(), self.dimension.as_str()) {
            (["service", cluster, service], "ecs", "ecs:service:DesiredCount") => {
                Ok(Subject::Service { cluster, service })
            }
            (["table", table], "dynamodb", dimension) => match dimension {
                "dynamodb:table:ReadCapacityUnits" => Ok(capacity(table, None, true)),
                "dynamodb:table:WriteCapacityUnits" => Ok(capacity(table, None, false)),
                _ => Err(self.unfit()),
            },
            (["table", table, "index", index], "dynamodb", dimension) => match dimension {
                "dynamodb:index:ReadCapacityUnits" => Ok(capacity(table, Some(index), true)),
                "dynamodb:index:WriteCapacityUnits" => Ok(capacity(table, Some(index), false)),
                _ => Err(self.unfit()),
            },
            _ => Err(self.unfit()),
        }
    }

    fn unfit(&self) -> Refused {
        invalid(format!(
            "Unsupported service namespace, resource type or scalable dimension: {}, {}, {}",
            self.namespace, self.resource, self.dimension
        ))
    }

    /// How much there is now; an error where it does not exist.
    pub(super) fn current(&self, reach: &Reach<'_>) -> Result<u64, Refused> {
        let (found, what) = match self.subject()? {
            Subject::Service { cluster, service } => (reach.ecs.desired(cluster, service), "ECS service"),
            Subject::Capacity { table, index, reads } => {
                (reach.dynamodb.capacity(table, index, reads), "DynamoDB table")
            }
        };
        found.ok_or_else(|| invalid(format!("{what} doesn't exist: {}", self.resource)))
    }

    /// Brings it to `n`.
    pub(super) fn set(&self, n: u64, reach: &mut Reach<'_>, moment: &mut Moment<'_>) -> Result<(), Refused> {
        match self.subject()? {
            Subject::Service { cluster, service } => {
                reach.ecs.set_desired(cluster, service, n, moment);
                Ok(())
            }
            Subject::Capacity { table, index, reads } => {
                reach.dynamodb.set_capacity((table, index), reads, n, moment)
            }
        }
    }

    /// What is set, in the words of an activity.
    pub(super) fn noun(&self) -> &'static str {
        match self.dimension.rsplit(':').next() {
            Some("ReadCapacityUnits") => "read capacity units",
            Some("WriteCapacityUnits") => "write capacity units",
            _ => "desired count",
        }
    }
}

fn capacity<'k>(table: &'k str, index: Option<&'k str>, reads: bool) -> Subject<'k> {
    Subject::Capacity { table, index, reads }
}

impl Scaling {
    pub(super) fn describe_targets(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        namespace(parameters)?;
        let asked = self.targets.iter().filter(|t| t.key.is_asked(parameters));
        pages::SCALING.page("ScalableTargets", asked.map(|t| t.document(moment)).collect(), parameters)
    }

    /// An upsert; and whatever the call was for, a service outside the bounds is moved to them (`aws.md` §0.2).
    pub(super) fn register(
        &mut self,
        parameters: &Value,
        reach: &mut Reach<'_>,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let key = Key::of(parameters)?;
        let current = key.current(reach)?;
        let mut target = match self.target(&key) {
            Some(target) => target.clone(),
            None => Target::new(&key, parameters, moment.now)?,
        };
        target.take(parameters)?;
        self.targets.retain(|t| t.key != key);
        self.targets.push(target.clone());
        let clamped = current.clamp(target.least, target.most);
        if clamped != current {
            let bound = if clamped > current { "minimum" } else { "maximum" };
            let cause = format!("{bound} capacity was set to {clamped}");
            self.bring(&key, clamped, &cause, reach, moment);
        }
        Ok(json!({"ScalableTargetARN": target.arn(moment)}))
    }

    /// Its policies and scheduled actions go with it (API reference).
    pub(super) fn deregister(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let key = Key::of(parameters)?;
        self.target(&key).ok_or_else(|| key.missing())?;
        self.targets.retain(|t| t.key != key);
        self.policies.retain(|p| p.key != key);
        self.scheduled.retain(|s| s.key != key);
        Ok(json!({}))
    }
}

impl Target {
    /// A new target must name both bounds.
    pub(super) fn new(key: &Key, parameters: &Value, now: At) -> Result<Target, Refused> {
        let bound = |name: &str| {
            let message = format!("{name} is required for a new scalable target");
            parameters[name].as_u64().ok_or_else(|| invalid(message))
        };
        Ok(Target {
            key: key.clone(),
            least: bound("MinCapacity")?,
            most: bound("MaxCapacity")?,
            suspended: [false; 3],
            created: now,
            pressure: None,
        })
    }

    /// What the call names; the rest stays.
    pub(super) fn take(&mut self, parameters: &Value) -> Result<(), Refused> {
        let bound = |name: &str, before: u64| match &parameters[name] {
            Value::Null => Ok(before),
            given => given.as_u64().ok_or_else(|| invalid(format!("{name} cannot be {given}"))),
        };
        self.least = bound("MinCapacity", self.least)?;
        self.most = bound("MaxCapacity", self.most)?;
        if self.least > self.most {
            return Err(invalid("Minimum capacity cannot be greater than maximum capacity"));
        }
        for (flag, name) in self.suspended.iter_mut().zip(SUSPENDED) {
            *flag = parameters["SuspendedState"][name].as_bool().unwrap_or(*flag);
        }
        Ok(())
    }

    fn arn(&self, moment: &Moment<'_>) -> String {
        let Key { namespace, resource, dimension } = &self.key;
        let id = moment.dice.number(&format!("target/{namespace}/{resource}/{dimension}"));
        moment.arn("application-autoscaling", &format!("scalable-target/{id:020x}"))
    }

    fn document(&self, moment: &Moment<'_>) -> Value {
        let (service, role) = match self.key.namespace.as_str() {
            "ecs" => ("ecs", "ECSService"),
            _ => ("dynamodb", "DynamoDBTable"),
        };
        let role = format!(
            "role/aws-service-role/{service}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{role}"
        );
        let flags = SUSPENDED.iter().zip(self.suspended).map(|(n, f)| ((*n).to_owned(), f.into()));
        json!({
            "ServiceNamespace": self.key.namespace,
            "ResourceId": self.key.resource,
            "ScalableDimension": self.key.dimension,
            "MinCapacity": self.least,
            "MaxCapacity": self.most,
            "RoleARN": format!("arn:aws:iam::{}:{role}", moment.site.account),
            "CreationTime": self.created.rfc3339(),
            "SuspendedState": flags.collect::<Map<String, Value>>(),
            "ScalableTargetARN": self.arn(moment),
        })
    }
}
