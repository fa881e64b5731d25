//! Mutating calls: captured, resolved, observed, shown at a gate, looked at once more, sent.
//!
//! What is confirmed is what is sent (law 4): a grant is for one resolved call on one observed target, and
//! both are compared again right before the intent is written.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::decide::{Outcome, ended};
use super::fact::{Call, Fact, GateCall, HoldKind, Proof, StepState};
use super::judge::rows_hold;
use super::look::{IDENTITY, OBSERVE, PROBE};
use super::scope::{Fault, Scope};
use super::slots::Slots;
use super::state::{Grant, Run, Sent, Stage, StepRun};
use crate::catalogue::{self, Effect, Operation, Tier};
use crate::ids::{At, Attempt, EffectName, Span, StepPath};
use crate::runbook::{Action, Step};
use crate::watch::{Frame, canonical};

/// First pause before a throttled call is sent again; doubles.
const BACKOFF: Span = Span::secs(2);
/// How often a throttled call is sent again under one confirmation (`reliability.md` §4).
const THROTTLED: u16 = 5;

impl Run {
    /// The next decision about the call of a step.
    pub(super) fn advance_call(&self, path: &StepPath, now: At) -> Vec<Fact> {
        let Some((step, run)) = self.at_work(path) else { return vec![] };
        if super::advance::writes(step) && self.info.read_only && matches!(run.stage, Stage::Fresh) {
            return self.hold(path, HoldKind::ReadOnly, "this session is read-only and the step writes", now);
        }
        match &run.stage {
            Stage::Prepared { .. } => self.open_gate(path, run, now),
            Stage::Doubt { .. } if !self.has_probe(path) => {
                let why = "no reading can tell whether this call happened; a person must say so";
                self.hold(path, HoldKind::NeedsVerdict, why, now)
            }
            _ => vec![],
        }
    }

    /// Takes the captures of a step: once, before its first attempt.
    pub(super) fn captured(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some((step, run)) = self.at_work(path) else { return vec![] };
        if run.captured.is_some() {
            return vec![];
        }
        let mut values = Map::new();
        for (name, _) in &step.capture {
            match frame.value(&capture_name(name)) {
                Ok(value) if value.is_null() => {
                    let why = format!("the capture `{name}` is null: there would be no way back");
                    return self.fail(path, HoldKind::Failed, &why, now);
                }
                Ok(value) => values.insert(name.clone(), value.as_ref().clone()),
                Err(why) => return self.unread(path, &why, now),
            };
        }
        vec![Fact::Captured { path: path.clone(), values, at: now }]
    }

    /// Resolves the call and binds it to what its target is now.
    pub(super) fn prepared(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some((step, run)) = self.at_work(path) else { return vec![] };
        if !matches!(run.stage, Stage::Fresh) {
            return vec![];
        }
        match self.prepare(path, step, frame, now) {
            Ok(fact) => vec![fact],
            Err(fault) => self.faulted(path, fault, now),
        }
    }

    fn prepare(&self, path: &StepPath, step: &Step, frame: &Frame, now: At) -> Result<Fact, Fault> {
        self.guarded(path, step, frame, now)?;
        let call = self.call(path, step, frame, now)?;
        let operation = operation(&call)?;
        if operation.input().is_some_and(|shape| catalogue::holds_secret(shape, &call.parameters)) {
            let why =
                "this call holds a secret, and calls stand in the journal as they are sent; make it by hand";
            return Err(Fault::Expression(why.into()));
        }
        let (observed, seen) = observed(operation, &call, frame)?;
        let full = frame.value(OBSERVE).ok();
        let tier = self.tier(step, operation, &call, full.map(AsRef::as_ref));
        let subject = operation.subject(&call.parameters);
        let call = GateCall { path: path.clone(), call, subject, observed, seen };
        Ok(Fact::Prepared { call, tier })
    }

    /// The call of a step with its templates filled.
    pub(super) fn call(&self, path: &StepPath, step: &Step, frame: &Frame, now: At) -> Result<Call, Fault> {
        let Action::AwsApi { operation, parameters } = &step.action else {
            return Err(Fault::Expression("this step makes no call".into()));
        };
        let scope = Scope::bare(self, path, frame, now);
        Ok(Call {
            place: self.place(step.target.as_deref()),
            service: operation.service.to_owned(),
            operation: operation.name.to_owned(),
            parameters: scope.fill(parameters)?,
        })
    }

