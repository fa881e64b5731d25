//! The steps of a plan, flat and in the order of the runbook.

use serde_json::Value;

use super::resolve::{Item, Resolve};
use super::{PlannedGate, PlannedPrompt, PlannedStep, PlannedUndo, PlannedWait, Planning};
use crate::catalogue::{CliPlace, Effect, Operation, Tier};
use crate::ids::{At, Span, StepPath};
use crate::report::ink::{Ink, Shown, ShownCall};
use crate::report::model::FollowUpRow;
use crate::run::{Call, Run, phrase};
use crate::runbook::{Action, ForEach, Manual, Offer, Prompt, Step, Undo};

/// Longest wait of a step that names no timeout.
const DEFAULT_WAIT: Span = Span::mins(30);

/// Where the walk is.
struct Walk<'a> {
    run: &'a Run,
    now: At,
    cli: &'a CliPlace,
    ink: &'a Ink,
    phase: Option<String>,
    /// The items of the `for_each` around; one that is no item outside.
    items: Vec<Item>,
}

/// Learns the secrets of every call that can be resolved, those of undo flows included.
pub(super) fn learn(planning: &Planning<'_>, ink: &mut Ink) {
    let (blank, cli) = (Ink::default(), CliPlace::default());
    let walk = Walk::new(planning.run, planning.now, &cli, &blank);
    let mut calls = Vec::new();
    walk.collect(&planning.run.book().steps, &StepPath::default(), true, &mut calls);
    for (_, call) in &calls {
        ink.learn_call(call);
    }
}

/// Every call as far as it is known, by the step instance that would send it; without undo flows.
pub(super) fn resolved_calls(run: &Run, now: At) -> Vec<(StepPath, Call)> {
    let (ink, cli) = (Ink::default(), CliPlace::default());
    let mut calls = Vec::new();
    Walk::new(run, now, &cli, &ink).collect(&run.book().steps, &StepPath::default(), false, &mut calls);
    calls
}

/// Every step, nested ones behind the step that holds them.
pub(super) fn all(planning: &Planning<'_>, ink: &Ink) -> Vec<PlannedStep> {
    let mut out = Vec::new();
    let walk = Walk::new(planning.run, planning.now, &planning.cli, ink);
    walk.list(&planning.run.book().steps, &StepPath::default(), &mut out);
    out
}

/// What remains to be done afterwards, as far as it is known.
pub(super) fn follow_ups(planning: &Planning<'_>, ink: &Ink) -> Vec<FollowUpRow> {
    let (path, item) = (StepPath::default(), Item::None);
    let resolve = Resolve { run: planning.run, path: &path, item: &item, now: planning.now };
    let all = planning.run.book().follow_ups.iter().filter_map(|one| {
        let doubt = match one.when.as_ref().map(|when| resolve.value(when)) {
            None | Some(Ok(Value::Bool(true))) => None,
            Some(Ok(_)) => return None,
            Some(Err(why)) => Some(ink.text(&format!("whether it applies depends on {why}"))),
        };
        let text = ink.text(&resolve.text(&one.text));
        Some(FollowUpRow { text, due_after_ms: one.due, due_at: None, doubt })
    });
    all.collect()
}

impl<'a> Walk<'a> {
    fn new(run: &'a Run, now: At, cli: &'a CliPlace, ink: &'a Ink) -> Walk<'a> {
        Walk { run, now, cli, ink, phase: None, items: vec![Item::None] }
    }

    fn collect(&self, steps: &[Step], list: &StepPath, undo: bool, out: &mut Vec<(StepPath, Call)>) {
        for step in steps {
            let path = list.then(&step.name);
            let calls = self.calls(step, &path).into_iter().zip(&self.items);
            out.extend(calls.map(|((call, _), item)| (instance(&path, item), call)));
            self.inside(step, &path).collect(&step.steps, &path, undo, out);
            if let Undo::Steps { steps, .. } = &step.undo
                && undo
            {
                self.collect(steps, &path.then("undo"), undo, out);
            }
        }
    }

    fn list(&self, steps: &[Step], list: &StepPath, out: &mut Vec<PlannedStep>) {
        for step in steps {
            let path = list.then(&step.name);
            let phase = step.phase.clone().or_else(|| self.phase.clone());
            let here = Walk { phase, items: self.items.clone(), ..*self };
            out.push(here.step(step, &path));
            let inner = here.inside(step, &path);
            inner.list(&step.steps, &path, out);
        }
    }

    /// The walk over the nested steps of a step.
    fn inside(&self, step: &Step, path: &StepPath) -> Walk<'a> {
        let items = match &step.for_each {
            Some(each) => self.expand(each, path),
            None => self.items.clone(),
        };
        Walk { phase: self.phase.clone(), items, ..*self }
    }

