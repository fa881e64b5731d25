//! One task, from `PROVISIONING` to `STOPPED` (ECS developer guide, "Task lifecycle").

use serde_json::{Value, json};

use super::{Due, Ecs, Failure, Service};
use crate::ids::{At, Span};
use crate::world::{Due as Happening, Moment, Refused};

/// Stopped tasks can be seen for about an hour.
const SEEN: Span = Span::mins(60);

/// A task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    pub id: String,
    /// None for a task that stands alone.
    pub service: Option<String>,
    /// The deployment that started it.
    pub deployment: Option<u64>,
    /// Who started a task that stands alone, and its group.
    pub started_by: Option<String>,
    pub group: Option<String>,
    pub definition: String,
    pub state: State,
    /// It is meant to stop.
    pub stopping: bool,
    /// Behind a load balancer: connections are drained first, for so long where it is known.
    pub balanced: bool,
    pub drain: Option<Span>,
    /// How long it works on after SIGTERM; at most its stop timeout.
    pub stubborn: Span,
    /// What it will die of.
    pub doom: Option<Failure>,
    pub created: At,
    /// When its image was pulled, from and to.
    pub pulled: (Option<At>, Option<At>),
    pub started: Option<At>,
    pub told_to_stop: Option<At>,
    pub execution_stopped: Option<At>,
    pub stopped: Option<At>,
    /// Code and sentence.
    pub reason: Option<(String, String)>,
    /// Of its containers.
    pub exit: Option<i64>,
}

/// `lastStatus`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Provisioning => "PROVISIONING",
            State::Pending => "PENDING",
            State::Activating => "ACTIVATING",
            State::Running => "RUNNING",
            State::Deactivating => "DEACTIVATING",
            State::Stopping => "STOPPING",
            State::Deprovisioning => "DEPROVISIONING",
            State::Stopped => "STOPPED",
        }
    }
}

impl Task {
    /// A task that was asked for just now.
    pub fn new(id: String, service: Option<&str>, definition: &str, now: At) -> Task {
        Task {
            id,
            service: service.map(str::to_owned),
            deployment: None,
            started_by: None,
            group: None,
            definition: definition.to_owned(),
            state: State::Provisioning,
            stopping: false,
            balanced: false,
            drain: None,
            stubborn: Span::secs(5),
            doom: None,
            created: now,
            pulled: (None, None),
            started: None,
            told_to_stop: None,
            execution_stopped: None,
            stopped: None,
            reason: None,
            exit: None,
        }
    }

    /// A task of a service, which is drained, stopped and killed as the service says.
    fn of(service: &Service, id: String, timeout: Span, now: At) -> Task {
        let definition = &service.primary().definition;
        Task {
            deployment: Some(service.primary().number),
            balanced: service.balanced(),
            drain: service.drain,
            stubborn: service.stop_takes.min(timeout),
            exit: (service.stop_takes >= timeout).then_some(137),
            doom: service.failure.clone().filter(|f| f.hits(definition)),
            ..Task::new(id, Some(&service.name), definition, now)
        }
    }

    /// Runs since `at`.
    pub(super) fn run_since(&mut self, at: At) {
        self.state = State::Running;
        (self.created, self.started, self.pulled) = (at, Some(at), (Some(at), Some(at)));
    }

    /// Whether `runningCount` counts it: tasks that are `RUNNING` (API reference, `Service`) or still drained
    /// (`aws.md` §4.17). One that is told to stop may write for as long as its containers take, and no count says so.
    pub fn is_counted(&self) -> bool {
        matches!(self.state, State::Running | State::Deactivating)
    }

    /// Whether its containers run.
    pub fn runs(&self) -> bool {
        matches!(self.state, State::Running | State::Deactivating | State::Stopping)
    }

    /// Whether it counts as pending: wanted, and not running yet.
    pub fn is_pending(&self) -> bool {
        self.state < State::Running && !self.stopping
    }

    /// The state after this one.
    fn next(&self) -> Option<State> {
        let next = match self.state {
            // What was told to stop before it ran has nothing to drain.
            State::Provisioning | State::Pending if self.stopping => State::Deprovisioning,
            State::Activating if self.stopping => State::Stopping,
            State::Provisioning => State::Pending,
            State::Pending => State::Activating,
            State::Activating => State::Running,
            State::Running if self.balanced => State::Deactivating,
            State::Running | State::Deactivating => State::Stopping,
            State::Stopping => State::Deprovisioning,
            State::Deprovisioning => State::Stopped,
            State::Stopped => return None,
        };
        let stays = next > State::Running && !self.stopping;
        (!stays).then_some(next)
    }

    /// How long it stays in its state: 1 to 5 minutes up on Fargate, 1 to 7 down behind a load balancer
    /// (`aws.md` §2).
    pub(super) fn lasts(&self, moment: &Moment<'_>) -> Span {
        let within = |low: u64, high: u64| {
            moment.within(&format!("{}/{}", self.id, self.state.word()), Span::secs(low), Span::secs(high))
        };
        match self.state {
            State::Provisioning | State::Pending => within(10, 40),
            State::Activating => within(10, 60),
            State::Running | State::Stopped => within(1, 3),
            State::Deactivating => self.drain.unwrap_or_else(|| within(30, 300)),
            State::Stopping => self.stubborn,
            State::Deprovisioning => within(5, 20),
        }
    }