    /// The tier of a call's gate: the catalogue's floor, raised by what the author says.
    pub fn tier(&self, step: &Step, operation: &Operation, call: &Call, observed: Option<&Value>) -> Tier {
        self.raised(step, operation.floor(&call.parameters, observed))
    }

    /// A floor, raised by what the author says.
    pub fn raised(&self, step: &Step, floor: Tier) -> Tier {
        let said = match step.effect {
            None | Some(Effect::Read) => Tier::T0,
            Some(Effect::Mutate) => Tier::T1,
            Some(Effect::Destructive) => Tier::T2,
        };
        floor.max(said).max(step.confirm.tier.unwrap_or(Tier::T0))
    }

    fn guarded(&self, path: &StepPath, step: &Step, frame: &Frame, now: At) -> Result<(), Fault> {
        let Some(guard) = &step.guard else { return Ok(()) };
        let scope = Scope::bare(self, path, frame, now);
        let enough = rows_hold(&scope, &guard.rows)?;
        if enough && scope.test(&guard.check)? {
            return Ok(());
        }
        Err(Fault::Expression(format!("the guard does not hold: {}", scope.text(&guard.message))))
    }

    fn open_gate(&self, path: &StepPath, run: &StepRun, now: At) -> Vec<Fact> {
        let alone = run.alone || path.in_undo();
        let gate = if alone { path.clone() } else { path.unkeyed() };
        if self.gates.contains_key(&gate) {
            return vec![];
        }
        let paths = if alone { vec![path.clone()] } else { self.ready_at(&gate) };
        if paths.is_empty() {
            return vec![];
        }
        let prepared = paths.iter().filter_map(|p| match self.steps.get(p).map(|s| &s.stage) {
            Some(Stage::Prepared { call, tier }) => Some((call, *tier)),
            _ => None,
        });
        let (calls, tiers): (Vec<&GateCall>, Vec<Tier>) = prepared.unzip();
        let tier = tiers.into_iter().max().unwrap_or(Tier::T3);
        let phrase = self.phrase(path, tier, &calls, now);
        vec![Fact::GateOpened { gate, digest: self.digest(&calls), tier, phrase, paths, at: now }]
    }

    /// The instances that a gate over all items covers: those whose call is resolved, none while one of them is
    /// still being prepared. What is sent again alone has its own gate.
    fn ready_at(&self, gate: &StepPath) -> Vec<StepPath> {
        let siblings: Vec<(&StepPath, &StepRun)> = self
            .active
            .iter()
            .filter(|p| p.unkeyed() == *gate)
            .filter_map(|p| self.steps.get(p).map(|s| (p, s)))
            .filter(|(_, s)| !s.alone && s.hold.is_none())
            .collect();
        if siblings.iter().any(|(_, s)| matches!(s.stage, Stage::Fresh)) {
            return vec![];
        }
        let ready = siblings.into_iter().filter(|(_, s)| matches!(s.stage, Stage::Prepared { .. }));
        ready.map(|(p, _)| p.clone()).collect()
    }

    fn phrase(&self, path: &StepPath, tier: Tier, calls: &[&GateCall], now: At) -> String {
        let subjects: Vec<&str> = calls.iter().map(|c| c.subject.as_str()).collect();
        let region = calls.first().map_or("", |c| c.call.place.region.as_str());
        let frame = Frame::empty(now);
        let also = self.plan.step(path).and_then(|s| s.confirm.also.as_ref());
        let also = also.map(|a| Scope::bare(self, path, &frame, now).text(a));
        phrase(tier, &subjects, region, also.as_deref())
    }

    /// Binds a confirmation to calls, targets, place and actor.
    fn digest(&self, calls: &[&GateCall]) -> String {
        let bound: Vec<Value> = calls
            .iter()
            .map(|c| json!({"path": c.path.to_string(), "call": c.call, "observed": c.observed}))
            .collect();
        let text = canonical(&json!({"by": self.opened_by, "calls": bound}));
        let hash = Sha256::digest(text.as_bytes());
        hash.iter().take(8).fold(String::new(), |out, b| format!("{out}{b:02x}"))
    }

