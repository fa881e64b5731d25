//! The run screen: which panes are drawn where.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Size, Ui, journal, live, step, steps, values};
use crate::tui::model::{Pane, Show};

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show) {
    match ui.size {
        _ if show.zoom => pane(ui, area, show, show.pane),
        Size::Wide => wide(ui, area, show),
        Size::Narrow => narrow(ui, area, show),
        Size::Tiny | Size::None => step::render(ui, area, show, true),
    }
}

fn pane(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show, which: Pane) {
    let focused = which == show.pane;
    match which {
        Pane::Steps => steps::render(ui, area, show, focused),
        Pane::Step => step::render(ui, area, show, focused),
        Pane::Live => live::render(ui, area, show, focused),
        Pane::Journal => journal::render(ui, area, show, focused),
        Pane::Values => values::render(ui, area, show, focused),
    }
}

fn wide(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show) {
    let [left, right] = Layout::horizontal([Constraint::Percentage(36), Constraint::Min(40)]).areas(area);
    let [upper, middle, lower] =
        Layout::vertical([Constraint::Fill(5), Constraint::Fill(3), Constraint::Length(8)]).areas(right);
    pane(ui, left, show, Pane::Steps);
    pane(ui, upper, show, Pane::Step);
    pane(ui, middle, show, Pane::Live);
    // Values share the place of the journal: they come forward when they have the keys.
    pane(ui, lower, show, if show.pane == Pane::Values { Pane::Values } else { Pane::Journal });
}

fn narrow(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show) {
    let tall = matches!(show.pane, Pane::Journal | Pane::Live | Pane::Values);
    let below = if tall { 0 } else { 5 };
    let [upper, lower] = Layout::vertical([Constraint::Min(6), Constraint::Length(below)]).areas(area);
    pane(ui, upper, show, show.pane);
    if !tall {
        journal::render(ui, lower, show, false);
    }
}

/// The title of a pane: its number and name; on a narrow screen the other tabs beside it.
pub fn title(ui: &Ui<'_, '_, '_>, which: Pane, what: &str) -> String {
    let number = which.index() + 1;
    if ui.size != Size::Narrow || ui.model.show().is_some_and(|s| s.pane != which) {
        return format!("{number} {what}");
    }
    let tabs = Pane::ALL.iter().map(|p| {
        let text = if *p == which { what } else { p.title() };
        if *p == which { format!("[{} {text}]", p.index() + 1) } else { format!("{} {text}", p.index() + 1) }
    });
    tabs.collect::<Vec<_>>().join("  ")
}
