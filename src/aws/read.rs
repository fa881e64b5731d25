//! Reads: all pages, long name lists in batches, and errors by what an operator can do about them.

use serde_json::Value;

use super::document::{self, Secrets};
use super::tap::{Failure, Lost, NotSent, Raw};
use crate::catalogue::{Meaning, Operation, pages};

/// The answer to a read.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    pub value: Value,
    /// The request ids of all pages and batches, in order; nothing was sent when there are none.
    pub request_ids: Vec<String>,
}

/// Why a read has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    pub kind: ReadErrorKind,
    /// The error code of AWS, or the reason of an ECS failure.
    pub code: Option<String>,
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadErrorKind {
    /// The credentials are good and do not allow this.
    NoAccess,
    /// Credentials or session ran out.
    Expired,
    /// There are no credentials, or AWS does not know them.
    NoCredentials,
    Throttled,
    /// No connection, or one that broke.
    Transport,
    Timeout,
    /// The endpoint does not have this operation.
    Unsupported,
    /// The parameters are not what the operation takes; nothing was sent.
    Invalid,
    /// The guard refused; nothing was sent.
    Refused,
    /// The service answered with an error that says something about the world (`DBInstanceNotFound`).
    Answer,
}

impl ReadError {
    pub(super) fn new(kind: ReadErrorKind, code: Option<&str>, message: impl Into<String>) -> ReadError {
        ReadError { kind, code: code.map(str::to_owned), message: message.into() }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> ReadError {
        use ReadErrorKind as K;
        match failure {
            Failure::Invalid(e) => ReadError::new(K::Invalid, None, e.to_string()),
            Failure::Refused(e) => ReadError::new(K::Refused, None, e.to_string()),
            Failure::NotSent { why, message } => {
                let kind = match why {
                    NotSent::NoCredentials => K::NoCredentials,
                    NotSent::ExpiredCredentials => K::Expired,
                    NotSent::Unreachable => K::Transport,
                    NotSent::TimedOut => K::Timeout,
                    NotSent::NoRegion | NotSent::Other => K::Invalid,
                };
                ReadError::new(kind, None, message)
            }
            Failure::Lost { why, message, .. } => {
                let kind = match why {
                    Lost::TimedOut => K::Timeout,
                    Lost::Broken => K::Transport,
                    Lost::Unreadable => K::Unsupported,
                };
                ReadError::new(kind, None, message)
            }
            Failure::Service { code, message, raw } => service_error(&code, &message, &raw),
        }
    }
}

fn service_error(code: &str, message: &str, raw: &Raw) -> ReadError {
    let kind = kind_of(code, raw);
    let message = match (kind, message.is_empty()) {
        (ReadErrorKind::Unsupported, _) if code.is_empty() => {
            format!("the endpoint does not answer this operation (HTTP {})", raw.status)
        }
        (_, true) => format!("{code} (HTTP {})", raw.status),
        (_, false) => format!("{code}: {message}"),
    };
    ReadError { kind, code: Some(code.to_owned()).filter(|c| !c.is_empty()), message }
}

fn kind_of(code: &str, raw: &Raw) -> ReadErrorKind {
    use ReadErrorKind as K;
    match Meaning::of(code) {
        Some(Meaning::NoAccess) => K::NoAccess,
        Some(Meaning::Expired) => K::Expired,
        Some(Meaning::Unknown) => K::NoCredentials,
        Some(Meaning::Unsupported) => K::Unsupported,
        Some(Meaning::Throttled) => K::Throttled,
        Some(Meaning::Answer) => K::Answer,
        None if raw.status == 501 || raw.status == 404 || markup(&raw.body) => K::Unsupported,
        Some(Meaning::Server) | None => K::Transport,
    }
}

/// A web page where an answer should be: something on the way, or a server that fell over.
fn markup(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(64)]).trim_start().to_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// Decodes one answer.
pub(super) fn decoded(operation: &Operation, raw: &Raw) -> Result<Value, ReadError> {
    document::decode(operation, &raw.body, Secrets::Hidden)
        .map_err(|e| ReadError::new(ReadErrorKind::Unsupported, None, e.to_string()))
}

/// ECS answers what it did not find with HTTP 200: that is an error (DESIGN law 5).
pub(super) fn failures(operation: &Operation, answer: &Value) -> Result<(), ReadError> {
    let Some((code, message)) = pages::failures(operation, answer) else { return Ok(()) };
    Err(ReadError { kind: ReadErrorKind::Answer, code, message })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    #[test]
    fn what_ecs_did_not_find_is_an_error_with_its_reason() {
        let describe = find("ecs", "DescribeServices").unwrap();
        let answer = json!({"services": [{}], "failures": [{"arn": "a", "reason": "MISSING"}]});
        let error = failures(describe, &answer).unwrap_err();
        assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("MISSING"), "MISSING a"));
        assert_eq!(failures(describe, &json!({"services": [], "failures": []})), Ok(()));
    }

    #[test]
    fn errors_are_sorted_by_what_can_be_done_about_them() {
        let html = Raw { status: 500, body: b"<!doctype html>\n".to_vec(), ..Raw::default() };
        let plain = Raw { status: 400, ..Raw::default() };
        for (code, raw, kind) in [
            ("AccessDenied", &plain, ReadErrorKind::NoAccess),
            ("ExpiredTokenException", &plain, ReadErrorKind::Expired),
            ("Throttling", &plain, ReadErrorKind::Throttled),
            ("ThrottlingException", &plain, ReadErrorKind::Throttled),
            ("DBInstanceNotFound", &plain, ReadErrorKind::Answer),
            ("", &html, ReadErrorKind::Unsupported),
            ("InternalFailure", &plain, ReadErrorKind::Transport),
            ("ServiceUnavailableException", &plain, ReadErrorKind::Transport),
        ] {
            assert_eq!(service_error(code, "", raw).kind, kind, "{code}");
        }
    }
}
