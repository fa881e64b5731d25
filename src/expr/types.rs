//! What the static check knows about a value before there is one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::value;
use crate::catalogue::{Kind, Shape};
use crate::ids::Span;

/// The type of a value, as far as it is known.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Type {
    /// Nothing is known; everything about it passes.
    #[default]
    Any,
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    /// Text that is one of these: an enumeration of the service model, a parameter's allowed values, a literal.
    Word(Vec<String>),
    /// RFC 3339 text with a zone.
    Time,
    /// Text such as `15m`.
    Duration,
    List(Box<Type>),
    /// Text to values of one type, any key.
    Map(Box<Type>),
    /// A shape of the service models, of any kind.
    Shape(Shape),
    /// These keys and no others.
    Object(BTreeMap<String, Type>),
    /// The type, or null.
    Optional(Box<Type>),
}

impl Type {
    /// A list of this type.
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// An object with exactly these keys.
    pub fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Type)>) -> Type {
        Type::Object(entries.into_iter().map(|(k, t)| (k.into(), t)).collect())
    }

    /// This type or null; null stays null.
    #[must_use]
    pub fn optional(self) -> Type {
        match self {
            Type::Any | Type::Null | Type::Optional(_) => self,
            other => Type::Optional(Box::new(other)),
        }
    }

    /// The type of a constant.
    pub fn of(value: &Value) -> Type {
        match value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Boolean,
            Value::Number(n) if n.is_f64() => Type::Number,
            Value::Number(_) => Type::Integer,
            Value::String(s) if value::instant(s).is_some() => Type::Time,
            Value::String(s) => Type::Word(vec![s.clone()]),
            Value::Array(items) => {
                Type::list(items.iter().map(Type::of).reduce(|a, b| a.or(&b)).unwrap_or_default())
            }
            Value::Object(map) => Type::object(map.iter().map(|(k, v)| (k.clone(), Type::of(v)))),
        }
    }

    /// The type without `Optional`, and a shape as what it is: never an optional, never a shape other than a
    /// structure.
    pub fn plain(&self) -> Cow<'_, Type> {
        match self {
            Type::Optional(inner) => inner.plain(),
            Type::Shape(shape) => match shape.kind() {
                Kind::Structure => Cow::Borrowed(self),
                kind => Cow::Owned(of_kind(kind)),
            },
            _ => Cow::Borrowed(self),
        }
    }

    /// The same type with shapes other than structures spelled out, `Optional` kept.
    pub(super) fn settled(self) -> Type {
        match self {
            Type::Optional(inner) => inner.settled().optional(),
            other => other.plain().into_owned(),
        }
    }

    /// Whether a value of this type can be exactly true or false.
    pub fn may_be_condition(&self) -> bool {
        matches!(self.plain().as_ref(), Type::Boolean | Type::Any)
    }

    /// The type of the elements, when this is a list.
    pub fn element(&self) -> Option<Type> {
        match self.plain().as_ref() {
            Type::List(element) => Some((**element).clone()),
            Type::Any => Some(Type::Any),
            _ => None,
        }
    }

    pub(super) fn is_any(&self) -> bool {
        *self == Type::Any
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.plain().as_ref(), Type::Integer | Type::Number)
    }

    /// Text of any sort; times and durations are text too.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.plain().as_ref(), Type::Text | Type::Word(_) | Type::Time | Type::Duration)
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.plain().as_ref(), Type::Map(_) | Type::Object(_) | Type::Shape(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.plain().as_ref(), Type::List(_))
    }

    /// Whether a text of this type can name a moment.
    pub(super) fn may_be_time(&self) -> bool {
        match self.plain().as_ref() {
            Type::Time | Type::Text | Type::Any => true,
            Type::Word(words) => words.iter().any(|w| value::instant(w).is_some()),
            _ => false,
        }
    }

    pub(super) fn may_be_duration(&self) -> bool {
        match self.plain().as_ref() {
            Type::Duration | Type::Text | Type::Any => true,
            Type::Word(words) => words.iter().any(|w| w.parse::<Span>().is_ok()),
            _ => false,
        }
    }

    /// The type of a value that is of this type or of the other; `Any` when they have nothing in common.
    #[must_use]
    pub fn or(&self, other: &Type) -> Type {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Type::Any, _) | (_, Type::Any) => Type::Any,
            (Type::Null, t) | (t, Type::Null) => t.clone().optional(),
            (Type::Optional(a), b) | (b, Type::Optional(a)) => a.or(b).optional(),
            (a, b) => both(&a.plain(), &b.plain()),
        }
    }

    /// Whether a value of this type can be given where `want` is asked for; if not, why.
    pub fn fits(&self, want: &Type) -> Result<(), String> {
        let (have, wanted) = (self.plain(), want.plain());
        match (have.as_ref(), wanted.as_ref()) {
            (Type::Any, _) | (_, Type::Any) => Ok(()),
            (Type::List(a), Type::List(b)) => a.fits(b).map_err(|why| format!("in the list, {why}")),
            (Type::Shape(a), Type::Shape(b)) if a == b => Ok(()),
            (Type::Shape(a), Type::Shape(b)) => {
                let extra: Vec<_> = a.members().map(|(n, _)| n).filter(|n| b.member(n).is_none()).collect();
                let taken = |n: &&str| a.member(n).zip(b.member(n));
                match extra.first() {
                    Some(first) => Err(format!(
                        "{} has members that {} does not take, such as {first}",
                        a.name(),
                        b.name()
                    )),
                    None => a.members().map(|(n, _)| n).filter_map(|n| taken(&n)).try_for_each(|(x, y)| {
                        if x.shape == y.shape { Ok(()) } else { shallow(x.shape, y.shape) }
                    }),
                }
            }
            (Type::Object(map), Type::Shape(b)) => map.iter().try_for_each(|(key, t)| match b.member(key) {
                Some(m) => t.fits(&Type::Shape(m.shape)).map_err(|why| format!("{key}: {why}")),
                None => Err(format!("{} has no member {key}", b.name())),
            }),
            (Type::Object(map), Type::Map(v)) => {
                map.iter().try_for_each(|(key, t)| t.fits(v).map_err(|why| format!("{key}: {why}")))
            }
            (Type::Map(a), Type::Map(b)) => a.fits(b),
            (Type::Word(have), Type::Word(known)) => match have.iter().find(|w| !known.contains(w)) {
                Some(odd) if have.len() == 1 => Err(format!("'{}' is not among its values", shown(odd))),
                _ => Ok(()),
            },
            (Type::Time, t) | (t, Type::Time) if t.is_text() && t.may_be_time() => Ok(()),
            (a, Type::Time) => Err(format!("{a} is not a time")),
            (a, b) if a.is_number() && b.is_number() => match (a, b) {
                (Type::Number, Type::Integer) => Err("a number may not be whole".to_owned()),
                _ => Ok(()),
            },
            (a, b) if a.is_text() && b.is_text() || a.is_map() && b.is_map() => Ok(()),
            (a, b) if a == b => Ok(()),
            (a, b) => Err(format!("{a} is not {b}")),
        }
    }
}

