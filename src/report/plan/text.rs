//! The plan for people: every step numbered, with why, call, gate and way back.

use std::fmt::Write as _;

use super::{Plan, PlannedGate, PlannedPrompt, PlannedStep, PlannedUndo};
use crate::ids::Span;
use crate::report::ink::ShownCall;
use crate::run::CheckVerdict;

/// Width of the words in front of a line.
const LABEL: usize = 6;

pub(super) fn text(plan: &Plan) -> String {
    let mut out = String::new();
    head(plan, &mut out);
    preflight(plan, &mut out);
    steps(plan, &mut out);
    follow_ups(plan, &mut out);
    writeln!(out, "\nplan {}", plan.digest).ok();
    out
}

fn head(plan: &Plan, out: &mut String) {
    let book = &plan.runbook;
    writeln!(out, "{} ({} {})", book.title, book.id, book.version).ok();
    for place in plan.place.iter().chain(&plan.other_places) {
        let role = place.role_arn.as_ref().map_or_else(String::new, |role| format!(" as {role}"));
        writeln!(out, "{}: {} {}{role}", place.target, place.account, place.region).ok();
    }
    if !plan.identity.is_empty() {
        writeln!(out, "{}", plan.identity).ok();
    }
    for (name, value) in &plan.parameters {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        writeln!(out, "  {name} = {value}").ok();
    }
}

fn preflight(plan: &Plan, out: &mut String) {
    let count = |verdict| plan.preflight.iter().filter(|c| c.verdict == verdict).count();
    let (fail, warn) = (count(CheckVerdict::Fail), count(CheckVerdict::Warn));
    let (skip, ok) = (count(CheckVerdict::Skip), count(CheckVerdict::Ok));
    writeln!(out, "\nPREFLIGHT  {fail} FAIL, {warn} WARN, {skip} SKIP, {ok} OK").ok();
    for check in &plan.preflight {
        let word = match check.verdict {
            CheckVerdict::Fail => "FAIL",
            CheckVerdict::Warn => "WARN",
            CheckVerdict::Skip => "SKIP",
            CheckVerdict::Ok => "OK",
        };
        let message = if check.message.is_empty() { String::new() } else { format!("  {}", check.message) };
        writeln!(out, "  {word:<4}  {}{message}", check.name).ok();
    }
}

fn steps(plan: &Plan, out: &mut String) {
    let mut phase = None;
    let mut numbers: Vec<usize> = Vec::new();
    for step in &plan.steps {
        if step.phase != phase {
            phase.clone_from(&step.phase);
            writeln!(out, "\n== {} ==", phase.as_ref().map_or("", |p| p.as_str())).ok();
        }
        let depth = step.path.as_str().matches('/').count();
        numbers.truncate(depth + 1);
        match numbers.get_mut(depth) {
            Some(number) => *number += 1,
            None => numbers.push(1),
        }
        one(step, &numbers, out);
    }
}

fn one(step: &PlannedStep, numbers: &[usize], out: &mut String) {
    let number: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let number = format!("{}.", number.join("."));
    writeln!(out, "{number:>4} {}  {}  [{}]", step.path, step.title, step.action).ok();
    if step.point_of_no_return {
        line(out, "", "** THE POINT OF NO RETURN: after this nothing before it can be taken back **");
    }
    line(out, "WHY", step.why.as_str());
    line(out, "WHEN", step.when.as_ref().map_or("", |w| w.as_str()));
    if step.only_by_jump {
        line(out, "WHEN", "only when another step goes here");
    }
    if !step.items.is_empty() {
        let items: Vec<&str> = step.items.iter().map(super::Shown::as_str).collect();
        line(out, "EACH", &items.join(", "));
    }
    step.details.iter().for_each(|detail| line(out, "", detail.as_str()));
    step.calls.iter().for_each(|call| line(out, "CALL", &call_words(call)));
    if let Some(prompt) = &step.prompt {
        asked(prompt, out);
    }
    line(out, "WAIT", &wait_words(step));
    if let Some(gate) = &step.gate {
        line(out, "GATE", &gate_words(gate));
    }
    undo(step, out);
}

/// A labelled line; nothing where there is nothing to say.
fn line(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        writeln!(out, "       {label:<LABEL$}{text}").ok();
    }
}

fn call_words(call: &ShownCall) -> String {
    match &call.cli {
        Some(cli) => cli.to_string(),
        None => format!("{} {} {}", call.service, call.operation, call.parameters),
    }
}

fn asked(prompt: &PlannedPrompt, out: &mut String) {
    line(out, "ASK", prompt.message.as_str());
    prompt.choices.iter().for_each(|choice| line(out, "", &format!("- {choice}")));
    line(out, "", prompt.answer.as_str());
}

fn wait_words(step: &PlannedStep) -> String {
    let usually = step.estimate_ms.map_or_else(String::new, |e| format!("usually {}", human(e)));
    match &step.wait {
        None => usually,
        Some(wait) => {
            let usually = if usually.is_empty() { usually } else { format!("; {usually}") };
            let stable = if wait.stable_for > 1 {
                format!(", on {} readings in a row", wait.stable_for)
            } else {
                String::new()
            };
            format!("until {}{stable}{usually}, at most {}", wait.until, human(wait.timeout_ms))
        }
    }
}

fn human(span: Span) -> String {
    span.to_string()
}

fn gate_words(gate: &PlannedGate) -> String {
    let typed =
        if gate.phrase_known { format!("type `{}`", gate.phrase) } else { format!("type {}", gate.phrase) };
    if gate.lowest < gate.tier {
        format!("{}, {typed}; or {}, when it lowers nothing", gate.tier, gate.lowest)
    } else {
        format!("{}, {typed}", gate.tier)
    }
}

fn undo(step: &PlannedStep, out: &mut String) {
    match &step.undo {
        None => {}
        Some(PlannedUndo::None(reason)) => line(out, "UNDO", &format!("none: {reason}")),
        Some(PlannedUndo::Steps(steps)) => {
            for (i, step) in steps.iter().enumerate() {
                let label = if i == 0 { "UNDO" } else { "" };
                line(out, label, &format!("{}  {}", step.name, step.title));
                step.calls.iter().for_each(|call| line(out, "", &format!("  {}", call_words(call))));
                let wait = wait_words(step);
                if !wait.is_empty() {
                    line(out, "", &format!("  {wait}"));
                }
            }
        }
    }
}

fn follow_ups(plan: &Plan, out: &mut String) {
    if plan.follow_ups.is_empty() {
        return;
    }
    writeln!(out, "\nFOLLOW-UPS").ok();
    for one in &plan.follow_ups {
        let doubt = one.doubt.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
        writeln!(out, "  within {}: {}{doubt}", one.due_after_ms, one.text).ok();
    }
}
