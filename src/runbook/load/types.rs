//! The types that the file itself writes down.

use super::super::tree::{Kind, Node};
use crate::expr::Type;

/// The type a word of the format names.
pub(super) fn word(word: &str) -> Type {
    match word {
        "string" => Type::Text,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "timestamp" => Type::Time,
        "duration" => Type::Duration,
        "list" => Type::list(Type::Any),
        "map" => Type::Map(Box::new(Type::Any)),
        _ => Type::Any,
    }
}

/// `string`, `[string]`, `{name: string}`.
pub(super) fn written(node: &Node) -> Type {
    match &node.kind {
        Kind::Scalar(_) => node.text().map_or(Type::Any, word),
        Kind::List(nodes) => Type::list(nodes.first().map_or(Type::Any, written)),
        Kind::Map(entries) => Type::object(entries.iter().map(|e| (e.key.clone(), written(&e.value)))),
        Kind::Bad => Type::Any,
    }
}
