//! What the filters of an expression prove: that a member is there.

use std::collections::BTreeSet;

use super::ast::{Kind, Node, Order};

/// Collects the members that filters prove to be there: `[?t]`, `[?t && …]`, ``[?t != `null`]``.
pub(super) fn proven(node: &Node, into: &mut BTreeSet<String>) {
    match &node.kind {
        Kind::Project { base, test, each } => {
            if let Some(test) = test {
                proves(test, into);
            }
            for inner in [Some(base), test.as_ref(), Some(each)].into_iter().flatten() {
                proven(inner, into);
            }
        }
        Kind::Chain(nodes)
        | Kind::List(nodes)
        | Kind::All(nodes)
        | Kind::Any(nodes)
        | Kind::Call { args: nodes, .. } => {
            for node in nodes {
                proven(node, into);
            }
        }
        Kind::Map(entries) => {
            for (_, node) in entries {
                proven(node, into);
            }
        }
        Kind::Flatten(inner) | Kind::Values(inner) | Kind::Not(inner) | Kind::Reference(inner) => {
            proven(inner, into);
        }
        Kind::Compare { left, right, .. } => {
            proven(left, into);
            proven(right, into);
        }
        Kind::Current
        | Kind::Literal(_)
        | Kind::Slot(_)
        | Kind::Field(_)
        | Kind::Index(_)
        | Kind::Slice(_) => {}
    }
}

/// Collects the members that are there when `test` holds.
pub(super) fn proves(test: &Node, into: &mut BTreeSet<String>) {
    match &test.kind {
        Kind::Field(field) => {
            into.insert(field.name.clone());
        }
        Kind::All(nodes) => {
            for node in nodes {
                proves(node, into);
            }
        }
        Kind::Compare { order: Order::NotEqual, left, right } if left.is_null() || right.is_null() => {
            proves(left, into);
            proves(right, into);
        }
        _ => {}
    }
}

/// Collects the members that are there when `test` does not hold: ``!t``, ``t == `null` ``.
pub(super) fn disproves(test: &Node, into: &mut BTreeSet<String>) {
    match &test.kind {
        Kind::Not(inner) => proves(inner, into),
        Kind::Any(nodes) => nodes.iter().for_each(|node| disproves(node, into)),
        Kind::Compare { order: Order::Equal, left, right } if left.is_null() || right.is_null() => {
            proves(left, into);
            proves(right, into);
        }
        _ => {}
    }
}
