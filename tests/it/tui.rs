//! The console: what keys do, what can never happen, and every screen at its sizes.

#[cfg(feature = "aws")]
mod alone;
mod drill;
mod drilled;
mod gates;
mod hands;
mod lines;
mod play;
mod prompts;
mod screens;
mod starting;
mod updates;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ripcord::ids::At;
use ripcord::tui::Theme;
use ripcord::tui::model::Model;
use ripcord::tui::msg::{Cmd, Msg};
use ripcord::tui::update::update;
use ripcord::tui::view::view;

/// The screen as text, with the hardware cursor said below it.
fn screen(model: &mut Model, theme: Theme) -> String {
    let (columns, rows) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut hits = None;
    terminal.draw(|frame| hits = Some(view(model, theme, frame))).unwrap();
    model.drawn(hits.unwrap());
    let cursor = terminal.get_cursor_position().unwrap();
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..rows {
        let line: String = (0..columns).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    format!("{out}cursor {},{}\n", cursor.x, cursor.y)
}

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Presses a key at the model's own time.
fn press(model: &mut Model, code: KeyCode) -> Vec<Cmd> {
    let now = model.now;
    update(model, Msg::Key(key(code)), now)
}

fn control(model: &mut Model, c: char) -> Vec<Cmd> {
    let now = model.now;
    update(model, Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)), now)
}

fn type_text(model: &mut Model, text: &str) -> Vec<Cmd> {
    text.chars().flat_map(|c| press(model, KeyCode::Char(c))).collect()
}

/// Time passes; nothing else happens.
fn pass(model: &mut Model, millis: i64) {
    let now = At(model.now.0 + millis);
    update(model, Msg::Tick, now);
}
