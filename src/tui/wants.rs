//! What a step wants from a person, and the list of steps as rows. Pure derivations of a run.

use crate::ids::{EffectName, StepPath};
use crate::run::{HoldKind, Run, Stage, StepState};
use crate::runbook::{Action, Step};

/// What a step needs from a person before it goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Want {
    /// Settle an unknown outcome.
    Verdict(EffectName),
    Hold(HoldKind),
    /// Read and confirm the gate of this name.
    Gate(StepPath),
    Answer,
    Done,
    Approval,
    /// Nothing: it goes on by itself, or is over.
    Nothing,
}

impl Want {
    /// More urgent is less.
    fn rank(&self) -> u8 {
        match self {
            Want::Verdict(_) => 0,
            Want::Hold(_) => 1,
            Want::Gate(_) => 2,
            Want::Answer | Want::Done | Want::Approval => 3,
            Want::Nothing => 4,
        }
    }
}

/// What the step at `path` wants.
pub fn want(run: &Run, path: &StepPath) -> Want {
    let Some(step) = run.steps.get(path).filter(|_| run.active.contains(path) && run.ended.is_none()) else {
        return Want::Nothing;
    };
    if let Stage::Doubt { sent, .. } = &step.stage {
        return Want::Verdict(sent.name.clone());
    }
    if let Some(hold) = &step.hold {
        return Want::Hold(hold.kind);
    }
    if let Stage::Gated { gate, .. } = &step.stage {
        return Want::Gate(gate.clone());
    }
    if !step.entered || step.stage != Stage::Fresh {
        return Want::Nothing;
    }
    match run.plan.step(path).map(|s| &s.action) {
        Some(Action::Prompt(_)) => Want::Answer,
        Some(Action::Manual(_)) => Want::Done,
        Some(Action::Approve { .. }) => Want::Approval,
        _ => Want::Nothing,
    }
}

/// The most urgent step that wants something.
pub fn first(run: &Run) -> Option<(StepPath, Want)> {
    let wanting = run.active.iter().map(|p| (p.clone(), want(run, p)));
    wanting.filter(|(_, w)| *w != Want::Nothing).min_by_key(|(_, w)| w.rank())
}

/// Where the run stands: what wants a person, else the deepest step at work, else the next one.
pub fn standing(run: &Run) -> StepPath {
    if let Some((path, _)) = first(run) {
        return path;
    }
    if let Some(deepest) = run.active.iter().max_by_key(|p| p.0.len()) {
        return deepest.clone();
    }
    let root = StepPath::default();
    let steps = run.plan.list(&root);
    let next = run.lists.get(&root).map_or(0, |l| l.next).min(steps.len().saturating_sub(1));
    steps.get(next).map_or(root, |s| StepPath::top(&s.name))
}

/// The word of a step in lists, at most six letters: DESIGN §2's states, and what a running one stands at.
pub fn word(run: &Run, path: &StepPath) -> &'static str {
    match want(run, path) {
        Want::Verdict(_) => return "UNKN",
        Want::Hold(HoldKind::Failed) => return "FAILED",
        Want::Hold(HoldKind::TimedOut) => return "TIMED",
        Want::Hold(_) => return "HOLD",
        Want::Gate(_) => return "GATE",
        Want::Answer | Want::Done | Want::Approval => return "ASK",
        Want::Nothing => {}
    }
    match run.state_of(path) {
        StepState::Running if sent(run, path) => "SENT",
        state => state_word(state),
    }
}

/// The state words of DESIGN §2 in at most six letters.
pub fn state_word(state: StepState) -> &'static str {
    match state {
        StepState::NotStarted => "TODO",
        StepState::Running => "RUN",
        StepState::Waiting => "WAIT",
        StepState::Success => "OK",
        StepState::Failed => "FAILED",
        StepState::TimedOut => "TIMED",
        StepState::Skipped => "SKIP",
        StepState::Cancelled => "CANCEL",
        StepState::Undone => "UNDONE",
        StepState::Unknown => "UNKN",
    }
}

fn sent(run: &Run, path: &StepPath) -> bool {
    run.steps.get(path).is_some_and(|s| matches!(s.stage, Stage::InFlight(_)))
}

/// One line of the list of steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub path: StepPath,
    pub depth: usize,
    pub word: &'static str,
    /// Number among the top-level steps.
    pub number: Option<usize>,
    pub title: String,
}

/// The list of steps: all top-level ones, the items and nested steps of those that have begun, undo flows at work.
pub fn rows(run: &Run) -> Vec<Row> {
    let mut out = Vec::new();
    for (i, step) in run.book().steps.iter().enumerate() {
        let path = StepPath::top(&step.name);
        out.push(row(run, &path, step, 0, Some(i + 1)));
        inside(run, &path, step, 1, &mut out);
    }
    out
}

/// The title of a step; what is not known yet stands as `<choose_snapshot.snapshot>`.
pub fn title(run: &Run, path: &StepPath, step: &Step) -> String {
    run.text(path, &step.title, run.now).replace("{{ ", "<").replace(" }}", ">")
}

fn row(run: &Run, path: &StepPath, step: &Step, depth: usize, number: Option<usize>) -> Row {
    let title = title(run, path, step);
    Row {
        path: path.clone(),
        depth,
        word: word(run, path),
        number,
        title: crate::text::clean(&title).into_owned(),
    }
}

fn inside(run: &Run, path: &StepPath, step: &Step, depth: usize, out: &mut Vec<Row>) {
    if let Some(state) = run.steps.get(path) {
        for item in &state.items {
            let list = path.item(&item.key);
            let word = item.given_up.as_ref().map_or_else(|| item_word(run, &list), |_| "CANCEL");
            let title = format!("[{}]", crate::text::clean(&item.key));
            out.push(Row { path: list.clone(), depth, word, number: None, title });
            walk(run, &list, &step.steps, depth + 1, out);
        }
    }
    let undo = path.then("undo");
    if run.lists.contains_key(&undo) {
        walk(run, &undo, run.plan.list(&undo), depth, out);
    }
}

fn walk(run: &Run, list: &StepPath, steps: &[Step], depth: usize, out: &mut Vec<Row>) {
    for step in steps {
        let path = list.then(&step.name);
        out.push(row(run, &path, step, depth, None));
        inside(run, &path, step, depth + 1, out);
    }
}

/// An item shows what its current step shows.
fn item_word(run: &Run, list: &StepPath) -> &'static str {
    match run.lists.get(list).and_then(|l| l.current.as_ref()) {
        Some(current) => word(run, current),
        None => state_word(run.item_state(list, false)),
    }
}
