//! Text with `{{ expression }}` in it.
//!
//! A template that is the whole value keeps the type of its expression; in the middle of text it becomes
//! text. Null is an error, unless the whole value is `{{ omit_null(…) }}`.

use std::cell::Cell;
use std::ops::Range;

use serde_json::Value;

use super::scan;
use super::value::Val;
use super::{Checked, EvalError, Expr, ExprError, ExprFinding, Root, Type, eval, parse};
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

    /// Checks its expressions on the scope. In the middle of text only what becomes text may stand.
    pub fn check(&mut self, scope: &Type) -> Checked {
        let whole = self.whole().is_some();
        let mut all = Checked { result: Type::Text, ..Checked::default() };
        for piece in &mut self.pieces {
            let Piece::Expr(expr, span) = piece else { continue };
            let checked = expr.check(scope, scope);
            all.findings.extend(checked.findings);
            all.lists.extend(checked.lists);
            if whole {
                all.result = checked.result;
            } else if checked.result.is_list() || checked.result.is_map() || checked.result == Type::Null {
                all.findings.push(ExprFinding {
                    span: span.clone(),
                    message: format!("{} in the middle of text", checked.result),
                    hint: checked
                        .result
                        .is_list()
                        .then(|| "join(', ', list) makes text of a list of texts".to_owned()),
                });
            }
        }
        all
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
        super::shortened(self.source.get(span.clone()).unwrap_or_default())
    }
}
