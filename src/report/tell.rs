//! Puts a report together: the parts from their files, and the sentences that sum it up.

use std::collections::BTreeMap;

use super::calls::calls;
use super::gaps::gaps;
use super::ink::Shown;
use super::model::{
    CheckRow, EndpointPart, Event, JournalPart, LifePart, PlacePart, Report, RunPart, RunbookPart, Utc,
    Verdict,
};
use super::source::{Journalled, Source};
use super::steps::{self, Instance};
use super::{left, objectives, people};
use crate::ids::{At, Span};
use crate::journal::EndpointKind;
use crate::run::{CheckVerdict, Fact, RunState, StepState, line};

/// Every kind of fact there is.
const KINDS: &[&str] = &[
    "opened",
    "started",
    "began",
    "entered",
    "expanded",
    "captured",
    "prepared",
    "gate_opened",
    "gate_voided",
    "ungranted",
    "confirmed",
    "intent",
    "executed",
    "rejected",
    "doubted",
    "conflict",
    "left",
    "met",
    "gave",
    "answered",
    "attested",
    "approved",
    "compared",
    "accepted",
    "jumped",
    "ended",
    "held",
    "retried",
    "extended",
    "gave_up",
    "redone",
    "undo_planned",
    "undo_finished",
    "noted",
    "aborted",
    "finished",
];

/// What the chain of hashes shows, and what it does not.
const CHAIN: &str = "Each line of the journal holds the hash of the line before it; the head above is the \
newest. The chain shows that no line before the newest was lost or changed by accident. It does not show who \
wrote it: whoever can write the file can write all of it anew. Nor does it show lines lost from its very end. \
For both, compare the head with one noted elsewhere, such as on another screen or in another copy of this report.";

impl Report {
    /// Makes the report of a run from its journal alone; `now` is the moment of the report.
    pub fn of(journalled: &Journalled<'_>, now: At) -> Report {
        let source = Source::new(journalled);
        let instances = steps::instances(&source);
        let (calls, unknowns) = calls(&source);
        let mut report = Report {
            schema_version: 1,
            generated_at: Utc(now),
            run: run_part(&source),
            verdict: verdict(&source, &instances),
            attention: Vec::new(),
            objectives: objectives::objectives(&source),
            unknowns,
            overrides: people::overrides(&source),
            preflight: CheckRow::sorted(&source.ink, &source.run.preflight),
            skipped: steps::skipped(&source, &instances),
            gates: people::gates(&source),
            decisions: people::decisions(&source),
            calls,
            waits: steps::waits(&source, &instances),
            phases: steps::phases(&source, &instances),
            steps: steps::rows(&source, &instances),
            undone: steps::undone(&source),
            comparisons: steps::comparisons(&source),
            left: left::left(&source, &instances),
            follow_ups: left::follow_ups(&source),
            timeline: timeline(&source),
            gaps: gaps(journalled, &source),
            records: records(&source),
            journal: JournalPart { head: source.ink.text(journalled.head), sentence: CHAIN },
        };
        report.attention = attention(&report, &source);
        report
    }
}

fn run_part(source: &Source<'_>) -> RunPart {
    let (header, ink) = (source.header, &source.ink);
    let book = source.run.book();
    RunPart {
        id: ink.show(&header.run),
        runbook: RunbookPart {
            id: ink.text(&header.runbook.id),
            title: ink.text(&book.title),
            version: ink.text(&header.runbook.version),
            digest: ink.show(&header.runbook.digest),
        },
        endpoint: endpoint(source),
        places: header.places.iter().map(|place| PlacePart::of(ink, place)).collect(),
        operator: ink.text(&header.operator),
        lives: lives(source),
        app_version: ink.text(&header.app_version),
        parameters: ink.map(&source.run.parameters),
    }
}

fn endpoint(source: &Source<'_>) -> EndpointPart {
    let (kind, text) = match &source.header.endpoint {
        EndpointKind::Live => ("live", "AWS (live)".to_owned()),
        EndpointKind::Custom { host } => ("custom", format!("the custom endpoint {host}, not AWS itself")),
        EndpointKind::Drill { scenario, seed, .. } => {
            ("drill", format!("a DRILL: scenario {scenario}, seed {seed}"))
        }
    };
    EndpointPart { kind, text: source.ink.text(&text) }
}

fn lives(source: &Source<'_>) -> Vec<LifePart> {
    let opened = source.facts.iter().filter_map(|fact| match fact {
        Fact::Opened { life, by, at } => {
            Some(LifePart { life: life.0, by: source.ink.text(by), opened_at: Utc(*at) })
        }
        _ => None,
    });
    opened.collect()
}

fn timeline(source: &Source<'_>) -> Vec<Event> {
    let ink = &source.ink;
    let event = |fact: &Fact| {
        let (at, text) = line(fact)?;
        Some(Event { at: Utc(at), kind: fact.kind(), text: ink.text(&text) })
    };
    // Values are shortened in a line, and a shortened secret would not be found any more.
    let whole = source.facts.iter().filter_map(|fact| match fact {
        Fact::Captured { path, values, at } => {
            event(&Fact::Captured { path: path.clone(), values: ink.map(values), at: *at })
        }
        Fact::Answered { path, value, by, at } => {
            event(&Fact::Answered { path: path.clone(), value: ink.value(value), by: by.clone(), at: *at })
        }
        other => event(other),
    });
    whole.collect()
}

