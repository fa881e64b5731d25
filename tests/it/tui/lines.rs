//! Rows of the home screen.

use ripcord::ids::At;
use ripcord::tui::RunLine;

use super::play;

pub fn run_line(id: &str, state: &str) -> RunLine {
    RunLine {
        id: ripcord::ids::RunId(id.into()),
        title: "orders-restore".into(),
        state: state.into(),
        step: "step 6/8 drained".into(),
        started: play::START,
        last: Some(At(play::START.0 - 3_600_000)),
        endpoint: "the custom endpoint 127.0.0.1:5000".into(),
        drill: false,
        blocked: None,
    }
}

pub fn drill_line(id: &str) -> RunLine {
    let words = "this run is a drill, and this session is not in its cloud";
    RunLine { drill: true, blocked: Some(words.into()), last: None, ..run_line(id, "unknown") }
}
