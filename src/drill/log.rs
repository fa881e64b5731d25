//! What changed a drill's world, line by line: enough to build it again after the console was killed.
//!
//! Not a journal: a line that was not written is a call that AWS forgot, so a whole drill is repeated rather than
//! judged on it.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cloud::{Call, Caller};
use super::scenario::{Foreign, Things};
use crate::ids::At;
use crate::world::Site;

/// The open log of a drill.
#[derive(Debug)]
pub struct CallLog(File);

/// One change.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    pub at: At,
    pub what: What,
}

#[derive(Clone, PartialEq, Debug)]
pub enum What {
    Call { by: Caller, site: Site, foreign: Foreign },
    Place(Things),
}

impl What {
    pub(super) fn of(call: &Call<'_>) -> What {
        let foreign = Foreign {
            service: call.service.to_owned(),
            operation: call.operation.to_owned(),
            parameters: call.parameters.clone(),
        };
        What::Call { by: call.by, site: call.site.clone(), foreign }
    }
}

/// A change as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line {
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<CallLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    place: Vec<(String, Value)>,
}

#[derive(Serialize, Deserialize)]
struct CallLine {
    own: bool,
    account: String,
    region: String,
    service: String,
    operation: String,
    parameters: Value,
}

impl CallLog {
    /// Opens the log of a drill for more lines.
    ///
    /// # Errors
    /// As the disk refuses.
    pub fn open(path: &Path) -> io::Result<CallLog> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        File::options().create(true).append(true).mode(0o600).open(path).map(CallLog)
    }

    /// What a log holds; a torn last line is a call that was never answered.
    ///
    /// # Errors
    /// As the disk refuses, and a line in the middle that is none.
    pub fn read(path: &Path) -> io::Result<Vec<Change>> {
        let text = std::fs::read_to_string(path)?;
        let lines: Vec<&str> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        lines.into_iter().map(|line| change(line).map_err(io::Error::other)).collect()
    }

    /// Appends; a drill goes on although its log cannot be written, but is not resumed then.
    pub(super) fn write(&mut self, change: &Change) {
        let line = match &change.what {
            What::Call { by, site, foreign } => json!({"at": change.at.0, "call": CallLine {
                own: *by == Caller::Console,
                account: site.account.clone(),
                region: site.region.clone(),
                service: foreign.service.clone(),
                operation: foreign.operation.clone(),
                parameters: foreign.parameters.clone(),
            }}),
            What::Place(things) => json!({"at": change.at.0, "place": things}),
        };
        if let Err(error) = writeln!(self.0, "{line}") {
            tracing::warn!(%error, "the log of the drill could not be written");
        }
    }
}

fn change(line: &str) -> serde_json::Result<Change> {
    let line: Line = serde_json::from_str(line)?;
    let what = match line.call {
        Some(call) => What::Call {
            by: if call.own { Caller::Console } else { Caller::Other },
            site: Site { account: call.account, region: call.region },
            foreign: Foreign {
                service: call.service,
                operation: call.operation,
                parameters: call.parameters,
            },
        },
        None => What::Place(line.place),
    };
    Ok(Change { at: At(line.at), what })
}
