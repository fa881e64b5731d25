//! Parameters: texts of the command line and files become typed values, defaults are filled, all that is
//! wrong is said at once.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::expr::Tree;
use crate::ids::{At, Span};
use crate::runbook::{Parameter, ParameterKind, Runbook};

/// What is wrong with one parameter.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("parameter `{name}`: {why}")]
pub struct ParameterError {
    pub name: String,
    pub why: String,
}

/// Resolves what was given against what the runbook declares.
///
/// # Errors
/// Every parameter that is unknown, missing, of the wrong type or not allowed.
pub fn resolve(
    book: &Runbook,
    given: &Map<String, Value>,
    now: At,
) -> Result<Map<String, Value>, Vec<ParameterError>> {
    let mut errors: Vec<ParameterError> = given
        .keys()
        .filter(|k| !book.parameters.iter().any(|p| p.name == **k))
        .map(|k| unknown(book, k))
        .collect();
    let (mut out, mut missing) = (Map::new(), BTreeSet::new());
    for parameter in &book.parameters {
        let name = parameter.name.as_str();
        match one(parameter, given.get(name), &out, now) {
            Ok(value) => {
                out.insert(parameter.name.clone(), value);
                continue;
            }
            // Whoever gives what it is made from has given it too.
            Err(_) if !given.contains_key(name) && is_made_from(parameter, &missing) => {}
            Err(why) => errors.push(ParameterError { name: parameter.name.clone(), why }),
        }
        missing.insert(name);
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

/// Whether the default of a parameter uses one of these.
fn is_made_from(parameter: &Parameter, names: &BTreeSet<&str>) -> bool {
    let roots = parameter.default.iter().flat_map(Tree::roots);
    let mut used = roots.filter_map(|root| root.path.get(1));
    used.any(|name| names.contains(name.as_str()))
}

/// The parameters that are right already, for reads that offer values for the others.
pub fn known(book: &Runbook, given: &Map<String, Value>, now: At) -> Map<String, Value> {
    let mut out = Map::new();
    for parameter in &book.parameters {
        if let Ok(value) = one(parameter, given.get(&parameter.name), &out, now) {
            out.insert(parameter.name.clone(), value);
        }
    }
    out
}

fn unknown(book: &Runbook, name: &str) -> ParameterError {
    let names = book.parameters.iter().map(|p| p.name.as_str());
    let hint = crate::catalogue::did_you_mean(name, names.clone());
    let why = match hint {
        Some(hint) => format!("this runbook has none of that name; did you mean `{hint}`?"),
        None => {
            format!("this runbook has none of that name; it has {}", names.collect::<Vec<_>>().join(", "))
        }
    };
    ParameterError { name: name.to_owned(), why }
}

fn one(
    parameter: &Parameter,
    given: Option<&Value>,
    above: &Map<String, Value>,
    now: At,
) -> Result<Value, String> {
    let given = given.filter(|v| v.as_str() != Some("") || parameter.kind == ParameterKind::Text);
    let value = match (given, &parameter.default) {
        (Some(value), _) => value.clone(),
        (None, Some(default)) => {
            let scope = json!({ "parameters": above });
            default.fill(&scope, now).map_err(|e| format!("its default: {e}"))?
        }
        (None, None) if parameter.required => return Err("it is required".into()),
        (None, None) => return Ok(Value::Null),
    };
    let value = value_of(&parameter.kind, &value)?;
    for element in elements(&value) {
        allowed(parameter, element)?;
    }
    Ok(value)
}

/// The elements that `allowed_*` and `max_length` hold for.
fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Null => vec![],
        one => vec![one],
    }
}

fn allowed(parameter: &Parameter, value: &Value) -> Result<(), String> {
    if !parameter.allowed_values.is_empty() && !parameter.allowed_values.contains(value) {
        let all: Vec<String> = parameter.allowed_values.iter().map(plain).collect();
        return Err(format!("`{}` is not one of {}", plain(value), all.join(", ")));
    }
    let Some(text) = value.as_str() else { return Ok(()) };
    if let Some(pattern) = &parameter.allowed_pattern
        && !pattern.is_match(text)
    {
        return Err(format!("`{}` does not match {}", crate::text::clean(text), pattern.as_str()));
    }
    match parameter.max_length {
        Some(most) if text.chars().count() > most => Err(format!("it is longer than {most} characters")),
        _ => Ok(()),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |s| crate::text::clean(s).into_owned())
}

