//! What is not AWS: connections, and the inputs of `exec`, `sql`, `http`, `file`, `terraform.*` and `runbook`.

use super::super::finding::{FindingKind, near};
use super::super::model::Connection;
use super::super::tree::{Node, Raw};
use super::Loader;
use super::expressions::View;
use super::reads::templates;
use super::scope::{Here, Spot};
use crate::expr::{Tree, Type};

/// Actions whose performers are not AWS.
pub(super) const KINDS: &[&str] = &[
    "exec",
    "sql",
    "http",
    "terraform.init",
    "terraform.plan",
    "terraform.apply",
    "terraform.state",
    "runbook",
];

/// The kinds of connections, as their keys.
const CONNECTIONS: [&str; 5] = ["postgres", "http", "terraform", "kubectl", "cli"];

impl<'t> Loader<'t> {
    pub(super) fn connections(&mut self, root: &'t Node) -> Vec<Connection> {
        let entries = root.get("connections").map(Node::map).unwrap_or_default();
        entries.iter().map(|entry| self.connection(&entry.key, &entry.value)).collect()
    }

    fn connection(&mut self, name: &str, node: &Node) -> Connection {
        let here = Here::at(Spot::Read);
        if let Some(identity) = node.get("identity") {
            let kind = ["sql", "http", "exec"].into_iter().find(|kind| identity.entry(kind).is_some());
            let answer = kind.map_or(Type::Any, |kind| match identity.get(kind) {
                Some(inputs) => Self::foreign_answer(kind, inputs),
                None => Type::Any,
            });
            if let Some(check) = identity.get("check") {
                self.condition(check, View::Answer(&answer), &here);
            }
        }
        Connection { name: name.to_owned(), kind: kind_of(node).to_owned(), inputs: self.tree(node, &here) }
    }

    /// The inputs of something foreign: its connection exists and is of the right kind, its templates fit.
    pub(super) fn foreign_inputs(&mut self, kind: &str, inputs: &Node, answer: &Type, here: &Here) -> Tree {
        self.via(kind, inputs, here);
        if let Some(until) = inputs.get("next_page").and_then(|page| page.get("until")) {
            self.condition(until, View::Answer(answer), here);
        }
        if kind == "terraform.apply" {
            self.planned(inputs, here);
        }
        self.tree(inputs, here)
    }

    fn via(&mut self, kind: &str, inputs: &Node, here: &Here) {
        let Some((node, name)) = inputs.get("via").and_then(|via| Some((via, via.text()?))) else { return };
        let Some(connection) = self.names.connections.get(name).copied() else {
            let hint = near(name, self.names.connections.keys().copied());
            let message = format!("there is no connection `{name}`");
            let raw = Raw::new(FindingKind::UnknownConnection, node.at.clone(), message);
            return self.say(raw.maybe(hint.map(|name| format!("did you mean `{name}`?"))));
        };
        let is = kind_of(connection);
        let fits = match kind {
            "sql" => is == "postgres",
            "http" => is == "http",
            "exec" => !matches!(is, "postgres" | "http"),
            _ => is == "terraform",
        };
        if !fits && !is.is_empty() {
            let message = format!("connection `{name}` is of kind {is}; {kind} cannot use it");
            self.say(Raw::new(FindingKind::UnknownConnection, node.at.clone(), message));
        }
        self.connectable(connection, node, here);
    }

    /// What a connection is made with has to be known where it is used.
    fn connectable(&mut self, connection: &Node, via: &Node, here: &Here) {
        let mut roots = Vec::new();
        templates(connection, &mut roots);
        for root in roots {
            match root.path.as_slice() {
                [reads, name] if reads == "reads" => self.say_not_ready(name, here, via.at.clone()),
                [name, ..] => {
                    if let Some(step) = self.names.by_name.get(name.as_str()).copied() {
                        self.say_unavailable(step, here, via.at.clone());
                    }
                }
                [] => {}
            }
        }
    }

    /// The plan that is applied is that of an earlier step.
    fn planned(&mut self, inputs: &Node, here: &Here) {
        let Some(node) = inputs.get("plan") else { return };
        let Some(step) = self.known_step(node) else { return };
        let action = self.names.steps[step].node.get("action").and_then(Node::text);
        if action == Some("terraform.plan") {
            self.say_unavailable(step, here, node.at.clone());
        } else {
            let message = format!("step `{}` is not a terraform.plan", self.names.steps[step].name);
            self.say(Raw::new(FindingKind::UnknownStep, node.at.clone(), message));
        }
    }

    /// The answer of something foreign.
    pub(super) fn foreign_answer(kind: &str, inputs: &Node) -> Type {
        let map = |of: Type| Type::Map(Box::new(of));
        match kind {
            "sql" => Type::object([("rows", Type::list(map(Type::Any))), ("count", Type::Integer)]),
            "http" => {
                Type::object([("status", Type::Integer), ("headers", map(Type::Text)), ("body", Type::Any)])
            }
            "exec" | "file" => {
                let (name, of) = match inputs.get("parse").and_then(Node::text) {
                    Some("json") => ("json", Type::Any),
                    Some("lines") => ("lines", Type::list(Type::Text)),
                    _ => ("text", Type::Text),
                };
                Type::object([("exit", Type::Integer), (name, of)])
            }
            _ => Type::Any,
        }
    }
}

fn kind_of(connection: &Node) -> &'static str {
    CONNECTIONS.into_iter().find(|kind| connection.entry(kind).is_some()).unwrap_or_default()
}
