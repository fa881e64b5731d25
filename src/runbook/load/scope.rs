//! What an expression may name where it stands, and of which type that is.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::finding::{FindingKind, near};
use super::super::tree::{Node, Raw};
use super::Loader;
use super::names::{Owner, ROOTS, StepId};
use crate::expr::{Expr, Root, Type};

/// Where an expression stands.
#[derive(Clone, Debug)]
pub(super) struct Here {
    pub spot: Spot,
    /// Type of `item`, inside a `for_each`.
    pub item: Option<Type>,
    /// Type of `captured`, inside an undo.
    pub captured: Option<Type>,
}

/// The part of the file an expression stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    /// The default of the n-th parameter.
    Default(usize),
    /// The n-th named condition; what it uses is judged where it is used.
    Condition(usize),
    /// A named read, a pane, a connection or a target.
    Read,
    Preflight,
    Step(StepId),
    /// Objectives and follow-ups: the run has ended.
    End,
}

impl Here {
    pub(super) fn at(spot: Spot) -> Here {
        Here { spot, item: None, captured: None }
    }

    pub(super) fn with_item(self, item: Type) -> Here {
        Here { item: Some(item), ..self }
    }
}

impl Here {
    fn each(&self, name: &str) -> Result<Type, Absent> {
        let item = self.item.clone().ok_or_else(|| {
            Absent::new(FindingKind::OutOfScope, format!("`{name}` exists only inside a `for_each`"))
        })?;
        Ok(if name == "item" { item } else { Type::Integer })
    }

    fn captured(&self) -> Result<Type, Absent> {
        let message = "`captured` exists only in the undo of a step with `capture`";
        let absent =
            || Absent::new(FindingKind::OutOfScope, message).hint("elsewhere write STEP.captured.NAME");
        self.captured.clone().ok_or_else(absent)
    }
}

/// The type of a root: of the whole of it, or of the one member that was asked for.
enum Found {
    Whole(Type),
    Member(Type),
}

/// Why something is not there.
pub(super) struct Absent {
    kind: FindingKind,
    message: String,
    hint: Option<String>,
}

