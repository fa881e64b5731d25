//! One seeded life from start to end: the processes it takes, what lies between them, the judgement at the end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ripcord::ids::{At, RunId, Span};
use ripcord::journal::Journal;
use ripcord::journal::memory::{Crash, MemoryDisk};
use ripcord::run::{Run, RunInfo, RunState};
use ripcord::runbook::{Runbook, load};
use ripcord::runner::{Decision, facts};
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::clock::VirtualClock;
use super::disk::SimDisk;
use super::kernel::{Broken, Kernel};
use super::operator::Operator;
use super::oracle::{Oracle, difference};
use super::process::Process;
use super::world::World;

/// How long "it did not happen" is not believed: the value of live endpoints.
pub const SETTLE: Span = Span::mins(7);

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
pub(super) struct Rough {
    pub(super) crash: u64,
    pub(super) torn: u64,
    pub(super) disk: u64,
    pub(super) calls: u64,
    pub(super) reads: u64,
    pub(super) lag: u64,
}

/// Why a process stopped.
pub(super) enum Stop {
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
    pub(super) chance: Chance,
    pub(super) rough: Rough,
    pub world: World,
    pub(super) disk: SimDisk,
    pub(super) dir: PathBuf,
    pub(super) clock: VirtualClock,
    /// The run's clock minus true time.
    pub(super) offset: i64,
    pub(super) book: Arc<Runbook>,
    pub(super) spec: &'static Book,
    pub(super) kernel: Kernel,
    pub(super) oracle: Oracle,
    pub(super) operator: Operator,
    pub(super) crashes_left: u32,
    /// Decisions whose append returned.
    pub(super) acked: usize,
    /// The run as the last process held it.
    pub(super) live: Option<Run>,
    /// The newest run time ever seen.
    pub(super) newest: At,
    pub(super) trace: u64,
    pub(super) lived: Lived,
    pub(super) started: bool,
    pub(super) parameters: Map<String, Value>,
    pub(super) turns: u32,
    /// Tells the story while it happens.
    pub(super) tell: bool,
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

pub(super) fn services(chance: &mut Chance) -> Vec<(&'static str, u64)> {
    let all = [("web", 3), ("api", 2), ("mail", 1)];
    let n = if chance.percent(70) { 2 } else { chance.between(1, 3) };
    all.into_iter().take(usize::try_from(n).unwrap_or(1)).collect()
}

impl Sim {
    pub(super) fn new(seed: u64, broken: Option<Broken>, library: &[Arc<Runbook>]) -> Sim {
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

    pub(super) fn met(&mut self, what: impl Into<String>) {
        self.lived.met.insert(what.into());
    }

    pub(super) fn hash(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.trace = (self.trace ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn now(&self) -> At {
        At(self.world.now.0 + self.offset)
    }

    pub(super) fn tick(&mut self) {
        let now = self.now();
        self.newest = self.newest.max(now);
        self.clock.set(now);
    }

    pub(super) fn true_time(&self, run: At) -> At {
        At(run.0 - self.offset)
    }

    pub(super) fn whole_life(&mut self) -> Result<(), String> {
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
            self.oracle.watch(&self.world)?;
        }
        self.last_judgement()
    }

    pub(super) fn close(&mut self, run: Run) {
        self.lived.ended = run.ended.as_ref().map(|(s, _)| *s);
        self.live = Some(run);
        self.oracle.died();
    }

    /// Time passes while nobody is there, and the clock may be set meanwhile.
    pub(super) fn die(&mut self, torn: bool) {
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
            self.disk.memory.kill();
        } else {
            self.disk.memory.crash_as(how);
        }
        let gone =
            if self.chance.percent(70) { self.chance.below(30_000) } else { self.chance.below(1_500_000) };
        let until = At(self.world.now.0 + i64::try_from(gone).unwrap_or(0));
        while self.world.next_at().is_some_and(|at| at <= until) {
            self.world.happen();
        }
        self.world.now = until;
    }

    pub(super) fn wake_up(&mut self) {
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

    pub(super) fn last_judgement(&mut self) -> Result<(), String> {
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

    pub(super) fn fold(&self, decisions: &[Decision]) -> Run {
        let mut run = Run::new(Arc::clone(&self.book), self.info());
        for fact in decisions.iter().flat_map(|d| &d.facts) {
            self.kernel.apply(&mut run, fact);
        }
        run
    }

    pub(super) fn info(&self) -> RunInfo {
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

pub(super) fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

pub(super) fn parameters(book: &str, services: &[&str], chance: &mut Chance) -> Map<String, Value> {
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
pub(super) fn unrest(world: &mut World, chance: &mut Chance, services: &[&str]) {
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

impl Sim {
    /// Folds what the journal holds and compares it with what the last process believed.
    pub(super) fn refold(&mut self, decisions: &[Decision]) -> Result<Run, Stop> {
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
