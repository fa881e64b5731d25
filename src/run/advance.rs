//! What follows by itself: lists are walked, steps begin, items start, gates open, steps end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::decide::ended;
use super::fact::{Fact, HoldKind, Item, RunState, StepState};
use super::look::read_names;
use super::scope::{Fault, Scope};
use super::state::{Run, Stage, StepRun};
use crate::expr::Expr;
use crate::ids::{At, StepPath};
use crate::runbook::{Action, Step, Verdict};
use crate::watch::Frame;

impl Run {
    /// The first thing that may happen without anybody asking.
    pub(super) fn advance(&self, now: At) -> Vec<Fact> {
        if self.ended.is_some() || self.started.is_none() {
            return vec![];
        }
        if let Some(facts) = self.advance_undo(now) {
            return facts;
        }
        let root = StepPath::default();
        let cursor = self.lists.get(&root).cloned().unwrap_or_default();
        if cursor.current.is_none() && cursor.next >= self.plan.list(&root).len() {
            return vec![self.finish(now)];
        }
        self.walk(&root, now)
    }

    fn finish(&self, now: At) -> Fact {
        let state =
            if self.exceptions.is_empty() { RunState::Success } else { RunState::SuccessWithExceptions };
        Fact::Finished { state, why: self.exceptions.join("; "), at: now }
    }

    /// The next small decision in one list of steps.
    pub(super) fn walk(&self, list: &StepPath, now: At) -> Vec<Fact> {
        let cursor = self.lists.get(list).cloned().unwrap_or_default();
        if let Some(current) = &cursor.current {
            return self.advance_step(current, now);
        }
        let Some(step) = self.plan.list(list).get(cursor.next) else { return vec![] };
        let path = list.then(&step.name);
        if step.only_by_jump && !cursor.jumped {
            return vec![ended(&path, StepState::Skipped, "reached only by a jump", now)];
        }
        if list.0.is_empty() && self.info.stop_before.as_deref() == Some(step.name.as_str()) {
            return vec![];
        }
        vec![Fact::Began { path, at: now }]
    }

    /// The main step that the run was asked to stop before, where it stands there.
    pub fn stopped_before(&self) -> Option<&str> {
        let wanted = self.info.stop_before.as_deref()?;
        let root = self.lists.get(&StepPath::default())?;
        let next = self.book().steps.get(root.next)?;
        (self.ended.is_none() && root.current.is_none() && next.name == wanted).then_some(wanted)
    }

    fn advance_step(&self, path: &StepPath, now: At) -> Vec<Fact> {
        let (Some(step), Some(run)) = (self.plan.step(path), self.steps.get(path)) else { return vec![] };
        if run.hold.is_some() {
            return vec![];
        }
        if !run.entered {
            return self.enter_now(path, step, now);
        }
        if self.deadline(path).is_some_and(|d| now >= d) {
            let given = self.time_limit(path).map_or_else(String::new, |(_, span)| span.to_string());
            let why = format!("not done within {given}");
            return self.fail(path, HoldKind::TimedOut, &why, now);
        }
        if let Stage::Done { .. } = run.stage
            && step.verify.is_none()
        {
            return self.accomplished(path, step, run, now);
        }
        self.advance_action(path, step, run, now)
    }

    /// A step that has done what it is for, and is not verified or has been.
    pub(super) fn accomplished(&self, path: &StepPath, step: &Step, run: &StepRun, now: At) -> Vec<Fact> {
        match step.action {
            Action::AwsApi { .. } => self.call_succeeded(path, &run.outputs, now),
            _ => vec![ended(path, StepState::Success, "", now)],
        }
    }

    fn advance_action(&self, path: &StepPath, step: &Step, run: &StepRun, now: At) -> Vec<Fact> {
        match &step.action {
            Action::AwsApi { .. } => self.advance_call(path, now),
            Action::Each => self.each(path, step, run, now),
            Action::Branch { .. } if !uses_reads(self, branch_conditions(step)) => {
                self.branch(path, &Frame::empty(now), now)
            }
            Action::Undo { step } => self.undo_step(path, step, now),
            Action::End { verdict, message } => self.end(path, *verdict, message, now),
            Action::Foreign { kind, .. } => {
                let why = format!("this version does not run `{kind}` steps yet");
                self.hold(path, HoldKind::Failed, &why, now)
            }
            Action::Wait(_)
            | Action::Assert(_)
            | Action::Prompt(_)
            | Action::Manual(_)
            | Action::Approve { .. }
            | Action::Diff(_)
            | Action::Branch { .. } => vec![],
        }
    }

    fn enter_now(&self, path: &StepPath, step: &Step, now: At) -> Vec<Fact> {
        match &step.when {
            Some(when) if uses_reads(self, [when]) => vec![],
            _ => self.enter(path, &Frame::empty(now), now),
        }
    }

    /// Judges `when`, once.
    pub(super) fn enter(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some(when) = self.plan.step(path).and_then(|s| s.when.as_ref()) else {
            return vec![Fact::Entered { path: path.clone() }];
        };
        match Scope::bare(self, path, frame, now).test(when) {
            Ok(true) => vec![Fact::Entered { path: path.clone() }],
            Ok(false) => {
                let why = format!("not needed: {}", when.source());
                vec![ended(path, StepState::Skipped, &why, now)]
            }
            Err(fault) => self.faulted(path, fault, now),
        }
    }

