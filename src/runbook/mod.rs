//! The runbook file: its model, how text becomes one, and everything that can be wrong with it.
//!
//! Text → tree with spans → model, with findings collected all at once. Nothing here runs a step or asks AWS.
//! Start at [`Runbook`] for what the kernel walks and at [`load`] for how it comes about.

mod blanks;
mod embedded;
mod finding;
mod foreign;
pub(crate) mod form;
mod keys;
mod load;
mod model;
mod paper;
mod scalar;
mod schema;
mod shape;
mod source;
mod summary;
mod tree;
mod words;
mod yaml;

pub use embedded::embedded;
pub use finding::{Finding, FindingKind};
pub use load::load;
pub use model::*;
pub use paper::paper;
pub use schema::schema;
pub use summary::summary;
