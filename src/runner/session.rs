//! The one loop: inputs are linearised, decided, made durable, applied; then what is owed is reconciled with
//! what is on its way.
//!
//! Looks that are no longer owed are dropped. A mutating call is never dropped and never started twice under
//! one name, whatever `owed` says (`prototypes`, lesson 1). Front ends hold a [`Handle`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::blocking;
use super::clock::Timer;
use super::ledger::{Denied, Ledger};
use super::reader::Reader;
use crate::ids::{At, EffectName, Life, Span, StepPath};
use crate::journal::{Disk, JournalError};
use crate::run::{Command, Effect, Input, LookName, Outcome, PaneView, Perform, Refusal, Run, Scene};
use crate::watch::{Cadence, Frame, Reading, WINDOW};

/// How often a pane is read again while it changes, and while it does not (`aws.md` §6).
const PANE: (Span, Span) = (Span::secs(15), Span::secs(60));
/// How long the end of a session waits for answers that are on their way.
const LINGER: Span = Span::secs(65);

/// What tasks tell the loop.
enum Event {
    Looked { name: LookName, frame: Frame },
    Answer { name: EffectName, outcome: Outcome },
    Pane { index: usize, view: PaneView },
    Command { command: Command, reply: oneshot::Sender<Result<(), Refusal>> },
    Leave,
}

/// A front end's hold on a session: commands in, scenes out.
#[derive(Clone)]
pub struct Handle {
    events: mpsc::UnboundedSender<Event>,
    scenes: watch::Receiver<Arc<Scene>>,
    clock: Arc<dyn Timer>,
}

impl Handle {
    /// The newest scene.
    pub fn scene(&self) -> Arc<Scene> {
        Arc::clone(&self.scenes.borrow())
    }

    /// Waits for a newer scene; false when the session has ended.
    pub async fn changed(&mut self) -> bool {
        self.scenes.changed().await.is_ok()
    }

    /// Whether the session has ended.
    pub fn closed(&self) -> bool {
        self.scenes.has_changed().is_err()
    }

    /// Sends a command. The answer comes through the receiver: nothing, or why it changes nothing.
    pub fn command(&self, command: Command) -> oneshot::Receiver<Result<(), Refusal>> {
        let (reply, answer) = oneshot::channel();
        // A closed session drops the reply, which the receiver sees.
        self.events.send(Event::Command { command, reply }).ok();
        answer
    }

    /// Ends the session; the run stays resumable.
    pub fn leave(&self) {
        self.events.send(Event::Leave).ok();
    }

    /// Waits on the run's clock.
    pub async fn sleep(&self, span: Span) {
        self.clock.sleep(span).await;
    }

    /// The run's clock.
    pub fn now(&self) -> At {
        self.clock.now()
    }
}

/// How a session ended.
#[derive(Debug)]
pub struct Left {
    pub run: Arc<Run>,
    /// Why the journal could not be written any more.
    pub trouble: Option<JournalError>,
}

/// What a session needs besides its ledger.
pub struct Options {
    pub perform: Arc<dyn Perform>,
    pub reader: Arc<Reader>,
    pub clock: Arc<dyn Timer>,
    /// Keep the panes fresh; a run without a screen does not.
    pub panes: bool,
}

/// A session at work.
pub struct Session<D: Disk> {
    ledger: Ledger<D>,
    life: Life,
    options: Options,
    events: mpsc::UnboundedReceiver<Event>,
    sender: mpsc::UnboundedSender<Event>,
    scenes: watch::Sender<Arc<Scene>>,
    looks: BTreeMap<LookName, Looking>,
    frames: BTreeMap<StepPath, Arc<Frame>>,
    panes: Vec<Arc<PaneView>>,
    /// Names ever started in this life: none is started twice.
    started: BTreeSet<EffectName>,
    in_flight: usize,
    trouble: Option<JournalError>,
}

