//! What is not AWS: where it stands in a runbook, and what commands, statements and requests do to the world.
//! What is not known to read, changes.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::model::{
    Action, Assert, CheckKind, Offer, Prompt, Read, ReadRef, Runbook, Source, Step, Undo, Wait,
};
use crate::catalogue::Effect;

impl Runbook {
    /// What this version checks and shows but does not execute, by name: every read and step that is not AWS.
    pub fn foreign(&self) -> Vec<String> {
        let mut found = Vec::new();
        for read in &self.reads {
            note(read, &format!("read `{}`", read.name), &mut found);
        }
        for check in &self.preflight {
            let reads: Vec<&ReadRef> = match &check.kind {
                CheckKind::Holds { read, .. } => read.iter().collect(),
                CheckKind::Errors(reads) => reads.iter().map(|(read, _)| read).collect(),
            };
            for read in reads {
                note_ref(read, &format!("read of check `{}`", check.name), &mut found);
            }
        }
        foreign_steps(&self.steps, &mut found);
        found
    }
}

fn note(read: &Read, what: &str, found: &mut Vec<String>) {
    if let Source::Foreign { kind, .. } = &read.from {
        found.push(format!("{what} ({kind})"));
    }
}

/// A named read has been noted by its name.
fn note_ref(read: &ReadRef, what: &str, found: &mut Vec<String>) {
    if let ReadRef::Inline(read) = read {
        note(read, what, found);
    }
}

fn foreign_steps(steps: &[Step], found: &mut Vec<String>) {
    for step in steps {
        if let Action::Foreign { kind, .. } = &step.action {
            found.push(format!("step `{}` ({kind})", step.name));
        }
        foreign_reads(step, found);
        foreign_steps(&step.steps, found);
        if let Undo::Steps { steps, .. } = &step.undo {
            foreign_steps(steps, found);
        }
    }
}

/// The reads that a step has in place.
fn foreign_reads(step: &Step, found: &mut Vec<String>) {
    let name = &step.name;
    let own = format!("read of step `{name}`");
    match &step.action {
        Action::Wait(Wait { read: Some(read), .. }) | Action::Assert(Assert { read: Some(read), .. }) => {
            note(read, &own, found);
        }
        Action::Prompt(Prompt { offer: Offer::Rows(rows), .. }) => note_ref(&rows.read, &own, found),
        _ => {}
    }
    for (capture, read) in &step.capture {
        note_ref(read, &format!("capture `{capture}` of step `{name}`"), found);
    }
    if let Some(probe) = &step.probe {
        note_ref(&probe.read, &format!("probe of step `{name}`"), found);
    }
    if let Some(verify) = &step.verify {
        note_ref(&verify.read, &format!("verify of step `{name}`"), found);
    }
}

/// What something foreign does to the world; what is not known to read, changes.
pub(super) fn effect(kind: &str, inputs: &Value) -> Effect {
    let reads = match kind {
        "terraform.plan" | "runbook" => true,
        "http" => matches!(inputs["method"].as_str(), Some("GET" | "HEAD")),
        "sql" => only_reads(inputs["text"].as_str().unwrap_or_default()),
        "exec" => {
            let argv: Vec<_> = inputs["argv"].as_array().into_iter().flatten().map(Value::as_str).collect();
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
