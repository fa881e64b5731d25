//! What the console knows: [`Model`], its screens and the layers above them.
//!
//! Plain data. `update` changes it, `view` draws it, nothing here asks or sends anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::backstage::{BookLine, Facts, Listing, RunLine, Ticket};
use super::field::Field;
use super::forms::{ApproveForm, AskForm, GateForm, ManualForm, PromptForm};
use super::offers::Offers;
use super::view::{Hitmap, Slot};
use crate::ids::{At, EffectName, RunId, Span, StepPath};
use crate::run::Scene;
use crate::runbook::Runbook;
use crate::runner::{Checked, Trouble};

/// Everything the console knows.
pub struct Model {
    pub facts: Facts,
    /// The time of the last message.
    pub now: At,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub screen: Screen,
    pub home: Home,
    /// What lies above the screen; keys go to the last one.
    pub layers: Vec<Layer>,
    /// One line about the last key, until this moment.
    pub flash: Option<(String, At)>,
    /// When Ctrl-C was pressed last.
    pub interrupted: Option<At>,
    /// Phrases that were sent wrong, counted, not punished.
    pub wrong_phrases: u32,
    /// The console was opened on a run and has no home screen.
    pub direct: bool,
    pub signal: Option<i32>,
    /// What the last drawing found out: pages, rows under the mouse.
    pub hitmap: Hitmap,
    tickets: u64,
}

/// What fills the screen below the layers.
pub enum Screen {
    Home,
    Start(Box<Start>),
    Run(Box<Show>),
}

/// The list of runbooks and unfinished runs.
#[derive(Default)]
pub struct Home {
    /// None until the first listing has come.
    pub listing: Option<Listing>,
    pub filter: Field,
    /// The filter line has the keys.
    pub filtering: bool,
    /// The chosen row, by name and not by number: it survives a refresh.
    pub chosen: Option<HomeName>,
    /// A run is being opened.
    pub opening: Option<(Ticket, RunId)>,
}

/// Names one row of the home list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HomeName {
    Run(RunId),
    Book(String),
}

/// One row of the home list.
#[derive(Clone, Copy)]
pub enum HomeRow<'a> {
    Run(&'a RunLine),
    Book(&'a BookLine),
}

/// Parameters and preflight of one runbook.
pub struct Start {
    pub book: Arc<Runbook>,
    pub fields: Vec<FormField>,
    /// Index of the field with the keys; the number of fields when the preflight has them.
    pub focus: usize,
    pub check: Check,
    pub starting: Option<Ticket>,
    pub scroll: usize,
}

/// One parameter being typed.
#[derive(Clone, Debug)]
pub struct FormField {
    pub name: String,
    pub field: Field,
    pub error: Option<String>,
    /// Errors of a field show once it was left or checked.
    pub touched: bool,
    pub choices: Vec<String>,
}

/// How far the preflight is.
pub enum Check {
    NotYet,
    Asking {
        ticket: Ticket,
        since: At,
    },
    /// `stale` once a parameter has changed since.
    Done {
        checked: Box<Checked>,
        at: At,
        stale: bool,
    },
    Failed(Trouble),
}

/// A run being walked.
pub struct Show {
    pub scene: Arc<Scene>,
    pub pane: Pane,
    /// The step the step pane shows.
    pub chosen: StepPath,
    /// The choice follows what needs the operator.
    pub follow: bool,
    pub scroll: [usize; 5],
    pub zoom: bool,
    pub offers: BTreeMap<StepPath, Offers>,
    /// The look that was asked for a step: its answer is the newest.
    pub looking: BTreeMap<StepPath, Ticket>,
    /// The session has ended.
    pub closed: bool,
    /// The operator leaves; in-flight answers are being waited for.
    pub leaving: Option<At>,
    /// The unknown outcome whose screen was shown by itself.
    pub told: Option<EffectName>,
    /// What needed the operator last, to ring once for each.
    pub rung: Option<StepPath>,
}

/// The panes of the run screen, in the order of their keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pane {
    Steps,
    Step,
    Live,
    Journal,
    Values,
}

impl Pane {
    pub const ALL: [Pane; 5] = [Pane::Steps, Pane::Step, Pane::Live, Pane::Journal, Pane::Values];

