//! The cloud of a drill: the world, its clock, what goes wrong in it and what others do, and who called what.
//!
//! [`Cloud::call`] is the one way in, for the wire and for callers in this process. It never waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::faults::{Faults, Seen};
use super::log::{CallLog, Change};
use super::scenario::{Deed, Foreign, Moment, Scenario, Things, Wrong};
use crate::catalogue::{self, Effect};
use crate::ids::{At, Span};
use crate::runner::DrillClock;
use crate::world::{Dice, Refused, Site, World};

/// Key ids of the console itself; all others are somebody in another terminal.
const OWN: &str = "RIPCORD";
/// Key ids that are printed for other terminals.
const OTHERS: &str = "DRILL";

/// A cloud for one drill.
pub struct Cloud {
    scenario: Arc<Scenario>,
    clock: Arc<DrillClock>,
    nonce: String,
    seed: u64,
    state: Mutex<State>,
}

struct State {
    world: World,
    faults: Faults,
    /// Events of the scenario that have not happened.
    waiting: Vec<usize>,
    /// Events by the moment at which they happen.
    due: BTreeSet<(At, usize)>,
    told: Vec<(At, String)>,
    past: VecDeque<(At, World)>,
    /// When a service last ran and nobody took what it wrote.
    turned_away: BTreeMap<String, At>,
    calls: Vec<Called>,
    reads: BTreeMap<(Caller, String), u64>,
    log: Option<CallLog>,
}

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Caller {
    /// This program.
    Console,
    /// Somebody in another terminal.
    Other,
    /// Somebody of the scenario.
    Story,
}

/// One call as it comes in.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    pub site: &'c Site,
    pub by: Caller,
    pub service: &'c str,
    pub operation: &'c str,
    pub parameters: &'c Value,
}

/// What the caller gets.
#[derive(Clone, PartialEq, Debug)]
pub enum Answered {
    Said(Result<Value, Refused>),
    /// The connection ends without an answer.
    Nothing,
    /// The connection ends in the middle of this answer.
    Half(Value),
    /// A web page with status 500.
    Html,
    /// The answer, so much later on the wall.
    Late(Span, Box<Answered>),
}

/// A call that would change something, as the cloud saw it.
#[derive(Clone, PartialEq, Debug)]
pub struct Called {
    pub at: At,
    pub by: Caller,
    pub service: String,
    pub operation: String,
    pub parameters: Value,
    /// The error code, where it was refused; what was executed is none even where nobody heard of it.
    pub refused: Option<String>,
}

