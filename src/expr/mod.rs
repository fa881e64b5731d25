//! The one expression language: parse, check against answer shapes, evaluate.
//!
//! An [`Expr`] is JMESPath with a few functions more, a [`Template`] is text with `{{ expression }}` in it, a
//! [`Tree`] is a JSON value with templates. Pure: the moment is an argument, nothing is looked up. The
//! `jmespath` crate parses; tree and evaluator are ours, because in a recovery a comparison that cannot hold
//! must be seen, not be false. Start at [`Expr::parse`] and [`Expr::eval`].
//!
//! Deliberate differences from JMESPath (each has a case in `tests/it/expr.rs`):
//!
//! | here | JMESPath |
//! |---|---|
//! | `==` and `!=` between unlike types are an error; null may be compared with anything | false |
//! | `<` and the like order numbers and timestamps, anything else is an error | null, or in Python by text |
//! | timestamps are compared and sorted by the moment they name, whatever their zone | by text |
//! | `contains` of an unlike value is an error | false, in Python an exception |
//! | integers stay integers, also beyond 2^53; an average or a rounding that is whole is one | floats |
//! | `to_number` reads JSON numbers only | Python also reads `1_000`, `+1`, `nan` |
//! | `not_null` stops at the first value | evaluates every argument |
//! | `to_string` writes letters as they are | Python escapes what is not ASCII |
//! | unknown functions, wrong arities, a slice step of 0, a key written twice, `!a.b` do not parse | found at run time, or never |
//! | `` `text` `` without quotes inside is not JSON and does not parse | Python reads it as text |
//! | members the shape table knows as lists and structures read as `[]` and `{}` when an answer omits them | null |

mod ast;
mod call;
mod call_lists;
mod call_values;
mod check;
mod check_call;
mod compare;
mod eval;
mod functions;
mod parse;
mod proven;
mod roots;
mod scan;
mod template;
mod tree;
mod types;
mod vacuous;
mod value;

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;

use serde_json::Value;

use crate::ids::At;
pub use check::{Checked, ExprFinding, ListUse};
pub use roots::Root;
pub use template::{Filled, Template};
pub use tree::{Tree, TreeError};
pub use types::Type;

/// Most tokens an expression may have; a template in it has its own count.
pub const MAX_TOKENS: usize = 256;
/// Deepest nesting of an expression: brackets, prefixes and projections.
pub const MAX_LEVELS: usize = 32;
/// Most work one evaluation may do: nodes visited, elements made, sixteenths of text made.
pub const WORK: u64 = 1_000_000;
/// Deepest value that is compared or handed out.
pub const MAX_DEPTH: usize = 256;

/// Why a text is not an expression or a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", hint.as_deref().map(|h| format!("; {h}")).unwrap_or_default())]
pub struct ExprError {
    /// Where, in bytes of the text that was parsed.
    pub span: Range<usize>,
    pub message: String,
    pub hint: Option<String>,
}

impl ExprError {
    fn new(span: Range<usize>, message: impl Into<String>) -> ExprError {
        ExprError { span, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> ExprError {
        self.hint = Some(hint.into());
        self
    }
}

/// What kind of failure an [`EvalError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A value of the wrong type, or two unlike values compared.
    Type,
    /// A condition that is neither true nor false.
    Undecided,
    /// A null where a value has to be.
    Null,
    /// More work or depth than an evaluation may take.
    Bound,
}

/// Why an expression has no value on this answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", hint.as_deref().map(|h| format!("; {h}")).unwrap_or_default())]
pub struct EvalError {
    pub fault: Fault,
    /// Where, in bytes of the text that was parsed.
    pub span: Range<usize>,
    pub message: String,
    pub hint: Option<String>,
}

impl EvalError {
    fn new(fault: Fault, span: &Range<usize>, message: impl Into<String>) -> EvalError {
        EvalError { fault, span: span.clone(), message: message.into(), hint: None }
    }

    fn types(span: &Range<usize>, message: String) -> EvalError {
        EvalError::new(Fault::Type, span, message)
    }

    fn null(span: &Range<usize>, message: String) -> EvalError {
        EvalError::new(Fault::Null, span, message)
    }

    fn bound(span: &Range<usize>, message: impl Into<String>) -> EvalError {
        EvalError::new(Fault::Bound, span, message)
    }

