//! What is missing around steps: their beginnings and ends, items, holds, jumps and undo flows.

use super::Audit;
use crate::catalogue::Effect;
use crate::ids::{At, StepPath};
use crate::run::{Fact, Stage, StepState};
use crate::runbook::{Action, OnFailure, Step};

impl Audit {
    /// A fact of a step at work: the step has begun, has not ended, and does not hold.
    pub(super) fn inside(&mut self, fact: &Fact, path: &StepPath) {
        self.reached(path);
        if !self.run.active.contains(path) {
            let text = format!("{path} was at work; its beginning is not recorded.");
            self.note(&["began"], Some(path), text);
        }
        let held = self.run.steps.get(path).is_some_and(|s| s.hold.is_some());
        if held && works(fact) {
            let text = format!("{path} held and went on; who let it is not recorded.");
            self.note(&["retried", "extended"], Some(path), text);
        }
        if works(fact) && !matches!(fact, Fact::Entered { .. }) {
            self.entered(path);
        }
    }

    fn entered(&mut self, path: &StepPath) {
        let conditional = self.run.plan.step(path).is_some_and(|s| s.when.is_some());
        if conditional && self.run.steps.get(path).is_some_and(|s| !s.entered) {
            let text = format!("{path} ran; that its condition was true is not recorded.");
            self.note(&["entered"], Some(path), text);
        }
    }

    /// The items and undo flows that a path leads through are known.
    fn reached(&mut self, path: &StepPath) {
        for end in 1..path.0.len() {
            let prefix = StepPath(path.0[..end].to_vec());
            let Some(last) = prefix.0.last() else { continue };
            let undo = path.0.get(end).is_some_and(|s| s.name == "undo");
            if last.key.is_some() && !undo && !self.run.lists.contains_key(&prefix) {
                let text = format!("The items of {} are not recorded.", prefix.unkeyed());
                self.note(&["expanded"], Some(&prefix.unkeyed()), text);
            }
            if last.name == "undo" && !self.run.lists.contains_key(&prefix) {
                let of = prefix.parent().unwrap_or_default();
                let text = format!("{of} was taken back; who decided that, and why, is not recorded.");
                self.note(&["undo_planned"], Some(&of), text);
            }
        }
    }

    pub(super) fn began(&mut self, path: &StepPath) {
        self.granted.remove(path);
        self.reached(path);
        if self.run.undoing.is_some() && !path.in_undo() {
            self.undo_end_missing();
        }
        let list = path.parent().unwrap_or_default();
        let Some(cursor) = self.run.lists.get(&list).cloned() else { return };
        let index = self.run.plan.index_in(&list, path.name());
        if let Some(current) = cursor.current {
            self.end_missing(&current);
        } else if index.is_some_and(|i| i != cursor.next) {
            self.order(path);
        }
    }

    /// A step began that was not the next one.
    fn order(&mut self, path: &StepPath) {
        if self.run.steps.get(path).is_some_and(|s| s.ended.is_some()) {
            let text = format!("{path} ran again; who decided that, and why, is not recorded.");
            self.note(&["redone"], Some(path), text);
        } else {
            let text = format!("{path} began out of order; what led to it is not recorded.");
            self.note(&["jumped", "began", "ended", "undo_finished"], Some(path), text);
        }
    }

    pub(super) fn end_missing(&mut self, path: &StepPath) {
        let text = format!("{path} began and the run went on; its end is not recorded.");
        self.note(&["ended"], Some(path), text);
    }

    pub(super) fn undo_end_missing(&mut self) {
        self.note(&["undo_finished"], None, "Steps were taken back; the end of that is not recorded.");
    }

    pub(super) fn ended(&mut self, path: &StepPath, state: StepState, by: Option<&str>, at: At) {
        self.granted.remove(path);
        self.reached(path);
        let gates = self.run.gates.iter().filter(|(_, gate)| gate.paths.contains(path));
        for gate in gates.map(|(gate, _)| gate.clone()).collect::<Vec<_>>() {
            self.closing_missing(&gate);
        }
        let plan = std::sync::Arc::clone(&self.run.plan);
        let Some(step) = plan.step(path) else { return };
        self.at_end = matches!(step.action, Action::End { .. }) && state == StepState::Success
            || step.on_failure == OnFailure::Abort
                && matches!(state, StepState::Failed | StepState::TimedOut);
        match state {
            StepState::Success => self.succeeded(path, step, by),
            StepState::Undone => self.undone(path),
            StepState::Cancelled if !self.aborted && !self.given_up(path) => {
                self.cancelled.insert(path.clone(), at);
            }
            StepState::Skipped | StepState::Cancelled => {}
            _ => self.must_have_begun(path),
        }
        self.accepted.remove(path);
    }

    /// Whether a path lies in an item that was given up.
    fn given_up(&self, path: &StepPath) -> bool {
        let keyed = (0..path.0.len()).filter_map(|i| Some((i, path.0[i].key.as_ref()?)));
        keyed.into_iter().any(|(i, key)| {
            let each = StepPath(path.0[..i].to_vec()).then(&path.0[i].name);
            let items = self.run.steps.get(&each).map_or(&[][..], |step| &step.items);
            items.iter().any(|item| item.key == *key && item.given_up.is_some())
        })
    }

