//! `run`, `resume`, `rollback` and the console.

use std::io::{IsTerminal, Write as _};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::args::{Bounds, DriveArgs, Global, StartArgs, When};
use super::backstage::{Behind, Bound, Stage, in_flight};
use super::drill::Drill;
use super::drilled::{self, Outside};
use super::plan::Agreed;
use super::{Ending, books, connect, drive, params, plan as plans};
use crate::headless::Script;
use crate::ids::StepPath;
use crate::journal::EndpointKind;
use crate::run::{CheckVerdict, Command, Run, RunInfo, What};
use crate::runbook::Runbook;
use crate::runner::{Checked, Stored, Trouble, World, can_stop, exit};
use crate::tui::{self, Opening, Options};

/// Starts a run.
pub fn run(global: &Global, start: &StartArgs, bounds: &Bounds, drive: &DriveArgs) -> Ending {
    let book = books::load(global, &start.runbook)?;
    let plan = bounds.plan.as_deref().map(Agreed::read).transpose()?;
    let mut given = params::given(start)?;
    if let Some(plan) = &plan {
        plan.fill(&book, &mut given);
    }
    let stop_before = bounds.stop_before.as_ref().map(ToString::to_string);
    if with_screen(drive) {
        no_script(drive)?;
        return console(global, Open::Start { book, given, plan, stop_before });
    }
    connect::block_on(async {
        let world = connect::world(global).await?;
        let script = drive::script(&world, drive)?;
        let checked = world.check(&book, &given).await?;
        show_checks(&checked, drive);
        drive::complete(&checked.preview(&world), &script, &world)?;
        match &plan {
            Some(plan) => plans::same(global, &world, &checked, plan).await?,
            None if alone(&world.endpoint, &world, &script) => return Err(unread()),
            None => {}
        }
        let plan = plan.map(|plan| plan.digest);
        let (session, handle, id) = world.start(&checked, plan, stop_before, false)?;
        drive::drive(&world, session, handle, &id, &script, drive::style(drive), vec![]).await
    })?
}

/// Phrases and answers of the command line go nowhere when a person is asked for them.
fn no_script(drive: &DriveArgs) -> Result<(), Trouble> {
    if drive.confirm.is_empty() && drive.answer.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(
        exit::USAGE,
        "--confirm and --answer are for runs without a screen",
        "in this terminal the console would open and ask instead; nothing was started",
        "add --no-input or --plain, or leave them out",
    ))
}

/// Whether questions can be asked on a screen here.
pub(super) fn with_screen(drive: &DriveArgs) -> bool {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    terminal && !drive.no_input && !drive.plain && !drive.json
}

pub(super) fn show_checks(checked: &Checked, drive: &DriveArgs) {
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
        // Whoever does not listen does not stop a recovery.
        writeln!(std::io::stdout(), "{word}  {:24} {}", check.name, check.message).ok();
    }
}

/// Whether gates of a live run would be confirmed with nobody looking. Lines from a pipe are nobody.
fn alone(endpoint: &EndpointKind, world: &World, script: &Script) -> bool {
    let asked = script.interactive && std::io::stdin().is_terminal();
    *endpoint == EndpointKind::Live && !world.read_only && !asked
}

fn unread() -> Trouble {
    Trouble::new(
        exit::USAGE,
        "a live run without a screen needs --plan FILE",
        "its gates are confirmed unseen, so the whole plan must have been read; nothing was started",
        "write it with `ripcord plan … -o FILE`, read it, and give it here",
    )
}

/// A live run goes on unseen only when it was started on a plan that somebody had read.
fn was_agreed(stored: &Stored, world: &World, script: &Script) -> Result<(), Trouble> {
    let header = &stored.header;
    let confirms = script.interactive || script.has_phrases();
    if header.plan.is_some() || !confirms || !alone(&header.endpoint, world, script) {
        return Ok(());
    }
    Err(Trouble::new(
        exit::USAGE,
        "this live run was started without --plan, its gates cannot be confirmed without a screen",
        "nobody has read the whole plan; the run was not opened and stands as it was",
        format!("in a terminal: `ripcord resume {0}`, or `ripcord resume {0} --plain`", header.run),
    ))
}

/// Goes on with an unfinished run.
pub fn resume(global: &Global, name: &str, stop_before: Option<&StepPath>, drive: &DriveArgs) -> Ending {
    let stop_before = stop_before.map(ToString::to_string);
    if with_screen(drive) {
        no_script(drive)?;
        return open(global, name, stop_before);
    }
    connect::block_on(async {
        let outside = Outside::of(global, name).await?;
        let world = &outside.world;
        let id = world.shelf.find(name).map_err(Trouble::from)?;
        let script = drive::script(world, drive)?;
        let stored = world.resumable(&id)?;
        was_agreed(&stored, world, &script)?;
        let mut stored = stored.fold();
        stored.info.read_only = world.read_only;
        drive::complete(&stored, &script, world)?;
        let retries = drive::retries(&stored, &world.operator);
        let (session, handle) = world.resume(&id, stop_before, false).await?;
        outside.attend(&handle);
        let style = drive::style(drive);
        let code = drive::drive(world, session, handle, &id, &script, style, retries).await?;
        outside.end(&id)?;
        Ok(code)
    })?
}

