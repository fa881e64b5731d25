//! Who is who: every name of a runbook and where it stands. Findings about names themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::finding::FindingKind;
use super::super::tree::{Entry, Kind, Node, Raw};

/// Names that expressions know by themselves.
pub(super) const ROOTS: &[&str] = &["parameters", "reads", "captured", "item", "index", "run", "now"];
/// Names that step paths and items use.
const RESERVED: &[&str] = &["undo", "outputs", "items", "state"];

/// A step's place in [`Names::steps`].
pub(super) type StepId = usize;

/// A list's place in [`Names::lists`].
pub(super) type ListId = usize;

/// One step as it stands in the file.
pub(super) struct StepNode<'t> {
    /// Empty when the step has no usable name.
    pub name: &'t str,
    pub node: &'t Node,
    pub list: ListId,
    /// Position in its list.
    pub place: usize,
}

/// What a list of steps belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    Runbook,
    /// The nested steps of a `for_each`.
    Items(StepId),
    /// The undo flow of a step.
    Undo(StepId),
}

/// One list of steps.
pub(super) struct StepList {
    pub owner: Owner,
    pub steps: Vec<StepId>,
}

/// Every name, found before anything is understood.
#[derive(Default)]
pub(super) struct Names<'t> {
    pub parameters: BTreeMap<&'t str, (usize, &'t Node)>,
    pub conditions: BTreeMap<&'t str, (usize, &'t Node)>,
    pub reads: BTreeMap<&'t str, &'t Node>,
    pub read_keys: BTreeMap<&'t str, Range<usize>>,
    pub targets: Vec<&'t str>,
    pub connections: BTreeMap<&'t str, &'t Node>,
    pub phases: Vec<&'t str>,
    pub steps: Vec<StepNode<'t>>,
    pub lists: Vec<StepList>,
    pub by_name: BTreeMap<&'t str, StepId>,
    /// List of nested steps, and list of undo steps, by the step they belong to.
    pub items_of: BTreeMap<StepId, ListId>,
    pub undo_of: BTreeMap<StepId, ListId>,
}

impl<'t> Names<'t> {
    /// Finds every name of the runbook, and what is wrong with names.
    pub(super) fn of(root: &'t Node) -> (Names<'t>, Vec<Raw>) {
        let mut findings = Vec::new();
        let mut names = Names {
            parameters: numbered(root, "parameters"),
            conditions: numbered(root, "conditions"),
            reads: entries(root, "reads").map(|e| (e.key.as_str(), &e.value)).collect(),
            read_keys: entries(root, "reads").map(|e| (e.key.as_str(), e.key_at.clone())).collect(),
            targets: entries(root, "targets").map(|e| e.key.as_str()).collect(),
            connections: entries(root, "connections").map(|e| (e.key.as_str(), &e.value)).collect(),
            phases: list(root, "phases").iter().filter_map(Node::text).collect(),
            ..Names::default()
        };
        if let Some(steps) = root.get("steps") {
            names.add_list(steps, Owner::Runbook, &mut findings);
        }
        names.reserved(root, &mut findings);
        names.twice(root, &mut findings);
        (names, findings)
    }

    fn add_list(&mut self, node: &'t Node, owner: Owner, findings: &mut Vec<Raw>) -> ListId {
        let list = self.lists.len();
        self.lists.push(StepList { owner, steps: Vec::new() });
        for (place, step) in node.list().iter().filter(|s| matches!(s.kind, Kind::Map(_))).enumerate() {
            self.add_step(step, list, place, findings);
        }
        list
    }

    fn add_step(&mut self, node: &'t Node, list: ListId, place: usize, findings: &mut Vec<Raw>) {
        let id = self.steps.len();
        let name = node.get("name").and_then(Node::text).unwrap_or_default();
        self.steps.push(StepNode { name, node, list, place });
        self.lists[list].steps.push(id);
        if self.by_name.contains_key(name) {
            let at = node.get("name").map_or(node.at.clone(), |n| n.at.clone());
            let message = format!("another step is called `{name}` too");
            findings.push(Raw::new(FindingKind::DuplicateName, at, message));
        } else if !name.is_empty() {
            self.by_name.insert(name, id);
        }
        if let Some(steps) = node.get("steps") {
            let nested = self.add_list(steps, Owner::Items(id), findings);
            self.items_of.insert(id, nested);
        }
        if let Some(steps) = node.get("undo").and_then(|undo| undo.get("steps")) {
            let undo = self.add_list(steps, Owner::Undo(id), findings);
            self.undo_of.insert(id, undo);
        }
    }

