//! Descriptions of the starting world: what a scenario says about one thing, judged before it is placed.
//!
//! A description is a document with members of the API and, in `snake_case`, settings of the pretend world that
//! no API shows. Nothing is guessed: what is not known is refused by its name.

use serde_json::{Map, Value};

use crate::catalogue::{Kind, Shape, did_you_mean};
use crate::ids::{At, Span};

/// Why a description is refused: which thing, and what about it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{thing}: {problem}")]
pub struct Misplaced {
    /// `service api`
    pub thing: String,
    pub problem: String,
}

/// A description that was judged.
pub(super) struct Given<'v> {
    thing: String,
    members: &'v Map<String, Value>,
}

impl<'v> Given<'v> {
    /// `kind` is what it is called in errors, `name` the member that names it, `shape` the members of the API it
    /// may have, `own` the settings of the pretend world.
    pub(super) fn new(
        (kind, name): (&str, &str),
        description: &'v Value,
        shape: Option<Shape>,
        own: &[&str],
    ) -> Result<Given<'v>, Misplaced> {
        let thing = match description[name].as_str() {
            Some(name) => format!("{kind} {name}"),
            None => kind.to_owned(),
        };
        let refuse = |problem: String| Misplaced { thing: thing.clone(), problem };
        let members =
            description.as_object().ok_or_else(|| refuse("a description is a map of members".into()))?;
        for (member, value) in members.iter().filter(|(m, _)| !own.contains(&m.as_str())) {
            let known = || shape.into_iter().flat_map(Shape::members).map(|(n, _)| n);
            match shape.and_then(|s| s.member(member)) {
                Some(at) => check(member, value, at.shape).map_err(refuse)?,
                None => return Err(refuse(unknown(member, known().chain(own.iter().copied())))),
            }
        }
        Ok(Given { thing, members })
    }

    pub(super) fn refuse(&self, problem: impl Into<String>) -> Misplaced {
        Misplaced { thing: self.thing.clone(), problem: problem.into() }
    }

    pub(super) fn get(&self, member: &str) -> &'v Value {
        self.members.get(member).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, member: &str) -> Option<&'v str> {
        self.get(member).as_str()
    }

    pub(super) fn needed(&self, member: &str) -> Result<&'v str, Misplaced> {
        self.text(member).ok_or_else(|| self.refuse(format!("`{member}` must be given")))
    }

    pub(super) fn count(&self, member: &str) -> Result<Option<u64>, Misplaced> {
        match self.get(member) {
            Value::Null => Ok(None),
            given => given
                .as_u64()
                .map(Some)
                .ok_or_else(|| self.refuse(format!("`{member}` is not a count: {given}"))),
        }
    }

    /// Seconds, or a duration such as `90s`.
    pub(super) fn span(&self, member: &str) -> Result<Option<Span>, Misplaced> {
        span(self.get(member)).map_err(|what| self.refuse(format!("`{member}`: {what}")))
    }

    pub(super) fn time(&self, member: &str) -> Result<Option<At>, Misplaced> {
        match self.get(member) {
            Value::Null => Ok(None),
            given => given
                .as_str()
                .and_then(At::parse)
                .map(Some)
                .ok_or_else(|| self.refuse(format!("`{member}` is not a time: {given}"))),
        }
    }

    /// Members that follow from others and cannot be told.
    pub(super) fn without(&self, derived: &[&str]) -> Result<(), Misplaced> {
        match derived.iter().find(|m| self.members.contains_key(**m)) {
            Some(member) => Err(self.refuse(format!("`{member}` follows from the rest and is not told"))),
            None => Ok(()),
        }
    }

    /// `defaults` with what is given in their place, without the settings of the pretend world.
    pub(super) fn over(&self, mut defaults: Map<String, Value>, own: &[&str]) -> Map<String, Value> {
        for (member, value) in self.members.iter().filter(|(m, _)| !own.contains(&m.as_str())) {
            if value.is_null() {
                defaults.shift_remove(member);
            } else {
                defaults.insert(member.clone(), value.clone());
            }
        }
        defaults
    }
}

/// Seconds, or a duration such as `90s`; nothing where there is nothing.
pub(super) fn span(value: &Value) -> Result<Option<Span>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(n) if n.as_u64().is_some_and(|n| n < 100_000_000) => {
            Ok(Some(Span::secs(n.as_u64().unwrap_or(0))))
        }
        Value::String(text) => text.parse().map(Some).map_err(|e| format!("{text:?}: {e}")),
        other => Err(format!("{other} is no duration")),
    }
}

fn unknown<'a>(member: &str, known: impl Iterator<Item = &'a str>) -> String {
    match did_you_mean(member, known) {
        Some(near) => format!("unknown member `{member}` (did you mean `{near}`?)"),
        None => format!("unknown member `{member}`"),
    }
}

/// Whether a value can stand where the API has `shape`; the path of what cannot is named.
pub(super) fn check(path: &str, value: &Value, shape: Shape) -> Result<(), String> {
    let fits = match shape.kind() {
        _ if value.is_null() => true,
        Kind::Structure => return check_members(path, value, shape),
        Kind::List(of) => return check_items(path, value, of),
        Kind::Map(of) => {
            let map = value.as_object().ok_or_else(|| format!("`{path}` is not a map"))?;
            return map.iter().try_for_each(|(key, v)| check(&format!("{path}.{key}"), v, of));
        }
        Kind::Text { .. } | Kind::Blob => value.is_string(),
        Kind::Integer => value.is_i64() || value.is_u64(),
        Kind::Float => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Timestamp => value.as_str().and_then(At::parse).is_some(),
    };
    if fits { Ok(()) } else { Err(format!("`{path}` cannot be {value}: it is {}", word(shape.kind()))) }
}

fn check_members(path: &str, value: &Value, shape: Shape) -> Result<(), String> {
    let map = value.as_object().ok_or_else(|| format!("`{path}` is not a map"))?;
    map.iter().try_for_each(|(name, value)| match shape.member(name) {
        Some(member) => check(&format!("{path}.{name}"), value, member.shape),
        None => Err(unknown(&format!("{path}.{name}"), shape.members().map(|(n, _)| n))),
    })
}

fn check_items(path: &str, value: &Value, of: Shape) -> Result<(), String> {
    let items = value.as_array().ok_or_else(|| format!("`{path}` is not a list"))?;
    items.iter().enumerate().try_for_each(|(n, item)| check(&format!("{path}[{n}]"), item, of))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Structure | Kind::Map(_) => "a map",
        Kind::List(_) => "a list",
        Kind::Text { .. } | Kind::Blob => "text",
        Kind::Integer => "a whole number",
        Kind::Float => "a number",
        Kind::Boolean => "true or false",
        Kind::Timestamp => "an RFC 3339 time",
    }
}

/// The map of a `json!` object.
pub(super) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
