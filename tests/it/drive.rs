//! Driving the flagship without a screen: what it is told, and what becomes of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::proxy::Upstream;
use crate::world::World;

pub const RUNBOOK: &str = "runbooks/ecs-rds-snapshot-restore.yaml";

/// Intervals of the runbook are divided by this; counts and deadlines are not.
pub const PACE: &str = "100";

/// An answer for every question of the flagship.
pub const ANSWERS: &[&str] = &[
    "choose_snapshot=orders-before",
    "before_the_outage=done",
    "nothing_else_writes=done",
    "check_data=done: the newest row is right",
    "go_live=bea",
    "check_app=done: it answers",
    "check_counts=done",
];

/// A phrase for every gate, and for each gate that may open again for one of its items.
pub const PHRASES: &[&str] = &[
    "suspend_scaling/suspend=y",
    "stop_services/to_zero=api,worker",
    "stop_services/to_zero=api",
    "stop_services/to_zero=worker",
    "park_db=orders",
    "restore=orders",
    "reboot_restored=orders",
    "reapply_settings=orders",
    "reapply_tags=y",
    "reattach_roles/attach_role=orders",
    "reapply_storage=orders",
    "start_services/to_count=api,worker",
    "start_services/to_count=api",
    "start_services/to_count=worker",
    "resume_scaling/resume=y",
];

