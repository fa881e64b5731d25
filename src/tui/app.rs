//! The loop: one message, then all that are there, then one frame if anything changed. It waits for messages and for
//! nothing else.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};
use serde_json::{Map, Value};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::backstage::{Backstage, Replies, Reply, Ticket};
use super::ending::Ending;
use super::model::Model;
use super::msg::{Cmd, Msg, Times};
use super::terminal::{self, Guard};
use super::theme::Theme;
use super::update::{begin, begin_resume, begin_with, update};
use super::view::view;
use crate::ids::{At, RunId, Span};
use crate::run::{Command, Refusal};
use crate::runbook::Runbook;
use crate::runner::Handle;

/// Messages that wait at most; who sends more waits.
const WAITING: usize = 1024;
/// Between two frames that nobody asked for.
const FRAME: Duration = Duration::from_millis(33);
/// How often ages are drawn anew.
const TICK: Duration = Duration::from_secs(1);
/// How often the input thread looks whether it is still wanted.
const INPUT: Duration = Duration::from_millis(100);

/// The number of SIGHUP.
const HANG_UP: i32 = 1;

/// How the console is opened.
pub struct Options {
    /// Where replies are awaited. The console itself runs on the calling thread, which must not be one of it.
    pub runtime: runtime::Handle,
    pub theme: Theme,
    pub mouse: bool,
    pub open: Opening,
}

/// What the console shows first.
pub enum Opening {
    /// Runbooks and unfinished runs.
    Home,
    /// The form of one runbook, filled with what was given; the preflight is asked at once if that suffices.
    Start { book: Arc<Runbook>, given: Map<String, Value> },
    /// One unfinished run; the home screen stays below it.
    Resume(RunId),
}

/// Why the console could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the console until the operator leaves; then the terminal is as before and a summary stands on it.
///
/// # Errors
/// When the terminal cannot be taken. One that is lost on the way is a hang-up, which the ending says.
pub fn run(backstage: Arc<dyn Backstage>, options: Options) -> Result<Ending, TuiError> {
    let (sender, messages) = sync_channel(WAITING);
    let guard = Guard::enter(options.mouse)?;
    let size = guard.size()?;
    let opened_at = (backstage.wall(), Instant::now());
    let mut app = App {
        model: Model::home(backstage.facts(), backstage.now(), size),
        backstage,
        guard,
        theme: options.theme,
        runtime: options.runtime,
        sender,
        session: None,
        over: false,
        opened_at,
    };
    (app.model.wall, app.model.tempo) = (opened_at.0, app.backstage.tempo());
    let first = app.open(options.open);
    let input = Input::listen(app.sender.clone());
    app.listen_to_signals();
    let shown = app.show(first, &messages);
    if let Some(session) = &app.session {
        session.handle.leave();
    }
    input.stop();
    if shown.is_err() {
        // The terminal is gone: as if it had hung up. The run is left, not lost.
        app.model.signal.get_or_insert(HANG_UP);
    }
    let ending = Ending::of(&app.model);
    drop(app);
    // Whoever closed the pipe does not want it.
    write!(io::stdout(), "{}", ending.summary()).ok();
    Ok(ending)
}

struct App {
    model: Model,
    backstage: Arc<dyn Backstage>,
    guard: Guard,
    theme: Theme,
    runtime: runtime::Handle,
    sender: SyncSender<Msg>,
    session: Option<Attached>,
    over: bool,
    /// The wall and this process's clock as the console opened.
    opened_at: (At, Instant),
}

/// The session the console looks at.
struct Attached {
    handle: Handle,
    /// A newer scene has been announced and not been fetched.
    stirred: Arc<AtomicBool>,
}

impl App {
    /// What is asked for first.
    fn open(&mut self, open: Opening) -> Vec<Cmd> {
        match open {
            Opening::Home => begin(&mut self.model),
            Opening::Start { book, given } => begin_with(&mut self.model, book, &given),
            Opening::Resume(run) => begin_resume(&mut self.model, &run),
        }
    }

