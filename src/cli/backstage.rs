//! The world behind the console: [`Backstage`] over a [`World`], everything spawned, nothing awaited.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use serde_json::{Map, Value};
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::args::Global;
use super::drill::Drill;
use super::drilled::attend;
use super::plan::Agreed;
use super::{books, plan, say};
use crate::ids::{At, Clock, Identity, Place, RunId, StepPath};
use crate::journal::{EndpointKind, LocalDisk};
use crate::run::{self, Look, Run};
use crate::runbook::{self, Runbook};
use crate::runner::{Checked, Handle, Left, Reader, Session, Trouble, World, endpoint_words};
use crate::tui::{Backstage, BookLine, Facts, LastDrill, Listing, Replies, Reply, RunLine, Tempo, Ticket};

/// What the command line bound the starts of one runbook, or one run, to.
pub enum Bound {
    /// The digest is that of the runbook.
    Start {
        digest: String,
        plan: Option<Agreed>,
        stop_before: Option<String>,
    },
    Resume {
        run: RunId,
        stop_before: Option<String>,
    },
}

/// The console's world.
pub struct Stage {
    bound: Option<Bound>,
    global: Global,
    pub(super) world: World,
    reader: Arc<Reader>,
    runtime: runtime::Handle,
    identity: Mutex<Option<Identity>>,
    pub(super) drill: Option<Arc<Drill>>,
    /// The hints of the drill that were asked for.
    pub(super) hints: Mutex<BTreeSet<usize>>,
    pub(super) sessions: Mutex<Vec<(Handle, JoinHandle<Left>)>>,
}

impl Stage {
    pub fn new(
        global: &Global,
        world: World,
        runtime: runtime::Handle,
        bound: Option<Bound>,
        drill: Option<Arc<Drill>>,
    ) -> Arc<Stage> {
        let reader = world.reader();
        Arc::new(Stage {
            bound,
            global: global.clone(),
            world,
            reader,
            runtime,
            identity: Mutex::default(),
            drill,
            hints: Mutex::default(),
            sessions: Mutex::default(),
        })
    }

    /// Waits until every session has recorded what was on its way, and gives the run as the last one left it; one that
    /// nobody looked at is left now. A signal ends the waiting: it can take a minute, and its operator may know
    /// better.
    pub async fn settle(&self, shown: Option<Arc<Run>>) -> Result<Option<Arc<Run>>, Trouble> {
        let sessions = std::mem::take(&mut *self.sessions.lock().unwrap_or_else(PoisonError::into_inner));
        let mut last = shown;
        for (handle, work) in sessions {
            let asked = a_signal();
            handle.leave();
            if !work.is_finished() {
                waiting_for(in_flight(&handle.scene().run));
            }
            let left = tokio::select! {
                left = work => left,
                () = asked => {
                    let run = Arc::clone(&handle.scene().run);
                    stopped(&run);
                    last = Some(run);
                    continue;
                }
            };
            match left {
                Ok(Left { trouble: Some(error), .. }) => return Err(Trouble::from(error)),
                Ok(Left { run, .. }) => last = Some(run),
                Err(_) => {}
            }
        }
        Ok(last)
    }

    fn know(&self, identity: &Identity) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity.clone());
    }

    fn listing(&self) -> Listing {
        let history = super::drill::history(&self.global);
        let books = books::all(&self.global).into_iter().map(|(id, found)| {
            let loaded = runbook::load(&found.from, &found.source);
            let found_book = loaded.map(Arc::new).map_err(|findings| {
                findings
                    .first()
                    .map_or_else(String::new, |f| format!("{f}").lines().next().unwrap_or("").to_owned())
            });
            let drilled = history.iter().find(|past| past.0 == id).map(|(_, scenario, at, debrief)| {
                LastDrill { at: *at, scenario: scenario.clone(), good: debrief["good"] == true }
            });
            BookLine { id, source: found.from, found: found_book, drilled }
        });
        Listing { books: books.collect(), runs: self.unfinished() }
    }

    fn unfinished(&self) -> Vec<RunLine> {
        let Ok(runs) = self.world.shelf.unfinished() else { return vec![] };
        runs.into_iter().map(|summary| self.run_line(&summary)).collect()
    }

    fn run_line(&self, summary: &crate::journal::Summary) -> RunLine {
        let header = &summary.header;
        let mut line = RunLine {
            id: header.run.clone(),
            title: header.runbook.title.clone(),
            state: "unfinished".into(),
            step: String::new(),
            started: header.began_at(),
            last: summary.heard_at(&self.world.clock.wall_stamp()),
            endpoint: endpoint_words(&header.endpoint),
            drill: matches!(header.endpoint, EndpointKind::Drill { .. }),
            blocked: self.world.same_endpoint(header).err().map(|t| t.what),
        };
        match self.world.stored(&header.run) {
            Ok(stored) => {
                let run = stored.fold();
                let at = run.active.iter().find(|p| run.plan.step(p).is_some_and(|s| s.steps.is_empty()));
                at.map_or(run.state().word(), |p| run.state_of(p).word()).clone_into(&mut line.state);
                line.step = at.map(ToString::to_string).unwrap_or_default();
            }
            Err(trouble) => line.blocked = Some(trouble.what),
        }
        line
    }
}

