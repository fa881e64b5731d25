//! `drill`, `drill list` and `drill serve`: everything around a run whose AWS is simulated.
//!
//! Only simulated performers are made here, and no credentials are read: the world of a drill is built beside
//! `connect`, never from it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::args::{CloudArgs, DrillArgs, DrillCommand, Global, PlayArgs};
use super::scenarios::{self, Found};
use super::{Ending, books, connect, drilled, drive, params, say};
use crate::drill::oracle::{Came, Verdict, judge};
use crate::drill::serve::Server;
use crate::drill::{CallLog, Cloud, Folder, hints, outside};
use crate::headless::{Rehearsed, Style, rehearse};
use crate::ids::{At, RunId};
use crate::journal::{EndpointKind, Header, LocalDisk, Shelf};
use crate::report::{Debrief, Drilled, Journalled, Report};
use crate::run::Run;
use crate::runbook::Runbook;
use crate::runner::{DrillClock, Stored, Trouble, World, exit, in_steps};
use crate::tui::Brief;

/// How many times faster than the wall a drill runs that was begun without anybody at it.
const SPEED: u32 = 60;
/// The scenario of a runbook in which nothing goes wrong but what the runbook is for; where there is none, the first.
const PLAIN: &str = "plain";

pub fn drill(global: &Global, args: &DrillArgs) -> Ending {
    match &args.other {
        None => play(global, &args.play),
        Some(DrillCommand::List { json }) => Ok(list(global, *json)),
        Some(DrillCommand::Serve { port, runbook, cloud }) => serve(global, runbook, cloud, *port),
    }
}

/// A drill about to be played: its cloud, its folder, what it was made of.
pub struct Drill {
    pub cloud: Arc<Cloud>,
    pub book: Arc<Runbook>,
    folder: Folder,
    shelf: Shelf<LocalDisk>,
    line: Option<Line>,
    /// The debriefs of runs that have ended: judged then, and not again when the console is left.
    judged: Mutex<BTreeMap<RunId, Debrief>>,
}

fn play(global: &Global, args: &PlayArgs) -> Ending {
    own_world(global)?;
    let book = books::load(global, &args.runbook)?;
    let found = scenario(global, &book, &args.cloud)?;
    let alone = args.drive.no_input || !args.drive.plain && !terminal();
    let now = found.scenario.now;
    let clock = if alone { DrillClock::stepped(now) } else { DrillClock::running(now, args.cloud.speed) };
    let drill = Drill::begin(global, &book, found, args.cloud.seed, clock)?;
    if alone { drill.rehearse(global, args) } else { drill.console(global, args) }
}

fn terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// A drill has an endpoint and an account of its own.
fn own_world(global: &Global) -> Result<(), Trouble> {
    let given = [("--profile", global.profile.is_some()), ("--endpoint-url", global.endpoint_url.is_some())];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => Err(Trouble::new(
            exit::USAGE,
            format!("{flag} means nothing in a drill"),
            "a drill has an endpoint and keys of its own and reads no others; nothing was started",
            "leave it out",
        )),
    }
}

fn scenario(global: &Global, book: &Runbook, args: &CloudArgs) -> Result<Found, Trouble> {
    let ids = scenarios::ids(global, &book.id);
    let name = match &args.scenario {
        Some(name) => name.clone(),
        None => ids.iter().find(|id| *id == PLAIN).or(ids.first()).cloned().ok_or_else(|| none(book))?,
    };
    scenarios::find(global, book, &name)
}

fn none(book: &Runbook) -> Trouble {
    Trouble::new(
        exit::USAGE,
        format!("{} has no scenarios", book.id),
        "nothing was started",
        format!("write one into drills/{}/ beside the runbook, or give a path with --scenario", book.id),
    )
}

impl Drill {
    fn begin(
        global: &Global,
        book: &Arc<Runbook>,
        found: Found,
        seed: u64,
        clock: Arc<DrillClock>,
    ) -> Result<Drill, Trouble> {
        let nonce = uuid::Uuid::now_v7().simple().to_string();
        let shelf = connect::shelf(global)?;
        let folder = folder(&shelf, &nonce)?;
        folder.keep(&found.texts).map_err(|e| disk(&e))?;
        let drill = Drill::of(book, found, seed, clock, nonce, folder, shelf)?;
        drill.cloud.log_to(CallLog::open(&drill.folder.calls()).map_err(|e| disk(&e))?);
        Ok(drill)
    }

