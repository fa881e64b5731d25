//! What only a person can do or see: checklist with a note, and the second person's word.

use ratatui::layout::Rect;

use super::Ui;
use super::layers::{form_sheet, width};
use super::live;
use super::page::Page;
use crate::runbook::Action;
use crate::tui::forms::{ApproveForm, ManualForm};
use crate::tui::offers::Shown;
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &ManualForm) {
    let Some(show) = ui.model.show() else { return };
    let run = &show.scene.run;
    let Some(step) = run.plan.step(&form.path) else { return };
    let Action::Manual(manual) = &step.action else { return };
    let now = ui.model.now;
    let mut page = Page::new(ui.theme, width(ui, area)).labelled(8);
    page.markdown("WHY", &crate::tui::about::instructions(run, &form.path, step, now));
    if let Some(offers) = show.offers.get(&form.path) {
        for shown in &offers.shown {
            match shown {
                Shown::Table(view) => live::draw(ui, &mut page, view),
                Shown::Line { name, text } => page.wide("SEEN", Role::Plain, &format!("{name}: {text}")),
            }
        }
        let age = offers.asked.map_or_else(String::new, |at| format!("read {} ago", now.since(at).human()));
        page.entry("", Role::Muted, &age);
    }
    page.gap();
    let mut focus = page.len();
    for (i, (line, ticked)) in manual.checklist.iter().zip(&form.ticked).enumerate() {
        if i == form.focus {
            focus = page.len();
        }
        let mark = if i == form.focus { ">" } else { " " };
        let tick = if *ticked { "[x]" } else { "[ ]" };
        page.worded(&format!("{mark} {tick}"), Role::Title, &run.text(&form.path, line, now));
    }
    let asked = if manual.evidence { "Evidence: what did you see? (needed)" } else { "Note (optional)" };
    page.gap();
    page.text(Role::Label, asked);
    let (shown, before) = ui.field(&form.note, page.width.saturating_sub(3), false);
    let at_note = form.focus >= form.ticked.len();
    page.pieces(&[(Role::Label, if at_note { "> ".into() } else { "  ".into() }), (Role::Plain, shown)]);
    let note = page.len() - 1;
    page.text(Role::Plain, "Tick every line, then Enter in the note says that the step is done.");
    ending(&mut page, form.core.error.as_deref(), form.core.ticket.is_some());
    let (line, x) = if at_note { (note, 2 + before) } else { (focus, 2) };
    form_sheet(ui, area, &format!("Manual  {}", form.path), "", page, &form.core, (x, line));
}

pub fn approve(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &ApproveForm) {
    let Some(show) = ui.model.show() else { return };
    let run = &show.scene.run;
    let Some(Action::Approve { message }) = run.plan.step(&form.path).map(|s| &s.action) else { return };
    let mut page = Page::new(ui.theme, width(ui, area));
    page.text(Role::Plain, &run.text(&form.path, message, ui.model.now));
    page.gap();
    page.text(Role::Plain, &format!(
        "A second person reads this with you. Their name is recorded, not proven, and cannot be yours ({}).",
        ui.model.facts.operator
    ));
    page.gap();
    page.text(Role::Label, "Name of the second person");
    let (shown, before) = ui.field(&form.field, page.width.saturating_sub(3), false);
    page.pieces(&[(Role::Label, "> ".into()), (Role::Plain, shown)]);
    let line = page.len() - 1;
    page.text(Role::Plain, "Enter: approved.   Ctrl-D: refused.");
    ending(&mut page, form.core.error.as_deref(), form.core.ticket.is_some());
    form_sheet(ui, area, &format!("Approval  {}", form.path), "", page, &form.core, (2 + before, line));
}

/// What a form says last.
pub fn ending(page: &mut Page, error: Option<&str>, sent: bool) {
    if sent {
        page.text(Role::Muted, "sent, waiting for the journal");
    }
    if let Some(error) = error {
        page.text(Role::Crit, &format!("! {error}"));
    }
}
