//! The first look at a tree: keys, types and words against the tables of `keys`.
//!
//! What passes here has the right form; what it means is the loader's business. Every finding of this pass
//! concerns one place only.

use std::str::FromStr;

use serde_json::Value;

use super::finding::{FindingKind, MOST_FINDINGS, near};
use super::keys::{ACTIONS, Key, Rule, SENDS, Spec, Table, Want, spec};
use super::tree::{Entry, Kind, Node, Raw};
use crate::ids::Span;

/// Everything wrong with the form of `root`.
pub(crate) fn check(root: &Node, table: &'static Table) -> Vec<Raw> {
    let mut check = Check { findings: Vec::new() };
    check.table(root, table, None);
    check.findings
}

struct Check {
    findings: Vec<Raw>,
}

impl Check {
    fn say(&mut self, raw: Raw) {
        if !self.is_full() {
            self.findings.push(raw);
        }
    }

    /// Whether more has been found than is ever told.
    fn is_full(&self) -> bool {
        self.findings.len() >= MOST_FINDINGS
    }

    fn table(&mut self, node: &Node, table: &'static Table, inputs: Option<&'static Spec>) {
        match &node.kind {
            Kind::Bad => return,
            Kind::Map(entries) => {
                for entry in entries {
                    match table.key(&entry.key) {
                        Some(key) => {
                            self.value(&entry.value, &key.want, &key.name_in(table), key.required, node);
                        }
                        None => self.unknown_key(entry, table, inputs),
                    }
                }
            }
            _ => return self.wrong(node, "a map", table.what),
        }
        self.missing_keys(node, table);
        table.rules.iter().for_each(|rule| self.rule(node, table, rule));
        if table.name == "step" {
            self.step_keys(node);
        }
    }

    fn unknown_key(&mut self, entry: &Entry, table: &'static Table, inputs: Option<&'static Spec>) {
        if self.is_full() {
            return;
        }
        let names = || table.keys.iter().map(|key| key.name);
        let what = inputs.map_or_else(|| table.what.to_owned(), |spec| format!("`{}`", spec.name));
        let message = format!("{what} has no key `{}`", entry.key);
        let hint = near(&entry.key, names()).map_or_else(
            || format!("its keys are {}", names().collect::<Vec<_>>().join(", ")),
            |key| format!("did you mean `{key}`?"),
        );
        self.say(Raw::new(FindingKind::UnknownKey, entry.key_at.clone(), message).hint(hint));
    }

    fn missing_keys(&mut self, node: &Node, table: &'static Table) {
        for key in table.keys.iter().filter(|key| key.required && node.entry(key.name).is_none()) {
            let message = format!("{} needs the key `{}`", table.what, key.name);
            self.say(
                Raw::new(FindingKind::MissingKey, head(node), message)
                    .hint(format!("`{}`: {}", key.name, key.about)),
            );
        }
    }

    fn rule(&mut self, node: &Node, table: &'static Table, rule: &Rule) {
        let has = |name: &&str| node.entry(name).is_some();
        let message = match rule {
            Rule::ExactlyOne(names) => match names.iter().filter(|n| has(n)).count() {
                1 => return,
                0 => format!("{} needs {}", table.what, one_of(names)),
                _ => {
                    let there: Vec<_> = names.iter().filter(|n| has(n)).copied().collect();
                    format!("{} cannot have {} together", table.what, quoted(&there, "and"))
                }
            },
            Rule::AtLeastOne(names) if !names.iter().any(has) => {
                format!("{} needs {}", table.what, one_of(names))
            }
            Rule::Needs(name, other) if has(name) && !has(other) => {
                format!("`{name}` means nothing without `{other}`")
            }
            Rule::AtLeastOne(_) | Rule::Needs(..) => return,
        };
        let at = match rule {
            Rule::Needs(name, _) => node.entry(name).map_or(head(node), |entry| entry.key_at.clone()),
            _ => head(node),
        };
        self.say(Raw::new(FindingKind::KeyChoice, at, message));
    }

    /// Keys that only some actions know.
    fn step_keys(&mut self, node: &Node) {
        let action = node.get("action").and_then(Node::text);
        let (known, what): (&[&str], String) = match action {
            Some(action) => match spec(action) {
                Some(spec) => (spec.keys, format!("a step with `action: {action}`")),
                None => return,
            },
            None if node.entry("for_each").is_some() => {
                (&["point_of_no_return"], "a step with `for_each`".to_owned())
            }
            None => return,
        };
        for entry in node.map() {
            let key = entry.key.as_str();
            if SENDS.contains(&key) && !known.contains(&key) {
                let message = format!("`{key}` means nothing in {what}");
                let fits: Vec<_> = ACTIONS.iter().filter(|s| s.keys.contains(&key)).map(|s| s.name).collect();
                let raw = Raw::new(FindingKind::MisplacedKey, entry.key_at.clone(), message);
                self.say(raw.hint(format!("it belongs to steps with {}", quoted(&fits, "or"))));
            }
        }
    }

