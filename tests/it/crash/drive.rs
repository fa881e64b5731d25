//! One process after the other, driven without chance; and the moments at which one may die.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ripcord::ids::{At, EffectName, Life, Place, RunId, Span};
use ripcord::journal::memory::{Crash, MemoryDisk};
use ripcord::journal::{Digest, EndpointKind, Header, Journal, RunbookRef};
use ripcord::run::{Command, Effect, Input, LookName, Outcome, Run, RunInfo, What};
use ripcord::runbook::{Runbook, load};
use ripcord::runner::{Decision, Ledger, Stamps, facts};
use ripcord::watch::{Frame, Reading, WINDOW};
use serde_json::json;

use crate::rounds::round;

use super::super::sim::clock::VirtualClock;
use super::super::sim::world::{ACCOUNT, Arrived, Fate, World};
use super::disk::Copied;

const BOOK: &str = include_str!("../sim/books/recover.yaml");
const SETTLE: Span = Span::mins(7);

/// What the world does with the requests of this run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Net {
    /// They take effect at once and are answered.
    Prompt,
    /// They take effect after three minutes, whoever waits for them.
    Late,
    /// The first request of each step gets lost.
    Lossy,
}

/// A moment at which the process may die: what is then left of it.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) world: World,
    pub(super) disk: MemoryDisk,
    /// Decisions whose append had returned.
    pub(super) acked: usize,
}

/// One process of the run, driven to its end.
pub(super) struct Drive<'b> {
    pub(super) book: &'b Arc<Runbook>,
    pub(super) net: Net,
    pub(super) world: World,
    pub(super) disk: Copied,
    /// Where the process may die, if that is asked for.
    pub(super) points: Option<Vec<Point>>,
    pub(super) acked: usize,
}

/// How a run ended: what people find, and what was executed how often.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct End {
    pub(super) state: String,
    pub(super) world: String,
    pub(super) executed: BTreeMap<String, usize>,
}

pub(super) fn book() -> Arc<Runbook> {
    let loaded = load("recover.yaml", BOOK.as_bytes());
    Arc::new(loaded.unwrap_or_else(|f| panic!("{}", f[0])))
}

pub(super) fn dir() -> PathBuf {
    PathBuf::from("/state/runs/r1")
}

pub(super) fn header() -> Header {
    Header {
        format: 1,
        run: RunId("r1".into()),
        runbook: RunbookRef {
            id: "recover".into(),
            title: String::new(),
            version: "1.0.0".into(),
            digest: Digest::of(b""),
        },
        app_version: "0".into(),
        endpoint: EndpointKind::Live,
        places: vec![],
        settle_ms: SETTLE.0,
        pace: 1,
        started: At(1_772_329_200_000),
        operator: "ana".into(),
        resources: vec![],
        plan: None,
        read_only: false,
    }
}

