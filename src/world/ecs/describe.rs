//! Reads of ECS. Describing what is not there is no error: it is named in `failures[]`.

use serde_json::{Value, json};

use super::{Ecs, last_part, task};
use crate::world::pages::{self, Paging};
use crate::world::{Moment, Refused};

/// Names that one `DescribeServices` takes.
const SERVICES: usize = 10;
/// ARNs that one `DescribeTasks` takes.
const TASKS: usize = 100;

impl Ecs {
    pub(super) fn list_clusters(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let arns = self.clusters.iter().map(|c| moment.arn("ecs", &format!("cluster/{}", c.name)));
        pages::ECS.page("clusterArns", arns.map(Value::from).collect(), parameters)
    }

    pub(super) fn describe_clusters(&self, parameters: &Value, moment: &Moment<'_>) -> Value {
        let names = parameters["clusters"].as_array().cloned().unwrap_or_else(|| vec![json!("default")]);
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names.iter().filter_map(Value::as_str) {
            match self.position(last_part(name)) {
                Some(at) => found.push(self.cluster_document(at, moment)),
                None => failures.push(missing(&moment.arn("ecs", &format!("cluster/{}", last_part(name))))),
            }
        }
        json!({"clusters": found, "failures": failures})
    }

    fn cluster_document(&self, at: usize, moment: &Moment<'_>) -> Value {
        let cluster = &self.clusters[at];
        json!({
            "clusterArn": moment.arn("ecs", &format!("cluster/{}", cluster.name)),
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": cluster.tasks.iter().filter(|t| t.runs()).count(),
            "pendingTasksCount": cluster.tasks.iter().filter(|t| t.is_pending()).count(),
            "activeServicesCount": cluster.services.len(),
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [],
            "settings": [],
            "statistics": [],
            "tags": [],
        })
    }

    /// Pages of ten where nothing is said (API reference).
    pub(super) fn list_services(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let cluster = &self.clusters[self.cluster(parameters)?];
        let arn = |name: &String| moment.arn("ecs", &format!("service/{}/{name}", cluster.name));
        let arns = cluster.services.iter().map(|s| Value::from(arn(&s.name))).collect();
        Paging { default: 10, ..pages::ECS }.page("serviceArns", arns, parameters)
    }

    pub(super) fn describe_services(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.cluster(parameters)?;
        let names = names(parameters, "services", SERVICES)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.service_document(at, last_part(&name), moment) {
                Value::Null => {
                    let rest = format!("service/{}/{}", self.clusters[at].name, last_part(&name));
                    failures.push(missing(&moment.arn("ecs", &rest)));
                }
                document => found.push(document),
            }
        }
        Ok(json!({"services": found, "failures": failures}))
    }

    /// By *desired* status, `RUNNING` where none is named: a task that was told to stop is not listed although its
    /// containers still run (`aws.md` §0.1).
    pub(super) fn list_tasks(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let cluster = &self.clusters[self.cluster(parameters)?];
        let stopped = parameters["desiredStatus"] == "STOPPED";
        let service = parameters["serviceName"].as_str().map(last_part);
        if service.is_some_and(|name| !cluster.services.iter().any(|s| s.name == name)) {
            return Err(Refused::new("ServiceNotFoundException", "Service not found."));
        }
        let is_asked = |t: &&super::Task| {
            t.stopping == stopped && (service.is_none() || t.service.as_deref() == service)
        };
        let arns = cluster.tasks.iter().filter(is_asked).map(|t| task::arn(&cluster.name, &t.id, moment));
        pages::ECS.page("taskArns", arns.map(Value::from).collect(), parameters)
    }

    pub(super) fn describe_tasks(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let cluster = &self.clusters[self.cluster(parameters)?];
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names(parameters, "tasks", TASKS)? {
            match cluster.tasks.iter().find(|t| t.id == last_part(&name)) {
                Some(task) => found.push(task.document(&cluster.name, moment)),
                None => failures.push(missing(&task::arn(&cluster.name, last_part(&name), moment))),
            }
        }
        Ok(json!({"tasks": found, "failures": failures}))
    }

    pub(super) fn describe_task_definition(&self, parameters: &Value) -> Result<Value, Refused> {
        let name = last_part(parameters["taskDefinition"].as_str().unwrap_or_default());
        let is = |d: &&Value| {
            let full = format!("{}:{}", d["family"].as_str().unwrap_or_default(), d["revision"]);
            full == name || d["family"] == name
        };
        let found = self.task_definitions.iter().rev().find(is).cloned();
        let message = "Unable to describe task definition.";
        found
            .map(|d| json!({"taskDefinition": d, "tags": []}))
            .ok_or_else(|| Refused::new("ClientException", message))
    }
}

fn names(parameters: &Value, list: &str, most: usize) -> Result<Vec<String>, Refused> {
    let names = parameters[list].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Refused::new("InvalidParameterException", format!("{list} cannot be empty.")));
    }
    if names.len() > most {
        return Err(Refused::new(
            "InvalidParameterException",
            format!("{list} can have at most {most} items."),
        ));
    }
    Ok(names)
}

fn missing(arn: &str) -> Value {
    json!({"arn": arn, "reason": "MISSING"})
}
