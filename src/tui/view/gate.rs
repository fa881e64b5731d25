//! The gate. Content in a fixed order: CALL, WHERE, NOW, AFTER, AFFECTS, LOSS and UNDO, WHY, phrase.
//!
//! What was drawn of it is reported, so that it can be sent only after its end was on the screen.

use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::layers::{place, width};
use super::page::{Page, pieces_line};
use super::{Slot, Ui};
use crate::catalogue::Tier;
use crate::run::{GateCall, Run};
use crate::text::is_plain;
use crate::tui::about;
use crate::tui::effects;
use crate::tui::forms::{GateForm, Read};
use crate::tui::theme::Role;
use crate::tui::wants;

/// Lines below the content: phrase, field, words, buttons; a card has no field.
fn foot(form: &GateForm) -> usize {
    if form.one_key() { 2 } else { 4 }
}

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &GateForm) {
    let Some(show) = ui.model.show() else { return };
    let run = &show.scene.run;
    let calls = about::gate_calls(run, &form.gate);
    let longest = calls.iter().map(|c| of(c, &calls).chars().count()).max().unwrap_or(0);
    let mut page = Page::new(ui.theme, width(ui, area)).labelled((7 + longest).clamp(8, 22));
    content(ui, &mut page, run, form);
    let all = page.len();
    let rect = place(ui, area, all + foot(form) + usize::from(form.core.error.is_some()));
    let title = format!("GATE {}  {}", form.tier, heading(run, form));
    let inner = ui.boxed(rect, &title, &form.gate.to_string(), true);
    let text = Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height);
    let (read, note) = so_far(form, all, usize::from(text.height));
    let below = u16::try_from(foot(form) + usize::from(note.is_some())).unwrap_or(0).min(text.height);
    let upper = Rect { height: text.height - below, ..text };
    let (top, unseen) = ui.lines(upper, page.lines, form.core.scroll.unwrap_or(0));
    ui.hits.tops.push((Slot::Layer, top));
    ui.hits.page = usize::from(upper.height);
    ui.hits.read = Some((top, all - unseen, all));
    phrase(ui, Rect { y: text.bottom() - below, height: below, ..text }, form, read, note);
    ui.more(text, top, unseen, ["PgDn", "PgUp"]);
}

/// How much has been read once this is drawn, and what stands above the phrase, if anything has to be said.
fn so_far(form: &GateForm, all: usize, height: usize) -> (Read, Option<String>) {
    let room = height.saturating_sub(foot(form) + usize::from(form.core.error.is_some()));
    let top = form.core.scroll.unwrap_or(0).min(all.saturating_sub(room));
    let mut read = form.read;
    read.drawn(top, (top + room).min(all), all);
    let hint = (read != Read::Whole).then(|| "PgDn: read to the end to arm".to_owned());
    (read, form.core.error.clone().or(hint))
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
    let (role, word) = if ui.stale(oldest) { (Role::Stale, "STALE ") } else { (Role::Muted, "") };
    let read = format!("{word}read {age} ago; read again right before sending, a change voids this gate");
    page.entry("", role, &read);
    for call in &calls {
        let after = about::after(&call.call, &call.observed);
        page.entry(&format!("AFTER{}", of(call, &calls)), Role::Plain, &after.said);
        page.entry("", Role::Muted, &after.known_by);
    }
    let path = calls.first().map_or(&form.gate, |c| &c.path);
    let step = run.plan.step(path);
    let usual =
        step.and_then(|s| s.estimate).map_or_else(String::new, |e| format!("; usually {}", e.human()));
    page.entry("AFFECTS", Role::Plain, &format!("{}{usual}", effects::affects(&calls)));
    if let Some(step) = step {
        page.entry("LOSS", Role::Plain, &about::loss(step, &calls).join("; "));
    }
    for call in &calls {
        if let Some(step) = run.plan.step(&call.path) {
            let undo = about::undo(run, &call.path, step, ui.model.now);
            page.entry(&format!("UNDO{}", of(call, &calls)), Role::Plain, &undo);
        }
    }
    if let Some(step) = step {
        page.markdown("WHY", &about::instructions(run, path, step, ui.model.now));
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

fn phrase(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &GateForm, read: Read, note: Option<String>) {
    let width = usize::from(area.width);
    let send = match form.sendable_once(read, ui.model.wall) {
        Ok(()) if form.one_key() => (Role::Key, "[ y  Send ]".to_owned()),
        Ok(()) => (Role::Key, "[ Send: Enter ]".to_owned()),
        Err(why) => (Role::Muted, format!("[ Send: {why} ]")),
    };
    let mut lines: Vec<Line<'static>> =
        note.into_iter().map(|said| pieces_line(ui.theme, &[(Role::Warn, said)], width)).collect();
    let (field, before) = if form.one_key() {
        lines.push(pieces_line(ui.theme, &[(Role::Label, "Press y to send.".into())], width));
        (lines.len() - 1, 0)
    } else {
        let before = typed(ui, &mut lines, form, width);
        (lines.len() - 2, 2 + before)
    };
    lines.push(pieces_line(ui.theme, &[(Role::Plain, "[ Cancel: Esc ]      ".into()), send], width));
    let skip = lines.len().saturating_sub(usize::from(area.height));
    let row = area.y + u16::try_from(field.saturating_sub(skip)).unwrap_or(0);
    ui.frame.render_widget(Paragraph::new(lines.into_iter().skip(skip).collect::<Vec<_>>()), area);
    ui.cursor(area.x + before, row);
}

/// The wanted phrase, what was typed, how far they agree. Gives the cells before the cursor.
fn typed(ui: &Ui<'_, '_, '_>, lines: &mut Vec<Line<'static>>, form: &GateForm, width: usize) -> u16 {
    let (shown, before) = ui.field(&form.field, width.saturating_sub(2), false);
    let escaped = if is_plain(&form.phrase) { "" } else { "   (contains characters that are not plain)" };
    let wrong = if form.wrong > 0 { format!("   wrong so far: {}", form.wrong) } else { String::new() };
    let words = form.agreement().words();
    let wanted = (Role::Title, form.phrase.clone());
    let ask = (Role::Label, "Type this to arm: ".to_owned());
    lines.extend([
        pieces_line(ui.theme, &[ask, wanted, (Role::Warn, escaped.into())], width),
        pieces_line(ui.theme, &[(Role::Plain, "> ".into()), (Role::Plain, shown)], width),
        pieces_line(ui.theme, &[(Role::Plain, format!("  {words}{wrong}"))], width),
    ]);
    before
}
