//! Every crash there can be, in the process: after every disk operation, at torn lengths of the tail, around
//! every request and every answer; and for each of them every second crash while the first is recovered from.
//!
//! One run of a twelve-step runbook over the real ledger and journal on a disk in memory, on a virtual clock
//! with the settle window of live endpoints. Nothing is left to chance: each point is taken once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use ripcord::ids::{At, EffectName, Life, Place, RunId, Span};
use ripcord::journal::memory::{Crash, MemoryDisk, MemoryFile};
use ripcord::journal::{Access, Digest, Disk, DiskFile, EndpointKind, Header, Journal, Look, RunbookRef};
use ripcord::run::{Command, Effect, Fact, Input, LookName, Outcome, Run, RunInfo, What};
use ripcord::runbook::{Runbook, load};
use ripcord::runner::{Decision, Ledger, Stamps, facts};
use ripcord::watch::{Frame, Reading};
use serde_json::json;

use super::sim::clock::VirtualClock;
use super::sim::world::{ACCOUNT, Arrived, Fate, World};

const BOOK: &str = include_str!("sim/books/recover.yaml");
const SETTLE: Span = Span::mins(7);
const WINDOW: usize = 16;

/// A disk that is copied after every operation that changes it.
#[derive(Clone)]
struct Copied {
    memory: MemoryDisk,
    copies: Option<Arc<Mutex<Vec<MemoryDisk>>>>,
}

#[derive(Debug)]
struct CopiedFile {
    file: MemoryFile,
    disk: Copied,
}

impl std::fmt::Debug for Copied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.memory.fmt(f)
    }
}

impl Copied {
    fn done<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Some(copies) = &self.copies {
            copies.lock().unwrap().push(self.memory.copy());
        }
        result
    }

    fn file(&self, file: MemoryFile) -> CopiedFile {
        CopiedFile { file, disk: self.clone() }
    }
}

impl Disk for Copied {
    type File = CopiedFile;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.done(self.memory.make_dir(path))
    }
    fn create(&self, path: &Path) -> io::Result<CopiedFile> {
        self.done(self.memory.create(path)).map(|f| self.file(f))
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<CopiedFile> {
        self.memory.open(path, access).map(|f| self.file(f))
    }
    fn look(&self, path: &Path) -> io::Result<Look> {
        self.memory.look(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.memory.list(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.done(self.memory.rename(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.done(self.memory.remove(path))
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.done(self.memory.sync_dir(path))
    }
    fn network(&self, path: &Path) -> io::Result<Option<&'static str>> {
        self.memory.network(path)
    }
}

impl DiskFile for CopiedFile {
    fn look(&self) -> io::Result<Look> {
        self.file.look()
    }
    fn read(&self, from: u64, most: u64) -> io::Result<Vec<u8>> {
        self.file.read(from, most)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes);
        self.disk.done(taken)
    }
    fn sync(&mut self) -> io::Result<()> {
        let synced = self.file.sync();
        self.disk.done(synced)
    }
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let cut = self.file.truncate(len);
        self.disk.done(cut)
    }
    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let reserved = self.file.reserve(bytes);
        self.disk.done(reserved)
    }
    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
    fn lock(&self) -> io::Result<()> {
        self.file.lock()
    }
}

/// What the world does with the requests of this run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Net {
    /// They take effect at once and are answered.
    Prompt,
    /// They take effect after three minutes, whoever waits for them.
    Late,
    /// The first request of each step gets lost.
    Lossy,
}

/// A moment at which the process may die: what is then left of it.
#[derive(Clone)]
struct Point {
    world: World,
    disk: MemoryDisk,
    /// Decisions whose append had returned.
    acked: usize,
}

/// One process of the run, driven to its end.
struct Drive<'b> {
    book: &'b Arc<Runbook>,
    net: Net,
    world: World,
    disk: Copied,
    /// Where the process may die, if that is asked for.
    points: Option<Vec<Point>>,
    acked: usize,
}

/// How a run ended: what people find, and what was executed how often.
#[derive(Clone, PartialEq, Debug)]
struct End {
    state: String,
    world: String,
    executed: BTreeMap<String, usize>,
}

fn book() -> Arc<Runbook> {
    let loaded = load("recover.yaml", BOOK.as_bytes());
    Arc::new(loaded.unwrap_or_else(|f| panic!("{}", f[0])))
}

fn dir() -> PathBuf {
    PathBuf::from("/state/runs/r1")
}

fn header() -> Header {
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
    }
}

