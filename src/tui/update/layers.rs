//! Keys and text for whatever lies above the screen.

use crossterm::event::KeyEvent;

use super::{drill, forms, gate, start};
use crate::tui::field::Field;
use crate::tui::forms::{Ask, AskForm, Lock, Read};
use crate::tui::keys::{self, Act, Context, has_phrase};
use crate::tui::model::{Layer, Model, Screen};
use crate::tui::msg::Cmd;
use crate::tui::view::Slot;

/// The lock against typed-ahead keys that holds now.
pub(super) fn lock(model: &Model) -> Option<Lock> {
    match model.layers.last() {
        Some(layer) => layer.core().map(|core| core.lock),
        None => model.show().and_then(|show| show.lock),
    }
}

/// Whether the line with the keys must be typed exactly.
pub(super) fn wants_phrase(model: &Model) -> bool {
    matches!(model.layers.last(), Some(Layer::Ask(form)) if has_phrase(form))
}

/// The line of text that has the keys.
fn field(model: &mut Model) -> Option<&mut Field> {
    match model.layers.last_mut() {
        Some(Layer::Help { filter, .. }) => Some(filter),
        Some(Layer::Palette { field, .. }) => Some(field),
        Some(Layer::Gate(form)) if form.core.ticket.is_none() && !form.one_key() => Some(&mut form.field),
        Some(Layer::Prompt(form)) => Some(&mut form.field),
        Some(Layer::Manual(form)) => Some(&mut form.note),
        Some(Layer::Approve(form)) => Some(&mut form.field),
        Some(Layer::Ask(form)) => {
            let at = form.focus;
            form.lines.get_mut(at).map(|l| &mut l.field)
        }
        Some(_) => None,
        None => match &mut model.screen {
            Screen::Home if model.home.filtering => Some(&mut model.home.filter),
            Screen::Start(start) => {
                let at = start.focus;
                start.fields.get_mut(at).map(|f| &mut f.field)
            }
            Screen::Home | Screen::Run(_) => None,
        },
    }
}

