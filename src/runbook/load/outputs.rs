//! The types of what steps leave behind: outputs, captures and items.

use std::collections::BTreeMap;

use super::super::finding::{FindingKind, near};
use super::super::tree::Node;
use super::names::StepId;
use super::scope::{Absent, Here, Spot};
use super::{Known, Loader};
use crate::expr::Type;

impl<'t> Loader<'t> {
    /// The type of `STEP.member`, or of the whole of its outputs.
    pub(super) fn step_member(&mut self, step: StepId, member: Option<&str>) -> Result<Type, Absent> {
        match member {
            None => Ok(self.outputs_type(step)),
            Some("captured") => Ok(self.captured_type(step)),
            Some("items") => Ok(self.items_type(step)),
            Some(member) => self.output_type(step, member).ok_or_else(|| self.no_output(step, member)),
        }
    }

    fn no_output(&self, step: StepId, member: &str) -> Absent {
        let name = self.names.steps[step].name;
        let known = self.output_names(step);
        let absent = Absent::new(FindingKind::UnknownName, format!("step `{name}` has no output `{member}`"));
        match near(member, known.iter().copied().chain(["captured", "items"])) {
            Some(near) => absent.hint(format!("did you mean `{name}.{near}`?")),
            None if known.is_empty() => absent.hint("it has no outputs"),
            None => absent.hint(format!("its outputs are {}", known.join(", "))),
        }
    }

    fn outputs(&self, step: StepId) -> &'t [Node] {
        let node: &'t Node = self.names.steps[step].node;
        node.get("outputs").map(Node::list).unwrap_or_default()
    }

    fn output_names(&self, step: StepId) -> Vec<&'t str> {
        self.outputs(step).iter().filter_map(|output| output.get("name")?.text()).collect()
    }

    /// Whether a null is fine for this output.
    pub(super) fn is_optional(&self, step: StepId, name: &str) -> bool {
        let output = self.outputs(step).iter().find(|o| o.get("name").and_then(Node::text) == Some(name));
        output.and_then(|o| o.get("optional")).is_some_and(|node| node.json() == true)
    }

    /// The type of one output, worked out when first asked for.
    fn output_type(&mut self, step: StepId, name: &str) -> Option<Type> {
        let node = self.outputs(step).iter().find(|o| o.get("name").and_then(Node::text) == Some(name))?;
        let key = (step, name.to_owned());
        match self.output_types.get(&key) {
            Some(Known::Busy) => return Some(Type::Any),
            Some(Known::Type(ty)) => return Some(ty.clone()),
            None => {}
        }
        self.output_types.insert(key.clone(), Known::Busy);
        let ty = self.quietly(|loader| loader.output(step, node).shape);
        self.output_types.insert(key, Known::Type(ty.clone()));
        Some(ty)
    }

    fn outputs_type(&mut self, step: StepId) -> Type {
        let mut members = BTreeMap::new();
        for name in self.output_names(step) {
            let ty = self.output_type(step, name).unwrap_or(Type::Any);
            members.insert(name.to_owned(), ty);
        }
        Type::Object(members)
    }

    /// The type of `captured` of one step; of a `for_each`, of all that its nested steps capture.
    pub(super) fn captured_type(&mut self, step: StepId) -> Type {
        let mut members = BTreeMap::new();
        let nested = self.names.items_of.get(&step).map(|list| self.names.lists[*list].steps.clone());
        for id in nested.unwrap_or_default().into_iter().chain([step]) {
            let node: &'t Node = self.names.steps[id].node;
            let here = self.here(id);
            for entry in node.get("capture").map(Node::map).unwrap_or_default() {
                let ty = self.quietly(|loader| loader.read_ref(&entry.value, &here).1);
                members.insert(entry.key.clone(), ty);
            }
        }
        Type::Object(members)
    }

    fn items_type(&mut self, step: StepId) -> Type {
        let item = match self.names.items_of.get(&step) {
            Some(_) => self.item_of(step),
            None => self.here(step).item.unwrap_or(Type::Null),
        };
        let members = [
            ("item", item),
            ("state", Type::Text),
            ("captured", self.captured_type(step)),
            ("outputs", self.outputs_type(step)),
        ];
        Type::list(Type::object(members))
    }

    /// How a nested step's member looks from outside: one per item, except the items themselves.
    pub(super) fn as_list(member: Option<&str>, ty: Type) -> Type {
        if member == Some("items") { ty } else { Type::list(ty) }
    }

    /// The type of an element of the items a `for_each` goes over.
    pub(super) fn item_of(&mut self, step: StepId) -> Type {
        match self.item_types.get(&step) {
            Some(Known::Busy) => return Type::Any,
            Some(Known::Type(ty)) => return ty.clone(),
            None => {}
        }
        self.item_types.insert(step, Known::Busy);
        let node: &'t Node = self.names.steps[step].node;
        let here = self.here(step);
        let items = node.get("for_each").and_then(|each| each.get("items"));
        let ty = items.and_then(|items| self.quietly(|loader| loader.run(items, &here)));
        let ty = ty.map_or(Type::Any, |judged| judged.ty.element().unwrap_or_default());
        self.item_types.insert(step, Known::Type(ty.clone()));
        ty
    }

    /// What expressions of a step see besides the run.
    pub(super) fn here(&mut self, step: StepId) -> Here {
        let mut here = Here::at(Spot::Step(step));
        let chain: Vec<StepId> = self.names.chain(step).collect();
        for id in chain {
            match self.names.list_of(id).owner {
                super::names::Owner::Items(owner) if here.item.is_none() => {
                    here.item = Some(self.item_of(owner));
                }
                super::names::Owner::Undo(owner) if here.captured.is_none() => {
                    let captured = self.names.steps[owner].node.entry("capture").is_some();
                    here.captured = captured.then(|| self.captured_type(owner));
                }
                _ => {}
            }
        }
        here
    }
}