/// Compares two members of the same name by their kind only: structures may hold themselves.
fn shallow(a: Shape, b: Shape) -> Result<(), String> {
    let same = std::mem::discriminant(&a.kind()) == std::mem::discriminant(&b.kind());
    if same { Ok(()) } else { Err(format!("{} is not {}", Type::Shape(a), Type::Shape(b))) }
}

fn of_kind(kind: Kind) -> Type {
    match kind {
        Kind::Structure => Type::Any,
        Kind::List(element) => Type::list(Type::Shape(element)),
        Kind::Map(value) => Type::Map(Box::new(Type::Shape(value))),
        Kind::Text { enumeration: [] } | Kind::Blob => Type::Text,
        Kind::Text { enumeration } => Type::Word(enumeration.iter().map(|w| (*w).to_owned()).collect()),
        Kind::Integer => Type::Integer,
        Kind::Float => Type::Number,
        Kind::Boolean => Type::Boolean,
        Kind::Timestamp => Type::Time,
    }
}

/// What two plain types have in common.
fn both(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a.clone(),
        (Type::Word(x), Type::Word(y)) => {
            let more = y.iter().filter(|w| !x.contains(w));
            Type::Word(x.iter().chain(more).cloned().collect())
        }
        (Type::List(x), Type::List(y)) if x.is_any() || y.is_any() => {
            Type::List(if x.is_any() { y.clone() } else { x.clone() })
        }
        (Type::List(x), Type::List(y)) => Type::list(x.or(y)),
        (Type::Object(o), t) | (t, Type::Object(o)) if o.is_empty() && t.is_map() => t.clone(),
        (Type::Map(x), Type::Map(y)) => Type::Map(Box::new(x.or(y))),
        (a, b) if a.is_number() && b.is_number() => Type::Number,
        (a, b) if a.is_text() && b.is_text() => Type::Text,
        _ => Type::Any,
    }
}

fn shown(word: &str) -> String {
    crate::text::fit(&crate::text::clean(word), 40)
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.plain().as_ref() {
            Type::Any | Type::Optional(_) => f.write_str("a value"),
            Type::Null => f.write_str("null"),
            Type::Boolean => f.write_str("a boolean"),
            Type::Integer | Type::Number => f.write_str("a number"),
            Type::Text => f.write_str("text"),
            Type::Word(words) => match words.as_slice() {
                [one] => write!(f, "the text '{}'", shown(one)),
                _ => f.write_str("text"),
            },
            Type::Time => f.write_str("a time"),
            Type::Duration => f.write_str("a duration"),
            Type::List(element) => match element.plain().as_ref() {
                Type::Shape(shape) => write!(f, "a list of {}", shape.name()),
                Type::Word(_) | Type::Text => f.write_str("a list of texts"),
                Type::Integer | Type::Number => f.write_str("a list of numbers"),
                _ => f.write_str("a list"),
            },
            Type::Map(_) => f.write_str("a map"),
            Type::Shape(shape) => write!(f, "the structure {}", shape.name()),
            Type::Object(_) => f.write_str("an object"),
        }
    }
}