    /// Looked at once more, right before sending: the intent, or a lost grant.
    pub(super) fn cleared(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some((step, run)) = self.at_work(path) else { return vec![] };
        let Stage::Granted(grant) = &run.stage else { return vec![] };
        if !Slots::default().free(self, path) {
            return vec![];
        }
        if let Err(facts) = self.proven_identity(path, grant, frame, now) {
            return facts;
        }
        if frame.value(PROBE).is_err_and(|why| why.kind.passing()) && frame.readings.contains_key(PROBE) {
            return vec![];
        }
        match self.unchanged(path, step, grant, frame, now) {
            Ok((observed, None)) => vec![self.sending(path, run, grant, observed, frame, now)],
            Ok((_, Some(why))) => vec![Fact::Ungranted { path: path.clone(), why, at: now }],
            Err(fault) => self.faulted(path, fault, now),
        }
    }

    fn proven_identity(
        &self,
        path: &StepPath,
        grant: &Grant,
        frame: &Frame,
        now: At,
    ) -> Result<(), Vec<Fact>> {
        let identity = frame.value(IDENTITY).map_err(|why| self.unread(path, &why, now))?;
        let account = identity["Account"].as_str().unwrap_or_default();
        let pinned = &grant.call.call.place.account;
        if account == pinned {
            return Ok(());
        }
        let why = format!("the credentials are of account {account}, this run is pinned to {pinned}");
        Err(self.hold(path, HoldKind::Credentials, &why, now))
    }

    /// The target now, and why the grant no longer covers it if so.
    fn unchanged(
        &self,
        path: &StepPath,
        step: &Step,
        grant: &Grant,
        frame: &Frame,
        now: At,
    ) -> Result<(Value, Option<String>), Fault> {
        self.guarded(path, step, frame, now)?;
        let call = &grant.call.call;
        let (observed, _) = observed(operation(call)?, call, frame)?;
        if observed == grant.call.observed || self.sibling_sent(path, grant) {
            return Ok((observed, None));
        }
        let why = format!(
            "the target changed after it was confirmed: {}",
            changed(&grant.call.observed, &observed)
        );
        Ok((observed, Some(why)))
    }

    /// Our own calls of the same gate to the same target never void the others.
    fn sibling_sent(&self, path: &StepPath, grant: &Grant) -> bool {
        let each = path.unkeyed();
        let same = |spent: &Grant| {
            let (ours, this) = (&spent.call, &grant.call);
            spent.digest == grant.digest && ours.subject == this.subject && ours.observed == this.observed
        };
        self.steps
            .iter()
            .any(|(p, s)| p != path && s.spent.as_deref().is_some_and(same) && p.unkeyed() == each)
    }

    fn sending(
        &self,
        path: &StepPath,
        run: &StepRun,
        grant: &Grant,
        observed: Value,
        frame: &Frame,
        now: At,
    ) -> Fact {
        let name = EffectName { path: path.clone(), attempt: Attempt(run.attempts + 1) };
        let call = grant.call.call.clone();
        // Without a probe reading, later evidence cannot be told from the state before: treat it as there.
        let already = match frame.value(PROBE) {
            Ok(value) => self.probe_sees(path, &call, &observed, value, now, now).unwrap_or(true),
            Err(_) => true,
        };
        Fact::Intent { name, call, observed, already, at: now }
    }

    /// When a granted call may be looked at for sending: at once, or after the backoff of a throttled one.
    pub(super) fn send_from(&self, run: &StepRun, grant: &Grant) -> At {
        match run.last_rejected {
            Some(at) if run.rejections > 0 => {
                let pause = Span(BACKOFF.0 << run.rejections.min(6).saturating_sub(1));
                at.plus(pause.paced(self.info.pace))
            }
            _ => grant.at,
        }
    }