impl Absent {
    pub(super) fn new(kind: FindingKind, message: impl Into<String>) -> Absent {
        Absent { kind, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Absent {
        self.hint = Some(hint.into());
        self
    }
}

impl Loader<'_> {
    /// The scope that exactly these roots see. What is not there becomes a finding and anything.
    pub(super) fn scope(&mut self, roots: &[&Root], here: &Here, node: &Node) -> Type {
        let mut scope: BTreeMap<String, Type> = BTreeMap::new();
        for root in roots {
            let found = match self.root(root, here) {
                Ok(found) => found,
                Err(absent) => {
                    let at = self.range(node, &root.span);
                    self.say(Raw::new(absent.kind, at, absent.message).maybe(absent.hint));
                    Found::Member(Type::Any)
                }
            };
            insert(&mut scope, &root.path, found);
        }
        Type::Object(scope)
    }

    /// The type of one root.
    fn root(&mut self, root: &Root, here: &Here) -> Result<Found, Absent> {
        let member = root.path.get(1).map(String::as_str);
        let Some(name) = root.path.first() else { return Ok(Found::Whole(Type::Any)) };
        match name.as_str() {
            "parameters" => self.parameter(member, root.guarded, here.spot).map(Found::Member),
            _ if matches!(here.spot, Spot::Default(_)) => {
                let known = ROOTS.contains(&name.as_str()) || self.names.by_name.contains_key(name.as_str());
                Err(if known { only_parameters() } else { self.unknown(name) })
            }
            "reads" => self.read_root(member, here).map(Found::Member),
            "run" => Ok(Found::Whole(run_type())),
            "now" => Ok(Found::Whole(Type::Time)),
            "item" | "index" => here.each(name).map(Found::Whole),
            "captured" => here.captured().map(Found::Whole),
            _ if self.names.conditions.contains_key(name.as_str()) => {
                self.condition_root(name, here).map(Found::Whole)
            }
            _ => self.step_root(name, member, root.guarded, here).map(Found::Member),
        }
    }

    fn parameter(&self, member: Option<&str>, guarded: bool, spot: Spot) -> Result<Type, Absent> {
        let Some(name) = member else {
            let all = self.parameter_types.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone()));
            return Ok(Type::Object(all.collect()));
        };
        let Some((place, node)) = self.names.parameters.get(name) else {
            let hint = near(name, self.names.parameters.keys().copied());
            let absent = Absent::new(FindingKind::UnknownName, format!("there is no parameter `{name}`"));
            return Err(Absent {
                hint: hint.map(|name| format!("did you mean `parameters.{name}`?")),
                ..absent
            });
        };
        if let Spot::Default(own) = spot
            && *place >= own
        {
            let message = format!("a default may use only parameters above it, and `{name}` is not");
            return Err(Absent::new(FindingKind::DefaultOrder, message));
        }
        let given = super::flag(node, "required") || node.entry("default").is_some();
        if !given && !guarded {
            let message = format!("parameter `{name}` may be left out, it is then null");
            return Err(Absent::new(FindingKind::Unguarded, message)
                .hint("guard it with not_null(value, `literal`) or omit_null(value), or make it required"));
        }
        Ok(self.parameter_types.get(name).cloned().unwrap_or(Type::Any))
    }

    fn read_root(&mut self, member: Option<&str>, here: &Here) -> Result<Type, Absent> {
        let Some(name) = member else { return Ok(Type::Any) };
        let Some((name, _)) = self.names.reads.get_key_value(name).map(|(name, node)| (*name, *node)) else {
            return Err(self.unknown_read(name));
        };
        self.read_ready(name, here)?;
        Ok(self.read_type(name))
    }

    fn unknown_read(&self, name: &str) -> Absent {
        let hint = near(name, self.names.reads.keys().copied());
        let absent = Absent::new(FindingKind::UnknownRead, format!("there is no read `{name}`"));
        Absent { hint: hint.map(|name| format!("did you mean `{name}`?")), ..absent }
    }

    /// Says that a read does not exist.
    pub(super) fn say_unknown_read(&mut self, name: &str, at: Range<usize>) {
        let absent = self.unknown_read(name);
        self.say(Raw::new(absent.kind, at, absent.message).maybe(absent.hint));
    }

    /// Whether a read can be asked at this place: what it asks with must be there.
    fn read_ready(&mut self, name: &str, here: &Here) -> Result<(), Absent> {
        if !matches!(here.spot, Spot::Preflight | Spot::Step(_)) {
            return Ok(());
        }
        for need in self.read_needs(name) {
            let Some(step) = self.names.by_name.get(need.path[0].as_str()).copied() else { continue };
            if here.spot == Spot::Preflight {
                let message = format!(
                    "`reads.{name}` asks with an output of step `{}`, which runs after Start",
                    need.path[0]
                );
                return Err(Absent::new(FindingKind::OutOfScope, message));
            }
            if let Err(mut absent) = self.available(step, need.guarded, here) {
                absent.message = format!("`reads.{name}` cannot be asked here: {}", absent.message);
                return Err(absent);
            }
        }
        Ok(())
    }

    /// Says if a read cannot be asked at this place.
    pub(super) fn say_not_ready(&mut self, name: &str, here: &Here, at: Range<usize>) {
        if let Err(absent) = self.read_ready(name, here) {
            self.say(Raw::new(absent.kind, at, absent.message).maybe(absent.hint));
        }
    }

    /// Says if a step cannot have run at this place.
    pub(super) fn say_unavailable(&mut self, step: StepId, here: &Here, at: Range<usize>) {
        if let Err(absent) = self.available(step, false, here) {
            self.say(Raw::new(absent.kind, at, absent.message).maybe(absent.hint));
        }
    }

    fn condition_root(&mut self, name: &str, here: &Here) -> Result<Type, Absent> {
        if let (Spot::Condition(own), Some((place, _))) = (here.spot, self.names.conditions.get(name))
            && *place >= own
        {
            let message = format!("a condition may use only conditions above it, and `{name}` is not");
            return Err(Absent::new(FindingKind::OutOfScope, message));
        }
        if matches!(here.spot, Spot::Condition(_)) {
            return Ok(Type::Boolean);
        }
        let roots = self.conditions.get(name).map(|c| c.roots.clone()).unwrap_or_default();
        // Parameters have been judged where the condition is written.
        for root in roots.iter().filter(|root| root.path.first().is_none_or(|name| name != "parameters")) {
            self.root(root, here).map_err(|mut absent| {
                absent.message = format!("condition `{name}` cannot be judged here: {}", absent.message);
                absent
            })?;
        }
        Ok(Type::Boolean)
    }

    fn step_root(
        &mut self,
        name: &str,
        member: Option<&str>,
        guarded: bool,
        here: &Here,
    ) -> Result<Type, Absent> {
        let Some(step) = self.names.by_name.get(name).copied() else { return Err(self.unknown(name)) };
        if here.spot == Spot::Preflight {
            let message = format!("step `{name}` runs after Start; a check before it cannot use it");
            return Err(Absent::new(FindingKind::OutOfScope, message));
        }
        let ty = self.step_member(step, member)?;
        let optional = member.is_some_and(|member| self.is_optional(step, member));
        self.available(step, guarded || optional, here)?;
        Ok(if self.seen_from_outside(step, here) { Self::as_list(member, ty) } else { ty })
    }

    fn unknown(&self, name: &str) -> Absent {
        let absent = Absent::new(FindingKind::UnknownName, format!("nothing here is called `{name}`"));
        if self.names.reads.contains_key(name) {
            return absent.hint(format!("a read is written `reads.{name}`"));
        }
        if self.names.parameters.contains_key(name) {
            return absent.hint(format!("a parameter is written `parameters.{name}`"));
        }
        let conditions = self.names.conditions.keys().copied();
        let known = ROOTS.iter().copied().chain(conditions).chain(self.names.step_names());
        match near(name, known) {
            Some(known) => absent.hint(format!("did you mean `{known}`?")),
            None => absent
                .hint("known are parameters, reads, run, now, conditions and steps; text is written 'so'"),
        }
    }

    /// Whether a step's outputs are there when the one at `here` starts.
    fn available(&self, step: StepId, guarded: bool, here: &Here) -> Result<(), Absent> {
        let Some((list, earlier, later)) = self.common_list(step, here)? else { return Ok(()) };
        if earlier >= later {
            let name = self.names.steps[step].name;
            let message = format!("step `{name}` has not run yet when this is evaluated");
            return Err(Absent::new(FindingKind::UsedTooEarly, message)
                .hint("a step may use only outputs of steps above it"));
        }
        if guarded {
            return Ok(());
        }
        let ancestor = self.names.lists[list].steps[earlier];
        let unguarded = |why: &str, more: &str| {
            let name = self.names.steps[step].name;
            let hint = format!("guard it with not_null(value, `literal`) or omit_null(value){more}");
            Absent::new(FindingKind::Unguarded, format!("step `{name}` may not have run: {why}")).hint(hint)
        };
        if !self.flow.surely_before(list, earlier, later) {
            return Err(unguarded("a jump can pass over it", ""));
        }
        for id in [step, ancestor] {
            let node = self.names.steps[id].node;
            if node.entry("when").is_some() && self.names.steps[id].list == list && !self.same_when(id, here)
            {
                let more = ", or give both the same `when`, over parameters and outputs only";
                return Err(unguarded("it has a `when`", more));
            }
            if node.get("on_failure").and_then(Node::text) == Some("continue") {
                return Err(unguarded("it may fail and the run goes on", ""));
            }
        }
        Ok(())
    }

    /// The innermost list in which both steps or what they stand in have a place, with the two places; `None`
    /// when the step at `here` belongs to the other one's undo, which runs when that has ended.
    fn common_list(&self, step: StepId, here: &Here) -> Result<Option<(usize, usize, usize)>, Absent> {
        let names = &self.names;
        let Spot::Step(user) = here.spot else {
            let top = names.chain(step).last().unwrap_or(step);
            let later = if here.spot == Spot::End { names.lists[0].steps.len() } else { usize::MAX };
            self.visible(step, None)?;
            // Reads and conditions are judged where they are used.
            return Ok((later != usize::MAX).then_some((0, names.steps[top].place, later)));
        };
        for own in names.chain(user) {
            for other in names.chain(step) {
                if names.steps[own].list != names.steps[other].list {
                    continue;
                }
                self.visible(step, Some(names.steps[own].list))?;
                if own == other {
                    return Ok(if self.is_undone_by(own, user) { None } else { Some((0, 1, 0)) });
                }
                return Ok(Some((names.steps[own].list, names.steps[other].place, names.steps[own].place)));
            }
        }
        Ok(None)
    }

    /// Whether `user` stands in the undo flow of `step` (or of a step in it).
    fn is_undone_by(&self, step: StepId, user: StepId) -> bool {
        let inside = self.names.chain(user).take_while(|id| *id != step);
        user != step && inside.last().is_some_and(|id| self.names.list_of(id).owner == Owner::Undo(step))
    }

    /// Steps of an undo are seen only inside it.
    fn visible(&self, step: StepId, within: Option<usize>) -> Result<(), Absent> {
        let mut below = self.names.chain(step).take_while(|id| Some(self.names.steps[*id].list) != within);
        if below.all(|id| !matches!(self.names.list_of(id).owner, Owner::Undo(_))) {
            return Ok(());
        }
        let name = self.names.steps[step].name;
        let message = format!("`{name}` is a step of an undo; only that undo sees it");
        Err(Absent::new(FindingKind::OutOfScope, message))
    }

    /// Whether the step at `here`, or one it stands in, is skipped exactly when the other is: both have the
    /// same `when`, and it comes to the same whenever it is judged.
    fn same_when(&self, step: StepId, here: &Here) -> bool {
        let Spot::Step(user) = here.spot else { return false };
        let when = |id: StepId| self.names.steps[id].node.get("when").and_then(Node::text);
        let Some(text) = when(step).filter(|text| self.stays_the_same(text)) else { return false };
        self.names.chain(user).any(|id| when(id) == Some(text))
    }

    /// Whether a run expression uses only what does not change during a run. Outputs do not: a step that has
    /// been passed over gives none later.
    fn stays_the_same(&self, text: &str) -> bool {
        let Ok(expr) = Expr::parse(text) else { return false };
        let constant = |root: &Root| match root.path.first().map(String::as_str) {
            Some("parameters" | "run") => true,
            Some(name) => self.names.by_name.contains_key(name),
            None => false,
        };
        let through =
            |root: &Root| match root.path.first().and_then(|name| self.conditions.get(name.as_str())) {
                Some(condition) => condition.roots.iter().all(constant),
                None => constant(root),
            };
        expr.roots().iter().chain(expr.slot_roots()).all(through)
    }

    /// Whether a nested step is looked at from outside its items.
    fn seen_from_outside(&self, step: StepId, here: &Here) -> bool {
        let owners = |id: StepId| match self.names.list_of(id).owner {
            Owner::Items(owner) => Some(owner),
            Owner::Runbook | Owner::Undo(_) => None,
        };
        let Some(owner) = self.names.chain(step).find_map(owners) else { return false };
        match here.spot {
            Spot::Step(user) => !self.names.chain(user).any(|id| owners(id) == Some(owner)),
            _ => true,
        }
    }
}

fn only_parameters() -> Absent {
    Absent::new(FindingKind::OutOfScope, "a default may use only parameters, nothing has run yet")
}

fn run_type() -> Type {
    let members = [
        ("id", Type::Text),
        ("started_at", Type::Time),
        ("operator", Type::Text),
        ("account", Type::Text),
        ("region", Type::Text),
    ];
    Type::object(members)
}

fn insert(scope: &mut BTreeMap<String, Type>, path: &[String], found: Found) {
    match (path, found) {
        ([], _) => {}
        ([name, ..], Found::Whole(ty)) | ([name], Found::Member(ty)) => {
            scope.insert(name.clone(), ty);
        }
        ([name, member, ..], Found::Member(ty)) => {
            let members = scope.entry(name.clone()).or_insert_with(|| Type::Object(BTreeMap::new()));
            if let Type::Object(members) = members {
                members.insert(member.clone(), ty);
            }
        }
    }
}
