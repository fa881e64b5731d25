//! The static check of comparisons: which pairs of types can never be the same, or never be ordered.

use super::ast::Order;
use super::near;
use super::types::Type;

/// Why a comparison can never hold, if so.
pub(super) fn impossible(order: Order, left: &Type, right: &Type) -> Option<(String, Option<String>)> {
    let (l, r) = (left.plain(), right.plain());
    let (l, r) = (l.as_ref(), r.as_ref());
    if l.is_any() || r.is_any() {
        return None;
    }
    if order.is_equality() {
        return equal(l, r).err().map(|hint| (format!("{l} is never equal to {r}"), hint));
    }
    if l.is_number() && r.is_number() || (l.is_text() && r.is_text() && timely(l, r)) {
        return None;
    }
    let hint = match (l.is_text(), r.is_text()) {
        (true, true) => Some("only numbers and times are ordered".to_owned()),
        (true, false) => literal_hint(l, r),
        (false, _) => literal_hint(r, l),
    };
    Some((format!("{l} is not ordered against {r}"), hint))
}

/// Whether two texts may both be times, one of them surely.
fn timely(l: &Type, r: &Type) -> bool {
    l.may_be_time() && r.may_be_time() && (*l == Type::Time || *r == Type::Time)
}

/// Whether values of these plain types may be the same; if not, what was probably meant.
pub(super) fn equal(l: &Type, r: &Type) -> Result<(), Option<String>> {
    match (l, r) {
        (Type::Null | Type::Any, _) | (_, Type::Null | Type::Any) | (Type::Boolean, Type::Boolean) => Ok(()),
        (Type::Word(a), Type::Word(b)) => {
            let (one, known) = if a.len() == 1 { (&a[0], b) } else { (&b[0], a) };
            if a.iter().any(|w| b.contains(w)) { Ok(()) } else { Err(Some(among(one, known))) }
        }
        (Type::Time, Type::Word(_)) | (Type::Word(_), Type::Time) if !timely(l, r) => {
            Err(Some("a time is written '2026-03-01T01:40:00Z'".to_owned()))
        }
        (a, b) if a.is_text() && b.is_text() || a.is_number() && b.is_number() => Ok(()),
        (a, b) if a.is_list() && b.is_list() || a.is_map() && b.is_map() => Ok(()),
        (a, b) => Err(if a.is_text() { literal_hint(a, b) } else { literal_hint(b, a) }),
    }
}

/// "Did you mean" among the values of an enumeration.
pub(super) fn among(word: &str, known: &[String]) -> String {
    if let Some(near) = near(word, known.iter().map(String::as_str)) {
        return format!("did you mean '{near}'?");
    }
    let some: Vec<_> = known.iter().take(6).map(|w| format!("'{w}'")).collect();
    format!("its values are {}{}", some.join(", "), if known.len() > 6 { ", …" } else { "" })
}

/// The right spelling of a text literal that stands where a number or a boolean is meant.
fn literal_hint(text: &Type, other: &Type) -> Option<String> {
    let Type::Word(words) = text else { return None };
    let [word] = words.as_slice() else { return None };
    let is = |ok: bool, what: &str| ok.then(|| format!("{what} is written `{word}` in backticks"));
    match other {
        Type::Boolean => is(matches!(word.as_str(), "true" | "false"), "a boolean"),
        Type::Integer | Type::Number => is(word.parse::<f64>().is_ok(), "a number"),
        _ => None,
    }
}
