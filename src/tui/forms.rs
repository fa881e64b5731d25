//! What a person fills in above the run screen: phrases, answers, notes, names, reasons.
//!
//! A form that can lead to a call starts locked, so that nothing typed ahead of it is taken (`ux.md` §4).

use super::backstage::Ticket;
use super::field::{Agreement, Field};
use super::offers::Offers;
use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Span, StepPath};
use crate::runner::Trouble;

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

/// What every form has.
#[derive(Clone, Debug)]
pub struct Core {
    pub lock: Lock,
    /// Of the command that is on its way; the form stays until it is answered.
    pub ticket: Option<Ticket>,
    /// Why the last key did not do what it does.
    pub error: Option<String>,
    /// How far it was scrolled by hand; none shows the line with the keys.
    pub scroll: Option<usize>,
}

impl Core {
    pub fn of(lock: Lock) -> Core {
        Core { lock, ticket: None, error: None, scroll: None }
    }
}

/// An open gate being read and confirmed.
#[derive(Debug)]
pub struct GateForm {
    pub core: Core,
    pub gate: StepPath,
    /// Of what was shown; another digest relocks the form.
    pub digest: String,
    pub phrase: String,
    pub tier: Tier,
    pub field: Field,
    /// Phrases sent wrong here.
    pub wrong: u32,
    pub read: Read,
}

/// How much of a gate has been on the screen. Scrolling never goes past what was drawn, so the end is reached
/// through everything above it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// Only so many lines from the top.
    To(usize),
    /// All of it, at this size of the terminal.
    Whole,
}

impl Read {
    /// Lines `top..bottom` of `all` have been drawn.
    pub fn drawn(&mut self, top: usize, bottom: usize, all: usize) {
        if let Read::To(seen) = *self
            && top <= seen
        {
            let seen = seen.max(bottom);
            *self = if seen >= all { Read::Whole } else { Read::To(seen) };
        }
    }
}

impl GateForm {
    /// Whether one key suffices: only where the tier says so, whatever a target is called.
    pub fn one_key(&self) -> bool {
        self.tier == Tier::T1 && self.phrase == "y"
    }

    pub fn agreement(&self) -> Agreement {
        Agreement::of(&self.phrase, self.field.text())
    }

    /// Whether Send would send now, or why not.
    pub fn sendable(&self, now: At) -> Result<(), String> {
        self.sendable_once(self.read, now)
    }

    /// The same once so much has been read.
    pub fn sendable_once(&self, read: Read, now: At) -> Result<(), String> {
        if self.core.ticket.is_some() {
            return Err("sent, waiting for the journal".into());
        }
        let locked = self.core.lock.send(self.tier, now);
        if locked > Span(0) {
            return Err(format!("locked, read it first ({}s)", locked.0.div_ceil(1000)));
        }
        if read != Read::Whole {
            return Err("locked, read on: PgDn".into());
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
    pub core: Core,
    pub path: StepPath,
    pub field: Field,
    /// The chosen row by what is typed for it: it survives a refresh, a row number would not.
    pub chosen: Option<String>,
}

impl PromptForm {
    /// Where the chosen row stands among those offered now.
    pub fn row(&self, offers: &Offers) -> Option<usize> {
        offers.rows.iter().position(|r| Some(&r.typed) == self.chosen.as_ref())
    }
}

/// A manual step being done.
#[derive(Debug)]
pub struct ManualForm {
    pub core: Core,
    pub path: StepPath,
    pub ticked: Vec<bool>,
    pub note: Field,
    /// Index of the line with the keys; the number of lines for the note.
    pub focus: usize,
}

/// A second person being named.
#[derive(Debug)]
pub struct ApproveForm {
    pub core: Core,
    pub path: StepPath,
    pub field: Field,
}

/// A command that wants a reason, a target or a phrase.
#[derive(Debug)]
pub struct AskForm {
    pub core: Core,
    pub ask: Ask,
    pub lines: Vec<AskLine>,
    pub focus: usize,
}

/// An unknown outcome being looked at.
#[derive(Debug)]
pub struct DoubtForm {
    pub core: Core,
    /// The attempt whose outcome is unknown.
    pub name: EffectName,
}

/// A message about what went wrong.
#[derive(Debug)]
pub struct TroubleForm {
    pub core: Core,
    pub trouble: Trouble,
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
        AskForm { core: Core::of(lock), lines: ask.lines(), ask, focus: 0 }
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
