//! From a runbook to a session: places are pinned, preflight is asked, the journal is created or resumed.
//!
//! Both front ends start here, so that neither can start a run the other would have refused.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::clock::{RunClock, Timer};
use super::ledger::{Decision, Denied, Ledger, facts};
use super::reader::Reader;
use super::session::{Handle, Options, Session};
use super::trouble::{Trouble, exit};
use crate::catalogue::did_you_mean;
use crate::ids::{At, Clock, Identity, Place, RunId, Span, StepPath};
use crate::journal::{Digest, EndpointKind, Header, Journal, JournalError, LocalDisk, RunbookRef, Shelf};
use crate::run::{CheckResult, CheckVerdict, Input, Look, Perform, Refusal, Run, RunInfo};
use crate::runbook::{ParameterKind, Runbook};
use crate::watch::Frame;

/// Deadline of a request, life of its signature and clock skew: how long a sent call can still land.
const SETTLE_LIVE: Span = Span::mins(7);
/// The same for servers on this machine, which keep no request that long.
const SETTLE_LOOPBACK: Span = Span::secs(2);

/// How old the checks may be when a run starts on them.
const FRESH: Span = Span::mins(2);

/// Everything a run needs from outside.
#[derive(Clone)]
pub struct World {
    pub perform: Arc<dyn Perform>,
    pub clock: RunClock,
    pub endpoint: EndpointKind,
    /// The endpoint is on this machine.
    pub loopback: bool,
    /// Region of places that name none.
    pub region: String,
    pub shelf: Shelf<LocalDisk>,
    pub operator: String,
    pub read_only: bool,
    /// `RIPCORD_PACE`; only debug builds on loopback custom endpoints have another than 1.
    pub pace: u32,
}

/// A runbook that may be started: resolved, pinned and checked.
#[derive(Clone, Debug)]
pub struct Checked {
    pub book: Arc<Runbook>,
    pub parameters: Map<String, Value>,
    pub places: Vec<Place>,
    pub identity: Identity,
    pub preflight: Vec<CheckResult>,
    /// The readings behind the checks.
    pub frame: Frame,
}

impl Checked {
    /// Whether a check failed.
    pub fn failed(&self) -> bool {
        self.preflight.iter().any(|c| c.verdict == CheckVerdict::Fail)
    }

    /// The run as it would start, for previews.
    pub fn preview(&self, world: &World) -> Run {
        let mut run = Run::new(Arc::clone(&self.book), world.info(RunId("preview".into())));
        run.parameters.clone_from(&self.parameters);
        run.places.clone_from(&self.places);
        world.operator.clone_into(&mut run.opened_by);
        run
    }
}

impl World {
    /// A reader of its own; a session and its screen share one.
    pub fn reader(&self) -> Arc<Reader> {
        Arc::new(Reader::new(Arc::clone(&self.perform), Arc::new(self.clock.clone())))
    }

    /// How long "it did not happen" is not believed here.
    pub fn settle(&self) -> Span {
        if self.loopback { SETTLE_LOOPBACK } else { SETTLE_LIVE }
    }

    fn info(&self, id: RunId) -> RunInfo {
        RunInfo {
            id,
            operator: self.operator.clone(),
            settle: self.settle(),
            pace: self.pace,
            stop_before: None,
            read_only: self.read_only,
        }
    }

    /// A run that cannot start yet, for reads that offer values: with the parameters that are right already.
    ///
    /// # Errors
    /// As [`World::identity`].
    pub async fn draft(&self, book: &Arc<Runbook>, given: &Map<String, Value>) -> Result<Arc<Run>, Trouble> {
        let parameters = crate::run::params::known(book, given, self.clock.now());
        let (places, _) = self.places(book, &parameters).await?;
        let mut run = Run::new(Arc::clone(book), self.info(RunId("draft".into())));
        run.parameters = parameters;
        run.places = places;
        Ok(Arc::new(run))
    }

