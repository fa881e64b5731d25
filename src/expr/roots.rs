//! Which run values an expression uses, as paths of at most two names: `reads.db`, `baseline.db`, `item`.

use std::ops::Range;

use super::ast::{Kind, Node};

/// A name that an expression takes from its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// One name (`now`, `item`), two (`reads.db`), or none when the whole scope is taken by `@`.
    pub path: Vec<String>,
    /// Where the name stands, in bytes of the text that was parsed.
    pub span: Range<usize>,
    /// Null is provided for: inside `not_null` with a literal at its end, `omit_null`, or beside `== null`.
    pub guarded: bool,
}

/// How far the walk is below the scope.
#[derive(Clone)]
enum Below {
    Scope,
    Name(String, Range<usize>),
    Deeper,
}

struct Walk {
    found: Vec<Root>,
}

/// The roots of an expression, in the order in which they are written.
pub(super) fn of(node: &Node, guarded: bool) -> Vec<Root> {
    let mut walk = Walk { found: Vec::new() };
    let end = walk.node(node, &Below::Scope, guarded);
    walk.take(end, &node.span, guarded);
    walk.found.sort_by_key(|r| r.span.start);
    walk.found
}

impl Walk {
    /// Notes what has been reached, now that it is used for something else than a further name.
    fn take(&mut self, below: Below, span: &Range<usize>, guarded: bool) {
        let (path, span) = match below {
            Below::Scope => (Vec::new(), span.clone()),
            Below::Name(name, span) => (vec![name], span),
            Below::Deeper => return,
        };
        self.found.push(Root { path, span, guarded });
    }

    fn used(&mut self, node: &Node, from: &Below, guarded: bool) {
        let end = self.node(node, from, guarded);
        self.take(end, &node.span, guarded);
    }

    fn node(&mut self, node: &Node, from: &Below, guarded: bool) -> Below {
        match &node.kind {
            Kind::Current => return from.clone(),
            Kind::Field(field) => return self.field(&field.name, node, from, guarded),
            Kind::Chain(parts) => {
                return parts.iter().fold(from.clone(), |below, part| self.node(part, &below, guarded));
            }
            Kind::Literal(_) | Kind::Slot(_) => {}
            Kind::Index(_) | Kind::Slice(_) => self.take(from.clone(), &node.span, guarded),
            Kind::Project { base, test, each } => {
                self.used(base, from, guarded);
                for inner in test.as_deref().into_iter().chain([&**each]) {
                    self.node(inner, &Below::Deeper, false);
                }
            }
            Kind::Flatten(inner) | Kind::Values(inner) => self.used(inner, from, guarded),
            Kind::Not(inner) => self.used(inner, from, false),
            Kind::List(nodes) => nodes.iter().for_each(|n| self.used(n, from, false)),
            Kind::All(nodes) | Kind::Any(nodes) => nodes.iter().for_each(|n| self.used(n, from, guarded)),
            Kind::Map(entries) => entries.iter().for_each(|(_, n)| self.used(n, from, false)),
            Kind::Compare { order, left, right } => {
                let with_null = order.is_equality() && (left.is_null() || right.is_null());
                self.used(left, from, with_null);
                self.used(right, from, with_null);
            }
            Kind::Call { function, args } => {
                let literal = matches!(args.last(), Some(Node { kind: Kind::Literal(_), .. }));
                let guards = *function == super::functions::Function::NotNull && literal;
                for arg in args {
                    self.used(arg, from, guards);
                }
            }
            Kind::Reference(inner) => {
                self.node(inner, &Below::Deeper, false);
            }
        }
        Below::Deeper
    }

    fn field(&mut self, name: &str, node: &Node, from: &Below, guarded: bool) -> Below {
        match from {
            Below::Scope => Below::Name(name.to_owned(), node.span.clone()),
            Below::Name(first, span) => {
                let path = vec![first.clone(), name.to_owned()];
                self.found.push(Root { path, span: span.start..node.span.end, guarded });
                Below::Deeper
            }
            Below::Deeper => Below::Deeper,
        }
    }
}
