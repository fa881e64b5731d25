//! Commands of people: each is judged here and either becomes facts or a refusal.

use super::answer::Given;
use super::command::{Command, Refusal, What};
use super::decide::ended;
use super::fact::{Fact, RunState, StepState};
use super::state::{Run, Stage, StepRun};
use crate::ids::{At, StepPath};
use crate::runbook::{Action, Step};

impl Run {
    /// Judges one command.
    pub(super) fn command(&self, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        if let What::Note { path, text } = &command.what {
            let (path, text) = (path.clone(), text.clone());
            return Ok(vec![Fact::Noted { path, text, by: command.by.clone(), at: now }]);
        }
        if self.ended.is_some() {
            return Err(Refusal::Ended);
        }
        if self.started.is_none() {
            return Err(Refusal::NotStarted);
        }
        match &command.what {
            What::Confirm { gate, digest, phrase } => self.confirm(gate, digest, phrase, &command.by, now),
            What::Answer { path, value, row, typed } => {
                let given = Given { value, row: row.as_ref(), typed: *typed };
                self.answer(path, &given, &command.by, now)
            }
            What::Done { path, note } => self.done(path, note, &command.by, now),
            What::Approve { path, approver, accept } => {
                self.approve(path, approver, *accept, &command.by, now)
            }
            What::Skip { path } => self.skip(path, command, now),
            What::Retry { path } => self.retry(path, command, now),
            What::Accept { path } => self.accept(path, command, now),
            What::Redo { step } => self.redo(step, command, now),
            What::RollBack { to } => self.roll_back(to, command, now),
            What::GiveUp { path } => self.give_up(path, command, now),
            What::Extend { path, span } => self.extend(path, *span, command, now),
            What::Abort => self.abort(command, now),
            What::Rule { name, happened, phrase } => self.ruled(name, *happened, phrase, &command.by, now),
            What::Note { .. } => Ok(vec![]),
        }
    }

    fn confirm(
        &self,
        path: &StepPath,
        digest: &str,
        phrase: &str,
        by: &str,
        now: At,
    ) -> Result<Vec<Fact>, Refusal> {
        let gate = self.gates.get(path).ok_or_else(|| Refusal::GateNotOpen(path.to_string()))?;
        if gate.digest != digest {
            return Err(Refusal::Changed);
        }
        if gate.phrase != phrase {
            return Err(Refusal::WrongPhrase(gate.phrase.clone()));
        }
        let (gate, digest, by) = (path.clone(), digest.to_owned(), by.to_owned());
        Ok(vec![Fact::Confirmed { gate, digest, by, at: now }])
    }

    /// The instance a command may act on: not in flight, not unknown.
    fn settled(&self, path: &StepPath) -> Result<&StepRun, Refusal> {
        let run = self.steps.get(path).filter(|_| self.active.contains(path));
        let run = run.ok_or_else(|| Refusal::NoSuchStep(path.to_string()))?;
        match run.stage {
            Stage::Doubt { .. } => Err(Refusal::Unknown(path.to_string())),
            Stage::InFlight(_) => Err(Refusal::InFlight(path.to_string())),
            _ => Ok(run),
        }
    }

    /// Nothing at or below `path` is in flight or unknown.
    fn all_settled(&self, path: Option<&StepPath>) -> Result<(), Refusal> {
        let below = |p: &&StepPath| path.is_none_or(|within| p.within(within));
        self.active.iter().filter(below).try_for_each(|p| self.settled(p).map(|_| ()))
    }

    fn skip(&self, path: &StepPath, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        let reason = reason(command)?;
        self.settled(path)?;
        self.all_settled(Some(path))?;
        let mut facts = self.cancel_below(path, reason, now);
        facts.extend(self.cancel_undo_of(path, reason, now)?);
        let by = Some(command.by.clone());
        let (path, why) = (path.clone(), reason.to_owned());
        facts.push(Fact::Ended { path, state: StepState::Skipped, why, by, at: now });
        Ok(facts)
    }

    /// Ends the undo flows that a skipped `undo` step has begun.
    fn cancel_undo_of(&self, path: &StepPath, why: &str, now: At) -> Result<Vec<Fact>, Refusal> {
        let undoes = self.plan.step(path).is_some_and(|s| matches!(s.action, Action::Undo { .. }));
        if !undoes || self.undoing.is_none() {
            return Ok(vec![]);
        }
        self.all_settled(None)?;
        let mut facts = self.void_gates(None, why, now);
        let flows = self.active.iter().filter(|p| p.in_undo());
        facts.extend(flows.map(|p| ended(p, StepState::Cancelled, why, now)));
        facts.push(Fact::UndoFinished { at: now });
        Ok(facts)
    }

    /// Ends what is active below `path` and closes the gates there.
    fn cancel_below(&self, path: &StepPath, why: &str, now: At) -> Vec<Fact> {
        let mut facts = self.void_gates(Some(path), why, now);
        let below = self.active.iter().filter(|p| *p != path && p.within(path));
        facts.extend(below.map(|p| ended(p, StepState::Cancelled, why, now)));
        facts
    }

    pub(super) fn void_gates(&self, within: Option<&StepPath>, why: &str, now: At) -> Vec<Fact> {
        let touched = self
            .gates
            .iter()
            .filter(|(_, gate)| within.is_none_or(|w| gate.paths.iter().any(|p| p.within(w))));
        touched
            .map(|(gate, _)| Fact::GateVoided { gate: gate.clone(), why: why.to_owned(), at: now })
            .collect()
    }

    fn retry(&self, path: &StepPath, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        let run = self.settled(path)?;
        if run.hold.is_none() {
            return Err(Refusal::NotHeld(path.to_string()));
        }
        let mut facts = self.void_gates(Some(path), "the step is tried again", now);
        let (path, reason, by) = (path.clone(), command.reason.clone(), command.by.clone());
        facts.push(Fact::Retried { path, reason, by, at: now });
        Ok(facts)
    }

