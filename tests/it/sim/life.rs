//! One seeded life: a run through as many processes as it takes, against an adversary, judged all the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ripcord::ids::{At, Clock, EffectName, Life, Place, RunId, Span};
use ripcord::journal::memory::{Crash, Failure, MemoryDisk, Times};
use ripcord::journal::{Digest, EndpointKind, Header, Journal, JournalError, RunbookRef};
use ripcord::run::{
    Call, Effect, Fact, IDENTITY, Input, Look, LookName, OBSERVE, Outcome, Purpose, Refusal, Run, RunInfo,
    RunState, Stage, What,
};
use ripcord::runbook::{Runbook, load};
use ripcord::runner::{Decision, Denied, Ledger, Stamps, facts};
use ripcord::watch::{Frame, Question, Reading, Unread, UnreadKind};
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::clock::VirtualClock;
use super::disk::SimDisk;
use super::kernel::{Broken, Kernel};
use super::operator::Operator;
use super::oracle::{Oracle, Shown, difference};
use super::world::{ACCOUNT, Arrived, Fate, REQUEST_LIFE, STALENESS, World};

/// How long "it did not happen" is not believed: the value of live endpoints.
pub const SETTLE: Span = Span::mins(7);
/// Rounds a look keeps, as in the runner.
const WINDOW: usize = 16;
/// More turns than any life needs.
const TURNS: u32 = 12_000;

/// A runbook of the simulator and how it is started.
pub struct Book {
    pub name: &'static str,
    pub text: &'static str,
    /// Clocks may be set wrong by hours between processes. Not where evidence carries AWS's own timestamps:
    /// there a clock that is wrong by more than a minute is refused by signatures.
    pub clock_jumps: bool,
}

pub const BOOKS: [Book; 4] = [
    Book { name: "recover", text: include_str!("books/recover.yaml"), clock_jumps: false },
    Book { name: "toggle", text: include_str!("books/toggle.yaml"), clock_jumps: true },
    Book { name: "items", text: include_str!("books/items.yaml"), clock_jumps: true },
    Book { name: "people", text: include_str!("books/people.yaml"), clock_jumps: true },
];

