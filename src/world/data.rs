//! What a store holds: which writes, of which line of history. Lost and split writes are judged by it.

use crate::ids::At;

/// The writes in one store: a prefix of each line of history it descends from, its own line last.
///
/// A copy (snapshot, restore, backup) holds what its source held at a moment, and starts a line of its own with
/// its first write.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Data {
    lines: Vec<Line>,
}

/// All writes of one line up to a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    name: String,
    until: At,
}

impl Data {
    /// The data of a store that was never restored, written to until `now`.
    pub fn original(name: &str, now: At) -> Data {
        Data { lines: vec![Line { name: name.to_owned(), until: now }] }
    }

    /// A copy as of `at`: later writes are not in it.
    #[must_use]
    pub fn as_of(&self, at: At) -> Data {
        let lines = self.lines.iter().map(|l| Line { name: l.name.clone(), until: l.until.min(at) });
        Data { lines: lines.collect() }
    }

    /// A write at `at` by whoever reaches the store under `name`.
    pub fn write(&mut self, name: &str, at: At) {
        match self.lines.last_mut().filter(|l| l.name == name) {
            Some(line) => line.until = line.until.max(at),
            None => self.lines.push(Line { name: name.to_owned(), until: at }),
        }
    }

    /// Until when the writes of a line are in the store.
    pub fn holds_until(&self, line: &str) -> Option<At> {
        self.lines.iter().find(|l| l.name == line).map(|l| l.until)
    }

    /// The lines of history in it, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = (&str, At)> {
        self.lines.iter().map(|l| (l.name.as_str(), l.until))
    }
}
