//! Steps: what all of them have in common, whatever they do.

use super::super::finding::{FindingKind, near};
use super::super::model::{
    Action, Confirm, ForEach, Guard, OnFailure, OnItemFailure, Output, Step, StepProbe, Undo, Verify,
};
use super::super::tree::{Node, Raw};
use super::super::words;
use super::expressions::{Judged, View, blank, nothing};
use super::names::{ListId, Owner, StepId};
use super::scope::Here;
use super::{Known, Loader, count, flag, list, span, types};
use crate::catalogue::{Effect, Tier};
use crate::expr::{Expr, Template, Type};

impl<'t> Loader<'t> {
    pub(super) fn main_steps(&mut self) -> Vec<Step> {
        if self.names.lists.is_empty() {
            return Vec::new();
        }
        self.points_of_no_return();
        self.steps(0)
    }

    fn steps(&mut self, list: ListId) -> Vec<Step> {
        let ids = self.names.lists[list].steps.clone();
        ids.into_iter().map(|id| self.step(id)).collect()
    }

    fn step(&mut self, id: StepId) -> Step {
        let node: &'t Node = self.names.steps[id].node;
        let here = self.here(id);
        let each = node.get("for_each").map(|each| self.for_each(each, id, &here));
        let done = self.action(id, node, &here);
        let effect = self.effect(node, done.effect);
        self.phase(node);
        self.times(node);
        self.target_of_step(node, &done.action);
        self.without_effect(id, node, &done.action);
        Step {
            name: self.names.steps[id].name.to_owned(),
            title: self.title(id, node, &here),
            phase: node.get("phase").and_then(Node::text).map(str::to_owned),
            instructions: node.get("instructions").map(|text| self.template(text, &here)),
            target: self.target(node),
            outputs: self.step_outputs(id, node),
            when: node.get("when").and_then(|when| self.sound(when, View::Run, &here)),
            only_by_jump: flag(node, "only_by_jump"),
            confirm: self.confirm(node, done.floor, &here),
            effect: node.get("effect").and_then(Node::text).and_then(effect_word),
            guard: node.get("guard").map(|guard| self.guard(guard, &here)),
            capture: self.capture(node, &here),
            probe: node.get("probe").map(|probe| self.probe(probe, &here)),
            undo: self.undo(id, node, effect, &here),
            verify: node.get("verify").map(|verify| self.verify(verify, &here)),
            estimate: span(node, "estimate"),
            timeout: span(node, "timeout"),
            max_attempts: count(node, "max_attempts").and_then(|n| u16::try_from(n).ok()).unwrap_or(1),
            on_failure: self.on_failure(node),
            point_of_no_return: flag(node, "point_of_no_return"),
            for_each: each,
            steps: self.names.items_of.get(&id).copied().map(|list| self.steps(list)).unwrap_or_default(),
            line: self.source.place(node.get("name").map_or(node.at.start, |name| name.at.start)).0,
            action: done.action,
        }
    }

    fn title(&mut self, id: StepId, node: &Node, here: &Here) -> Template {
        match node.get("title") {
            Some(title) => self.template(title, here),
            None => Template::parse(self.names.steps[id].name).unwrap_or_else(|_| blank()),
        }
    }

    fn phase(&mut self, node: &Node) {
        let Some((at, name)) = node.get("phase").and_then(|phase| Some((phase, phase.text()?))) else {
            return;
        };
        if self.names.phases.contains(&name) {
            return;
        }
        let hint = near(name, self.names.phases.iter().copied());
        let raw = Raw::new(FindingKind::UnknownPhase, at.at.clone(), format!("there is no phase `{name}`"));
        let raw = raw.expected(self.names.phases.join(", "));
        self.say(raw.maybe(hint.map(|name| format!("did you mean `{name}`?"))));
    }

    fn times(&mut self, node: &Node) {
        let (Some(estimate), Some(timeout)) = (span(node, "estimate"), span(node, "timeout")) else { return };
        if estimate > timeout {
            let at = node.get("estimate").map_or(node.at.clone(), |n| n.at.clone());
            let message = format!("it usually takes {estimate}, but is given up after {timeout}");
            self.say(Raw::new(FindingKind::EstimateOverTimeout, at, message));
        }
    }

    fn target_of_step(&mut self, node: &Node, action: &Action) {
        if let (Action::AwsApi { .. }, Some(inputs)) = (action, node.get("inputs")) {
            self.target_needed(node, inputs);
        }
    }

