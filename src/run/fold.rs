//! Folding facts: [`Run::apply`] changes and judges nothing.
//!
//! It cannot fail: a fact that names something unknown changes nothing, so that a journal written by a newer
//! program still folds. Every arm touches one subject; who may become a fact is `decide`'s business.

use serde_json::{Map, Value};

use super::advance::uses_reads;
use super::fact::{Call, CheckResult, Fact, HoldKind, Item, RunState, StepState};
use super::state::{Gate, Hold, ItemRun, ListRun, Run, Stage, StepRun, Undoing};
use crate::catalogue::Tier;
use crate::ids::{At, EffectName, Life, Place, StepPath};
use crate::runbook::Action;

impl Run {
    /// Folds one fact in.
    pub fn apply(&mut self, fact: &Fact) {
        self.now = fact.at().map_or(self.now, |at| self.now.max(at));
        match fact {
            Fact::Opened { life, by, at } => self.opened(*life, by, *at),
            Fact::Started { at, parameters, places, preflight } => {
                self.started(*at, parameters, places, preflight);
            }
            Fact::Began { path, at } => self.began(path, *at),
            Fact::Entered { path } => self.entered(path),
            Fact::Expanded { path, items } => self.expanded(path, items),
            Fact::Captured { path, values, .. } => self.with(path, |s| s.captured = Some(values.clone())),
            Fact::Prepared { call, tier } => self.with(&call.path, |s| s.prepared(call, *tier)),
            Fact::GateOpened { gate, digest, tier, phrase, paths, at } => {
                self.gate_opened(gate, digest, *tier, phrase, paths, *at);
            }
            Fact::GateVoided { gate, .. } => self.void(gate),
            Fact::Ungranted { path, .. } => self.with(path, StepRun::ungrant_alone),
            Fact::Confirmed { gate, by, at, .. } => self.confirmed(gate, by, *at),
            Fact::Intent { name, call, observed, already, at } => {
                self.intent(name, call, observed, *already, *at);
            }
            Fact::Executed { name, at, .. } => self.executed(name, *at),
            Fact::Rejected { name, at, .. } => self.with(&name.path, |s| s.rejected(*at)),
            Fact::Doubted { name, why, at } => self.with(&name.path, |s| s.doubt(why, *at)),
            Fact::Conflict { name, why, at } => self.conflict(name, why, *at),
            Fact::Left { path, .. } => self.with(path, |s| s.left = true),
            Fact::Met { path, at, .. }
            | Fact::Answered { path, at, .. }
            | Fact::Attested { path, at, .. }
            | Fact::Approved { path, accepted: true, at, .. } => {
                self.with(path, |s| s.stage = Stage::Done { at: *at });
            }
            Fact::Gave { path, outputs } => self.with(path, |s| s.outputs.extend(outputs.clone())),
            Fact::Compared { path, differences, .. } => {
                self.with(path, |s| s.differences = Some(differences.clone()));
            }
            Fact::Accepted { path, reason, at, .. } => self.accepted(path, reason, *at),
            Fact::Jumped { path, to } => self.jumped(path, to),
            Fact::Ended { path, state, why, by, at } => {
                self.step_ended(path, *state, why, *at);
                self.by_hand(path, *state, why, by.as_deref());
            }
            Fact::Held { path, kind, why, at } => self.held(path, *kind, why, *at),
            Fact::Retried { path, at, .. } => self.with(path, |s| s.retry(*at)),
            Fact::Extended { path, span, .. } => self.with(path, |s| s.extend(*span)),
            Fact::GaveUp { path, reason, .. } => self.gave_up(path, reason),
            Fact::Redone { path, then, .. } => self.redone(path, then.as_deref()),
            Fact::UndoPlanned { paths, to, .. } => self.undo_planned(paths, to.as_ref()),
            Fact::UndoFinished { .. } => self.undo_finished(),
            Fact::Aborted { .. } => self.gates.clear(),
            Fact::Finished { state, why, .. } => self.finished(*state, why),
            Fact::Noted { .. } | Fact::Approved { accepted: false, .. } => {}
        }
    }

    fn started(
        &mut self,
        at: At,
        parameters: &Map<String, Value>,
        places: &[Place],
        preflight: &[CheckResult],
    ) {
        self.started = Some(at);
        self.parameters.clone_from(parameters);
        self.places = places.to_vec();
        self.preflight = preflight.to_vec();
        self.lists.insert(StepPath::default(), ListRun::default());
    }

    fn finished(&mut self, state: RunState, why: &str) {
        self.ended = Some((state, why.to_owned()));
        self.gates.clear();
    }

    fn with(&mut self, path: &StepPath, change: impl FnOnce(&mut StepRun)) {
        if let Some(step) = self.steps.get_mut(path) {
            change(step);
        }
    }

    fn opened(&mut self, life: Life, by: &str, at: At) {
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
        let mut before = self.steps.remove(path);
        let items = before.as_mut().map(|b| std::mem::take(&mut b.items)).unwrap_or_default();
        self.steps.insert(path.clone(), StepRun::begin(at, before));
        self.keep_items(path, items);
        self.active.insert(path.clone());
        let list = path.parent().unwrap_or_default();
        let index = self.plan.index_in(&list, path.name());
        let cursor = self.lists.entry(list).or_default();
        cursor.current = Some(path.clone());
        cursor.jumped = false;
        if let Some(index) = index {
            cursor.next = index + 1;
        }
        if self.plan.step(path).is_none_or(|s| s.when.is_none()) {
            self.entered(path);
        }
    }

