//! The list of runs on this machine: `ripcord runs`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::model::Utc;
use crate::ids::At;
use crate::journal::{EndpointKind, JournalError, Shelved, Stamp, Summary};
use crate::run::Fact;
use crate::runner::{Decision, endpoint_words};
use crate::text::{clean, fit};

/// Widest cell of a table; the JSON has everything.
const WIDEST: usize = 40;

/// The runs as a table for people, newest first, as they come. All times are of the wall; `now` is for
/// ages.
pub fn runs_table(runs: &[Shelved], now: &Stamp) -> String {
    if runs.is_empty() {
        return "There are no runs on this machine.\n".to_owned();
    }
    let titles = ["RUN", "RUNBOOK", "PLACE", "STATE", "STARTED", "LAST ACTIVITY"].map(str::to_owned);
    let rows: Vec<[String; 6]> =
        std::iter::once(titles).chain(runs.iter().map(|run| row(run, now))).collect();
    let widths: Vec<usize> =
        (0..6).map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            write!(line, "{cell}{}", " ".repeat(width - cell.width() + 2)).ok();
        }
        writeln!(out, "{}", line.trim_end()).ok();
    }
    out
}

fn row(shelved: &Shelved, now: &Stamp) -> [String; 6] {
    let run = cell(&shelved.run.0);
    match &shelved.found {
        Ok(found) => {
            let header = &found.header;
            let age = found.heard_at(now).map_or_else(
                || "before this machine started".to_owned(),
                |at| format!("{} ago", now.wall.since(at).human()),
            );
            let started = Utc(header.began_at()).to_string();
            [run, cell(&header.runbook.id), cell(&places(found)), state(found).to_owned(), started, age]
        }
        Err(error) => {
            let why = cell(&error.to_string());
            [run, why, String::new(), "unreadable".to_owned(), String::new(), String::new()]
        }
    }
}

fn cell(text: &str) -> String {
    fit(&clean(text), WIDEST)
}

/// The runs as JSON: `{schema_version, runs: […]}`. `started` and `last` are of the wall, `drill` holds them in the
/// drill's own time.
pub fn runs_json(runs: &[Shelved], now: &Stamp) -> Value {
    let rows = runs.iter().map(|shelved| match &shelved.found {
        Ok(found) => readable(shelved, found, now),
        Err(error) => unreadable(shelved, error),
    });
    json!({"schema_version": 1, "runs": rows.collect::<Vec<Value>>()})
}

fn readable(shelved: &Shelved, found: &Summary, now: &Stamp) -> Value {
    let header = &found.header;
    let drill = matches!(header.endpoint, EndpointKind::Drill { .. });
    json!({
        "run": clean(&shelved.run.0),
        "runbook": clean(&header.runbook.id),
        "title": clean(&header.runbook.title),
        "version": clean(&header.runbook.version),
        "places": header.places.iter().map(|p| {
            json!({"target": clean(&p.target), "account": clean(&p.account), "region": clean(&p.region)})
        }).collect::<Vec<_>>(),
        "place": header.places.first().map(|p| clean(&p.to_string()).into_owned()),
        "endpoint": clean(&endpoint_words(&header.endpoint)),
        "operator": clean(&header.operator),
        "state": state(found),
        "ended": found.ended,
        "ragged": found.ragged,
        "started": header.began_at().rfc3339(),
        "last": found.heard_at(now).map(At::rfc3339),
        "drill": drill.then(|| json!({"started": header.started.rfc3339(), "last": found.last.wall.rfc3339()})),
        "resources": header.resources.iter().map(|r| clean(r)).collect::<Vec<_>>(),
    })
}

fn unreadable(shelved: &Shelved, error: &JournalError) -> Value {
    json!({
        "run": clean(&shelved.run.0),
        "state": "unreadable",
        "error": clean(&error.to_string()),
        "meaning": error.meaning(),
        "hint": error.hint(),
    })
}

/// What the end of a journal tells: how it ended, where its last record says so.
fn state(found: &Summary) -> &'static str {
    if !found.began {
        return "never_began";
    }
    if !found.ended {
        return "unfinished";
    }
    let last = found.last.read::<Decision>();
    let finished = last.iter().flat_map(|decision| &decision.facts).find_map(|fact| match fact {
        Fact::Finished { state, .. } => Some(state.word()),
        _ => None,
    });
    finished.unwrap_or("ended")
}

fn places(found: &Summary) -> String {
    let places: Vec<String> = found.header.places.iter().map(ToString::to_string).collect();
    let drill = matches!(found.header.endpoint, EndpointKind::Drill { .. });
    if drill { format!("DRILL {}", places.join(", ")) } else { places.join(", ") }
}
