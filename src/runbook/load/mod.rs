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
use super::finding::{Finding, FindingKind};
use super::form::Form;
use super::keys::RUNBOOK;
use super::model::Runbook;
use super::source::Source;
use super::tree::{Node, Raw};
use crate::expr::{Root, Type};

/// Most steps a runbook may have, nested ones and those of undos included.
const MOST_STEPS: usize = 2000;

/// Loads a runbook. `name` is the file's name as the operator knows it; findings repeat it.
///
/// The id has to be the name of the file, unless that is `runbook.yaml`, as a run directory calls its copy.
pub fn load(name: &str, text: &[u8]) -> Result<Runbook, Vec<Finding>> {
    let mut form = Form::read(name, text, "a runbook", &RUNBOOK)?;
    let Some(root) = form.root.take() else { return form.end(None) };
    let (names, found) = Names::of(&root);
    form.findings.extend(found);
    if names.steps.len() > MOST_STEPS {
        let message = format!("the runbook has {} steps; it may have {MOST_STEPS}", names.steps.len());
        form.say(Raw::new(FindingKind::TooLarge, 0..0, message));
        return form.end(None);
    }
    let (flow, found) = Flow::of(&names);
    form.findings.extend(found);
    let mut loader = Loader::new(&form.source, names, flow);
    let runbook = loader.runbook(&root);
    let found = loader.findings;
    form.findings.extend(found);
    form.end(Some(runbook))
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