    fn value(&mut self, node: &Node, want: &'static Want, name: &str, required: bool, parent: &Node) {
        if node.is_bad() {
            return;
        }
        match want {
            Want::Text | Want::Template | Want::Run | Want::Answer => self.text(node, name, required, want),
            Want::Name => self.name(node, name, is_name, "a name in snake_case"),
            Want::Id => self.name(node, name, is_id, "an id in kebab-case"),
            Want::Duration => self.duration(node, name),
            Want::Count(least, most) => self.count(node, name, *least, *most),
            Want::Boolean if matches!(node.kind, Kind::Scalar(Value::Bool(_))) => {}
            Want::Boolean => self.wrong(node, "true or false", name),
            Want::Word(words) => self.word(node, name, words),
            Want::Pattern => self.pattern(node, name),
            Want::Value => {}
            Want::Values | Want::Named(_) | Want::Keyed(_) => self.entries(node, want, name, parent),
            Want::List(of, least) => self.list(node, of, *least, name, parent),
            Want::Table(table) => self.table(node, table, None),
            Want::Either(wants) => match wants.iter().find(|want| fits(node, want)) {
                Some(want) => self.value(node, want, name, required, parent),
                None => self.wrong(node, &expected(want), name),
            },
            Want::Inputs => self.inputs(node, parent),
            Want::Type => self.kind_of_value(node, name),
        }
    }

    fn inputs(&mut self, node: &Node, step: &Node) {
        if let Some(spec) = step.get("action").and_then(Node::text).and_then(spec) {
            self.table(node, spec.inputs, Some(spec));
        }
    }

    fn text(&mut self, node: &Node, name: &str, required: bool, want: &Want) {
        match node.text() {
            None => self.wrong(node, &expected(want), name),
            Some(text) if (required || matches!(want, Want::Template)) && text.trim().is_empty() => {
                self.say(Raw::new(FindingKind::OutOfRange, node.at.clone(), format!("{name} is empty")));
            }
            Some(text) if matches!(want, Want::Text) && text.contains("{{") => {
                let message = format!("no template is filled in in {name}");
                let raw = Raw::new(FindingKind::TemplateNotHere, node.at.clone(), message);
                let hint = "bind values to a statement: args for $1, identifiers and literals for {name}";
                self.say(if name.starts_with("`text`") { raw.hint(hint) } else { raw });
            }
            Some(_) => {}
        }
    }

    fn name(&mut self, node: &Node, name: &str, is: fn(&str) -> bool, what: &str) {
        match node.text() {
            None => self.wrong(node, what, name),
            Some(text) if !is(text) => {
                let raw = Raw::new(FindingKind::BadName, node.at.clone(), format!("{name} is not {what}"));
                self.say(raw.maybe(respelled(text, is)));
            }
            Some(_) => {}
        }
    }

    fn duration(&mut self, node: &Node, name: &str) {
        let Some(text) = node.text() else {
            return self.wrong(node, "a duration such as 90s, 15m, 3h or 2d", name);
        };
        if let Err(error) = Span::from_str(text) {
            let message = format!("{name} is not a duration");
            self.say(Raw::new(FindingKind::BadDuration, node.at.clone(), message).hint(error.to_string()));
        }
    }

    fn count(&mut self, node: &Node, name: &str, least: u64, most: u64) {
        match &node.kind {
            Kind::Scalar(Value::Number(n)) => {
                if !n.as_u64().is_some_and(|n| (least..=most).contains(&n)) {
                    let message = format!("{name} is out of range");
                    let range = if least == most { least.to_string() } else { format!("{least} to {most}") };
                    self.say(Raw::new(FindingKind::OutOfRange, node.at.clone(), message).expected(range));
                }
            }
            _ => self.wrong(node, "a whole number", name),
        }
    }

