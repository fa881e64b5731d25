//! What a run is after its facts: [`Run`] and everything in it. Data only.
//!
//! `fold` changes it, `decide` judges it, `owed` says what follows from it for the outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::fact::{Call, CheckResult, Difference, GateCall, HoldKind, RunState, StepState};
use super::plan::Plan;
use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Life, Place, RunId, Span, StepPath};
use crate::runbook::Runbook;

/// What is fixed for the whole of a run and stands in its journal's header.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    pub id: RunId,
    pub operator: String,
    /// How long "it did not happen" is not believed (law 2).
    pub settle: Span,
    /// Divides intervals, backoff and gate locks; 1 except in tests.
    pub pace: u32,
    /// The run goes no further than this top-level step.
    pub stop_before: Option<String>,
    /// Steps that write hold instead.
    pub read_only: bool,
}

/// A run: the fold of its facts.
#[derive(Clone, Debug)]
pub struct Run {
    pub plan: Arc<Plan>,
    pub info: RunInfo,
    pub life: Option<Life>,
    pub opened: At,
    pub opened_by: String,
    /// Time of the last fact that had one.
    pub now: At,
    pub started: Option<At>,
    pub parameters: Map<String, Value>,
    pub places: Vec<Place>,
    pub preflight: Vec<CheckResult>,
    pub steps: BTreeMap<StepPath, StepRun>,
    pub lists: BTreeMap<StepPath, ListRun>,
    /// Step instances that have begun and not ended.
    pub active: BTreeSet<StepPath>,
    pub gates: BTreeMap<StepPath, Gate>,
    /// Step instances whose call was executed, oldest first; what a roll-back walks backwards.
    pub executed: Vec<StepPath>,
    pub undoing: Option<Undoing>,
    /// The first intent of the step marked `point_of_no_return` was written.
    pub past_return: bool,
    /// Deviations that make the end `success_with_exceptions`.
    pub exceptions: Vec<String>,
    pub ended: Option<(RunState, String)>,
}

/// One list of steps being walked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListRun {
    /// Index of the next step to begin.
    pub next: usize,
    pub current: Option<StepPath>,
    /// Steps after a redo that stay ended: the list goes from the redone step straight to this index.
    pub resume_at: Option<usize>,
    /// The step jumped to may be `only_by_jump`.
    pub jumped: bool,
}

/// One step instance.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about one instance")]
#[derive(Clone, PartialEq, Debug)]
pub struct StepRun {
    pub state: StepState,
    pub began: At,
    pub ended: Option<At>,
    pub why: String,
    /// Its `when`, if any, was true.
    pub entered: bool,
    pub stage: Stage,
    pub captured: Option<Map<String, Value>>,
    pub outputs: Map<String, Value>,
    /// Empty until the `for_each` is expanded; one that expands to nothing ends at once.
    pub items: Vec<ItemRun>,
    /// Attempts ever made; names are never used twice.
    pub attempts: u16,
    /// Proven rejections since the last retry by a person.
    pub rejections: u16,
    pub last_rejected: Option<At>,
    pub hold: Option<Hold>,
    pub left: bool,
    pub extended: Span,
    pub differences: Option<Vec<Difference>>,
    /// An item's call is sent again alone and gets its own gate.
    pub alone: bool,
    /// The grant that this instance has spent.
    pub spent: Option<Box<Grant>>,
    /// The person who ended it, where it did not end by itself.
    pub ended_by: Option<String>,
    /// Attempts that are known to have happened, those before a redo included.
    pub happened: BTreeSet<u16>,
    /// A call of it was executed and has not been taken back since, whatever it does now.
    pub stands: bool,
}

/// One item of a `for_each`.
#[derive(Clone, PartialEq, Debug)]
pub struct ItemRun {
    pub key: String,
    pub item: Value,
    pub given_up: Option<String>,
}

/// Why a step does not go on by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    pub kind: HoldKind,
    pub why: String,
    pub at: At,
}

/// How far the call of a step is.
#[derive(Clone, PartialEq, Debug)]
pub enum Stage {
    Fresh,
    /// Resolved and observed; waits for its gate to open.
    Prepared {
        call: GateCall,
        tier: Tier,
    },
    /// Shown at an open gate.
    Gated {
        gate: StepPath,
        call: GateCall,
        tier: Tier,
    },
    /// Confirmed: looked at once more, then sent.
    Granted(Grant),
    InFlight(Sent),
    /// Sent, and nobody knows what became of it. `since` is when the doubt began in this life.
    Doubt {
        sent: Sent,
        since: At,
        why: String,
    },
    /// Executed; the verification or the end follows.
    Done {
        at: At,
    },
}

/// What a confirmation allows: this one call, while its target stays as it was shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Grant {
    pub digest: String,
    pub call: GateCall,
    pub tier: Tier,
    pub at: At,
    pub by: String,
}

/// A call that was sent, and what allowed it.
#[derive(Clone, PartialEq, Debug)]
pub struct Sent {
    pub name: EffectName,
    pub call: Call,
    /// The target right before sending.
    pub observed: Value,
    /// What the probe looks for was true before the call: seeing it proves nothing.
    pub already: bool,
    pub at: At,
    pub grant: Box<Grant>,
}

/// An open gate.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    pub digest: String,
    pub tier: Tier,
    pub phrase: String,
    pub paths: Vec<StepPath>,
    pub opened: At,
}

/// A roll-back or an undo step at work: undo flows run one after the other.
#[derive(Clone, PartialEq, Debug)]
pub struct Undoing {
    pub paths: Vec<StepPath>,
    pub next: usize,
    pub to: Option<StepPath>,
}

impl Run {
    /// A run without facts.
    pub fn new(book: Arc<Runbook>, info: RunInfo) -> Run {
        Run {
            plan: Arc::new(Plan::new(book)),
            info,
            life: None,
            opened: At::default(),
            opened_by: String::new(),
            now: At::default(),
            started: None,
            parameters: Map::new(),
            places: Vec::new(),
            preflight: Vec::new(),
            steps: BTreeMap::new(),
            lists: BTreeMap::new(),
            active: BTreeSet::new(),
            gates: BTreeMap::new(),
            executed: Vec::new(),
            undoing: None,
            past_return: false,
            exceptions: Vec::new(),
            ended: None,
        }
    }

    /// The runbook.
    pub fn book(&self) -> &Arc<Runbook> {
        self.plan.book()
    }
}
