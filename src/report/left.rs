//! What a run leaves behind: effects that stand half-done, and what remains to be done later.

use super::ink::Shown;
use super::model::{FollowUpRow, LeftOver, Utc};
use super::source::Source;
use super::steps::Instance;
use crate::catalogue::Effect;
use crate::ids::{At, StepPath};
use crate::run::{RunState, Scope, Stage, StepRun, StepState};
use crate::runbook::{Action, FollowUp, Undo};
use crate::watch::Frame;

/// What stands half-done; nothing after a success without exceptions.
pub(super) fn left(source: &Source<'_>, instances: &[Instance<'_>]) -> Vec<LeftOver> {
    let run = &source.run;
    let whole = matches!(&run.ended, Some((RunState::Success, _)));
    let mut out = Vec::new();
    for instance in instances {
        let Some(step) = run.steps.get(&instance.path) else { continue };
        out.extend(item_losses(source, &instance.path, step));
        out.extend(open_end(source, instance, step));
        if !whole && !succeeded_with_exceptions(source) {
            out.extend(effect(source, instance, step));
        }
    }
    out
}

fn succeeded_with_exceptions(source: &Source<'_>) -> bool {
    matches!(&source.run.ended, Some((RunState::SuccessWithExceptions, _)))
}

fn item_losses(source: &Source<'_>, path: &StepPath, step: &StepRun) -> Vec<LeftOver> {
    let lost = step.items.iter().filter_map(|item| Some((item, item.given_up.as_ref()?)));
    lost.map(|(item, reason)| row(source, &path.item(&item.key), false, &format!("given up: {reason}")))
        .collect()
}

/// A step that has not come to its end.
fn open_end(source: &Source<'_>, instance: &Instance<'_>, step: &StepRun) -> Option<LeftOver> {
    let path = &instance.path;
    let text = match (&step.stage, &step.hold, step.ended) {
        (_, _, Some(_)) if step.state == StepState::Cancelled => cancelled(instance, step).to_owned(),
        (Stage::Doubt { why, .. }, _, None) => {
            return Some(row(source, path, true, &format!("whether its call happened is UNKNOWN: {why}")));
        }
        (Stage::InFlight(_), _, None) => {
            return Some(row(source, path, true, "its call was sent and no answer is recorded"));
        }
        (_, _, Some(_)) => return None,
        (_, Some(hold), None) => format!("holds: {}", hold.why),
        (Stage::Gated { .. }, None, None) => "its gate is open and nobody has confirmed it".to_owned(),
        (Stage::Granted(_), None, None) => "is confirmed and was not sent".to_owned(),
        // Taken back, and the run has not come to it again.
        (_, None, None) if !source.run.active.contains(path) => return None,
        (_, None, None) if matches!(instance.step.action, Action::Each) => return None,
        (_, None, None) => format!("is {}", instance.state.word()),
    };
    Some(row(source, path, false, &text))
}

fn cancelled(instance: &Instance<'_>, step: &StepRun) -> &'static str {
    let calls = matches!(&instance.step.action, Action::AwsApi { operation, .. } if operation.effect() != Effect::Read);
    match (calls, &step.stage, step.attempts) {
        (true, Stage::Done { .. }, _) => "was cancelled after its call was executed",
        (true, _, 0) => "was cancelled; its call was never sent",
        (true, _, _) => "was cancelled; its call was not sent again",
        (false, _, _) => "was cancelled before its end",
    }
}

/// A call that was executed and not taken back.
fn effect(source: &Source<'_>, instance: &Instance<'_>, step: &StepRun) -> Option<LeftOver> {
    let Action::AwsApi { operation, .. } = &instance.step.action else { return None };
    if !step.stands || instance.path.in_undo() {
        return None;
    }
    let undo = undo_words(source, instance);
    let text = format!("{} {} was executed and stands; {undo}", operation.service, operation.name);
    Some(row(source, &instance.path, false, &text))
}

fn undo_words(source: &Source<'_>, instance: &Instance<'_>) -> String {
    let run = &source.run;
    match &instance.step.undo {
        Undo::None(reason) => format!("no undo: {}", run.text(&instance.path, reason, run.now)),
        Undo::NotNeeded => "no undo is written".to_owned(),
        Undo::Steps { .. } if run.can_undo(&instance.path) => {
            let to = instance.path.0.first().map_or("", |s| &s.name);
            format!("it can be taken back (`ripcord rollback {} --to {to}`)", run.info.id)
        }
        Undo::Steps { .. } => "its undo is no longer valid".to_owned(),
    }
}

fn row(source: &Source<'_>, path: &StepPath, unknown: bool, text: &str) -> LeftOver {
    LeftOver { path: Some(source.ink.show(path)), unknown, text: source.ink.text(text) }
}

/// What remains to be done, as far as its condition holds.
pub(super) fn follow_ups(source: &Source<'_>) -> Vec<FollowUpRow> {
    let ended = source.ended_at();
    source.run.book().follow_ups.iter().filter_map(|one| follow_up(source, one, ended)).collect()
}

fn follow_up(source: &Source<'_>, one: &FollowUp, ended: Option<At>) -> Option<FollowUpRow> {
    let (top, frame) = (StepPath::default(), Frame::empty(source.run.now));
    let scope = Scope::bare(&source.run, &top, &frame, source.run.now);
    let doubt: Option<Shown> = match one.when.as_ref().map(|when| scope.test(when)) {
        None | Some(Ok(true)) => None,
        Some(Ok(false)) => return None,
        Some(Err(fault)) => Some(source.ink.text(&format!("whether it applies is not known: {fault}"))),
    };
    Some(FollowUpRow {
        text: source.ink.text(&scope.text(&one.text)),
        due_after_ms: one.due,
        due_at: ended.map(|at| Utc(at.plus(one.due))),
        doubt,
    })
}
