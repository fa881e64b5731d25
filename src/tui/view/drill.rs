//! What only a drill shows: its brief, on the start page and as a sheet, and its debrief.

use ratatui::layout::Rect;

use super::Ui;
use super::layers::{sheet, width};
use super::page::Page;
use crate::tui::backstage::{Brief, Tempo};
use crate::tui::theme::Role;

/// What is known, and how another terminal gets in.
fn told(page: &mut Page, brief: &Brief) {
    page.markdown("STORY", &brief.story);
    page.gap();
    if brief.environment.is_empty() {
        page.entry("SHELL", Role::Muted, "no other program reaches the cloud of this drill");
    } else {
        page.entry("SHELL", Role::Muted, "in another terminal, so that `aws` sees the same world:");
        page.wide("", Role::Plain, &brief.environment);
    }
}

/// The brief on the start page, as much of it as the area shows.
pub fn on_start(ui: &mut Ui<'_, '_, '_>, area: Rect, brief: &Brief) {
    let inner = ui.boxed(area, "Drill: what is known", "b shows it again", false);
    let page = start_page(ui, inner.width, brief);
    ui.paged_by(inner, page.lines, 0, ["b", "b"]);
}

/// How many lines the brief takes on the start page, borders included.
pub fn lines(ui: &Ui<'_, '_, '_>, width: u16, brief: &Brief) -> u16 {
    u16::try_from(start_page(ui, width.saturating_sub(2), brief).len() + 2).unwrap_or(u16::MAX)
}

fn start_page(ui: &Ui<'_, '_, '_>, width: u16, brief: &Brief) -> Page {
    let mut page = Page::new(ui.theme, width);
    told(&mut page, brief);
    page
}

/// The brief as a sheet: with the hints that were given and what the clock does.
pub fn brief(ui: &mut Ui<'_, '_, '_>, area: Rect, scroll: usize) {
    let Some(brief) = &ui.model.facts.drill else { return };
    let mut page = Page::new(ui.theme, width(ui, area));
    told(&mut page, brief);
    page.gap();
    for (n, hint) in brief.hints.iter().enumerate() {
        page.markdown(&format!("HINT {}", n + 1), hint);
    }
    if brief.hints.is_empty() {
        page.entry("HINTS", Role::Muted, "none asked so far; H asks for the next one, and it is counted");
    }
    page.gap();
    page.entry("CLOCK", Role::Muted, &clock(ui.model.tempo));
    let text = sheet(ui, area, "Drill", "Esc closes", page, scroll);
    ui.cursor(text.x, text.y);
}

fn clock(tempo: Option<Tempo>) -> String {
    match tempo {
        Some(Tempo::Paused) => "stands still; p lets it go on".into(),
        Some(Tempo::Running(1)) => {
            "as on the wall: your time to read and to decide counts as it is; p stops it".into()
        }
        Some(Tempo::Running(speed)) => {
            format!(
                "{speed} times as fast as the wall while AWS works, as on the wall while you are asked; p stops it"
            )
        }
        None => String::new(),
    }
}

/// The same text that is printed after the console.
pub fn debrief(ui: &mut Ui<'_, '_, '_>, area: Rect, scroll: usize) {
    let mut page = Page::new(ui.theme, width(ui, area));
    let text = ui.model.debrief.as_deref().unwrap_or_default();
    for line in text.trim_start_matches('\n').lines() {
        let role = if line.trim_start().starts_with("FAIL ") { Role::Crit } else { Role::Plain };
        // Its columns are blanks: it is cut, never wrapped anew.
        page.cut(role, line);
    }
    let text = sheet(ui, area, "Debrief", "q leaves", page, scroll);
    ui.cursor(text.x, text.y);
}
