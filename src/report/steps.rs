//! The steps of a run: what became of each, how long it took, what was passed over, taken back, compared.

use std::collections::BTreeMap;

use super::ink::Shown;
use super::model::{
    Accepted, Comparison, DifferenceRow, PhaseRow, SkippedStep, StepRow, UndoneStep, Utc, WaitRow,
};
use super::source::Source;
use crate::ids::{Span, StepPath};
use crate::run::{Fact, StepState};
use crate::runbook::{Action, Step};

/// One step instance in the order of the runbook: items one after the other, undo flows behind their step.
pub(super) struct Instance<'a> {
    pub path: StepPath,
    pub step: &'a Step,
    pub phase: Option<&'a str>,
    pub state: StepState,
}

/// Every step instance of a run, those that were never reached included.
pub(super) fn instances<'a>(source: &'a Source<'_>) -> Vec<Instance<'a>> {
    let mut out = Vec::new();
    list(source, &StepPath::default(), None, &mut out);
    out
}

fn list<'a>(source: &'a Source<'_>, at: &StepPath, phase: Option<&'a str>, out: &mut Vec<Instance<'a>>) {
    let run = &source.run;
    let next = run.lists.get(at).map_or(0, |cursor| cursor.next);
    for (index, step) in run.plan.list(at).iter().enumerate() {
        let path = at.then(&step.name);
        let phase = step.phase.as_deref().or(phase);
        let passed = !run.steps.contains_key(&path) && index < next;
        let state = if passed { StepState::Skipped } else { run.state_of(&path) };
        out.push(Instance { path: path.clone(), step, phase, state });
        for item in run.steps.get(&path).map_or(&[][..], |s| &s.items) {
            list(source, &path.item(&item.key), phase, out);
        }
        let undo = path.then("undo");
        if run.lists.contains_key(&undo) {
            list(source, &undo, phase, out);
        }
    }
}

/// Every instance as a row.
pub(super) fn rows(source: &Source<'_>, instances: &[Instance<'_>]) -> Vec<StepRow> {
    instances.iter().map(|instance| row(source, instance)).collect()
}

fn row(source: &Source<'_>, instance: &Instance<'_>) -> StepRow {
    let times = source.times(&instance.path);
    StepRow {
        path: source.ink.show(&instance.path),
        title: source.title(&instance.path),
        phase: instance.phase.map(|p| source.ink.text(p)),
        action: instance.step.action.word(),
        state: instance.state,
        why: why(source, instance),
        began_at: times.began.map(Utc),
        ended_at: times.ended.map(Utc),
        took_ms: times.took(),
    }
}

fn why(source: &Source<'_>, instance: &Instance<'_>) -> Shown {
    match source.run.steps.get(&instance.path) {
        Some(run) => source.ink.text(run.hold.as_ref().map_or(&run.why, |hold| &hold.why)),
        None if instance.state == StepState::Skipped => source.ink.text("jumped over"),
        None => Shown::default(),
    }
}

/// What did not run although the run went past it.
pub(super) fn skipped(source: &Source<'_>, instances: &[Instance<'_>]) -> Vec<SkippedStep> {
    let passed = instances.iter().filter(|i| i.state == StepState::Skipped);
    passed
        .map(|instance| SkippedStep {
            path: source.ink.show(&instance.path),
            title: source.title(&instance.path),
            check: checks(&instance.step.action),
            why: why(source, instance),
            by: source.times(&instance.path).by.map(|by| source.ink.text(by)),
        })
        .collect()
}

/// Whether a step looks at something without changing it.
fn checks(action: &Action) -> bool {
    matches!(
        action,
        Action::Wait(_) | Action::Assert(_) | Action::Diff(_) | Action::Manual(_) | Action::Approve { .. }
    )
}

