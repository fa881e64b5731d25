//! Text for standard output and standard error. A reader that has closed its end is no error:
//! `ripcord list | head -1`. Any other text that could not be written is, once the command has ended.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

use super::Ending;
use crate::runner::{Trouble, exit};

/// Why something could not be printed, the first time.
static LOST: OnceLock<String> = OnceLock::new();

/// One line.
pub fn line(text: impl Display) {
    note(writeln!(io::stdout(), "{text}"));
}

/// Text that has its own line ends.
pub fn block(text: impl Display) {
    note(write!(io::stdout(), "{text}"));
}

/// A line on standard error. There is nobody to tell that it cannot be written, and `eprintln!` panics.
pub fn error(text: impl Display) {
    writeln!(io::stderr(), "{text}").ok();
}

fn note(written: io::Result<()>) {
    if let Err(why) = written
        && why.kind() != ErrorKind::BrokenPipe
    {
        LOST.set(why.to_string()).ok();
    }
}

/// The end of a command: good only when all that it said was written.
pub fn end(ending: Ending) -> Ending {
    note(io::stdout().flush());
    match LOST.get() {
        Some(why) if ending.is_ok() => Err(Trouble::new(
            exit::UNFINISHED,
            format!("standard output could not be written: {why}"),
            "what was printed is not whole; nothing else is missing",
            "make room, or write it somewhere else, and ask again",
        )),
        _ => ending,
    }
}
