//! The text of a runbook file, and the way from a byte offset to a line and a column.

use std::ops::Range;

/// A line longer than this is kept in part only.
const LONG: usize = 1000;

/// A file's text with its lines found.
pub(crate) struct Source<'t> {
    pub name: &'t str,
    pub text: &'t str,
    /// Byte offset of the start of each line.
    starts: Vec<usize>,
}

impl<'t> Source<'t> {
    pub(crate) fn new(name: &'t str, text: &'t str) -> Source<'t> {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Source { name, text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }

    /// The text of a line (from 1) without its line break.
    pub(crate) fn line(&self, line: usize) -> &'t str {
        let start = self.starts[line - 1];
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// The text of a line as a finding keeps it: all of it, or of a very long one the part around `column`, and
    /// how many characters are left out before that.
    pub(crate) fn excerpt(&self, line: usize, column: usize) -> (String, usize) {
        let text = self.line(line);
        if text.len() <= LONG {
            return (text.to_owned(), 0);
        }
        let from = column.saturating_sub(LONG / 4);
        (text.chars().skip(from).take(LONG / 2).collect(), from)
    }

    /// How many characters of `range` stand on the line where it starts; at least one.
    pub(crate) fn width(&self, range: &Range<usize>) -> usize {
        let text = self.text.get(range.clone()).unwrap_or_default();
        text.lines().next().unwrap_or_default().chars().count().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns_of_characters() {
        let source = Source::new("x", "a: ö\nbä: 1\n");
        assert_eq!(source.place(0), (1, 1));
        assert_eq!(source.place(3), (1, 4));
        assert_eq!(source.place("a: ö\nbä".len()), (2, 3));
        assert_eq!(source.line(2), "bä: 1");
        assert_eq!(source.place(source.text.len()), (3, 1));
    }
}
