//! A round of readings: which questions a step asks now, and how its answers become a [`Frame`].
//!
//! Reads chain by their templates: a [`Look`] gives out the questions that can be asked with what has been
//! answered so far, until nothing more can be asked. Pure; the runner asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Call;
use super::scope::{Fault, Scope, read_name, root_name};
use super::state::Run;
use crate::catalogue::{self, Operation};
use crate::expr::{Expr, Root, Tree};
use crate::ids::{At, Place, Span, StepPath};
use crate::runbook::{Read, ReadRef, Source};
use crate::watch::{Frame, Question, Reading, Unread, UnreadKind};

/// What a look is for; the answer comes back with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Purpose {
    /// The readings of a step's `when`.
    Enter,
    /// Captures, right before the first attempt.
    Capture,
    /// The target and the guard, for the gate.
    Gate,
    /// The same once more right before sending, and who we are.
    Send,
    /// The readings of an assertion, a comparison, a branch, an offer.
    Once,
    /// A wait, round after round.
    Wait,
    /// A verification, round after round.
    Verify,
    /// What settles an unknown outcome, round after round.
    Probe,
    /// The answer of a reading step.
    Call,
}

/// A look that is owed: to whom, what for, since when, how often.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LookName {
    pub path: StepPath,
    pub purpose: Purpose,
    /// Answers asked before this do not count.
    pub since: At,
    /// Looks again after this pause.
    pub every: Span,
}

/// Name of the reading that tells who we are.
pub const IDENTITY: &str = "@identity";
/// Name of the reading of a call's target.
pub const OBSERVE: &str = "@observe";
/// Name of the reading that settles an unknown outcome.
pub const PROBE: &str = "@probe";
/// Name of the reading written inside a step.
pub const INLINE: &str = "@read";
/// Name of the answer of a reading step.
pub const ANSWER: &str = "@call";

/// One question to be put into the frame.
#[derive(Clone, Debug)]
enum Ask {
    Read(Box<Read>),
    /// A catalogue look over the values of one call.
    Target(Box<Target>),
    Call(Call),
    Identity(Place),
}

#[derive(Clone, Debug)]
struct Target {
    operation: &'static Operation,
    parameters: Tree,
    select: Expr,
    absent: &'static [&'static str],
    place: Place,
    scope: Value,
}

/// One round over one state of the run.
#[derive(Clone, Debug)]
pub struct Look {
    run: Arc<Run>,
    path: StepPath,
    now: At,
    asks: BTreeMap<String, Ask>,
}

/// What can be asked now for one name: its questions, or why there are none.
pub type Asked = Result<Vec<Question>, Unread>;

impl Look {
    /// A look over named reads, such as a pane's or the preflight's, with everything they are chained to.
    pub fn over(run: Arc<Run>, path: StepPath, now: At, names: impl IntoIterator<Item = String>) -> Look {
        let mut look = Look { run, path, now, asks: BTreeMap::new() };
        for name in names {
            look.named(&name);
        }
        look
    }

    /// Adds a named read and the reads its templates use.
    pub(super) fn named(&mut self, name: &str) {
        if self.asks.contains_key(name) {
            return;
        }
        if let Some(read) = self.run.plan.read(name).cloned() {
            self.read(name, read);
        }
    }

    /// Adds a read under a name of its own.
    pub(super) fn read(&mut self, name: &str, read: Read) {
        let needs = read_names(&self.run, &roots_of(&read));
        self.asks.insert(name.to_owned(), Ask::Read(Box::new(read)));
        for need in needs {
            self.named(&need);
        }
    }

    /// Adds a named or inline read under `name`.
    pub(super) fn reference(&mut self, name: &str, read: &ReadRef) {
        match read {
            ReadRef::Inline(inline) => self.read(name, (**inline).clone()),
            ReadRef::Named(other) => {
                if let Some(read) = self.run.plan.read(other).cloned() {
                    self.read(name, read);
                }
            }
        }
    }

