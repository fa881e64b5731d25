//! What must be true of every life, whatever the adversary does.

use std::collections::{BTreeMap, BTreeSet};

use ripcord::ids::{At, EffectName, Segment, StepPath};
use ripcord::run::{Call, Fact, Proof, Run, RunState, Sent, Stage};
use ripcord::runbook::Action;
use serde_json::Value;

use super::kernel::projected;
use super::world::{ACCOUNT, World};

/// What the oracle remembers of one life.
#[derive(Default)]
pub struct Oracle {
    /// What the operator confirmed in this process, as it was shown: digest → calls.
    confirmed: BTreeMap<String, BTreeMap<StepPath, Call>>,
    /// What was intended, and for which subject.
    intents: BTreeMap<EffectName, String>,
    /// How each settled attempt came out, and on what proof.
    settled: BTreeMap<EffectName, (bool, Proof)>,
    conflicts: BTreeSet<EffectName>,
    /// Attempts about which a person spoke before anybody could know.
    pub rash: BTreeSet<EffectName>,
    /// Attempts whose effect looked the same before them: readings cannot tell.
    already: BTreeSet<EffectName>,
    began: BTreeSet<StepPath>,
    expanded: BTreeSet<StepPath>,
    /// Instances that may begin once more: a person had the plan changed.
    again: bool,
    captured: BTreeMap<StepPath, Value>,
    ran_since_began: BTreeMap<StepPath, usize>,
    seen: usize,
    past_return: bool,
    /// What the world really showed a step last: when it was asked, and its target.
    pub shown: BTreeMap<StepPath, Shown>,
    /// Deviations a person ordered: the end need not be what the runbook meant.
    pub deviations: BTreeSet<String>,
}

/// A round of readings as the world gave it.
#[derive(Clone, Default)]
pub struct Shown {
    pub asked: At,
    pub target: Option<Value>,
    pub account: String,
}

/// What is wrong.
pub type Wrong = Result<(), String>;

fn wrong(what: impl Into<String>) -> Wrong {
    Err(what.into())
}

impl Oracle {
    /// A process has died: what was confirmed in it is worth nothing.
    pub fn died(&mut self) {
        self.confirmed.clear();
        self.shown.clear();
    }

    /// The operator confirmed what the gate shows.
    pub fn confirmed(&mut self, run: &Run, gate: &StepPath, digest: &str) {
        let Some(open) = run.gates.get(gate) else { return };
        let calls = open.paths.iter().filter_map(|p| match &run.steps.get(p)?.stage {
            Stage::Gated { call, .. } => Some((p.clone(), call.call.clone())),
            _ => None,
        });
        self.confirmed.insert(digest.to_owned(), calls.collect());
    }

    /// Judges a fact before it is appended.
    pub fn judge(&self, run: &Run, fact: &Fact, world: &World) -> Wrong {
        match fact {
            Fact::Began { path, .. } => self.may_begin(path),
            Fact::Expanded { path, .. } if self.expanded.contains(path) => {
                wrong(format!("{path} is expanded a second time"))
            }
            Fact::Captured { path, .. } if self.intents.keys().any(|n| n.path == *path) => {
                wrong(format!("{path} is captured after it was sent"))
            }
            Fact::Intent { name, call, .. } => self.may_send(run, name, call),
            Fact::Executed { name, proof, .. } => self.may_be_executed(name, proof, world),
            Fact::Rejected { name, .. } if !self.intents.contains_key(name) => {
                wrong(format!("{name} is rejected and was never intended"))
            }
            Fact::Met { path, .. } => self.may_be_met(run, path),
            Fact::Finished { .. } => self.may_finish(),
            _ => Ok(()),
        }
    }

    fn unsettled(&self) -> impl Iterator<Item = &EffectName> {
        self.intents.keys().filter(|n| !self.settled.contains_key(*n))
    }

    fn may_begin(&self, path: &StepPath) -> Wrong {
        if self.began.contains(path) && !self.again {
            return wrong(format!("{path} begins again and nobody asked for it"));
        }
        let list = path.parent().unwrap_or_default();
        let before = |name: &&EffectName| {
            let at = list.0.len();
            let same_list = name.path.0.len() > at && name.path.0[..at] == list.0[..];
            let undo_of_path = name.path.0.get(at).is_some_and(|s: &Segment| s.name == path.name());
            same_list && !undo_of_path
        };
        match self.unsettled().find(before) {
            Some(name) => wrong(format!("{path} begins while {name} before it is unknown")),
            None => Ok(()),
        }
    }

