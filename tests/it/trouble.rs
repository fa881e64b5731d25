//! What goes wrong in the middle of a night: each ends with its documented exit code, says what happened, what
//! it means and what to do, and leaves a run that goes on where it stood.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::drive::{Background, facts, flagship, recovered, resumed, run_id, runs, state, the_run, told};
use crate::proxy::{Answer, Call, Cx, Fault, Script};
use crate::tls::Tunnel;
use crate::world::{Options, World};

const DEADLINE: Duration = Duration::from_mins(2);

/// The run goes on to the end everyone wanted, and nothing was sent twice.
#[track_caller]
fn goes_on(world: &World) {
    told(resumed(world, &run_id(world))).ends_with(0);
    assert_eq!(state(world), recovered());
    assert_eq!(repeated(world), Vec::<String>::new());
    assert_eq!(world.proxy.too_early(), Vec::<String>::new());
}

/// Calls that were executed more than once.
fn repeated(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world
        .proxy
        .mutations()
        .iter()
        .filter(|call| call.outcome.executed.is_some())
        .map(|call| format!("{} {}", call.operation, call.parameters))
        .collect();
    all.sort();
    let twice = all.windows(2).filter(|pair| pair[0] == pair[1]);
    twice.map(|pair| pair[0].clone()).collect()
}

/// Credentials of another account, from the moment the switch is on.
struct OtherAccount(Arc<AtomicBool>);

impl Script for OtherAccount {
    fn answer(&mut self, call: &Call, answer: &mut Answer, _cx: &mut Cx) {
        if call.is("GetCallerIdentity") && self.0.load(Ordering::SeqCst) {
            let account = call_account(&answer.text());
            *answer = Answer::new(200, "text/xml", answer.text().replace(&account, "999999999999"));
        }
    }
}

fn call_account(text: &str) -> String {
    let from = text.find("<Account>").expect("an account") + "<Account>".len();
    text[from..from + 12].to_owned()
}

fn switchable() -> (World, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(false));
    let scripts: Vec<Box<dyn Script>> = vec![Box::new(OtherAccount(Arc::clone(&switch)))];
    let unsupported = Some(crate::proxy::unsupported::Unsupported::default());
    (World::with(Options { unsupported, scripts, ..Options::default() }), switch)
}

/// A runbook that is pinned to an account and does nothing.
const PINNED: &str = "\
schema: 1
id: pinned
title: Pinned
version: 1.0.0
owner: sre
description: Looks.
targets:
  main: {account: '123456789012'}
reads:
  db:
    aws: {service: rds, operation: DescribeDBInstances, parameters: {DBInstanceIdentifier: orders}}
    select: 'DBInstances[0]'
steps:
  - name: look
    title: Look
    action: assert
    inputs: {check: \"reads.db.DBInstanceStatus == 'available'\", message: It is down.}
";

#[test]
fn credentials_of_another_account_start_nothing() {
    let world = World::start();
    let book = world.state_dir().join("pinned.yaml");
    fs::write(&book, PINNED).unwrap();
    let refused = told(world.command(&["run", book.to_str().unwrap(), "--no-input"])).ends_with(4);
    refused.explains(&[&world.seed.account, "123456789012", "--profile"]);
    assert_eq!(runs(&world).len(), 0);
}

#[test]
fn a_run_is_not_resumed_with_credentials_of_another_account() {
    let (world, switch) = switchable();
    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    let journal = fs::read(the_run(&world).join("journal.jsonl")).unwrap();
    switch.store(true, Ordering::SeqCst);
    told(resumed(&world, &run_id(&world))).ends_with(4).explains(&["999999999999", &world.seed.account]);
    assert_eq!(fs::read(the_run(&world).join("journal.jsonl")).unwrap(), journal, "the journal was touched");
    switch.store(false, Ordering::SeqCst);
    goes_on(&world);
}

#[test]
fn credentials_that_change_to_another_account_in_mid_run_send_nothing_more() {
    let (world, switch) = switchable();
    world.proxy.inject("UpdateService", 1, Fault::HoldBefore);
    let ripcord = Background::start(flagship(&world, &[]));
    world.proxy.wait_held(DEADLINE);
    switch.store(true, Ordering::SeqCst);
    world.proxy.heal();
    world.proxy.release();
    let paused = ripcord.end().ends_with(4);
    assert!(paused.out.contains("ripcord resume"), "{}", paused.both());
    assert!(!world.proxy.mutations().iter().any(|call| call.service == "rds"));
    switch.store(false, Ordering::SeqCst);
    goes_on(&world);
}

#[test]
fn without_a_region_nothing_is_started() {
    let world = World::start();
    let mut command = flagship(&world, &[]);
    command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
    told(command).ends_with(2).explains(&["no region", "--region"]);
    assert_eq!(runs(&world).len(), 0);
}

#[test]
fn in_the_wrong_region_the_preflight_fails_and_nothing_is_started() {
    let world = World::start();
    let refused = told(flagship(&world, &["--region", "us-east-1"])).ends_with(5);
    refused.explains(&["the preflight failed"]);
    assert_eq!(world.proxy.mutations().len(), 0);
    assert_eq!(runs(&world).len(), 0);
}

#[test]
fn a_run_stays_in_its_region_whatever_the_resume_says() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    let mut elsewhere = resumed(&world, &run_id(&world));
    elsewhere.args(["--region", "us-east-1"]);
    told(elsewhere).ends_with(0);
    assert_eq!(state(&world), recovered());
    let intents = facts(&world).into_iter().flatten().filter(|(kind, _)| kind == "intent");
    assert!(
        intents.map(|(_, fact)| fact["call"]["place"]["region"].clone()).all(|region| region == "eu-west-1")
    );
}

