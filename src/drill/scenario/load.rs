//! From text to a [`Scenario`]: form first, then what the values mean, findings all at once.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::keys::SCENARIO;
use super::{
    Calls, Deed, Event, Expect, Fault, Foreign, Hint, Judged, Moment, Occasion, Outcome, Response, Scenario,
    Things, Writer, Wrong, merge,
};
use crate::catalogue;
use crate::expr::{Expr, Tree, Type};
use crate::ids::{At, Span, StepPath};
use crate::runbook::form::{Form, Node, Raw, near};
use crate::runbook::{Finding, FindingKind, Runbook, Step, Undo};
use crate::world::{Site, World};

/// Loads a scenario of `book`. `name` is the file's name as the operator knows it; `base` gives the scenario of an id
/// that this one is based on.
///
/// # Errors
/// Everything that is wrong with it, by place.
pub fn load(
    name: &str,
    text: &[u8],
    book: &Runbook,
    base: &dyn Fn(&str) -> Option<Scenario>,
) -> Result<Scenario, Vec<Finding>> {
    let mut form = Form::read(name, text, "a scenario", &SCENARIO)?;
    let Some(root) = form.root.take() else { return form.end(None) };
    let mut loader = Loader { book, findings: Vec::new(), now: At::default() };
    // What the form refused is not looked at again.
    let scenario = if form.findings.is_empty() { loader.scenario(&root, base) } else { None };
    form.findings.extend(loader.findings);
    form.end(scenario)
}

struct Loader<'b> {
    book: &'b Runbook,
    findings: Vec<Raw>,
    now: At,
}

