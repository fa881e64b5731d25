//! Which items of a `for_each` may be worked on: `concurrency` and `on_item_failure`.

use std::collections::BTreeMap;

use super::advance::writes;
use super::state::{Run, Stage, StepRun};
use crate::ids::StepPath;
use crate::runbook::{ForEach, OnItemFailure, Step};

/// What is taken of the slots of each `for_each`, counted once: a run of many items asks for every one of them.
#[derive(Default)]
pub(super) struct Slots(BTreeMap<StepPath, Taken>);

#[derive(Clone, Copy)]
struct Taken {
    busy: usize,
    held: bool,
}

/// The innermost `for_each` around a step instance.
struct Around<'r> {
    path: StepPath,
    each: &'r ForEach,
    run: &'r StepRun,
    /// The list of the instance's own item.
    own: StepPath,
}

impl Slots {
    /// Whether one more item of the `for_each` around `path` may be worked on.
    pub(super) fn free(&mut self, run: &Run, path: &StepPath) -> bool {
        let Some(around) = run.around(path) else { return true };
        let taken = *self.0.entry(around.path.clone()).or_insert_with(|| run.taken(&around));
        let own = run.busy(&around.own);
        let paused = taken.held && around.each.on_item_failure == OnItemFailure::Pause;
        taken.busy - usize::from(own) < around.each.concurrency && (own || !paused)
    }
}

impl Run {
    /// Whether one more item may begin.
    pub(super) fn may_start(&self, path: &StepPath, step: &Step, run: &StepRun) -> bool {
        let Some(each) = &step.for_each else { return false };
        let lists = || run.items.iter().map(|i| path.item(&i.key));
        if each.on_item_failure == OnItemFailure::Pause && lists().any(|l| self.item_holds(&l)) {
            return false;
        }
        // The calls of a first mutating step are prepared for all items, so that one gate shows them all;
        // concurrency then limits the sending (`Slots`).
        let prepares = step.steps.first().is_some_and(writes);
        let at_work = |l: &StepPath| self.list_started(l) && !self.list_done(l) && !self.item_holds(l);
        prepares || lists().filter(at_work).count() < each.concurrency
    }

    pub(super) fn list_started(&self, list: &StepPath) -> bool {
        self.lists.get(list).is_some_and(|c| c.current.is_some() || c.next > 0)
    }

    fn around(&self, path: &StepPath) -> Option<Around<'_>> {
        let at = path.0.iter().rposition(|s| s.key.is_some())?;
        let own = StepPath(path.0[..=at].to_vec());
        let mut each = own.clone();
        each.0[at].key = None;
        let for_each = self.plan.step(&each)?.for_each.as_ref()?;
        Some(Around { run: self.steps.get(&each)?, path: each, each: for_each, own })
    }

    fn taken(&self, around: &Around<'_>) -> Taken {
        let open = around.run.items.iter().filter(|i| i.given_up.is_none());
        let lists: Vec<StepPath> = open.map(|i| around.path.item(&i.key)).collect();
        let busy = lists.iter().filter(|l| self.busy(l)).count();
        Taken { busy, held: lists.iter().any(|l| self.item_holds(l)) }
    }

    /// Whether a call of this item has been sent, and it is not over yet. One that holds takes no slot.
    fn busy(&self, list: &StepPath) -> bool {
        let Some(cursor) = self.lists.get(list) else { return false };
        let current = cursor.current.as_ref().and_then(|p| self.steps.get(p));
        let sent = current.is_some_and(|s| {
            matches!(s.stage, Stage::InFlight(_) | Stage::Doubt { .. } | Stage::Done { .. })
        });
        (cursor.next > 1 || sent) && !self.list_done(list) && !self.item_holds(list)
    }

    fn item_holds(&self, list: &StepPath) -> bool {
        let current = self.lists.get(list).and_then(|c| c.current.as_ref());
        current.and_then(|p| self.steps.get(p)).is_some_and(|s| s.hold.is_some())
    }
}
