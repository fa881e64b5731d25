//! Live panes: what was read, how old it is, and how far it can be trusted.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::page::{Page, padded};
use super::run::title;
use super::{Slot, Ui};
use crate::ids::Span;
use crate::run::PaneView;
use crate::tui::model::{Pane, Show};
use crate::tui::theme::{self, Role};

/// Older than twice the cadence of a pane is STALE.
const STALE: Span = Span::secs(30);

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
    let widths = widths(page.width.saturating_sub(6), shown);
    if !shown.rows.is_empty() {
        page.pieces(&[(Role::Muted, format!("      {}", cells(ui, &shown.columns, &widths)))]);
    } else if shown.asked.is_some() {
        page.cut(Role::Muted, "      no rows");
    }
    for row in &shown.rows {
        let word = match row.healthy {
            Some(true) => "OK",
            Some(false) => "BAD",
            None => "",
        };
        let role = theme::of_word(word);
        page.pieces(&[(role, format!(" {word:<4} ")), (Role::Plain, cells(ui, &row.cells, &widths))]);
    }
}

fn cells(ui: &Ui<'_, '_, '_>, cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| padded(ui.theme, cell, *width));
    padded.collect::<Vec<_>>().join("  ")
}

/// As wide as the content; the widest gives way first when there is no room.
fn widths(room: usize, pane: &PaneView) -> Vec<usize> {
    table_widths(room, &pane.columns, pane.rows.iter().map(|r| r.cells.as_slice()))
}

/// Widths of the columns of a table in `room` cells, two blanks between them.
pub fn table_widths<'r>(
    room: usize,
    columns: &[String],
    rows: impl Iterator<Item = &'r [String]>,
) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|c| c.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let gaps = widths.len().saturating_sub(1) * 2;
    // The first column names the row: it gives way last.
    let over = |widths: &[usize]| widths.iter().sum::<usize>() + gaps > room;
    while over(&widths) {
        let Some(widest) = widths.iter_mut().skip(1).max().filter(|w| **w > 8) else { break };
        *widest -= 1;
    }
    while over(&widths) {
        let Some(widest) = widths.iter_mut().max().filter(|w| **w > 4) else { break };
        *widest -= 1;
    }
    widths
}
