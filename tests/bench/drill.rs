//! A whole simulated recovery: scenario, checks, run, journal on the disk, judgement; no sockets.

use std::sync::Arc;

use ripcord::drill::{Cloud, Direct, embedded, load, outside};
use ripcord::headless::{Script, Style, rehearse};
use ripcord::journal::{LocalDisk, Shelf};
use ripcord::run::Perform;
use ripcord::runner::{DrillClock, in_steps};

use super::{Figures, Times};

const BOOK: &str = "ecs-rds-snapshot-restore";

pub fn run(figures: &mut Figures) {
    let (file, text) = ripcord::runbook::embedded()[0];
    let book = Arc::new(ripcord::runbook::load(file, text.as_bytes()).unwrap());
    let (_, _, text) = embedded().iter().find(|(book, id, _)| *book == BOOK && *id == "plain").unwrap();
    let scenario = Arc::new(load("plain.yaml", text.as_bytes(), &book, &|_| None).unwrap());
    let times = Times::of(20, || {
        let state = tempfile::TempDir::new().unwrap();
        let clock = DrillClock::stepped(scenario.now);
        let cloud = Cloud::new(Arc::clone(&scenario), 1, Arc::clone(&clock), "bench".into()).unwrap();
        let cloud = Arc::new(cloud);
        let hands: Arc<dyn Perform> = Arc::new(Direct(Arc::clone(&cloud)));
        let world = outside(&cloud, hands, Shelf::at(LocalDisk, state.path()), "bench", false);
        let script = Script::parse("bench", &[], &[]).unwrap();
        let mut out = std::io::sink();
        let played =
            rehearse(&cloud, &world, (&book, &scenario.parameters), None, &script, Style::Plain, &mut out);
        assert!(in_steps(&clock, played).unwrap().unwrap().verdict.good());
    });
    figures.add("simulated recovery of the flagship, journal included", &times, 0.95, 250.0);
}