    /// The answer to a sent call, in time or late.
    pub(super) fn answered(&self, name: &EffectName, outcome: &Outcome, now: At) -> Vec<Fact> {
        let Some(run) = self.steps.get(&name.path) else { return vec![] };
        match &run.stage {
            Stage::InFlight(sent) if sent.name == *name => self.outcome(sent, outcome, &Proof::Answer, now),
            // The best evidence there is: the answer itself, however late.
            Stage::Doubt { sent, .. } if sent.name == *name => match outcome {
                Outcome::Unclear { .. } => vec![],
                Outcome::Executed { .. } | Outcome::Rejected { .. } => {
                    self.outcome(sent, outcome, &Proof::LateAnswer, now)
                }
            },
            _ => self.superseded(name, run, outcome, now),
        }
    }

    /// A success for an attempt that was settled as not executed contradicts what followed. Where nothing
    /// was sent since, the step is done after all; in any case a person must know.
    fn superseded(&self, name: &EffectName, run: &StepRun, outcome: &Outcome, now: At) -> Vec<Fact> {
        let Outcome::Executed { answer, request_id } = outcome else { return vec![] };
        if run.happened.contains(&name.attempt.0) || self.ended.is_some() {
            return vec![];
        }
        let why = format!("{name} was held to have not happened, and its success arrived now");
        let conflict = Fact::Conflict { name: name.clone(), why, at: now };
        let open = matches!(run.stage, Stage::InFlight(_) | Stage::Doubt { .. } | Stage::Done { .. });
        if open || run.attempts != name.attempt.0 {
            return vec![conflict];
        }
        let mut facts = self.void_gates(Some(&name.path), "its call happened after all", now);
        let (request_id, proof) = (request_id.clone(), Proof::LateAnswer);
        facts.push(Fact::Executed { name: name.clone(), request_id, proof, at: now });
        facts.extend(self.answer_outputs(&name.path, Some(answer), now));
        facts.push(conflict);
        facts
    }

    fn outcome(&self, sent: &Sent, outcome: &Outcome, proof: &Proof, now: At) -> Vec<Fact> {
        let name = sent.name.clone();
        match outcome {
            Outcome::Executed { answer, request_id } => {
                let mut facts = vec![Fact::Executed {
                    name,
                    request_id: request_id.clone(),
                    proof: proof.clone(),
                    at: now,
                }];
                facts.extend(self.answer_outputs(&sent.name.path, Some(answer), now));
                facts
            }
            Outcome::Rejected { code, message, request_id } => {
                self.rejection(sent, (code, message, request_id.as_ref()), proof, now)
            }
            Outcome::Unclear { why } => vec![Fact::Doubted { name, why: why.clone(), at: now }],
        }
    }

