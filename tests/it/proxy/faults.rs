//! What can go wrong between a client and AWS, addressed by operation and occurrence.

use std::time::Duration;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes before the call is executed.
    DropBefore,
    /// The call is executed, then the connection closes without an answer.
    ApplyThenDrop,
    /// The call is executed, then answered with 500.
    ApplyThenFail,
    /// The connection closes at once; the call is executed this much later.
    Late(Duration),
    /// Executed and answered, but only after this long.
    Delay(Duration),
    /// Stops before the call is executed, until [`super::Proxy::release`].
    HoldBefore,
    /// Stops between execution and answer, until [`super::Proxy::release`].
    HoldAfter,
    /// Refused by AWS without being executed.
    Refuse { status: u16, query_code: &'static str, json_code: &'static str },
    /// Answered as the last call of this operation was.
    Stale,
    /// Executed, but a page of HTML comes back with this status.
    Html(u16),
    /// Executed, but the connection closes in the middle of the answer.
    HalfBody,
}

impl Fault {
    pub fn throttled() -> Fault {
        Fault::Refuse { status: 400, query_code: "Throttling", json_code: "ThrottlingException" }
    }

    pub fn expired_token() -> Fault {
        Fault::Refuse { status: 403, query_code: "ExpiredToken", json_code: "ExpiredTokenException" }
    }

    pub fn access_denied() -> Fault {
        Fault::Refuse { status: 403, query_code: "AccessDenied", json_code: "AccessDeniedException" }
    }

    /// For the log.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::DropBefore => "dropped before",
            Fault::ApplyThenDrop => "applied, then dropped",
            Fault::ApplyThenFail => "applied, then 500",
            Fault::Late(_) => "executed late",
            Fault::Delay(_) => "delayed",
            Fault::HoldBefore => "held before",
            Fault::HoldAfter => "held after",
            Fault::Refuse { .. } => "refused",
            Fault::Stale => "stale",
            Fault::Html(_) => "HTML",
            Fault::HalfBody => "half an answer",
        }
    }
}

/// Which calls a fault hits.
#[derive(Clone, Debug)]
struct Rule {
    operation: String,
    from: u64,
    to: u64,
    fault: Fault,
}

/// The faults still to come.
#[derive(Debug, Default)]
pub struct Faults(Vec<Rule>);

impl Faults {
    /// Hits occurrences `from..=to` of an operation (`*`: any call, counted over all).
    pub fn add(&mut self, operation: &str, from: u64, to: u64, fault: Fault) {
        self.0.push(Rule { operation: operation.to_owned(), from, to, fault });
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault for the `nth` call of an operation, which is call number `seq` of all.
    pub fn for_call(&self, operation: &str, nth: u64, seq: u64) -> Option<Fault> {
        let hits = |rule: &&Rule| {
            let count = if rule.operation == "*" { seq } else { nth };
            (rule.operation == "*" || rule.operation == operation) && (rule.from..=rule.to).contains(&count)
        };
        self.0.iter().find(hits).map(|rule| rule.fault.clone())
    }
}
