//! The evaluator: one walk over the tree, within a bound on work.
//!
//! Null spreads as in JMESPath: a member of what is not an object, an element of what is not a list, a
//! projection over what is not a list are null. Comparing unlike values is an error, not false.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use serde_json::{Map, Value};

use super::ast::{Field, Kind, Missing, Node, Order, Slice};
use super::value::{self, Items, Seen, Val};
use super::{EvalError, Expr, MAX_DEPTH, WORK};
use crate::ids::At;

static NO_LIST: Value = Value::Array(Vec::new());

/// What one evaluation works with; templates are evaluated when they are first met, and once.
pub(super) struct Evaluator<'a> {
    pub expr: &'a Expr,
    pub scope: &'a Value,
    pub now: At,
    pub filled: &'a [OnceCell<Value>],
    pub work: &'a Cell<u64>,
}

type Result<T> = std::result::Result<T, EvalError>;

/// Evaluates an expression; the caller's `work` counter is shared with its templates.
pub(super) fn run(expr: &Expr, root: &Value, scope: &Value, now: At, work: &Cell<u64>) -> Result<Value> {
    part(expr, &expr.node, root, scope, now, work)
}

/// Evaluates one node of an expression.
pub(super) fn part(
    expr: &Expr,
    node: &Node,
    root: &Value,
    scope: &Value,
    now: At,
    work: &Cell<u64>,
) -> Result<Value> {
    let filled = vec![OnceCell::new(); expr.slots.len()];
    let evaluator = Evaluator { expr, scope, now, filled: &filled, work };
    let value = evaluator.value(node, &Val::Doc(root))?;
    evaluator.owned(&value, &node.span, 0)
}

impl<'a> Evaluator<'a> {
    /// Counts work; an expression that does too much of it ends with an error.
    pub fn spend(&self, units: usize, span: &Range<usize>) -> Result<()> {
        let spent = self.work.get().saturating_add(units as u64);
        self.work.set(spent);
        if spent > WORK {
            return Err(EvalError::bound(span, "the expression needs too much work on this answer"));
        }
        Ok(())
    }

