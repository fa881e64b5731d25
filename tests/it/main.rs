//! The integration tests: one binary, one module per subject.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise, its helpers too")]

#[cfg(feature = "aws")]
mod aws;
mod catalogue;
mod crash;
mod expr;
mod journal;
mod laws;
mod moto;
mod proxy;
mod report;
mod runbook;
mod sim;
mod tls;
mod tmux;
mod tui;
mod world;