fn records(source: &Source<'_>) -> BTreeMap<&'static str, u64> {
    let mut counts: BTreeMap<&'static str, u64> = KINDS.iter().map(|kind| (*kind, 0)).collect();
    for fact in source.facts {
        *counts.entry(fact.kind()).or_default() += 1;
    }
    counts
}

fn verdict(source: &Source<'_>, instances: &[Instance<'_>]) -> Verdict {
    let run = &source.run;
    let (started, ended) = (run.started, source.ended_at());
    let took = ended.zip(started).map(|(end, start)| end.since(start));
    Verdict {
        state: run.state(),
        ended: run.ended.is_some(),
        sentence: source.ink.text(&sentence(source, instances, took)),
        started_at: started.map(Utc),
        ended_at: ended.map(Utc),
        took_ms: took,
        exceptions: run.exceptions.iter().map(|e| source.ink.text(e)).collect(),
    }
}

fn sentence(source: &Source<'_>, instances: &[Instance<'_>], took: Option<Span>) -> String {
    let run = &source.run;
    let after = took.map_or_else(String::new, |t| format!(" after {}", t.human()));
    let counts = counts(instances);
    match (run.state(), &run.ended) {
        (RunState::Pending, _) => "The run was never started.".to_owned(),
        (RunState::Success, _) => format!("The run ended in success{after}: {counts}."),
        (RunState::SuccessWithExceptions, Some((_, why))) => {
            format!("The run ended in success{after}, WITH EXCEPTIONS: {counts}. {why}.")
        }
        (state, Some((_, why))) => {
            let why = if why.is_empty() { String::new() } else { format!(" {why}.") };
            format!("The run ended {}{after}: {counts}.{why}", state.word())
        }
        (state, None) => {
            let id = &run.info.id;
            format!(
                "The run is NOT FINISHED ({}{}): {counts}. `ripcord resume {id}` goes on with it.",
                state.word(),
                standing(source)
            )
        }
    }
}

/// Where an unfinished run stands.
fn standing(source: &Source<'_>) -> String {
    let deepest = source.run.active.iter().max_by_key(|path| path.0.len());
    deepest.map_or_else(String::new, |path| format!(" at {path}"))
}

fn counts(instances: &[Instance<'_>]) -> String {
    let mut by_state: BTreeMap<StepState, usize> = BTreeMap::new();
    for instance in instances {
        *by_state.entry(instance.state).or_default() += 1;
    }
    let words: Vec<String> =
        by_state.iter().map(|(state, n)| format!("{n} {}", state.word().replace('_', " "))).collect();
    format!("{} steps, of them {}", instances.len(), words.join(", "))
}

/// What nobody who reads the report may miss.
fn attention(report: &Report, source: &Source<'_>) -> Vec<Shown> {
    let checks =
        |wanted: &[CheckVerdict]| report.preflight.iter().filter(|c| wanted.contains(&c.verdict)).count();
    let passed =
        |by_person: bool| report.skipped.iter().filter(|s| s.check && s.by.is_some() == by_person).count();
    let open = report.unknowns.iter().filter(|u| u.settled.is_none()).count();
    let conflicts: usize = report.calls.iter().map(|c| c.conflicts.len()).sum();
    let ruled = report.overrides.iter().filter(|o| o.kind == "ruled").count();
    let lines = [
        (
            report.gaps.len(),
            ["thing is", "things are"],
            "NOT RECORDED although something of the kind must have happened",
        ),
        (open, ["outcome is", "outcomes are"], "STILL UNKNOWN"),
        (conflicts, ["outcome was", "outcomes were"], "contradicted later"),
        (ruled, ["outcome is", "outcomes are"], "a person's word, not evidence"),
        (report.unknowns.len() - open, ["outcome was", "outcomes were"], "unknown for a time"),
        (report.overrides.len(), ["decision", "decisions"], "changed the course of the runbook"),
        (
            checks(&[CheckVerdict::Fail, CheckVerdict::Warn]),
            ["preflight check was", "preflight checks were"],
            "not OK",
        ),
        (
            checks(&[CheckVerdict::Skip]),
            ["preflight check was", "preflight checks were"],
            "SKIPPED, for want of a reading",
        ),
        (passed(true), ["checking step was", "checking steps were"], "SKIPPED BY A PERSON"),
        (passed(false), ["checking step", "checking steps"], "did not apply and did not run"),
        (report.undone.len(), ["step was", "steps were"], "taken back"),
    ];
    let said = lines.iter().filter(|(n, _, _)| *n > 0);
    said.map(|(n, [one, many], what)| {
        source.ink.text(&format!("{n} {} {what}", if *n == 1 { one } else { many }))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fact_is_counted() {
        let source = include_str!("../run/fact.rs");
        let kinds: Vec<&str> =
            source.lines().filter_map(|l| l.trim().strip_prefix("Fact::")?.split('"').nth(1)).collect();
        assert_eq!(kinds, KINDS);
    }
}
