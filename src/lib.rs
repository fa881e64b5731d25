//! `ripcord`: a terminal runbook console for recovering AWS systems.
//!
//! The map of the crate. A module imports only modules to its left (a test reads `src/` and holds this):
//!
//! ```text
//! ids, text ← catalogue ← {expr, diff, world} ← watch ← runbook ← run ← journal ← aws ← runner
//!           ← drill ← {tui, headless, report} ← cli ← main
//! ```
//!
//! Everything up to `run` is pure: no clock, no disk, no tokio. `journal` owns the disk, `aws` the network,
//! `runner` the one loop that joins them; `drill` puts the pretend AWS of `world` behind a wire of its own; the front
//! ends see immutable snapshots and send commands.

// `println!` and `eprintln!` panic on a closed pipe; see `cli/say.rs`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "aws")]
pub mod aws;
pub mod catalogue;
pub mod cli;
pub mod diff;
pub mod drill;
pub mod expr;
pub mod headless;
pub mod ids;
pub mod journal;
pub mod report;
pub mod run;
pub mod runbook;
pub mod runner;
pub mod text;
pub mod tui;
pub mod watch;
pub mod world;
