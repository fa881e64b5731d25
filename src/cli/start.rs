//! `run`, `resume`, `rollback` and the console.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::args::{DriveArgs, Global, StartArgs, When};
use super::backstage::{Behind, Stage, in_flight};
use super::{Ending, books, connect, drive, params, plan as plans, say};
use crate::journal::EndpointKind;
use crate::run::{CheckVerdict, Command, Run, What};
use crate::runbook::Runbook;
use crate::runner::{Checked, Trouble, World, exit};
use crate::tui::{self, Opening, Options};

/// Starts a run.
pub fn run(global: &Global, start: &StartArgs, plan: Option<&Path>, drive: &DriveArgs) -> Ending {
    let book = books::load(global, &start.runbook)?;
    let given = params::given(start)?;
    if with_screen(drive) {
        return console(global, Open::Start(book, given));
    }
    connect::block_on(async {
        let world = connect::world(global).await?;
        let script = drive::script(&world, drive)?;
        let checked = world.check(&book, &given).await?;
        show_checks(&checked, drive);
        drive::complete(&checked.preview(&world), &script, &world)?;
        agreed(global, &world, &checked, plan).await?;
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
        say::line(format_args!("{word}  {:24} {}", check.name, check.message));
    }
}

/// Gates of a live run without a screen need the plan that was read by a person.
async fn agreed(
    global: &Global,
    world: &World,
    checked: &Checked,
    file: Option<&Path>,
) -> Result<(), Trouble> {
    match file {
        Some(file) => plans::same(global, world, checked, file).await,
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
        return console(global, Open::Resume(name));
    }
    connect::block_on(async {
        let world = connect::world(global).await?;
        let id = world.shelf.find(name).map_err(Trouble::from)?;
        let script = drive::script(&world, drive)?;
        let mut stored = world.resumable(&id)?.fold();
        stored.info.read_only = world.read_only;
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
        let stored = world.resumable(&id)?.fold();
        let chain = stored.undo_chain(to).map_err(|refusal| Trouble::usage(refusal.to_string()))?;
        drive::complete_back(&stored, &chain, &script, &world)?;
        let (session, handle) = world.resume(&id, None, false).await?;
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

/// What the console shows first.
pub enum Open<'a> {
    Home,
    Start(Arc<Runbook>, Map<String, Value>),
    Resume(&'a str),
}

/// The console, until the operator leaves it.
pub fn console(global: &Global, open: Open<'_>) -> Ending {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Trouble::usage("the console needs a terminal; without one use `run --no-input`"));
    }
    let runtime = connect::runtime()?;
    let world = runtime.block_on(connect::world(global))?;
    let stage = Stage::new(global, world.clone(), runtime.handle().clone());
    let opening = match open {
        Open::Home => Opening::Home,
        Open::Start(book, given) => Opening::Start { book, given },
        Open::Resume(name) => {
            let id = world.shelf.find(name).map_err(Trouble::from)?;
            world.resumable(&id)?;
            Opening::Resume(id)
        }
    };
    let options =
        Options { runtime: runtime.handle().clone(), theme: theme(global), mouse: false, open: opening };
    let left = tui::run(Arc::new(Behind(Arc::clone(&stage))), options).map_err(|e| {
        Trouble::new(
            exit::FAILED,
            e.to_string(),
            "the console was not shown",
            "use --no-input, or another terminal",
        )
    })?;
    let last = runtime.block_on(stage.settle(left.run.clone()));
    // What is still on its way is not waited for any more.
    runtime.shutdown_background();
    Ok(code(&left, last?.as_deref()))
}

/// The code of a console that was left, with the run as its session left it.
fn code(left: &tui::Ending, last: Option<&Run>) -> u8 {
    match (last, left.signal) {
        (Some(run), _) if in_flight(run) > 0 => exit::UNKNOWN,
        (_, Some(2)) => exit::INTERRUPTED,
        (_, Some(_)) => exit::TERMINATED,
        (Some(run), None) => exit::of(run),
        (None, None) => left.refused.unwrap_or(exit::OK),
    }
}

fn theme(global: &Global) -> tui::Theme {
    let term = std::env::var("TERM").unwrap_or_default();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) || term == "dumb";
    let colour = match global.color {
        When::Always => true,
        When::Never => false,
        When::Auto => !plain,
    };
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()));
    let utf8 = locale.is_some_and(|l| l.to_ascii_lowercase().replace('-', "").contains("utf8"));
    tui::Theme { mono: !colour, ascii: global.ascii || !utf8 || term == "linux" }
}
