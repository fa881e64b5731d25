//! The runbook as checked, immutable data: what the kernel walks and every front end draws.
//!
//! A [`Runbook`] exists only after the loader found nothing wrong with it, so nothing here can be misspelt,
//! dangling or of the wrong type. Expressions are parsed and checked; templates are split into pieces.
//! "Run expression" and "answer expression" are the two scopes of the format (`@` is the run, or one answer).

use crate::catalogue::{Effect, Operation, Tier};
use crate::expr::{Expr, Template, Tree, Type};
use crate::ids::Span;

/// One loaded runbook.
#[derive(Clone, Debug)]
pub struct Runbook {
    pub id: String,
    pub title: String,
    pub description: String,
    pub version: String,
    pub owner: String,
    pub tags: Vec<String>,
    pub use_when: String,
    pub not_when: String,
    pub objectives: Objectives,
    pub requires: Requires,
    pub targets: Vec<Target>,
    pub connections: Vec<Connection>,
    pub parameters: Vec<Parameter>,
    /// Named conditions, run expressions; usable by name in every run expression.
    pub conditions: Vec<(String, Expr)>,
    pub reads: Vec<Read>,
    pub panes: Vec<Pane>,
    pub preflight: Vec<Check>,
    pub phases: Vec<String>,
    pub steps: Vec<Step>,
    pub follow_ups: Vec<FollowUp>,
    /// SHA-256 of the exact bytes this was loaded from, in hex.
    pub digest: String,
    /// The exact text this was loaded from; the run directory keeps it.
    pub source: String,
}

/// What the recovery promises, and where its clocks start and end.
#[derive(Clone, Debug, Default)]
pub struct Objectives {
    pub rto: Option<Span>,
    pub rpo: Option<Span>,
    /// Step whose success ends the RTO clock.
    pub restored_when: Option<String>,
    /// Run expression: the recovered moment. RPO = incident − this.
    pub recovered_to: Option<Expr>,
    /// Run expression: when the damage began. Default `parameters.incident_time`, else Start.
    pub incident: Option<Expr>,
}

/// What must be at hand outside ripcord.
#[derive(Clone, Debug, Default)]
pub struct Requires {
    /// Tool and version range.
    pub tools: Vec<(String, String)>,
    /// IAM actions, `service:Action`.
    pub iam: Vec<String>,
}

/// A named place. Values given here are assertions; what is left out is resolved and pinned at Start.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub name: String,
    pub account: Option<Template>,
    pub region: Option<Template>,
    pub profile: Option<String>,
    pub role_arn: Option<Template>,
}

/// A connection to something that is not AWS; described, not executed yet.
#[derive(Clone, Debug)]
pub struct Connection {
    pub name: String,
    /// `postgres`, `http`, `terraform`, `kubectl` or `cli`.
    pub kind: String,
    pub inputs: Tree,
}

/// One value the operator gives before Start.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    pub description: String,
    pub required: bool,
    /// May use parameters above this one.
    pub default: Option<Tree>,
    /// Hold per element for lists.
    pub allowed_values: Vec<serde_json::Value>,
    pub allowed_pattern: Option<regex::Regex>,
    /// Longest text, in characters; per element for lists.
    pub max_length: Option<usize>,
    /// Name of the read that offers values.
    pub choices: Option<String>,
}

/// The type of a parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterKind {
    Text,
    Integer,
    Boolean,
    Timestamp,
    Duration,
    List(Box<ParameterKind>),
    Record(Vec<(String, ParameterKind)>),
    Map(Box<ParameterKind>),
    /// Names one AWS resource, such as `aws.rds.instance`; the value is its name, never an ARN.
    Picker(&'static str),
}

/// One named (or inline) question.
#[derive(Clone, Debug)]
pub struct Read {
    /// Empty for an inline read.
    pub name: String,
    pub target: Option<String>,
    pub from: Source,
    /// Answer expression applied to each answer.
    pub select: Option<Expr>,
    /// Run expression that gives the items; answers become one flat list.
    pub for_each: Option<Expr>,
    /// Type of the selected value.
    pub shape: Type,
}

/// Where a reading comes from.
#[derive(Clone, Debug)]
pub enum Source {
    Aws {
        operation: &'static Operation,
        parameters: Tree,
    },
    /// `exec`, `sql`, `http` or `file`: checked and shown, refused at Start until performers exist.
    Foreign {
        kind: &'static str,
        inputs: Tree,
    },
}

