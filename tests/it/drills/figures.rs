//! What a drill costs: its own time against that of the cloud, and its questions against those of a plain `watch`.

use std::sync::Arc;

use ripcord::drill::{Caller, Scenario};
use ripcord::ids::{At, Span};
use ripcord::report::{Journalled, Report};
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
        for step in report.steps.iter().filter(|s| s.action == "wait") {
            let (Some(began), Some(ended)) = (step.began_at, step.ended_at) else { continue };
            let last = moments.iter().filter(|m| **m > began.0 && **m <= ended.0).max();
            let waited = last.map_or(Span::default(), |last| last.since(began.0));
            println!("seed {seed} {}: {} of {}", step.path, waited.human(), ended.0.since(began.0).human());
            clouds = clouds.plus(waited);
        }
        own = own.plus(kit.clock.now().since(plain.now));
    }
    let ratio = own.0 as f64 / clouds.0 as f64;
    println!("{} for {} of the cloud: {ratio:.3}", own.human(), clouds.human());
    assert!(ratio <= 1.03, "{ratio:.3}");
}

#[test]
fn a_drill_asks_a_tenth_of_what_a_watch_asks() {
    let book = book("ecs-rds-snapshot-restore");
    let kit = Kit::new(scenario(&book, "plain"), 1);
    kit.rehearse(&book);
    let hours = kit.clock.now().since(kit.cloud.scenario().now).0 as f64 / 3_600_000.0;
    let asked = kit.cloud.reads(Caller::Console) as f64 / hours;
    let panes = Arc::clone(&book).panes.len() as f64;
    let watched = panes * 3600.0 / 5.0;
    println!("{asked:.0} reads per hour of the drill, {watched:.0} of a `watch -n 5` of {panes} panes");
    assert!(asked <= watched / 10.0, "{asked:.0} reads per hour, {watched:.0} of the watch");
}
