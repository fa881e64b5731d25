//! Live panes: what was read, how old it is, and how far it can be trusted.

use ratatui::layout::Rect;

use super::page::Page;
use super::run::title;
use super::table::fitted;
use super::{STALE, Slot, Ui};
use crate::run::PaneView;
use crate::tui::model::{Pane, Show};
use crate::tui::theme::{self, Role};

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show, focused: bool) {
    let panes = &show.scene.panes;
    let inner = ui.boxed(area, &title(ui, Pane::Live, "Live"), "", focused);
    let mut page = Page::new(ui.theme, inner.width);
    if panes.is_empty() {
        page.text(Role::Muted, "This runbook has no panes.");
    }
    // Worst first: what cannot be trusted, what is unhealthy, the rest in the author's order.
    let mut sorted: Vec<&PaneView> = panes.iter().map(AsRef::as_ref).collect();
    sorted.sort_by_key(|p| rank(ui, p));
    for pane in sorted {
        draw(ui, &mut page, pane);
    }
    let scroll = show.scroll[Pane::Live.index()];
    ui.pane(inner, page.lines, Slot::Pane(Pane::Live.index()), scroll, focused);
}

fn rank(ui: &Ui<'_, '_, '_>, pane: &PaneView) -> u8 {
    match word(ui, pane) {
        Some("WAIT") => 3,
        Some(_) => 0,
        None if pane.rows.iter().any(|r| r.healthy == Some(false)) => 1,
        None => 2,
    }
}

fn word(ui: &Ui<'_, '_, '_>, pane: &PaneView) -> Option<&'static str> {
    pane.word(ui.model.now, STALE.paced(ui.model.facts.pace))
}

/// One pane: its age, how far it can be trusted, its table.
pub fn draw(ui: &Ui<'_, '_, '_>, page: &mut Page, shown: &PaneView) {
    let old = shown.asked.map_or_else(|| "-".to_owned(), |at| ui.model.now.since(at).human());
    let mut head = vec![(Role::Title, shown.title.clone()), (Role::Plain, format!("  {old}"))];
    if let Some(word) = word(ui, shown) {
        head.push((theme::of_word(word), format!("  {word}")));
    }
    page.pieces(&head);
    if let Some(trouble) = &shown.trouble {
        page.cut(Role::Stale, &format!("  {trouble}"));
    }
    let rows: Vec<&[String]> = shown.rows.iter().map(|r| r.cells.as_slice()).collect();
    let table = fitted(ui.theme, page.width.saturating_sub(6), &shown.columns, &rows);
    if !shown.rows.is_empty() {
        page.pieces(&[(Role::Muted, format!("      {}", table.header))]);
    } else if shown.asked.is_some() {
        page.cut(Role::Muted, "      no rows");
    }
    for (row, cells) in shown.rows.iter().zip(table.rows) {
        let word = match row.healthy {
            Some(true) => "OK",
            Some(false) => "BAD",
            None => "",
        };
        let role = theme::of_word(word);
        page.pieces(&[(role, format!(" {word:<4} ")), (Role::Plain, cells)]);
    }
}
