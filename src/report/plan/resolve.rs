//! Templates and expressions before anything has happened: values where they are known, and words for where
//! they will come from where they are not.

use serde_json::{Map, Value};

use crate::catalogue::Operation;
use crate::expr::{Expr, Root, Template, Tree};
use crate::ids::{At, StepPath};
use crate::run::{Call, Run, Scope};
use crate::runbook::Step;
use crate::watch::Frame;

/// Values that a run has before it has started, by their first name; of `run` only where it acts.
const KNOWN: &[&str] = &["parameters"];
const KNOWN_OF_RUN: &[&str] = &["account", "region"];

/// The item a nested step is resolved for.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Not inside a `for_each`.
    None,
    One {
        index: usize,
        key: String,
        value: Value,
    },
    /// Any of several; where they will come from, empty when they are known.
    Each(String),
}

/// What is known of one step for one item.
pub(super) struct Resolve<'a> {
    pub run: &'a Run,
    pub path: &'a StepPath,
    pub item: &'a Item,
    pub now: At,
}

impl Resolve<'_> {
    /// Where a value will come from, if it is not known yet.
    fn unknown(&self, root: &Root) -> Option<String> {
        let first = root.path.first().map_or("", String::as_str);
        let second = root.path.get(1).map(String::as_str);
        match (first, self.item) {
            (name, _) if KNOWN.contains(&name) => None,
            ("run", _) if second.is_some_and(|name| KNOWN_OF_RUN.contains(&name)) => None,
            ("item" | "index", Item::One { .. }) => None,
            ("item", Item::Each(from)) => {
                let member = second.map_or_else(String::new, |member| format!("{member} of "));
                let from = if from.is_empty() { String::new() } else { format!(" of {from}") };
                Some(format!("{member}each item{from}"))
            }
            _ => Some(format!("from {}", root.path.join("."))),
        }
    }

    /// `<from a.b>`, or nothing when everything is known.
    fn placeholder<'r>(&self, roots: impl Iterator<Item = &'r Root>) -> Option<String> {
        let mut all: Vec<String> = Vec::new();
        for unknown in roots.filter_map(|root| self.unknown(root)) {
            if !all.contains(&unknown) {
                all.push(unknown);
            }
        }
        (!all.is_empty()).then(|| format!("<{}>", all.join(", ")))
    }

    /// What an expression gives, where it is known.
    pub fn value(&self, expr: &Expr) -> Result<Value, String> {
        if let Some(placeholder) = self.placeholder(expr.roots().iter().chain(expr.slot_roots())) {
            return Err(placeholder);
        }
        self.scoped(|scope| scope.value(expr).map_err(|fault| format!("<error: {fault}>")))
    }

    fn scoped<T>(&self, ask: impl FnOnce(&Scope<'_>) -> T) -> T {
        let frame = Frame::empty(self.now);
        let bare = Scope::bare(self.run, self.path, &frame, self.now);
        match self.item {
            Item::One { index, value, .. } => ask(&Scope { item: Some((value, *index)), ..bare }),
            Item::None | Item::Each(_) => ask(&bare),
        }
    }

    /// A template as text to show.
    pub fn text(&self, template: &Template) -> String {
        match self.template(template) {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// A template; nothing where it is left out.
    fn template(&self, template: &Template) -> Option<Value> {
        let Some(placeholder) = self.placeholder(template.roots()) else {
            return match self.scoped(|scope| scope.template(template)) {
                Ok(Value::Null) => None,
                Ok(value) => Some(value),
                Err(fault) => Some(Value::String(format!("<error: {fault}>"))),
            };
        };
        Some(Value::String(match template.whole() {
            Some(_) => placeholder,
            None => self.pieces(template),
        }))
    }

    /// Text whose templates are filled one by one.
    fn pieces(&self, template: &Template) -> String {
        let (mut out, mut rest) = (String::new(), template.source());
        for expr in template.exprs() {
            let Some(start) = rest.find("{{") else { break };
            out.push_str(&rest[..start]);
            let inner =
                rest[start..].find(expr.source()).map_or(start + 2, |i| start + i + expr.source().len());
            let end = rest[inner..].find("}}").map_or(rest.len(), |i| inner + i + 2);
            out.push_str(&match self.value(expr) {
                Ok(Value::String(text)) => text,
                Ok(value) => value.to_string(),
                Err(placeholder) => placeholder,
            });
            rest = &rest[end..];
        }
        out + rest
    }

    /// Parameters as they would be sent.
    pub fn tree(&self, tree: &Tree) -> Option<Value> {
        match tree {
            Tree::Plain(value) => Some(value.clone()),
            Tree::Text(template) => self.template(template),
            Tree::List(items) => Some(items.iter().filter_map(|item| self.tree(item)).collect()),
            Tree::Map(entries) => {
                let filled = entries.iter().filter_map(|(name, tree)| Some((name.clone(), self.tree(tree)?)));
                Some(Value::Object(filled.collect::<Map<_, _>>()))
            }
        }
    }

    /// The call of a step.
    pub fn call(&self, step: &Step, operation: &Operation, parameters: &Tree) -> Call {
        Call {
            place: self.run.place(step.target.as_deref()),
            service: operation.service.to_owned(),
            operation: operation.name.to_owned(),
            parameters: self.tree(parameters).unwrap_or_default(),
        }
    }

    /// What a call acts on: its subject, or where that will come from.
    pub fn subject(&self, operation: &Operation, parameters: &Tree, call: &Call) -> Result<String, String> {
        let named = |entries: &[(String, Tree)]| {
            let member = entries.iter().find(|(name, _)| name == operation.subject_parameter());
            member.and_then(|(_, tree)| self.placeholder(tree.roots().into_iter()))
        };
        match parameters {
            Tree::Map(entries) => named(entries),
            Tree::Text(template) => self.placeholder(template.roots()),
            Tree::Plain(_) | Tree::List(_) => None,
        }
        .map_or_else(|| Ok(operation.subject(&call.parameters)), Err)
    }
}
