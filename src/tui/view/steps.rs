//! The list of steps: a word, a number, a title, and how long it took or takes.

use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

use super::Ui;
use super::page::{padded, pieces_line};
use super::run::title;
use crate::run::Run;
use crate::tui::model::{Pane, Show};
use crate::tui::theme::{self, Role};
use crate::tui::wants::{self, Row};

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show, focused: bool) {
    let inner = ui.boxed(area, &title(ui, Pane::Steps, "Steps"), "", focused);
    let rows = wants::rows(&show.scene.run);
    let at = rows.iter().position(|r| r.path == show.chosen).unwrap_or(0);
    let room = usize::from(inner.height);
    // Two steps ahead stay in sight.
    let top = (at + 3).saturating_sub(room).min(rows.len().saturating_sub(room));
    let mut lines = Vec::new();
    for (i, row) in rows.iter().enumerate().skip(top).take(room) {
        let y = inner.y + u16::try_from(lines.len()).unwrap_or(0);
        ui.hits.rows.push((Rect::new(inner.x, y, inner.width, 1), i));
        lines.push(line(ui, &show.scene.run, row, i == at, usize::from(inner.width)));
        if i == at && focused && ui.model.layers.is_empty() {
            ui.cursor(inner.x, y);
        }
    }
    if focused {
        ui.hits.page = room;
    }
    ui.frame.render_widget(Paragraph::new(lines), inner);
}

fn line(
    ui: &Ui<'_, '_, '_>,
    run: &Run,
    row: &Row,
    chosen: bool,
    width: usize,
) -> ratatui::text::Line<'static> {
    let mark = if chosen { ">" } else { " " };
    let number = row.number.map_or_else(|| "  ".to_owned(), |n| format!("{n:>2}"));
    let time = time(ui, run, row);
    let room = width.saturating_sub(12 + time.chars().count());
    let indent = " ".repeat((row.depth * 2).min(8));
    let text = padded(ui.theme, &format!("{indent}{}", row.title), room);
    let word = format!("{mark}{:<6} ", row.word);
    let (word_role, text_role) =
        if chosen { (Role::Chosen, Role::Chosen) } else { (theme::of_word(row.word), Role::Plain) };
    pieces_line(ui.theme, &[(word_role, word), (text_role, format!("{number} {text} {time}"))], width)
}

/// How long an ended step took, how long one at work has been, how long one to come usually takes.
fn time(ui: &Ui<'_, '_, '_>, run: &Run, row: &Row) -> String {
    let step = run.steps.get(&row.path);
    match step {
        Some(step) => {
            let end = step.ended.unwrap_or(ui.model.now);
            end.since(step.began).human()
        }
        None if row.path.0.last().is_some_and(|s| s.key.is_some()) => String::new(),
        None => {
            let estimate = run.plan.step(&row.path).and_then(|s| s.estimate);
            estimate.map_or_else(String::new, |e| format!("~{e}"))
        }
    }
}