/// Loads the runbooks once.
pub fn library() -> Vec<Arc<Runbook>> {
    let one = |book: &Book| match load(&format!("{}.yaml", book.name), book.text.as_bytes()) {
        Ok(book) => Arc::new(book),
        Err(findings) => {
            panic!("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    };
    BOOKS.iter().map(one).collect()
}

/// What became of a life.
#[derive(Debug, Default)]
pub struct Lived {
    pub book: &'static str,
    /// Of every byte of the journal and every event.
    pub digest: u64,
    pub processes: u32,
    pub crashes: u32,
    pub facts: u64,
    pub sent: u64,
    pub ended: Option<RunState>,
    /// What happened at least once: `stage × input`, refusals, proofs, holds.
    pub met: BTreeSet<String>,
    pub wrong: Option<String>,
}

/// How rough a life is, by its seed.
struct Rough {
    crash: u64,
    torn: u64,
    disk: u64,
    calls: u64,
    reads: u64,
    lag: u64,
}

/// Why a process stopped.
enum Stop {
    Crashed,
    /// In the middle of an append: only a power cut tears a line.
    Torn,
    /// The journal could not be written.
    Trouble,
    Wrong(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Wrong(why)
    }
}

pub struct Sim {
    chance: Chance,
    rough: Rough,
    pub world: World,
    disk: SimDisk,
    dir: PathBuf,
    clock: VirtualClock,
    /// The run's clock minus true time.
    offset: i64,
    book: Arc<Runbook>,
    spec: &'static Book,
    kernel: Kernel,
    oracle: Oracle,
    operator: Operator,
    crashes_left: u32,
    /// Decisions whose append returned.
    acked: usize,
    /// The run as the last process held it.
    live: Option<Run>,
    /// The newest run time ever seen.
    newest: At,
    trace: u64,
    lived: Lived,
    started: bool,
    parameters: Map<String, Value>,
    turns: u32,
    /// Tells the story while it happens.
    tell: bool,
}

/// Lives one life.
pub fn live(seed: u64, broken: Option<Broken>, library: &[Arc<Runbook>]) -> Lived {
    let mut sim = Sim::new(seed, broken, library);
    let end = sim.whole_life();
    if let Err(why) = end {
        sim.lived.wrong = Some(why);
    }
    sim.lived.digest = sim.trace;
    sim.lived
}

fn services(chance: &mut Chance) -> Vec<(&'static str, u64)> {
    let all = [("web", 3), ("api", 2), ("mail", 1)];
    let n = if chance.percent(70) { 2 } else { chance.between(1, 3) };
    all.into_iter().take(usize::try_from(n).unwrap_or(1)).collect()
}

impl Sim {
    fn new(seed: u64, broken: Option<Broken>, library: &[Arc<Runbook>]) -> Sim {
        let mut chance = Chance::new(seed);
        let which = usize::try_from(seed % 4).unwrap_or(0);
        let (spec, book) = (&BOOKS[which], Arc::clone(&library[which]));
        let services = services(&mut chance);
        let names: Vec<&str> = services.iter().map(|s| s.0).collect();
        let base = At(1_772_329_200_000);
        let mut world = World::new(base, &services);
        let parameters = parameters(spec.name, &names, &mut chance);
        let level = chance.below(4);
        let rough = Rough {
            crash: [0, 4, 12, 30][index(level)],
            torn: [0, 3, 6, 10][index(chance.below(4))],
            disk: [0, 0, 2, 5][index(chance.below(4))],
            calls: [4, 15, 30, 45][index(chance.below(4))],
            reads: [0, 3, 8, 15][index(chance.below(4))],
            lag: [0, 20, 40, 60][index(chance.below(4))],
        };
        unrest(&mut world, &mut chance, &names);
        let rate = [0, 5, 20, 50][index(chance.below(4))];
        let operator = Operator::new(chance.below(14), rate);
        let memory = MemoryDisk::new();
        memory.mkdirs(Path::new("/state/runs"));
        let crashes_left = u32::try_from(level * 4).unwrap_or(0);
        Sim {
            rough,
            world,
            disk: SimDisk { memory, lie: Broken::lie(broken) },
            dir: PathBuf::from("/state/runs/r1"),
            clock: VirtualClock::default(),
            offset: 0,
            book,
            spec,
            kernel: Kernel::new(broken),
            oracle: Oracle::default(),
            operator,
            crashes_left,
            acked: 0,
            live: None,
            newest: base,
            trace: 0xcbf2_9ce4_8422_2325,
            lived: Lived { book: spec.name, ..Lived::default() },
            started: false,
            parameters,
            turns: 0,
            tell: std::env::var_os("RIPCORD_SEED").is_some(),
            chance,
        }
    }

    fn met(&mut self, what: impl Into<String>) {
        self.lived.met.insert(what.into());
    }

    fn hash(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.trace = (self.trace ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn now(&self) -> At {
        At(self.world.now.0 + self.offset)
    }

    fn tick(&mut self) {
        let now = self.now();
        self.newest = self.newest.max(now);
        self.clock.set(now);
    }

    fn true_time(&self, run: At) -> At {
        At(run.0 - self.offset)
    }

    fn whole_life(&mut self) -> Result<(), String> {
        loop {
            if self.lived.processes > 200 {
                return Err("it took two hundred processes and is not over".into());
            }
            self.lived.processes += 1;
            self.wake_up();
            let mut torn = false;
            match Process::open(self) {
                Ok(Some(mut process)) => {
                    let stop = process.live();
                    let run = Run::clone(&process.ledger.run);
                    drop(process);
                    self.close(run);
                    match stop {
                        Ok(()) => break,
                        Err(Stop::Wrong(why)) => return Err(why),
                        Err(Stop::Crashed | Stop::Trouble) => {}
                        Err(Stop::Torn) => torn = true,
                    }
                }
                Ok(None) | Err(Stop::Crashed | Stop::Torn | Stop::Trouble) => {}
                Err(Stop::Wrong(why)) => return Err(why),
            }
            self.die(torn);
        }
        self.last_judgement()
    }

    fn close(&mut self, run: Run) {
        self.lived.ended = run.ended.as_ref().map(|(s, _)| *s);
        self.live = Some(run);
        self.oracle.died();
    }

    /// Time passes while nobody is there, and the clock may be set meanwhile.
    fn die(&mut self, torn: bool) {
        self.lived.crashes += 1;
        if self.tell {
            println!("{} dies", self.world.now);
        }
        let how = Crash {
            keep: usize::try_from(self.chance.below(4000)).unwrap_or(0),
            zeros: self.chance.percent(10),
            names: self.chance.percent(50),
        };
        if !torn && self.chance.percent(50) {
            self.disk.memory.kill()
        } else {
            self.disk.memory.crash_as(how)
        }
        let gone =
            if self.chance.percent(70) { self.chance.below(30_000) } else { self.chance.below(1_500_000) };
        let until = At(self.world.now.0 + i64::try_from(gone).unwrap_or(0));
        while self.world.next_at().is_some_and(|at| at <= until) {
            self.world.happen();
        }
        self.world.now = until;
    }

    fn wake_up(&mut self) {
        let jump = match self.chance.below(10) {
            0 if self.spec.clock_jumps => 3_600_000,
            1 if self.spec.clock_jumps => -3_600_000,
            2 => 20_000,
            _ => 0,
        };
        let wall = At(self.world.now.0 + jump);
        // As the runner does: never before what the journal has seen.
        self.offset = wall.max(self.newest).0 - self.world.now.0;
        if !self.spec.clock_jumps {
            self.offset = self.offset.min(40_000).max(self.newest.0 - self.world.now.0);
        }
        self.tick();
    }

    fn last_judgement(&mut self) -> Result<(), String> {
        self.world.drain();
        self.oracle.watch(&self.world)?;
        let records =
            Journal::follow(self.disk.clone(), &self.dir).map_err(|e| format!("at the end: {e}"))?;
        let decisions = facts(&records.records)?;
        let run = self.fold(&decisions);
        if let Some(live) = &self.live
            && let Some(what) = difference(&run, live)
        {
            return Err(format!("the journal and the last process differ in {what}"));
        }
        if run.ended.is_none() {
            return Err("it is over and has not ended".into());
        }
        self.oracle.at_the_end(&run, &self.world)?;
        let bytes = self.disk.memory.content(&self.dir.join("journal.jsonl")).unwrap_or_default();
        self.hash(&bytes);
        Ok(())
    }

    fn fold(&self, decisions: &[Decision]) -> Run {
        let mut run = Run::new(Arc::clone(&self.book), self.info());
        for fact in decisions.iter().flat_map(|d| &d.facts) {
            self.kernel.apply(&mut run, fact);
        }
        run
    }

    fn info(&self) -> RunInfo {
        let settle = if self.kernel.broken == Some(Broken::NoSettleWindow) { Span(0) } else { SETTLE };
        RunInfo {
            id: RunId("r1".into()),
            operator: "ana".into(),
            settle,
            pace: 1,
            stop_before: None,
            read_only: false,
        }
    }
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

fn parameters(book: &str, services: &[&str], chance: &mut Chance) -> Map<String, Value> {
    let value = match book {
        "recover" => {
            json!({"services": services, "db": "orders", "mode": chance.pick(&["full", "full", "quick"])})
        }
        "toggle" => json!({"service": services[0]}),
        "items" => json!({"services": services, "regret": chance.percent(30)}),
        _ => {
            json!({"service": services[0], "db": "orders", "mode": chance.pick(&["long", "long", "short", "none", "fails"])})
        }
    };
    value.as_object().cloned().unwrap_or_default()
}

/// What goes on in the account besides us.
fn unrest(world: &mut World, chance: &mut Chance, services: &[&str]) {
    let when = |chance: &mut Chance| Span::secs(chance.between(5, 900));
    if chance.percent(15) {
        let (after, service) = (when(chance), chance.pick(services).copied().unwrap_or("web"));
        world.meddle(after, service, 5);
    }
    if chance.percent(10) {
        let (after, lasts) = (when(chance), Span::secs(chance.between(20, 300)));
        world.wrong_account(after, lasts);
    }
    if chance.percent(15) {
        let (after, lasts) = (when(chance), Span::secs(chance.between(20, 300)));
        world.expire(after, lasts);
    }
}

/// What a look is doing.
struct Looking {
    window: VecDeque<Frame>,
    /// In true time: asked then, or being answered.
    due: At,
    coming: Option<Frame>,
}

struct Process<'s> {
    sim: &'s mut Sim,
    ledger: Ledger<SimDisk, VirtualClock>,
    me: Life,
    looks: BTreeMap<LookName, Looking>,
    /// Names ever started in this process: none is started twice.
    started: BTreeSet<EffectName>,
    wake: Option<At>,
    operator_at: Option<At>,
    crash_at: Option<At>,
    /// The first answers and when they were asked, for the reader that takes old ones for new.
    kept: BTreeMap<String, (At, Result<Arc<Value>, Unread>)>,
    /// When the oldest answer of the round was really asked.
    oldest: At,
}

impl<'s> Process<'s> {
    /// Starts or resumes the run. None when the disk did not let it start.
    fn open(sim: &'s mut Sim) -> Result<Option<Process<'s>>, Stop> {
        let stamp = sim.clock.stamp();
        let opened = Journal::open(sim.disk.clone(), &sim.dir, &stamp);
        let (journal, records) = match opened {
            Ok((journal, records)) => (journal, records),
            Err(
                JournalError::NotFound { .. }
                | JournalError::NeverStarted { .. }
                | JournalError::Exists { .. },
            ) if !sim.started => {
                let text = sim.spec.text.as_bytes();
                match Journal::create(sim.disk.clone(), &sim.dir, &header(sim), text, &stamp) {
                    Ok(journal) => (journal, vec![]),
                    Err(_) => return Ok(None),
                }
            }
            Err(e) => return Err(Stop::Wrong(format!("the journal cannot be opened again: {e}"))),
        };
        sim.started = true;
        let decisions = facts(&records).map_err(Stop::Wrong)?;
        let run = sim.refold(&decisions)?;
        if run.ended.is_some() {
            sim.live = Some(run);
            sim.lived.ended = sim.live.as_ref().and_then(|r| r.ended.as_ref()).map(|(s, _)| *s);
        }
        let me = Life(sim.live.as_ref().and_then(|r| r.life).map_or(1, |l| l.0 + 1));
        Process::on(sim, journal, me)
    }

    fn on(sim: &'s mut Sim, journal: Journal<SimDisk>, me: Life) -> Result<Option<Process<'s>>, Stop> {
        let run = sim.live.clone().unwrap_or_else(|| Run::new(Arc::clone(&sim.book), sim.info()));
        let ledger = Ledger::new(run, journal, sim.clock.clone(), &[]);
        let crash_at = (sim.crashes_left > 0 && sim.chance.percent(60))
            .then(|| sim.world.now.plus(Span(sim.chance.below(600_000))));
        Ok(Some(Process {
            sim,
            ledger,
            me,
            looks: BTreeMap::new(),
            started: BTreeSet::new(),
            wake: None,
            operator_at: None,
            crash_at,
            kept: BTreeMap::new(),
            oldest: At(0),
        }))
    }

    fn begin(&mut self) -> Result<(), Stop> {
        self.bare_fold();
        self.input(&Input::Open { life: self.me, by: "ana".into() })?;
        if self.ledger.run.started.is_none() {
            let parameters = self.sim.parameters.clone();
            let place = Place {
                target: "main".into(),
                account: ACCOUNT.into(),
                region: "eu-west-1".into(),
                role_arn: None,
            };
            self.input(&Input::Start { parameters, places: vec![place], preflight: vec![] })?;
        }
        Ok(())
    }

    /// The variant that starts what is owed before it has opened the run.
    fn bare_fold(&mut self) {
        if self.sim.kernel.broken != Some(Broken::OwedAfterBareFold) {
            return;
        }
        let Some(old) = self.ledger.run.life else { return };
        for effect in self.ledger.run.owed(old) {
            if let Effect::Send { name, call } = effect {
                self.sim.world.send(self.me, &name, &call, Fate::smooth());
            }
        }
    }

    /// Until the run has ended, or this process has.
    fn live(&mut self) -> Result<(), Stop> {
        if self.ledger.run.ended.is_none() {
            self.begin()?;
        }
        while self.ledger.run.ended.is_none() {
            self.sim.turns += 1;
            if self.sim.turns > TURNS {
                let run = &self.ledger.run;
                let now: Vec<String> =
                    run.active.iter().map(|p| format!("{p}: {:?}", run.steps[p].stage)).collect();
                return Err(Stop::Wrong(format!("it goes on for ever: {}", now.join("; "))));
            }
            self.settle()?;
            if self.ledger.run.ended.is_some() {
                break;
            }
            self.seam(self.sim.rough.crash)?;
            self.reconcile()?;
            self.next()?;
        }
        Ok(())
    }

    /// A place where the process may die.
    fn seam(&mut self, permille: u64) -> Result<(), Stop> {
        if self.sim.crashes_left > 0 && self.sim.chance.permille(permille) {
            self.sim.crashes_left -= 1;
            self.note_crash();
            return Err(Stop::Crashed);
        }
        Ok(())
    }

    fn note_crash(&mut self) {
        let run = Arc::clone(&self.ledger.run);
        for step in run.active.iter().filter_map(|p| run.steps.get(p)) {
            self.sim.met(format!("{} × crash", stage_word(&step.stage)));
        }
        if run.undoing.is_some() {
            self.sim.met("undoing × crash");
        }
    }

    fn settle(&mut self) -> Result<(), Stop> {
        for _ in 0..2000 {
            if self.input(&Input::Advance)? == 0 {
                return Ok(());
            }
        }
        Err(Stop::Wrong("advancing never comes to rest".into()))
    }

    /// Decides, makes durable, applies: what the runner does, with seams.
    fn input(&mut self, input: &Input) -> Result<usize, Stop> {
        self.sim.tick();
        let run = Arc::clone(&self.ledger.run);
        let now = self.sim.clock.now();
        let facts = match self.sim.kernel.decide(&run, input, now) {
            Ok(facts) => facts,
            Err(refusal) => {
                self.refused(input, &refusal);
                return Ok(0);
            }
        };
        self.noted(&run, input, &facts);
        if facts.is_empty() {
            return Ok(0);
        }
        self.seam(self.sim.rough.crash / 4)?;
        for fact in &facts {
            self.sim.oracle.judge(&run, fact, &self.sim.world)?;
        }
        let before = facts.iter().any(|f| self.sim.kernel.needs_before(f)).then(|| Run::clone(&run));
        drop(run);
        let n = facts.len();
        self.append(input, &facts)?;
        for fact in &facts {
            if self.sim.tell {
                println!(
                    "{} {}",
                    self.sim.world.now,
                    ripcord::run::line(fact).map_or_else(|| format!("{fact:?}"), |l| l.1)
                );
            }
            let run = Arc::make_mut(&mut self.ledger.run);
            self.sim.kernel.after(run, fact, before.as_ref());
            self.sim.oracle.note(run, fact);
        }
        self.sim.lived.facts += n as u64;
        self.seam(self.sim.rough.crash / 4)?;
        Ok(n)
    }

    fn append(&mut self, input: &Input, facts: &[Fact]) -> Result<(), Stop> {
        let sim = &mut *self.sim;
        let intent = facts.iter().any(|f| matches!(f, Fact::Intent { .. }));
        if intent {
            sim.world.intended = sim.world.now;
        }
        let (write, sync) = (u64::from(intent), u64::from(intent) + 1);
        let memory = &sim.disk.memory;
        let torn = sim.crashes_left > 0 && sim.chance.permille(sim.rough.torn);
        let failing = sim.crashes_left > 0 && sim.chance.permille(sim.rough.disk);
        if torn {
            memory.fail_at(memory.operations() + sync, Failure::Io, Times::Once);
        } else if failing {
            let what = [Failure::NoSpace, Failure::Io, Failure::ReadOnly, Failure::Short(40)];
            let failure = what[index(sim.chance.below(4))];
            let at = if sim.chance.percent(50) { write } else { 0 };
            memory.fail_at(memory.operations() + at, failure, Times::Once);
        }
        let appended = self.ledger.record(input, facts.to_vec());
        self.sim.disk.memory.heal();
        match appended {
            Ok(_) => {
                self.sim.acked += 1;
                Ok(())
            }
            Err(Denied::Refused(_)) => Ok(()),
            Err(Denied::Journal(e)) => {
                self.sim.crashes_left = self.sim.crashes_left.saturating_sub(1);
                self.sim.met(if torn { "torn tail" } else { "append failed" });
                self.sim.hash(e.to_string().as_bytes());
                if self.sim.kernel.broken == Some(Broken::AppendFailureIgnored) && !torn {
                    let run = Arc::make_mut(&mut self.ledger.run);
                    facts.iter().for_each(|f| run.apply(f));
                    return Ok(());
                }
                self.note_crash();
                if torn { Err(Stop::Torn) } else { Err(Stop::Trouble) }
            }
        }
    }

    fn refused(&mut self, input: &Input, refusal: &Refusal) {
        let word = format!("{refusal:?}");
        let word = word.split(['(', ' ']).next().unwrap_or_default().to_owned();
        if let Input::Command(_) = input {
            self.sim.met(format!("refused: {word}"));
        }
    }

    /// Takes note of what was met, and that no success is lost.
    fn noted(&mut self, run: &Run, input: &Input, facts: &[Fact]) {
        match input {
            Input::Answer { name, outcome } => {
                let stage = run.steps.get(&name.path).map_or("gone", |s| stage_word(&s.stage));
                let outcome = match outcome {
                    Outcome::Executed { .. } => "executed",
                    Outcome::Rejected { .. } => "rejected",
                    Outcome::Unclear { .. } => "unclear",
                };
                self.sim.met(format!("{stage} × {outcome}"));
            }
            Input::Command(command) => {
                let path = match &command.what {
                    What::Skip { path } | What::Retry { path } | What::Accept { path } => Some(path),
                    _ => None,
                };
                let stage = path.and_then(|p| run.steps.get(p)).map_or("run", |s| stage_word(&s.stage));
                self.sim.met(format!("{stage} × {}", command_word(&command.what)));
            }
            Input::Looked { name, .. } if !facts.is_empty() => {
                self.sim.met(format!("looked: {:?}", name.purpose))
            }
            _ => {}
        }
        for fact in facts {
            self.sim.met(fact.kind());
            match fact {
                Fact::Held { kind, .. } => self.sim.met(format!("held: {kind:?}")),
                Fact::Executed { proof, .. } => self.sim.met(format!("executed by {}", proof_word(proof))),
                Fact::Rejected { proof, .. } => self.sim.met(format!("rejected by {}", proof_word(proof))),
                Fact::Ended { state, .. } => self.sim.met(format!("ended: {}", state.word())),
                Fact::Finished { state, .. } => self.sim.met(format!("finished: {}", state.word())),
                Fact::Intent { already: true, .. } => self.sim.met("intent whose effect was there already"),
                _ => {}
            }
        }
    }
}

impl Sim {
    /// Folds what the journal holds and compares it with what the last process believed.
    fn refold(&mut self, decisions: &[Decision]) -> Result<Run, Stop> {
        let durable = decisions.len();
        if durable < self.acked || durable > self.acked + 1 {
            return Err(Stop::Wrong(format!(
                "{} decisions were acknowledged, {durable} are there",
                self.acked
            )));
        }
        let mut run = self.fold(&decisions[..self.acked]);
        if let Some(live) = &self.live
            && let Some(what) = difference(&run, live)
        {
            return Err(Stop::Wrong(format!("the journal and the process differ in {what}")));
        }
        for fact in decisions[self.acked..].iter().flat_map(|d| &d.facts) {
            self.met("an append that nobody saw return");
            self.kernel.apply(&mut run, fact);
            self.oracle.note(&run, fact);
        }
        self.acked = durable;
        self.newest = self.newest.max(run.now);
        self.live = Some(run.clone());
        Ok(run)
    }
}

fn header(sim: &Sim) -> Header {
    Header {
        format: 1,
        run: RunId("r1".into()),
        runbook: RunbookRef {
            id: sim.book.id.clone(),
            title: String::new(),
            version: "1.0.0".into(),
            digest: Digest::of(b""),
        },
        app_version: "0".into(),
        endpoint: EndpointKind::Live,
        places: vec![],
        settle_ms: SETTLE.0,
        pace: 1,
        started: sim.clock.now(),
        operator: "ana".into(),
        resources: vec![],
    }
}

/// Effects, readings and the passing of time.
impl Process<'_> {
    fn reconcile(&mut self) -> Result<(), Stop> {
        let owed = self.sim.kernel.owed(&self.ledger.run, self.me);
        let mut wanted = BTreeSet::new();
        self.wake = None;
        for effect in owed {
            match effect {
                Effect::Look(name) => {
                    wanted.insert(name);
                }
                Effect::Send { name, call } => self.send(&name, &call)?,
                Effect::Wake(at) => self.wake = Some(self.sim.true_time(at)),
            }
        }
        self.looks.retain(|name, _| wanted.contains(name));
        for name in wanted {
            if !self.looks.contains_key(&name) {
                let due = self.sim.true_time(name.since).max(self.sim.world.now).plus(Span(1));
                self.looks.insert(name, Looking { window: VecDeque::new(), due, coming: None });
            }
        }
        if self.operator_at.is_none()
            && (Operator::is_asked(&self.ledger.run) || self.sim.operator.mischief > 0)
        {
            let think = self.sim.chance.between(800, 40_000);
            self.operator_at = Some(self.sim.world.now.plus(Span(think)));
        }
        Ok(())
    }

    fn send(&mut self, name: &EffectName, call: &Call) -> Result<(), Stop> {
        let twice = self.sim.kernel.broken == Some(Broken::StartedTwice) && self.sim.chance.percent(5);
        if !self.started.insert(name.clone()) && !twice {
            return Ok(());
        }
        self.durable_intent(name)?;
        self.seam(self.sim.rough.crash)?;
        let fate = self.sim.fate(call);
        self.sim.lived.sent += 1;
        if self.sim.tell {
            println!("{} sends {name} {} {fate:?}", self.sim.world.now, call.parameters);
        }
        self.sim.world.send(self.me, name, call, fate);
        self.seam(self.sim.rough.crash)
    }

    /// At the moment a call leaves, its intent must be on the disk for good.
    fn durable_intent(&mut self, name: &EffectName) -> Result<(), Stop> {
        let bytes = self.sim.disk.memory.durable(&self.sim.dir.join("journal.jsonl")).unwrap_or_default();
        let (attempt, path) = (name.attempt.0, serde_json::to_string(&name.path).unwrap_or_default());
        let wanted = format!("{{\"intent\":{{\"name\":{{\"path\":{path},\"attempt\":{attempt}}}");
        let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(16_384)..]);
        if tail.contains(&wanted) {
            return Ok(());
        }
        Err(Stop::Wrong(format!("{name} is sent and its intent is not durable")))
    }

    /// Lets the next thing happen, whatever it is.
    fn next(&mut self) -> Result<(), Stop> {
        let look = self.looks.values().map(|l| l.due).min();
        let things = [self.sim.world.next_at(), look, self.wake, self.operator_at];
        let Some(at) = things.into_iter().flatten().min() else {
            return Err(Stop::Wrong("it has not ended, and nothing and nobody is waited for".into()));
        };
        if self.crash_at.is_some_and(|c| c <= at) {
            self.crash_at = None;
            self.sim.crashes_left = self.sim.crashes_left.saturating_sub(1);
            self.note_crash();
            return Err(Stop::Crashed);
        }
        if self.sim.world.next_at() == Some(at) {
            return self.world_moves();
        }
        self.sim.world.now = self.sim.world.now.max(at);
        self.sim.tick();
        if look == Some(at) {
            return self.look();
        }
        if self.operator_at == Some(at) {
            self.operator_at = None;
            return self.operate();
        }
        Ok(())
    }

    fn world_moves(&mut self) -> Result<(), Stop> {
        let arrived = self.sim.world.happen();
        self.sim.tick();
        self.sim.oracle.watch(&self.sim.world)?;
        let Some(Arrived { to, name, outcome }) = arrived else { return Ok(()) };
        if to != self.me {
            return Ok(());
        }
        let success = matches!(outcome, Outcome::Executed { .. });
        let line = format!("{name} {outcome:?}");
        self.sim.hash(line.as_bytes());
        self.input(&Input::Answer { name: name.clone(), outcome })?;
        if success {
            self.sim.oracle.success_was_heard(&name)?;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), Stop> {
        let now = self.sim.world.now;
        let Some(name) = self.looks.iter().find(|(_, l)| l.due <= now).map(|(n, _)| n.clone()) else {
            return Ok(());
        };
        let coming = self.looks.get_mut(&name).and_then(|l| l.coming.take());
        let Some(frame) = coming else {
            let frame = self.round(&name);
            let late = if self.sim.chance.percent(5) { 20_000 } else { 300 };
            let takes = Span(self.sim.chance.between(20, late));
            if let Some(looking) = self.looks.get_mut(&name) {
                looking.coming = Some(frame);
                looking.due = now.plus(takes);
            }
            return Ok(());
        };
        let every = name.every.unwrap_or(Span::secs(5)).0;
        // A machine that is suspended looks again much later.
        let slow = match self.sim.chance.below(100) {
            0..=4 if name.purpose == Purpose::Probe => 55,
            0..=24 => 6,
            _ => 1,
        };
        let pause = Span(every * slow + self.sim.chance.below(every / 4 + 1));
        let Some(looking) = self.looks.get_mut(&name) else { return Ok(()) };
        looking.window.push_back(frame);
        if looking.window.len() > WINDOW {
            looking.window.pop_front();
        }
        looking.due = now.plus(pause);
        let frames = looking.window.iter().cloned().collect();
        self.input(&Input::Looked { name, frames })?;
        Ok(())
    }

    /// One whole round, as the runner's reader makes it.
    fn round(&mut self, name: &LookName) -> Frame {
        let now = self.sim.clock.now();
        self.oldest = now;
        let look: Look = self.ledger.run.look(name, now);
        let mut frame = Frame::empty(now);
        loop {
            let open = look.open(&frame);
            if open.is_empty() {
                break;
            }
            for (part, asked) in open {
                let reading = match asked {
                    Ok(questions) => {
                        let answers: Vec<Reading> = questions.iter().map(|q| self.ask(q, now)).collect();
                        look.settle(&part, &answers, &frame)
                    }
                    Err(why) => Reading { asked: now, at: now, answer: Err(why) },
                };
                frame.readings.insert(part, reading);
            }
        }
        look.close(&mut frame);
        self.shown(name, &frame);
        frame
    }

    fn shown(&mut self, name: &LookName, frame: &Frame) {
        let account = frame.value(IDENTITY).ok().and_then(|v| v["Account"].as_str().map(str::to_owned));
        let target = frame.value(OBSERVE).ok().map(|v| v.as_ref().clone());
        let asked = self.oldest;
        self.sim
            .oracle
            .shown
            .insert(name.path.clone(), Shown { asked, target, account: account.unwrap_or_default() });
    }

    fn ask(&mut self, question: &Question, now: At) -> Reading {
        let answer = self.answer(question);
        Reading { asked: now, at: now, answer }
    }

    fn answer(&mut self, question: &Question) -> Result<Arc<Value>, Unread> {
        if self.sim.kernel.broken == Some(Broken::StaleReadingAccepted) {
            return self.old_answer(question);
        }
        self.fresh_answer(question)
    }

    fn old_answer(&mut self, question: &Question) -> Result<Arc<Value>, Unread> {
        if let Some((asked, answer)) = self.kept.get(&question.key()).filter(|_| self.sim.chance.percent(50))
        {
            self.oldest = self.oldest.min(*asked);
            return answer.clone();
        }
        let answer = self.fresh_answer(question);
        self.kept.insert(question.key(), (self.sim.clock.now(), answer.clone()));
        answer
    }

    fn fresh_answer(&mut self, question: &Question) -> Result<Arc<Value>, Unread> {
        let sim = &mut *self.sim;
        if sim.chance.permille(sim.rough.reads * 10) {
            let kind = *sim
                .chance
                .pick(&[UnreadKind::Throttled, UnreadKind::Transport])
                .unwrap_or(&UnreadKind::Transport);
            return Err(Unread::new(kind, "the adversary"));
        }
        let lag = sim.lag();
        sim.world.read(question, lag)
    }

    fn operate(&mut self) -> Result<(), Stop> {
        let run = Arc::clone(&self.ledger.run);
        let sim = &mut *self.sim;
        let Some(command) = sim.operator.act(&run, &sim.world, &mut sim.chance) else { return Ok(()) };
        let line = format!("{command:?}");
        if sim.tell {
            println!("{} {line}", sim.world.now);
        }
        sim.hash(line.as_bytes());
        if let What::Confirm { gate, digest, phrase } = &command.what {
            let right = run.gates.get(gate).is_some_and(|g| g.digest == *digest && g.phrase == *phrase);
            if right {
                sim.oracle.confirmed(&run, gate, digest);
            }
        }
        if let What::Rule { name, happened, .. } = &command.what {
            let certain = !sim.world.in_the_air(name) && (sim.world.times(name) > 0) == *happened;
            if !certain {
                sim.oracle.rash.insert(name.clone());
            }
        }
        drop(run);
        self.input(&Input::Command(command))?;
        Ok(())
    }
}

impl Sim {
    /// How old the next reading is: mostly fresh, sometimes old, rarely and briefly from long ago.
    fn lag(&mut self) -> Span {
        let now = self.world.now;
        if let Some((until, lag)) = self.world.lagging {
            if now < until {
                return lag;
            }
            // Replicas that lag far do so for less than the readings of a probe are spread over, and not again soon.
            if now < until.plus(Span::mins(20)) {
                return self.ordinary_lag();
            }
        }
        if self.rough.lag > 0 && self.chance.permille(60) {
            // It shows at worst what was true when the newest request was intended.
            let newest = now.since(self.world.intended);
            let lag = Span::secs(self.chance.between(60, 900)).min(newest);
            self.world.lagging = Some((now.plus(Span::secs(self.chance.between(3, 20))), lag));
            self.met("a replica that lags far behind");
            return lag;
        }
        self.ordinary_lag()
    }

    fn ordinary_lag(&mut self) -> Span {
        if self.chance.percent(self.rough.lag) { Span(self.chance.below(STALENESS.0)) } else { Span(0) }
    }

    /// What becomes of a request.
    fn fate(&mut self, call: &Call) -> Fate {
        let quick = Span(self.chance.between(50, 900));
        if self.world.state().expired {
            self.met("sent with expired credentials");
            let outcome = super::world::refused(call, "ExpiredToken");
            return Fate { says: Some((quick, outcome)), ..Fate::default() };
        }
        if !self.chance.percent(self.rough.calls) {
            let again = self.chance.percent(15).then(|| Span(quick.0 + self.chance.between(10, 200_000)));
            let answered = [Some(Span(quick.0 + 20)), again].into_iter().flatten().collect();
            return Fate { lands: Some(quick), answered, says: None };
        }
        self.trouble(call, quick)
    }

    fn trouble(&mut self, call: &Call, quick: Span) -> Fate {
        let deadline = Span::secs(60);
        let unclear = |why: &str| Outcome::Unclear { why: why.to_owned() };
        match self.chance.below(9) {
            0 => {
                let code = *self
                    .chance
                    .pick(&["ThrottlingException", "ValidationException", "AccessDenied"])
                    .unwrap_or(&"");
                self.met(format!("refused with {code}"));
                Fate { says: Some((quick, super::world::refused(call, code))), ..Fate::default() }
            }
            1 => {
                self.met("throttled");
                Fate { says: Some((quick, super::world::refused(call, "Throttling"))), ..Fate::default() }
            }
            2 => {
                self.met("executed, answer lost");
                Fate { lands: Some(quick), answered: vec![], says: Some((deadline, unclear("timeout"))) }
            }
            3 => {
                self.met("executed, then a server fault");
                let says = Some((Span(quick.0 + 20), unclear("InternalFailure")));
                Fate { lands: Some(quick), answered: vec![], says }
            }
            4 => {
                self.met("a server fault and not executed");
                Fate { says: Some((quick, unclear("InternalFailure"))), ..Fate::default() }
            }
            5 => {
                self.met("never arrived");
                Fate { says: Some((quick, unclear("connection reset"))), ..Fate::default() }
            }
            _ => {
                self.met("executed late");
                let lands = Span(self.chance.between(deadline.0, REQUEST_LIFE.0));
                let heard = self.chance.percent(50).then(|| Span(lands.0 + self.chance.between(1, 30_000)));
                let says = Some((Span(self.chance.between(quick.0, deadline.0)), unclear("timeout")));
                Fate { lands: Some(lands), answered: heard.into_iter().collect(), says }
            }
        }
    }
}

fn stage_word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Fresh => "fresh",
        Stage::Prepared { .. } => "prepared",
        Stage::Gated { .. } => "gated",
        Stage::Granted(_) => "granted",
        Stage::InFlight(_) => "in flight",
        Stage::Doubt { .. } => "unknown",
        Stage::Done { .. } => "done",
    }
}

fn proof_word(proof: &ripcord::run::Proof) -> &'static str {
    use ripcord::run::Proof;
    match proof {
        Proof::Answer => "answer",
        Proof::LateAnswer => "late answer",
        Proof::Probe => "probe",
        Proof::Human { .. } => "a person",
    }
}

fn command_word(what: &What) -> &'static str {
    match what {
        What::Confirm { .. } => "confirm",
        What::Answer { .. } => "answer",
        What::Done { .. } => "done",
        What::Approve { .. } => "approve",
        What::Skip { .. } => "skip",
        What::Retry { .. } => "retry",
        What::Accept { .. } => "accept",
        What::Redo { .. } => "redo",
        What::RollBack { .. } => "roll back",
        What::GiveUp { .. } => "give up",
        What::Extend { .. } => "extend",
        What::Note { .. } => "note",
        What::Abort => "abort",
        What::Rule { .. } => "rule",
    }
}