struct Looking {
    window: VecDeque<Frame>,
    task: AbortHandle,
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<D: Disk> Session<D> {
    /// A session over a ledger whose `opened` of this life is written.
    pub fn new(ledger: Ledger<D>, life: Life, options: Options) -> (Session<D>, Handle) {
        let (sender, events) = mpsc::unbounded_channel();
        let scene = Scene::of(Arc::clone(&ledger.run));
        let panes = scene.panes.clone();
        let (scenes, receiver) = watch::channel(Arc::new(scene));
        let handle = Handle { events: sender.clone(), scenes: receiver, clock: Arc::clone(&options.clock) };
        let session = Session {
            ledger,
            life,
            options,
            events,
            sender,
            scenes,
            looks: BTreeMap::new(),
            frames: BTreeMap::new(),
            panes,
            started: BTreeSet::new(),
            in_flight: 0,
            trouble: None,
        };
        (session, handle)
    }

    /// Runs until the run has ended, the front end leaves, or the journal cannot be written.
    pub async fn run(mut self) -> Left {
        self.follow_panes();
        let mut leaving = false;
        while !leaving && self.trouble.is_none() && self.ledger.run.ended.is_none() {
            self.turn();
            if self.trouble.is_some() || self.ledger.run.ended.is_some() {
                break;
            }
            let wake = self.reconcile();
            leaving = self.wait(wake).await;
        }
        if self.trouble.is_none() && self.ledger.run.ended.is_none() {
            // An intent that came with the word to leave is on its way now; nobody could tell otherwise.
            self.reconcile();
        }
        self.linger().await;
        self.publish();
        Left { run: Arc::clone(&self.ledger.run), trouble: self.trouble.take() }
    }

    /// Everything that follows by itself, then one scene.
    fn turn(&mut self) {
        let settled = blocking(|| self.ledger.settle());
        if let Err(denied) = settled {
            self.denied(denied);
        }
        self.publish();
    }

    /// Waits for one event, then takes all that are there. True when the front end leaves.
    async fn wait(&mut self, wake: Option<At>) -> bool {
        let pause = wake.map_or(Span::mins(10), |at| at.since(self.options.clock.now()));
        tokio::select! {
            event = self.events.recv() => {
                let Some(event) = event else { return true };
                if self.take(event) { return true }
                while let Ok(event) = self.events.try_recv() {
                    if self.take(event) { return true }
                }
                false
            }
            () = self.options.clock.sleep(pause) => false,
        }
    }

    fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Looked { name, frame } => self.looked(name, frame),
            Event::Answer { name, outcome } => {
                self.in_flight = self.in_flight.saturating_sub(1);
                // An answer is evidence or nothing; there is nobody to refuse it to.
                self.input(&Input::Answer { name, outcome }).ok();
            }
            Event::Pane { index, view } => {
                if let Some(pane) = self.panes.get_mut(index) {
                    *pane = Arc::new(view);
                }
            }
            Event::Command { command, reply } => {
                let answer = self.input(&Input::Command(command));
                // Whoever asked finds the effect in the scene.
                self.publish();
                // The asker may have gone.
                reply.send(answer).ok();
            }
            Event::Leave => return true,
        }
        false
    }

    fn looked(&mut self, name: LookName, frame: Frame) {
        let Some(looking) = self.looks.get_mut(&name) else { return };
        self.frames.insert(name.path.clone(), Arc::new(frame.clone()));
        looking.window.push_back(frame);
        if looking.window.len() > usize::from(WINDOW) {
            looking.window.pop_front();
        }
        let frames = looking.window.iter().cloned().collect();
        self.input(&Input::Looked { name, frames }).ok();
    }

    fn input(&mut self, input: &Input) -> Result<(), Refusal> {
        match blocking(|| self.ledger.input(input)) {
            Ok(_) => Ok(()),
            Err(Denied::Refused(refusal)) => Err(refusal),
            Err(Denied::Journal(error)) => {
                let why = error.to_string();
                self.trouble = Some(error);
                Err(Refusal::Unwritten(why))
            }
        }
    }

    fn denied(&mut self, denied: Denied) {
        match denied {
            Denied::Journal(error) => self.trouble = Some(error),
            Denied::Refused(refusal) => tracing::warn!(%refusal, "an advance was refused"),
        }
    }

    fn publish(&self) {
        let live: BTreeMap<StepPath, Arc<Frame>> = self.frames.clone();
        let scene = Scene {
            run: Arc::clone(&self.ledger.run),
            looks: live,
            panes: self.panes.clone(),
            log: self.ledger.log().to_vec(),
            head: self.ledger.journal().head().to_owned(),
            trouble: self.trouble.as_ref().map(ToString::to_string),
        };
        self.scenes.send_replace(Arc::new(scene));
    }

    /// Starts what is owed and not on its way, drops looks that are no longer owed. Gives the next wake-up.
    fn reconcile(&mut self) -> Option<At> {
        let owed = self.ledger.run.owed(self.life);
        let mut wanted = BTreeSet::new();
        let mut wake = None;
        for effect in owed {
            match effect {
                Effect::Look(name) => {
                    wanted.insert(name);
                }
                Effect::Send { name, call } => self.send(name, call),
                Effect::Wake(at) => wake = Some(at),
            }
        }
        self.looks.retain(|name, _| wanted.contains(name));
        self.frames.retain(|path, _| self.ledger.run.active.contains(path));
        for name in wanted {
            if !self.looks.contains_key(&name) {
                self.start_look(name);
            }
        }
        wake
    }

    fn send(&mut self, name: EffectName, call: crate::run::Call) {
        if !self.started.insert(name.clone()) {
            return;
        }
        self.in_flight += 1;
        let (perform, sender) = (Arc::clone(&self.options.perform), self.sender.clone());
        let work = tokio::spawn({
            let name = name.clone();
            async move { perform.send(&name, &call).await }
        });
        tokio::spawn(async move {
            // A performer that panicked has proven nothing.
            let outcome =
                work.await.unwrap_or_else(|e| Outcome::Unclear { why: format!("the performer failed: {e}") });
            sender.send(Event::Answer { name, outcome }).ok();
        });
    }

    fn start_look(&mut self, name: LookName) {
        let task = tokio::spawn(look_again_and_again(
            name.clone(),
            Arc::clone(&self.options.reader),
            Arc::clone(&self.options.clock),
            self.scenes.subscribe(),
            self.sender.clone(),
        ));
        self.looks.insert(name, Looking { window: VecDeque::new(), task: task.abort_handle() });
    }

    fn follow_panes(&mut self) {
        if !self.options.panes {
            return;
        }
        for index in 0..self.ledger.run.book().panes.len() {
            tokio::spawn(follow_pane(
                index,
                Arc::clone(&self.options.reader),
                Arc::clone(&self.options.clock),
                self.scenes.subscribe(),
                self.sender.clone(),
            ));
        }
    }

    /// Waits for answers that are on their way, so that a clean end leaves nothing unknown.
    async fn linger(&mut self) {
        self.looks.clear();
        let deadline = tokio::time::Instant::now() + LINGER.std();
        while self.in_flight > 0 && self.trouble.is_none() {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => {
                    self.take(event);
                }
                Ok(None) | Err(_) => break,
            }
        }
    }
}