pub(super) fn typed(model: &mut Model, key: KeyEvent) -> Vec<Cmd> {
    if lock(model).is_some_and(|lock| lock.holds(model.wall)) {
        return vec![];
    }
    if field(model).is_some_and(|field| field.key(key)) {
        after_text(model);
    }
    vec![]
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Cmd> {
    if lock(model).is_some_and(|lock| lock.holds(model.wall)) {
        return vec![];
    }
    if let Some(field) = field(model) {
        field.paste(text);
        after_text(model);
    }
    vec![]
}

/// What a changed line changes beside it.
fn after_text(model: &mut Model) {
    let now = model.now;
    match model.layers.last_mut() {
        Some(Layer::Palette { chosen, .. }) => *chosen = 0,
        Some(Layer::Help { scroll, .. }) => *scroll = 0,
        Some(layer) => {
            let keeps = matches!(layer, Layer::Gate(_));
            if let Some(core) = layer.core_mut() {
                core.error = None;
                core.scroll = core.scroll.filter(|_| keeps);
            }
        }
        None => {
            if let Some(form) = model.start_mut() {
                start::changed(form);
                form.judge(now);
            }
        }
    }
}

/// Closes the uppermost layer. A form whose command is on its way stays until it is answered.
pub(super) fn back(model: &mut Model) -> Vec<Cmd> {
    let waiting = model.layers.last().and_then(Layer::core).is_some_and(|core| core.ticket.is_some());
    if waiting {
        model.flash("sent; waiting for the journal");
    } else {
        model.layers.pop();
    }
    vec![]
}

pub(super) fn act(model: &mut Model, act: Act) -> Vec<Cmd> {
    if matches!(act, Act::PageUp | Act::PageDown) && !matches!(model.layers.last(), Some(Layer::Prompt(_))) {
        scroll(model, act);
        return vec![];
    }
    match model.layers.last() {
        Some(Layer::Palette { .. }) => palette(model, act),
        Some(Layer::Quit) => leaving(model, act),
        Some(Layer::Brief { .. } | Layer::Debrief { .. }) => drill::act(model, act),
        Some(Layer::Gate(_)) => match act {
            Act::Yes | Act::Submit => gate::submit(model),
            Act::CopyCli => copy_calls(model),
            _ => vec![],
        },
        Some(Layer::Doubt(_)) => doubt(model, act),
        Some(Layer::Prompt(_)) => forms::prompt(model, act),
        Some(Layer::Manual(_)) => forms::manual(model, act),
        Some(Layer::Approve(_)) => forms::approve(model, act),
        Some(Layer::Ask(_)) => forms::ask(model, act),
        Some(Layer::Help { .. } | Layer::Trouble(_)) | None => vec![],
    }
}

/// Scrolls a page and keeps a line of the one before; a gate never past what has been drawn of it.
fn scroll(model: &mut Model, act: Act) {
    let page = model.hitmap.page.max(2) - 1;
    let drawn = model.hitmap.tops.iter().find(|(slot, _)| *slot == Slot::Layer).map_or(0, |(_, top)| *top);
    let moved = |at: usize| if act == Act::PageDown { at + page } else { at.saturating_sub(page) };
    match model.layers.last_mut() {
        Some(Layer::Help { scroll, .. } | Layer::Brief { scroll } | Layer::Debrief { scroll }) => {
            *scroll = moved(*scroll);
        }
        Some(Layer::Gate(form)) => {
            let to = moved(form.core.scroll.unwrap_or(drawn));
            form.core.scroll = Some(if let Read::To(seen) = form.read { to.min(seen) } else { to });
        }
        Some(layer) => {
            if let Some(core) = layer.core_mut() {
                core.scroll = Some(moved(core.scroll.unwrap_or(drawn)));
            }
        }
        None => {}
    }
}

fn copy_calls(model: &mut Model) -> Vec<Cmd> {
    let Some(Layer::Gate(form)) = model.layers.last() else { return vec![] };
    let Some(show) = model.show() else { return vec![] };
    let lines = crate::tui::about::gate_clis(&show.scene.run, &form.gate, &model.facts);
    let lines: Vec<String> = lines.iter().map(|l| crate::text::clean_whole(l)).collect();
    model.flash(format!("copied {} command lines", lines.len()));
    vec![Cmd::Copy(lines.join("\n"))]
}

fn palette(model: &mut Model, act: Act) -> Vec<Cmd> {
    let Some(Layer::Palette { field, chosen }) = model.layers.last() else { return vec![] };
    let found = keys::palette(model, field.text());
    let last = found.len().saturating_sub(1);
    let at = (*chosen).min(last);
    let to = match act {
        Act::Down => (at + 1).min(last),
        Act::Up => at.saturating_sub(1),
        Act::Submit => return palette_do(model, found.get(at).map(|(b, _)| b.act)),
        _ => at,
    };
    if let Some(Layer::Palette { chosen, .. }) = model.layers.last_mut() {
        *chosen = to;
    }
    vec![]
}

/// Does a command of the palette as its key would have done it.
fn palette_do(model: &mut Model, act: Option<Act>) -> Vec<Cmd> {
    let Some(act) = act else { return vec![] };
    if let Err(why) = keys::allowed(model, act) {
        model.flash(why);
        return vec![];
    }
    model.layers.pop();
    let context = Context::of(model);
    super::act_on(model, context, act)
}

fn leaving(model: &mut Model, act: Act) -> Vec<Cmd> {
    model.layers.pop();
    if act == Act::Leave { leave(model) } else { vec![] }
}

/// Ends the session; the console ends when the last answer has come.
pub(super) fn leave(model: &mut Model) -> Vec<Cmd> {
    let wall = model.wall;
    let Some(show) = model.show_mut() else { return vec![Cmd::Quit] };
    if show.closed {
        return vec![Cmd::Quit];
    }
    show.leaving = Some(wall);
    model.layers.clear();
    vec![Cmd::Leave]
}

fn doubt(model: &mut Model, act: Act) -> Vec<Cmd> {
    let Some(Layer::Doubt(form)) = model.layers.last() else { return vec![] };
    let name = form.name.clone();
    match act {
        Act::KeepWatching => {
            model.layers.pop();
        }
        Act::SayHappened => return verdict(model, &name, true),
        Act::SayNot => return verdict(model, &name, false),
        Act::Leave => model.layers.push(Layer::Quit),
        _ => {}
    }
    vec![]
}

fn verdict(model: &mut Model, name: &crate::ids::EffectName, happened: bool) -> Vec<Cmd> {
    let Some(show) = model.show() else { return vec![] };
    let Some((_, sent, _)) = crate::run::doubted(&show.scene.run).find(|(_, sent, _)| sent.name == *name)
    else {
        return vec![];
    };
    let phrase = crate::run::verdict_phrase(&sent.grant.call.subject, happened);
    let ask = Ask::Rule { name: name.clone(), happened, phrase };
    let form = AskForm::of(ask, model.lock());
    model.layers.push(Layer::Ask(Box::new(form)));
    vec![]
}
