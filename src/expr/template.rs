//! Text with `{{ expression }}` in it, and whole values made of such texts.
//!
//! A template that is the whole value keeps the type of its expression; in the middle of text it becomes
//! text. Null is an error, unless the whole value is `{{ omit_null(…) }}`.

use std::cell::Cell;
use std::ops::Range;

use serde_json::{Map, Value};

use super::scan;
use super::value::Val;
use super::{EvalError, Expr, ExprError, Root, eval, parse};
use crate::ids::At;

/// Text with templates; may have none.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    /// An expression and the bytes of its template, braces included.
    Expr(Box<Expr>, Range<usize>),
}

/// What a template comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    Value(Value),
    /// `omit_null` of null: the member or element is left out.
    Omit,
}

impl Template {
    /// Parses text with templates. Text without any is a template too, see [`Template::is_plain`].
    pub fn parse(text: &str) -> Result<Template, ExprError> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(i) = text[at..].find("{{") {
            let inner = scan::template(text, at + i, text.len())?;
            found.push((at..at + i, inner.clone()));
            at = inner.end + 2;
        }
        let rest = at..text.len();
        let whole = match found.as_slice() {
            [(before, _)] => text[before.clone()].trim().is_empty() && text[at..].trim().is_empty(),
            _ => false,
        };
        let mut pieces = Vec::with_capacity(found.len() * 2 + 1);
        for (before, inner) in found {
            pieces.push(Piece::Text(text[before].to_owned()));
            let span = inner.start - 2..inner.end + 2;
            pieces.push(Piece::Expr(Box::new(parse::expression(text, inner, whole)?), span));
        }
        pieces.push(Piece::Text(text[rest].to_owned()));
        pieces.retain(|p| !matches!(p, Piece::Text(t) if t.is_empty()));
        if whole {
            pieces.retain(|p| matches!(p, Piece::Expr(..)));
        }
        Ok(Template { source: text.to_owned(), pieces })
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether there is nothing to fill in.
    pub fn is_plain(&self) -> bool {
        self.exprs().next().is_none()
    }

    /// The expression, when the template is the whole value.
    pub fn whole(&self) -> Option<&Expr> {
        match self.pieces.as_slice() {
            [Piece::Expr(expr, _)] => Some(expr),
            _ => None,
        }
    }

    /// Whether null leaves the value out.
    pub fn omits(&self) -> bool {
        self.whole().is_some_and(|e| e.omits)
    }

    /// The expressions in the order in which they stand.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.pieces.iter().filter_map(|p| match p {
            Piece::Expr(expr, _) => Some(&**expr),
            Piece::Text(_) => None,
        })
    }

    /// The names its expressions take from the scope.
    pub fn roots(&self) -> impl Iterator<Item = &Root> {
        self.exprs().flat_map(Expr::roots)
    }

    /// Fills the template in.
    pub fn eval(&self, scope: &Value, now: At) -> Result<Filled, EvalError> {
        let work = Cell::new(0);
        if let [Piece::Expr(expr, span)] = self.pieces.as_slice() {
            let value = eval::run(expr, scope, scope, now, &work)?;
            return match value {
                Value::Null if expr.omits => Ok(Filled::Omit),
                Value::Null => Err(self.null(span)),
                value => Ok(Filled::Value(value)),
            };
        }
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Expr(expr, span) => {
                    let value = eval::run(expr, scope, scope, now, &work)?;
                    self.write(&value, span, &mut out)?;
                }
            }
        }
        Ok(Filled::Value(Value::String(out)))
    }

    /// Like [`Template::eval`] where only text makes sense: a message, a title.
    pub fn text(&self, scope: &Value, now: At) -> Result<String, EvalError> {
        let Filled::Value(value) = self.eval(scope, now)? else { return Ok(String::new()) };
        let mut out = String::new();
        self.write(&value, &(0..self.source.len()), &mut out)?;
        Ok(out)
    }

    fn write(&self, value: &Value, span: &Range<usize>, out: &mut String) -> Result<(), EvalError> {
        match value {
            Value::Null => return Err(self.null(span)),
            Value::String(text) => out.push_str(text),
            Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                let (written, shown) = (self.written(span), Val::Doc(value).shown());
                return Err(EvalError::types(span, format!("{written} is {shown} in the middle of text"))
                    .hint("join(', ', list) makes text of a list of texts"));
            }
        }
        Ok(())
    }

    fn null(&self, span: &Range<usize>) -> EvalError {
        EvalError::null(span, format!("{} is null", self.written(span)))
            .hint("give it a value for that case, not_null(value, `default`), or leave the whole out, omit_null(value)")
    }

    fn written(&self, span: &Range<usize>) -> String {
        crate::text::fit(&crate::text::clean(self.source.get(span.clone()).unwrap_or_default()), 60)
    }
}

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