    pub fn title(self) -> &'static str {
        match self {
            Pane::Steps => "Steps",
            Pane::Step => "Step",
            Pane::Live => "Live",
            Pane::Journal => "Journal",
            Pane::Values => "Values",
        }
    }

    pub fn index(self) -> usize {
        Pane::ALL.iter().position(|p| *p == self).unwrap_or(0)
    }

    /// The pane `by` places further, round and round.
    #[must_use]
    pub fn step(self, by: isize) -> Pane {
        let count = isize::try_from(Pane::ALL.len()).unwrap_or(1);
        let at = isize::try_from(self.index()).unwrap_or(0) + by;
        Pane::ALL[usize::try_from(at.rem_euclid(count)).unwrap_or(0)]
    }
}

/// What lies above a screen and has the keys.
pub enum Layer {
    Help {
        filter: Field,
        scroll: usize,
    },
    Palette {
        field: Field,
        chosen: usize,
    },
    Quit,
    Gate(Box<GateForm>),
    /// The unknown outcome of one attempt.
    Doubt(EffectName),
    Prompt(Box<PromptForm>),
    Manual(Box<ManualForm>),
    Approve(Box<ApproveForm>),
    Ask(Box<AskForm>),
    Trouble(Box<Trouble>),
}

/// How long a flash stays.
const FLASH: Span = Span::secs(6);

impl Model {
    /// The home screen, nothing listed yet.
    pub fn home(facts: Facts, now: At, size: (u16, u16)) -> Model {
        Model {
            facts,
            now,
            size,
            screen: Screen::Home,
            home: Home::default(),
            layers: Vec::new(),
            flash: None,
            interrupted: None,
            wrong_phrases: 0,
            direct: false,
            signal: None,
            hitmap: Hitmap::default(),
            tickets: 0,
        }
    }

    /// The run screen and no other.
    pub fn on_run(facts: Facts, scene: Arc<Scene>, now: At, size: (u16, u16)) -> Model {
        let mut model = Model::home(facts, now, size);
        model.direct = true;
        model.screen = Screen::Run(Box::new(Show::of(scene)));
        model
    }

    pub fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    pub fn flash(&mut self, text: impl Into<String>) {
        self.flash = Some((text.into(), self.now.plus(FLASH)));
    }

    /// Takes what the last drawing found out: nothing stays scrolled further than it can be.
    pub fn drawn(&mut self, hitmap: Hitmap) {
        for (slot, top) in &hitmap.tops {
            let scroll = match (slot, &mut self.screen, self.layers.last_mut()) {
                (Slot::Pane(n), Screen::Run(show), _) => show.scroll.get_mut(*n),
                (Slot::Checks, Screen::Start(start), _) => Some(&mut start.scroll),
                (Slot::Layer, _, Some(Layer::Help { scroll, .. })) => Some(scroll),
                (Slot::Layer, _, Some(Layer::Gate(form))) => Some(&mut form.scroll),
                _ => None,
            };
            if let Some(scroll) = scroll {
                *scroll = (*scroll).min(*top);
            }
        }
        self.hitmap = hitmap;
    }

    pub fn show(&self) -> Option<&Show> {
        match &self.screen {
            Screen::Run(show) => Some(show),
            Screen::Home | Screen::Start(_) => None,
        }
    }

    pub fn show_mut(&mut self) -> Option<&mut Show> {
        match &mut self.screen {
            Screen::Run(show) => Some(show),
            Screen::Home | Screen::Start(_) => None,
        }
    }

    pub fn start_mut(&mut self) -> Option<&mut Start> {
        match &mut self.screen {
            Screen::Start(start) => Some(start),
            Screen::Home | Screen::Run(_) => None,
        }
    }
}

