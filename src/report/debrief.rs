//! What a drill was worth: the score and what is to be learned from it.
//!
//! Times come from the journal, in the drill's own time; what the journal does not hold (wrong phrases, hints, what
//! the cloud saw) is given.

use serde::Serialize;

use super::model::{GateResult, Objective, Report};
use crate::drill::oracle::{Finding, Verdict, repeated};
use crate::drill::{Called, Scenario};
use crate::ids::{At, Span};
use crate::run::CheckVerdict;
use crate::text::clean;

/// What the journal does not know of a drill.
#[derive(Clone, Copy, Debug)]
pub struct Drilled<'d> {
    pub scenario: &'d Scenario,
    pub seed: u64,
    pub verdict: &'d Verdict,
    /// Calls the cloud saw that would change something.
    pub calls: &'d [Called],
    /// What others did, and when.
    pub told: &'d [(At, String)],
    pub wrong_phrases: u32,
    /// Hints that were asked for.
    pub hints: usize,
}

/// The debrief of one drill.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Debrief {
    pub schema_version: u32,
    pub runbook: String,
    pub scenario: String,
    pub title: String,
    pub seed: u64,
    pub outcome: &'static str,
    /// Whether it came as it comes with a good answer, and the world is as it should be.
    pub good: bool,
    pub findings: Vec<FindingRow>,
    /// From Start to the end, in the time of the drill.
    pub took_ms: Option<Span>,
    /// Time at gates, questions and manual steps.
    pub deciding_ms: Span,
    pub waiting_ms: Span,
    pub rto: Goal,
    pub rpo: Goal,
    pub wrong_phrases: u32,
    pub hints: usize,
    /// How many the scenario has.
    pub hints_offered: usize,
    /// Checks that failed or warned and were gone past, and steps that check and were skipped.
    pub skipped_checks: Vec<String>,
    /// Conditions that were overruled, outcomes that were settled by a word, items that were given up.
    pub unsafe_actions: Vec<String>,
    /// Calls that were executed more than once.
    pub duplicate_calls: Vec<String>,
    pub story: Vec<Told>,
    pub teaches: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FindingRow {
    pub name: String,
    pub holds: bool,
    pub message: String,
}

/// An objective and what was reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Goal {
    pub objective_ms: Option<Span>,
    pub reached_ms: Option<Span>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Told {
    pub at: String,
    pub what: String,
}

impl Debrief {
    /// The debrief of a drill; `report` is that of its run, if it was started.
    pub fn of(drilled: &Drilled<'_>, report: Option<&Report>) -> Debrief {
        let scenario = drilled.scenario;
        Debrief {
            schema_version: 1,
            runbook: scenario.runbook.clone(),
            scenario: scenario.id.clone(),
            title: clean(&scenario.title).into_owned(),
            seed: drilled.seed,
            outcome: drilled.verdict.outcome.word(),
            good: drilled.verdict.good(),
            findings: drilled.verdict.findings.iter().map(row).collect(),
            took_ms: report.and_then(|r| r.verdict.took_ms),
            deciding_ms: report.map(deciding).unwrap_or_default(),
            waiting_ms: report.map(waiting).unwrap_or_default(),
            rto: goal(scenario.rto, report.map(|r| &r.objectives.rto)),
            rpo: goal(scenario.rpo, report.map(|r| &r.objectives.rpo)),
            wrong_phrases: drilled.wrong_phrases,
            hints: drilled.hints,
            hints_offered: scenario.hints.len(),
            skipped_checks: report.map(skipped).unwrap_or_default(),
            unsafe_actions: report.map(overruled).unwrap_or_default(),
            duplicate_calls: repeated(drilled.calls)
                .map(|c| format!("{} {}", c.service, c.operation))
                .collect(),
            story: drilled.told.iter().filter(|(_, what)| !what.is_empty()).map(told).collect(),
            teaches: crate::text::clean_whole_lines(&scenario.teaches),
        }
    }
}

fn row(finding: &Finding) -> FindingRow {
    let message = clean(&finding.message).into_owned();
    FindingRow { name: finding.name.clone(), holds: finding.holds, message }
}

fn told((at, what): &(At, String)) -> Told {
    Told { at: at.clock(), what: clean(what).into_owned() }
}

/// The scenario's own goal goes before that of the runbook.
fn goal(own: Option<Span>, objective: Option<&Objective>) -> Goal {
    Goal {
        objective_ms: own.or_else(|| objective?.objective_ms),
        reached_ms: objective.and_then(|o| o.reached_ms),
    }
}

fn actions(report: &Report, which: &[&str]) -> Span {
    let took = report.steps.iter().filter(|s| which.contains(&s.action)).filter_map(|s| s.took_ms);
    took.fold(Span::default(), Span::plus)
}

/// Time in which something was waited for; what is waited for side by side counts once.
fn waiting(report: &Report) -> Span {
    let waits = report.steps.iter().filter(|s| s.action == "wait");
    once(waits.filter_map(|s| Some((s.began_at?.0, s.ended_at?.0))).collect())
}

fn once(mut spans: Vec<(At, At)>) -> Span {
    spans.sort_unstable();
    let mut until = At(i64::MIN);
    let parts = spans.into_iter().map(|(from, to)| {
        let part = to.since(from.max(until));
        until = until.max(to);
        part
    });
    parts.fold(Span::default(), Span::plus)
}

fn deciding(report: &Report) -> Span {
    let gates = report.gates.iter().filter_map(|gate| match &gate.result {
        GateResult::Confirmed { at, .. } | GateResult::Closed { at, .. } => {
            Some(at.0.since(gate.opened_at.0))
        }
        GateResult::Open => None,
    });
    gates.fold(actions(report, &["prompt", "manual", "approve"]), Span::plus)
}

fn skipped(report: &Report) -> Vec<String> {
    let warned = report.preflight.iter().filter(|c| c.verdict == CheckVerdict::Warn);
    let checks = report.skipped.iter().filter(|s| s.check && s.by.is_some());
    warned.map(|c| format!("preflight {}", c.name)).chain(checks.map(|s| s.path.to_string())).collect()
}

fn overruled(report: &Report) -> Vec<String> {
    let kinds = ["accepted", "given_up", "ruled"];
    let rows = report.overrides.iter().filter(|o| kinds.contains(&o.kind));
    rows.map(|o| match &o.path {
        Some(path) => format!("{} {path}", o.kind),
        None => o.kind.to_owned(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_side_by_side_counts_once() {
        let spans = [(0, 10), (5, 12), (20, 30), (21, 25)].map(|(from, to)| (At(from), At(to)));
        assert_eq!(once(spans.to_vec()), Span(22));
    }
}
