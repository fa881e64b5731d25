//! Somebody at the keyboard of the real console: reads the screen, gives every step what it asks for.

use std::time::{Duration, Instant};

use crate::tmux::Terminal;

pub const SOON: Duration = Duration::from_mins(2);
const WHOLE: Duration = Duration::from_mins(10);

/// Gives every step what it asks for until `end` stands in the first two lines and the step there waits for us; the
/// prompt is answered with `snapshot`.
pub fn walk(terminal: &Terminal, end: &str, snapshot: &str) {
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
            Some("Prompt") => fill(terminal, snapshot),
            _ => fill(terminal, "m.osei"),
        }
        // The clock moves within the same question; the step and its word do not.
        let before = question(&step).to_owned();
        terminal.wait_until("the next question", SOON, |s| form(s).is_none() && question(&head(s)) != before);
    }
}

pub fn head(screen: &str) -> String {
    screen.lines().take(2).collect::<Vec<_>>().join("\n")
}

/// The second line up to its clocks.
pub fn question(head: &str) -> &str {
    head.lines().nth(1).and_then(|line| line.split(" T+").next()).unwrap_or_default().trim()
}

pub fn form(screen: &str) -> Option<&'static str> {
    let opens = |name: &&str| screen.contains(&format!("┏ {name} "));
    ["GATE", "Manual", "Prompt", "Approval"].into_iter().find(|name| opens(name))
}

/// Waits until the clock has moved on: the lock against type-ahead is over then.
pub fn unlocked(terminal: &Terminal) {
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

pub fn confirm(terminal: &Terminal) {
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
