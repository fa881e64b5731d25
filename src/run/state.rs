//! What a run is after its facts: [`Run`], and [`Run::apply`], which changes and judges nothing.
//!
//! `apply` cannot fail: a fact that names something unknown changes nothing, so that a journal written by a
//! newer program still folds. Nothing is owed here, see `owed`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::fact::{Call, CheckResult, Difference, Fact, GateCall, HoldKind, Item, RunState, StepState};
use super::plan::Plan;
use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Life, Place, RunId, Span, StepPath};
use crate::runbook::Runbook;

/// What is fixed for the whole of a run and stands in its journal's header.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    pub id: RunId,
    pub operator: String,
    /// How long "it did not happen" is not believed (law 2).
    pub settle: Span,
    /// Divides intervals, backoff and gate locks; 1 except in tests.
    pub pace: u32,
    /// The run goes no further than this top-level step.
    pub stop_before: Option<String>,
    /// Steps that write hold instead.
    pub read_only: bool,
}

/// A run: the fold of its facts.
#[derive(Clone, Debug)]
pub struct Run {
    pub plan: Arc<Plan>,
    pub info: RunInfo,
    pub life: Option<Life>,
    pub opened: At,
    pub opened_by: String,
    /// Time of the last fact that had one.
    pub now: At,
    pub started: Option<At>,
    pub parameters: Map<String, Value>,
    pub places: Vec<Place>,
    pub preflight: Vec<CheckResult>,
    pub steps: BTreeMap<StepPath, StepRun>,
    pub lists: BTreeMap<StepPath, ListRun>,
    /// Step instances that have begun and not ended.
    pub active: BTreeSet<StepPath>,
    pub gates: BTreeMap<StepPath, Gate>,
    /// Step instances whose call was executed, oldest first; what a roll-back walks backwards.
    pub executed: Vec<StepPath>,
    pub undoing: Option<Undoing>,
    /// The first intent of the step marked `point_of_no_return` was written.
    pub past_return: bool,
    /// Deviations that make the end `success_with_exceptions`.
    pub exceptions: Vec<String>,
    pub ended: Option<(RunState, String)>,
}

/// One list of steps being walked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListRun {
    /// Index of the next step to begin.
    pub next: usize,
    pub current: Option<StepPath>,
    /// Steps after a redo that stay ended: the list goes from the redone step straight to this index.
    pub resume_at: Option<usize>,
    /// The step jumped to may be `only_by_jump`.
    pub jumped: bool,
}

/// One step instance.
#[derive(Clone, PartialEq, Debug)]
pub struct StepRun {
    pub state: StepState,
    pub began: At,
    pub ended: Option<At>,
    pub why: String,
    /// Its `when`, if any, was true.
    pub entered: bool,
    pub stage: Stage,
    pub captured: Option<Map<String, Value>>,
    pub outputs: Map<String, Value>,
    /// Empty until the `for_each` is expanded; one that expands to nothing ends at once.
    pub items: Vec<ItemRun>,
    /// Attempts ever made; names are never used twice.
    pub attempts: u16,
    /// Proven rejections since the last retry by a person.
    pub rejections: u16,
    pub last_rejected: Option<At>,
    pub hold: Option<Hold>,
    pub left: bool,
    pub extended: Span,
    pub differences: Option<Vec<Difference>>,
    /// An item's call is sent again alone and gets its own gate.
    pub alone: bool,
    /// Digest of the confirmation whose grant this instance has spent.
    pub spent: Option<String>,
}

/// One item of a `for_each`.
#[derive(Clone, PartialEq, Debug)]
pub struct ItemRun {
    pub key: String,
    pub item: Value,
    pub given_up: Option<String>,
}

/// Why a step does not go on by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    pub kind: HoldKind,
    pub why: String,
    pub at: At,
}

/// How far the call of a step is.
#[derive(Clone, PartialEq, Debug)]
pub enum Stage {
    Fresh,
    /// Resolved and observed; waits for its gate to open.
    Prepared {
        call: GateCall,
        tier: Tier,
    },
    /// Shown at an open gate.
    Gated {
        gate: StepPath,
        call: GateCall,
        tier: Tier,
    },
    /// Confirmed: looked at once more, then sent.
    Granted(Grant),
    InFlight(Sent),
    /// Sent, and nobody knows what became of it. `since` is when the doubt began in this life.
    Doubt {
        sent: Sent,
        since: At,
        why: String,
    },
    /// Executed; the verification or the end follows.
    Done {
        at: At,
    },
}

