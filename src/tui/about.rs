//! What a step is about, in words: its call, its target now, what follows, what takes it back. Pure.
//!
//! The step pane, the gate and the unknown-outcome screen say the same things through these functions. What is
//! returned is not cleaned yet: the drawing does that.

use serde_json::{Map, Value};

use super::backstage::Facts;
use super::effects;
use super::model::Show;
use crate::catalogue::{self, CliPlace};
use crate::drill::Cloud;
use crate::expr::Expr;
use crate::ids::{At, Span, StepPath};
use crate::run::{Call, GateCall, INLINE, Run, Scene, Sent, Stage};
use crate::runbook::{Action, Step, Undo};
use crate::watch::Frame;

/// The call of a step: as it was prepared or sent, else as it would be with what is known now.
///
/// # Errors
/// Why it is not known yet.
pub fn call(scene: &Scene, path: &StepPath, now: At) -> Option<Result<Call, String>> {
    let run = &scene.run;
    if let Some(prepared) = prepared(run, path) {
        return Some(Ok(prepared.call.clone()));
    }
    let empty = Frame::empty(now);
    let frame = scene.looks.get(path).map_or(&empty, AsRef::as_ref);
    run.preview(path, frame, now)
}

/// The resolved call of a step and what its target was seen as.
pub fn prepared<'r>(run: &'r Run, path: &StepPath) -> Option<&'r GateCall> {
    match &run.steps.get(path)?.stage {
        Stage::Prepared { call, .. } | Stage::Gated { call, .. } => Some(call),
        Stage::Granted(grant) => Some(&grant.call),
        Stage::InFlight(sent) | Stage::Doubt { sent, .. } => Some(&sent.grant.call),
        Stage::Fresh | Stage::Done { .. } => None,
    }
}

/// The parameters of a call, one line each; what is nested as JSON.
pub fn parameters(call: &Call) -> Vec<(String, String)> {
    call.parameters.as_object().map_or_else(Vec::new, members)
}

/// Nested records by dotted names, so that each value stands on a line of its own; lists as JSON.
fn members(map: &Map<String, Value>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (name, value) in map.iter().filter(|(_, v)| !v.is_null()) {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.extend(members(inner).into_iter().map(|(k, v)| (format!("{name}.{k}"), v)));
            }
            other => out.push((name.clone(), short(other))),
        }
    }
    out
}

/// A value on one line.
pub fn short(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The members that the confirmation is bound to.
pub fn observed(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Null => vec![("target".into(), "does not exist".into())],
        Value::Object(map) => members(map),
        other => vec![("target".into(), short(other))],
    }
}

/// The members of a probe's reading that tell whether a call happened: those it was bound to, those it sets, the
/// states. The rest of the document would only hide them.
pub fn telling(value: &Value, sent: &Sent) -> Vec<(String, String)> {
    let names = |value: &Value| -> Vec<String> {
        value.as_object().map_or_else(Vec::new, |m| m.keys().map(|k| k.to_lowercase()).collect())
    };
    let bound = [names(&sent.observed), names(&sent.call.parameters)].concat();
    let tells = |name: &str| {
        let lower = name.split('.').next().unwrap_or(name).to_lowercase();
        bound.contains(&lower) || lower.ends_with("status")
    };
    let all = observed(value);
    let told: Vec<(String, String)> = all.iter().filter(|(name, _)| tells(name)).take(8).cloned().collect();
    if told.is_empty() { all.into_iter().take(8).collect() } else { told }
}

/// What will be different afterwards.
pub struct After {
    /// In words, with the members that the call changes.
    pub said: String,
    /// The condition by which it is known, where no member shows it; empty otherwise.
    pub known_by: String,
}

