//! What a person fills in above the run screen: phrases, answers, notes, names, reasons.
//!
//! A form that can lead to a call starts locked, so that nothing typed ahead of it is taken (`ux.md` §4).

use super::backstage::Ticket;
use super::field::{Agreement, Field};
use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Span, StepPath};

/// How long a form takes no key after it has opened.
const TYPE_AHEAD: Span = Span(300);
/// How long Send of the highest tier stays locked.
const READING: Span = Span::secs(3);

/// The lock against keys that were meant for something else.
#[derive(Clone, Copy, Debug)]
pub struct Lock {
    opened: At,
    pace: u32,
}

impl Lock {
    pub fn at(opened: At, pace: u32) -> Lock {
        Lock { opened, pace }
    }

    /// Whether keys are still those of before.
    pub fn holds(self, now: At) -> bool {
        now < self.opened.plus(TYPE_AHEAD.paced(self.pace))
    }

    /// How long Send of a tier stays locked.
    pub fn send(self, tier: Tier, now: At) -> Span {
        let until = self.opened.plus(if tier == Tier::T3 { READING } else { TYPE_AHEAD }.paced(self.pace));
        until.since(now)
    }
}

/// An open gate being read and confirmed.
#[derive(Debug)]
pub struct GateForm {
    pub gate: StepPath,
    /// Of what was shown; another digest relocks the form.
    pub digest: String,
    pub phrase: String,
    pub tier: Tier,
    pub field: Field,
    pub lock: Lock,
    /// Phrases sent wrong here.
    pub wrong: u32,
    pub note: String,
    pub ticket: Option<Ticket>,
    pub scroll: usize,
}

impl GateForm {
    /// Whether one key suffices.
    pub fn one_key(&self) -> bool {
        self.phrase == "y"
    }

    pub fn agreement(&self) -> Agreement {
        Agreement::of(&self.phrase, self.field.text())
    }

    /// Whether Send would send now, or why not.
    pub fn sendable(&self, now: At) -> Result<(), String> {
        if self.ticket.is_some() {
            return Err("sent, waiting for the journal".into());
        }
        let locked = self.lock.send(self.tier, now);
        if locked > Span(0) {
            return Err(format!("locked, read it first ({}s)", locked.0.div_ceil(1000)));
        }
        match self.agreement() {
            Agreement::Exact => Ok(()),
            _ if self.one_key() => Ok(()),
            other => Err(format!("locked, {}", other.words())),
        }
    }
}

/// A prompt being answered.
#[derive(Debug)]
pub struct PromptForm {
    pub path: StepPath,
    pub field: Field,
    pub chosen: usize,
    pub lock: Lock,
    pub error: Option<String>,
    pub ticket: Option<Ticket>,
}

/// A manual step being done.
#[derive(Debug)]
pub struct ManualForm {
    pub path: StepPath,
    pub ticked: Vec<bool>,
    pub note: Field,
    /// Index of the line with the keys; the number of lines for the note.
    pub focus: usize,
    pub lock: Lock,
    pub error: Option<String>,
    pub ticket: Option<Ticket>,
}

/// A second person being named.
#[derive(Debug)]
pub struct ApproveForm {
    pub path: StepPath,
    pub field: Field,
    pub lock: Lock,
    pub error: Option<String>,
    pub ticket: Option<Ticket>,
}

/// A command that wants a reason, a target or a phrase.
#[derive(Debug)]
pub struct AskForm {
    pub ask: Ask,
    pub lines: Vec<AskLine>,
    pub focus: usize,
    pub lock: Lock,
    pub error: Option<String>,
    pub ticket: Option<Ticket>,
}

/// One line of an [`AskForm`].
#[derive(Debug)]
pub struct AskLine {
    pub label: &'static str,
    pub hint: &'static str,
    pub field: Field,
    pub needed: bool,
    /// Must be typed exactly; paste is refused.
    pub wanted: Option<String>,
}

/// Which command an [`AskForm`] leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    Skip(StepPath),
    Retry(StepPath),
    Accept(StepPath),
    GiveUp(StepPath),
    Extend(StepPath),
    Note(StepPath),
    Redo,
    RollBack,
    Abort,
    Rule { name: EffectName, happened: bool, phrase: String },
}

impl Ask {
    /// The title of the form.
    pub fn title(&self) -> String {
        match self {
            Ask::Skip(path) => format!("Skip {path}"),
            Ask::Retry(path) => format!("Try {path} again"),
            Ask::Accept(path) => format!("Go on although {path} did not pass"),
            Ask::GiveUp(path) => format!("Give up {path}"),
            Ask::Extend(path) => format!("Give {path} more time"),
            Ask::Note(path) => format!("Note on {path}"),
            Ask::Redo => "Do an ended step again".into(),
            Ask::RollBack => "Roll back to a step".into(),
            Ask::Abort => "Abort the run".into(),
            Ask::Rule { name, happened: true, .. } => format!("{name} DID happen"),
            Ask::Rule { name, happened: false, .. } => format!("{name} did NOT happen"),
        }
    }

    /// What the command does, in a sentence.
    pub fn explanation(&self) -> &'static str {
        match self {
            Ask::Skip(_) => {
                "The step is not done; the run goes on behind it. The reason stands in the report."
            }
            Ask::Retry(_) => "The step is looked at afresh. A call is confirmed again before it is sent.",
            Ask::Accept(_) => "The step counts as passed; the run can end only `success_with_exceptions`.",
            Ask::GiveUp(_) => "This item is left as it is; the others go on. The report names it.",
            Ask::Extend(_) => "The deadline moves; what is waited for stays the same.",
            Ask::Note(_) => "The note stands in the journal and in the report.",
            Ask::Redo => {
                "The step runs again; then the run continues at the first later step that used its outputs."
            }
            Ask::RollBack => {
                "What was done after that step is undone, newest first; every call has its gate."
            }
            Ask::Abort => "The run ends here. Nothing is undone; what is half-done stays half-done.",
            Ask::Rule { .. } => "Your word settles the outcome and is marked as such in the report for ever.",
        }
    }

    fn lines(&self) -> Vec<AskLine> {
        let line =
            |label, hint, needed| AskLine { label, hint, field: Field::default(), needed, wanted: None };
        let reason = |needed| line("Reason", if needed { "needed" } else { "optional" }, needed);
        match self {
            Ask::Skip(_) | Ask::Accept(_) | Ask::GiveUp(_) | Ask::Abort => vec![reason(true)],
            Ask::Retry(_) => vec![reason(false)],
            Ask::Extend(_) => vec![line("By", "90s, 15m or 2h", true), reason(false)],
            Ask::Note(_) => vec![line("Note", "needed", true)],
            Ask::Redo | Ask::RollBack => vec![line("Step", "its name", true), reason(true)],
            Ask::Rule { phrase, .. } => {
                vec![AskLine { wanted: Some(phrase.clone()), ..line("Type", "exactly", true) }]
            }
        }
    }
}

impl AskForm {
    pub fn of(ask: Ask, lock: Lock) -> AskForm {
        AskForm { lines: ask.lines(), ask, focus: 0, lock, error: None, ticket: None }
    }

    /// What is still missing, line by line.
    pub fn missing(&self) -> Option<String> {
        self.lines.iter().find_map(|line| {
            let typed = line.field.text();
            match &line.wanted {
                Some(wanted) => {
                    let agreement = Agreement::of(wanted, typed);
                    (agreement != Agreement::Exact).then(|| agreement.words())
                }
                None if line.needed && typed.trim().is_empty() => Some(format!("{} is needed", line.label)),
                None => None,
            }
        })
    }
}