    fn reserved(&self, root: &Node, findings: &mut Vec<Raw>) {
        let mut refuse = |name: &str, at: &Range<usize>, why: &str| {
            let message = format!("`{name}` is {why}");
            findings
                .push(Raw::new(FindingKind::ReservedName, at.clone(), message).hint("choose another name"));
        };
        for step in &self.steps {
            let at = step.node.get("name").map_or(0..0, |n| n.at.clone());
            if ROOTS.contains(&step.name) || RESERVED.contains(&step.name) {
                refuse(step.name, &at, "a name of the format itself");
            }
            let outputs = list(step.node, "outputs").iter().filter_map(|output| output.get("name"));
            for name in outputs.filter(|n| matches!(n.text(), Some("captured" | "items"))) {
                refuse(name.text().unwrap_or_default(), &name.at, "a name that every step has anyway");
            }
        }
        for entry in entries(root, "conditions") {
            if ROOTS.contains(&entry.key.as_str()) {
                refuse(&entry.key, &entry.key_at, "a name of the format itself");
            } else if self.by_name.contains_key(entry.key.as_str()) {
                refuse(&entry.key, &entry.key_at, "the name of a step");
            }
        }
        for entry in entries(root, "reads").filter(|e| e.key == "read") {
            refuse(&entry.key, &entry.key_at, "what `rows` calls the read written beside it");
        }
    }

    /// Names given twice in lists; maps refuse a second key anyway.
    fn twice(&self, root: &Node, findings: &mut Vec<Raw>) {
        second(list(root, "preflight").iter().filter_map(|c| c.get("name")), "check", findings);
        second(list(root, "phases").iter(), "phase", findings);
        for step in &self.steps {
            second(list(step.node, "outputs").iter().filter_map(|o| o.get("name")), "output", findings);
        }
    }

    /// The list a step is in.
    pub(super) fn list_of(&self, step: StepId) -> &StepList {
        &self.lists[self.steps[step].list]
    }

    /// The step in whose list or undo this step stands, if any.
    pub(super) fn parent(&self, step: StepId) -> Option<StepId> {
        match self.list_of(step).owner {
            Owner::Runbook => None,
            Owner::Items(owner) | Owner::Undo(owner) => Some(owner),
        }
    }

    /// The step itself and what it stands in, from the inside out.
    pub(super) fn chain(&self, step: StepId) -> impl Iterator<Item = StepId> + '_ {
        std::iter::successors(Some(step), |id| self.parent(*id))
    }

    /// Whether the step is part of an undo flow.
    pub(super) fn in_undo(&self, step: StepId) -> bool {
        self.chain(step).any(|id| matches!(self.list_of(id).owner, Owner::Undo(_)))
    }

    pub(super) fn step_names(&self) -> impl Iterator<Item = &'t str> + '_ {
        self.by_name.keys().copied()
    }
}

fn entries<'t>(root: &'t Node, key: &str) -> std::slice::Iter<'t, Entry> {
    root.get(key).map(Node::map).unwrap_or_default().iter()
}

fn list<'t>(node: &'t Node, key: &str) -> &'t [Node] {
    node.get(key).map(Node::list).unwrap_or_default()
}

fn numbered<'t>(root: &'t Node, key: &str) -> BTreeMap<&'t str, (usize, &'t Node)> {
    entries(root, key).enumerate().map(|(n, e)| (e.key.as_str(), (n, &e.value))).collect()
}

fn second<'t>(names: impl Iterator<Item = &'t Node>, what: &str, findings: &mut Vec<Raw>) {
    let mut seen = BTreeSet::new();
    for (node, name) in names.filter_map(|node| Some((node, node.text()?))) {
        if !seen.insert(name) {
            let message = format!("another {what} is called `{name}` too");
            findings.push(Raw::new(FindingKind::DuplicateName, node.at.clone(), message));
        }
    }
}
