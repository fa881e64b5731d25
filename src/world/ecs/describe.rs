//! Reads of ECS. Describing what is not there is no error: it is named in `failures[]`.

use serde_json::{Value, json};

use super::{Ecs, last_part, task};
use crate::world::pages::{self, Paging};
use crate::world::{Moment, Refused};

/// Names that one `DescribeServices` takes.
const SERVICES: usize = 10;
/// ARNs that one `DescribeTasks` takes.
const TASKS: usize = 100;
/// Names that one `DescribeClusters` takes.
const CLUSTERS: usize = 100;

impl Ecs {
    pub(super) fn list_clusters(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let arns = self.clusters.iter().map(|c| moment.arn("ecs", &format!("cluster/{}", c.name)));
        pages::ECS.page("clusterArns", arns.map(Value::from).collect(), parameters)
    }

    pub(super) fn describe_clusters(
        &self,
        parameters: &Value,
        moment: &Moment<'_>,
    ) -> Result<Value, Refused> {
        let names = match &parameters["clusters"] {
            Value::Null => vec!["default".to_owned()],
            _ => names(parameters, "clusters", CLUSTERS)?,
        };
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.position(last_part(&name)) {
                Some(at) => found.push(self.cluster_document(at, moment)),
                None => failures.push(missing(&moment.arn("ecs", &format!("cluster/{}", last_part(&name))))),
            }
        }
        Ok(json!({"clusters": found, "failures": failures}))
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
        let text = |name: &str| parameters[name].as_str();
        let is_asked = |t: &&super::Task| {
            t.stopping == stopped
                && (service.is_none() || t.service.as_deref() == service)
                && text("family").is_none_or(|f| t.definition.split(':').next() == Some(f))
                && text("startedBy").is_none_or(|by| t.started_by() == by)
                && text("launchType").is_none_or(|kind| kind == "FARGATE")
        };
        let arns = cluster.tasks.iter().filter(is_asked).map(|t| task::arn(&cluster.name, &t.id, moment));
        pages::ECS.page("taskArns", arns.map(Value::from).collect(), parameters)
    }

    pub(super) fn describe_tasks(&self, parameters: &Value, moment: &Moment<'_>) -> Result<Value, Refused> {
        let at = self.cluster(parameters)?;
        let cluster = &self.clusters[at];
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names(parameters, "tasks", TASKS)? {
            match cluster.tasks.iter().find(|t| t.id == last_part(&name)) {
                Some(task) => found.push(self.task_document(at, task, moment)),
                None => failures.push(missing(&task::arn(&cluster.name, last_part(&name), moment))),
            }
        }
        Ok(json!({"tasks": found, "failures": failures}))
    }
}

pub(super) fn names(parameters: &Value, list: &str, most: usize) -> Result<Vec<String>, Refused> {
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

pub(super) fn missing(arn: &str) -> Value {
    json!({"arn": arn, "reason": "MISSING"})
}