#[test]
fn without_credentials_nothing_is_started() {
    let world = World::start();
    let mut command = flagship(&world, &[]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    told(command).ends_with(4).explains(&["credentials"]);
    assert_eq!(runs(&world).len(), 0);
}

#[test]
fn credentials_that_expire_at_a_call_pause_the_run_and_it_goes_on_in_place() {
    let world = World::start();
    world.proxy.inject("ModifyDBInstance", 1, Fault::expired_token());
    let paused = told(flagship(&world, &[])).ends_with(4);
    assert!(paused.out.contains("park_db holds: ExpiredToken"), "{}", paused.both());
    goes_on(&world);
}

#[test]
fn credentials_that_expire_during_a_wait_pause_the_run_and_it_goes_on_in_place() {
    let world = World::start();
    world.proxy.inject("UpdateService", 2, Fault::HoldAfter);
    let ripcord = Background::start(flagship(&world, &[]));
    world.proxy.wait_held(DEADLINE);
    world.proxy.inject_from_now("*", Fault::expired_token());
    world.proxy.release();
    let paused = ripcord.end().ends_with(4);
    assert!(paused.out.contains("holds: "), "{}", paused.both());
    world.proxy.heal();
    goes_on(&world);
}

#[test]
fn an_endpoint_that_does_not_answer_is_5_before_the_start_and_6_after() {
    let world = World::start();
    let nowhere = |mut command: Command| {
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        told(command)
    };
    nowhere(flagship(&world, &[])).ends_with(5).explains(&["does not answer"]);
    assert_eq!(runs(&world).len(), 0);

    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    nowhere(resumed(&world, &run_id(&world))).ends_with(6).explains(&["does not answer"]);
    goes_on(&world);
}

#[test]
fn an_endpoint_that_falls_silent_in_mid_run_leaves_a_run_that_goes_on() {
    let world = World::start();
    world.proxy.inject("UpdateService", 2, Fault::HoldAfter);
    let ripcord = Background::start(flagship(&world, &[]));
    world.proxy.wait_held(DEADLINE);
    world.proxy.inject_from_now("*", Fault::DropBefore);
    world.proxy.release();
    let paused = ripcord.end().ends_with(6);
    assert!(paused.out.contains("the endpoint has not answered for"), "{}", paused.both());
    world.proxy.heal();
    goes_on(&world);
}

#[test]
fn a_full_disk_leaves_a_run_that_goes_on_when_there_is_room() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "stop_services"])).ends_with(6);
    let len = fs::metadata(the_run(&world).join("journal.jsonl")).unwrap().len();
    let full = told(limited(&resumed(&world, &run_id(&world)), len / 512 + 2)).ends_with(6);
    full.explains(&["there is no room", "journal.jsonl", "ripcord resume"]);
    assert!(!world.proxy.mutations().iter().any(|call| call.is("UpdateService")), "sent without a record");
    goes_on(&world);
}

#[test]
fn a_disk_that_is_full_from_the_start_starts_nothing() {
    let world = World::start();
    told(limited(&flagship(&world, &[]), 1)).ends_with(6).explains(&["there is no room"]);
    assert_eq!(world.proxy.mutations().len(), 0);
    told(flagship(&world, &[])).ends_with(0);
    assert_eq!(state(&world), recovered());
}

/// The same command where no file may grow beyond so many blocks of 512 bytes.
fn limited(command: &Command, blocks: u64) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    shell.current_dir(command.get_current_dir().expect("it is set"));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

#[test]
fn one_process_at_a_time_works_on_a_run_and_one_run_on_a_target() {
    let world = World::start();
    world.proxy.inject("UpdateService", 1, Fault::HoldBefore);
    let first = Background::start(flagship(&world, &[]));
    world.proxy.wait_held(DEADLINE);
    let id = run_id(&world);
    told(resumed(&world, &id)).ends_with(7).explains(&["another process"]);
    told(flagship(&world, &[])).ends_with(7).explains(&[&id, "aws.ecs.cluster/prod", "ripcord resume"]);
    world.proxy.heal();
    world.proxy.release();
    first.end().ends_with(0);
    assert_eq!(runs(&world).len(), 1);
    assert_eq!(state(&world), recovered());
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
}

