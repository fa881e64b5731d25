//! The kernel: what happened, what may happen, what is owed. No IO, no clock, no tokio.
//!
//! Three verbs (DESIGN §4): [`Run::decide`] judges an [`Input`] and changes nothing, [`Run::apply`] folds a
//! [`Fact`] and judges nothing, [`Run::owed`] says what the outside still owes, derived from the state. The
//! runner keeps the order: decide → append and fsync → apply → reconcile what is owed. Read `fact` and
//! `command` first: they are everything that can happen here.

mod advance;
mod answer;
mod call;
mod command;
mod decide;
mod doubt;
mod fact;
mod fold;
mod judge;
mod line;
mod look;
mod order;
mod owed;
pub mod params;
mod perform;
mod plan;
mod preflight;
mod scene;
mod scope;
mod slots;
mod state;
mod step;
mod undo;
mod uses;

pub use call::phrase;
pub use command::{Command, Refusal, What};
pub use decide::{Input, Outcome};
pub use doubt::{doubted, verdict_phrase};
pub use fact::{
    Call, CheckResult, CheckVerdict, Difference, Fact, GateCall, HoldKind, Item, Proof, RunState, StepState,
};
pub use judge::Offered;
pub use line::line;
pub use look::{ANSWER, Asked, IDENTITY, INLINE, Look, LookName, OBSERVE, PROBE, Purpose};
pub use owed::Effect;
pub use perform::{Perform, Performing};
pub use plan::Plan;
pub use scene::{LogLine, PaneRow, PaneView, Scene, cell};
pub use scope::{Fault, Scope};
pub use state::{Gate, Grant, Hold, ItemRun, ListRun, Run, RunInfo, Sent, Stage, StepRun, Undoing};
