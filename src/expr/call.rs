//! How the functions work. Arguments are checked against the signature first, so that each function below
//! meets only what it wants.

use std::ops::Range;

use serde_json::Number;

use super::EvalError;
use super::ast::{Kind, Node};
use super::eval::Evaluator;
use super::functions::{Function, Want};
use super::value::{self, Entries, Items, Seen, Val};
use crate::ids::Span;

pub(super) type Result<T> = std::result::Result<T, EvalError>;

/// One call: who is called, where it is written, what it was given.
pub(super) struct Call<'e, 'a> {
    pub eval: &'e Evaluator<'a>,
    pub function: Function,
    pub nodes: &'a [Node],
    pub span: &'e Range<usize>,
    pub args: Vec<Val<'a>>,
}

impl<'a> Evaluator<'a> {
    pub fn call(
        &self,
        function: Function,
        nodes: &'a [Node],
        node: &'a Node,
        current: &Val<'a>,
    ) -> Result<Val<'a>> {
        if function == Function::NotNull {
            return self.not_null(nodes, current);
        }
        let mut args = Vec::with_capacity(nodes.len());
        for node in nodes {
            args.push(match node.kind {
                Kind::Reference(_) => Val::NULL,
                _ => self.value(node, current)?,
            });
        }
        let call = Call { eval: self, function, nodes, span: &node.span, args };
        call.checked()?;
        call.run()
    }

    /// Stops at the first value, so that a default may be something that would fail.
    fn not_null(&self, nodes: &'a [Node], current: &Val<'a>) -> Result<Val<'a>> {
        for node in nodes {
            let value = self.value(node, current)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        Ok(Val::NULL)
    }
}

