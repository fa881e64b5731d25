//! Every call that could change something, and every outcome that was unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::ink::Shown;
use super::model::{CallOutcome, CallRow, ProofKind, SettledUnknown, Unknown, Utc};
use super::source::Source;
use crate::ids::{At, EffectName};
use crate::run::{Call, Fact, Proof};

/// One attempt while the facts are walked.
struct Attempted<'a> {
    name: &'a EffectName,
    call: Option<&'a Call>,
    sent: Option<At>,
    doubt: Option<(At, String)>,
    settled: Option<Settled<'a>>,
    /// What it was held for before something better was known.
    before: Option<Settled<'a>>,
    conflicts: Vec<&'a str>,
}

struct Settled<'a> {
    at: At,
    executed: bool,
    request_id: Option<&'a str>,
    proof: &'a Proof,
    error: Option<(&'a str, &'a str)>,
}

/// The attempts of a run, oldest first.
struct Attempts<'a> {
    rows: Vec<Attempted<'a>>,
    by_name: BTreeMap<&'a EffectName, usize>,
    /// Rows without an outcome, not doubted yet by a new life.
    open: BTreeSet<usize>,
}

/// The calls and the unknown outcomes of a run.
pub(super) fn calls(source: &Source<'_>) -> (Vec<CallRow>, Vec<Unknown>) {
    let mut attempts = Attempts { rows: Vec::new(), by_name: BTreeMap::new(), open: BTreeSet::new() };
    source.facts.iter().for_each(|fact| attempts.take(fact));
    let unknowns = attempts.rows.iter().filter_map(|row| unknown(source, row)).collect();
    (attempts.rows.iter().map(|row| shown(source, row)).collect(), unknowns)
}

impl<'a> Attempts<'a> {
    fn take(&mut self, fact: &'a Fact) {
        match fact {
            Fact::Intent { name, call, at, .. } => {
                let row = self.row(name);
                (row.call, row.sent) = (Some(call), Some(*at));
            }
            Fact::Executed { name, request_id, proof, at } => {
                let request_id = request_id.as_deref();
                self.settle(name, Settled { at: *at, executed: true, request_id, proof, error: None });
            }
            Fact::Rejected { name, code, message, request_id, proof, at } => {
                let (request_id, error) = (request_id.as_deref(), Some((&**code, &**message)));
                self.settle(name, Settled { at: *at, executed: false, request_id, proof, error });
            }
            Fact::Doubted { name, why, at } => doubt(self.row(name), why, *at),
            Fact::Conflict { name, why, .. } => self.row(name).conflicts.push(why),
            Fact::Opened { at, .. } => {
                for index in std::mem::take(&mut self.open) {
                    doubt(&mut self.rows[index], "the process ended before the answer", *at);
                }
            }
            _ => {}
        }
    }

    fn row(&mut self, name: &'a EffectName) -> &mut Attempted<'a> {
        let Attempts { rows, by_name, open } = self;
        let index = *by_name.entry(name).or_insert_with(|| {
            let row = Attempted {
                name,
                call: None,
                sent: None,
                doubt: None,
                settled: None,
                before: None,
                conflicts: vec![],
            };
            rows.push(row);
            open.insert(rows.len() - 1);
            rows.len() - 1
        });
        &mut rows[index]
    }

    fn settle(&mut self, name: &'a EffectName, settled: Settled<'a>) {
        let row = self.row(name);
        let before = row.settled.replace(settled);
        row.before = row.before.take().or(before);
        if let Some(index) = self.by_name.get(name) {
            self.open.remove(index);
        }
    }
}

fn doubt(row: &mut Attempted<'_>, why: &str, at: At) {
    row.doubt.get_or_insert((at, why.to_owned()));
}

fn shown(source: &Source<'_>, row: &Attempted<'_>) -> CallRow {
    let ink = &source.ink;
    let settled = row.settled.as_ref();
    let error = settled.and_then(|s| s.error);
    CallRow {
        name: ink.show(row.name),
        path: ink.show(&row.name.path),
        attempt: row.name.attempt.0,
        call: row.call.map(|call| ink.call(call)),
        sent_at: row.sent.map(Utc),
        answered_at: settled.map(|s| Utc(s.at)),
        took_ms: settled.and_then(|s| Some(s.at.since(row.sent?))),
        request_id: settled.and_then(|s| s.request_id).map(|id| ink.text(id)),
        outcome: settled.map_or(CallOutcome::Unknown, outcome),
        proof: settled.map(|s| proof_kind(s.proof)),
        proof_by: settled.and_then(|s| person(source, s.proof)),
        code: error.map(|(code, _)| ink.text(code)),
        message: error.map(|(_, message)| ink.text(message)),
        conflicts: row.conflicts.iter().map(|why| ink.text(why)).collect(),
    }
}

/// The doubt about an attempt, if there ever was one. An attempt whose outcome is not recorded is one.
fn unknown(source: &Source<'_>, row: &Attempted<'_>) -> Option<Unknown> {
    let ink = &source.ink;
    // How the doubt was settled stays in the report, even where something better was known later.
    let first = row.before.as_ref().or(row.settled.as_ref());
    let unrecorded = |s: &Settled<'_>| {
        (*s.proof != Proof::Answer).then(|| (row.sent.unwrap_or(s.at), "why is not recorded".to_owned()))
    };
    let doubt = row.doubt.clone().or_else(|| match first {
        Some(settled) => unrecorded(settled),
        None => Some((row.sent?, "no answer is recorded".to_owned())),
    });
    let (since, why) = doubt?;
    let call = row.call.map_or_else(Shown::default, |c| ink.text(&format!("{} {}", c.service, c.operation)));
    let settled = first.map(|s| SettledUnknown {
        at: Utc(s.at),
        after_ms: s.at.since(since),
        outcome: outcome(s),
        by: proof_kind(s.proof),
        person: person(source, s.proof),
    });
    Some(Unknown { name: ink.show(row.name), call, since: Utc(since), why: ink.text(&why), settled })
}

fn outcome(settled: &Settled<'_>) -> CallOutcome {
    if settled.executed { CallOutcome::Executed } else { CallOutcome::DidNotHappen }
}

fn proof_kind(proof: &Proof) -> ProofKind {
    match proof {
        Proof::Answer => ProofKind::Answer,
        Proof::LateAnswer => ProofKind::LateAnswer,
        Proof::Probe => ProofKind::Reading,
        Proof::Human { .. } => ProofKind::Person,
    }
}

fn person(source: &Source<'_>, proof: &Proof) -> Option<Shown> {
    match proof {
        Proof::Human { by } => Some(source.ink.text(by)),
        Proof::Answer | Proof::LateAnswer | Proof::Probe => None,
    }
}