    fn of(
        book: &Arc<Runbook>,
        found: Found,
        seed: u64,
        clock: Arc<DrillClock>,
        nonce: String,
        folder: Folder,
        shelf: Shelf<LocalDisk>,
    ) -> Result<Drill, Trouble> {
        let cloud = Cloud::new(Arc::new(found.scenario), seed, clock, nonce).map_err(Trouble::usage)?;
        let (cloud, book, judged) = (Arc::new(cloud), Arc::clone(book), Mutex::default());
        Ok(Drill { cloud, book, folder, shelf, line: None, judged })
    }

    /// The cloud of a drill whose console has gone, as it stood: what changed it is done again, in its own time.
    ///
    /// # Errors
    /// A folder that is gone, or a scenario that can no longer be read.
    pub fn again(global: &Global, stored: &Stored) -> Result<Drill, Trouble> {
        let EndpointKind::Drill { seed, nonce, speed, .. } = &stored.header.endpoint else {
            return Err(Trouble::usage("this run is no drill"));
        };
        let shelf = connect::shelf(global)?;
        let folder = folder(&shelf, nonce)?;
        let gone = |e: std::io::Error| {
            Trouble::new(
                exit::FAILED,
                format!("the world of this drill cannot be built again: {e}"),
                "its journal is whole, and nothing was opened",
                format!("start another with `ripcord drill {}`", stored.header.runbook.id),
            )
        };
        let texts = folder.kept().map_err(gone)?;
        let found = scenarios::kept(&stored.book, &texts)?;
        let changes = match CallLog::read(&folder.calls()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(gone)?,
        };
        let now = found.scenario.now;
        // One that went in steps has no speed of its own.
        let clock = DrillClock::running(now, if *speed == 0 { SPEED } else { *speed });
        let drill = Drill::of(&stored.book, found, *seed, clock, nonce.clone(), folder, shelf)?;
        drill.cloud.replay(&changes);
        drill.cloud.log_to(CallLog::open(&drill.folder.calls()).map_err(gone)?);
        Ok(drill)
    }

    /// The outside of a run: the clients on the wire of this cloud.
    pub async fn world(&self, global: &Global) -> Result<(World, Line), Trouble> {
        let (perform, line) = connect::to_drill(global, &self.cloud).await?;
        let operator = connect::operator();
        Ok((outside(&self.cloud, perform, self.shelf.clone(), &operator, global.read_only), line))
    }

    fn rehearse(&self, global: &Global, args: &PlayArgs) -> Ending {
        let given = self.given(args)?;
        let clock = Arc::clone(self.cloud.clock());
        let json = args.drive.json;
        let stop_before = args.bounds.stop_before.as_ref().map(ToString::to_string);
        let stops = stop_before.is_some();
        let done = in_steps(&clock, async {
            let (world, _line) = self.world(global).await?;
            let script = drive::script(&world, &args.drive)?;
            let mut out = std::io::stdout();
            let style = if json { Style::Json } else { Style::Plain };
            rehearse(&self.cloud, &world, (&self.book, &given), stop_before, &script, style, &mut out).await
        });
        let Rehearsed { verdict, run } = done.map_err(|e| disk(&e))??;
        if stops && run.as_ref().is_some_and(|(_, run)| run.ended.is_none()) {
            // Nothing is judged half-way.
            return Ok(exit::UNFINISHED);
        }
        let debrief = self.debrief(&verdict, run.as_ref().map(|(id, _)| id), 0)?;
        self.keep(&debrief);
        if json {
            say::line(serde_json::to_value(&debrief).unwrap_or_default());
        } else {
            say::block(debrief.text());
        }
        Ok(if debrief.good { exit::OK } else { exit::FAILED })
    }

    /// What the scenario says, and the command line over it.
    fn given(&self, args: &PlayArgs) -> Result<Map<String, Value>, Trouble> {
        let mut given = self.cloud.scenario().parameters.clone();
        given.extend(params::texts(&args.params)?);
        Ok(given)
    }

    fn console(self, global: &Global, args: &PlayArgs) -> Ending {
        let given = self.given(args)?;
        drilled::play(global, self, given, &args.bounds, &args.drive)
    }

    /// The same, reachable for as long as it is there.
    #[must_use]
    pub fn told(self, line: Line) -> Drill {
        Drill { line: Some(line), ..self }
    }

    /// Where other programs reach its cloud.
    pub fn url(&self) -> Option<String> {
        self.line.as_ref()?.url.clone()
    }

    /// What the operator is told, with what another terminal needs to see the same world, but for the hints.
    pub fn brief(&self) -> Brief {
        let line = self.line.as_ref().filter(|line| line.url.is_some());
        Brief {
            story: self.cloud.scenario().story.trim_end().to_owned(),
            environment: line.map_or_else(String::new, |line| line.environment(&self.cloud).join(" ")),
            hints: Vec::new(),
        }
    }

