//! What expressions see: the run's values by name, for one step instance and one frame of readings.
//!
//! A scope holds only the roots an expression uses, so that a condition over one field never copies a
//! whole run. Nothing is asked here: a reading that is not in the frame is an [`Unread`].

use serde_json::{Map, Value, json};

use super::fact::StepState;
use super::state::{Run, StepRun};
use crate::expr::{Expr, Filled, Root, Template, Tree};
use crate::ids::{At, StepPath};
use crate::watch::{Frame, Unread, UnreadKind};

/// Why an expression has no value.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// A reading it needs could not be had.
    Unread { read: String, why: Unread },
    /// It failed on what it saw.
    Expression(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Unread { read, why } => write!(f, "{read}: {why}"),
            Fault::Expression(why) => f.write_str(why),
        }
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Unread {
        match fault {
            Fault::Unread { why, .. } => why,
            Fault::Expression(why) => Unread::new(UnreadKind::Expression, why),
        }
    }
}

/// The view of one step instance on one frame.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub run: &'a Run,
    pub path: &'a StepPath,
    pub frame: &'a Frame,
    pub now: At,
    /// Stands in for `item` and `index` while a read or a key is evaluated per item.
    pub item: Option<(&'a Value, usize)>,
}

impl<'a> Scope<'a> {
    /// The view of `path` without readings.
    pub fn bare(run: &'a Run, path: &'a StepPath, frame: &'a Frame, now: At) -> Scope<'a> {
        Scope { run, path, frame, now, item: None }
    }

    /// The value of a run expression.
    pub fn value(&self, expr: &Expr) -> Result<Value, Fault> {
        let scope = self.roots(expr.roots().iter().chain(expr.slot_roots()))?;
        expr.eval(&scope, &scope, self.now).map_err(|e| fault(&e))
    }

    /// A condition over the run: exactly true or false.
    pub fn test(&self, expr: &Expr) -> Result<bool, Fault> {
        let scope = self.roots(expr.roots().iter().chain(expr.slot_roots()))?;
        expr.test(&scope, &scope, self.now).map_err(|e| fault(&e))
    }

    /// The value of an answer expression.
    pub fn value_on(&self, expr: &Expr, answer: &Value) -> Result<Value, Fault> {
        let scope = self.roots(expr.slot_roots())?;
        expr.eval(answer, &scope, self.now).map_err(|e| fault(&e))
    }

    /// A condition over one answer.
    pub fn test_on(&self, expr: &Expr, answer: &Value) -> Result<bool, Fault> {
        let scope = self.roots(expr.slot_roots())?;
        expr.test(answer, &scope, self.now).map_err(|e| fault(&e))
    }

    /// Parameters with their templates filled.
    pub fn fill(&self, tree: &Tree) -> Result<Value, Fault> {
        let scope = self.roots(tree.roots().into_iter())?;
        tree.fill(&scope, self.now).map_err(|e| Fault::Expression(e.to_string()))
    }

    /// The value of a template; an omitted one is null.
    pub fn template(&self, template: &Template) -> Result<Value, Fault> {
        let scope = self.roots(template.roots())?;
        match template.eval(&scope, self.now).map_err(|e| fault(&e))? {
            Filled::Value(value) => Ok(value),
            Filled::Omit => Ok(Value::Null),
        }
    }

    /// A template as text to show; what cannot be had is shown as its own source.
    pub fn text(&self, template: &Template) -> String {
        match self.template(template) {
            Ok(Value::String(text)) => text,
            Ok(Value::Null) => String::new(),
            Ok(other) => other.to_string(),
            Err(_) => template.source().to_owned(),
        }
    }

    pub(super) fn roots<'r>(&self, roots: impl Iterator<Item = &'r Root>) -> Result<Value, Fault> {
        let mut scope = Map::new();
        for root in roots {
            self.add(&mut scope, root)?;
        }
        Ok(Value::Object(scope))
    }

