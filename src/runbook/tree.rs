//! A file as a tree in which every key and value knows its bytes.
//!
//! What was refused is [`Kind::Bad`], so that one mistake is one finding. The model is not known here.

use std::ops::Range;

use serde_json::Value;

use super::finding::FindingKind;

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub at: Range<usize>,
    pub kind: Kind,
    pub style: Style,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Null, a boolean, a number or a text.
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Already refused; whatever looks at it stays silent.
    Bad,
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_at: Range<usize>,
    pub value: Node,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    /// `|` or `>`.
    Block,
}

/// A finding before it knows its file.
#[derive(Debug)]
pub(crate) struct Raw {
    pub kind: FindingKind,
    pub at: Range<usize>,
    pub message: String,
    pub expected: Option<String>,
    pub hint: Option<String>,
}

impl Raw {
    pub(crate) fn new(kind: FindingKind, at: Range<usize>, message: impl Into<String>) -> Raw {
        Raw { kind, at, message: message.into(), expected: None, hint: None }
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Raw {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Raw {
        self.hint = Some(hint.into());
        self
    }

    /// With a hint, if there is one.
    pub(crate) fn maybe(mut self, hint: Option<String>) -> Raw {
        self.hint = self.hint.or(hint);
        self
    }
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn map(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn list(&self) -> &[Node] {
        match &self.kind {
            Kind::List(nodes) => nodes,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.map().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.map().iter().find(|entry| entry.key == key)
    }

    pub(crate) fn is_bad(&self) -> bool {
        matches!(self.kind, Kind::Bad)
    }

    /// What the value is, in words of the format.
    pub(crate) fn word(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(Value::Null) => "nothing",
            Kind::Scalar(Value::Bool(_)) => "a boolean",
            Kind::Scalar(Value::Number(_)) => "a number",
            Kind::Scalar(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Bad => "a refused value",
        }
    }

    /// The value as JSON, without places.
    pub(crate) fn json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(nodes) => nodes.iter().map(Node::json).collect(),
            Kind::Map(entries) => entries.iter().map(|e| (e.key.clone(), e.value.json())).collect(),
            Kind::Bad => Value::Null,
        }
    }

    /// The byte of `source` that shows the byte `offset` of this scalar's text.
    ///
    /// Folding, indentation and escapes only ever move or drop blanks, so the n-th visible character of the
    /// text is the n-th visible character of the source.
    pub(crate) fn locate(&self, source: &str, offset: usize) -> usize {
        let text = self.text().unwrap_or_default();
        let before = text.get(..offset).unwrap_or(text);
        let raw = source.get(self.at.clone()).unwrap_or_default();
        let quote = usize::from(matches!(self.style, Style::Single | Style::Double));
        if raw.get(quote..).is_some_and(|raw| raw.starts_with(before)) && !before.contains(['\\', '\'']) {
            return self.at.start + quote + before.len();
        }
        let visible = before.chars().filter(|c| !c.is_whitespace()).count();
        let starts = visible_starts(raw, self.style);
        self.at.start + starts.into_iter().nth(visible).unwrap_or(raw.len().saturating_sub(1))
    }
}

/// Where each visible character of a scalar starts in its raw text.
fn visible_starts(raw: &str, style: Style) -> Vec<usize> {
    let quote = usize::from(matches!(style, Style::Single | Style::Double));
    let mut starts = Vec::new();
    let mut chars = raw.char_indices().skip(quote);
    while let Some((i, c)) = chars.next() {
        match (style, c) {
            (Style::Single, '\'') => {
                chars.next();
            }
            (Style::Double, '\\') => {
                let Some((_, escaped)) = chars.next() else { break };
                let digits = match escaped {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    // Escapes that stand for blanks, and an escaped line break.
                    't' | 'n' | 'r' | 'v' | 'f' | ' ' | '\t' | '\n' | '\r' | 'N' | '_' | 'L' | 'P' => {
                        continue;
                    }
                    _ => 0,
                };
                chars.by_ref().take(digits).for_each(drop);
            }
            _ if c.is_whitespace() => continue,
            _ => {}
        }
        starts.push(i);
    }
    starts
}
