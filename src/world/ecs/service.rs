//! One service: what it wants, and the scheduler that brings it there.

use serde_json::{Value, json};

use super::task::State;
use super::{Due, Ecs, last_part};
use crate::ids::{At, Span};
use crate::world::{Due as Happening, Moment, Refused};

/// Events that a service keeps (API reference: the 100 most recent).
const EVENTS: usize = 100;

/// A service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    pub name: String,
    pub desired: u64,
    /// `family:revision`.
    pub definition: String,
    /// Behind a load balancer: tasks are drained before they stop.
    pub balanced: bool,
    /// How long its tasks go on after SIGTERM.
    pub stop_takes: Span,
    pub created: At,
    /// Newest first: when and what.
    pub events: Vec<(At, String)>,
    pub steady: bool,
}

impl Service {
    /// A service that wants `desired` tasks of `definition`.
    pub fn new(name: &str, desired: u64, definition: &str, now: At) -> Service {
        Service {
            name: name.to_owned(),
            desired,
            definition: definition.to_owned(),
            balanced: true,
            stop_takes: Span::secs(5),
            created: now,
            events: Vec::new(),
            steady: false,
        }
    }

    fn tell(&mut self, now: At, message: String) {
        self.events.insert(0, (now, message));
        self.events.truncate(EVENTS);
    }
}

impl Ecs {
    /// A service with all its tasks running: the starting world of a scenario.
    pub fn furnish(&mut self, cluster: &str, service: Service, moment: &Moment<'_>) {
        let at = self.position(cluster).unwrap_or_else(|| {
            self.clusters.push(super::Cluster { name: cluster.to_owned(), ..super::Cluster::default() });
            self.clusters.len() - 1
        });
        for _ in 0..service.desired {
            let id = self.task_id(moment);
            let mut task = super::Task::new(id, Some(&service.name), &service.definition, moment.now);
            (task.state, task.started) = (State::Running, Some(moment.now));
            (task.balanced, task.stubborn) = (service.balanced, service.stop_takes);
            self.clusters[at].tasks.push(task);
        }
        self.clusters[at].services.push(Service { steady: true, ..service });
    }

    pub(super) fn update_service(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.cluster(parameters)?;
        let name = last_part(parameters["service"].as_str().unwrap_or_default()).to_owned();
        let missing = || Refused::new("ServiceNotFoundException", "Service not found.");
        let service = self.clusters[at].services.iter_mut().find(|s| s.name == name).ok_or_else(missing)?;
        if let Some(count) = parameters["desiredCount"].as_u64() {
            // A count alone starts no deployment (`aws.md` §2).
            service.desired = count;
            service.steady = false;
        }
        if let Some(definition) = parameters["taskDefinition"].as_str() {
            last_part(definition).clone_into(&mut service.definition);
        }
        let cluster = self.clusters[at].name.clone();
        let answer = self.service_document(at, &name, moment);
        // The answer still has the old counts; the scheduler works a moment later.
        let due = Due::Scheduler { cluster, service: name };
        moment.later(Span::secs(1), Happening::Ecs(due));
        Ok(json!({ "service": answer }))
    }

    /// Starts and stops tasks until there are as many as wanted.
    pub(super) fn schedule(&mut self, cluster: &str, name: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.position(cluster) else { return };
        let Some(service) = self.clusters[at].services.iter().find(|s| s.name == name).cloned() else {
            return;
        };
        let wanted = |t: &&super::Task| t.service.as_deref() == Some(name) && !t.stopping;
        let mut there: Vec<(State, String)> =
            self.clusters[at].tasks.iter().filter(wanted).map(|t| (t.state, t.id.clone())).collect();
        there.sort();
        let (want, have) = (service.desired, there.len() as u64);
        for _ in have..want {
            self.start(at, &service, moment);
        }
        let over = usize::try_from(have.saturating_sub(want)).unwrap_or(0);
        for (_, id) in there.into_iter().take(over) {
            let why =
                format!("Scaling activity initiated by (deployment ecs-svc/{})", deployment(name, moment));
            self.begin_stop(at, &id, ("ServiceSchedulerInitiated", &why), moment);
        }
        self.settle(at, name, moment);
    }

