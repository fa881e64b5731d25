//! The commands around a run, through the real binary: what they print, their JSON, their exit codes.

use std::process::Output;

use serde_json::Value;

use crate::drive;
use crate::world::World;

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
