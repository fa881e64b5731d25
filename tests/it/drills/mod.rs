//! Drills without a screen and without sockets: every scenario to its documented end, the same each time, and
//! whatever goes wrong at random.

mod binary;
mod chaos;
mod figures;
mod kit;
mod mutants;
mod resume;

use std::collections::BTreeSet;

use kit::{Kit, book, scenario};
use ripcord::drill::embedded;

#[test]
fn every_scenario_of_the_repository_is_shipped() {
    let shipped: BTreeSet<String> =
        embedded().iter().map(|(book, id, _)| format!("{book}/{id}.yaml")).collect();
    let mut there = BTreeSet::new();
    for dir in std::fs::read_dir("runbooks/drills").unwrap().map(|d| d.unwrap().path()) {
        for file in std::fs::read_dir(&dir).unwrap().map(|f| f.unwrap().path()) {
            there.insert(file.strip_prefix("runbooks/drills").unwrap().to_str().unwrap().to_owned());
        }
    }
    assert_eq!(shipped, there);
}

#[test]
fn every_scenario_ends_as_documented() {
    let mut wrong = Vec::new();
    for (runbook, id, _) in embedded() {
        let book = book(runbook);
        let kit = Kit::new(scenario(&book, id), 1);
        let (rehearsed, out) = kit.rehearse(&book);
        for finding in rehearsed.verdict.findings.iter().filter(|f| !f.holds) {
            let last: Vec<&str> = out.lines().rev().take(8).collect();
            wrong.push(format!(
                "{runbook}/{id}: {}: {}\n    {}",
                finding.name,
                finding.message,
                last.join("\n    ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The facts of a rehearsal, without what is new in each: the id of the run and what is made of it.
fn journal(runbook: &str, id: &str, seed: u64) -> Vec<String> {
    let book = book(runbook);
    let kit = Kit::new(scenario(&book, id), seed);
    let (rehearsed, _) = kit.rehearse(&book);
    let (run, _) = rehearsed.run.expect("the scenario starts");
    let stored = kit.world.stored(&run).unwrap();
    let short = run.0.rsplit('-').next().unwrap();
    let facts = stored.decisions.iter().map(|d| serde_json::to_string(d).unwrap());
    let mut digests = Vec::new();
    facts.map(|text| numbered(&text.replace(&run.0, "RUN").replace(short, "RUN"), &mut digests)).collect()
}

/// Digests hang on the id of the run where a call bears it: each becomes the number of its first appearance.
fn numbered(text: &str, digests: &mut Vec<String>) -> String {
    let mut out = text.to_owned();
    for found in text.split("\"digest\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let known = digests.iter().position(|digest| digest == found).unwrap_or_else(|| {
            digests.push(found.to_owned());
            digests.len() - 1
        });
        out = out.replace(found, &format!("digest {known}"));
    }
    out
}

#[test]
fn the_same_scenario_and_seed_give_the_same_journal() {
    let plain = journal("ecs-rds-snapshot-restore", "plain", 3);
    assert!(plain.len() > 50, "{} decisions", plain.len());
    let again = journal("ecs-rds-snapshot-restore", "plain", 3);
    for (n, (one, other)) in plain.iter().zip(&again).enumerate() {
        assert_eq!(one, other, "decision {n}");
    }
    assert_eq!(plain.len(), again.len());
    assert_ne!(plain, journal("ecs-rds-snapshot-restore", "plain", 4));
}