    pub fn value(&self, node: &'a Node, current: &Val<'a>) -> Result<Val<'a>> {
        self.spend(1, &node.span)?;
        match &node.kind {
            Kind::Current => Ok(current.clone()),
            Kind::Literal(value) => Ok(Val::Doc(value)),
            Kind::Slot(n) => self.slot(*n, &node.span),
            Kind::Field(field) => self.field(field, node, current),
            Kind::Index(i) => Ok(index(*i, current)),
            Kind::Slice(slice) => self.slice(*slice, node, current),
            Kind::Chain(parts) => self.chain(parts, current),
            Kind::Project { base, test, each } => self.project(base, test.as_deref(), each, current),
            Kind::Flatten(base) => self.flatten(base, current),
            Kind::Values(base) => self.values(base, current),
            Kind::List(nodes) => self.list(nodes, current),
            Kind::Map(entries) => self.map(entries, current),
            Kind::Not(inner) => Ok(Val::Bool(!self.value(inner, current)?.is_truthy())),
            Kind::All(nodes) => self.first(nodes, current, false),
            Kind::Any(nodes) => self.first(nodes, current, true),
            Kind::Compare { order, left, right } => self.compare(*order, left, right, current),
            Kind::Call { function, args } => self.call(*function, args, node, current),
            Kind::Reference(inner) => self.value(inner, current),
        }
    }

    fn slot(&self, n: usize, span: &Range<usize>) -> Result<Val<'a>> {
        let (Some(cell), Some(expr)) = (self.filled.get(n), self.expr.slots.get(n)) else {
            return Ok(Val::NULL);
        };
        if cell.get().is_none() {
            let value = run(expr, self.scope, self.scope, self.now, self.work)?;
            if value.is_null() {
                return Err(EvalError::null(span, format!("{} is null", self.written(span)))
                    .hint("give it a value for that case: not_null(value, `default`)"));
            }
            cell.set(value).ok();
        }
        Ok(cell.get().map_or(Val::NULL, Val::Doc))
    }

    fn field(&self, field: &Field, node: &'a Node, current: &Val<'a>) -> Result<Val<'a>> {
        if field.name == "now" && self.is_scope(current) {
            return Ok(Val::text(&self.now.rfc3339()));
        }
        let Seen::Map(entries) = current.seen() else {
            return Ok(Val::NULL);
        };
        if let super::value::Entries::Made(made) = entries {
            self.spend(made.len() / 8, &node.span)?;
        }
        let found = entries.get(&field.name).filter(|v| !v.is_null());
        Ok(found.unwrap_or_else(|| match field.missing {
            Missing::Null => Val::NULL,
            Missing::List => Val::Doc(&NO_LIST),
            Missing::Map => Val::map(Vec::new()),
        }))
    }

    /// `now` is a name of the scope itself, not of anything in it.
    fn is_scope(&self, current: &Val<'a>) -> bool {
        matches!(current, Val::Doc(value) if std::ptr::eq(*value, self.scope))
    }

    fn slice(&self, slice: Slice, node: &'a Node, current: &Val<'a>) -> Result<Val<'a>> {
        let Seen::List(items) = current.seen() else {
            return Ok(Val::NULL);
        };
        let places = slice.places(items.len());
        self.spend(places.len(), &node.span)?;
        Ok(Val::list(places.into_iter().filter_map(|i| items.get(i)).collect()))
    }

    fn chain(&self, parts: &'a [Node], current: &Val<'a>) -> Result<Val<'a>> {
        parts.iter().try_fold(current.clone(), |value, part| self.value(part, &value))
    }

    fn project(
        &self,
        base: &'a Node,
        test: Option<&'a Node>,
        each: &'a Node,
        current: &Val<'a>,
    ) -> Result<Val<'a>> {
        let base = self.value(base, current)?;
        let Seen::List(items) = base.seen() else {
            return Ok(Val::NULL);
        };
        let mut out = Vec::new();
        for item in items.iter() {
            if let Some(test) = test
                && !self.value(test, &item)?.is_truthy()
            {
                continue;
            }
            let value = self.value(each, &item)?;
            if !value.is_null() {
                out.push(value);
            }
        }
        Ok(Val::list(out))
    }

    fn flatten(&self, base: &'a Node, current: &Val<'a>) -> Result<Val<'a>> {
        let list = self.value(base, current)?;
        let Seen::List(items) = list.seen() else {
            return Ok(Val::NULL);
        };
        let mut out = Vec::with_capacity(items.len());
        for item in items.iter() {
            self.spend(1, &base.span)?;
            if let Seen::List(inner) = item.seen() {
                self.spend(inner.len(), &base.span)?;
                out.extend(inner.iter());
            } else {
                out.push(item);
            }
        }
        Ok(Val::list(out))
    }

    fn values(&self, base: &'a Node, current: &Val<'a>) -> Result<Val<'a>> {
        let map = self.value(base, current)?;
        let Seen::Map(entries) = map.seen() else {
            return Ok(Val::NULL);
        };
        self.spend(entries.len(), &base.span)?;
        Ok(Val::list(entries.iter().map(|(_, v)| v).collect()))
    }

    fn list(&self, nodes: &'a [Node], current: &Val<'a>) -> Result<Val<'a>> {
        if current.is_null() {
            return Ok(Val::NULL);
        }
        nodes.iter().map(|n| self.value(n, current)).collect::<Result<Vec<_>>>().map(Val::list)
    }

    fn map(&self, entries: &'a [(String, Node)], current: &Val<'a>) -> Result<Val<'a>> {
        if current.is_null() {
            return Ok(Val::NULL);
        }
        let made = entries.iter().map(|(key, node)| Ok((key.as_str().into(), self.value(node, current)?)));
        made.collect::<Result<Vec<_>>>().map(Val::map)
    }

    /// The first operand whose truth is `wanted`, else the last: `||` and `&&` select a value.
    fn first(&self, nodes: &'a [Node], current: &Val<'a>, wanted: bool) -> Result<Val<'a>> {
        let mut value = Val::NULL;
        for node in nodes {
            value = self.value(node, current)?;
            if value.is_truthy() == wanted {
                break;
            }
        }
        Ok(value)
    }

    fn compare(&self, order: Order, left: &'a Node, right: &'a Node, current: &Val<'a>) -> Result<Val<'a>> {
        let (a, b) = (self.value(left, current)?, self.value(right, current)?);
        let span = left.span.start.min(right.span.start)..left.span.end.max(right.span.end);
        if order.is_equality() {
            let same = self.same(&a, &b, &span)?;
            return Ok(Val::Bool(same == (order == Order::Equal)));
        }
        let ordering = match (a.seen(), b.seen()) {
            (Seen::Number(x), Seen::Number(y)) => value::compare(x, y),
            (Seen::Text(x), Seen::Text(y)) if value::instant(x).is_some() && value::instant(y).is_some() => {
                value::instant(x).cmp(&value::instant(y))
            }
            _ => return Err(self.unordered(left, &a, right, &b)),
        };
        Ok(Val::Bool(order.holds(ordering)))
    }

    /// Names the operand that cannot be ordered.
    fn unordered(&self, left: &Node, a: &Val<'a>, right: &Node, b: &Val<'a>) -> EvalError {
        let orderable = |v: &Val<'a>| match v.seen() {
            Seen::Number(_) => true,
            Seen::Text(s) => value::instant(s).is_some(),
            _ => false,
        };
        let left_is_odd = !orderable(a) || matches!((a.seen(), b.seen()), (Seen::Text(_), Seen::Number(_)));
        let (odd, value, other) = if left_is_odd { (left, a, b) } else { (right, b, a) };
        let rule = match (value.seen(), other.seen()) {
            (_, Seen::Number(_)) => "a number is ordered only with a number",
            (Seen::Text(_), Seen::Text(_)) => "text has no order unless both are times",
            _ => "only numbers and times are ordered",
        };
        let message = format!("{rule}: {} is {}", self.written(&odd.span), value.shown());
        EvalError::types(&odd.span, message)
    }

    /// Whether two values are the same; null is unlike everything, other types must agree.
    pub fn same(&self, a: &Val<'a>, b: &Val<'a>, span: &Range<usize>) -> Result<bool> {
        if !a.is_null() && !b.is_null() && a.kind() != b.kind() {
            return Err(EvalError::types(
                span,
                format!("{} is compared with {}: {}", a.shown(), b.shown(), self.written(span)),
            ));
        }
        self.alike(a, b, span, 0)
    }

    fn alike(&self, a: &Val<'a>, b: &Val<'a>, span: &Range<usize>, depth: usize) -> Result<bool> {
        self.spend(1, span)?;
        self.depth(depth, span)?;
        match (a.seen(), b.seen()) {
            (Seen::Null, Seen::Null) => Ok(true),
            (Seen::Bool(x), Seen::Bool(y)) => Ok(x == y),
            (Seen::Number(x), Seen::Number(y)) => Ok(value::compare(x, y).is_eq()),
            (Seen::Text(x), Seen::Text(y)) => {
                self.spend(x.len().min(y.len()) / 64, span)?;
                Ok(x == y || matches!((value::instant(x), value::instant(y)), (Some(x), Some(y)) if x == y))
            }
            (Seen::List(x), Seen::List(y)) => self.alike_lists(x, y, span, depth),
            (Seen::Map(x), Seen::Map(y)) => {
                if x.len() != y.len() {
                    return Ok(false);
                }
                for (key, left) in x.iter() {
                    let Some(right) = y.get(&key) else { return Ok(false) };
                    if matches!(y, value::Entries::Made(_)) {
                        self.spend(y.len() / 8, span)?;
                    }
                    if !self.alike(&left, &right, span, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn alike_lists(
        &self,
        x: Items<'_, 'a>,
        y: Items<'_, 'a>,
        span: &Range<usize>,
        depth: usize,
    ) -> Result<bool> {
        if x.len() != y.len() {
            return Ok(false);
        }
        for (left, right) in x.iter().zip(y.iter()) {
            if !self.alike(&left, &right, span, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn depth(&self, depth: usize, span: &Range<usize>) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(EvalError::bound(span, format!("{} is nested too deep", self.written(span))));
        }
        Ok(())
    }

    /// A copy that borrows nothing.
    pub fn owned(&self, value: &Val<'a>, span: &Range<usize>, depth: usize) -> Result<Value> {
        self.spend(1, span)?;
        self.depth(depth, span)?;
        Ok(match value.seen() {
            Seen::Null => Value::Null,
            Seen::Bool(b) => Value::Bool(b),
            Seen::Number(n) => Value::Number(n.clone()),
            Seen::Text(s) => {
                self.spend(s.len() / 16, span)?;
                Value::String(s.to_owned())
            }
            Seen::List(items) => {
                Value::Array(items.iter().map(|v| self.owned(&v, span, depth + 1)).collect::<Result<_>>()?)
            }
            Seen::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries.iter() {
                    self.spend(key.len() / 16, span)?;
                    map.insert(key.into_owned(), self.owned(&value, span, depth + 1)?);
                }
                Value::Object(map)
            }
        })
    }

    /// How a part of the expression is written, short enough for a message.
    pub fn written(&self, span: &Range<usize>) -> String {
        super::shortened(self.expr.slice(span))
    }
}

fn index<'a>(i: i64, current: &Val<'a>) -> Val<'a> {
    let Seen::List(items) = current.seen() else {
        return Val::NULL;
    };
    let place = if i < 0 { i.saturating_add_unsigned(items.len() as u64) } else { i };
    usize::try_from(place).ok().and_then(|i| items.get(i)).unwrap_or(Val::NULL)
}
