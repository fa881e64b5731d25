//! Parameters in a form, the preflight beside it, worst first.

use ratatui::layout::{Constraint, Layout, Rect};

use super::page::{Page, padded};
use super::{Size, Slot, Ui, drill};
use crate::expr::Tree;
use crate::ids::At;
use crate::run::{CheckResult, CheckVerdict};
use crate::runbook::{Parameter, ParameterKind};
use crate::tui::model::{Check, FormField, Start};
use crate::tui::theme::{self, Role};

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, start: &Start) {
    let brief = ui.model.facts.drill.as_ref();
    let area = match brief.filter(|_| ui.size == Size::Wide) {
        Some(brief) => {
            let lines = drill::lines(ui, area.width, brief).min(area.height / 2);
            let [told, rest] = Layout::vertical([Constraint::Length(lines), Constraint::Min(1)]).areas(area);
            drill::on_start(ui, told, brief);
            rest
        }
        None => area,
    };
    let (form, checks) = match ui.size {
        Size::Wide => {
            let [left, right] =
                Layout::horizontal([Constraint::Percentage(48), Constraint::Percentage(52)]).areas(area);
            (left, right)
        }
        Size::Narrow | Size::Tiny | Size::None => {
            let [upper, lower] =
                Layout::vertical([Constraint::Percentage(48), Constraint::Percentage(52)]).areas(area);
            (upper, lower)
        }
    };
    match brief.filter(|_| ui.size != Size::Wide && start.focus >= start.fields.len()) {
        // The parameters of a drill are given: what is known of the incident is worth more here.
        Some(brief) => drill::on_start(ui, form, brief),
        None => fields(ui, form, start),
    }
    preflight(ui, checks, start);
}

fn fields(ui: &mut Ui<'_, '_, '_>, area: Rect, start: &Start) {
    let focused = start.focus < start.fields.len();
    let inner = ui.boxed(area, &format!("Parameters  {}", start.book.id), "", focused);
    let name_width = start.fields.iter().map(|f| f.name.chars().count()).max().unwrap_or(0).min(24);
    let room = usize::from(inner.width).saturating_sub(name_width + 7);
    let mut page = Page::new(ui.theme, inner.width).labelled(name_width + 5);
    let mut cursor = None;
    if start.fields.is_empty() {
        page.text(Role::Muted, "This runbook takes no parameters.");
    }
    for (i, field) in start.fields.iter().enumerate() {
        let here = i == start.focus;
        let (shown, before) = ui.field(&field.field, room, false);
        let name = padded(ui.theme, &field.name, name_width);
        let mark = if here { ">" } else { " " };
        let role = if here { Role::Title } else { Role::Plain };
        page.pieces(&[
            (role, format!("{mark} {name} [ ")),
            (Role::Plain, padded(ui.theme, &shown, room)),
            (role, "]".into()),
        ]);
        if here {
            cursor = Some((page.len() - 1, u16::try_from(name_width + 5).unwrap_or(0) + before));
        }
        beside(&mut page, start, field, here, ui.size);
    }
    let line = cursor.map_or(0, |(line, _)| line);
    let top = ui.paged(inner, page.lines, (line + 4).saturating_sub(usize::from(inner.height)));
    if let (Some((line, x)), true) = (cursor, ui.model.layers.is_empty()) {
        let y = inner.y + u16::try_from(line.saturating_sub(top)).unwrap_or(0);
        ui.cursor(inner.x + x, y);
    }
}

/// What stands below a field: its error, and for the one with the keys its type and sense.
fn beside(page: &mut Page, start: &Start, field: &FormField, here: bool, size: Size) {
    let Some(parameter) = start.book.parameters.iter().find(|p| p.name == field.name) else { return };
    if let Some(error) = field.error.as_ref().filter(|_| field.touched) {
        page.entry("", Role::Crit, &format!("! {error}"));
    }
    if here || size == Size::Wide {
        page.entry("", Role::Muted, &sense(parameter));
    }
    if here && !field.choices.is_empty() {
        let offered: Vec<&str> = field.choices.iter().take(8).map(String::as_str).collect();
        let more = if field.choices.len() > 8 { " ..." } else { "" };
        page.entry("", Role::Plain, &format!("Ctrl-N: {}{more}", offered.join(" | ")));
    }
}

fn sense(parameter: &Parameter) -> String {
    let kind = kind_word(&parameter.kind);
    let need = match (&parameter.default, parameter.required) {
        (Some(default), _) => format!(", default {}", default_text(default)),
        (None, true) => ", required".into(),
        (None, false) => ", optional".into(),
    };
    format!("{kind}{need}. {}", parameter.description)
}

