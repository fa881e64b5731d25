//! What looks at readings: named conditions, row counts, panes and preflight checks.

use std::collections::BTreeSet;

use super::super::finding::FindingKind;
use super::super::model::{Check, CheckKind, Column, Format, Level, Pane, RowsBound, RowsRule};
use super::super::tree::{Node, Raw};
use super::expressions::{INLINE, Judged, ListOf, View, nothing};
use super::scope::{Here, Spot};
use super::{ConditionFacts, Loader, flag, list, text};
use crate::expr::{Expr, Root, Tree, Type};

impl<'t> Loader<'t> {
    /// Named conditions. They come first, because everything may use them.
    pub(super) fn learn_conditions(&mut self, root: &'t Node) -> Vec<(String, Expr)> {
        let mut conditions = Vec::new();
        for (place, entry) in root.get("conditions").map(Node::map).unwrap_or_default().iter().enumerate() {
            let here = Here::at(Spot::Condition(place));
            let Some(judged) = self.condition(&entry.value, View::Run, &here) else {
                conditions.push((entry.key.clone(), nothing()));
                continue;
            };
            let own = judged.expr.roots().iter().chain(judged.expr.slot_roots());
            let roots = distinct(own.flat_map(|root| self.through(root)));
            let facts = ConditionFacts { roots, lists: judged.lists, reads: judged.reads };
            self.conditions.insert(&entry.key, facts);
            conditions.push((entry.key.clone(), judged.expr));
        }
        conditions
    }

    /// A root, or what the condition of that name takes.
    fn through(&self, root: &Root) -> Vec<Root> {
        let condition = root.path.first().and_then(|name| self.conditions.get(name.as_str()));
        condition.map_or_else(|| vec![root.clone()], |condition| condition.roots.clone())
    }

    pub(super) fn panes(&mut self, root: &'t Node) -> Vec<Pane> {
        list(root, "panes").iter().map(|node| self.pane(node)).collect()
    }

    fn pane(&mut self, node: &Node) -> Pane {
        let here = Here::at(Spot::Read);
        self.target(node);
        let answer = node.get("read").map_or(Type::Any, |read| self.read_ref(read, &here).1);
        let rows = node.get("rows").and_then(|rows| self.expression(rows, View::Answer(&answer), &here));
        let row = row_of(rows.as_ref().map_or(&answer, |judged| &judged.ty));
        let healthy = node.get("healthy").and_then(|h| self.condition(h, View::Answer(&row), &here));
        Pane {
            title: text(node, "title"),
            read: text(node, "read"),
            rows: rows.map(|judged| judged.expr),
            columns: self.columns(node, &row, &here),
            healthy: healthy.map(|judged| judged.expr),
        }
    }

    /// The columns of a pane or prompt.
    pub(super) fn columns(&mut self, node: &Node, row: &Type, here: &Here) -> Vec<Column> {
        list(node, "columns").iter().map(|column| self.column(column, row, here)).collect()
    }

    fn column(&mut self, node: &Node, row: &Type, here: &Here) -> Column {
        let value = if node.text().is_some() { Some(node) } else { node.get("value") };
        let judged = value.and_then(|value| self.expression(value, View::Answer(row), here));
        let title = node.text().map_or_else(|| text(node, "title"), str::to_owned);
        let format = match node.get("as").and_then(Node::text) {
            Some("duration") => Format::Duration,
            Some("age") => Format::Age,
            Some("bytes") => Format::Bytes,
            _ => Format::Plain,
        };
        Column { title, value: judged.map_or_else(nothing, |judged| judged.expr), format }
    }

    pub(super) fn preflight(&mut self, root: &'t Node) -> Vec<Check> {
        list(root, "preflight").iter().map(|node| self.check(node)).collect()
    }

    fn check(&mut self, node: &Node) -> Check {
        let here = Here::at(Spot::Preflight);
        let kind = match node.get("expect_error") {
            Some(errors) => self.errors(node, errors, &here),
            None => self.holds(node, &here),
        };
        Check {
            name: text(node, "name"),
            level: if node.get("level").and_then(Node::text) == Some("warn") {
                Level::Warn
            } else {
                Level::Fail
            },
            kind,
            message: node.get("message").map_or_else(super::expressions::blank, |m| self.template(m, &here)),
            must_read: flag(node, "must_read"),
        }
    }

    fn holds(&mut self, node: &Node, here: &Here) -> CheckKind {
        let read = node.get("read").map(|read| self.read_ref(read, here));
        let answer = read.as_ref().map(|(_, ty)| ty.clone());
        let view = answer.as_ref().map_or(View::Run, View::Answer);
        let judged = node.get("check").and_then(|check| self.condition(check, view, here));
        let rows = self.rows(node, &judged.iter().collect::<Vec<_>>(), Vec::new(), answer.as_ref(), here);
        let check = judged.map_or_else(nothing, |judged| judged.expr);
        CheckKind::Holds { check, read: read.map(|(read, _)| read), rows }
    }

