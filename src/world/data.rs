//! What a store holds: which writes, of which line of history. Lost and split writes are judged by it.

use crate::ids::At;

/// The writes in one store: a prefix of each line of history it descends from, its own line last.
///
/// A copy (snapshot, restore, backup) holds what its source held at a moment, and starts a line of its own with
/// its first write.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Data {
    lines: Vec<Line>,
    /// How many of the lines came with the copy that the store was made of.
    copied: usize,
}

/// All writes of one line between two moments; from the beginning of time where `since` is not known.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    name: String,
    since: Option<At>,
    until: At,
}

impl Data {
    /// The data of a store that was never restored, written to until `now`.
    pub fn original(name: &str, now: At) -> Data {
        Data { lines: vec![Line { name: name.to_owned(), since: None, until: now }], copied: 0 }
    }

    /// A copy as of `at`: later writes are not in it.
    #[must_use]
    pub fn as_of(&self, at: At) -> Data {
        let before = self.lines.iter().filter(|l| l.since.is_none_or(|since| since <= at));
        let lines: Vec<Line> = before.map(|l| Line { until: l.until.min(at), ..l.clone() }).collect();
        Data { copied: lines.len(), lines }
    }

    /// A write at `at` by whoever reaches the store under `name`.
    pub fn write(&mut self, name: &str, at: At) {
        let own = self.lines.get_mut(self.copied..).and_then(<[Line]>::last_mut);
        match own.filter(|l| l.name == name) {
            Some(line) => line.until = line.until.max(at),
            None => self.lines.push(Line { name: name.to_owned(), since: Some(at), until: at }),
        }
    }

    /// Whether the store was made of another one.
    pub fn is_copy(&self) -> bool {
        self.copied > 0
    }

    /// Until when the writes of a line are in the store.
    pub fn holds_until(&self, line: &str) -> Option<At> {
        self.lines.iter().filter(|l| l.name == line).map(|l| l.until).max()
    }

    /// Whether a write that was made to a line at `at` is in the store.
    pub fn holds(&self, line: &str, at: At) -> bool {
        let covers = |l: &Line| l.since.is_none_or(|since| since <= at) && at <= l.until;
        self.lines.iter().any(|l| l.name == line && covers(l))
    }

    /// The lines of history in it, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = (&str, At)> {
        self.lines.iter().map(|l| (l.name.as_str(), l.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_written_to_under_the_old_name_does_not_hold_what_came_between() {
        let original = Data::original("orders", At(100));
        let mut copy = original.as_of(At(60));
        copy.write("orders", At(200));
        copy.write("orders", At(210));
        let held = [60, 61, 199, 200, 210, 211].map(|at| copy.holds("orders", At(at)));
        assert_eq!(held, [true, false, false, true, true, false]);
    }

    #[test]
    fn a_copy_of_the_time_before_a_line_began_has_nothing_of_it() {
        let mut store = Data::original("orders", At(100));
        store.write("parked", At(150));
        assert_eq!(store.as_of(At(120)).lines().collect::<Vec<_>>(), [("orders", At(100))]);
        assert_eq!(store.as_of(At(150)).holds_until("parked"), Some(At(150)));
    }
}
