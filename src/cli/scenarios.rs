//! Where scenarios are found: a path, or an id in `drills/RUNBOOK/` of the folders of runbooks, then the embedded set.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::args::Global;
use super::books;
use crate::drill::{Scenario, embedded, load};
use crate::runbook::{Finding, Runbook};
use crate::runner::{Trouble, exit};
use crate::text::clean;

/// A scenario and the texts it came from: what it is based on first, its own last.
pub struct Found {
    pub scenario: Scenario,
    pub texts: Vec<(String, String)>,
}

/// Deepest chain of scenarios that are based on each other.
const DEEPEST: usize = 4;

/// Loads a scenario of a runbook by path or id.
pub fn find(global: &Global, book: &Runbook, name: &str) -> Result<Found, Trouble> {
    let path = Path::new(name);
    if path.extension().is_some() || name.contains('/') {
        let found = books::read(path)?;
        let folder = path.parent().map(Path::to_path_buf);
        return loaded(book, &found.from, &text_of(&found.source), &|id| {
            text(global, book, folder.as_ref(), id)
        });
    }
    match text(global, book, None, name) {
        Some((from, source)) => loaded(book, &from, &source, &|id| text(global, book, None, id)),
        None => Err(unknown(global, book, name)),
    }
}

/// Everything wrong with a scenario file.
pub fn check(global: &Global, book: &Runbook, found: &books::Found) -> Result<(), Vec<Finding>> {
    let folder = Path::new(&found.from).parent().map(Path::to_path_buf);
    let texts = RefCell::new(Vec::new());
    let text = |id: &str| text(global, book, folder.as_ref(), id);
    deep(book, &found.from, &text_of(&found.source), &text, &texts, 0).map(drop)
}

/// The runbook that a file names as the one it is a scenario of; none for a runbook.
pub fn runbook_of(source: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(source).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("runbook:"))?;
    Some(line.trim().trim_matches(['"', '\'']).to_owned())
}

/// Loads a scenario that was kept with its drill.
pub fn kept(book: &Runbook, texts: &[(String, String)]) -> Result<Found, Trouble> {
    let of = |id: &str| {
        texts.iter().find(|(other, _)| other == id).map(|(id, text)| (format!("{id}.yaml"), text.clone()))
    };
    let (id, own) = texts.last().ok_or_else(|| Trouble::usage("the scenario of this drill was not kept"))?;
    loaded(book, &format!("{id}.yaml"), own, &of)
}

/// Ids of every scenario of a runbook, those of folders first.
pub fn ids(global: &Global, runbook: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for dir in books::dirs(global) {
        let files = std::fs::read_dir(dir.join("drills").join(runbook)).into_iter().flatten().flatten();
        let yaml = files.map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "yaml"));
        ids.extend(yaml.filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned())));
    }
    ids.extend(embedded().iter().filter(|(book, ..)| *book == runbook).map(|(_, id, _)| (*id).to_owned()));
    ids.sort();
    ids.dedup();
    ids
}

type Text = (String, String);

/// Name and text of a scenario by id.
fn text(global: &Global, book: &Runbook, folder: Option<&PathBuf>, id: &str) -> Option<Text> {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let folders = books::dirs(global).into_iter().map(|dir| dir.join("drills").join(&book.id));
    let path = folder.cloned().into_iter().chain(folders).map(|d| d.join(format!("{id}.yaml")));
    if let Some(path) = path.filter(|_| plain).find(|p| p.is_file()) {
        let found = books::read(&path).ok()?;
        return Some((found.from, text_of(&found.source)));
    }
    let known = embedded().iter().find(|(runbook, other, _)| *runbook == book.id && *other == id);
    known.map(|(_, _, text)| (format!("{id}.yaml (embedded)"), (*text).to_owned()))
}

fn text_of(source: &[u8]) -> String {
    // The loader refuses what is no text; here it only travels.
    String::from_utf8_lossy(source).into_owned()
}

fn loaded(
    book: &Runbook,
    from: &str,
    source: &str,
    text: &dyn Fn(&str) -> Option<Text>,
) -> Result<Found, Trouble> {
    let texts = RefCell::new(Vec::new());
    let scenario = deep(book, from, source, text, &texts, 0).map_err(|findings| refused(&findings))?;
    let mut texts = texts.into_inner();
    texts.push((scenario.id.clone(), source.to_owned()));
    Ok(Found { scenario, texts })
}

fn deep(
    book: &Runbook,
    from: &str,
    source: &str,
    text: &dyn Fn(&str) -> Option<Text>,
    texts: &RefCell<Vec<Text>>,
    depth: usize,
) -> Result<Scenario, Vec<Finding>> {
    load(from, source.as_bytes(), book, &|id| {
        let (from, source) = text(id).filter(|_| depth < DEEPEST)?;
        let base = deep(book, &from, &source, text, texts, depth + 1).ok()?;
        texts.borrow_mut().push((id.to_owned(), source));
        Some(base)
    })
}

fn refused(findings: &[Finding]) -> Trouble {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Trouble::new(
        exit::ATTENTION,
        format!("the scenario has findings\n{}", lines.join("\n")),
        "it is not drilled until they are mended",
        "mend them and try again",
    )
}

fn unknown(global: &Global, book: &Runbook, name: &str) -> Trouble {
    let ids = ids(global, &book.id);
    let hint = crate::catalogue::did_you_mean(name, ids.iter().map(String::as_str));
    Trouble::new(
        exit::USAGE,
        format!("there is no scenario `{}` of {}", clean(name), book.id),
        "nothing was started",
        hint.map_or_else(
            || "`ripcord drill list` shows what there is".into(),
            |h| format!("did you mean `{h}`?"),
        ),
    )
}
