//! Readings against conditions: waits, assertions, verifications, comparisons.
//!
//! An error never satisfies anything, an absent row is never "all rows are fine", and a reading asked before
//! the step became current does not count.

use serde_json::{Map, Value, json};

use super::advance::writes;
use super::decide::ended;
use super::fact::{Difference, Fact, HoldKind, StepState};
use super::look::{INLINE, LookName, Purpose};
use super::scope::{Fault, Scope};
use super::state::{Run, Stage, StepRun};
use crate::diff;
use crate::expr::Expr;
use crate::ids::{At, StepPath};
use crate::runbook::{Action, Assert, Diff, RowsBound, RowsRule, Step, Wait};
use crate::watch::{Frame, UnreadKind};

/// Equal errors in a row that pause a waiting step.
const SAME_ERROR: usize = 3;

/// What one frame says to a condition.
#[derive(Clone, PartialEq, Debug)]
enum Sight {
    True,
    False,
    /// Borne or passing: it satisfies nothing and says nothing.
    Nothing,
    /// An error of the expression; three equal ones in a row pause the step.
    Error(String),
    /// The wait has failed.
    Failed(String),
    Credentials(String),
}

impl Run {
    /// Routes the rounds of a look to the subject it was for.
    pub(super) fn looked(&self, name: &LookName, frames: &[Frame], now: At) -> Vec<Fact> {
        let path = &name.path;
        let owed = self.looks().into_iter().any(|l| l.path == *path && l.purpose == name.purpose);
        let Some(frame) = frames.last().filter(|f| owed && f.asked >= self.look_since(path, name.purpose))
        else {
            return vec![];
        };
        match name.purpose {
            Purpose::Enter => self.enter(path, frame, now),
            Purpose::Capture => self.captured(path, frame, now),
            Purpose::Gate => self.prepared(path, frame, now),
            Purpose::Send => self.cleared(path, frame, now),
            Purpose::Once => self.once(path, frame, now),
            Purpose::Wait => self.waited(path, frames, now),
            Purpose::Verify => self.verified(path, frame, now),
            Purpose::Probe => self.probed(path, frames, now),
            Purpose::Call => self.read_answered(path, frame, now),
        }
    }

    fn once(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some((step, _)) = self.at_work(path) else { return vec![] };
        match &step.action {
            Action::Assert(assert) => self.asserted(path, step, assert, frame, now),
            Action::Diff(diff) => self.compared(path, diff, frame, now),
            Action::Branch { .. } => self.branch(path, frame, now),
            Action::Each => self.expand(path, frame, now),
            _ => vec![],
        }
    }

    fn asserted(&self, path: &StepPath, step: &Step, assert: &Assert, frame: &Frame, now: At) -> Vec<Fact> {
        let scope = Scope::bare(self, path, frame, now);
        let held = rows_hold(&scope, &assert.rows)
            .and_then(|rows| Ok(rows && judge(&scope, assert.read.is_some(), &assert.check)?));
        match held {
            Ok(true) => self.met(path, step, assert.read.is_some(), frame, now),
            Ok(false) => self.fail(path, HoldKind::Failed, &scope.text(&assert.message), now),
            Err(fault) => self.faulted(path, fault, now),
        }
    }

    /// The condition holds: the outputs are taken from the same readings.
    fn met(&self, path: &StepPath, step: &Step, inline: bool, frame: &Frame, now: At) -> Vec<Fact> {
        let mut outputs = Map::new();
        let scope = Scope::bare(self, path, frame, now);
        for output in &step.outputs {
            match select(&scope, inline, &output.selector) {
                Ok(value) if value.is_null() && !output.optional => {
                    let why = format!("the output `{}` is null", output.name);
                    return self.fail(path, HoldKind::Failed, &why, now);
                }
                Ok(value) => outputs.insert(output.name.clone(), value),
                Err(fault) => return self.faulted(path, fault, now),
            };
        }
        let mut facts = vec![Fact::Met { path: path.clone(), asked: frame.asked, at: now }];
        if !outputs.is_empty() {
            facts.push(Fact::Gave { path: path.clone(), outputs });
        }
        facts
    }

    fn waited(&self, path: &StepPath, frames: &[Frame], now: At) -> Vec<Fact> {
        let Some((step, run)) = self.at_work(path) else { return vec![] };
        let (Action::Wait(wait), Some(newest)) = (&step.action, frames.last()) else { return vec![] };
        let fresh: Vec<&Frame> = frames.iter().filter(|f| f.asked >= run.began).collect();
        if fresh.is_empty() {
            return vec![];
        }
        match self.sight(path, run, wait, newest, now) {
            Sight::Failed(why) => return self.fail(path, HoldKind::Failed, &why, now),
            Sight::Credentials(why) => return self.hold(path, HoldKind::Credentials, &why, now),
            Sight::Error(why) => return self.same_errors(path, run, wait, &fresh, &why, now),
            Sight::True | Sight::False | Sight::Nothing => {}
        }
        if !run.left && self.leaves(path, wait, newest, now) {
            return vec![Fact::Left { path: path.clone(), at: now }];
        }
        let stands = fresh.iter().rev().take_while(|f| self.sight(path, run, wait, f, now) == Sight::True);
        let long_enough = stands.count() >= usize::try_from(wait.stable_for.max(1)).unwrap_or(1);
        if long_enough && (run.left || wait.must_leave.is_none()) {
            return self.met(path, step, wait.read.is_some(), newest, now);
        }
        vec![]
    }