    /// Resolves parameters, pins places and asks the preflight. Changes nothing anywhere.
    ///
    /// # Errors
    /// Exit 2 for parameters and for actions this version does not run, 4 and 5 as [`World::identity`].
    pub async fn check(&self, book: &Arc<Runbook>, given: &Map<String, Value>) -> Result<Checked, Trouble> {
        refuse_foreign(book)?;
        let parameters = crate::run::params::resolve(book, given, self.clock.now()).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Trouble::new(
                exit::USAGE,
                lines.join("\n"),
                "the runbook cannot be started with these parameters",
                format!("`ripcord show {}` lists them; give them with -p NAME=VALUE", book.id),
            )
        })?;
        let (places, identity) = self.places(book, &parameters).await?;
        let clock = self.clock_check(places.first());
        let mut checked = Checked {
            book: Arc::clone(book),
            parameters,
            places,
            identity,
            preflight: Vec::new(),
            frame: Frame::default(),
        };
        let run = Arc::new(checked.preview(self));
        let now = self.clock.now();
        let look: Look = run.preflight_look(now);
        checked.frame = self.reader().round(&look, now).await;
        checked.preflight = vec![identity_check(&checked), clock];
        checked.preflight.extend(run.judge_preflight(&checked.frame, self.clock.now()));
        Ok(checked)
    }

    /// Starts a run: journal, `opened`, `started`. `plan` is the digest of the plan it was held against.
    ///
    /// # Errors
    /// Exit 5 when a check failed or is too old, 2 for a step it cannot stop before, 7 when another unfinished run
    /// works on the same resource, 6 for the disk.
    pub fn start(
        &self,
        checked: &Checked,
        plan: Option<String>,
        stop_before: Option<String>,
        panes: bool,
    ) -> Result<(Session<LocalDisk>, Handle, RunId), Trouble> {
        if checked.failed() {
            return Err(preflight_failed(checked));
        }
        let age = self.clock.now().since(checked.frame.asked);
        if age > FRESH {
            return Err(preflight_old(age));
        }
        let id = RunId(uuid::Uuid::now_v7().to_string());
        let run = Run::new(Arc::clone(&checked.book), RunInfo { stop_before, ..self.info(id.clone()) });
        can_stop(&run)?;
        let header = Header { plan, ..self.header(checked, &id) };
        let source = checked.book.source.as_bytes();
        let journal = self.shelf.start(&header, source, &self.clock.stamp()).map_err(Trouble::from)?;
        let mut ledger = Ledger::new(run, journal, self.clock.clone(), &[]);
        let start = Input::Start {
            parameters: checked.parameters.clone(),
            places: checked.places.clone(),
            preflight: checked.preflight.clone(),
        };
        let life = ledger.begin(&self.operator, &start).map_err(denied)?;
        let (session, handle) = Session::new(ledger, life, self.options(self.clock.clone(), panes));
        Ok((session, handle, id))
    }

    fn options(&self, clock: RunClock, panes: bool) -> Options {
        let reader = Arc::new(Reader::new(Arc::clone(&self.perform), Arc::new(clock.clone())));
        let clock: Arc<dyn Timer> = Arc::new(clock);
        Options { perform: Arc::clone(&self.perform), reader, clock, panes }
    }

    fn header(&self, checked: &Checked, id: &RunId) -> Header {
        let book = &checked.book;
        Header {
            format: 1,
            run: id.clone(),
            runbook: RunbookRef {
                id: book.id.clone(),
                title: book.title.clone(),
                version: book.version.clone(),
                digest: Digest::of(book.source.as_bytes()),
            },
            app_version: env!("CARGO_PKG_VERSION").into(),
            endpoint: self.endpoint.clone(),
            places: checked.places.clone(),
            settle_ms: self.settle().0,
            pace: self.pace,
            started: self.clock.now(),
            operator: self.operator.clone(),
            // What only looks keeps nobody from working.
            resources: if self.read_only {
                Vec::new()
            } else {
                resources(book, &checked.parameters, &checked.places)
            },
            plan: None,
            read_only: self.read_only,
        }
    }

    /// Opens an unfinished run for its next life. Nothing is sent before its doubts are settled.
    ///
    /// # Errors
    /// Exit 7 when it is open elsewhere, 2 for another kind of endpoint or a step it cannot stop before, 1 for
    /// damage, 4 for another account.
    pub async fn resume(
        &self,
        id: &RunId,
        stop_before: Option<String>,
        panes: bool,
    ) -> Result<(Session<LocalDisk>, Handle), Trouble> {
        let stored = self.resumable(id)?;
        let mut so_far = stored.fold();
        if so_far.ended.is_none() {
            so_far.info.stop_before.clone_from(&stop_before);
            can_stop(&so_far)?;
        }
        for place in &stored.header.places {
            let identity = self.identity(place).await.map_err(not_resumed)?;
            if identity.account != place.account {
                return Err(Trouble::new(
                    exit::CREDENTIALS,
                    format!(
                        "the credentials are of account {}, the run is pinned to {}",
                        identity.account, place.account
                    ),
                    "the run was not opened and nothing was sent",
                    "choose the profile of that account with --profile",
                ));
            }
        }
        // Only now: opening writes. Whoever else holds the lock keeps it.
        let (journal, records) = self.shelf.open(id, &self.clock.stamp()).map_err(Trouble::from)?;
        let past = facts(&records).map_err(|why| damaged(&why))?;
        let (run, clock) = self.refold(&journal, stored.book, stop_before, &past);
        let mut ledger = Ledger::new(run, journal, clock.clone(), &past);
        if ledger.run.ended.is_some() {
            return Err(Trouble::new(
                exit::USAGE,
                format!("run {id} has ended"),
                "there is nothing left to do in it",
                format!("`ripcord report {id}` tells what happened"),
            ));
        }
        let life = ledger.open(&self.operator).map_err(denied)?;
        let (session, handle) = Session::new(ledger, life, self.options(clock, panes));
        Ok((session, handle))
    }

    fn refold(
        &self,
        journal: &Journal<LocalDisk>,
        book: Arc<Runbook>,
        stop_before: Option<String>,
        past: &[Decision],
    ) -> (Run, RunClock) {
        let header = journal.header();
        let info = RunInfo {
            operator: header.operator.clone(),
            // Begun on this machine, it may go on elsewhere: what held for loopback alone holds no longer.
            settle: Span(header.settle_ms).max(self.settle()),
            pace: if self.loopback { header.pace } else { 1 },
            stop_before,
            ..self.info(header.run.clone())
        };
        let run = Run::new(book, info);
        let mut last = run.clone();
        past.iter().flat_map(|d| &d.facts).for_each(|f| last.apply(f));
        (run, self.clock.after(last.now))
    }

    /// Whether a run was started against this kind of endpoint (law 9), a drill in this very cloud.
    ///
    /// # Errors
    /// Exit 2 when it was not.
    pub fn same_endpoint(&self, header: &Header) -> Result<(), Trouble> {
        use EndpointKind::{Custom, Drill, Live};
        let same = match (&header.endpoint, &self.endpoint) {
            (Live, Live) | (Custom { .. }, Custom { .. }) => true,
            (Drill { nonce: was, .. }, Drill { nonce: is, .. }) => was == is,
            _ => false,
        };
        if same {
            return Ok(());
        }
        if let Drill { .. } = &header.endpoint {
            return Err(other_cloud(&header.run));
        }
        let was = endpoint_words(&header.endpoint);
        Err(Trouble::new(
            exit::USAGE,
            format!(
                "this run was started against {was}, the session is on {}",
                endpoint_words(&self.endpoint)
            ),
            "a journal of one kind of endpoint is never resumed as another; nothing was opened",
            "set or unset --endpoint-url and AWS_ENDPOINT_URL as they were when the run was started",
        ))
    }

    /// What a run's directory holds, where it can be opened for another life.
    ///
    /// # Errors
    /// As [`World::stored`]; 1 for damage, 2 for another kind of endpoint and for a run that only looks.
    pub fn resumable(&self, id: &RunId) -> Result<Stored, Trouble> {
        let stored = self.stored(id)?;
        self.same_endpoint(&stored.header)?;
        if stored.header.read_only && !self.read_only {
            return Err(Trouble::new(
                exit::USAGE,
                format!("run {id} was started with --read-only"),
                "it holds no targets, so another run may be at work on them; it was not opened",
                "go on looking with --read-only, or start a run of its own",
            ));
        }
        match &stored.refused {
            Some(error) => Err(error.clone()),
            None => Ok(stored),
        }
    }

    /// What a run's directory holds, read without its lock.
    ///
    /// # Errors
    /// As the journal says: damage, missing runs, a runbook this version cannot load.
    pub fn stored(&self, id: &RunId) -> Result<Stored, Trouble> {
        Stored::read(&self.shelf, id)
    }
}

