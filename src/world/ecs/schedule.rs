//! The scheduler of a service: starts and stops tasks until there are as many as wanted, and says so.

use super::deployment::Rollout;
use super::task::State;
use super::{Due, Ecs, Service, Task};
use crate::ids::Span;
use crate::world::{Due as Happening, Moment};

/// A task counts as healthy when it ran for so long: the checks of a load balancer, three times ten seconds.
const HEALTHY: Span = Span::secs(30);

/// How many tasks to start, and which to stop.
struct Plan {
    start: u64,
    stop: Vec<String>,
}

impl Plan {
    /// Within the percentages of the deployment configuration (ECS developer guide, "Rolling update").
    fn of(service: &Service, tasks: &[&Task], moment: &Moment<'_>) -> Plan {
        let primary = Some(service.primary().number);
        let (mut new, mut old): (Vec<&Task>, Vec<&Task>) =
            tasks.iter().filter(|t| !t.stopping).partition(|t| t.deployment == primary);
        new.sort_by_key(|t| (t.state, t.created, t.id.clone()));
        old.sort_by_key(|t| (t.state, t.created, t.id.clone()));
        let (desired, have) = (service.desired, count(&new));
        let limit = (desired * service.percent("maximumPercent", 200) / 100).max(1);
        let room = if old.is_empty() { desired } else { limit.saturating_sub(have + count(&old)) };
        let waits = service.not_before.is_some_and(|at| at > moment.now)
            || service.primary().rollout == Rollout::Failed;
        let healthy = new.iter().chain(&old).filter(|t| is_healthy(t, moment)).count() as u64;
        let least = (desired * service.percent("minimumHealthyPercent", 100)).div_ceil(100);
        let spare = healthy.saturating_sub(least);
        let over = new.iter().take(size(have.saturating_sub(desired)));
        let given_up = old.iter().enumerate().filter(|(n, t)| !t.runs() || *n < size(spare)).map(|(_, t)| t);
        Plan {
            start: if waits { 0 } else { desired.saturating_sub(have).min(room) },
            stop: over.chain(given_up).map(|t| t.id.clone()).collect(),
        }
    }
}

fn count(tasks: &[&Task]) -> u64 {
    tasks.len() as u64
}

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn is_healthy(task: &Task, moment: &Moment<'_>) -> bool {
    task.state == State::Running && task.started.is_some_and(|at| at.plus(HEALTHY) <= moment.now)
}

impl Ecs {
    /// Starts and stops tasks until there are as many as wanted.
    pub(super) fn schedule(&mut self, cluster: &str, name: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.position(cluster) else { return };
        let Some(service) = self.clusters[at].service(name).cloned() else { return };
        let tasks: Vec<&Task> = self.clusters[at].tasks_of(name).collect();
        let plan = Plan::of(&service, &tasks, moment);
        let started: Vec<String> = (0..plan.start).map(|_| self.start(at, &service, moment)).collect();
        let running: Vec<String> = plan.stop.iter().filter(|id| self.is_running(at, id)).cloned().collect();
        let why = format!("Scaling activity initiated by (deployment {})", service.primary().id());
        for id in &plan.stop {
            self.begin_stop(at, id, ("ServiceSchedulerInitiated", &why), moment);
        }
        self.tell_batch(cluster, name, (&started, &running), moment);
        self.settle(at, name, moment);
    }

    fn is_running(&self, at: usize, id: &str) -> bool {
        self.clusters[at].tasks.iter().any(|t| t.id == id && t.state == State::Running)
    }

    fn tell_batch(
        &mut self,
        cluster: &str,
        name: &str,
        (started, stopped): (&[String], &[String]),
        moment: &Moment<'_>,
    ) {
        let Some(service) = self.service_mut(cluster, name) else { return };
        let list = |ids: &[String]| ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ");
        if !started.is_empty() {
            service.tell(moment.now, &format!("has started {} tasks: {}.", started.len(), list(started)));
        }
        if !stopped.is_empty() {
            let n = stopped.len();
            if service.balanced() {
                service.tell(moment.now, &format!("has begun draining connections on {n} tasks."));
            }
            service.tell(moment.now, &format!("has stopped {n} running tasks: {}.", list(stopped)));
        }
    }

    /// Looks again when a task that just started to run may count as healthy.
    pub(super) fn look_when_healthy(cluster: &str, service: &str, moment: &mut Moment<'_>) {
        let due = Due::Scheduler { cluster: cluster.to_owned(), service: service.to_owned() };
        moment.later(HEALTHY, Happening::Ecs(due));
    }

    /// Lets deployments whose tasks are gone go, and says once that a deployment or the service came to rest.
    fn settle(&mut self, at: usize, name: &str, moment: &Moment<'_>) {
        let cluster = &self.clusters[at];
        let Some(service) = cluster.service(name) else { return };
        let own: Vec<&Task> = cluster.tasks_of(name).filter(|t| t.runs() || t.is_pending()).collect();
        let has = |number: u64| own.iter().any(|t| t.deployment == Some(number));
        let gone: Vec<u64> = service.deployments[1..].iter().map(|d| d.number).filter(|n| !has(*n)).collect();
        let healthy = own.iter().filter(|t| !t.stopping && is_healthy(t, moment)).count() as u64;
        let at_rest = own.len() as u64 == service.desired && healthy == service.desired;
        let Some(service) = self.clusters[at].services.iter_mut().find(|s| s.name == name) else { return };
        service.come_to_rest(&gone, at_rest, moment);
    }
}

impl Service {
    fn come_to_rest(&mut self, gone: &[u64], at_rest: bool, moment: &Moment<'_>) {
        for deployment in self.deployments.iter_mut().filter(|d| gone.contains(&d.number)) {
            deployment.live = false;
        }
        let alone = self.deployments[1..].iter().all(|d| !d.live);
        let primary = self.primary();
        if at_rest && alone && primary.rollout == Rollout::InProgress {
            let (id, proven) = (primary.id(), primary.definition.clone());
            self.primary_mut().end(Rollout::Completed, format!("ECS deployment {id} completed."), moment.now);
            self.proven = proven;
            self.tell(moment.now, &format!("(deployment {id}) deployment completed."));
        }
        let steady = at_rest && alone;
        if steady && !self.steady {
            self.streak = 0;
            self.tell(moment.now, "has reached a steady state.");
        }
        self.steady = steady;
    }
}