    fn add(&self, scope: &mut Map<String, Value>, root: &Root) -> Result<(), Fault> {
        if let Some(read) = read_name(root) {
            return self.add_read(scope, read);
        }
        let name = root_name(root);
        if !scope.contains_key(name) {
            let value = self.root(name)?;
            scope.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn add_read(&self, scope: &mut Map<String, Value>, name: &str) -> Result<(), Fault> {
        let value = self
            .frame
            .value(name)
            .map_err(|why| Fault::Unread { read: format!("reads.{name}"), why })?
            .as_ref()
            .clone();
        let reads = scope.entry("reads").or_insert_with(|| json!({}));
        if let Value::Object(map) = reads {
            map.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn root(&self, name: &str) -> Result<Value, Fault> {
        match name {
            "parameters" => Ok(Value::Object(self.run.parameters.clone())),
            "now" => Ok(Value::String(self.now.rfc3339())),
            "run" => Ok(self.run_value()),
            "item" => Ok(self.current_item().map_or(Value::Null, |(item, _)| item)),
            "index" => Ok(self.current_item().map_or(Value::Null, |(_, index)| json!(index))),
            "captured" => Ok(self.captured()),
            other => self.named(other),
        }
    }

    fn named(&self, name: &str) -> Result<Value, Fault> {
        if let Some((_, condition)) = self.run.book().conditions.iter().find(|(n, _)| n == name) {
            return self.test(condition).map(Value::Bool);
        }
        Ok(self.run.step_value(name, self.path))
    }

    fn run_value(&self) -> Value {
        let place = self.run.places.first();
        json!({
            "id": self.run.info.id.0,
            "started_at": self.run.started.map(At::rfc3339),
            "operator": self.run.opened_by,
            "account": place.map(|p| &p.account),
            "region": place.map(|p| &p.region),
        })
    }

    fn current_item(&self) -> Option<(Value, usize)> {
        if let Some((item, index)) = self.item {
            return Some((item.clone(), index));
        }
        self.run.item_of(self.path).map(|(item, index)| (item.clone(), index))
    }

    /// `captured`: of the step itself; in an undo flow, of the step that is undone.
    fn captured(&self) -> Value {
        let undone = self.path.0.iter().rposition(|s| s.name == "undo");
        let of = undone.map_or_else(|| self.path.clone(), |at| StepPath(self.path.0[..at].to_vec()));
        let captured = self.run.steps.get(&of).and_then(|s| s.captured.clone());
        captured.map_or(Value::Null, Value::Object)
    }
}

/// The run value a root takes; empty for the whole scope, which no loaded runbook does.
pub(super) fn root_name(root: &Root) -> &str {
    root.path.first().map_or("", String::as_str)
}

/// The read a root takes, if it takes one.
pub(super) fn read_name(root: &Root) -> Option<&str> {
    (root_name(root) == "reads").then(|| root.path.get(1).map_or("", String::as_str))
}

fn fault(error: &crate::expr::EvalError) -> Fault {
    Fault::Expression(error.to_string())
}

impl Run {
    /// The item a path lies in, and its index.
    pub fn item_of(&self, path: &StepPath) -> Option<(&Value, usize)> {
        let at = path.0.iter().rposition(|s| s.key.is_some())?;
        let key = path.0[at].key.as_deref()?;
        let mut each = StepPath(path.0[..=at].to_vec());
        each.0[at].key = None;
        let items = &self.steps.get(&each)?.items;
        let index = items.iter().position(|i| i.key == key)?;
        Some((&items[index].item, index))
    }

    /// What `name` shows to the step at `from`: outputs, `captured`, `items`. Inside the same item it is
    /// that item's instance, from outside the list over all items.
    pub fn step_value(&self, name: &str, from: &StepPath) -> Value {
        let Some(place) = self.plan.locate(name) else { return Value::Null };
        let mut here = StepPath::default();
        for (depth, segment) in place.0.iter().enumerate() {
            here = here.then(&segment.name);
            let inner = depth + 1 < place.0.len();
            let undo_next = place.0.get(depth + 1).is_some_and(|s| s.name == "undo");
            if inner && !undo_next && self.plan.is_each(&here) {
                let key = from.0.get(depth).filter(|s| s.name == segment.name).and_then(|s| s.key.clone());
                match key {
                    Some(key) => here = here.item(&key),
                    None => return self.over_items(&here, &place.0[depth + 1..]),
                }
            }
        }
        self.instance_value(&here)
    }

    fn instance_value(&self, path: &StepPath) -> Value {
        let Some(step) = self.steps.get(path) else { return json!({}) };
        let mut value = step.outputs.clone();
        value.insert("captured".into(), step.captured.clone().map_or(Value::Null, Value::Object));
        if self.plan.is_each(path) {
            value.insert("items".into(), self.item_rows(path, step));
        }
        Value::Object(value)
    }

    fn item_rows(&self, path: &StepPath, step: &StepRun) -> Value {
        let names: Vec<&String> =
            self.plan.step(path).map_or(vec![], |s| s.steps.iter().map(|n| &n.name).collect());
        let rows = step.items.iter().map(|item| {
            let list = path.item(&item.key);
            let (mut captured, mut outputs) = (Map::new(), Map::new());
            for name in &names {
                if let Some(nested) = self.steps.get(&list.then(name)) {
                    captured.extend(nested.captured.clone().unwrap_or_default());
                    outputs.extend(nested.outputs.clone());
                }
            }
            json!({"item": item.item, "state": self.item_state(&list, item.given_up.is_some()).word(),
                "captured": captured, "outputs": outputs})
        });
        Value::Array(rows.collect())
    }

    /// The state of one item: that of its worst nested step.
    pub fn item_state(&self, list: &StepPath, given_up: bool) -> StepState {
        if given_up {
            return StepState::Cancelled;
        }
        let cursor = self.lists.get(list);
        if let Some(current) = cursor.and_then(|c| c.current.as_ref()) {
            return self.state_of(current);
        }
        let steps = self.plan.list(list);
        let mut states = steps.iter().filter_map(|s| self.steps.get(&list.then(&s.name))).map(|s| s.state);
        match cursor {
            Some(c) if c.next >= steps.len() => {
                let failed = states.find(|s| matches!(s, StepState::Failed | StepState::TimedOut));
                failed.unwrap_or(StepState::Success)
            }
            Some(c) if c.next > 0 => StepState::Running,
            _ => StepState::NotStarted,
        }
    }

    fn over_items(&self, each: &StepPath, rest: &[crate::ids::Segment]) -> Value {
        let Some(step) = self.steps.get(each) else { return json!({"items": []}) };
        let mut items = Vec::new();
        let mut outputs: Map<String, Value> = Map::new();
        for item in &step.items {
            let mut path = each.item(&item.key);
            path.0.extend(rest.iter().cloned());
            let nested = self.steps.get(&path);
            let gave = nested.map(|n| n.outputs.clone()).unwrap_or_default();
            for (name, value) in &gave {
                if let Value::Array(list) = outputs.entry(name.clone()).or_insert_with(|| json!([])) {
                    list.push(value.clone());
                }
            }
            let state = nested.map_or(StepState::NotStarted, |n| n.state);
            let captured = nested.and_then(|n| n.captured.clone()).unwrap_or_default();
            items.push(
                json!({"item": item.item, "state": state.word(), "captured": captured, "outputs": gave}),
            );
        }
        outputs.insert("items".into(), Value::Array(items));
        Value::Object(outputs)
    }
}
