//! Unknown outcomes (law 2): believed at once on evidence that it happened, and as "it did not" only after
//! the settle window, on three equal readings; else a named person decides. Never by sending again.

use serde_json::{Value, json};

use super::command::Refusal;
use super::fact::{Call, Fact, HoldKind, Proof};
use super::look::PROBE;
use super::scope::{Fault, Scope};
use super::state::{Run, Sent, Stage};
use crate::catalogue;
use crate::expr::Expr;
use crate::ids::{At, EffectName, Span, StepPath};
use crate::runbook::Step;
use crate::watch::{Frame, Unread};

/// Equal readings that make "it did not happen" believable.
const EQUAL: usize = 3;
/// Longest stretch over which they are spread.
const SPREAD: Span = Span::secs(30);

/// What one reading shows of a doubtful call.
#[derive(Clone, Copy, Debug)]
struct Sight {
    at: At,
    seen: bool,
    /// The target is neither as it was before the call nor as the call would make it.
    moved: bool,
}

/// Why a reading shows nothing of a doubtful call: not this time, or not in this way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Blind {
    Now,
    Always,
}

impl Sight {
    fn same(&self, other: Sight) -> bool {
        (self.seen, self.moved) == (other.seen, other.moved)
    }
}

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

    /// From when on a reading shows the effect of the call and not the state before it: a value that was set,
    /// changed and set again looks the same in a reading that is a little old. A minute where the settle
    /// window is the live one. The time of an earlier life may be off and is not counted.
    fn shows_at(&self, sent: &Sent, since: At) -> At {
        let from = if sent.at >= self.opened { sent.at } else { since };
        from.plus(Span(self.info.settle.0 / 7))
    }

    fn spread(&self) -> Span {
        Span((self.info.settle.0 / 2).min(SPREAD.0))
    }

    /// Judges the readings of a probe, newest last.
    pub(super) fn probed(&self, path: &StepPath, frames: &[Frame], now: At) -> Vec<Fact> {
        let Some(Stage::Doubt { sent, since, .. }) = self.steps.get(path).map(|s| &s.stage) else {
            return vec![];
        };
        let fresh =
            || frames.iter().rev().filter(|f| f.asked >= *since).map(|f| self.sight_of(path, sent, f, now));
        if fresh().take(EQUAL).filter(|s| matches!(s, Err(Blind::Always))).count() == EQUAL {
            let why = "what could tell whether this call happened cannot be read; a person must say so";
            return self.hold(path, HoldKind::NeedsVerdict, why, now);
        }
        let mut sights = fresh().map_while(Result::ok).peekable();
        let Some(newest) = sights.peek().copied() else { return vec![] };
        if newest.seen && !sent.already && newest.at >= self.shows_at(sent, *since) {
            return self.happened(sent, Proof::Probe, now);
        }
        let settled = self.settles_at(*since);
        let equal: Vec<At> = sights.take_while(|s| s.at >= settled && s.same(newest)).map(|s| s.at).collect();
        let spread = equal.last().is_some_and(|oldest| newest.at.since(*oldest) >= self.spread());
        match newest {
            _ if equal.len() < EQUAL || !spread => vec![],
            Sight { seen: true, .. } => self.happened(sent, Proof::Probe, now),
            Sight { moved: true, .. } => {
                let why =
                    "someone else has changed the target since; a person must say whether this call happened";
                self.hold(path, HoldKind::NeedsVerdict, why, now)
            }
            Sight { .. } => {
                did_not_happen(sent, Proof::Probe, "three equal readings after the settle window", now)
            }
        }
    }

    /// What one frame shows of a doubtful call.
    fn sight_of(&self, path: &StepPath, sent: &Sent, frame: &Frame, now: At) -> Result<Sight, Blind> {
        let blind = |why: Unread| if why.kind.passing() { Blind::Now } else { Blind::Always };
        let value = frame.value(PROBE).map_err(blind)?;
        let at = frame.readings.get(PROBE).map_or(frame.asked, |r| r.asked);
        let seen = self.probe_sees(path, &sent.call, &sent.observed, value, sent.at, now);
        let seen = seen.map_err(|_| Blind::Always)?;
        let own = self.plan.step(path).is_some_and(|s| s.probe.is_some());
        let operation = catalogue::find(&sent.call.service, &sent.call.operation);
        // A probe selects what the look at the gate selects, so the two can be compared.
        let look = operation.and_then(catalogue::Operation::observe).filter(|_| !own);
        let moved = look.is_some_and(|l| !seen && l.project(&sent.call.parameters, value) != sent.observed);
        Ok(Sight { at, seen, moved })
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
