//! The program's log: a file where one is asked for, nothing else. Never credentials, never bodies.

use tracing_subscriber::EnvFilter;

use super::args::Global;
use crate::runner::{Trouble, exit};

/// Opens the log file, if one was asked for.
pub fn init(global: &Global) -> Result<(), Trouble> {
    let Some(path) = &global.log_file else { return Ok(()) };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(|e| {
        Trouble::new(
            exit::USAGE,
            format!("the log file {} cannot be opened: {e}", path.display()),
            "nothing was started",
            "choose another --log-file, or leave it out",
        )
    })?;
    // SDK crates log requests and headers below info: they stay at info whatever is asked of us.
    let ours = match global.verbose {
        0 => "info",
        1 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::new(format!("info,ripcord={ours}"));
    let subscriber = tracing_subscriber::fmt().json().with_writer(file).with_env_filter(filter);
    subscriber.try_init().map_err(|e| Trouble::usage(format!("the log cannot be started: {e}")))
}
