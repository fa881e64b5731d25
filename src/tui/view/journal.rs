//! The tail of the journal, newest first.

use ratatui::layout::Rect;

use super::page::Page;
use super::run::title;
use super::{Slot, Ui};
use crate::tui::model::{Pane, Show};
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show, focused: bool) {
    let head = format!("head {}", show.scene.head.get(..8).unwrap_or("-"));
    let inner = ui.boxed(area, &title(ui, Pane::Journal, "Journal"), &head, focused);
    let mut page = Page::new(ui.theme, inner.width).labelled(10);
    for line in show.scene.log.iter().rev() {
        let clock = format!("{}Z", line.at.clock());
        if focused {
            page.wide(&clock, Role::Plain, &line.text);
        } else {
            page.pieces(&[(Role::Label, format!("{clock} ")), (Role::Plain, line.text.clone())]);
        }
    }
    let scroll = show.scroll[Pane::Journal.index()];
    ui.pane(inner, page.lines, Slot::Pane(Pane::Journal.index()), if focused { scroll } else { 0 }, focused);
}
