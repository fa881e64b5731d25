//! One line of typed text, and the comparison of a typed phrase with the wanted one.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_textarea::{CursorMove, TextArea};

/// Longest text that a field takes, in characters.
const LONGEST: usize = 2000;

/// A single-line editor: the state of a `TextArea` that never gets a second line.
#[derive(Clone, Debug, Default)]
pub struct Field {
    area: TextArea<'static>,
}

impl Field {
    /// A field that holds `text`, the cursor at its end.
    pub fn holding(text: &str) -> Field {
        let mut field = Field::default();
        field.paste(text);
        field
    }

    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Characters before the cursor.
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Takes what is pasted or completed: control characters become blanks, line breaks too.
    pub fn paste(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text().chars().count());
        let line: String = text.chars().take(room).map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.area.insert_str(line);
    }

    pub fn set(&mut self, text: &str) {
        *self = Field::holding(text);
    }

    pub fn clear(&mut self) {
        *self = Field::default();
    }

    /// Takes an editing key; false when the key edits nothing here.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return false;
        }
        match (key.code, control) {
            (KeyCode::Char('u'), true) => self.clear(),
            (KeyCode::Char('w'), true) => {
                self.area.delete_word();
            }
            (KeyCode::Char('a'), true) | (KeyCode::Home, _) => self.area.move_cursor(CursorMove::Head),
            (KeyCode::Char('e'), true) | (KeyCode::End, _) => self.area.move_cursor(CursorMove::End),
            (KeyCode::Left, _) => self.area.move_cursor(CursorMove::Back),
            (KeyCode::Right, _) => self.area.move_cursor(CursorMove::Forward),
            (KeyCode::Backspace, _) => {
                self.area.delete_char();
            }
            (KeyCode::Delete, _) => {
                self.area.delete_next_char();
            }
            (KeyCode::Char(c), false) if !c.is_control() => {
                if self.text().chars().count() < LONGEST {
                    self.area.insert_char(c);
                }
            }
            _ => return false,
        }
        true
    }
}

/// How far a typed phrase agrees with the wanted one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Agreement {
    Empty,
    /// So far right: this many of that many characters.
    SoFar(usize, usize),
    /// The first character that differs, counted from 1.
    DiffersAt(usize),
    Exact,
}

impl Agreement {
    pub fn of(wanted: &str, typed: &str) -> Agreement {
        if typed.is_empty() {
            return Agreement::Empty;
        }
        let differs = wanted.chars().zip(typed.chars()).position(|(a, b)| a != b);
        let (all, there) = (wanted.chars().count(), typed.chars().count());
        match differs {
            Some(at) => Agreement::DiffersAt(at + 1),
            None if there > all => Agreement::DiffersAt(all + 1),
            None if there == all => Agreement::Exact,
            None => Agreement::SoFar(there, all),
        }
    }

    /// In words, for every screen.
    pub fn words(self) -> String {
        match self {
            Agreement::Empty => "nothing typed yet".into(),
            Agreement::SoFar(n, all) => format!("right so far, {n} of {all}"),
            Agreement::DiffersAt(at) => format!("differs at {at}"),
            Agreement::Exact => "complete".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_says_where_it_differs() {
        assert_eq!(Agreement::of("orders-prod", ""), Agreement::Empty);
        assert_eq!(Agreement::of("orders-prod", "ord"), Agreement::SoFar(3, 11));
        assert_eq!(Agreement::of("orders-prod", "orders_prod").words(), "differs at 7");
        assert_eq!(Agreement::of("orders", "orders "), Agreement::DiffersAt(7));
        assert_eq!(Agreement::of("orders", "orders"), Agreement::Exact);
    }

    #[test]
    fn pasted_lines_become_one_line() {
        let mut field = Field::default();
        field.paste("two\nlines\u{1b}[31m");
        assert_eq!(field.text(), "two lines [31m");
    }

    #[test]
    fn a_field_edits_in_its_middle() {
        let mut field = Field::holding("ac");
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        field.key(key(KeyCode::Left));
        field.key(key(KeyCode::Char('b')));
        assert_eq!((field.text(), field.cursor()), ("abc", 2));
        assert!(!field.key(key(KeyCode::Enter)) && !field.key(key(KeyCode::Tab)));
    }
}
