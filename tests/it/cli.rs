//! The commands around a run, through the real binary: what they print, their JSON, their exit codes.

use std::fs::{self, File, OpenOptions};
use std::io::{PipeWriter, Read};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::drive::{self, Told, bare, flagship, run_id, runs, told};
use crate::moto::dummy_credentials;
use crate::tmux::Terminal;
use crate::world::World;

const SOON: Duration = Duration::from_secs(30);

/// Asks a person twice and calls nothing; its parameter has a default that is never the same twice.
const STILL: &str = "\
schema: 1
id: still
title: Still
version: 1.0.0
owner: sre
description: Asks.
targets: {main: {}}
parameters:
  since: {type: timestamp, default: \"{{ ago('1h') }}\", description: From when on}
steps:
  - {name: first, title: First, action: manual, inputs: {checklist: [All is well]}}
  - {name: second, title: Second, action: manual, inputs: {checklist: [All is well]}}
";

/// The path of [`STILL`] in this world.
fn still(world: &World) -> String {
    let path = world.state_dir().join("still.yaml");
    fs::write(&path, STILL).unwrap();
    path.to_str().unwrap().to_owned()
}

/// ripcord without AWS, network or configuration; `state` is where runs are.
fn alone(state: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
    dummy_credentials(&mut command);
    // Whatever would leave runs into a closed port.
    command.args(args).env("RIPCORD_STATE_DIR", state).env("HTTPS_PROXY", "http://127.0.0.1:9");
    command.env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    command
}

/// A pipe that nobody reads.
fn nobody() -> PipeWriter {
    std::io::pipe().unwrap().1
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

const BOOK: &str = "ecs-rds-snapshot-restore";

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON document on standard output")
}

fn parameters(world: &World) -> Vec<String> {
    let seed = &world.seed;
    [
        ("cluster", &seed.cluster),
        ("services", &"api,worker".into()),
        ("db", &seed.db),
        ("incident_time", &seed.incident_time),
    ]
    .iter()
    .flat_map(|(name, value)| ["-p".to_owned(), format!("{name}={value}")])
    .collect()
}

fn with<'a>(head: &[&'a str], given: &'a [String], tail: &[&'a str]) -> Vec<&'a str> {
    head.iter().copied().chain(given.iter().map(String::as_str)).chain(tail.iter().copied()).collect()
}

