//! Lines of text for a box: wrapped, labelled, cleaned. Whatever came from outside enters the screen here.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::{clean, clean_lines};
use crate::tui::theme::{Role, Theme};

/// Widest prose, in cells.
const PROSE: usize = 76;

/// Lines being written for a box of a known width.
pub struct Page {
    pub lines: Vec<Line<'static>>,
    pub width: usize,
    theme: Theme,
    /// Cells of the label column.
    label: usize,
}

impl Page {
    pub fn new(theme: Theme, width: u16) -> Page {
        Page { lines: Vec::new(), width: usize::from(width), theme, label: 7 }
    }

    /// The same with a label column of another width.
    #[must_use]
    pub fn labelled(mut self, label: usize) -> Page {
        self.label = label;
        self
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    /// Wrapped text over the whole width.
    pub fn text(&mut self, role: Role, text: &str) {
        let style = self.theme.style(role);
        for line in wrapped(&clean_lines(text), self.width) {
            self.lines.push(Line::styled(line, style));
        }
    }

    /// One line that is cut, not wrapped.
    pub fn cut(&mut self, role: Role, text: &str) {
        let text = self.theme.fit(&clean(text), self.width);
        self.lines.push(Line::styled(text, self.theme.style(role)));
    }

    /// A label and wrapped text beside it; nothing for an empty text.
    pub fn entry(&mut self, label: &str, role: Role, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let room = self.width.saturating_sub(self.label).clamp(8, PROSE.max(8));
        let lines = wrapped(&clean_lines(text), room);
        for (i, line) in lines.into_iter().enumerate() {
            self.beside(if i == 0 { label } else { "" }, role, line);
        }
    }

    /// Like [`Page::entry`] but as wide as the box: for conditions and command lines.
    pub fn wide(&mut self, label: &str, role: Role, text: &str) {
        let room = self.width.saturating_sub(self.label).max(8);
        for (i, line) in wrapped(&clean_lines(text), room).into_iter().enumerate() {
            self.beside(if i == 0 { label } else { "" }, role, line);
        }
    }

    /// Names and values, aligned, under one label. A name too long for its column stands whole, on a line of its own
    /// where its value has no room beside it: what a call sends is never shown in part.
    pub fn pairs(&mut self, label: &str, pairs: &[(String, String)]) {
        let room = self.width.saturating_sub(self.label).max(16);
        let names: Vec<String> = pairs.iter().map(|(name, _)| clean(name).into_owned()).collect();
        let column = names.iter().map(|n| n.width()).filter(|w| *w <= room / 2).max().unwrap_or(4);
        for (i, (name, (_, value))) in names.into_iter().zip(pairs).enumerate() {
            let label = if i == 0 { label } else { "" };
            let value = clean(value);
            if name.width() > column && name.width() + 2 + value.width() <= room {
                self.beside(label, Role::Plain, format!("{name}  {value}"));
                continue;
            }
            let mut lines = wrapped(&value, room.saturating_sub(column + 2).max(8)).into_iter();
            if name.width() > column {
                self.beside(label, Role::Plain, name);
            } else {
                let gap = " ".repeat(column - name.width() + 2);
                self.beside(label, Role::Plain, format!("{name}{gap}{}", lines.next().unwrap_or_default()));
            }
            for line in lines {
                self.beside("", Role::Plain, format!("{}{line}", " ".repeat(column + 2)));
            }
        }
    }

    fn beside(&mut self, label: &str, role: Role, text: String) {
        let padded = padded(self.theme, label, self.label.saturating_sub(1)) + " ";
        self.lines.push(Line::from(vec![
            Span::styled(padded, self.theme.style(Role::Label)),
            Span::styled(text, self.theme.style(role)),
        ]));
    }

    /// A state word and text beside it.
    pub fn worded(&mut self, word: &str, role: Role, text: &str) {
        let room = self.width.saturating_sub(self.label).max(8);
        for (i, line) in wrapped(&clean_lines(text), room).into_iter().enumerate() {
            let shown = if i == 0 { word } else { "" };
            let padded = format!("{shown:<width$}", width = self.label);
            self.lines.push(Line::from(vec![Span::styled(padded, self.theme.style(role)), Span::raw(line)]));
        }
    }

    /// A line of pieces, each with its role; cut at the width.
    pub fn pieces(&mut self, pieces: &[(Role, String)]) {
        self.lines.push(pieces_line(self.theme, pieces, self.width));
    }

    /// Prose in markdown, as plain text, under a label.
    pub fn markdown(&mut self, label: &str, source: &str) {
        self.entry(label, Role::Plain, &plain(source));
    }

    pub fn chosen(&mut self) {
        let style = self.theme.style(Role::Chosen);
        if let Some(line) = self.lines.last_mut() {
            *line = std::mem::take(line).patch_style(style);
        }
    }
}

/// A line of pieces, each with its role, cut at `width` cells.
pub fn pieces_line(theme: Theme, pieces: &[(Role, String)], width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for (role, text) in pieces {
        let text = theme.fit(&clean(text), width.saturating_sub(used));
        used += text.width();
        spans.push(Span::styled(text, theme.style(*role)));
    }
    Line::from(spans)
}

/// A cell of exactly `width`: cut or filled.
pub fn padded(theme: Theme, text: &str, width: usize) -> String {
    let mut cut = theme.fit(&clean(text), width);
    let missing = width.saturating_sub(cut.width());
    cut.extend(std::iter::repeat_n(' ', missing));
    cut
}

/// Breaks cleaned text into lines of at most `width` cells: at blanks, and inside words that are longer.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    text.lines().flat_map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let indent: String = line.chars().take_while(|c| *c == ' ').take(width / 2).collect();
    let mut out = Vec::new();
    let mut now = indent.clone();
    for word in line.split_whitespace() {
        let blank = usize::from(now.len() > indent.len());
        if now.width() + blank + word.width() > width && now.len() > indent.len() {
            out.push(std::mem::replace(&mut now, indent.clone()));
        } else if blank == 1 {
            now.push(' ');
        }
        for c in word.chars() {
            if now.width() + c.width().unwrap_or(0) > width {
                out.push(std::mem::replace(&mut now, indent.clone()));
            }
            now.push(c);
        }
    }
    out.push(now);
    out
}

/// Markdown without its marks: emphasis goes, lists and code stay readable.
fn plain(source: &str) -> String {
    let mut out = String::new();
    for event in Parser::new(source) {
        match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => out.push_str(&text),
            Event::Code(code) => {
                out.push('`');
                out.push_str(&code);
                out.push('`');
            }
            Event::SoftBreak => out.push(' '),
            Event::Start(Tag::Item) => out.push_str("\n- "),
            Event::HardBreak
            | Event::Rule
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::List(_)) => {
                out.push('\n');
            }
            _ => {}
        }
    }
    out.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_endless_words_break() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("a\n\nb", 5), ["a", "", "b"]);
        assert_eq!(wrapped("日本語", 4), ["日本", "語"]);
    }

    #[test]
    fn markdown_loses_its_marks_and_keeps_its_sense() {
        assert_eq!(plain("Why *this*:\n\n- one `x`\n- two\n"), "Why this:\n- one `x`\n- two");
    }

    #[test]
    fn an_escape_never_reaches_a_line() {
        let mut page = Page::new(Theme::default(), 40);
        page.entry("WHY", Role::Plain, "a\u{1b}[31mb\u{202e}");
        page.pairs("CALL", &[("n\u{7}".into(), "v\u{9b}".into())]);
        let text: String = page.lines.iter().map(ToString::to_string).collect();
        assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text:?}");
    }
}
