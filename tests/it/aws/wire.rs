//! Every parameter the shape table knows arrives on the wire: the generated inputs drop none.

use ripcord::aws::Mode;
use ripcord::catalogue::{self, Kind, Location, Operation, Protocol, Shape};
use serde_json::{Map, Value, json};

use super::peer::{Peer, Reaction, Request};
use super::{connect, place};

/// A call that sets every member of an operation's input, lists and maps with one element each.
pub fn full_call(operation: &Operation) -> Value {
    let mut call = operation.input().map_or_else(|| json!({}), |shape| sample(shape, &mut Vec::new()));
    // A token would ask for one page; a call about everything has none.
    if let (Some(paging), Some(call)) = (operation.paging(), call.as_object_mut()) {
        call.shift_remove(paging.input_token);
    }
    call
}

fn sample(shape: Shape, above: &mut Vec<Shape>) -> Value {
    above.push(shape);
    let value = match shape.kind() {
        Kind::Structure => {
            let members = shape.members().filter(|(_, m)| !holds(m.shape, above));
            // A union has one member at a time: its first.
            let most = if shape.union() { 1 } else { usize::MAX };
            let all: Vec<_> = members.take(most).collect();
            Value::Object(
                all.into_iter().map(|(name, m)| (name.to_owned(), sample(m.shape, above))).collect(),
            )
        }
        Kind::List(of) => json!([sample(of, above)]),
        Kind::Map(of) => Value::Object(Map::from_iter([("key".to_owned(), sample(of, above))])),
        Kind::Text { enumeration } => json!(enumeration.first().unwrap_or(&"text")),
        Kind::Integer => json!(7),
        Kind::Float => json!(2.5),
        Kind::Boolean => json!(true),
        Kind::Timestamp => json!("2026-03-01T01:40:00.000Z"),
        Kind::Blob => json!("YmxvYg=="),
    };
    above.pop();
    value
}

/// Whether a member leads back to a shape we are already inside.
fn holds(shape: Shape, above: &[Shape]) -> bool {
    above.contains(&shape)
        || match shape.kind() {
            Kind::List(of) | Kind::Map(of) => holds(of, above),
            _ => false,
        }
}

/// The call as JSON 1.x services get it: times are seconds.
fn as_sent(shape: Shape, value: &Value) -> Value {
    match (shape.kind(), value) {
        (Kind::Structure, Value::Object(all)) => {
            let member = |(k, v): (&String, &Value)| (k.clone(), as_sent(shape.member(k).unwrap().shape, v));
            Value::Object(all.iter().map(member).collect())
        }
        (Kind::List(of), Value::Array(all)) => all.iter().map(|v| as_sent(of, v)).collect(),
        (Kind::Map(of), Value::Object(all)) => {
            Value::Object(all.iter().map(|(k, v)| (k.clone(), as_sent(of, v))).collect())
        }
        (Kind::Timestamp, _) => json!(1_772_329_200),
        _ => value.clone(),
    }
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(all) => all.values().map(leaves).sum(),
        Value::Array(all) => all.iter().map(leaves).sum(),
        _ => 1,
    }
}

fn arrives_by_path_query_and_body(operation: &Operation, call: &Value, request: &Request) {
    let (shape, name) = (operation.input().unwrap_or_else(|| panic!("{}", operation.name)), operation.name);
    let line = request.line.strip_suffix(" HTTP/1.1").unwrap();
    let (way, query) = line.split_once('?').unwrap_or((line, ""));
    // The SDK leaves out the slash at the end.
    let path = operation.wire().path.trim_end_matches('/');
    let mut wanted_way = format!("{} {path}", operation.wire().method);
    let (mut wanted_query, mut wanted_body) = (Vec::new(), Map::new());
    for (member, value) in call.as_object().unwrap() {
        let m = shape.member(member).unwrap();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match m.location {
            Location::Path => wanted_way = wanted_way.replace(&format!("{{{}}}", m.wire), &text),
            // Times are RFC 3339 here.
            Location::Query => {
                let text = text.replace(".000Z", "Z").replace(':', "%3A");
                wanted_query.push(format!("{}={text}", m.wire));
            }
            _ => {
                wanted_body.insert(m.wire.to_owned(), as_sent(m.shape, value));
            }
        }
    }
    let mut query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    wanted_query.sort_unstable();
    assert_eq!(
        (way, query),
        (wanted_way.as_str(), wanted_query.iter().map(String::as_str).collect()),
        "{name}"
    );
    let body: Value = serde_json::from_str(&request.body).unwrap_or(json!({}));
    assert_eq!(body, Value::Object(wanted_body), "{name}");
}

#[tokio::test]
async fn every_parameter_of_every_operation_arrives() {
    let peer = Peer::start(|_, _| Reaction::Answer(400, "{}".into()));
    let aws = connect(&peer.url, Mode::Full).await;
    for operation in catalogue::all() {
        let before = peer.requests().len();
        let call = full_call(operation);
        aws.send(&place(), operation.service, operation.name, &call).await;
        let requests = peer.requests();
        assert_eq!(requests.len(), before + 1, "{}", operation.name);
        let request = &requests[before];
        let body = &request.body;
        match operation.wire().protocol {
            Protocol::Json { .. } => {
                let sent: Value = serde_json::from_str(body).unwrap();
                let wanted = operation.input().map_or(json!({}), |shape| as_sent(shape, &call));
                assert_eq!(sent, wanted, "{}", operation.name);
            }
            Protocol::RestJson => arrives_by_path_query_and_body(operation, &call, request),
            Protocol::Query { .. } => {
                assert!(body.starts_with(&format!("Action={}&Version=", operation.name)), "{body}");
                assert_eq!(body.split('&').count() - 2, leaves(&call), "{}: {body}", operation.name);
            }
        }
    }
}
