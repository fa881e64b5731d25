//! What an error code of any AWS service says to a person.

/// What can be done about an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// The credentials are good and do not allow this.
    NoAccess,
    /// Credentials or session ran out.
    Expired,
    /// The credentials are not known, or the signature is wrong.
    Unknown,
    Throttled,
    /// The endpoint does not have this operation.
    Unsupported,
    /// The service failed.
    Server,
    /// It says something about the world (`DBInstanceNotFound`).
    Answer,
}

impl Meaning {
    /// None for an empty code.
    pub fn of(code: &str) -> Option<Meaning> {
        Some(match code {
            "" => return None,
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "NotAuthorized"
            | "OptInRequired" => Meaning::NoAccess,
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Meaning::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "AuthFailure"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignature" => Meaning::Unknown,
            "UnknownOperationException"
            | "InvalidAction"
            | "NotImplemented"
            | "UnsupportedOperationException" => Meaning::Unsupported,
            "RequestLimitExceeded" | "TooManyRequestsException" => Meaning::Throttled,
            "InternalFailure"
            | "InternalServerError"
            | "InternalError"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "DependencyFailureException"
            | "ServerException"
            | "InternalServiceException" => Meaning::Server,
            _ if code.contains("Throttl") => Meaning::Throttled,
            _ => Meaning::Answer,
        })
    }
}