    /// Keys that the step may have, but that nothing would ever look at.
    fn without_effect(&mut self, id: StepId, node: &Node, action: &Action) {
        if let Action::AwsApi { operation, .. } = action
            && operation.effect() == Effect::Read
        {
            for entry in node.map().iter().filter(|entry| KEYS_OF_CHANGES.contains(&entry.key.as_str())) {
                let message =
                    format!("`{}` means nothing here: {} changes nothing", entry.key, operation.name);
                let raw = Raw::new(FindingKind::MisplacedKey, entry.key_at.clone(), message);
                self.say(
                    raw.hint("a call that only reads has no gate, nothing to prove and nothing to take back"),
                );
            }
        }
        if let (Some(entry), Some(why)) = (node.entry("timeout"), no_deadline(node, action)) {
            let message = format!("`timeout` means nothing here: {why}");
            self.say(Raw::new(FindingKind::MisplacedKey, entry.key_at.clone(), message));
        }
        if let (Action::Manual(_), Some(_), Some(entry)) =
            (action, self.names.undo_of.get(&id), node.entry("undo"))
        {
            let message = "what a person did is not taken back by steps; these never run";
            let raw = Raw::new(FindingKind::UndoNeverValid, entry.key_at.clone(), message);
            self.say(raw.hint("undo: {none: what the person does to take it back}"));
        }
    }

    fn for_each(&mut self, node: &Node, id: StepId, here: &Here) -> ForEach {
        let items = node.get("items").and_then(|items| self.items(items, here));
        let item = self.item_of(id);
        let inner = here.clone().with_item(item);
        let key = node.get("key").and_then(|key| Some((key, self.run(key, &inner)?)));
        if let Some((node, judged)) = &key {
            self.key(node, judged);
        }
        ForEach {
            items: items.map_or_else(nothing, |(expr, _)| expr),
            key: key.map_or_else(nothing, |(_, judged)| judged.expr),
            concurrency: count(node, "concurrency").and_then(|n| usize::try_from(n).ok()).unwrap_or(1),
            on_item_failure: match node.get("on_item_failure").and_then(Node::text) {
                Some("finish_others_then_pause") => OnItemFailure::FinishOthersThenPause,
                _ => OnItemFailure::Pause,
            },
        }
    }

    /// A key names an item: it is a text or a number, and differs between items.
    fn key(&mut self, node: &Node, judged: &Judged) {
        let named = judged.ty.fits(&Type::Text).is_ok() || judged.ty.fits(&Type::Number).is_ok();
        let own = |name: Option<&String>| name.is_none_or(|name| name == "item" || name == "index");
        let uses_item =
            judged.expr.roots().iter().chain(judged.expr.slot_roots()).any(|r| own(r.path.first()));
        let message = if !named {
            format!("a key is a text or a number, this is {}", judged.ty)
        } else if !uses_item {
            "the key does not look at `item`: it is the same for every item".to_owned()
        } else {
            return;
        };
        self.say(Raw::new(FindingKind::ExpressionType, self.whole(node), message));
    }

    /// The effect of the step: what the action does, or more when the author says so.
    fn effect(&mut self, node: &Node, least: Effect) -> Effect {
        let Some((at, said)) = node.get("effect").and_then(|e| Some((e, effect_word(e.text()?)?))) else {
            return least;
        };
        if said < least {
            let message =
                format!("the action is {}; an effect may only be raised", words::effect_word(least));
            self.say(Raw::new(FindingKind::EffectLowered, at.at.clone(), message));
        }
        said.max(least)
    }

    fn confirm(&mut self, node: &Node, floor: Tier, here: &Here) -> Confirm {
        let Some(confirm) = node.get("confirm") else { return Confirm::default() };
        let tier = confirm.get("tier").and_then(|tier| Some((tier, tier_word(tier.text()?)?)));
        if let Some((at, _)) = tier.filter(|(_, tier)| *tier < floor) {
            let message = format!("this call is gated at {floor} or above; a gate may only be raised");
            self.say(Raw::new(FindingKind::ConfirmLowered, at.at.clone(), message));
        }
        Confirm {
            tier: tier.map(|(_, tier)| tier),
            also: confirm.get("also").map(|also| self.template(also, here)),
        }
    }

    fn guard(&mut self, node: &Node, here: &Here) -> Guard {
        let judged = node.get("check").and_then(|check| self.condition(check, View::Run, here));
        let rows = self.rows(node, &judged.iter().collect::<Vec<_>>(), Vec::new(), None, here);
        Guard {
            check: judged.map_or_else(nothing, |judged| judged.expr),
            rows,
            message: node.get("message").map_or_else(blank, |message| self.template(message, here)),
        }
    }

