//! What AWS answers instead: code, status and sentence.

/// An error answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// The code on the wire, which is not always the name of its shape (`DBInstanceNotFound`).
    pub code: String,
    pub message: String,
    /// HTTP status.
    pub status: u16,
}

impl Refused {
    /// The caller's fault, status 400.
    pub fn new(code: &str, message: impl Into<String>) -> Refused {
        Refused { code: code.to_owned(), message: message.into(), status: 400 }
    }

    /// Something that is not there, status 404.
    pub fn not_found(code: &str, message: impl Into<String>) -> Refused {
        Refused { status: 404, ..Refused::new(code, message) }
    }

    /// An operation this world does not know.
    pub fn unknown_operation(service: &str, operation: &str) -> Refused {
        let code = if query(service) { "InvalidAction" } else { "UnknownOperationException" };
        Refused::new(code, format!("Could not find operation {operation} of {service}"))
    }
}

/// Answers of the front door, whoever is behind it.
impl Refused {
    /// Too many requests.
    pub fn throttled(service: &str) -> Refused {
        let code = if query(service) { "Throttling" } else { "ThrottlingException" };
        Refused::new(code, "Rate exceeded")
    }

    /// The session of the caller is over: 403 in the query protocol, 400 in the JSON ones (`aws.md` §7).
    pub fn expired(service: &str) -> Refused {
        let (code, status) =
            if query(service) { ("ExpiredToken", 403) } else { ("ExpiredTokenException", 400) };
        let message = "The security token included in the request is expired";
        Refused { code: code.to_owned(), message: message.to_owned(), status }
    }
}

fn query(service: &str) -> bool {
    matches!(service, "rds" | "sts")
}
