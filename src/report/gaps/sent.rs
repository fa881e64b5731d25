//! What is missing around calls: what was shown, who confirmed it, that it was sent, what became of it.

use super::{Audit, Pending};
use crate::ids::{EffectName, StepPath};
use crate::run::{Proof, Stage};

impl Audit {
    /// A new life: what was confirmed is not, what was in flight is doubtful.
    pub(super) fn opened(&mut self) {
        self.granted.clear();
        self.loose.clear();
        self.pending.values_mut().for_each(|p| p.doubted = true);
    }

    pub(super) fn prepared(&mut self, path: &StepPath) {
        let plan = std::sync::Arc::clone(&self.run.plan);
        let Some(run) = self.run.steps.get(path) else { return };
        let unsure = plan.step(path).is_some_and(|s| !s.capture.is_empty()) && run.captured.is_none();
        match &run.stage {
            Stage::Fresh if self.granted.contains(path) => self.loss_missing(path),
            Stage::Granted(_) => self.loss_missing(path),
            Stage::Gated { gate, .. } => {
                let gate = gate.clone();
                self.closing_missing(&gate);
            }
            Stage::Prepared { .. } => self.gate_missing(&path.unkeyed()),
            Stage::InFlight(_) | Stage::Doubt { .. } => self.outcome_missing(path),
            Stage::Fresh | Stage::Done { .. } => {}
        }
        if unsure {
            let text = format!("The state of the target of {path} before its call is not recorded.");
            self.note(&["captured"], Some(path), text);
        }
    }

    fn loss_missing(&mut self, path: &StepPath) {
        let text = format!("{path} lost its confirmation; why is not recorded.");
        self.note(&["ungranted"], Some(path), text);
    }

    pub(super) fn closing_missing(&mut self, gate: &StepPath) {
        let text = format!("The gate {gate} was open and is gone; why is not recorded.");
        self.note(&["gate_voided"], Some(gate), text);
    }

    fn gate_missing(&mut self, gate: &StepPath) {
        let text = format!("What the gate {gate} showed, and its phrase, is not recorded.");
        self.note(&["gate_opened"], Some(gate), text);
    }

    fn outcome_missing(&mut self, path: &StepPath) {
        let text = format!("A call of {path} was sent; what became of it is not recorded.");
        self.note(&["executed", "rejected"], Some(path), text);
    }

    /// Before a command that closes all gates.
    pub(super) fn no_gate_open(&mut self) {
        for gate in self.run.gates.keys().cloned().collect::<Vec<_>>() {
            self.closing_missing(&gate);
        }
    }

    pub(super) fn gate_opened(&mut self, gate: &StepPath, paths: &[StepPath]) {
        if self.run.gates.contains_key(gate) {
            self.closing_missing(gate);
        }
        for path in paths {
            let stage = self.run.steps.get(path).map(|s| &s.stage);
            if !matches!(stage, Some(Stage::Prepared { .. })) {
                let text = format!("The call that the gate {gate} showed for {path} is not recorded.");
                self.note(&["prepared"], Some(path), text);
            }
        }
    }

    pub(super) fn gate_voided(&mut self, gate: &StepPath) {
        if !self.run.gates.contains_key(gate) {
            self.gate_missing(gate);
        }
    }

    pub(super) fn confirmed(&mut self, gate: &StepPath, digest: &str) {
        if let Some(open) = self.run.gates.get(gate).filter(|open| open.digest == digest) {
            self.granted.extend(open.paths.iter().cloned());
        } else {
            self.loose.insert(gate.clone());
            self.gate_missing(gate);
        }
    }

    pub(super) fn ungranted(&mut self, path: &StepPath) {
        if !self.was_granted(path) {
            self.confirmation_missing(path);
        }
        if self.pending.contains_key(path) {
            self.outcome_missing(path);
            self.pending.remove(path);
        }
        self.granted.remove(path);
    }

    fn was_granted(&self, path: &StepPath) -> bool {
        self.granted.contains(path) || self.loose.contains(path) || self.loose.contains(&path.unkeyed())
    }

    fn confirmation_missing(&mut self, path: &StepPath) {
        let text = format!("{path} was sent or lost its confirmation; WHO CONFIRMED IT is not recorded.");
        self.note(&["confirmed"], Some(path), text);
    }

    pub(super) fn intent(&mut self, name: &EffectName) {
        let path = &name.path;
        if !self.was_granted(path) {
            self.confirmation_missing(path);
        }
        if self.pending.contains_key(path) {
            self.outcome_missing(path);
        }
        let before = self.attempts.insert(path.clone(), name.attempt.0).unwrap_or(0);
        if before + 1 != name.attempt.0 {
            let text = format!("{name} follows attempt {before}: one between is not recorded.");
            self.note(&["intent"], Some(path), text);
        }
        self.pending.insert(path.clone(), Pending { name: name.clone(), doubted: false });
    }

    pub(super) fn settled(&mut self, name: &EffectName, proof: &Proof) {
        match self.pending.remove(&name.path).filter(|p| p.name == *name) {
            // The success of an attempt that was held to have not happened; a conflict follows.
            None if self.attempts.get(&name.path).is_some_and(|last| *last >= name.attempt.0) => {}
            None => self.request_missing(name),
            Some(pending) if *proof != Proof::Answer && !pending.doubted => {
                let text =
                    format!("The outcome of {name} was unknown; since when, and why, is not recorded.");
                self.note(&["doubted"], Some(&name.path), text);
            }
            Some(_) => {}
        }
    }

    pub(super) fn doubted(&mut self, name: &EffectName) {
        match self.pending.get_mut(&name.path).filter(|p| p.name == *name) {
            Some(pending) => pending.doubted = true,
            None => self.request_missing(name),
        }
    }

    fn request_missing(&mut self, name: &EffectName) {
        self.attempts.insert(name.path.clone(), name.attempt.0);
        let text = format!("The outcome of {name} is recorded; that and what was sent is not.");
        self.note(&["intent"], Some(&name.path), text);
    }
}
