//! What a person may tell a run, and how a run says no.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{EffectName, Span, StepPath};

/// A command, who gave it and why. Journalled as the cause of its facts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Command {
    pub by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub what: What,
}

/// The commands of a running plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Confirms a gate as it was shown.
    Confirm {
        gate: StepPath,
        digest: String,
        phrase: String,
    },
    /// Answers a prompt. `row` is the chosen row of its reading; `typed` says that the value was written out and
    /// not pointed at.
    Answer {
        path: StepPath,
        value: Value,
        row: Option<Value>,
        #[serde(default)]
        typed: bool,
    },
    /// Says that a manual step is done.
    Done {
        path: StepPath,
        note: String,
    },
    /// The named second person's word.
    Approve {
        path: StepPath,
        approver: String,
        accept: bool,
    },
    Skip {
        path: StepPath,
    },
    Retry {
        path: StepPath,
    },
    /// Goes on although a condition failed, a comparison differs or a wait timed out.
    Accept {
        path: StepPath,
    },
    Redo {
        step: String,
    },
    RollBack {
        to: String,
    },
    GiveUp {
        path: StepPath,
    },
    Extend {
        path: StepPath,
        span: Span,
    },
    Note {
        path: Option<StepPath>,
        text: String,
    },
    Abort,
    /// A person settles an unknown outcome.
    Rule {
        name: EffectName,
        happened: bool,
        phrase: String,
    },
}

/// Why a command changes nothing. An answer to the asker; never journalled.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the run has ended")]
    Ended,
    #[error("the run has not been started")]
    NotStarted,
    #[error("there is no step `{0}` here to act on")]
    NoSuchStep(String),
    #[error("it could not be written down, so it was not done: {0}")]
    Unwritten(String),
    #[error("no gate is open at `{0}`")]
    GateNotOpen(String),
    #[error("what the gate showed has changed; it has to be read again")]
    Changed,
    #[error("the phrase is `{0}`")]
    WrongPhrase(String),
    #[error("`{0}` is not one of the values offered")]
    NotOffered(String),
    #[error("this value must be typed: it carries a warning")]
    Warned,
    #[error("{0}")]
    WrongAnswer(String),
    #[error("the second person must be named and cannot be the operator")]
    NotASecondPerson,
    #[error("a reason is needed")]
    ReasonNeeded,
    #[error("the outcome of `{0}` is unknown; settle that first")]
    Unknown(String),
    #[error("the call of `{0}` is on its way; wait for its answer")]
    InFlight(String),
    #[error("`{0}` is not doubted")]
    NotDoubted(String),
    #[error("`{0}` cannot be skipped, retried or accepted as it stands")]
    NotHeld(String),
    #[error("nothing can be undone back to `{0}`")]
    NothingToUndo(String),
    #[error("the point of no return has been passed; repair forward")]
    PastReturn,
    #[error("steps are being undone; let that end first, or abort")]
    Undoing,
    #[error("another life of this run has taken over")]
    OtherLife,
}
