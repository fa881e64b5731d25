//! A page under construction: headings, tables, lists.

use std::fmt::Write as _;

/// Markdown that grows downwards. Cells and lines must have gone through `escape`.
#[derive(Default)]
pub(super) struct Page {
    out: String,
}

impl Page {
    pub fn heading(&mut self, level: usize, text: &str) {
        self.blank();
        writeln!(self.out, "{} {text}\n", "#".repeat(level)).ok();
    }

    pub fn line(&mut self, text: &str) {
        writeln!(self.out, "{text}").ok();
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.blank();
        self.line(text);
    }

    pub fn item(&mut self, text: &str) {
        writeln!(self.out, "- {text}").ok();
    }

    /// A table; where there are no rows it says so in words.
    pub fn table(&mut self, none: &str, titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return self.line(none);
        }
        self.blank();
        writeln!(self.out, "| {} |", titles.join(" | ")).ok();
        writeln!(self.out, "|{}", " --- |".repeat(titles.len())).ok();
        for row in rows {
            writeln!(self.out, "| {} |", row.join(" | ")).ok();
        }
    }

    pub fn raw(&mut self, block: &str) {
        self.blank();
        self.out.push_str(block);
    }

    /// One empty line, not two.
    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub fn end(self) -> String {
        self.out
    }
}