impl Home {
    /// What the filter leaves, worst first: unfinished runs, broken runbooks, the others by name.
    pub fn rows(&self) -> Vec<HomeRow<'_>> {
        let Some(listing) = &self.listing else { return vec![] };
        let mut runs: Vec<&RunLine> = listing.runs.iter().collect();
        runs.sort_by_key(|r| (urgency(&r.state), std::cmp::Reverse(r.last)));
        let mut books: Vec<&BookLine> = listing.books.iter().collect();
        books.sort_by(|a, b| (a.found.is_ok(), &a.id).cmp(&(b.found.is_ok(), &b.id)));
        let rows = runs.into_iter().map(HomeRow::Run).chain(books.into_iter().map(HomeRow::Book));
        rows.filter(|row| row.matches(self.filter.text())).collect()
    }

    /// The chosen row and its number; the first one when nothing is chosen or it has gone.
    pub fn chosen(&self) -> Option<(usize, HomeRow<'_>)> {
        let rows = self.rows();
        let at = rows.iter().position(|r| Some(r.name()) == self.chosen).unwrap_or(0);
        rows.get(at).map(|row| (at, *row))
    }

    /// The run that `u` resumes: the chosen one, else the most urgent.
    pub fn resumable(&self) -> Option<&RunLine> {
        match self.chosen() {
            Some((_, HomeRow::Run(run))) => Some(run),
            _ => self.rows().into_iter().find_map(|row| match row {
                HomeRow::Run(run) if run.blocked.is_none() => Some(run),
                HomeRow::Run(_) | HomeRow::Book(_) => None,
            }),
        }
    }
}

fn urgency(state: &str) -> u8 {
    match state {
        "unknown" => 0,
        "paused" | "failed" | "timed_out" => 1,
        "waiting" => 2,
        _ => 3,
    }
}

impl HomeRow<'_> {
    pub fn name(&self) -> HomeName {
        match self {
            HomeRow::Run(run) => HomeName::Run(run.id.clone()),
            HomeRow::Book(book) => HomeName::Book(book.id.clone()),
        }
    }

    /// Substring over everything a row shows; `!` inverts.
    fn matches(&self, filter: &str) -> bool {
        let (wanted, negated) = filter.strip_prefix('!').map_or((filter, false), |f| (f, true));
        if wanted.is_empty() {
            return true;
        }
        let text = match self {
            HomeRow::Run(r) => format!("{} {} {} {}", r.id, r.title, r.state, r.step),
            HomeRow::Book(b) => {
                let more = b
                    .found
                    .as_ref()
                    .map_or_else(Clone::clone, |b| format!("{} {}", b.title, b.tags.join(" ")));
                format!("{} {more}", b.id)
            }
        };
        text.to_lowercase().contains(&wanted.to_lowercase()) != negated
    }
}

impl Start {
    pub fn of(book: Arc<Runbook>) -> Start {
        let fields = book.parameters.iter().map(|p| FormField {
            name: p.name.clone(),
            field: Field::default(),
            error: None,
            touched: false,
            choices: p.allowed_values.iter().map(plain).collect(),
        });
        let fields = fields.collect();
        Start { book, fields, focus: 0, check: Check::NotYet, starting: None, scroll: 0 }
    }

    /// What was typed: texts, which the parameters' types read.
    pub fn given(&self) -> Map<String, Value> {
        let typed = self.fields.iter().filter(|f| !f.field.text().trim().is_empty());
        typed.map(|f| (f.name.clone(), Value::String(f.field.text().trim().to_owned()))).collect()
    }

    /// Puts the errors of all parameters beside their fields.
    pub fn judge(&mut self, now: At) -> bool {
        let errors = crate::run::params::resolve(&self.book, &self.given(), now).err().unwrap_or_default();
        for field in &mut self.fields {
            field.error = errors.iter().find(|e| e.name == field.name).map(|e| e.why.clone());
        }
        errors.is_empty()
    }

    /// The checked parameters, while they are the typed ones and nothing failed.
    pub fn startable(&self) -> Result<&Checked, &'static str> {
        match &self.check {
            _ if self.starting.is_some() => Err("it is being started"),
            Check::NotYet => Err("the preflight has not been asked: r"),
            Check::Asking { .. } => Err("the preflight is being asked"),
            Check::Failed(_) => Err("the preflight could not be asked"),
            Check::Done { stale: true, .. } => Err("a parameter has changed: r checks again"),
            Check::Done { checked, .. } if checked.failed() => Err("a check failed"),
            Check::Done { checked, .. } => Ok(checked),
        }
    }
}

impl Show {
    pub fn of(scene: Arc<Scene>) -> Show {
        let mut show = Show {
            scene,
            pane: Pane::Step,
            chosen: StepPath::default(),
            follow: true,
            scroll: [0; 5],
            zoom: false,
            offers: BTreeMap::new(),
            looking: BTreeMap::new(),
            closed: false,
            leaving: None,
            told: None,
            rung: None,
        };
        show.chosen = super::wants::standing(&show.scene.run);
        show
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
