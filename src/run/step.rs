//! How one step instance changes: the stages of its call, its holds, a new life. Used by `fold` only.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::fact::{Call, GateCall, HoldKind, StepState};
use super::state::{Grant, Sent, Stage, StepRun};
use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Span, StepPath};

impl StepRun {
    pub(super) fn begin(at: At, before: Option<StepRun>) -> StepRun {
        let (captured, attempts) = before.as_ref().map_or((None, 0), |b| (b.captured.clone(), b.attempts));
        let (happened, stands) = before.map_or((BTreeSet::new(), false), |b| (b.happened, b.stands));
        StepRun {
            state: StepState::Running,
            began: at,
            ended: None,
            why: String::new(),
            entered: false,
            stage: Stage::Fresh,
            captured,
            outputs: Map::new(),
            items: Vec::new(),
            attempts,
            rejections: 0,
            last_rejected: None,
            hold: None,
            left: false,
            extended: Span::default(),
            differences: None,
            alone: false,
            spent: None,
            ended_by: None,
            happened,
            stands,
        }
    }

    /// Whether anything of it has happened in this pass.
    pub(super) fn has_begun(&self) -> bool {
        let not = [StepState::NotStarted, StepState::Skipped, StepState::Undone];
        self.entered && !not.contains(&self.state)
    }

    /// What is left of it when the run goes back before it: what was captured and sent, nothing that it gave.
    pub(super) fn forgotten(self) -> StepRun {
        let (began, items) = (self.began, self.items.clone());
        let state = if self.state == StepState::Undone { self.state } else { StepState::NotStarted };
        StepRun { state, items, ..StepRun::begin(began, Some(self)) }
    }

    /// A new life: what was in flight is doubtful, what was confirmed is not, and a hold that was about the
    /// old process or its credentials is over.
    pub(super) fn reopen(&mut self, at: At) {
        if self.hold.as_ref().is_some_and(|h| matches!(h.kind, HoldKind::Credentials | HoldKind::ReadOnly)) {
            self.hold = None;
        }
        match &mut self.stage {
            Stage::InFlight(_) => self.doubt("the process ended before the answer", at),
            // The settle window is counted on this life's clock: the time before it cannot be trusted.
            Stage::Doubt { since, .. } => *since = at,
            Stage::Prepared { .. } | Stage::Gated { .. } | Stage::Granted(_) | Stage::Fresh => self.afresh(),
            Stage::Done { .. } => {}
        }
    }

    /// Back to before the gate. What was captured while nothing has been sent yet may have changed since.
    fn afresh(&mut self) {
        self.stage = Stage::Fresh;
        if self.attempts == 0 {
            self.captured = None;
        }
    }

    pub(super) fn doubt(&mut self, reason: &str, at: At) {
        if let Stage::InFlight(sent) = &self.stage {
            self.stage = Stage::Doubt { sent: sent.clone(), since: at, why: reason.to_owned() };
        }
    }

    pub(super) fn prepared(&mut self, call: &GateCall, tier: Tier) {
        self.stage = Stage::Prepared { call: call.clone(), tier };
    }

    pub(super) fn executed(&mut self, name: &EffectName, at: At) {
        self.hold = None;
        self.stage = Stage::Done { at };
        self.stands = true;
        self.happened.insert(name.attempt.0);
    }

    pub(super) fn rejected(&mut self, at: At) {
        self.rejections += 1;
        self.last_rejected = Some(at);
        self.hold = None;
        self.back_to_grant();
    }

    pub(super) fn extend(&mut self, span: Span) {
        self.extended = Span(self.extended.0 + span.0);
        self.hold.take_if(|h| h.kind == HoldKind::TimedOut);
    }

    pub(super) fn gated(&mut self, gate: &StepPath) {
        if let Stage::Prepared { call, tier } = &self.stage {
            self.stage = Stage::Gated { gate: gate.clone(), call: call.clone(), tier: *tier };
        }
    }

    pub(super) fn granted(&mut self, digest: &str, by: &str, at: At) {
        if let Stage::Gated { call, tier, .. } = &self.stage {
            let (call, tier) = (call.clone(), *tier);
            self.stage = Stage::Granted(Grant { digest: digest.into(), call, tier, at, by: by.into() });
        }
    }

    pub(super) fn ungate(&mut self) {
        if matches!(self.stage, Stage::Prepared { .. } | Stage::Gated { .. } | Stage::Granted(_)) {
            self.afresh();
        }
    }

    pub(super) fn ungrant_alone(&mut self) {
        self.ungate();
        self.alone = true;
    }

    pub(super) fn sent(&mut self, name: &EffectName, call: &Call, observed: &Value, already: bool, at: At) {
        let Stage::Granted(grant) = &self.stage else { return };
        self.attempts = name.attempt.0;
        let grant = Box::new(grant.clone());
        self.spent = Some(grant.clone());
        let (name, call, observed) = (name.clone(), call.clone(), observed.clone());
        self.stage = Stage::InFlight(Sent { name, call, observed, already, at, grant });
    }

    /// A proven rejection leaves the confirmation alive.
    fn back_to_grant(&mut self) {
        if let Stage::InFlight(sent) | Stage::Doubt { sent, .. } = &self.stage {
            self.stage = Stage::Granted((*sent.grant).clone());
        }
    }

    pub(super) fn retry(&mut self, at: At) {
        self.hold = None;
        self.rejections = 0;
        self.differences = None;
        self.left = false;
        match &mut self.stage {
            Stage::InFlight(_) | Stage::Doubt { .. } => {}
            // What is tried again is the verification, with its whole time.
            Stage::Done { at: since } => *since = at,
            Stage::Fresh | Stage::Prepared { .. } | Stage::Gated { .. } | Stage::Granted(_) => {
                self.afresh();
                self.began = at;
            }
        }
    }
}
