//! Questions in lines: what `--plain` asks at a terminal that draws nothing, one line in for one line out.

use std::fmt::Write as _;
use std::io::{BufRead as _, Write};

use tokio::task::JoinHandle;

use crate::catalogue::CliPlace;
use crate::ids::{At, StepPath};
use crate::run::{Gate, HoldKind, Run, Stage, What};
use crate::runbook::{Action, Undo};
use crate::text::clean_whole_lines;

/// Lines from standard input. Reading blocks a thread that cannot be called back: what a question that is void
/// has begun to read is the line of the next one.
#[derive(Default)]
pub(super) struct Lines(Option<JoinHandle<Option<String>>>);

impl Lines {
    /// Forgets a line that came before its question was shown.
    pub fn forget(&mut self) {
        if self.0.as_ref().is_some_and(JoinHandle::is_finished) {
            self.0 = None;
        }
    }

    /// The next line; none at the end of the input.
    pub async fn next(&mut self) -> Option<String> {
        let line = self.0.get_or_insert_with(|| tokio::task::spawn_blocking(read)).await;
        self.0 = None;
        line.ok().flatten()
    }
}

fn read() -> Option<String> {
    let mut line = String::new();
    let n = std::io::stdin().lock().read_line(&mut line).ok()?;
    (n > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned())
}

/// What became of a question at the terminal.
pub(super) enum Typed {
    Line(String),
    /// An empty line, the end of the input, or of the session.
    Left,
    /// The question is none any more.
    Void,
}

/// Everything a person must have read before typing a phrase: the calls, where, what is there now, the way back.
/// Whole, however many calls there are.
pub(super) fn gate(run: &Run, path: &StepPath, gate: &Gate, now: At) -> String {
    let mut text = format!("\nGATE {} {path}\n", gate.tier);
    for call in gate.paths.iter().filter_map(|p| match run.steps.get(p).map(|s| &s.stage) {
        Some(Stage::Gated { call, .. }) => Some(call),
        _ => None,
    }) {
        let place = CliPlace { region: Some(call.call.place.region.clone()), ..CliPlace::default() };
        let operation = crate::catalogue::find(&call.call.service, &call.call.operation);
        let cli = operation.map_or_else(String::new, |o| o.cli(&call.call.parameters, &place));
        let age = now.since(call.seen).human();
        writeln!(text, "  CALL   {cli}\n  WHERE  {}", call.call.place).ok();
        writeln!(text, "  NOW    (read {age} ago) {}", call.observed).ok();
    }
    writeln!(text, "  UNDO   {}", way_back(run, path)).ok();
    write!(text, "Type the phrase `{}` to send, or nothing to leave: ", gate.phrase).ok();
    clean_whole_lines(&text)
}

fn way_back(run: &Run, path: &StepPath) -> String {
    match run.plan.step(path).map(|s| &s.undo) {
        Some(Undo::Steps { steps, .. }) => {
            steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")
        }
        Some(Undo::None(reason)) => format!("none: {}", run.text(path, reason, run.now)),
        Some(Undo::NotNeeded) | None => "this is one".into(),
    }
}

/// What a step asks, in lines.
pub(super) fn show_question(run: &Run, path: &StepPath, offered: &[String], out: &mut dyn Write) {
    let Some(step) = run.plan.step(path) else { return };
    let text = |t: &crate::expr::Template| run.text(path, t, run.now);
    let mut lines = vec![format!("\nASK {path}  {}", text(&step.title))];
    lines.extend(step.instructions.as_ref().map(|i| text(i).trim().to_owned()));
    let wanted = match &step.action {
        Action::Manual(manual) => {
            lines.extend(manual.checklist.iter().map(|c| format!("  [ ] {}", text(c))));
            "`done` or `done: note`"
        }
        Action::Approve { message } => {
            lines.push(text(message));
            "the name of the second person"
        }
        Action::Prompt(prompt) => {
            lines.push(text(&prompt.message));
            lines.extend(offered.iter().map(|o| format!("  - {o}")));
            "a value"
        }
        _ => "an answer",
    };
    write!(out, "{}", clean_whole_lines(&(lines.join("\n") + "\n"))).ok();
    write!(out, "Type {wanted}, or nothing to leave: ").ok();
    out.flush().ok();
}

/// What can be done about a hold.
pub(super) fn show_hold(path: &StepPath, why: &str, out: &mut dyn Write) {
    let text = format!("\nHOLD {path}: {why}\n");
    write!(out, "{}", clean_whole_lines(&text)).ok();
    write!(out, "Type `retry`, `skip REASON`, `accept REASON`, `abort REASON`, or nothing to leave: ").ok();
    out.flush().ok();
}

/// A typed answer to a hold, and its reason.
pub(super) fn order(path: &StepPath, typed: &str) -> Option<(What, String)> {
    let (word, reason) = typed.trim().split_once(' ').unwrap_or((typed.trim(), ""));
    let path = path.clone();
    let what = match word {
        "retry" => What::Retry { path },
        "skip" => What::Skip { path },
        "accept" => What::Accept { path },
        "abort" => What::Abort,
        _ => return None,
    };
    Some((what, reason.trim().to_owned()))
}

/// Whether a hold is one that a line can lift; a verdict on an unknown outcome wants the whole picture, and a
/// roll-back ends where it holds.
pub(super) fn liftable(kind: HoldKind) -> bool {
    !matches!(kind, HoldKind::NeedsVerdict | HoldKind::Conflict | HoldKind::ReadOnly | HoldKind::RolledBack)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::catalogue::Tier;
    use crate::ids::Place;
    use crate::run::{Call, Fact, GateCall, RunInfo};

    #[test]
    fn a_gate_over_many_services_is_shown_whole_and_with_the_age_of_what_it_shows() {
        let (_, text) = crate::runbook::embedded()[0];
        let book = Arc::new(crate::runbook::load("runbook.yaml", text.as_bytes()).unwrap());
        let mut run = Run::new(book, RunInfo::default());
        let at = At(1_772_329_200_000);
        let each: StepPath = "stop_services/to_zero".parse().unwrap();
        let mut paths = Vec::new();
        for n in 0..40 {
            let path: StepPath = format!("stop_services[service-{n}]/to_zero").parse().unwrap();
            let service = format!("service-{n}-{}", "x".repeat(60));
            let call = Call {
                place: Place { region: "eu-west-1".into(), ..Place::default() },
                service: "ecs".into(),
                operation: "UpdateService".into(),
                parameters: json!({"cluster": "prod\u{1b}[2J", "service": service, "desiredCount": 0}),
            };
            let observed = json!({"desiredCount": n, "note": "line\nbreak"});
            let call = GateCall { path: path.clone(), call, subject: service, observed, seen: at };
            run.apply(&Fact::Began { path: path.clone(), at });
            run.apply(&Fact::Prepared { call, tier: Tier::T2 });
            paths.push(path);
        }
        run.apply(&Fact::GateOpened {
            gate: each.clone(),
            digest: "d".into(),
            tier: Tier::T2,
            phrase: "all".into(),
            paths,
            at,
        });
        let shown = gate(&run, &each, &run.gates[&each], At(at.0 + 95_000));
        for n in 0..40 {
            assert!(shown.contains(&format!("service-{n}-x")), "service {n} is missing");
        }
        assert_eq!(shown.matches("(read 1m 35s ago)").count(), 40, "{shown}");
        assert!(shown.contains("  UNDO   ") && shown.ends_with("or nothing to leave: "), "{shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains("characters)"));
    }
}
