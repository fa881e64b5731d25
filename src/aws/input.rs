//! JSON parameters as the typed inputs of the SDK. The mapping itself is generated (`inputs/`), member by
//! member, so that the compiler proves it; here is what the generated code stands on.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;
use aws_smithy_types::{Blob, DateTime};
use serde_json::Value;

use crate::catalogue::{Kind, Shape, did_you_mean};

/// A parameter the operation does not take in this form; nothing was sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}: expected {expected}")]
pub struct InputError {
    /// Where in the parameters, `Filters[0].Values`; `parameters` for the whole.
    pub path: String,
    pub expected: String,
}

/// A value among the parameters and the way to it.
pub(super) struct At<'a> {
    value: &'a Value,
    way: Way<'a>,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    Root,
    Member(&'a Way<'a>, &'a str),
    Element(&'a Way<'a>, usize),
}

impl<'a> At<'a> {
    pub fn root(value: &'a Value) -> At<'a> {
        At { value, way: Way::Root }
    }

    /// One member; absent and null are the same.
    pub fn get<T: FromJson>(&self, name: &str) -> Result<Option<T>, InputError> {
        let Some(value) = self.value.get(name).filter(|v| !v.is_null()) else { return Ok(None) };
        T::from_json(&At { value, way: Way::Member(&self.way, name) }).map(Some)
    }

    pub fn text(&self) -> Result<&'a str, InputError> {
        self.value.as_str().ok_or_else(|| self.wrong("text"))
    }

    /// The one member a union has.
    pub fn only(&self) -> Result<(&'a str, At<'_>), InputError> {
        let members = self.value.as_object().filter(|m| m.len() == 1).and_then(|m| m.iter().next());
        let (name, value) = members.ok_or_else(|| self.wrong("an object with exactly one member"))?;
        Ok((name, At { value, way: Way::Member(&self.way, name) }))
    }

    pub fn wrong(&self, expected: impl Into<String>) -> InputError {
        InputError { path: self.way.text(), expected: expected.into() }
    }
}

impl Way<'_> {
    fn text(&self) -> String {
        match self {
            Way::Root => "parameters".to_owned(),
            Way::Member(Way::Root, name) => (*name).to_owned(),
            Way::Member(to, name) => format!("{}.{name}", to.text()),
            Way::Element(to, n) => format!("{}[{n}]", to.text()),
        }
    }
}

/// A type that the SDK takes, made from JSON.
pub(super) trait FromJson: Sized {
    fn from_json(at: &At<'_>) -> Result<Self, InputError>;
}

impl FromJson for String {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        at.text().map(str::to_owned)
    }
}

impl FromJson for bool {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        at.value.as_bool().ok_or_else(|| at.wrong("true or false"))
    }
}

impl FromJson for i64 {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        at.value.as_i64().ok_or_else(|| at.wrong("a whole number"))
    }
}

impl FromJson for i32 {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        let wide = i64::from_json(at)?;
        i32::try_from(wide).map_err(|_| at.wrong("a whole number of at most 32 bits"))
    }
}

impl FromJson for f64 {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        at.value.as_f64().ok_or_else(|| at.wrong("a number"))
    }
}

impl FromJson for DateTime {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        let wrong = || at.wrong("a timestamp such as 2026-03-01T01:40:00Z");
        DateTime::from_str(at.text()?, Format::DateTimeWithOffset).map_err(|_| wrong())
    }
}

impl FromJson for Blob {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        aws_smithy_types::base64::decode(at.text()?).map(Blob::new).map_err(|_| at.wrong("base64"))
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        let list = at.value.as_array().ok_or_else(|| at.wrong("a list"))?;
        let element = |(n, value)| T::from_json(&At { value, way: Way::Element(&at.way, n) });
        list.iter().enumerate().map(element).collect()
    }
}

impl<T: FromJson> FromJson for HashMap<String, T> {
    fn from_json(at: &At<'_>) -> Result<Self, InputError> {
        let map = at.value.as_object().ok_or_else(|| at.wrong("a map"))?;
        let entry = |(name, value): (&String, _)| {
            Ok((name.clone(), T::from_json(&At { value, way: Way::Member(&at.way, name) })?))
        };
        map.iter().map(entry).collect()
    }
}

