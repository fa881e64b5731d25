//! What each action does with its inputs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::finding::FindingKind;
use super::super::model::{
    Action, Assert, Choice, Diff, Manual, Offer, OfferRows, Prompt, RowsRule, Verdict, Wait,
};
use super::super::tree::{Node, Raw};
use super::checks::row_of;
use super::expressions::{Judged, View, blank, nothing};
use super::names::{Owner, StepId};
use super::scope::Here;
use super::{Loader, count, flag, foreign, list, span, text};
use crate::catalogue::{Effect, Operation, Tier};
use crate::expr::Type;
use crate::ids::Span;

/// How often a wait reads unless it says so.
const INTERVAL: Span = Span::secs(10);

/// An action and what the step needs to know of it.
pub(super) struct Done {
    pub action: Action,
    pub effect: Effect,
    /// The lowest gate its call can have.
    pub floor: Tier,
}

impl Done {
    fn of(action: Action) -> Done {
        Done { action, effect: Effect::Read, floor: Tier::T0 }
    }
}

impl<'t> Loader<'t> {
    pub(super) fn action(&mut self, id: StepId, node: &'t Node, here: &Here) -> Done {
        let (Some(name), Some(inputs)) = (node.get("action").and_then(Node::text), node.get("inputs")) else {
            return Done::of(Action::Each);
        };
        match name {
            "aws.api" => self.aws_api(inputs, here),
            "wait" => self.wait(node, inputs, here),
            "assert" => self.assert(node, inputs, here),
            "prompt" => Done::of(Action::Prompt(self.prompt(node, inputs, here))),
            "manual" => Done::of(Action::Manual(self.manual(inputs, here))),
            "approve" => Done::of(Action::Approve { message: self.message(inputs, here) }),
            "diff" => Done::of(Action::Diff(self.diff(inputs, here))),
            "branch" => Done::of(self.branch(inputs, here)),
            "undo" => Done::of(self.undo_action(inputs, here)),
            "end" => Done::of(self.end(id, node, inputs, here)),
            _ => self.foreign(name, inputs, here),
        }
    }

    fn message(&mut self, inputs: &Node, here: &Here) -> crate::expr::Template {
        inputs.get("message").map_or_else(blank, |message| self.template(message, here))
    }

    fn aws_api(&mut self, inputs: &Node, here: &Here) -> Done {
        let Some(operation) = self.operation(inputs) else { return Done::of(Action::Each) };
        let parameters = self.call_parameters(inputs, operation, here);
        let written = inputs.get("parameters").map_or(Value::Null, Node::json);
        Done {
            effect: operation.effect(),
            floor: operation.floor(&written, None),
            action: Action::AwsApi { operation, parameters },
        }
    }

    /// A condition that may be left out.
    fn maybe(&mut self, inputs: &Node, key: &str, view: View<'_>, here: &Here) -> Option<Judged> {
        inputs.get(key).and_then(|node| self.condition(node, view, here))
    }