    /// The items of a `for_each`: each of them where they are known before the run, else one for all.
    fn expand(&self, each: &ForEach, path: &StepPath) -> Vec<Item> {
        let outer = self.items.first().unwrap_or(&Item::None);
        let resolve = self.resolve(path, outer);
        let Ok(Value::Array(values)) = resolve.value(&each.items) else {
            return vec![Item::Each(each.items.source().to_owned())];
        };
        let keyed = values.into_iter().enumerate().map(|(index, value)| {
            let one = Item::One { index, key: String::new(), value: value.clone() };
            let key = self.resolve(path, &one).value(&each.key).unwrap_or_default();
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            Item::One { index, key, value }
        });
        keyed.collect()
    }

    fn resolve<'r>(&'r self, path: &'r StepPath, item: &'r Item) -> Resolve<'r> {
        Resolve { run: self.run, path, item, now: self.now }
    }

    /// The calls of a step, one per item, each with what it acts on.
    fn calls(&self, step: &Step, path: &StepPath) -> Vec<(Call, Result<String, String>)> {
        let Action::AwsApi { operation, parameters } = &step.action else { return Vec::new() };
        let one = |item: &Item| {
            let resolve = self.resolve(path, item);
            let call = resolve.call(step, operation, parameters);
            let subject = resolve.subject(operation, parameters, &call);
            (call, subject)
        };
        self.items.iter().map(one).collect()
    }

    fn step(&self, step: &Step, path: &StepPath) -> PlannedStep {
        let first = self.items.first().unwrap_or(&Item::None);
        let shown_for = if self.items.len() > 1 { &Item::Each(String::new()) } else { first };
        let resolve = self.resolve(path, shown_for);
        let calls = self.calls(step, path);
        let ink = self.ink;
        PlannedStep {
            path: ink.show(path),
            name: ink.text(&step.name),
            title: ink.text(&resolve.text(&step.title)),
            phase: self.phase.as_deref().map(|p| ink.text(p)),
            action: step.action.word(),
            effect: effect(step),
            why: ink
                .text(&step.instructions.as_ref().map_or_else(String::new, |t| first_line(&resolve.text(t)))),
            when: step.when.as_ref().map(|w| ink.text(w.source())),
            only_by_jump: step.only_by_jump,
            items: self.item_words(step, path),
            gate: self.gate(step, path, &resolve, &calls),
            calls: calls.iter().map(|(call, _)| self.shown(call)).collect(),
            prompt: self.prompt(step, path, &resolve),
            wait: self.wait(step),
            details: self.details(step, &resolve),
            estimate_ms: step.estimate,
            point_of_no_return: step.point_of_no_return,
            undo: self.undo(step, path, &resolve),
        }
    }

    fn shown(&self, call: &Call) -> ShownCall {
        let CliPlace { profile, endpoint_url, dummy_key, .. } = self.cli.clone();
        let region = Some(call.place.region.clone());
        self.ink.call_at(call, &CliPlace { region, profile, endpoint_url, dummy_key })
    }

    fn item_words(&self, step: &Step, path: &StepPath) -> Vec<Shown> {
        let Some(each) = &step.for_each else { return Vec::new() };
        let words = self.expand(each, path).into_iter().map(|item| match item {
            Item::One { key, .. } => self.ink.text(&key),
            Item::Each(from) => self.ink.text(&format!("<each item of {from}>")),
            Item::None => Shown::default(),
        });
        words.collect()
    }

    fn gate(
        &self,
        step: &Step,
        path: &StepPath,
        resolve: &Resolve<'_>,
        calls: &[(Call, Result<String, String>)],
    ) -> Option<PlannedGate> {
        let Action::AwsApi { operation, .. } = &step.action else { return None };
        if operation.effect() == Effect::Read || calls.is_empty() {
            return None;
        }
        let run = self.run;
        let tiers = |observed: fn(&Call) -> Option<Value>| {
            let all = calls.iter().map(|(call, _)| run.tier(step, operation, call, observed(call).as_ref()));
            all.max().unwrap_or(Tier::T3)
        };
        let tier = tiers(|_| None);
        // The mildest case: what the call sets is already so.
        let lowest = tiers(|call| Some(call.parameters.clone())).min(tier);
        let also = step.confirm.also.as_ref().map(|also| resolve.text(also));
        let words = phrase_words(tier, calls, path.in_undo(), also.as_deref());
        let phrase_known = words.is_ok() && !also.is_some_and(|a| a.contains("<from "));
        let phrase = self.ink.text(&words.unwrap_or_else(|unknown| unknown));
        Some(PlannedGate { tier, lowest, phrase, phrase_known })
    }

    fn prompt(&self, step: &Step, path: &StepPath, resolve: &Resolve<'_>) -> Option<PlannedPrompt> {
        let ink = self.ink;
        let (kind, message, choices, answer) = match &step.action {
            Action::Prompt(prompt) => {
                let (choices, answer) = offer(prompt, resolve);
                ("prompt", resolve.text(&prompt.message), choices, answer)
            }
            Action::Manual(manual) => {
                let (choices, answer) = checklist(manual, resolve);
                ("manual", String::new(), choices, answer)
            }
            Action::Approve { message } => {
                ("approve", resolve.text(message), Vec::new(), "the name of the second person")
            }
            _ => return None,
        };
        let choices = choices.iter().map(|c| ink.text(c)).collect();
        let answer = ink.text(&format!("--answer '{path}=VALUE' ({answer})"));
        Some(PlannedPrompt { kind, message: ink.text(&message), choices, answer })
    }

    fn wait(&self, step: &Step) -> Option<PlannedWait> {
        let Action::Wait(wait) = &step.action else { return None };
        Some(PlannedWait {
            until: self.ink.text(&one_line(wait.until.source())),
            stable_for: wait.stable_for,
            interval_ms: wait.interval,
            timeout_ms: step.timeout.unwrap_or(DEFAULT_WAIT),
        })
    }

    fn details(&self, step: &Step, resolve: &Resolve<'_>) -> Vec<Shown> {
        let lines = match &step.action {
            Action::Assert(assert) => vec![format!("check {}", one_line(assert.check.source()))],
            Action::Diff(diff) => {
                let same: Vec<&str> = diff.expect_same.iter().map(crate::expr::Expr::source).collect();
                vec![
                    format!("compare {} with {}", resolve.text(&diff.left), resolve.text(&diff.right)),
                    format!("must be equal: {}", same.join(", ")),
                ]
            }
            Action::Branch { choices, default } => {
                let arm = |c: &crate::runbook::Choice| {
                    format!("to {} when {}", c.next_step, one_line(c.when.source()))
                };
                let default = default.as_ref().map(|to| format!("else to {to}"));
                choices.iter().map(arm).chain(default).collect()
            }
            Action::Undo { step } => vec![format!("takes back {step}")],
            Action::End { message, .. } => vec![format!("ends the run: {}", resolve.text(message))],
            Action::Foreign { kind, .. } => vec![format!("this version does not run `{kind}` steps yet")],
            _ => Vec::new(),
        };
        let guard = step.guard.iter().map(|g| format!("guard {}", one_line(g.check.source())));
        let verify = step.verify.iter().map(|v| format!("verify {}", one_line(v.until.source())));
        lines.into_iter().chain(guard).chain(verify).map(|line| self.ink.text(&line)).collect()
    }

    fn undo(&self, step: &Step, path: &StepPath, resolve: &Resolve<'_>) -> Option<PlannedUndo> {
        match &step.undo {
            Undo::NotNeeded => None,
            Undo::None(reason) => Some(PlannedUndo::None(self.ink.text(&resolve.text(reason)))),
            Undo::Steps { steps, .. } => {
                let mut out = Vec::new();
                self.list(steps, &path.then("undo"), &mut out);
                Some(PlannedUndo::Steps(out))
            }
        }
    }
}

