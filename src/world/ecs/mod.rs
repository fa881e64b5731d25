//! ECS: clusters, services and their tasks.
//!
//! `service` is what a service is and how it comes to its count, `task` the life of one task, `describe` the
//! reads. What is missing comes in `failures[]` with HTTP 200, as in AWS.

mod describe;
mod service;
mod task;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Moment, Refused};

pub use service::Service;
pub use task::{State, Task};

/// The clusters of one site.
#[derive(Clone, Debug, Default)]
pub struct Ecs {
    pub clusters: Vec<Cluster>,
    /// Documents as `DescribeTaskDefinition` gives them.
    pub task_definitions: Vec<Value>,
    /// Tasks ever started; their ids come from it.
    made: u64,
}

/// A cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub name: String,
    pub services: Vec<Service>,
    /// Those of services and those that stand alone; stopped ones for an hour.
    pub tasks: Vec<Task>,
}

/// What happens to ECS by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// A task takes its next step.
    Task { cluster: String, task: String },
    /// A service looks whether it has as many tasks as it wants.
    Scheduler { cluster: String, service: String },
}

impl Ecs {
    /// Answers one call.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        match operation {
            "ListClusters" => self.list_clusters(parameters, moment),
            "DescribeClusters" => Ok(self.describe_clusters(parameters, moment)),
            "ListServices" => self.list_services(parameters, moment),
            "DescribeServices" => self.describe_services(parameters, moment),
            "ListTasks" => self.list_tasks(parameters, moment),
            "DescribeTasks" => self.describe_tasks(parameters, moment),
            "DescribeTaskDefinition" => self.describe_task_definition(parameters),
            "UpdateService" => self.update_service(parameters, moment),
            "StopTask" => self.stop_task(parameters, moment),
            _ => Err(Refused::unknown_operation("ecs", operation)),
        }
    }

    pub(super) fn happen(&mut self, due: &Due, moment: &mut Moment<'_>) {
        match due {
            Due::Task { cluster, task } => self.task_step(cluster, task, moment),
            Due::Scheduler { cluster, service } => self.schedule(cluster, service, moment),
        }
    }

    /// The cluster of a call: by name or ARN, `default` where none is named.
    pub(super) fn cluster(&self, parameters: &Value) -> Result<usize, Refused> {
        let name = last_part(parameters["cluster"].as_str().unwrap_or("default"));
        self.position(name).ok_or_else(|| Refused::new("ClusterNotFoundException", "Cluster not found."))
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.clusters.iter().position(|c| c.name == name)
    }

    /// Sets the count of a service by another hand than `UpdateService`; gives whether there is such a service.
    pub(super) fn set_desired(
        &mut self,
        cluster: &str,
        service: &str,
        count: u64,
        moment: &mut Moment<'_>,
    ) -> bool {
        let Some(at) = self.position(cluster) else { return false };
        let Some(one) = self.clusters[at].services.iter_mut().find(|s| s.name == service) else {
            return false;
        };
        one.desired = count;
        self.schedule(cluster, service, moment);
        true
    }

    /// The count a service wants, where there is one.
    pub(super) fn desired(&self, cluster: &str, service: &str) -> Option<u64> {
        let at = self.position(cluster)?;
        self.clusters[at].services.iter().find(|s| s.name == service).map(|s| s.desired)
    }

    /// An id that no other task of this world has: 32 hex digits.
    fn task_id(&mut self, moment: &Moment<'_>) -> String {
        self.made += 1;
        let site = moment.site;
        let key = format!("task/{}/{}/{}", site.account, site.region, self.made);
        format!("{:016x}{:016x}", moment.dice.number(&key), moment.dice.number(&format!("{key}/")))
    }
}

/// The name in an ARN, or the name itself.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