/// Calls that were sent and have no answer.
pub fn in_flight(run: &Run) -> usize {
    let sent = |p: &&StepPath| run.steps.get(*p).is_some_and(|s| matches!(s.stage, run::Stage::InFlight(_)));
    run.active.iter().filter(sent).count()
}

/// The next signal that asks the program to end; listened for from the call on.
fn a_signal() -> impl Future<Output = ()> {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let mut listeners: Vec<Signal> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    std::future::poll_fn(move |cx| {
        let came = listeners.iter_mut().any(|l| l.poll_recv(cx).is_ready());
        if came { Poll::Ready(()) } else { Poll::Pending }
    })
}

fn answers(calls: usize) -> String {
    if calls == 1 { "1 answer".to_owned() } else { format!("{calls} answers") }
}

fn waiting_for(calls: usize) {
    if calls > 0 {
        say::error(format_args!(
            "ripcord: waiting for {} (up to 65 s); Ctrl-C again stops waiting: the outcome is then unknown",
            answers(calls)
        ));
    }
}

fn stopped(run: &Run) {
    let calls = in_flight(run);
    if calls > 0 {
        say::error(format_args!(
            "ripcord: stopped waiting for {}: the outcome is unknown. Settle it with: ripcord resume {}",
            answers(calls),
            run.info.id
        ));
    }
}

/// Everything the trait's methods spawn needs the stage itself.
pub struct Behind(pub Arc<Stage>);

impl Behind {
    fn spawn<F>(&self, replies: &Replies, work: impl FnOnce(Arc<Stage>) -> F)
    where
        F: Future<Output = Option<Reply>> + Send + 'static,
    {
        let (future, replies) = (work(Arc::clone(&self.0)), replies.clone());
        self.0.runtime.spawn(async move {
            if let Some(reply) = future.await {
                // A full channel blocks: not on a thread that others wait for.
                tokio::task::block_in_place(|| replies.send(reply));
            }
        });
    }
}

impl Backstage for Behind {
    fn facts(&self) -> Facts {
        let stage = &self.0;
        let identity =
            stage.identity.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
        let role = identity.arn.rsplit_once(':').map_or("", |(_, role)| role).to_owned();
        Facts {
            read_only: stage.world.read_only,
            endpoint: match &stage.world.endpoint {
                EndpointKind::Live => "LIVE".into(),
                EndpointKind::Custom { host } => format!("CUSTOM {host}"),
                // Its scenario would tell what goes wrong.
                EndpointKind::Drill { .. } => "DRILL".into(),
            },
            account: identity.account,
            region: stage.world.region.clone(),
            role,
            operator: stage.world.operator.clone(),
            profile: stage.global.shown_profile().filter(|_| stage.drill.is_none()),
            endpoint_url: match &stage.drill {
                Some(drill) => drill.url(),
                None => stage.global.endpoint_url.clone(),
            },
            drill: stage.brief(),
            pace: stage.world.pace,
        }
    }

    fn now(&self) -> At {
        self.0.world.clock.now()
    }

    fn wall(&self) -> At {
        self.0.world.clock.wall()
    }

    fn tempo(&self) -> Option<Tempo> {
        self.0.tempo()
    }

    fn pause(&self) {
        if let Some(drill) = &self.0.drill {
            drill.cloud.clock().toggle();
        }
    }

    fn hint(&self, ticket: Ticket, path: &StepPath, replies: &Replies) {
        let path = path.clone();
        self.spawn(replies, move |stage| async move {
            let given = stage.give_hint(&path).await;
            let facts = given.map(|given| given.then(|| Box::new(Behind(Arc::clone(&stage)).facts())));
            Some(Reply::Hinted(ticket, facts))
        });
    }

    fn debrief(&self, wrong_phrases: u32, replies: &Replies) {
        self.spawn(replies, move |stage| async move {
            let text = tokio::task::spawn_blocking(move || stage.debriefed(wrong_phrases)).await.ok()?;
            text.map(Reply::Debriefed)
        });
    }