    fn wait(&mut self, node: &Node, inputs: &Node, here: &Here) -> Done {
        let read = inputs.get("read").map(|read| self.read(read, here));
        let answer = read.as_ref().map(|read| read.shape.clone());
        let view = answer.as_ref().map_or(View::Run, View::Answer);
        let until = self.maybe(inputs, "until", view, here);
        let fail_when = self.maybe(inputs, "fail_when", view, here);
        let must_leave = self.maybe(inputs, "must_leave", view, here);
        let tolerated = inputs.get("tolerate").map(Node::map).unwrap_or_default();
        let judged = [&until, &fail_when, &must_leave].into_iter().flatten();
        let reads: BTreeSet<String> = judged.flat_map(|judged| judged.reads.clone()).collect();
        let mut operations = self.operations_of(reads.iter().map(String::as_str));
        operations.extend(inputs.get("read").map(|read| self.codes_of(read)).unwrap_or_default());
        for entry in tolerated {
            self.check_code(&entry.key, entry.key_at.clone(), &operations);
        }
        let expr = |judged: &Option<Judged>| judged.as_ref().map(|judged| judged.expr.clone());
        let wait = Wait {
            until: expr(&until).unwrap_or_else(nothing),
            fail_when: expr(&fail_when),
            must_leave: expr(&must_leave),
            stable_for: count(inputs, "stable_for").and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
            rows: self.wait_rows(node, [&until, &fail_when, &must_leave], answer.as_ref(), here),
            tolerate: tolerated
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.parse().ok()?)))
                .collect(),
            interval: span(inputs, "interval").unwrap_or(INTERVAL),
            read: read.map(Box::new),
        };
        Done::of(Action::Wait(wait))
    }

    fn assert(&mut self, node: &Node, inputs: &Node, here: &Here) -> Done {
        let read = inputs.get("read").map(|read| self.read(read, here));
        let answer = read.as_ref().map(|read| read.shape.clone());
        let view = answer.as_ref().map_or(View::Run, View::Answer);
        let check = self.maybe(inputs, "check", view, here);
        let assert = Assert {
            check: check.as_ref().map_or_else(nothing, |judged| judged.expr.clone()),
            rows: self.wait_rows(node, [&check, &None, &None], answer.as_ref(), here),
            message: self.message(inputs, here),
            read: read.map(Box::new),
        };
        Done::of(Action::Assert(assert))
    }

    /// The rows of a wait or assert: its conditions and its outputs look at lists.
    fn wait_rows(
        &mut self,
        node: &Node,
        judged: [&Option<Judged>; 3],
        answer: Option<&Type>,
        here: &Here,
    ) -> Vec<RowsRule> {
        let judged: Vec<&Judged> = judged.into_iter().flatten().collect();
        let inputs = node.get("inputs").unwrap_or(node);
        let outputs = list(node, "outputs").iter().filter_map(|output| output.get("selector")).collect();
        self.rows(inputs, &judged, outputs, answer, here)
    }

    fn prompt(&mut self, node: &Node, inputs: &Node, here: &Here) -> Prompt {
        let secret = flag(inputs, "secret");
        if let (true, Some(outputs)) = (secret, node.entry("outputs")) {
            let message = "outputs are kept in the journal; a secret may not be one";
            self.say(Raw::new(FindingKind::SecretKept, outputs.key_at.clone(), message));
        }
        Prompt { message: self.message(inputs, here), offer: self.offer(inputs, here), secret }
    }

    fn offer(&mut self, inputs: &Node, here: &Here) -> Offer {
        if let Some(choices) = inputs.get("choices") {
            return Offer::Choices(choices.list().iter().map(|choice| self.template(choice, here)).collect());
        }
        let Some(read) = inputs.get("read") else { return Offer::Free(self.parameter_kind(inputs)) };
        let (read, answer) = self.read_ref(read, here);
        let rows = inputs.get("rows").and_then(|rows| self.expression(rows, View::Answer(&answer), here));
        let row = row_of(rows.as_ref().map_or(&answer, |judged| &judged.ty));
        let value = inputs.get("value").and_then(|value| self.expression(value, View::Answer(&row), here));
        let warn_when = self.maybe(inputs, "warn_when", View::Answer(&row), here);
        Offer::Rows(Box::new(OfferRows {
            read,
            rows: rows.map(|judged| judged.expr),
            columns: self.columns(inputs, &row, here),
            value: value.map_or_else(nothing, |judged| judged.expr),
            warn_when: warn_when.map(|judged| judged.expr),
        }))
    }

    fn manual(&mut self, inputs: &Node, here: &Here) -> Manual {
        let shown: Vec<&Node> = list(inputs, "show").iter().filter(|node| node.text().is_some()).collect();
        for node in &shown {
            self.read_ref(node, here);
        }
        Manual {
            checklist: list(inputs, "checklist").iter().map(|item| self.template(item, here)).collect(),
            show: shown.into_iter().map(name_of).collect(),
            evidence: inputs.entry("evidence").is_some(),
        }
    }

    fn diff(&mut self, inputs: &Node, here: &Here) -> Diff {
        let (left, left_type) = self.document(inputs, "left", here);
        let (right, right_type) = self.document(inputs, "right", here);
        let mut paths = Vec::new();
        for node in list(inputs, "expect_same") {
            let judged = self.expression(node, View::Answer(&left_type), here);
            if *left_type.plain() == Type::Any {
                self.expression(node, View::Answer(&right_type), here);
            }
            paths.push(judged.map_or_else(nothing, |judged| judged.expr));
        }
        for node in list(inputs, "ignore") {
            self.expression(node, View::Answer(&left_type), here);
        }
        let ignore = list(inputs, "ignore").iter().map(name_of).collect();
        Diff { left, right, ignore, expect_same: paths }
    }

    fn document(&mut self, inputs: &Node, key: &str, here: &Here) -> (crate::expr::Template, Type) {
        let Some(node) = inputs.get(key) else { return (blank(), Type::Any) };
        let (template, ty) = self.typed_template(node, here);
        let scalar = !matches!(
            *ty.plain(),
            Type::Any | Type::Map(_) | Type::Object(_) | Type::Shape(_) | Type::List(_)
        );
        if scalar {
            let message = format!("a diff compares documents, this is {ty}");
            let raw = Raw::new(FindingKind::ExpressionType, self.whole(node), message);
            self.say(raw.hint("one template that is the whole value: \"{{ reads.db }}\""));
        }
        (template, if scalar { Type::Any } else { ty })
    }

    fn branch(&mut self, inputs: &Node, here: &Here) -> Action {
        let choices = list(inputs, "choices").iter().map(|choice| {
            let when = choice.get("when").and_then(|when| self.sound(when, View::Run, here));
            Choice { when: when.unwrap_or_else(nothing), next_step: text(choice, "next_step") }
        });
        let choices = choices.collect();
        Action::Branch { choices, default: inputs.get("default").and_then(Node::text).map(str::to_owned) }
    }

    fn undo_action(&mut self, inputs: &Node, here: &Here) -> Action {
        let Some(node) = inputs.get("step") else { return Action::Each };
        if let Some(step) = self.known_step(node) {
            if self.names.undo_of.contains_key(&step) {
                self.say_unavailable(step, here, node.at.clone());
            } else {
                let message = format!("step `{}` has no undo steps", self.names.steps[step].name);
                self.say(Raw::new(FindingKind::UndoNeverValid, node.at.clone(), message));
            }
        }
        Action::Undo { step: name_of(node) }
    }

    fn end(&mut self, id: StepId, node: &Node, inputs: &Node, here: &Here) -> Action {
        if self.names.list_of(id).owner != Owner::Runbook {
            let at = node.get("action").map_or(node.at.clone(), |action| action.at.clone());
            let message = "only a main step ends the run";
            self.say(Raw::new(FindingKind::MisplacedKey, at, message));
        }
        let verdict = match inputs.get("verdict").and_then(Node::text) {
            Some("success") => Verdict::Success,
            Some("not_applicable") => Verdict::NotApplicable,
            _ => Verdict::Failed,
        };
        Action::End { verdict, message: self.message(inputs, here) }
    }

    fn foreign(&mut self, name: &str, inputs: &Node, here: &Here) -> Done {
        let Some(kind) = foreign::KINDS.iter().find(|kind| **kind == name) else {
            return Done::of(Action::Each);
        };
        let answer = Self::foreign_answer(kind, inputs);
        let effect = super::super::foreign::effect(kind, &inputs.json());
        let tree = self.foreign_inputs(kind, inputs, &answer, here);
        let floor = if effect == Effect::Read { Tier::T0 } else { Tier::T1 };
        Done { action: Action::Foreign { kind, inputs: tree }, effect, floor }
    }

    /// What the selectors of a step's outputs see; `None` when that is the run.
    pub(super) fn answer_of(&mut self, id: StepId) -> Option<Type> {
        let node: &'t Node = self.names.steps[id].node;
        let name = node.get("action").and_then(Node::text)?;
        let inputs = node.get("inputs")?;
        let here = self.here(id);
        match name {
            "wait" | "assert" => None,
            "aws.api" => {
                let operation = self.quietly(|loader| loader.operation(inputs));
                Some(operation.and_then(Operation::output).map_or(Type::Any, Type::Shape))
            }
            "prompt" => Some(self.quietly(|loader| loader.answer_of_prompt(inputs, &here))),
            _ => Some(Self::foreign_answer(name, inputs)),
        }
    }

    fn answer_of_prompt(&mut self, inputs: &Node, here: &Here) -> Type {
        if inputs.entry("choices").is_some() {
            return Type::object([("value", Type::Text)]);
        }
        let Some(read) = inputs.get("read") else {
            return Type::object([("value", self.parameter_kind(inputs).as_type())]);
        };
        let answer = self.read_ref(read, here).1;
        let rows = inputs.get("rows").and_then(|rows| self.expression(rows, View::Answer(&answer), here));
        row_of(rows.as_ref().map_or(&answer, |judged| &judged.ty))
    }
}

fn name_of(node: &Node) -> String {
    node.text().unwrap_or_default().to_owned()
}
