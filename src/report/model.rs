//! What a report says, as data: every front end and format shows this and nothing else.
//!
//! All text in it is [`Shown`]. Times are RFC 3339 in UTC, lengths are milliseconds (`…_ms`).

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::ink::{Ink, Shown, ShownCall};
use crate::catalogue::Tier;
use crate::ids::{At, Place, Span};
use crate::run::{CheckResult, CheckVerdict, RunState, StepState};

/// A moment, written in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Utc(pub At);

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0.rfc3339())
    }
}

impl std::fmt::Display for Utc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whole seconds are enough for people.
        let text = self.0.rfc3339();
        match text.get(..19).filter(|_| text.len() == 24) {
            Some(seconds) => write!(f, "{seconds}Z"),
            None => f.write_str(&text),
        }
    }
}

/// The report of one run, made from its journal alone.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    pub schema_version: u32,
    pub generated_at: Utc,
    pub run: RunPart,
    pub verdict: Verdict,
    /// What nobody who reads this may miss; empty when there is nothing of that kind.
    pub attention: Vec<Shown>,
    pub objectives: Objectives,
    pub unknowns: Vec<Unknown>,
    pub overrides: Vec<Override>,
    /// Sorted: FAIL, WARN and SKIP before OK.
    pub preflight: Vec<CheckRow>,
    pub skipped: Vec<SkippedStep>,
    pub gates: Vec<GateRow>,
    pub decisions: Vec<Decision>,
    pub calls: Vec<CallRow>,
    pub waits: Vec<WaitRow>,
    pub phases: Vec<PhaseRow>,
    pub steps: Vec<StepRow>,
    pub undone: Vec<UndoneStep>,
    pub comparisons: Vec<Comparison>,
    pub left: Vec<LeftOver>,
    pub follow_ups: Vec<FollowUpRow>,
    pub timeline: Vec<Event>,
    /// Where the journal does not tell what must have happened.
    pub gaps: Vec<Gap>,
    /// How many facts of each kind there are, kinds without any included.
    pub records: BTreeMap<&'static str, u64>,
    pub journal: JournalPart,
}

/// What ran, where and by whom.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunPart {
    pub id: Shown,
    pub runbook: RunbookPart,
    pub endpoint: EndpointPart,
    pub places: Vec<PlacePart>,
    /// Who started it.
    pub operator: Shown,
    pub lives: Vec<LifePart>,
    pub app_version: Shown,
    pub parameters: Map<String, Value>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RunbookPart {
    pub id: Shown,
    pub title: Shown,
    pub version: Shown,
    /// SHA-256 of its exact bytes.
    pub digest: Shown,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EndpointPart {
    /// `live`, `custom` or `drill`.
    pub kind: &'static str,
    pub text: Shown,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlacePart {
    pub target: Shown,
    pub account: Shown,
    pub region: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<Shown>,
}

impl PlacePart {
    pub(super) fn of(ink: &Ink, place: &Place) -> PlacePart {
        PlacePart {
            target: ink.text(&place.target),
            account: ink.text(&place.account),
            region: ink.text(&place.region),
            role_arn: place.role_arn.as_deref().map(|role| ink.text(role)),
        }
    }
}

/// One process that had the run open for writing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LifePart {
    pub life: u32,
    pub by: Shown,
    pub opened_at: Utc,
}

/// How it went.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Verdict {
    pub state: RunState,
    /// Whether nothing more can happen.
    pub ended: bool,
    pub sentence: Shown,
    pub started_at: Option<Utc>,
    pub ended_at: Option<Utc>,
    pub took_ms: Option<Span>,
    pub exceptions: Vec<Shown>,
}

/// How an objective came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    Met,
    Missed,
    /// It can be told, and nobody set a goal.
    NoObjective,
    NotReached,
    NotKnown,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Objectives {
    pub rto: Objective,
    pub rpo: Objective,
}

/// One objective and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Objective {
    pub objective_ms: Option<Span>,
    pub reached_ms: Option<Span>,
    /// From and to when it is counted.
    pub from: Option<Utc>,
    pub to: Option<Utc>,
    pub reached: Reached,
    pub sentence: Shown,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Event {
    pub at: Utc,
    pub kind: &'static str,
    pub text: Shown,
}

/// How a gate ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum GateResult {
    Confirmed { by: Shown, at: Utc },
    Closed { why: Shown, at: Utc },
    Open,
}

/// One gate: what was shown and who confirmed it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GateRow {
    pub gate: Shown,
    pub tier: Tier,
    /// The phrase as computed from the targets.
    pub phrase: Shown,
    pub opened_at: Utc,
    #[serde(flatten)]
    pub result: GateResult,
    pub calls: Vec<GatedCall>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GatedCall {
    pub path: Shown,
    /// None when what the gate showed is not recorded.
    pub call: Option<ShownCall>,
}

