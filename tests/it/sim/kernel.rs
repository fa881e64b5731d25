//! The kernel as the simulator runs it: sound, or broken in one way that some seed must notice.
//!
//! Nothing in the product knows of this: inputs, facts, effects and states are tampered with on their way.

use std::collections::BTreeMap;
use std::sync::Arc;

use ripcord::ids::{At, Attempt, StepPath};
use ripcord::run::{
    Command, Fact, IDENTITY, Input, OBSERVE, Outcome, PROBE, Proof, Purpose, Refusal, Run, Stage, StepState,
    What,
};
use ripcord::runbook::Action;
use ripcord::watch::{Frame, Reading};
use serde_json::{Value, json};

use super::disk::Lie;

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Broken {
    NoIntentSync,
    TornTailKept,
    AppendFailureIgnored,
    ConfirmationSurvivesRestart,
    OwedAfterBareFold,
    StartedTwice,
    NoSettleWindow,
    DoubtCountedThroughDeath,
    SingleReadingProbe,
    LateSuccessIgnored,
    StaleReadingAccepted,
    ForEachExpandedAgain,
    UnknownSentAgain,
    ServerFaultIsProof,
    UnknownDoesNotHold,
    GateNotCheckedAtSend,
    AnyPhraseConfirms,
    AccountNotProven,
    DuplicateAppliedTwice,
    NameReused,
    CaptureRetaken,
    UndoPastReturn,
}

impl Broken {
    pub const ALL: [Broken; 22] = [
        Broken::NoIntentSync,
        Broken::TornTailKept,
        Broken::AppendFailureIgnored,
        Broken::ConfirmationSurvivesRestart,
        Broken::OwedAfterBareFold,
        Broken::StartedTwice,
        Broken::NoSettleWindow,
        Broken::DoubtCountedThroughDeath,
        Broken::SingleReadingProbe,
        Broken::LateSuccessIgnored,
        Broken::StaleReadingAccepted,
        Broken::ForEachExpandedAgain,
        Broken::UnknownSentAgain,
        Broken::ServerFaultIsProof,
        Broken::UnknownDoesNotHold,
        Broken::GateNotCheckedAtSend,
        Broken::AnyPhraseConfirms,
        Broken::AccountNotProven,
        Broken::DuplicateAppliedTwice,
        Broken::NameReused,
        Broken::CaptureRetaken,
        Broken::UndoPastReturn,
    ];

    /// How the disk lies for this variant.
    pub fn lie(broken: Option<Broken>) -> Lie {
        match broken {
            Some(Broken::NoIntentSync) => Lie::NoIntentSync,
            Some(Broken::TornTailKept) => Lie::TornTailHidden,
            _ => Lie::None,
        }
    }
}

/// The three verbs, tampered with.
#[derive(Default)]
pub struct Kernel {
    pub broken: Option<Broken>,
    /// What the gate looks showed, for the variant that looks no more.
    shown: BTreeMap<StepPath, Reading>,
}

impl Kernel {
    pub fn new(broken: Option<Broken>) -> Kernel {
        Kernel { broken, ..Kernel::default() }
    }

    fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    pub fn decide(&mut self, run: &Run, input: &Input, now: At) -> Result<Vec<Fact>, Refusal> {
        if let Some(facts) = self.instead(run, input, now) {
            return Ok(facts);
        }
        let mut facts = match self.rewritten(run, input) {
            Some(other) => run.decide(&other, now)?,
            None => run.decide(input, now)?,
        };
        if self.is(Broken::NameReused) {
            for fact in &mut facts {
                if let Fact::Intent { name, .. } = fact {
                    name.attempt = Attempt(1);
                }
            }
        }
        if self.is(Broken::UnknownDoesNotHold) && *input == Input::Advance && facts.is_empty() {
            facts.extend(give_way(run, now));
        }
        Ok(facts)
    }

    /// Decisions that the sound kernel does not take.
    fn instead(&self, run: &Run, input: &Input, now: At) -> Option<Vec<Fact>> {
        let Input::Answer { name, outcome } = input else { return None };
        let stage = run.steps.get(&name.path).map(|s| &s.stage)?;
        match (self.broken?, stage, outcome) {
            (Broken::LateSuccessIgnored, Stage::Doubt { .. }, Outcome::Executed { .. }) => Some(vec![]),
            (Broken::DuplicateAppliedTwice, Stage::Done { .. }, Outcome::Executed { .. }) => {
                Some(vec![Fact::Executed {
                    name: name.clone(),
                    request_id: None,
                    proof: Proof::Answer,
                    at: now,
                }])
            }
            _ => None,
        }
    }

    /// Inputs that lie.
    fn rewritten(&mut self, run: &Run, input: &Input) -> Option<Input> {
        match (self.broken?, input) {
            (Broken::ServerFaultIsProof, Input::Answer { name, outcome: Outcome::Unclear { why } })
                if why.contains("InternalFailure") =>
            {
                let (code, message) = ("InternalFailure".to_owned(), why.clone());
                let outcome = Outcome::Rejected { code, message, request_id: None };
                Some(Input::Answer { name: name.clone(), outcome })
            }
            (Broken::AnyPhraseConfirms, Input::Command(command)) => confirmed_anyway(run, command),
            (_, Input::Looked { name, frames }) => {
                let frames = self.retouched(run, &name.path, name.purpose, frames)?;
                Some(Input::Looked { name: name.clone(), frames })
            }
            _ => None,
        }
    }

