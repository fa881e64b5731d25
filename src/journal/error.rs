//! What can go wrong with a journal, each in three parts: what happened, what it means, what to do next.

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::RunId;

/// Why a journal cannot be opened, read or written. `Display` says what happened, [`JournalError::meaning`]
/// what that means for the run, [`JournalError::hint`] what to do next.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("another process has {} open for writing", .dir.display())]
    Locked { dir: PathBuf },
    #[error("the unfinished run {run} (\"{title}\") already works on {resource}")]
    Held { run: RunId, title: String, resource: String },
    #[error("no run is called `{name}`")]
    NotFound { name: String },
    #[error("`{name}` fits several runs: {}", .runs.iter().map(|r| r.0.as_str()).collect::<Vec<_>>().join(", "))]
    Ambiguous { name: String, runs: Vec<RunId> },
    #[error("the run in {} never began", .dir.display())]
    NeverStarted { dir: PathBuf },
    #[error("{} exists already", .path.display())]
    Exists { path: PathBuf },
    #[error("{} is damaged at line {line}, byte {byte}: {why}", .file.display())]
    Damaged { file: PathBuf, line: u64, byte: u64, why: String },
    #[error("{} is not what the journal names: {why}", .path.display())]
    Altered { path: PathBuf, why: &'static str },
    #[error("{} holds {what} at line {line}", .file.display())]
    Newer { file: PathBuf, line: u64, what: String },
    #[error("{} is not safe to use: {why}", .path.display())]
    Unsafe { path: PathBuf, why: String },
    #[error("{} lies on {fs}", .path.display())]
    Network { path: PathBuf, fs: &'static str },
    #[error("{} was moved, replaced or deleted while it was in use", .path.display())]
    Moved { path: PathBuf },
    #[error("there is no room to {doing} {}", .path.display())]
    Full { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("failed to {doing} {}: {source}", .path.display())]
    Disk { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("writing {} failed before and was given up", .path.display())]
    Poisoned { path: PathBuf },
    #[error("a record of kind `{kind}` cannot be written: {why}")]
    Unwritable { kind: String, why: String },
    #[error("neither RIPCORD_STATE_DIR, XDG_STATE_HOME nor HOME says where runs are kept")]
    Homeless,
}

impl JournalError {
    /// The exit code of DESIGN §9 that this error ends the program with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Locked { .. } | Self::Held { .. } => 7,
            Self::Full { .. } | Self::Disk { .. } | Self::Poisoned { .. } | Self::Moved { .. } => 6,
            Self::NotFound { .. }
            | Self::Ambiguous { .. }
            | Self::NeverStarted { .. }
            | Self::Exists { .. }
            | Self::Newer { .. }
            | Self::Unsafe { .. }
            | Self::Network { .. }
            | Self::Homeless => 2,
            Self::Damaged { .. } | Self::Altered { .. } => 1,
            Self::Unwritable { .. } => 70,
        }
    }

    /// What it means for the run.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "One process writes a run; this one may only look.",
            Self::Held { .. } => "Two runs on one target would undo each other's work, so none was started.",
            Self::NotFound { .. } | Self::Ambiguous { .. } => "Nothing was opened.",
            Self::NeverStarted { .. } => "The program died before the run began; no call was sent for it.",
            Self::Exists { .. } => "Nothing was started, and what is there was left alone.",
            Self::Damaged { .. } => {
                "The records before that byte are good, those after it cannot be trusted. \
                 The run is read-only; nothing was changed on disk."
            }
            Self::Altered { .. } => "A value of this run cannot be proven. Nothing was changed on disk.",
            Self::Newer { .. } => {
                "A newer ripcord wrote this; acting on half-understood records is not safe."
            }
            Self::Unsafe { .. } => "Someone else could read or change the run, so it is not opened.",
            Self::Network { .. } => "Locks and fsync promise too little there for a journal.",
            Self::Moved { .. } => "What is written now would be lost, so no new effect is started.",
            Self::Full { .. } => "The record was not written, and no new effect is started.",
            Self::Disk { .. } => "The disk cannot be relied on, so no new effect is started.",
            Self::Poisoned { .. } => {
                "After a failed fsync the disk's word is worth nothing in this process; it writes no more."
            }
            Self::Unwritable { .. } => {
                "This is a fault in ripcord; the run can be resumed from its last record."
            }
            Self::Homeless => "No place for runs can be chosen.",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "Go on where it is open, or end that process first.",
            Self::Held { .. } => {
                "Finish it with `ripcord resume RUN`, or abort it there; that frees the target."
            }
            Self::NotFound { .. } => "List the runs with `ripcord runs`, or name another `--state-dir`.",
            Self::Ambiguous { .. } => "Give more of the run's name.",
            Self::NeverStarted { .. } => "Start the runbook again; the directory may be removed.",
            Self::Exists { .. } => "Open it with `ripcord resume RUN`.",
            Self::Damaged { .. } | Self::Altered { .. } => {
                "Read what is good with `ripcord report RUN`, restore the file from a copy, or check the world \
                 by hand and start a new run."
            }
            Self::Newer { .. } => "Use the ripcord that wrote it, or a newer one.",
            Self::Unsafe { .. } => {
                "See why, then make it yours alone: `chmod 700` directories, `chmod 600` files."
            }
            Self::Network { .. } => "Name a local directory with `--state-dir`.",
            Self::Moved { .. } | Self::Poisoned { .. } => "Check the disk, then `ripcord resume RUN`.",
            Self::Full { .. } => {
                "Make room, then try again; a run on a full disk resumes with `ripcord resume RUN`."
            }
            Self::Disk { .. } => "Check the disk and its mount, then `ripcord resume RUN`.",
            Self::Unwritable { .. } => "Resume with `ripcord resume RUN` and report this message.",
            Self::Homeless => "Set HOME, or name a directory with `--state-dir`.",
        }
    }
}

/// Names what was being done when the disk said no.
pub(super) fn doing(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| {
        let (doing, path) = (what, path.to_owned());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                JournalError::Full { doing, path, source }
            }
            io::ErrorKind::AlreadyExists => JournalError::Exists { path },
            _ => JournalError::Disk { doing, path, source },
        }
    }
}
