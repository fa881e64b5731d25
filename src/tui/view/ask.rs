//! A command that wants a reason, a target or a typed phrase.

use ratatui::layout::Rect;

use super::Ui;
use super::layers::{form_sheet, width};
use super::manual::ending;
use super::page::Page;
use crate::run::Run;
use crate::tui::field::Agreement;
use crate::tui::forms::{Ask, AskForm, AskLine};
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &AskForm) {
    let mut page = Page::new(ui.theme, width(ui, area)).labelled(10);
    page.text(Role::Plain, form.ask.explanation());
    if let Some(show) = ui.model.show() {
        consequences(&mut page, &show.scene.run, form);
    }
    page.gap();
    let mut cursor = (0, 0);
    for (i, line) in form.lines.iter().enumerate() {
        let here = i == form.focus;
        if let Some(wanted) = &line.wanted {
            page.entry("Type", Role::Title, wanted);
        }
        let (shown, before) = ui.field(&line.field, page.width.saturating_sub(14), false);
        let mark = if here { ">" } else { " " };
        page.pieces(&[(Role::Label, format!("{mark} {:<8} ", line.label)), (Role::Plain, shown)]);
        if here {
            cursor = (11 + before, page.len() - 1);
        }
        page.entry("", Role::Muted, &words(line));
    }
    ending(&mut page, form.core.error.as_deref(), form.core.ticket.is_some());
    form_sheet(ui, area, &form.ask.title(), "Enter sends, Esc cancels", page, &form.core, cursor);
}

fn words(line: &AskLine) -> String {
    match &line.wanted {
        Some(wanted) => Agreement::of(wanted, line.field.text()).words(),
        None => line.hint.to_owned(),
    }
}

/// What a command would touch, as far as it is known while it is typed.
fn consequences(page: &mut Page, run: &Run, form: &AskForm) {
    let typed = form.lines.first().map_or("", |l| l.field.text()).trim();
    match &form.ask {
        Ask::RollBack => match run.undo_chain(typed) {
            Ok(chain) => {
                let paths: Vec<String> = chain.iter().map(ToString::to_string).collect();
                page.entry("UNDOES", Role::Warn, &paths.join(", then "));
            }
            Err(why) if !typed.is_empty() => page.entry("", Role::Muted, &why.to_string()),
            Err(_) => {
                let names: Vec<String> =
                    run.executed.iter().filter(|p| run.can_undo(p)).map(ToString::to_string).collect();
                page.entry("CAN UNDO", Role::Plain, &names.join(", "));
            }
        },
        Ask::Redo => {
            let ended = run.steps.iter().filter(|(p, s)| p.0.len() == 1 && s.ended.is_some());
            let names: Vec<String> = ended.map(|(p, _)| p.to_string()).collect();
            page.entry("ENDED", Role::Plain, &names.join(", "));
        }
        Ask::Abort => {
            let open: Vec<String> = run.active.iter().map(ToString::to_string).collect();
            page.entry("OPEN", Role::Warn, &open.join(", "));
            let undoable: Vec<String> =
                run.executed.iter().filter(|p| run.can_undo(p)).map(ToString::to_string).collect();
            page.entry("CHANGED", Role::Warn, &undoable.join(", "));
        }
        _ => {}
    }
}
