//! The parameters of an AWS call against the shape of the operation's input.

use serde_json::Value;

use super::super::finding::{FindingKind, near};
use super::super::model::Source;
use super::super::tree::{Kind as Is, Node, Raw, Style};
use super::Loader;
use super::expressions::{fold_list, fold_map};
use super::scope::Here;
use crate::catalogue::{self, Kind, Operation, Shape};
use crate::expr::{Tree, Type};
use crate::ids::At;

const TOKEN: &str = "make it of {{ run.id }} and the step: a token that the SDK makes up is in no journal";

impl Loader<'_> {
    /// The operation that `service` and `operation` of a call name.
    pub(super) fn operation(&mut self, call: &Node) -> Option<&'static Operation> {
        let (service, operation) = (call.get("service")?, call.get("operation")?);
        let (service_name, name) = (service.text()?, operation.text()?);
        if let Some(found) = catalogue::find(service_name, name) {
            return Some(found);
        }
        if catalogue::of(service_name).next().is_none() {
            let hint = near(service_name, catalogue::services().iter().copied());
            let message = format!("the catalogue has no service `{service_name}`");
            let raw = Raw::new(FindingKind::UnknownService, service.at.clone(), message);
            let raw = raw.maybe(hint.map(|name| format!("did you mean `{name}`?")));
            self.say(raw.expected(catalogue::services().join(", ")));
            return None;
        }
        let hint = near(name, catalogue::of(service_name).map(|o| o.name));
        let message = if catalogue::model_operations(service_name).contains(&name) {
            format!("`{name}` of {service_name} is not in ripcord's catalogue")
        } else {
            format!("{service_name} has no operation `{name}`")
        };
        let raw = Raw::new(FindingKind::UnknownOperation, operation.at.clone(), message);
        self.say(raw.maybe(hint.map(|name| format!("did you mean `{name}`?"))));
        None
    }

    /// The parameters of a call, checked member by member.
    pub(super) fn call_parameters(
        &mut self,
        call: &Node,
        operation: &'static Operation,
        here: &Here,
    ) -> Tree {
        let empty = Tree::Plain(Value::Object(serde_json::Map::new()));
        match (call.get("parameters"), operation.input()) {
            (Some(node), Some(shape)) if matches!(node.kind, Is::Map(_)) => self.member(node, shape, here),
            (Some(node), None) if !node.map().is_empty() => {
                let message = format!("{} takes no parameters", operation.name);
                self.say(Raw::new(FindingKind::UnknownMember, node.at.clone(), message));
                empty
            }
            (None, Some(shape)) => {
                self.missing_members(call, shape);
                empty
            }
            _ => empty,
        }
    }

    /// The read that a call in `aws:` is.
    pub(super) fn aws_source(&mut self, call: &Node, here: &Here) -> Option<(Source, Type)> {
        let operation = self.operation(call)?;
        if operation.effect() != catalogue::Effect::Read {
            let at = call.get("operation").map_or(call.at.clone(), |node| node.at.clone());
            let message = format!("{} changes something; a read may not", operation.name);
            self.say(
                Raw::new(FindingKind::MutatingRead, at, message)
                    .hint("make it a step with `action: aws.api`"),
            );
        }
        let parameters = self.call_parameters(call, operation, here);
        let answer = operation.output().map_or(Type::Any, Type::Shape);
        Some((Source::Aws { operation, parameters }, answer))
    }

    fn member(&mut self, node: &Node, shape: Shape, here: &Here) -> Tree {
        match &node.kind {
            Is::Bad => Tree::Plain(Value::Null),
            Is::Scalar(Value::String(_)) => self.text_member(node, shape, here),
            Is::Scalar(value) => {
                self.scalar_member(node, value, shape);
                Tree::Plain(value.clone())
            }
            Is::List(nodes) => match shape.kind() {
                Kind::List(element) => {
                    fold_list(nodes.iter().map(|n| self.member(n, element, here)).collect())
                }
                _ => self.wrong_member(node, shape),
            },
            Is::Map(entries) => match shape.kind() {
                Kind::Structure => self.structure(node, shape, here),
                Kind::Map(value) => fold_map(
                    entries.iter().map(|e| (e.key.clone(), self.member(&e.value, value, here))).collect(),
                ),
                _ => self.wrong_member(node, shape),
            },
        }
    }

    fn structure(&mut self, node: &Node, shape: Shape, here: &Here) -> Tree {
        let mut members = Vec::new();
        for entry in node.map() {
            match shape.member(&entry.key) {
                Some(member) => {
                    members.push((entry.key.clone(), self.member(&entry.value, member.shape, here)));
                }
                None => self.unknown_member(&entry.key, entry.key_at.clone(), shape),
            }
        }
        self.missing_members(node, shape);
        fold_map(members)
    }

    fn unknown_member(&mut self, name: &str, at: std::ops::Range<usize>, shape: Shape) {
        let hint = near(name, shape.members().map(|(name, _)| name));
        let message = format!("{} has no member `{name}`", shape.name());
        let raw = Raw::new(FindingKind::UnknownMember, at, message);
        self.say(raw.maybe(hint.map(|name| format!("did you mean `{name}`?"))));
    }

    fn missing_members(&mut self, node: &Node, shape: Shape) {
        for (name, member) in
            shape.members().filter(|(name, member)| member.needed() && node.entry(name).is_none())
        {
            let at = node.map().first().map_or(node.at.clone(), |entry| entry.key_at.clone());
            let message = format!("{} needs the member `{name}`", shape.name());
            let raw = Raw::new(FindingKind::MissingMember, at, message);
            self.say(raw.maybe(member.token.then(|| TOKEN.to_owned())));
        }
    }

    fn wrong_member(&mut self, node: &Node, shape: Shape) -> Tree {
        let message = format!("this is {}", node.word());
        self.say(Raw::new(FindingKind::MemberType, node.at.clone(), message).expected(wanted(shape)));
        Tree::Plain(Value::Null)
    }

    fn scalar_member(&mut self, node: &Node, value: &Value, shape: Shape) {
        let fits = match (value, shape.kind()) {
            (Value::Bool(_), Kind::Boolean) | (Value::Number(_), Kind::Float) => true,
            (Value::Number(n), Kind::Integer) => n.is_i64() || n.is_u64(),
            _ => false,
        };
        if fits {
            return;
        }
        let raw = Raw::new(FindingKind::MemberType, node.at.clone(), format!("this is {}", node.word()));
        let raw = raw.expected(wanted(shape));
        let quote = matches!(shape.kind(), Kind::Text { .. } | Kind::Timestamp) && !value.is_null();
        self.say(if quote { raw.hint(format!("quote it: \"{value}\"")) } else { raw });
    }

    fn text_member(&mut self, node: &Node, shape: Shape, here: &Here) -> Tree {
        let (tree, ty) = self.text_tree(node, here);
        if let Tree::Text(_) = &tree {
            if let Err(why) = ty.fits(&Type::Shape(shape)) {
                let raw = Raw::new(FindingKind::MemberType, self.whole(node), why);
                self.say(raw.expected(wanted(shape)));
            }
            return tree;
        }
        let text = node.text().unwrap_or_default();
        match shape.kind() {
            Kind::Text { enumeration } if !enumeration.is_empty() && !enumeration.contains(&text) => {
                let hint = near(text, enumeration.iter().copied());
                let message = format!("`{text}` is not a value of {}", shape.name());
                let raw = Raw::new(FindingKind::MemberValue, node.at.clone(), message);
                let raw = raw.maybe(hint.map(|name| format!("did you mean `{name}`?")));
                self.say(raw.expected(enumeration.join(", ")));
            }
            Kind::Timestamp if At::parse(text).is_none() => {
                let message = format!("`{text}` is not a timestamp with its zone");
                let raw = Raw::new(FindingKind::MemberValue, node.at.clone(), message);
                self.say(raw.expected("such as 2026-03-01T01:40:00Z"));
            }
            Kind::Text { .. } | Kind::Timestamp | Kind::Blob => {}
            Kind::Integer | Kind::Float | Kind::Boolean if node.style != Style::Plain => {
                let raw = Raw::new(FindingKind::MemberType, node.at.clone(), "this is text");
                self.say(raw.expected(wanted(shape)).hint("write it without quotes"));
            }
            _ => {
                self.wrong_member(node, shape);
            }
        }
        tree
    }
}

/// What a shape wants, in words.
fn wanted(shape: Shape) -> String {
    Type::Shape(shape).to_string()
}
