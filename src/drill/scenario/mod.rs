//! The scenario file: what is there, what goes wrong, what a good response is, and how it ends then.
//!
//! [`load`] checks it like a runbook; a [`Scenario`] exists only when nothing is wrong with it. Templates in its
//! world and its parameters know `now`, the moment at which the drill begins.

mod embedded;
mod keys;
mod load;
mod merge;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::expr::Expr;
use crate::ids::{At, Span, StepPath};
use crate::world::Site;

pub use embedded::embedded;
pub use load::load;

/// One loaded scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    pub id: String,
    pub runbook: String,
    pub title: String,
    pub story: String,
    pub teaches: String,
    pub now: At,
    pub place: Site,
    pub parameters: Map<String, Value>,
    /// What is there at the start, in the order in which it is placed.
    pub world: Things,
    pub writers: Vec<Writer>,
    pub faults: Vec<Fault>,
    pub events: Vec<Event>,
    /// By path, without keys of items.
    pub answers: BTreeMap<StepPath, String>,
    pub response: Vec<Response>,
    pub hints: Vec<Hint>,
    pub rto: Option<Span>,
    pub rpo: Option<Span>,
    pub expect: Expect,
}

/// Things of the world by kind, as `World::place` takes them.
pub type Things = Vec<(String, Value)>;

/// A service that writes to a store while its tasks run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Writer {
    /// `CLUSTER/SERVICE`.
    pub service: String,
    /// The identifier by which it finds its database, whoever bears it.
    pub store: String,
}

/// Which calls are meant.
#[derive(Clone, PartialEq, Debug)]
pub struct Calls {
    pub service: Option<String>,
    /// The operation; ending in `*` its beginning.
    pub operation: Option<String>,
    /// On the parameters.
    pub condition: Option<Expr>,
}

/// What AWS does wrong, and when.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    pub on: Calls,
    /// Which of the calls, counted from 1; empty for all.
    pub nth: Vec<u64>,
    /// In how many of a hundred.
    pub chance: Option<u64>,
    pub from: Option<Span>,
    pub until: Option<Span>,
    pub after: Option<Calls>,
    pub lasts: Option<Span>,
    pub does: Wrong,
}

/// What happens instead of a good answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Wrong {
    /// The call is executed and nothing is heard of it.
    DropAnswer,
    /// The call never arrives.
    DropRequest,
    Throttle,
    /// The credentials are no longer accepted.
    Expired,
    /// Every list of the answer is empty.
    Empty,
    HalfBody,
    Html500,
    /// The answer comes late, on the wall.
    Delay(Span),
    /// The answer is that of so long before.
    Stale(Span),
    Error {
        code: String,
        message: String,
        status: u16,
    },
}

/// What others do meanwhile.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    pub when: Moment,
    pub say: String,
    pub does: Vec<Deed>,
}

/// When an event happens.
#[derive(Clone, PartialEq, Debug)]
pub enum Moment {
    /// So long after the start.
    At(Span),
    /// So long after such a call was accepted.
    After(Box<Calls>, Span),
}

/// A call with everything it needs.
#[derive(Clone, PartialEq, Debug)]
pub struct Foreign {
    pub service: String,
    pub operation: String,
    pub parameters: Value,
}

/// What a good operator does on an occasion.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    pub step: StepPath,
    pub occasion: Occasion,
    /// Words of the reason; at a gate, of its phrase.
    pub because: String,
    pub does: Vec<Deed>,
    pub times: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// The step does not go on by itself.
    Held,
    /// Its gate is open.
    Gate,
    /// It asks for an answer.
    Asked,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Deed {
    Retry,
    Skip,
    Accept,
    GiveUp,
    Abort,
    /// Leaves the run as it stands.
    Leave,
    Extend(Span),
    RollBack(String),
    Redo(String),
    Answer(String),
    Settle {
        happened: bool,
    },
    Wait(Span),
    Call(Foreign),
    Place(Things),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    pub at: Option<String>,
    pub text: String,
}

/// How a drill ends when it is answered well.
#[derive(Clone, PartialEq, Debug)]
pub struct Expect {
    pub outcome: Outcome,
    /// The step, or `preflight`, at which it stops.
    pub at: Option<String>,
    /// Words of the reason why it stops.
    pub because: String,
    /// Every preflight check that warns; not judged where nothing is said.
    pub warns: Option<Vec<String>>,
    pub world: Vec<Judged>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Without any response.
    Recovered,
    /// After the response that the scenario names.
    RecoveredAfterResponse,
    /// Taken back to where it began.
    RolledBack,
    /// It goes no further, for the reason that is named.
    Stopped,
}

/// What is true of the world at the end.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    pub name: String,
    pub check: Expr,
    pub message: String,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Recovered => "recovered",
            Outcome::RecoveredAfterResponse => "recovered_after_response",
            Outcome::RolledBack => "rolled_back",
            Outcome::Stopped => "stopped",
        }
    }
}

impl Calls {
    /// Whether a call is one of these.
    pub fn meets(&self, service: &str, operation: &str, parameters: &Value, now: At) -> bool {
        let named = |wanted: &str| match wanted.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => operation == wanted,
        };
        self.service.as_deref().is_none_or(|s| s == service)
            && self.operation.as_deref().is_none_or(named)
            && self.condition.as_ref().is_none_or(|c| c.test(parameters, &Value::Null, now).unwrap_or(false))
    }
}
