//! Help and palette, made from the key map.

use ratatui::layout::Rect;

use super::layers::{sheet, width};
use super::page::Page;
use super::{Slot, Ui};
use crate::tui::field::Field;
use crate::tui::keys::{self, Binding, Context};
use crate::tui::theme::Role;

/// Every key, the context of before first; what is not allowed now says why.
pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, filter: &Field, scroll: usize) {
    let mut page = Page::new(ui.theme, width(ui, area)).labelled(12);
    let (shown, before) = ui.field(filter, 40, false);
    page.pieces(&[(Role::Label, "Show only: ".into()), (Role::Plain, shown)]);
    page.gap();
    let here = below(ui);
    let mut contexts = vec![here];
    contexts.extend(Context::ALL.into_iter().filter(|c| *c != here));
    for context in contexts {
        section(ui, &mut page, context, context == here, filter.text());
    }
    words(&mut page, filter.text());
    let text = sheet(ui, area, "Help", "Esc closes, typing filters", page, scroll);
    ui.cursor(text.x + 11 + before, text.y);
}

fn below(ui: &Ui<'_, '_, '_>) -> Context {
    // Help itself is the last layer: what lay above before it opened is what is asked about.
    let layers = &ui.model.layers;
    match layers.len() {
        0 | 1 => Context::of_screen(ui.model),
        n => Context::of_layer_at(layers, n - 2),
    }
}

fn section(ui: &Ui<'_, '_, '_>, page: &mut Page, context: Context, now: bool, filter: &str) {
    let wanted = filter.to_lowercase();
    let lines: Vec<(&Binding, String)> = keys::bindings(context)
        .map(|b| (b, labels(b)))
        .filter(|(b, l)| format!("{l} {}", b.help).to_lowercase().contains(&wanted))
        .collect();
    if lines.is_empty() {
        return;
    }
    page.text(Role::Title, context.title());
    for (binding, label) in lines {
        let why = if now { keys::allowed(ui.model, binding.act).err() } else { None };
        let text =
            why.map_or_else(|| binding.help.to_owned(), |why| format!("{} (not now: {why})", binding.help));
        page.entry(&label, Role::Plain, &text);
    }
    page.gap();
}

fn labels(binding: &Binding) -> String {
    match binding.keys {
        [] => format!(":{}", keys::name(binding.act)),
        some => some.iter().take(2).map(|k| k.label()).collect::<Vec<_>>().join(" "),
    }
}

/// The words that stand for states.
fn words(page: &mut Page, filter: &str) {
    if !filter.is_empty() {
        return;
    }
    page.text(Role::Title, "Words");
    for (word, sense) in [
        ("TODO RUN", "not_started, running"),
        ("WAIT SENT", "waiting for a condition; a call is on its way"),
        ("GATE ASK", "a confirmation or an answer is wanted from you"),
        ("OK SKIP", "success, skipped"),
        ("FAILED", "failed; the step holds until you decide"),
        ("TIMED", "timed_out; the step holds until you decide"),
        ("HOLD", "the step holds for another reason, which it says"),
        ("UNKN", "unknown: a call was sent and nobody knows what became of it"),
        ("CANCEL", "cancelled or given up"),
        ("UNDONE", "taken back"),
        ("STALE", "older than twice its cadence; satisfies nothing"),
        ("NOACC ERR", "permission is missing; the reading failed. Never the same as OK"),
    ] {
        page.entry(word, Role::Plain, sense);
    }
}

/// Every command of the screen, fuzzily filtered.
pub fn palette(ui: &mut Ui<'_, '_, '_>, area: Rect, field: &Field, chosen: usize) {
    let mut page = Page::new(ui.theme, width(ui, area));
    let (shown, before) = ui.field(field, 60, false);
    page.pieces(&[(Role::Label, ": ".into()), (Role::Plain, shown)]);
    page.gap();
    let found = keys::palette(ui.model, field.text());
    let at = chosen.min(found.len().saturating_sub(1));
    for (i, (binding, why)) in found.iter().enumerate() {
        let mark = if i == at { "> " } else { "  " };
        let key = binding.keys.first().map_or_else(String::new, |k| k.label());
        let role = if why.is_some() { Role::Muted } else { Role::Plain };
        let help = why.as_ref().map_or_else(|| binding.help.to_owned(), |why| format!("not now: {why}"));
        page.pieces(&[
            (Role::Plain, mark.into()),
            (role, format!("{:<16}{key:<10}{help}", keys::name(binding.act))),
        ]);
        if i == at {
            page.chosen();
        }
    }
    if found.is_empty() {
        page.text(Role::Muted, "no command matches");
    }
    let room = usize::from(area.height.saturating_sub(2));
    let scroll = (at + 3).saturating_sub(room);
    let text = sheet(ui, area, "Command", "Enter does it", page, scroll);
    ui.hits.tops.retain(|(slot, _)| *slot != Slot::Layer);
    ui.cursor(text.x + 2 + before, text.y);
}
