//! The sections of the page, in the order in which a reviewer asks.

use super::escape::{code, fence, prose};
use super::page::Page;
use super::{moment, span};
use crate::report::ink::{Shown, ShownCall};
use crate::report::model::{
    CallOutcome, CallRow, GateResult, GateRow, ProofKind, Report, SettledUnknown, Unknown,
};
use crate::run::CheckVerdict;
use crate::text::written;

pub(super) fn all(page: &mut Page, report: &Report) {
    left(page, report);
    unknowns(page, report);
    overrides(page, report);
    preflight(page, report);
    skipped(page, report);
    gates(page, report);
    decisions(page, report);
    calls(page, report);
    waits(page, report);
    phases(page, report);
    steps(page, report);
    undone(page, report);
    comparisons(page, report);
    follow_ups(page, report);
    timeline(page, report);
    journal(page, report);
}

fn left(page: &mut Page, report: &Report) {
    page.heading(2, "Left half-done");
    let rows = report.left.iter().map(|one| {
        let text = prose(one.text.as_str());
        let text = if one.unknown { format!("**{text}**") } else { text };
        vec![one.path.as_ref().map_or_else(String::new, |p| code(p.as_str())), text]
    });
    page.table("Nothing.", &["Step", "What"], rows);
}

fn unknowns(page: &mut Page, report: &Report) {
    page.heading(2, "Outcomes that were unknown");
    let rows = report.unknowns.iter().map(|one| {
        let settled = one.settled.as_ref().map_or_else(|| "**STILL UNKNOWN**".to_owned(), settled);
        vec![code(one.name.as_str()), code(one.call.as_str()), one.since.to_string(), why(one), settled]
    });
    page.table("None.", &["Attempt", "Call", "Since", "Why", "Settled"], rows);
}

fn why(one: &Unknown) -> String {
    prose(one.why.as_str())
}

fn settled(settled: &SettledUnknown) -> String {
    let person = settled.person.as_ref().map_or_else(String::new, |by| format!(" ({})", prose(by.as_str())));
    let by = match settled.by {
        ProofKind::Answer => "by its answer",
        ProofKind::LateAnswer => "by its late answer",
        ProofKind::Reading => "by readings",
        ProofKind::Person => "**by a person's word**",
    };
    format!("{} {by}{person}, after {}", outcome(settled.outcome), settled.after_ms.human())
}

fn outcome(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Executed => "executed",
        CallOutcome::DidNotHappen => "did not happen",
        CallOutcome::Unknown => "**UNKNOWN**",
    }
}

fn overrides(page: &mut Page, report: &Report) {
    page.heading(2, "Overrides and changes of plan");
    let rows = report.overrides.iter().map(|one| {
        let path = one.path.as_ref().map_or_else(String::new, |p| code(p.as_str()));
        let (by, reason) = (prose(one.by.as_str()), prose(one.reason.as_str()));
        vec![one.at.to_string(), one.kind.replace('_', " "), path, by, or_none(reason)]
    });
    page.table("None.", &["UTC", "What", "Step", "By", "Reason"], rows);
}

fn or_none(text: String) -> String {
    if text.is_empty() { "no reason given".to_owned() } else { text }
}

fn preflight(page: &mut Page, report: &Report) {
    page.heading(2, "Preflight");
    let rows = report.preflight.iter().map(|check| {
        let word = match check.verdict {
            CheckVerdict::Fail => "**FAIL**",
            CheckVerdict::Warn => "**WARN**",
            CheckVerdict::Skip => "**SKIP**",
            CheckVerdict::Ok => "OK",
        };
        vec![word.to_owned(), code(check.name.as_str()), prose(check.message.as_str())]
    });
    page.table("No preflight check is recorded.", &["", "Check", "Message"], rows);
}

fn skipped(page: &mut Page, report: &Report) {
    page.heading(2, "Skipped steps");
    let rows = report.skipped.iter().map(|step| {
        let by = step.by.as_ref().map_or_else(|| "the runbook".to_owned(), |by| prose(by.as_str()));
        let check = if step.check { "**yes**" } else { "" };
        vec![code(step.path.as_str()), check.to_owned(), by, prose(step.why.as_str())]
    });
    page.table("None.", &["Step", "A check", "By", "Why"], rows);
}

