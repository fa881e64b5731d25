//! Answers as documents: the keys and the nesting the `aws` CLI prints, whatever the wire said.
//!
//! The raw body is decoded by the shape table, so nothing depends on what the typed SDK keeps. Members the
//! table does not know are kept under their wire names, as they came.

use serde_json::{Map, Number, Value};

use super::xml::{self, Node};
use crate::catalogue::{self, Kind, Operation, Protocol, Shape};
use crate::ids::At;

/// Whether secret values are decoded or replaced by [`catalogue::HIDDEN`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secrets {
    Hidden,
    Shown,
}

/// Why an answer is no document.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the answer is not XML: {0}")]
    Xml(#[from] xml::XmlError),
    #[error("the answer is not JSON: {0}")]
    Json(String),
    #[error("the answer is no answer to this question: it begins with <{0}>")]
    Foreign(String),
    #[error("the answer is not text")]
    Text,
}

/// Decodes the body of a successful answer.
pub fn decode(operation: &Operation, body: &[u8], secrets: Secrets) -> Result<Value, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::Text)?;
    let empty = || Value::Object(Map::new());
    let document = match (operation.wire().protocol, operation.output()) {
        (Protocol::Query { .. }, shape) => {
            let root = xml::parse(text)?;
            // A page of some proxy can be well-formed too.
            if root.name.strip_suffix("Response") != Some(operation.name) {
                return Err(Unreadable::Foreign(root.name));
            }
            let result = operation.wire().wrapper.and_then(|name| root.child(name));
            result.zip(shape).map_or_else(empty, |(node, shape)| from_xml(shape, node))
        }
        (Protocol::Json { .. } | Protocol::RestJson, _) if text.trim().is_empty() => empty(),
        (Protocol::Json { .. } | Protocol::RestJson, shape) => {
            let value: Value = serde_json::from_str(text).map_err(|e| Unreadable::Json(e.to_string()))?;
            shape.map_or_else(empty, |shape| from_json(shape, value))
        }
    };
    Ok(match operation.output() {
        Some(shape) if secrets == Secrets::Hidden => catalogue::hide(shape, &document),
        _ => document,
    })
}

fn from_xml(shape: Shape, node: &Node) -> Value {
    match shape.kind() {
        Kind::Structure => Value::Object(structure_from_xml(shape, node)),
        Kind::List(of) => node.children.iter().map(|c| from_xml(of, c)).collect(),
        Kind::Map(of) => {
            let entry = |e: &Node| Some((e.child("key")?.text.clone(), from_xml(of, e.child("value")?)));
            Value::Object(node.children.iter().filter_map(entry).collect())
        }
        _ => scalar_from_text(shape.kind(), &node.text),
    }
}

fn structure_from_xml(shape: Shape, node: &Node) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, member) in shape.members() {
        if let (Kind::List(of), None) = (member.shape.kind(), member.shape.item()) {
            let same = node.children.iter().filter(|c| c.name == member.wire);
            let list: Vec<Value> = same.map(|c| from_xml(of, c)).collect();
            if !list.is_empty() {
                out.insert(name.to_owned(), Value::from(list));
            }
        } else if let Some(child) = node.child(member.wire) {
            out.insert(name.to_owned(), from_xml(member.shape, child));
        }
    }
    let known = |wire: &str| shape.members().any(|(_, m)| m.wire == wire);
    for child in node.children.iter().filter(|c| !known(&c.name)) {
        out.insert(child.name.clone(), verbatim(child));
    }
    out
}

fn verbatim(node: &Node) -> Value {
    if node.children.is_empty() {
        return Value::from(node.text.as_str());
    }
    let mut out = Map::new();
    for child in &node.children {
        let value = verbatim(child);
        match out.get_mut(&child.name) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::from(vec![first.take(), value]),
            None => {
                out.insert(child.name.clone(), value);
            }
        }
    }
    Value::Object(out)
}

fn scalar_from_text(kind: Kind, text: &str) -> Value {
    let value = match kind {
        Kind::Boolean => text.trim().parse::<bool>().ok().map(Value::from),
        Kind::Integer => text.trim().parse::<i64>().ok().map(Value::from),
        Kind::Float => text.trim().parse().ok().and_then(Number::from_f64).map(Value::from),
        Kind::Timestamp => At::parse(text.trim()).map(|at| Value::from(at.rfc3339())),
        _ => None,
    };
    value.unwrap_or_else(|| Value::from(text))
}