    /// Says once that a service has come to rest.
    fn settle(&mut self, at: usize, name: &str, moment: &Moment<'_>) {
        let counts = self.counts(at, name);
        let Some(service) = self.clusters[at].services.iter_mut().find(|s| s.name == name) else { return };
        let steady = counts == (service.desired, 0);
        if steady && !service.steady {
            service.tell(moment.now, format!("(service {name}) has reached a steady state."));
        }
        service.steady = steady;
    }

    /// What a service says when one of its tasks changes.
    pub(super) fn tell(&mut self, at: usize, name: &str, state: State, task: &str, moment: &Moment<'_>) {
        let Some(service) = self.clusters[at].services.iter_mut().find(|s| s.name == name) else { return };
        let what = match state {
            State::Pending => format!("(service {name}) has started 1 tasks: (task {task})."),
            State::Running if service.balanced => {
                format!("(service {name}) registered 1 targets in (target-group {name})")
            }
            State::Deactivating => format!("(service {name}) has begun draining connections on 1 tasks."),
            State::Stopping => format!("(service {name}) has stopped 1 running tasks: (task {task})."),
            _ => return,
        };
        service.tell(moment.now, what);
    }

    /// Tasks of a service that run, and that are still to.
    pub(super) fn counts(&self, at: usize, name: &str) -> (u64, u64) {
        let of = || self.clusters[at].tasks.iter().filter(|t| t.service.as_deref() == Some(name));
        (of().filter(|t| t.runs()).count() as u64, of().filter(|t| t.is_pending()).count() as u64)
    }

    pub(super) fn service_document(&self, at: usize, name: &str, moment: &Moment<'_>) -> Value {
        let cluster = &self.clusters[at];
        let Some(service) = cluster.services.iter().find(|s| s.name == name) else { return Value::Null };
        let (running, pending) = self.counts(at, name);
        let definition = moment.arn("ecs", &format!("task-definition/{}", service.definition));
        let events = service.events.iter().enumerate().map(|(n, (when, what))| {
            json!({"id": format!("event-{n}"), "createdAt": when.rfc3339(), "message": what})
        });
        json!({
            "serviceName": name,
            "serviceArn": moment.arn("ecs", &format!("service/{}/{name}", cluster.name)),
            "clusterArn": moment.arn("ecs", &format!("cluster/{}", cluster.name)),
            "status": "ACTIVE",
            "desiredCount": service.desired,
            "runningCount": running,
            "pendingCount": pending,
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "platformFamily": "Linux",
            "schedulingStrategy": "REPLICA",
            "taskDefinition": definition,
            "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
            "deployments": [{
                "id": format!("ecs-svc/{}", deployment(name, moment)),
                "status": "PRIMARY",
                "taskDefinition": definition,
                "desiredCount": service.desired,
                "runningCount": running,
                "pendingCount": pending,
                "failedTasks": 0,
                "createdAt": service.created.rfc3339(),
                "updatedAt": service.created.rfc3339(),
                "launchType": "FARGATE",
                "platformVersion": "1.4.0",
                "platformFamily": "Linux",
                "rolloutState": "COMPLETED",
                "rolloutStateReason": "ECS deployment completed.",
            }],
            "events": events.collect::<Vec<_>>(),
            "createdAt": service.created.rfc3339(),
            "createdBy": moment.arn("iam", "role/deployer"),
            "loadBalancers": [],
            "serviceRegistries": [],
            "placementConstraints": [],
            "placementStrategy": [],
            "healthCheckGracePeriodSeconds": 0,
            "enableECSManagedTags": true,
            "enableExecuteCommand": false,
            "propagateTags": "NONE",
            "availabilityZoneRebalancing": "ENABLED",
            "tags": [],
        })
    }
}

fn deployment(name: &str, moment: &Moment<'_>) -> u64 {
    moment.dice.number(&format!("deployment/{name}")) % 10_000_000_000
}
