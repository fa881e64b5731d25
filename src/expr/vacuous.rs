//! What a condition comes to when one list of a reading is empty and nothing else is known: a condition that
//! can be true then says nothing about the rows it was written for.

use std::cell::Cell;

use serde_json::Value;

use super::Expr;
use super::ast::{Kind, Node, Order};
use super::check_call::suits;
use super::eval;
use super::functions::Function;
use super::types::Type;
use crate::ids::At;

/// What is known of a value while the list is empty.
#[derive(Clone, PartialEq)]
enum Sight {
    /// The run itself.
    Scope,
    Unknown,
    /// Not known, but not null.
    Something,
    /// The empty list itself.
    Rows,
    Known(Value),
    /// False, null or empty; or there is no value.
    NotTrue,
    /// There is no value.
    Error,
}

struct Walk<'e> {
    expr: &'e Expr,
    list: &'e str,
    /// Conditions of the scope that are not true while the list is empty.
    never: &'e dyn Fn(&str) -> bool,
}

/// Whether a condition can be true while `list` is empty.
pub(super) fn can_hold(expr: &Expr, list: &str, never: &dyn Fn(&str) -> bool) -> bool {
    let root = match (expr.on_list, list) {
        (Some(true), "@") => Sight::Rows,
        (Some(_), _) => Sight::Unknown,
        (None, _) => Sight::Scope,
    };
    match (Walk { expr, list, never }).value(&expr.node, &root) {
        Sight::Known(value) => value == Value::Bool(true),
        Sight::Scope | Sight::Unknown | Sight::Something => true,
        Sight::Rows | Sight::NotTrue | Sight::Error => false,
    }
}