fn from_json(shape: Shape, value: Value) -> Value {
    match (shape.kind(), value) {
        (Kind::Structure, Value::Object(all)) => Value::Object(structure_from_json(shape, all)),
        (Kind::List(of), Value::Array(all)) => all.into_iter().map(|v| from_json(of, v)).collect(),
        (Kind::Map(of), Value::Object(all)) => {
            Value::Object(all.into_iter().map(|(k, v)| (k, from_json(of, v))).collect())
        }
        (Kind::Timestamp, Value::Number(n)) => timestamp(&n),
        (Kind::Timestamp, Value::String(s)) => scalar_from_text(Kind::Timestamp, &s),
        (_, value) => value,
    }
}

fn structure_from_json(shape: Shape, mut all: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, member) in shape.members() {
        if let Some(value) = all.shift_remove(member.wire).filter(|v| !v.is_null()) {
            out.insert(name.to_owned(), from_json(member.shape, value));
        }
    }
    out.extend(all.into_iter().filter(|(_, v)| !v.is_null()));
    out
}

/// Seconds since the epoch, with a fraction or without.
fn timestamp(seconds: &Number) -> Value {
    let millis = seconds.as_i64().and_then(|s| s.checked_mul(1000)).or_else(|| {
        let millis = (seconds.as_f64()? * 1000.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "checked to lie well inside")]
        (millis.abs() < 1e17).then_some(millis as i64)
    });
    millis.map_or_else(|| Value::from(seconds.clone()), |ms| Value::from(At(ms).rfc3339()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    fn decoded(service: &str, operation: &str, body: &str) -> Value {
        decode(find(service, operation).unwrap(), body.as_bytes(), Secrets::Hidden).unwrap()
    }

    #[test]
    fn a_query_answer_becomes_the_document_of_the_cli() {
        let body = "<DescribeDBInstancesResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">\
            <DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>\
            <MultiAZ>false</MultiAZ><AllocatedStorage>20</AllocatedStorage><InstanceCreateTime>2026-03-01T01:40:00Z\
            </InstanceCreateTime><PendingModifiedValues><MasterUserPassword>hunter2</MasterUserPassword>\
            </PendingModifiedValues><VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1\
            </VpcSecurityGroupId></VpcSecurityGroupMembership></VpcSecurityGroups><TagList/><BrandNew><A>1</A><A>2</A>\
            </BrandNew></DBInstance></DBInstances></DescribeDBInstancesResult><ResponseMetadata><RequestId>r</RequestId>\
            </ResponseMetadata></DescribeDBInstancesResponse>";
        let instance = json!({
            "DBInstanceIdentifier": "orders", "AllocatedStorage": 20, "MultiAZ": false,
            "InstanceCreateTime": "2026-03-01T01:40:00.000Z",
            "PendingModifiedValues": {"MasterUserPassword": "(sensitive)"},
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
            "TagList": [],
            "BrandNew": {"A": ["1", "2"]},
        });
        assert_eq!(decoded("rds", "DescribeDBInstances", body), json!({"DBInstances": [instance]}));
        let shown =
            decode(find("rds", "DescribeDBInstances").unwrap(), body.as_bytes(), Secrets::Shown).unwrap();
        assert_eq!(shown["DBInstances"][0]["PendingModifiedValues"]["MasterUserPassword"], "hunter2");
    }

    #[test]
    fn a_json_answer_keeps_its_names_and_gets_readable_times() {
        let body = r#"{"services":[{"serviceName":"web","createdAt":1772329200.5,"desiredCount":2,"roleArn":null,
                       "brandNew":{"x":1}}],"failures":[]}"#;
        assert_eq!(
            decoded("ecs", "DescribeServices", body),
            json!({"services": [{"serviceName": "web", "desiredCount": 2,
                                 "createdAt": "2026-03-01T01:40:00.500Z", "brandNew": {"x": 1}}],
                   "failures": []})
        );
    }

    #[test]
    fn an_answer_without_content_is_an_empty_document() {
        assert_eq!(decoded("rds", "AddTagsToResource", "<AddTagsToResourceResponse/>"), json!({}));
        assert_eq!(decoded("application-autoscaling", "RegisterScalableTarget", ""), json!({}));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let read = find("rds", "DescribeDBInstances").unwrap();
        assert!(decode(read, b"<html><br></html>", Secrets::Hidden).is_err());
        let page = b"<html><body>log in</body></html>";
        assert_eq!(decode(read, page, Secrets::Hidden), Err(Unreadable::Foreign("html".into())));
        let void = find("rds", "AddRoleToDBInstance").unwrap();
        assert!(decode(void, page, Secrets::Hidden).is_err() && decode(void, b"", Secrets::Hidden).is_err());
        assert!(decode(read, b"\xff", Secrets::Hidden).is_err());
        let list = find("ecs", "ListTasks").unwrap();
        assert!(decode(list, b"{", Secrets::Hidden).is_err());
    }
}