impl Loader<'_> {
    fn wrong(&mut self, kind: FindingKind, at: &Node, message: impl Into<String>) {
        self.findings.push(Raw::new(kind, at.at.clone(), message));
    }

    fn scenario(&mut self, root: &Node, base: &dyn Fn(&str) -> Option<Scenario>) -> Option<Scenario> {
        let base = self.base(root, base)?;
        let now = self.now(root, base.as_ref())?;
        self.now = now;
        let place = self.place(root, base.as_ref())?;
        let said = root.get("parameters").and_then(|node| self.values(node)).unwrap_or_default();
        self.known_parameters(root);
        let things = self.things_of(root.get("world"));
        let of = |take: fn(&Scenario) -> String| base.as_ref().map(take).unwrap_or_default();
        let mut answers = base.as_ref().map(|b| b.answers.clone()).unwrap_or_default();
        answers.extend(self.answers(root));
        let mut parameters = base.as_ref().map(|b| b.parameters.clone()).unwrap_or_default();
        parameters.extend(said);
        let world = merge::things(base.as_ref().map_or(&Vec::new(), |b| &b.world), things);
        let scenario = Scenario {
            id: text(root, "id"),
            runbook: text(root, "runbook"),
            title: text(root, "title"),
            story: text(root, "story"),
            teaches: root.get("teaches").map_or_else(|| of(|b| b.teaches.clone()), |_| text(root, "teaches")),
            now,
            place,
            parameters,
            world,
            writers: match root.get("writers") {
                Some(node) => node.list().iter().map(writer).collect(),
                None => base.as_ref().map(|b| b.writers.clone()).unwrap_or_default(),
            },
            faults: list(root, "faults").iter().filter_map(|node| self.fault(node)).collect(),
            events: list(root, "events").iter().filter_map(|node| self.event(node)).collect(),
            answers,
            response: list(root, "response").iter().filter_map(|node| self.response(node)).collect(),
            hints: list(root, "hints").iter().map(|node| self.hint(node)).collect(),
            rto: objective(root, "rto").or_else(|| base.as_ref()?.rto),
            rpo: objective(root, "rpo").or_else(|| base.as_ref()?.rpo),
            expect: self.expect(root.get("expect")?)?,
        };
        self.names(root, &scenario);
        self.can_be_placed(root, &scenario);
        Some(scenario)
    }

    /// The scenario this one is based on; nothing where one is named that is not there.
    #[expect(clippy::option_option, reason = "no base is wanted, none is found, one is there")]
    fn base(&mut self, root: &Node, base: &dyn Fn(&str) -> Option<Scenario>) -> Option<Option<Scenario>> {
        let Some(node) = root.get("based_on") else { return Some(None) };
        let found = base(node.text()?);
        if found.is_none() {
            let message = format!("there is no scenario `{}` of this runbook", node.text()?);
            self.wrong(FindingKind::UnknownValue, node, message);
        }
        found.map(Some)
    }

    fn now(&mut self, root: &Node, base: Option<&Scenario>) -> Option<At> {
        let Some(node) = root.get("now") else {
            return base.map(|b| b.now).or_else(|| self.missing(root, "now"));
        };
        let at = At::parse(node.text()?);
        if at.is_none() {
            self.wrong(FindingKind::WrongType, node, "`now` is no RFC 3339 moment with a zone");
        }
        at
    }

    fn missing<T>(&mut self, root: &Node, key: &str) -> Option<T> {
        let message = format!("a scenario that is based on no other one needs the key `{key}`");
        self.findings.push(Raw::new(FindingKind::MissingKey, root.at.start..root.at.start + 1, message));
        None
    }

    fn place(&mut self, root: &Node, base: Option<&Scenario>) -> Option<Site> {
        let Some(node) = root.get("place") else {
            return base.map(|b| b.place.clone()).or_else(|| self.missing(root, "place"));
        };
        let account = text(node, "account");
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            self.wrong(FindingKind::WrongType, node, "an account has twelve digits");
        }
        Some(Site { account, region: text(node, "region") })
    }

    /// A value with its templates filled in.
    fn filled(&mut self, node: &Node) -> Option<Value> {
        let scope = json!({"now": self.now.rfc3339()});
        let tree = match Tree::parse(&node.json()) {
            Ok(tree) => tree,
            Err(error) => {
                self.wrong(FindingKind::ExpressionSyntax, node, error.to_string());
                return None;
            }
        };
        match tree.fill(&scope, self.now) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(FindingKind::ExpressionType, node, error.to_string());
                None
            }
        }
    }

    fn values(&mut self, node: &Node) -> Option<Map<String, Value>> {
        match self.filled(node)? {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    fn known_parameters(&mut self, root: &Node) {
        let names: Vec<&str> = self.book.parameters.iter().map(|p| p.name.as_str()).collect();
        for entry in root.get("parameters").map(Node::map).unwrap_or_default() {
            if !names.contains(&entry.key.as_str()) {
                let message = format!("the runbook has no parameter `{}`", entry.key);
                let hint = near(&entry.key, names.iter().copied()).map(|n| format!("did you mean `{n}`?"));
                self.findings
                    .push(Raw::new(FindingKind::UnknownName, entry.key_at.clone(), message).maybe(hint));
            }
        }
    }

    fn things_of(&mut self, node: Option<&Node>) -> Things {
        let mut things = Vec::new();
        for entry in node.map(Node::map).unwrap_or_default() {
            if !World::kinds().any(|kind| kind == entry.key) {
                let message = format!("the world has no `{}`", entry.key);
                let hint = near(&entry.key, World::kinds()).map_or_else(
                    || format!("it has {}", World::kinds().collect::<Vec<_>>().join(", ")),
                    |kind| format!("did you mean `{kind}`?"),
                );
                self.findings
                    .push(Raw::new(FindingKind::UnknownKey, entry.key_at.clone(), message).hint(hint));
                continue;
            }
            for thing in entry.value.list() {
                things.extend(self.filled(thing).map(|doc| (entry.key.clone(), doc)));
            }
        }
        things
    }

    /// Every thing is placed in a world of its own, once, to see what is wrong with it.
    fn can_be_placed(&mut self, root: &Node, scenario: &Scenario) {
        let mut world = World::new(0, scenario.now);
        for (kind, thing) in &scenario.world {
            if let Err(why) = world.place(&scenario.place, kind, thing) {
                let node = root.get("world").and_then(|w| w.entry(kind)).map_or(root, |e| &e.value);
                self.wrong(FindingKind::UnknownMember, node, format!("{kind}: {why}"));
            }
        }
    }

    fn answers(&mut self, root: &Node) -> BTreeMap<StepPath, String> {
        let mut answers = BTreeMap::new();
        for entry in root.get("answers").map(Node::map).unwrap_or_default() {
            let path = self.path(&entry.key, &entry.value);
            answers.extend(path.zip(entry.value.text().map(str::to_owned)));
        }
        answers
    }

    /// A path of the runbook, without keys of items.
    fn path(&mut self, text: &str, at: &Node) -> Option<StepPath> {
        let path: Option<StepPath> = text.parse().ok();
        let known = path.as_ref().is_some_and(|p| has_path(&self.book.steps, p));
        if !known {
            let all = paths(&self.book.steps);
            let hint = near(text, all.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
            let message = format!("the runbook has no step `{text}`");
            self.findings.push(Raw::new(FindingKind::UnknownStep, at.at.clone(), message).maybe(hint));
        }
        path.filter(|_| known)
    }

    fn calls(&mut self, node: &Node) -> Option<Calls> {
        let (service, operation) = (word(node, "service"), word(node, "operation"));
        if let Some((service, operation)) = service.as_deref().zip(operation.as_deref())
            && !operation.ends_with('*')
        {
            self.operation(node, service, operation);
        }
        let condition = match node.get("where") {
            Some(condition) => Some(self.expression(condition)?),
            None => None,
        };
        Some(Calls { service, operation, condition })
    }

    fn operation(&mut self, node: &Node, service: &str, operation: &str) {
        if catalogue::find(service, operation).is_none() {
            let message = format!("the drill cloud does not know {service} {operation}");
            self.wrong(FindingKind::UnknownOperation, node, message);
        }
    }

    fn expression(&mut self, node: &Node) -> Option<Expr> {
        let mut expr = match Expr::parse(node.text()?) {
            Ok(expr) => expr,
            Err(error) => {
                self.wrong(FindingKind::ExpressionSyntax, node, error.to_string());
                return None;
            }
        };
        let checked = expr.check(&Type::Any, &Type::Any);
        if let Some(finding) = checked.findings.first() {
            let raw = Raw::new(FindingKind::ExpressionType, node.at.clone(), finding.message.clone());
            self.findings.push(raw.maybe(finding.hint.clone()));
        }
        if !checked.result.may_be_condition() {
            self.wrong(FindingKind::NotACondition, node, "this is no condition");
        }
        Some(expr)
    }

    fn fault(&mut self, node: &Node) -> Option<Fault> {
        let after = match node.get("after") {
            Some(after) => Some(self.calls(after)?),
            None => None,
        };
        Some(Fault {
            on: self.calls(node.get("calls")?)?,
            nth: list(node, "nth").iter().filter_map(|n| n.json().as_u64()).collect(),
            chance: node.get("chance").and_then(|n| n.json().as_u64()),
            from: span(node, "from"),
            until: span(node, "until"),
            after,
            lasts: span(node, "lasts"),
            does: wrong(node.get("do")?)?,
        })
    }

    fn event(&mut self, node: &Node) -> Option<Event> {
        let when = match node.get("after") {
            Some(after) => Moment::After(Box::new(self.calls(after)?), span(node, "by").unwrap_or_default()),
            None => Moment::At(span(node, "at")?),
        };
        let call = node.get("call").and_then(|call| self.foreign(call)).map(Deed::Call);
        let placed = node.get("place").map(|things| Deed::Place(self.things_of(Some(things))));
        Some(Event { when, say: text(node, "say"), does: call.into_iter().chain(placed).collect() })
    }

    fn foreign(&mut self, node: &Node) -> Option<Foreign> {
        let (service, operation) = (text(node, "service"), text(node, "operation"));
        self.operation(node, &service, &operation);
        let parameters = match node.get("parameters") {
            Some(parameters) => self.filled(parameters)?,
            None => json!({}),
        };
        Some(Foreign { service, operation, parameters })
    }

    fn response(&mut self, node: &Node) -> Option<Response> {
        let when = node.get("when")?;
        let step = when.get("step")?;
        let occasion = match when.get("is")?.text()? {
            "gate" => Occasion::Gate,
            "asked" => Occasion::Asked,
            _ => Occasion::Held,
        };
        Some(Response {
            step: self.path(step.text()?, step)?,
            occasion,
            because: text(when, "because"),
            does: list(node, "do").iter().filter_map(|deed| self.deed(deed)).collect(),
            times: node.get("times").and_then(|n| n.json().as_u64()).unwrap_or(1),
        })
    }

    fn deed(&mut self, node: &Node) -> Option<Deed> {
        if let Some(word) = node.text() {
            return plain_deed(word);
        }
        let entry = node.map().first()?;
        let said = entry.value.text().unwrap_or_default().to_owned();
        Some(match entry.key.as_str() {
            "extend" => Deed::Extend(said.parse().ok()?),
            "wait" => Deed::Wait(said.parse().ok()?),
            "roll_back" => Deed::RollBack(self.top_step(&entry.value)?),
            "redo" => Deed::Redo(self.top_step(&entry.value)?),
            "answer" => Deed::Answer(said),
            "settle" => Deed::Settle { happened: said == "happened" },
            "call" => Deed::Call(self.foreign(&entry.value)?),
            _ => Deed::Place(self.things_of(Some(&entry.value))),
        })
    }

    fn top_step(&mut self, node: &Node) -> Option<String> {
        let name = node.text()?;
        self.path(name, node).map(|path| path.to_string())
    }

    fn hint(&mut self, node: &Node) -> Hint {
        let at = node.get("at").and_then(|at| self.path(at.text()?, at)).map(|path| path.to_string());
        Hint { at, text: text(node, "text") }
    }

    fn expect(&mut self, node: &Node) -> Option<Expect> {
        let outcome = match node.get("outcome")?.text()? {
            "recovered" => Outcome::Recovered,
            "recovered_after_response" => Outcome::RecoveredAfterResponse,
            "rolled_back" => Outcome::RolledBack,
            _ => Outcome::Stopped,
        };
        let at = word(node, "at");
        if let Some(place) = node.get("at").filter(|_| at.as_deref() != Some("preflight")) {
            self.path(place.text()?, place);
        }
        if outcome == Outcome::Stopped && (at.is_none() || node.get("because").is_none()) {
            let message = "a drill that stops says where (`at`) and why (`because`)";
            self.wrong(FindingKind::MissingKey, node, message);
        }
        let world = list(node, "world").iter().filter_map(|judged| self.judged(judged)).collect();
        let warns = node.get("warns").map(|names| self.checks(names));
        Some(Expect { outcome, at, because: text(node, "because"), warns, world })
    }

    /// Names of preflight checks.
    fn checks(&mut self, node: &Node) -> Vec<String> {
        let known: Vec<&str> = self.book.preflight.iter().map(|c| c.name.as_str()).collect();
        let mut names = Vec::new();
        for (at, name) in node.list().iter().filter_map(|n| Some((n, n.text()?))) {
            if !known.contains(&name) {
                let message = format!("the runbook has no preflight check `{name}`");
                let hint = near(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
                self.findings.push(Raw::new(FindingKind::UnknownName, at.at.clone(), message).maybe(hint));
            }
            names.push(name.to_owned());
        }
        names
    }

    fn judged(&mut self, node: &Node) -> Option<Judged> {
        let check = self.expression(node.get("check")?)?;
        Some(Judged { name: text(node, "name"), check, message: text(node, "message") })
    }

    fn names(&mut self, root: &Node, scenario: &Scenario) {
        if scenario.runbook != self.book.id
            && let Some(node) = root.get("runbook")
        {
            let message = format!("this is a scenario of `{}`, not of `{}`", scenario.runbook, self.book.id);
            self.wrong(FindingKind::UnknownValue, node, message);
        }
    }
}

fn writer(node: &Node) -> Writer {
    Writer { service: text(node, "service"), store: text(node, "store") }
}

fn plain_deed(word: &str) -> Option<Deed> {
    Some(match word {
        "retry" => Deed::Retry,
        "skip" => Deed::Skip,
        "accept" => Deed::Accept,
        "give_up" => Deed::GiveUp,
        "abort" => Deed::Abort,
        "leave" => Deed::Leave,
        _ => return None,
    })
}

fn wrong(node: &Node) -> Option<Wrong> {
    if let Some(word) = node.text() {
        return plain_wrong(word);
    }
    if let Some(error) = node.get("error") {
        let status = error.get("status").and_then(|n| n.json().as_u64()).unwrap_or(400);
        return Some(Wrong::Error {
            code: text(error, "code"),
            message: text(error, "message"),
            status: u16::try_from(status).ok()?,
        });
    }
    span(node, "delay").map(Wrong::Delay).or_else(|| span(node, "stale").map(Wrong::Stale))
}

fn plain_wrong(word: &str) -> Option<Wrong> {
    Some(match word {
        "drop_answer" => Wrong::DropAnswer,
        "drop_request" => Wrong::DropRequest,
        "throttle" => Wrong::Throttle,
        "expired" => Wrong::Expired,
        "empty" => Wrong::Empty,
        "half_body" => Wrong::HalfBody,
        "html_500" => Wrong::Html500,
        _ => return None,
    })
}

fn objective(root: &Node, name: &str) -> Option<Span> {
    span(root.get("objectives")?, name)
}

/// Whether the steps hold this path; an undo is reached through the step it belongs to.
fn has_path(steps: &[Step], path: &StepPath) -> bool {
    let text = path.unkeyed().to_string();
    paths(steps).contains(&text)
}

/// Every path of the steps, without keys of items, those of undos included.
fn paths(steps: &[Step]) -> Vec<String> {
    let mut all = Vec::new();
    for step in steps {
        all.push(step.name.clone());
        all.extend(paths(&step.steps).into_iter().map(|inner| format!("{}/{inner}", step.name)));
        if let Undo::Steps { steps, .. } = &step.undo {
            all.extend(paths(steps).into_iter().map(|inner| format!("{}/undo/{inner}", step.name)));
        }
    }
    all
}

fn text(node: &Node, key: &str) -> String {
    word(node, key).unwrap_or_default()
}

fn word(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::text).map(str::to_owned)
}

fn span(node: &Node, key: &str) -> Option<Span> {
    node.get(key)?.text()?.parse().ok()
}

fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map(Node::list).unwrap_or_default()
}