    fn may_send(&self, run: &Run, name: &EffectName, call: &Call) -> Wrong {
        let path = &name.path;
        if self.intents.contains_key(name) {
            return wrong(format!("the name {name} is used twice"));
        }
        if let Some(other) = self.unsettled().find(|n| n.path == *path) {
            return wrong(format!("{name} is sent while {other} is unknown"));
        }
        let Some(Stage::Granted(grant)) = run.steps.get(path).map(|s| &s.stage) else {
            return wrong(format!("{name} is sent without a grant"));
        };
        match self.confirmed.get(&grant.digest).and_then(|calls| calls.get(path)) {
            None => return wrong(format!("{name} is sent and nobody confirmed it in this process")),
            Some(shown) if shown != call => {
                return wrong(format!("{name} is not the call that was confirmed"));
            }
            Some(_) => {}
        }
        if path.in_undo() && self.past_return && run.before_the_return(path) {
            return wrong(format!("{name} undoes after the point of no return"));
        }
        self.shown_before_send(run, name, grant)
    }

    /// What the world showed right before is what was confirmed.
    fn shown_before_send(&self, run: &Run, name: &EffectName, grant: &ripcord::run::Grant) -> Wrong {
        let Some(shown) = self.shown.get(&name.path) else {
            return wrong(format!("{name} is sent and nobody looked"));
        };
        if shown.asked < grant.at {
            return wrong(format!("{name} is sent on a reading from before its confirmation"));
        }
        if shown.account != ACCOUNT {
            return wrong(format!("{name} is sent with credentials of account {}", shown.account));
        }
        let target = shown.target.as_ref().map_or(Value::Null, |raw| projected(&grant.call.call, raw));
        let ours = run.steps.iter().any(|(p, s)| {
            *p != name.path
                && p.unkeyed() == name.path.unkeyed()
                && matches!(&s.stage, Stage::InFlight(o) | Stage::Doubt { sent: o, .. } if same_target(o, grant))
        });
        if target != grant.call.observed && !ours {
            return wrong(format!("{name} is sent although its target is not what was confirmed"));
        }
        Ok(())
    }

    fn may_be_executed(&self, name: &EffectName, proof: &Proof, world: &World) -> Wrong {
        if !self.intents.contains_key(name) {
            return wrong(format!("{name} is executed and was never intended"));
        }
        if let Some((true, _)) = self.settled.get(name) {
            return wrong(format!("{name} is executed twice"));
        }
        let rash = self.is_rash(name);
        if *proof == Proof::Probe && world.times(name) == 0 && !self.already.contains(name) && !rash {
            return wrong(format!("{name} is believed to have happened, and has not"));
        }
        Ok(())
    }

    fn may_be_met(&self, run: &Run, path: &StepPath) -> Wrong {
        let waits =
            run.plan.step(path).is_some_and(|s| matches!(s.action, Action::Wait(_) | Action::Assert(_)));
        let (Some(step), Some(shown)) = (run.steps.get(path), self.shown.get(path)) else { return Ok(()) };
        if waits && shown.asked < step.began {
            return wrong(format!("{path} is met on a reading from before it began"));
        }
        Ok(())
    }

    /// Whether a person spoke rashly about this step or its target: what later readings show may be due to that.
    fn is_rash(&self, name: &EffectName) -> bool {
        let subject = |n| self.intents.get(n);
        self.rash.iter().any(|r| r.path == name.path || subject(r) == subject(name))
    }

    fn may_finish(&self) -> Wrong {
        match self.unsettled().next() {
            Some(name) => wrong(format!("the run ends while {name} is unknown")),
            None => Ok(()),
        }
    }

    /// Takes note of a fact that is durable.
    pub fn note(&mut self, run: &Run, fact: &Fact) {
        match fact {
            Fact::Began { path, .. } => {
                self.began.insert(path.clone());
                self.ran_since_began.remove(path);
                self.expanded.remove(path);
            }
            Fact::Expanded { path, .. } => {
                self.expanded.insert(path.clone());
            }
            Fact::Captured { path, values, .. } => {
                self.captured.insert(path.clone(), Value::Object(values.clone()));
            }
            Fact::Intent { name, call, already, .. } => {
                let operation = ripcord::catalogue::find(&call.service, &call.operation);
                let subject = operation.map_or_else(String::new, |o| o.subject(&call.parameters));
                self.intents.insert(name.clone(), subject);
                if *already {
                    self.already.insert(name.clone());
                }
                let top = name.path.0.first().and_then(|s| run.plan.step(&StepPath::top(&s.name)));
                self.past_return |= !name.path.in_undo() && top.is_some_and(|s| s.point_of_no_return);
            }
            Fact::Executed { name, proof, .. } => {
                self.settled.insert(name.clone(), (true, proof.clone()));
            }
            Fact::Rejected { name, proof, .. } => {
                self.settled.insert(name.clone(), (false, proof.clone()));
            }
            Fact::Conflict { name, .. } => {
                self.conflicts.insert(name.clone());
                self.deviations.insert("conflict".into());
            }
            Fact::Redone { .. } | Fact::UndoPlanned { .. } | Fact::UndoFinished { .. } => self.again = true,
            Fact::Accepted { .. } | Fact::GaveUp { .. } | Fact::Aborted { .. } => {
                self.deviations.insert(fact.kind().into());
            }
            Fact::Ended { by: Some(_), .. } => {
                self.deviations.insert("skipped".into());
            }
            _ => {}
        }
    }

