//! Whole values whose texts hold templates: the parameters of a call.

use serde_json::{Map, Value};

use super::{Checked, EvalError, ExprError, Filled, Root, Template, Type};
use crate::ids::At;

/// A value whose texts may hold templates: the parameters of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Nothing to fill in.
    Plain(Value),
    Text(Template),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// What went wrong in one of the texts of a [`Tree`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{error}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct TreeError<E: std::error::Error> {
    /// Where in the value: `Filters[0].Values[1]`; empty for the value itself.
    pub path: String,
    pub error: E,
}

impl Tree {
    /// Parses every text of a value; parts without templates stay as they are.
    pub fn parse(value: &Value) -> Result<Tree, TreeError<ExprError>> {
        match value {
            Value::String(text) => match Template::parse(text) {
                Ok(template) if template.is_plain() => Ok(Tree::Plain(value.clone())),
                Ok(template) => Ok(Tree::Text(template)),
                Err(error) => Err(TreeError { path: String::new(), error }),
            },
            Value::Array(items) => {
                let trees =
                    items.iter().enumerate().map(|(i, v)| Tree::parse(v).map_err(|e| e.inside(&at(i))));
                trees.collect::<Result<Vec<_>, _>>().map(Tree::List).map(Tree::folded)
            }
            Value::Object(map) => {
                let trees =
                    map.iter().map(|(k, v)| Ok((k.clone(), Tree::parse(v).map_err(|e| e.inside(k))?)));
                trees.collect::<Result<Vec<_>, _>>().map(Tree::Map).map(Tree::folded)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Tree::Plain(value.clone())),
        }
    }

    /// The value as it was written, templates in it as their text.
    pub fn written(&self) -> Value {
        match self {
            Tree::Plain(value) => value.clone(),
            Tree::Text(template) => Value::String(template.source().to_owned()),
            Tree::List(items) => Value::Array(items.iter().map(Tree::written).collect()),
            Tree::Map(entries) => {
                Value::Object(entries.iter().map(|(k, t)| (k.clone(), t.written())).collect())
            }
        }
    }

    /// A list or map of plain values is a plain value.
    fn folded(self) -> Tree {
        match self {
            Tree::List(items) if items.iter().all(|t| matches!(t, Tree::Plain(_))) => {
                Tree::Plain(Value::Array(items.into_iter().filter_map(Tree::plain).collect()))
            }
            Tree::Map(entries) if entries.iter().all(|(_, t)| matches!(t, Tree::Plain(_))) => {
                let plain = entries.into_iter().filter_map(|(k, t)| Some((k, t.plain()?)));
                Tree::Plain(Value::Object(plain.collect()))
            }
            other => other,
        }
    }

    fn plain(self) -> Option<Value> {
        match self {
            Tree::Plain(value) => Some(value),
            Tree::Text(_) | Tree::List(_) | Tree::Map(_) => None,
        }
    }

    /// The value with every template filled in; what is omitted is left out. Omitted as a whole, it is null.
    pub fn fill(&self, scope: &Value, now: At) -> Result<Value, TreeError<EvalError>> {
        self.filled(scope, now).map(|value| value.unwrap_or(Value::Null))
    }

    fn filled(&self, scope: &Value, now: At) -> Result<Option<Value>, TreeError<EvalError>> {
        match self {
            Tree::Plain(value) => Ok(Some(value.clone())),
            Tree::Text(template) => match template.eval(scope, now) {
                Ok(Filled::Value(value)) => Ok(Some(value)),
                Ok(Filled::Omit) => Ok(None),
                Err(error) => Err(TreeError { path: String::new(), error }),
            },
            Tree::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                for (i, item) in items.iter().enumerate() {
                    out.extend(item.filled(scope, now).map_err(|e| e.inside(&at(i)))?);
                }
                Ok(Some(Value::Array(out)))
            }
            Tree::Map(entries) => {
                let mut out = Map::with_capacity(entries.len());
                for (key, tree) in entries {
                    if let Some(value) = tree.filled(scope, now).map_err(|e| e.inside(key))? {
                        out.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(out)))
            }
        }
    }

    /// Every template in it, with its path.
    pub fn templates(&self) -> Vec<(String, &Template)> {
        match self {
            Tree::Plain(_) => Vec::new(),
            Tree::Text(template) => vec![(String::new(), template)],
            Tree::List(items) => {
                let inner = items.iter().enumerate().map(|(i, t)| (at(i), t));
                inner
                    .flat_map(|(i, t)| t.templates().into_iter().map(move |(p, t)| (below(&i, &p), t)))
                    .collect()
            }
            Tree::Map(entries) => entries
                .iter()
                .flat_map(|(k, t)| t.templates().into_iter().map(move |(p, t)| (below(k, &p), t)))
                .collect(),
        }
    }

    /// Checks every template; what was learned, by path.
    pub fn check(&mut self, scope: &Type) -> Vec<(String, Checked)> {
        let mut all = Vec::new();
        self.check_into(scope, "", &mut all);
        all
    }

    fn check_into(&mut self, scope: &Type, path: &str, all: &mut Vec<(String, Checked)>) {
        match self {
            Tree::Plain(_) => {}
            Tree::Text(template) => all.push((path.to_owned(), template.check(scope))),
            Tree::List(items) => {
                items
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, t)| t.check_into(scope, &format!("{path}[{i}]"), all));
            }
            Tree::Map(entries) => entries.iter_mut().for_each(|(key, t)| {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                t.check_into(scope, &inner, all);
            }),
        }
    }

    /// The names its templates take from the scope.
    pub fn roots(&self) -> Vec<&Root> {
        self.templates().into_iter().flat_map(|(_, t)| t.roots()).collect()
    }
}

impl<E: std::error::Error> TreeError<E> {
    fn inside(mut self, part: &str) -> TreeError<E> {
        self.path = below(part, &self.path);
        self
    }
}

fn at(i: usize) -> String {
    format!("[{i}]")
}

fn below(part: &str, path: &str) -> String {
    match path {
        "" => part.to_owned(),
        _ if path.starts_with('[') => format!("{part}{path}"),
        _ => format!("{part}.{path}"),
    }
}