    pub(super) fn faulted(&self, path: &StepPath, fault: Fault, now: At) -> Vec<Fact> {
        match fault {
            Fault::Unread { why, .. } => self.unread(path, &why, now),
            Fault::Expression(why) => self.fail(path, HoldKind::Failed, &why, now),
        }
    }

    /// Takes the first arm that is true.
    pub(super) fn branch(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some(Action::Branch { choices, default }) = self.plan.step(path).map(|s| &s.action) else {
            return vec![];
        };
        let scope = Scope::bare(self, path, frame, now);
        let mut to = default.clone();
        for choice in choices {
            match scope.test(&choice.when) {
                Ok(true) => {
                    to = Some(choice.next_step.clone());
                    break;
                }
                Ok(false) => {}
                Err(fault) => return self.faulted(path, fault, now),
            }
        }
        let why = to.as_ref().map_or_else(|| "goes on".to_owned(), |t| format!("goes to {t}"));
        let mut facts = vec![ended(path, StepState::Success, &why, now)];
        facts.extend(to.map(|to| Fact::Jumped { path: path.clone(), to }));
        facts
    }

    fn end(&self, path: &StepPath, verdict: Verdict, message: &crate::expr::Template, now: At) -> Vec<Fact> {
        let frame = Frame::empty(now);
        let why = Scope::bare(self, path, &frame, now).text(message);
        let state = match verdict {
            Verdict::Success if self.exceptions.is_empty() => RunState::Success,
            Verdict::Success => RunState::SuccessWithExceptions,
            Verdict::Failed => RunState::Failed,
            Verdict::NotApplicable => RunState::Cancelled,
        };
        vec![ended(path, StepState::Success, &why, now), Fact::Finished { state, why, at: now }]
    }

    fn each(&self, path: &StepPath, step: &Step, run: &StepRun, now: At) -> Vec<Fact> {
        if run.items.is_empty() {
            let each = step.for_each.as_ref();
            return match each {
                Some(each) if uses_reads(self, [&each.items, &each.key]) => vec![],
                _ => self.expand(path, &Frame::empty(now), now),
            };
        }
        let mut all_done = true;
        for item in &run.items {
            let list = path.item(&item.key);
            if item.given_up.is_some() || self.list_done(&list) {
                continue;
            }
            all_done = false;
            if self.list_started(&list) || self.may_start(path, step, run) {
                let facts = self.walk(&list, now);
                if !facts.is_empty() {
                    return facts;
                }
            }
        }
        if all_done { vec![ended(path, StepState::Success, "", now)] } else { vec![] }
    }

    /// Expands the items of a `for_each`, once.
    pub(super) fn expand(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        match self.items(path, frame, now) {
            Ok(items) if items.is_empty() => vec![
                Fact::Expanded { path: path.clone(), items },
                ended(path, StepState::Skipped, "there are no items", now),
            ],
            Ok(items) => vec![Fact::Expanded { path: path.clone(), items }],
            Err(fault) => self.faulted(path, fault, now),
        }
    }

    fn items(&self, path: &StepPath, frame: &Frame, now: At) -> Result<Vec<Item>, Fault> {
        let Some(each) = self.plan.step(path).and_then(|s| s.for_each.as_ref()) else { return Ok(vec![]) };
        let scope = Scope::bare(self, path, frame, now);
        let rows = match scope.value(&each.items)? {
            Value::Array(rows) => rows,
            Value::Null => vec![],
            other => return Err(Fault::Expression(format!("items is not a list but {other}"))),
        };
        let mut keys = BTreeSet::new();
        let mut items = Vec::new();
        for (index, item) in rows.into_iter().enumerate() {
            let key = Scope { item: Some((&item, index)), ..scope }.value(&each.key)?;
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            if !keys.insert(key.clone()) {
                return Err(Fault::Expression(format!("two items have the key `{key}`")));
            }
            items.push(Item { key, item });
        }
        Ok(items)
    }

    /// Whether every step of a list has ended.
    pub fn list_done(&self, list: &StepPath) -> bool {
        let len = self.plan.list(list).len();
        self.lists.get(list).is_some_and(|c| c.current.is_none() && c.next >= len)
    }
}

/// Whether a step sends a mutating call.
pub(super) fn writes(step: &Step) -> bool {
    match &step.action {
        Action::AwsApi { operation, .. } => operation.effect() != crate::catalogue::Effect::Read,
        _ => false,
    }
}

fn branch_conditions(step: &Step) -> Vec<&Expr> {
    match &step.action {
        Action::Branch { choices, .. } => choices.iter().map(|c| &c.when).collect(),
        _ => vec![],
    }
}

/// Whether any of the expressions needs readings, be it through named conditions.
pub(super) fn uses_reads<'e>(run: &Run, exprs: impl IntoIterator<Item = &'e Expr>) -> bool {
    let roots = exprs.into_iter().flat_map(|e| e.roots().iter().chain(e.slot_roots()));
    !read_names(run, roots).is_empty()
}