/// What a confirmation allows: this one call, while its target stays as it was shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Grant {
    pub digest: String,
    pub call: GateCall,
    pub tier: Tier,
    pub at: At,
    pub by: String,
}

/// A call that was sent, and what allowed it.
#[derive(Clone, PartialEq, Debug)]
pub struct Sent {
    pub name: EffectName,
    pub call: Call,
    /// The target right before sending.
    pub observed: Value,
    /// What the probe looks for was true before the call: seeing it proves nothing.
    pub already: bool,
    pub at: At,
    pub grant: Box<Grant>,
}

/// An open gate.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    pub digest: String,
    pub tier: Tier,
    pub phrase: String,
    pub paths: Vec<StepPath>,
    pub opened: At,
}

/// A roll-back or an undo step at work: undo flows run one after the other.
#[derive(Clone, PartialEq, Debug)]
pub struct Undoing {
    pub paths: Vec<StepPath>,
    pub next: usize,
    pub to: Option<StepPath>,
}

impl Run {
    /// A run without facts.
    pub fn new(book: Arc<Runbook>, info: RunInfo) -> Run {
        Run {
            plan: Arc::new(Plan::new(book)),
            info,
            life: None,
            opened: At::default(),
            opened_by: String::new(),
            now: At::default(),
            started: None,
            parameters: Map::new(),
            places: Vec::new(),
            preflight: Vec::new(),
            steps: BTreeMap::new(),
            lists: BTreeMap::new(),
            active: BTreeSet::new(),
            gates: BTreeMap::new(),
            executed: Vec::new(),
            undoing: None,
            past_return: false,
            exceptions: Vec::new(),
            ended: None,
        }
    }

    /// The runbook.
    pub fn book(&self) -> &Arc<Runbook> {
        self.plan.book()
    }