/// What a person answered, attested or approved.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Decision {
    pub at: Utc,
    pub path: Shown,
    pub title: Shown,
    /// `answered`, `attested`, `approved` or `refused`.
    pub kind: &'static str,
    /// Who is recorded as having said so; for approvals the second person.
    pub by: Shown,
    /// Who was at the keyboard, for approvals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<Shown>,
    pub said: Shown,
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    Executed,
    DidNotHappen,
    /// Sent, and nobody knows.
    Unknown,
}

/// What makes an outcome true.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    Answer,
    LateAnswer,
    Reading,
    Person,
}

/// One call that could change something.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CallRow {
    pub name: Shown,
    pub path: Shown,
    pub attempt: u16,
    /// None when the request itself is not recorded.
    pub call: Option<ShownCall>,
    pub sent_at: Option<Utc>,
    pub answered_at: Option<Utc>,
    pub took_ms: Option<Span>,
    pub request_id: Option<Shown>,
    pub outcome: CallOutcome,
    pub proof: Option<ProofKind>,
    /// Whose word the outcome is, when it is a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_by: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Shown>,
    /// What contradicted the outcome later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Shown>,
}

/// An outcome that was, or still is, unknown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Unknown {
    pub name: Shown,
    /// `rds RestoreDBInstanceFromDBSnapshot`; empty when the request is not recorded.
    pub call: Shown,
    pub since: Utc,
    pub why: Shown,
    /// None while it is still unknown.
    pub settled: Option<SettledUnknown>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SettledUnknown {
    pub at: Utc,
    pub after_ms: Span,
    pub outcome: CallOutcome,
    pub by: ProofKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Shown>,
}

/// A person's word that changed the course the runbook had set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Override {
    pub at: Utc,
    /// `accepted`, `skipped`, `given_up`, `ruled`, `extended`, `retried`, `redone`, `rolled_back`, `aborted`, `refused`.
    pub kind: &'static str,
    pub path: Option<Shown>,
    pub by: Shown,
    pub reason: Shown,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CheckRow {
    pub name: Shown,
    pub verdict: CheckVerdict,
    pub message: Shown,
}

impl CheckRow {
    /// Checks as rows, those that need attention first.
    pub(super) fn sorted(ink: &Ink, checks: &[CheckResult]) -> Vec<CheckRow> {
        let row = |check: &CheckResult| CheckRow {
            name: ink.text(&check.name),
            verdict: check.verdict,
            message: ink.text(&check.message),
        };
        let mut rows: Vec<CheckRow> = checks.iter().map(row).collect();
        rows.sort_by_key(|row| row.verdict);
        rows
    }
}

/// A step that did not run although the run went past it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SkippedStep {
    pub path: Shown,
    pub title: Shown,
    /// Whether it would have checked something: a wait, an assertion, a comparison, a person's look.
    pub check: bool,
    pub why: Shown,
    pub by: Option<Shown>,
}

/// A step that took time, against what its author expected.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WaitRow {
    pub path: Shown,
    pub title: Shown,
    pub estimate_ms: Option<Span>,
    /// None while it has not ended.
    pub took_ms: Option<Span>,
    /// Took / estimate.
    pub ratio: Option<f64>,
    pub extended_ms: Span,
    pub state: StepState,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PhaseRow {
    pub phase: Shown,
    pub began_at: Option<Utc>,
    pub ended_at: Option<Utc>,
    pub took_ms: Option<Span>,
}

/// One step instance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepRow {
    pub path: Shown,
    pub title: Shown,
    pub phase: Option<Shown>,
    pub action: &'static str,
    pub state: StepState,
    pub why: Shown,
    pub began_at: Option<Utc>,
    pub ended_at: Option<Utc>,
    pub took_ms: Option<Span>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UndoneStep {
    pub path: Shown,
    pub at: Utc,
}

/// One comparison of two documents.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    pub path: Shown,
    pub at: Utc,
    pub differences: Vec<DifferenceRow>,
    /// Who went on although something differed that must not, and why.
    pub accepted: Option<Accepted>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DifferenceRow {
    pub path: Shown,
    pub left: Value,
    pub right: Value,
    pub must_match: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Accepted {
    pub by: Shown,
    pub reason: Shown,
}

/// Something that stands half-done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeftOver {
    pub path: Option<Shown>,
    /// Nobody knows whether it happened.
    pub unknown: bool,
    pub text: Shown,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FollowUpRow {
    pub text: Shown,
    /// How long after the end.
    pub due_after_ms: Span,
    /// None while the run has not ended.
    pub due_at: Option<Utc>,
    /// Why it is not known whether it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Shown>,
}

/// A place where a fact must be missing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Gap {
    /// The kinds of fact one of which is missing.
    pub missing: &'static [&'static str],
    pub path: Option<Shown>,
    pub text: Shown,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct JournalPart {
    /// First characters of the newest hash.
    pub head: Shown,
    pub sentence: &'static str,
}
