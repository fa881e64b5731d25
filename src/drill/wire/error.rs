//! Errors on the wire, per protocol.

use serde_json::json;

use super::Answer;
use super::xml::{element, leaf};
use crate::catalogue::Protocol;
use crate::world::Refused;

/// The answer for an error.
pub(super) fn answer(protocol: Protocol, refused: &Refused, request_id: &str) -> Answer {
    match protocol {
        Protocol::Query { namespace } => query(namespace, refused, request_id),
        Protocol::Json { json, target } => {
            let body = json!({"__type": typed(target, &refused.code), "message": refused.message});
            let content_type = format!("application/x-amz-json-{json}");
            Answer::new(refused.status, &content_type, request_id, body.to_string())
        }
        Protocol::RestJson => {
            let body = json!({"Code": refused.code, "Message": refused.message});
            let mut answer = Answer::new(refused.status, "application/json", request_id, body.to_string());
            answer.headers.push(("x-amzn-errortype", refused.code.clone()));
            answer
        }
    }
}

fn query(namespace: &str, refused: &Refused, request_id: &str) -> Answer {
    let mut body = format!("<ErrorResponse xmlns=\"{namespace}\">");
    element(&mut body, "Error", |body| {
        leaf(body, "Type", if refused.status < 500 { "Sender" } else { "Receiver" });
        leaf(body, "Code", &refused.code);
        leaf(body, "Message", &refused.message);
    });
    leaf(&mut body, "RequestId", request_id);
    body.push_str("</ErrorResponse>");
    Answer::new(refused.status, "text/xml", request_id, body)
}

/// `DynamoDB`'s codes stand behind a namespace: its own, or that of AWS's common front end. Clients cut it off.
fn typed(target: &str, code: &str) -> String {
    let Some(version) = target.strip_prefix("DynamoDB_") else { return code.to_owned() };
    match code {
        "ValidationException" => format!("com.amazon.coral.validate#{code}"),
        "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "InternalFailure"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "SerializationException"
        | "ServiceUnavailableException"
        | "UnknownOperationException"
        | "UnrecognizedClientException" => format!("com.amazon.coral.service#{code}"),
        _ => format!("com.amazonaws.dynamodb.v{version}#{code}"),
    }
}
