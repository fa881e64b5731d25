//! Policies: what an autoscaler goes by. Each belongs to a target that is registered.

use serde_json::{Map, Value, json};

use super::{Key, Scaling, invalid, namespace, needed};
use crate::world::{Moment, Refused, pages};

/// Policies that one target may have, and steps of one policy (Application Auto Scaling quotas).
const POLICIES: usize = 50;
const STEPS: usize = 20;

/// One policy.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    pub key: Key,
    /// The document as `DescribeScalingPolicies` gives it.
    pub doc: Map<String, Value>,
}

impl Policy {
    pub fn name(&self) -> &str {
        self.doc["PolicyName"].as_str().unwrap_or_default()
    }

    /// The name of the alarm that fires when more (`AlarmHigh`) or less is wanted.
    pub(super) fn alarm(&self, out: bool) -> &str {
        self.doc["Alarms"][usize::from(!out)]["AlarmName"].as_str().unwrap_or("an alarm")
    }

    /// Whether it may scale in.
    pub(super) fn scales_in(&self) -> bool {
        self.doc.get("TargetTrackingScalingPolicyConfiguration").is_none_or(|c| c["DisableScaleIn"] != true)
    }
}

/// The configuration each type of policy has.
fn configuration(kind: &str) -> Option<&'static str> {
    match kind {
        "TargetTrackingScaling" => Some("TargetTrackingScalingPolicyConfiguration"),
        "StepScaling" => Some("StepScalingPolicyConfiguration"),
        _ => None,
    }
}

impl Scaling {
    pub(super) fn describe_policies(&self, parameters: &Value) -> Result<Value, Refused> {
        namespace(parameters)?;
        let names = parameters["PolicyNames"].as_array();
        let asked = self
            .policies
            .iter()
            .filter(|p| p.key.is_asked(parameters) && names.is_none_or(|n| n.iter().any(|n| *n == p.name())));
        pages::SCALING.page(
            "ScalingPolicies",
            asked.map(|p| Value::Object(p.doc.clone())).collect(),
            parameters,
        )
    }

    /// An upsert by the name of the policy; target tracking makes its two alarms.
    pub(super) fn put_policy(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let key = Key::of(parameters)?;
        let name = needed(parameters, "PolicyName")?;
        self.target(&key).ok_or_else(|| key.missing())?;
        let is = |p: &&Policy| p.key == key && p.name() == name;
        let before = self.policies.iter().find(is).map(|p| p.doc.clone());
        let own = self.policies.iter().filter(|p| p.key == key && p.name() != name).count();
        if own >= POLICIES {
            return Err(Refused::new("LimitExceededException", "Too many scaling policies for the target"));
        }
        let (kind, config) = settings(parameters, before.as_ref())?;
        let doc = document(&key, name, (kind, config), before.as_ref(), moment);
        let answer = json!({"PolicyARN": doc["PolicyARN"], "Alarms": doc["Alarms"]});
        self.policies.retain(|p| !is(&p));
        self.policies.push(Policy { key, doc });
        Ok(answer)
    }
}

/// The type and its configuration: of the call, else as it was.
fn settings<'p>(
    parameters: &'p Value,
    before: Option<&'p Map<String, Value>>,
) -> Result<(&'p str, &'p Value), Refused> {
    let kind = parameters["PolicyType"].as_str().or_else(|| before?["PolicyType"].as_str());
    let kind = kind.unwrap_or("StepScaling");
    let name = configuration(kind).ok_or_else(|| invalid(format!("Unsupported policy type: {kind}")))?;
    let config = match &parameters[name] {
        Value::Null => before.and_then(|b| b.get(name)),
        given => Some(given),
    };
    let config = config.ok_or_else(|| invalid(format!("{name} is required for {kind}")))?;
    if kind == "TargetTrackingScaling" && !config["TargetValue"].is_number() {
        return Err(invalid("TargetValue is required"));
    }
    if config["StepAdjustments"].as_array().is_some_and(|s| s.len() > STEPS) {
        return Err(Refused::new("LimitExceededException", "Too many step adjustments"));
    }
    Ok((kind, config))
}

fn document(
    key: &Key,
    name: &str,
    (kind, config): (&str, &Value),
    before: Option<&Map<String, Value>>,
    moment: &Moment<'_>,
) -> Map<String, Value> {
    let id = moment.uuid(&format!("policy/{}/{}/{name}", key.resource, key.dimension));
    let rest = format!("scalingPolicy:{id}:resource/{}/{}:policyName/{name}", key.namespace, key.resource);
    let alarms: Vec<Value> = if kind == "TargetTrackingScaling" {
        ["High", "Low"].iter().map(|side| alarm(key, side, &id, moment)).collect()
    } else {
        Vec::new()
    };
    let created = before.map_or_else(|| moment.now.rfc3339().into(), |b| b["CreationTime"].clone());
    let mut doc = Map::new();
    for (member, value) in [
        ("PolicyARN", Value::from(moment.arn("autoscaling", &rest))),
        ("PolicyName", name.into()),
        ("ServiceNamespace", key.namespace.as_str().into()),
        ("ResourceId", key.resource.as_str().into()),
        ("ScalableDimension", key.dimension.as_str().into()),
        ("PolicyType", kind.into()),
        (configuration(kind).unwrap_or_default(), config.clone()),
        ("Alarms", alarms.into()),
        ("CreationTime", created),
    ] {
        doc.insert(member.to_owned(), value);
    }
    doc
}

fn alarm(key: &Key, side: &str, id: &str, moment: &Moment<'_>) -> Value {
    let name =
        format!("TargetTracking-{}-Alarm{side}-{}", key.resource, moment.uuid(&format!("{id}/{side}")));
    json!({"AlarmName": name, "AlarmARN": moment.arn("cloudwatch", &format!("alarm:{name}"))})
}
