//! The gate. Content in a fixed order: CALL, WHERE, NOW, AFTER, LOSS and UNDO, phrase.

use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

use super::layers::{place, width};
use super::page::{Page, pieces_line};
use super::{Slot, Ui};
use crate::catalogue::Tier;
use crate::run::{GateCall, Run};
use crate::text::is_plain;
use crate::tui::about;
use crate::tui::forms::GateForm;
use crate::tui::theme::Role;
use crate::tui::wants;

/// Lines below the content: blank, phrase, field, words, buttons.
const BELOW: u16 = 6;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &GateForm) {
    let Some(show) = ui.model.show() else { return };
    let run = &show.scene.run;
    let calls = about::gate_calls(run, &form.gate);
    let longest = calls.iter().map(|c| of(c, &calls).chars().count()).max().unwrap_or(0);
    let mut page = Page::new(ui.theme, width(ui, area)).labelled((7 + longest).clamp(8, 22));
    content(ui, &mut page, run, form);
    let rect = place(ui, area, page.len() + usize::from(BELOW));
    let title = format!("GATE {}  {}", form.tier, heading(run, form));
    let inner = ui.boxed(rect, &title, &form.gate.to_string(), true);
    let text = Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height);
    let below = BELOW.min(text.height);
    let upper = Rect { height: text.height - below, ..text };
    let lines = page.len();
    let top = ui.paged(upper, page.lines, form.scroll);
    let unseen = lines.saturating_sub(top + usize::from(upper.height));
    ui.hits.tops.push((Slot::Layer, top));
    ui.hits.page = usize::from(upper.height);
    phrase(ui, Rect { y: text.bottom() - below, height: below, ..text }, form, unseen);
}

/// The title of the one step, or of what holds the several ones.
fn heading(run: &Run, form: &GateForm) -> String {
    let calls = about::gate_calls(run, &form.gate);
    let path = match calls.as_slice() {
        [one] => one.path.clone(),
        _ => form.gate.parent().unwrap_or_else(|| form.gate.clone()),
    };
    run.plan.step(&path).map_or_else(|| path.to_string(), |s| wants::title(run, &path, s))
}

fn content(ui: &Ui<'_, '_, '_>, page: &mut Page, run: &Run, form: &GateForm) {
    let calls = about::gate_calls(run, &form.gate);
    page.text(Role::Warn, opening(form.tier, calls.len()));
    for call in &calls {
        let at = of(call, &calls);
        page.entry("CALL", Role::Title, &format!("{} {}{at}", call.call.service, call.call.operation));
        page.pairs("", &about::parameters(&call.call));
    }
    places(ui, page, &calls);
    for call in &calls {
        page.pairs(&format!("NOW{}", of(call, &calls)), &about::observed(&call.observed));
    }
    let oldest = calls.iter().map(|c| c.seen).min().unwrap_or(ui.model.now);
    let age = ui.model.now.since(oldest).human();
    let read = format!("read {age} ago; read again right before sending, a change voids this gate");
    page.entry("", Role::Muted, &read);
    for call in &calls {
        let after = about::after(&call.call, &call.observed).join("; ");
        page.entry(&format!("AFTER{}", of(call, &calls)), Role::Plain, &after);
    }
    let path = calls.first().map_or(&form.gate, |c| &c.path);
    if let Some(step) = run.plan.step(path) {
        page.entry("LOSS", Role::Plain, &about::loss(step, calls.first().map(|c| &c.call)));
    }
    for call in &calls {
        if let Some(step) = run.plan.step(&call.path) {
            let undo = about::undo(run, &call.path, step, ui.model.now);
            page.entry(&format!("UNDO{}", of(call, &calls)), Role::Plain, &undo);
        }
    }
}

/// Which of several calls is meant.
fn of(call: &GateCall, calls: &[&GateCall]) -> String {
    if calls.len() > 1 { format!(" {}", call.subject) } else { String::new() }
}

/// One place per line; calls of one step have one.
fn places(ui: &Ui<'_, '_, '_>, page: &mut Page, calls: &[&GateCall]) {
    let mut shown: Vec<&crate::ids::Place> = Vec::new();
    for place in calls.iter().map(|c| &c.call.place) {
        if !shown.contains(&place) {
            shown.push(place);
            let text =
                format!("account {}, region {}, as {}", place.account, place.region, ui.model.facts.role);
            page.entry("WHERE", Role::Plain, &text);
        }
    }
}

fn opening(tier: Tier, calls: usize) -> &'static str {
    match (tier, calls) {
        (Tier::T3, 1) => "ONE call that cannot be taken back. It cannot be cancelled once sent.",
        (Tier::T3, _) => "Calls that cannot be taken back. They cannot be cancelled once sent.",
        (_, 1) => "One call. It cannot be cancelled once sent.",
        (_, _) => "Each call below is sent. None can be cancelled once sent.",
    }
}

fn phrase(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &GateForm, unseen: usize) {
    let width = usize::from(area.width);
    let send = match form.sendable(ui.model.now) {
        Ok(()) if form.one_key() => (Role::Key, "[ y  Send ]".to_owned()),
        Ok(()) => (Role::Key, "[ Send: Enter ]".to_owned()),
        Err(why) => (Role::Muted, format!("[ Send: {why} ]")),
    };
    let (shown, before) = ui.field(&form.field, width.saturating_sub(2), false);
    let ask = if form.one_key() {
        (Role::Label, "Press y to send:".to_owned())
    } else {
        (Role::Label, "Type this to arm: ".to_owned())
    };
    let escaped = if is_plain(&form.phrase) { "" } else { "   (contains characters that are not plain)" };
    let wanted = if form.one_key() { String::new() } else { form.phrase.clone() };
    let words = if form.one_key() { String::new() } else { form.agreement().words() };
    let wrong = if form.wrong > 0 { format!("   wrong so far: {}", form.wrong) } else { String::new() };
    let note = if form.note.is_empty() && unseen > 0 {
        format!("{unseen} more lines above: PgDn")
    } else {
        form.note.clone()
    };
    let lines = vec![
        pieces_line(ui.theme, &[(Role::Warn, note)], width),
        pieces_line(ui.theme, &[ask, (Role::Title, wanted), (Role::Warn, escaped.into())], width),
        pieces_line(ui.theme, &[(Role::Plain, "> ".into()), (Role::Plain, shown)], width),
        pieces_line(ui.theme, &[(Role::Plain, format!("  {words}{wrong}"))], width),
        pieces_line(ui.theme, &[(Role::Plain, String::new())], width),
        pieces_line(ui.theme, &[(Role::Plain, "[ Cancel: Esc ]      ".into()), send], width),
    ];
    let skip = lines.len().saturating_sub(usize::from(area.height));
    let row = area.y + u16::try_from(2usize.saturating_sub(skip)).unwrap_or(0);
    ui.frame.render_widget(Paragraph::new(lines.into_iter().skip(skip).collect::<Vec<_>>()), area);
    ui.cursor(area.x + 2 + before, row);
}
