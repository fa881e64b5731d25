//! What a message changes, and what is to be done about it. Pure: time comes in, commands go out.
//!
//! The central matches only route; each screen and each kind of form has its file. A [`Cmd::Send`] with a
//! confirmation leaves only `gate`, and only after the phrase stands in the form.

mod drill;
mod forms;
mod gate;
mod home;
mod layers;
mod run;
mod scene;
mod start;

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;
use serde_json::{Map, Value};

use super::backstage::{Reply, Ticket};
use super::keys::{self, Act, Context};
use super::model::{Layer, Model, Screen};
use super::msg::{Cmd, Msg, Times};
use super::view::Size;
use crate::ids::{RunId, Span};
use crate::run::{Command, What};
use crate::runbook::Runbook;
use crate::runner::{Trouble, exit};

/// How soon a second Ctrl-C leaves without asking.
const TWICE: Span = Span::secs(2);

/// What the console asks for first.
pub fn begin(model: &mut Model) -> Vec<Cmd> {
    if !model.direct {
        return vec![Cmd::Identify, Cmd::List];
    }
    let mut commands = vec![Cmd::Identify];
    commands.extend(scene::arrived(model));
    commands
}

/// Opens the form of one runbook above the home screen, filled with what was given.
pub fn begin_with(model: &mut Model, book: Arc<Runbook>, given: &Map<String, Value>) -> Vec<Cmd> {
    let mut commands = begin(model);
    commands.extend(start::open(model, book, given));
    commands
}

/// Opens an unfinished run at once; should that fail, the home screen stays.
pub fn begin_resume(model: &mut Model, run: &RunId) -> Vec<Cmd> {
    model.asked_for = true;
    let mut commands = begin(model);
    commands.extend(home::resume(model, run));
    commands
}

/// Takes one message at these times.
pub fn update(model: &mut Model, msg: Msg, times: impl Into<Times>) -> Vec<Cmd> {
    let Times { now, wall } = times.into();
    (model.now, model.wall) = (now, wall);
    if model.flash.as_ref().is_some_and(|(_, until)| wall >= *until) {
        model.flash = None;
    }
    match msg {
        Msg::Key(key) => on_key(model, key),
        Msg::Paste(text) => on_paste(model, &text),
        Msg::Mouse(mouse) => on_mouse(model, mouse),
        Msg::Resized(columns, rows) => {
            model.resized((columns, rows));
            vec![]
        }
        Msg::Tick | Msg::Stirred => vec![],
        Msg::Reply(reply) => on_reply(model, reply),
        Msg::Attached(ticket, scene) => scene::attached(model, ticket, scene),
        Msg::Scene(scene) => scene::newer(model, scene),
        Msg::Closed => scene::closed(model),
        Msg::Answered(ticket, answer) => forms::answered(model, ticket, &answer),
        Msg::Signal(signal) => {
            model.signal = Some(signal);
            vec![Cmd::Quit]
        }
    }
}

fn on_reply(model: &mut Model, reply: Reply) -> Vec<Cmd> {
    match reply {
        Reply::Facts(facts) => {
            model.facts = *facts;
            vec![]
        }
        Reply::Listed(listing) => {
            model.home.listing = Some(listing);
            vec![]
        }
        Reply::Checked(ticket, checked) => start::checked(model, ticket, checked),
        Reply::Choices(ticket, parameter, values) => start::choices(model, ticket, &parameter, values),
        Reply::Opened(ticket, opened) => match opened {
            Ok(_) => vec![],
            Err(trouble) => not_opened(model, ticket, trouble),
        },
        Reply::Looked(ticket, path, frame) => scene::looked(model, ticket, &path, &frame),
        Reply::Hinted(ticket, hinted) => drill::hinted(model, ticket, hinted),
        Reply::Debriefed(text) => drill::debriefed(model, text),
    }
}

fn not_opened(model: &mut Model, ticket: Ticket, trouble: Trouble) -> Vec<Cmd> {
    let ours = match &mut model.screen {
        Screen::Start(start) if start.starting == Some(ticket) => {
            start.starting = None;
            if trouble.code == exit::PREFLIGHT {
                // What was checked does not hold any more: Enter has to ask first.
                start::changed(start);
            }
            true
        }
        _ => false,
    };
    let opening = model.home.opening.as_ref().is_some_and(|(t, _)| *t == ticket);
    if opening {
        model.home.opening = None;
        model.refused = std::mem::take(&mut model.asked_for).then_some(trouble.code);
    }
    if ours || opening {
        model.trouble(trouble);
    }
    vec![]
}

fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Cmd> {
    if key.kind == KeyEventKind::Release {
        return vec![];
    }
    let context = Context::of(model);
    let act = keys::find(context, key);
    if unseen(model) {
        // Nothing of what a key would do is on the screen.
        let act = act.filter(|act| matches!(act, Act::Interrupt | Act::Redraw));
        return act.map_or_else(Vec::new, |act| act_on(model, context, act));
    }
    if let Some(act) = act {
        return act_on(model, context, act);
    }
    if context.takes_text() {
        return layers::typed(model, key);
    }
    vec![]
}