    fn same_errors(
        &self,
        path: &StepPath,
        run: &StepRun,
        wait: &Wait,
        frames: &[&Frame],
        why: &str,
        now: At,
    ) -> Vec<Fact> {
        let same = Sight::Error(why.to_owned());
        let count = frames.iter().rev().take_while(|f| self.sight(path, run, wait, f, now) == same).count();
        if count >= SAME_ERROR { self.fail(path, HoldKind::Failed, why, now) } else { vec![] }
    }

    fn leaves(&self, path: &StepPath, wait: &Wait, frame: &Frame, now: At) -> bool {
        let scope = Scope::bare(self, path, frame, now);
        let was = wait.must_leave.as_ref().map(|e| judge(&scope, wait.read.is_some(), e));
        was == Some(Ok(false))
    }

    fn sight(&self, path: &StepPath, run: &StepRun, wait: &Wait, frame: &Frame, now: At) -> Sight {
        let scope = Scope::bare(self, path, frame, now);
        let inline = wait.read.is_some();
        if let Some(fails) = &wait.fail_when {
            match judge(&scope, inline, fails) {
                Ok(true) => return Sight::Failed(format!("it failed: {}", fails.source())),
                Ok(false) => {}
                Err(fault) => return blind(run, wait, &fault, now),
            }
        }
        let held = rows_hold(&scope, &wait.rows).and_then(|r| Ok(r && judge(&scope, inline, &wait.until)?));
        match held {
            Ok(true) => Sight::True,
            Ok(false) => Sight::False,
            Err(fault) => blind(run, wait, &fault, now),
        }
    }

    fn verified(&self, path: &StepPath, frame: &Frame, now: At) -> Vec<Fact> {
        let Some((step, run)) = self.at_work(path) else { return vec![] };
        let Some(verify) = &step.verify else { return vec![] };
        let scope = Scope::bare(self, path, frame, now);
        let seen = frame
            .value(INLINE)
            .map_err(|why| Fault::Unread { read: "verify".into(), why })
            .and_then(|answer| scope.test_on(&verify.until, answer));
        match seen {
            Ok(true) => self.accomplished(path, step, run, now),
            Err(Fault::Unread { why, .. }) if why.kind == UnreadKind::Credentials => {
                self.unread(path, &why, now)
            }
            // An error satisfies nothing; the deadline of the verification ends it.
            Ok(false) | Err(_) => vec![],
        }
    }

    fn compared(&self, path: &StepPath, diff: &Diff, frame: &Frame, now: At) -> Vec<Fact> {
        if self.steps.get(path).is_some_and(|s| s.differences.is_some()) {
            return vec![];
        }
        let differences = match self.differences(path, diff, frame, now) {
            Ok(differences) => differences,
            Err(fault) => return self.faulted(path, fault, now),
        };
        let wrong: Vec<&str> = differences.iter().filter(|d| d.must_match).map(|d| d.path.as_str()).collect();
        let verdict = if wrong.is_empty() {
            vec![ended(path, StepState::Success, &format!("{} other differences", differences.len()), now)]
        } else {
            let why = format!("these differ and must not: {}", wrong.join(", "));
            self.fail(path, HoldKind::Failed, &why, now)
        };
        let mut facts = vec![Fact::Compared { path: path.clone(), differences, at: now }];
        facts.extend(verdict);
        facts
    }

    fn differences(
        &self,
        path: &StepPath,
        diff: &Diff,
        frame: &Frame,
        now: At,
    ) -> Result<Vec<Difference>, Fault> {
        let scope = Scope::bare(self, path, frame, now);
        let (left, right) = (scope.template(&diff.left)?, scope.template(&diff.right)?);
        let mut out = Vec::new();
        for expr in &diff.expect_same {
            let (l, r) = (scope.value_on(expr, &left)?, scope.value_on(expr, &right)?);
            if !diff::same(&l, &r) {
                out.push(Difference { path: expr.source().to_owned(), left: l, right: r, must_match: true });
            }
        }
        let named: Vec<&str> = diff.expect_same.iter().map(Expr::source).collect();
        for row in diff::rows(&left, &right) {
            if !diff::covered(&row.path, named.iter().copied().chain(diff.ignore.iter().map(String::as_str)))
            {
                out.push(Difference { path: row.path, left: row.left, right: row.right, must_match: false });
            }
        }
        Ok(out)
    }