/// Steps that took time, against their estimates.
pub(super) fn waits(source: &Source<'_>, instances: &[Instance<'_>]) -> Vec<WaitRow> {
    let long = |i: &&Instance<'_>| matches!(i.step.action, Action::Wait(_)) || i.step.estimate.is_some();
    let began = |i: &&Instance<'_>| source.times(&i.path).began.is_some() && i.state != StepState::Skipped;
    instances.iter().filter(long).filter(began).map(|i| wait(source, i)).collect()
}

fn wait(source: &Source<'_>, instance: &Instance<'_>) -> WaitRow {
    let took = source.times(&instance.path).took();
    let estimate = instance.step.estimate;
    let ratio = took.zip(estimate.filter(|e| e.0 > 0)).map(|(took, estimate)| hundredths(took, estimate));
    WaitRow {
        path: source.ink.show(&instance.path),
        title: source.title(&instance.path),
        estimate_ms: estimate,
        took_ms: took,
        ratio,
        extended_ms: source.run.steps.get(&instance.path).map(|s| s.extended).unwrap_or_default(),
        state: instance.state,
    }
}

/// A ratio with two digits behind the point.
fn hundredths(took: Span, estimate: Span) -> f64 {
    let n = u32::try_from(took.0.saturating_mul(100) / estimate.0).unwrap_or(u32::MAX);
    f64::from(n) / 100.0
}

/// When each phase began and ended; undo flows belong to none.
pub(super) fn phases(source: &Source<'_>, instances: &[Instance<'_>]) -> Vec<PhaseRow> {
    let phases = source.run.book().phases.iter();
    phases
        .map(|phase| {
            let inside = instances.iter().filter(|i| i.phase == Some(phase) && !i.path.in_undo());
            let times: Vec<_> = inside.map(|i| source.times(&i.path)).filter(|t| t.began.is_some()).collect();
            let began = times.iter().filter_map(|t| t.began).min();
            // A phase with a step at work has not ended.
            let ended = times.iter().map(|t| t.ended).min_by_key(Option::is_some).flatten();
            let ended = ended.and(times.iter().filter_map(|t| t.ended).max());
            PhaseRow {
                phase: source.ink.text(phase),
                began_at: began.map(Utc),
                ended_at: ended.map(Utc),
                took_ms: ended.and_then(|e| Some(e.since(began?))),
            }
        })
        .collect()
}

/// The step instances that were taken back.
pub(super) fn undone(source: &Source<'_>) -> Vec<UndoneStep> {
    let taken_back = source.facts.iter().filter_map(|fact| match fact {
        Fact::Ended { path, state: StepState::Undone, at, .. } => {
            Some(UndoneStep { path: source.ink.show(path), at: Utc(*at) })
        }
        _ => None,
    });
    taken_back.collect()
}

/// The newest comparison of each step, and who went on in spite of it.
pub(super) fn comparisons(source: &Source<'_>) -> Vec<Comparison> {
    let mut newest: BTreeMap<&StepPath, Comparison> = BTreeMap::new();
    for fact in source.facts {
        match fact {
            Fact::Compared { path, differences, at } => {
                let differences = differences.iter().map(|d| difference(source, d)).collect();
                let path_text = source.ink.show(path);
                let row = Comparison { path: path_text, at: Utc(*at), differences, accepted: None };
                newest.insert(path, row);
            }
            Fact::Accepted { path, reason, by, .. } => {
                if let Some(row) = newest.get_mut(path) {
                    let (by, reason) = (source.ink.text(by), source.ink.text(reason));
                    row.accepted = Some(Accepted { by, reason });
                }
            }
            _ => {}
        }
    }
    let mut rows: Vec<Comparison> = newest.into_values().collect();
    rows.sort_by_key(|row| row.at);
    rows
}

fn difference(source: &Source<'_>, difference: &crate::run::Difference) -> DifferenceRow {
    DifferenceRow {
        path: source.ink.text(&difference.path),
        left: source.ink.value(&difference.left),
        right: source.ink.value(&difference.right),
        must_match: difference.must_match,
    }
}
