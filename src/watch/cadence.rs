//! When to look again. Pure arithmetic over what the last answer was.

use super::{Reading, UnreadKind};
use crate::ids::Span;

/// Longest pause between two looks at a throttling or silent endpoint.
const LONGEST: Span = Span::mins(2);

/// How often one question is asked: its interval, doubled for each answer in a row that was refused or lost, or
/// that brought nothing new where that may stretch it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cadence {
    interval: Span,
    /// How far answers with nothing new may stretch the pause.
    idle: Span,
    misses: u32,
    same: u32,
}

impl Cadence {
    /// Looks every `interval`, already divided by the pace of the run.
    pub fn every(interval: Span) -> Cadence {
        Cadence { interval, idle: interval, misses: 0, same: 0 }
    }

    /// Looks seldom while nothing changes, at least every `idle` (`aws.md` §6).
    #[must_use]
    pub fn idling(self, idle: Span) -> Cadence {
        Cadence { idle, ..self }
    }

    /// Takes note of whether the last answer brought anything new.
    #[must_use]
    pub fn seen(self, new: bool) -> Cadence {
        Cadence { same: if new { 0 } else { self.same.saturating_add(1) }, ..self }
    }

    /// Takes note of an answer.
    #[must_use]
    pub fn after(self, reading: &Reading) -> Cadence {
        let slow = reading
            .answer
            .as_ref()
            .is_err_and(|u| matches!(u.kind, UnreadKind::Throttled | UnreadKind::Transport));
        Cadence { misses: if slow { self.misses.saturating_add(1) } else { 0 }, ..self }
    }

    /// How long to wait before the next look. `jitter` in 0..=100 spreads callers by up to a fifth.
    pub fn pause(self, jitter: u32) -> Span {
        let stretched = self.interval.0.saturating_mul(1 << self.same.min(10)).min(self.idle.0);
        let doubled = stretched.saturating_mul(1 << self.misses.min(10));
        let capped = doubled.min(LONGEST.0.max(stretched));
        Span(capped + capped / 500 * u64::from(jitter.min(100)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::At;
    use crate::watch::Unread;

    fn reading(kind: Option<UnreadKind>) -> Reading {
        let answer = match kind {
            Some(kind) => Err(Unread::new(kind, "")),
            None => Ok(Arc::new(serde_json::Value::Null)),
        };
        Reading { asked: At(0), at: At(0), answer }
    }

    #[test]
    fn a_throttled_question_is_asked_half_as_often_up_to_two_minutes() {
        let mut cadence = Cadence::every(Span::secs(15));
        for expected in [30, 60, 120, 120] {
            cadence = cadence.after(&reading(Some(UnreadKind::Throttled)));
            assert_eq!(cadence.pause(0), Span::secs(expected));
        }
        assert_eq!(cadence.after(&reading(None)).pause(0), Span::secs(15));
    }

    #[test]
    fn where_nothing_changes_it_is_asked_less_until_something_does() {
        let mut cadence = Cadence::every(Span::secs(15)).idling(Span::secs(60));
        for expected in [30, 60, 60] {
            cadence = cadence.seen(false);
            assert_eq!(cadence.pause(0), Span::secs(expected));
        }
        assert_eq!(cadence.seen(true).pause(0), Span::secs(15));
        assert_eq!(Cadence::every(Span::secs(5)).seen(false).pause(0), Span::secs(5));
    }

    #[test]
    fn an_answer_with_an_error_code_is_an_answer() {
        let cadence = Cadence::every(Span::secs(5)).after(&reading(Some(UnreadKind::Answer)));
        assert_eq!(cadence.pause(100), Span::secs(6));
    }
}