    fn capture(&mut self, node: &Node, here: &Here) -> Vec<(String, super::super::model::ReadRef)> {
        let entries = node.get("capture").map(Node::map).unwrap_or_default();
        entries.iter().map(|entry| (entry.key.clone(), self.read_ref(&entry.value, here).0)).collect()
    }

    fn probe(&mut self, node: &Node, here: &Here) -> StepProbe {
        let (read, executed_when) = self.read_and_condition(node, "executed_when", here);
        StepProbe { read, executed_when }
    }

    fn verify(&mut self, node: &Node, here: &Here) -> Verify {
        let (read, until) = self.read_and_condition(node, "until", here);
        Verify { read, until }
    }

    fn read_and_condition(
        &mut self,
        node: &Node,
        key: &str,
        here: &Here,
    ) -> (super::super::model::ReadRef, crate::expr::Expr) {
        let (read, answer) = match node.get("read") {
            Some(read) => self.read_ref(read, here),
            None => (super::super::model::ReadRef::Named(String::new()), Type::Any),
        };
        let until = node.get(key).and_then(|until| self.sound(until, View::Answer(&answer), here));
        (read, until.unwrap_or_else(nothing))
    }

    /// A condition beside which no rows can be stated: it must not be true of an empty list.
    pub(super) fn sound(&mut self, node: &Node, view: View<'_>, here: &Here) -> Option<Expr> {
        let judged = self.condition(node, view, here)?;
        self.say_vacuous(&judged);
        Some(judged.expr)
    }

    fn on_failure(&mut self, node: &Node) -> OnFailure {
        let Some((at, text)) = node.get("on_failure").and_then(|n| Some((n, n.text()?))) else {
            return OnFailure::Pause;
        };
        match text {
            "pause" => return OnFailure::Pause,
            "abort" => return OnFailure::Abort,
            "continue" => return OnFailure::Continue,
            _ => {}
        }
        // Where it leads was judged with the flow.
        if let Some(step) = text.strip_prefix("step:") {
            return OnFailure::Step(step.to_owned());
        }
        let hint = near(text, ["pause", "abort", "continue"]).map(|word| format!("did you mean `{word}`?"));
        let message = format!("`{text}` is not a value of `on_failure`");
        let raw = Raw::new(FindingKind::UnknownValue, at.at.clone(), message).maybe(hint);
        self.say(raw.expected("pause, abort, continue or step:NAME"));
        OnFailure::Pause
    }

    fn step_outputs(&mut self, id: StepId, node: &'t Node) -> Vec<Output> {
        let remembered = |loader: &mut Self, node: &Node| {
            let output = loader.output(id, node);
            // What has been worked out need not be worked out again when a later step asks.
            loader.output_types.insert((id, output.name.clone()), Known::Type(output.shape.clone()));
            output
        };
        list(node, "outputs").iter().map(|output| remembered(self, output)).collect()
    }

    /// One output; its `shape` is what it declares, as exactly as the selector tells.
    pub(super) fn output(&mut self, id: StepId, node: &Node) -> Output {
        let here = self.here(id);
        let answer = self.answer_of(id);
        let view = answer.as_ref().map_or(View::Run, View::Answer);
        let judged = node.get("selector").and_then(|selector| self.expression(selector, view, &here));
        if let (Some(judged), Some(selector)) = (&judged, node.get("selector")) {
            self.say_not_read(id, judged, selector);
        }
        let declared = node.get("type").and_then(Node::text).map_or(Type::Any, types::word);
        let mut shape = declared.clone();
        if let Some(judged) = &judged {
            match judged.ty.fits(&declared) {
                Ok(()) if !matches!(*judged.ty.plain(), Type::Any | Type::Text | Type::Null) => {
                    shape = judged.ty.plain().into_owned();
                }
                Ok(()) => {}
                Err(why) => {
                    let at = node.get("type").map_or(node.at.clone(), |n| n.at.clone());
                    self.say(Raw::new(FindingKind::OutputType, at, why));
                }
            }
        }
        let optional = flag(node, "optional");
        Output {
            name: super::text(node, "name"),
            selector: judged.map_or_else(nothing, |judged| judged.expr),
            shape: if optional { shape.optional() } else { shape },
            optional,
        }
    }

    /// An answer is taken as it is given: nothing is read again for it.
    fn say_not_read(&mut self, id: StepId, judged: &Judged, selector: &Node) {
        let prompt = self.names.steps[id].node.get("action").and_then(Node::text) == Some("prompt");
        let Some(read) = judged.reads.first().filter(|_| prompt) else { return };
        let message = format!("`reads.{read}` is not read when a prompt is answered");
        let raw = Raw::new(FindingKind::OutOfScope, self.whole(selector), message);
        self.say(
            raw.hint("the selectors of a prompt see the chosen row; make an assert with outputs for more"),
        );
    }

