//! The order in which steps can run: jumps, what they pass over, and what has surely run before.

use super::super::finding::{FindingKind, near};
use super::super::tree::{Node, Raw};
use super::names::{ListId, Names, Owner, StepId};

/// What is known about the flow of every list.
pub(super) struct Flow {
    lists: Vec<ListFlow>,
}

/// The flow of one list. Places are positions in it; the place after the last one is its end.
struct ListFlow {
    /// For each place and the end: the places that have surely been completed when it starts.
    before: Vec<Bits>,
}

/// A set of places.
#[derive(Clone, PartialEq)]
struct Bits(Vec<u64>);

impl Bits {
    fn all(n: usize) -> Bits {
        Bits(vec![u64::MAX; n / 64 + 1])
    }

    fn none(n: usize) -> Bits {
        Bits(vec![0; n / 64 + 1])
    }

    fn add(&mut self, i: usize) {
        self.0[i / 64] |= 1 << (i % 64);
    }

    fn has(&self, i: usize) -> bool {
        self.0[i / 64] & (1 << (i % 64)) != 0
    }

    fn keep(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }
}

/// A way from one step to another.
struct Edge {
    to: usize,
    /// Whether the step it leaves has been completed.
    completed: bool,
}

impl Flow {
    /// Follows every list, and reports jumps that lead nowhere and steps that nothing leads to.
    pub(super) fn of(names: &Names<'_>) -> (Flow, Vec<Raw>) {
        let mut findings = Vec::new();
        let lists = (0..names.lists.len()).map(|list| follow(names, list, &mut findings)).collect();
        (Flow { lists }, findings)
    }

    /// Whether `earlier` has surely been completed when `later` of the same list starts. `later` may be the
    /// end of the list.
    pub(super) fn surely_before(&self, list: ListId, earlier: usize, later: usize) -> bool {
        self.lists[list].before[later].has(earlier)
    }
}

fn follow(names: &Names<'_>, list: ListId, findings: &mut Vec<Raw>) -> ListFlow {
    let steps = &names.lists[list].steps;
    let edges: Vec<Vec<Edge>> = steps.iter().map(|step| edges(names, *step, findings)).collect();
    let end = steps.len();
    let mut before = vec![Bits::all(end); end + 1];
    let mut reached = vec![false; end + 1];
    let start = fallthrough(names, steps, 0);
    before[start] = Bits::none(end);
    reached[start] = true;
    // Jumps only go forward, so one pass in list order settles everything.
    for place in 0..end {
        if !reached[place] {
            continue;
        }
        for edge in &edges[place] {
            let mut completed = before[place].clone();
            if edge.completed {
                completed.add(place);
            }
            before[edge.to].keep(&completed);
            reached[edge.to] = true;
        }
    }
    let unreached = steps.iter().zip(&reached).filter(|(_, reached)| !**reached);
    findings.extend(unreached.map(|(step, _)| never_reached(names.steps[*step].node)));
    ListFlow { before }
}

fn never_reached(step: &Node) -> Raw {
    let at = step.get("name").map_or(step.at.clone(), |name| name.at.clone());
    let message = if flag(step, "only_by_jump") {
        "this step is reached only by a jump, and no jump leads here"
    } else {
        "nothing leads to this step: the one before it never goes on here"
    };
    Raw::new(FindingKind::NeverReached, at, message)
}

fn flag(step: &Node, key: &str) -> bool {
    step.get(key).is_some_and(|node| node.json() == true)
}

/// The first place from `from` on where the flow goes without a jump.
fn fallthrough(names: &Names<'_>, steps: &[StepId], from: usize) -> usize {
    (from..steps.len()).find(|i| !flag(names.steps[steps[*i]].node, "only_by_jump")).unwrap_or(steps.len())
}

/// Where a step can lead.
fn edges(names: &Names<'_>, step: StepId, findings: &mut Vec<Raw>) -> Vec<Edge> {
    let node = names.steps[step].node;
    let place = names.steps[step].place;
    let next = Edge { to: fallthrough(names, &names.list_of(step).steps, place + 1), completed: true };
    let inputs = node.get("inputs");
    let input = |key: &str| inputs.and_then(|inputs| inputs.get(key));
    let mut edges = Vec::new();
    match node.get("action").and_then(Node::text) {
        Some("branch") => {
            let choices = input("choices").map(Node::list).unwrap_or_default();
            let targets = choices.iter().filter_map(|choice| choice.get("next_step")).chain(input("default"));
            let jumps = targets.filter_map(|target| jump(names, step, target, target.text()?, findings));
            edges.extend(jumps.map(|to| Edge { to, completed: true }));
            if input("default").is_none() || node.entry("when").is_some() {
                edges.push(next);
            }
        }
        Some("end") if node.entry("when").is_none() => {}
        _ => edges.push(next),
    }
    if let Some(target) = node.get("on_failure")
        && let Some(name) = target.text().and_then(|text| text.strip_prefix("step:"))
        && let Some(to) = jump(names, step, target, name, findings)
    {
        edges.push(Edge { to, completed: false });
    }
    edges
}

/// The place of a jump's target, or a finding.
fn jump(names: &Names<'_>, from: StepId, at: &Node, target: &str, findings: &mut Vec<Raw>) -> Option<usize> {
    let Some(id) = names.by_name.get(target) else {
        let hint = near(target, names.step_names()).map(|name| format!("did you mean `{name}`?"));
        let message = format!("there is no step `{target}`");
        findings.push(Raw::new(FindingKind::UnknownStep, at.at.clone(), message).maybe(hint));
        return None;
    };
    let (from, to) = (&names.steps[from], &names.steps[*id]);
    if to.list == from.list && to.place > from.place {
        return Some(to.place);
    }
    let message = if to.list == from.list {
        format!("`{target}` does not stand below this step; jumps go forward")
    } else {
        let rule = match names.lists[from.list].owner {
            Owner::Runbook => "jumps from the main list stay in it",
            Owner::Items(_) => "jumps between nested steps stay among them",
            Owner::Undo(_) => "jumps inside an undo stay in it",
        };
        format!("`{target}` stands in another list of steps; {rule}")
    };
    findings.push(Raw::new(FindingKind::BadJump, at.at.clone(), message));
    None
}
