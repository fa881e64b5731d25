//! tokio lives here: the one loop, effects in flight, the shared poller, the only `now()`.
//!
//! Nothing is decided here. [`Ledger`] keeps the order decide → append → apply; [`Session`] reconciles what a
//! run is owed with what is on its way; [`Reader`] asks each distinct question once for all who want it.

mod clock;
mod drill_clock;
mod launch;
mod ledger;
mod place;
mod reader;
mod session;
mod steps;
mod trouble;

pub use clock::{RunClock, Stamps, Timer};
pub use drill_clock::{Busy, DrillClock};
pub use launch::{Checked, Stored, World, age, can_stop, endpoint_words};
pub use ledger::{Decision, Denied, Ledger, facts};
pub use reader::Reader;
pub use session::{Handle, Left, Options, Session};
use steps::blocking;
pub use steps::in_steps;
pub use trouble::{Trouble, exit};
