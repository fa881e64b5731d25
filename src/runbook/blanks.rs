//! Filling in what is known before a run: parameters; the rest becomes `<from step.output>`.

use serde_json::{Map, Value, json};

use super::model::{ParameterKind, Runbook};
use crate::expr::{Expr, Filled, Root, Template, Tree};
use crate::ids::At;

/// Fills in what depends on parameters only; the rest becomes `<from step.output>`.
pub(super) struct Blanks {
    pub(super) scope: Value,
}

impl Blanks {
    pub(super) fn new(runbook: &Runbook, given: &Map<String, Value>) -> Blanks {
        let mut blanks = Blanks { scope: json!({"parameters": given}) };
        for parameter in &runbook.parameters {
            let known = given.get(&parameter.name).cloned();
            let value = known.or_else(|| parameter.default.as_ref().map(|tree| blanks.tree(tree)));
            let value = value.unwrap_or_else(|| json!(format!("<{}>", parameter.name)));
            // Text where a list is wanted would not evaluate; such a parameter stays a blank of its own.
            if !matches!(parameter.kind, ParameterKind::List(_) | ParameterKind::Map(_)) || !value.is_string()
            {
                blanks.scope["parameters"][&parameter.name] = value;
            }
        }
        blanks
    }

    fn expression(&self, expr: &Expr) -> Value {
        let own = |root: &Root| match root.path.as_slice() {
            [first, name] => first == "parameters" && self.scope["parameters"].get(name).is_some(),
            _ => false,
        };
        let known = expr.roots().iter().chain(expr.slot_roots()).all(own);
        match expr.eval(&self.scope, &self.scope, At(0)) {
            Ok(value) if known && !value.is_null() => value,
            _ => json!(blank(expr.source())),
        }
    }

    pub(super) fn text(&self, template: &Template) -> String {
        let (mut out, mut rest) = (String::new(), template.source());
        for expr in template.exprs() {
            let written = format!("{{{{{}}}}}", expr.source());
            let Some((before, after)) = rest.split_once(&written) else { break };
            out += before;
            out += &plain(&self.expression(expr));
            rest = after;
        }
        out + rest
    }

    pub(super) fn tree(&self, tree: &Tree) -> Value {
        match tree {
            Tree::Plain(value) => value.clone(),
            Tree::Text(template) => match (template.whole(), template.eval(&self.scope, At(0))) {
                (Some(expr), _) => self.expression(expr),
                (None, Ok(Filled::Value(value))) => value,
                (None, _) => json!(self.text(template)),
            },
            Tree::List(items) => items.iter().map(|item| self.tree(item)).collect(),
            Tree::Map(entries) => {
                Value::Object(entries.iter().map(|(key, tree)| (key.clone(), self.tree(tree))).collect())
            }
        }
    }
}

impl Blanks {
    /// An expression as code, its templates filled in.
    pub(super) fn code(&self, expr: &Expr) -> String {
        let source = expr.source().trim();
        let text =
            Template::parse(source).map_or_else(|_| source.to_owned(), |template| self.text(&template));
        span(&text)
    }
}

/// A code span of Markdown.
pub(super) fn span(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// `<db>` for a parameter, `<from choose.snapshot>` for anything else.
fn blank(source: &str) -> String {
    let source = source.trim();
    let inner = source.strip_prefix("omit_null(").and_then(|s| s.strip_suffix(')')).unwrap_or(source);
    let path = inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let own =
        ["item", "index", "captured", "now", "run"].iter().any(|root| inner.split('.').next() == Some(root));
    match inner.strip_prefix("parameters.") {
        Some(parameter) if path => format!("<{parameter}>"),
        _ if path && own => format!("<{inner}>"),
        _ => format!("<from {inner}>"),
    }
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