impl<'b> Drive<'b> {
    /// A run that has not begun, on an empty disk.
    pub(super) fn fresh(book: &'b Arc<Runbook>, net: Net) -> Drive<'b> {
        let memory = MemoryDisk::new();
        memory.mkdirs(Path::new("/state/runs"));
        let mut world = World::new(At(1_772_329_200_000), &[("web", 3)]);
        world.haste = 10;
        Drive { book, net, world, disk: Copied { memory, copies: None }, points: None, acked: 0 }
    }

    /// The process that comes after a crash at `point`.
    pub(super) fn after(book: &'b Arc<Runbook>, net: Net, point: &Point, how: Option<Crash>) -> Drive<'b> {
        let memory = point.disk.copy();
        match how {
            Some(how) => memory.crash_as(how),
            None => memory.kill(),
        }
        let mut world = point.world.clone();
        let until = world.now.plus(Span::secs(3));
        while world.next_at().is_some_and(|at| at <= until) {
            world.happen();
        }
        world.now = until;
        Drive { book, net, world, disk: Copied { memory, copies: None }, points: None, acked: point.acked }
    }

    pub(super) fn noting_points(mut self) -> Self {
        self.points = Some(Vec::new());
        self.disk.copies = Some(Arc::default());
        self
    }

    /// The process may die here.
    pub(super) fn seam(&mut self) {
        if let Some(points) = &mut self.points {
            let disk = self.disk.memory.copy();
            points.push(Point { world: self.world.clone(), disk, acked: self.acked });
        }
    }

    /// … and after each disk operation of what has just been written.
    pub(super) fn disk_seams(&mut self) {
        let (Some(points), Some(copies)) = (&mut self.points, &self.disk.copies) else { return };
        for disk in copies.lock().unwrap().drain(..) {
            points.push(Point { world: self.world.clone(), disk, acked: self.acked });
        }
    }

    pub(super) fn info() -> RunInfo {
        RunInfo {
            id: RunId("r1".into()),
            operator: "ana".into(),
            settle: SETTLE,
            pace: 1,
            stop_before: None,
            read_only: false,
        }
    }

    /// Opens the run, or starts it where nothing of it is there yet.
    pub(super) fn open(&mut self, clock: &VirtualClock) -> Result<(Journal<Copied>, Vec<Decision>), String> {
        let stamp = clock.stamp();
        let (journal, records) = match Journal::open(self.disk.clone(), &dir(), &stamp) {
            Ok(opened) => opened,
            Err(e) if self.acked > 0 => return Err(format!("it cannot be opened again: {e}")),
            // The header was not durable: nothing was ever done for this run, and it starts anew elsewhere.
            Err(_) => {
                self.disk.memory = MemoryDisk::new();
                self.disk.memory.mkdirs(Path::new("/state/runs"));
                let created = Journal::create(self.disk.clone(), &dir(), &header(), BOOK.as_bytes(), &stamp);
                (created.map_err(|e| e.to_string())?, vec![])
            }
        };
        let decisions = facts(&records)?;
        if decisions.len() < self.acked || decisions.len() > self.acked + 1 {
            return Err(format!("{} decisions were acknowledged, {} are there", self.acked, decisions.len()));
        }
        self.acked = decisions.len();
        Ok((journal, decisions))
    }

    /// Lives one process to the end of the run.
    pub(super) fn live(&mut self) -> Result<End, String> {
        let clock = VirtualClock::default();
        clock.set(self.world.now);
        let (journal, past) = self.open(&clock)?;
        self.disk_seams();
        let run = Run::new(Arc::clone(self.book), Self::info());
        let mut ledger = Ledger::new(run, journal, clock.clone(), &past);
        if ledger.run.ended.is_none() {
            let me = Life(ledger.run.life.map_or(1, |l| l.0 + 1));
            self.input(&mut ledger, &Input::Open { life: me, by: "ana".into() })?;
            if ledger.run.started.is_none() {
                self.start(&mut ledger)?;
            }
            self.work(&mut ledger, &clock, me)?;
        }
        self.world.drain();
        Ok(self.end(&ledger.run))
    }

    pub(super) fn start(&mut self, ledger: &mut Ledger<Copied, VirtualClock>) -> Result<(), String> {
        let parameters = json!({"services": ["web"], "db": "orders", "mode": "full"});
        let place = Place {
            target: "main".into(),
            account: ACCOUNT.into(),
            region: "eu-west-1".into(),
            role_arn: None,
        };
        let parameters = parameters.as_object().cloned().unwrap_or_default();
        let input = Input::Start { parameters, places: vec![place], preflight: vec![] };
        self.input(ledger, &input).map(|_| ())
    }

    pub(super) fn input(
        &mut self,
        ledger: &mut Ledger<Copied, VirtualClock>,
        input: &Input,
    ) -> Result<usize, String> {
        let before = self.acked;
        let n = ledger.input(input).map_err(|e| format!("{e:?}"))?;
        self.disk_seams();
        self.acked = before + usize::from(n > 0);
        Ok(n)
    }

    pub(super) fn work(
        &mut self,
        ledger: &mut Ledger<Copied, VirtualClock>,
        clock: &VirtualClock,
        me: Life,
    ) -> Result<(), String> {
        let mut started: BTreeSet<EffectName> = BTreeSet::new();
        let mut looks: BTreeMap<LookName, (VecDeque<Frame>, At)> = BTreeMap::new();
        for _ in 0..5000 {
            while self.input(ledger, &Input::Advance)? > 0 {}
            if ledger.run.ended.is_some() {
                return Ok(());
            }
            let mut wanted = BTreeSet::new();
            let mut wake = None;
            for effect in ledger.run.owed(me) {
                match effect {
                    Effect::Look(name) => {
                        wanted.insert(name);
                    }
                    Effect::Wake(at) => wake = Some(at),
                    Effect::Send { name, call } if started.insert(name.clone()) => {
                        self.seam();
                        let fate = self.fate(&name);
                        self.world.send(me, &name, &call, fate);
                        self.seam();
                    }
                    Effect::Send { .. } => {}
                }
            }
            looks.retain(|name, _| wanted.contains(name));
            for name in wanted {
                let due = name.since.max(self.world.now).plus(Span(5));
                looks.entry(name).or_insert((VecDeque::new(), due));
            }
            self.next(ledger, clock, me, &mut looks, wake)?;
        }
        Err("it does not come to an end".into())
    }

    pub(super) fn fate(&self, name: &EffectName) -> Fate {
        match self.net {
            Net::Late => {
                Fate { lands: Some(Span::mins(3)), answered: vec![Span(Span::mins(3).0 + 50)], says: None }
            }
            Net::Lossy if name.attempt.0 == 1 => {
                let says = Some((Span::secs(1), Outcome::Unclear { why: "connection reset".into() }));
                Fate { says, ..Fate::default() }
            }
            Net::Lossy | Net::Prompt => Fate::smooth(),
        }
    }

    /// Whatever comes first: the world, a reading, a deadline; with nothing to wait for, the operator.
    pub(super) fn next(
        &mut self,
        ledger: &mut Ledger<Copied, VirtualClock>,
        clock: &VirtualClock,
        me: Life,
        looks: &mut BTreeMap<LookName, (VecDeque<Frame>, At)>,
        wake: Option<At>,
    ) -> Result<(), String> {
        if let Some((gate, open)) = ledger.run.gates.iter().next() {
            let what = What::Confirm {
                gate: gate.clone(),
                digest: open.digest.clone(),
                phrase: open.phrase.clone(),
            };
            let command = Command { by: "ana".into(), reason: String::new(), what };
            self.world.now = self.world.now.plus(Span::secs(2));
            clock.set(self.world.now);
            return self.input(ledger, &Input::Command(command)).map(|_| ());
        }
        let look = looks.iter().min_by_key(|(_, (_, due))| *due).map(|(name, (_, due))| (name.clone(), *due));
        let world = self.world.next_at();
        let first = [world, look.as_ref().map(|l| l.1), wake].into_iter().flatten().min();
        let first = first.ok_or_else(|| format!("nothing is waited for: {:?}", held(&ledger.run)))?;
        if world == Some(first) {
            let arrived = self.world.happen();
            clock.set(self.world.now);
            if let Some(Arrived { to, name, outcome }) = arrived.filter(|a| a.to == me) {
                debug_assert_eq!(to, me);
                self.seam();
                self.input(ledger, &Input::Answer { name, outcome })?;
                self.seam();
            }
            return Ok(());
        }
        self.world.now = self.world.now.max(first);
        clock.set(self.world.now);
        let Some((name, _)) = look.filter(|l| l.1 <= first) else { return Ok(()) };
        let frame = self.round(ledger, &name);
        let Some((window, due)) = looks.get_mut(&name) else { return Ok(()) };
        window.push_back(frame);
        if window.len() > usize::from(WINDOW) {
            window.pop_front();
        }
        *due = first.plus(name.every);
        let frames = window.iter().cloned().collect();
        self.input(ledger, &Input::Looked { name, frames }).map(|_| ())
    }

    pub(super) fn round(&self, ledger: &Ledger<Copied, VirtualClock>, name: &LookName) -> Frame {
        let now = self.world.now;
        let look = ledger.run.look(name, now);
        round(&look, now, |q| Reading { asked: now, at: now, answer: self.world.read(q, Span(0)) })
    }

    pub(super) fn end(&self, run: &Run) -> End {
        let state = self.world.state();
        let dbs: Vec<_> = state.dbs.iter().map(|d| (&d.name, &d.status, d.retention)).collect();
        let snapshots: Vec<_> = state.snapshots.iter().map(|s| (&s.name, &s.status)).collect();
        let mut executed = BTreeMap::new();
        for ran in &self.world.ran {
            *executed.entry(ran.name.path.to_string()).or_default() += 1;
        }
        End {
            state: run.ended.as_ref().map_or("unfinished", |(s, _)| s.word()).to_owned(),
            world: format!("{:?} {:?} {dbs:?} {snapshots:?}", state.services, state.suspended),
            executed,
        }
    }
}

pub(super) fn held(run: &Run) -> Vec<String> {
    let why = |p: &ripcord::ids::StepPath| Some(format!("{p}: {:?}", run.steps.get(p)?.hold));
    run.active.iter().filter_map(why).collect()
}
