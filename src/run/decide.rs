//! Who may become a fact: [`Run::decide`] judges and changes nothing.
//!
//! The central match routes only; each subject has its file: `advance` (what follows by itself), `call`
//! (gates and sending), `judge` (readings against conditions), `doubt` (unknown outcomes), `order`
//! (commands of people), `undo`. `Advance` is asked until quiet, so that each line is one small decision.

use serde_json::{Map, Value};

use super::command::{Command, Refusal};
use super::fact::{CheckResult, Fact, HoldKind, RunState, StepState};
use super::look::LookName;
use super::state::{Run, StepRun};
use crate::ids::{At, EffectName, Life, Place, Span, StepPath};
use crate::runbook::{Action, OnFailure, Step};
use crate::watch::{Frame, Unread, UnreadKind};

/// Longest wait of a step that names no timeout.
const DEFAULT_WAIT: Span = Span::mins(30);
/// Longest verification of a step that names no timeout (rules 19).
const DEFAULT_VERIFY: Span = Span::mins(5);
/// What a new life has at least before a deadline that passed while nobody looked counts.
const GRACE: Span = Span::mins(2);

/// What can happen to a run.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A process opened the journal for writing.
    Open {
        life: Life,
        by: String,
    },
    /// The operator pressed Start, with what was resolved and checked.
    Start {
        parameters: Map<String, Value>,
        places: Vec<Place>,
        preflight: Vec<CheckResult>,
    },
    /// Asked until nothing more follows.
    Advance,
    /// Rounds of a look, newest last.
    Looked {
        name: LookName,
        frames: Vec<Frame>,
    },
    /// The outcome of a sent call.
    Answer {
        name: EffectName,
        outcome: Outcome,
    },
    Command(Command),
}

/// What became of a sent call.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    Executed {
        answer: Value,
        request_id: Option<String>,
    },
    /// Proof that it did not happen: an error code that says so, or nothing left the process.
    Rejected {
        code: String,
        message: String,
        request_id: Option<String>,
    },
    /// Anything else.
    Unclear {
        why: String,
    },
}

impl Run {
    /// What follows from `input` at `now`.
    ///
    /// # Errors
    /// A [`Refusal`] answers the asker and changes nothing.
    pub fn decide(&self, input: &Input, now: At) -> Result<Vec<Fact>, Refusal> {
        match input {
            Input::Open { life, by } => Ok(vec![Fact::Opened { life: *life, by: by.clone(), at: now }]),
            Input::Start { parameters, places, preflight } => self.start(parameters, places, preflight, now),
            Input::Advance => Ok(self.advance(now)),
            Input::Looked { name, frames } => Ok(self.looked(name, frames, now)),
            Input::Answer { name, outcome } => Ok(self.answered(name, outcome, now)),
            Input::Command(command) => self.command(command, now),
        }
    }

    fn start(
        &self,
        parameters: &Map<String, Value>,
        places: &[Place],
        preflight: &[CheckResult],
        now: At,
    ) -> Result<Vec<Fact>, Refusal> {
        if self.started.is_some() {
            return Err(Refusal::OtherLife);
        }
        Ok(vec![Fact::Started {
            at: now,
            parameters: parameters.clone(),
            places: places.to_vec(),
            preflight: preflight.to_vec(),
        }])
    }

    /// The state a step shows: its own, or what its call and its hold make of it.
    pub fn state_of(&self, path: &StepPath) -> StepState {
        use super::state::Stage;
        let Some(step) = self.steps.get(path) else { return StepState::NotStarted };
        if step.ended.is_some() || !self.active.contains(path) {
            return step.state;
        }
        match (&step.stage, &step.hold) {
            (Stage::Doubt { .. }, _) => StepState::Unknown,
            (_, Some(hold)) if hold.kind == HoldKind::TimedOut => StepState::TimedOut,
            (_, Some(hold)) if hold.kind == HoldKind::Failed => StepState::Failed,
            (Stage::Gated { .. }, None) | (_, Some(_)) => StepState::Waiting,
            (_, None) => self.state_by_action(path),
        }
    }

    fn state_by_action(&self, path: &StepPath) -> StepState {
        match self.plan.step(path).map(|s| &s.action) {
            Some(Action::Wait(_) | Action::Prompt(_) | Action::Manual(_) | Action::Approve { .. }) => {
                StepState::Waiting
            }
            _ => StepState::Running,
        }
    }