    /// Since when answers count for a look of this step.
    pub(super) fn look_since(&self, path: &StepPath, purpose: Purpose) -> At {
        let Some(run) = self.steps.get(path) else { return At::default() };
        let begun = run.began.max(self.opened);
        match (&run.stage, purpose) {
            (Stage::Granted(grant), Purpose::Send) => self.send_from(run, grant).max(begun),
            (Stage::Doubt { since, .. }, _) => *since,
            (Stage::Done { at }, _) => (*at).max(begun),
            _ => begun,
        }
    }

    /// Whether a step's action changes nothing by itself.
    pub fn reads_only(&self, path: &StepPath) -> bool {
        self.plan.step(path).is_some_and(|s| !writes(s))
    }
}

/// What a condition that has no value means for a wait.
fn blind(run: &StepRun, wait: &Wait, fault: &Fault, now: At) -> Sight {
    let why = match fault {
        Fault::Expression(why) => return Sight::Error(why.clone()),
        Fault::Unread { why, .. } => why,
    };
    match why.kind {
        UnreadKind::Credentials => Sight::Credentials(why.to_string()),
        UnreadKind::Expression => Sight::Error(why.to_string()),
        kind if kind.passing() => Sight::Nothing,
        _ => {
            let borne = wait.tolerate.iter().find(|(code, _)| Some(code.as_str()) == why.code.as_deref());
            match borne {
                Some((_, span)) if now.since(run.began) <= *span => Sight::Nothing,
                _ => Sight::Failed(fault.to_string()),
            }
        }
    }
}

/// Whether every list has the rows its author states; a list that cannot be read has none.
pub(super) fn rows_hold(scope: &Scope<'_>, rules: &[RowsRule]) -> Result<bool, Fault> {
    for rule in rules {
        let name = if rule.read == "read" { INLINE } else { &rule.read };
        let value = scope
            .frame
            .value(name)
            .map_err(|why| Fault::Unread { read: format!("reads.{}", rule.read), why })?;
        let count = value.as_array().map_or(usize::from(!value.is_null()), Vec::len);
        let wanted = |tree| {
            let n = scope.fill(tree)?;
            n.as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| Fault::Expression(format!("rows of {}: {n} is not a count", rule.read)))
        };
        let holds = match &rule.bound {
            RowsBound::Exactly(tree) => count == wanted(tree)?,
            RowsBound::AtLeast(tree) => count >= wanted(tree)?,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn judge(scope: &Scope<'_>, inline: bool, expr: &Expr) -> Result<bool, Fault> {
    if !inline {
        return scope.test(expr);
    }
    let answer =
        scope.frame.value(INLINE).map_err(|why| Fault::Unread { read: "the reading".into(), why })?;
    scope.test_on(expr, answer)
}

fn select(scope: &Scope<'_>, inline: bool, expr: &Expr) -> Result<Value, Fault> {
    if !inline {
        return scope.value(expr);
    }
    let answer =
        scope.frame.value(INLINE).map_err(|why| Fault::Unread { read: "the reading".into(), why })?;
    scope.value_on(expr, answer)
}

/// Rows offered by a prompt, each with what `--answer` takes and whether it carries a warning.
#[derive(Clone, PartialEq, Debug)]
pub struct Offered {
    pub row: Value,
    pub value: Value,
    pub warned: bool,
}

impl Run {
    /// The rows a prompt offers on one frame.
    ///
    /// # Errors
    /// Why there are none to choose from.
    pub fn offered(&self, path: &StepPath, frame: &Frame, now: At) -> Result<Vec<Offered>, Fault> {
        let Some(Action::Prompt(prompt)) = self.plan.step(path).map(|s| &s.action) else { return Ok(vec![]) };
        let scope = Scope::bare(self, path, frame, now);
        match &prompt.offer {
            crate::runbook::Offer::Choices(choices) => Ok(choices
                .iter()
                .map(|c| json!(scope.text(c)))
                .map(|v| Offered { row: json!({"value": v}), value: v, warned: false })
                .collect()),
            crate::runbook::Offer::Free(_) => Ok(vec![]),
            crate::runbook::Offer::Rows(offer) => {
                let answer =
                    frame.value(INLINE).map_err(|why| Fault::Unread { read: "the offer".into(), why })?;
                let rows = match &offer.rows {
                    Some(rows) => scope.value_on(rows, answer)?,
                    None => answer.as_ref().clone(),
                };
                let Value::Array(rows) = rows else { return Ok(vec![]) };
                rows.into_iter()
                    .map(|row| {
                        let value = scope.value_on(&offer.value, &row)?;
                        let warned = match &offer.warn_when {
                            Some(warn) => scope.test_on(warn, &row)?,
                            None => false,
                        };
                        Ok(Offered { row, value, warned })
                    })
                    .collect()
            }
        }
    }
}
