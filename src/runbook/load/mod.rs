//! From tree to model: everything is looked at once, every finding is kept, and a model comes out only when
//! there is none.
//!
//! The order of work: form (`shape`), names, flow, then each part in the order of the file. Types of reads and
//! outputs are worked out when first asked for, because reads use outputs and outputs use reads.

mod actions;
mod checks;
mod codes;
mod expressions;
mod flow;
mod foreign;
mod inputs;
mod names;
mod outputs;
mod reads;
mod scope;
mod steps;
mod top;
mod types;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use self::expressions::ListOf;
use self::flow::Flow;
use self::names::{Names, StepId};
use super::finding::{Finding, FindingKind, MOST_FINDINGS};
use super::keys::RUNBOOK;
use super::model::Runbook;
use super::shape;
use super::source::Source;
use super::tree::{Node, Raw};
use super::yaml;
use crate::expr::{Root, Type};

/// Largest runbook file, in bytes.
pub const LARGEST: usize = 1 << 20;

/// Most steps a runbook may have, nested ones and those of undos included.
const MOST_STEPS: usize = 2000;

/// Loads a runbook. `name` is the file's name as the operator knows it; findings repeat it.
///
/// The id has to be the name of the file, unless that is `runbook.yaml`, as a run directory calls its copy.
pub fn load(name: &str, text: &[u8]) -> Result<Runbook, Vec<Finding>> {
    let refused = |kind, at: usize, message: String| {
        let readable = String::from_utf8_lossy(&text[..text.len().min(LARGEST)]);
        vec![finding(&Source::new(name, &readable), Raw::new(kind, at..at, message))]
    };
    if text.len() > LARGEST {
        let message = format!("the file has {} bytes; a runbook has at most {LARGEST}", text.len());
        return Err(refused(FindingKind::TooLarge, 0, message));
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        refused(FindingKind::NotUtf8, error.valid_up_to(), "the file is not UTF-8 text".to_owned())
    })?;
    load_text(&Source::new(name, text))
}

fn load_text(source: &Source<'_>) -> Result<Runbook, Vec<Finding>> {
    let (root, mut raw) = yaml::parse(source);
    let mut runbook = None;
    if let Some(root) = root {
        raw.extend(shape::check(&root, &RUNBOOK));
        let (names, found) = Names::of(&root);
        raw.extend(found);
        if names.steps.len() > MOST_STEPS {
            let message = format!("the runbook has {} steps; it may have {MOST_STEPS}", names.steps.len());
            raw.push(Raw::new(FindingKind::TooLarge, 0..0, message));
            return Err(in_order(source, raw));
        }
        let (flow, found) = Flow::of(&names);
        raw.extend(found);
        let mut loader = Loader::new(source, names, flow);
        runbook = Some(loader.runbook(&root));
        raw.extend(loader.findings);
    }
    match runbook {
        Some(runbook) if raw.is_empty() => Ok(runbook),
        _ => Err(in_order(source, raw)),
    }
}

/// Findings as they are shown: by place, each once.
fn in_order(source: &Source<'_>, raw: Vec<Raw>) -> Vec<Finding> {
    let mut raw = raw;
    if raw.is_empty() {
        raw.push(Raw::new(FindingKind::WrongType, 0..0, "the file is empty").expected("a map"));
    }
    raw.sort_by(|a, b| (a.at.start, a.kind, &a.message).cmp(&(b.at.start, b.kind, &b.message)));
    let mut seen = BTreeSet::new();
    raw.into_iter()
        .filter(|raw| seen.insert((raw.at.start, raw.kind, raw.message.clone())))
        .take(MOST_FINDINGS)
        .map(|raw| finding(source, raw))
        .collect()
}

fn finding(source: &Source<'_>, raw: Raw) -> Finding {
    let (line, column) = source.place(raw.at.start);
    let (source_line, left_out) = source.excerpt(line, column);
    Finding {
        kind: raw.kind,
        file: source.name.to_owned(),
        line,
        column,
        width: source.width(&raw.at),
        message: raw.message,
        expected: raw.expected,
        hint: raw.hint,
        source_line,
        left_out,
    }
}

fn digest(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        write!(hex, "{byte:02x}").expect("a string takes all that is written");
    }
    hex
}

/// A type that is being worked out, or has been.
enum Known {
    Busy,
    Type(Type),
}

/// What is known about a named condition.
struct ConditionFacts {
    /// Run values it takes, those of the conditions it uses included.
    roots: Vec<Root>,
    /// Reads whose number of rows decides what it means.
    lists: Vec<ListOf>,
    reads: BTreeSet<String>,
}

/// One loading. Every method that makes a part of the model also says what is wrong with it.
struct Loader<'t> {
    source: &'t Source<'t>,
    names: Names<'t>,
    flow: Flow,
    findings: Vec<Raw>,
    parameter_types: BTreeMap<&'t str, Type>,
    conditions: BTreeMap<&'t str, ConditionFacts>,
    read_types: BTreeMap<&'t str, Known>,
    /// Every run value that a read asks with.
    read_roots: BTreeMap<&'t str, Vec<Root>>,
    /// Step outputs that a read asks with, those of the reads it asks with included.
    read_needs: BTreeMap<&'t str, Vec<Root>>,
    output_types: BTreeMap<(StepId, String), Known>,
    item_types: BTreeMap<StepId, Known>,
}

impl<'t> Loader<'t> {
    fn new(source: &'t Source<'t>, names: Names<'t>, flow: Flow) -> Loader<'t> {
        Loader {
            source,
            names,
            flow,
            findings: Vec::new(),
            parameter_types: BTreeMap::new(),
            conditions: BTreeMap::new(),
            read_types: BTreeMap::new(),
            read_roots: BTreeMap::new(),
            read_needs: BTreeMap::new(),
            output_types: BTreeMap::new(),
            item_types: BTreeMap::new(),
        }
    }

    fn say(&mut self, raw: Raw) {
        self.findings.push(raw);
    }

    /// Works something out whose findings are said elsewhere.
    fn quietly<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let said = self.findings.len();
        let result = work(self);
        self.findings.truncate(said);
        result
    }
}

/// A text of a map; empty when there is none.
fn text(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::text).unwrap_or_default().to_owned()
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).is_some_and(|node| node.json() == true)
}

fn span(node: &Node, key: &str) -> Option<crate::ids::Span> {
    node.get(key)?.text()?.parse().ok()
}

fn count(node: &Node, key: &str) -> Option<u64> {
    node.get(key)?.json().as_u64()
}

fn list<'t>(node: &'t Node, key: &str) -> &'t [Node] {
    node.get(key).map(Node::list).unwrap_or_default()
}
