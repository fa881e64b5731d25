//! The entries of ECS. What `Describe*` does not find it answers in `failures`, with HTTP 200.

use serde_json::Value;

use super::entry::Operation;
use super::floor;
use super::proof::{Evidence, Look, Probe, Setting, shows};
use super::table::Shape;

const fn read(name: &'static str) -> Operation {
    Operation::read("ecs", name)
}

const fn change(name: &'static str, subject: &'static str) -> Operation {
    Operation::change("ecs", name).on(subject)
}

pub(super) static OPERATIONS: &[Operation] = &[
    read("ListClusters"),
    read("DescribeClusters").batched("clusters", 100).failing("failures"),
    read("ListServices"),
    read("DescribeServices").batched("services", 10).failing("failures"),
    read("ListTasks"),
    read("DescribeTasks").batched("tasks", 100).failing("failures"),
    read("DescribeTaskDefinition"),
    read("ListServiceDeployments"),
    read("DescribeServiceDeployments").batched("serviceDeploymentArns", 20).failing("failures"),
    change("UpdateService", "service")
        .floored(floor::service)
        .looks(SERVICE)
        .probed(Probe { look: SERVICE, evidence: Evidence::Of(updated) }),
    change("StopTask", "task")
        .floored(floor::t2)
        .looks(TASK)
        .probed(Probe { look: TASK, evidence: Evidence::Is(STOPPED) }),
];

const SERVICE: Look = Look::at(
    "DescribeServices",
    r#"{"cluster":"{{ not_null(call.cluster, 'default') }}","services":["{{ call.service }}"]}"#,
    "services[0]",
)
.members(&["serviceArn", "status", "desiredCount"])
.sets(SETTINGS)
.absent(&["MISSING", "ServiceNotFoundException"]);

static SETTINGS: &[Setting] = &[
    // A family or `family:revision` in the call, the whole ARN in the answer.
    Setting::new("taskDefinition", "taskDefinition", "contains(taskDefinition, $)"),
    Setting::new("forceNewDeployment", "deployments", ""),
    // The call may name the one or the other by ARN.
    Setting::new("service", "serviceArn", ""),
    Setting::new("cluster", "clusterArn", ""),
    Setting::new("loadBalancers", "loadBalancers", ""),
    Setting::new("serviceRegistries", "serviceRegistries", ""),
    Setting::new("capacityProviderStrategy", "capacityProviderStrategy", ""),
    Setting::new("placementConstraints", "placementConstraints", ""),
    Setting::new("placementStrategy", "placementStrategy", ""),
    Setting::new("networkConfiguration", "networkConfiguration", ""),
];

const TASK: Look = Look::at(
    "DescribeTasks",
    r#"{"cluster":"{{ not_null(call.cluster, 'default') }}","tasks":["{{ call.task }}"]}"#,
    "tasks[0]",
)
.members(&["taskArn", "group", "desiredStatus", "lastStatus"])
.absent(&["MISSING"]);

/// A stopped task is forgotten after an hour.
const STOPPED: &str = "@ == `null` || desiredStatus == 'STOPPED' || lastStatus == 'STOPPED'";

fn updated(call: &Value) -> Option<String> {
    shows(call, SETTINGS, Shape::named("ecs", "Service"), None)
}