/// What will be different after a call on a target that was seen as `observed`.
pub fn after(call: &Call, observed: &Value) -> After {
    let (now, sets) = (self::observed(observed), parameters(call));
    let changed = sets.iter().filter_map(|(name, new)| {
        let (member, old) = now.iter().find(|(k, _)| k.eq_ignore_ascii_case(name))?;
        (old != new).then(|| format!("{member} {old} > {new}"))
    });
    let changed: Vec<String> = changed.collect();
    let probe = catalogue::find(&call.service, &call.operation).and_then(catalogue::Operation::probe);
    let known_by = probe
        .filter(|_| changed.is_empty())
        .and_then(|p| p.executed_when(&call.parameters))
        .map_or_else(String::new, |when| format!("known by {when}"));
    let words =
        effects::after(call).or_else(|| (!known_by.is_empty()).then(|| "what the call sets holds".into()));
    let said: Vec<String> = words.into_iter().chain(changed).collect();
    After { said: said.join("; "), known_by }
}

/// What takes the step back.
pub fn undo(run: &Run, path: &StepPath, step: &Step, now: At) -> String {
    match &step.undo {
        Undo::NotNeeded => "not needed: this step changes nothing".into(),
        Undo::None(reason) => format!("none: {}", run.text(path, reason, now)),
        Undo::Steps { steps, valid_until } => {
            let titles: Vec<String> =
                steps.iter().map(|s| run.text(&path.then("undo").then(&s.name), &s.title, now)).collect();
            let until =
                valid_until.as_ref().map_or_else(String::new, |s| format!("; only until {s} has ended"));
            let over = if run.past_return && !path.in_undo() {
                "; no longer, the point of no return has been passed"
            } else {
                ""
            };
            format!("{}{until}{over}", titles.join(", then "))
        }
    }
}

/// What can be lost for good by these calls of one step.
pub fn loss(step: &Step, calls: &[&GateCall]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for said in calls.iter().map(|c| effects::loss(&c.call)) {
        if !out.contains(&said) {
            out.push(said);
        }
    }
    if step.point_of_no_return {
        out.push("point of no return: once it is sent, nothing before it can be undone".into());
    }
    out
}

/// The runbook's text for a step.
pub fn instructions(run: &Run, path: &StepPath, step: &Step, now: At) -> String {
    step.instructions.as_ref().map_or_else(String::new, |t| run.text(path, t, now))
}

/// The `aws` command line of a call.
pub fn cli_of(call: &Call, facts: &Facts) -> Option<String> {
    let place = CliPlace {
        region: Some(call.place.region.clone()).filter(|r| !r.is_empty()),
        profile: facts.profile.clone(),
        endpoint_url: facts.endpoint_url.clone(),
        dummy_key: facts.drill.as_ref().map(|_| Cloud::key_for_others(&call.place.account)),
    };
    catalogue::find(&call.service, &call.operation).map(|o| o.cli(&call.parameters, &place))
}

/// The command line of the chosen step's call.
pub fn cli(run: &Run, show: &Show, facts: &Facts) -> Option<String> {
    let call = call(&show.scene, &show.chosen, run.now)?.ok()?;
    cli_of(&call, facts)
}

/// The target of the chosen step's call.
pub fn subject(run: &Run, show: &Show) -> Option<String> {
    let call = call(&show.scene, &show.chosen, run.now)?.ok()?;
    catalogue::find(&call.service, &call.operation)
        .map(|o| o.subject(&call.parameters))
        .filter(|s| !s.is_empty())
}

/// The calls of an open gate.
pub fn gate_calls<'r>(run: &'r Run, gate: &StepPath) -> Vec<&'r GateCall> {
    let paths = run.gates.get(gate).map_or(&[][..], |g| &g.paths);
    paths.iter().filter_map(|p| prepared(run, p)).collect()
}

/// The command lines of an open gate.
pub fn gate_clis(run: &Run, gate: &StepPath, facts: &Facts) -> Vec<String> {
    gate_calls(run, gate).into_iter().filter_map(|c| cli_of(&c.call, facts)).collect()
}

/// What a condition looks at, with the values of the newest round.
pub fn seen(frame: &Frame, exprs: &[&Expr]) -> Vec<(String, String, Option<At>)> {
    let mut out: Vec<(String, String, Option<At>)> = Vec::new();
    for root in exprs.iter().flat_map(|e| e.roots()) {
        let [reads, name] = root.path.as_slice() else { continue };
        if reads == "reads" && !out.iter().any(|(n, _, _)| n == name) {
            out.push(reading(frame, name, name));
        }
    }
    if frame.readings.contains_key(INLINE) {
        out.push(reading(frame, INLINE, "answer"));
    }
    out
}