    /// The same in lines.
    pub fn story(&self) -> String {
        let Brief { story, environment, .. } = self.brief();
        if environment.is_empty() { story } else { format!("{story}\n\nIn another terminal: {environment}") }
    }

    /// What is left on the terminal: the debrief of a run that has ended, else how it goes on.
    pub fn ended(&self, run: Option<&Run>, wrong_phrases: u32) -> Result<(), Trouble> {
        let Some(run) = run else { return Ok(()) };
        if run.ended.is_some() {
            say::block(self.judge(run, wrong_phrases)?.text());
            return Ok(());
        }
        let debrief = self.as_it_stands(run, wrong_phrases)?;
        if let Err(error) = self.folder.keep_wrong_phrases(debrief.wrong_phrases) {
            tracing::warn!(%error, "the wrong phrases could not be kept");
        }
        say::block(debrief.left(&run.info.id));
        Ok(())
    }

    /// Judges a run that has ended, once, and keeps the debrief.
    pub fn judge(&self, run: &Run, wrong_phrases: u32) -> Result<Debrief, Trouble> {
        // Held while it is judged: whoever asks meanwhile gets the same.
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(debrief) = judged.get(&run.info.id) {
            return Ok(debrief.clone());
        }
        let debrief = self.as_it_stands(run, wrong_phrases)?;
        self.keep(&debrief);
        judged.insert(run.info.id.clone(), debrief.clone());
        Ok(debrief)
    }

    fn as_it_stands(&self, run: &Run, wrong_phrases: u32) -> Result<Debrief, Trouble> {
        let (view, now) = (self.cloud.view(), self.cloud.clock().now());
        // A person at the keyboard answered well or not: that is what the judge sees.
        let responded = self.cloud.scenario().expect.outcome != crate::drill::Outcome::Recovered;
        let verdict =
            judge(self.cloud.scenario(), Came::Run(run), responded, &view, &self.cloud.calls(), now);
        let wrong_phrases = self.folder.wrong_phrases().saturating_add(wrong_phrases);
        self.debrief(&verdict, Some(&run.info.id), wrong_phrases)
    }

    fn debrief(
        &self,
        verdict: &Verdict,
        run: Option<&RunId>,
        wrong_phrases: u32,
    ) -> Result<Debrief, Trouble> {
        let stored = run.map(|id| Stored::read(&self.shelf, id)).transpose()?;
        let report = stored.as_ref().map(|stored| report(stored, self.cloud.clock().now()));
        let (calls, told) = (self.cloud.calls(), self.cloud.told());
        let drilled = Drilled {
            scenario: self.cloud.scenario(),
            seed: self.cloud.seed(),
            verdict,
            calls: &calls,
            told: &told,
            wrong_phrases,
            hints: stored.as_ref().map_or(0, |stored| taken(stored).len()),
        };
        Ok(Debrief::of(&drilled, report.as_ref()))
    }

    fn keep(&self, debrief: &Debrief) {
        let value = serde_json::to_value(debrief).unwrap_or_default();
        if let Err(error) = self.folder.keep_debrief(&value.to_string()) {
            tracing::warn!(%error, "the debrief could not be kept");
        }
    }
}

/// The hints that were asked for in all lives of a run.
pub fn taken(stored: &Stored) -> BTreeSet<usize> {
    hints::taken(stored.decisions.iter().flat_map(|d| &d.facts))
}

fn report(stored: &Stored, now: At) -> Report {
    let journalled = Journalled {
        header: &stored.header,
        book: &stored.book,
        facts: stored.decisions.iter().flat_map(|d| &d.facts).collect(),
        head: &stored.head,
    };
    Report::of(&journalled, now)
}

fn folder(shelf: &Shelf<LocalDisk>, nonce: &str) -> Result<Folder, Trouble> {
    Folder::of(shelf.root(), nonce)
        .ok_or_else(|| Trouble::usage("the journal names no drill that can be found"))
}

fn disk(error: &std::io::Error) -> Trouble {
    Trouble::new(
        exit::UNFINISHED,
        format!("the drill could not be set up: {error}"),
        "nothing was started",
        "check the disk and --state-dir",
    )
}

/// Where a cloud listens, while it does.
pub struct Line {
    /// None where calls go to the cloud without a socket.
    pub url: Option<String>,
    /// Kept for as long as the cloud is to be reached.
    pub _server: Option<Server>,
}

