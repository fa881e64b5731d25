//! RTO and RPO: what was promised, what was reached, and plainly so where it cannot be told.

use super::model::{Objective, Objectives, Reached, Utc};
use super::source::Source;
use crate::expr::Expr;
use crate::ids::{At, Span, StepPath};
use crate::run::{Scope, StepState};
use crate::watch::Frame;

/// When the damage began, and where that is known from.
struct Incident {
    at: At,
    /// Nobody said when; Start stands in for it.
    assumed: bool,
}

pub(super) fn objectives(source: &Source<'_>) -> Objectives {
    let incident = incident(source);
    Objectives { rto: rto(source, incident.as_ref()), rpo: rpo(source, incident.as_ref()) }
}

fn incident(source: &Source<'_>) -> Option<Incident> {
    let run = &source.run;
    let said = match &run.book().objectives.incident {
        Some(expr) => moment(source, expr).ok().flatten(),
        None => run.parameters.get("incident_time").and_then(|v| At::parse(v.as_str()?)),
    };
    match said {
        Some(at) => Some(Incident { at, assumed: false }),
        None => run.started.map(|at| Incident { at, assumed: true }),
    }
}

/// The moment an expression over the run gives; no reading is asked for a report.
fn moment(source: &Source<'_>, expr: &Expr) -> Result<Option<At>, String> {
    let (top, frame) = (StepPath::default(), Frame::empty(source.run.now));
    let scope = Scope::bare(&source.run, &top, &frame, source.run.now);
    let value = scope.value(expr).map_err(|fault| fault.to_string())?;
    match value.as_str() {
        Some(text) => At::parse(text).map(Some).ok_or_else(|| format!("`{text}` is not a moment")),
        None if value.is_null() => Ok(None),
        None => Err(format!("{value} is not a moment")),
    }
}

/// When the step that ends the RTO clock had succeeded, all its items included.
fn restored(source: &Source<'_>) -> Result<At, String> {
    let run = &source.run;
    let wanted = run.book().objectives.restored_when.as_deref();
    let name = wanted.ok_or("the runbook does not say which step restores the service")?;
    let place = run.plan.locate(name).ok_or("the step that restores the service is not in the runbook")?;
    // Instances of one step share their first name, so they stand side by side.
    let first = StepPath(place.0[..1].to_vec());
    let instances = run.steps.range(first.clone()..).take_while(|(p, _)| p.0[0].name == first.0[0].name);
    let mut newest = None;
    for (path, step) in instances.filter(|(path, _)| path.unkeyed() == *place) {
        match (step.state, step.ended) {
            (StepState::Success, Some(at)) => newest = newest.max(Some(at)),
            _ => return Err(format!("`{path}` did not succeed ({})", run.state_of(path).word())),
        }
    }
    newest.ok_or_else(|| format!("the run did not come to `{name}`"))
}

fn rto(source: &Source<'_>, incident: Option<&Incident>) -> Objective {
    let goal = source.run.book().objectives.rto;
    let ended = restored(source);
    let from = incident.map(|i| i.at);
    let to = ended.as_ref().ok().copied();
    let reached_ms = from.zip(to).map(|(from, to)| to.since(from));
    let reached = match (&ended, reached_ms) {
        (Err(_), _) => Reached::NotReached,
        (Ok(_), None) => Reached::NotKnown,
        (Ok(_), Some(took)) => against(took, goal),
    };
    let sentence = match (&ended, reached_ms) {
        (Err(why), _) => format!("RTO not reached: {why}{}.", goal_words(goal)),
        (_, None) => format!("RTO not known: the start is not recorded{}.", goal_words(goal)),
        (_, Some(took)) => {
            let assumed = incident.is_some_and(|i| i.assumed);
            let since = if assumed { "Start, because no incident time is known" } else { "the incident" };
            format!("Restored {} after {since}{}.", took.human(), compared(reached, goal))
        }
    };
    let (from, to) = (from.map(Utc), to.map(Utc));
    let sentence = source.ink.text(&sentence);
    Objective { objective_ms: goal, reached_ms, from, to, reached, sentence }
}

fn rpo(source: &Source<'_>, incident: Option<&Incident>) -> Objective {
    let goal = source.run.book().objectives.rpo;
    let recovered = match &source.run.book().objectives.recovered_to {
        None => Err("the runbook does not say what moment it recovers".to_owned()),
        Some(expr) => moment(source, expr).and_then(|at| at.ok_or_else(|| "no moment was chosen".into())),
    };
    let restored = restored(source);
    let from = recovered.as_ref().ok().copied();
    let to = incident.map(|i| i.at);
    let lost = from.zip(to).map(|(from, to)| to.since(from));
    let after = from.zip(to).is_some_and(|(recovered, incident)| recovered > incident);
    let reached = match (lost, &restored) {
        (None, _) => Reached::NotKnown,
        (Some(_), Ok(_)) if after => Reached::NotKnown,
        (Some(_), Err(_)) => Reached::NotReached,
        (Some(lost), Ok(_)) => against(lost, goal),
    };
    let sentence = match (&recovered, lost) {
        (Err(why), _) => format!("RPO not known: {why}{}.", goal_words(goal)),
        (_, None) => format!("RPO not known: the start is not recorded{}.", goal_words(goal)),
        (Ok(at), Some(lost)) => rpo_words(*at, lost, incident, restored.is_ok(), reached, goal),
    };
    let (from, to) = (from.map(Utc), to.map(Utc));
    let sentence = source.ink.text(&sentence);
    Objective {
        objective_ms: goal,
        reached_ms: lost.filter(|_| restored.is_ok() && !after),
        from,
        to,
        reached,
        sentence,
    }
}

fn rpo_words(
    recovered: At,
    lost: Span,
    incident: Option<&Incident>,
    restored: bool,
    reached: Reached,
    goal: Option<Span>,
) -> String {
    let at = Utc(recovered);
    let assumed = incident.is_some_and(|i| i.assumed);
    let until = if assumed { "Start, because no incident time is known" } else { "the incident" };
    if incident.is_some_and(|i| recovered > i.at) {
        return format!(
            "The data is that of {at}, which is AFTER {until}: see that the damage is not in it."
        );
    }
    if !restored {
        let goal = goal_words(goal);
        return format!(
            "RPO not reached: the data of {at}, {} before {until}, was chosen and not restored{goal}.",
            lost.human()
        );
    }
    format!("The data is that of {at}: {} up to {until} are lost{}.", lost.human(), compared(reached, goal))
}

fn against(took: Span, goal: Option<Span>) -> Reached {
    match goal {
        None => Reached::NoObjective,
        Some(goal) if took <= goal => Reached::Met,
        Some(_) => Reached::Missed,
    }
}

fn compared(reached: Reached, goal: Option<Span>) -> String {
    match (reached, goal) {
        (Reached::Met, Some(goal)) => format!("; the objective of {goal} is met"),
        (Reached::Missed, Some(goal)) => format!("; the objective of {goal} is MISSED"),
        _ => "; there is no objective".to_owned(),
    }
}

fn goal_words(goal: Option<Span>) -> String {
    goal.map_or_else(String::new, |goal| format!(" (objective {goal})"))
}
