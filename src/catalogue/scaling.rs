//! The entries of Application Auto Scaling. Registering a target also moves a service that stands below the
//! minimum up to it (`RegisterScalableTarget`'s documentation): suspend before scaling down, resume last.

use serde_json::Value;

use super::entry::Operation;
use super::floor;
use super::proof::{Evidence, Look, Probe, shows};
use super::table::Shape;

const SERVICE: &str = "application-autoscaling";

const fn read(name: &'static str) -> Operation {
    Operation::read(SERVICE, name)
}

const fn change(name: &'static str, subject: &'static str) -> Operation {
    Operation::change(SERVICE, name).on(subject)
}

const fn destroy(name: &'static str, subject: &'static str) -> Operation {
    Operation::destroy(SERVICE, name).on(subject)
}

pub(super) static OPERATIONS: &[Operation] = &[
    read("DescribeScalableTargets"),
    read("DescribeScalingPolicies"),
    read("DescribeScalingActivities"),
    change("RegisterScalableTarget", "ResourceId")
        .floored(floor::scalable_target)
        .looks(TARGET)
        .probed(Probe { look: TARGET, evidence: Evidence::Of(registered) }),
    change("PutScalingPolicy", "ResourceId")
        .floored(floor::t2)
        .looks(POLICY)
        .probed(Probe { look: POLICY, evidence: Evidence::Of(policy_put) }),
    // Its policies and scheduled actions go with it.
    destroy("DeregisterScalableTarget", "ResourceId")
        .looks(TARGET)
        .probed(Probe { look: TARGET, evidence: Evidence::Is("@ == `null`") }),
];

const TARGET: Look = Look::at(
    "DescribeScalableTargets",
    r#"{"ServiceNamespace":"{{ call.ServiceNamespace }}","ResourceIds":["{{ call.ResourceId }}"],"ScalableDimension":"{{ call.ScalableDimension }}"}"#,
    "ScalableTargets[0]",
)
.members(&["ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "SuspendedState"])
.sets(&[]);

const POLICY: Look = Look::at(
    "DescribeScalingPolicies",
    r#"{"ServiceNamespace":"{{ call.ServiceNamespace }}","ResourceId":"{{ call.ResourceId }}","ScalableDimension":"{{ call.ScalableDimension }}","PolicyNames":["{{ call.PolicyName }}"]}"#,
    "ScalingPolicies[0]",
)
.members(&["PolicyARN", "PolicyName", "ResourceId", "ScalableDimension"])
.sets(&[]);

fn registered(call: &Value) -> Option<String> {
    shows(call, &[], Shape::named(SERVICE, "ScalableTarget"), None)
}

fn policy_put(call: &Value) -> Option<String> {
    shows(call, &[], Shape::named(SERVICE, "ScalingPolicy"), None)
}
