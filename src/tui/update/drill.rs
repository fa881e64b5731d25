//! What only a drill has: its brief, its hints, its clock, its debrief.

use crate::run::What;
use crate::runner::Trouble;
use crate::tui::backstage::{Facts, Tempo, Ticket};
use crate::tui::keys::Act;
use crate::tui::model::{Layer, Model};
use crate::tui::msg::Cmd;
use crate::tui::wants;

/// Far below the end of any sheet: the drawing takes it back to the last page.
const END: usize = 100_000;

pub(super) fn act(model: &mut Model, act: Act) -> Vec<Cmd> {
    match act {
        Act::Brief => brief(model, 0),
        Act::Hint => return hint(model),
        Act::Pause => return pause(model),
        Act::Debrief => debrief(model),
        Act::CopyValue => return copy(model),
        Act::Leave => return super::layers::leave(model),
        _ => {}
    }
    vec![]
}

/// Shows the brief, or scrolls the one that is shown.
fn brief(model: &mut Model, to: usize) {
    match model.layers.last_mut() {
        Some(Layer::Brief { scroll }) => *scroll = to,
        _ => model.layers.push(Layer::Brief { scroll: to }),
    }
}

fn debrief(model: &mut Model) {
    if !matches!(model.layers.last(), Some(Layer::Debrief { .. })) {
        model.layers.push(Layer::Debrief { scroll: 0 });
    }
}

/// The step that a hint is for: where the run stands, whatever is being looked at.
fn hint(model: &mut Model) -> Vec<Cmd> {
    let ticket = model.ticket();
    let Some(path) = model.show().map(|show| wants::standing(&show.scene.run)) else { return vec![] };
    model.hinting = Some(ticket);
    vec![Cmd::Hint { ticket, path }]
}

/// A hint has come, or there is none: both are said above the brief.
pub(super) fn hinted(
    model: &mut Model,
    ticket: Ticket,
    hinted: Result<Option<Box<Facts>>, Trouble>,
) -> Vec<Cmd> {
    if model.hinting != Some(ticket) {
        return vec![];
    }
    model.hinting = None;
    match hinted {
        Ok(Some(facts)) => {
            model.facts.drill = facts.drill;
            brief(model, END);
        }
        Ok(None) => model.flash("no hint for this step"),
        Err(trouble) => model.trouble(trouble),
    }
    vec![]
}

/// Stops the clock or lets it go on; the journal says so.
fn pause(model: &mut Model) -> Vec<Cmd> {
    let (text, said) = match model.tempo {
        Some(Tempo::Paused) => ("the clock of the drill goes on", "the clock goes on"),
        _ => ("the clock of the drill is stopped", "the clock of the drill is stopped; p lets it go on"),
    };
    model.flash(said);
    let note = What::Note { path: None, text: text.into() };
    let (_, noted) = super::send(model, note, "");
    vec![Cmd::Pause, noted]
}

/// The line that another terminal needs.
fn copy(model: &mut Model) -> Vec<Cmd> {
    let line = model.facts.drill.as_ref().map_or("", |brief| &brief.environment);
    if line.is_empty() {
        model.flash("there is nothing to copy: no other program reaches this cloud");
        return vec![];
    }
    let line = crate::text::clean_whole(line);
    model.flash("copied the environment for another terminal");
    vec![Cmd::Copy(line)]
}

/// What the drill was worth is shown as soon as it is known.
pub(super) fn debriefed(model: &mut Model, text: String) -> Vec<Cmd> {
    model.debrief = Some(text);
    debrief(model);
    vec![]
}
