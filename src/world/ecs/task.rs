//! One task, from `PROVISIONING` to `STOPPED` (ECS developer guide, "Task lifecycle").

use serde_json::{Value, json};

use super::{Due, Ecs};
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
    pub definition: String,
    pub state: State,
    /// It is meant to stop.
    pub stopping: bool,
    /// Behind a load balancer: connections are drained first.
    pub balanced: bool,
    /// How long it works on after SIGTERM; at most its stop timeout.
    pub stubborn: Span,
    pub created: At,
    pub started: Option<At>,
    pub stopped: Option<At>,
    pub reason: Option<(String, String)>,
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
            definition: definition.to_owned(),
            state: State::Provisioning,
            stopping: false,
            balanced: false,
            stubborn: Span::secs(5),
            created: now,
            started: None,
            stopped: None,
            reason: None,
        }
    }

    /// Whether it counts as running.
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
    fn lasts(&self, moment: &Moment<'_>) -> Span {
        let within = |low: u64, high: u64| {
            moment.within(&format!("{}/{}", self.id, self.state.word()), Span::secs(low), Span::secs(high))
        };
        match self.state {
            State::Provisioning | State::Pending => within(10, 40),
            State::Activating => within(10, 60),
            State::Running | State::Stopped => within(1, 3),
            State::Deactivating => within(30, 300),
            State::Stopping => self.stubborn,
            State::Deprovisioning => within(5, 20),
        }
    }

    pub(super) fn document(&self, cluster: &str, moment: &Moment<'_>) -> Value {
        let time = |at: Option<At>| at.map(At::rfc3339);
        let group = self
            .service
            .as_ref()
            .map_or_else(|| format!("family:{}", family(&self.definition)), |s| format!("service:{s}"));
        let mut doc = json!({
            "taskArn": arn(cluster, &self.id, moment),
            "clusterArn": moment.arn("ecs", &format!("cluster/{cluster}")),
            "taskDefinitionArn": moment.arn("ecs", &format!("task-definition/{}", self.definition)),
            "group": group,
            "lastStatus": self.state.word(),
            "desiredStatus": if self.stopping { "STOPPED" } else { "RUNNING" },
            "healthStatus": if self.state == State::Running { "HEALTHY" } else { "UNKNOWN" },
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "cpu": "512",
            "memory": "1024",
            "availabilityZone": format!("{}a", moment.site.region),
            "connectivity": "CONNECTED",
            "createdAt": self.created.rfc3339(),
            "containers": [],
            "attachments": [],
            "attributes": [],
            "tags": [],
            "overrides": {"containerOverrides": []},
            "enableExecuteCommand": false,
            "version": self.state as u8 + 1,
        });
        for (name, at) in [("startedAt", self.started), ("stoppedAt", self.stopped)] {
            if let Some(text) = time(at) {
                doc[name] = text.into();
            }
        }
        if let Some((code, reason)) = &self.reason {
            doc["stopCode"] = code.as_str().into();
            doc["stoppedReason"] = reason.as_str().into();
        }
        doc
    }
}

/// The ARN of a task in its new form, with the cluster.
pub(super) fn arn(cluster: &str, id: &str, moment: &Moment<'_>) -> String {
    moment.arn("ecs", &format!("task/{cluster}/{id}"))
}

fn family(definition: &str) -> &str {
    definition.split(':').next().unwrap_or(definition)
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
        task.state = next;
        match next {
            State::Running => task.started = Some(moment.now),
            State::Stopped => task.stopped = Some(moment.now),
            _ => {}
        }
        let (service, pause) =
            (task.service.clone(), if next == State::Stopped { SEEN } else { task.lasts(moment) });
        if next != State::Running {
            moment.later(pause, step(cluster, id));
        } else if task.stopping {
            moment.later(Span::secs(1), step(cluster, id));
        }
        if let Some(service) = service {
            self.tell(at, &service, next, id, moment);
            self.schedule(cluster, &service, moment);
        }
    }

    pub(super) fn stop_task(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let at = self.cluster(parameters)?;
        let id = super::last_part(parameters["task"].as_str().unwrap_or_default()).to_owned();
        let missing = || Refused::new("InvalidParameterException", "The referenced task was not found.");
        let cluster = self.clusters[at].name.clone();
        let task = self.clusters[at].tasks.iter().find(|t| t.id == id).cloned().ok_or_else(missing)?;
        let reason = parameters["reason"].as_str().unwrap_or("Task stopped by user");
        self.begin_stop(at, &id, ("UserInitiated", reason), moment);
        let stopped = self.clusters[at].tasks.iter().find(|t| t.id == id).unwrap_or(&task);
        Ok(json!({ "task": stopped.document(&cluster, moment) }))
    }

    /// Tells a task to stop, once.
    pub(super) fn begin_stop(&mut self, at: usize, id: &str, why: (&str, &str), moment: &mut Moment<'_>) {
        let cluster = self.clusters[at].name.clone();
        let Some(task) = self.clusters[at].tasks.iter_mut().find(|t| t.id == id && !t.stopping) else {
            return;
        };
        task.stopping = true;
        task.reason = Some((why.0.to_owned(), why.1.to_owned()));
        // One that is still starting is stopped when it has started.
        if task.state == State::Running {
            moment.later(Span::secs(1), step(&cluster, id));
        }
    }

    /// Starts a task.
    pub(super) fn start(&mut self, at: usize, service: &super::Service, moment: &mut Moment<'_>) {
        let id = self.task_id(moment);
        let mut task = Task::new(id, Some(&service.name), &service.definition, moment.now);
        task.balanced = service.balanced;
        task.stubborn = service.stop_takes;
        let pause = task.lasts(moment);
        moment.later(pause, step(&self.clusters[at].name, &task.id));
        self.clusters[at].tasks.push(task);
    }
}

fn step(cluster: &str, task: &str) -> Happening {
    Happening::Ecs(Due::Task { cluster: cluster.to_owned(), task: task.to_owned() })
}