/// A run as it lies on the disk.
#[derive(Clone, Debug)]
pub struct Stored {
    pub header: Header,
    pub book: Arc<Runbook>,
    pub decisions: Vec<Decision>,
    /// First characters of the newest hash.
    pub head: String,
    /// Why the run cannot be opened for another life; what is here is good.
    pub refused: Option<Trouble>,
}

impl Stored {
    /// Reads a run without taking its lock.
    ///
    /// # Errors
    /// As the journal says, and when the kept runbook cannot be loaded by this version.
    pub fn read(shelf: &Shelf<LocalDisk>, id: &RunId) -> Result<Stored, Trouble> {
        let follow = shelf.follow(id).map_err(Trouble::from)?;
        let source = follow.runbook().map_err(Trouble::from)?;
        let book = crate::runbook::load("runbook.yaml", &source).map_err(|findings| {
            Trouble::new(
                exit::FAILED,
                format!("the runbook kept with run {id} has {} findings", findings.len()),
                "this version of ripcord cannot read it; the journal is whole",
                "resume with the version of ripcord that started it",
            )
        })?;
        let decisions = facts(&follow.records).map_err(|why| damaged(&why))?;
        if decisions.is_empty() {
            return Err(JournalError::NeverStarted { dir: shelf.dir(id).map_err(Trouble::from)? }.into());
        }
        let head = follow.head().to_owned();
        let refused = follow.refused().map(Trouble::from);
        Ok(Stored { header: follow.header.clone(), book: Arc::new(book), decisions, head, refused })
    }