fn gates(page: &mut Page, report: &Report) {
    page.heading(2, "Who confirmed what");
    page.table(
        "No gate was opened: nothing was confirmed.",
        &["Opened", "Gate", "Tier", "Phrase", "Result", "Calls"],
        report.gates.iter().map(gate),
    );
}

fn gate(gate: &GateRow) -> Vec<String> {
    let result = match &gate.result {
        GateResult::Confirmed { by, at } => format!("confirmed by {} at {at}", prose(by.as_str())),
        GateResult::Closed { why, at } => format!("closed at {at}: {}", prose(why.as_str())),
        GateResult::Open => "not answered".to_owned(),
    };
    let calls: Vec<String> = gate
        .calls
        .iter()
        .map(|one| match &one.call {
            Some(call) => format!("{} {}", code(one.path.as_str()), code(&operation(call))),
            None => format!("{} **not recorded**", code(one.path.as_str())),
        })
        .collect();
    let tier = gate.tier.to_string();
    let (path, phrase) = (code(gate.gate.as_str()), code(gate.phrase.as_str()));
    vec![gate.opened_at.to_string(), path, tier, phrase, result, calls.join("; ")]
}

fn operation(call: &ShownCall) -> String {
    format!("{} {}", call.service, call.operation)
}

fn decisions(page: &mut Page, report: &Report) {
    page.heading(2, "Answers and approvals");
    let rows = report.decisions.iter().map(|one| {
        let by = prose(one.by.as_str());
        let by = match &one.recorded_by {
            Some(recorder) => format!("{by}, recorded by {}", prose(recorder.as_str())),
            None => by,
        };
        let (path, said) = (code(one.path.as_str()), prose(one.said.as_str()));
        vec![one.at.to_string(), path, prose(one.title.as_str()), one.kind.to_owned(), by, said]
    });
    page.table("None.", &["UTC", "Step", "Question", "", "By", "Said"], rows);
}

fn calls(page: &mut Page, report: &Report) {
    page.heading(2, "Calls that can change something");
    if report.calls.is_empty() {
        return page.line("None was sent. (Reads are not journalled.)");
    }
    page.line("Reads are not journalled. Members that AWS marks as sensitive are replaced.");
    for call in &report.calls {
        page.heading(3, &code(call.name.as_str()));
        for line in call_lines(call) {
            page.item(&line);
        }
        match &call.call {
            None => page.paragraph("**The request itself is not recorded.**"),
            Some(shown) => page.raw(&body(shown)),
        }
    }
}

fn call_lines(call: &CallRow) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(shown) = &call.call {
        lines.push(format!("{} in {}", code(&operation(shown)), prose(shown.place.as_str())));
    }
    lines.push(format!("sent {}, answered {}", moment(call.sent_at), answered(call)));
    let id = call.request_id.as_ref().map_or_else(|| "none recorded".to_owned(), |id| code(id.as_str()));
    lines.push(format!("request id {id}"));
    let by = call.proof_by.as_ref().map_or_else(String::new, |by| format!(" ({})", prose(by.as_str())));
    lines.push(format!("outcome: {}, {}{by}", outcome(call.outcome), proof(call.proof)));
    if let Some(code_word) = &call.code {
        let message = call.message.as_ref().map_or("", Shown::as_str);
        lines.push(format!("{}: {}", code(code_word.as_str()), prose(message)));
    }
    lines.extend(call.conflicts.iter().map(|why| format!("**CONFLICT**: {}", prose(why.as_str()))));
    lines
}

fn answered(call: &CallRow) -> String {
    match (call.answered_at, call.took_ms) {
        (Some(at), Some(took)) => format!("{at} (after {})", took.human()),
        (at, _) => moment(at),
    }
}

fn proof(proof: Option<ProofKind>) -> &'static str {
    match proof {
        None => "**no proof**",
        Some(ProofKind::Answer) => "as AWS answered",
        Some(ProofKind::LateAnswer) => "as AWS answered late",
        Some(ProofKind::Reading) => "as readings show",
        Some(ProofKind::Person) => "**as a person says**",
    }
}

fn body(call: &ShownCall) -> String {
    match &call.cli {
        Some(cli) => fence("sh", cli.as_str()),
        None => fence("json", &call.parameters.to_string()),
    }
}

