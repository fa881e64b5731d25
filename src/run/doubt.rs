//! Unknown outcomes (law 2): believed at once on evidence that it happened, and as "it did not" only after
//! the settle window, on three equal readings; else a named person decides. Never by sending again.

use serde_json::{Value, json};

use super::command::Refusal;
use super::fact::{Call, Fact, Proof};
use super::look::PROBE;
use super::scope::{Fault, Scope};
use super::state::{Run, Sent, Stage};
use crate::catalogue;
use crate::expr::Expr;
use crate::ids::{At, EffectName, Span, StepPath};
use crate::runbook::Step;
use crate::watch::Frame;

/// Equal readings that make "it did not happen" believable.
const EQUAL: usize = 3;
/// Longest stretch over which they are spread.
const SPREAD: Span = Span::secs(30);

impl Run {
    /// Whether a reading can settle the outcome of this step.
    pub(super) fn has_probe(&self, path: &StepPath) -> bool {
        let (Some(step), Some(run)) = (self.plan.step(path), self.steps.get(path)) else { return false };
        let Stage::Doubt { sent, .. } = &run.stage else { return false };
        can_settle(step, sent)
    }

    /// Whether a probe's reading shows the effect of a call.
    pub(super) fn probe_sees(
        &self,
        path: &StepPath,
        call: &Call,
        observed: &Value,
        value: &Value,
        sent: At,
        now: At,
    ) -> Result<bool, Fault> {
        if let Some(probe) = self.plan.step(path).and_then(|s| s.probe.as_ref()) {
            let frame = Frame::empty(now);
            return Scope::bare(self, path, &frame, now).test_on(&probe.executed_when, value);
        }
        let operation = catalogue::find(&call.service, &call.operation);
        let Some(probe) = operation.and_then(catalogue::Operation::probe) else {
            return Err(Fault::Expression("there is no probe".into()));
        };
        let text = probe.executed_when(&call.parameters);
        let text =
            text.ok_or_else(|| Fault::Expression("this call leaves no trace that can be read".into()))?;
        let condition = Expr::parse(&text).map_err(|e| Fault::Expression(e.to_string()))?;
        let scope = probe_scope(call, observed, sent);
        condition.test(value, &scope, now).map_err(|e| Fault::Expression(e.to_string()))
    }

    /// When "it did not happen" may be believed at the earliest.
    pub fn settles_at(&self, since: At) -> At {
        since.plus(self.info.settle)
    }

    fn spread(&self) -> Span {
        Span((self.info.settle.0 / 2).min(SPREAD.0))
    }

    /// Judges the readings of a probe, newest last.
    pub(super) fn probed(&self, path: &StepPath, frames: &[Frame], now: At) -> Vec<Fact> {
        let Some(Stage::Doubt { sent, since, .. }) = self.steps.get(path).map(|s| &s.stage) else {
            return vec![];
        };
        let sees = |f: &Frame| {
            let value = f.value(PROBE).ok()?;
            let at = f.readings.get(PROBE)?.asked;
            self.probe_sees(path, &sent.call, &sent.observed, value, sent.at, now).ok().map(|seen| (at, seen))
        };
        let verdicts: Vec<Option<(At, bool)>> =
            frames.iter().filter(|f| f.asked >= *since).map(sees).collect();
        if let Some(Some((_, true))) = verdicts.last()
            && !sent.already
        {
            return self.happened(sent, Proof::Probe, now);
        }
        let settled = self.settles_at(*since);
        let tail: Vec<(At, bool)> =
            verdicts.iter().rev().map_while(|s| *s).take_while(|(at, _)| *at >= settled).collect();
        let Some((newest, verdict)) = tail.first().copied() else { return vec![] };
        let equal: Vec<At> = tail.iter().take_while(|(_, v)| *v == verdict).map(|(at, _)| *at).collect();
        let spread = equal.last().is_some_and(|oldest| newest.since(*oldest) >= self.spread());
        match (equal.len() >= EQUAL && spread, verdict) {
            (false, _) => vec![],
            (true, true) => self.happened(sent, Proof::Probe, now),
            (true, false) => {
                did_not_happen(sent, Proof::Probe, "three equal readings after the settle window", now)
            }
        }
    }

    fn happened(&self, sent: &Sent, proof: Proof, now: At) -> Vec<Fact> {
        let mut facts = vec![Fact::Executed { name: sent.name.clone(), request_id: None, proof, at: now }];
        facts.extend(self.answer_outputs(&sent.name.path, None, now));
        facts
    }

    /// A named person's verdict.
    pub(super) fn ruled(
        &self,
        name: &EffectName,
        happened: bool,
        phrase: &str,
        by: &str,
        now: At,
    ) -> Result<Vec<Fact>, Refusal> {
        let stage = self.steps.get(&name.path).map(|s| &s.stage);
        let Some(Stage::Doubt { sent, .. }) =
            stage.filter(|s| matches!(s, Stage::Doubt { sent, .. } if sent.name == *name))
        else {
            return Err(Refusal::NotDoubted(name.to_string()));
        };
        let wanted = verdict_phrase(&sent.grant.call.subject, happened);
        if phrase != wanted {
            return Err(Refusal::WrongPhrase(wanted));
        }
        let proof = Proof::Human { by: by.to_owned() };
        Ok(if happened {
            self.happened(sent, proof, now)
        } else {
            did_not_happen(sent, proof, "a person said so", now)
        })
    }
}

fn can_settle(step: &Step, sent: &Sent) -> bool {
    let operation = catalogue::find(&sent.call.service, &sent.call.operation);
    let probe = operation.and_then(catalogue::Operation::probe);
    if sent.already && operation.is_some_and(catalogue::Operation::acts_anew) {
        return false;
    }
    step.probe.is_some() || probe.is_some_and(|p| p.executed_when(&sent.call.parameters).is_some())
}

/// What is typed to settle an unknown outcome by hand.
pub fn verdict_phrase(subject: &str, happened: bool) -> String {
    if happened { format!("executed {subject}") } else { format!("not executed {subject}") }
}

/// The template roots of a catalogue probe.
pub(super) fn probe_scope(call: &Call, observed: &Value, sent: At) -> Value {
    json!({"call": call.parameters, "observed": observed, "sent_at": sent.rfc3339()})
}

/// Sending again needs a fresh look and a fresh confirmation.
fn did_not_happen(sent: &Sent, proof: Proof, why: &str, now: At) -> Vec<Fact> {
    let path = &sent.name.path;
    vec![
        Fact::Rejected {
            name: sent.name.clone(),
            code: "NotExecuted".into(),
            message: why.to_owned(),
            request_id: None,
            proof,
            at: now,
        },
        Fact::Ungranted { path: path.clone(), why: "its outcome was unknown".into(), at: now },
    ]
}

/// The path whose stage is doubtful, for front ends.
pub fn doubted(run: &Run) -> impl Iterator<Item = (&StepPath, &Sent, At)> {
    run.active.iter().filter_map(|path| match &run.steps.get(path)?.stage {
        Stage::Doubt { sent, since, .. } => Some((path, sent, *since)),
        _ => None,
    })
}
