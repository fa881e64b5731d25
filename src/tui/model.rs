//! What the console knows: [`Model`], its screens and the layers above them.
//!
//! Plain data. `update` changes it, `view` draws it, nothing here asks or sends anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::backstage::{BookLine, Facts, Listing, RunLine, Tempo, Ticket};
use super::field::Field;
use super::forms::{
    ApproveForm, AskForm, Core, DoubtForm, GateForm, Lock, ManualForm, PromptForm, Read, TroubleForm,
};
use super::offers::Offers;
use super::view::{Hitmap, Slot};
use crate::ids::{At, EffectName, RunId, Span, StepPath};
use crate::run::Scene;
use crate::runbook::Runbook;
use crate::runner::{Checked, Trouble};

/// Everything the console knows.
pub struct Model {
    pub facts: Facts,
    /// The run's time of the last message.
    pub now: At,
    /// The time of the last message on the wall: locks and messages end by it, also while a drill stands still.
    pub wall: At,
    /// How the clock of a drill goes; none outside of drills.
    pub tempo: Option<Tempo>,
    /// The question for a hint that is on its way.
    pub hinting: Option<Ticket>,
    /// What the drill was worth, once its run has ended.
    pub debrief: Option<String>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub screen: Screen,
    pub home: Home,
    /// What lies above the screen; keys go to the last one.
    pub layers: Vec<Layer>,
    /// One line about the last key, until this moment on the wall.
    pub flash: Option<(String, At)>,
    /// When Ctrl-C was pressed last, on the wall.
    pub interrupted: Option<At>,
    /// Phrases that were sent wrong, counted, not punished.
    pub wrong_phrases: u32,
    /// The console was opened on a run and has no home screen.
    pub direct: bool,
    /// The run was named on the command line.
    pub asked_for: bool,
    /// The exit code of a run that was to be opened on the command line and could not be.
    pub refused: Option<u8>,
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
    /// How far the detail of the chosen row is scrolled.
    pub scroll: usize,
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
    /// The question whose answer the choices will be; an older one's is dropped.
    pub asking: Option<Ticket>,
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

/// How long a preflight is worth something.
const PREFLIGHT: Span = Span::mins(1);

/// Why a run cannot be started now, and whether asking the preflight again can change that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unready {
    pub why: &'static str,
    pub again: bool,
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
    /// The operator leaves since then on the wall; in-flight answers are being waited for.
    pub leaving: Option<At>,
    /// The unknown outcome whose screen was shown by itself.
    pub told: Option<EffectName>,
    /// What needed the operator last, to ring once for each.
    pub rung: Option<StepPath>,
    /// Keys that were meant for the screen before, until it is over.
    pub lock: Option<Lock>,
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
    /// What the operator of a drill is told, and the hints that were given.
    Brief {
        scroll: usize,
    },
    /// What the drill was worth.
    Debrief {
        scroll: usize,
    },
    Gate(Box<GateForm>),
    /// The unknown outcome of one attempt.
    Doubt(Box<DoubtForm>),
    Prompt(Box<PromptForm>),
    Manual(Box<ManualForm>),
    Approve(Box<ApproveForm>),
    Ask(Box<AskForm>),
    Trouble(Box<TroubleForm>),
}

impl Layer {
    /// What this layer has as a form; none for those that only show.
    pub fn core(&self) -> Option<&Core> {
        match self {
            Layer::Gate(form) => Some(&form.core),
            Layer::Doubt(form) => Some(&form.core),
            Layer::Prompt(form) => Some(&form.core),
            Layer::Manual(form) => Some(&form.core),
            Layer::Approve(form) => Some(&form.core),
            Layer::Ask(form) => Some(&form.core),
            Layer::Trouble(form) => Some(&form.core),
            Layer::Help { .. }
            | Layer::Palette { .. }
            | Layer::Quit
            | Layer::Brief { .. }
            | Layer::Debrief { .. } => None,
        }
    }

    pub fn core_mut(&mut self) -> Option<&mut Core> {
        match self {
            Layer::Gate(form) => Some(&mut form.core),
            Layer::Doubt(form) => Some(&mut form.core),
            Layer::Prompt(form) => Some(&mut form.core),
            Layer::Manual(form) => Some(&mut form.core),
            Layer::Approve(form) => Some(&mut form.core),
            Layer::Ask(form) => Some(&mut form.core),
            Layer::Trouble(form) => Some(&mut form.core),
            Layer::Help { .. }
            | Layer::Palette { .. }
            | Layer::Quit
            | Layer::Brief { .. }
            | Layer::Debrief { .. } => None,
        }
    }

    /// Whether it opens by itself, over whatever was being done: then even the keys that close it wait.
    pub fn unasked(&self) -> bool {
        matches!(self, Layer::Doubt(_) | Layer::Trouble(_))
    }
}