    /// Folds one fact in.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::Opened { life, by, at } => self.opened(*life, by, *at),
            Fact::Started { at, parameters, places, preflight } => {
                self.tick(*at);
                self.started = Some(*at);
                self.parameters.clone_from(parameters);
                self.places.clone_from(places);
                self.preflight.clone_from(preflight);
                self.lists.insert(StepPath::default(), ListRun::default());
            }
            Fact::Began { path, at } => self.began(path, *at),
            Fact::Entered { path } => self.with(path, |s| s.entered = true),
            Fact::Expanded { path, items } => self.expanded(path, items),
            Fact::Captured { path, values, at } => {
                self.tick(*at);
                self.with(path, |s| s.captured = Some(values.clone()));
            }
            Fact::Prepared { call, tier } => {
                let stage = Stage::Prepared { call: call.clone(), tier: *tier };
                self.with(&call.path, |s| s.stage = stage);
            }
            Fact::GateOpened { gate, digest, tier, phrase, paths, at } => {
                self.gate_opened(gate, digest, *tier, phrase, paths, *at);
            }
            Fact::GateVoided { gate, at, .. } => {
                self.tick(*at);
                self.void(gate);
            }
            Fact::Ungranted { path, at, .. } => {
                self.tick(*at);
                self.with(path, StepRun::ungrant_alone);
            }
            Fact::Confirmed { gate, by, at, .. } => self.confirmed(gate, by, *at),
            Fact::Intent { name, call, observed, already, at } => {
                self.intent(name, call, observed, *already, *at);
            }
            Fact::Executed { name, at, .. } => self.executed(name, *at),
            Fact::Rejected { name, at, .. } => self.rejected(name, *at),
            Fact::Doubted { name, why, at } => {
                self.tick(*at);
                self.with(&name.path, |s| s.doubt(why, *at));
            }
            Fact::Conflict { name, why, at } => self.held(&name.path, HoldKind::Conflict, why, *at),
            Fact::Left { path, at } => {
                self.tick(*at);
                self.with(path, |s| s.left = true);
            }
            Fact::Met { path, at, .. } => {
                self.tick(*at);
                self.with(path, |s| s.stage = Stage::Done { at: *at });
            }
            Fact::Gave { path, outputs } => self.with(path, |s| s.outputs.extend(outputs.clone())),
            Fact::Answered { path, at, .. } | Fact::Attested { path, at, .. } => {
                self.tick(*at);
                self.with(path, |s| s.stage = Stage::Done { at: *at });
            }
            Fact::Approved { path, accepted, at, .. } => {
                self.tick(*at);
                if *accepted {
                    self.with(path, |s| s.stage = Stage::Done { at: *at });
                }
            }
            Fact::Compared { path, differences, at } => {
                self.tick(*at);
                self.with(path, |s| s.differences = Some(differences.clone()));
            }
            Fact::Accepted { path, reason, at, .. } => self.accepted(path, reason, *at),
            Fact::Jumped { path, to } => self.jumped(path, to),
            Fact::Ended { path, state, why, at, .. } => self.ended(path, *state, why, *at),
            Fact::Held { path, kind, why, at } => self.held(path, *kind, why, *at),
            Fact::Retried { path, at, .. } => self.retried(path, *at),
            Fact::Extended { path, span, at, .. } => {
                self.tick(*at);
                self.with(path, |s| {
                    s.extended = Span(s.extended.0 + span.0);
                    s.hold = None;
                });
            }
            Fact::GaveUp { path, reason, at, .. } => self.gave_up(path, reason, *at),
            Fact::Redone { path, then, at, .. } => self.redone(path, then.as_deref(), *at),
            Fact::UndoPlanned { paths, to, at, .. } => self.undo_planned(paths, to.as_ref(), *at),
            Fact::UndoFinished { at } => self.undo_finished(*at),
            Fact::Noted { at, .. } => self.tick(*at),
            Fact::Aborted { at, .. } => {
                self.tick(*at);
                self.gates.clear();
            }
            Fact::Finished { state, why, at } => {
                self.tick(*at);
                self.ended = Some((*state, why.clone()));
                self.gates.clear();
            }
        }
    }

    fn tick(&mut self, at: At) {
        self.now = self.now.max(at);
    }

    fn with(&mut self, path: &StepPath, change: impl FnOnce(&mut StepRun)) {
        if let Some(step) = self.steps.get_mut(path) {
            change(step);
        }
    }

    fn opened(&mut self, life: Life, by: &str, at: At) {
        self.tick(at);
        self.life = Some(life);
        by.clone_into(&mut self.opened_by);
        self.opened = at;
        for gate in self.gates.keys().cloned().collect::<Vec<_>>() {
            self.void(&gate);
        }
        for path in &self.active {
            if let Some(step) = self.steps.get_mut(path) {
                step.reopen(at);
            }
        }
    }

    fn began(&mut self, path: &StepPath, at: At) {
        self.tick(at);
        let before = self.steps.remove(path);
        let mut step = StepRun::begin(at, before);
        step.entered = self.plan.step(path).is_none_or(|s| s.when.is_none());
        self.steps.insert(path.clone(), step);
        self.active.insert(path.clone());
        let list = path.parent().unwrap_or_default();
        let index = self.plan.index_in(&list, path.name());
        let cursor = self.lists.entry(list).or_default();
        cursor.current = Some(path.clone());
        cursor.jumped = false;
        if let Some(index) = index {
            cursor.next = index + 1;
        }
    }

    fn expanded(&mut self, path: &StepPath, items: &[Item]) {
        for item in items {
            self.lists.insert(path.item(&item.key), ListRun::default());
        }
        self.with(path, |s| {
            s.items = items
                .iter()
                .map(|i| ItemRun { key: i.key.clone(), item: i.item.clone(), given_up: None })
                .collect();
        });
    }

    fn gate_opened(
        &mut self,
        gate: &StepPath,
        digest: &str,
        tier: Tier,
        phrase: &str,
        paths: &[StepPath],
        at: At,
    ) {
        self.tick(at);
        for path in paths {
            self.with(path, |s| s.gated(gate));
        }
        let open =
            Gate { digest: digest.into(), tier, phrase: phrase.into(), paths: paths.to_vec(), opened: at };
        self.gates.insert(gate.clone(), open);
    }

    fn void(&mut self, gate: &StepPath) {
        let Some(open) = self.gates.remove(gate) else { return };
        for path in &open.paths {
            self.with(path, StepRun::ungate);
        }
    }

    fn confirmed(&mut self, gate: &StepPath, by: &str, at: At) {
        self.tick(at);
        let Some(open) = self.gates.remove(gate) else { return };
        for path in &open.paths {
            self.with(path, |s| s.granted(&open.digest, by, at));
        }
    }

    fn intent(&mut self, name: &EffectName, call: &Call, observed: &Value, already: bool, at: At) {
        self.tick(at);
        let marked = self.plan.step(&StepPath(name.path.0[..1.min(name.path.0.len())].to_vec()));
        if !name.path.in_undo() && marked.is_some_and(|s| s.point_of_no_return) {
            self.past_return = true;
        }
        self.with(&name.path, |s| s.sent(name, call, observed, already, at));
    }

    fn executed(&mut self, name: &EffectName, at: At) {
        self.tick(at);
        self.executed.push(name.path.clone());
        self.with(&name.path, |s| {
            s.hold = None;
            s.stage = Stage::Done { at };
        });
    }

    fn rejected(&mut self, name: &EffectName, at: At) {
        self.tick(at);
        self.with(&name.path, |s| {
            s.rejections += 1;
            s.last_rejected = Some(at);
            s.hold = None;
            s.back_to_grant();
        });
    }

    fn accepted(&mut self, path: &StepPath, reason: &str, at: At) {
        self.tick(at);
        self.exceptions.push(format!("{path}: accepted, {reason}"));
        self.with(path, |s| {
            s.hold = None;
            s.stage = Stage::Done { at };
        });
    }

    fn jumped(&mut self, path: &StepPath, to: &str) {
        let list = path.parent().unwrap_or_default();
        if let Some(index) = self.plan.index_in(&list, to) {
            let cursor = self.lists.entry(list).or_default();
            cursor.next = index;
            cursor.jumped = true;
        }
    }

    fn ended(&mut self, path: &StepPath, state: StepState, why: &str, at: At) {
        self.tick(at);
        let step = self.steps.entry(path.clone()).or_insert_with(|| StepRun::begin(at, None));
        step.state = state;
        step.ended = Some(at);
        step.hold = None;
        why.clone_into(&mut step.why);
        self.active.remove(path);
        if matches!(state, StepState::Failed | StepState::TimedOut) {
            self.exceptions.push(format!("{path}: {why}"));
        }
        if state == StepState::Undone {
            if let Some(undoing) = self.undoing.as_mut().filter(|u| u.paths.get(u.next) == Some(path)) {
                undoing.next += 1;
            }
        } else {
            self.advance_list(path);
        }
    }

    fn advance_list(&mut self, path: &StepPath) {
        let list = path.parent().unwrap_or_default();
        let index = self.plan.index_in(&list, path.name());
        let Some(cursor) = self.lists.get_mut(&list) else { return };
        let was_current = cursor.current.as_ref() == Some(path);
        if was_current {
            cursor.current = None;
        }
        let Some(index) = index else { return };
        if !was_current && cursor.next == index {
            cursor.next = index + 1;
        }
        if was_current && let Some(resume) = cursor.resume_at.take() {
            cursor.next = resume;
        }
    }

    fn held(&mut self, path: &StepPath, kind: HoldKind, why: &str, at: At) {
        self.tick(at);
        let hold = Hold { kind, why: why.to_owned(), at };
        self.with(path, |s| s.hold = Some(hold));
    }

    fn retried(&mut self, path: &StepPath, at: At) {
        self.tick(at);
        self.with(path, |s| s.retry(at));
    }

    fn gave_up(&mut self, path: &StepPath, reason: &str, at: At) {
        self.tick(at);
        self.exceptions.push(format!("{path}: given up, {reason}"));
        let (Some(step), Some(key)) = (
            path.0.split_last().map(|(last, above)| (above, last)),
            path.0.last().and_then(|s| s.key.clone()),
        ) else {
            return;
        };
        let parent = StepPath(step.0.to_vec()).then(&step.1.name);
        self.with(&parent, |s| {
            if let Some(item) = s.items.iter_mut().find(|i| i.key == key) {
                item.given_up = Some(reason.to_owned());
            }
        });
    }

    fn redone(&mut self, path: &StepPath, then: Option<&str>, at: At) {
        self.tick(at);
        let list = path.parent().unwrap_or_default();
        let resume = then.and_then(|t| self.plan.index_in(&list, t));
        let Some(index) = self.plan.index_in(&list, path.name()) else { return };
        if let Some(current) = self.lists.get(&list).and_then(|c| c.current.clone()) {
            self.active.retain(|a| !a.within(&current));
        }
        let cursor = self.lists.entry(list).or_default();
        cursor.current = None;
        cursor.resume_at = resume;
        cursor.next = index;
        cursor.jumped = true;
    }

    fn undo_planned(&mut self, paths: &[StepPath], to: Option<&StepPath>, at: At) {
        self.tick(at);
        for gate in self.gates.keys().cloned().collect::<Vec<_>>() {
            self.void(&gate);
        }
        for path in paths {
            self.lists.insert(path.then("undo"), ListRun::default());
        }
        self.undoing = Some(Undoing { paths: paths.to_vec(), next: 0, to: to.cloned() });
    }

    fn undo_finished(&mut self, at: At) {
        self.tick(at);
        let Some(undoing) = self.undoing.take() else { return };
        let Some(to) = undoing.to else { return };
        let index = self.plan.index_in(&StepPath::default(), to.name());
        let root = self.lists.entry(StepPath::default()).or_default();
        *root = ListRun { next: index.unwrap_or(root.next), jumped: true, ..ListRun::default() };
    }
}