/// The console on an unfinished run; that of a drill stands in a cloud of its own, built again as it was left.
fn open(global: &Global, name: &str, stop_before: Option<String>) -> Ending {
    let runtime = connect::runtime()?;
    let Outside { world, drill } = runtime.block_on(Outside::of(global, name))?;
    let open = Open::Resume { name, stop_before };
    let left = match &drill {
        Some(drill) => drilled::shown(global, &runtime, &world, open, drill),
        None => shown(global, &runtime, &world, open, None).map(|left| left.code),
    };
    runtime.shutdown_background();
    left
}

/// Takes a run back to a step; it stays unfinished and stands there afterwards.
pub fn rollback(global: &Global, name: &str, to: &str, drive: &DriveArgs) -> Ending {
    connect::block_on(async {
        let outside = Outside::of(global, name).await?;
        let world = &outside.world;
        let id = world.shelf.find(name).map_err(Trouble::from)?;
        let mut script = drive::script(world, drive)?;
        // There is no screen for it: in a terminal it asks in lines.
        script.interactive |= with_screen(drive);
        let stored = world.resumable(&id)?;
        was_agreed(&stored, world, &script)?;
        let stored = stored.fold();
        let chain = stored.undo_chain(to).map_err(|refusal| Trouble::usage(refusal.to_string()))?;
        drive::complete_back(&stored, &chain, &script, world)?;
        let (session, handle) = world.resume(&id, None, false).await?;
        outside.attend(&handle);
        let command = Command {
            by: world.operator.clone(),
            reason: "ripcord rollback".into(),
            what: What::RollBack { to: to.to_owned() },
        };
        let code =
            drive::drive(world, session, handle, &id, &script, drive::style(drive), vec![command]).await?;
        let undone = world.stored(&id)?.fold();
        let back = undone.undoing.is_none() && undone.undo_chain(to).is_err();
        Ok(if back && code == exit::UNFINISHED { exit::OK } else { code })
    })?
}

/// What the console shows first.
pub enum Open<'a> {
    Home,
    Start { book: Arc<Runbook>, given: Map<String, Value>, plan: Option<Agreed>, stop_before: Option<String> },
    Resume { name: &'a str, stop_before: Option<String> },
}

/// The console, until the operator leaves it.
pub fn console(global: &Global, open: Open<'_>) -> Ending {
    needs_terminal()?;
    let runtime = connect::runtime()?;
    let world = runtime.block_on(connect::world(global))?;
    let left = shown(global, &runtime, &world, open, None)?;
    runtime.shutdown_background();
    Ok(left.code)
}

pub(super) fn needs_terminal() -> Result<(), Trouble> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Trouble::usage("the console needs a terminal; without one use `run --no-input`"))
}

/// How a console was left.
pub(super) struct Shown {
    pub code: u8,
    pub last: Option<Arc<Run>>,
    pub wrong_phrases: u32,
}

/// The console on a world.
pub(super) fn shown(
    global: &Global,
    runtime: &tokio::runtime::Runtime,
    world: &World,
    open: Open<'_>,
    drill: Option<&Arc<Drill>>,
) -> Result<Shown, Trouble> {
    let stage = |bound| Stage::new(global, world.clone(), runtime.handle().clone(), bound, drill.cloned());
    let (stage, opening) = match open {
        Open::Home => (stage(None), Opening::Home),
        Open::Start { book, given, plan, stop_before } => {
            runtime.block_on(holds(global, world, &book, &given, (plan.as_ref(), stop_before.as_ref())))?;
            let bound = Bound::Start { digest: book.digest.clone(), plan, stop_before };
            (stage(Some(bound)), Opening::Start { book, given })
        }
        Open::Resume { name, stop_before } => {
            let id = world.shelf.find(name).map_err(Trouble::from)?;
            let mut run = world.resumable(&id)?.fold();
            run.info.stop_before.clone_from(&stop_before);
            can_stop(&run)?;
            (stage(Some(Bound::Resume { run: id.clone(), stop_before })), Opening::Resume(id))
        }
    };
    let theme = theme(global);
    let options = Options { runtime: runtime.handle().clone(), theme, mouse: global.mouse, open: opening };
    let left = tui::run(Arc::new(Behind(Arc::clone(&stage))), options).map_err(|e| {
        Trouble::new(
            exit::FAILED,
            e.to_string(),
            "the console was not shown",
            "use --no-input, or another terminal",
        )
    })?;
    let last = runtime.block_on(stage.settle(left.run.clone()));
    let last = last?;
    let code = code(&left, last.as_deref());
    Ok(Shown { code, last, wrong_phrases: left.wrong_phrases })
}

/// What the command line bound a start to is refused before the console opens.
async fn holds(
    global: &Global,
    world: &World,
    book: &Arc<Runbook>,
    given: &Map<String, Value>,
    (plan, stop_before): (Option<&Agreed>, Option<&String>),
) -> Result<(), Trouble> {
    let info = RunInfo { stop_before: stop_before.cloned(), ..RunInfo::default() };
    can_stop(&Run::new(Arc::clone(book), info))?;
    let Some(plan) = plan else { return Ok(()) };
    let checked = world.check(book, given).await?;
    plans::same(global, world, &checked, plan).await
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
