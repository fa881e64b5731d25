//! Errors that any service gives before it looks at the call: what a fault injector answers with.

use super::model;
use super::route::UNKNOWN;
use crate::catalogue::Protocol;
use crate::world::Refused;

/// What is wrong with a call, or with the service, whatever the call says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Common {
    /// The session of the caller has ended.
    Expired,
    /// There is no such access key.
    UnknownKey,
    /// The secret does not belong to the access key.
    WrongSignature,
    /// The clocks differ by more than AWS allows.
    Skewed,
    AccessDenied,
    Throttled,
    /// 500: proves nothing.
    Internal,
    /// 503: proves nothing.
    Unavailable,
}

/// The error as the service of an operation says it; a service that is not known answers as JSON.
///
/// Sources: "Common errors" of the API references; `Throttling` for RDS is what is seen in the wild (`aws.md` §6).
pub fn refused_as(service: &str, operation: &str, kind: Common) -> Refused {
    let model = model::find(service, operation).or_else(|| model::of(service).next());
    let protocol = model.map_or(UNKNOWN, |m| m.protocol());
    let code = if matches!(protocol, Protocol::Query { .. }) { query(kind) } else { json(kind) };
    let status = model.map_or(400, |m| m.facts.status(code));
    Refused { status, ..Refused::new(code, message(service, operation, kind)) }
}

fn query(kind: Common) -> &'static str {
    match kind {
        Common::Expired => "ExpiredToken",
        Common::UnknownKey => "InvalidClientTokenId",
        Common::WrongSignature | Common::Skewed => "SignatureDoesNotMatch",
        Common::AccessDenied => "AccessDenied",
        Common::Throttled => "Throttling",
        Common::Internal => "InternalFailure",
        Common::Unavailable => "ServiceUnavailable",
    }
}

fn json(kind: Common) -> &'static str {
    match kind {
        Common::Expired => "ExpiredTokenException",
        Common::UnknownKey => "UnrecognizedClientException",
        Common::WrongSignature | Common::Skewed => "InvalidSignatureException",
        Common::AccessDenied => "AccessDeniedException",
        Common::Throttled => "ThrottlingException",
        Common::Internal => "InternalFailure",
        Common::Unavailable => "ServiceUnavailableException",
    }
}

fn message(service: &str, operation: &str, kind: Common) -> String {
    match kind {
        Common::Expired => "The security token included in the request is expired".to_owned(),
        Common::UnknownKey => "The security token included in the request is invalid.".to_owned(),
        Common::WrongSignature => {
            "The request signature we calculated does not match the signature you provided. Check your AWS \
             Secret Access Key and signing method."
                .to_owned()
        }
        Common::Skewed => {
            "Signature expired: the time of the request is too far from that of the server.".to_owned()
        }
        Common::AccessDenied => format!("User is not authorized to perform: {service}:{operation}"),
        Common::Throttled => "Rate exceeded".to_owned(),
        Common::Internal => "The request processing has failed because of an unknown error.".to_owned(),
        Common::Unavailable => "The request has failed due to a temporary failure of the server.".to_owned(),
    }
}
