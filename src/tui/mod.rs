//! The console: a screen over a [`Backstage`] and the scenes of a run.
//!
//! Elm: [`update`](update::update) turns a message into a changed [`Model`] and commands, [`view`](view::view)
//! draws the model and nothing else, [`keys`] is the key map as data. Both are pure; `app` owns the loop, the
//! input thread and the channels, `terminal` the terminal. The console never waits for the network or the disk.
//! Start reading at `model`, then `update`.

mod about;
mod app;
pub mod backstage;
mod effects;
mod ending;
mod field;
pub mod forms;
pub mod keys;
pub mod model;
pub mod msg;
mod offers;
mod terminal;
pub mod theme;
pub mod update;
pub mod view;
mod wants;

pub use app::{Opening, Options, TuiError, run};
pub use backstage::{
    Backstage, BookLine, Brief, Facts, LastDrill, Listing, Replies, Reply, RunLine, Tempo, Ticket,
};
pub use ending::Ending;
pub use model::Model;
pub use theme::Theme;
