//! Application Auto Scaling: the targets of ECS services, and the clamp that registering one brings.

use serde_json::{Value, json};

use super::{Ecs, Moment, Refused};
use crate::ids::At;

/// The targets of one site.
#[derive(Clone, Debug, Default)]
pub struct Scaling {
    pub targets: Vec<Target>,
}

/// One registered target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub namespace: String,
    /// `service/CLUSTER/SERVICE`.
    pub resource: String,
    pub dimension: String,
    pub least: u64,
    pub most: u64,
    /// Dynamic scaling in, dynamic scaling out, scheduled scaling.
    pub suspended: [bool; 3],
    pub created: At,
}

const SUSPENDED: [&str; 3] =
    ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];

impl Scaling {
    /// Answers one call. Registering may change a service.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &Value,
        ecs: &mut Ecs,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        match operation {
            "DescribeScalableTargets" => self.describe(parameters, moment),
            "RegisterScalableTarget" => self.register(parameters, ecs, moment),
            _ => Err(Refused::unknown_operation("application-autoscaling", operation)),
        }
    }

    fn describe(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let namespace = needed(parameters, "ServiceNamespace")?;
        let ids = parameters["ResourceIds"].as_array();
        let is_asked = |t: &&Target| {
            t.namespace == namespace
                && ids.is_none_or(|ids| ids.iter().any(|id| *id == t.resource.as_str()))
                && parameters["ScalableDimension"].as_str().is_none_or(|d| d == t.dimension)
        };
        let rows: Vec<Value> = self.targets.iter().filter(is_asked).map(|t| t.document(moment)).collect();
        Ok(json!({ "ScalableTargets": rows }))
    }

    /// An upsert; and whatever the call was for, a service outside the bounds is moved to them (`aws.md` §0.2).
    fn register(
        &mut self,
        parameters: &Value,
        ecs: &mut Ecs,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let (namespace, resource) =
            (needed(parameters, "ServiceNamespace")?, needed(parameters, "ResourceId")?);
        let dimension = needed(parameters, "ScalableDimension")?;
        let (cluster, service) = service_of(resource)?;
        let desired = ecs.desired(cluster, service).ok_or_else(|| {
            Refused::new("ValidationException", format!("ECS service doesn't exist: {resource}"))
        })?;
        let same =
            |t: &&mut Target| t.namespace == namespace && t.resource == resource && t.dimension == dimension;
        if !self.targets.iter_mut().any(|t| same(&t)) {
            self.targets.push(Target::new(namespace, resource, dimension, parameters, moment.now)?);
        }
        let Some(target) = self.targets.iter_mut().find(same) else { return Ok(json!({})) };
        target.take(parameters);
        let clamped = desired.clamp(target.least, target.most.max(target.least));
        if clamped != desired {
            ecs.set_desired(cluster, service, clamped, moment);
        }
        Ok(json!({"ScalableTargetARN": target.arn(moment)}))
    }
}

impl Target {
    /// A new target must name both bounds.
    fn new(
        namespace: &str,
        resource: &str,
        dimension: &str,
        parameters: &Value,
        now: At,
    ) -> Result<Target, Refused> {
        let bound = |name: &str| {
            let message = format!("{name} is required for a new scalable target");
            parameters[name].as_u64().ok_or_else(|| Refused::new("ValidationException", message))
        };
        Ok(Target {
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            dimension: dimension.to_owned(),
            least: bound("MinCapacity")?,
            most: bound("MaxCapacity")?,
            suspended: [false; 3],
            created: now,
        })
    }

    /// What the call names; the rest stays.
    fn take(&mut self, parameters: &Value) {
        self.least = parameters["MinCapacity"].as_u64().unwrap_or(self.least);
        self.most = parameters["MaxCapacity"].as_u64().unwrap_or(self.most);
        for (flag, name) in self.suspended.iter_mut().zip(SUSPENDED) {
            *flag = parameters["SuspendedState"][name].as_bool().unwrap_or(*flag);
        }
    }

    fn arn(&self, moment: &Moment<'_>) -> String {
        let id = moment.dice.number(&format!("target/{}", self.resource));
        moment.arn("application-autoscaling", &format!("scalable-target/{id:020x}"))
    }

    fn document(&self, moment: &Moment<'_>) -> Value {
        let role = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";
        json!({
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
            "MinCapacity": self.least,
            "MaxCapacity": self.most,
            "RoleARN": format!("arn:aws:iam::{}:{role}", moment.site.account),
            "CreationTime": self.created.rfc3339(),
            "SuspendedState": SUSPENDED.iter().zip(self.suspended).map(|(n, f)| ((*n).to_owned(), f.into()))
                .collect::<serde_json::Map<String, Value>>(),
            "ScalableTargetARN": self.arn(moment),
        })
    }
}

fn needed<'p>(parameters: &'p Value, name: &str) -> Result<&'p str, Refused> {
    parameters[name].as_str().ok_or_else(|| {
        Refused::new(
            "ValidationException",
            format!("Value null at '{name}' failed to satisfy constraint: Member must not be null"),
        )
    })
}

fn service_of(resource: &str) -> Result<(&str, &str), Refused> {
    let mut parts = resource.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("service"), Some(cluster), Some(service), None) => Ok((cluster, service)),
        _ => Err(Refused::new("ValidationException", format!("Unsupported resource: {resource}"))),
    }
}