    fn show(&mut self, first: Vec<Cmd>, messages: &Receiver<Msg>) -> io::Result<()> {
        for command in first {
            self.carry_out(command)?;
        }
        let (mut dirty, mut urgent) = (true, true);
        let mut drawn = Instant::now();
        let mut tick = Instant::now() + TICK;
        while !self.over {
            if dirty && (urgent || drawn.elapsed() >= FRAME) {
                self.draw()?;
                (dirty, urgent, drawn) = (false, false, Instant::now());
            }
            let until = if dirty { drawn + FRAME } else { tick };
            let first = messages.recv_timeout(until.saturating_duration_since(Instant::now()));
            let mut next = match first {
                Ok(msg) => Some(msg),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            while let Some(msg) = next {
                // What was asked for is shown at once; what comes by itself waits for its frame.
                urgent |= matches!(msg, Msg::Key(_) | Msg::Resized(..) | Msg::Reply(_));
                dirty = true;
                self.take(msg)?;
                next = messages.try_recv().ok();
            }
            if Instant::now() >= tick {
                tick += TICK;
                dirty = true;
                if !io::stdin().is_terminal() {
                    return Err(io::Error::other("the terminal has gone"));
                }
                self.take(Msg::Tick)?;
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let (model, theme) = (&self.model, self.theme);
        let mut hitmap = None;
        self.guard.draw(|frame| hitmap = Some(view(model, theme, frame)))?;
        if let Some(hitmap) = hitmap {
            self.model.drawn(hitmap);
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg) -> io::Result<()> {
        let msg = match msg {
            Msg::Reply(Reply::Opened(ticket, Ok(handle))) => self.opened(ticket, handle),
            Msg::Stirred => match &self.session {
                Some(session) => {
                    // Cleared before the scene is fetched: a newer one announces itself again.
                    session.stirred.store(false, Ordering::SeqCst);
                    Msg::Scene(session.handle.scene())
                }
                None => return Ok(()),
            },
            other => other,
        };
        let now = match (&self.session, self.model.show()) {
            (Some(session), Some(_)) => session.handle.now(),
            _ => self.backstage.now(),
        };
        self.model.tempo = self.backstage.tempo();
        let wall = self.wall();
        for command in update(&mut self.model, msg, Times { now, wall }) {
            self.carry_out(command)?;
        }
        Ok(())
    }

    /// The wall as it was when the console opened, and what has passed since: nobody can set it.
    fn wall(&self) -> At {
        let (opened, since) = self.opened_at;
        opened.plus(Span(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)))
    }

    fn opened(&mut self, ticket: Ticket, handle: Handle) -> Msg {
        let scene = handle.scene();
        self.attach(handle);
        Msg::Attached(ticket, scene)
    }

    /// Follows a session: its scenes are announced, never queued.
    fn attach(&mut self, handle: Handle) {
        let id = handle.scene().run.info.id.clone();
        terminal::epitaph(format!("The run is safe in its journal. Go on with: ripcord resume {id}"));
        let stirred = Arc::new(AtomicBool::new(false));
        let (sender, flag, mut follow) = (self.sender.clone(), Arc::clone(&stirred), handle.clone());
        self.runtime.spawn(async move {
            while follow.changed().await {
                if !flag.swap(true, Ordering::SeqCst) && sender.send(Msg::Stirred).is_err() {
                    return;
                }
            }
            // The last scene of the session, then its end.
            sender.send(Msg::Scene(follow.scene())).ok();
            sender.send(Msg::Closed).ok();
        });
        self.session = Some(Attached { handle, stirred });
    }

    fn carry_out(&mut self, command: Cmd) -> io::Result<()> {
        let replies = Replies(self.sender.clone());
        match command {
            Cmd::Identify => self.backstage.identify(&replies),
            Cmd::List => self.backstage.list(&replies),
            Cmd::Check { ticket, book, given } => self.backstage.check(ticket, &book, given, &replies),
            Cmd::Choices { ticket, book, given, parameter } => {
                self.backstage.choices(ticket, &book, given, &parameter, &replies);
            }
            Cmd::Start { ticket, checked } => self.backstage.start(ticket, checked, &replies),
            Cmd::Resume { ticket, run } => self.backstage.resume(ticket, &run, &replies),
            Cmd::Look { ticket, path, look } => self.backstage.look(ticket, &path, *look, &replies),
            Cmd::Send { ticket, command } => self.send(ticket, command),
            Cmd::Hint { ticket, path } => self.backstage.hint(ticket, &path, &replies),
            Cmd::Debrief { wrong_phrases } => self.backstage.debrief(wrong_phrases, &replies),
            Cmd::Pause => {
                self.backstage.pause();
                self.model.tempo = self.backstage.tempo();
            }
            Cmd::Leave => {
                if let Some(session) = &self.session {
                    session.handle.leave();
                }
            }
            Cmd::Copy(text) => self.guard.copy(&text)?,
            Cmd::Bell => self.guard.bell()?,
            Cmd::Redraw => self.guard.clear()?,
            Cmd::Quit => self.over = true,
        }
        Ok(())
    }

    fn send(&self, ticket: Ticket, command: Command) {
        let Some(session) = &self.session else { return };
        let (answer, sender) = (session.handle.command(command), self.sender.clone());
        self.runtime.spawn(async move {
            // A session that has ended drops the question.
            let answer = answer.await.unwrap_or(Err(Refusal::Ended));
            sender.send(Msg::Answered(ticket, answer)).ok();
        });
    }

    fn listen_to_signals(&self) {
        for (kind, number) in
            [(SignalKind::terminate(), 15), (SignalKind::hangup(), HANG_UP), (SignalKind::interrupt(), 2)]
        {
            let sender = self.sender.clone();
            self.runtime.spawn(async move {
                if let Ok(mut signals) = signal(kind)
                    && signals.recv().await.is_some()
                {
                    sender.send(Msg::Signal(number)).ok();
                }
            });
        }
    }
}

/// The thread that reads keys.
struct Input {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Input {
    fn listen(sender: SyncSender<Msg>) -> Input {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !flag.load(Ordering::SeqCst) {
                match next() {
                    Ok(Some(msg)) => {
                        if sender.send(msg).is_err() {
                            return;
                        }
                    }
                    Ok(None) => {}
                    // The terminal has gone: as if it had hung up.
                    Err(_) => {
                        sender.send(Msg::Signal(HANG_UP)).ok();
                        return;
                    }
                }
            }
        });
        Input { stop, thread }
    }

    /// Nothing is read from the terminal any more once this returns. crossterm never comes back from a terminal
    /// that has hung up (it reads nothing over and over): such a thread is left to the end of the process.
    fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + 3 * INPUT;
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn next() -> io::Result<Option<Msg>> {
    if !event::poll(INPUT)? {
        return Ok(None);
    }
    Ok(match event::read()? {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Resize(columns, rows) => Some(Msg::Resized(columns, rows)),
        Event::FocusGained | Event::FocusLost => None,
    })
}
