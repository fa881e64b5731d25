//! The plan of a run to come: every step resolved as far as it can be before anything has happened.
//!
//! Nothing is asked here. What depends on a step that has not run stands as `<from step.output>`, what depends
//! on items that are not known yet as `<each item of …>`. A [`Plan`] has a digest, so that a run can be bound
//! to the plan a person has read. Start at [`Plan::of`].

mod digest;
mod resolve;
mod steps;
mod targets;
mod text;

use serde::Serialize;
use serde_json::{Map, Value};

use super::ink::{Ink, Shown, ShownCall};
use super::model::{CheckRow, FollowUpRow, PlacePart, RunbookPart};
use crate::catalogue::{CliPlace, Effect, Tier};
use crate::ids::{At, Span};
use crate::run::{CheckResult, Run};

pub use digest::{Altered, digest_in, moved};
pub use targets::{Target, observed, targets};

/// What a plan is made of.
#[derive(Clone, Debug)]
pub struct Planning<'a> {
    /// A preview: runbook, parameters and places set, nothing started.
    pub run: &'a Run,
    /// Who would run it, as AWS names them.
    pub identity: &'a str,
    pub preflight: &'a [CheckResult],
    /// Profile and endpoint for the command lines; the region comes from each call's place.
    pub cli: CliPlace,
    /// What the targets look like now, if it was asked; part of the digest.
    pub observed: Option<Value>,
    pub now: At,
}

/// A resolved plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Plan {
    pub schema_version: u32,
    pub runbook: RunbookPart,
    /// The first place; with one target the only one.
    pub place: Option<PlacePart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_places: Vec<PlacePart>,
    pub identity: Shown,
    pub parameters: Map<String, Value>,
    /// Sorted: FAIL, WARN and SKIP before OK.
    pub preflight: Vec<CheckRow>,
    pub steps: Vec<PlannedStep>,
    pub follow_ups: Vec<FollowUpRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Value>,
    /// SHA-256 over what would be done: runbook, places, parameters, steps and the observed state.
    pub digest: String,
}

/// One step as it would run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PlannedStep {
    pub path: Shown,
    pub name: Shown,
    pub title: Shown,
    pub phase: Option<Shown>,
    pub action: &'static str,
    pub effect: Effect,
    /// First line of its instructions.
    pub why: Shown,
    /// The condition under which it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Shown>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_by_jump: bool,
    /// The keys of its items, or what they are taken from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Shown>,
    pub calls: Vec<ShownCall>,
    pub gate: Option<PlannedGate>,
    pub prompt: Option<PlannedPrompt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<PlannedWait>,
    /// What it checks, compares or chooses between, in the words of the runbook.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Shown>,
    pub estimate_ms: Option<Span>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub point_of_no_return: bool,
    /// None where nothing is changed.
    pub undo: Option<PlannedUndo>,
}

/// What must be typed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlannedGate {
    pub tier: Tier,
    /// The tier it may sink to, depending on what is there when the gate opens.
    pub lowest: Tier,
    /// The phrase, or `<from …>` where it is not known yet.
    pub phrase: Shown,
    pub phrase_known: bool,
}

/// What a person must answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlannedPrompt {
    /// `prompt`, `manual` or `approve`.
    pub kind: &'static str,
    pub message: Shown,
    /// The texts to choose from, the lines of a checklist, or the reading that offers rows.
    pub choices: Vec<Shown>,
    /// What `--answer` takes.
    pub answer: Shown,
}

/// How long a step polls and for what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlannedWait {
    pub until: Shown,
    pub stable_for: u32,
    pub interval_ms: Span,
    pub timeout_ms: Span,
}

/// The way back.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedUndo {
    Steps(Vec<PlannedStep>),
    None(Shown),
}

impl Plan {
    /// Resolves everything that can be known before Start.
    pub fn of(planning: &Planning<'_>) -> Plan {
        let mut ink = Ink::default();
        steps::learn(planning, &mut ink);
        let run = planning.run;
        let book = run.book();
        let mut places = run.places.iter().map(|place| PlacePart::of(&ink, place));
        let mut plan = Plan {
            schema_version: 1,
            runbook: RunbookPart {
                id: ink.text(&book.id),
                title: ink.text(&book.title),
                version: ink.text(&book.version),
                digest: ink.text(&book.digest),
            },
            place: places.next(),
            other_places: places.collect(),
            identity: ink.text(planning.identity),
            parameters: ink.map(&run.parameters),
            preflight: CheckRow::sorted(&ink, planning.preflight),
            steps: steps::all(planning, &ink),
            follow_ups: steps::follow_ups(planning, &ink),
            observed: planning.observed.as_ref().map(|value| ink.value(value)),
            digest: String::new(),
        };
        plan.digest = digest::of(&plan.to_value());
        plan
    }

    /// The plan as a JSON document.
    #[expect(clippy::missing_panics_doc, reason = "it holds texts, numbers and lists only")]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("a plan holds texts, numbers and lists only")
    }

    /// The plan as indented JSON with a line break at its end.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.to_value())
    }

    /// The plan for people, without colours.
    pub fn text(&self) -> String {
        text::text(self)
    }
}
