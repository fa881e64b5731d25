//! Drills without a screen and without sockets: every scenario to its documented end.

use std::sync::Arc;

use ripcord::drill::{Cloud, Direct, Scenario, load, outside};
use ripcord::headless::{Rehearsed, Script, Style, rehearse};
use ripcord::journal::{LocalDisk, Shelf};
use ripcord::runbook::Runbook;
use ripcord::runner::{DrillClock, in_steps};

pub fn play(scenario: Scenario, book: &Arc<Runbook>, seed: u64) -> (Rehearsed, Arc<Cloud>, String) {
    let state = tempfile::TempDir::new().unwrap();
    let given = scenario.parameters.clone();
    let clock = DrillClock::stepped(scenario.now);
    let cloud = Arc::new(Cloud::new(Arc::new(scenario), seed, Arc::clone(&clock), "n".into()).unwrap());
    let perform = Arc::new(Direct(Arc::clone(&cloud)));
    let world = outside(&cloud, perform, Shelf::at(LocalDisk, state.path()), "ana", false);
    let mut out = Vec::new();
    let script = Script::parse("ana", &[], &[]).unwrap();
    let rehearsed = in_steps(&clock, rehearse(&cloud, &world, (book, &given), &script, Style::Plain, &mut out));
    (rehearsed.unwrap().unwrap(), cloud, String::from_utf8(out).unwrap())
}

#[test]
fn the_first_one() {
    let (_, text) = ripcord::runbook::embedded()[0];
    let book = Arc::new(ripcord::runbook::load("ecs-rds-snapshot-restore.yaml", text.as_bytes()).unwrap());
    let text = std::fs::read("runbooks/drills/ecs-rds-snapshot-restore/plain.yaml").unwrap();
    let scenario = load("plain.yaml", &text, &book, &|_| None).unwrap_or_else(|found| {
        panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let (rehearsed, cloud, out) = play(scenario, &book, 1);
    assert!(
        rehearsed.verdict.good(),
        "{out}\n{:#?}\n{}",
        rehearsed.verdict,
        serde_json::to_string_pretty(&cloud.view()).unwrap()
    );
}
