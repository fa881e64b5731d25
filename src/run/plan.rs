//! Where each step of a runbook stands: names to positions, paths to steps. Built once per run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::StepPath;
use crate::runbook::{Action, Read, Runbook, Step, Undo};

/// One move from a list of steps to a step in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hop {
    Nested(usize),
    Undo(usize),
}

/// A runbook with its names indexed. Step names are unique in a runbook, so a name finds its place.
#[derive(Clone, Debug)]
pub struct Plan {
    book: Arc<Runbook>,
    routes: BTreeMap<String, (StepPath, Vec<Hop>)>,
    reads: BTreeMap<String, usize>,
}

impl Plan {
    /// Indexes a runbook.
    pub fn new(book: Arc<Runbook>) -> Plan {
        let mut routes = BTreeMap::new();
        index(&book.steps, &StepPath::default(), &[], Hop::Nested, &mut routes);
        let reads = book.reads.iter().enumerate().map(|(i, r)| (r.name.clone(), i)).collect();
        Plan { book, routes, reads }
    }

    /// The runbook itself.
    pub fn book(&self) -> &Arc<Runbook> {
        &self.book
    }

    /// The step that `path` is an instance of.
    pub fn step(&self, path: &StepPath) -> Option<&Step> {
        self.route(path.name())
    }

    /// The position of a step by its name, without keys.
    pub fn locate(&self, name: &str) -> Option<&StepPath> {
        self.routes.get(name).map(|(path, _)| path)
    }

    /// The steps of a list: the empty path is the runbook, a keyed path one item, a path ending in
    /// `undo` the undo flow of the step before it.
    pub fn list(&self, list: &StepPath) -> &[Step] {
        if list.0.is_empty() {
            return &self.book.steps;
        }
        if list.name() == "undo" {
            let step = list.parent().and_then(|p| self.step(&p).map(undo_steps));
            return step.unwrap_or_default();
        }
        self.step(list).map_or(&[], |s| &s.steps)
    }

    /// Index of a step in a list.
    pub fn index_in(&self, list: &StepPath, name: &str) -> Option<usize> {
        let (path, hops) = self.routes.get(name)?;
        let same_list = path.parent().unwrap_or_default() == list.unkeyed();
        match hops.last() {
            Some(Hop::Nested(i) | Hop::Undo(i)) if same_list => Some(*i),
            _ => None,
        }
    }

    /// A read by its name.
    pub fn read(&self, name: &str) -> Option<&Read> {
        self.reads.get(name).map(|i| &self.book.reads[*i])
    }

    /// Whether a step holds nested steps.
    pub fn is_each(&self, path: &StepPath) -> bool {
        self.step(path).is_some_and(|s| matches!(s.action, Action::Each))
    }

    fn route(&self, name: &str) -> Option<&Step> {
        let (_, hops) = self.routes.get(name)?;
        let mut list: &[Step] = &self.book.steps;
        let mut step = None;
        for hop in hops {
            let here = match (hop, step) {
                (Hop::Undo(i), Some(above)) => undo_steps(above).get(*i)?,
                (Hop::Nested(i) | Hop::Undo(i), _) => list.get(*i)?,
            };
            list = &here.steps;
            step = Some(here);
        }
        step
    }
}

fn undo_steps(step: &Step) -> &[Step] {
    match &step.undo {
        Undo::Steps { steps, .. } => steps,
        Undo::None(_) | Undo::NotNeeded => &[],
    }
}

fn index(
    steps: &[Step],
    list: &StepPath,
    route: &[Hop],
    hop: fn(usize) -> Hop,
    out: &mut BTreeMap<String, (StepPath, Vec<Hop>)>,
) {
    for (i, step) in steps.iter().enumerate() {
        let path = list.then(&step.name);
        let here = [route, &[hop(i)]].concat();
        index(&step.steps, &path, &here, Hop::Nested, out);
        index(undo_steps(step), &path.then("undo"), &here, Hop::Undo, out);
        out.insert(step.name.clone(), (path, here));
    }
}
