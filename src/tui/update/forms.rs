//! Prompts, checklists, second persons and reasons: moving in a form, sending it, its answer.

use serde_json::Value;

use super::{gate, run, send};
use crate::ids::{Span, StepPath};
use crate::run::{Refusal, Run, What};
use crate::runbook::{Action, Manual, Offer, Prompt};
use crate::tui::backstage::Ticket;
use crate::tui::forms::{Ask, AskForm, PromptForm};
use crate::tui::keys::Act;
use crate::tui::model::{Layer, Model, Screen};
use crate::tui::msg::Cmd;
use crate::tui::offers::Offers;

/// The answer to a command: its form closes, or says why not.
pub(super) fn answered(model: &mut Model, ticket: Ticket, answer: &Result<(), Refusal>) -> Vec<Cmd> {
    let waits = |layer: &Layer| layer.core().and_then(|core| core.ticket) == Some(ticket);
    let Some(at) = model.layers.iter().position(waits) else {
        if let Err(refusal) = answer {
            model.flash(refusal.to_string());
        }
        return vec![];
    };
    match answer {
        Ok(()) => {
            model.layers.remove(at);
        }
        Err(refusal) => {
            model.wrong_phrases += u32::from(matches!(refusal, Refusal::WrongPhrase(_)));
            refused(&mut model.layers[at], refusal);
        }
    }
    vec![]
}

fn refused(layer: &mut Layer, refusal: &Refusal) {
    if let Layer::Gate(form) = layer {
        return gate::answered(form, refusal);
    }
    if let Some(core) = layer.core_mut() {
        core.error = Some(refusal.to_string());
        core.ticket = None;
    }
}

/// The command of the uppermost form is on its way.
fn waits(model: &mut Model, ticket: Ticket) {
    if let Some(core) = model.layers.last_mut().and_then(Layer::core_mut) {
        core.ticket = Some(ticket);
    }
}

/// Says in the uppermost form why nothing was sent.
fn wrong(model: &mut Model, why: impl Into<String>) {
    if let Some(core) = model.layers.last_mut().and_then(Layer::core_mut) {
        core.error = Some(why.into());
    }
}

fn sent(model: &Model) -> bool {
    model.layers.last().and_then(Layer::core).is_some_and(|core| core.ticket.is_some())
}

pub(super) fn prompt(model: &mut Model, act: Act) -> Vec<Cmd> {
    let page = isize::try_from(model.hitmap.page.max(1)).unwrap_or(1);
    let Some(Layer::Prompt(form)) = model.layers.last() else { return vec![] };
    let path = form.path.clone();
    match act {
        Act::Reload => return run::ask_offers(model, &path),
        Act::Submit => return answer(model, &path),
        Act::Up => choose(model, &path, -1),
        Act::Down => choose(model, &path, 1),
        Act::PageUp => choose(model, &path, -page),
        Act::PageDown => choose(model, &path, page),
        _ => {}
    }
    vec![]
}

/// Moves the choice; rows that are typed the same are one.
fn choose(model: &mut Model, path: &StepPath, by: isize) {
    let Model { screen: Screen::Run(show), layers, .. } = model else { return };
    let (Some(Layer::Prompt(form)), Some(offers)) = (layers.last_mut(), show.offers.get(path)) else {
        return;
    };
    let mut rows: Vec<&str> = offers.rows.iter().map(|r| r.typed.as_str()).collect();
    rows.dedup();
    let at = rows.iter().position(|r| Some(*r) == form.chosen.as_deref());
    let to = at.map_or(0, |at| at.saturating_add_signed(by)).min(rows.len().saturating_sub(1));
    form.chosen = rows.get(to).map(|r| (*r).to_owned());
    form.core.error = None;
}

fn answer(model: &mut Model, path: &StepPath) -> Vec<Cmd> {
    let Some(Layer::Prompt(form)) = model.layers.last() else { return vec![] };
    if sent(model) {
        return vec![];
    }
    let picked = model.show().map(|show| {
        let none = Offers::default();
        let offers = show.offers.get(path).unwrap_or(&none);
        if show.looking.contains_key(path) {
            return Err("it is being read: look at what comes, then Enter again".into());
        }
        pick(&show.scene.run, form, offers)
    });
    match picked {
        Some(Ok(Picked { value, row, typed })) => {
            let (ticket, command) = send(model, What::Answer { path: path.clone(), value, row, typed }, "");
            waits(model, ticket);
            vec![command]
        }
        Some(Err(why)) => {
            wrong(model, why);
            vec![]
        }
        None => vec![],
    }
}

fn prompt_of<'r>(run: &'r Run, path: &StepPath) -> Option<&'r Prompt> {
    match run.plan.step(path).map(|s| &s.action) {
        Some(Action::Prompt(prompt)) => Some(prompt),
        _ => None,
    }
}

struct Picked {
    value: Value,
    row: Option<Value>,
    typed: bool,
}

/// What Enter answers with: the typed value, else the chosen row, unless it carries a warning.
fn pick(run: &Run, form: &PromptForm, offers: &Offers) -> Result<Picked, String> {
    let typed = form.field.text();
    if let Some(Prompt { offer: Offer::Free(_), .. }) = prompt_of(run, &form.path) {
        return if typed.is_empty() {
            Err("type the value".into())
        } else {
            Ok(Picked { value: Value::String(typed.into()), row: None, typed: true })
        };
    }
    let row = if typed.is_empty() {
        let row = form.row(offers).and_then(|at| offers.rows.get(at));
        let row = row.ok_or(match form.chosen {
            Some(_) => "the chosen row is no longer offered: choose again",
            None => "there is nothing to choose from yet",
        })?;
        if row.warned {
            return Err(format!("this row carries a warning: type `{}` to choose it", row.typed));
        }
        row
    } else {
        let row = offers.rows.iter().find(|r| r.typed == typed.trim());
        row.ok_or_else(|| format!("`{}` is not one of the values offered", crate::text::clean(typed)))?
    };
    Ok(Picked { value: row.value.clone(), row: Some(row.row.clone()), typed: !typed.is_empty() })
}

