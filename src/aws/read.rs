//! Reads: all pages, long name lists in batches, and errors by what an operator can do about them.

use serde_json::{Map, Value};

use super::document::{self, Secrets};
use super::tap::{Failure, Lost, NotSent, Raw};
use crate::catalogue::{Kind, Operation};

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
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "NotAuthorized"
        | "OptInRequired" => K::NoAccess,
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => K::Expired,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature" => K::NoCredentials,
        "UnknownOperationException"
        | "InvalidAction"
        | "NotImplemented"
        | "UnsupportedOperationException" => K::Unsupported,
        "" if raw.status == 501 || raw.status == 404 || markup(&raw.body) => K::Unsupported,
        "" => K::Transport,
        _ if code.contains("Throttl")
            || matches!(code, "RequestLimitExceeded" | "TooManyRequestsException") =>
        {
            K::Throttled
        }
        "InternalFailure"
        | "InternalServerError"
        | "InternalError"
        | "ServiceUnavailable"
        | "ServerException"
        | "InternalServiceException" => K::Transport,
        _ => K::Answer,
    }
}

/// A web page where an answer should be: something on the way, or a server that fell over.
fn markup(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(64)]).trim_start().to_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// The parameters of one batch each; none when nothing need be sent.
pub(super) fn batches(operation: &Operation, parameters: &Value) -> Vec<Value> {
    let batch = operation.batch().and_then(|b| Some((b, parameters.get(b.parameter)?.as_array()?)));
    let Some((batch, names)) = batch else { return vec![parameters.clone()] };
    let part = |names: &[Value]| {
        let mut part = parameters.clone();
        part[batch.parameter] = Value::from(names.to_vec());
        part
    };
    names.chunks(batch.most).map(part).collect()
}

/// The answer to a question about nothing: every list of it, empty.
pub(super) fn nothing(operation: &Operation) -> Value {
    let lists = operation.output().into_iter().flat_map(crate::catalogue::Shape::members);
    let lists = lists.filter(|(_, m)| matches!(m.shape.kind(), Kind::List(_)));
    Value::Object(lists.map(|(name, _)| (name.to_owned(), Value::Array(Vec::new()))).collect())
}

/// Decodes one answer.
pub(super) fn decoded(operation: &Operation, raw: &Raw) -> Result<Value, ReadError> {
    document::decode(operation, &raw.body, Secrets::Hidden)
        .map_err(|e| ReadError::new(ReadErrorKind::Unsupported, None, e.to_string()))
}

/// Appends the lists of a further page or batch to what there is.
pub(super) fn join(all: &mut Value, more: Value) {
    let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) else { return };
    for (name, value) in more {
        match (all.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (Some(_), _) => {}
            (None, value) => {
                all.insert(name, value);
            }
        }
    }
}

/// The token of the next page, taken out of the answer.
pub(super) fn next_page(operation: &Operation, answer: &mut Value) -> Option<(&'static str, Value)> {
    let paging = operation.paging()?;
    let token = answer.as_object_mut().and_then(|a: &mut Map<_, _>| a.shift_remove(paging.output_token))?;
    let more = !token.is_null() && token != "";
    more.then_some((paging.input_token, token))
}

/// ECS answers what it did not find with HTTP 200: that is an error (DESIGN law 5).
pub(super) fn failures(operation: &Operation, answer: &Value) -> Result<(), ReadError> {
    let list = operation.failures().and_then(|member| answer[member].as_array());
    let Some(first) = list.and_then(|l| l.first()) else { return Ok(()) };
    let text = |f: &Value, name: &str| f[name].as_str().unwrap_or_default().to_owned();
    let all: Vec<String> = list
        .into_iter()
        .flatten()
        .map(|f| format!("{} {}", text(f, "reason"), text(f, "arn")).trim().to_owned())
        .collect();
    let reason = Some(text(first, "reason")).filter(|r| !r.is_empty());
    Err(ReadError { kind: ReadErrorKind::Answer, code: reason, message: all.join("; ") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::find;

    #[test]
    fn long_lists_are_split_and_empty_ones_are_not_sent() {
        let describe = find("ecs", "DescribeServices").unwrap();
        let names: Vec<String> = (0..23).map(|n| format!("s{n}")).collect();
        let parts = batches(describe, &json!({"cluster": "c", "services": names}));
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[2], json!({"cluster": "c", "services": ["s20", "s21", "s22"]}));
        assert!(batches(describe, &json!({"services": []})).is_empty());
        assert_eq!(nothing(describe), json!({"services": [], "failures": []}));
        let clusters = find("ecs", "DescribeClusters").unwrap();
        assert_eq!(batches(clusters, &json!({})), [json!({})]);
    }

    #[test]
    fn pages_are_joined_and_lose_their_token() {
        let list = find("rds", "DescribeDBInstances").unwrap();
        let mut page = json!({"Marker": "m", "DBInstances": [1]});
        assert_eq!(next_page(list, &mut page), Some(("Marker", json!("m"))));
        join(&mut page, json!({"DBInstances": [2, 3]}));
        assert_eq!(page, json!({"DBInstances": [1, 2, 3]}));
        assert_eq!(next_page(list, &mut json!({"DBInstances": []})), None);
    }

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
        ] {
            assert_eq!(service_error(code, "", raw).kind, kind, "{code}");
        }
    }
}
