//! What the console hears ([`Msg`]) and what it wants done ([`Cmd`]). `update` turns one into the other.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};
use serde_json::{Map, Value};

use super::backstage::{Reply, Ticket};
use crate::ids::{At, RunId, StepPath};
use crate::run::{Command, Look, Refusal, Scene};
use crate::runbook::Runbook;
use crate::runner::Checked;

/// Everything that can happen to the console.
pub enum Msg {
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    Resized(u16, u16),
    /// A second has passed.
    Tick,
    Reply(Reply),
    /// A session is attached; its first scene.
    Attached(Ticket, Arc<Scene>),
    /// There is a newer scene; the loop fetches the newest.
    Stirred,
    Scene(Arc<Scene>),
    /// The session has ended.
    Closed,
    /// The answer to a command.
    Answered(Ticket, Result<(), Refusal>),
    /// The system asks the program to end.
    Signal(i32),
}

/// The clocks as a message is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// That of the run, in a drill the drill's: readings and steps are as old as it says.
    pub now: At,
    /// That on the wall: whoever sits here lives by it.
    pub wall: At,
}

impl From<At> for Times {
    /// Outside of drills they are the same.
    fn from(now: At) -> Times {
        Times { now, wall: now }
    }
}

/// What `update` wants done. The loop does it and never waits for it.
#[derive(Debug)]
pub enum Cmd {
    Identify,
    List,
    Check {
        ticket: Ticket,
        book: Arc<Runbook>,
        given: Map<String, Value>,
    },
    Choices {
        ticket: Ticket,
        book: Arc<Runbook>,
        given: Map<String, Value>,
        parameter: String,
    },
    Start {
        ticket: Ticket,
        checked: Box<Checked>,
    },
    Resume {
        ticket: Ticket,
        run: RunId,
    },
    Look {
        ticket: Ticket,
        path: StepPath,
        look: Box<Look>,
    },
    Send {
        ticket: Ticket,
        command: Command,
    },
    /// The next hint of a drill that helps at this step.
    Hint {
        ticket: Ticket,
        path: StepPath,
    },
    /// Stops the clock of a drill, or lets it go on.
    Pause,
    Debrief {
        wrong_phrases: u32,
    },
    /// Ends the session; the run stays resumable.
    Leave,
    /// Puts cleaned text on the clipboard of the terminal (OSC 52).
    Copy(String),
    Bell,
    Redraw,
    Quit,
}
