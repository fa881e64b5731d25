//! The judge of a drill: how the run ended, and what is true of the world, whatever the steps said.

use serde_json::Value;

use super::cloud::{Called, Caller};
use super::scenario::{Expect, Outcome, Scenario};
use crate::ids::At;
use crate::run::{CheckVerdict, HoldKind, Run, RunState};

/// How a drill came out.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    pub outcome: Outcome,
    /// The step, or `preflight`, at which it stands.
    pub at: Option<String>,
    pub why: String,
    pub findings: Vec<Finding>,
}

/// One thing that was judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub name: String,
    pub holds: bool,
    pub message: String,
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub enum Came<'r> {
    /// It was not started: this check failed, for this reason.
    NotStarted {
        why: &'r str,
    },
    Run(&'r Run),
}

impl Verdict {
    /// Whether everything came as the scenario says.
    pub fn good(&self) -> bool {
        self.findings.iter().all(|f| f.holds)
    }
}

/// Judges the end of a drill.
pub fn judge(
    scenario: &Scenario,
    came: Came<'_>,
    responded: bool,
    world: &Value,
    calls: &[Called],
    now: At,
) -> Verdict {
    let (outcome, at, why) = outcome(came, responded);
    let mut verdict = Verdict { outcome, at, why, findings: Vec::new() };
    let ending = ended_as(&scenario.expect, &verdict);
    verdict.findings.push(ending);
    verdict.findings.push(nothing_twice(calls));
    if let (Some(warns), Came::Run(run)) = (&scenario.expect.warns, came) {
        verdict.findings.push(warned_of(warns, run));
    }
    for judged in &scenario.expect.world {
        let (holds, message) = match judged.check.test(world, &Value::Null, now) {
            Ok(holds) => (holds, judged.message.clone()),
            Err(error) => (false, error.to_string()),
        };
        verdict.findings.push(Finding { name: judged.name.clone(), holds, message });
    }
    verdict
}

fn outcome(came: Came<'_>, responded: bool) -> (Outcome, Option<String>, String) {
    let run = match came {
        Came::NotStarted { why } => return (Outcome::Stopped, Some("preflight".into()), why.to_owned()),
        Came::Run(run) => run,
    };
    match &run.ended {
        Some((RunState::Success | RunState::SuccessWithExceptions, why)) => {
            let outcome = if responded { Outcome::RecoveredAfterResponse } else { Outcome::Recovered };
            (outcome, None, why.clone())
        }
        Some((_, why)) if run.executed.is_empty() && responded => (Outcome::RolledBack, None, why.clone()),
        Some((_, why)) => (Outcome::Stopped, None, why.clone()),
        None => held(run),
    }
}

fn held(run: &Run) -> (Outcome, Option<String>, String) {
    let mut holds = run.active.iter().filter_map(|p| Some((p, run.steps.get(p)?.hold.as_ref()?)));
    match holds.next_back() {
        Some((path, hold)) if hold.kind == HoldKind::RolledBack => {
            (Outcome::RolledBack, Some(path.unkeyed().to_string()), hold.why.clone())
        }
        Some((path, hold)) => (Outcome::Stopped, Some(path.unkeyed().to_string()), hold.why.clone()),
        None => {
            let open = run.gates.keys().chain(run.active.iter().rev()).next();
            (Outcome::Stopped, open.map(|p| p.unkeyed().to_string()), "nobody went on".into())
        }
    }
}

fn ended_as(expect: &Expect, verdict: &Verdict) -> Finding {
    let right = expect.outcome == verdict.outcome
        && (expect.at.is_none() || expect.at == verdict.at)
        && verdict.why.contains(&expect.because);
    let at = |at: &Option<String>| at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
    let message = format!(
        "{}{}{}",
        verdict.outcome.word(),
        at(&verdict.at),
        if verdict.why.is_empty() { String::new() } else { format!(": {}", verdict.why) }
    );
    let wanted = format!("; expected {}{} {}", expect.outcome.word(), at(&expect.at), expect.because);
    let message = if right { message } else { message + wanted.trim_end() };
    Finding { name: "ended_as_documented".into(), holds: right, message }
}

/// What preflight warned of, in its order.
fn warned_of(expected: &[String], run: &Run) -> Finding {
    let warned = run.preflight.iter().filter(|c| c.verdict == CheckVerdict::Warn);
    let warned: Vec<&str> = warned.map(|c| c.name.as_str()).collect();
    let message = format!("preflight warned of {}; expected {}", warned.join(", "), expected.join(", "));
    Finding { name: "warned_as_documented".into(), holds: warned == *expected, message }
}

/// Calls of this program that the cloud executed more than once with the same parameters: every time but the first.
pub fn repeated(calls: &[Called]) -> impl Iterator<Item = &Called> {
    let own = |c: &&Called| c.by == Caller::Console && c.refused.is_none();
    calls.iter().enumerate().filter(move |(_, call)| own(call)).filter_map(move |(n, call)| {
        let same = |o: &Called| o.operation == call.operation && o.parameters == call.parameters;
        calls[..n].iter().filter(own).any(same).then_some(call)
    })
}

/// The one thing ripcord promises not to do.
fn nothing_twice(calls: &[Called]) -> Finding {
    let twice = repeated(calls).find(|call| makes(call));
    let message = twice
        .map_or_else(String::new, |call| format!("{} {} was executed twice", call.service, call.operation));
    Finding { name: "no_call_twice".into(), holds: twice.is_none(), message }
}

/// Whether a call makes something new, so that twice is once too often.
fn makes(call: &Called) -> bool {
    ["Create", "Restore", "Start"].iter().any(|start| call.operation.starts_with(start))
}