impl Line {
    /// What `aws` in another terminal needs, ready to be pasted.
    pub fn environment(&self, cloud: &Cloud) -> Vec<String> {
        let place = &cloud.scenario().place;
        vec![
            format!(
                "unset AWS_PROFILE AWS_SESSION_TOKEN; export AWS_ENDPOINT_URL={}",
                self.url.as_deref().unwrap_or("none")
            ),
            format!("AWS_REGION={0} AWS_DEFAULT_REGION={0}", place.region),
            format!("AWS_ACCESS_KEY_ID={}", Cloud::key_for_others(&place.account)),
            "AWS_SECRET_ACCESS_KEY=drill".into(),
        ]
    }
}

fn serve(global: &Global, runbook: &str, args: &CloudArgs, port: Option<u16>) -> Ending {
    own_world(global)?;
    let book = books::load(global, runbook)?;
    let found = scenario(global, &book, args)?;
    let clock = DrillClock::running(found.scenario.now, args.speed);
    let drill = Drill::begin(global, &book, found, args.seed, clock)?;
    connect::block_on(async {
        let line = connect::listen(&drill.cloud, port).await?;
        say::line(drill.cloud.scenario().story.trim_end());
        say::line(format_args!("\n{}\n", line.environment(&drill.cloud).join(" ")));
        say::line(format_args!(
            "The drill cloud listens until Ctrl-C; {} times as fast as the wall.",
            args.speed
        ));
        tokio::signal::ctrl_c().await.ok();
        Ok(exit::OK)
    })?
}

/// One scenario and how it was drilled last.
struct Row {
    runbook: String,
    scenario: String,
    title: String,
    last: Option<(At, Value)>,
}

fn list(global: &Global, as_json: bool) -> u8 {
    let rows = rows(global);
    if as_json {
        let all: Vec<Value> = rows.iter().map(Row::json).collect();
        say::line(format_args!("{:#}", json!({"schema_version": 1, "scenarios": all})));
    } else {
        let wide = rows.iter().map(|r| r.runbook.len()).max().unwrap_or(0);
        let name = rows.iter().map(|r| r.scenario.len()).max().unwrap_or(0);
        for row in &rows {
            let (last, title) = (row.last_words(), crate::text::clean(&row.title));
            say::line(format_args!("{:wide$}  {:name$}  {last:22}  {title}", row.runbook, row.scenario));
        }
    }
    exit::OK
}

impl Row {
    fn json(&self) -> Value {
        let last = self.last.as_ref();
        json!({
            "runbook": self.runbook, "scenario": self.scenario, "title": self.title,
            "last_drilled": last.map(|(at, _)| at.rfc3339()), "last_outcome": last.map(|(_, d)| &d["outcome"]),
            "last_good": last.map(|(_, d)| &d["good"]),
        })
    }

    fn last_words(&self) -> String {
        match &self.last {
            None => "never drilled".into(),
            Some((at, debrief)) => {
                let word = if debrief["good"] == true { "PASS" } else { "FAIL" };
                format!("{} {word}", at.date())
            }
        }
    }
}

fn rows(global: &Global) -> Vec<Row> {
    let history = history(global);
    let mut rows = Vec::new();
    for (id, found) in books::all(global) {
        let Ok(book) = crate::runbook::load(&found.from, &found.source) else { continue };
        for scenario in scenarios::ids(global, &id) {
            let title = scenarios::find(global, &book, &scenario)
                .map_or_else(|_| "has findings; `ripcord drill` tells them".to_owned(), |f| f.scenario.title);
            let mine = history.iter().find(|h| h.0 == id && h.1 == scenario);
            let last = mine.map(|(_, _, at, debrief)| (*at, debrief.clone()));
            rows.push(Row { runbook: id.clone(), scenario, title, last });
        }
    }
    rows
}

/// Drills that came to an end, newest first: runbook, scenario, when, debrief.
pub fn history(global: &Global) -> Vec<(String, String, At, Value)> {
    let Ok(shelf) = connect::shelf(global) else { return Vec::new() };
    let runs = shelf.list().unwrap_or_default();
    runs.iter().filter_map(|run| exercised(&shelf, &run.found.as_ref().ok()?.header)).collect()
}

fn exercised(shelf: &Shelf<LocalDisk>, header: &Header) -> Option<(String, String, At, Value)> {
    let EndpointKind::Drill { scenario, nonce, .. } = &header.endpoint else { return None };
    let debrief = Folder::of(shelf.root(), nonce)?.debrief()?;
    let at = header.began_at();
    Some((header.runbook.id.clone(), scenario.clone(), at, serde_json::from_str(&debrief).ok()?))
}