    fn errors(&mut self, node: &Node, errors: &Node, here: &Here) -> CheckKind {
        let inline = node.get("read").map(|read| self.read_ref(read, here).0);
        let mut expected = Vec::new();
        for entry in errors.map() {
            let operations = match node.get("read") {
                Some(read) if entry.key == INLINE => self.codes_of(read),
                _ => self.operations_of([entry.key.as_str()]),
            };
            for code in entry.value.list() {
                self.check_code(code.text().unwrap_or_default(), code.at.clone(), &operations);
            }
            let codes = entry.value.list().iter().filter_map(Node::text).map(str::to_owned).collect();
            let read = match &inline {
                Some(read) if entry.key == INLINE => Some(read.clone()),
                _ if self.names.reads.contains_key(entry.key.as_str()) => {
                    self.say_not_ready(&entry.key, here, entry.key_at.clone());
                    Some(super::super::model::ReadRef::Named(entry.key.clone()))
                }
                _ => {
                    self.say_unknown_read(&entry.key, entry.key_at.clone());
                    None
                }
            };
            expected.extend(read.map(|read| (read, codes)));
        }
        CheckKind::Errors(expected)
    }

    /// The row counts stated beside conditions: every list they look at has one, and every one is of use to
    /// them or to the outputs.
    pub(super) fn rows(
        &mut self,
        node: &Node,
        judged: &[&Judged],
        outputs: Vec<&Node>,
        inline: Option<&Type>,
        here: &Here,
    ) -> Vec<RowsRule> {
        let stated = node.get("rows").map(Node::map).unwrap_or_default();
        let mut missing = BTreeSet::new();
        for used in judged.iter().flat_map(|judged| &judged.lists).filter(|list| list.needs_rows()) {
            let stated = used.member.is_none() && stated.iter().any(|entry| entry.key == used.read);
            if !stated && missing.insert(used.written()) {
                self.say_rows_missing(used);
            }
        }
        let mut reads: BTreeSet<String> = judged.iter().flat_map(|j| j.reads.clone()).collect();
        if stated.iter().any(|entry| !reads.contains(&entry.key)) {
            let selected = outputs.into_iter().flat_map(|node| super::reads::parsed(node, true));
            reads.extend(self.reads_of(&selected.collect::<Vec<_>>()));
        }
        stated
            .iter()
            .filter_map(|entry| {
                self.rows_apply(entry, &reads, inline);
                let bound = self.bound(&entry.value, here)?;
                Some(RowsRule { read: entry.key.clone(), bound })
            })
            .collect()
    }

    fn say_rows_missing(&mut self, used: &ListOf) {
        let written = used.written();
        let name = if written == "@" { "the answer".to_owned() } else { format!("`{written}`") };
        let message = format!("{name} is a list, and nothing says how many rows it must have");
        let rows = format!("rows: {{{}: {{at_least: 1}}}}", used.read);
        let hint = match &used.member {
            Some(_) => format!("let the read `select` the list itself, then {rows}"),
            None => format!("{rows}, or 0 if none is fine"),
        };
        self.say(Raw::new(FindingKind::RowsMissing, used.at.clone(), message).hint(hint));
    }

    fn rows_apply(
        &mut self,
        entry: &super::super::tree::Entry,
        reads: &BTreeSet<String>,
        inline: Option<&Type>,
    ) {
        let name = entry.key.as_str();
        let ty = match inline {
            Some(ty) if name == INLINE => ty.clone(),
            _ => match self.names.reads.get_key_value(name).map(|(name, _)| *name) {
                Some(known) => self.read_type(known),
                None => return self.say_unknown_read(name, entry.key_at.clone()),
            },
        };
        let message = if ty.element().is_none() {
            format!("`{name}` is {ty}, not a list; rows of it say nothing")
        } else if name != INLINE && !reads.contains(name) {
            format!("nothing beside this looks at `{name}`")
        } else {
            return;
        };
        self.say(Raw::new(FindingKind::RowsUnused, entry.key_at.clone(), message));
    }

    fn bound(&mut self, node: &Node, here: &Here) -> Option<RowsBound> {
        let entry = node.map().first()?;
        let mut tree = Tree::Plain(entry.value.json());
        if entry.value.text().is_some() {
            let (filled, ty) = self.text_tree(&entry.value, here);
            if let Err(why) = ty.fits(&Type::Integer) {
                let raw = Raw::new(FindingKind::WrongType, self.whole(&entry.value), why);
                self.say(raw.expected("a number of rows"));
            }
            tree = filled;
        }
        Some(if entry.key == "exactly" { RowsBound::Exactly(tree) } else { RowsBound::AtLeast(tree) })
    }
}

/// Each root once; a condition that uses another one twice must not double its roots.
fn distinct(roots: impl Iterator<Item = Root>) -> Vec<Root> {
    let mut seen = BTreeSet::new();
    roots.filter(|root| seen.insert((root.path.clone(), root.guarded))).collect()
}

/// The type of one row: an object is one row of its own.
pub(super) fn row_of(rows: &Type) -> Type {
    match &*rows.plain() {
        Type::List(_) => rows.element().unwrap_or_default(),
        _ => rows.clone(),
    }
}
