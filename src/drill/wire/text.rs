//! Scalars as text: percent-encoding, times, base64, numbers. Shared by forms, paths and XML.

use serde_json::{Number, Value};

use crate::catalogue::Kind;
use crate::ids::At;

/// Percent-encoded bytes as text; `plus` says whether `+` means a space, as it does in forms.
/// `None` for a broken escape and for what is not UTF-8.
pub(super) fn percent_decoded(text: &str, plus: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if plus => b' ',
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

/// A scalar of a form, a path or a query string as a document has it; `None` when it is not of its kind.
pub(super) fn scalar(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Boolean => text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        Kind::Integer => text.parse::<i64>().ok().map(Value::from),
        Kind::Float => text.parse().ok().and_then(Number::from_f64).map(Value::from),
        Kind::Timestamp => At::parse(text).map(|at| Value::from(at.rfc3339())),
        Kind::Blob => is_base64(text).then(|| Value::from(text)),
        Kind::Text { .. } => Some(Value::from(text)),
        Kind::Structure | Kind::List(_) | Kind::Map(_) => None,
    }
}

/// Whether a text is base64 with its padding (RFC 4648 §4).
pub(super) fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    text.len().is_multiple_of(4) && text.len() - data.len() <= 2 && data.bytes().all(plain)
}