    /// The run, folded; without a life of its own nothing is owed to it.
    pub fn fold(&self) -> Run {
        let info = RunInfo {
            id: self.header.run.clone(),
            operator: self.header.operator.clone(),
            settle: Span(self.header.settle_ms),
            pace: self.header.pace,
            ..RunInfo::default()
        };
        let mut run = Run::new(Arc::clone(&self.book), info);
        self.decisions.iter().flat_map(|d| &d.facts).for_each(|f| run.apply(f));
        run
    }
}

/// An endpoint that does not answer stops a start, but a run that has started only waits for it.
fn not_resumed(trouble: Trouble) -> Trouble {
    if trouble.code != exit::PREFLIGHT {
        return trouble;
    }
    let means = "who we are is not known, so the run was not opened; it stands as it was";
    Trouble { code: exit::UNFINISHED, means: means.into(), ..trouble }
}

/// The account was asserted while the places were pinned; this line says what it is.
fn identity_check(checked: &Checked) -> CheckResult {
    let places: Vec<String> = checked.places.iter().map(ToString::to_string).collect();
    let message = format!("{} in {}", checked.identity.arn, places.join(", "));
    CheckResult {
        name: "identity".into(),
        verdict: CheckVerdict::Ok,
        message: crate::text::clean(&message).into_owned(),
    }
}

/// What this version parses and checks but does not execute is refused by name, before anything starts.
fn refuse_foreign(book: &Runbook) -> Result<(), Trouble> {
    let mut found = book.foreign();
    let profiles = book.targets.iter().filter_map(|t| Some((&t.name, t.profile.as_ref()?)));
    found.extend(profiles.map(|(target, profile)| format!("target `{target}` (profile `{profile}`)")));
    if book.targets.len() > 1 {
        found.push(format!("{} targets", book.targets.len()));
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(
        exit::USAGE,
        format!("this version does not execute: {}", found.join(", ")),
        "the runbook is valid, but parts of it would be left out; nothing was started",
        "use `ripcord show --paper` as a checklist, or a runbook without these parts",
    ))
}

