//! Every crash there can be, in the process: after every disk operation, at torn lengths of the tail, around
//! every request and every answer; and for each of them every second crash while the first is recovered from.
//!
//! One run of a twelve-step runbook over the real ledger and journal on a disk in memory, on a virtual clock
//! with the settle window of live endpoints. Nothing is left to chance: each point is taken once.

mod disk;
mod drive;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ripcord::journal::Journal;
use ripcord::journal::memory::Crash;
use ripcord::run::Fact;
use ripcord::runbook::Runbook;
use ripcord::runner::{Stamps, facts};

use self::drive::{Drive, End, Net, Point, book, dir};
use super::sim::clock::VirtualClock;

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
    let book = book();
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
