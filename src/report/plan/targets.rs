//! What the targets of a plan look like now: questions to ask, and the members that count in the answers.
//!
//! The same members a confirmation is bound to: identity, status, pending changes and what the call sets;
//! no counters and no clocks, so that a plan that is read for ten minutes still holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::steps::resolved_calls;
use crate::catalogue;
use crate::expr::{Expr, Tree};
use crate::ids::{At, StepPath};
use crate::run::{Call, Run};
use crate::watch::{Question, Unread};

/// The target of one call that is resolved far enough to be looked at.
#[derive(Clone, Debug)]
pub struct Target {
    /// The step instance whose call this is.
    pub path: StepPath,
    pub question: Question,
    look: &'static catalogue::Look,
    call: Call,
    now: At,
}

/// The targets of a plan, without undo flows; the same question with the same members is asked once.
pub fn targets(run: &Run, now: At) -> Vec<Target> {
    let mut seen = BTreeSet::new();
    let all = resolved_calls(run, now).into_iter().filter_map(|(path, call)| target(path, call, now));
    all.filter(|target| seen.insert((target.path.clone(), target.question.key()))).collect()
}

fn target(path: StepPath, call: Call, now: At) -> Option<Target> {
    let operation = catalogue::find(&call.service, &call.operation)?;
    let look = operation.observe()?;
    let parameters: Value = serde_json::from_str(look.parameters).ok()?;
    let scope = json!({ "call": call.parameters });
    let parameters = Tree::parse(&parameters).ok()?.fill(&scope, now).ok()?;
    if unresolved(&parameters) {
        return None;
    }
    let question = Question {
        place: call.place.clone(),
        service: call.service.clone(),
        operation: look.operation.to_owned(),
        parameters,
    };
    Some(Target { path, question, look, call, now })
}

/// Whether a value holds a placeholder; no name of AWS has angle brackets.
fn unresolved(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('<'),
        Value::Array(list) => list.iter().any(unresolved),
        Value::Object(map) => map.values().any(unresolved),
        _ => false,
    }
}

impl Target {
    /// What counts in the answer to its question: null for a target that does not exist, a word in angle
    /// brackets for one that could not be looked at.
    pub fn observed(&self, answer: Result<&Value, &Unread>) -> Value {
        let absent = |why: &Unread| why.code.as_deref().is_some_and(|code| self.look.absent.contains(&code));
        match answer {
            Err(why) if absent(why) => Value::Null,
            Err(why) => Value::from(format!("<{}>", why.kind.word())),
            Ok(answer) => {
                let scope = json!({ "call": self.call.parameters });
                let selected =
                    Expr::parse(self.look.select).ok().and_then(|e| e.eval(answer, &scope, self.now).ok());
                self.look.project(&self.call.parameters, &selected.unwrap_or_default())
            }
        }
    }
}

/// The observed state of a plan, for [`Planning::observed`](super::Planning::observed).
pub fn observed<'a>(answers: impl IntoIterator<Item = (&'a Target, Result<&'a Value, &'a Unread>)>) -> Value {
    let seen = answers.into_iter().map(|(target, answer)| (target.path.to_string(), target.observed(answer)));
    Value::Object(seen.collect())
}
