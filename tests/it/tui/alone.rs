//! The flagship in a real terminal, by keys alone, left half-way and resumed from the home screen.

use rustix::process::{Pid, Signal, kill_process};

use super::hands::{SOON, confirm, form, head, unlocked, walk};
use crate::drive::{flagship, recovered, run_id, state, told};
use crate::proxy::Fault;
use crate::tmux::Terminal;
use crate::world::World;

const WIDE: (u16, u16) = (120, 40);

#[test]
fn the_flagship_is_walked_by_keys_alone() {
    let world = World::start();
    let mut env = world.env();
    env.push(("RIPCORD_PACE".into(), "20".into()));
    env.push(("USER".into(), "j.lind".into()));

    let terminal = Terminal::ripcord(&[], &env, WIDE);
    terminal.wait_for("READY", SOON);
    terminal.keys(&["/"]);
    terminal.text("ecs-rds");
    terminal.wait_for("Runbooks and runs 1/", SOON);
    terminal.keys(&["Enter"]);
    terminal.keys(&["Enter"]);
    terminal.wait_for("Parameters  ecs-rds", SOON);
    for value in [&world.seed.cluster, "api,worker", &world.seed.db, "", &world.seed.incident_time] {
        terminal.text(value);
        terminal.keys(&["Tab"]);
    }
    terminal.keys(&["Tab"]);
    terminal.wait_for("Enter starts the run", SOON);
    terminal.keys(&["Enter"]);
    walk(&terminal, " restore  ", "orders-before");

    terminal.keys(&["q"]);
    terminal.wait_for("Leave?", SOON);
    terminal.keys(&["l"]);
    terminal.wait_for("[exited 6]", SOON);

    let terminal = Terminal::ripcord(&[], &env, WIDE);
    terminal.wait_for("u resume", SOON);
    terminal.keys(&["u"]);
    terminal.wait_for("GATE  restore ", SOON);
    walk(&terminal, "EXECUTE ended", "orders-before");
    assert!(terminal.screen().contains("success"), "{}", terminal.screen());
    terminal.keys(&["q"]);
    terminal.wait_for("[exited 0]", SOON);

    assert_eq!(world.proxy.too_early(), Vec::<String>::new(), "a mutation did not wait for its wait");
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
    assert_eq!(state(&world), recovered());
}

/// The flagship stands at its first gate; one of its calls is held back by the server.
fn with_a_call_on_its_way() -> (World, Terminal) {
    let world = World::start();
    told(flagship(&world, &["--stop-before", "suspend_scaling"])).ends_with(6);
    world.proxy.inject("RegisterScalableTarget", 1, Fault::HoldAfter);
    let mut env = world.env();
    env.push(("USER".into(), "j.lind".into()));
    let terminal = Terminal::ripcord(&["resume", &run_id(&world)], &env, WIDE);
    terminal.wait_until("its gate", SOON, |s| head(s).contains(" GATE "));
    unlocked(&terminal);
    terminal.keys(&["Enter"]);
    terminal.wait_until("its form", SOON, |s| form(s).is_some());
    confirm(&terminal);
    world.proxy.wait_held(SOON);
    terminal.wait_until("the form closed", SOON, |s| form(s).is_none());
    terminal.keys(&["C-c"]);
    terminal.wait_for("Leave?", SOON);
    terminal.keys(&["C-c"]);
    let said = terminal.wait_for("waiting for 1 answer", SOON);
    assert!(said.contains("Ctrl-C again stops waiting: the outcome is then unknown"), "{said}");
    (world, terminal)
}

#[test]
fn a_call_on_its_way_is_waited_for_aloud_until_its_answer_comes() {
    let (world, terminal) = with_a_call_on_its_way();
    world.proxy.release();
    terminal.wait_for("[exited 6]", SOON);
}

#[test]
fn a_signal_ends_the_waiting_and_the_outcome_is_unknown() {
    let (world, terminal) = with_a_call_on_its_way();
    // Ctrl-C would reach the shell around the program too.
    let pid = Pid::from_raw(i32::try_from(terminal.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let said = terminal.wait_for("[exited 9]", SOON);
    assert!(said.contains("the outcome is unknown"), "{said}");
    world.proxy.release();
}
