//! Where the journal does not tell what must have happened.
//!
//! The facts are folded once more, and each is held against the state before it: a fact that cannot follow
//! from what is recorded points at one that is missing. The hash chain finds lines that were lost or changed
//! by accident; this finds what a rewritten journal leaves out. Some kinds leave no trace (a note, a conflict
//! after the end of a step): for these the report counts the facts of every kind.

mod lists;
mod sent;

use std::collections::{BTreeMap, BTreeSet};

use super::model::Gap;
use super::source::{Journalled, Source, empty_run};
use crate::ids::{At, EffectName, StepPath};
use crate::run::{Fact, Run, RunState, StepState};

/// A kind of fact, by its name in the journal.
type Kinds = &'static [&'static str];

/// The walk over the facts.
struct Audit {
    /// The fold of all facts before the one that is looked at.
    run: Run,
    found: BTreeMap<(Kinds, Option<StepPath>), String>,
    /// Step instances whose call has a confirmation that is not lost yet.
    granted: BTreeSet<StepPath>,
    /// Gates that were confirmed without being open.
    loose: BTreeSet<StepPath>,
    /// Attempts without an outcome, and whether their outcome is in doubt.
    pending: BTreeMap<StepPath, Pending>,
    /// The newest attempt of each step instance.
    attempts: BTreeMap<StepPath, u16>,
    accepted: BTreeSet<StepPath>,
    /// Steps that were cancelled, and nothing has said yet by what.
    cancelled: BTreeMap<StepPath, At>,
    /// The undo flow that has just finished was cancelled.
    undo_cut: bool,
    aborted: bool,
    /// The newest step that ended was one that ends the run.
    at_end: bool,
}

struct Pending {
    name: EffectName,
    doubted: bool,
}

/// Everything that must be missing, in the order of the kinds.
pub(super) fn gaps(journalled: &Journalled<'_>, source: &Source<'_>) -> Vec<Gap> {
    let mut audit = Audit {
        run: empty_run(journalled.header, journalled.book),
        found: BTreeMap::new(),
        granted: BTreeSet::new(),
        loose: BTreeSet::new(),
        pending: BTreeMap::new(),
        attempts: BTreeMap::new(),
        accepted: BTreeSet::new(),
        cancelled: BTreeMap::new(),
        undo_cut: false,
        aborted: false,
        at_end: false,
    };
    for fact in &journalled.facts {
        audit.look(fact);
        audit.run.apply(fact);
    }
    audit.ending();
    let shown = audit.found.into_iter().map(|((missing, path), text)| Gap {
        missing,
        path: path.map(|p| source.ink.show(&p)),
        text: source.ink.text(&text),
    });
    shown.collect()
}

impl Audit {
    fn note(&mut self, missing: Kinds, path: Option<&StepPath>, text: impl Into<String>) {
        self.found.entry((missing, path.cloned())).or_insert_with(|| text.into());
    }

    fn look(&mut self, fact: &Fact) {
        self.beginning(fact);
        self.cancelling(fact);
        if let Some(path) = at_work(fact) {
            self.inside(fact, path);
        }
        match fact {
            Fact::Opened { .. } => self.opened(),
            Fact::Began { path, .. } => self.began(path),
            Fact::Ended { path, state, by, at, .. } => self.ended(path, *state, by.as_deref(), *at),
            Fact::Prepared { call, .. } => self.prepared(&call.path),
            Fact::GateOpened { gate, paths, .. } => self.gate_opened(gate, paths),
            Fact::GateVoided { gate, .. } => self.gate_voided(gate),
            Fact::Confirmed { gate, digest, .. } => self.confirmed(gate, digest),
            Fact::Ungranted { path, .. } => self.ungranted(path),
            Fact::Intent { name, .. } => self.intent(name),
            Fact::Executed { name, proof, .. } | Fact::Rejected { name, proof, .. } => {
                self.settled(name, proof);
            }
            Fact::Doubted { name, .. } => self.doubted(name),
            Fact::Met { path, .. } => self.met(path),
            Fact::Accepted { path, .. } => {
                self.lifts_a_hold(path);
                self.accepted.insert(path.clone());
            }
            Fact::Retried { path, .. } => {
                self.lifts_a_hold(path);
                self.granted.remove(path);
            }
            Fact::Redone { .. } => self.no_gate_open(),
            Fact::UndoFinished { .. } => self.undo_finished(),
            Fact::Aborted { .. } => {
                self.no_gate_open();
                self.aborted = true;
            }
            Fact::Finished { state, .. } => self.finished(*state),
            Fact::Started { .. }
            | Fact::Entered { .. }
            | Fact::Expanded { .. }
            | Fact::Captured { .. }
            | Fact::Conflict { .. }
            | Fact::Left { .. }
            | Fact::Gave { .. }
            | Fact::Answered { .. }
            | Fact::Attested { .. }
            | Fact::Approved { .. }
            | Fact::Compared { .. }
            | Fact::Jumped { .. }
            | Fact::Held { .. }
            | Fact::Extended { .. }
            | Fact::GaveUp { .. }
            | Fact::UndoPlanned { .. }
            | Fact::Noted { .. } => {}
        }
    }

