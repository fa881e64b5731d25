//! What the console needs from outside: [`Backstage`], which `cli` implements, and the [`Reply`]s it sends back.
//!
//! Every method spawns its work and returns at once; the console never waits for the network or the disk
//! (DESIGN law 10). An answer carries the [`Ticket`] of its question, and answers to older questions are dropped.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use serde_json::{Map, Value};

use super::msg::Msg;
use crate::ids::{At, RunId, StepPath};
use crate::run::Look;
use crate::runbook::Runbook;
use crate::runner::{Checked, Handle, Trouble};
use crate::watch::Frame;

/// Names one question to the backstage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Ticket(pub u64);

/// What the frame of every screen says. Words, ready to be shown once cleaned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    pub read_only: bool,
    /// `LIVE`, `CUSTOM 127.0.0.1:5000` or `DRILL`.
    pub endpoint: String,
    /// Resolved account; empty until it is known.
    pub account: String,
    pub region: String,
    /// Role or user of the resolved identity; empty until it is known.
    pub role: String,
    pub operator: String,
    /// For the `aws` command lines that are shown and copied.
    pub profile: Option<String>,
    pub endpoint_url: Option<String>,
    /// Divides gate locks; 1 except in tests.
    pub pace: u32,
    /// What the operator of a drill is told; none outside of drills.
    pub drill: Option<Brief>,
}

/// What the operator of a drill is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Brief {
    /// What is known when it begins.
    pub story: String,
    /// One line for the shell of another terminal; empty where no other program reaches the cloud.
    pub environment: String,
    /// The hints that were asked for, in all lives of its run.
    pub hints: Vec<String>,
}

/// How the clock of a drill goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tempo {
    /// So many times as fast as the wall.
    Running(u32),
    Paused,
}

/// How a runbook was drilled last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastDrill {
    /// When it was started, on the wall.
    pub at: At,
    pub scenario: String,
    /// Whether it came as it should have.
    pub good: bool,
}

/// One runbook of the list; a broken one stays listed with its first finding.
#[derive(Clone, Debug)]
pub struct BookLine {
    pub id: String,
    /// Where it was found.
    pub source: String,
    pub found: Result<Arc<Runbook>, String>,
    pub drilled: Option<LastDrill>,
}

/// One unfinished run of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunLine {
    pub id: RunId,
    pub title: String,
    /// The state word of the run, or of what it waits for; `unknown` for a doubtful call.
    pub state: String,
    /// What it stands at.
    pub step: String,
    /// On the wall, as is `last`, whatever time a drill plays in.
    pub started: At,
    /// When it was last heard of, as far as that can be told.
    pub last: Option<At>,
    pub endpoint: String,
    /// It is a drill: it goes on in a cloud of its own.
    pub drill: bool,
    /// Why it cannot be resumed here, if so (another endpoint kind, open elsewhere, damaged).
    pub blocked: Option<String>,
}

/// Everything the home screen lists.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub books: Vec<BookLine>,
    pub runs: Vec<RunLine>,
}

/// An answer of the backstage.
pub enum Reply {
    Facts(Box<Facts>),
    Listed(Listing),
    Checked(Ticket, Result<Box<Checked>, Trouble>),
    /// The values that the `choices` of a parameter offers.
    Choices(Ticket, String, Result<Vec<String>, String>),
    /// A session is open and at work.
    Opened(Ticket, Result<Handle, Trouble>),
    /// One round of readings for a step.
    Looked(Ticket, StepPath, Frame),
    /// A hint was given and stands in the journal; the facts that are sent with it hold it. None where there is none.
    Hinted(Ticket, Result<Option<Box<Facts>>, Trouble>),
    /// What the drill was worth.
    Debriefed(String),
}

/// Where replies go. Cheap to clone; sending to a console that has ended does nothing.
#[derive(Clone, Debug)]
pub struct Replies(pub(super) SyncSender<Msg>);

impl Replies {
    pub fn send(&self, reply: Reply) {
        self.0.send(Msg::Reply(reply)).ok();
    }
}

/// The world behind the console.
pub trait Backstage: Send + Sync {
    /// What the frame says now, before anything has been asked.
    fn facts(&self) -> Facts;

    /// The time, while no run is open; a run has its own clock.
    fn now(&self) -> At;

    /// The time on the wall: locks, messages and the ages of files go by it.
    fn wall(&self) -> At;

    /// How the clock of a drill goes; none outside of drills.
    fn tempo(&self) -> Option<Tempo>;

    /// Stops the clock of a drill, or lets it go on.
    fn pause(&self);

    /// Asks for the next hint at a step of the open run: [`Reply::Hinted`].
    fn hint(&self, ticket: Ticket, path: &StepPath, replies: &Replies);

    /// Judges a drill whose run has ended: [`Reply::Debriefed`]. Silent outside of drills.
    fn debrief(&self, wrong_phrases: u32, replies: &Replies);

    /// Asks who we are and answers with [`Reply::Facts`], if that can be known before a check.
    fn identify(&self, replies: &Replies);

    /// Lists runbooks and unfinished runs: [`Reply::Listed`].
    fn list(&self, replies: &Replies);

    /// Resolves parameters and asks the preflight: [`Reply::Checked`].
    fn check(&self, ticket: Ticket, book: &Arc<Runbook>, given: Map<String, Value>, replies: &Replies);

    /// Asks the read behind a parameter's `choices`: [`Reply::Choices`]. May stay silent.
    fn choices(
        &self,
        ticket: Ticket,
        book: &Arc<Runbook>,
        given: Map<String, Value>,
        parameter: &str,
        replies: &Replies,
    );

    /// Starts a run and spawns its session: [`Reply::Opened`].
    fn start(&self, ticket: Ticket, checked: Box<Checked>, replies: &Replies);

    /// Opens an unfinished run and spawns its session: [`Reply::Opened`].
    fn resume(&self, ticket: Ticket, run: &RunId, replies: &Replies);

    /// Reads one round: [`Reply::Looked`].
    fn look(&self, ticket: Ticket, path: &StepPath, look: Look, replies: &Replies);
}