async fn look_again_and_again(
    name: LookName,
    reader: Arc<Reader>,
    clock: Arc<dyn Timer>,
    scenes: watch::Receiver<Arc<Scene>>,
    events: mpsc::UnboundedSender<Event>,
) {
    let pause_before = name.since.since(clock.now());
    clock.sleep(pause_before).await;
    let mut cadence = Cadence::every(name.every);
    loop {
        let run = Arc::clone(&scenes.borrow().run);
        let now = clock.now();
        let look = run.look(&name, now);
        let frame = reader.round(&look, now).await;
        cadence = frame.readings.values().fold(cadence, Cadence::after);
        if events.send(Event::Looked { name: name.clone(), frame }).is_err() {
            return;
        }
        clock.sleep(cadence.pause(jitter(now))).await;
    }
}

async fn follow_pane(
    index: usize,
    reader: Arc<Reader>,
    clock: Arc<dyn Timer>,
    scenes: watch::Receiver<Arc<Scene>>,
    events: mpsc::UnboundedSender<Event>,
) {
    let divided = scenes.borrow().run.info.pace;
    let every = PANE.0.paced(divided);
    let mut cadence = Cadence::every(every).idling(PANE.1.paced(divided));
    loop {
        let scene = Arc::clone(&scenes.borrow());
        let Some(pane) = scene.run.book().panes.get(index) else { return };
        let now = clock.now();
        let look = scene.run.pane_look(pane, now);
        // Whatever a step has just asked is fresh enough for a pane.
        let frame = reader.round(&look, At(now.0 - i64::try_from(every.0).unwrap_or(0))).await;
        let Some(before) = scenes.borrow().panes.get(index).cloned() else { return };
        let view = scene.run.pane_view(pane, &frame, &before, clock.now());
        let reading: Option<&Reading> = frame.readings.get(&pane.read);
        cadence = reading.map_or(cadence, |r| cadence.after(r)).seen(!view.shows_the_same(&before));
        let view = PaneView { every: cadence.pause(100), ..view };
        if events.send(Event::Pane { index, view }).is_err() {
            return;
        }
        clock.sleep(cadence.pause(jitter(now))).await;
    }
}

/// Spreads callers; the last digits of a clock are chance enough for that.
fn jitter(now: At) -> u32 {
    u32::try_from(now.0.rem_euclid(101)).unwrap_or(0)
}