fn reading(frame: &Frame, name: &str, label: &str) -> (String, String, Option<At>) {
    let asked = frame.readings.get(name).map(|r| r.asked);
    let text = match frame.value(name) {
        Ok(value) => summary(value),
        Err(why) => why.to_string(),
    };
    (label.to_owned(), text, asked)
}

/// A document in a line: its states, or how many rows it has.
pub fn summary(value: &Value) -> String {
    match value {
        Value::Array(rows) => {
            let states: Vec<String> = rows.iter().take(6).filter_map(states).collect();
            let more = if states.is_empty() { String::new() } else { format!(": {}", states.join(" | ")) };
            format!("{} rows{more}", rows.len())
        }
        Value::Object(_) => states(value).unwrap_or_else(|| short(value)),
        other => short(other),
    }
}

/// The members of a document that say how it is: status, state, counts, progress.
fn states(value: &Value) -> Option<String> {
    let said = |name: &str| {
        let lower = name.to_lowercase();
        ["status", "state", "count", "progress"].iter().any(|w| lower.ends_with(w))
    };
    let shown: Vec<String> = value
        .as_object()?
        .iter()
        .filter(|(k, v)| said(k) && !v.is_object() && !v.is_array() && !v.is_null())
        .map(|(k, v)| format!("{k} {}", short(v)))
        .take(5)
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// The conditions of a step that waits or asserts, and the named conditions that they use.
pub fn conditions<'r>(run: &'r Run, step: &'r Step) -> Vec<&'r Expr> {
    let mut out: Vec<&Expr> = match &step.action {
        Action::Wait(wait) => [Some(&wait.until), wait.fail_when.as_ref(), wait.must_leave.as_ref()]
            .into_iter()
            .flatten()
            .collect(),
        Action::Assert(assert) => vec![&assert.check],
        _ => vec![],
    };
    out.extend(named(run, &out).into_iter().map(|(_, expr)| expr));
    out
}

/// The named conditions that some expressions use.
pub fn named<'r>(run: &'r Run, exprs: &[&Expr]) -> Vec<(&'r str, &'r Expr)> {
    let uses =
        |name: &str| exprs.iter().flat_map(|e| e.roots()).any(|r| r.path.first().is_some_and(|p| p == name));
    let conditions = run.book().conditions.iter().filter(|(name, _)| uses(name));
    conditions.map(|(name, expr)| (name.as_str(), expr)).collect()
}

/// The clocks of a run: since when, and the RTO with what is left of it.
pub struct Clocks {
    pub since_start: Option<Span>,
    pub rto: Option<Rto>,
}

/// The recovery time objective and where it stands.
pub enum Rto {
    Left(Span),
    Over(Span),
    /// Restored, after this long.
    Met(Span),
}

/// RTO runs from the incident to the end of `restored_when` (rules 22).
pub fn clocks(run: &Run, now: At) -> Clocks {
    let end = run.ended.as_ref().map_or(now, |_| run.now);
    let since_start = run.started.map(|s| end.since(s));
    let objectives = &run.book().objectives;
    let rto = objectives.rto.zip(incident(run)).map(|(rto, incident)| {
        let restored =
            objectives.restored_when.as_ref().and_then(|s| run.steps.get(&StepPath::top(s))?.ended);
        match restored {
            Some(at) => Rto::Met(at.since(incident)),
            None if end.since(incident) > rto => Rto::Over(Span(end.since(incident).0 - rto.0)),
            None => Rto::Left(Span(rto.0 - end.since(incident).0)),
        }
    });
    Clocks { since_start, rto }
}

fn incident(run: &Run) -> Option<At> {
    let said = run.parameters.get("incident_time").and_then(Value::as_str).and_then(At::parse);
    said.or(run.started)
}
