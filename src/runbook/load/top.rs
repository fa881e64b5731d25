//! The file itself: who and when, places, what remains to be done.

use super::super::finding::{FindingKind, near};
use super::super::model::{FollowUp, Objectives, Requires, Runbook, Target};
use super::super::tree::{Node, Raw};
use super::expressions::{View, blank};
use super::scope::{Here, Spot};
use super::{Loader, digest, list, span, text};
use crate::expr::{Expr, Type};
use crate::ids::Span;

impl<'t> Loader<'t> {
    /// The whole model. It is worth something only when no finding was made.
    pub(super) fn runbook(&mut self, root: &'t Node) -> Runbook {
        self.id(root);
        self.learn_parameters(root);
        let conditions = self.learn_conditions(root);
        Runbook {
            id: text(root, "id"),
            title: text(root, "title"),
            description: text(root, "description"),
            version: text(root, "version"),
            owner: text(root, "owner"),
            tags: texts(root, "tags"),
            use_when: text(root, "use_when"),
            not_when: text(root, "not_when"),
            objectives: self.objectives(root),
            requires: self.requires(root),
            targets: self.targets(root),
            connections: self.connections(root),
            parameters: self.parameters(root),
            conditions,
            reads: self.reads(root),
            panes: self.panes(root),
            preflight: self.preflight(root),
            phases: texts(root, "phases"),
            steps: self.main_steps(),
            follow_ups: self.follow_ups(root),
            digest: digest(self.source.text),
            source: self.source.text.to_owned(),
        }
    }

    fn id(&mut self, root: &Node) {
        let Some((node, id)) = root.get("id").and_then(|node| Some((node, node.text()?))) else { return };
        let file = self.source.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let Some(stem) = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml")) else { return };
        if stem != id && stem != "runbook" {
            let message = format!("the id is `{id}`, the file is `{file}`");
            self.say(Raw::new(FindingKind::IdNotFileName, node.at.clone(), message).expected(stem));
        }
    }

    fn requires(&mut self, root: &Node) -> Requires {
        let Some(node) = root.get("requires") else { return Requires::default() };
        let mut tools = Vec::new();
        for entry in node.get("tools").map(Node::map).unwrap_or_default() {
            let Some(range) = entry.value.text() else { continue };
            if !is_version_range(range) {
                let message = format!("`{range}` is not a range of versions");
                let raw = Raw::new(FindingKind::BadVersionRange, entry.value.at.clone(), message);
                self.say(raw.expected("comparisons such as \">=1.5, <2\""));
            }
            tools.push((entry.key.clone(), range.to_owned()));
        }
        Requires { tools, iam: texts(node, "iam") }
    }

    fn objectives(&mut self, root: &'t Node) -> Objectives {
        let Some(node) = root.get("objectives") else { return Objectives::default() };
        let restored_when = node.get("restored_when").filter(|n| n.text().is_some());
        if let Some(restored) = restored_when {
            self.known_step(restored);
        }
        Objectives {
            rto: span(node, "rto"),
            rpo: span(node, "rpo"),
            restored_when: restored_when.and_then(Node::text).map(str::to_owned),
            recovered_to: self.moment(node, "recovered_to"),
            incident: self.moment(node, "incident"),
        }
    }

    /// A run expression that gives a time.
    fn moment(&mut self, node: &Node, key: &str) -> Option<Expr> {
        let node = node.get(key)?;
        let judged = self.expression(node, View::Run, &Here::at(Spot::End))?;
        if let Err(why) = judged.ty.fits(&Type::Time) {
            self.say(Raw::new(FindingKind::ExpressionType, self.whole(node), why).expected("a time"));
        }
        Some(judged.expr)
    }

    /// The step that a text names, or a finding.
    pub(super) fn known_step(&mut self, node: &Node) -> Option<usize> {
        let name = node.text()?;
        let found = self.names.by_name.get(name).copied();
        if found.is_none() {
            let hint = near(name, self.names.step_names()).map(|name| format!("did you mean `{name}`?"));
            let message = format!("there is no step `{name}`");
            self.say(Raw::new(FindingKind::UnknownStep, node.at.clone(), message).maybe(hint));
        }
        found
    }

    fn targets(&mut self, root: &'t Node) -> Vec<Target> {
        let entries = root.get("targets").map(Node::map).unwrap_or_default();
        if entries.is_empty() {
            return vec![Target { name: "main".to_owned(), ..Target::default() }];
        }
        // Places are pinned at Start, when only parameters are known.
        let here = Here::at(Spot::Default(usize::MAX));
        let mut template = |node: &Node, key: &str| node.get(key).map(|node| self.template(node, &here));
        entries
            .iter()
            .map(|entry| Target {
                name: entry.key.clone(),
                account: template(&entry.value, "account"),
                region: template(&entry.value, "region"),
                profile: entry.value.get("profile").and_then(Node::text).map(str::to_owned),
                role_arn: template(&entry.value, "role_arn"),
            })
            .collect()
    }

    fn follow_ups(&mut self, root: &'t Node) -> Vec<FollowUp> {
        let here = Here::at(Spot::End);
        let one = |loader: &mut Self, node: &Node| FollowUp {
            text: node.get("text").map_or_else(blank, |text| loader.template(text, &here)),
            due: span(node, "due").unwrap_or(Span(0)),
            when: node.get("when").and_then(|when| loader.condition(when, View::Run, &here)).map(|j| j.expr),
        };
        list(root, "follow_ups").iter().map(|node| one(self, node)).collect()
    }
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    list(node, key).iter().filter_map(Node::text).map(str::to_owned).collect()
}

/// `>=1.5, <2`: comparisons with versions, all of which hold.
fn is_version_range(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split(',').all(|comparison| {
        let comparison = comparison.trim();
        let version = [">=", "<=", "!=", "=", ">", "<"].iter().find_map(|sign| comparison.strip_prefix(sign));
        version.is_some_and(|version| version.trim_start().split('.').all(number))
    })
}