pub(super) fn manual(model: &mut Model, act: Act) -> Vec<Cmd> {
    let Some(Layer::Manual(form)) = model.layers.last_mut() else { return vec![] };
    let places = form.ticked.len() + 1;
    form.core.scroll = None;
    match act {
        Act::Toggle => {
            if let Some(tick) = form.ticked.get_mut(form.focus) {
                *tick = !*tick;
            }
        }
        Act::NextField => form.focus = (form.focus + 1) % places,
        Act::PreviousField => form.focus = (form.focus + places - 1) % places,
        Act::Reload => {
            let path = form.path.clone();
            return run::ask_offers(model, &path);
        }
        Act::Submit => return done(model),
        _ => {}
    }
    vec![]
}

fn done(model: &mut Model) -> Vec<Cmd> {
    let Some(Layer::Manual(form)) = model.layers.last() else { return vec![] };
    let (path, note) = (form.path.clone(), form.note.text().trim().to_owned());
    let evidence = model.show().is_some_and(|show| {
        let action = show.scene.run.plan.step(&path).map(|s| &s.action);
        matches!(action, Some(Action::Manual(Manual { evidence: true, .. })))
    });
    let missing = if form.core.ticket.is_some() {
        Some("sent; waiting for the journal")
    } else if form.ticked.contains(&false) {
        Some("not everything is ticked")
    } else if evidence && note.is_empty() {
        Some("this step asks for evidence: say what you saw")
    } else {
        None
    };
    if let Some(why) = missing {
        wrong(model, why);
        return vec![];
    }
    let (ticket, command) = send(model, What::Done { path, note }, "");
    waits(model, ticket);
    vec![command]
}

pub(super) fn approve(model: &mut Model, act: Act) -> Vec<Cmd> {
    let accept = match act {
        Act::Submit => true,
        Act::Refuse => false,
        _ => return vec![],
    };
    let Some(Layer::Approve(form)) = model.layers.last_mut() else { return vec![] };
    let approver = form.field.text().trim().to_owned();
    if form.core.ticket.is_some() {
        return vec![];
    }
    if approver.is_empty() {
        form.core.error = Some("name the second person".into());
        return vec![];
    }
    let what = What::Approve { path: form.path.clone(), approver, accept };
    let (ticket, command) = send(model, what, "");
    waits(model, ticket);
    vec![command]
}

pub(super) fn ask(model: &mut Model, act: Act) -> Vec<Cmd> {
    let Some(Layer::Ask(form)) = model.layers.last_mut() else { return vec![] };
    let lines = form.lines.len().max(1);
    form.core.scroll = None;
    match act {
        Act::NextField => form.focus = (form.focus + 1) % lines,
        Act::PreviousField => form.focus = (form.focus + lines - 1) % lines,
        Act::Submit if form.focus + 1 < form.lines.len() => form.focus += 1,
        Act::Submit => return command(model),
        _ => {}
    }
    vec![]
}

fn command(model: &mut Model) -> Vec<Cmd> {
    let Some(Layer::Ask(form)) = model.layers.last_mut() else { return vec![] };
    if form.core.ticket.is_some() {
        return vec![];
    }
    let wrong = matches!(form.ask, Ask::Rule { .. }) && !form.lines[0].field.is_empty();
    match form.missing().map_or_else(|| what(form), Err) {
        Err(why) => {
            form.core.error = Some(why);
            model.wrong_phrases += u32::from(wrong);
            vec![]
        }
        Ok((what, reason)) => {
            let (ticket, command) = send(model, what, &reason);
            waits(model, ticket);
            vec![command]
        }
    }
}

/// The command a filled form stands for, and its reason.
fn what(form: &AskForm) -> Result<(What, String), String> {
    let line = |n: usize| form.lines.get(n).map_or("", |l| l.field.text()).trim().to_owned();
    let alone = |what| Ok((what, line(0)));
    match form.ask.clone() {
        Ask::Skip(path) => alone(What::Skip { path }),
        Ask::Retry(path) => alone(What::Retry { path }),
        Ask::Accept(path) => alone(What::Accept { path }),
        Ask::GiveUp(path) => alone(What::GiveUp { path }),
        Ask::Abort => alone(What::Abort),
        Ask::Extend(path) => {
            let span: Span = line(0).parse().map_err(|e: crate::ids::NotASpan| e.to_string())?;
            Ok((What::Extend { path, span }, line(1)))
        }
        Ask::Note(path) => Ok((What::Note { path: Some(path), text: line(0) }, String::new())),
        Ask::Redo => Ok((What::Redo { step: line(0) }, line(1))),
        Ask::RollBack => Ok((What::RollBack { to: line(0) }, line(1))),
        // The phrase goes as it was typed: not trimmed, not completed.
        Ask::Rule { name, happened, .. } => {
            let phrase = form.lines.first().map_or("", |l| l.field.text()).to_owned();
            Ok((What::Rule { name, happened, phrase }, String::new()))
        }
    }
}
