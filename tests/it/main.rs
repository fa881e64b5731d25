//! The integration tests: one binary, one module per subject.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise, its helpers too")]

#[cfg(feature = "aws")]
mod aws;
mod catalogue;
#[cfg(feature = "aws")]
mod cli;
mod crash;
mod drill;
mod drills;
#[cfg(feature = "aws")]
mod drive;
mod expr;
#[cfg(feature = "aws")]
mod flagship;
mod journal;
mod kernel;
#[cfg(feature = "aws")]
mod kill;
mod launch;
mod laws;
mod moto;
#[cfg(feature = "aws")]
mod moto_runs;
mod proxy;
#[cfg(feature = "aws")]
mod readonly;
mod report;
mod rounds;
mod runbook;
mod sim;
mod tls;
mod tmux;
#[cfg(feature = "aws")]
mod trouble;
mod tui;
mod world;
