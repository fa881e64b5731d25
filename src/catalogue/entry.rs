//! One operation of the catalogue: [`Operation`] and what it answers about itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::floor;
use super::proof::{Look, Probe};
use super::table::{self, Facts, Shape, Wire};

/// What an operation does to the world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Read,
    Mutate,
    Destructive,
}

/// How much an operator must do before a call is sent (`T0` nothing, `T3` target and region typed).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Tier {
    T0,
    T1,
    T2,
    T3,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How an operation hands out its answer in pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paging {
    /// The parameter that asks for the next page.
    pub input_token: &'static str,
    /// The member of the answer that names the next page; absent on the last.
    pub output_token: &'static str,
    /// The lists that continue on the next page.
    pub lists: Vec<&'static str>,
    /// The parameter for the size of a page.
    pub limit: Option<&'static str>,
}

/// A list parameter that AWS takes only so many elements of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch {
    pub parameter: &'static str,
    pub most: usize,
}

/// One operation. Written as `read("…")`, `change("…", …)` or `destroy("…")` in the file of its service.
#[derive(Debug)]
pub struct Operation {
    /// The service as the `aws` CLI spells it.
    pub service: &'static str,
    /// The operation as the API spells it.
    pub name: &'static str,
    effect: Effect,
    floor: floor::Floor,
    subject: &'static str,
    look: Option<Look>,
    probe: Option<Probe>,
    batch: Option<Batch>,
    failures: Option<&'static str>,
    one_page: bool,
}

impl PartialEq for Operation {
    fn eq(&self, other: &Operation) -> bool {
        (self.service, self.name) == (other.service, other.name)
    }
}

impl Operation {
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The lowest tier a call with these parameters may be gated at. `observed` is what [`Operation::observe`]
    /// read at the gate; a change whose old value is not known counts as the worse of the two directions.
    pub fn floor(&self, parameters: &Value, observed: Option<&Value>) -> Tier {
        (self.floor)(parameters, observed)
    }

    /// What the call acts on, in the word the operator types: an ARN is cut to its last name.
    /// Empty when the parameter is missing or not text yet.
    pub fn subject(&self, parameters: &Value) -> String {
        let full = parameters.get(self.subject).and_then(Value::as_str).unwrap_or_default();
        short(full).to_owned()
    }

    /// The parameter that [`Operation::subject`] comes from; empty for operations that act on nothing.
    pub fn subject_parameter(&self) -> &'static str {
        self.subject
    }

    pub fn input(&self) -> Option<Shape> {
        self.facts().input
    }

    pub fn output(&self) -> Option<Shape> {
        self.facts().output
    }

    /// How the call is written on the wire.
    pub fn wire(&self) -> Wire {
        self.facts().wire
    }

    /// The read a confirmation is bound to: identity, status, pending changes, and what the call sets.
    pub fn observe(&self) -> Option<&'static Look>
    where
        Self: 'static,
    {
        super::find(self.service, self.name)?.look.as_ref()
    }

    /// The read that settles an unknown outcome; `None` when only a human can.
    pub fn probe(&self) -> Option<&'static Probe> {
        super::find(self.service, self.name)?.probe.as_ref()
    }

    /// Whether each call acts anew although it may leave what is looked for as it was, as a reboot, a job and what makes
    /// something under a name that others may bear too: finding it, where it was there before, then proves
    /// nothing, however long one looks.
    pub fn acts_anew(&self) -> bool {
        self.name == "RebootDBInstance"
            || ["Create", "Restore", "Start"].iter().any(|w| self.name.starts_with(w))
    }

    /// Whether an error with this code proves that the call did not execute.
    ///
    /// Codes the model declares as the caller's and the common ones that AWS gives before it acts. A server
    /// fault, `RequestTimeout`, `InternalFailure` and `ServiceUnavailable` prove nothing.
    pub fn not_executed(&self, code: &str) -> bool {
        !self.facts().faults.contains(&code)
            && (NOT_EXECUTED.contains(&code) || self.facts().errors.contains(&code))
    }

    /// The error codes the model declares, those of the server included: for completion and `did you mean`.
    pub fn error_codes(&self) -> impl Iterator<Item = &'static str> {
        let facts = self.facts();
        facts.errors.iter().chain(&facts.faults).copied()
    }

    pub fn paging(&self) -> Option<Paging> {
        let pages = self.facts().pages.as_ref().filter(|_| !self.one_page)?;
        Some(Paging {
            input_token: pages.input,
            output_token: pages.output,
            lists: pages.lists.clone(),
            limit: pages.limit,
        })
    }

    /// The parameter that is split over several calls when it is too long. A call whose batch list is empty
    /// is not sent and answers empty.
    pub fn batch(&self) -> Option<Batch> {
        self.batch
    }

    /// The member in which ECS answers what it did not find, with HTTP 200: not empty is an error whose
    /// code is the `reason` (`MISSING`).
    pub fn failures(&self) -> Option<&'static str> {
        self.failures
    }

    pub(super) fn flags(&self) -> &'static [&'static str] {
        &self.facts().flags
    }

    fn facts(&self) -> &'static Facts {
        table::facts(self.service, self.name).expect("a test compares the entries with the shape table")
    }
}

/// The entry builders: what is not said stays at its strictest.
impl Operation {
    pub(super) const fn read(service: &'static str, name: &'static str) -> Operation {
        Operation {
            service,
            name,
            effect: Effect::Read,
            floor: floor::t0,
            subject: "",
            look: None,
            probe: None,
            batch: None,
            failures: None,
            one_page: false,
        }
    }

    pub(super) const fn change(service: &'static str, name: &'static str) -> Operation {
        Operation { effect: Effect::Mutate, floor: floor::t3, ..Operation::read(service, name) }
    }

    pub(super) const fn destroy(service: &'static str, name: &'static str) -> Operation {
        Operation { effect: Effect::Destructive, floor: floor::t3, ..Operation::read(service, name) }
    }

    pub(super) const fn floored(self, floor: floor::Floor) -> Operation {
        Operation { floor, ..self }
    }

    pub(super) const fn on(self, subject: &'static str) -> Operation {
        Operation { subject, ..self }
    }

    pub(super) const fn looks(self, look: Look) -> Operation {
        Operation { look: Some(look), ..self }
    }

    pub(super) const fn probed(self, probe: Probe) -> Operation {
        Operation { probe: Some(probe), ..self }
    }

    pub(super) const fn batched(self, parameter: &'static str, most: usize) -> Operation {
        Operation { batch: Some(Batch { parameter, most }), ..self }
    }

    pub(super) const fn failing(self, failures: &'static str) -> Operation {
        Operation { failures: Some(failures), ..self }
    }

    pub(super) const fn one_page(self) -> Operation {
        Operation { one_page: true, ..self }
    }
}

/// The last name of an ARN (`arn:aws:ecs:…:service/shop/web` is `web`); other text unchanged.
fn short(name: &str) -> &str {
    if name.starts_with("arn:") { name.rsplit(['/', ':']).next().unwrap_or(name) } else { name }
}

/// Codes that any AWS service gives before it acts: authorisation, signature, throttling, malformed input.
const NOT_EXECUTED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "UnauthorizedOperation",
    "NotAuthorized",
    "OptInRequired",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "RequestTimeTooSkewed",
    "RequestExpired",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ValidationError",
    "ValidationException",
    "InvalidAction",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidParameterException",
    "InvalidQueryParameter",
    "InvalidRequest",
    "MalformedQueryString",
    "MissingAction",
    "MissingParameter",
    "SerializationException",
    "UnknownOperationException",
];