impl<'a> Call<'_, 'a> {
    fn run(&self) -> Result<Val<'a>> {
        match self.function {
            Function::Abs | Function::Ceil | Function::Floor => self.rounded(),
            Function::Add | Function::Sub => self.sum_of_two(),
            Function::Ago => self.shifted(self.eval.now, self.duration(0), -1),
            Function::At => Ok(self.entries(0).and_then(|m| m.get(self.text(1))).unwrap_or(Val::NULL)),
            Function::Avg | Function::Sum => self.total(),
            Function::Before => Ok(Val::Bool(self.time(0) < self.time(1))),
            Function::Contains => self.contains(),
            Function::EndsWith => Ok(Val::Bool(self.text(0).ends_with(self.text(1)))),
            Function::StartsWith => Ok(Val::Bool(self.text(0).starts_with(self.text(1)))),
            Function::GroupBy => self.group_by(),
            Function::Join => self.join(),
            Function::Keys => self.entry_list(|(key, _)| Val::text(&key)),
            Function::Values => self.entry_list(|(_, value)| value),
            Function::Length => Ok(Val::Number(self.length().into())),
            Function::Map => self.map(),
            Function::Max | Function::Min => self.extreme(None),
            Function::MaxBy | Function::MinBy | Function::NewestBy => self.extreme(Some(self.reference(1))),
            Function::Merge => self.merge(),
            Function::NotNull => Ok(Val::NULL),
            Function::Reverse => self.reverse(),
            Function::SecondsBetween => Ok(self.seconds_between()),
            Function::Sort => self.sorted(None),
            Function::SortBy => self.sorted(Some(self.reference(1))),
            Function::Split => self.split(),
            Function::ToArray => Ok(self.to_array()),
            Function::ToNumber => Ok(self.to_number()),
            Function::ToString => self.to_string(),
            Function::Type => Ok(Val::text(json_type(&self.args[0]))),
        }
    }

    // ------------------------------------------------------------------------------------- arguments

    fn checked(&self) -> Result<()> {
        let signature = self.function.signature();
        for (n, arg) in self.args.iter().enumerate() {
            let want = signature.want(n);
            if !self.fits(want, arg)? {
                return Err(self.wrong(n, want, arg));
            }
        }
        Ok(())
    }

    pub fn wrong(&self, n: usize, want: Want, arg: &Val<'a>) -> EvalError {
        let node = &self.nodes[n];
        EvalError::types(
            &node.span,
            format!(
                "{} wants {want}: {} is {}",
                self.function.name(),
                self.eval.written(&node.span),
                odd_one(want, arg).unwrap_or_else(|| arg.shown())
            ),
        )
    }

    fn fits(&self, want: Want, arg: &Val<'a>) -> Result<bool> {
        let seen = arg.seen();
        if let (Want::Numbers | Want::Texts | Want::Sortable, Seen::List(items)) = (want, &seen) {
            self.eval.spend(items.len(), self.span)?;
        }
        let numbers = |items: &Items<'_, 'a>| items.iter().all(|v| matches!(v.seen(), Seen::Number(_)));
        let texts = |items: &Items<'_, 'a>| items.iter().all(|v| matches!(v.seen(), Seen::Text(_)));
        Ok(match (want, &seen) {
            (Want::Any | Want::Reference, _)
            | (Want::Number | Want::NumberOrTime | Want::NumberOrSpan, Seen::Number(_))
            | (Want::Text | Want::ListOrText | Want::Countable, Seen::Text(_))
            | (Want::List | Want::ListOrText | Want::Countable, Seen::List(_))
            | (Want::Map | Want::Countable, Seen::Map(_)) => true,
            (Want::Numbers, Seen::List(items)) => numbers(items),
            (Want::Texts, Seen::List(items)) => texts(items),
            (Want::Sortable, Seen::List(items)) => numbers(items) || texts(items),
            (Want::Time | Want::NumberOrTime, Seen::Text(s)) => value::instant(s).is_some(),
            (Want::Span | Want::NumberOrSpan, Seen::Text(s)) => s.parse::<Span>().is_ok(),
            _ => false,
        })
    }

    pub fn text(&self, n: usize) -> &str {
        match self.args[n].seen() {
            Seen::Text(s) => s,
            _ => "",
        }
    }

    pub fn number(&self, n: usize) -> Option<&Number> {
        match self.args[n].seen() {
            Seen::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn time(&self, n: usize) -> jiff::Timestamp {
        value::instant(self.text(n)).unwrap_or_default()
    }

    pub fn duration(&self, n: usize) -> Span {
        self.text(n).parse().unwrap_or_default()
    }

    pub fn items(&self, n: usize) -> Items<'_, 'a> {
        match self.args[n].seen() {
            Seen::List(items) => items,
            _ => Items::Made(&[]),
        }
    }

    pub fn entries(&self, n: usize) -> Option<Entries<'_, 'a>> {
        match self.args[n].seen() {
            Seen::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The expression behind `&`.
    pub fn reference(&self, n: usize) -> &'a Node {
        match &self.nodes[n].kind {
            Kind::Reference(inner) => inner,
            _ => &self.nodes[n],
        }
    }

    pub fn spend(&self, units: usize) -> Result<()> {
        self.eval.spend(units, self.span)
    }
}

fn json_type(value: &Val<'_>) -> &'static str {
    match value.seen() {
        Seen::Null => "null",
        Seen::Bool(_) => "boolean",
        Seen::Number(_) => "number",
        Seen::Text(_) => "string",
        Seen::List(_) => "array",
        Seen::Map(_) => "object",
    }
}

/// For a list with wrong elements, the first of them.
fn odd_one(want: Want, arg: &Val<'_>) -> Option<String> {
    let Seen::List(items) = arg.seen() else { return None };
    let first = items.get(0)?.kind();
    let (i, odd) = items.iter().enumerate().find(|(_, v)| match want {
        Want::Numbers => !matches!(v.seen(), Seen::Number(_)),
        Want::Texts => !matches!(v.seen(), Seen::Text(_)),
        _ => v.kind() != first || !matches!(v.seen(), Seen::Number(_) | Seen::Text(_)),
    })?;
    Some(format!("a list in which element {i} is {}", odd.shown()))
}
