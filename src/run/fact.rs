//! Everything that can have happened to a run. Past tense, small, never edited once written.
//!
//! A journal record holds the facts of one decision; folding them in order gives the [`Run`](super::Run).
//! Nothing here judges: see `decide` for who may become a fact, `state` for what each one changes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Life, Place, Span, StepPath};

/// One resolved call, as it is shown, confirmed and sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Call {
    pub place: Place,
    pub service: String,
    pub operation: String,
    pub parameters: Value,
}

/// One call of a gate, with the state it was shown with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateCall {
    pub path: StepPath,
    pub call: Call,
    pub subject: String,
    /// The members the confirmation is bound to; null when the target does not exist.
    pub observed: Value,
    /// When they were asked.
    pub seen: At,
}

/// One item of a `for_each`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Item {
    pub key: String,
    pub item: Value,
}

/// What makes a verdict about an attempt true.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The answer to the request itself.
    Answer,
    /// The answer, after the attempt had become doubtful.
    LateAnswer,
    /// Readings of the world.
    Probe,
    /// A named person's word.
    Human { by: String },
}

/// The state of a step (DESIGN §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    NotStarted,
    Running,
    Waiting,
    Success,
    Failed,
    TimedOut,
    Skipped,
    Cancelled,
    Undone,
    Unknown,
}

impl StepState {
    /// The word shown on every surface.
    pub fn word(self) -> &'static str {
        match self {
            StepState::NotStarted => "not_started",
            StepState::Running => "running",
            StepState::Waiting => "waiting",
            StepState::Success => "success",
            StepState::Failed => "failed",
            StepState::TimedOut => "timed_out",
            StepState::Skipped => "skipped",
            StepState::Cancelled => "cancelled",
            StepState::Undone => "undone",
            StepState::Unknown => "unknown",
        }
    }
}

/// The state of a run (DESIGN §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Pending,
    Running,
    Waiting,
    Paused,
    Success,
    SuccessWithExceptions,
    Failed,
    TimedOut,
    Cancelled,
}

impl RunState {
    /// The word shown on every surface.
    pub fn word(self) -> &'static str {
        match self {
            RunState::Pending => "pending",
            RunState::Running => "running",
            RunState::Waiting => "waiting",
            RunState::Paused => "paused",
            RunState::Success => "success",
            RunState::SuccessWithExceptions => "success_with_exceptions",
            RunState::Failed => "failed",
            RunState::TimedOut => "timed_out",
            RunState::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more can happen.
    pub fn ended(self) -> bool {
        matches!(
            self,
            RunState::Success
                | RunState::SuccessWithExceptions
                | RunState::Failed
                | RunState::TimedOut
                | RunState::Cancelled
        )
    }
}

/// Why a step holds and needs a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// A condition was false, a call was rejected, an answer was an error.
    Failed,
    /// The deadline of the step has passed.
    TimedOut,
    /// Credentials are missing, expired or of another account.
    Credentials,
    /// The step would write and the session is read-only.
    ReadOnly,
    /// Two attempts contradict each other.
    Conflict,
    /// No probe can settle an unknown outcome.
    NeedsVerdict,
    /// A roll-back has ended here.
    RolledBack,
}

/// How one preflight check came out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    Fail,
    Warn,
    Skip,
    Ok,
}

/// One preflight check and its outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckResult {
    pub name: String,
    pub verdict: CheckVerdict,
    pub message: String,
}

/// One differing path of a comparison.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Difference {
    pub path: String,
    pub left: Value,
    pub right: Value,
    /// The runbook says this path must be equal.
    pub must_match: bool,
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// First fact of each life: effects in flight become doubtful, gates are void.
    Opened {
        life: Life,
        by: String,
        at: At,
    },
    Started {
        at: At,
        parameters: Map<String, Value>,
        places: Vec<Place>,
        preflight: Vec<CheckResult>,
    },
    Began {
        path: StepPath,
        at: At,
    },
    /// Its `when` was true.
    Entered {
        path: StepPath,
    },
    /// A `for_each` was expanded, once.
    Expanded {
        path: StepPath,
        items: Vec<Item>,
    },
    Captured {
        path: StepPath,
        values: Map<String, Value>,
        at: At,
    },
    /// The call of a step is resolved and its target observed.
    Prepared {
        call: GateCall,
        tier: Tier,
    },
    GateOpened {
        gate: StepPath,
        digest: String,
        tier: Tier,
        phrase: String,
        paths: Vec<StepPath>,
        at: At,
    },
    GateVoided {
        gate: StepPath,
        why: String,
        at: At,
    },
    /// One call lost its grant and needs a gate of its own.
    Ungranted {
        path: StepPath,
        why: String,
        at: At,
    },
    Confirmed {
        gate: StepPath,
        digest: String,
        by: String,
        at: At,
    },
    /// The call is about to be sent, at most once under this name.
    Intent {
        name: EffectName,
        call: Call,
        observed: Value,
        already: bool,
        at: At,
    },
    Executed {
        name: EffectName,
        request_id: Option<String>,
        proof: Proof,
        at: At,
    },
    /// Proof that this attempt did not happen.
    Rejected {
        name: EffectName,
        code: String,
        message: String,
        request_id: Option<String>,
        proof: Proof,
        at: At,
    },
    Doubted {
        name: EffectName,
        why: String,
        at: At,
    },
    /// An attempt that was held to be settled turned out otherwise.
    Conflict {
        name: EffectName,
        why: String,
        at: At,
    },
    /// What a wait must have left was seen left.
    Left {
        path: StepPath,
        at: At,
    },
    /// The condition held; on readings asked at `asked`.
    Met {
        path: StepPath,
        asked: At,
        at: At,
    },
    /// What the step's outputs are.
    Gave {
        path: StepPath,
        outputs: Map<String, Value>,
    },
    Answered {
        path: StepPath,
        value: Value,
        by: String,
        at: At,
    },
    Attested {
        path: StepPath,
        note: String,
        by: String,
        at: At,
    },
    Approved {
        path: StepPath,
        approver: String,
        accepted: bool,
        by: String,
        at: At,
    },
    Compared {
        path: StepPath,
        differences: Vec<Difference>,
        at: At,
    },
    /// Someone accepted what failed, with a reason; the step goes on as if it had passed.
    Accepted {
        path: StepPath,
        reason: String,
        by: String,
        at: At,
    },
    /// The list continues at this step.
    Jumped {
        path: StepPath,
        to: String,
    },
    Ended {
        path: StepPath,
        state: StepState,
        why: String,
        by: Option<String>,
        at: At,
    },
    Held {
        path: StepPath,
        kind: HoldKind,
        why: String,
        at: At,
    },
    /// A hold was lifted and the step tried again.
    Retried {
        path: StepPath,
        reason: String,
        by: String,
        at: At,
    },
    Extended {
        path: StepPath,
        span: Span,
        reason: String,
        by: String,
        at: At,
    },
    GaveUp {
        path: StepPath,
        reason: String,
        by: String,
        at: At,
    },
    /// An ended step runs again; afterwards the list continues at `then`.
    Redone {
        path: StepPath,
        then: Option<String>,
        reason: String,
        by: String,
        at: At,
    },
    /// The undo flows of these step instances run, in this order; `to` is the step the run stands at then.
    UndoPlanned {
        paths: Vec<StepPath>,
        to: Option<StepPath>,
        reason: String,
        by: String,
        at: At,
    },
    UndoFinished {
        at: At,
    },
    Noted {
        path: Option<StepPath>,
        text: String,
        by: String,
        at: At,
    },
    Aborted {
        reason: String,
        by: String,
        at: At,
    },
    Finished {
        state: RunState,
        why: String,
        at: At,
    },
}

