//! Parameters and preflight.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::runbook::{ParameterKind, Runbook};
use crate::runner::{Checked, Trouble};
use crate::tui::backstage::Ticket;
use crate::tui::keys::Act;
use crate::tui::model::{Check, Model, Screen, Start};
use crate::tui::msg::Cmd;

/// Opens the form of a runbook. One whose parameters are all known is checked at once.
pub(super) fn open(model: &mut Model, book: Arc<Runbook>, given: &Map<String, Value>) -> Vec<Cmd> {
    let mut start = Start::of(book);
    for field in &mut start.fields {
        if let Some(value) = given.get(&field.name) {
            field.field.set(&typed(value));
        }
    }
    if start.judge(model.now) {
        start.focus = start.fields.len();
        model.screen = Screen::Start(Box::new(start));
        return recheck(model);
    }
    start.fields.iter_mut().for_each(|f| f.touched = !f.field.is_empty());
    start.focus = start.fields.iter().position(|f| f.error.is_some()).unwrap_or(0);
    model.screen = Screen::Start(Box::new(start));
    vec![]
}

/// A given value as it would have been typed: text as it stands, everything else as JSON.
fn typed(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn act(model: &mut Model, act: Act) -> Vec<Cmd> {
    let page = model.hitmap.page.max(1);
    let now = model.now;
    let Some(start) = model.start_mut() else { return vec![] };
    match act {
        Act::NextField => return leave_field(model, 1),
        Act::PreviousField => return leave_field(model, -1),
        Act::NextChoice => next_choice(start),
        Act::Recheck => return recheck(model),
        Act::Start => match start.startable(now) {
            Err(unready) if unready.again => return recheck(model),
            _ => return begin(model),
        },
        Act::PageDown => start.scroll += page,
        Act::PageUp => start.scroll = start.scroll.saturating_sub(page),
        _ => {}
    }
    vec![]
}

fn leave_field(model: &mut Model, by: isize) -> Vec<Cmd> {
    let now = model.now;
    let Some(start) = model.start_mut() else { return vec![] };
    if let Some(field) = start.fields.get_mut(start.focus) {
        field.touched = true;
    }
    let ready = start.judge(now);
    let places = isize::try_from(start.fields.len() + 1).unwrap_or(1);
    let at = isize::try_from(start.focus).unwrap_or(0) + by;
    start.focus = usize::try_from(at.rem_euclid(places)).unwrap_or(0);
    let unasked = matches!(&start.check, Check::NotYet | Check::Done { stale: true, .. });
    if ready && start.focus == start.fields.len() && unasked {
        return recheck(model);
    }
    if by > 0 { ask_choices(model) } else { vec![] }
}

fn next_choice(start: &mut Start) {
    let Some(field) = start.fields.get_mut(start.focus) else { return };
    let parameter = start.book.parameters.iter().find(|p| p.name == field.name);
    let many = parameter.is_some_and(|p| matches!(p.kind, ParameterKind::List(_)));
    let text = field.field.text().trim();
    let Some(picked) = (if many { one_more(text, &field.choices) } else { next(text, &field.choices) })
    else {
        return;
    };
    field.field.set(&picked);
    changed(start);
}

/// The offered value behind the one that stands there, round and round.
fn next(text: &str, choices: &[String]) -> Option<String> {
    let at = choices.iter().position(|c| c == text).map_or(0, |i| (i + 1) % choices.len());
    choices.get(at).cloned()
}

/// A list with the first offered value that is not in it yet. One that was typed as JSON is left alone.
fn one_more(text: &str, choices: &[String]) -> Option<String> {
    let there: Vec<&str> = text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect();
    let more = choices.iter().find(|c| !there.contains(&c.as_str())).filter(|_| !text.starts_with('['))?;
    Some([there.as_slice(), &[more.as_str()]].concat().join(","))
}

/// A parameter has changed: what was checked no longer holds, nor what was offered for the others.
pub(super) fn changed(start: &mut Start) {
    if let Check::Done { stale, .. } = &mut start.check {
        *stale = true;
    }
    if !matches!(start.check, Check::Done { .. }) {
        start.check = Check::NotYet;
    }
    let read = |name: &str| start.book.parameters.iter().any(|p| p.name == name && p.choices.is_some());
    for (i, field) in start.fields.iter_mut().enumerate() {
        if i != start.focus && read(&field.name) {
            field.choices.clear();
            field.asking = None;
        }
    }
}

/// Asks for the values a parameter offers, when its field gets the keys and none are known.
fn ask_choices(model: &mut Model) -> Vec<Cmd> {
    let ticket = model.ticket();
    let Some(start) = model.start_mut() else { return vec![] };
    let given = start.given();
    let field = start.fields.get_mut(start.focus).filter(|f| f.choices.is_empty());
    let Some(field) = field else { return vec![] };
    let parameter = start.book.parameters.iter().find(|p| p.name == field.name);
    if parameter.is_none_or(|p| p.choices.is_none()) {
        return vec![];
    }
    field.asking = Some(ticket);
    let (book, parameter) = (Arc::clone(&start.book), field.name.clone());
    vec![Cmd::Choices { ticket, book, given, parameter }]
}

fn recheck(model: &mut Model) -> Vec<Cmd> {
    let (ticket, now) = (model.ticket(), model.now);
    let Some(start) = model.start_mut() else { return vec![] };
    if start.starting.is_some() {
        return vec![];
    }
    start.fields.iter_mut().for_each(|f| f.touched = true);
    if !start.judge(now) {
        if let Some(wrong) = start.fields.iter().position(|f| f.error.is_some()) {
            start.focus = wrong;
        }
        return vec![];
    }
    start.check = Check::Asking { ticket, since: now };
    let (book, given) = (Arc::clone(&start.book), start.given());
    vec![Cmd::Check { ticket, book, given }]
}

pub(super) fn checked(model: &mut Model, ticket: Ticket, answer: Result<Box<Checked>, Trouble>) -> Vec<Cmd> {
    let now = model.now;
    let Some(start) = model.start_mut() else { return vec![] };
    if !matches!(&start.check, Check::Asking { ticket: asked, .. } if *asked == ticket) {
        return vec![];
    }
    start.scroll = 0;
    match answer {
        Ok(checked) => {
            let (arn, place) = (checked.identity.arn.clone(), checked.places.first().cloned());
            start.check = Check::Done { checked, at: now, stale: false };
            resolved(model, &arn, place);
        }
        Err(trouble) => start.check = Check::Failed(trouble),
    }
    vec![]
}

/// A check has proven who we are: the frame says so from now on.
fn resolved(model: &mut Model, arn: &str, place: Option<crate::ids::Place>) {
    if let Some(place) = place {
        model.facts.account = place.account;
        model.facts.region = place.region;
    }
    if let Some((_, role)) = arn.split_once(":assumed-role/").or_else(|| arn.rsplit_once(':')) {
        role.clone_into(&mut model.facts.role);
    }
}

/// What a parameter offers, unless something else was asked for it since.
pub(super) fn choices(
    model: &mut Model,
    ticket: Ticket,
    parameter: &str,
    values: Result<Vec<String>, String>,
) -> Vec<Cmd> {
    let Some(start) = model.start_mut() else { return vec![] };
    let asked = start.fields.iter_mut().find(|f| f.name == parameter && f.asking == Some(ticket));
    let Some(field) = asked else { return vec![] };
    field.asking = None;
    match values {
        Ok(values) => field.choices = values,
        Err(why) => {
            let why = crate::text::clean(&why).into_owned();
            model.flash(format!("no values to offer for {parameter}: {why}"));
        }
    }
    vec![]
}

fn begin(model: &mut Model) -> Vec<Cmd> {
    let (now, ticket) = (model.now, model.ticket());
    let Some(start) = model.start_mut() else { return vec![] };
    let Ok(checked) = start.startable(now) else { return vec![] };
    let checked = Box::new(checked.clone());
    start.starting = Some(ticket);
    vec![Cmd::Start { ticket, checked }]
}
