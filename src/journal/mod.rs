//! How a run survives: hash-chained lines in a file that one process may write, and the shelf of all runs.
//!
//! Generic on purpose: a record's payload is whatever serialises, and no fact of the kernel is known here.
//! What is promised (P1–P5 and P22 of the design): [`Journal::append`] returns after the record is durable;
//! a torn tail is cut and kept aside; any other damage opens the run read-only and names the byte; one
//! process writes; files are 0600 in 0700 and no symbolic link is followed. The chain catches accidents, not
//! a forger who can rewrite the whole file, and not the loss of whole lines at the very end: for these,
//! compare [`Journal::head`] with the head shown at a confirmation or in a report.
//!
//! Start at [`Shelf`] to find, start and open runs, at [`Journal`] for the writer, at [`mod@line`] for the
//! format. Neither a clock nor the environment is read here: times come in a [`Stamp`], the way to the
//! state directory through [`state_dir`]. [`memory`] is a disk for tests that crashes on demand.

pub mod line;
pub mod memory;

mod blob;
mod digest;
mod disk;
mod error;
mod file;
mod follow;
mod header;
mod local;
mod repair;
mod scan;
mod shelf;
mod trust;

pub use digest::Digest;
pub use disk::{Access, Disk, DiskFile, Look, Sort};
pub use error::JournalError;
pub use file::{Journal, RESERVE};
pub use follow::{Follow, verify};
pub use header::{EndpointKind, Header, RunbookRef};
pub use line::{Record, Seq, Stamp, kind};
pub use local::LocalDisk;
pub use scan::Verdict;
pub use shelf::{Shelf, Shelved, Summary, state_dir};