#[test]
fn a_plan_names_every_call_and_sends_none() {
    let world = World::start();
    let given = parameters(&world);
    let output = world.ripcord(&with(&["plan", BOOK], &given, &["--json"]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let plan = json(&output);
    assert_eq!(plan["schema_version"], 1);
    let steps = plan["steps"].as_array().unwrap();
    let find = |name: &str| steps.iter().find(|s| s["name"] == name).unwrap();
    assert_eq!(find("park_db")["gate"]["phrase"], world.seed.db.as_str());
    let line = find("park_db")["calls"][0]["cli"].as_str().unwrap().to_owned();
    assert!(line.starts_with("aws rds modify-db-instance"), "{line}");
    assert!(
        plan["preflight"].as_array().unwrap().iter().all(|c| c["verdict"] == "ok"),
        "{}",
        plan["preflight"]
    );
    assert!(world.proxy.mutations().is_empty());
}

#[test]
fn a_run_bound_to_a_plan_that_has_moved_does_not_start() {
    let world = World::start();
    let given = parameters(&world);
    let file = world.state_dir().join("plan.json");
    let file = file.to_str().unwrap();
    let planned = world.ripcord(&with(&["plan", BOOK], &given, &["-o", file]));
    assert_eq!(planned.status.code(), Some(0));
    let grown = serde_json::json!({"cluster": world.seed.cluster, "service": "api", "desiredCount": 4});
    world.ecs("UpdateService", &grown).expect("somebody scales a service");
    let before = world.proxy.mutations().len();
    let output = drive::flagship(&world, &["--plan", file]).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}{}", text(&output), String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("This means:") && said.contains("desiredCount was 3, is 4"), "{said}");
    assert_eq!(world.proxy.mutations().len(), before);
}

#[test]
fn what_can_be_said_without_aws_needs_no_aws() {
    let world = World::start();
    let listed = json(&world.ripcord(&["list", "--json"]));
    assert!(listed["runbooks"].as_array().unwrap().iter().any(|b| b["id"] == BOOK));
    let shown = json(&world.ripcord(&["show", BOOK, "--json"]));
    assert!(shown["parameters"].as_array().unwrap().iter().any(|p| p["name"] == "incident_time"));
    let paper = text(&world.ripcord(&["show", BOOK, "--paper", "-p", "db=orders"]));
    assert!(paper.contains("aws rds restore-db-instance-from-db-snapshot"), "{paper}");
    let schema = json(&world.ripcord(&["schema"]));
    assert!(schema["$schema"].as_str().unwrap().contains("2020-12"));
    let unknown = world.ripcord(&["show", "ecs-rds-snapshot-restor"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains(BOOK));
    assert!(world.proxy.log().is_empty());
}

#[test]
fn usage_errors_and_help_have_their_codes() {
    let world = World::start();
    assert_eq!(world.ripcord(&["--help"]).status.code(), Some(0));
    assert_eq!(world.ripcord(&["nonsense"]).status.code(), Some(2));
    assert_eq!(world.ripcord(&["tui"]).status.code(), Some(2));
    assert_eq!(world.ripcord(&["report", "01a1"]).status.code(), Some(2));
    assert!(text(&world.ripcord(&["--help"])).contains("124 timeout"));
}

#[test]
fn a_closed_pipe_is_no_error_and_no_crash() {
    let state = tempfile::tempdir().unwrap();
    let refused = alone(state.path(), &["show", "nope"]).stderr(nobody()).status().unwrap();
    assert_eq!(refused.code(), Some(2), "{refused}");
    let listed = alone(state.path(), &["schema"]).stdout(nobody()).status().unwrap();
    assert_eq!(listed.code(), Some(0), "{listed}");
}

#[test]
fn what_cannot_be_printed_is_said() {
    let state = tempfile::tempdir().unwrap();
    for args in [&["schema"][..], &["list"], &["show", BOOK], &["runs", "--json"]] {
        let mut command = alone(state.path(), args);
        let output =
            command.stdout(full()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        Told::of(&output).ends_with(6).explains(&["standard output could not be written", "No space left"]);
    }
}

#[test]
fn a_run_ends_as_it_ended_whoever_could_listen() {
    let world = World::start();
    let still = still(&world);
    let run = ["run", &still, "--no-input", "--answer", "first=done", "--answer", "second=done"];
    let full = world.command(&run).stdout(full()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(full.code(), Some(0), "{full}");
    let closed = world.command(&run).stdout(nobody()).stderr(nobody()).status().unwrap();
    assert_eq!(closed.code(), Some(0), "{closed}");
}

#[test]
fn what_somebody_wrote_wrongly_is_usage() {
    let world = World::start();
    let still = still(&world);
    let code = |args: &[&str]| told(world.command(args)).ends_with(2);
    code(&["run", &still, "--no-input", "--endpoint-url", "nonsense"]).explains(&["nonsense"]);
    code(&["run", &still, "--no-input", "--params", "/nowhere.json"])
        .explains(&["/nowhere.json", "check the path"]);
    code(&["run", &still, "--no-input", "--plan", "/nowhere.json"])
        .explains(&["/nowhere.json", "check the path"]);
    code(&["plan", &still, "-o", "/nowhere/plan.json"]).explains(&["/nowhere/plan.json", "not written"]);
    let mut bundle = world.command(&["run", &still, "--no-input"]);
    bundle.env("AWS_CA_BUNDLE", "/nowhere.pem");
    told(bundle).ends_with(2).explains(&["/nowhere.pem"]);
    let unknown = world.command(&["run", &still, "--no-input", "--profile", "nope"]);
    told(unknown).ends_with(4).explains(&["nope"]);
    assert_eq!(runs(&world).len(), 0);
}

#[test]
fn read_only_by_environment_is_on_unless_it_says_no() {
    let world = World::start();
    for (value, read_only) in
        [("1", true), ("true", true), ("yes", true), ("0", false), ("false", false), ("", false)]
    {
        let mut command = bare(&world, &[]);
        command.env("RIPCORD_READ_ONLY", value);
        let refused = told(command).ends_with(2);
        assert_eq!(!refused.err.contains("--confirm '"), read_only, "`{value}`: {}", refused.both());
    }
}

#[test]
fn a_step_to_stop_before_must_be_there_and_rollback_has_none() {
    let world = World::start();
    let typo = told(flagship(&world, &["--stop-before", "park_bd"])).ends_with(2);
    typo.explains(&["there is no main step `park_bd`", "did you mean `park_db`?"]);
    told(flagship(&world, &["--stop-before", "stop_services/to_zero"]))
        .ends_with(2)
        .explains(&["no main step"]);
    assert_eq!(runs(&world).len(), 0);
    let none = world.ripcord(&["rollback", "x", "--to", "y", "--stop-before", "z"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("unexpected argument '--stop-before'"));
}

#[test]
fn a_plan_gives_the_parameters_that_the_clock_has_moved() {
    let world = World::start();
    let still = still(&world);
    let file = world.state_dir().join("plan.json");
    let file = file.to_str().unwrap();
    told(world.command(&["plan", &still, "-o", file])).ends_with(0);
    let run =
        ["run", &still, "--no-input", "--plan", file, "--answer", "first=done", "--answer", "second=done"];
    let mut given = run.to_vec();
    given.extend(["-p", "since=2026-01-01T00:00:00Z"]);
    told(world.command(&given)).ends_with(5).explains(&["the plan has moved", "2026-01-01"]);
    told(world.command(&run)).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_run_that_nobody_has_read_the_plan_of_goes_on_only_where_somebody_looks() {
    let state = tempfile::tempdir().unwrap();
    let id = crate::launch::live_run(state.path(), None).await.0;
    let journal = state.path().join("runs").join(&id).join("journal.jsonl");
    let before = fs::read(&journal).unwrap();
    let unseen = ["--no-input", "--answer", "second=done", "--answer", "third=done"];
    let with_phrase = |head: &[&'static str]| {
        let mut command = alone(state.path(), &[]);
        command.args(head).arg(&id).args(unseen).args(["--confirm", "second=y"]);
        command
    };
    told(with_phrase(&["resume"])).ends_with(2).explains(&["without --plan", "--plain"]);
    told(with_phrase(&["rollback", "--to", "first"])).ends_with(2).explains(&["without --plan", "--plain"]);
    let piped = told(alone(state.path(), &["resume", &id, "--plain"])).ends_with(2);
    piped.explains(&["without --plan"]);
    assert_eq!(fs::read(&journal).unwrap(), before, "the journal was touched");
    // Without a phrase, nothing can be confirmed unseen: it goes on to ask AWS, which is out of reach here.
    let mut harmless = alone(state.path(), &["resume", &id]);
    harmless.args(unseen);
    told(harmless).ends_with(6).explains(&["does not answer"]);

    let state = tempfile::tempdir().unwrap();
    let read = crate::launch::live_run(state.path(), Some("d1gest")).await.0;
    let mut command = alone(state.path(), &["resume", &read, "--confirm", "second=y"]);
    command.args(unseen);
    told(command).ends_with(6).explains(&["does not answer"]);
}

#[test]
fn signals_end_a_run_that_waits_for_a_line() {
    let world = World::start();
    let still = still(&world);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        let mut command = world.command(&["run", &still, "--plain"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut seen = Vec::new();
        let mut out = child.stdout.take().unwrap();
        while !seen.ends_with(b"or nothing to leave: ") {
            let mut byte = [0];
            assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (ended, end) = mpsc::channel();
        let typing = child.stdin.take();
        thread::spawn(move || ended.send(child.wait().unwrap()));
        let status = end.recv_timeout(SOON).expect("it ends while nobody types");
        drop(typing);
        assert_eq!(status.code(), Some(code), "{signal:?}");
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("ripcord resume"), "{rest}");
    }
}

/// What a terminal shows once ripcord has ended there.
fn in_a_terminal(world: &World, args: &[&str]) -> String {
    let terminal = Terminal::ripcord(args, &world.env(), (120, 40));
    terminal.wait_for("[exited ", SOON)
}

#[test]
fn what_a_screen_would_drop_is_refused_before_it_opens() {
    let world = World::start();
    let still = still(&world);
    let file = world.state_dir().join("plan.json");
    let file = file.to_str().unwrap();
    told(world.command(&["plan", &still, "-o", file])).ends_with(0);
    let screen = in_a_terminal(&world, &["run", &still, "--confirm", "first=y"]);
    assert!(screen.contains("[exited 2]") && screen.contains("--no-input or --plain"), "{screen}");
    let screen = in_a_terminal(&world, &["run", &still, "--stop-before", "thrid"]);
    assert!(screen.contains("[exited 2]") && screen.contains("no main step"), "{screen}");
    let moved = ["run", &still, "--plan", file, "-p", "since=2026-01-01T00:00:00Z"];
    let screen = in_a_terminal(&world, &moved);
    assert!(screen.contains("[exited 5]") && screen.contains("the plan has moved"), "{screen}");
    assert_eq!(runs(&world).len(), 0);

    told(world.command(&[
        "run",
        &still,
        "--no-input",
        "--answer",
        "first=done",
        "--answer",
        "second=done",
        "--stop-before",
        "second",
    ]))
    .ends_with(6);
    let screen = in_a_terminal(&world, &["resume", &run_id(&world), "--stop-before", "first"]);
    assert!(screen.contains("[exited 2]") && screen.contains("has begun already"), "{screen}");
    let screen = in_a_terminal(&world, &["resume", &run_id(&world), "--answer", "second=done"]);
    assert!(screen.contains("[exited 2]") && screen.contains("--no-input or --plain"), "{screen}");
}

#[test]
fn a_run_that_is_started_on_a_screen_stops_where_it_was_told_to() {
    let world = World::start();
    let still = still(&world);
    let terminal = Terminal::ripcord(&["run", &still, "--stop-before", "first"], &world.env(), (120, 40));
    // A key that comes while the checks are asked again starts nothing: it is pressed until it does.
    terminal.wait_until("a started run", SOON, |screen| {
        if screen.contains("Enter starts the run") {
            terminal.keys(&["Enter"]);
        }
        screen.contains("EXECUTE") && !screen.contains("EXECUTE not started")
    });
    terminal.wait_for("STOPPED before first", SOON);
    // Keys are not taken for a moment after a run has opened.
    terminal.wait_until("the question whether to leave", SOON, |screen| {
        if !screen.contains("Leave?") {
            terminal.keys(&["q"]);
        }
        screen.contains("Leave?")
    });
    terminal.keys(&["l"]);
    terminal.wait_for("[exited 6]", SOON);
    let began = drive::facts(&world).concat().iter().any(|(kind, _)| kind == "began");
    assert!(!began, "{:?}", drive::facts(&world));
}

#[test]
fn rollback_asks_in_lines_where_there_is_a_terminal() {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "park_db"])).ends_with(6);
    let mut env = world.env();
    env.push(("RIPCORD_PACE".into(), drive::PACE.into()));
    let args = ["rollback", &run_id(&world), "--to", "stop_services"];
    let terminal = Terminal::ripcord(&args, &env, (120, 40));
    let asked = terminal.wait_for("Type the phrase", SOON);
    assert!(asked.contains("GATE") && asked.contains("(read "), "{asked}");
    terminal.text("y");
    terminal.keys(&["Enter"]);
    let both = |screen: &str| screen.matches("Type the phrase").count() == 2;
    terminal.wait_until("the gate of the other service", SOON, both);
    terminal.text("y");
    terminal.keys(&["Enter"]);
    terminal.wait_for("[exited 0]", SOON);
    assert_eq!(drive::state(&world)["counts"], drive::untouched()["counts"]);
}

#[test]
fn the_mouse_is_used_when_it_is_asked_for() {
    let world = World::start();
    for (args, used) in [(&["tui"][..], false), (&["tui", "--mouse"], true)] {
        let terminal = Terminal::ripcord(args, &world.env(), (120, 40));
        terminal.wait_for(BOOK, SOON);
        assert_eq!(terminal.mouse(), used, "{args:?}");
    }
}
