//! The runbook file: its model, how text becomes one, and everything that can be wrong with it.
//!
//! Text → tree with spans → model, with findings collected all at once. Nothing here runs a step or asks AWS.
//! Start at [`Runbook`].

mod finding;
mod keys;
mod scalar;
mod schema;
mod shape;
mod source;
mod tree;

pub use finding::{Finding, FindingKind};
pub use schema::schema;