    fn must_have_begun(&mut self, path: &StepPath) {
        if !self.run.active.contains(path) {
            let text = format!("{path} ended; its beginning is not recorded.");
            self.note(&["began"], Some(path), text);
        }
    }

    fn succeeded(&mut self, path: &StepPath, step: &Step, by: Option<&str>) {
        self.must_have_begun(path);
        let accepted = self.accepted.contains(path);
        if by.is_some() && !accepted {
            let text = format!("{path} was let pass by a person; that and the reason are not recorded.");
            self.note(&["accepted"], Some(path), text);
        }
        if accepted || by.is_some() {
            return;
        }
        self.entered(path);
        if let Some((kinds, what)) = self.evidence(path, step) {
            self.note(kinds, Some(path), format!("{path} succeeded; {what} is not recorded."));
        }
        self.gave(path, step);
        if let Action::Each = step.action {
            self.all_items_ended(path);
        }
    }

    /// What must have been recorded before such a step can succeed, if it was not.
    fn evidence(&self, path: &StepPath, step: &Step) -> Option<(super::Kinds, &'static str)> {
        let run = self.run.steps.get(path)?;
        let done = matches!(run.stage, Stage::Done { .. });
        match &step.action {
            Action::Wait(_) | Action::Assert(_) | Action::Undo { .. } if !done => {
                Some((&["met"], "on which readings it held"))
            }
            Action::Prompt(_) if !done => Some((&["answered"], "who answered, and what,")),
            Action::Manual(_) if !done => Some((&["attested"], "who said so")),
            Action::Approve { .. } if !done => Some((&["approved"], "who approved")),
            Action::AwsApi { operation, .. } if operation.effect() != Effect::Read && !done => {
                Some((&["executed"], "what became of its call"))
            }
            Action::Diff(_) if run.differences.is_none() => Some((&["compared"], "what differed")),
            _ => None,
        }
    }

    fn gave(&mut self, path: &StepPath, step: &Step) {
        let gives = matches!(
            step.action,
            Action::AwsApi { .. } | Action::Wait(_) | Action::Assert(_) | Action::Prompt(_)
        );
        let run = self.run.steps.get(path);
        let all = run.is_some_and(|s| step.outputs.iter().all(|o| s.outputs.contains_key(&o.name)));
        if gives && !all {
            self.note(&["gave"], Some(path), format!("{path} succeeded; its outputs are not recorded."));
        }
    }

    fn all_items_ended(&mut self, path: &StepPath) {
        let items = self.run.steps.get(path).map(|s| s.items.clone()).unwrap_or_default();
        if items.is_empty() {
            let text = format!("The items of {path} are not recorded.");
            self.note(&["expanded"], Some(path), text);
        }
        for item in items {
            let list = path.item(&item.key);
            if item.given_up.is_none() && !self.run.list_done(&list) {
                let text =
                    format!("{list} was left where it stood; who gave it up, and why, is not recorded.");
                self.note(&["gave_up", "ended"], Some(&list), text);
            }
        }
    }

    fn undone(&mut self, path: &StepPath) {
        let planned = self.run.undoing.as_ref().is_some_and(|u| u.paths.get(u.next) == Some(path));
        if !planned {
            let text = format!("{path} was taken back; who decided that, and why, is not recorded.");
            self.note(&["undo_planned"], Some(path), text);
        } else if !self.run.list_done(&path.then("undo")) {
            self.end_missing(&path.then("undo"));
        }
    }

    pub(super) fn undo_finished(&mut self) {
        match &self.run.undoing {
            None => self.note(
                &["undo_planned"],
                None,
                "Steps were taken back; who decided that, and why, is not recorded.",
            ),
            Some(undoing) => {
                if let Some(path) = undoing.paths.get(undoing.next).cloned().filter(|_| !self.undo_cut) {
                    self.end_missing(&path);
                }
            }
        }
    }

    pub(super) fn met(&mut self, path: &StepPath) {
        let Some(step) = self.run.plan.step(path) else { return };
        let leaves = matches!(&step.action, Action::Wait(wait) if wait.must_leave.is_some());
        if leaves && self.run.steps.get(path).is_some_and(|s| !s.left) {
            let text = format!("{path} held; when the old state was left is not recorded.");
            self.note(&["left"], Some(path), text);
        }
    }

    pub(super) fn all_steps_ended(&self) -> bool {
        let root = StepPath::default();
        !self.run.plan.list(&root).is_empty() && self.run.list_done(&root)
    }
}

/// Whether only a step that does not hold can make this fact.
fn works(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Entered { .. }
            | Fact::Expanded { .. }
            | Fact::Captured { .. }
            | Fact::Prepared { .. }
            | Fact::Intent { .. }
            | Fact::Left { .. }
            | Fact::Met { .. }
            | Fact::Answered { .. }
            | Fact::Attested { .. }
            | Fact::Approved { .. }
            | Fact::Compared { .. }
    )
}
