//! Task definitions: what containers a task has.

use serde_json::{Map, Value, json};

use super::{Ecs, last_part};
use crate::ids::Span;
use crate::world::given::map;
use crate::world::{Moment, Refused};

/// How long a container has after SIGTERM where its definition says nothing, and at most on Fargate.
const STOP_TIMEOUT: u64 = 30;
const LONGEST: u64 = 120;

impl Ecs {
    /// By family (its newest revision), by `family:revision` or by ARN.
    pub(super) fn definition(&self, name: &str) -> Option<&Value> {
        let name = last_part(name);
        let of_family = |d: &&Value| d["family"] == name;
        let newest = || self.task_definitions.iter().filter(of_family).max_by_key(|d| d["revision"].as_u64());
        self.task_definitions.iter().find(|d| short(d) == name).or_else(newest)
    }

    pub(super) fn describe_task_definition(&self, parameters: &Value) -> Result<Value, Refused> {
        let found = self.definition(parameters["taskDefinition"].as_str().unwrap_or_default());
        let message = "Unable to describe task definition.";
        found
            .map(|d| json!({"taskDefinition": d, "tags": []}))
            .ok_or_else(|| Refused::new("ClientException", message))
    }

    /// How long the containers of a task have after SIGTERM.
    pub(super) fn stop_timeout(&self, definition: &str) -> Span {
        let containers = self.definition(definition).map(|d| &d["containerDefinitions"]);
        let all = containers.and_then(Value::as_array).into_iter().flatten();
        let seconds = all.map(|c| c["stopTimeout"].as_u64().unwrap_or(STOP_TIMEOUT)).max();
        Span::secs(seconds.unwrap_or(STOP_TIMEOUT).min(LONGEST))
    }
}

/// `family:revision`.
pub(super) fn short(definition: &Value) -> String {
    format!("{}:{}", definition["family"].as_str().unwrap_or_default(), definition["revision"])
}

/// What a definition has where nothing is said.
pub(super) fn defaults(family: &str, revision: u64, moment: &Moment<'_>) -> Map<String, Value> {
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", moment.site.account);
    map(json!({
        "taskDefinitionArn": moment.arn("ecs", &format!("task-definition/{family}:{revision}")),
        "containerDefinitions": [container(family, moment)],
        "family": family,
        "taskRoleArn": role(&format!("{family}-task")),
        "executionRoleArn": role("ecsTaskExecutionRole"),
        "networkMode": "awsvpc",
        "revision": revision,
        "volumes": [],
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.29"}],
        "placementConstraints": [],
        "compatibilities": ["EC2", "FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "512",
        "memory": "1024",
        "registeredAt": moment.now.rfc3339(),
        "registeredBy": role("deployer"),
        "ephemeralStorage": {"sizeInGiB": 21},
        "enableFaultInjection": false,
    }))
}

fn container(family: &str, moment: &Moment<'_>) -> Value {
    let (account, region) = (&moment.site.account, &moment.site.region);
    json!({
        "name": family,
        "image": format!("{account}.dkr.ecr.{region}.amazonaws.com/{family}:latest"),
        "cpu": 512,
        "memory": 1024,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "essential": true,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "secrets": [],
        "stopTimeout": 30,
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": format!("/ecs/{family}"),
            "awslogs-region": region,
            "awslogs-stream-prefix": "ecs",
        }},
        "systemControls": [],
    })
}
