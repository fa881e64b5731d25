//! Calls that change something: sent once, and an outcome that claims no more than the answer proves.

use serde_json::Value;

use super::document::{self, Secrets};
use super::guard::Verdict;
use super::read::ReadError;
use super::tap::{Failure, Lost, NotSent, Raw};
use crate::catalogue::Operation;

/// What became of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Sent {
    /// AWS did it.
    Executed { answer: Value, request_id: Option<String> },
    /// AWS answered that it did not: the code proves it (`Operation::not_executed`).
    Rejected { code: String, message: String, request_id: Option<String> },
    /// It may or may not have happened.
    Unknown { why: String, code: Option<String>, request_id: Option<String> },
    /// Nothing left this process.
    Refused(Unsent),
}

/// Why a call was not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsent {
    pub kind: UnsentKind,
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnsentKind {
    /// The guard: this process is read-only.
    ReadOnly,
    /// The catalogue does not have the operation.
    NotListed,
    /// The parameters are not what the operation takes.
    Invalid,
    /// The account was not proven with these very credentials.
    Unproven,
    NoCredentials,
    Expired,
    /// No connection came about, within its time.
    Unreachable,
}

/// The outcome of a call that got this answer, or none.
pub(super) fn outcome(operation: &Operation, result: Result<Raw, Failure>) -> Sent {
    let raw = match result {
        Ok(raw) => raw,
        Err(failure) => return failed(operation, failure),
    };
    match document::decode(operation, &raw.body, Secrets::Hidden) {
        Ok(answer) => Sent::Executed { answer, request_id: raw.request_id },
        Err(e) => unknown(format!("HTTP {}, {e}", raw.status), None, raw.request_id),
    }
}

/// The outcome of a call that failed before there was an operation to send.
pub(super) fn not_sent(failure: Failure) -> Sent {
    match failure {
        Failure::Refused(e) => unsent(UnsentKind::NotListed, e.to_string()),
        other => unsent(UnsentKind::Invalid, ReadError::from(other).message),
    }
}

fn failed(operation: &Operation, failure: Failure) -> Sent {
    match failure {
        Failure::Service { code, message, raw } if raw.status < 500 && operation.not_executed(&code) => {
            Sent::Rejected { code, message, request_id: raw.request_id }
        }
        Failure::Service { code, message, raw } => {
            let why = format!("HTTP {} {code} {message}", raw.status);
            unknown(why.trim().to_owned(), Some(code).filter(|c| !c.is_empty()), raw.request_id)
        }
        Failure::Lost { why, message, request_id } => {
            let why = match why {
                Lost::TimedOut => format!("no answer within the deadline: {message}"),
                Lost::Broken => format!("the connection broke: {message}"),
                Lost::Unreadable => format!("the answer could not be read: {message}"),
            };
            unknown(why, None, request_id)
        }
        Failure::Invalid(e) => unsent(UnsentKind::Invalid, e.to_string()),
        Failure::Refused(e) if e.verdict == Verdict::ReadOnly => unsent(UnsentKind::ReadOnly, e.to_string()),
        Failure::Refused(e) => unsent(UnsentKind::NotListed, e.to_string()),
        Failure::NotSent { why, message } => {
            let kind = match why {
                NotSent::NoCredentials => UnsentKind::NoCredentials,
                NotSent::ExpiredCredentials => UnsentKind::Expired,
                NotSent::Unreachable | NotSent::TimedOut => UnsentKind::Unreachable,
                NotSent::NoRegion | NotSent::Other => UnsentKind::Invalid,
            };
            unsent(kind, message)
        }
    }
}

/// The outcome of a call whose account was proven with other clients than those that would send it.
pub(super) fn unproven(account: &str) -> Sent {
    let message = format!("the credentials were loaded anew since account {account} was proven");
    unsent(UnsentKind::Unproven, message)
}

fn unknown(why: String, code: Option<String>, request_id: Option<String>) -> Sent {
    Sent::Unknown { why, code, request_id }
}

fn unsent(kind: UnsentKind, message: String) -> Sent {
    Sent::Refused(Unsent { kind, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::find;

    fn answered(status: u16, code: &str) -> Sent {
        let raw = Raw { status, ..Raw::default() };
        let failure = Failure::Service { code: code.to_owned(), message: String::new(), raw };
        outcome(find("rds", "RestoreDBInstanceFromDBSnapshot").unwrap(), Err(failure))
    }

    #[test]
    fn only_proof_is_a_rejection() {
        assert!(matches!(answered(400, "DBInstanceAlreadyExists"), Sent::Rejected { .. }));
        assert!(matches!(answered(403, "ExpiredToken"), Sent::Rejected { .. }));
        assert!(matches!(answered(500, "InternalFailure"), Sent::Unknown { .. }));
        assert!(matches!(answered(503, "Throttling"), Sent::Unknown { .. }));
        assert!(matches!(answered(400, "RequestTimeout"), Sent::Unknown { .. }));
        assert!(matches!(answered(400, ""), Sent::Unknown { code: None, .. }));
    }

    #[test]
    fn a_good_status_with_an_unreadable_body_is_unknown() {
        let raw = Raw { status: 200, body: b"<html>".to_vec(), request_id: Some("r".into()), date: None };
        let sent = outcome(find("rds", "DeleteDBInstance").unwrap(), Ok(raw));
        assert!(matches!(sent, Sent::Unknown { request_id: Some(_), .. }));
    }
}