/// A read named elsewhere, or written in place.
#[derive(Clone, Debug)]
pub enum ReadRef {
    Named(String),
    Inline(Box<Read>),
}

/// One live table on the screen.
#[derive(Clone, Debug)]
pub struct Pane {
    pub title: String,
    pub read: String,
    /// Answer expression; an object is one row.
    pub rows: Option<Expr>,
    pub columns: Vec<Column>,
    /// Answer expression per row.
    pub healthy: Option<Expr>,
}

/// One column of a pane or a prompt.
#[derive(Clone, Debug)]
pub struct Column {
    pub title: String,
    /// Answer expression per row.
    pub value: Expr,
    pub format: Format,
}

/// How a column's value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    #[default]
    Plain,
    /// A number of seconds.
    Duration,
    /// A timestamp, shown as the time since then.
    Age,
    Bytes,
}

/// One named check before Start.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: String,
    pub level: Level,
    pub kind: CheckKind,
    pub message: Template,
    /// A reading that cannot be had fails the check instead of skipping it.
    pub must_read: bool,
}

/// What a false check means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Fail,
    Warn,
}

/// What a check asks.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// A condition: over the run, or over the answer of `read` where one is written beside it.
    Holds { check: Expr, read: Option<ReadRef>, rows: Vec<RowsRule> },
    /// Every named read must answer with one of its error codes.
    Errors(Vec<(ReadRef, Vec<String>)>),
}

/// How many rows a list read must have before a condition over it means anything.
#[derive(Clone, Debug)]
pub struct RowsRule {
    /// Read name; `read` for the inline read.
    pub read: String,
    pub bound: RowsBound,
}

/// A row count. The value is a whole-value template or a number.
#[derive(Clone, Debug)]
pub enum RowsBound {
    Exactly(Tree),
    AtLeast(Tree),
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    pub title: Template,
    pub phase: Option<String>,
    /// Markdown: why, and what to look at.
    pub instructions: Option<Template>,
    pub target: Option<String>,
    pub action: Action,
    pub outputs: Vec<Output>,
    /// Run expression, evaluated once when the step becomes current.
    pub when: Option<Expr>,
    pub only_by_jump: bool,
    pub confirm: Confirm,
    /// What the author says; may only raise.
    pub effect: Option<Effect>,
    pub guard: Option<Guard>,
    pub capture: Vec<(String, ReadRef)>,
    pub probe: Option<StepProbe>,
    pub undo: Undo,
    pub verify: Option<Verify>,
    pub estimate: Option<Span>,
    pub timeout: Option<Span>,
    /// How often a proven rejection may be tried again under one confirmation.
    pub max_attempts: u16,
    pub on_failure: OnFailure,
    pub point_of_no_return: bool,
    /// With nested `steps`; the action is then [`Action::Each`].
    pub for_each: Option<ForEach>,
    pub steps: Vec<Step>,
    /// Line of the step in its file, from 1.
    pub line: usize,
}

/// Raising the gate of a step.
#[derive(Clone, Debug, Default)]
pub struct Confirm {
    pub tier: Option<Tier>,
    /// Further text the operator must type.
    pub also: Option<Template>,
}

/// Judged when the gate opens and again right before sending.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Run expression.
    pub check: Expr,
    pub rows: Vec<RowsRule>,
    pub message: Template,
}

/// How an unknown outcome of this step is settled, instead of the catalogue's probe.
#[derive(Clone, Debug)]
pub struct StepProbe {
    pub read: ReadRef,
    /// Answer expression.
    pub executed_when: Expr,
}

/// What takes a step back.
#[derive(Clone, Debug)]
pub enum Undo {
    /// The step changes nothing.
    NotNeeded,
    /// A flow of named steps; an earlier end of validity than the point of no return may be named.
    Steps { steps: Vec<Step>, valid_until: Option<String> },
    /// Nothing does, for this reason.
    None(Template),
}

/// Polled after the action until true, within the step's timeout (default 5m).
#[derive(Clone, Debug)]
pub struct Verify {
    pub read: ReadRef,
    /// Answer expression.
    pub until: Expr,
}

/// What follows a failure. Never acts on an unknown outcome.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum OnFailure {
    #[default]
    Pause,
    Abort,
    Continue,
    /// Jump forward to this step of the same list.
    Step(String),
}