impl<'b> Drive<'b> {
    /// A run that has not begun, on an empty disk.
    fn fresh(book: &'b Arc<Runbook>, net: Net) -> Drive<'b> {
        let memory = MemoryDisk::new();
        memory.mkdirs(Path::new("/state/runs"));
        let mut world = World::new(At(1_772_329_200_000), &[("web", 3)]);
        world.haste = 10;
        Drive { book, net, world, disk: Copied { memory, copies: None }, points: None, acked: 0 }
    }

    /// The process that comes after a crash at `point`.
    fn after(book: &'b Arc<Runbook>, net: Net, point: &Point, how: Option<Crash>) -> Drive<'b> {
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

    fn noting_points(mut self) -> Self {
        self.points = Some(Vec::new());
        self.disk.copies = Some(Arc::default());
        self
    }

    /// The process may die here.
    fn seam(&mut self) {
        if let Some(points) = &mut self.points {
            let disk = self.disk.memory.copy();
            points.push(Point { world: self.world.clone(), disk, acked: self.acked });
        }
    }

    /// … and after each disk operation of what has just been written.
    fn disk_seams(&mut self) {
        let (Some(points), Some(copies)) = (&mut self.points, &self.disk.copies) else { return };
        for disk in copies.lock().unwrap().drain(..) {
            points.push(Point { world: self.world.clone(), disk, acked: self.acked });
        }
    }

    fn info() -> RunInfo {
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
    fn open(&mut self, clock: &VirtualClock) -> Result<(Journal<Copied>, Vec<Decision>), String> {
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
    fn live(&mut self) -> Result<End, String> {
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

    fn start(&mut self, ledger: &mut Ledger<Copied, VirtualClock>) -> Result<(), String> {
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

    fn input(&mut self, ledger: &mut Ledger<Copied, VirtualClock>, input: &Input) -> Result<usize, String> {
        let before = self.acked;
        let n = ledger.input(input).map_err(|e| format!("{e:?}"))?;
        self.disk_seams();
        self.acked = before + usize::from(n > 0);
        Ok(n)
    }

    fn work(
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

    fn fate(&self, name: &EffectName) -> Fate {
        match self.net {
            Net::Prompt => Fate::smooth(),
            Net::Late => {
                Fate { lands: Some(Span::mins(3)), answered: vec![Span(Span::mins(3).0 + 50)], says: None }
            }
            Net::Lossy if name.attempt.0 == 1 => {
                let says = Some((Span::secs(1), Outcome::Unclear { why: "connection reset".into() }));
                Fate { says, ..Fate::default() }
            }
            Net::Lossy => Fate::smooth(),
        }
    }

    /// Whatever comes first: the world, a reading, a deadline; with nothing to wait for, the operator.
    fn next(
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
        if window.len() > WINDOW {
            window.pop_front();
        }
        *due = first.plus(name.every.unwrap_or(Span::secs(5)));
        let frames = window.iter().cloned().collect();
        self.input(ledger, &Input::Looked { name, frames }).map(|_| ())
    }

    fn round(&self, ledger: &Ledger<Copied, VirtualClock>, name: &LookName) -> Frame {
        let now = self.world.now;
        let look = ledger.run.look(name, now);
        let mut frame = Frame::empty(now);
        loop {
            let open = look.open(&frame);
            if open.is_empty() {
                break;
            }
            for (part, asked) in open {
                let reading = match asked {
                    Ok(questions) => {
                        let read = |q| Reading { asked: now, at: now, answer: self.world.read(q, Span(0)) };
                        let answers: Vec<Reading> = questions.iter().map(read).collect();
                        look.settle(&part, &answers, &frame)
                    }
                    Err(why) => Reading { asked: now, at: now, answer: Err(why) },
                };
                frame.readings.insert(part, reading);
            }
        }
        look.close(&mut frame);
        frame
    }

    fn end(&self, run: &Run) -> End {
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

fn held(run: &Run) -> Vec<String> {
    let why = |p: &ripcord::ids::StepPath| Some(format!("{p}: {:?}", run.steps.get(p)?.hold));
    run.active.iter().filter_map(why).collect()
}

/// What a crash may leave of the unsynced tail: nothing, part of it, all of it, or zeros.
fn ways(point: &Point, thorough: bool) -> Vec<Option<Crash>> {
    let torn = point.disk.pending(&dir().join("journal.jsonl"));
    let keep = |keep, zeros| Some(Crash { keep, zeros, names: keep > 0 });
    match (torn, thorough) {
        (0, _) => vec![keep(0, false)],
        (n, false) => vec![keep(0, false), keep(n, false)],
        (n, true) => {
            vec![
                keep(0, false),
                keep(1, false),
                keep(n / 2, false),
                keep(n - 1, false),
                keep(n, false),
                keep(n / 2, true),
                None,
            ]
        }
    }
}

/// Takes every item once, on two threads.
fn every<T: Sync>(items: &[T], judge: impl Fn(usize, &T) -> usize + Sync) -> usize {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut trials = 0;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return trials };
            trials += judge(at, item);
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(worker);
        worker() + other.join().unwrap()
    })
}

/// The run without a crash, and every point at which it could have one.
fn whole(book: &Arc<Runbook>, net: Net) -> (End, Vec<Point>) {
    let mut drive = Drive::fresh(book, net).noting_points();
    let end = drive.live().unwrap();
    (end, drive.points.unwrap())
}

#[test]
fn after_any_crash_the_run_comes_to_the_same_end_and_nothing_is_executed_twice() {
    let book = book();
    for net in [Net::Prompt, Net::Late, Net::Lossy] {
        let start = Instant::now();
        let (wanted, points) = whole(&book, net);
        assert_eq!(wanted.state, "success", "{wanted:?}");
        assert!(wanted.executed.values().all(|n| *n == 1), "{wanted:?}");
        let trials = every(&points, |at, point| {
            let ways = ways(point, true);
            for how in &ways {
                let end = Drive::after(&book, net, point, *how).live();
                assert_eq!(end.as_ref(), Ok(&wanted), "{net:?}, point {at}, {how:?}");
            }
            ways.len()
        });
        println!("{net:?}: {} points, {trials} single crashes, {:.1?}", points.len(), start.elapsed());
    }
}

#[test]
fn after_any_two_crashes_too() {
    let (book, start) = (book(), Instant::now());
    let (wanted, points) = whole(&book, Net::Prompt);
    let trials = every(&points, |at, first| {
        let mut trials = 0;
        for how in ways(first, false) {
            let mut recovery = Drive::after(&book, Net::Prompt, first, how).noting_points();
            let end = recovery.live();
            assert_eq!(end.as_ref(), Ok(&wanted), "point {at}, {how:?}");
            for (again, second) in recovery.points.unwrap_or_default().iter().enumerate() {
                let how = ways(second, false).pop().unwrap_or_default();
                let end = Drive::after(&book, Net::Prompt, second, how).live();
                assert_eq!(end.as_ref(), Ok(&wanted), "points {at} and {again}, {how:?}");
                trials += 1;
            }
        }
        trials
    });
    println!("{} first crashes, {trials} double crashes, {:.1?}", points.len(), start.elapsed());
}

#[test]
fn a_tail_torn_at_any_byte_gives_back_exactly_what_was_acknowledged() {
    let (book, start) = (book(), Instant::now());
    let (_, points) = whole(&book, Net::Prompt);
    let trials = every(&points, |at, point| {
        let torn = point.disk.pending(&dir().join("journal.jsonl"));
        // Every byte of a line that says a call goes out or came back, every seventh of the others.
        let bytes = point.disk.content(&dir().join("journal.jsonl")).unwrap_or_default();
        let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(torn)..]).into_owned();
        let critical = ["\"intent\"", "\"executed\"", "\"opened\""].iter().any(|w| tail.contains(w));
        let lengths: Vec<usize> = (1..torn).step_by(if critical { 1 } else { 7 }).collect();
        for keep in &lengths {
            let crash = Crash { keep: *keep, zeros: false, names: true };
            let mut drive = Drive::after(&book, Net::Prompt, point, Some(crash));
            let clock = VirtualClock::default();
            clock.set(drive.world.now);
            let opened = drive.open(&clock);
            let (_, decisions) = opened.unwrap_or_else(|e| panic!("point {at}, {keep} bytes: {e}"));
            // Only a line that lacks nothing but its newline is whole.
            let whole = *keep + 1 == torn;
            assert_eq!(
                decisions.len(),
                point.acked + usize::from(whole && (point.acked > 0 || tail.contains("\"opened\""))),
                "point {at}, {keep} of {torn} bytes"
            );
        }
        lengths.len()
    });
    println!("{trials} torn tails, {:.1?}", start.elapsed());
}

/// Facts are appended one decision at a time, so that a torn tail loses a whole decision and never half of one.
#[test]
fn a_decision_is_one_line() {
    let (book, _) = (book(), ());
    let (_, points) = whole(&book, Net::Prompt);
    let last = points.last().unwrap();
    let (_, records) = Journal::open(last.disk.copy(), &dir(), &VirtualClock::default().stamp()).unwrap();
    let decisions = facts(&records).unwrap();
    // The last point lies before the last append.
    assert!((last.acked..=last.acked + 1).contains(&decisions.len()));
    let sent = decisions.iter().filter(|d| d.facts.iter().any(|f| matches!(f, Fact::Intent { .. })));
    assert!(sent.count() >= 7);
    assert!(decisions.iter().all(|d| !d.facts.is_empty()));
}