    /// Whether a person has already done what a manual step asks cannot be seen, so it counts from here on.
    fn entered(&mut self, path: &StepPath) {
        self.with(path, |s| s.entered = true);
        if matches!(self.plan.step(path).map(|s| &s.action), Some(Action::Manual(_))) {
            self.pass_return(path);
        }
    }

    /// Items that came from readings are kept by a redo, as captures are: read again after the services were
    /// stopped, "those that run" would be none, and the counts to bring back would be forgotten.
    fn keep_items(&mut self, path: &StepPath, items: Vec<ItemRun>) {
        let each = self.plan.step(path).and_then(|s| s.for_each.as_ref());
        if !each.is_some_and(|e| uses_reads(self, [&e.items, &e.key])) {
            return;
        }
        let items: Vec<Item> = items.into_iter().map(|i| Item { key: i.key, item: i.item }).collect();
        self.expanded(path, &items);
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
        let Some(open) = self.gates.remove(gate) else { return };
        for path in &open.paths {
            self.with(path, |s| s.granted(&open.digest, by, at));
        }
    }

    fn intent(&mut self, name: &EffectName, call: &Call, observed: &Value, already: bool, at: At) {
        self.pass_return(&name.path);
        self.with(&name.path, |s| s.sent(name, call, observed, already, at));
    }

    /// Something of a step has happened or may have: it may be the one marked `point_of_no_return`.
    fn pass_return(&mut self, path: &StepPath) {
        let marked = self.plan.step(&StepPath(path.0[..1.min(path.0.len())].to_vec()));
        self.past_return |= !path.in_undo() && marked.is_some_and(|s| s.point_of_no_return);
    }

    fn executed(&mut self, name: &EffectName, at: At) {
        self.executed.push(name.path.clone());
        self.with(&name.path, |s| s.executed(name, at));
    }

    fn accepted(&mut self, path: &StepPath, reason: &str, at: At) {
        self.exceptions.push(format!("{path}: accepted, {reason}"));
        self.with(path, |s| {
            s.hold = None;
            s.stage = Stage::Done { at };
        });
    }

    fn jumped(&mut self, path: &StepPath, to: &str) {
        let list = path.parent().unwrap_or_default();
        if let Some(index) = self.plan.index_in(&list, to) {
            self.jump_over(&list, index);
            let cursor = self.lists.entry(list).or_default();
            cursor.next = index;
            cursor.jumped = true;
        }
    }

    /// What lies between here and the step jumped to is skipped, unless it has ended before.
    fn jump_over(&mut self, list: &StepPath, to: usize) {
        let from = self.lists.get(list).map_or(0, |c| c.next);
        let names = self.plan.list(list).get(from..to).unwrap_or_default().iter().map(|s| list.then(&s.name));
        for path in names.collect::<Vec<_>>() {
            let now = self.now;
            self.steps.entry(path).or_insert_with(|| StepRun {
                state: StepState::Skipped,
                ended: Some(now),
                why: "jumped over".into(),
                ..StepRun::begin(now, None)
            });
        }
    }

    fn step_ended(&mut self, path: &StepPath, state: StepState, why: &str, at: At) {
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
            step.stands = false;
        }
        match self.undoing.as_mut().filter(|u| u.paths.get(u.next) == Some(path)) {
            Some(undoing) => undoing.next += 1,
            None => self.advance_list(path),
        }
    }

    /// A step that a person passes over is a deviation; one that is gone on with has been noted as one.
    fn by_hand(&mut self, path: &StepPath, state: StepState, why: &str, by: Option<&str>) {
        self.with(path, |s| s.ended_by = by.map(str::to_owned));
        if state == StepState::Skipped && by.is_some() {
            self.exceptions.push(format!("{path}: skipped, {why}"));
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
        let hold = Hold { kind, why: why.to_owned(), at };
        self.with(path, |s| s.hold = Some(hold));
    }

    /// A step that is over cannot hold; the contradiction then stands in the verdict of the run.
    fn conflict(&mut self, name: &EffectName, why: &str, at: At) {
        if self.active.contains(&name.path) {
            self.held(&name.path, HoldKind::Conflict, why, at);
        } else {
            self.exceptions.push(format!("{}: {why}", name.path));
        }
    }

    fn gave_up(&mut self, path: &StepPath, reason: &str) {
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

    fn redone(&mut self, path: &StepPath, then: Option<&str>) {
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

    fn undo_planned(&mut self, paths: &[StepPath], to: Option<&StepPath>) {
        for gate in self.gates.keys().cloned().collect::<Vec<_>>() {
            self.void(&gate);
        }
        for path in paths {
            self.lists.insert(path.then("undo"), ListRun::default());
        }
        self.undoing = Some(Undoing { paths: paths.to_vec(), next: 0, to: to.cloned() });
    }

    /// What the run goes through once more has given nothing yet.
    fn forget_from(&mut self, index: usize) {
        let root = StepPath::default();
        let later: Vec<StepPath> = self.steps.keys().filter(|p| !p.in_undo()).cloned().collect();
        for path in later {
            let top = path.0.first().and_then(|s| self.plan.index_in(&root, &s.name));
            if top.is_some_and(|i| i >= index)
                && let Some(step) = self.steps.remove(&path)
            {
                self.steps.insert(path, step.forgotten());
            }
        }
    }

    fn undo_finished(&mut self) {
        let Some(undoing) = self.undoing.take() else { return };
        let Some(to) = undoing.to else { return };
        let index = self.plan.index_in(&StepPath::default(), to.name());
        self.forget_from(index.unwrap_or(usize::MAX));
        let root = self.lists.entry(StepPath::default()).or_default();
        *root = ListRun { next: index.unwrap_or(root.next), jumped: true, ..ListRun::default() };
    }
}
