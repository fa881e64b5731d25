//! Reads: what is asked, of which type the answer is, and what has to be known before it can be asked.

use std::collections::BTreeSet;

use super::super::finding::{FindingKind, near};
use super::super::model::{Read, ReadRef, Source};
use super::super::tree::{Kind as Is, Node, Raw};
use super::expressions::View;
use super::scope::{Here, Spot};
use super::{Known, Loader, types};
use crate::expr::{Expr, Root, Template, Tree, Type};

impl<'t> Loader<'t> {
    pub(super) fn reads(&mut self, root: &'t Node) -> Vec<Read> {
        self.cycles(root);
        let entries = root.get("reads").map(Node::map).unwrap_or_default();
        entries
            .iter()
            .map(|entry| {
                let here = Here::at(Spot::Read);
                Read { name: entry.key.clone(), ..self.read(&entry.value, &here) }
            })
            .collect()
    }

    /// The type a named read gives.
    pub(super) fn read_type(&mut self, name: &'t str) -> Type {
        match self.read_types.get(name) {
            Some(Known::Busy) => return Type::Any,
            Some(Known::Type(ty)) => return ty.clone(),
            None => {}
        }
        let Some(node) = self.names.reads.get(name).copied() else { return Type::Any };
        self.read_types.insert(name, Known::Busy);
        let ty = self.quietly(|loader| loader.read(node, &Here::at(Spot::Read)).shape);
        self.read_types.insert(name, Known::Type(ty.clone()));
        ty
    }

    /// One read, named or written in place.
    pub(super) fn read(&mut self, node: &Node, here: &Here) -> Read {
        let for_each = node.get("for_each").and_then(|items| self.items(items, here));
        let inner = match &for_each {
            Some((_, item)) => here.clone().with_item(item.clone()),
            None => here.clone(),
        };
        let (from, answer) = self.source_of(node, &inner);
        let select = node.get("select").and_then(|s| self.expression(s, View::Answer(&answer), &inner));
        let mut shape = select.as_ref().map_or(answer, |judged| judged.ty.clone());
        if let Some(written) = node.get("shape") {
            shape = types::written(written);
        }
        // Answers of all items become one flat list.
        if for_each.is_some() && !matches!(*shape.plain(), Type::List(_)) {
            shape = Type::list(shape);
        }
        Read {
            name: String::new(),
            target: self.target(node),
            from,
            select: select.map(|judged| judged.expr),
            for_each: for_each.map(|(expr, _)| expr),
            shape,
        }
    }

    fn source_of(&mut self, node: &Node, here: &Here) -> (Source, Type) {
        if let Some(call) = node.get("aws") {
            self.target_needed(node, call);
            if let Some(found) = self.aws_source(call, here) {
                return found;
            }
        }
        let kinds = ["exec", "sql", "http", "file"];
        let Some((kind, inputs)) = kinds.iter().find_map(|kind| Some((*kind, node.get(kind)?))) else {
            let nothing = Source::Foreign { kind: "file", inputs: Tree::Plain(serde_json::Value::Null) };
            return (nothing, Type::Any);
        };
        let answer = Self::foreign_answer(kind, inputs);
        let source = Source::Foreign { kind, inputs: self.foreign_inputs(kind, inputs, &answer, here) };
        (source, answer)
    }

    /// A list to go over, and the type of its elements.
    pub(super) fn items(&mut self, node: &Node, here: &Here) -> Option<(Expr, Type)> {
        let judged = self.run(node, here)?;
        let element = judged.ty.element();
        if element.is_none() {
            let message = format!("items are a list, this is {}", judged.ty);
            self.say(Raw::new(FindingKind::NotAList, self.whole(node), message));
        }
        Some((judged.expr, element.unwrap_or_default()))
    }

    /// A read by name or in place, and its type.
    pub(super) fn read_ref(&mut self, node: &Node, here: &Here) -> (ReadRef, Type) {
        let Some(name) = node.text() else {
            let read = self.read(node, here);
            let shape = read.shape.clone();
            return (ReadRef::Inline(Box::new(read)), shape);
        };
        let mut ty = Type::Any;
        if let Some((known, _)) = self.names.reads.get_key_value(name) {
            let known = *known;
            self.say_not_ready(known, here, node.at.clone());
            ty = self.read_type(known);
        } else {
            self.say_unknown_read(name, node.at.clone());
        }
        (ReadRef::Named(name.to_owned()), ty)
    }

    /// The target that `in` names.
    pub(super) fn target(&mut self, node: &Node) -> Option<String> {
        let place = node.get("in")?;
        let name = place.text()?;
        if !self.names.targets.contains(&name) {
            let hint = near(name, self.names.targets.iter().copied());
            let message = format!("there is no target `{name}`");
            let raw = Raw::new(FindingKind::UnknownTarget, place.at.clone(), message);
            self.say(raw.maybe(hint.map(|name| format!("did you mean `{name}`?"))));
        }
        Some(name.to_owned())
    }

