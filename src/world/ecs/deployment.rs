//! One rollout of a service: which definition, how far, and how it ended.

use serde_json::{Value, json};

use super::Service;
use crate::ids::At;
use crate::world::Moment;

/// A deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deployment {
    /// The digits of `ecs-svc/…`.
    pub number: u64,
    /// `family:revision`.
    pub definition: String,
    pub created: At,
    pub updated: At,
    pub finished: Option<At>,
    pub rollout: Rollout,
    pub reason: String,
    /// Tasks that failed to start or died before it was complete.
    pub failed: u64,
    /// It is still told in `deployments[]`: the primary one, and those whose tasks are not gone yet.
    pub live: bool,
    /// The deployment that this one takes back.
    pub rolls_back: Option<u64>,
}

/// `rolloutState`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    fn word(self) -> &'static str {
        match self {
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Completed => "COMPLETED",
            Rollout::Failed => "FAILED",
        }
    }
}

impl Deployment {
    pub(super) fn new(number: u64, definition: &str, moment: &Moment<'_>) -> Deployment {
        let number = moment.dice.number(&format!("deployment/{}/{number}", moment.site.account));
        let number = 1_000_000_000_000_000_000 + number % 9_000_000_000_000_000_000;
        Deployment {
            number,
            definition: definition.to_owned(),
            created: moment.now,
            updated: moment.now,
            finished: None,
            rollout: Rollout::InProgress,
            reason: format!("ECS deployment ecs-svc/{number} in progress."),
            failed: 0,
            live: true,
            rolls_back: None,
        }
    }

    pub fn id(&self) -> String {
        format!("ecs-svc/{}", self.number)
    }

    pub(super) fn end(&mut self, rollout: Rollout, reason: String, now: At) {
        (self.rollout, self.reason, self.updated) = (rollout, reason, now);
        self.finished = Some(now);
    }

    /// As a member of `deployments[]`; `counts` are tasks that run and that are still to.
    pub(super) fn document(&self, service: &Service, counts: (u64, u64), moment: &Moment<'_>) -> Value {
        let primary = service.primary().number == self.number;
        json!({
            "id": self.id(),
            "status": if primary { "PRIMARY" } else { "ACTIVE" },
            "taskDefinition": moment.arn("ecs", &format!("task-definition/{}", self.definition)),
            "desiredCount": if primary { service.desired } else { 0 },
            "pendingCount": counts.1,
            "runningCount": counts.0,
            "failedTasks": self.failed,
            "createdAt": self.created.rfc3339(),
            "updatedAt": self.updated.rfc3339(),
            "launchType": service.settings["launchType"],
            "platformVersion": "1.4.0",
            "platformFamily": service.settings["platformFamily"],
            "networkConfiguration": service.settings["networkConfiguration"],
            "rolloutState": self.rollout.word(),
            "rolloutStateReason": self.reason,
        })
    }
}
