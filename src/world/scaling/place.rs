//! The starting world and the story of scaling, from descriptions.

use serde_json::{Value, json};

use super::{Due, Key, Scaling, Scheduled, Target};
use crate::catalogue::Shape;
use crate::ids::Span;
use crate::world::given::{Given, Misplaced};
use crate::world::{Due as Happening, Moment};

const SERVICE: &str = "application-autoscaling";
const PRESSURE: &[&str] = &["ServiceNamespace", "ResourceId", "ScalableDimension", "story"];
const CHANGE: &[&str] = &["at", "after", "wants"];
const ACTION: &[&str] = &[
    "ServiceNamespace",
    "ResourceId",
    "ScalableDimension",
    "ScheduledActionName",
    "at",
    "after",
    "MinCapacity",
    "MaxCapacity",
];

impl Scaling {
    /// A target, by `ResourceId`; namespace and dimension follow from it where it is a service. Nothing is moved
    /// into its bounds: a starting world may stand outside them.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or bounds that are missing.
    pub fn place_target(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named(SERVICE, "ScalableTarget");
        let given = Given::new(("scalable target", "ResourceId"), description, shape, &[])?;
        given.without(&["ScalableTargetARN", "RoleARN", "PredictedCapacity"])?;
        let key = key(&given)?;
        let since = given.time("CreationTime")?.unwrap_or(moment.now);
        let mut target =
            Target::new(&key, description, since).map_err(|refused| given.refuse(refused.message))?;
        target.take(description).map_err(|refused| given.refuse(refused.message))?;
        self.targets.retain(|t| t.key != key);
        self.targets.push(target);
        Ok(())
    }

    /// A policy, by `PolicyName` and `ResourceId`, on a target that was placed before; target tracking of the
    /// processor at 60 % where nothing is said.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or no target.
    pub fn place_policy(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named(SERVICE, "ScalingPolicy");
        let given = Given::new(("scaling policy", "PolicyName"), description, shape, &[])?;
        given.without(&["PolicyARN", "Alarms", "CreationTime"])?;
        given.needed("PolicyName")?;
        let key = key(&given)?;
        let mut call = description.clone();
        call["ServiceNamespace"] = key.namespace.as_str().into();
        call["ScalableDimension"] = key.dimension.as_str().into();
        if given.text("PolicyType").is_none() && given.get("StepScalingPolicyConfiguration").is_null() {
            call["PolicyType"] = "TargetTrackingScaling".into();
            if given.get("TargetTrackingScalingPolicyConfiguration").is_null() {
                call["TargetTrackingScalingPolicyConfiguration"] = tracking(&key);
            }
        }
        self.put_policy(&call, moment).map(drop).map_err(|refused| given.refuse(refused.message))
    }

    /// What the load on a target wants, by `ResourceId`: `story`, a list of `{at | after, wants}`. From then on it
    /// wants so much; where `wants` is nothing, the load is not known any more.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or a target that is not there or has no policy: nothing would
    /// ever follow such a load.
    pub fn place_pressure(&mut self, description: &Value, moment: &mut Moment<'_>) -> Result<(), Misplaced> {
        let given = Given::new(("pressure on", "ResourceId"), description, None, PRESSURE)?;
        let key = key(&given)?;
        if !self.policies.iter().any(|p| p.key == key) {
            return Err(given.refuse("there is no scalable target with a policy that would follow it"));
        }
        let story = given.get("story").as_array().filter(|s| !s.is_empty());
        for change in story.ok_or_else(|| given.refuse("`story` is a list of {at | after, wants}"))? {
            let change = Given::new(("a change of the pressure", ""), change, None, CHANGE)?;
            let due = Due::Pressure { key: key.clone(), wants: change.count("wants")? };
            moment.later(after(&change, moment)?, Happening::Scaling(due));
        }
        Ok(())
    }

    /// A scheduled action, by `ScheduledActionName`: at `at`, or `after` so long, the target takes other bounds.
    ///
    /// # Errors
    /// An unknown member, a value of another kind, or no target.
    pub fn place_scheduled_action(
        &mut self,
        description: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<(), Misplaced> {
        let given = Given::new(("scheduled action", "ScheduledActionName"), description, None, ACTION)?;
        let key = key(&given)?;
        self.target(&key).ok_or_else(|| given.refuse("there is no such scalable target"))?;
        let name = given.needed("ScheduledActionName")?.to_owned();
        let after = after(&given, moment)?;
        self.scheduled.push(Scheduled {
            key: key.clone(),
            name: name.clone(),
            at: moment.now.plus(after),
            least: given.count("MinCapacity")?,
            most: given.count("MaxCapacity")?,
        });
        moment.later(after, Happening::Scaling(Due::Scheduled { key, name }));
        Ok(())
    }
}

/// How long from now: `after`, else until `at`, else at once.
fn after(given: &Given<'_>, moment: &Moment<'_>) -> Result<Span, Misplaced> {
    let at = given.time("at")?.map(|at| at.since(moment.now));
    Ok(given.span("after")?.or(at).unwrap_or_default())
}

fn key(given: &Given<'_>) -> Result<Key, Misplaced> {
    let resource = given.needed("ResourceId")?;
    let service = resource.starts_with("service/");
    let (namespace, dimension) =
        if service { ("ecs", Some("ecs:service:DesiredCount")) } else { ("dynamodb", None) };
    let dimension = given.text("ScalableDimension").or(dimension);
    let key = Key {
        namespace: given.text("ServiceNamespace").unwrap_or(namespace).to_owned(),
        resource: resource.to_owned(),
        dimension: dimension.ok_or_else(|| given.refuse("`ScalableDimension` must be given"))?.to_owned(),
    };
    key.subject().map_err(|refused| given.refuse(refused.message))?;
    Ok(key)
}

fn tracking(key: &Key) -> Value {
    let metric = match key.noun() {
        "read capacity units" => "DynamoDBReadCapacityUtilization",
        "write capacity units" => "DynamoDBWriteCapacityUtilization",
        _ => "ECSServiceAverageCPUUtilization",
    };
    json!({
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 60,
        "DisableScaleIn": false,
    })
}
