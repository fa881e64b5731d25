//! What goes on while a process lives: effects are started, readings asked, time passes, the operator acts.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use ripcord::ids::{At, Clock, EffectName, Span};
use ripcord::run::{Call, Effect, IDENTITY, Input, Look, LookName, OBSERVE, Outcome, Purpose, What};
use ripcord::watch::{Frame, Question, Reading, Unread, UnreadKind, WINDOW};
use serde_json::Value;

use crate::rounds::round;

use super::kernel::Broken;
use super::life::Stop;
use super::operator::Operator;
use super::oracle::Shown;
use super::process::{Looking, Process};
use super::world::Arrived;

/// Effects, readings and the passing of time.
impl Process<'_> {
    pub(super) fn reconcile(&mut self) -> Result<(), Stop> {
        let owed = self.ledger.run.owed(self.me);
        let mut wanted = BTreeSet::new();
        self.wake = None;
        for effect in owed {
            match effect {
                Effect::Look(name) => {
                    wanted.insert(name);
                }
                Effect::Send { name, call } => self.send(&name, &call)?,
                Effect::Wake(at) => self.wake = Some(self.sim.true_time(at)),
            }
        }
        self.looks.retain(|name, _| wanted.contains(name));
        for name in wanted {
            if !self.looks.contains_key(&name) {
                let due = self.sim.true_time(name.since).max(self.sim.world.now).plus(Span(1));
                self.looks.insert(name, Looking { window: VecDeque::new(), due, coming: None });
            }
        }
        if self.operator_at.is_none()
            && (Operator::is_asked(&self.ledger.run) || self.sim.operator.mischief > 0)
        {
            let think = self.sim.chance.between(800, 40_000);
            self.operator_at = Some(self.sim.world.now.plus(Span(think)));
        }
        Ok(())
    }

    pub(super) fn send(&mut self, name: &EffectName, call: &Call) -> Result<(), Stop> {
        let twice = self.sim.kernel.broken == Some(Broken::StartedTwice) && self.sim.chance.percent(5);
        if !self.started.insert(name.clone()) && !twice {
            return Ok(());
        }
        self.durable_intent(name)?;
        self.seam(self.sim.rough.crash)?;
        let fate = self.sim.fate(call);
        self.sim.lived.sent += 1;
        if self.sim.tell {
            println!("{} sends {name} {} {fate:?}", self.sim.world.now, call.parameters);
        }
        self.sim.world.send(self.me, name, call, fate);
        self.seam(self.sim.rough.crash)
    }

    /// At the moment a call leaves, its intent must be on the disk for good.
    pub(super) fn durable_intent(&mut self, name: &EffectName) -> Result<(), Stop> {
        let bytes = self.sim.disk.memory.durable(&self.sim.dir.join("journal.jsonl")).unwrap_or_default();
        let (attempt, path) = (name.attempt.0, serde_json::to_string(&name.path).unwrap_or_default());
        let wanted = format!("{{\"intent\":{{\"name\":{{\"path\":{path},\"attempt\":{attempt}}}");
        let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(16_384)..]);
        if tail.contains(&wanted) {
            return Ok(());
        }
        Err(Stop::Wrong(format!("{name} is sent and its intent is not durable")))
    }

    /// Lets the next thing happen, whatever it is.
    pub(super) fn next(&mut self) -> Result<(), Stop> {
        let look = self.looks.values().map(|l| l.due).min();
        let things = [self.sim.world.next_at(), look, self.wake, self.operator_at];
        let Some(at) = things.into_iter().flatten().min() else {
            return Err(Stop::Wrong("it has not ended, and nothing and nobody is waited for".into()));
        };
        if self.crash_at.is_some_and(|c| c <= at) {
            self.crash_at = None;
            self.sim.crashes_left = self.sim.crashes_left.saturating_sub(1);
            self.note_crash();
            return Err(Stop::Crashed);
        }
        if self.sim.world.next_at() == Some(at) {
            return self.world_moves();
        }
        self.sim.world.now = self.sim.world.now.max(at);
        self.sim.tick();
        if look == Some(at) {
            return self.look();
        }
        if self.operator_at == Some(at) {
            self.operator_at = None;
            return self.operate();
        }
        Ok(())
    }

    pub(super) fn world_moves(&mut self) -> Result<(), Stop> {
        let arrived = self.sim.world.happen();
        self.sim.tick();
        self.sim.oracle.watch(&self.sim.world)?;
        let Some(Arrived { to, name, outcome }) = arrived else { return Ok(()) };
        if to != self.me {
            return Ok(());
        }
        let success = matches!(outcome, Outcome::Executed { .. });
        let line = format!("{name} {outcome:?}");
        self.sim.hash(line.as_bytes());
        self.input(&Input::Answer { name: name.clone(), outcome })?;
        if success {
            self.sim.oracle.success_was_heard(&name)?;
        }
        Ok(())
    }

    pub(super) fn look(&mut self) -> Result<(), Stop> {
        let now = self.sim.world.now;
        let Some(name) = self.looks.iter().find(|(_, l)| l.due <= now).map(|(n, _)| n.clone()) else {
            return Ok(());
        };
        let coming = self.looks.get_mut(&name).and_then(|l| l.coming.take());
        let Some(frame) = coming else {
            let frame = self.round(&name);
            let late = if self.sim.chance.percent(5) { 20_000 } else { 300 };
            let takes = Span(self.sim.chance.between(20, late));
            if let Some(looking) = self.looks.get_mut(&name) {
                looking.coming = Some(frame);
                looking.due = now.plus(takes);
            }
            return Ok(());
        };
        let every = name.every.0;
        // A machine that is suspended looks again much later.
        let slow = match self.sim.chance.below(100) {
            0..=4 if name.purpose == Purpose::Probe => 55,
            0..=24 => 6,
            _ => 1,
        };
        let pause = Span(every * slow + self.sim.chance.below(every / 4 + 1));
        let Some(looking) = self.looks.get_mut(&name) else { return Ok(()) };
        looking.window.push_back(frame);
        if looking.window.len() > usize::from(WINDOW) {
            looking.window.pop_front();
        }
        looking.due = now.plus(pause);
        let frames = looking.window.iter().cloned().collect();
        self.input(&Input::Looked { name, frames })?;
        Ok(())
    }

    /// One whole round, as the runner's reader makes it.
    pub(super) fn round(&mut self, name: &LookName) -> Frame {
        let now = self.sim.clock.now();
        self.oldest = now;
        let look: Look = self.ledger.run.look(name, now);
        let frame = round(&look, now, |question| self.ask(question, now));
        self.shown(name, &frame);
        frame
    }

    pub(super) fn shown(&mut self, name: &LookName, frame: &Frame) {
        let account = frame.value(IDENTITY).ok().and_then(|v| v["Account"].as_str().map(str::to_owned));
        let target = frame.value(OBSERVE).ok().map(|v| v.as_ref().clone());
        let asked = self.oldest;
        self.sim
            .oracle
            .shown
            .insert(name.path.clone(), Shown { asked, target, account: account.unwrap_or_default() });
    }

    pub(super) fn ask(&mut self, question: &Question, now: At) -> Reading {
        let answer = self.answer(question);
        Reading { asked: now, at: now, answer }
    }

    pub(super) fn answer(&mut self, question: &Question) -> Result<Arc<Value>, Unread> {
        if self.sim.kernel.broken == Some(Broken::StaleReadingAccepted) {
            return self.old_answer(question);
        }
        self.fresh_answer(question)
    }

    pub(super) fn old_answer(&mut self, question: &Question) -> Result<Arc<Value>, Unread> {
        if let Some((asked, answer)) = self.kept.get(&question.key()).filter(|_| self.sim.chance.percent(50))
        {
            self.oldest = self.oldest.min(*asked);
            return answer.clone();
        }
        let answer = self.fresh_answer(question);
        self.kept.insert(question.key(), (self.sim.clock.now(), answer.clone()));
        answer
    }

    pub(super) fn fresh_answer(&mut self, question: &Question) -> Result<Arc<Value>, Unread> {
        let sim = &mut *self.sim;
        if sim.chance.permille(sim.rough.reads * 10) {
            let kind = *sim
                .chance
                .pick(&[UnreadKind::Throttled, UnreadKind::Transport])
                .unwrap_or(&UnreadKind::Transport);
            return Err(Unread::new(kind, "the adversary"));
        }
        let lag = sim.lag();
        sim.world.read(question, lag)
    }

    pub(super) fn operate(&mut self) -> Result<(), Stop> {
        let run = Arc::clone(&self.ledger.run);
        let sim = &mut *self.sim;
        let Some(command) = sim.operator.act(&run, &sim.world, &mut sim.chance) else { return Ok(()) };
        let line = format!("{command:?}");
        if sim.tell {
            println!("{} {line}", sim.world.now);
        }
        sim.hash(line.as_bytes());
        if let What::Confirm { gate, digest, phrase } = &command.what {
            let right = run.gates.get(gate).is_some_and(|g| g.digest == *digest && g.phrase == *phrase);
            if right {
                sim.oracle.confirmed(&run, gate, digest);
            }
        }
        if let What::Rule { name, happened, .. } = &command.what {
            let certain = !sim.world.in_the_air(name) && (sim.world.times(name) > 0) == *happened;
            if !certain {
                sim.oracle.rash.insert(name.clone());
            }
        }
        drop(run);
        self.input(&Input::Command(command))?;
        Ok(())
    }
}
