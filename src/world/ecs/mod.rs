//! ECS: clusters, services, their deployments and their tasks.
//!
//! `service` is what a service is and what changes it, `deployment` one rollout of it, `schedule` what brings a
//! service to its count, `task` the life of one task, `failure` what makes tasks die; `describe`, `history` and
//! `show` are the reads, `place` the starting world. What is missing comes in `failures[]` with HTTP 200, as in
//! AWS.

mod definition;
mod deployment;
mod describe;
mod failure;
mod history;
mod place;
mod schedule;
mod service;
mod show;
mod task;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{Moment, Refused};

pub use deployment::{Deployment, Rollout};
pub use failure::Failure;
pub use service::Service;
pub use task::{State, Task};

/// The clusters of one site.
#[derive(Clone, Debug, Default)]
pub struct Ecs {
    pub clusters: Vec<Cluster>,
    /// Documents as `DescribeTaskDefinition` gives them.
    pub task_definitions: Vec<Value>,
    /// Tasks and deployments ever started; their ids come from it.
    made: u64,
}

/// A cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub name: String,
    /// Its document, but for what follows from services and tasks.
    pub settings: Map<String, Value>,
    pub services: Vec<Service>,
    /// Those of services and those that stand alone; stopped ones for an hour.
    pub tasks: Vec<Task>,
}

/// What happens to ECS by itself.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// A task takes its next step.
    Task { cluster: String, task: String },
    /// A task that was started into a failure dies of it.
    Fails { cluster: String, task: String },
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
            "DescribeClusters" => self.describe_clusters(parameters, moment),
            "ListServices" => self.list_services(parameters, moment),
            "DescribeServices" => self.describe_services(parameters, moment),
            "ListServiceDeployments" => self.list_service_deployments(parameters, moment),
            "DescribeServiceDeployments" => self.describe_service_deployments(parameters, moment),
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
            Due::Fails { cluster, task } => self.task_fails(cluster, task, moment),
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

    /// A service by the names of its cluster and its own.
    pub fn service(&self, cluster: &str, service: &str) -> Option<&Service> {
        self.clusters[self.position(cluster)?].service(service)
    }

    fn service_mut(&mut self, cluster: &str, service: &str) -> Option<&mut Service> {
        let at = self.position(cluster)?;
        self.clusters[at].services.iter_mut().find(|s| s.name == service)
    }

    /// Sets the count of a service by another hand than `UpdateService`; gives whether there is such a service.
    pub(super) fn set_desired(
        &mut self,
        cluster: &str,
        service: &str,
        count: u64,
        moment: &mut Moment<'_>,
    ) -> bool {
        let Some(one) = self.service_mut(cluster, service) else { return false };
        one.want(count);
        self.schedule(cluster, service, moment);
        true
    }

    /// The count a service wants, where there is one.
    pub(super) fn desired(&self, cluster: &str, service: &str) -> Option<u64> {
        self.service(cluster, service).map(|s| s.desired)
    }

    /// A number that nothing else of this site has.
    fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// An id that no other task of this world has: 32 hex digits.
    fn task_id(&mut self, moment: &Moment<'_>) -> String {
        moment.uuid(&format!("task/{}", self.number())).replace('-', "")
    }
}

impl Cluster {
    fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.name == name)
    }

    /// The tasks of a service, stopped ones too.
    fn tasks_of<'c>(&'c self, service: &'c str) -> impl Iterator<Item = &'c Task> {
        self.tasks.iter().filter(move |t| t.service.as_deref() == Some(service))
    }
}

/// The name in an ARN, or the name itself.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
