//! What people decided: gates, answers, and every word that changed the course the runbook had set.

use std::collections::BTreeMap;

use super::model::{Decision, GateResult, GateRow, GatedCall, Override, Utc};
use super::source::Source;
use crate::ids::{At, StepPath};
use crate::run::{Call, Fact, Proof, StepState};
use crate::text::written;

/// Every gate that was opened, what it showed and how it ended.
pub(super) fn gates(source: &Source<'_>) -> Vec<GateRow> {
    let mut gates = Gates { source, rows: Vec::new(), open: BTreeMap::new(), prepared: BTreeMap::new() };
    source.facts.iter().for_each(|fact| gates.take(fact));
    gates.rows
}

struct Gates<'a> {
    source: &'a Source<'a>,
    rows: Vec<GateRow>,
    open: BTreeMap<&'a StepPath, usize>,
    prepared: BTreeMap<&'a StepPath, &'a Call>,
}

impl<'a> Gates<'a> {
    fn take(&mut self, fact: &'a Fact) {
        let ink = &self.source.ink;
        match fact {
            Fact::Prepared { call, .. } => {
                self.prepared.insert(&call.path, &call.call);
            }
            Fact::GateOpened { gate, tier, phrase, paths, at, .. } => {
                let calls = paths.iter().map(|path| self.gated(path)).collect();
                self.open.insert(gate, self.rows.len());
                let (gate, phrase) = (ink.show(gate), ink.text(phrase));
                let (opened_at, result) = (Utc(*at), GateResult::Open);
                self.rows.push(GateRow { gate, tier: *tier, phrase, opened_at, result, calls });
            }
            Fact::Confirmed { gate, by, at, .. } => {
                self.end(gate, GateResult::Confirmed { by: ink.text(by), at: Utc(*at) });
            }
            Fact::GateVoided { gate, why, at } => {
                self.end(gate, GateResult::Closed { why: ink.text(why), at: Utc(*at) });
            }
            Fact::Opened { at, .. } => self.end_all("the run was opened anew", *at),
            Fact::UndoPlanned { at, .. } => self.end_all("something is taken back first", *at),
            Fact::Finished { at, .. } => self.end_all("the run ended", *at),
            _ => {}
        }
    }

    fn gated(&mut self, path: &StepPath) -> GatedCall {
        let call = self.prepared.remove(path).map(|call| self.source.ink.call(call));
        GatedCall { path: self.source.ink.show(path), call }
    }

    fn end(&mut self, gate: &StepPath, result: GateResult) {
        if let Some(index) = self.open.remove(gate) {
            self.rows[index].result = result;
        }
    }

    fn end_all(&mut self, why: &str, at: At) {
        for index in std::mem::take(&mut self.open).into_values() {
            self.rows[index].result = GateResult::Closed { why: self.source.ink.text(why), at: Utc(at) };
        }
    }
}

/// What people answered, attested and approved.
pub(super) fn decisions(source: &Source<'_>) -> Vec<Decision> {
    source.facts.iter().filter_map(|fact| decision(source, fact)).collect()
}

fn decision(source: &Source<'_>, fact: &Fact) -> Option<Decision> {
    let ink = &source.ink;
    let one = |path: &StepPath, kind, by: &str, said: &str, at: At| Decision {
        at: Utc(at),
        path: ink.show(path),
        title: source.title(path),
        kind,
        by: ink.text(by),
        recorded_by: None,
        said: ink.text(said),
    };
    match fact {
        Fact::Answered { path, value, by, at } => Some(one(path, "answered", by, &written(value), *at)),
        Fact::Attested { path, note, by, at } => Some(one(path, "attested", by, note, *at)),
        Fact::Approved { path, approver, accepted, by, at } => {
            let kind = if *accepted { "approved" } else { "refused" };
            Some(Decision { recorded_by: Some(ink.text(by)), ..one(path, kind, approver, "", *at) })
        }
        _ => None,
    }
}

/// Every deviation by a person's word, oldest first.
pub(super) fn overrides(source: &Source<'_>) -> Vec<Override> {
    source.facts.iter().filter_map(|fact| deviation(source, fact)).collect()
}

fn deviation(source: &Source<'_>, fact: &Fact) -> Option<Override> {
    let ink = &source.ink;
    let one = |kind, path: Option<&StepPath>, by: &str, reason: &str, at: At| {
        Some(Override {
            at: Utc(at),
            kind,
            path: path.map(|p| ink.show(p)),
            by: ink.text(by),
            reason: ink.text(reason),
        })
    };
    match fact {
        Fact::Accepted { path, reason, by, at } => one("accepted", Some(path), by, reason, *at),
        Fact::Ended { path, state: StepState::Skipped, why, by: Some(by), at } => {
            one("skipped", Some(path), by, why, *at)
        }
        Fact::GaveUp { path, reason, by, at } => one("given_up", Some(path), by, reason, *at),
        Fact::Executed { name, proof: Proof::Human { by }, at, .. } => {
            one("ruled", Some(&name.path), by, &format!("says that {name} happened"), *at)
        }
        Fact::Rejected { name, proof: Proof::Human { by }, at, .. } => {
            one("ruled", Some(&name.path), by, &format!("says that {name} did not happen"), *at)
        }
        Fact::Extended { path, span, reason, by, at } => {
            one("extended", Some(path), by, &said(&format!("by {span}"), reason), *at)
        }
        Fact::Retried { path, reason, by, at } => one("retried", Some(path), by, reason, *at),
        Fact::Redone { path, reason, by, at, .. } => one("redone", Some(path), by, reason, *at),
        // Without a step to stand at it is an `undo` step of the runbook itself.
        Fact::UndoPlanned { to: Some(to), reason, by, at, .. } => {
            one("rolled_back", Some(to), by, reason, *at)
        }
        Fact::Approved { path, approver, accepted: false, at, .. } => {
            one("refused", Some(path), approver, "the approval was refused", *at)
        }
        Fact::Aborted { reason, by, at } => one("aborted", None, by, reason, *at),
        _ => None,
    }
}

fn said(what: &str, reason: &str) -> String {
    if reason.is_empty() { what.to_owned() } else { format!("{what}: {reason}") }
}
