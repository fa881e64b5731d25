//! `validate` and `schema`.

use std::path::PathBuf;

use serde_json::json;

use super::{Ending, books, say};
use crate::runbook;
use crate::runner::exit;

/// Checks files; every finding of every file is shown. Exit 3 when there is one.
pub fn validate(paths: &[PathBuf], as_json: bool) -> Ending {
    let mut all = Vec::new();
    for path in paths {
        let found = books::read(path)?;
        if let Err(findings) = runbook::load(&found.from, &found.source) {
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

/// Prints the JSON Schema.
pub fn schema() -> u8 {
    say::line(format_args!("{:#}", runbook::schema()));
    exit::OK
}
