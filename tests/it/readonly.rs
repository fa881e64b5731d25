//! The flagship with `--read-only`: everything that reads happens, and nothing that can write leaves.

use crate::drive::{ANSWERS, bare, facts, flagship, resumed, run_id, state, tell, told, untouched};
use crate::world::World;

/// The first two answers: what is asked before the first step that writes.
fn first_answers() -> &'static [&'static str] {
    &ANSWERS[..2]
}

#[test]
fn a_read_only_run_asks_for_no_phrase_and_ends_at_the_first_step_that_writes() {
    let world = World::start();
    let mut command = bare(&world, &["--read-only"]);
    tell(&mut command, first_answers(), &[]);
    let ended = told(command).ends_with(8);
    assert!(ended.out.contains("read-only"), "{}", ended.both());
    assert_eq!(world.proxy.mutations().len(), 0);
    assert_eq!(state(&world), untouched());
    let kinds: Vec<String> = facts(&world).into_iter().flatten().map(|(kind, _)| kind).collect();
    for never in ["gate_opened", "confirmed", "intent"] {
        assert!(!kinds.iter().any(|kind| kind == never), "{never}: {kinds:?}");
    }
}

#[test]
fn phrases_that_are_given_open_nothing_in_a_read_only_run() {
    let world = World::start();
    told(flagship(&world, &["--read-only"])).ends_with(8);
    assert_eq!(world.proxy.mutations().len(), 0);

    let id = run_id(&world);
    let mut resume = resumed(&world, &id);
    resume.arg("--read-only");
    told(resume).ends_with(8);
    told(resumed(&world, &id))
        .ends_with(2)
        .explains(&["was started with --read-only", "it holds no targets"]);

    let mut by_environment = flagship(&world, &["--stop-before", "go_live"]);
    by_environment.env("RIPCORD_READ_ONLY", "true");
    told(by_environment).ends_with(8);
    assert_eq!(world.proxy.mutations().len(), 0);
    assert_eq!(state(&world), untouched());
}

#[test]
fn a_run_that_only_looks_keeps_nobody_from_working() {
    let world = World::start();
    told(flagship(&world, &["--read-only"])).ends_with(8);
    told(flagship(&world, &["--stop-before", "stop_services"])).ends_with(6);
    told(flagship(&world, &["--read-only"])).ends_with(8);
}

#[test]
fn what_a_read_only_run_still_asks_is_said_at_once() {
    let world = World::start();
    let refused = told(bare(&world, &["--read-only"])).ends_with(2);
    assert!(!refused.err.contains("--confirm '"), "{}", refused.both());
    refused.explains(&["2 phrases and answers", "choose_snapshot=", "before_the_outage="]);
}
