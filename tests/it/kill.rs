//! `kill -9` at every moment that matters, and calls whose answers are lost: a resumed run reaches the same
//! end, and each mutating call happened exactly once.
//!
//! Debug builds abort right before or after a journal append that `RIPCORD_FAILPOINT` names
//! (`before:intent:3`). Before an intent nothing is known of a call; after it the call may have been sent;
//! before `executed` it was sent and its answer is lost with the process. Cases run side by side, each on a
//! world of its own.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::drive::{Background, Told, facts, flagship, recovered, resumed, run_id, state, told};
use crate::proxy::{Call, Fault};
use crate::world::World;

/// Worlds at a time. Most of a life is waiting: for readings, and for the settle window of two seconds.
const AT_ONCE: usize = 8;
const DEADLINE: Duration = Duration::from_mins(4);

/// Every mutating call of the flagship, sorted: what it does to what.
const ONCE: &[&str] = &[
    "AddRoleToDBInstance orders",
    "AddTagsToResource",
    "ModifyDBInstance orders",
    "ModifyDBInstance orders to orders-parked",
    "RebootDBInstance orders",
    "RegisterScalableTarget service/prod/api false",
    "RegisterScalableTarget service/prod/api true",
    "RegisterScalableTarget service/prod/worker false",
    "RegisterScalableTarget service/prod/worker true",
    "RestoreDBInstanceFromDBSnapshot orders",
    "UpdateService api 0",
    "UpdateService api 3",
    "UpdateService worker 0",
    "UpdateService worker 2",
];