impl Fact {
    /// The name of this kind of fact, as it stands in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::Opened { .. } => "opened",
            Fact::Started { .. } => "started",
            Fact::Began { .. } => "began",
            Fact::Entered { .. } => "entered",
            Fact::Expanded { .. } => "expanded",
            Fact::Captured { .. } => "captured",
            Fact::Prepared { .. } => "prepared",
            Fact::GateOpened { .. } => "gate_opened",
            Fact::GateVoided { .. } => "gate_voided",
            Fact::Ungranted { .. } => "ungranted",
            Fact::Confirmed { .. } => "confirmed",
            Fact::Intent { .. } => "intent",
            Fact::Executed { .. } => "executed",
            Fact::Rejected { .. } => "rejected",
            Fact::Doubted { .. } => "doubted",
            Fact::Conflict { .. } => "conflict",
            Fact::Left { .. } => "left",
            Fact::Met { .. } => "met",
            Fact::Gave { .. } => "gave",
            Fact::Answered { .. } => "answered",
            Fact::Attested { .. } => "attested",
            Fact::Approved { .. } => "approved",
            Fact::Compared { .. } => "compared",
            Fact::Accepted { .. } => "accepted",
            Fact::Jumped { .. } => "jumped",
            Fact::Ended { .. } => "ended",
            Fact::Held { .. } => "held",
            Fact::Retried { .. } => "retried",
            Fact::Extended { .. } => "extended",
            Fact::GaveUp { .. } => "gave_up",
            Fact::Redone { .. } => "redone",
            Fact::UndoPlanned { .. } => "undo_planned",
            Fact::UndoFinished { .. } => "undo_finished",
            Fact::Noted { .. } => "noted",
            Fact::Aborted { .. } => "aborted",
            Fact::Finished { .. } => "finished",
        }
    }

    /// When it happened; none for facts that only carry values of the fact beside them.
    pub fn at(&self) -> Option<At> {
        match self {
            Fact::Entered { .. }
            | Fact::Expanded { .. }
            | Fact::Prepared { .. }
            | Fact::Gave { .. }
            | Fact::Jumped { .. } => None,
            Fact::Opened { at, .. }
            | Fact::Started { at, .. }
            | Fact::Began { at, .. }
            | Fact::Captured { at, .. }
            | Fact::GateOpened { at, .. }
            | Fact::GateVoided { at, .. }
            | Fact::Ungranted { at, .. }
            | Fact::Confirmed { at, .. }
            | Fact::Intent { at, .. }
            | Fact::Executed { at, .. }
            | Fact::Rejected { at, .. }
            | Fact::Doubted { at, .. }
            | Fact::Conflict { at, .. }
            | Fact::Left { at, .. }
            | Fact::Met { at, .. }
            | Fact::Answered { at, .. }
            | Fact::Attested { at, .. }
            | Fact::Approved { at, .. }
            | Fact::Compared { at, .. }
            | Fact::Accepted { at, .. }
            | Fact::Ended { at, .. }
            | Fact::Held { at, .. }
            | Fact::Retried { at, .. }
            | Fact::Extended { at, .. }
            | Fact::GaveUp { at, .. }
            | Fact::Redone { at, .. }
            | Fact::UndoPlanned { at, .. }
            | Fact::UndoFinished { at }
            | Fact::Noted { at, .. }
            | Fact::Aborted { at, .. }
            | Fact::Finished { at, .. } => Some(*at),
        }
    }
}
