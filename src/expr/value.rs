//! Values while an expression is evaluated: parts of documents are borrowed, what is made is shared.
//!
//! A 100 KB document is never copied: only the final result becomes a `serde_json::Value` again.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

/// A value: borrowed from a document, a literal or a template, or made on the way.
#[derive(Clone, Debug)]
pub(super) enum Val<'a> {
    Doc(&'a Value),
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    List(Rc<Vec<Val<'a>>>),
    Map(Rc<Vec<(Cow<'a, str>, Val<'a>)>>),
}

/// A value seen by its JSON type.
pub(super) enum Seen<'v, 'a> {
    Null,
    Bool(bool),
    Number(&'v Number),
    Text(&'v str),
    List(Items<'v, 'a>),
    Map(Entries<'v, 'a>),
}

/// The elements of a list.
#[derive(Clone, Copy)]
pub(super) enum Items<'v, 'a> {
    Doc(&'a [Value]),
    Made(&'v [Val<'a>]),
}

/// The entries of a map.
#[derive(Clone, Copy)]
pub(super) enum Entries<'v, 'a> {
    Doc(&'a Map<String, Value>),
    Made(&'v [(Cow<'a, str>, Val<'a>)]),
}

impl<'a> Val<'a> {
    pub const NULL: Val<'static> = Val::Doc(&Value::Null);

    pub fn text(text: &str) -> Val<'a> {
        Val::Text(Rc::from(text))
    }

    pub fn list(items: Vec<Val<'a>>) -> Val<'a> {
        Val::List(Rc::new(items))
    }

    pub fn map(entries: Vec<(Cow<'a, str>, Val<'a>)>) -> Val<'a> {
        Val::Map(Rc::new(entries))
    }

    pub fn seen(&self) -> Seen<'_, 'a> {
        match self {
            Val::Doc(value) => match value {
                Value::Null => Seen::Null,
                Value::Bool(b) => Seen::Bool(*b),
                Value::Number(n) => Seen::Number(n),
                Value::String(s) => Seen::Text(s),
                Value::Array(items) => Seen::List(Items::Doc(items)),
                Value::Object(map) => Seen::Map(Entries::Doc(map)),
            },
            Val::Bool(b) => Seen::Bool(*b),
            Val::Number(n) => Seen::Number(n),
            Val::Text(s) => Seen::Text(s),
            Val::List(items) => Seen::List(Items::Made(items)),
            Val::Map(entries) => Seen::Map(Entries::Made(entries)),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Val::Doc(Value::Null))
    }

    /// JMESPath's truth: null, false and everything empty are false; every number is true.
    pub fn is_truthy(&self) -> bool {
        match self.seen() {
            Seen::Null => false,
            Seen::Bool(b) => b,
            Seen::Number(_) => true,
            Seen::Text(s) => !s.is_empty(),
            Seen::List(items) => items.len() > 0,
            Seen::Map(entries) => entries.len() > 0,
        }
    }

    /// The words of the operator for the type of the value.
    pub fn kind(&self) -> &'static str {
        match self.seen() {
            Seen::Null => "null",
            Seen::Bool(_) => "a boolean",
            Seen::Number(_) => "a number",
            Seen::Text(_) => "text",
            Seen::List(_) => "a list",
            Seen::Map(_) => "a map",
        }
    }

    /// The type and, for what is short, the value: safe to show, at most about 60 characters.
    pub fn shown(&self) -> String {
        match self.seen() {
            Seen::Null => "null".to_owned(),
            Seen::Bool(b) => b.to_string(),
            Seen::Number(n) => format!("the number {n}"),
            Seen::Text(s) => {
                let start = s.char_indices().nth(60).map_or(s, |(i, _)| &s[..i]);
                let short = crate::text::fit(&crate::text::clean(start), 50);
                let cut = if start.len() < s.len() && !short.ends_with('…') { "…" } else { "" };
                format!("the text '{short}{cut}'")
            }
            Seen::List(items) => format!("a list of {}", items.len()),
            Seen::Map(entries) => format!("a map of {}", entries.len()),
        }
    }
}

impl<'a> Items<'_, 'a> {
    pub fn len(self) -> usize {
        match self {
            Items::Doc(items) => items.len(),
            Items::Made(items) => items.len(),
        }
    }

    pub fn get(self, i: usize) -> Option<Val<'a>> {
        match self {
            Items::Doc(items) => items.get(i).map(Val::Doc),
            Items::Made(items) => items.get(i).cloned(),
        }
    }

    pub fn iter(self) -> impl DoubleEndedIterator<Item = Val<'a>> {
        (0..self.len()).filter_map(move |i| self.get(i))
    }
}

