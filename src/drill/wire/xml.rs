//! Answers of the query protocol: XML in the namespace of the service.

use serde_json::Value;

use super::Answer;
use super::model::Model;
use crate::catalogue::{Kind, Shape};

/// The answer for a document that fits its shape. Void operations have no result element.
pub(super) fn answer(model: &Model, namespace: &str, document: &Value, request_id: &str) -> Answer {
    let name = format!("{}Response", model.operation);
    let mut body = format!("<{name} xmlns=\"{namespace}\">");
    if let (Some(wrapper), Some(shape)) = (model.facts.wire.wrapper, model.facts.output) {
        element(&mut body, wrapper, |body| write(body, shape, document));
    }
    element(&mut body, "ResponseMetadata", |body| leaf(body, "RequestId", request_id));
    body.extend(["</", &name, ">"]);
    Answer::new(200, "text/xml", request_id, body)
}

/// An element around what `inside` writes.
pub(super) fn element(out: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    out.extend(["<", name, ">"]);
    inside(out);
    out.extend(["</", name, ">"]);
}

/// An element with text.
pub(super) fn leaf(out: &mut String, name: &str, text: &str) {
    element(out, name, |out| escape(out, text));
}

fn write(out: &mut String, shape: Shape, value: &Value) {
    match (shape.kind(), value) {
        (Kind::Structure, Value::Object(all)) => {
            for (name, value) in all {
                if let Some(member) = shape.member(name) {
                    named(out, member.wire, member.shape, value);
                }
            }
        }
        (Kind::List(of), Value::Array(all)) => {
            let name = shape.item().unwrap_or("member");
            for item in all {
                named(out, name, of, item);
            }
        }
        (Kind::Map(of), Value::Object(all)) => {
            for (key, value) in all {
                element(out, "entry", |out| {
                    leaf(out, "key", key);
                    named(out, "value", of, value);
                });
            }
        }
        (_, Value::String(text)) => escape(out, text),
        (_, scalar) => out.push_str(&scalar.to_string()),
    }
}

/// A value under a name; the items of a flattened list each.
fn named(out: &mut String, name: &str, shape: Shape, value: &Value) {
    match (shape.kind(), shape.item(), value) {
        (Kind::List(of), None, Value::Array(all)) => {
            for item in all {
                named(out, name, of, item);
            }
        }
        _ => element(out, name, |out| write(out, shape, value)),
    }
}

/// Text that every reader gets back as it was. A carriage return would be read as a line feed (XML 1.0 §2.11), and
/// what no document may hold (§2.2) is replaced.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' | ' '.. if !matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}