/// One named output of a step.
#[derive(Clone, Debug)]
pub struct Output {
    pub name: String,
    /// Run expression for wait and assert, answer expression elsewhere.
    pub selector: Expr,
    pub shape: Type,
    /// A null is an error unless this is set.
    pub optional: bool,
}

/// Runs nested steps once per item.
#[derive(Clone, Debug)]
pub struct ForEach {
    /// Run expression, evaluated once.
    pub items: Expr,
    /// Run expression over `item`; unique.
    pub key: Expr,
    pub concurrency: usize,
    pub on_item_failure: OnItemFailure,
}

/// What a failed item means for the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnItemFailure {
    /// Start no further item.
    #[default]
    Pause,
    FinishOthersThenPause,
}

/// What a step does.
#[expect(clippy::large_enum_variant, reason = "a runbook has one per step; boxing would only cost")]
#[derive(Clone, Debug)]
pub enum Action {
    /// One operation of the catalogue.
    AwsApi {
        operation: &'static Operation,
        parameters: Tree,
    },
    Wait(Wait),
    Assert(Assert),
    Prompt(Prompt),
    Manual(Manual),
    Approve {
        message: Template,
    },
    Diff(Diff),
    Branch {
        choices: Vec<Choice>,
        default: Option<String>,
    },
    /// Runs the undo flow of the named step.
    Undo {
        step: String,
    },
    End {
        verdict: Verdict,
        message: Template,
    },
    /// Holds nested steps.
    Each,
    /// `exec`, `sql`, `http`, `terraform.*`, `runbook`: checked and shown, refused at Start until performers exist.
    Foreign {
        kind: &'static str,
        inputs: Tree,
    },
}

/// Polls until a condition holds on consecutive readings.
#[derive(Clone, Debug)]
pub struct Wait {
    /// An inline read: the conditions are then answer expressions over it.
    pub read: Option<Box<Read>>,
    pub until: Expr,
    /// Judged first.
    pub fail_when: Option<Expr>,
    /// Must have been false in one reading since the start.
    pub must_leave: Option<Expr>,
    pub stable_for: u32,
    pub rows: Vec<RowsRule>,
    /// Error codes that are borne for this long from the start.
    pub tolerate: Vec<(String, Span)>,
    pub interval: Span,
}

/// One condition that must hold now.
#[derive(Clone, Debug)]
pub struct Assert {
    pub read: Option<Box<Read>>,
    pub check: Expr,
    pub rows: Vec<RowsRule>,
    pub message: Template,
}

/// Asks the operator for a value.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub message: Template,
    pub offer: Offer,
    /// Never shown, journalled or kept.
    pub secret: bool,
}

/// What a prompt offers.
#[derive(Clone, Debug)]
pub enum Offer {
    /// One of these texts.
    Choices(Vec<Template>),
    /// One row of a reading.
    Rows(Box<OfferRows>),
    /// Free input of this type.
    Free(ParameterKind),
}

/// The rows of a prompt. All expressions are answer expressions.
#[derive(Clone, Debug)]
pub struct OfferRows {
    pub read: ReadRef,
    pub rows: Option<Expr>,
    pub columns: Vec<Column>,
    /// Per row: what `--answer` takes.
    pub value: Expr,
    /// Per row: must be typed to be chosen.
    pub warn_when: Option<Expr>,
}

/// Something only a person can do or see.
#[derive(Clone, Debug, Default)]
pub struct Manual {
    pub checklist: Vec<Template>,
    /// Reads shown beside the question.
    pub show: Vec<String>,
    pub evidence: bool,
}

/// Two documents compared.
#[derive(Clone, Debug)]
pub struct Diff {
    pub left: Template,
    pub right: Template,
    /// Paths that may differ without being listed.
    pub ignore: Vec<String>,
    /// Paths that must be equal; lists compare as sets.
    pub expect_same: Vec<Expr>,
}

/// One arm of a branch.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Run expression.
    pub when: Expr,
    pub next_step: String,
}

/// How a run ends by its own word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Success,
    Failed,
    NotApplicable,
}

/// What remains to be done after the run.
#[derive(Clone, Debug)]
pub struct FollowUp {
    pub text: Template,
    pub due: Span,
    /// Run expression.
    pub when: Option<Expr>,
}
