//! The words of the format for what the model holds, and what a step does to the world.

use super::foreign;
use super::model::{Action, Level, ReadRef, Step, Verdict};
use crate::catalogue::Effect;

impl Step {
    /// What the step does to the world: its action, or more when the author says so.
    pub fn effect(&self) -> Effect {
        let action = match &self.action {
            Action::AwsApi { operation, .. } => operation.effect(),
            Action::Foreign { kind, inputs } => foreign::effect(kind, &inputs.written()),
            Action::Wait(_)
            | Action::Assert(_)
            | Action::Prompt(_)
            | Action::Manual(_)
            | Action::Approve { .. }
            | Action::Diff(_)
            | Action::Branch { .. }
            | Action::Undo { .. }
            | Action::End { .. }
            | Action::Each => Effect::Read,
        };
        self.effect.map_or(action, |said| said.max(action))
    }
}

impl Action {
    /// The word of the format; `for_each` for a step with nested steps.
    pub fn word(&self) -> &'static str {
        match self {
            Action::AwsApi { .. } => "aws.api",
            Action::Wait(_) => "wait",
            Action::Assert(_) => "assert",
            Action::Prompt(_) => "prompt",
            Action::Manual(_) => "manual",
            Action::Approve { .. } => "approve",
            Action::Diff(_) => "diff",
            Action::Branch { .. } => "branch",
            Action::Undo { .. } => "undo",
            Action::End { .. } => "end",
            Action::Each => "for_each",
            Action::Foreign { kind, .. } => kind,
        }
    }
}

impl ReadRef {
    /// The read's name; `read` for one written in place.
    pub fn word(&self) -> &str {
        match self {
            ReadRef::Named(name) => name,
            ReadRef::Inline(_) => "read",
        }
    }
}

impl Level {
    /// The word of the format.
    pub fn word(self) -> &'static str {
        match self {
            Level::Fail => "fail",
            Level::Warn => "warn",
        }
    }
}

impl Verdict {
    /// The word of the format.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Success => "success",
            Verdict::Failed => "failed",
            Verdict::NotApplicable => "not_applicable",
        }
    }
}

pub(super) fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Mutate => "mutate",
        Effect::Destructive => "destructive",
    }
}