/// How long a flash stays.
const FLASH: Span = Span::secs(6);

impl Model {
    /// The home screen, nothing listed yet.
    pub fn home(facts: Facts, now: At, size: (u16, u16)) -> Model {
        Model {
            facts,
            now,
            wall: now,
            tempo: None,
            hinting: None,
            debrief: None,
            size,
            screen: Screen::Home,
            home: Home::default(),
            layers: Vec::new(),
            flash: None,
            interrupted: None,
            wrong_phrases: 0,
            direct: false,
            asked_for: false,
            refused: None,
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
        self.flash = Some((text.into(), self.wall.plus(FLASH)));
    }

    /// Takes what the last drawing found out: nothing stays scrolled further than it can be.
    pub fn drawn(&mut self, hitmap: Hitmap) {
        for (slot, top) in &hitmap.tops {
            let scroll = match (slot, &mut self.screen, self.layers.last_mut()) {
                (Slot::Pane(n), Screen::Run(show), _) => show.scroll.get_mut(*n),
                (Slot::Checks, Screen::Start(start), _) => Some(&mut start.scroll),
                (Slot::Detail, Screen::Home, _) => Some(&mut self.home.scroll),
                (
                    Slot::Layer,
                    _,
                    Some(Layer::Help { scroll, .. } | Layer::Brief { scroll } | Layer::Debrief { scroll }),
                ) => Some(scroll),
                (Slot::Layer, _, Some(layer)) => layer.core_mut().and_then(|core| core.scroll.as_mut()),
                _ => None,
            };
            if let Some(scroll) = scroll {
                *scroll = (*scroll).min(*top);
            }
        }
        if let (Some((top, bottom, all)), Some(Layer::Gate(form))) = (hitmap.read, self.layers.last_mut()) {
            let before = form.read;
            form.read.drawn(top, bottom, all);
            if form.read != before && form.read == Read::Whole {
                // What was refused before was refused for that.
                form.core.error = None;
            }
        }
        self.hitmap = hitmap;
    }

    /// Another size: what was read at the old one may not have been readable as a whole.
    pub fn resized(&mut self, size: (u16, u16)) {
        self.size = size;
        for layer in &mut self.layers {
            if let Layer::Gate(form) = layer {
                form.read = Read::To(0);
                form.core.scroll = None;
            }
        }
    }

    /// A lock that begins now.
    pub fn lock(&self) -> Lock {
        Lock::at(self.wall, self.facts.pace)
    }

    /// Shows what went wrong above everything else.
    pub fn trouble(&mut self, trouble: Trouble) {
        let core = Core::of(self.lock());
        self.layers.push(Layer::Trouble(Box::new(TroubleForm { core, trouble })));
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
    /// What the filter leaves, worst first: unfinished runs, then drills, broken runbooks, the others by name.
    pub fn rows(&self) -> Vec<HomeRow<'_>> {
        let Some(listing) = &self.listing else { return vec![] };
        let mut runs: Vec<&RunLine> = listing.runs.iter().collect();
        runs.sort_by_key(|r| (r.drill, urgency(&r.state), std::cmp::Reverse(r.last)));
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
            HomeRow::Run(r) => {
                let kind = if r.drill { "drill" } else { "" };
                format!("{} {} {} {} {kind}", r.id, r.title, r.state, r.step)
            }
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
            asking: None,
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

    /// The checked parameters, while they are the typed ones, the check is young and nothing failed.
    ///
    /// # Errors
    /// Why not.
    pub fn startable(&self, now: At) -> Result<&Checked, Unready> {
        let no = |why| Err(Unready { why, again: false });
        let again = |why| Err(Unready { why, again: true });
        match &self.check {
            _ if self.starting.is_some() => no("it is being started"),
            Check::NotYet => no("the preflight has not been asked: r"),
            Check::Asking { .. } => no("the preflight is being asked"),
            Check::Failed(_) => no("the preflight could not be asked"),
            Check::Done { stale: true, .. } => again("a parameter has changed: Enter checks again"),
            Check::Done { at, .. } if old(*at, now) => {
                again("the preflight is older than a minute: Enter checks again")
            }
            Check::Done { checked, .. } if checked.failed() => no("a check failed"),
            Check::Done { checked, .. } => Ok(checked),
        }
    }

    /// Why the shown preflight counts no longer.
    pub fn outdated(&self, now: At) -> Option<&'static str> {
        match &self.check {
            Check::Done { stale: true, .. } => Some("what was checked is no longer so; r checks again"),
            Check::Done { at, .. } if old(*at, now) => Some("older than a minute; r checks again"),
            _ => None,
        }
    }
}

fn old(at: At, now: At) -> bool {
    now.since(at) > PREFLIGHT
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
            lock: None,
        };
        show.chosen = super::wants::standing(&show.scene.run);
        show
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
