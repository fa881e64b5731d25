//! What the operator must not have to remember: parameters, captured values, outputs.

use ratatui::layout::Rect;
use serde_json::{Map, Value};

use super::page::Page;
use super::run::title;
use super::{Slot, Ui};
use crate::tui::about::short;
use crate::tui::model::{Pane, Show};
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show, focused: bool) {
    let inner = ui.boxed(area, &title(ui, Pane::Values, "Values"), "captured and answered", focused);
    let mut page = Page::new(ui.theme, inner.width).labelled(2);
    let run = &show.scene.run;
    section(&mut page, "parameters", &run.parameters);
    for (path, step) in &run.steps {
        section(&mut page, &path.to_string(), &step.outputs);
        if let Some(captured) = &step.captured {
            section(&mut page, &format!("{path} captured"), captured);
        }
    }
    let scroll = show.scroll[Pane::Values.index()];
    ui.pane(inner, page.lines, Slot::Pane(Pane::Values.index()), scroll, focused);
}

fn section(page: &mut Page, title: &str, values: &Map<String, Value>) {
    let pairs: Vec<(String, String)> =
        values.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), cut(&short(v)))).collect();
    if !pairs.is_empty() {
        page.text(Role::Label, title);
        page.pairs("", &pairs);
    }
}

/// Captured documents can be long; the journal has them whole.
fn cut(text: &str) -> String {
    const MOST: usize = 600;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{} (+{} bytes)", &text[..at], text.len() - at),
        None => text.to_owned(),
    }
}