    fn undo(&mut self, id: StepId, node: &'t Node, effect: Effect, here: &Here) -> Undo {
        let inside = self.names.in_undo(id);
        if let (Some(entry), true) = (node.entry("undo"), inside) {
            let message = "a step of an undo has no undo of its own";
            self.say(Raw::new(FindingKind::MisplacedKey, entry.key_at.clone(), message));
        }
        let Some(undo) = node.get("undo") else {
            if effect > Effect::Read && !inside && node.get("action").and_then(Node::text) != Some("runbook")
            {
                let at = node.get("name").map_or(node.at.clone(), |name| name.at.clone());
                let message = "this step changes something and does not say how it is taken back";
                let raw = Raw::new(FindingKind::UndoMissing, at, message);
                self.say(raw.hint("undo: {steps: […]}, or undo: {none: the reason}"));
            }
            return Undo::NotNeeded;
        };
        if let Some(reason) = undo.get("none") {
            return Undo::None(self.template(reason, here));
        }
        let steps = self.names.undo_of.get(&id).copied().map(|list| self.steps(list)).unwrap_or_default();
        Undo::Steps { steps, valid_until: self.valid_until(id, undo) }
    }

    /// The step from which on an undo is not offered: a later one, not after the point of no return.
    fn valid_until(&mut self, id: StepId, undo: &Node) -> Option<String> {
        let node = undo.get("valid_until")?;
        let until = self.known_step(node)?;
        let own = self.names.chain(id).last().unwrap_or(id);
        let (own, until_step) = (&self.names.steps[own], &self.names.steps[until]);
        if until_step.list != 0 || until_step.place <= own.place {
            let message = format!("`{}` is not a main step after this one", until_step.name);
            self.say(Raw::new(FindingKind::UndoNeverValid, node.at.clone(), message));
        }
        node.text().map(str::to_owned)
    }

    /// One main step is the point of no return, and no undo is offered from it on.
    fn points_of_no_return(&mut self) {
        let marked =
            |loader: &Self, id: StepId| loader.names.steps[id].node.entry("point_of_no_return").cloned();
        let mut first: Option<usize> = None;
        for id in 0..self.names.steps.len() {
            let Some(entry) = marked(self, id).filter(|entry| entry.value.json() == true) else { continue };
            let message = if self.names.list_of(id).owner != Owner::Runbook {
                "the point of no return is a main step, not one inside it"
            } else if first.is_some() {
                "there is another point of no return above"
            } else {
                first = Some(self.names.steps[id].place);
                continue;
            };
            self.say(Raw::new(FindingKind::PointOfNoReturn, entry.key_at, message));
        }
        let Some(first) = first else { return };
        for id in self.names.undo_of.keys().copied().collect::<Vec<_>>() {
            let main = self.names.chain(id).last().unwrap_or(id);
            if self.names.steps[main].place >= first
                && let Some(entry) = self.names.steps[id].node.entry("undo")
            {
                let message = "no undo is offered from the point of no return on";
                let raw = Raw::new(FindingKind::UndoNeverValid, entry.key_at.clone(), message);
                self.say(raw.hint("say why nothing takes it back: undo: {none: …}"));
            }
        }
    }
}

/// Keys that mean something only where a call changes something.
const KEYS_OF_CHANGES: &[&str] =
    &["confirm", "effect", "guard", "capture", "probe", "undo", "verify", "max_attempts"];

/// Why a step is never given up after some time.
fn no_deadline(step: &Node, action: &Action) -> Option<&'static str> {
    match action {
        Action::AwsApi { .. } if step.entry("verify").is_none() => {
            Some("a call has a deadline of its own, and there is no `verify` to wait for")
        }
        Action::Undo { .. } => Some("the steps of the undo have their own"),
        Action::Each if step.entry("for_each").is_some() => Some("the nested steps have their own"),
        _ => None,
    }
}

fn effect_word(word: &str) -> Option<Effect> {
    match word {
        "read" => Some(Effect::Read),
        "mutate" => Some(Effect::Mutate),
        "destructive" => Some(Effect::Destructive),
        _ => None,
    }
}

fn tier_word(word: &str) -> Option<Tier> {
    match word {
        "T0" => Some(Tier::T0),
        "T1" => Some(Tier::T1),
        "T2" => Some(Tier::T2),
        "T3" => Some(Tier::T3),
        _ => None,
    }
}