    /// Going on with a reason is for conditions, never for a call that did not happen.
    fn accept(&self, path: &StepPath, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        let reason = reason(command)?;
        let run = self.settled(path)?;
        let step = self.plan.step(path).ok_or_else(|| Refusal::NoSuchStep(path.to_string()))?;
        let sent = matches!(run.stage, Stage::Done { .. });
        let condition = matches!(step.action, Action::Wait(_) | Action::Assert(_) | Action::Diff(_));
        if run.hold.is_none() || !(condition || sent) {
            return Err(Refusal::NotHeld(path.to_string()));
        }
        let (reason, by) = (reason.to_owned(), command.by.clone());
        let accepted = Fact::Accepted { path: path.clone(), reason: reason.clone(), by: by.clone(), at: now };
        let end =
            Fact::Ended { path: path.clone(), state: StepState::Success, why: reason, by: Some(by), at: now };
        Ok(vec![accepted, end])
    }

    fn redo(&self, name: &str, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        let reason = reason(command)?;
        let missing = || Refusal::NoSuchStep(name.to_owned());
        let path = self.plan.locate(name).filter(|p| p.0.len() == 1).cloned().ok_or_else(missing)?;
        self.steps.get(&path).filter(|s| s.ended.is_some()).ok_or_else(missing)?;
        if self.undoing.is_some() {
            return Err(Refusal::Undoing);
        }
        self.all_settled(None)?;
        if self.past_return && self.before_return(&path) {
            return Err(Refusal::PastReturn);
        }
        let mut facts = self.void_gates(None, "a step is done again", now);
        facts.extend(self.active.iter().map(|p| ended(p, StepState::Cancelled, "a step is done again", now)));
        let then = self.first_user_of(&path);
        let (reason, by) = (reason.to_owned(), command.by.clone());
        facts.push(Fact::Redone { path, then, reason, by, at: now });
        Ok(facts)
    }

    /// The first later step that uses an output of `path`; else the step the run stood at.
    fn first_user_of(&self, path: &StepPath) -> Option<String> {
        let steps = self.plan.list(&StepPath::default());
        let at = self.plan.index_in(&StepPath::default(), path.name())?;
        let cursor = self.lists.get(&StepPath::default())?;
        let stood = cursor.current.as_ref().map_or_else(
            || steps.get(cursor.next).map(|s| s.name.clone()),
            |current| Some(current.name().to_owned()),
        );
        let needs = |s: &&Step| super::uses::mentions(self, s, path.name(), self.has_standing(s));
        let user = steps.iter().skip(at + 1).find(needs);
        let until = stood.as_deref().and_then(|s| self.plan.index_in(&StepPath::default(), s));
        match (user, until) {
            (Some(user), Some(until)) => {
                let first = self.plan.index_in(&StepPath::default(), &user.name)?;
                steps.get(first.min(until)).map(|s| s.name.clone())
            }
            (Some(user), None) => Some(user.name.clone()),
            (None, _) => stood,
        }
    }

    /// Whether a call of a step, or of one inside it, was executed and has not been taken back.
    fn has_standing(&self, step: &Step) -> bool {
        let within = |p: &StepPath| !p.in_undo() && p.0.first().is_some_and(|s| s.name == step.name);
        self.steps.iter().any(|(p, s)| s.stands && within(p))
    }

    fn give_up(&self, path: &StepPath, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        let reason = reason(command)?;
        let key = path.0.last().and_then(|s| s.key.clone());
        if key.is_none() || !self.lists.contains_key(path) || self.list_done(path) {
            return Err(Refusal::NoSuchStep(path.to_string()));
        }
        self.all_settled(Some(path))?;
        let mut facts = vec![Fact::GaveUp {
            path: path.clone(),
            reason: reason.to_owned(),
            by: command.by.clone(),
            at: now,
        }];
        facts.extend(self.cancel_below(path, reason, now));
        Ok(facts)
    }

    fn extend(
        &self,
        path: &StepPath,
        span: crate::ids::Span,
        command: &Command,
        now: At,
    ) -> Result<Vec<Fact>, Refusal> {
        if self.deadline(path).is_none() || !self.active.contains(path) {
            return Err(Refusal::NotHeld(path.to_string()));
        }
        let (path, reason, by) = (path.clone(), command.reason.clone(), command.by.clone());
        Ok(vec![Fact::Extended { path, span, reason, by, at: now }])
    }

    fn abort(&self, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        let reason = reason(command)?;
        self.all_settled(None)?;
        let mut facts = self.void_gates(None, "the run is aborted", now);
        facts.push(Fact::Aborted { reason: reason.to_owned(), by: command.by.clone(), at: now });
        facts.extend(self.active.iter().map(|p| ended(p, StepState::Cancelled, "the run was aborted", now)));
        let why = format!("aborted: {reason}");
        facts.push(Fact::Finished { state: RunState::Cancelled, why, at: now });
        Ok(facts)
    }

    /// Whether a top-level step stands before the one marked `point_of_no_return`.
    pub(super) fn before_return(&self, path: &StepPath) -> bool {
        let steps = self.plan.list(&StepPath::default());
        let marked = steps.iter().position(|s| s.point_of_no_return);
        let top = path.0.first().and_then(|s| self.plan.index_in(&StepPath::default(), &s.name));
        matches!((marked, top), (Some(marked), Some(top)) if top <= marked)
    }
}

fn reason(command: &Command) -> Result<&str, Refusal> {
    let reason = command.reason.trim();
    if reason.is_empty() { Err(Refusal::ReasonNeeded) } else { Ok(reason) }
}
