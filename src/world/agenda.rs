//! What will happen by itself, in the order in which it will.

use std::collections::BTreeMap;

use super::{Due, Site};
use crate::ids::At;

/// Events by time; those of one moment in the order in which they were planned.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    planned: u64,
    events: BTreeMap<(At, u64), (Site, Due)>,
}

impl Agenda {
    pub(super) fn add(&mut self, at: At, site: &Site, due: Due) {
        self.planned += 1;
        self.events.insert((at, self.planned), (site.clone(), due));
    }

    pub(super) fn next_at(&self) -> Option<At> {
        self.events.keys().next().map(|(at, _)| *at)
    }

    /// The first event at or before `to`.
    pub(super) fn pop(&mut self, to: At) -> Option<(At, Site, Due)> {
        let first = self.events.first_entry().filter(|e| e.key().0 <= to)?;
        let ((at, _), (site, due)) = first.remove_entry();
        Some((at, site, due))
    }
}
