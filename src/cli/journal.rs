//! `runs`, `verify` and `report`: what lies in journals.

use serde_json::json;

use super::Ending;
use super::args::{Global, ReportFormat};
use super::connect::shelf;
use super::say;
use crate::journal::{LocalDisk, Summary, Verdict};
use crate::report::{Journalled, Report, json as report_json, markdown};
use crate::runner::{RunClock, Stored, Trouble, endpoint_words, exit};
use crate::text::clean;

/// Lists the runs of this machine, newest first.
pub fn runs(global: &Global, as_json: bool) -> Ending {
    let runs = shelf(global)?.list().map_err(Trouble::from)?;
    let rows = runs.iter().map(|shelved| match &shelved.found {
        Ok(s) => json!({"run": shelved.run.0, "runbook": s.header.runbook.id, "started": s.header.started.rfc3339(),
            "state": state(s), "last": s.last.wall.rfc3339(),
            "endpoint": endpoint_words(&s.header.endpoint),
            "place": s.header.places.first().map(ToString::to_string)}),
        Err(e) => json!({"run": shelved.run.0, "state": "unreadable", "error": e.to_string()}),
    });
    let rows: Vec<_> = rows.collect();
    if as_json {
        say::line(format_args!("{:#}", json!({"schema_version": 1, "runs": rows})));
        return Ok(exit::OK);
    }
    for row in &rows {
        let text = |name: &str| clean(row[name].as_str().unwrap_or("-")).into_owned();
        let line =
            [text("run"), text("state"), text("started"), text("runbook"), text("place"), text("endpoint")];
        say::line(format_args!("{}", line.join("  ")));
    }
    if rows.is_empty() {
        say::line(format_args!("there are no runs here yet"));
    }
    Ok(exit::OK)
}

fn state(summary: &Summary) -> &'static str {
    match (summary.ended, summary.began) {
        (true, _) => "ended",
        (false, true) => "unfinished",
        (false, false) => "never_began",
    }
}

/// Checks every line of a journal.
pub fn verify(global: &Global, name: &str) -> Ending {
    let shelf = shelf(global)?;
    let id = shelf.find(name).map_err(Trouble::from)?;
    let dir = shelf.dir(&id).map_err(Trouble::from)?;
    let verdict = crate::journal::verify(&LocalDisk, &dir).map_err(Trouble::from)?;
    let (words, code) = match verdict {
        Verdict::Intact { records, head } => {
            (format!("intact, {records} records, head {}", head.short()), exit::OK)
        }
        Verdict::Torn { records, byte, bytes, .. } => (
            format!(
                "{records} records; the last append did not finish: {bytes} bytes from byte {byte}, cut at resume"
            ),
            exit::FAILED,
        ),
        Verdict::Damaged { line, byte, why } => {
            (format!("damaged in line {line}, byte {byte}: {why}"), exit::FAILED)
        }
        Verdict::Newer { line, what, .. } => {
            (format!("line {line} is of a newer ripcord: {what}"), exit::FAILED)
        }
    };
    say::line(format_args!("{id}: {}", clean(&words)));
    Ok(code)
}

/// Writes what happened, from the journal alone.
pub fn report(global: &Global, name: &str, format: ReportFormat) -> Ending {
    let shelf = shelf(global)?;
    let id = shelf.find(name).map_err(Trouble::from)?;
    let stored = Stored::read(&shelf, &id)?;
    let journalled = Journalled {
        header: &stored.header,
        book: &stored.book,
        facts: stored.decisions.iter().flat_map(|d| &d.facts).collect(),
        head: &stored.head,
    };
    let report =
        Report::of(&journalled, crate::ids::Clock::now(&RunClock::starting_after(crate::ids::At::default())));
    say::block(match format {
        ReportFormat::Md => markdown(&report),
        ReportFormat::Json => report_json(&report),
    });
    Ok(exit::OK)
}