    fn rejection(
        &self,
        sent: &Sent,
        (code, message, request_id): (&str, &str, Option<&String>),
        proof: &Proof,
        now: At,
    ) -> Vec<Fact> {
        let path = &sent.name.path;
        let rejected = Fact::Rejected {
            name: sent.name.clone(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: request_id.cloned(),
            proof: proof.clone(),
            at: now,
        };
        if *proof == Proof::LateAnswer {
            let why = "its outcome was unknown".to_owned();
            return vec![rejected, Fact::Ungranted { path: path.clone(), why, at: now }];
        }
        let tries = self.steps.get(path).map_or(0, |s| s.rejections) + 1;
        let budget = self.plan.step(path).map_or(1, |s| s.max_attempts);
        let throttled = code.contains("Throttl") || code == "RequestLimitExceeded";
        if tries < budget || (throttled && tries < THROTTLED.max(budget)) {
            return vec![rejected];
        }
        let why = format!("{code}: {message}");
        let kind = match code {
            "ReadOnly" => HoldKind::ReadOnly,
            c if c.starts_with("ExpiredToken") => HoldKind::Credentials,
            _ => HoldKind::Failed,
        };
        let lost = Fact::Ungranted { path: path.clone(), why: why.clone(), at: now };
        let mut facts = vec![rejected, lost];
        facts.extend(self.fail(path, kind, &why, now));
        facts
    }

    /// The outputs of a step whose selectors see an answer. Without one (a probe settled it) they are null.
    pub(super) fn answer_outputs(&self, path: &StepPath, answer: Option<&Value>, now: At) -> Vec<Fact> {
        let Some(step) = self.plan.step(path).filter(|s| !s.outputs.is_empty()) else { return vec![] };
        let frame = Frame::empty(now);
        let scope = Scope::bare(self, path, &frame, now);
        let value = |selector| answer.map_or(Ok(Value::Null), |a| scope.value_on(selector, a));
        let outputs = step.outputs.iter().map(|o| (o.name.clone(), value(&o.selector).unwrap_or_default()));
        vec![Fact::Gave { path: path.clone(), outputs: outputs.collect() }]
    }

    /// The end of a step whose call is done: what later steps count on must be there.
    pub(super) fn call_succeeded(&self, path: &StepPath, outputs: &Map<String, Value>, now: At) -> Vec<Fact> {
        let all = self.plan.step(path).map_or(&[][..], |s| &s.outputs);
        let is_missing = |name: &str| outputs.get(name).is_none_or(Value::is_null);
        let missing = all.iter().filter(|o| !o.optional && is_missing(&o.name)).map(|o| o.name.as_str());
        let missing: Vec<&str> = missing.collect();
        if missing.is_empty() {
            return vec![ended(path, StepState::Success, "", now)];
        }
        let why = format!("there is no value for {}", missing.join(", "));
        self.hold(path, HoldKind::Failed, &why, now)
    }

    /// The answer of a step that only reads.
    pub(super) fn read_answered(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        if self.at_work(path).is_none() {
            return vec![];
        }
        match frame.value(super::look::ANSWER) {
            Ok(answer) => {
                let mut facts = self.answer_outputs(path, Some(answer), now);
                let none = Map::new();
                let outputs = facts.iter().find_map(|f| match f {
                    Fact::Gave { outputs, .. } => Some(outputs),
                    _ => None,
                });
                let end = self.call_succeeded(path, outputs.unwrap_or(&none), now);
                facts.extend(end);
                facts
            }
            Err(why) => self.unread(path, &why, now),
        }
    }
}

/// The reading name of a capture.
pub(super) fn capture_name(name: &str) -> String {
    format!("@capture.{name}")
}

fn operation(call: &Call) -> Result<&'static Operation, Fault> {
    catalogue::find(&call.service, &call.operation).ok_or_else(|| {
        Fault::Expression(format!("{} {} is not in the catalogue", call.service, call.operation))
    })
}

/// The members of the target that the confirmation is bound to, and when they were asked.
fn observed(operation: &Operation, call: &Call, frame: &Frame) -> Result<(Value, At), Fault> {
    let Some(look) = operation.observe() else { return Ok((Value::Null, frame.asked)) };
    let fault = |why| Fault::Unread { read: "the target".into(), why };
    let value = frame.value(OBSERVE).map_err(fault)?;
    let seen = frame.readings.get(OBSERVE).map_or(frame.asked, |r| r.asked);
    Ok((look.project(&call.parameters, value), seen))
}

/// The members that differ, for people.
fn changed(before: &Value, after: &Value) -> String {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let names: Vec<&String> = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))).collect();
            let lines = names.into_iter().filter(|k| a.get(*k) != b.get(*k)).map(|k| {
                let show = |m: &Map<String, Value>| m.get(k).map_or("nothing".into(), Value::to_string);
                format!("{k} was {}, is {}", show(a), show(b))
            });
            lines.collect::<Vec<_>>().join("; ")
        }
        _ => format!("it was {before}, it is {after}"),
    }
}

/// The phrase of a gate, computed from its subjects (DESIGN §3 "Effect and gates").
pub fn phrase(tier: Tier, subjects: &[&str], region: &str, also: Option<&str>) -> String {
    let mut joined = subjects.iter().take(3).copied().collect::<Vec<_>>().join(",");
    if subjects.len() > 3 {
        joined = format!("{joined},+{}", subjects.len() - 3);
    }
    let base = match tier {
        Tier::T0 => String::new(),
        Tier::T1 => "y".to_owned(),
        Tier::T2 => joined,
        Tier::T3 => format!("{joined} {region}"),
    };
    match also {
        Some(also) if !also.is_empty() => format!("{base} {also}"),
        _ => base,
    }
}