fn waits(page: &mut Page, report: &Report) {
    page.heading(2, "Waits against estimates");
    let rows = report.waits.iter().map(|one| {
        let ratio = one.ratio.map_or_else(|| "-".to_owned(), |r| format!("{r:.2}"));
        let extended = if one.extended_ms.0 == 0 { "-".to_owned() } else { one.extended_ms.human() };
        let estimate = span(one.estimate_ms);
        let state = one.state.word().replace('_', " ");
        vec![code(one.path.as_str()), estimate, span(one.took_ms), ratio, extended, state]
    });
    page.table("None.", &["Step", "Estimate", "Took", "Ratio", "Extended", "State"], rows);
}

fn phases(page: &mut Page, report: &Report) {
    page.heading(2, "Phases");
    let rows = report.phases.iter().map(|phase| {
        let (began, ended) = (moment(phase.began_at), moment(phase.ended_at));
        vec![prose(phase.phase.as_str()), began, ended, span(phase.took_ms)]
    });
    page.table("The runbook names none.", &["Phase", "Began", "Ended", "Took"], rows);
}

fn steps(page: &mut Page, report: &Report) {
    page.heading(2, "Steps");
    let rows = report.steps.iter().map(|step| {
        let state = step.state.word().replace('_', " ");
        let title = prose(step.title.as_str());
        let (took, why) = (span(step.took_ms), prose(step.why.as_str()));
        vec![code(step.path.as_str()), title, code(step.action), state, took, why]
    });
    page.table("The runbook has none.", &["Step", "Title", "Action", "State", "Took", "Why"], rows);
}

fn undone(page: &mut Page, report: &Report) {
    page.heading(2, "Taken back");
    let rows = report.undone.iter().map(|step| vec![code(step.path.as_str()), step.at.to_string()]);
    page.table("Nothing.", &["Step", "UTC"], rows);
}

fn comparisons(page: &mut Page, report: &Report) {
    page.heading(2, "Old and new configuration");
    if report.comparisons.is_empty() {
        return page.line("Nothing was compared.");
    }
    for one in &report.comparisons {
        page.heading(3, &code(one.path.as_str()));
        page.line(&format!("Compared at {}.", one.at));
        if let Some(accepted) = &one.accepted {
            let (by, reason) = (prose(accepted.by.as_str()), prose(accepted.reason.as_str()));
            page.line(&format!("**Accepted** by {by}: {reason}"));
        }
        let rows = one.differences.iter().map(|row| {
            let must = if row.must_match { "**must match**" } else { "" };
            vec![code(row.path.as_str()), side(&row.left), side(&row.right), must.to_owned()]
        });
        page.table("No difference.", &["Path", "Old", "New", ""], rows);
    }
}

fn side(value: &serde_json::Value) -> String {
    if value.is_null() { "nothing".to_owned() } else { code(&written(value)) }
}

fn follow_ups(page: &mut Page, report: &Report) {
    page.heading(2, "Follow-ups");
    if report.follow_ups.is_empty() {
        page.line("None.");
    }
    for one in &report.follow_ups {
        let due = match one.due_at {
            Some(at) => format!("due {at}"),
            None => format!("due {} after the end of the run, which has not ended", one.due_after_ms),
        };
        let doubt = one.doubt.as_ref().map_or_else(String::new, |why| format!(" ({})", prose(why.as_str())));
        page.item(&format!("[ ] {} ({due}){doubt}", prose(one.text.as_str())));
    }
}

fn timeline(page: &mut Page, report: &Report) {
    page.heading(2, "Timeline (UTC)");
    let rows = report.timeline.iter().map(|event| vec![event.at.to_string(), prose(event.text.as_str())]);
    page.table("Nothing is recorded.", &["UTC", "What happened"], rows);
}

fn journal(page: &mut Page, report: &Report) {
    page.heading(2, "What the journal does not tell");
    let rows = report.gaps.iter().map(|gap| {
        let kinds: Vec<String> = gap.missing.iter().map(|kind| code(kind)).collect();
        vec![kinds.join(" or "), format!("**{}**", prose(gap.text.as_str()))]
    });
    page.table("No fact is missing that another one needs.", &["Missing", "What that means"], rows);
    let none: Vec<String> =
        report.records.iter().filter(|(_, n)| **n == 0).map(|(kind, _)| code(kind)).collect();
    if !none.is_empty() {
        let none = none.join(", ");
        page.paragraph(&format!(
            "No fact of these kinds is recorded; if one happened, it was not written: {none}."
        ));
    }
    let head = code(report.journal.head.as_str());
    page.paragraph(&format!("Journal head {head}. {}", report.journal.sentence));
}
