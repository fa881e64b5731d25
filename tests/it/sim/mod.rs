//! The simulator: thousands of seeded lives of real runbooks over the real kernel, ledger and journal, in one
//! thread of virtual time, against a world that does its worst (DESIGN §11).
//!
//! `chance` is the seed, `world` and `fate` the adversary's AWS, `operator` the person, `disk` the disk that may
//! lie, `life` one life from start to end, `process` and `turn` one process of it, `oracle` what must be true of
//! it, `kernel` the broken variants that some seed must notice. A failing seed is replayed with `RIPCORD_SEED=n`
//! and then kept in `tests/data/seeds.txt`.

pub mod chance;
pub mod clock;
mod disk;
mod fate;
mod kernel;
mod life;
mod operator;
mod oracle;
mod process;
mod turn;
pub mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ripcord::runbook::Runbook;

use self::kernel::Broken;
use self::life::{Lived, library, live};

/// Lives of a normal test run.
const LIVES: u64 = 10_000;
/// Seeds in which every broken variant must have been noticed.
const ENOUGH: u64 = 2_000;

/// What must have happened in some life, else the simulator is asleep: stages a crash, an answer or a command
/// came upon, proofs, holds, refusals, the faults of the world.
const SOMETIMES: &[&str] = &[
    // The process dies while a step is …
    "fresh × crash",
    "prepared × crash",
    "gated × crash",
    "granted × crash",
    "in flight × crash",
    "unknown × crash",
    "done × crash",
    "undoing × crash",
    "torn tail",
    "append failed",
    "an append that nobody saw return",
    // An answer arrives when its step is …
    "in flight × executed",
    "in flight × rejected",
    "in flight × unclear",
    "unknown × executed",
    "unknown × rejected",
    "done × executed",
    "gated × executed",
    "gated × rejected",
    "fresh × rejected",
    // A person does this to a step or run that is …
    "fresh × skip",
    "fresh × retry",
    "fresh × accept",
    "gated × skip",
    "granted × skip",
    "granted × retry",
    "done × skip",
    "done × retry",
    "done × accept",
    "run × abort",
    "run × answer",
    "run × approve",
    "run × confirm",
    "run × done",
    "run × extend",
    "run × give up",
    "run × note",
    "run × redo",
    "run × roll back",
    "run × rule",
    // … and is told no because
    "refused: Changed",
    "refused: InFlight",
    "refused: NoSuchStep",
    "refused: NotASecondPerson",
    "refused: NotHeld",
    "refused: NotOffered",
    "refused: NothingToUndo",
    "refused: PastReturn",
    "refused: ReasonNeeded",
    "refused: Undoing",
    "refused: Unknown",
    "refused: WrongAnswer",
    "refused: WrongPhrase",
    "refused: GateNotOpen",
    // How outcomes are settled.
    "executed by answer",
    "executed by late answer",
    "executed by probe",
    "executed by a person",
    "rejected by answer",
    "rejected by late answer",
    "rejected by probe",
    "rejected by a person",
    "conflict",
    "intent whose effect was there already",
    // Why a step holds.
    "held: Failed",
    "held: TimedOut",
    "held: Credentials",
    "held: NeedsVerdict",
    // What is looked at.
    "looked: Enter",
    "looked: Capture",
    "looked: Gate",
    "looked: Send",
    "looked: Once",
    "looked: Wait",
    "looked: Verify",
    "looked: Probe",
    // How steps and runs end.
    "ended: success",
    "ended: failed",
    "ended: skipped",
    "ended: cancelled",
    "ended: undone",
    "finished: success",
    "finished: success_with_exceptions",
    "finished: failed",
    "finished: cancelled",
    // What else is decided.
    "expanded",
    "captured",
    "gate_voided",
    "ungranted",
    "left",
    "compared",
    "accepted",
    "jumped",
    "retried",
    "extended",
    "gave_up",
    "redone",
    "undo_planned",
    "undo_finished",
    "aborted",
    // What the world does.
    "executed late",
    "executed, answer lost",
    "executed, then a server fault",
    "a server fault and not executed",
    "never arrived",
    "throttled",
    "a replica that lags far behind",
    "sent with expired credentials",
];

