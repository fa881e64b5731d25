//! Requests of the REST-JSON protocol: parameters in the path, in the query string and in a JSON body.

use serde_json::{Map, Value};

use super::model::Model;
use super::text::{percent_decoded, scalar};
use super::{Request, form, json};
use crate::catalogue::{self, Location, Member, Shape};
use crate::world::Refused;

/// The parameters of a call whose path fits its operation.
pub(super) fn document(model: &Model, shape: Shape, request: &Request) -> Result<Value, Refused> {
    let mut out = match json::document(shape, &request.body)? {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    let labels = catalogue::route(model.service, &request.method, &request.path).map(|r| r.labels);
    for (name, member) in shape.members() {
        let given = match member.location {
            Location::Path => {
                labels.iter().flatten().find(|(l, _)| *l == member.wire).map(|(_, raw)| decoded(raw))
            }
            Location::Query => {
                form::pairs(&request.query).find(|(k, _)| k == member.wire).map(|(_, v)| Ok(v))
            }
            // No operation that is answered has parameters elsewhere; a test looks.
            Location::Body | Location::Header | Location::Headers | Location::Status => None,
        };
        if let Some(text) = given {
            out.insert(name.to_owned(), value(name, member, &text?)?);
        }
    }
    Ok(Value::Object(out))
}

fn decoded(raw: &str) -> Result<String, Refused> {
    percent_decoded(raw, false).ok_or_else(|| mistyped("the path"))
}

fn value(name: &str, member: Member, text: &str) -> Result<Value, Refused> {
    scalar(member.shape.kind(), text).ok_or_else(|| mistyped(name))
}

fn mistyped(what: &str) -> Refused {
    Refused::new("SerializationException", format!("The request cannot be read: {what}"))
}