impl Walk<'_> {
    fn value(&self, node: &Node, current: &Sight) -> Sight {
        match self.node(node, current) {
            Sight::Rows => Sight::Known(Value::Array(Vec::new())),
            other => other,
        }
    }

    fn node(&self, node: &Node, current: &Sight) -> Sight {
        match &node.kind {
            Kind::Current => current.clone(),
            Kind::Literal(value) => Sight::Known(value.clone()),
            Kind::Slot(n) => self.slot(*n),
            Kind::Field(field) if field.list.as_deref() == Some(self.list) => Sight::Rows,
            Kind::Field(field) if *current == Sight::Scope && (self.never)(&field.name) => Sight::NotTrue,
            Kind::Field(field) => self.part(node, current, field.there),
            Kind::Index(_) | Kind::Slice(_) => self.part(node, current, false),
            Kind::Chain(parts) => {
                parts.iter().fold(current.clone(), |current, part| self.node(part, &current))
            }
            Kind::Project { base, .. } => match self.value(base, current) {
                Sight::Known(value) if is_empty(&value) => Sight::Known(value),
                Sight::Error => Sight::Error,
                _ => Sight::Unknown,
            },
            Kind::Flatten(base) => self.on(base, current, Kind::Flatten),
            Kind::Values(base) => self.on(base, current, Kind::Values),
            Kind::Not(inner) => match self.value(inner, current) {
                Sight::Known(value) => Sight::Known(Value::Bool(!truthy(&value))),
                Sight::Error => Sight::Error,
                _ => Sight::Unknown,
            },
            Kind::All(nodes) => self.all(nodes, current),
            Kind::Any(nodes) => self.any(nodes, current),
            Kind::Compare { order, left, right } => self.compare(*order, left, right, current, node),
            Kind::Call { function, args } => self.call(*function, args, current, node),
            Kind::List(_) | Kind::Map(_) | Kind::Reference(_) => Sight::Unknown,
        }
    }

    /// A template is never null: it is an error then.
    fn slot(&self, n: usize) -> Sight {
        let Some(slot) = self.expr.slots.get(n) else { return Sight::Unknown };
        match (Walk { expr: slot, ..*self }).value(&slot.node, &Sight::Scope) {
            Sight::Known(Value::Null) | Sight::Error => Sight::Error,
            Sight::Known(value) => Sight::Known(value),
            _ => Sight::Something,
        }
    }

    /// A member or element of the current value.
    fn part(&self, node: &Node, current: &Sight, there: bool) -> Sight {
        match current {
            Sight::Known(value) => self.worked_out(node, value),
            Sight::Rows => self.worked_out(node, &Value::Array(Vec::new())),
            Sight::Error => Sight::Error,
            _ if there => Sight::Something,
            _ => Sight::Unknown,
        }
    }

    fn on(&self, base: &Node, current: &Sight, kind: fn(Box<Node>) -> Kind) -> Sight {
        match self.value(base, current) {
            Sight::Known(value) => {
                let base = Node::new(base.span.clone(), Kind::Literal(value));
                self.worked_out(&Node::new(base.span.clone(), kind(Box::new(base))), &Value::Null)
            }
            Sight::Error => Sight::Error,
            _ => Sight::Unknown,
        }
    }

    fn all(&self, nodes: &[Node], current: &Sight) -> Sight {
        let mut before = true;
        let mut last = Sight::Unknown;
        for node in nodes {
            last = self.value(node, current);
            match &last {
                Sight::Known(value) if truthy(value) => {}
                Sight::Known(_) | Sight::Error if before => return last,
                Sight::Known(_) | Sight::Error | Sight::NotTrue => return Sight::NotTrue,
                Sight::Scope | Sight::Unknown | Sight::Something | Sight::Rows => before = false,
            }
        }
        if before { last } else { Sight::Unknown }
    }

    fn any(&self, nodes: &[Node], current: &Sight) -> Sight {
        let mut before = true;
        let mut last = Sight::Unknown;
        for node in nodes {
            last = self.value(node, current);
            match &last {
                Sight::Known(value) if !truthy(value) => {}
                Sight::Known(_) | Sight::Error if before => return last,
                Sight::Error => return Sight::NotTrue,
                Sight::NotTrue => before = false,
                _ => return Sight::Unknown,
            }
        }
        if before { last } else { Sight::NotTrue }
    }

    fn compare(&self, order: Order, left: &Node, right: &Node, current: &Sight, node: &Node) -> Sight {
        let null = Sight::Known(Value::Null);
        if order == Order::Equal
            && (self.says_none(left, right, current) || self.says_none(right, left, current))
        {
            return Sight::NotTrue;
        }
        match (self.value(left, current), self.value(right, current)) {
            (Sight::Error, _) | (_, Sight::Error) => Sight::Error,
            (Sight::Known(l), Sight::Known(r)) => {
                let literal =
                    |side: &Node, value| Box::new(Node::new(side.span.clone(), Kind::Literal(value)));
                let kind = Kind::Compare { order, left: literal(left, l), right: literal(right, r) };
                self.worked_out(&Node::new(node.span.clone(), kind), &Value::Null)
            }
            (l, r) if (l == null || r == null) && !order.is_equality() => Sight::Error,
            (l, r) if l == null && r == Sight::Something || l == Sight::Something && r == null => {
                Sight::Known(Value::Bool(order == Order::NotEqual))
            }
            _ => Sight::Unknown,
        }
    }

    /// ``length(list) == `0` `` is no empty talk: it says how many rows there must be.
    fn says_none(&self, count: &Node, zero: &Node, current: &Sight) -> bool {
        let Kind::Call { function: Function::Length, args } = &count.kind else { return false };
        zero.kind == Kind::Literal(Value::from(0)) && self.node(&args[0], current) == Sight::Rows
    }

    fn call(&self, function: Function, args: &[Node], current: &Sight, node: &Node) -> Sight {
        if function == Function::NotNull {
            return self.not_null(args, current);
        }
        let given: Vec<Sight> = args.iter().map(|arg| self.value(arg, current)).collect();
        let refused = |(n, sight): (usize, &Sight)| match sight {
            Sight::Error => true,
            Sight::Known(value) => !suits(function.signature().want(n), &Type::of(value)),
            _ => false,
        };
        if given.iter().enumerate().any(refused) {
            return Sight::Error;
        }
        if function == Function::Contains && matches!(&given[0], Sight::Known(list) if is_empty(list)) {
            return Sight::Known(Value::Bool(false));
        }
        self.literal_call(function, args, &given, node).unwrap_or(match function {
            Function::At | Function::Avg | Function::ToNumber => Sight::Unknown,
            Function::Max | Function::MaxBy | Function::Min | Function::MinBy | Function::NewestBy => {
                Sight::Unknown
            }
            _ => Sight::Something,
        })
    }

    /// The call with what is known; an expression behind `&` is not needed for an empty list.
    fn literal_call(&self, function: Function, args: &[Node], given: &[Sight], node: &Node) -> Option<Sight> {
        if function == Function::Ago {
            return None;
        }
        let literal = |(arg, sight): (&Node, &Sight)| match (&arg.kind, sight) {
            (Kind::Reference(_), _) => Some(arg.clone()),
            (_, Sight::Known(value)) => Some(Node::new(arg.span.clone(), Kind::Literal(value.clone()))),
            _ => None,
        };
        let args: Vec<Node> = args.iter().zip(given).map(literal).collect::<Option<_>>()?;
        let referring = args.iter().any(|arg| matches!(arg.kind, Kind::Reference(_)));
        let filled = |arg: &Node| matches!(&arg.kind, Kind::Literal(value) if !is_empty(value));
        if referring && args.iter().any(filled) {
            return None;
        }
        let call = Node::new(node.span.clone(), Kind::Call { function, args });
        Some(self.worked_out(&call, &Value::Null))
    }

    fn not_null(&self, args: &[Node], current: &Sight) -> Sight {
        let mut known = true;
        for arg in args {
            match self.value(arg, current) {
                Sight::Known(Value::Null) => {}
                sight @ (Sight::Known(_) | Sight::Something | Sight::Error) if known => return sight,
                Sight::Known(_) | Sight::Something => return Sight::Something,
                _ => known = false,
            }
        }
        if known { Sight::Known(Value::Null) } else { Sight::Unknown }
    }

    fn worked_out(&self, node: &Node, current: &Value) -> Sight {
        eval::part(self.expr, node, current, &Value::Null, At(0), &Cell::new(0))
            .map_or(Sight::Error, Sight::Known)
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn truthy(value: &Value) -> bool {
    super::value::Val::Doc(value).is_truthy()
}