/// What a process said, and how it ended.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Told {
    pub fn of(output: &Output) -> Told {
        Told {
            code: output.status.code(),
            signal: output.status.signal(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Ends the test with everything that was said unless the process ended with this code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Told {
        assert_eq!(self.code, Some(code), "{}", self.both());
        self
    }

    /// Ends the test unless the error has its three parts and the first names each of these.
    #[track_caller]
    pub fn explains(&self, named: &[&str]) {
        let (what, rest) = self.err.split_once("\n  This means: ").unwrap_or_default();
        assert!(rest.contains("\n  Next: ") && what.starts_with("ripcord: "), "{}", self.both());
        for text in named {
            assert!(self.err.contains(text), "it does not name `{text}`:\n{}", self.both());
        }
    }

    pub fn both(&self) -> String {
        format!("code {:?}, signal {:?}\n{}\n{}", self.code, self.signal, self.out, self.err)
    }
}

/// `run` of the flagship with its parameters, without phrases and answers.
pub fn bare(world: &World, more: &[&str]) -> Command {
    let services: Vec<&str> = world.seed.services.keys().map(String::as_str).collect();
    let parameters = [
        format!("cluster={}", world.seed.cluster),
        format!("services={}", services.join(",")),
        format!("db={}", world.seed.db),
        format!("incident_time={}", world.seed.incident_time),
    ];
    let mut command = world.command(&["run", RUNBOOK]);
    for parameter in &parameters {
        command.args(["-p", parameter]);
    }
    command.args(["--no-input"]).args(more).env("RIPCORD_PACE", PACE).env("RIPCORD_OPERATOR", "ana");
    command
}

/// `run` of the flagship with everything it needs.
pub fn flagship(world: &World, more: &[&str]) -> Command {
    let mut command = bare(world, more);
    tell(&mut command, ANSWERS, PHRASES);
    command
}

/// `resume` with everything it needs.
pub fn resumed(world: &World, run: &str) -> Command {
    let mut command = world.command(&["resume", run, "--no-input"]);
    command.env("RIPCORD_OPERATOR", "ana");
    tell(&mut command, ANSWERS, PHRASES);
    command
}

/// Adds answers and phrases to a command line.
pub fn tell(command: &mut Command, answers: &[&str], phrases: &[&str]) {
    for answer in answers {
        command.args(["--answer", answer]);
    }
    for phrase in phrases {
        command.args(["--confirm", phrase]);
    }
}

/// Runs it to its end.
pub fn told(mut command: Command) -> Told {
    Told::of(&command.output().expect("ripcord starts"))
}

/// A process in the background; it ends with the test.
pub struct Background(Child);

impl Background {
    pub fn start(mut command: Command) -> Background {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Background(command.spawn().expect("ripcord starts"))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.0.wait().unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for its end. What it says fits into a pipe until then.
    pub fn end(mut self) -> Told {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        self.0.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        self.0.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        Told::of(&Output { status: self.0.wait().unwrap(), stdout: out, stderr: err })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The directories of all runs, oldest first.
pub fn runs(world: &World) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.state_dir().join("runs")).into_iter().flatten().flatten();
    let mut runs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    runs.sort();
    runs
}

/// The directory of the only run.
#[track_caller]
pub fn the_run(world: &World) -> PathBuf {
    let [run] = &runs(world)[..] else { panic!("not one run: {:?}", runs(world)) };
    run.clone()
}

/// The name of the only run.
#[track_caller]
pub fn run_id(world: &World) -> String {
    the_run(world).file_name().unwrap().to_string_lossy().into_owned()
}

/// The facts of the only run's journal: kind and content, in order, one list per record.
#[track_caller]
pub fn facts(world: &World) -> Vec<Vec<(String, Value)>> {
    let text = fs::read_to_string(the_run(world).join("journal.jsonl")).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let decisions = records.filter(|record| record["d"]["facts"].is_array());
    decisions.map(|record| record["d"]["facts"].as_array().unwrap().iter().map(named).collect()).collect()
}

fn named(fact: &Value) -> (String, Value) {
    let (kind, content) = fact.as_object().unwrap().iter().next().unwrap();
    (kind.clone(), content.clone())
}

/// What an operator cares for in this world: which instance has which name, the tags of the one that is in use,
/// the counts, what scales.
pub fn state(world: &World) -> Value {
    let answer = world.rds("DescribeDBInstances", &json!({})).unwrap();
    let instances: BTreeMap<String, bool> = answer
        .find("DBInstances")
        .unwrap()
        .children
        .iter()
        .map(|one| {
            let is_original = one.at("DbiResourceId") == Some(world.seed.resource_id.as_str());
            (one.at("DBInstanceIdentifier").unwrap_or_default().to_owned(), is_original)
        })
        .collect();
    let list = &answer.find("DBInstances").unwrap().children;
    let in_use = list.iter().find(|one| one.at("DBInstanceIdentifier") == Some("orders"));
    let mut tags: Vec<&str> = in_use
        .and_then(|one| one.find("TagList"))
        .into_iter()
        .flat_map(|tags| &tags.children)
        .filter_map(|tag| tag.at("Key"))
        .filter(|key| *key != "ripcord-run")
        .collect();
    tags.sort_unstable();
    let names: Vec<&str> = world.seed.services.keys().map(String::as_str).collect();
    let asked = json!({"cluster": world.seed.cluster, "services": names});
    let services = world.ecs("DescribeServices", &asked).unwrap();
    let counts: BTreeMap<&str, u64> = services["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["serviceName"].as_str().unwrap(), s["desiredCount"].as_u64().unwrap()))
        .collect();
    let asked = json!({"ServiceNamespace": "ecs"});
    let mut upstream = Upstream::new(world.url(), &world.seed.account);
    let targets = upstream.json("application-autoscaling", "DescribeScalableTargets", &asked).unwrap();
    let suspended: BTreeMap<&str, bool> = targets["ScalableTargets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["ResourceId"].as_str().unwrap(), is_suspended(&t["SuspendedState"])))
        .collect();
    json!({"original": instances, "tags": tags, "counts": counts, "suspended": suspended})
}

fn is_suspended(state: &Value) -> bool {
    state.as_object().is_some_and(|state| state.values().any(|on| *on == Value::Bool(true)))
}

/// [`state`] before anything was done, and after the flagship was undone.
pub fn untouched() -> Value {
    json!({
        "original": {"orders": true},
        "tags": ["owner", "service"],
        "counts": {"api": 3, "worker": 2},
        "suspended": {"service/prod/api": false, "service/prod/worker": false},
    })
}

/// [`state`] after the flagship has succeeded.
pub fn recovered() -> Value {
    json!({
        "original": {"orders": false, "orders-parked": true},
        "tags": ["owner", "service"],
        "counts": {"api": 3, "worker": 2},
        "suspended": {"service/prod/api": false, "service/prod/worker": false},
    })
}
