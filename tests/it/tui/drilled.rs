//! `ripcord drill` in a real terminal of 80x24, by keys alone: left half-way, resumed in the same world, to its debrief.

use std::path::PathBuf;

use super::hands::{SOON, head, unlocked, walk};
use crate::tmux::Terminal;

const NARROW: (u16, u16) = (80, 24);
/// The right answer of the scenario `plain`.
const SNAPSHOT: &str = "rds:orders-2026-03-14-01-10";
const HINTED: &str = "
schema: 1
id: hinted
runbook: ecs-rds-snapshot-restore
title: As the plain one, with hints
based_on: plain
story: The shop shows wrong totals since 02:41 UTC.
hints:
  - {at: suspend_scaling, text: Scaling comes first.}
  - {text: Read the whole gate.}
expect: {outcome: recovered}
";

/// A state directory and a scenario with hints.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::TempDir::new().unwrap();
        std::fs::write(directory.path().join("hinted.yaml"), HINTED).unwrap();
        Place { directory }
    }

    fn scenario(&self) -> PathBuf {
        self.directory.path().join("hinted.yaml")
    }

    fn ripcord(&self, args: &[&str]) -> Terminal {
        let state = self.directory.path().join("state").display().to_string();
        let env = [("RIPCORD_STATE_DIR".to_owned(), state), ("USER".to_owned(), "j.lind".to_owned())];
        Terminal::ripcord(args, &env, NARROW)
    }

    /// The id of the only run.
    fn run(&self) -> String {
        let runs = std::fs::read_dir(self.directory.path().join("state/runs")).unwrap();
        let names: Vec<String> = runs.map(|run| run.unwrap().file_name().into_string().unwrap()).collect();
        let [run] = &names[..] else { panic!("{names:?}") };
        run.clone()
    }
}

/// Closes the brief; a key that follows at once would be read as one with Alt.
fn close(terminal: &Terminal) {
    terminal.keys(&["Escape"]);
    terminal.wait_until("the run behind it", SOON, |s| !s.contains("┏ Drill "));
}

#[test]
fn a_drill_is_walked_by_keys_alone_and_resumed_in_its_world() {
    let place = Place::new();
    let scenario = place.scenario().display().to_string();
    let args = ["drill", "ecs-rds-snapshot-restore", "--scenario", &scenario, "--speed", "3600"];
    let terminal = place.ripcord(&args);
    let told = terminal.wait_for(" Enter start ", SOON);
    assert!(told.contains("The shop shows wrong totals"), "{told}");
    terminal.keys(&["Enter"]);
    terminal.wait_until("the first question", SOON, |s| head(s).contains(" ASK "));
    unlocked(&terminal);
    walk(&terminal, " suspend_scaling", SNAPSHOT);

    // The clock stands; a person is asked, so it goes as on the wall otherwise.
    terminal.wait_until("a clock", SOON, |s| head(s).contains("DRILL x1 "));
    terminal.keys(&["p"]);
    terminal.wait_until("a clock that stands", SOON, |s| head(s).contains("DRILL PAUSED"));
    terminal.keys(&["p"]);
    terminal.wait_until("a clock that goes on", SOON, |s| head(s).contains("DRILL x1 "));

    for hint in ["HINT 1 Scaling comes first.", "HINT 2 Read the whole gate."] {
        terminal.keys(&["H"]);
        terminal.wait_for(hint, SOON);
    }
    terminal.keys(&["H"]);
    terminal.wait_for("no hint for this step", SOON);
    close(&terminal);
    walk(&terminal, " stop_services", SNAPSHOT);
    terminal.keys(&["q"]);
    terminal.wait_for("Leave?", SOON);
    terminal.keys(&["l"]);
    let left = terminal.wait_for("[exited 6]", SOON);
    assert!(left.contains("no verdict before its"), "{left}");
    assert!(left.contains(&format!("ripcord resume {}", place.run())), "{left}");
    drop(terminal);

    let terminal = place.ripcord(&["resume", &place.run()]);
    terminal.wait_until("the gate it stood at", SOON, |s| {
        head(s).contains(" GATE ") && head(s).contains(" stop_services")
    });
    unlocked(&terminal);
    // What was called before is still in effect there.
    terminal.keys(&["3"]);
    let suspended =
        |s: &str| s.lines().any(|l| l.contains("service/prod/api") && l.matches("true").count() == 3);
    terminal.wait_until("scaling that is still suspended", SOON, suspended);
    terminal.keys(&["b"]);
    let told = terminal.wait_for("HINT 2 Read the whole gate.", SOON);
    assert!(told.contains("HINT 1"), "{told}");
    close(&terminal);
    walk(&terminal, "EXECUTE ended", SNAPSHOT);
    let debrief = terminal.wait_for("Debrief: ", SOON);
    assert!(debrief.lines().any(|l| l.contains(" PASS ") && l.contains("recovered")), "{debrief}");
    terminal.keys(&["q"]);
    terminal.wait_for("[exited 0]", SOON);
    let printed = terminal.history();
    for line in [" PASS ", "hints                    2  of 2", "wrong phrases            0"] {
        assert!(printed.contains(line), "{line}:\n{printed}");
    }
}