/// Whether the terminal is so small that only a message is drawn.
fn unseen(model: &Model) -> bool {
    let (columns, rows) = model.size;
    Size::of(Rect::new(0, 0, columns, rows)) == Size::None
}

/// Pasted text never counts as typed: not in a phrase, not as a key.
fn on_paste(model: &mut Model, text: &str) -> Vec<Cmd> {
    let context = Context::of(model);
    if unseen(model) {
        return vec![];
    }
    if context == Context::Gate || layers::wants_phrase(model) {
        model.flash("a phrase is typed, not pasted");
    } else if context.takes_text() {
        return layers::pasted(model, text);
    }
    vec![]
}

/// The wheel scrolls, a click chooses a row. No click opens or sends anything.
fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Cmd> {
    let context = Context::of(model);
    match mouse.kind {
        _ if unseen(model) => vec![],
        MouseEventKind::ScrollDown if !context.takes_text() => act_on(model, context, Act::Down),
        MouseEventKind::ScrollUp if !context.takes_text() => act_on(model, context, Act::Up),
        MouseEventKind::Down(_) if model.layers.is_empty() => {
            if let Some(index) = model.hitmap.row_at(mouse.column, mouse.row) {
                choose_row(model, index);
            }
            vec![]
        }
        _ => vec![],
    }
}

fn choose_row(model: &mut Model, index: usize) {
    match &model.screen {
        Screen::Home => home::choose(model, index),
        Screen::Run(_) => run::choose(model, index),
        Screen::Start(_) => {}
    }
}

/// Does what an act means in a context.
pub(super) fn act_on(model: &mut Model, context: Context, act: Act) -> Vec<Cmd> {
    if locked(model, act) {
        return vec![];
    }
    match act {
        Act::Interrupt => return interrupt(model),
        Act::Redraw => return vec![Cmd::Redraw],
        Act::Help if context == Context::Help => return layers::back(model),
        Act::Help => {
            model.layers.push(Layer::Help { filter: super::field::Field::default(), scroll: 0 });
            return vec![];
        }
        Act::Back => return back(model),
        _ => {}
    }
    if let Err(why) = keys::allowed(model, act) {
        model.flash(why);
        return vec![];
    }
    if model.layers.is_empty() { on_screen(model, act) } else { layers::act(model, act) }
}

/// A form that has just opened takes no key but those that leave it; one that opened by itself not even Esc.
fn locked(model: &Model, act: Act) -> bool {
    let unasked = model.layers.last().is_some_and(Layer::unasked);
    let leaves = matches!(act, Act::Interrupt | Act::Redraw | Act::Help) || (act == Act::Back && !unasked);
    !leaves && layers::lock(model).is_some_and(|lock| lock.holds(model.wall))
}

fn on_screen(model: &mut Model, act: Act) -> Vec<Cmd> {
    match act {
        Act::Palette => {
            model.layers.push(Layer::Palette { field: super::field::Field::default(), chosen: 0 });
            vec![]
        }
        Act::Quit => quit(model),
        Act::Brief | Act::Hint | Act::Pause | Act::Debrief => drill::act(model, act),
        _ => match &model.screen {
            Screen::Home => home::act(model, act),
            Screen::Start(_) => start::act(model, act),
            Screen::Run(_) => run::act(model, act),
        },
    }
}

/// Esc pops exactly one layer; it never quits and never confirms.
fn back(model: &mut Model) -> Vec<Cmd> {
    if !model.layers.is_empty() {
        return layers::back(model);
    }
    match &mut model.screen {
        Screen::Home => {
            model.home.filtering = false;
            model.home.filter.clear();
            vec![]
        }
        Screen::Start(start) if start.starting.is_none() => {
            model.screen = Screen::Home;
            vec![Cmd::List]
        }
        Screen::Start(_) => vec![],
        Screen::Run(_) => run::back(model),
    }
}

fn interrupt(model: &mut Model) -> Vec<Cmd> {
    let again = model.interrupted.is_some_and(|at| model.wall.since(at) <= TWICE);
    model.interrupted = Some(model.wall);
    if again {
        return vec![Cmd::Quit];
    }
    quit(model)
}

/// Leaves at once where nothing is under way, else asks.
fn quit(model: &mut Model) -> Vec<Cmd> {
    match &model.screen {
        Screen::Run(show) if !show.closed && show.leaving.is_some() => {
            model.flash("leaving; Ctrl-C twice does not wait");
            vec![]
        }
        Screen::Run(show) if !show.closed => {
            if !model.layers.iter().any(|l| matches!(l, Layer::Quit)) {
                model.layers.push(Layer::Quit);
            }
            vec![]
        }
        Screen::Start(start) if start.starting.is_some() => {
            model.flash("the run is being started; Ctrl-C twice does not wait");
            vec![]
        }
        Screen::Home | Screen::Start(_) | Screen::Run(_) => vec![Cmd::Quit],
    }
}

/// A command of this operator.
fn send(model: &mut Model, what: What, reason: &str) -> (Ticket, Cmd) {
    let ticket = model.ticket();
    let command = Command { by: model.facts.operator.clone(), reason: reason.trim().to_owned(), what };
    (ticket, Cmd::Send { ticket, command })
}
