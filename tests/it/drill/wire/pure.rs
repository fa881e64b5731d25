//! Every operation there and back without a socket, with a writer and a reader of this file's own.

use ripcord::catalogue::{Kind, Location, Protocol, Shape};
use ripcord::drill::wire::{self, Answer, Asked, Request, Retry};
use ripcord::ids::At;
use serde_json::{Map, Value, json};

use super::sample::{Call, calls, difference};
use crate::proxy::xml::Xml;

#[test]
fn every_answer_is_read_back_as_it_was_written() {
    for call in calls() {
        let answer = wire::answer(&asked(&call), &Ok(call.output.clone()));
        assert_eq!(answer.status, 200, "{}: {}", call.operation, String::from_utf8_lossy(&answer.body));
        let read = match call.facts.wire.protocol {
            Protocol::Query { .. } => read_xml(&call, &answer),
            Protocol::Json { .. } | Protocol::RestJson => {
                let body: Value = serde_json::from_slice(&answer.body).unwrap();
                call.facts.output.map_or(json!({}), |shape| from_json(shape, &body))
            }
        };
        assert_eq!(difference(&call.output, &read, call.operation), None);
    }
}

#[test]
fn every_request_is_read_as_it_was_meant() {
    for call in calls() {
        let request = match call.facts.wire.protocol {
            Protocol::Query { .. } => as_form(&call),
            Protocol::Json { json, target } => as_json(&call, json, target),
            Protocol::RestJson => as_rest(&call),
        };
        let asked = wire::read(&request, "r").unwrap_or_else(|e| panic!("{}: {}", call.operation, e.refused));
        assert_eq!((asked.service, asked.operation), (call.service, call.operation));
        assert_eq!(difference(&call.input, &asked.parameters, call.operation), None);
    }
}

fn asked(call: &Call) -> Asked {
    Asked {
        service: call.service,
        operation: call.operation,
        region: None,
        access_key: None,
        parameters: json!({}),
        retry: Retry::default(),
        request_id: "r".into(),
    }
}

fn read_xml(call: &Call, answer: &Answer) -> Value {
    let root = Xml::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    assert_eq!(root.name, format!("{}Response", call.operation));
    assert_eq!(root.at("ResponseMetadata/RequestId"), Some("r"));
    let wrapper = call.facts.wire.wrapper;
    assert_eq!(root.children.len(), 1 + usize::from(wrapper.is_some()));
    wrapper
        .zip(call.facts.output)
        .map_or(json!({}), |(name, shape)| from_xml(shape, root.child(name).unwrap()))
}

fn from_xml(shape: Shape, node: &Xml) -> Value {
    match shape.kind() {
        Kind::Structure => {
            let named = |child: &Xml| {
                let (name, member) = shape.members().find(|(_, m)| m.wire == child.name).unwrap();
                (name.to_owned(), from_xml(member.shape, child))
            };
            Value::Object(node.children.iter().map(named).collect())
        }
        Kind::List(of) => {
            assert!(node.children.iter().all(|c| Some(c.name.as_str()) == shape.item()), "{}", shape.name());
            node.children.iter().map(|c| from_xml(of, c)).collect()
        }
        Kind::Map(_) => unreachable!("no answer of the query protocol that we know has a map"),
        Kind::Boolean | Kind::Integer | Kind::Float => serde_json::from_str(&node.text).unwrap(),
        Kind::Text { .. } | Kind::Timestamp | Kind::Blob => json!(node.text),
    }
}

fn from_json(shape: Shape, value: &Value) -> Value {
    convert(shape, value, Names::ToDocument, &|v| {
        #[expect(clippy::cast_possible_truncation, reason = "the samples are of this century")]
        let at = At((v.as_f64().unwrap() * 1000.0).round() as i64);
        json!(at.rfc3339())
    })
}

