//! Arguments as types, nothing else.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::ids::StepPath;

/// A terminal runbook console for recovering AWS systems.
#[derive(Debug, Parser)]
#[command(name = "ripcord", version, about, after_help = EXIT_CODES, max_term_width = 100, arg_required_else_help = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Without a command: the console (as `ripcord tui`). `ripcord COMMAND --help` lists the flags of a command.

Exit codes:
  0 ok                              6 run left unfinished, resumable;
  1 run or check failed               output that could not be written
  2 usage                           7 run or target locked
  3 attention (findings, success    8 write refused by read-only
    with exceptions)                9 outcome unknown
  4 credentials missing, expired   70 internal panic
    or of the wrong account       124 timeout
  5 preflight failed, or the      130/143 signals
    endpoint does not answer";

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Profile of the AWS configuration; unlike `AWS_PROFILE` it wins over keys in the environment
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of places that name none
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Another endpoint than AWS; the frame and the journal name it
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Nothing that can write leaves the process; wins over everything
    #[arg(long, global = true, env = "RIPCORD_READ_ONLY", value_parser = FalseyValueParser::new())]
    pub read_only: bool,
    /// Folder in which runbooks are found by id; may be repeated
    #[arg(long, global = true, value_name = "DIR")]
    pub runbooks: Vec<PathBuf>,
    /// Where runs live [default: `$XDG_STATE_HOME/ripcord` or `~/.local/state/ripcord`]
    #[arg(long, global = true, env = "RIPCORD_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Colour on the screen
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Plain ASCII borders
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Use the mouse in the console; the terminal then selects text with Shift held down
    #[arg(long, global = true)]
    pub mouse: bool,
    /// Write a log there (never credentials, never bodies)
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// More in the log; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Global {
    /// The profile that is used, for command lines that are shown and copied.
    pub fn shown_profile(&self) -> Option<String> {
        let named = || std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        self.profile.clone().or_else(named)
    }
}

/// When to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console: runbooks and unfinished runs
    Tui,
    /// Runbooks that can be found by id
    List {
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// One runbook: what it does and what it needs
    Show {
        /// A path or an id
        runbook: String,
        /// A printable checklist with its commands
        #[arg(long, conflicts_with = "json")]
        paper: bool,
        /// A parameter, for --paper; what is not given stays a blank
        #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
        params: Vec<String>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Check files of runbooks and of scenarios; exit 3 on findings
    Validate {
        /// Files
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// The JSON Schema of the runbook format
    Schema,
    /// Preflight and every step resolved, without any write call
    Plan {
        #[command(flatten)]
        start: StartArgs,
        /// Write the plan there as JSON, for `run --plan`
        #[arg(short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Run a runbook: the console, or without a screen with --no-input
    Run {
        #[command(flatten)]
        start: StartArgs,
        #[command(flatten)]
        bounds: Bounds,
        #[command(flatten)]
        drive: DriveArgs,
    },
    /// Go on with an unfinished run; a drill goes on in its own cloud
    Resume {
        /// Its id, or enough of it
        run: String,
        /// Stop right before this main step; the run stays resumable
        #[arg(long, value_name = "STEP")]
        stop_before: Option<StepPath>,
        #[command(flatten)]
        drive: DriveArgs,
    },
    /// Take an unfinished run back to a step, newest change first
    Rollback {
        /// Its id, or enough of it
        run: String,
        /// The step the run stands at afterwards
        #[arg(long, value_name = "STEP")]
        to: String,
        #[command(flatten)]
        drive: DriveArgs,
    },
    /// A drill: the same console and the same phrases, against a simulated AWS
    #[command(after_help = DRILL)]
    Drill(DrillArgs),
    /// Runs and drills on this machine, newest first
    Runs {
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Check the journal of a run: every line, every hash
    Verify {
        /// Its id, or enough of it
        run: String,
    },
    /// What happened in a run, from its journal alone
    Report {
        /// Its id, or enough of it
        run: String,
        /// How it is written
        #[arg(long, default_value = "md")]
        format: ReportFormat,
    },
}

/// A drill, or what there is to drill.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DrillArgs {
    #[command(subcommand)]
    pub other: Option<DrillCommand>,
    #[command(flatten)]
    pub play: PlayArgs,
}

/// Beside drilling.
#[derive(Debug, Subcommand)]
pub enum DrillCommand {
    /// Every scenario, and when it was drilled last
    List {
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// The simulated AWS alone, for the `aws` CLI and other clients; ends with Ctrl-C
    Serve {
        /// A free one where nothing is said
        #[arg(long, value_name = "PORT")]
        port: Option<u16>,
        /// The runbook whose scenario is served: a path or an id
        #[arg(long, value_name = "RUNBOOK", default_value = FLAGSHIP)]
        runbook: String,
        #[command(flatten)]
        cloud: CloudArgs,
    },
}

const DRILL: &str = "\
Keys in the run view:
  b brief, with a line for another terminal     p stop the clock, or let it go on
  H the next hint; it is counted                D debrief, once the run has ended
A drill that is left goes on with `ripcord resume RUN`.

Exit codes: in the console and with --plain that of the run. With --no-input the
scenario answers: 0 when the run ended as documented and the world is right, else 1.";

/// The runbook that is drilled where none is named.
pub const FLAGSHIP: &str = "ecs-rds-snapshot-restore";

/// Which drill.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// A path or an id
    #[arg(default_value = FLAGSHIP)]
    pub runbook: String,
    #[command(flatten)]
    pub cloud: CloudArgs,
    /// A parameter, instead of the one the scenario gives
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    #[command(flatten)]
    pub bounds: Bounds,
    #[command(flatten)]
    pub drive: DriveArgs,
}

/// Which cloud.
#[derive(Clone, Debug, Args)]
pub struct CloudArgs {
    /// The scenario: a path or an id; the one in which nothing else goes wrong where nothing is said
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// The same seed gives the same durations and the same chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many times faster than the wall AWS works; the time you take to decide counts as it is
    #[arg(long, value_name = "K", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub speed: u32,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ReportFormat {
    Md,
    Json,
}

/// Which runbook, with which parameters.
#[derive(Clone, Debug, Args)]
pub struct StartArgs {
    /// A path or an id
    pub runbook: String,
    /// A parameter; lists are comma-separated or JSON, records JSON
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Parameters from a JSON file; -p wins
    #[arg(long = "params", value_name = "FILE")]
    pub params_file: Option<PathBuf>,
}

/// What a start is bound to.
#[derive(Clone, Debug, Default, Args)]
pub struct Bounds {
    /// The plan this run must equal at Start; it also gives the parameters that are not given. A live run without a
    /// screen needs one
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Stop right before this main step; the run stays resumable
    #[arg(long, value_name = "STEP")]
    pub stop_before: Option<StepPath>,
}

/// How a run is driven.
#[derive(Clone, Debug, Args)]
pub struct DriveArgs {
    /// No screen and no questions: phrases and answers come from --confirm and --answer
    #[arg(long)]
    pub no_input: bool,
    /// The phrase of a gate, for example `stop_services/to_zero=api,worker`; may be repeated, also for one gate
    #[arg(long, value_name = "PATH=PHRASE")]
    pub confirm: Vec<String>,
    /// An answer: a prompt's value, `done[: note]` for a manual step, a name for an approval
    #[arg(long, value_name = "PATH=VALUE")]
    pub answer: Vec<String>,
    /// Append-only lines, no full-screen drawing
    #[arg(long)]
    pub plain: bool,
    /// JSON Lines
    #[arg(long, conflicts_with = "plain")]
    pub json: bool,
}
