//! What went wrong, in three parts, and the exit code it ends the program with (DESIGN §9).

/// Exit codes; `ripcord --help` lists them.
pub mod exit {
    use crate::run::{HoldKind, Run, RunState, doubted};

    pub const OK: u8 = 0;
    /// Run or check failed, damaged journal.
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    /// Differences, unhealthy, findings, success with exceptions.
    pub const ATTENTION: u8 = 3;
    /// Credentials missing, expired or of the wrong account.
    pub const CREDENTIALS: u8 = 4;
    pub const PREFLIGHT: u8 = 5;
    /// Run left unfinished, resumable.
    pub const UNFINISHED: u8 = 6;
    /// Run or target locked.
    pub const LOCKED: u8 = 7;
    /// Write refused by read-only.
    pub const READ_ONLY: u8 = 8;
    pub const UNKNOWN: u8 = 9;
    pub const PANIC: u8 = 70;
    pub const TIMEOUT: u8 = 124;
    pub const INTERRUPTED: u8 = 130;
    pub const TERMINATED: u8 = 143;

    /// Of several codes that hold, the one that is given.
    pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
        codes.into_iter().min_by_key(|code| rank(*code)).unwrap_or(OK)
    }

    /// The place of a code in the documented order; 0 is the worst.
    pub fn rank(code: u8) -> usize {
        const ORDER: [u8; 7] = [UNKNOWN, READ_ONLY, LOCKED, CREDENTIALS, UNFINISHED, TIMEOUT, FAILED];
        ORDER.iter().position(|o| *o == code).unwrap_or(ORDER.len())
    }

    /// The code of a run that holds for this reason.
    pub fn of_hold(kind: HoldKind) -> u8 {
        match kind {
            HoldKind::NeedsVerdict | HoldKind::Conflict => UNKNOWN,
            HoldKind::ReadOnly => READ_ONLY,
            HoldKind::Credentials => CREDENTIALS,
            HoldKind::Failed | HoldKind::TimedOut | HoldKind::RolledBack => UNFINISHED,
        }
    }

    /// The code of a run as it stands.
    pub fn of(run: &Run) -> u8 {
        if doubted(run).next().is_some() {
            return UNKNOWN;
        }
        match &run.ended {
            Some((RunState::Success, _)) => OK,
            Some((RunState::SuccessWithExceptions, _)) => ATTENTION,
            Some((RunState::TimedOut, _)) => TIMEOUT,
            // `not_applicable` is an answer; an abort is not what was asked for.
            Some((RunState::Cancelled, why)) if !why.starts_with("aborted") => OK,
            Some(_) => FAILED,
            None => {
                let holds = run.active.iter().filter_map(|p| run.steps.get(p)?.hold.as_ref());
                worst(holds.map(|h| of_hold(h.kind)).chain([UNFINISHED]))
            }
        }
    }
}

/// An error for people: what happened, what it means, what to do next.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}")]
pub struct Trouble {
    pub code: u8,
    pub what: String,
    pub means: String,
    pub next: String,
}

impl Trouble {
    pub fn new(
        code: u8,
        what: impl Into<String>,
        means: impl Into<String>,
        next: impl Into<String>,
    ) -> Trouble {
        Trouble { code, what: what.into(), means: means.into(), next: next.into() }
    }

    /// Exit 2 for something the caller wrote.
    pub fn usage(what: impl Into<String>) -> Trouble {
        Trouble::new(exit::USAGE, what, "nothing was started", "see `ripcord --help`")
    }

    /// Exit 2 for a file that was named and cannot be used.
    pub fn file(path: &std::path::Path, why: impl std::fmt::Display) -> Trouble {
        let what = format!("{}: {why}", path.display());
        Trouble::new(
            exit::USAGE,
            what,
            "nothing was started",
            "check the path, its permissions and what is in it",
        )
    }

    /// The three parts on their own lines, cleaned.
    pub fn lines(&self) -> String {
        let clean = crate::text::clean_lines;
        format!("{}\n  This means: {}\n  Next: {}", clean(&self.what), clean(&self.means), clean(&self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::exit::*;

    #[test]
    fn the_worst_code_wins_in_the_documented_order() {
        assert_eq!(worst([FAILED, TIMEOUT, UNFINISHED]), UNFINISHED);
        assert_eq!(worst([UNKNOWN, READ_ONLY]), UNKNOWN);
        assert_eq!(worst([CREDENTIALS, UNFINISHED, LOCKED]), LOCKED);
        assert_eq!(worst([]), OK);
    }
}