    fn word(&mut self, node: &Node, name: &str, words: &'static [&'static str]) {
        let Some(text) = node.text() else {
            return self.wrong(node, &quoted(words, "or"), name);
        };
        if !words.contains(&text) {
            let message = format!("`{text}` is not a value of {name}");
            let hint = near(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
            let raw = Raw::new(FindingKind::UnknownValue, node.at.clone(), message).maybe(hint);
            self.say(raw.expected(quoted(words, "or")));
        }
    }

    fn pattern(&mut self, node: &Node, name: &str) {
        let Some(text) = node.text() else {
            return self.wrong(node, "a regular expression", name);
        };
        if let Err(error) = regex::Regex::new(text) {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("{name} does not compile: {reason}");
            let raw = Raw::new(FindingKind::BadPattern, node.at.clone(), message);
            self.say(
                raw.hint("the syntax is that of Rust's regex crate: no look-around, no back-references"),
            );
        }
    }

    fn entries(&mut self, node: &Node, want: &'static Want, name: &str, parent: &Node) {
        let Kind::Map(entries) = &node.kind else {
            return self.wrong(node, "a map", name);
        };
        let (of, named) = match want {
            Want::Named(of) => (*of, true),
            Want::Keyed(of) => (*of, false),
            _ => return,
        };
        for entry in entries {
            if named && !is_name(&entry.key) {
                let message = format!("`{}` is not a name in snake_case", entry.key);
                let raw = Raw::new(FindingKind::BadName, entry.key_at.clone(), message);
                self.say(raw.maybe(respelled(&entry.key, is_name)));
            }
            self.value(&entry.value, of, &format!("`{}`", entry.key), false, parent);
        }
    }

    fn list(&mut self, node: &Node, of: &'static Want, least: usize, name: &str, parent: &Node) {
        let Kind::List(nodes) = &node.kind else {
            return self.wrong(node, "a list", name);
        };
        if nodes.len() < least {
            self.say(Raw::new(FindingKind::OutOfRange, node.at.clone(), format!("{name} is empty")));
        }
        for element in nodes {
            self.value(element, of, &format!("an element of {name}"), true, parent);
        }
    }

    /// `string`, `[string]`, or a record `{name: string}`.
    fn kind_of_value(&mut self, node: &Node, name: &str) {
        match &node.kind {
            Kind::Scalar(Value::String(_)) => self.word(node, name, TYPES),
            Kind::List(nodes) if nodes.len() == 1 => self.kind_of_value(&nodes[0], name),
            Kind::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    self.kind_of_value(&entry.value, &format!("`{}`", entry.key));
                }
            }
            Kind::Bad => {}
            _ => self.wrong(node, "a type, a list of one type, or a map of names to types", name),
        }
    }

    fn wrong(&mut self, node: &Node, expected: &str, name: &str) {
        if node.is_bad() {
            return;
        }
        let message = match node.kind {
            Kind::Scalar(Value::Null) => format!("{name} has no value"),
            _ => format!("{name} is {}", node.word()),
        };
        let raw = Raw::new(FindingKind::WrongType, node.at.clone(), message).expected(expected);
        let quotable = matches!(node.kind, Kind::Scalar(Value::Number(_) | Value::Bool(_)));
        let literal = scalar_text(node);
        self.say(match expected {
            "an expression" if quotable => raw.hint(format!("a literal is written \"`{literal}`\"")),
            "text" | "a name" if quotable => raw.hint(format!("quote it: \"{literal}\"")),
            _ => raw,
        });
    }
}

impl Key {
    fn name_in(&self, table: &Table) -> String {
        if table.name == "runbook" {
            format!("`{}`", self.name)
        } else {
            format!("`{}` of {}", self.name, table.what)
        }
    }
}

/// The types that `items` and `shape` may name.
pub(super) const TYPES: &[&str] =
    &["string", "integer", "number", "boolean", "timestamp", "duration", "map", "list", "any"];

fn scalar_text(node: &Node) -> String {
    node.json().to_string()
}

/// Where a finding about a whole map points: its first key.
fn head(node: &Node) -> std::ops::Range<usize> {
    node.map().first().map_or(node.at.clone(), |entry| entry.key_at.clone())
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The same words in the right spelling, if that is all that is wrong.
fn respelled(text: &str, is: fn(&str) -> bool) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    [lower.replace(['-', ' ', '.'], "_"), lower.replace(['_', ' ', '.'], "-")]
        .into_iter()
        .find(|name| is(name))
        .map(|name| format!("write `{name}`"))
}

fn fits(node: &Node, want: &Want) -> bool {
    match want {
        Want::Table(_) | Want::Values | Want::Named(_) | Want::Keyed(_) => matches!(node.kind, Kind::Map(_)),
        Want::List(..) => matches!(node.kind, Kind::List(_)),
        Want::Count(..) => matches!(node.kind, Kind::Scalar(Value::Number(_))),
        Want::Boolean => matches!(node.kind, Kind::Scalar(Value::Bool(_))),
        Want::Value => true,
        _ => node.text().is_some(),
    }
}

/// What `want` takes, in words.
fn expected(want: &Want) -> String {
    match want {
        Want::Text | Want::Template | Want::Pattern => "text".to_owned(),
        Want::Run | Want::Answer => "an expression".to_owned(),
        Want::Name | Want::Id => "a name".to_owned(),
        Want::Duration => "a duration".to_owned(),
        Want::Count(..) => "a whole number".to_owned(),
        Want::Boolean => "true or false".to_owned(),
        Want::Word(words) => quoted(words, "or"),
        Want::Value | Want::Inputs => "a value".to_owned(),
        Want::Type => "a type".to_owned(),
        Want::List(..) => "a list".to_owned(),
        Want::Values | Want::Named(_) | Want::Keyed(_) => "a map".to_owned(),
        Want::Table(table) => format!("a map ({})", table.what),
        Want::Either(wants) => wants.iter().map(expected).collect::<Vec<_>>().join(" or "),
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [a, b] => format!("`{a}` or `{b}`"),
        _ => format!("one of {}", quoted(names, "and")),
    }
}

/// `a`, `b` or `c`.
fn quoted(names: &[&str], joint: &str) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [start @ .., last] => {
            let start: Vec<_> = start.iter().map(|n| format!("`{n}`")).collect();
            format!("{} {joint} `{last}`", start.join(", "))
        }
    }
}
