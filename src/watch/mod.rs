//! What is asked and what was seen: [`Question`], [`Reading`] with its age, one [`Frame`] per round, cadence.
//!
//! Pure: who asks, and when, is the runner's business. A reading that could not be had is an [`Unread`] and
//! never looks like an empty answer (DESIGN law 5).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{At, Place, Span};

mod cadence;

pub use cadence::Cadence;

/// One distinct question. Two steps and three panes that ask the same share one poller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    pub place: Place,
    pub service: String,
    pub operation: String,
    pub parameters: Value,
}

impl Question {
    /// Text that is equal exactly for equal questions.
    pub fn key(&self) -> String {
        let Question { place, service, operation, parameters } = self;
        format!(
            "{}|{}|{}|{service}|{operation}|{}",
            place.account,
            place.region,
            place.role_arn.as_deref().unwrap_or(""),
            canonical(parameters)
        )
    }
}

/// JSON text with sorted keys: equal text for equal values, whatever order they were written in.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let inner: Vec<String> = sorted
                .into_iter()
                .map(|(k, v)| format!("{}:{}", Value::String(k.clone()), canonical(v)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// Why there is no reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadKind {
    /// Waits for another read or a step output.
    NotYet,
    /// Permission is missing.
    NoAccess,
    /// Credentials are missing or expired.
    Credentials,
    /// The endpoint limits our rate.
    Throttled,
    /// No answer, or a broken one.
    Transport,
    /// The endpoint does not know this operation.
    Unsupported,
    /// The service answered with an error code; it is an answer.
    Answer,
    /// An expression of the read failed on the answer.
    Expression,
}

impl UnreadKind {
    /// The word shown in panes.
    pub fn word(self) -> &'static str {
        match self {
            UnreadKind::NotYet => "WAIT",
            UnreadKind::NoAccess => "NOACC",
            UnreadKind::Credentials => "CREDS",
            UnreadKind::Throttled => "SLOW",
            UnreadKind::Unsupported => "UNSUP",
            UnreadKind::Transport | UnreadKind::Answer | UnreadKind::Expression => "ERR",
        }
    }

    /// Whether the error says nothing about the resource and merely ages the last reading.
    pub fn passing(self) -> bool {
        matches!(
            self,
            UnreadKind::NotYet | UnreadKind::Credentials | UnreadKind::Throttled | UnreadKind::Transport
        )
    }
}

/// Why a question has no answer, in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unread {
    pub kind: UnreadKind,
    /// The service's error code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub message: String,
}

impl Unread {
    /// An unread of `kind` with nothing but a message.
    pub fn new(kind: UnreadKind, message: impl Into<String>) -> Unread {
        Unread { kind, code: None, message: message.into() }
    }
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} {code}: {}", self.kind.word(), self.message),
            None => write!(f, "{} {}", self.kind.word(), self.message),
        }
    }
}

/// One answer, or why there is none, and when it was asked and had.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    pub asked: At,
    pub at: At,
    pub answer: Result<Arc<Value>, Unread>,
}

impl Reading {
    /// How old what it shows can be.
    pub fn age(&self, now: At) -> Span {
        now.since(self.asked)
    }
}

/// Rounds of readings that are kept for a condition that must hold on several.
pub const WINDOW: u8 = 16;

/// One round of readings, each asked after the round began.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Frame {
    /// When the round began.
    pub asked: At,
    /// When its last answer came.
    pub at: At,
    pub readings: BTreeMap<String, Reading>,
}

impl Frame {
    /// A frame without readings.
    pub fn empty(now: At) -> Frame {
        Frame { asked: now, at: now, readings: BTreeMap::new() }
    }

    /// The value of one reading.
    ///
    /// # Errors
    /// Why it could not be had; a name that was not asked is `NotYet`.
    pub fn value(&self, name: &str) -> Result<&Arc<Value>, Unread> {
        match self.readings.get(name) {
            Some(reading) => reading.answer.as_ref().map_err(Clone::clone),
            None => Err(Unread::new(UnreadKind::NotYet, format!("{name} has not been read yet"))),
        }
    }
}