    fn identify(&self, replies: &Replies) {
        self.spawn(replies, |stage| async move {
            let here = Place { region: stage.world.region.clone(), ..Place::default() };
            let identity = stage.world.identity(&here).await.ok()?;
            stage.know(&identity);
            Some(Reply::Facts(Box::new(Behind(Arc::clone(&stage)).facts())))
        });
    }

    fn list(&self, replies: &Replies) {
        self.spawn(replies, |stage| async move {
            let listing = tokio::task::spawn_blocking(move || stage.listing()).await.ok()?;
            Some(Reply::Listed(listing))
        });
    }

    fn check(&self, ticket: Ticket, book: &Arc<Runbook>, given: Map<String, Value>, replies: &Replies) {
        let book = Arc::clone(book);
        self.spawn(replies, move |stage| async move {
            let checked = stage.world.check(&book, &given).await;
            if let Ok(checked) = &checked {
                stage.know(&checked.identity);
            }
            Some(Reply::Checked(ticket, checked.map(Box::new)))
        });
    }

    fn choices(
        &self,
        ticket: Ticket,
        book: &Arc<Runbook>,
        given: Map<String, Value>,
        parameter: &str,
        replies: &Replies,
    ) {
        let (book, name) = (Arc::clone(book), parameter.to_owned());
        self.spawn(replies, move |stage| async move {
            let read = book.parameters.iter().find(|p| p.name == name)?.choices.clone()?;
            let values = stage.offered(&book, &given, &read).await;
            Some(Reply::Choices(ticket, name, values))
        });
    }

    fn start(&self, ticket: Ticket, checked: Box<Checked>, replies: &Replies) {
        self.spawn(
            replies,
            move |stage| async move { Some(Reply::Opened(ticket, stage.start(&checked).await)) },
        );
    }

    fn resume(&self, ticket: Ticket, run: &RunId, replies: &Replies) {
        let (run, more) = (run.clone(), replies.clone());
        self.spawn(replies, move |stage| async move {
            tokio::task::block_in_place(|| stage.know_hints(&run));
            if stage.drill.is_some() {
                let facts = Behind(Arc::clone(&stage)).facts();
                tokio::task::block_in_place(|| more.send(Reply::Facts(Box::new(facts))));
            }
            let resumed = stage.world.resume(&run, stage.stop_of(&run), true).await;
            let opened = resumed.map(|(session, handle)| stage.opened(session, handle));
            Some(Reply::Opened(ticket, opened))
        });
    }

    fn look(&self, ticket: Ticket, path: &StepPath, look: Look, replies: &Replies) {
        let path = path.clone();
        self.spawn(replies, move |stage| async move {
            let frame = stage.reader.round(&look, stage.world.clock.now()).await;
            Some(Reply::Looked(ticket, path, frame))
        });
    }
}

impl Stage {
    async fn start(&self, checked: &Checked) -> Result<Handle, Trouble> {
        let (plan, stop_before) = match &self.bound {
            Some(Bound::Start { digest, plan, stop_before }) if *digest == checked.book.digest => {
                (plan.as_ref(), stop_before.clone())
            }
            _ => (None, None),
        };
        if let Some(plan) = plan {
            plan::same(&self.global, &self.world, checked, plan).await?;
        }
        let plan = plan.map(|p| p.digest.clone());
        let started = tokio::task::block_in_place(|| self.world.start(checked, plan, stop_before, true));
        // Hints of another run of this drill count for that one.
        self.hints.lock().unwrap_or_else(PoisonError::into_inner).clear();
        started.map(|(session, handle, _)| self.opened(session, handle))
    }

    /// The step before which the command line wants this run to stop.
    fn stop_of(&self, run: &RunId) -> Option<String> {
        match &self.bound {
            Some(Bound::Resume { run: bound, stop_before }) if bound == run => stop_before.clone(),
            _ => None,
        }
    }

    fn opened(&self, session: Session<LocalDisk>, handle: Handle) -> Handle {
        if let Some(drill) = &self.drill {
            self.runtime.spawn(attend(handle.clone(), Arc::clone(drill.cloud.clock())));
        }
        let work = self.runtime.spawn(session.run());
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push((handle.clone(), work));
        handle
    }

    async fn offered(
        &self,
        book: &Arc<Runbook>,
        given: &Map<String, Value>,
        read: &str,
    ) -> Result<Vec<String>, String> {
        let draft = self.world.draft(book, given).await.map_err(|t| t.what)?;
        let now = self.world.clock.now();
        let look = Look::over(draft, StepPath::default(), now, [read.to_owned()]);
        let frame = self.reader.round(&look, now).await;
        let value = frame.value(read).map_err(|why| why.to_string())?;
        let rows = value.as_array().map_or(&[][..], Vec::as_slice);
        Ok(rows.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}
