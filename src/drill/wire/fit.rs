//! Holds a document of the world against the shape of the answer, so that the writers need not doubt it.

use serde_json::{Map, Value};

use super::text::is_base64;
use crate::catalogue::{Kind, Shape};
use crate::ids::At;

/// A document that fits, and what did not.
#[derive(Debug)]
pub(super) struct Fit {
    /// Without `null`s, in the order of the model, times with milliseconds.
    pub document: Value,
    /// Paths of members the shape does not know or whose value is of another type: left out of the document.
    pub strays: Vec<String>,
}

/// Fits a document to a shape; without a shape nothing fits but an empty document.
pub(super) fn fit(shape: Option<Shape>, document: &Value) -> Fit {
    let mut strays = Vec::new();
    let fitted = if let Some(shape) = shape {
        value(shape, document, "", &mut strays)
    } else {
        strays.extend(document.as_object().into_iter().flat_map(Map::keys).cloned());
        None
    };
    Fit { document: fitted.unwrap_or_else(|| Value::Object(Map::new())), strays }
}

fn value(shape: Shape, given: &Value, at: &str, strays: &mut Vec<String>) -> Option<Value> {
    match (shape.kind(), given) {
        (_, Value::Null) => None,
        (Kind::Structure, Value::Object(all)) => Some(structure(shape, all, at, strays)),
        (Kind::List(of), Value::Array(all)) => {
            let item = |(n, v): (usize, &Value)| value(of, v, &format!("{at}[{n}]"), strays);
            Some(all.iter().enumerate().filter_map(item).collect())
        }
        (Kind::Map(of), Value::Object(all)) => {
            let entry =
                |(k, v): (&String, &Value)| Some((k.clone(), value(of, v, &format!("{at}.{k}"), strays)?));
            Some(Value::Object(all.iter().filter_map(entry).collect()))
        }
        (Kind::Timestamp, Value::String(text)) if At::parse(text).is_some() => {
            At::parse(text).map(|at| Value::from(at.rfc3339()))
        }
        (kind, given) if of_kind(kind, given) => Some(given.clone()),
        _ => {
            strays.push(format!("{at} is no {:?}", shape.kind()));
            None
        }
    }
}

fn structure(shape: Shape, all: &Map<String, Value>, at: &str, strays: &mut Vec<String>) -> Value {
    let mut out = Map::new();
    for (name, member) in shape.members() {
        let given = all.get(name).unwrap_or(&Value::Null);
        if let Some(fitted) = value(member.shape, given, &format!("{at}.{name}"), strays) {
            out.insert(name.to_owned(), fitted);
        }
    }
    let unknown = all.keys().filter(|name| shape.member(name).is_none());
    strays.extend(unknown.map(|name| format!("{at}.{name} is not known")));
    Value::Object(out)
}

fn of_kind(kind: Kind, given: &Value) -> bool {
    match (kind, given) {
        (Kind::Text { .. }, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Float, Value::Number(_)) => true,
        (Kind::Integer, Value::Number(n)) => n.is_i64(),
        (Kind::Blob, Value::String(text)) => is_base64(text),
        _ => false,
    }
}
