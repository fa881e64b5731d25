//! What a prompt offers and what a manual step shows, made of one round of readings. Pure.

use serde_json::Value;

use super::about;
use crate::ids::{At, Span, StepPath};
use crate::run::{PaneView, Run, Scope, cell};
use crate::runbook::{Action, Offer, Prompt};
use crate::text::clean;
use crate::watch::Frame;

/// The choices of one prompt, or the readings beside one manual step.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Offers {
    pub columns: Vec<String>,
    pub rows: Vec<OfferRow>,
    /// Readings to look at.
    pub shown: Vec<Shown>,
    /// When the oldest of them was asked; none for choices that are not read.
    pub asked: Option<At>,
    /// Why there is nothing to choose from.
    pub why: Option<String>,
}

/// One reading beside a manual step: as the pane of the same read shows it, else in a line.
#[derive(Clone, PartialEq, Debug)]
pub enum Shown {
    Table(PaneView),
    Line { name: String, text: String },
}

/// One row to choose.
#[derive(Clone, PartialEq, Debug)]
pub struct OfferRow {
    pub cells: Vec<String>,
    /// What is typed for it.
    pub typed: String,
    pub value: Value,
    pub row: Value,
    /// It carries a warning and must be typed.
    pub warned: bool,
}

impl Offers {
    /// What the step at `path` offers on this frame.
    pub fn of(run: &Run, path: &StepPath, frame: &Frame, now: At) -> Offers {
        match run.plan.step(path).map(|s| &s.action) {
            Some(Action::Prompt(prompt)) => prompt_offers(run, path, prompt, frame, now),
            Some(Action::Manual(manual)) => {
                let shown = manual.show.iter().map(|name| shown(run, name, frame, now)).collect();
                Offers { shown, asked: Some(frame.asked), ..Offers::default() }
            }
            _ => Offers::default(),
        }
    }
}

/// Whether the step at `path` shows readings that have to be asked.
pub fn asks(run: &Run, path: &StepPath) -> bool {
    match run.plan.step(path).map(|s| &s.action) {
        Some(Action::Prompt(prompt)) => matches!(prompt.offer, Offer::Rows(_)),
        Some(Action::Manual(manual)) => !manual.show.is_empty(),
        _ => false,
    }
}

fn prompt_offers(run: &Run, path: &StepPath, prompt: &Prompt, frame: &Frame, now: At) -> Offers {
    let rows = match run.offered(path, frame, now) {
        Ok(rows) => rows,
        Err(fault) => {
            let why = Some(clean(&fault.to_string()).into_owned());
            return Offers { why, asked: Some(frame.asked), ..Offers::default() };
        }
    };
    let scope = Scope::bare(run, path, frame, now);
    let Offer::Rows(offer) = &prompt.offer else {
        let rows = rows.into_iter().map(|o| row(vec![text(&o.value)], o)).collect();
        return Offers { columns: vec!["VALUE".into()], rows, ..Offers::default() };
    };
    let columns = offer.columns.iter().map(|c| clean(&c.title).into_owned()).collect();
    let rows: Vec<OfferRow> = rows
        .into_iter()
        .map(|o| row(offer.columns.iter().map(|c| cell(&scope, c, &o.row)).collect(), o))
        .collect();
    let why = rows.is_empty().then(|| "the reading has no row to choose".to_owned());
    Offers { columns, rows, shown: vec![], asked: Some(frame.asked), why }
}

fn row(cells: Vec<String>, offered: crate::run::Offered) -> OfferRow {
    let crate::run::Offered { row, value, warned } = offered;
    OfferRow { cells, typed: text(&value), value, row, warned }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| clean(&value.to_string()).into_owned(), |s| clean(s).into_owned())
}

fn shown(run: &Run, name: &str, frame: &Frame, now: At) -> Shown {
    let title = clean(name).into_owned();
    let pane = run.book().panes.iter().find(|p| p.read == name && p.rows.is_none());
    if let (Some(pane), Ok(_)) = (pane, frame.value(name)) {
        let before = PaneView {
            title,
            columns: vec![],
            rows: vec![],
            asked: None,
            trouble: None,
            every: Span::default(),
        };
        return Shown::Table(run.pane_view(pane, frame, &before, now));
    }
    let text = match frame.value(name) {
        Ok(value) => about::summary(value),
        Err(why) => why.to_string(),
    };
    Shown::Line { name: title, text: clean(&text).into_owned() }
}