    fn enter(&mut self, state: State, now: At) {
        self.state = state;
        match state {
            State::Pending => self.pulled.0 = Some(now),
            State::Activating => self.pulled.1 = Some(now),
            State::Running => self.started = Some(now),
            State::Deprovisioning => {
                self.execution_stopped = Some(now);
                self.exit = self.started.map(|_| self.exit.unwrap_or(0));
            }
            State::Stopped => self.stopped = Some(now),
            State::Provisioning | State::Deactivating | State::Stopping => {}
        }
    }
}

/// The ARN of a task in its new form, with the cluster.
pub(super) fn arn(cluster: &str, id: &str, moment: &Moment<'_>) -> String {
    moment.arn("ecs", &format!("task/{cluster}/{id}"))
}

impl Ecs {
    pub(super) fn task_step(&mut self, cluster: &str, id: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.position(cluster) else { return };
        let Some(task) = self.clusters[at].tasks.iter_mut().find(|t| t.id == id) else { return };
        if task.state == State::Stopped {
            self.clusters[at].tasks.retain(|t| t.id != id);
            return;
        }
        let Some(next) = task.next() else { return };
        task.enter(next, moment.now);
        let task = task.clone();
        task.plan(cluster, moment);
        if let Some(service) = &task.service {
            self.tell_registered(cluster, service, next, moment);
            self.schedule(cluster, service, moment);
        }
    }

    fn tell_registered(&mut self, cluster: &str, name: &str, state: State, moment: &mut Moment<'_>) {
        if state != State::Running {
            return;
        }
        let Some(service) = self.service_mut(cluster, name) else { return };
        if let Some(group) = service.settings["loadBalancers"][0]["targetGroupArn"].as_str() {
            let group = group.to_owned();
            service.tell(moment.now, &format!("registered 1 targets in (target-group {group})"));
        }
        Ecs::look_when_healthy(cluster, name, moment);
    }

    pub(super) fn stop_task(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.cluster(parameters)?;
        let id = super::last_part(parameters["task"].as_str().unwrap_or_default()).to_owned();
        let missing = || Refused::new("InvalidParameterException", "The referenced task was not found.");
        if !self.clusters[at].tasks.iter().any(|t| t.id == id) {
            return Err(missing());
        }
        let reason = parameters["reason"].as_str().unwrap_or("Task stopped by user");
        self.begin_stop(at, &id, ("UserInitiated", reason), moment);
        let stopped = self.clusters[at].tasks.iter().find(|t| t.id == id).ok_or_else(missing)?;
        Ok(json!({ "task": self.task_document(at, stopped, moment) }))
    }

    /// Tells a task to stop, once.
    pub(super) fn begin_stop(&mut self, at: usize, id: &str, why: (&str, &str), moment: &mut Moment<'_>) {
        let cluster = self.clusters[at].name.clone();
        let Some(task) = self.clusters[at].tasks.iter_mut().find(|t| t.id == id && !t.stopping) else {
            return;
        };
        (task.stopping, task.told_to_stop) = (true, Some(moment.now));
        task.reason = Some((why.0.to_owned(), why.1.to_owned()));
        // One that is still starting is stopped at its next step.
        if task.state == State::Running {
            moment.later(Span::secs(1), step(&cluster, id));
        }
    }

    /// Starts a task of a service, and gives its id.
    pub(super) fn start(&mut self, at: usize, service: &Service, moment: &mut Moment<'_>) -> String {
        let id = self.task_id(moment);
        let timeout = self.stop_timeout(&service.primary().definition);
        let task = Task::of(service, id.clone(), timeout, moment.now);
        task.plan(&self.clusters[at].name, moment);
        self.clusters[at].tasks.push(task);
        id
    }

    /// A task of a service that runs since `since`: part of the starting world.
    pub(super) fn place_running(&mut self, at: usize, service: &Service, since: At, moment: &mut Moment<'_>) {
        let id = self.task_id(moment);
        let timeout = self.stop_timeout(&service.primary().definition);
        let mut task = Task::of(service, id, timeout, moment.now);
        (task.doom, task.created) = (None, since);
        task.run_since(since);
        self.clusters[at].tasks.push(task);
    }
}

impl Task {
    /// What comes next by itself.
    pub(super) fn plan(&self, cluster: &str, moment: &mut Moment<'_>) {
        let fails = |never: bool| self.doom.as_ref().filter(|d| !self.stopping && d.never_runs() == never);
        match self.state {
            State::Stopped => moment.later(SEEN, step(cluster, &self.id)),
            State::Running if self.stopping => moment.later(Span::secs(1), step(cluster, &self.id)),
            State::Running => {
                if let Some(doom) = fails(false) {
                    moment.later(doom.after, self.death(cluster));
                }
            }
            State::Pending if fails(true).is_some() => {
                moment.later(self.lasts(moment), self.death(cluster));
            }
            _ => moment.later(self.lasts(moment), step(cluster, &self.id)),
        }
    }

    fn death(&self, cluster: &str) -> Happening {
        Happening::Ecs(Due::Fails { cluster: cluster.to_owned(), task: self.id.clone() })
    }
}

pub(super) fn step(cluster: &str, task: &str) -> Happening {
    Happening::Ecs(Due::Task { cluster: cluster.to_owned(), task: task.to_owned() })
}
