//! Whether a description says only what the API can show: members by name, values by kind.

use serde_json::Value;

use crate::catalogue::{Kind, Shape, did_you_mean};
use crate::ids::At;

/// What of a description does not fit, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Unfit {
    /// Members and places in lists, from the top: `DBSubnetGroup.Subnets[0].Zone`.
    pub path: String,
    pub problem: String,
}

impl Unfit {
    pub(super) fn new(path: &str, problem: impl Into<String>) -> Unfit {
        Unfit { path: path.to_owned(), problem: problem.into() }
    }
}

/// Refuses the first member that the shape of that name does not have, and the first value of another kind.
pub(super) fn fits(shape: &str, doc: &Value) -> Result<(), Unfit> {
    let known =
        Shape::named("rds", shape).ok_or_else(|| Unfit::new(shape, "is no shape of the service model"))?;
    inside(known, doc, "")
}

fn inside(shape: Shape, value: &Value, path: &str) -> Result<(), Unfit> {
    let right = match shape.kind() {
        Kind::Structure => return structure(shape, value, path),
        Kind::List(of) => return list(of, value, path),
        Kind::Map(_) => value.is_object(),
        Kind::Text { .. } | Kind::Blob => value.is_string(),
        Kind::Integer => value.is_i64() || value.is_u64(),
        Kind::Float => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Timestamp => value.as_str().and_then(At::parse).is_some(),
    };
    if right { Ok(()) } else { Err(Unfit::new(path, format!("{value} is not a {}", word(shape.kind())))) }
}

fn structure(shape: Shape, value: &Value, path: &str) -> Result<(), Unfit> {
    let Some(members) = value.as_object() else {
        return Err(Unfit::new(path, format!("{value} is not an object")));
    };
    for (name, value) in members {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match shape.member(name) {
            Some(member) => inside(member.shape, value, &here)?,
            None => return Err(Unfit::new(&here, unknown(shape, name))),
        }
    }
    Ok(())
}

fn unknown(shape: Shape, name: &str) -> String {
    let nearest = did_you_mean(name, shape.members().map(|(name, _)| name));
    let hint = nearest.map_or_else(String::new, |nearest| format!(", did you mean {nearest}?"));
    format!("is no member of {}{hint}", shape.name())
}

fn list(of: Shape, value: &Value, path: &str) -> Result<(), Unfit> {
    let Some(items) = value.as_array() else {
        return Err(Unfit::new(path, format!("{value} is not a list")));
    };
    items.iter().enumerate().try_for_each(|(n, item)| inside(of, item, &format!("{path}[{n}]")))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Structure | Kind::Map(_) => "an object",
        Kind::List(_) => "list",
        Kind::Text { .. } | Kind::Blob => "text",
        Kind::Integer => "whole number",
        Kind::Float => "number",
        Kind::Boolean => "boolean",
        Kind::Timestamp => "timestamp (RFC 3339)",
    }
}
