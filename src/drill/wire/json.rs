//! Bodies of the JSON protocols, both ways: names on the wire, times as seconds since the epoch.
//!
//! Members the operation does not know are ignored and `null` is as good as absent, as AWS has it.

use serde_json::{Map, Number, Value};

use super::text::is_base64;
use crate::catalogue::{Kind, Location, Shape};
use crate::ids::At;
use crate::world::Refused;

/// The parameters in a body as a document; an empty body has none.
pub(super) fn document(shape: Shape, body: &[u8]) -> Result<Value, Refused> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(all)) => structure(shape, all),
        Ok(_) => Err(unreadable("Start of structure or map expected at the root")),
        Err(_) => Err(unreadable("Unexpected token received from parser")),
    }
}

fn structure(shape: Shape, mut all: Map<String, Value>) -> Result<Value, Refused> {
    let mut out = Map::new();
    for (name, member) in shape.members().filter(|(_, m)| m.location == Location::Body) {
        if let Some(value) = all.shift_remove(member.wire).filter(|v| !v.is_null()) {
            out.insert(name.to_owned(), read(member.shape, value)?);
        }
    }
    Ok(Value::Object(out))
}

fn read(shape: Shape, value: Value) -> Result<Value, Refused> {
    match (shape.kind(), value) {
        // Whether an item may be absent is a question of its value, not of its type.
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Structure, Value::Object(all)) => structure(shape, all),
        (Kind::List(of), Value::Array(all)) => all.into_iter().map(|v| read(of, v)).collect(),
        (Kind::Map(of), Value::Object(all)) => {
            let entries = all.into_iter().map(|(k, v)| Ok((k, read(of, v)?)));
            entries.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        (Kind::Timestamp, Value::Number(n)) => {
            moment(&n).map(|at| Value::from(at.rfc3339())).ok_or_else(|| mistyped(shape, &Value::Number(n)))
        }
        (kind, value) if of_kind(kind, &value) => Ok(value),
        (_, value) => Err(mistyped(shape, &value)),
    }
}

/// Whether a scalar is of its kind in JSON.
fn of_kind(kind: Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Text { .. }, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Float, Value::Number(_)) => true,
        (Kind::Integer, Value::Number(n)) => n.is_i64(),
        (Kind::Blob, Value::String(text)) => is_base64(text),
        _ => false,
    }
}

/// The sentence of AWS's JSON front end, as `DynamoDB`'s clients quote it
/// (`NUMBER_VALUE cannot be converted to String`).
fn mistyped(shape: Shape, found: &Value) -> Refused {
    let wanted = match shape.kind() {
        Kind::Structure => return unreadable("Unexpected value type in payload: a structure is expected"),
        Kind::List(_) => return unreadable("Expected list or null"),
        Kind::Map(_) => return unreadable("Expected map or null"),
        Kind::Text { .. } => "String",
        Kind::Integer => "Integer",
        Kind::Float => "Double",
        Kind::Boolean => "Boolean",
        Kind::Timestamp => "Timestamp",
        Kind::Blob => "Blob",
    };
    let token = match found {
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(n) if n.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        _ => return unreadable("Start of structure or map found where not expected"),
    };
    unreadable(&format!("{token} cannot be converted to {wanted}"))
}

fn unreadable(message: &str) -> Refused {
    Refused::new("SerializationException", message)
}

/// The body for a document that fits its shape.
pub(super) fn body(shape: Option<Shape>, document: &Value) -> Vec<u8> {
    let body = shape.map_or_else(|| Value::Object(Map::new()), |shape| write(shape, document));
    body.to_string().into_bytes()
}

fn write(shape: Shape, value: &Value) -> Value {
    match (shape.kind(), value) {
        (Kind::Structure, Value::Object(all)) => {
            let member = |(name, v): (&String, &Value)| {
                let member = shape.member(name).filter(|m| m.location == Location::Body)?;
                Some((member.wire.to_owned(), write(member.shape, v)))
            };
            Value::Object(all.iter().filter_map(member).collect())
        }
        (Kind::List(of), Value::Array(all)) => all.iter().map(|v| write(of, v)).collect(),
        (Kind::Map(of), Value::Object(all)) => {
            Value::Object(all.iter().map(|(k, v)| (k.clone(), write(of, v))).collect())
        }
        (Kind::Timestamp, Value::String(text)) => At::parse(text).map_or(Value::Null, seconds),
        (_, value) => value.clone(),
    }
}

/// Seconds since the epoch, with a fraction where there is one.
fn seconds(at: At) -> Value {
    if at.0 % 1000 == 0 {
        return Value::from(at.0 / 1000);
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any year we meet are below 2^53")]
    let seconds = at.0 as f64 / 1000.0;
    Value::from(seconds)
}

fn moment(seconds: &Number) -> Option<At> {
    if let Some(whole) = seconds.as_i64() {
        return whole.checked_mul(1000).map(At).filter(|at| in_range(*at));
    }
    let millis = (seconds.as_f64()? * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "checked to lie well inside")]
    (millis.abs() < 1e15).then_some(At(millis as i64)).filter(|at| in_range(*at))
}

/// Whether a moment can be written as RFC 3339.
fn in_range(at: At) -> bool {
    At::parse(&at.rfc3339()).is_some()
}