    fn hint(mut self, hint: impl Into<String>) -> EvalError {
        self.hint = Some(hint.into());
        self
    }
}

/// One part of a condition and what it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Where it stands, in bytes of the text that was parsed.
    pub span: Range<usize>,
    pub value: Result<Value, EvalError>,
}

/// A parsed expression. It keeps its text, and the static check stores in it what absent members read as.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    source: String,
    /// Where the source starts in the text that spans count in: not 0 inside a template.
    start: usize,
    node: ast::Node,
    slots: Vec<Expr>,
    /// The whole is wrapped in `omit_null`.
    omits: bool,
    roots: Vec<Root>,
    /// Whether what it is evaluated on is a list; `None` when that is the run. The static check knows.
    on_list: Option<bool>,
}

impl Expr {
    /// Parses an expression, templates in it included.
    pub fn parse(text: &str) -> Result<Expr, ExprError> {
        parse::expression(text, 0..text.len(), false)
    }

    fn new(source: String, start: usize, node: ast::Node, slots: Vec<Expr>, omits: bool) -> Expr {
        let roots = roots::of(&node, omits);
        Expr { source, start, node, slots, omits, roots, on_list: None }
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names the expression itself takes from what it is evaluated on.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The names its templates take from the scope.
    pub fn slot_roots(&self) -> impl Iterator<Item = &Root> {
        self.slots.iter().flat_map(|slot| slot.roots.iter())
    }

    /// Whether it holds a template.
    pub fn has_templates(&self) -> bool {
        !self.slots.is_empty()
    }

    /// The value on `root`; templates see `scope`. `now` in the scope is the moment given.
    pub fn eval(&self, root: &Value, scope: &Value, now: At) -> Result<Value, EvalError> {
        eval::run(self, root, scope, now, &Cell::new(0))
    }

    /// Like [`Expr::eval`] for a condition: exactly true or false, anything else is an error.
    pub fn test(&self, root: &Value, scope: &Value, now: At) -> Result<bool, EvalError> {
        match self.eval(root, scope, now)? {
            Value::Bool(b) => Ok(b),
            _ => Err(self.undecided(root, scope, now)),
        }
    }

    /// The parts of a condition that are joined by `&&`, each with what it comes to: shown while waiting.
    /// A condition without `&&` is one part.
    pub fn parts(&self, root: &Value, scope: &Value, now: At) -> Vec<Part> {
        let nodes = match &self.node.kind {
            ast::Kind::All(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(&self.node),
        };
        let part = |node: &ast::Node| Part {
            span: node.span.clone(),
            value: eval::part(self, node, root, scope, now, &Cell::new(0)),
        };
        nodes.iter().map(part).collect()
    }

    /// Blames the part that decided: the first that is not true, as far as `&&` goes.
    fn undecided(&self, root: &Value, scope: &Value, now: At) -> EvalError {
        let parts = self.parts(root, scope, now);
        let odd = |p: &&Part| !matches!(p.value, Ok(Value::Bool(_)));
        let Some(Part { span, value: Ok(value) }) = parts.iter().find(odd) else {
            let span = self.start..self.start + self.source.len();
            return EvalError::new(Fault::Undecided, &span, "neither true nor false");
        };
        let (written, shown) = (shortened(self.slice(span)), value::Val::Doc(value).shown());
        EvalError::new(Fault::Undecided, span, format!("neither true nor false: {written} is {shown}"))
    }

    /// Checks it on an answer of type `root`, its templates on `scope`, and stores what absent lists and
    /// structures read as: without this every absent member is null.
    pub fn check(&mut self, root: &Type, scope: &Type) -> Checked {
        check::expression(self, root, scope)
    }

    /// Whether, once checked, the condition can be true while `list` (a [`ListUse::root`]) has no rows.
    /// `never` tells the conditions of the scope that are not true then.
    pub fn can_hold_without(&self, list: &str, never: impl Fn(&str) -> bool) -> bool {
        vacuous::can_hold(self, list, &never)
    }

    fn slice(&self, span: &Range<usize>) -> &str {
        let shift = |n: usize| n.saturating_sub(self.start);
        self.source.get(shift(span.start)..shift(span.end)).unwrap_or(&self.source)
    }
}

/// A text from outside, short and clean enough for a message.
fn shortened(text: &str) -> String {
    crate::text::fit(&crate::text::clean(text.trim()), 60)
}

/// "Did you mean" for a name in an expression; nobody mistypes a name longer than this.
fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    (name.len() <= 64).then(|| crate::catalogue::did_you_mean(name, candidates)).flatten()
}
