//! One line of prose per fact: the journal tail on the screen, `--plain`, and the report's timeline.

use super::fact::{Fact, Proof};
use crate::ids::At;
use crate::text::clean;

/// When a fact happened and how it reads; nothing for facts that only carry values.
pub fn line(fact: &Fact) -> Option<(At, String)> {
    let (at, text) = words(fact)?;
    Some((at, clean(&text).into_owned()))
}

fn words(fact: &Fact) -> Option<(At, String)> {
    Some(match fact {
        Fact::Opened { life, by, at } => (*at, format!("opened by {by} (life {})", life.0)),
        Fact::Started { at, preflight, .. } => {
            let odd = preflight.iter().filter(|c| c.verdict != super::CheckVerdict::Ok).count();
            (*at, format!("started; preflight {} checks, {odd} not OK", preflight.len()))
        }
        Fact::Began { path, at } => (*at, format!("{path} began")),
        Fact::Captured { path, values, at } => {
            let shown: Vec<String> = values.iter().map(|(k, v)| format!("{k} = {}", brief(v))).collect();
            (*at, format!("{path} captured {}", shown.join(", ")))
        }
        Fact::GateOpened { gate, tier, paths, at, .. } => {
            (*at, format!("{gate} gate {tier} open, {}", calls(paths.len())))
        }
        Fact::GateVoided { gate, why, at } => (*at, format!("{gate} gate closed: {why}")),
        Fact::Ungranted { path, why, at } => (*at, format!("{path} needs a new confirmation: {why}")),
        Fact::Confirmed { gate, by, at, .. } => (*at, format!("{gate} confirmed by {by}")),
        Fact::Intent { name, call, at, .. } => {
            (*at, format!("{name} sends {} {}", call.service, call.operation))
        }
        Fact::Executed { name, request_id, proof, at } => {
            let id = request_id.as_ref().map_or_else(String::new, |r| format!(", request {r}"));
            (*at, format!("{name} executed{id}{}", proven(proof)))
        }
        Fact::Rejected { name, code, message, proof, at, .. } => {
            (*at, format!("{name} did not happen: {code} {message}{}", proven(proof)))
        }
        Fact::Doubted { name, why, at } => (*at, format!("{name} OUTCOME UNKNOWN: {why}")),
        Fact::Conflict { name, why, at } => (*at, format!("{name} CONFLICT: {why}")),
        Fact::Left { path, at } => (*at, format!("{path} has left the old state")),
        Fact::Met { path, asked, at } => {
            (*at, format!("{path} holds, on readings {} old", at.since(*asked).human()))
        }
        Fact::Compared { path, differences, at } => {
            let must = differences.iter().filter(|d| d.must_match).count();
            (*at, format!("{path} compared: {} differences, {must} that must not be", differences.len()))
        }
        Fact::Ended { path, state, why, by, at } => {
            let by = by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            (*at, format!("{path} {}{by}{why}", state.word()))
        }
        Fact::Held { path, why, at, .. } => (*at, format!("{path} HOLDS: {why}")),
        Fact::UndoFinished { at } => (*at, "undo finished".to_owned()),
        Fact::Finished { state, why, at } => {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            (*at, format!("run {}{why}", state.word()))
        }
        Fact::Entered { .. }
        | Fact::Expanded { .. }
        | Fact::Prepared { .. }
        | Fact::Gave { .. }
        | Fact::Jumped { .. } => return None,
        person => return by_person(person),
    })
}

fn by_person(fact: &Fact) -> Option<(At, String)> {
    Some(match fact {
        Fact::Answered { path, value, by, at } => (*at, format!("{path} answered {} by {by}", brief(value))),
        Fact::Attested { path, note, by, at } => {
            let note = if note.is_empty() { String::new() } else { format!(": {note}") };
            (*at, format!("{path} done, says {by}{note}"))
        }
        Fact::Approved { path, approver, accepted, by, at } => {
            let word = if *accepted { "approved" } else { "refused" };
            (*at, format!("{path} {word} by {approver}, recorded by {by}"))
        }
        Fact::Accepted { path, reason, by, at } => (*at, format!("{path} accepted by {by}: {reason}")),
        Fact::Retried { path, by, reason, at } => (*at, format!("{path} tried again by {by} {reason}")),
        Fact::Extended { path, span, by, at, .. } => (*at, format!("{path} extended by {span} ({by})")),
        Fact::GaveUp { path, reason, by, at } => (*at, format!("{path} given up by {by}: {reason}")),
        Fact::Redone { path, then, by, reason, at } => {
            let then = then.as_deref().unwrap_or("the end");
            (*at, format!("{path} is done again, then {then} ({by}: {reason})"))
        }
        Fact::UndoPlanned { paths, to, by, at, .. } => {
            let to = to.as_ref().map_or_else(String::new, |t| format!(" back to {t}"));
            (*at, format!("undo planned{to}, {} steps, by {by}", paths.len()))
        }
        Fact::Noted { path, text, by, at } => {
            let path = path.as_ref().map_or_else(String::new, |p| format!("{p} "));
            (*at, format!("{path}note by {by}: {text}"))
        }
        Fact::Aborted { reason, by, at } => (*at, format!("aborted by {by}: {reason}")),
        _ => return None,
    })
}

fn proven(proof: &Proof) -> String {
    match proof {
        Proof::Answer => String::new(),
        Proof::LateAnswer => " (late answer)".into(),
        Proof::Probe => " (by reading)".into(),
        Proof::Human { by } => format!(" (says {by})"),
    }
}

fn calls(n: usize) -> String {
    if n == 1 { "1 call".into() } else { format!("{n} calls") }
}

fn brief(value: &serde_json::Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    crate::text::fit(&text, 60)
}