impl StepRun {
    fn begin(at: At, before: Option<StepRun>) -> StepRun {
        let (captured, attempts, alone) =
            before.map_or((None, 0, false), |b| (b.captured, b.attempts, b.alone));
        StepRun {
            state: StepState::Running,
            began: at,
            ended: None,
            why: String::new(),
            entered: false,
            stage: Stage::Fresh,
            captured,
            outputs: Map::new(),
            items: Vec::new(),
            attempts,
            rejections: 0,
            last_rejected: None,
            hold: None,
            left: false,
            extended: Span::default(),
            differences: None,
            alone,
            spent: None,
        }
    }

    /// A new life: what was in flight is doubtful, what was confirmed is not, and a hold that was about the
    /// old process or its credentials is over.
    fn reopen(&mut self, at: At) {
        if self.hold.as_ref().is_some_and(|h| matches!(h.kind, HoldKind::Credentials | HoldKind::ReadOnly)) {
            self.hold = None;
        }
        match &mut self.stage {
            Stage::InFlight(_) => self.doubt("the process ended before the answer", at),
            // The settle window is counted on this life's clock: the time before it cannot be trusted.
            Stage::Doubt { since, .. } => *since = at,
            Stage::Prepared { .. } | Stage::Gated { .. } | Stage::Granted(_) => self.stage = Stage::Fresh,
            Stage::Fresh | Stage::Done { .. } => {}
        }
    }

