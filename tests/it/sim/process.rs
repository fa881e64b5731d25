//! One process of a life: it opens the journal, decides, appends, applies, and dies at any seam.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ripcord::ids::{At, Clock, EffectName, Life, Place, RunId, Span};
use ripcord::journal::memory::{Failure, Times};
use ripcord::journal::{Digest, EndpointKind, Header, Journal, JournalError, RunbookRef};
use ripcord::run::{Effect, Fact, Input, LookName, Outcome, Proof, Refusal, Run, Stage, What};
use ripcord::runner::{Denied, Ledger, Stamps, facts};
use ripcord::watch::{Frame, Unread};
use serde_json::Value;

use super::clock::VirtualClock;
use super::disk::SimDisk;
use super::kernel::Broken;
use super::life::{SETTLE, Sim, Stop, index};
use super::world::{ACCOUNT, Fate};

/// More turns than any life needs.
const TURNS: u32 = 12_000;

/// What a look is doing.
pub(super) struct Looking {
    pub(super) window: VecDeque<Frame>,
    /// In true time: asked then, or being answered.
    pub(super) due: At,
    pub(super) coming: Option<Frame>,
}

pub(super) struct Process<'s> {
    pub(super) sim: &'s mut Sim,
    pub(super) ledger: Ledger<SimDisk, VirtualClock>,
    pub(super) me: Life,
    pub(super) looks: BTreeMap<LookName, Looking>,
    /// Names ever started in this process: none is started twice.
    pub(super) started: BTreeSet<EffectName>,
    pub(super) wake: Option<At>,
    pub(super) operator_at: Option<At>,
    pub(super) crash_at: Option<At>,
    /// The first answers and when they were asked, for the reader that takes old ones for new.
    pub(super) kept: BTreeMap<String, (At, Result<Arc<Value>, Unread>)>,
    /// When the oldest answer of the round was really asked.
    pub(super) oldest: At,
}