impl Cloud {
    /// The cloud of a scenario at its beginning. `nonce` proves to a client which cloud it speaks to.
    ///
    /// # Errors
    /// A thing of the scenario that cannot be placed.
    pub fn new(
        scenario: Arc<Scenario>,
        seed: u64,
        clock: Arc<DrillClock>,
        nonce: String,
    ) -> Result<Cloud, String> {
        let mut world = World::new(seed, scenario.now);
        for (kind, thing) in &scenario.world {
            world.place(&scenario.place, kind, thing).map_err(|why| format!("{kind}: {why}"))?;
        }
        let mut state = State {
            world,
            faults: Faults::new(&scenario.faults, scenario.now, Dice::new(seed)),
            waiting: Vec::new(),
            due: BTreeSet::new(),
            told: Vec::new(),
            past: VecDeque::new(),
            turned_away: BTreeMap::new(),
            calls: Vec::new(),
            reads: BTreeMap::new(),
            log: None,
        };
        for (index, event) in scenario.events.iter().enumerate() {
            match &event.when {
                Moment::At(span) => {
                    state.due.insert((scenario.now.plus(*span), index));
                }
                Moment::After(..) => state.waiting.push(index),
            }
        }
        Ok(Cloud { scenario, clock, nonce, seed, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    pub fn clock(&self) -> &Arc<DrillClock> {
        &self.clock
    }

    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What the cloud says of itself: the proof that it is one.
    pub fn about(&self) -> Value {
        json!({
            "ripcord_drill": 1, "nonce": self.nonce, "scenario": self.scenario.id, "runbook": self.scenario.runbook,
            "seed": self.seed, "speed": self.clock.speed(), "now": self.clock.now().rfc3339(),
        })
    }

    /// The key id by which this program calls in an account.
    pub fn own_key(account: &str) -> String {
        format!("{OWN}{account}")
    }

    /// The key id for other terminals.
    pub fn key_for_others(account: &str) -> String {
        format!("{OTHERS}{account}")
    }

    /// Who calls with a key id, and in which account; what is not one of ours is in the account of the scenario.
    pub fn who(&self, key: &str) -> (Caller, String) {
        let by = if key.starts_with(OWN) { Caller::Console } else { Caller::Other };
        let account = key.trim_start_matches(OWN).trim_start_matches(OTHERS);
        let known = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        (by, if known { account.to_owned() } else { self.scenario.place.account.clone() })
    }

    /// From now on every change is written down, so that the world can be built again.
    pub fn log_to(&self, log: CallLog) {
        self.state().log = Some(log);
    }

    /// Lets everything happen again that a log holds, and goes on from its end.
    pub fn replay(&self, changes: &[Change]) {
        let mut state = self.state();
        for change in changes {
            self.clock.reach(change.at);
            state.advance(&self.scenario, change.at);
            match &change.what {
                super::log::What::Call { by, site, foreign } => {
                    let call = Call {
                        site,
                        by: *by,
                        service: &foreign.service,
                        operation: &foreign.operation,
                        parameters: &foreign.parameters,
                    };
                    state.strike(&call, change.at);
                    // It was accepted once; the same world accepts it again.
                    state.apply(&self.scenario, &call, change.at).ok();
                }
                super::log::What::Place(things) => state.place(&self.scenario, things),
            }
        }
    }

    /// Answers one call at the time of the drill.
    pub fn call(&self, call: &Call<'_>) -> Answered {
        let now = self.clock.now();
        let mut state = self.state();
        state.advance(&self.scenario, now);
        let wrong = state.strike(call, now);
        let answered = state.answer(&self.scenario, call, wrong, now);
        drop(state);
        if changes(call) {
            // What was read in the moment before a call does not count as read after it.
            self.clock.took(Span(1));
        }
        answered
    }

    /// A deed of the scenario's operator in another terminal.
    ///
    /// # Errors
    /// What AWS said instead, or why it cannot be placed.
    pub fn deed(&self, foreign: &Foreign) -> Result<Value, Refused> {
        let now = self.clock.now();
        let mut state = self.state();
        state.advance(&self.scenario, now);
        state.foreign(&self.scenario, Caller::Other, foreign, now)
    }

    /// Mends what no call can.
    pub fn place(&self, things: &Things) {
        let now = self.clock.now();
        let mut state = self.state();
        state.advance(&self.scenario, now);
        state.place(&self.scenario, things);
        state.note(now, super::log::What::Place(things.clone()));
    }

    /// The world as it is now, as one document for judges; with it `writers[]`, each with `turned_away`: when it last
    /// ran and nobody took what it wrote.
    pub fn view(&self) -> Value {
        let now = self.clock.now();
        let mut state = self.state();
        state.advance(&self.scenario, now);
        let mut view = state.world.view(&self.scenario.place);
        let away = |service: &str| state.turned_away.get(service).map(|at| at.rfc3339());
        let writers = self.scenario.writers.iter();
        let writers = writers.map(|w| json!({"service": w.service, "turned_away": away(&w.service)}));
        view["writers"] = writers.collect();
        view
    }

    /// Every call so far that would change something.
    pub fn calls(&self) -> Vec<Called> {
        self.state().calls.clone()
    }

    /// How many reads a caller has sent.
    pub fn reads(&self, by: Caller) -> u64 {
        self.state().reads.iter().filter(|((who, _), _)| *who == by).map(|(_, n)| n).sum()
    }

    /// What others have done so far.
    pub fn told(&self) -> Vec<(At, String)> {
        self.state().told.clone()
    }
}

impl State {
    /// Lets time pass: events of the scenario and of the world, in their order, and what the application writes.
    fn advance(&mut self, scenario: &Scenario, to: At) {
        while let Some(&(at, index)) = self.due.first().filter(|(at, _)| *at <= to) {
            self.due.pop_first();
            self.pass(scenario, at);
            self.happen(scenario, index, at);
        }
        self.pass(scenario, to);
        self.remember(to);
    }

    /// Keeps the world as it was, as far back as an answer may have to reach.
    fn remember(&mut self, now: At) {
        let Some(stalest) = self.faults.stalest() else { return };
        if self.past.back().is_some_and(|(at, _)| now.since(*at) < Span::secs(5)) {
            return;
        }
        while self.past.get(1).is_some_and(|(at, _)| now.since(*at) >= stalest) {
            self.past.pop_front();
        }
        self.past.push_back((now, self.world.clone()));
    }

    /// An application that runs writes; what starts or stops meanwhile has its moment in the world's agenda.
    fn pass(&mut self, scenario: &Scenario, to: At) {
        while let Some(next) = self.world.next_at().filter(|next| *next <= to) {
            self.write(scenario, next);
            self.world.advance(next);
        }
        self.world.advance(to);
        self.write(scenario, to);
    }

    fn write(&mut self, scenario: &Scenario, at: At) {
        for writer in &scenario.writers {
            if !self.world.write(&scenario.place, &writer.service, &writer.store, at) {
                self.turned_away.insert(writer.service.clone(), at);
            }
        }
    }

    fn happen(&mut self, scenario: &Scenario, index: usize, now: At) {
        let Some(event) = scenario.events.get(index) else { return };
        self.told.push((now, event.say.clone()));
        for deed in &event.does {
            match deed {
                // Whoever it is sees the error; the story goes on.
                Deed::Call(foreign) => drop(self.foreign(scenario, Caller::Story, foreign, now)),
                Deed::Place(things) => self.place(scenario, things),
                _ => {}
            }
        }
    }

    fn place(&mut self, scenario: &Scenario, things: &Things) {
        for (kind, thing) in things {
            if let Err(why) = self.world.place(&scenario.place, kind, thing) {
                tracing::warn!(kind, why, "a thing of the scenario could not be placed");
            }
        }
    }

    fn foreign(
        &mut self,
        scenario: &Scenario,
        by: Caller,
        foreign: &Foreign,
        now: At,
    ) -> Result<Value, Refused> {
        let call = Call {
            site: &scenario.place,
            by,
            service: &foreign.service,
            operation: &foreign.operation,
            parameters: &foreign.parameters,
        };
        self.apply(scenario, &call, now)
    }

    /// What goes wrong with a call; people in other terminals have no bad luck.
    fn strike(&mut self, call: &Call<'_>, now: At) -> Option<Wrong> {
        (call.by == Caller::Console).then(|| self.faults.strike(seen(call, now))).flatten()
    }

    fn answer(&mut self, scenario: &Scenario, call: &Call<'_>, wrong: Option<Wrong>, now: At) -> Answered {
        match wrong {
            None => Answered::Said(self.apply(scenario, call, now)),
            Some(Wrong::DropRequest) => Answered::Nothing,
            Some(Wrong::DropAnswer) => {
                // Nobody hears of it.
                self.apply(scenario, call, now).ok();
                Answered::Nothing
            }
            Some(Wrong::HalfBody) => match self.apply(scenario, call, now) {
                Ok(answer) => Answered::Half(answer),
                refused @ Err(_) => Answered::Said(refused),
            },
            Some(Wrong::Html500) => Answered::Html,
            Some(Wrong::Delay(span)) => {
                Answered::Late(span, Box::new(Answered::Said(self.apply(scenario, call, now))))
            }
            Some(Wrong::Empty) => Answered::Said(self.apply(scenario, call, now).map(emptied)),
            Some(Wrong::Stale(span)) => Answered::Said(self.stale(call, span, now)),
            Some(refusing) => Answered::Said(Err(self.refuse(call, refusing, now))),
        }
    }

    fn refuse(&mut self, call: &Call<'_>, wrong: Wrong, now: At) -> Refused {
        let refused = match wrong {
            Wrong::Throttle => Refused::throttled(call.service),
            Wrong::Expired => Refused::expired(call.service),
            Wrong::Error { code, message, status } => Refused { code, message, status },
            _ => Refused::new("InternalFailure", "We encountered an internal error."),
        };
        self.called(call, Some(refused.code.clone()), now);
        refused
    }

    fn stale(&mut self, call: &Call<'_>, span: Span, now: At) -> Result<Value, Refused> {
        let then = now.0 - i64::try_from(span.0).unwrap_or(0);
        let past = self.past.iter().rev().find(|(at, _)| at.0 <= then).or(self.past.front());
        let mut world = past.map_or_else(|| self.world.clone(), |(_, world)| world.clone());
        let at = world.now();
        world.call(call.site, (call.service, call.operation), call.parameters, at)
    }

    /// Asks the world; what it accepts is kept, and may be what somebody waits for.
    fn apply(&mut self, scenario: &Scenario, call: &Call<'_>, now: At) -> Result<Value, Refused> {
        let answer = self.world.call(call.site, (call.service, call.operation), call.parameters, now);
        self.called(call, answer.as_ref().err().map(|e| e.code.clone()), now);
        if answer.is_ok() && changes(call) {
            self.faults.accepted(seen(call, now));
            self.await_no_more(scenario, call, now);
            if call.by != Caller::Story {
                self.note(now, super::log::What::of(call));
            }
        }
        answer
    }

    /// Events that waited for such a call have their moment now.
    fn await_no_more(&mut self, scenario: &Scenario, call: &Call<'_>, now: At) {
        let due = &mut self.due;
        self.waiting.retain(|index| match scenario.events.get(*index).map(|e| &e.when) {
            Some(Moment::After(calls, by))
                if calls.meets(call.service, call.operation, call.parameters, now) =>
            {
                due.insert((now.plus(*by), *index));
                false
            }
            _ => true,
        });
    }

    fn called(&mut self, call: &Call<'_>, refused: Option<String>, now: At) {
        if !changes(call) {
            *self.reads.entry((call.by, call.operation.to_owned())).or_default() += 1;
            return;
        }
        self.calls.push(Called {
            at: now,
            by: call.by,
            service: call.service.to_owned(),
            operation: call.operation.to_owned(),
            parameters: call.parameters.clone(),
            refused,
        });
    }

    fn note(&mut self, at: At, what: super::log::What) {
        if let Some(log) = &mut self.log {
            log.write(&Change { at, what });
        }
    }
}

fn seen<'c>(call: &Call<'c>, now: At) -> Seen<'c> {
    Seen { service: call.service, operation: call.operation, parameters: call.parameters, now }
}

/// Whether a call would change something.
fn changes(call: &Call<'_>) -> bool {
    catalogue::find(call.service, call.operation).is_some_and(|o| o.effect() != Effect::Read)
}

/// An answer whose lists are empty, as that of the wrong account or region.
fn emptied(mut answer: Value) -> Value {
    for value in answer.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
        if value.is_array() {
            *value = json!([]);
        }
    }
    answer
}