    fn doubt(&mut self, reason: &str, at: At) {
        if let Stage::InFlight(sent) = &self.stage {
            self.stage = Stage::Doubt { sent: sent.clone(), since: at, why: reason.to_owned() };
        }
    }

    fn gated(&mut self, gate: &StepPath) {
        if let Stage::Prepared { call, tier } = &self.stage {
            self.stage = Stage::Gated { gate: gate.clone(), call: call.clone(), tier: *tier };
        }
    }

    fn granted(&mut self, digest: &str, by: &str, at: At) {
        if let Stage::Gated { call, tier, .. } = &self.stage {
            let (call, tier) = (call.clone(), *tier);
            self.stage = Stage::Granted(Grant { digest: digest.into(), call, tier, at, by: by.into() });
        }
    }

    fn ungate(&mut self) {
        if matches!(self.stage, Stage::Prepared { .. } | Stage::Gated { .. } | Stage::Granted(_)) {
            self.stage = Stage::Fresh;
        }
    }

    fn ungrant_alone(&mut self) {
        self.ungate();
        self.alone = true;
    }

    fn sent(&mut self, name: &EffectName, call: &Call, observed: &Value, already: bool, at: At) {
        let Stage::Granted(grant) = &self.stage else { return };
        self.attempts = name.attempt.0;
        self.spent = Some(grant.digest.clone());
        let grant = Box::new(grant.clone());
        let (name, call, observed) = (name.clone(), call.clone(), observed.clone());
        self.stage = Stage::InFlight(Sent { name, call, observed, already, at, grant });
    }

    /// A proven rejection leaves the confirmation alive.
    fn back_to_grant(&mut self) {
        if let Stage::InFlight(sent) | Stage::Doubt { sent, .. } = &self.stage {
            self.stage = Stage::Granted((*sent.grant).clone());
        }
    }

    fn retry(&mut self, at: At) {
        self.hold = None;
        self.rejections = 0;
        self.differences = None;
        self.left = false;
        match self.stage {
            Stage::InFlight(_) | Stage::Doubt { .. } | Stage::Done { .. } => {}
            Stage::Fresh | Stage::Prepared { .. } | Stage::Gated { .. } | Stage::Granted(_) => {
                self.stage = Stage::Fresh;
                self.began = at;
            }
        }
    }
}
