//! `run`, `resume`, `rollback` and the console.

use std::io::IsTerminal;
use std::path::Path;

use super::args::{DriveArgs, Global, StartArgs};
use super::{Ending, books, connect, drive, params};
use crate::journal::EndpointKind;
use crate::run::{CheckVerdict, Command, What};
use crate::runner::{Checked, Trouble, World, exit};

/// Starts a run.
pub fn run(global: &Global, start: &StartArgs, plan: Option<&Path>, drive: &DriveArgs) -> Ending {
    let book = books::load(global, &start.runbook)?;
    let given = params::given(start)?;
    if with_screen(drive) {
        return super::start::console(global);
    }
    connect::block_on(async {
        let world = connect::world(global).await?;
        let script = drive::script(&world, drive)?;
        let checked = world.check(&book, &given).await?;
        show_checks(&checked, drive);
        drive::complete(&checked.preview(&world), &script, &world)?;
        agreed(&world, plan)?;
        let stop_before = drive.stop_before.as_ref().map(ToString::to_string);
        let (session, handle, id) = world.start(&checked, stop_before, false)?;
        drive::drive(&world, session, handle, &id, &script, drive::style(drive), vec![]).await
    })?
}

/// Whether questions can be asked on a screen here.
fn with_screen(drive: &DriveArgs) -> bool {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    terminal && !drive.no_input && !drive.plain && !drive.json
}

fn show_checks(checked: &Checked, drive: &DriveArgs) {
    if drive.json {
        return;
    }
    for check in &checked.preflight {
        let word = match check.verdict {
            CheckVerdict::Ok => "OK  ",
            CheckVerdict::Warn => "WARN",
            CheckVerdict::Skip => "SKIP",
            CheckVerdict::Fail => "FAIL",
        };
        println!("{word}  {:24} {}", check.name, check.message);
    }
}

/// Gates of a live run without a screen need the plan that was read by a person.
fn agreed(world: &World, file: Option<&Path>) -> Result<(), Trouble> {
    match file {
        Some(_) => Err(Trouble::usage("this build cannot compare plans yet")),
        None if world.endpoint == EndpointKind::Live && !world.read_only => Err(Trouble::new(
            exit::USAGE,
            "a live run without a screen needs --plan FILE",
            "its gates are confirmed unseen, so the whole plan must have been read; nothing was started",
            "write it with `ripcord plan … -o FILE`, read it, and give it here",
        )),
        None => Ok(()),
    }
}

/// Goes on with an unfinished run.
pub fn resume(global: &Global, name: &str, drive: &DriveArgs) -> Ending {
    if with_screen(drive) {
        return super::start::console(global);
    }
    connect::block_on(async {
        let world = connect::world(global).await?;
        let id = world.shelf.find(name).map_err(Trouble::from)?;
        let script = drive::script(&world, drive)?;
        let stored = world.stored(&id)?.fold();
        drive::complete(&stored, &script, &world)?;
        let retries = drive::retries(&stored, &world.operator);
        let stop_before = drive.stop_before.as_ref().map(ToString::to_string);
        let (session, handle) = world.resume(&id, stop_before, false).await?;
        drive::drive(&world, session, handle, &id, &script, drive::style(drive), retries).await
    })?
}

/// Takes a run back to a step; it stays unfinished and stands there afterwards.
pub fn rollback(global: &Global, name: &str, to: &str, drive: &DriveArgs) -> Ending {
    connect::block_on(async {
        let world = connect::world(global).await?;
        let id = world.shelf.find(name).map_err(Trouble::from)?;
        let script = drive::script(&world, drive)?;
        let stored = world.stored(&id)?.fold();
        stored.undo_chain(to).map_err(|refusal| Trouble::usage(refusal.to_string()))?;
        let (session, handle) = world.resume(&id, Some(to.to_owned()), false).await?;
        let command = Command {
            by: world.operator.clone(),
            reason: "ripcord rollback".into(),
            what: What::RollBack { to: to.to_owned() },
        };
        let code =
            drive::drive(&world, session, handle, &id, &script, drive::style(drive), vec![command]).await?;
        let undone = world.stored(&id)?.fold();
        let back = undone.undoing.is_none() && undone.undo_chain(to).is_err();
        Ok(if back && code == exit::UNFINISHED { exit::OK } else { code })
    })?
}

/// The console.
pub fn console(_global: &Global) -> Ending {
    Err(Trouble::usage("this build has no console yet; use --no-input"))
}
