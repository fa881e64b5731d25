//! The HTTP status of errors that any AWS service gives and no model declares.

use super::Protocol;

/// From "Common errors" of the API references. The JSON 1.x services answer 400 to whatever is not the server's
/// fault, wrong credentials included.
pub(super) fn common(protocol: Protocol, code: &str) -> u16 {
    match code {
        "InternalFailure" | "InternalError" | "InternalServerError" | "ServerException" => 500,
        "ServiceUnavailable" | "ServiceUnavailableException" => 503,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "OptInRequired"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "UnrecognizedClientException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
            if !matches!(protocol, Protocol::Json { .. }) =>
        {
            403
        }
        _ => 400,
    }
}