/// A value as its type wants it: texts of a command line are read, everything else is checked.
pub fn value_of(kind: &ParameterKind, value: &Value) -> Result<Value, String> {
    match kind {
        ParameterKind::Text => text(value).map(|t| json!(t)).ok_or_else(|| "it must be text".into()),
        ParameterKind::Picker(_) => match text(value) {
            Some(name) if name.starts_with("arn:") => Err("give its name, not its ARN".into()),
            Some(name) => Ok(json!(name)),
            None => Err("it must be a name".into()),
        },
        ParameterKind::Integer => match value {
            Value::Number(n) if n.is_i64() || n.is_u64() => Ok(value.clone()),
            Value::String(s) => s.trim().parse::<i64>().map(|n| json!(n)).map_err(|_| whole_number(s)),
            other => Err(whole_number(&other.to_string())),
        },
        ParameterKind::Boolean => match (value.as_bool(), value.as_str()) {
            (Some(b), _) => Ok(json!(b)),
            (_, Some("true")) => Ok(json!(true)),
            (_, Some("false")) => Ok(json!(false)),
            _ => Err("it must be true or false".into()),
        },
        ParameterKind::Timestamp => {
            let at = value.as_str().and_then(|s| At::parse(s.trim()));
            at.map(|at| json!(at.rfc3339())).ok_or_else(|| {
                "it must be a moment with its zone, such as 2026-03-01T01:40:00Z or 2026-03-01T02:40:00+01:00".into()
            })
        }
        ParameterKind::Duration => match value.as_str().map(str::parse::<Span>) {
            Some(Ok(span)) => Ok(json!(span.to_string())),
            _ => Err("it must be a duration, such as 90s, 15m, 3h or 2d".into()),
        },
        ParameterKind::List(inner) => list(inner, value),
        ParameterKind::Record(fields) => record(fields, value),
        ParameterKind::Map(inner) => map(inner, value),
    }
}

fn whole_number(seen: &str) -> String {
    format!("it must be a whole number, not `{}`", crate::text::clean(seen))
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// A list is JSON, or text with commas.
fn list(inner: &ParameterKind, value: &Value) -> Result<Value, String> {
    let parsed = match value {
        Value::String(s) if s.trim_start().starts_with('[') => {
            serde_json::from_str(s).map_err(|e| format!("it is not a JSON list: {e}"))?
        }
        Value::String(s) => {
            let parts = s.split(',').map(str::trim).filter(|p| !p.is_empty());
            Value::Array(parts.map(|p| json!(p)).collect())
        }
        other => other.clone(),
    };
    let Value::Array(items) = parsed else { return Err("it must be a list".into()) };
    let items: Result<Vec<Value>, String> = items.iter().map(|v| value_of(inner, v)).collect();
    let items = items.map_err(|why| format!("one of its elements: {why}"))?;
    if items.is_empty() { Err("it must have at least one element".into()) } else { Ok(Value::Array(items)) }
}

fn object(value: &Value) -> Result<Map<String, Value>, String> {
    let parsed = match value {
        Value::String(s) => serde_json::from_str(s).map_err(|e| format!("it is not a JSON object: {e}"))?,
        other => other.clone(),
    };
    match parsed {
        Value::Object(map) => Ok(map),
        _ => Err("it must be a JSON object".into()),
    }
}

fn record(fields: &[(String, ParameterKind)], value: &Value) -> Result<Value, String> {
    let given = object(value)?;
    if let Some(extra) = given.keys().find(|k| !fields.iter().any(|(name, _)| name == *k)) {
        return Err(format!("it has no field `{extra}`"));
    }
    let mut out = Map::new();
    for (name, kind) in fields {
        let field = given.get(name).ok_or_else(|| format!("its field `{name}` is missing"))?;
        out.insert(name.clone(), value_of(kind, field).map_err(|why| format!("its field `{name}`: {why}"))?);
    }
    Ok(Value::Object(out))
}

fn map(inner: &ParameterKind, value: &Value) -> Result<Value, String> {
    let mut out = Map::new();
    for (key, value) in object(value)? {
        let value = value_of(inner, &value).map_err(|why| format!("`{key}`: {why}"))?;
        out.insert(key, value);
    }
    Ok(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_commas_or_json() {
        let kind = ParameterKind::List(Box::new(ParameterKind::Text));
        assert_eq!(value_of(&kind, &json!("api, worker")), Ok(json!(["api", "worker"])));
        assert_eq!(value_of(&kind, &json!("[\"a,b\"]")), Ok(json!(["a,b"])));
        assert!(value_of(&kind, &json!("")).is_err());
    }

    #[test]
    fn a_moment_without_zone_is_refused_and_one_with_is_utc() {
        let at = value_of(&ParameterKind::Timestamp, &json!("2026-03-01T02:40:00+01:00"));
        assert_eq!(at, Ok(json!("2026-03-01T01:40:00.000Z")));
        assert!(value_of(&ParameterKind::Timestamp, &json!("2026-03-01T02:40:00")).is_err());
    }

    #[test]
    fn a_picker_takes_a_name_and_no_arn() {
        let kind = ParameterKind::Picker("aws.rds.instance");
        assert!(value_of(&kind, &json!("arn:aws:rds:eu-west-1:1:db:x")).is_err());
        assert_eq!(value_of(&kind, &json!("orders")), Ok(json!("orders")));
    }
}