    /// The state of the whole run.
    pub fn state(&self) -> RunState {
        if let Some((state, _)) = &self.ended {
            return *state;
        }
        if self.started.is_none() {
            return RunState::Pending;
        }
        if self.active.iter().any(|p| self.steps.get(p).is_some_and(|s| s.hold.is_some())) {
            return RunState::Paused;
        }
        let waits = |p: &StepPath| self.state_of(p) == StepState::Waiting;
        if self.active.iter().any(waits) { RunState::Waiting } else { RunState::Running }
    }

    /// When the step has taken too long; none for steps that may take for ever.
    pub fn deadline(&self, path: &StepPath) -> Option<At> {
        let (since, span) = self.time_limit(path)?;
        Some(self.in_this_life(since, span))
    }

    /// From when on the step has how much time, extensions included.
    pub(super) fn time_limit(&self, path: &StepPath) -> Option<(At, Span)> {
        let (step, run) = (self.plan.step(path)?, self.steps.get(path).filter(|r| r.entered)?);
        if let super::state::Stage::Done { at } = run.stage {
            let verify = step.verify.as_ref().map(|_| step.timeout.unwrap_or(DEFAULT_VERIFY))?;
            return Some((at, verify.plus(run.extended)));
        }
        let span = match (&step.action, step.timeout) {
            (Action::AwsApi { .. } | Action::Each | Action::Undo { .. }, _) => return None,
            (_, Some(span)) => span,
            (Action::Wait(_), None) => DEFAULT_WAIT,
            (_, None) => return None,
        };
        Some((run.began, span.plus(run.extended)))
    }

    fn in_this_life(&self, since: At, span: Span) -> At {
        let deadline = since.plus(span);
        if since < self.opened { deadline.max(self.opened.plus(GRACE)) } else { deadline }
    }

    /// What follows when a step fails, as its author said. Never called for an unknown outcome.
    pub(super) fn fail(&self, path: &StepPath, kind: HoldKind, why: &str, now: At) -> Vec<Fact> {
        let on_failure = self.plan.step(path).map_or(OnFailure::Pause, |s| s.on_failure.clone());
        let timed_out = kind == HoldKind::TimedOut;
        if !matches!(kind, HoldKind::Failed | HoldKind::TimedOut) {
            return self.hold(path, kind, why, now);
        }
        let state = if timed_out { StepState::TimedOut } else { StepState::Failed };
        match on_failure {
            OnFailure::Pause => self.hold(path, kind, why, now),
            OnFailure::Continue => vec![ended(path, state, why, now)],
            OnFailure::Step(to) => {
                vec![ended(path, state, why, now), Fact::Jumped { path: path.clone(), to }]
            }
            // The run does not end over the head of a call whose outcome is open.
            OnFailure::Abort if self.unsettled_besides(path) => self.hold(path, kind, why, now),
            OnFailure::Abort => {
                let end = if timed_out { RunState::TimedOut } else { RunState::Failed };
                let why = format!("{path}: {why}");
                vec![ended(path, state, &why, now), Fact::Finished { state: end, why, at: now }]
            }
        }
    }

    /// Whether a call of another step instance is on its way or unknown.
    fn unsettled_besides(&self, path: &StepPath) -> bool {
        use super::state::Stage;
        let open = |p: &&StepPath| {
            self.steps.get(*p).is_some_and(|s| matches!(s.stage, Stage::InFlight(_) | Stage::Doubt { .. }))
        };
        self.active.iter().filter(open).any(|p| p != path)
    }

    pub(super) fn hold(&self, path: &StepPath, kind: HoldKind, why: &str, now: At) -> Vec<Fact> {
        if self.steps.get(path).is_some_and(|s| s.hold.is_some()) {
            return vec![];
        }
        vec![Fact::Held { path: path.clone(), kind, why: why.to_owned(), at: now }]
    }

    /// What a reading that could not be had means for the step that needs it.
    pub(super) fn unread(&self, path: &StepPath, why: &Unread, now: At) -> Vec<Fact> {
        match why.kind {
            UnreadKind::Credentials => self.hold(path, HoldKind::Credentials, &why.to_string(), now),
            kind if kind.passing() => vec![],
            _ => self.fail(path, HoldKind::Failed, &why.to_string(), now),
        }
    }

    /// The step and its instance, while it is active and not held.
    pub(super) fn at_work(&self, path: &StepPath) -> Option<(&Step, &StepRun)> {
        let (step, run) = (self.plan.step(path)?, self.steps.get(path)?);
        (self.active.contains(path) && run.hold.is_none() && self.ended.is_none()).then_some((step, run))
    }
}

/// The end of a step without a person's word.
pub(super) fn ended(path: &StepPath, state: StepState, why: &str, at: At) -> Fact {
    Fact::Ended { path: path.clone(), state, why: why.to_owned(), by: None, at }
}