    /// With several targets, whatever goes to AWS says where.
    pub(super) fn target_needed(&mut self, node: &Node, call: &Node) {
        if self.names.targets.len() > 1 && node.entry("in").is_none() {
            let at = call.map().first().map_or(call.at.clone(), |entry| entry.key_at.clone());
            let message = "there are several targets; say in which one this is asked";
            let raw = Raw::new(FindingKind::TargetNeeded, at, message);
            self.say(raw.expected(format!("in: {}", self.names.targets.join(" or "))));
        }
    }

    /// Step outputs that a read asks with, directly or through other reads.
    pub(super) fn read_needs(&mut self, name: &str) -> Vec<Root> {
        if let Some(needs) = self.read_needs.get(name) {
            return needs.clone();
        }
        let Some((name, _)) = self.names.reads.get_key_value(name).map(|(name, node)| (*name, *node)) else {
            return Vec::new();
        };
        let mut needs = Vec::new();
        let (mut seen, mut open) = (BTreeSet::new(), vec![name.to_owned()]);
        while let Some(read) = open.pop() {
            if !seen.insert(read.clone()) {
                continue;
            }
            for root in self.read_roots(&read) {
                match root.path.as_slice() {
                    [reads, other] if reads == "reads" => open.push(other.clone()),
                    [step, ..] if self.names.by_name.contains_key(step.as_str()) => needs.push(root),
                    _ => {}
                }
            }
        }
        self.read_needs.insert(name, needs.clone());
        needs
    }

    /// Every run value that a read asks with; those of its connection and of conditions included.
    fn read_roots(&mut self, name: &str) -> Vec<Root> {
        if let Some(roots) = self.read_roots.get(name) {
            return roots.clone();
        }
        let mut roots = Vec::new();
        let Some((name, node)) = self.names.reads.get_key_value(name).map(|(name, node)| (*name, *node))
        else {
            return roots;
        };
        for entry in node.map() {
            match entry.key.as_str() {
                "for_each" => roots.extend(parsed(&entry.value, true)),
                "select" => roots.extend(parsed(&entry.value, false)),
                _ => templates(&entry.value, &mut roots),
            }
            let via = entry.value.get("via").and_then(Node::text);
            if let Some(connection) = via.and_then(|via| self.names.connections.get(via)) {
                templates(connection, &mut roots);
            }
        }
        let used = roots.iter().filter_map(|root| self.conditions.get(root.path.first()?.as_str()));
        let conditions: Vec<Root> = used.flat_map(|condition| condition.roots.clone()).collect();
        roots.extend(conditions);
        self.read_roots.insert(name, roots.clone());
        roots
    }

    /// Reads that wait for each other would wait for ever. Each cycle is said once, at its first read.
    fn cycles(&mut self, root: &'t Node) {
        let mut done = BTreeSet::new();
        for entry in root.get("reads").map(Node::map).unwrap_or_default() {
            self.follow(&entry.key, &mut done);
        }
    }

    /// Follows a read to the reads it asks with, depth first, each read once.
    fn follow(&mut self, start: &str, done: &mut BTreeSet<String>) {
        let mut way: Vec<(String, Vec<String>)> = Vec::new();
        let mut next = Some(start.to_owned());
        loop {
            if let Some(read) = next.take() {
                if let Some(from) = way.iter().position(|(name, _)| *name == read) {
                    let names: Vec<_> =
                        way[from..].iter().map(|(name, _)| name.as_str()).chain([&*read]).collect();
                    self.say_cycle(&read, &names.join(" → "));
                } else if done.insert(read.clone()) {
                    let asked = self.asked_reads(&read);
                    way.push((read, asked));
                }
            }
            let Some((_, asked)) = way.last_mut() else { return };
            match asked.pop() {
                Some(read) => next = Some(read),
                None => {
                    way.pop();
                }
            }
        }
    }

    fn asked_reads(&mut self, read: &str) -> Vec<String> {
        let named = |root: Root| match root.path.as_slice() {
            [reads, name] if reads == "reads" => Some(name.clone()),
            _ => None,
        };
        self.read_roots(read).into_iter().filter_map(named).collect()
    }

    fn say_cycle(&mut self, read: &str, way: &str) {
        let at = self.names.read_keys.get(read).cloned().unwrap_or_default();
        self.say(Raw::new(FindingKind::ReadCycle, at, format!("reads wait for each other: {way}")));
    }
}

pub(super) fn parsed(node: &Node, on_the_run: bool) -> Vec<Root> {
    let Some(expr) = node.text().and_then(|text| Expr::parse(text).ok()) else { return Vec::new() };
    let own = expr.roots().iter().filter(|_| on_the_run);
    own.chain(expr.slot_roots()).cloned().collect()
}

/// The roots of every template in a value.
pub(super) fn templates(node: &Node, roots: &mut Vec<Root>) {
    match &node.kind {
        Is::Scalar(_) => {
            let template =
                node.text().filter(|text| text.contains("{{")).and_then(|text| Template::parse(text).ok());
            let exprs = template.iter().flat_map(Template::exprs);
            roots.extend(exprs.flat_map(|expr| expr.roots().iter().chain(expr.slot_roots())).cloned());
        }
        Is::List(nodes) => nodes.iter().for_each(|node| templates(node, roots)),
        Is::Map(entries) => entries.iter().for_each(|entry| templates(&entry.value, roots)),
        Is::Bad => {}
    }
}