    fn beginning(&mut self, fact: &Fact) {
        if self.run.life.is_none() && !matches!(fact, Fact::Opened { .. }) {
            self.note(&["opened"], None, "Who opened the run, and when, is not recorded.");
        }
        let early = matches!(fact, Fact::Opened { .. } | Fact::Started { .. } | Fact::Noted { .. });
        if self.run.started.is_none() && !early {
            self.note(
                &["started"],
                None,
                "The start is not recorded: parameters, places and preflight are not known.",
            );
        }
    }

    /// Steps are cancelled by what stands right before or behind their end in the same decision, so at the
    /// same moment.
    fn cancelling(&mut self, fact: &Fact) {
        match fact {
            Fact::Redone { at, .. } | Fact::UndoPlanned { at, .. } => {
                self.cancelled.retain(|_, when| when != at);
            }
            // A skipped `undo` step cuts its flows short.
            Fact::UndoFinished { at } => {
                let before = self.cancelled.len();
                self.cancelled.retain(|flow, when| when != at || !flow.in_undo());
                self.undo_cut = self.cancelled.len() < before;
            }
            Fact::Ended { state: StepState::Skipped, path, at, .. } => {
                self.cancelled.retain(|below, when| when != at || !below.within(path));
            }
            Fact::Ended { .. } | Fact::GateVoided { .. } => return,
            _ => {}
        }
        for path in std::mem::take(&mut self.cancelled).into_keys() {
            let text = format!("{path} was cancelled; by what, by whom and why is not recorded.");
            self.note(&["gave_up", "redone", "undo_planned", "aborted"], Some(&path), text);
        }
    }

    fn lifts_a_hold(&mut self, path: &StepPath) {
        if self.run.steps.get(path).is_some_and(|s| s.hold.is_none()) {
            let text = format!("Someone let {path} go on; why it held is not recorded.");
            self.note(&["held", "conflict"], Some(path), text);
        }
    }

    fn finished(&mut self, state: RunState) {
        let success = matches!(state, RunState::Success | RunState::SuccessWithExceptions);
        if success && !self.at_end {
            for path in self.run.active.clone() {
                self.end_missing(&path);
            }
            if self.run.undoing.is_some() {
                self.undo_end_missing();
            }
        }
        if state == RunState::Cancelled && !self.aborted && !self.at_end {
            self.note(&["aborted"], None, "The run was cancelled; who aborted it, and why, is not recorded.");
        }
    }

    /// What is missing at the end of the journal. A run that merely waits for its next life has no gap.
    fn ending(&mut self) {
        if self.run.life.is_none() {
            self.note(&["opened"], None, "Nobody is recorded as having opened the run.");
        }
        if self.run.started.is_none() {
            self.note(&["started"], None, "The start of the run is not recorded.");
        }
        if self.run.ended.is_some() {
            for (path, pending) in std::mem::take(&mut self.pending) {
                let text = format!("{} was sent; what became of it is not recorded.", pending.name);
                self.note(&["executed", "rejected"], Some(&path), text);
            }
        } else if self.run.started.is_some() && (self.aborted || self.at_end || self.all_steps_ended()) {
            self.note(&["finished"], None, "Nothing is left to do; the end of the run is not recorded.");
        }
    }
}

/// The step instance a fact works in, for facts that only a step at work can make.
fn at_work(fact: &Fact) -> Option<&StepPath> {
    match fact {
        Fact::Entered { path }
        | Fact::Expanded { path, .. }
        | Fact::Captured { path, .. }
        | Fact::Left { path, .. }
        | Fact::Met { path, .. }
        | Fact::Gave { path, .. }
        | Fact::Answered { path, .. }
        | Fact::Attested { path, .. }
        | Fact::Approved { path, .. }
        | Fact::Compared { path, .. }
        | Fact::Accepted { path, .. }
        | Fact::Held { path, .. }
        | Fact::Retried { path, .. }
        | Fact::Extended { path, .. }
        | Fact::Ungranted { path, .. } => Some(path),
        Fact::Prepared { call, .. } => Some(&call.path),
        Fact::Intent { name, .. } | Fact::Doubted { name, .. } => Some(&name.path),
        Fact::Opened { .. }
        | Fact::Started { .. }
        | Fact::Began { .. }
        | Fact::GateOpened { .. }
        | Fact::GateVoided { .. }
        | Fact::Confirmed { .. }
        | Fact::Executed { .. }
        | Fact::Rejected { .. }
        | Fact::Conflict { .. }
        | Fact::Jumped { .. }
        | Fact::Ended { .. }
        | Fact::GaveUp { .. }
        | Fact::Redone { .. }
        | Fact::UndoPlanned { .. }
        | Fact::UndoFinished { .. }
        | Fact::Noted { .. }
        | Fact::Aborted { .. }
        | Fact::Finished { .. } => None,
    }
}
