//! A session without a screen: driven by its script, ended by signals, never lost.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use super::args::DriveArgs;
use super::{Ending, say};
use crate::headless::{self, Driver, Script, Style};
use crate::ids::{RunId, StepPath};
use crate::journal::LocalDisk;
use crate::run::{Command, Run, What};
use crate::runner::{Handle, Session, Trouble, World, exit};

/// The script of a command line.
pub fn script(world: &World, args: &DriveArgs) -> Result<Script, Trouble> {
    let script = Script::parse(&world.operator, &args.confirm, &args.answer);
    let mut script = script.map_err(|e| Trouble::usage(e.to_string()))?;
    script.interactive = args.plain && !args.no_input;
    Ok(script)
}

/// How lines are written.
pub fn style(args: &DriveArgs) -> Style {
    if args.json { Style::Json } else { Style::Plain }
}

/// Everything the script lacks, said at once.
pub fn complete(run: &crate::run::Run, script: &Script, world: &World) -> Result<(), Trouble> {
    use crate::ids::Clock;
    lacks(&headless::missing(run, script, world.clock.now()), script)
}

/// The same for a roll-back of these instances of steps.
pub fn complete_back(run: &Run, chain: &[StepPath], script: &Script, world: &World) -> Result<(), Trouble> {
    use crate::ids::Clock;
    lacks(&headless::missing_back(run, chain, script, world.clock.now()), script)
}

fn lacks(missing: &[headless::Missing], script: &Script) -> Result<(), Trouble> {
    if missing.is_empty() || script.interactive {
        return Ok(());
    }
    let lines: Vec<String> = missing.iter().map(|m| format!("  {}: {}", m.path, m.what)).collect();
    Err(Trouble::new(
        exit::USAGE,
        format!(
            "without a screen, {} phrases and answers are missing or wrong:\n{}",
            missing.len(),
            lines.join("\n")
        ),
        "nothing was sent",
        "give them with --confirm and --answer, or run it in a terminal without --no-input",
    ))
}

/// Resuming means trying again what holds: one retry for each hold that a retry can help.
pub fn retries(run: &Run, by: &str) -> Vec<Command> {
    let held = run.active.iter().filter(|p| run.steps.get(*p).is_some_and(|s| s.hold.is_some()));
    held.map(|path| Command {
        by: by.to_owned(),
        reason: "resumed".into(),
        what: What::Retry { path: path.clone() },
    })
    .collect()
}

/// Drives a session to its end, its first open question, or a signal.
pub async fn drive(
    world: &World,
    session: Session<LocalDisk>,
    handle: Handle,
    id: &RunId,
    script: &Script,
    style: Style,
    first: Vec<Command>,
) -> Ending {
    let signal = Arc::new(OnceLock::new());
    tokio::spawn(leave_on_signal(handle.clone(), Arc::clone(&signal)));
    let work = tokio::spawn(session.run());
    for command in first {
        if let Ok(Err(refusal)) = handle.command(command).await {
            say::error(format_args!("ripcord: {}", crate::text::clean(&refusal.to_string())));
        }
    }
    let mut out = std::io::stdout();
    let code = Driver::new(handle, world.reader(), script, style, &mut out).drive().await;
    out.flush().ok();
    let Ok(left) = work.await else {
        return Err(Trouble::new(
            exit::PANIC,
            "ripcord failed in the middle of the run",
            "its journal is whole; what was on its way is treated as unknown",
            format!("ripcord resume {id}"),
        ));
    };
    if let Some(error) = left.trouble {
        return Err(Trouble::from(error));
    }
    let by_signal = signal.get().filter(|_| left.run.ended.is_none());
    Ok(by_signal.copied().unwrap_or(code))
}

async fn leave_on_signal(handle: Handle, which: Arc<OnceLock<u8>>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return;
    };
    let code = tokio::select! {
        _ = int.recv() => exit::INTERRUPTED,
        _ = term.recv() => exit::TERMINATED,
        _ = hup.recv() => exit::TERMINATED,
    };
    // Before the session can end: whoever sees it ended finds the reason.
    which.set(code).ok();
    handle.leave();
}
