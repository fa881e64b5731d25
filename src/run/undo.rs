//! Taking back: the undo flows of executed steps, newest first, as one plan.

use super::advance::writes;
use super::command::{Command, Refusal};
use super::decide::ended;
use super::fact::{Fact, HoldKind, StepState};
use super::state::{Run, Stage};
use crate::ids::{At, StepPath};
use crate::runbook::Undo;

impl Run {
    /// The next decision of a roll-back or undo step at work; none when there is none.
    pub(super) fn advance_undo(&self, now: At) -> Option<Vec<Fact>> {
        let undoing = self.undoing.as_ref()?;
        let Some(path) = undoing.paths.get(undoing.next) else {
            return Some(self.undo_done(now));
        };
        let list = path.then("undo");
        if self.list_done(&list) {
            return Some(vec![self.taken_back(path, &list, now)]);
        }
        Some(self.walk(&list, now))
    }

    /// The end of one undo flow. Where a call of it was passed over by a person or failed, the step still stands.
    fn taken_back(&self, path: &StepPath, list: &StepPath, now: At) -> Fact {
        let passed_over = |step: &&crate::runbook::Step| {
            let run = self.steps.get(&list.then(&step.name));
            writes(step)
                && run.is_some_and(|s| match s.state {
                    StepState::Skipped => s.ended_by.is_some(),
                    state => matches!(state, StepState::Failed | StepState::TimedOut | StepState::Cancelled),
                })
        };
        match self.plan.list(list).iter().find(passed_over) {
            Some(step) => {
                let state = self.steps.get(path).map_or(StepState::Success, |s| s.state);
                ended(path, state, &format!("not taken back: {} was not done", step.name), now)
            }
            None => ended(path, StepState::Undone, "taken back", now),
        }
    }

    /// After a roll-back a person says what comes next; an `undo` step of the runbook goes on by itself.
    fn undo_done(&self, now: At) -> Vec<Fact> {
        let mut facts = vec![Fact::UndoFinished { at: now }];
        if let Some(to) = self.undoing.as_ref().and_then(|u| u.to.clone()) {
            let why = "rolled back to here: retry goes on from this step, abort ends the run".to_owned();
            facts.push(Fact::Began { path: to.clone(), at: now });
            facts.push(Fact::Held { path: to, kind: HoldKind::RolledBack, why, at: now });
            return facts;
        }
        let undo_step = |p: &&StepPath| {
            self.plan.step(p).is_some_and(|s| matches!(s.action, crate::runbook::Action::Undo { .. }))
        };
        if let Some(path) = self.active.iter().find(undo_step) {
            facts.push(Fact::Met { path: path.clone(), asked: now, at: now });
        }
        facts
    }

    /// The step instances that a roll-back to `to` takes back, newest first.
    ///
    /// # Errors
    /// When the step is unknown, or the point of no return has been passed.
    pub fn undo_chain(&self, to: &str) -> Result<Vec<StepPath>, Refusal> {
        let nothing = || Refusal::NothingToUndo(to.to_owned());
        let root = StepPath::default();
        let target = self.plan.locate(to).ok_or_else(|| Refusal::NoSuchStep(to.to_owned()))?;
        let from = target.0.first().and_then(|s| self.plan.index_in(&root, &s.name)).ok_or_else(nothing)?;
        if self.past_return && self.before_return(target) {
            return Err(Refusal::PastReturn);
        }
        let after = |p: &&StepPath| {
            let top = p.0.first().and_then(|s| self.plan.index_in(&root, &s.name));
            top.is_some_and(|i| i >= from) && !p.in_undo()
        };
        let mut chain: Vec<StepPath> = Vec::new();
        for path in self.executed.iter().rev().filter(after) {
            if self.can_undo(path) && !chain.contains(path) {
                chain.push(path.clone());
            }
        }
        if chain.is_empty() { Err(nothing()) } else { Ok(chain) }
    }

    /// Whether an executed instance has an undo flow that is still valid.
    pub fn can_undo(&self, path: &StepPath) -> bool {
        let done = self.steps.get(path);
        let executed = done.is_some_and(|s| s.stands);
        let Some(step) = self.plan.step(path).filter(|_| executed) else { return false };
        match &step.undo {
            Undo::Steps { valid_until, .. } => {
                let over = valid_until.as_deref().and_then(|s| self.plan.locate(s)).is_some_and(|p| {
                    self.steps.iter().any(|(path, s)| path.unkeyed() == *p && s.has_begun())
                });
                !(over || self.past_return && self.before_return(path))
            }
            Undo::None(_) | Undo::NotNeeded => false,
        }
    }

    pub(super) fn roll_back(&self, to: &str, command: &Command, now: At) -> Result<Vec<Fact>, Refusal> {
        for path in &self.active {
            match self.steps.get(path).map(|s| &s.stage) {
                Some(Stage::Doubt { .. }) => return Err(Refusal::Unknown(path.to_string())),
                Some(Stage::InFlight(_)) => return Err(Refusal::InFlight(path.to_string())),
                _ => {}
            }
        }
        let paths = self.undo_chain(to)?;
        let to = self.plan.locate(to).map(|p| StepPath(p.0[..1].to_vec()));
        let mut facts = self.void_gates(None, "the run is rolled back", now);
        facts.extend(
            self.active.iter().map(|p| ended(p, StepState::Cancelled, "the run is rolled back", now)),
        );
        let (reason, by) = (command.reason.clone(), command.by.clone());
        facts.push(Fact::UndoPlanned { paths, to, reason, by, at: now });
        Ok(facts)
    }

    /// The `undo` action: takes back every instance of one step.
    pub(super) fn undo_step(&self, path: &StepPath, name: &str, now: At) -> Vec<Fact> {
        let instance = |p: &&StepPath| p.0.iter().any(|s| s.name == name) && !p.in_undo() && self.can_undo(p);
        let mut paths: Vec<StepPath> = Vec::new();
        for path in self.executed.iter().rev().filter(instance) {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        if paths.is_empty() {
            return vec![ended(
                path,
                StepState::Skipped,
                &format!("nothing of `{name}` is left to undo"),
                now,
            )];
        }
        let (reason, by) = (format!("step {path}"), self.opened_by.clone());
        vec![Fact::UndoPlanned { paths, to: None, reason, by, at: now }]
    }
}