impl<'v, 'a> Entries<'v, 'a> {
    pub fn len(self) -> usize {
        match self {
            Entries::Doc(map) => map.len(),
            Entries::Made(entries) => entries.len(),
        }
    }

    pub fn get(self, key: &str) -> Option<Val<'a>> {
        match self {
            Entries::Doc(map) => map.get(key).map(Val::Doc),
            Entries::Made(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()),
        }
    }

    pub fn iter(self) -> Box<dyn Iterator<Item = (Cow<'a, str>, Val<'a>)> + 'v>
    where
        'a: 'v,
    {
        match self {
            Entries::Doc(map) => Box::new(map.iter().map(|(k, v)| (Cow::Borrowed(k.as_str()), Val::Doc(v)))),
            Entries::Made(entries) => Box::new(entries.iter().cloned()),
        }
    }
}

/// Compares numbers exactly: an integer is never rounded to be compared with another.
pub(super) fn compare(a: &Number, b: &Number) -> Ordering {
    if let (Some(x), Some(y)) = (integer(a), integer(b)) {
        return x.cmp(&y);
    }
    let float = |n: &Number| n.as_f64().unwrap_or(f64::NAN);
    float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal)
}

/// The number as an integer, where it is one; `3.0` is 3.
pub(super) fn integer(n: &Number) -> Option<i128> {
    if let Some(i) = n.as_i64() {
        return Some(i128::from(i));
    }
    if let Some(u) = n.as_u64() {
        return Some(i128::from(u));
    }
    let f = n.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "the value is whole and below 2^100")]
    (f.fract() == 0.0 && f.abs() < 1e30).then_some(f as i128)
}

/// An integer as a JSON number: exact within 64 bits, else the nearest float.
pub(super) fn from_integer(i: i128) -> Number {
    if let Ok(small) = i64::try_from(i) {
        return small.into();
    }
    if let Ok(large) = u64::try_from(i) {
        return large.into();
    }
    #[expect(clippy::cast_precision_loss, reason = "beyond 64 bits JSON has only floats")]
    Number::from_f64(i as f64).unwrap_or_else(|| 0.into())
}

/// A float as a JSON number; `None` when it is not finite.
pub(super) fn from_float(f: f64) -> Option<Number> {
    Number::from_f64(f)
}

/// The moment a text names, if it is an RFC 3339 timestamp with a zone.
pub(super) fn instant(text: &str) -> Option<jiff::Timestamp> {
    let b = text.as_bytes();
    let looks = b.len() >= 17
        && b.len() <= 40
        && b[..4].iter().all(u8::is_ascii_digit)
        && b[4] == b'-'
        && b[7] == b'-'
        && matches!(b[10], b'T' | b't' | b' ');
    if looks { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_compare_exactly_and_meet_floats() {
        let n = |t: &str| serde_json::from_str::<Number>(t).unwrap();
        assert_eq!(compare(&n("9007199254740993"), &n("9007199254740992")), Ordering::Greater);
        assert_eq!(compare(&n("18446744073709551615"), &n("-1")), Ordering::Greater);
        assert_eq!(compare(&n("3"), &n("3.0")), Ordering::Equal);
        assert_eq!(compare(&n("2.5"), &n("2")), Ordering::Greater);
        assert_eq!(from_integer(i128::from(u64::MAX)).to_string(), "18446744073709551615");
    }

    #[test]
    fn only_a_timestamp_with_a_zone_is_an_instant() {
        assert!(instant("2026-03-01T01:40:00Z").is_some());
        assert_eq!(instant("2026-03-01T01:40:00+01:00"), instant("2026-03-01T00:40:00Z"));
        for no in ["2026-03-01", "2026-03-01T01:40:00", "available", "2026", "1.2.3-2026"] {
            assert!(instant(no).is_none(), "{no}");
        }
    }

    #[test]
    fn a_shown_value_is_short_and_clean() {
        let long = Val::text(&"é\u{1b}".repeat(500));
        assert!(long.shown().chars().count() < 70, "{}", long.shown());
        assert!(!long.shown().contains('\u{1b}'));
    }
}
