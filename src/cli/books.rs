//! Where runbooks are found: a path, or an id in --runbooks, ./runbooks, the user's data directory, the
//! embedded set, in this order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Global;
use crate::runbook::{self, Finding, Runbook};
use crate::runner::{Trouble, exit};
use crate::text::clean;

/// One runbook that was found.
pub struct Found {
    /// File name, or `embedded`.
    pub from: String,
    pub source: Vec<u8>,
}

/// Largest runbook that is read (DESIGN §3).
const LARGEST: u64 = 1024 * 1024;

/// Loads a runbook by path or id.
pub fn load(global: &Global, name: &str) -> Result<Arc<Runbook>, Trouble> {
    let found = find(global, name)?;
    let book = runbook::load(&found.from, &found.source).map_err(|findings| findings_trouble(&findings))?;
    Ok(Arc::new(book))
}

/// The findings of one file as an error, each with its place.
pub fn findings_trouble(findings: &[Finding]) -> Trouble {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Trouble::new(
        exit::ATTENTION,
        format!("the runbook has findings\n{}", lines.join("\n")),
        "it is not started, planned or shown until they are mended",
        "mend them and look again with `ripcord validate`",
    )
}

fn find(global: &Global, name: &str) -> Result<Found, Trouble> {
    let path = Path::new(name);
    if path.extension().is_some() || name.contains('/') {
        return read(path);
    }
    let in_dirs = dirs(global).into_iter().map(|d| d.join(format!("{name}.yaml"))).find(|p| p.is_file());
    if let Some(path) = in_dirs {
        return read(&path);
    }
    let file = format!("{name}.yaml");
    let embedded = runbook::embedded().iter().find(|(n, _)| *n == file);
    match embedded {
        Some((_, text)) => Ok(Found { from: format!("{file} (embedded)"), source: text.as_bytes().to_vec() }),
        None => Err(unknown(global, name)),
    }
}

fn unknown(global: &Global, name: &str) -> Trouble {
    let ids: Vec<String> = all(global).into_iter().map(|(id, _)| id).collect();
    let hint = crate::catalogue::did_you_mean(name, ids.iter().map(String::as_str));
    let hint =
        hint.map_or_else(|| "`ripcord list` shows what there is".into(), |h| format!("did you mean `{h}`?"));
    Trouble::new(
        exit::USAGE,
        format!("there is no runbook `{}`", clean(name)),
        "nothing was read or started",
        hint,
    )
}

/// Reads a runbook file, up to the size limit.
pub fn read(path: &Path) -> Result<Found, Trouble> {
    let shown = path.display().to_string();
    let wrong = |why: String| {
        let what = format!("{}: {why}", clean(&shown));
        Trouble::new(exit::USAGE, what, "the runbook was not read", "check the path and its permissions")
    };
    let size = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
    if size > LARGEST {
        return Err(wrong(format!("it has {size} bytes, a runbook at most {LARGEST}")));
    }
    let source = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    Ok(Found { from: shown, source })
}

pub fn dirs(global: &Global) -> Vec<PathBuf> {
    let mut dirs = global.runbooks.clone();
    dirs.push(PathBuf::from("runbooks"));
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    dirs.extend(data.map(|d| d.join("ripcord/runbooks")));
    dirs
}

/// Every id that can be found, with where it is found first.
pub fn all(global: &Global) -> Vec<(String, Found)> {
    let mut out: Vec<(String, Found)> = Vec::new();
    for dir in dirs(global) {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
            let id = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            if let Ok(found) = read(path)
                && !out.iter().any(|(other, _)| *other == id)
            {
                out.push((id, found));
            }
        }
    }
    for (file, text) in runbook::embedded() {
        let id = file.trim_end_matches(".yaml").to_owned();
        if !out.iter().any(|(other, _)| *other == id) {
            out.push((id, Found { from: format!("{file} (embedded)"), source: text.as_bytes().to_vec() }));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}
