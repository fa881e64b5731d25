//! What makes tasks die: a cause that a scenario sets, and what ECS does about it.

use serde_json::Value;

use super::deployment::Rollout;
use super::task::State;
use super::{Deployment, Due, Ecs, Service};
use crate::ids::Span;
use crate::world::given::{Given, Misplaced, span};
use crate::world::{Due as Happening, Moment};

/// The longest pause between two attempts (ECS developer guide, "Service throttle logic").
const LONGEST: Span = Span::mins(15);
/// The first one.
const FIRST: Span = Span::secs(10);
/// Failures after which a service says that it cannot.
const TOLD: u64 = 3;

const FAILURE: &[&str] = &["stopCode", "stoppedReason", "after", "exitCode", "taskDefinition"];
const PLACED: &[&str] =
    &["cluster", "serviceName", "mended", "stopCode", "stoppedReason", "after", "exitCode", "taskDefinition"];

/// What tasks die of: a secret with the old password, an image that is not there, a health check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// `EssentialContainerExited`, `TaskFailedToStart`, …
    pub code: String,
    pub reason: String,
    /// How long a task runs before it dies; a `TaskFailedToStart` never runs.
    pub after: Span,
    pub exit: i64,
    /// Only tasks of this `family:revision`.
    pub definition: Option<String>,
}

impl Failure {
    /// From `{stopCode, stoppedReason, after, exitCode, taskDefinition}`.
    pub(super) fn parse(given: &Given<'_>, value: &Value) -> Result<Option<Failure>, Misplaced> {
        let Some(map) = value.as_object() else { return Ok(None) };
        if let Some(name) = map.keys().find(|k| !FAILURE.contains(&k.as_str())) {
            return Err(given.refuse(format!("unknown member `task_failure.{name}`")));
        }
        let text = |name: &str, default: &str| value[name].as_str().unwrap_or(default).to_owned();
        let after = span(&value["after"]).map_err(|e| given.refuse(format!("`task_failure.after`: {e}")))?;
        Ok(Some(Failure {
            code: text("stopCode", "EssentialContainerExited"),
            reason: text("stoppedReason", "Essential container in task exited"),
            after: after.unwrap_or(Span::secs(20)),
            exit: value["exitCode"].as_i64().unwrap_or(1),
            definition: value["taskDefinition"].as_str().map(|d| super::last_part(d).to_owned()),
        }))
    }

    pub(super) fn hits(&self, definition: &str) -> bool {
        self.definition.as_deref().is_none_or(|d| d == definition)
    }

    pub(super) fn never_runs(&self) -> bool {
        self.code == "TaskFailedToStart"
    }
}

