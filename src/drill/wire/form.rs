//! Requests of the query protocol: a form whose keys spell the path into the parameters.
//!
//! `Filters.Filter.1.Values.Value.2=x`: list items are numbered from 1 under the name the model gives them, or
//! under `member`, or under nothing; a map is `entry.N.key` and `entry.N.value`. Parameters the operation does not
//! know are ignored: clients add some of their own (`Version`, and whatever signs a presigned URL).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Request;
use super::text::{percent_decoded, scalar};
use crate::catalogue::{Kind, Shape};
use crate::world::Refused;

/// Parts a key may have; RDS needs about eight.
const DEEPEST: usize = 32;

/// One key and what stands below it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    text: Option<String>,
    below: BTreeMap<String, Form>,
}

/// The form of a request: its body, and its query string for calls made with GET.
pub(super) fn of(request: &Request) -> Result<Form, Refused> {
    let mut form = Form::default();
    for raw in raw_pairs(request) {
        let (key, text) = pair(raw).ok_or_else(|| malformed("an escape sequence"))?;
        form.put(&key, text)?;
    }
    Ok(form)
}

/// The operation that a form names, however broken the rest of it is.
pub(super) fn action(request: &Request) -> Option<String> {
    raw_pairs(request).filter_map(pair).find(|(key, _)| key == "Action").map(|(_, value)| value)
}

fn raw_pairs(request: &Request) -> impl Iterator<Item = &str> {
    let is_form =
        request.header("content-type").is_none_or(|t| t.starts_with("application/x-www-form-urlencoded"));
    // What is not text holds no parameter.
    let body = std::str::from_utf8(&request.body).ok().filter(|_| is_form).unwrap_or_default();
    request.query.split('&').chain(body.split('&'))
}

/// The pairs of a query string; those that cannot be decoded are left out.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&').filter_map(pair)
}

fn pair(raw: &str) -> Option<(String, String)> {
    let (key, value) = raw.split_once('=').unwrap_or((raw, ""));
    Some((percent_decoded(key, true)?, percent_decoded(value, true)?))
}

/// The parameters as a document.
pub(super) fn document(shape: Shape, form: &Form) -> Result<Value, Refused> {
    let mut out = Map::new();
    for (name, member) in shape.members() {
        if let Some(below) = form.below.get(member.wire) {
            out.insert(name.to_owned(), value(member.shape, below, name)?);
        }
    }
    Ok(Value::Object(out))
}

fn value(shape: Shape, form: &Form, name: &str) -> Result<Value, Refused> {
    match shape.kind() {
        Kind::Structure => document(shape, form),
        Kind::List(of) => form.items(shape.item()).map(|item| value(of, item, name)).collect(),
        Kind::Map(of) => map(of, form, name),
        kind => {
            let text = form.text.as_deref().unwrap_or_default();
            scalar(kind, text).ok_or_else(|| malformed(&format!("{text} as a value of {name}")))
        }
    }
}

fn map(of: Shape, form: &Form, name: &str) -> Result<Value, Refused> {
    let mut out = Map::new();
    for entry in form.items(Some("entry")) {
        let key = entry.text("key").ok_or_else(|| malformed(&format!("an entry of {name} without a key")))?;
        out.insert(key, value(of, entry.below.get("value").unwrap_or(&Form::default()), name)?);
    }
    Ok(Value::Object(out))
}

impl Form {
    /// The text of a key directly below.
    fn text(&self, key: &str) -> Option<String> {
        self.below.get(key)?.text.clone()
    }

    fn put(&mut self, key: &str, text: String) -> Result<(), Refused> {
        if key.split('.').count() > DEEPEST {
            return Err(malformed("a parameter name"));
        }
        let mut at = self;
        for part in key.split('.').filter(|part| !part.is_empty()) {
            at = at.below.entry(part.to_owned()).or_default();
        }
        at.text = Some(text);
        Ok(())
    }

    /// The numbered items in the order of their numbers. A list that is named without items is empty.
    fn items(&self, name: Option<&str>) -> impl Iterator<Item = &Form> {
        let named = name.and_then(|name| self.below.get(name));
        let list = named.or_else(|| self.below.get("member")).unwrap_or(self);
        let mut items: Vec<(u32, &Form)> =
            list.below.iter().filter_map(|(n, item)| Some((n.parse().ok()?, item))).collect();
        items.sort_by_key(|(n, _)| *n);
        items.into_iter().map(|(_, item)| item)
    }
}

/// The code of AWS's query front end for what it cannot read.
fn malformed(what: &str) -> Refused {
    Refused::new("MalformedInput", format!("The request cannot be read: {what}"))
}
