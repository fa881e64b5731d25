//! Whether an act may be done now, or why not: shown in footer, help and palette, and asked before acting.

use super::Act;
use crate::ids::StepPath;
use crate::run::{Run, Stage};
use crate::runbook::Action;
use crate::tui::forms::AskForm;
use crate::tui::model::{HomeRow, Layer, Model, Screen, Show};
use crate::tui::wants::{self, Want};

type Allowed = Result<(), String>;

/// Whether `act` may be done now.
///
/// # Errors
/// Why not, as a sentence without a full stop.
pub fn allowed(model: &Model, act: Act) -> Allowed {
    if matches!(act, Act::Brief | Act::Hint | Act::Pause | Act::Debrief) {
        return in_drill(model, act);
    }
    if matches!(model.layers.last(), Some(Layer::Brief { .. })) {
        // What is copied there is of the drill, not of a step.
        return Ok(());
    }
    match &model.screen {
        Screen::Home => at_home(model, act),
        Screen::Start(start) => match act {
            Act::Start => match start.startable(model.now) {
                Err(unready) if !unready.again => Err(unready.why.to_owned()),
                _ => Ok(()),
            },
            Act::NextChoice => {
                let has = start.fields.get(start.focus).is_some_and(|f| !f.choices.is_empty());
                yes(has, "nothing is offered for this parameter")
            }
            _ => Ok(()),
        },
        Screen::Run(show) => in_run(model, show, act),
    }
}

fn yes(holds: bool, why: &str) -> Allowed {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}

/// What only a drill has.
fn in_drill(model: &Model, act: Act) -> Allowed {
    yes(model.facts.drill.is_some(), "this is no drill")?;
    match act {
        Act::Debrief => yes(model.debrief.is_some(), "the run has not ended"),
        Act::Hint | Act::Pause => {
            yes(model.show().is_some_and(|show| !show.closed), "no run is open")?;
            yes(model.hinting.is_none(), "a hint is on its way")
        }
        _ => Ok(()),
    }
}

fn at_home(model: &Model, act: Act) -> Allowed {
    if matches!(act, Act::Open | Act::Resume) && model.home.opening.is_some() {
        return Err("a run is being opened".into());
    }
    match act {
        Act::Open => yes(model.home.chosen().is_some(), "the list is empty"),
        Act::Resume => yes(model.home.resumable().is_some(), "no run is unfinished"),
        Act::Drill => {
            yes(matches!(model.home.chosen(), Some((_, HomeRow::Book(_)))), "choose a runbook first")
        }
        _ => Ok(()),
    }
}

fn in_run(model: &Model, show: &Show, act: Act) -> Allowed {
    let (run, path) = (&show.scene.run, &show.chosen);
    let changes = matches!(
        act,
        Act::Retry
            | Act::Skip
            | Act::Accept
            | Act::Extend
            | Act::GiveUp
            | Act::Redo
            | Act::RollBack
            | Act::Abort
    );
    if changes && run.ended.is_some() {
        return Err("the run has ended".into());
    }
    if (changes || matches!(act, Act::Note | Act::Attend)) && show.closed {
        return Err("the session has ended".into());
    }
    match act {
        Act::Attend => yes(wants::first(run).is_some(), "no step wants anything"),
        Act::Retry => yes(held(run, path), "the chosen step does not hold"),
        Act::Skip => settled(run, path),
        Act::Accept => acceptable(run, path),
        Act::Extend => {
            yes(run.active.contains(path) && run.deadline(path).is_some(), "the chosen step has no deadline")
        }
        Act::GiveUp => yes(item(run, path).is_some(), "the chosen step is no item at work"),
        Act::Redo => {
            yes(run.steps.iter().any(|(p, s)| p.0.len() == 1 && s.ended.is_some()), "no step has ended yet")
        }
        Act::RollBack => yes(run.executed.iter().any(|p| run.can_undo(p)), "nothing can be undone"),
        Act::SayHappened | Act::SayNot => {
            yes(matches!(wants::want(run, path), Want::Verdict(_)), "the outcome is settled")
        }
        Act::CopyCli | Act::CopyValue => yes(has_call(run, path), "the chosen step makes no call"),
        Act::Refuse => refuses(model),
        _ => Ok(()),
    }
}

fn refuses(model: &Model) -> Allowed {
    yes(matches!(model.layers.last(), Some(Layer::Approve(_))), "only an approval can be refused")
}

fn held(run: &Run, path: &StepPath) -> bool {
    matches!(wants::want(run, path), Want::Hold(_))
}

fn settled(run: &Run, path: &StepPath) -> Allowed {
    let Some(step) = run.steps.get(path).filter(|_| run.active.contains(path)) else {
        return Err("only a step at work can be skipped".into());
    };
    match step.stage {
        Stage::Doubt { .. } => Err("its outcome is unknown; settle that first".into()),
        Stage::InFlight(_) => Err("its call is on its way".into()),
        _ => Ok(()),
    }
}

fn acceptable(run: &Run, path: &StepPath) -> Allowed {
    let condition = matches!(
        run.plan.step(path).map(|s| &s.action),
        Some(Action::Wait(_) | Action::Assert(_) | Action::Diff(_))
    );
    let done = run.steps.get(path).is_some_and(|s| matches!(s.stage, Stage::Done { .. }));
    yes(held(run, path) && (condition || done), "only a condition that did not pass can be accepted")
}

fn has_call(run: &Run, path: &StepPath) -> bool {
    matches!(run.plan.step(path).map(|s| &s.action), Some(Action::AwsApi { .. }))
}

/// The item that a path lies in, while it is at work.
pub(in crate::tui) fn item(run: &Run, path: &StepPath) -> Option<StepPath> {
    let at = path.0.iter().rposition(|s| s.key.is_some())?;
    let item = StepPath(path.0[..=at].to_vec());
    (run.lists.contains_key(&item) && !run.list_done(&item)).then_some(item)
}

/// Whether the form has a line that must be typed exactly.
pub(in crate::tui) fn has_phrase(form: &AskForm) -> bool {
    form.lines.iter().any(|l| l.wanted.is_some())
}
