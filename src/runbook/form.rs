//! A checked file of keys and values: what runbooks, scenarios and whatever comes later share.
//!
//! Text becomes a tree, the tree is held against a table of keys, and findings are collected until the end. What
//! the values mean is the business of whoever reads the file.

use std::collections::BTreeSet;

use super::finding::{Finding, FindingKind, MOST_FINDINGS};
use super::source::Source;
use super::{shape, yaml};

pub(crate) use super::finding::near;
pub(crate) use super::keys::{Rule, Table, Want, key, must, table};
pub(crate) use super::tree::{Node, Raw};

/// Largest file, in bytes.
pub(crate) const LARGEST: usize = 1 << 20;

/// A file that is being read.
pub(crate) struct Form<'t> {
    pub source: Source<'t>,
    /// None where the text is no YAML.
    pub root: Option<Node>,
    pub findings: Vec<Raw>,
}

impl<'t> Form<'t> {
    /// Reads a file of `what` (`a runbook`) and holds it against its keys. `name` is the file's name as the operator
    /// knows it; findings repeat it.
    ///
    /// # Errors
    /// A file that is too large or no text at all.
    pub(crate) fn read(
        name: &'t str,
        text: &'t [u8],
        what: &str,
        keys: &'static Table,
    ) -> Result<Form<'t>, Vec<Finding>> {
        let source = Source::new(name, readable(name, text, what)?);
        let (root, mut findings) = yaml::parse(&source);
        if let Some(root) = &root {
            findings.extend(shape::check(root, keys));
        }
        Ok(Form { source, root, findings })
    }

    pub(crate) fn say(&mut self, raw: Raw) {
        self.findings.push(raw);
    }

    /// What was read, unless something is wrong with it.
    ///
    /// # Errors
    /// Everything that is.
    pub(crate) fn end<T>(self, read: Option<T>) -> Result<T, Vec<Finding>> {
        match read {
            Some(read) if self.findings.is_empty() => Ok(read),
            _ => Err(in_order(&self.source, self.findings)),
        }
    }
}

fn readable<'t>(name: &str, text: &'t [u8], what: &str) -> Result<&'t str, Vec<Finding>> {
    let refused = |kind, at: usize, message: String| {
        let readable = String::from_utf8_lossy(&text[..text.len().min(LARGEST)]);
        vec![finding(&Source::new(name, &readable), Raw::new(kind, at..at, message))]
    };
    if text.len() > LARGEST {
        let message = format!("the file has {} bytes; {what} has at most {LARGEST}", text.len());
        return Err(refused(FindingKind::TooLarge, 0, message));
    }
    std::str::from_utf8(text).map_err(|error| {
        refused(FindingKind::NotUtf8, error.valid_up_to(), "the file is not UTF-8 text".to_owned())
    })
}

/// Findings as they are shown: by place, each once.
fn in_order(source: &Source<'_>, raw: Vec<Raw>) -> Vec<Finding> {
    let mut raw = raw;
    if raw.is_empty() {
        raw.push(Raw::new(FindingKind::WrongType, 0..0, "the file is empty").expected("a map"));
    }
    raw.sort_by(|a, b| (a.at.start, a.kind, &a.message).cmp(&(b.at.start, b.kind, &b.message)));
    let mut seen = BTreeSet::new();
    raw.into_iter()
        .filter(|raw| seen.insert((raw.at.start, raw.kind, raw.message.clone())))
        .take(MOST_FINDINGS)
        .map(|raw| finding(source, raw))
        .collect()
}

fn finding(source: &Source<'_>, raw: Raw) -> Finding {
    let (line, column) = source.place(raw.at.start);
    let (source_line, left_out) = source.excerpt(line, column);
    Finding {
        kind: raw.kind,
        file: source.name.to_owned(),
        line,
        column,
        width: source.width(&raw.at),
        message: raw.message,
        expected: raw.expected,
        hint: raw.hint,
        source_line,
        left_out,
    }
}
