//! What lies ahead of one resource: steps, each so long after the one before it. A scenario may hold them.

use std::collections::VecDeque;

use crate::ids::{At, Span};

/// The steps ahead of a resource, and when the first of them is due.
#[derive(Clone, Debug)]
pub(super) struct Life<S> {
    ahead: VecDeque<(Span, S)>,
    wake: Option<At>,
}

impl<S> Default for Life<S> {
    fn default() -> Life<S> {
        Life { ahead: VecDeque::new(), wake: None }
    }
}

impl<S> Life<S> {
    /// Steps after those that are ahead already.
    pub(super) fn add(&mut self, steps: impl IntoIterator<Item = (Span, S)>) {
        self.ahead.extend(steps);
    }

    /// Nothing is ahead any more.
    pub(super) fn clear(&mut self) {
        *self = Life::default();
    }

    /// Whether something is ahead.
    pub(super) fn is_busy(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Sets the clock of the first step unless it runs; `stays` replaces the pause before it. The moment to be
    /// woken at.
    pub(super) fn arm(&mut self, now: At, stays: Option<Span>) -> Option<At> {
        let (pause, _) = self.ahead.front()?;
        if self.wake.is_some() {
            return None;
        }
        self.wake = Some(now.plus(stays.unwrap_or(*pause)));
        self.wake
    }

    /// The first step, when it is due. A call that was planned before a hold finds nothing.
    pub(super) fn due(&mut self, now: At) -> Option<S> {
        self.wake.filter(|wake| *wake <= now)?;
        self.wake = None;
        self.ahead.pop_front().map(|(_, step)| step)
    }

    /// The first step does not come before `until`. The moment to be woken at.
    pub(super) fn hold(&mut self, until: At) -> Option<At> {
        let wake = self.wake.as_mut()?;
        *wake = (*wake).max(until);
        Some(*wake)
    }
}
