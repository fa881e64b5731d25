//! The checks before Start, judged on one round of readings. Never mutating.
//!
//! A check whose reading cannot be had is SKIP with the reason and stops nothing, unless its author wrote
//! `must_read`; an error that is an answer (`NotFound`) makes it false (rules 12).

use std::sync::Arc;

use super::fact::{CheckResult, CheckVerdict};
use super::look::Look;
use super::scope::{Fault, Scope};
use super::state::Run;
use crate::ids::{At, StepPath};
use crate::runbook::{Check, CheckKind, Level, ReadRef};
use crate::watch::{Frame, Unread, UnreadKind};

impl Run {
    /// The round behind all checks.
    pub fn preflight_look(self: &Arc<Run>, now: At) -> Look {
        let mut look = Look::over(Arc::clone(self), StepPath::default(), now, []);
        for check in &self.book().preflight {
            match &check.kind {
                CheckKind::Holds { check: condition, read, rows } => {
                    if let Some(read) = read {
                        look.reference(&inline(&check.name, 0), read);
                    }
                    look.used_by(condition.roots().iter().chain(condition.slot_roots()));
                    rows.iter().filter(|r| r.read != "read").for_each(|r| look.named(&r.read));
                }
                CheckKind::Errors(wanted) => {
                    for (i, (read, _)) in wanted.iter().enumerate() {
                        look.reference(&inline(&check.name, i), read);
                    }
                }
            }
            look.used_by(check.message.roots());
        }
        look
    }

    /// Judges every check.
    pub fn judge_preflight(&self, frame: &Frame, now: At) -> Vec<CheckResult> {
        self.book().preflight.iter().map(|check| self.judge_check(check, frame, now)).collect()
    }

    fn judge_check(&self, check: &Check, frame: &Frame, now: At) -> CheckResult {
        let top = StepPath::default();
        let scope = Scope::bare(self, &top, frame, now);
        let judged = match &check.kind {
            CheckKind::Holds { check: condition, read, rows } => {
                holds(&scope, check, condition, read.as_ref(), rows)
            }
            CheckKind::Errors(wanted) => errors(check, wanted, frame),
        };
        let (verdict, message) = match judged {
            Ok(true) => (CheckVerdict::Ok, String::new()),
            Ok(false) => (false_verdict(check), scope.text(&check.message)),
            Err(fault) => unreadable(check, &scope, fault),
        };
        CheckResult { name: check.name.clone(), verdict, message: crate::text::clean(&message).into_owned() }
    }
}

fn inline(check: &str, index: usize) -> String {
    format!("@check.{check}.{index}")
}

fn false_verdict(check: &Check) -> CheckVerdict {
    match check.level {
        Level::Fail => CheckVerdict::Fail,
        Level::Warn => CheckVerdict::Warn,
    }
}

fn holds(
    scope: &Scope<'_>,
    check: &Check,
    condition: &crate::expr::Expr,
    read: Option<&ReadRef>,
    rows: &[crate::runbook::RowsRule],
) -> Result<bool, Fault> {
    if !super::judge::rows_hold(scope, rows)? {
        return Ok(false);
    }
    if read.is_none() {
        return scope.test(condition);
    }
    let name = inline(&check.name, 0);
    let answer = scope.frame.value(&name).map_err(|why| Fault::Unread { read: check.name.clone(), why })?;
    scope.test_on(condition, answer)
}

/// True when every read answers with one of its codes.
fn errors(check: &Check, wanted: &[(ReadRef, Vec<String>)], frame: &Frame) -> Result<bool, Fault> {
    for (i, (_, codes)) in wanted.iter().enumerate() {
        match frame.value(&inline(&check.name, i)) {
            Ok(_) => return Ok(false),
            Err(Unread { code: Some(code), .. }) if codes.contains(&code) => {}
            Err(why) => return Err(Fault::Unread { read: check.name.clone(), why }),
        }
    }
    Ok(true)
}

fn unreadable(check: &Check, scope: &Scope<'_>, fault: Fault) -> (CheckVerdict, String) {
    let answered = matches!(&fault, Fault::Unread { why, .. } if why.kind == UnreadKind::Answer);
    if answered {
        return (false_verdict(check), format!("{} ({fault})", scope.text(&check.message)));
    }
    match fault {
        Fault::Expression(why) => (false_verdict(check), format!("the check itself failed: {why}")),
        Fault::Unread { .. } if check.must_read => {
            (CheckVerdict::Fail, format!("it could not be read and must be: {fault}"))
        }
        Fault::Unread { .. } => (CheckVerdict::Skip, format!("not checked: {fault}")),
    }
}
