//! Drills: the world of `world/` as a cloud that answers, scenarios that say what goes wrong in it, and what a
//! drill was worth.
//!
//! [`Scenario`] is the file, [`Cloud`] the world with its clock, faults and story, [`Player`] the operator of a
//! drill that nobody sits at, [`oracle`] the judge of the world at the end. [`wire`] is how AWS's clients speak, and
//! [`serve`] listens to them on loopback. Nothing here decides anything about a run, and nothing here ever speaks to
//! AWS.

mod backend;
mod cloud;
mod faults;
mod folder;
pub mod hints;
mod log;
pub mod oracle;
mod perform;
mod play;
mod player;
mod scenario;
pub mod serve;
pub mod wire;

pub use cloud::{Answered, Call, Called, Caller, Cloud};
pub use folder::Folder;
pub use log::{CallLog, Change};
pub use perform::{Attended, Direct};
pub use play::outside;
pub use player::Player;
pub use scenario::*;