    fn retouched(
        &mut self,
        run: &Run,
        path: &StepPath,
        purpose: Purpose,
        frames: &[Frame],
    ) -> Option<Vec<Frame>> {
        let mut frames = frames.to_vec();
        let last = frames.last_mut()?;
        match (self.broken?, purpose) {
            (Broken::GateNotCheckedAtSend, Purpose::Gate) => {
                let shown = last.readings.get(OBSERVE)?;
                self.shown.insert(path.clone(), shown.clone());
                None
            }
            (Broken::GateNotCheckedAtSend, Purpose::Send) => {
                let asked = last.readings.get(OBSERVE)?.asked;
                let shown = self.shown.get(path)?.clone();
                last.readings.insert(OBSERVE.into(), Reading { asked, ..shown });
                Some(frames)
            }
            (Broken::AccountNotProven, Purpose::Send) => {
                let identity = last.readings.get_mut(IDENTITY)?;
                identity.answer = Ok(Arc::new(json!({"Account": super::world::ACCOUNT})));
                Some(frames)
            }
            (Broken::SingleReadingProbe, Purpose::Probe) => three_of_one(run, path, last),
            _ => None,
        }
    }

    /// Folds one fact the way this variant does.
    pub fn apply(&self, run: &mut Run, fact: &Fact) {
        let before = self.needs_before(fact).then(|| run.clone());
        run.apply(fact);
        self.after(run, fact, before.as_ref());
    }

    /// Whether [`Kernel::after`] needs the run as it was before this fact.
    pub fn needs_before(&self, fact: &Fact) -> bool {
        self.is(Broken::ConfirmationSurvivesRestart) && matches!(fact, Fact::Opened { .. })
    }

    /// What this variant does to the run after a fact was applied.
    pub fn after(&self, run: &mut Run, fact: &Fact, before: Option<&Run>) {
        let Some(broken) = self.broken else { return };
        match (broken, fact) {
            (Broken::ConfirmationSurvivesRestart, Fact::Opened { .. }) => {
                let granted = before.into_iter().flat_map(|b| &b.steps);
                for (path, step) in granted.filter(|(_, s)| matches!(s.stage, Stage::Granted(_))) {
                    if let Some(now) = run.steps.get_mut(path) {
                        now.stage = step.stage.clone();
                    }
                }
            }
            (Broken::DoubtCountedThroughDeath, Fact::Opened { .. }) => each_stage(run, |stage| {
                if let Stage::Doubt { sent, since, .. } = stage {
                    *since = sent.at;
                }
            }),
            (Broken::UnknownSentAgain, Fact::Opened { .. } | Fact::Doubted { .. }) => {
                each_stage(run, |stage| {
                    if let Stage::Doubt { sent, .. } = stage {
                        *stage = Stage::Granted((*sent.grant).clone());
                    }
                });
            }
            (Broken::ForEachExpandedAgain, Fact::Opened { .. }) => {
                let each: Vec<StepPath> =
                    run.active.iter().filter(|p| run.plan.is_each(p)).cloned().collect();
                for path in each {
                    if let Some(step) = run.steps.get_mut(&path) {
                        step.items.clear();
                    }
                }
            }
            (Broken::CaptureRetaken, Fact::Began { path, .. }) => {
                if let Some(step) = run.steps.get_mut(path) {
                    step.captured = None;
                }
            }
            (Broken::UndoPastReturn, Fact::Intent { .. }) => run.past_return = false,
            _ => {}
        }
    }
}

fn each_stage(run: &mut Run, change: impl Fn(&mut Stage)) {
    for path in run.active.clone() {
        if let Some(step) = run.steps.get_mut(&path) {
            change(&mut step.stage);
        }
    }
}

/// Goes past the first unknown outcome.
fn give_way(run: &Run, now: At) -> Option<Fact> {
    let unknown = run.active.iter().find(|p| {
        let sends = run.plan.step(p).is_some_and(|s| matches!(s.action, Action::AwsApi { .. }));
        sends && run.state_of(p) == StepState::Unknown
    })?;
    Some(Fact::Ended {
        path: unknown.clone(),
        state: StepState::Failed,
        why: "unknown".into(),
        by: None,
        at: now,
    })
}

fn confirmed_anyway(run: &Run, command: &Command) -> Option<Input> {
    let What::Confirm { gate, .. } = &command.what else { return None };
    let open = run.gates.get(gate)?;
    let (digest, phrase) = (open.digest.clone(), open.phrase.clone());
    let what = What::Confirm { gate: gate.clone(), digest, phrase };
    Some(Input::Command(Command { what, ..command.clone() }))
}

/// One reading after the settle window, made to look like three over half a minute.
fn three_of_one(run: &Run, path: &StepPath, frame: &Frame) -> Option<Vec<Frame>> {
    let Stage::Doubt { since, .. } = run.steps.get(path).map(|s| &s.stage)? else { return None };
    let settled = run.settles_at(*since);
    let reading = frame.readings.get(PROBE).filter(|r| r.asked >= settled)?.clone();
    let at = |seconds: i64| {
        let asked = At(settled.0 + seconds * 1000);
        let readings = [(PROBE.to_owned(), Reading { asked, ..reading.clone() })].into();
        Frame { asked: frame.asked, at: frame.at, readings }
    };
    Some(vec![at(0), at(20), at(40)])
}

/// Whether a value is exactly the one the projection of a confirmation would show.
pub fn projected(call: &ripcord::run::Call, raw: &Value) -> Value {
    let operation = ripcord::catalogue::find(&call.service, &call.operation);
    match operation.and_then(ripcord::catalogue::Operation::observe) {
        Some(look) => look.project(&call.parameters, raw),
        None => Value::Null,
    }
}