fn to_json(shape: Shape, value: &Value) -> Value {
    convert(shape, value, Names::ToWire, &|v| json!(At::parse(v.as_str().unwrap()).unwrap().0 / 1000))
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    ToWire,
    ToDocument,
}

/// Renames members and rewrites times.
fn convert(shape: Shape, value: &Value, names: Names, time: &dyn Fn(&Value) -> Value) -> Value {
    match (shape.kind(), value) {
        (Kind::Structure, Value::Object(all)) => {
            let member = |(k, v): (&String, &Value)| {
                let (name, m) = shape
                    .members()
                    .find(|(name, m)| k == if names == Names::ToWire { name } else { &m.wire })
                    .unwrap_or_else(|| panic!("{} of {}", k, shape.name()));
                let to = if names == Names::ToWire { m.wire } else { name };
                (to.to_owned(), convert(m.shape, v, names, time))
            };
            Value::Object(all.iter().map(member).collect())
        }
        (Kind::List(of), Value::Array(all)) => all.iter().map(|v| convert(of, v, names, time)).collect(),
        (Kind::Map(of), Value::Object(all)) => {
            Value::Object(all.iter().map(|(k, v)| (k.clone(), convert(of, v, names, time))).collect())
        }
        (Kind::Timestamp, value) => time(value),
        (_, value) => value.clone(),
    }
}

fn as_form(call: &Call) -> Request {
    let mut pairs = vec![("Action".to_owned(), call.operation.to_owned())];
    if let Some(shape) = call.facts.input {
        spell(shape, &call.input, "", &mut pairs);
    }
    let body: Vec<String> = pairs.iter().map(|(k, v)| format!("{}={}", encoded(k), encoded(v))).collect();
    let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
    Request {
        method: "POST".into(),
        path: "/".into(),
        headers,
        body: body.join("&").into(),
        ..Request::default()
    }
}

fn spell(shape: Shape, value: &Value, at: &str, pairs: &mut Vec<(String, String)>) {
    let below = |part: &str| if at.is_empty() { part.to_owned() } else { format!("{at}.{part}") };
    match (shape.kind(), value) {
        (Kind::Structure, Value::Object(all)) => {
            for (name, v) in all {
                let member = shape.member(name).unwrap();
                spell(member.shape, v, &below(member.wire), pairs);
            }
        }
        (Kind::List(of), Value::Array(all)) => {
            for (n, v) in all.iter().enumerate() {
                spell(of, v, &below(&format!("{}.{}", shape.item().unwrap(), n + 1)), pairs);
            }
        }
        (_, Value::String(text)) => pairs.push((at.to_owned(), text.clone())),
        (_, scalar) => pairs.push((at.to_owned(), scalar.to_string())),
    }
}

fn as_json(call: &Call, version: &str, target: &str) -> Request {
    let headers = vec![
        ("content-type".into(), format!("application/x-amz-json-{version}")),
        ("x-amz-target".into(), format!("{target}.{}", call.operation)),
    ];
    let body = call.facts.input.map_or(json!({}), |shape| to_json(shape, &call.input)).to_string();
    Request { method: "POST".into(), path: "/".into(), headers, body: body.into(), ..Request::default() }
}

fn as_rest(call: &Call) -> Request {
    let mut path = call.facts.wire.path.to_owned();
    let (mut query, mut body) = (Vec::new(), Map::new());
    for (name, member) in call.facts.input.iter().flat_map(|shape| shape.members()) {
        let value = &call.input[name];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match member.location {
            Location::Path => path = path.replace(&format!("{{{}}}", member.wire), &encoded(&text)),
            Location::Query => query.push(format!("{}={}", member.wire, encoded(&text))),
            _ => {
                body.insert(member.wire.to_owned(), to_json(member.shape, value));
            }
        }
    }
    let body = if body.is_empty() { Vec::new() } else { Value::Object(body).to_string().into_bytes() };
    let method = call.facts.wire.method.to_owned();
    Request { method, path, query: query.join("&"), headers: Vec::new(), body }
}

fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