    /// Adds the reads that run expressions use.
    pub(super) fn used_by<'r>(&mut self, roots: impl Iterator<Item = &'r Root>) {
        for name in read_names(&self.run.clone(), roots) {
            self.named(&name);
        }
    }

    pub(super) fn identity(&mut self, place: &Place) {
        self.asks.insert(IDENTITY.into(), Ask::Identity(place.clone()));
    }

    pub(super) fn call(&mut self, call: Call) {
        self.asks.insert(ANSWER.into(), Ask::Call(call));
    }

    /// Adds a catalogue look at the target of `call`; a catalogue entry that does not parse asks nothing,
    /// and a test proves that there is none.
    pub(super) fn target(&mut self, name: &str, look: &catalogue::Look, call: &Call, mut scope: Value) {
        scope["call"] = call.parameters.clone();
        let Some(operation) = catalogue::find(&call.service, look.operation) else { return };
        let parameters = serde_json::from_str(look.parameters).ok().and_then(|v: Value| Tree::parse(&v).ok());
        let (Some(parameters), Ok(select)) = (parameters, Expr::parse(look.select)) else { return };
        let (absent, place) = (look.absent, call.place.clone());
        let target = Target { operation, parameters, select, absent, place, scope };
        self.asks.insert(name.into(), Ask::Target(Box::new(target)));
    }

    /// The names of this look.
    pub fn names(&self) -> BTreeSet<String> {
        self.asks.keys().cloned().collect()
    }

    /// What can be asked now and has no reading in `frame` yet.
    pub fn open(&self, frame: &Frame) -> Vec<(String, Asked)> {
        let missing = self.asks.iter().filter(|(name, _)| !frame.readings.contains_key(*name));
        missing
            .filter_map(|(name, ask)| match self.questions(ask, frame) {
                Err(Unread { kind: UnreadKind::NotYet, .. }) => None,
                asked => Some((name.clone(), asked)),
            })
            .collect()
    }

    /// The one reading that the answers to a name's questions make.
    pub fn settle(&self, name: &str, answers: &[Reading], frame: &Frame) -> Reading {
        let asked = answers.iter().map(|r| r.asked).min().unwrap_or(self.now);
        let at = answers.iter().map(|r| r.at).max().unwrap_or(self.now);
        let answer = match self.asks.get(name) {
            Some(ask) => self.select(ask, answers, frame),
            None => Err(Unread::new(UnreadKind::NotYet, "nobody asked")),
        };
        Reading { asked, at, answer: answer.map(Arc::new) }
    }

    /// Ends the round: what could not be asked is a reading too, one that says so.
    pub fn close(&self, frame: &mut Frame) {
        for (name, ask) in &self.asks {
            if frame.readings.contains_key(name) {
                continue;
            }
            let why = self.questions(ask, frame).err();
            let why = why.unwrap_or_else(|| Unread::new(UnreadKind::NotYet, "was not asked"));
            let reading = Reading { asked: frame.asked, at: frame.at, answer: Err(why) };
            frame.readings.insert(name.clone(), reading);
        }
    }

    /// A round that came to nothing, for one reason.
    pub fn failed(&self, now: At, why: &Unread) -> Frame {
        let mut frame = Frame::empty(now);
        let reading = || Reading { asked: now, at: now, answer: Err(why.clone()) };
        frame.readings = self.asks.keys().map(|name| (name.clone(), reading())).collect();
        frame
    }

    fn questions(&self, ask: &Ask, frame: &Frame) -> Asked {
        match ask {
            Ask::Read(read) => self.read_questions(read, frame),
            Ask::Target(target) => {
                let filled = target.parameters.fill(&target.scope, self.now);
                let parameters = filled.map_err(|e| Unread::new(UnreadKind::Expression, e.to_string()))?;
                Ok(vec![question(&target.place, target.operation, parameters)])
            }
            Ask::Call(call) => Ok(vec![Question {
                place: call.place.clone(),
                service: call.service.clone(),
                operation: call.operation.clone(),
                parameters: call.parameters.clone(),
            }]),
            Ask::Identity(place) => Ok(vec![Question {
                place: place.clone(),
                service: "sts".into(),
                operation: "GetCallerIdentity".into(),
                parameters: json!({}),
            }]),
        }
    }

    fn read_questions(&self, read: &Read, frame: &Frame) -> Asked {
        let (operation, parameters) = match &read.from {
            Source::Aws { operation, parameters } => (*operation, parameters),
            Source::Foreign { kind, .. } => {
                let why = format!("this version does not run `{kind}` reads yet");
                return Err(Unread::new(UnreadKind::Unsupported, why));
            }
        };
        if let Some(step) = roots_of(read).iter().find_map(|r| self.unended(root_name(r))) {
            return Err(Unread::new(UnreadKind::NotYet, format!("waits for the step {step}")));
        }
        let place = self.run.place(read.target.as_deref());
        let scope = Scope::bare(&self.run, &self.path, frame, self.now);
        if let Some(select) = &read.select {
            // Its templates must have their values when the answer comes.
            let roots = select.slot_roots().filter(|r| !matches!(root_name(r), "item" | "index"));
            scope.roots(roots).map_err(waiting)?;
        }
        let Some(items) = &read.for_each else {
            return Ok(vec![question(&place, operation, scope.fill(parameters).map_err(waiting)?)]);
        };
        let items = listed(scope.value(items).map_err(waiting)?);
        let one = |(index, item): (usize, &Value)| {
            let scope = Scope { item: Some((item, index)), ..scope };
            Ok(question(&place, operation, scope.fill(parameters).map_err(waiting)?))
        };
        items.iter().enumerate().map(one).collect()
    }

    /// The step behind a root, if it has given nothing yet.
    fn unended<'r>(&self, name: &'r str) -> Option<&'r str> {
        let place = self.run.plan.locate(name)?;
        let given = self.run.steps.iter().any(|(p, s)| p.unkeyed() == *place && s.ended.is_some());
        (!given).then_some(name)
    }

    fn select(&self, ask: &Ask, answers: &[Reading], frame: &Frame) -> Result<Value, Unread> {
        match ask {
            Ask::Read(read) => match (&read.for_each, answers.first()) {
                (Some(items), _) => self.select_each(read, items, answers, frame),
                (None, Some(answer)) => self.select_one(read, answer, frame, None),
                (None, None) => Ok(Value::Null),
            },
            Ask::Target(target) => self.select_target(target, answers),
            Ask::Call(_) | Ask::Identity(_) => match answers.first().map(|a| &a.answer) {
                Some(Ok(value)) => Ok(value.as_ref().clone()),
                Some(Err(why)) => Err(why.clone()),
                None => Ok(Value::Null),
            },
        }
    }

    /// One flat list of what the answers hold; the answer of an item sees that item.
    fn select_each(
        &self,
        read: &Read,
        items: &Expr,
        answers: &[Reading],
        frame: &Frame,
    ) -> Result<Value, Unread> {
        let scope = Scope::bare(&self.run, &self.path, frame, self.now);
        let items = listed(scope.value(items).map_err(waiting)?);
        let mut flat = Vec::new();
        for (index, (item, answer)) in items.iter().zip(answers).enumerate() {
            flat.extend(listed(self.select_one(read, answer, frame, Some((item, index)))?));
        }
        Ok(Value::Array(flat))
    }

    fn select_one(
        &self,
        read: &Read,
        answer: &Reading,
        frame: &Frame,
        item: Option<(&Value, usize)>,
    ) -> Result<Value, Unread> {
        let value = answer.answer.as_ref().map_err(Clone::clone)?;
        match &read.select {
            Some(select) => {
                let scope = Scope { item, ..Scope::bare(&self.run, &self.path, frame, self.now) };
                scope.value_on(select, value).map_err(Unread::from)
            }
            None => Ok(value.as_ref().clone()),
        }
    }

    fn select_target(&self, target: &Target, answers: &[Reading]) -> Result<Value, Unread> {
        let Some(reading) = answers.first() else { return Ok(Value::Null) };
        match &reading.answer {
            Ok(value) => target
                .select
                .eval(value, &target.scope, self.now)
                .map_err(|e| Unread::new(UnreadKind::Expression, e.to_string())),
            Err(why) if why.code.as_deref().is_some_and(|c| target.absent.contains(&c)) => Ok(Value::Null),
            Err(why) => Err(why.clone()),
        }
    }
}