fn brief(call: &Call) -> String {
    let suspended = call.parameters["SuspendedState"]["ScheduledScalingSuspended"].as_bool();
    let words = [
        Some(call.operation.clone()),
        call.text("DBInstanceIdentifier")
            .or(call.text("service"))
            .or(call.text("ResourceId"))
            .map(str::to_owned),
        call.text("NewDBInstanceIdentifier").map(|name| format!("to {name}")),
        call.parameters["desiredCount"].as_u64().map(|count| count.to_string()),
        suspended.map(|on| on.to_string()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn sorted(calls: impl Iterator<Item = Call>) -> Vec<String> {
    let mut all: Vec<String> = calls.map(|call| brief(&call)).collect();
    all.sort();
    all
}

/// Each call arrived at AWS once and was executed once.
#[track_caller]
fn each_once(world: &World) {
    assert_eq!(sorted(world.proxy.mutations().into_iter()), expected(world), "arrived");
    each_happened_once(world);
}

/// Each call was executed once, however often it arrived; nothing came before its time; the end is the same.
#[track_caller]
fn each_happened_once(world: &World) {
    let happened = |call: &Call| call.outcome.executed.is_some();
    assert_eq!(sorted(world.proxy.mutations().into_iter().filter(happened)), expected(world), "executed");
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
    assert_eq!(state(world), recovered());
    let verified = told(world.command(&["verify", &run_id(world)]));
    assert_eq!(verified.code, Some(0), "{}", verified.both());
}

/// [`ONCE`], without the call whose effect was there before it: the restore carries the tags already. If its
/// outcome becomes unknown, readings say that the tags are as they should be, and it need not be sent.
fn expected(world: &World) -> Vec<&'static str> {
    let facts: Vec<_> = facts(world).into_iter().flatten().collect();
    let of_tags = |fact: &Value| fact["name"]["path"] == "reapply_tags";
    let settled =
        facts.iter().any(|(kind, fact)| kind == "executed" && of_tags(fact) && fact["proof"] == "probe");
    let already =
        facts.iter().any(|(kind, fact)| kind == "intent" && of_tags(fact) && fact["already"] == true);
    let sent = world.proxy.mutations().iter().any(|call| call.is(TAGS) && call.outcome.executed.is_some());
    ONCE.iter().copied().filter(|call| *call != TAGS || sent || !(settled && already)).collect()
}

const TAGS: &str = "AddTagsToResource";

/// One thing to do to a run in a world of its own.
struct Case {
    name: String,
    play: Box<dyn Fn(&World) + Send>,
}

impl Case {
    fn new(name: impl Into<String>, play: impl Fn(&World) + Send + 'static) -> Case {
        Case { name: name.into(), play: Box::new(play) }
    }
}

/// Plays all cases, several at a time, and names every one that failed.
fn play(subject: &str, cases: Vec<Case>) {
    // One matrix at a time: two of them would only slow each other down.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let count = cases.len();
    let (queue, failed) = (Mutex::new(VecDeque::from(cases)), Mutex::new(Vec::new()));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let world = World::start();
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (case.play)(&world))) {
                        let why = said(panic.as_ref());
                        let log: Vec<String> = world.proxy.mutations().iter().map(Call::line).collect();
                        let line = format!("{}: {why}\n{}", case.name, log.join("\n"));
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{subject}: {count} lives in {:.0?}", begun.elapsed());
    assert!(failed.is_empty(), "{} of {count} failed:\n\n{}", failed.len(), failed.join("\n\n"));
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

/// Runs the flagship until it aborts at a failpoint.
fn killed_at(world: &World, failpoint: &str) {
    let mut command = flagship(world, &[]);
    command.env("RIPCORD_FAILPOINT", failpoint);
    aborted(&told(command));
}

fn aborted(told: &Told) {
    assert_eq!(told.signal, Some(6), "the failpoint was not reached: {}", told.both());
}

fn comes_to_its_end(world: &World) {
    told(resumed(world, &run_id(world))).ends_with(0);
}

#[test]
fn a_run_killed_round_any_mutating_call_sends_each_once() {
    let mut cases = Vec::new();
    for nth in 1..=ONCE.len() {
        for moment in ["before:intent", "after:intent", "before:executed", "after:executed"] {
            let failpoint = format!("{moment}:{nth}");
            cases.push(Case::new(failpoint.clone(), move |world| {
                killed_at(world, &failpoint);
                comes_to_its_end(world);
                each_once(world);
            }));
        }
    }
    play("round every mutating call", cases);
}

/// Kinds that stand in the journal before the run can be resumed, or after it has ended.
const OUTSIDE: &[&str] = &["before:opened", "before:started", "after:finished"];

#[test]
fn a_run_killed_at_any_kind_of_record_goes_on() {
    let world = World::start();
    told(flagship(&world, &[])).ends_with(0);
    let kinds: BTreeSet<String> = facts(&world).into_iter().flatten().map(|(kind, _)| kind).collect();
    assert!(kinds.len() >= 18, "{kinds:?}");
    let moments = kinds.iter().flat_map(|kind| [format!("before:{kind}"), format!("after:{kind}")]);
    let cases = moments.filter(|moment| !OUTSIDE.contains(&moment.as_str())).map(|moment| {
        Case::new(moment.clone(), move |world| {
            killed_at(world, &moment);
            comes_to_its_end(world);
            each_once(world);
        })
    });
    play("every kind of record", cases.collect());
}

#[test]
fn a_run_killed_before_its_first_record_holds_nothing_and_is_started_anew() {
    let world = World::start();
    killed_at(&world, "before:opened");
    assert_eq!(world.proxy.mutations().len(), 0);
    told(resumed(&world, &run_id(&world))).ends_with(2).explains(&["never began", "Start the runbook again"]);
    let listed = told(world.command(&["runs"])).ends_with(0);
    assert!(listed.out.contains("never_began"), "{}", listed.both());
    told(flagship(&world, &[])).ends_with(0);
    assert_eq!(state(&world), recovered());
    assert_eq!(sorted(world.proxy.mutations().into_iter()), ONCE);
}

#[test]
fn a_run_killed_after_its_end_has_ended() {
    let world = World::start();
    killed_at(&world, "after:finished");
    told(resumed(&world, &run_id(&world))).ends_with(2).explains(&["has ended"]);
    each_once(&world);
}

#[test]
fn a_run_killed_twice_sends_each_call_once() {
    let mut cases = Vec::new();
    for (first, second) in [
        ("after:intent:1", "after:opened:1"),
        ("before:executed:3", "before:executed:1"),
        ("after:intent:5", "before:rejected:1"),
        ("before:executed:5", "before:executed:1"),
        ("after:intent:6", "after:rejected:1"),
        ("before:executed:6", "after:executed:1"),
        ("after:intent:7", "after:confirmed:1"),
        ("after:intent:9", "after:intent:1"),
        ("before:executed:11", "after:opened:1"),
    ] {
        cases.push(Case::new(format!("{first}, {second}"), move |world| {
            killed_at(world, first);
            let mut again = resumed(world, &run_id(world));
            again.env("RIPCORD_FAILPOINT", second);
            aborted(&told(again));
            comes_to_its_end(world);
            each_once(world);
        }));
    }
    play("killed twice", cases);
}

/// One of each kind of mutating call: operation and which of its calls.
const ONE_OF_EACH: &[(&str, u64)] = &[
    ("RegisterScalableTarget", 1),
    ("UpdateService", 1),
    ("ModifyDBInstance", 1),
    ("RestoreDBInstanceFromDBSnapshot", 1),
    ("RebootDBInstance", 1),
    ("ModifyDBInstance", 2),
    ("AddTagsToResource", 1),
    ("AddRoleToDBInstance", 1),
    ("UpdateService", 3),
    ("RegisterScalableTarget", 3),
];

#[test]
fn kill_9_while_a_call_is_on_its_way_and_nobody_sends_it_again() {
    let mut cases = Vec::new();
    for (operation, nth) in ONE_OF_EACH {
        for fault in [Fault::HoldBefore, Fault::HoldAfter] {
            let name = format!("{operation} {nth} {}", fault.name());
            cases.push(Case::new(name, move |world| {
                world.proxy.inject(operation, *nth, fault.clone());
                let mut ripcord = Background::start(flagship(world, &[]));
                world.proxy.wait_held(DEADLINE);
                ripcord.kill();
                world.proxy.heal();
                world.proxy.release();
                comes_to_its_end(world);
                each_once(world);
            }));
        }
    }
    play("kill -9 in flight", cases);
}

/// The life that sent it is gone, the next one is already looking, and only then the call arrives.
#[test]
fn a_call_that_executes_after_the_resume_is_seen_and_not_sent_again() {
    let cases = ONE_OF_EACH.iter().map(|(operation, nth)| {
        Case::new(format!("{operation} {nth} late"), move |world| {
            world.proxy.inject(operation, *nth, Fault::HoldBefore);
            let mut ripcord = Background::start(flagship(world, &[]));
            let held = world.proxy.wait_held(DEADLINE);
            ripcord.kill();
            let so_far = world.proxy.log().len();
            let next = Background::start(resumed(world, &run_id(world)));
            // It has proven who it is and looks for the call: the settle window is open.
            world.proxy.wait_for("reading of the next life", DEADLINE, |log| {
                log.iter().skip(so_far).filter(|call| !call.is("GetCallerIdentity")).count() >= 2
            });
            world.proxy.release();
            next.end().ends_with(0);
            each_once(world);
            assert!(held.mutating);
        })
    });
    play("late after a kill", cases.collect());
}

#[test]
fn an_answer_that_is_lost_after_the_call_was_applied_repeats_nothing() {
    let mut cases = Vec::new();
    for (operation, nth) in ONE_OF_EACH {
        for fault in [
            Fault::ApplyThenDrop,
            Fault::ApplyThenFail,
            Fault::HalfBody,
            Fault::Late(Duration::from_millis(700)),
        ] {
            cases.push(Case::new(format!("{operation} {nth} {}", fault.name()), move |world| {
                world.proxy.inject(operation, *nth, fault.clone());
                told(flagship(world, &[])).ends_with(0);
                each_once(world);
            }));
        }
    }
    play("lost answers", cases);
}

/// Only this one may arrive twice: it is proven that the first did not happen, and a person confirmed it anew.
#[test]
fn a_call_that_was_dropped_before_it_was_applied_happens_once() {
    let cases = ONE_OF_EACH.iter().map(|(operation, nth)| {
        Case::new(format!("{operation} {nth} dropped before"), move |world| {
            world.proxy.inject(operation, *nth, Fault::DropBefore);
            told(flagship(world, &[])).ends_with(0);
            each_happened_once(world);
            if *operation == TAGS {
                return;
            }
            assert_eq!(world.proxy.mutations().len(), ONCE.len() + 1);
            let facts: Vec<_> = facts(world).into_iter().flatten().collect();
            let proven =
                facts.iter().find(|(kind, _)| kind == "rejected").expect("proof that it did not happen");
            assert_eq!(proven.1["proof"], "probe");
            assert_eq!(facts.iter().filter(|(kind, _)| kind == "confirmed").count(), 11);
        })
    });
    play("dropped before", cases.collect());
}
