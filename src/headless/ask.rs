//! Questions in lines: what `--plain` asks at a terminal that draws nothing, one line in for one line out.

use std::fmt::Write as _;
use std::io::{BufRead as _, Write};

use crate::catalogue::CliPlace;
use crate::ids::StepPath;
use crate::run::{Gate, HoldKind, Run, Stage, What};
use crate::runbook::{Action, Undo};
use crate::text::{clean, clean_lines};

/// One line from standard input; none at its end.
pub(super) async fn line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|n| (n, line))
    });
    match read.await {
        Ok(Ok((n, line))) if n > 0 => Some(line.trim_end_matches(['\n', '\r']).to_owned()),
        _ => None,
    }
}

/// Everything a person must have read before typing a phrase: the calls, where, what is there now, the way back.
pub(super) fn show_gate(run: &Run, path: &StepPath, gate: &Gate, out: &mut dyn Write) {
    let mut text = format!("\nGATE {} {path}\n", gate.tier);
    for call in gate.paths.iter().filter_map(|p| match run.steps.get(p).map(|s| &s.stage) {
        Some(Stage::Gated { call, .. }) => Some(call),
        _ => None,
    }) {
        let place = CliPlace { region: Some(call.call.place.region.clone()), ..CliPlace::default() };
        let operation = crate::catalogue::find(&call.call.service, &call.call.operation);
        let cli = operation.map_or_else(String::new, |o| o.cli(&call.call.parameters, &place));
        writeln!(text, "  CALL   {cli}\n  WHERE  {}\n  NOW    {}", call.call.place, call.observed).ok();
    }
    writeln!(text, "  UNDO   {}", way_back(run, path)).ok();
    write!(out, "{}", clean_lines(&text)).ok();
    write!(out, "Type the phrase `{}` to send, or nothing to leave: ", clean(&gate.phrase)).ok();
    out.flush().ok();
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
    write!(out, "{}", clean_lines(&(lines.join("\n") + "\n"))).ok();
    write!(out, "Type {wanted}, or nothing to leave: ").ok();
    out.flush().ok();
}

/// What can be done about a hold.
pub(super) fn show_hold(path: &StepPath, why: &str, out: &mut dyn Write) {
    let text = format!("\nHOLD {path}: {why}\n");
    write!(out, "{}", clean_lines(&text)).ok();
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

/// Whether a hold is one that a line can lift; a verdict on an unknown outcome wants the whole picture.
pub(super) fn liftable(kind: HoldKind) -> bool {
    !matches!(kind, HoldKind::NeedsVerdict | HoldKind::Conflict | HoldKind::ReadOnly)
}