/// Seeds that failed once.
fn remembered() -> Vec<u64> {
    let lines = include_str!("../../data/seeds.txt").lines();
    lines.filter_map(|l| l.split('#').next()?.trim().parse().ok()).collect()
}

/// Lives all seeds on two threads.
fn all(seeds: &[u64], library: &[Arc<Runbook>]) -> Vec<(u64, Lived)> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut lived = Vec::new();
        while let Some(seed) =
            seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX))
        {
            lived.push((*seed, live(*seed, None, library)));
        }
        lived
    };
    let mut all = std::thread::scope(|scope| {
        let other = scope.spawn(worker);
        let mut mine = worker();
        mine.extend(other.join().unwrap());
        mine
    });
    all.sort_by_key(|(seed, _)| *seed);
    all
}

#[test]
fn ten_thousand_lives_break_no_law() {
    let one: Option<u64> = std::env::var("RIPCORD_SEED").ok().and_then(|s| s.parse().ok());
    let many = std::env::var("RIPCORD_LIVES").ok().and_then(|s| s.parse().ok()).unwrap_or(LIVES);
    let seeds: Vec<u64> = match one {
        Some(seed) => vec![seed],
        None => remembered().into_iter().chain(0..many).collect(),
    };
    let (start, library) = (Instant::now(), library());
    let lives = all(&seeds, &library);
    let took = start.elapsed();
    let sum = |of: fn(&Lived) -> u64| lives.iter().map(|(_, l)| of(l)).sum::<u64>();
    let met: BTreeSet<&str> = lives.iter().flat_map(|(_, l)| l.met.iter().map(String::as_str)).collect();
    println!(
        "{} lives in {} processes, {} crashes, {} facts, {} requests, in {took:.1?}",
        lives.len(),
        sum(|l| l.processes.into()),
        sum(|l| l.crashes.into()),
        sum(|l| l.facts),
        sum(|l| l.sent),
    );
    let wrong: Vec<String> = lives
        .iter()
        .filter_map(|(seed, l)| Some(format!("seed {seed} ({}): {}", l.book, l.wrong.as_ref()?)))
        .collect();
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {} lives went wrong:\n{shown}", wrong.len(), lives.len());
    let asleep: Vec<&&str> = SOMETIMES.iter().filter(|s| !met.contains(**s)).collect();
    assert!(one.is_some() || many < LIVES || asleep.is_empty(), "this never happened: {asleep:?}");
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let library = library();
    let digests = || (0..60).map(|seed| live(seed, None, &library).digest).collect::<Vec<_>>();
    let first = digests();
    assert_eq!(first, digests());
    let distinct: BTreeSet<&u64> = first.iter().collect();
    assert_eq!(distinct.len(), first.len(), "no two lives are alike");
}

#[test]
fn every_broken_variant_is_noticed() {
    let library = library();
    let next = AtomicU64::new(0);
    let worker = || {
        let mut told = Vec::new();
        while let Some(broken) =
            Broken::ALL.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap())
        {
            let noticed = |seed| live(seed, Some(*broken), &library).wrong.map(|why| (seed, why));
            told.push((*broken, (0..ENOUGH).find_map(noticed)));
        }
        told
    };
    let told = std::thread::scope(|scope| {
        let other = scope.spawn(worker);
        let mut told = worker();
        told.extend(other.join().unwrap());
        told
    });
    for (broken, noticed) in &told {
        match noticed {
            Some((seed, why)) => println!("{broken:?}: seed {seed}: {why}"),
            None => println!("{broken:?}: survives"),
        }
    }
    let survivors: Vec<&Broken> = told.iter().filter(|(_, n)| n.is_none()).map(|(b, _)| b).collect();
    assert!(survivors.is_empty(), "these live on: {survivors:?}");
}