#[test]
fn a_damaged_journal_is_not_opened_and_its_byte_is_named() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    let (id, path) = (run_id(&world), the_run(&world).join("journal.jsonl"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let line_starts = bytes[..at].iter().rposition(|b| *b == b'\n').unwrap() + 1;

    let byte = format!("byte {line_starts}");
    told(resumed(&world, &id)).ends_with(1).explains(&["is damaged at line", &byte]);
    let verified = told(world.command(&["verify", &id])).ends_with(1);
    assert!(verified.out.contains(&byte), "{}", verified.both());
    let report = told(world.command(&["report", &id])).ends_with(1);
    assert!(report.out.contains("suspend_scaling"), "{}", report.both());
    report.explains(&["is damaged at line", &byte]);
    assert_eq!(fs::read(&path).unwrap(), bytes, "the damaged journal was changed");
    let mut without_words = world.command(&["resume", &id, "--no-input"]);
    without_words.env("RIPCORD_OPERATOR", "ana");
    told(without_words).ends_with(1).explains(&["is damaged at line", &byte]);
}

#[test]
fn a_run_of_one_kind_of_endpoint_is_not_resumed_on_another_and_nothing_is_sent() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    let calls = world.proxy.log().len();
    // Whatever left the process would have to pass this proxy.
    let tunnel = Tunnel::start();
    let mut live = resumed(&world, &run_id(&world));
    live.env_remove("AWS_ENDPOINT_URL").env("HTTPS_PROXY", tunnel.url()).env("HTTP_PROXY", tunnel.url());
    told(live).ends_with(2).explains(&["was started against the custom endpoint", "AWS (live)"]);
    assert_eq!(tunnel.asked(), Vec::<String>::new());
    assert_eq!(world.proxy.log().len(), calls);
    goes_on(&world);
}

#[test]
fn a_signal_ends_a_run_between_two_records_and_nothing_is_unknown() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let world = World::start();
        world.proxy.inject("UpdateService", 1, Fault::HoldBefore);
        let ripcord = Background::start(flagship(&world, &[]));
        world.proxy.wait_held(DEADLINE);
        ripcord.signal(signal);
        // A call is on its way: the process waits for its answer before it goes.
        world.proxy.heal();
        world.proxy.release();
        let ended = ripcord.end().ends_with(code);
        assert!(ended.out.contains("ripcord resume"), "{}", ended.both());
        goes_on(&world);
        let kinds: Vec<String> = facts(&world).into_iter().flatten().map(|(kind, _)| kind).collect();
        assert!(!kinds.iter().any(|kind| kind == "doubted"), "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| *kind == "executed").count(), 14);
    }
}

#[test]
fn what_cannot_be_started_is_named_with_what_was_meant() {
    let world = World::start();
    told(world.command(&["run", "ecs-rds-snapshot-restor", "--no-input"]))
        .ends_with(2)
        .explains(&["ecs-rds-snapshot-restor", "did you mean `ecs-rds-snapshot-restore`?"]);
    told(flagship(&world, &["-p", "clutser=prod"])).ends_with(2).explains(&[
        "clutser",
        "did you mean",
        "`cluster`",
    ]);
    told(world.command(&["resume", "nothing-like-it", "--no-input"]))
        .ends_with(2)
        .explains(&["nothing-like-it"]);

    let book = world.state_dir().join("wrong.yaml");
    fs::write(&book, PINNED.replace("DBInstanceStatus", "DBInstanceStaus")).unwrap();
    let refused = told(world.command(&["run", book.to_str().unwrap(), "--no-input"])).ends_with(3);
    refused.explains(&["wrong.yaml:", "DBInstanceStaus", "DBInstanceStatus", "ripcord validate"]);
    assert_eq!(world.proxy.log().len(), 0);
}

const CANARIES: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIACANARYCANARY0000"),
    ("AWS_SECRET_ACCESS_KEY", "canary-secret-0123456789"),
    ("AWS_SESSION_TOKEN", "canary-token-9876543210"),
];

#[test]
fn no_secret_is_written_anywhere() {
    let world = World::start();
    let log = world.state_dir().join("log");
    let mut first =
        flagship(&world, &["--stop-before", "go_live", "-vv", "--log-file", log.to_str().unwrap()]);
    first.envs(CANARIES.iter().copied());
    let first = told(first).ends_with(6);
    let mut second = resumed(&world, &run_id(&world));
    second.envs(CANARIES.iter().copied()).args(["--json", "-vv", "--log-file", log.to_str().unwrap()]);
    let second = told(second).ends_with(0);
    assert!(fs::metadata(&log).unwrap().len() > 0, "there is no log to look into");

    let said = [first.both(), second.both()].concat();
    for (name, secret) in &CANARIES[1..] {
        assert!(!said.contains(secret), "{name} is in the output");
        nowhere_under(world.state_dir(), secret);
    }
}

fn nowhere_under(path: &Path, secret: &str) {
    for entry in fs::read_dir(path).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            nowhere_under(&path, secret);
        } else {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}

#[test]
fn the_log_of_the_json_style_is_lines_of_json() {
    let world = World::start();
    let ran = told(flagship(&world, &["--json"])).ends_with(0);
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["schema_version"] == 1));
    assert_eq!(lines.last().unwrap()["state"], json!("success"));
    assert_eq!(lines.last().unwrap()["exit"], json!(0));
}