/// The step instance of one item.
fn instance(path: &StepPath, item: &Item) -> StepPath {
    match (item, path.parent()) {
        (Item::One { key, .. }, Some(each)) => each.item(key).then(path.name()),
        _ => path.clone(),
    }
}

/// The phrase, or where it will come from.
fn phrase_words(
    tier: Tier,
    calls: &[(Call, Result<String, String>)],
    in_undo: bool,
    also: Option<&str>,
) -> Result<String, String> {
    if tier > Tier::T1 {
        if let Some((_, Err(unknown))) = calls.iter().find(|(_, subject)| subject.is_err()) {
            return Err(unknown.clone());
        }
        // An undo flow runs item by item, each with a gate of its own.
        if in_undo && calls.len() > 1 {
            return Err("<each subject alone>".to_owned());
        }
    }
    let subjects: Vec<&str> =
        calls.iter().map(|(_, subject)| subject.as_ref().map_or("", String::as_str)).collect();
    let region = calls.first().map_or("", |(call, _)| call.place.region.as_str());
    Ok(phrase(tier, &subjects, region, also))
}

fn offer(prompt: &Prompt, resolve: &Resolve<'_>) -> (Vec<String>, &'static str) {
    match &prompt.offer {
        Offer::Choices(choices) => (choices.iter().map(|c| resolve.text(c)).collect(), "one of these texts"),
        Offer::Rows(rows) => {
            let read = match &rows.read {
                crate::runbook::ReadRef::Named(name) => format!("<the rows of reads.{name}>"),
                crate::runbook::ReadRef::Inline(_) => "<the rows of a reading>".to_owned(),
            };
            (vec![read], "the value of one row")
        }
        Offer::Free(_) => (Vec::new(), "its value"),
    }
}

fn checklist(manual: &Manual, resolve: &Resolve<'_>) -> (Vec<String>, &'static str) {
    let lines = manual.checklist.iter().map(|line| resolve.text(line)).collect();
    (lines, if manual.evidence { "`done: what you saw`" } else { "`done` or `done: note`" })
}

/// What a step does to the world: the worst of its call, its nested steps and what its author says.
fn effect(step: &Step) -> Effect {
    let own = match &step.action {
        Action::AwsApi { operation, .. } => Operation::effect(operation),
        Action::Foreign { .. } => Effect::Mutate,
        _ => Effect::Read,
    };
    let nested = step.steps.iter().map(effect).max().unwrap_or(Effect::Read);
    own.max(nested).max(step.effect.unwrap_or(Effect::Read))
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