    /// A success was handed to the kernel: it must have left a trace.
    pub fn success_was_heard(&self, name: &EffectName) -> Wrong {
        let kept = matches!(self.settled.get(name), Some((true, _))) || self.conflicts.contains(name);
        if kept { Ok(()) } else { wrong(format!("the late success of {name} is lost")) }
    }

    /// Judges what has taken effect since the last look at the world.
    pub fn watch(&mut self, world: &World) -> Wrong {
        while let Some(ran) = world.ran.get(self.seen) {
            self.seen += 1;
            let name = &ran.name;
            if world.times(name) > 1 {
                return wrong(format!("{name} was executed twice"));
            }
            if ran.account != ACCOUNT {
                self.deviations.insert("account".into());
            }
            let times = self.ran_since_began.entry(name.path.clone()).or_default();
            *times += 1;
            if *times > 1 && !self.is_rash(name) {
                return wrong(format!("{} was executed twice, the second time as {name}", name.path));
            }
        }
        Ok(())
    }

    /// Judges a life that is over: nothing is in the air any more.
    pub fn at_the_end(&self, run: &Run, world: &World) -> Wrong {
        for ran in &world.ran {
            let verdict = self.settled.get(&ran.name);
            let person = matches!(verdict, Some((_, Proof::Human { .. })));
            if matches!(verdict, Some((false, _))) && !person && !self.conflicts.contains(&ran.name) {
                return wrong(format!("{} was held to have not happened, and has", ran.name));
            }
        }
        for (name, (happened, _)) in &self.settled {
            let known = self.already.contains(name) || self.is_rash(name);
            if *happened && world.times(name) == 0 && !known {
                return wrong(format!("{name} was held to have happened, and has not"));
            }
        }
        if self.rash.is_empty() && self.deviations.is_empty() {
            return self.counts_are_back(run, world);
        }
        Ok(())
    }

    /// What was stopped runs again as it was found, and no late call has stopped it since.
    fn counts_are_back(&self, run: &Run, world: &World) -> Wrong {
        let full = matches!(run.ended, Some((RunState::Success | RunState::SuccessWithExceptions, _)));
        if !full {
            return Ok(());
        }
        for (path, captured) in &self.captured {
            let (service, count) = match path.name() {
                "to_zero" => (path.0[0].key.clone(), &captured["desired"]),
                "stop_one" => (path.0[0].key.clone(), &captured["count"]),
                "up" => (
                    run.parameters["service"].as_str().map(str::to_owned),
                    &captured["before"]["desiredCount"],
                ),
                _ => continue,
            };
            let now = service.as_ref().and_then(|s| world.state().services.get(s)).map(|s| s.desired);
            let meddled = service.as_ref().is_some_and(|s| world.meddled.contains(s));
            if now != count.as_u64() && !meddled {
                return wrong(format!("{service:?} is left at {now:?} and was found at {count}"));
            }
        }
        Ok(())
    }
}

fn same_target(sent: &Sent, grant: &ripcord::run::Grant) -> bool {
    sent.grant.digest == grant.digest && sent.grant.call.subject == grant.call.subject
}

/// What the harness asks of a run's plan.
trait Return {
    fn before_the_return(&self, path: &StepPath) -> bool;
}

impl Return for Run {
    fn before_the_return(&self, path: &StepPath) -> bool {
        let steps = &self.book().steps;
        let index = |name: &str| steps.iter().position(|s| s.name == name);
        let marked = steps.iter().position(|s| s.point_of_no_return);
        let top = path.0.first().and_then(|s| index(&s.name));
        matches!((marked, top), (Some(marked), Some(top)) if top <= marked)
    }
}

/// The first member in which two runs differ.
pub fn difference(a: &Run, b: &Run) -> Option<String> {
    let same = [
        ("life", a.life == b.life),
        ("opened", a.opened == b.opened && a.opened_by == b.opened_by),
        ("now", a.now == b.now),
        ("started", a.started == b.started && a.places == b.places && a.preflight == b.preflight),
        ("parameters", a.parameters == b.parameters),
        ("lists", a.lists == b.lists),
        ("active", a.active == b.active),
        ("gates", a.gates == b.gates),
        ("executed", a.executed == b.executed),
        ("undoing", a.undoing == b.undoing),
        ("past_return", a.past_return == b.past_return),
        ("exceptions", a.exceptions == b.exceptions),
        ("ended", a.ended == b.ended),
    ];
    if let Some((name, _)) = same.iter().find(|(_, same)| !same) {
        return Some((*name).to_owned());
    }
    let all: BTreeSet<&StepPath> = a.steps.keys().chain(b.steps.keys()).collect();
    all.into_iter().find(|p| a.steps.get(*p) != b.steps.get(*p)).map(|p| format!("step {p}"))
}