impl Ecs {
    /// What the new tasks of `serviceName` in `cluster` die of: `{stopCode, stoppedReason, after, exitCode,
    /// taskDefinition}`; or, with `mended: true`, that they live again.
    ///
    /// # Errors
    /// An unknown member, or no such service.
    pub fn place_task_failure(
        &mut self,
        description: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<(), Misplaced> {
        let given = Given::new(("task failure of service", "serviceName"), description, None, PLACED)?;
        let told = description.as_object().into_iter().flatten();
        let told = told.filter(|(name, _)| FAILURE.contains(&name.as_str()));
        let told = Value::Object(told.map(|(name, value)| (name.clone(), value.clone())).collect());
        let mended = given.get("mended") == true;
        let failure = if mended { None } else { Failure::parse(&given, &told)? };
        let place = (given.text("cluster").unwrap_or("default"), given.needed("serviceName")?);
        let found = self.set_failure(place, failure, moment);
        if found { Ok(()) } else { Err(given.refuse("there is no such service")) }
    }

    /// Sets or mends what the new tasks of a service die of; gives whether there is such a service. Tasks that
    /// were started before keep their fate: what they read at their start was wrong.
    pub fn set_failure(
        &mut self,
        (cluster, name): (&str, &str),
        failure: Option<Failure>,
        moment: &mut Moment<'_>,
    ) -> bool {
        let Some(service) = self.service_mut(cluster, name) else { return false };
        if failure.is_none() {
            (service.streak, service.not_before) = (0, None);
        }
        service.failure = failure;
        self.schedule(cluster, name, moment);
        true
    }

    pub(super) fn task_fails(&mut self, cluster: &str, id: &str, moment: &mut Moment<'_>) {
        let Some(at) = self.position(cluster) else { return };
        let Some(task) = self.clusters[at].tasks.iter_mut().find(|t| t.id == id && !t.stopping) else {
            return;
        };
        let Some(failure) = task.doom.clone() else { return };
        task.die(&failure, moment.now);
        let (service, deployment) = (task.service.clone(), task.deployment);
        let pause = task.lasts(moment);
        moment.later(pause, super::task::step(cluster, id));
        if let Some(name) = service {
            self.count_failure(cluster, &name, deployment, moment);
            self.schedule(cluster, &name, moment);
        }
    }

    fn count_failure(&mut self, cluster: &str, name: &str, deployment: Option<u64>, moment: &mut Moment<'_>) {
        let number = self.number();
        let Some(service) = self.service_mut(cluster, name) else { return };
        (service.streak, service.steady) = (service.streak + 1, false);
        let pause = service.back_off();
        service.not_before = Some(moment.now.plus(pause));
        if service.streak == TOLD || service.streak > TOLD && service.streak % service.desired.max(1) == 0 {
            let help =
                "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
            service.tell(moment.now, &format!("is unable to consistently start tasks successfully. {help}"));
        }
        if deployment == Some(service.primary().number) {
            service.break_circuit(number, moment);
        }
        let due = Due::Scheduler { cluster: cluster.to_owned(), service: name.to_owned() };
        moment.later(pause, Happening::Ecs(due));
    }
}

impl Service {
    /// Twice as long after each round of failures.
    fn back_off(&self) -> Span {
        let rounds = self.streak.div_ceil(self.desired.max(1)).saturating_sub(1).min(10);
        Span(FIRST.0 << rounds).min(LONGEST)
    }

    /// The threshold is half the count, at least 3 and at most 200 (ECS developer guide, "Deployment circuit
    /// breaker"); only a deployment that is under way can fail.
    pub(super) fn threshold(&self) -> u64 {
        self.desired.div_ceil(2).clamp(3, 200)
    }

    fn break_circuit(&mut self, number: u64, moment: &Moment<'_>) {
        let threshold = self.threshold();
        let breaker = self.settings["deploymentConfiguration"]["deploymentCircuitBreaker"].clone();
        let primary = self.primary_mut();
        if primary.rollout != Rollout::InProgress {
            return;
        }
        (primary.failed, primary.updated) = (primary.failed + 1, moment.now);
        if primary.failed < threshold || breaker["enable"] != true {
            return;
        }
        let (id, failed) = (primary.id(), primary.number);
        let why = "ECS deployment circuit breaker: tasks failed to start.";
        primary.end(Rollout::Failed, why.into(), moment.now);
        self.tell(moment.now, &format!("(deployment {id}) deployment failed: tasks failed to start."));
        let again = self.proven == self.primary().definition;
        if breaker["rollback"] == true && !again {
            let mut back = Deployment::new(number, &self.proven, moment);
            back.rolls_back = Some(failed);
            back.reason =
                format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", back.id());
            self.tell(moment.now, &format!("rolling back to deployment {}.", back.id()));
            self.deploy(back);
        }
    }
}

impl super::Task {
    /// It ends by itself: its containers are gone at once, its network a little later.
    fn die(&mut self, failure: &Failure, now: crate::ids::At) {
        self.stopping = true;
        self.state = State::Deprovisioning;
        self.reason = Some((failure.code.clone(), failure.reason.clone()));
        self.exit = (!failure.never_runs()).then_some(failure.exit);
        (self.told_to_stop, self.execution_stopped) = (Some(now), Some(now));
    }
}
