//! What is not AWS: connections, and the inputs of `exec`, `sql`, `http`, `file`, `terraform.*` and `runbook`.

use std::sync::LazyLock;

use regex::Regex;

use super::super::finding::FindingKind;
use super::super::model::Connection;
use super::super::tree::{Node, Raw};
use super::expressions::View;
use super::scope::{Here, Spot};
use super::{Loader, text};
use crate::catalogue::{Effect, did_you_mean};
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
        self.via(kind, inputs);
        if let Some(until) = inputs.get("next_page").and_then(|page| page.get("until")) {
            self.condition(until, View::Answer(answer), here);
        }
        if kind == "terraform.apply" {
            self.planned(inputs, here);
        }
        self.tree(inputs, here)
    }

    fn via(&mut self, kind: &str, inputs: &Node) {
        let Some((node, name)) = inputs.get("via").and_then(|via| Some((via, via.text()?))) else { return };
        let Some(connection) = self.names.connections.get(name).copied() else {
            let hint = did_you_mean(name, self.names.connections.keys().copied());
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

/// What something foreign does to the world; what is not known to read, changes.
pub(super) fn effect(kind: &str, inputs: &Node) -> Effect {
    let reads = match kind {
        "terraform.plan" | "runbook" => true,
        "http" => matches!(inputs.get("method").and_then(Node::text), Some("GET" | "HEAD")),
        "sql" => only_reads(&text(inputs, "text")),
        "exec" => {
            let argv: Vec<_> =
                inputs.get("argv").map(Node::list).unwrap_or_default().iter().map(Node::text).collect();
            reads_only(&argv)
        }
        _ => false,
    };
    if reads { Effect::Read } else { Effect::Mutate }
}

/// Whether a command is one of the few that are known to read.
fn reads_only(argv: &[Option<&str>]) -> bool {
    let [Some(program), rest @ ..] = argv else { return false };
    // The verb comes first: behind an option it could be that option's value.
    let words: Vec<&str> = rest.iter().map_while(|word| word.filter(|word| !word.starts_with('-'))).collect();
    match (*program, words.as_slice()) {
        ("aws", [_, operation, ..]) => {
            ["describe-", "list-", "get-caller-identity"].iter().any(|verb| operation.starts_with(verb))
        }
        ("kubectl", [verb, ..]) => matches!(*verb, "get" | "describe" | "logs" | "version" | "top"),
        ("helm", [verb, ..]) => matches!(*verb, "list" | "status" | "get" | "history" | "version"),
        ("terraform", [verb, rest @ ..]) => match *verb {
            "show" | "output" | "version" | "validate" => true,
            "state" => matches!(rest.first(), Some(&("list" | "show"))),
            "workspace" => matches!(rest.first(), Some(&("show" | "list"))),
            _ => false,
        },
        ("grep" | "cat" | "head" | "tail" | "wc" | "true" | "false", _) => true,
        _ => false,
    }
}

/// Functions that a statement may call and still only read.
const SQL_READS: &[&str] = &[
    "count",
    "max",
    "min",
    "sum",
    "avg",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "now",
    "age",
    "extract",
    "date_trunc",
    "to_char",
    "lower",
    "upper",
    "length",
    "trim",
    "substring",
    "round",
    "abs",
    "concat",
    "array_agg",
    "string_agg",
    "json_agg",
    "row_number",
    "in",
    "exists",
    "any",
    "all",
    "values",
    "and",
    "or",
    "not",
    "from",
    "where",
    "over",
    "as",
    "on",
    "using",
    "current_setting",
    "version",
    "pg_is_in_recovery",
    "pg_backend_pid",
    "pg_database_size",
    "pg_size_pretty",
    "inet_server_addr",
    "cast",
    "interval",
    "filter",
];

/// Whether a statement is one query without functions that could change something.
fn only_reads(text: &str) -> bool {
    static CALL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(").expect("a valid pattern"));
    let lower = text.trim().trim_end_matches(';').to_ascii_lowercase();
    let query = ["select ", "show ", "values ", "table "].iter().any(|word| lower.starts_with(word));
    let one =
        !lower.contains(';') && ![" into ", " for update", " for share"].iter().any(|w| lower.contains(w));
    query && one && CALL.captures_iter(&lower).all(|call| SQL_READS.contains(&&call[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_calls_something_unknown_changes() {
        assert!(only_reads("SELECT count(*), max(updated_at) FROM granules WHERE (a = 1)"));
        assert!(only_reads("show server_version;"));
        for text in [
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
            "SELECT 1; DELETE FROM x",
            "WITH x AS (DELETE FROM y RETURNING *) SELECT * FROM x",
            "SELECT * INTO y FROM x",
            "ALTER DATABASE x CONNECTION LIMIT 0",
        ] {
            assert!(!only_reads(text), "{text}");
        }
    }

    #[test]
    fn an_unknown_command_changes() {
        let reads = |argv: &[&str]| reads_only(&argv.iter().map(|word| Some(*word)).collect::<Vec<_>>());
        assert!(reads(&["aws", "stepfunctions", "list-executions"]));
        assert!(reads(&["kubectl", "get", "pods", "-n", "x"]));
        assert!(!reads(&["kubectl", "-n", "get", "delete", "pod"]));
        assert!(!reads(&["aws", "s3", "rm"]));
        assert!(!reads(&["terraform", "apply"]));
        assert!(!reads(&["sh", "-c", "true"]));
        assert!(!reads(&[]));
    }
}