fn default_text(default: &Tree) -> String {
    let text = match default {
        Tree::Plain(value) => crate::tui::about::short(value),
        Tree::Text(template) => template.source().to_owned(),
        Tree::List(_) => "a list".to_owned(),
        Tree::Map(_) => "a record".to_owned(),
    };
    crate::text::fit(&crate::text::clean(&text), 40)
}

/// The type of a parameter in a word or two.
fn kind_word(kind: &ParameterKind) -> String {
    match kind {
        ParameterKind::Text => "text".into(),
        ParameterKind::Integer => "whole number".into(),
        ParameterKind::Boolean => "true or false".into(),
        ParameterKind::Timestamp => "moment with its zone".into(),
        ParameterKind::Duration => "duration".into(),
        ParameterKind::List(inner) => format!("list of {}, comma-separated or JSON", kind_word(inner)),
        ParameterKind::Record(_) => "JSON object".into(),
        ParameterKind::Map(inner) => format!("JSON map of {}", kind_word(inner)),
        ParameterKind::Picker(kind) => format!("name of an {kind}"),
    }
}

fn preflight(ui: &mut Ui<'_, '_, '_>, area: Rect, start: &Start) {
    let focused = start.focus >= start.fields.len();
    let inner = ui.boxed(area, &format!("Preflight  {}", summary(ui, start)), "worst first", focused);
    let mut page = Page::new(ui.theme, inner.width).labelled(6);
    match &start.check {
        Check::NotYet => {
            page.text(Role::Plain, "Not asked yet: fill in the parameters, then Tab here or Ctrl-R.");
        }
        Check::Asking { since, .. } => {
            page.text(
                Role::Plain,
                &format!("Asking AWS, read-only, for {} ...", ui.model.now.since(*since).human()),
            );
        }
        Check::Failed(trouble) => {
            page.worded("FAIL", Role::Crit, &trouble.what);
            page.entry("", Role::Plain, &trouble.means);
            page.entry("NEXT", Role::Plain, &trouble.next);
        }
        Check::Done { checked, .. } => {
            if let Some(why) = start.outdated(ui.model.now) {
                page.worded("STALE", Role::Stale, why);
            }
            results(&mut page, &checked.preflight);
        }
    }
    page.gap();
    ending(&mut page, start, ui.model.now);
    let top = ui.paged(inner, page.lines, start.scroll);
    ui.hits.tops.push((Slot::Checks, top));
    ui.hits.page = usize::from(inner.height);
    if focused && ui.model.layers.is_empty() {
        ui.cursor(inner.x, inner.y);
    }
}

fn results(page: &mut Page, results: &[CheckResult]) {
    let mut sorted: Vec<&CheckResult> = results.iter().collect();
    sorted.sort_by_key(|r| r.verdict);
    for result in sorted {
        let word = verdict_word(result.verdict);
        let text = if result.message.is_empty() {
            result.name.clone()
        } else {
            format!("{}: {}", result.name, result.message)
        };
        page.worded(word, theme::of_word(word), &text);
    }
}

fn ending(page: &mut Page, start: &Start, now: At) {
    match start.startable(now) {
        Ok(_) => {
            page.text(Role::Title, "Enter starts the run. Nothing in AWS changes before its first gate.");
        }
        Err(unready) if !matches!(start.check, Check::NotYet | Check::Failed(_)) => {
            page.text(Role::Warn, &format!("It cannot be started: {}.", unready.why));
        }
        Err(_) => {}
    }
}

fn summary(ui: &Ui<'_, '_, '_>, start: &Start) -> String {
    let Check::Done { checked, at, .. } = &start.check else { return String::new() };
    let count = |verdict| checked.preflight.iter().filter(|c| c.verdict == verdict).count();
    format!(
        "{} OK {} WARN {} FAIL {} SKIP  {}{} ago",
        count(CheckVerdict::Ok),
        count(CheckVerdict::Warn),
        count(CheckVerdict::Fail),
        count(CheckVerdict::Skip),
        if start.outdated(ui.model.now).is_some() { "STALE " } else { "" },
        ui.model.now.since(*at).human()
    )
}

fn verdict_word(verdict: CheckVerdict) -> &'static str {
    match verdict {
        CheckVerdict::Fail => "FAIL",
        CheckVerdict::Warn => "WARN",
        CheckVerdict::Skip => "SKIP",
        CheckVerdict::Ok => "OK",
    }
}