/// The result of a builder: some of the SDK's can fail, some cannot, and the generated code need not know.
pub(super) trait Built<T> {
    fn built(self, at: &At<'_>) -> Result<T, InputError>;
}

impl<T> Built<T> for T {
    fn built(self, _: &At<'_>) -> Result<T, InputError> {
        Ok(self)
    }
}

impl<T> Built<T> for Result<T, BuildError> {
    fn built(self, at: &At<'_>) -> Result<T, InputError> {
        self.map_err(|e| at.wrong(format!("a complete value ({e})")))
    }
}

/// Refuses what the typed input would drop without a word: unknown and missing members, at every level.
pub fn check(shape: Option<Shape>, parameters: &Value) -> Result<(), InputError> {
    match shape {
        Some(shape) => checked(shape, &At::root(parameters)),
        None if parameters.as_object().is_none_or(|p| !p.is_empty()) => {
            Err(At::root(parameters).wrong("no parameters"))
        }
        None => Ok(()),
    }
}

fn checked(shape: Shape, at: &At<'_>) -> Result<(), InputError> {
    match (shape.kind(), at.value) {
        (Kind::Structure, Value::Object(members)) => {
            members.iter().try_for_each(|(name, value)| {
                let member = shape.member(name).ok_or_else(|| at.wrong(known(shape, name)))?;
                let inner = At { value, way: Way::Member(&at.way, name) };
                if value.is_null() { Ok(()) } else { checked(member.shape, &inner) }
            })?;
            let missing = |name: &str| at.value.get(name).is_none_or(Value::is_null);
            let missing = shape.members().find(|(name, m)| m.needed() && missing(name));
            missing.map_or(Ok(()), |(name, _)| Err(at.wrong(format!("the member {name}, which is required"))))
        }
        (Kind::Structure, _) => Err(at.wrong("an object")),
        (Kind::List(of), Value::Array(list)) => list
            .iter()
            .enumerate()
            .try_for_each(|(n, value)| checked(of, &At { value, way: Way::Element(&at.way, n) })),
        (Kind::Map(of), Value::Object(map)) => map
            .iter()
            .try_for_each(|(name, value)| checked(of, &At { value, way: Way::Member(&at.way, name) })),
        // The conversion itself says what it wanted.
        _ => Ok(()),
    }
}

fn known(shape: Shape, name: &str) -> String {
    let mut text = format!("a member of {}, which has no {name}", shape.name());
    if let Some(near) = did_you_mean(name, shape.members().map(|(n, _)| n)) {
        write!(text, "; did you mean {near}?").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    #[test]
    fn unknown_and_missing_members_are_named_with_their_way() {
        let error = |service, operation, parameters: Value| {
            check(find(service, operation).unwrap().input(), &parameters).unwrap_err().to_string()
        };
        assert_eq!(
            error("rds", "DescribeDBInstances", json!({"Filters": [{"Name": "a", "Value": ["b"]}]})),
            "Filters[0]: expected a member of Filter, which has no Value; did you mean Values?"
        );
        assert_eq!(
            error("ecs", "UpdateService", json!({"cluster": "c"})),
            "parameters: expected the member service, which is required"
        );
        assert_eq!(
            error("rds", "DeleteDBInstance", json!({"DBInstanceIdentifier": null})),
            "parameters: expected the member DBInstanceIdentifier, which is required"
        );
        assert_eq!(error("rds", "DescribeDBInstances", json!([])), "parameters: expected an object");
    }

    #[test]
    fn a_value_of_the_wrong_kind_says_what_was_wanted() {
        let at = json!({"a": "x", "b": [1, "y"], "t": "yesterday", "n": 4_000_000_000_i64});
        let at = At::root(&at);
        assert_eq!(at.get::<bool>("a").unwrap_err().to_string(), "a: expected true or false");
        assert_eq!(at.get::<Vec<i32>>("b").unwrap_err().to_string(), "b[1]: expected a whole number");
        assert!(at.get::<DateTime>("t").is_err() && at.get::<i32>("n").is_err());
        assert_eq!(at.get::<i64>("n"), Ok(Some(4_000_000_000)));
        assert_eq!(at.get::<String>("absent"), Ok(None));
    }
}