impl<'s> Process<'s> {
    /// Starts or resumes the run. None when the disk did not let it start.
    pub(super) fn open(sim: &'s mut Sim) -> Result<Option<Process<'s>>, Stop> {
        let stamp = sim.clock.stamp();
        let opened = Journal::open(sim.disk.clone(), &sim.dir, &stamp);
        let (journal, records) = match opened {
            Ok((journal, records)) => (journal, records),
            Err(
                JournalError::NotFound { .. }
                | JournalError::NeverStarted { .. }
                | JournalError::Exists { .. },
            ) if !sim.started => {
                let text = sim.spec.text.as_bytes();
                match Journal::create(sim.disk.clone(), &sim.dir, &header(sim), text, &stamp) {
                    Ok(journal) => (journal, vec![]),
                    Err(_) => return Ok(None),
                }
            }
            Err(e) => return Err(Stop::Wrong(format!("the journal cannot be opened again: {e}"))),
        };
        sim.started = true;
        let decisions = facts(&records).map_err(Stop::Wrong)?;
        let run = sim.refold(&decisions)?;
        if run.ended.is_some() {
            sim.live = Some(run);
            sim.lived.ended = sim.live.as_ref().and_then(|r| r.ended.as_ref()).map(|(s, _)| *s);
        }
        let me = Life(sim.live.as_ref().and_then(|r| r.life).map_or(1, |l| l.0 + 1));
        Ok(Some(Process::on(sim, journal, me)))
    }

    pub(super) fn on(sim: &'s mut Sim, journal: Journal<SimDisk>, me: Life) -> Process<'s> {
        let run = sim.live.clone().unwrap_or_else(|| Run::new(Arc::clone(&sim.book), sim.info()));
        let ledger = Ledger::new(run, journal, sim.clock.clone(), &[]);
        let crash_at = (sim.crashes_left > 0 && sim.chance.percent(60))
            .then(|| sim.world.now.plus(Span(sim.chance.below(600_000))));
        Process {
            sim,
            ledger,
            me,
            looks: BTreeMap::new(),
            started: BTreeSet::new(),
            wake: None,
            operator_at: None,
            crash_at,
            kept: BTreeMap::new(),
            oldest: At(0),
        }
    }

    pub(super) fn begin(&mut self) -> Result<(), Stop> {
        self.bare_fold();
        self.input(&Input::Open { life: self.me, by: "ana".into() })?;
        if self.ledger.run.started.is_none() {
            let parameters = self.sim.parameters.clone();
            let place = Place {
                target: "main".into(),
                account: ACCOUNT.into(),
                region: "eu-west-1".into(),
                role_arn: None,
            };
            self.input(&Input::Start { parameters, places: vec![place], preflight: vec![] })?;
        }
        Ok(())
    }

    /// The variant that starts what is owed before it has opened the run.
    pub(super) fn bare_fold(&mut self) {
        if self.sim.kernel.broken != Some(Broken::OwedAfterBareFold) {
            return;
        }
        let Some(old) = self.ledger.run.life else { return };
        for effect in self.ledger.run.owed(old) {
            if let Effect::Send { name, call } = effect {
                self.sim.world.send(self.me, &name, &call, Fate::smooth());
            }
        }
    }

    /// Until the run has ended, or this process has.
    pub(super) fn live(&mut self) -> Result<(), Stop> {
        if self.ledger.run.ended.is_none() {
            self.begin()?;
        }
        while self.ledger.run.ended.is_none() {
            self.sim.turns += 1;
            if self.sim.turns > TURNS {
                let run = &self.ledger.run;
                let now: Vec<String> =
                    run.active.iter().map(|p| format!("{p}: {:?}", run.steps[p].stage)).collect();
                return Err(Stop::Wrong(format!("it goes on for ever: {}", now.join("; "))));
            }
            self.settle()?;
            if self.ledger.run.ended.is_some() {
                break;
            }
            self.seam(self.sim.rough.crash)?;
            self.reconcile()?;
            self.next()?;
        }
        Ok(())
    }

    /// A place where the process may die.
    pub(super) fn seam(&mut self, permille: u64) -> Result<(), Stop> {
        if self.sim.crashes_left > 0 && self.sim.chance.permille(permille) {
            self.sim.crashes_left -= 1;
            self.note_crash();
            return Err(Stop::Crashed);
        }
        Ok(())
    }

    pub(super) fn note_crash(&mut self) {
        let run = Arc::clone(&self.ledger.run);
        for step in run.active.iter().filter_map(|p| run.steps.get(p)) {
            self.sim.met(format!("{} × crash", stage_word(&step.stage)));
        }
        if run.undoing.is_some() {
            self.sim.met("undoing × crash");
        }
    }

    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        for _ in 0..2000 {
            if self.input(&Input::Advance)? == 0 {
                return Ok(());
            }
        }
        Err(Stop::Wrong("advancing never comes to rest".into()))
    }

    /// Decides, makes durable, applies: what the runner does, with seams.
    pub(super) fn input(&mut self, input: &Input) -> Result<usize, Stop> {
        self.sim.tick();
        let run = Arc::clone(&self.ledger.run);
        let now = self.sim.clock.now();
        let facts = match self.sim.kernel.decide(&run, input, now) {
            Ok(facts) => facts,
            Err(refusal) => {
                self.refused(input, &refusal);
                return Ok(0);
            }
        };
        self.noted(&run, input, &facts);
        if facts.is_empty() {
            return Ok(0);
        }
        self.seam(self.sim.rough.crash / 4)?;
        for fact in &facts {
            self.sim.oracle.judge(&run, fact, &self.sim.world)?;
        }
        let before = facts.iter().any(|f| self.sim.kernel.needs_before(f)).then(|| Run::clone(&run));
        drop(run);
        let n = facts.len();
        self.append(input, &facts)?;
        for fact in &facts {
            if self.sim.tell {
                println!(
                    "{} {}",
                    self.sim.world.now,
                    ripcord::run::line(fact).map_or_else(|| format!("{fact:?}"), |l| l.1)
                );
            }
            let run = Arc::make_mut(&mut self.ledger.run);
            self.sim.kernel.after(run, fact, before.as_ref());
            self.sim.oracle.note(run, fact);
        }
        self.sim.lived.facts += n as u64;
        self.seam(self.sim.rough.crash / 4)?;
        Ok(n)
    }

    pub(super) fn append(&mut self, input: &Input, facts: &[Fact]) -> Result<(), Stop> {
        let sim = &mut *self.sim;
        let intent = facts.iter().any(|f| matches!(f, Fact::Intent { .. }));
        if intent {
            sim.world.intended = sim.world.now;
        }
        let (write, sync) = (u64::from(intent), u64::from(intent) + 1);
        let memory = &sim.disk.memory;
        let torn = sim.crashes_left > 0 && sim.chance.permille(sim.rough.torn);
        let failing = sim.crashes_left > 0 && sim.chance.permille(sim.rough.disk);
        if torn {
            memory.fail_at(memory.operations() + sync, Failure::Io, Times::Once);
        } else if failing {
            let what = [Failure::NoSpace, Failure::Io, Failure::ReadOnly, Failure::Short(40)];
            let failure = what[index(sim.chance.below(4))];
            let at = if sim.chance.percent(50) { write } else { 0 };
            memory.fail_at(memory.operations() + at, failure, Times::Once);
        }
        let appended = self.ledger.record(input, facts.to_vec());
        self.sim.disk.memory.heal();
        match appended {
            Ok(_) => {
                self.sim.acked += 1;
                Ok(())
            }
            Err(Denied::Refused(_)) => Ok(()),
            Err(Denied::Journal(e)) => {
                self.sim.crashes_left = self.sim.crashes_left.saturating_sub(1);
                self.sim.met(if torn { "torn tail" } else { "append failed" });
                self.sim.hash(e.to_string().as_bytes());
                if self.sim.kernel.broken == Some(Broken::AppendFailureIgnored) && !torn {
                    let run = Arc::make_mut(&mut self.ledger.run);
                    for fact in facts {
                        run.apply(fact);
                    }
                    return Ok(());
                }
                self.note_crash();
                if torn { Err(Stop::Torn) } else { Err(Stop::Trouble) }
            }
        }
    }

    pub(super) fn refused(&mut self, input: &Input, refusal: &Refusal) {
        let word = format!("{refusal:?}");
        let word = word.split(['(', ' ']).next().unwrap_or_default().to_owned();
        if let Input::Command(_) = input {
            self.sim.met(format!("refused: {word}"));
        }
    }

    /// Takes note of what was met, and that no success is lost.
    pub(super) fn noted(&mut self, run: &Run, input: &Input, facts: &[Fact]) {
        match input {
            Input::Answer { name, outcome } => {
                let stage = run.steps.get(&name.path).map_or("gone", |s| stage_word(&s.stage));
                let outcome = match outcome {
                    Outcome::Executed { .. } => "executed",
                    Outcome::Rejected { .. } => "rejected",
                    Outcome::Unclear { .. } => "unclear",
                };
                self.sim.met(format!("{stage} × {outcome}"));
            }
            Input::Command(command) => {
                let path = match &command.what {
                    What::Skip { path } | What::Retry { path } | What::Accept { path } => Some(path),
                    _ => None,
                };
                let stage = path.and_then(|p| run.steps.get(p)).map_or("run", |s| stage_word(&s.stage));
                self.sim.met(format!("{stage} × {}", command_word(&command.what)));
            }
            Input::Looked { name, .. } if !facts.is_empty() => {
                self.sim.met(format!("looked: {:?}", name.purpose));
            }
            _ => {}
        }
        for fact in facts {
            self.sim.met(fact.kind());
            match fact {
                Fact::Held { kind, .. } => self.sim.met(format!("held: {kind:?}")),
                Fact::Executed { proof, .. } => self.sim.met(format!("executed by {}", proof_word(proof))),
                Fact::Rejected { proof, .. } => self.sim.met(format!("rejected by {}", proof_word(proof))),
                Fact::Ended { state, .. } => self.sim.met(format!("ended: {}", state.word())),
                Fact::Finished { state, .. } => self.sim.met(format!("finished: {}", state.word())),
                Fact::Intent { already: true, .. } => self.sim.met("intent whose effect was there already"),
                _ => {}
            }
        }
    }
}

pub(super) fn header(sim: &Sim) -> Header {
    Header {
        format: 1,
        run: RunId("r1".into()),
        runbook: RunbookRef {
            id: sim.book.id.clone(),
            title: String::new(),
            version: "1.0.0".into(),
            digest: Digest::of(b""),
        },
        app_version: "0".into(),
        endpoint: EndpointKind::Live,
        places: vec![],
        settle_ms: SETTLE.0,
        pace: 1,
        started: sim.clock.now(),
        operator: "ana".into(),
        resources: vec![],
        plan: None,
        read_only: false,
    }
}

pub(super) fn stage_word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Fresh => "fresh",
        Stage::Prepared { .. } => "prepared",
        Stage::Gated { .. } => "gated",
        Stage::Granted(_) => "granted",
        Stage::InFlight(_) => "in flight",
        Stage::Doubt { .. } => "unknown",
        Stage::Done { .. } => "done",
    }
}

pub(super) fn proof_word(proof: &Proof) -> &'static str {
    match proof {
        Proof::Answer => "answer",
        Proof::LateAnswer => "late answer",
        Proof::Probe => "probe",
        Proof::Human { .. } => "a person",
    }
}

pub(super) fn command_word(what: &What) -> &'static str {
    match what {
        What::Confirm { .. } => "confirm",
        What::Answer { .. } => "answer",
        What::Done { .. } => "done",
        What::Approve { .. } => "approve",
        What::Skip { .. } => "skip",
        What::Retry { .. } => "retry",
        What::Accept { .. } => "accept",
        What::Redo { .. } => "redo",
        What::RollBack { .. } => "roll back",
        What::GiveUp { .. } => "give up",
        What::Extend { .. } => "extend",
        What::Note { .. } => "note",
        What::Abort => "abort",
        What::Rule { .. } => "rule",
    }
}