/// The resources a run holds: its picked parameters, each with its place.
fn resources(book: &Runbook, parameters: &Map<String, Value>, places: &[Place]) -> Vec<String> {
    let place = places.first().map(|p| format!("{}/{}", p.account, p.region)).unwrap_or_default();
    let mut out = Vec::new();
    for parameter in &book.parameters {
        let kind = match &parameter.kind {
            ParameterKind::Picker(kind) => *kind,
            ParameterKind::List(inner) => match **inner {
                ParameterKind::Picker(kind) => kind,
                _ => continue,
            },
            _ => continue,
        };
        let value = parameters.get(&parameter.name).cloned().unwrap_or_default();
        let names = value.as_array().cloned().unwrap_or_else(|| vec![value]);
        out.extend(names.iter().filter_map(Value::as_str).map(|n| format!("{place}/{kind}/{n}")));
    }
    out
}

/// Whether the run comes to the step it shall stop before: one of the main list that has not begun.
///
/// # Errors
/// Exit 2 when it does not.
pub fn can_stop(run: &Run) -> Result<(), Trouble> {
    let Some(name) = &run.info.stop_before else { return Ok(()) };
    let steps = &run.book().steps;
    let next = run.lists.get(&StepPath::default()).map_or(0, |list| list.next);
    let refuse = |what: String, next: String| {
        Err(Trouble::new(exit::USAGE, what, "nothing was started or opened", next))
    };
    match steps.iter().position(|step| step.name == *name) {
        Some(index) if index >= next => Ok(()),
        Some(_) => refuse(
            format!("--stop-before: step `{name}` has begun already"),
            "name a step that is still to come, or leave --stop-before out".into(),
        ),
        None => {
            let near = did_you_mean(name, steps.iter().map(|s| s.name.as_str()));
            let all = || {
                format!(
                    "name one of: {}",
                    steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")
                )
            };
            let hint = near.map_or_else(all, |near| format!("did you mean `{near}`?"));
            refuse(format!("--stop-before: there is no main step `{name}`"), hint)
        }
    }
}

fn preflight_old(age: Span) -> Trouble {
    Trouble::new(
        exit::PREFLIGHT,
        format!("the preflight was asked {} ago", age.human()),
        "what it saw may have changed since; nothing was started",
        "check again, then start",
    )
}

fn preflight_failed(checked: &Checked) -> Trouble {
    let failed: Vec<String> = checked
        .preflight
        .iter()
        .filter(|c| c.verdict == CheckVerdict::Fail)
        .map(|c| format!("{}: {}", c.name, c.message))
        .collect();
    Trouble::new(
        exit::PREFLIGHT,
        format!("the preflight failed: {}", failed.join("; ")),
        "nothing was started and nothing was changed",
        "mend what the checks name, then start again",
    )
}

fn denied(denied: Denied) -> Trouble {
    match denied {
        Denied::Journal(error) => error.into(),
        Denied::Refused(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Trouble {
    Trouble::new(
        exit::FAILED,
        refusal.to_string(),
        "nothing was changed",
        "look at the run with `ripcord runs`",
    )
}

fn damaged(why: &str) -> Trouble {
    Trouble::new(
        exit::FAILED,
        why.to_owned(),
        "the journal is damaged or of another program; nothing was written",
        "keep the run directory and go on by hand; `ripcord verify RUN` says where the damage is",
    )
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Trouble {
        Trouble::new(error.exit_code(), error.to_string(), error.meaning(), error.hint())
    }
}

/// How an endpoint is named to people.
pub fn endpoint_words(endpoint: &EndpointKind) -> String {
    match endpoint {
        EndpointKind::Live => "AWS (live)".into(),
        EndpointKind::Custom { host } => format!("the custom endpoint {host}"),
        EndpointKind::Drill { scenario, .. } => format!("the drill cloud ({scenario})"),
    }
}

fn other_cloud(run: &RunId) -> Trouble {
    Trouble::new(
        exit::USAGE,
        format!("run {run} is a drill, and this session is not in its cloud"),
        "a drill goes on in a cloud of its own, built again as it stood; nothing was opened",
        format!("`ripcord resume {run}`"),
    )
}

/// When a run was last heard of, for lists.
pub fn age(now: At, then: At) -> String {
    now.since(then).human()
}
