//! Everything a run without a screen will have to be told, found before anything is sent.

use serde_json::Value;

use crate::catalogue::{Effect, Tier};
use crate::expr::Tree;
use crate::ids::{At, StepPath};
use crate::run::{Run, Scope};
use crate::runbook::{Action, Step, Undo};
use crate::watch::Frame;

use super::script::Script;

/// One thing that is missing or wrong, and how to give it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    pub path: StepPath,
    pub what: String,
}

/// What the script lacks for a run that was started or resumed: steps that have ended need nothing, and a
/// read-only session ends at the first step that writes.
pub fn missing(run: &Run, script: &Script, now: At) -> Vec<Missing> {
    let mut out = unknown_paths(run, script);
    let is_end = |step: &&Step| run.info.read_only && will_write(run, step, &StepPath::default(), now);
    for step in run.book().steps.iter().take_while(|step| !is_end(step)) {
        visit(run, script, step, &StepPath::default(), now, &mut out);
    }
    out
}

/// What the script lacks for taking these instances of steps back.
pub fn missing_back(run: &Run, chain: &[StepPath], script: &Script, now: At) -> Vec<Missing> {
    let mut out = unknown_paths(run, script);
    for path in chain {
        let undo = run.plan.step(path).map(|step| &step.undo);
        let Some(Undo::Steps { steps, .. }) = undo else { continue };
        for step in steps {
            visit(run, script, step, &path.then("undo"), now, &mut out);
        }
    }
    out
}

fn unknown_paths(run: &Run, script: &Script) -> Vec<Missing> {
    let strange = script.paths().filter(|p| {
        run.plan.step(p).is_none() || run.plan.locate(p.name()).is_none_or(|l| *l != p.unkeyed())
    });
    strange
        .map(|p| Missing { path: p.clone(), what: "there is no such step in this runbook".into() })
        .collect()
}

fn visit(run: &Run, script: &Script, step: &Step, list: &StepPath, now: At, out: &mut Vec<Missing>) {
    let path = list.then(&step.name);
    let ended = run.steps.get(&path).is_some_and(|s| s.ended.is_some());
    if ended || never(run, step, &path, now) {
        return;
    }
    match &step.action {
        Action::AwsApi { operation, .. } if operation.effect() != Effect::Read => {
            out.extend(gate(run, script, step, &path, now));
        }
        Action::Prompt(_) => question(script, &path, "its value", out),
        Action::Manual(_) => question(script, &path, "`done` or `done: note`", out),
        Action::Approve { .. } => question(script, &path, "the name of the second person", out),
        _ => {}
    }
    for nested in &step.steps {
        visit(run, script, nested, &path, now, out);
    }
}

/// Whether a step, or one inside it, has a mutating call still to come.
fn will_write(run: &Run, step: &Step, list: &StepPath, now: At) -> bool {
    let path = list.then(&step.name);
    let ended = run.steps.get(&path).is_some_and(|s| s.ended.is_some());
    if ended || never(run, step, &path, now) {
        return false;
    }
    let writes =
        matches!(&step.action, Action::AwsApi { operation, .. } if operation.effect() != Effect::Read);
    writes || step.steps.iter().any(|nested| will_write(run, nested, &path, now))
}

/// Whether the step's `when` depends on parameters only and is false.
fn never(run: &Run, step: &Step, path: &StepPath, now: At) -> bool {
    let Some(when) = &step.when else { return step.only_by_jump };
    let known = when
        .roots()
        .iter()
        .chain(when.slot_roots())
        .all(|r| r.path.first().is_some_and(|n| n == "parameters"));
    known && Scope::bare(run, path, &Frame::empty(now), now).test(when) == Ok(false)
}

fn question(script: &Script, path: &StepPath, wanted: &str, out: &mut Vec<Missing>) {
    if script.answer(path).is_none() {
        out.push(Missing { path: path.clone(), what: format!("--answer '{path}=VALUE' ({wanted})") });
    }
}

fn gate(run: &Run, script: &Script, step: &Step, path: &StepPath, now: At) -> Option<Missing> {
    let known = known_phrase(run, step, path, now);
    if !script.confirms(path) {
        let phrase = known.unwrap_or_else(|| "PHRASE".into());
        return Some(Missing { path: path.clone(), what: format!("--confirm '{path}={phrase}'") });
    }
    let phrase = known?;
    if script.phrases(path).next().is_none() || script.has_phrase(path, &phrase) {
        return None;
    }
    let given: Vec<&str> = script.phrases(path).collect();
    let what = format!("the phrase is `{phrase}`, not `{}`", given.join("`, `"));
    Some(Missing { path: path.clone(), what })
}

/// The phrase of a gate, where it depends on parameters only.
fn known_phrase(run: &Run, step: &Step, path: &StepPath, now: At) -> Option<String> {
    let Action::AwsApi { operation, parameters: Tree::Map(members) } = &step.action else { return None };
    let frame = Frame::empty(now);
    let scope = Scope::bare(run, path, &frame, now);
    let mut subjects = Vec::new();
    let mut tier = Tier::T0;
    for item in items(run, path, &scope)? {
        let scope = Scope { item: item.as_ref().map(|(v, i)| (v, *i)), ..scope };
        let known =
            members.iter().filter_map(|(name, tree)| Some((name.clone(), known_value(&scope, tree)?)));
        let call = Value::Object(known.collect());
        let floor = operation.floor(&call, None);
        // A floor that depends on what is seen at the gate makes the phrase unknown here.
        if floor != operation.floor(&call, Some(&call)) && step.confirm.tier.is_none_or(|t| t < floor) {
            return None;
        }
        let subject = operation.subject(&call);
        if subject.is_empty() {
            return None;
        }
        subjects.push(subject);
        tier = tier.max(run.raised(step, floor));
    }
    let region = run.place(step.target.as_deref()).region;
    let also = step.confirm.also.as_ref().map(|a| run.text(path, a, now));
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    Some(crate::run::phrase(tier, &subjects, &region, also.as_deref()))
}

/// A parameter whose templates depend on parameters and the item only.
fn known_value(scope: &Scope<'_>, tree: &Tree) -> Option<Value> {
    let known = |name: &str| matches!(name, "parameters" | "index") || name == "item" && scope.item.is_some();
    let all = tree.roots().into_iter().all(|r| r.path.first().is_some_and(|n| known(n)));
    if all { scope.fill(tree).ok() } else { None }
}

/// One entry per call of the step: the items around it, if they depend on parameters only, or nothing for a
/// step that stands alone.
fn items(run: &Run, path: &StepPath, scope: &Scope<'_>) -> Option<Vec<Option<(Value, usize)>>> {
    let Some(above) = path.parent() else { return Some(vec![None]) };
    let each = run.plan.step(&above)?.for_each.as_ref()?;
    let by_parameters = each
        .items
        .roots()
        .iter()
        .chain(each.items.slot_roots())
        .all(|r| r.path.first().is_some_and(|n| n == "parameters"));
    if !by_parameters || above.parent().is_some() {
        return None;
    }
    let rows = scope.value(&each.items).ok()?;
    Some(rows.as_array()?.iter().cloned().enumerate().map(|(i, v)| Some((v, i))).collect())
}
