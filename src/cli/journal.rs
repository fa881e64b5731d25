//! `runs`, `verify` and `report`: what lies in journals.

use super::Ending;
use super::args::{Global, ReportFormat};
use super::connect::shelf;
use super::say;
use crate::ids::{At, Clock};
use crate::journal::{LocalDisk, Verdict};
use crate::report::{Journalled, Report, json as report_json, markdown, runs_json, runs_table};
use crate::runner::{RunClock, Stored, Trouble, exit};
use crate::text::clean;

/// Lists the runs of this machine, newest first.
pub fn runs(global: &Global, as_json: bool) -> Ending {
    let runs = shelf(global)?.list().map_err(Trouble::from)?;
    let stamp = RunClock::starting_after(At::default()).stamp();
    if as_json {
        say::line(format_args!("{:#}", runs_json(&runs, &stamp)));
    } else {
        say::block(runs_table(&runs, &stamp));
    }
    Ok(exit::OK)
}

fn now() -> At {
    RunClock::starting_after(At::default()).now()
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
    let report = Report::of(&journalled, now());
    say::block(match format {
        ReportFormat::Md => markdown(&report),
        ReportFormat::Json => report_json(&report),
    });
    // What is good was told; that it is not all there is stands beside it.
    stored.refused.map_or(Ok(exit::OK), Err)
}