/// The elements of a list; nothing has none, and what is no list is its own one.
fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn question(place: &Place, operation: &Operation, parameters: Value) -> Question {
    Question {
        place: place.clone(),
        service: operation.service.to_owned(),
        operation: operation.name.to_owned(),
        parameters,
    }
}

/// A template over a read that has no value yet waits; it is not an error.
fn waiting(fault: Fault) -> Unread {
    match fault {
        Fault::Unread { why, .. } if why.kind == UnreadKind::NotYet => why,
        Fault::Unread { read, why } => Unread { message: format!("{read}: {}", why.message), ..why },
        Fault::Expression(why) => Unread::new(UnreadKind::Expression, why),
    }
}

pub(super) fn roots_of(read: &Read) -> Vec<Root> {
    let mut roots = Vec::new();
    if let Source::Aws { parameters, .. } = &read.from {
        roots.extend(parameters.roots().into_iter().cloned());
    }
    if let Some(select) = &read.select {
        roots.extend(select.slot_roots().cloned());
    }
    if let Some(items) = &read.for_each {
        roots.extend(items.roots().iter().chain(items.slot_roots()).cloned());
    }
    roots
}

/// The reads behind some roots, those inside named conditions included. A condition may use others.
pub(super) fn read_names<'r>(run: &Run, roots: impl IntoIterator<Item = &'r Root>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_read(run, roots, &mut |name| {
        names.insert(name.to_owned());
    });
    names
}

/// The loader lets a condition use only those above it, so this ends.
fn each_read<'r>(run: &Run, roots: impl IntoIterator<Item = &'r Root>, see: &mut dyn FnMut(&str)) {
    for root in roots {
        if let Some(name) = read_name(root) {
            see(name);
        } else if let Some((_, condition)) = run.book().conditions.iter().find(|(n, _)| n == root_name(root))
        {
            each_read(run, condition.roots().iter().chain(condition.slot_roots()), see);
        }
    }
}

impl Run {
    /// The pinned place of a target; of the first where none is named.
    pub fn place(&self, target: Option<&str>) -> Place {
        let named = target.and_then(|t| self.places.iter().find(|p| p.target == t));
        named.or(self.places.first()).cloned().unwrap_or_default()
    }
}
