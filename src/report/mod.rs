//! What happened, for people who were not there: the report of a run and the plan of one to come.
//!
//! [`Report::of`] makes a report from a journal alone; nothing is asked of AWS, no clock is read. Everything
//! in it has gone through one door (`ink`), so that no format has to think about hostile text or secrets.
//! Start at [`Report`] for what is said, at `gaps` for how the report notices what the journal leaves out.

mod calls;
mod debrief;
mod debrief_text;
mod gaps;
mod ink;
mod json;
mod left;
mod markdown;
mod model;
mod objectives;
mod people;
pub mod plan;
mod runs;
mod source;
mod steps;
mod tell;

pub use debrief::{Debrief, Drilled};
pub use ink::{Shown, ShownCall};
pub use json::json;
pub use markdown::markdown;
pub use model::*;
pub use runs::{runs_json, runs_table};
pub use source::Journalled;
