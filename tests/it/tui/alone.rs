//! The flagship in a real terminal, by keys alone, left half-way and resumed from the home screen.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::drive::{flagship, recovered, run_id, state, told};
use crate::proxy::Fault;
use crate::tmux::Terminal;
use crate::world::World;

const SOON: Duration = Duration::from_mins(2);
const WHOLE: Duration = Duration::from_mins(10);
const WIDE: (u16, u16) = (120, 40);

#[test]
fn the_flagship_is_walked_by_keys_alone() {
    let world = World::start();
    let mut env = world.env();
    env.push(("RIPCORD_PACE".into(), "20".into()));
    env.push(("USER".into(), "j.lind".into()));

    let terminal = Terminal::ripcord(&[], &env, WIDE);
    terminal.wait_for("READY", SOON);
    terminal.keys(&["Enter"]);
    terminal.wait_for("Parameters", SOON);
    for value in [&world.seed.cluster, "api,worker", &world.seed.db, "", &world.seed.incident_time] {
        terminal.text(value);
        terminal.keys(&["Tab"]);
    }
    terminal.keys(&["Tab"]);
    terminal.wait_for("Enter starts the run", SOON);
    terminal.keys(&["Enter"]);
    walk(&terminal, " restore  ");

    terminal.keys(&["q"]);
    terminal.wait_for("Leave?", SOON);
    terminal.keys(&["l"]);
    terminal.wait_for("[exited 6]", SOON);

    let terminal = Terminal::ripcord(&[], &env, WIDE);
    terminal.wait_for("u resume", SOON);
    terminal.keys(&["u"]);
    terminal.wait_for("GATE  restore ", SOON);
    walk(&terminal, "EXECUTE ended");
    assert!(terminal.screen().contains("success"), "{}", terminal.screen());
    terminal.keys(&["q"]);
    terminal.wait_for("[exited 0]", SOON);

    assert_eq!(world.proxy.too_early(), Vec::<String>::new(), "a mutation did not wait for its wait");
    assert_eq!(world.proxy.repeated(), Vec::<String>::new());
    assert_eq!(state(&world), recovered());
}

/// Gives every step what it asks for until `end` stands in the first two lines and the step there waits for us.
fn walk(terminal: &Terminal, end: &str) {
    let deadline = Instant::now() + WHOLE;
    loop {
        let asks = |screen: &str| head(screen).contains(" GATE ") || head(screen).contains(" ASK ");
        let over = |screen: &str| head(screen).contains("EXECUTE ended");
        let screen = terminal.wait_until("a question or the end", SOON, |s| asks(s) || over(s));
        if head(&screen).contains(end) || over(&screen) {
            return;
        }
        assert!(Instant::now() < deadline, "the run does not end:\n{screen}");
        let step = head(&screen);
        terminal.keys(&["Enter"]);
        let opened = terminal.wait_until("its form", SOON, |s| form(s).is_some());
        match form(&opened) {
            Some("GATE") => confirm(terminal),
            Some("Manual") => tick_all(terminal),
            Some("Prompt") => fill(terminal, "orders-before"),
            _ => fill(terminal, "m.osei"),
        }
        // The clock moves within the same question; the step and its word do not.
        let before = question(&step).to_owned();
        terminal.wait_until("the next question", SOON, |s| form(s).is_none() && question(&head(s)) != before);
    }
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

fn head(screen: &str) -> String {
    screen.lines().take(2).collect::<Vec<_>>().join("\n")
}

/// The second line up to its clocks.
fn question(head: &str) -> &str {
    head.lines().nth(1).and_then(|line| line.split(" T+").next()).unwrap_or_default().trim()
}

fn form(screen: &str) -> Option<&'static str> {
    let opens = |name: &&str| screen.contains(&format!("┏ {name} "));
    ["GATE", "Manual", "Prompt", "Approval"].into_iter().find(|name| opens(name))
}

/// Waits until the clock has moved on: the lock against type-ahead is over then.
fn unlocked(terminal: &Terminal) {
    let clock = |screen: &str| head(screen).lines().next().map(|l| l[l.len().saturating_sub(9)..].to_owned());
    let now = clock(&terminal.screen());
    terminal.wait_until("the next second", SOON, |s| clock(s) != now);
    let now = clock(&terminal.screen());
    terminal.wait_until("one more", SOON, |s| clock(s) != now);
}

/// Scrolls until the end of the gate has been on the screen.
fn read(terminal: &Terminal) -> String {
    let unread = "read to the end to arm";
    loop {
        let screen = terminal.screen();
        if !screen.contains(unread) {
            return screen;
        }
        terminal.keys(&["PageDown"]);
        terminal.wait_until("more of the gate", SOON, |s| *s != screen);
    }
}

fn confirm(terminal: &Terminal) {
    unlocked(terminal);
    let screen = read(terminal);
    let phrase = screen.lines().find_map(|line| line.split("Type this to arm: ").nth(1));
    match phrase.and_then(|rest| rest.split(['┃', '(']).next()) {
        Some(phrase) => {
            terminal.text(phrase.trim());
            terminal.wait_for("[ Send: Enter ]", SOON);
            terminal.keys(&["Enter"]);
        }
        None => terminal.keys(&["y"]),
    }
}

fn tick_all(terminal: &Terminal) {
    unlocked(terminal);
    let lines = terminal.screen().matches("[ ]").count();
    for ticked in 1..=lines {
        terminal.keys(&["Space"]);
        terminal.wait_until("a tick", SOON, |s| s.matches("[x]").count() == ticked);
        terminal.keys(&["j"]);
    }
    terminal.text("seen");
    terminal.wait_for("> seen", SOON);
    terminal.keys(&["Enter"]);
}

fn fill(terminal: &Terminal, text: &str) {
    unlocked(terminal);
    terminal.text(text);
    terminal.wait_for(&format!("> {text}"), SOON);
    terminal.keys(&["Enter"]);
}
