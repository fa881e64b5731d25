//! The two kinds of runtime: threads for people who watch, one thread in steps for nobody.

use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use super::drill_clock::DrillClock;

/// Runs `future` on one thread whose clock goes on when nothing else can.
///
/// # Errors
/// As the system refuses a runtime.
pub fn in_steps<F: Future>(clock: &Arc<DrillClock>, future: F) -> io::Result<F::Output> {
    let clock = Arc::clone(clock);
    // Tokio looks for woken tasks once more after this, before the thread sleeps.
    let runtime = Builder::new_current_thread().enable_all().on_thread_park(move || clock.idle()).build()?;
    let out = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(out)
}

/// Work that blocks, such as a journal's fsync: other tasks go on meanwhile where there are threads for them.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
