//! Facts and their journal: decide → append and fsync → apply. Nothing else appends, nothing else applies.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{At, Life};
use crate::journal::{Disk, Journal, JournalError, Record, kind};
use crate::run::{Fact, Input, LogLine, Refusal, Run, line};

use super::clock::{RunClock, Stamps};

/// The payload of a decision record: what asked for it and what followed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub cause: Value,
    pub facts: Vec<Fact>,
}

/// The facts of a journal, in order.
///
/// # Errors
/// A record that does not hold what its kind says, by number.
pub fn facts(records: &[Record]) -> Result<Vec<Decision>, String> {
    let decisions = records.iter().filter(|r| r.kind == kind::DECISION || r.kind == kind::END);
    decisions.map(|r| r.read().map_err(|e| format!("record {} cannot be read: {e}", r.n.0))).collect()
}

/// Why an input had no effect.
#[derive(Debug)]
pub enum Denied {
    Refused(Refusal),
    /// Nothing may follow any more in this process.
    Journal(JournalError),
}

/// A run and the journal it lives in.
pub struct Ledger<D: Disk, C: Stamps = RunClock> {
    pub run: Arc<Run>,
    journal: Journal<D>,
    clock: C,
    log: Vec<LogLine>,
    /// Lines ever made.
    lines: u64,
}

/// Lines of the log that are kept for the screen.
const LOG: usize = 400;

impl<D: Disk, C: Stamps> Ledger<D, C> {
    /// Folds what a journal holds; the caller appends `opened` next.
    pub fn new(run: Run, journal: Journal<D>, clock: C, past: &[Decision]) -> Ledger<D, C> {
        let mut ledger = Ledger { run: Arc::new(run), journal, clock, log: Vec::new(), lines: 0 };
        for decision in past {
            ledger.apply(&decision.facts);
        }
        ledger
    }

    /// Opens the next life of the run.
    pub fn open(&mut self, by: &str) -> Result<Life, Denied> {
        let life = Life(self.run.life.map_or(1, |l| l.0 + 1));
        self.input(&Input::Open { life, by: by.to_owned() })?;
        Ok(life)
    }

    /// Opens the first life of a run and starts it, in one record: a crash leaves it started or never begun.
    ///
    /// # Errors
    /// As [`Ledger::input`].
    pub fn begin(&mut self, by: &str, start: &Input) -> Result<Life, Denied> {
        let (life, now) = (Life(1), self.clock.now());
        let open = Input::Open { life, by: by.to_owned() };
        let mut facts = self.run.decide(&open, now).map_err(Denied::Refused)?;
        let mut opened = Run::clone(&self.run);
        for fact in &facts {
            opened.apply(fact);
        }
        facts.extend(opened.decide(start, now).map_err(Denied::Refused)?);
        self.record(start, facts)?;
        Ok(life)
    }

    /// Decides; what follows is durable before it is applied. Gives the number of facts.
    ///
    /// # Errors
    /// A refusal, which changed nothing, or a journal that can no longer be written.
    pub fn input(&mut self, input: &Input) -> Result<usize, Denied> {
        let facts = self.run.decide(input, self.clock.now()).map_err(Denied::Refused)?;
        if facts.is_empty() {
            return Ok(0);
        }
        self.record(input, facts)
    }

    /// Makes what was decided durable, then applies it. Gives the number of facts.
    ///
    /// # Errors
    /// A journal that can no longer be written; nothing was applied then.
    pub fn record(&mut self, input: &Input, facts: Vec<Fact>) -> Result<usize, Denied> {
        if facts.iter().any(|f| matches!(f, Fact::Intent { .. })) {
            self.journal.reserve().map_err(Denied::Journal)?;
        }
        let last = facts.iter().any(|f| matches!(f, Fact::Finished { .. }));
        let decision = Decision { cause: cause(input), facts };
        let kind = if last { kind::END } else { kind::DECISION };
        fail::point("before", &decision.facts);
        self.journal.append(kind, true, &decision, &self.clock.stamp()).map_err(Denied::Journal)?;
        fail::point("after", &decision.facts);
        self.apply(&decision.facts);
        Ok(decision.facts.len())
    }

    fn apply(&mut self, facts: &[Fact]) {
        // Scenes hold the run of before; it is copied only while one does.
        let run = Arc::make_mut(&mut self.run);
        for fact in facts {
            run.apply(fact);
            if let Some((at, text)) = line(fact) {
                self.lines += 1;
                self.log.push(LogLine { n: self.lines, at, kind: fact.kind(), text });
            }
        }
        if self.log.len() > 2 * LOG {
            self.log.drain(..self.log.len() - LOG);
        }
    }

    /// Asks until nothing more follows by itself.
    pub fn settle(&mut self) -> Result<(), Denied> {
        while self.input(&Input::Advance)? > 0 {}
        Ok(())
    }

    pub fn now(&self) -> At {
        self.clock.now()
    }

    /// What happened last, oldest first.
    pub fn log(&self) -> &[LogLine] {
        &self.log[self.log.len().saturating_sub(LOG)..]
    }

    pub fn journal(&self) -> &Journal<D> {
        &self.journal
    }
}

/// What is journalled of an input: enough to tell why, never an answer or a secret.
fn cause(input: &Input) -> Value {
    use serde_json::json;
    match input {
        Input::Open { .. } => json!("open"),
        Input::Start { .. } => json!("start"),
        Input::Advance => Value::Null,
        Input::Looked { name, frames } => json!({"looked": name.path.to_string(), "rounds": frames.len()}),
        Input::Answer { name, .. } => json!({"answer": name.to_string()}),
        Input::Command(command) => json!({"command": command_kind(command), "by": command.by}),
    }
}

fn command_kind(command: &crate::run::Command) -> String {
    match serde_json::to_value(&command.what) {
        Ok(Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Failpoints of debug builds: `RIPCORD_FAILPOINT=before:intent:3` aborts the process right before the third
/// record that holds an `intent`. Release builds have none.
mod fail {
    use crate::run::Fact;

    #[cfg(not(debug_assertions))]
    pub(super) fn point(_when: &str, _facts: &[Fact]) {}

    #[cfg(debug_assertions)]
    pub(super) fn point(when: &str, facts: &[Fact]) {
        use std::sync::OnceLock;
        use std::sync::atomic::{AtomicU32, Ordering};
        static WANTED: OnceLock<Option<(String, String, u32)>> = OnceLock::new();
        static SEEN: AtomicU32 = AtomicU32::new(0);
        let wanted = WANTED.get_or_init(|| {
            let text = std::env::var("RIPCORD_FAILPOINT").ok()?;
            let mut parts = text.split(':');
            let (when, kind) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some((when, kind, parts.next().and_then(|n| n.parse().ok()).unwrap_or(1)))
        });
        let Some((at, kind, nth)) = wanted else { return };
        if at == when
            && facts.iter().any(|f| kind == "any" || f.kind() == kind)
            && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == *nth
        {
            std::process::abort();
        }
    }
}
