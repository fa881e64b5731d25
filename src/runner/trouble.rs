//! What went wrong, in three parts, and the exit code it ends the program with (DESIGN §9).

/// Exit codes; `ripcord --help` lists them.
pub mod exit {
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
        const ORDER: [u8; 7] = [UNKNOWN, READ_ONLY, LOCKED, CREDENTIALS, UNFINISHED, TIMEOUT, FAILED];
        let rank = |code: &u8| ORDER.iter().position(|o| o == code).unwrap_or(ORDER.len());
        codes.into_iter().min_by_key(rank).unwrap_or(OK)
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
