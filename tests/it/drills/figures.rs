//! What a drill costs: its own time against that of the cloud, and its questions against those of a plain `watch`.

use std::sync::Arc;

use ripcord::drill::{Caller, Scenario};
use ripcord::ids::{At, Span, StepPath};
use ripcord::report::{Journalled, Report};
use ripcord::runbook::{Action, Runbook};
use ripcord::runner::in_steps;
use ripcord::world::World;

use super::kit::{Kit, book, scenario};

/// When anything happened by itself in the world of a drill, by playing its calls again.
fn moments(scenario: &Scenario, seed: u64, kit: &Kit) -> Vec<At> {
    let mut world = World::new(seed, scenario.now);
    for (kind, thing) in &scenario.world {
        world.place(&scenario.place, kind, thing).unwrap();
    }
    let mut moments = Vec::new();
    let mut until = |world: &mut World, to: At| {
        while let Some(next) = world.next_at().filter(|next| *next <= to) {
            moments.push(next);
            world.advance(next);
        }
    };
    for call in kit.cloud.calls() {
        until(&mut world, call.at);
        world
            .call(&scenario.place, (&call.service, &call.operation), &call.parameters, call.at)
            .expect("it was accepted the first time");
    }
    until(&mut world, kit.clock.now());
    moments
}

/// How long a wait must go on after its condition has come true, because its author wants several readings.
fn confirmed(book: &Runbook, path: &str) -> Span {
    let path: StepPath = path.parse().unwrap();
    let mut steps = &book.steps;
    let mut found = None;
    for segment in &path.0 {
        found = steps.iter().find(|s| s.name == segment.name);
        steps = &found.unwrap().steps;
    }
    match &found.unwrap().action {
        Action::Wait(wait) => Span(wait.interval.0 * u64::from(wait.stable_for.saturating_sub(1))),
        _ => Span::default(),
    }
}

/// What the cloud takes, and the readings after it that the runbook asks for, are the critical path.
#[test]
fn a_drill_takes_little_longer_than_its_cloud() {
    let book = book("ecs-rds-snapshot-restore");
    let plain = scenario(&book, "plain");
    let (mut own, mut clouds) = (Span::default(), Span::default());
    for seed in 1..=5 {
        let kit = Kit::new(plain.clone(), seed);
        let (rehearsed, _) = kit.rehearse(&book);
        let (id, _) = rehearsed.run.unwrap();
        let moments = moments(&plain, seed, &kit);
        let stored = kit.world.stored(&id).unwrap();
        let facts = stored.decisions.iter().flat_map(|d| &d.facts).collect();
        let journalled = Journalled { header: &stored.header, book: &stored.book, facts, head: &stored.head };
        let report = Report::of(&journalled, kit.clock.now());
        let mut until = plain.now;
        for step in report.steps.iter().filter(|s| s.action == "wait") {
            let (Some(began), Some(ended)) = (step.began_at, step.ended_at) else { continue };
            let last = moments.iter().filter(|m| **m > began.0 && **m <= ended.0).max();
            let over = last.map_or(began.0, |last| *last).plus(confirmed(&book, &step.path.to_string()));
            // Items wait side by side.
            clouds = clouds.plus(over.min(ended.0).since(began.0.max(until)));
            until = until.max(ended.0);
        }
        own = own.plus(kit.clock.now().since(plain.now));
    }
    let permille = own.0 * 1000 / clouds.0;
    println!("{} for {} of the cloud: {permille} per mille", own.human(), clouds.human());
    assert!(permille <= 1030, "{permille} per mille");
}

/// Reads of a whole drill and how long it was; with a screen its panes are kept fresh.
fn reads(screen: bool) -> (u64, Span) {
    let book = book("ecs-rds-snapshot-restore");
    let kit = Kit::new(scenario(&book, "plain"), 1);
    kit.play(&book, screen);
    (kit.cloud.reads(Caller::Console), kit.clock.now().since(kit.cloud.scenario().now))
}

/// Calls of one `aws` after another that show every pane once.
fn calls_of_a_watch() -> u64 {
    let book = book("ecs-rds-snapshot-restore");
    let kit = Kit::new(scenario(&book, "plain"), 1);
    in_steps(&kit.clock, async {
        let checked = kit.world.check(&book, &kit.cloud.scenario().parameters).await.unwrap();
        let run = Arc::new(checked.preview(&kit.world));
        let before = kit.cloud.reads(Caller::Console);
        for pane in &book.panes {
            let now = kit.clock.now();
            // A reader of its own: two watches share nothing.
            kit.world.reader().round(&run.pane_look(pane, now), now).await;
        }
        kit.cloud.reads(Caller::Console) - before
    })
    .unwrap()
}

#[test]
fn panes_ask_a_tenth_of_what_a_watch_asks() {
    let ((alone, _), (shown, lasted)) = (reads(false), reads(true));
    let per_hour = |reads: u64| reads * 3_600_000 / lasted.0;
    let asked = per_hour(shown.saturating_sub(alone));
    let calls = calls_of_a_watch();
    let watched = calls * 3600 / 5;
    println!("steps: {} reads per hour", per_hour(alone));
    println!("panes: {asked}; a `watch -n 5` of {calls} calls: {watched}");
    assert!(asked <= watched / 10, "{asked} reads per hour, {watched} of the watch");
}
