//! The integration tests: one binary, one module per subject.

mod journal;
mod laws;
