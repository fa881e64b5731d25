//! Scenarios as the binary carries them, and a drill of one without sockets.

use std::sync::Arc;

use ripcord::drill::{Cloud, Direct, Player, Scenario, embedded, load, outside};
use ripcord::headless::{Driver, Rehearsed, Script, Style, rehearse};
use ripcord::journal::{LocalDisk, Shelf};
use ripcord::run::Perform;
use ripcord::runbook::Runbook;
use ripcord::runner::{DrillClock, World, in_steps};
use tempfile::TempDir;

/// A shipped runbook.
pub fn book(id: &str) -> Arc<Runbook> {
    let file = format!("{id}.yaml");
    let found = ripcord::runbook::embedded().iter().find(|(name, _)| *name == file);
    let (_, text) = found.unwrap_or_else(|| panic!("no runbook {id}"));
    Arc::new(ripcord::runbook::load(&file, text.as_bytes()).unwrap())
}

/// A shipped scenario, with what it is based on.
pub fn scenario(book: &Runbook, id: &str) -> Scenario {
    let found = embedded().iter().find(|(runbook, other, _)| *runbook == book.id && *other == id);
    let (_, _, text) = found.unwrap_or_else(|| panic!("no scenario {id} of {}", book.id));
    parse(book, &format!("{id}.yaml"), text)
}

/// A scenario from its text; it may be based on shipped ones, and on those of the tests.
pub fn parse(book: &Runbook, name: &str, text: &str) -> Scenario {
    let base = |id: &str| {
        let file = format!("tests/data/drills/{}/{id}.yaml", book.id);
        match std::fs::read_to_string(&file) {
            Ok(text) => Some(parse(book, &file, &text)),
            Err(_) => Some(scenario(book, id)),
        }
    };
    load(name, text.as_bytes(), book, &base).unwrap_or_else(|findings| {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

/// One drill: its cloud, the outside of its run, and a directory that goes with it.
pub struct Kit {
    pub cloud: Arc<Cloud>,
    pub world: World,
    pub clock: Arc<DrillClock>,
    _state: TempDir,
}

impl Kit {
    pub fn new(scenario: Scenario, seed: u64) -> Kit {
        let state = scratch();
        let clock = DrillClock::stepped(scenario.now);
        let cloud = Cloud::new(Arc::new(scenario), seed, Arc::clone(&clock), format!("nonce{seed}")).unwrap();
        let cloud = Arc::new(cloud);
        let perform: Arc<dyn Perform> = Arc::new(Direct(Arc::clone(&cloud)));
        let world = outside(&cloud, perform, Shelf::at(LocalDisk, state.path()), "ana", false);
        Kit { cloud, world, clock, _state: state }
    }

    /// Plays a scenario that comes to its end, with or without the panes of a screen.
    pub fn play(&self, book: &Arc<Runbook>, screen: bool) {
        let player = Player::new(&self.cloud);
        let script = Script::parse("ana", &[], &[]).unwrap();
        let mut out = Vec::new();
        let run = in_steps(&self.clock, async {
            let checked = self.world.check(book, &self.cloud.scenario().parameters).await.unwrap();
            let (session, handle, _) = self.world.start(&checked, None, None, screen).unwrap();
            let work = tokio::spawn(session.run());
            let reader = self.world.reader();
            Driver::new(handle, reader, &script, Style::Plain, &mut out).played_by(&player).drive().await;
            work.await.unwrap().run
        });
        assert!(run.unwrap().ended.is_some(), "{}", String::from_utf8_lossy(&out));
    }

    /// Plays the scenario as its good operator does; with it what was printed.
    pub fn rehearse(&self, book: &Arc<Runbook>) -> (Rehearsed, String) {
        let mut out = Vec::new();
        let script = Script::parse("ana", &[], &[]).unwrap();
        let given = self.cloud.scenario().parameters.clone();
        let played =
            rehearse(&self.cloud, &self.world, (book, &given), None, &script, Style::Plain, &mut out);
        let rehearsed = in_steps(&self.clock, played).unwrap().unwrap();
        (rehearsed, String::from_utf8(out).unwrap())
    }
}

/// A directory in memory where there is one: thousands of drills sync their journals.
fn scratch() -> TempDir {
    let shared = std::path::Path::new("/dev/shm");
    let dir = if shared.is_dir() { TempDir::new_in(shared) } else { TempDir::new() };
    dir.unwrap()
}
