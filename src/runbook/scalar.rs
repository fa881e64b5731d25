//! Plain YAML scalars: what the 1.2 core schema makes of them, and which of them readers disagree about.

use serde_json::{Number, Value};

/// The value of a plain scalar in the YAML 1.2 core schema.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.trim_start_matches('+').parse::<i64>().ok().map(Number::from);
    }
    let float = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    float.then(|| text.parse::<f64>().ok().and_then(Number::from_f64)).flatten()
}

/// Why readers of YAML 1.1 and 1.2 disagree about a plain scalar, or why no value holds it.
pub(super) fn ambiguous(text: &str) -> Option<&'static str> {
    if matches!(text.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off") {
        return Some("a boolean for some YAML readers and a text for others");
    }
    if matches!(text.trim_start_matches(['-', '+']), ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Some("a number that JSON cannot hold");
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if digits.len() > 1
        && digits.starts_with('0')
        && digits[1..].bytes().all(|b| b.is_ascii_digit() || b == b'_')
    {
        return Some("an octal number for some YAML readers and a decimal one for others");
    }
    if digits.starts_with("0o") || digits.starts_with("0b") {
        return Some("a number for some YAML readers and a text for others");
    }
    numeric_disagreement(digits)
}

fn numeric_disagreement(digits: &str) -> Option<&'static str> {
    let all = |allowed: fn(u8) -> bool| digits.bytes().all(allowed);
    if digits.contains('_') && all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.')) {
        return Some("a number for some YAML readers and a text for others");
    }
    if digits.contains(':') && all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'_')) {
        return Some("a number in base 60 for some YAML readers and a text for others");
    }
    if is_date(digits) {
        return Some("a date for some YAML readers and a text for others");
    }
    if digits.contains(['e', 'E']) && !digits.contains('.') && number(digits).is_some() {
        return Some("a number for some YAML readers and a text for others");
    }
    if all(|b| b.is_ascii_digit()) && digits.parse::<i64>().is_err() {
        return Some("a number too large to be kept exactly");
    }
    None
}

/// `2026-03-01`, with or without a time behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let number = |part: Option<&str>, n: usize| {
        part.is_some_and(|p| !p.is_empty() && p.len() <= n && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let (year, month) = (parts.next(), parts.next());
    let day = parts.next().map(|rest| rest.split(['T', 't', ' ']).next().unwrap_or_default());
    year.is_some_and(|y| y.len() == 4) && number(year, 4) && number(month, 2) && number(day, 2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("true", json!(true)),
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("0x1F", json!(31)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1.5e3", json!(1500.0)),
            ("15m", json!("15m")),
            ("-", json!("-")),
            (".", json!(".")),
            ("1.2.3", json!("1.2.3")),
            ("T2", json!("T2")),
        ] {
            assert_eq!(resolve(text), value, "{text}");
            assert_eq!(ambiguous(text), None, "{text}");
        }
    }

    #[test]
    fn words_that_readers_disagree_about_are_named() {
        for text in [
            "y",
            "N",
            "yes",
            "No",
            "on",
            "OFF",
            "12:30",
            "1:2:3",
            "0123",
            "00",
            "1_000",
            "0o17",
            "0b1",
            "1e3",
            "2026-03-01",
            "2026-03-01T01:40:00Z",
            ".inf",
            "-.INF",
            ".nan",
            "99999999999999999999",
        ] {
            assert!(ambiguous(text).is_some(), "{text}");
        }
        for text in
            ["none", "only", "yesterday", "10.0.0.0/16", "9-10", "18+", "eu-west-1", "1.0.0", "5m", "a:b"]
        {
            assert!(ambiguous(text).is_none(), "{text}");
        }
    }
}
