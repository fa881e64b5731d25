//! The command line: arguments as types, one file per subcommand, and the wiring of everything else.
//!
//! Nothing is decided here about a run; errors become their three parts on standard error and the
//! documented exit code.

mod args;
mod backstage;
mod books;
mod check;
mod connect;
mod drill;
mod drilled;
mod drive;
mod hints;
mod journal;
mod log;
mod params;
mod plan;
mod say;
mod scenarios;
mod show;
mod start;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::runner::{Trouble, exit};
use args::{Cli, Command, DrillArgs, Global};

/// What a command ends with: its exit code, or an error that carries one.
type Ending = Result<u8, Trouble>;

/// Parses the arguments, runs the command, gives the documented exit code.
pub fn main() -> ExitCode {
    hooks();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match std::panic::catch_unwind(|| run(cli)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(trouble)) => {
            say::error(format_args!("ripcord: {}", trouble.lines()));
            ExitCode::from(trouble.code)
        }
        Err(_panic) => ExitCode::from(exit::PANIC),
    }
}

/// Its own panic hook would panic where standard error is closed, and end the process by SIGABRT.
fn hooks() {
    let builder = color_eyre::config::HookBuilder::default().display_env_section(false);
    let (panic_hook, report_hook) = builder.into_hooks();
    std::panic::set_hook(Box::new(move |info| say::error(panic_hook.panic_report(info))));
    if let Err(report) = report_hook.install() {
        say::error(format_args!("ripcord: {report}"));
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // Help and version go to standard output and are no error; a closed pipe is none either.
    error.print().ok();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::from(exit::OK),
        _ => ExitCode::from(exit::USAGE),
    }
}

fn run(cli: Cli) -> Ending {
    log::init(&cli.global)?;
    let command = cli.command.unwrap_or(Command::Tui);
    // A run ends as it ended, whoever could listen.
    let runs = matches!(
        command,
        Command::Tui
            | Command::Run { .. }
            | Command::Resume { .. }
            | Command::Rollback { .. }
            | Command::Drill(DrillArgs { other: None, .. })
    );
    let ending = carry_out(&cli.global, command);
    if runs { ending } else { say::end(ending) }
}

fn carry_out(global: &Global, command: Command) -> Ending {
    match command {
        Command::Tui => start::console(global, start::Open::Home),
        Command::List { json } => Ok(show::list(global, json)),
        Command::Show { runbook, paper, params, json } => {
            show::show(global, &runbook, &params::texts(&params)?, paper, json)
        }
        Command::Validate { paths, json } => check::validate(global, &paths, json),
        Command::Schema => Ok(check::schema()),
        Command::Plan { start, output, json } => plan::plan(global, &start, output.as_deref(), json),
        Command::Run { start, bounds, drive } => start::run(global, &start, &bounds, &drive),
        Command::Resume { run, stop_before, drive } => {
            start::resume(global, &run, stop_before.as_ref(), &drive)
        }
        Command::Rollback { run, to, drive } => start::rollback(global, &run, &to, &drive),
        Command::Drill(args) => drill::drill(global, &args),
        Command::Runs { json } => journal::runs(global, json),
        Command::Verify { run } => journal::verify(global, &run),
        Command::Report { run, format } => journal::report(global, &run, format),
    }
}
