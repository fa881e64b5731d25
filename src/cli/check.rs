//! `validate` and `schema`.

use std::path::PathBuf;

use serde_json::json;

use super::args::Global;
use super::{Ending, books, say, scenarios};
use crate::runbook::{self, Finding};
use crate::runner::{Trouble, exit};

/// Checks runbooks and scenarios of drills; every finding of every file is shown. Exit 3 when there is one.
pub fn validate(global: &Global, paths: &[PathBuf], as_json: bool) -> Ending {
    let mut all = Vec::new();
    for path in paths {
        let found = books::read(path)?;
        let checked = match scenarios::runbook_of(&found.source) {
            Some(book) => scenario(global, &book, &found)?,
            None => runbook::load(&found.from, &found.source).map(drop),
        };
        if let Err(findings) = checked {
            all.extend(findings);
        } else if !as_json {
            say::line(format_args!("{}: ok", crate::text::clean(&found.from)));
        }
    }
    if as_json {
        let out = json!({"schema_version": 1, "files": paths.len(), "findings": all});
        say::line(format_args!("{out:#}"));
    } else {
        for finding in &all {
            say::line(format_args!("{finding}"));
        }
        if !all.is_empty() {
            say::line(format_args!("{} findings in {} files", all.len(), paths.len()));
        }
    }
    Ok(if all.is_empty() { exit::OK } else { exit::ATTENTION })
}

/// A scenario is checked against the runbook it names.
fn scenario(global: &Global, book: &str, found: &books::Found) -> Result<Result<(), Vec<Finding>>, Trouble> {
    let book = books::load(global, book)?;
    Ok(scenarios::check(global, &book, found))
}

/// Prints the JSON Schema.
pub fn schema() -> u8 {
    say::line(format_args!("{:#}", runbook::schema()));
    exit::OK
}
