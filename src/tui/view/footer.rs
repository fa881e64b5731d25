//! What the keys do now, made from the key map; a flash takes its first line.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Size, Ui};
use crate::tui::keys::{self, Act, Binding, Context};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::wants::{self, Want};

pub fn lines(size: Size) -> u16 {
    if size == Size::Wide { 2 } else { 1 }
}

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect) {
    let width = usize::from(area.width);
    let rows = usize::from(area.height);
    let mut out = Vec::new();
    if let Some(text) = notice(ui.model) {
        let text = ui.theme.fit(&crate::text::clean(&text), width.saturating_sub(1));
        out.push(Line::styled(format!(" {text}"), ui.theme.style(Role::Warn)));
    }
    let mut keys = valid(ui.model);
    while out.len() < rows && !keys.is_empty() {
        let (line, used) = row(ui, &keys, width);
        out.push(line);
        keys.drain(..used.max(1));
    }
    ui.frame.render_widget(Paragraph::new(out), area);
}

/// What has to be said before the keys.
fn notice(model: &Model) -> Option<String> {
    let leaving = model.show().filter(|s| !s.closed).and_then(|s| s.leaving);
    leaving
        .map(|since| {
            let waited = model.wall.since(since).human();
            format!("LEAVING {waited}: waiting for answers on their way. Ctrl-C twice closes this screen.")
        })
        .or_else(|| model.flash.as_ref().map(|(text, _)| text.clone()))
}

/// The keys that may be pressed now: key and word.
fn valid(model: &Model) -> Vec<(String, String)> {
    let context = Context::of(model);
    keys::bindings(context)
        .filter(|b| !b.brief.is_empty() && keys::allowed(model, b.act).is_ok())
        .filter_map(|b| Some((b.keys.first()?.label(), brief(model, b))))
        .collect()
}

fn brief(model: &Model, binding: &Binding) -> String {
    let show = model.show().filter(|_| binding.act == Act::Attend);
    let Some(show) = show else { return binding.brief.to_owned() };
    let word = match wants::want(&show.scene.run, &show.chosen) {
        Want::Verdict(_) => "settle the unknown outcome",
        Want::Hold(_) => "what can be done",
        Want::Gate(_) => "open gate",
        Want::Answer => "answer",
        Want::Done => "checklist",
        Want::Approval => "second person",
        Want::Nothing => "go to what waits",
    };
    word.to_owned()
}

/// As many keys as fit; gives how many.
fn row(ui: &Ui<'_, '_, '_>, keys: &[(String, String)], width: usize) -> (Line<'static>, usize) {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    let mut count = 0;
    for (key, brief) in keys {
        let cells = key.width() + brief.width() + 1;
        if used + cells > width {
            break;
        }
        spans.push(Span::styled(key.clone(), ui.theme.style(Role::Key)));
        spans.push(Span::raw(format!(" {brief}   ")));
        used += cells + 3;
        count += 1;
    }
    (Line::from(spans), count)
}
