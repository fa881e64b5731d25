//! Text for standard output. A reader that has closed its end is no error: `ripcord list | head -1`.

use std::fmt::Display;
use std::io::Write as _;

/// One line.
pub fn line(text: impl Display) {
    writeln!(std::io::stdout(), "{text}").ok();
}

/// Text that has its own line ends.
pub fn block(text: impl Display) {
    write!(std::io::stdout(), "{text}").ok();
}
