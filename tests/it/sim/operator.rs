//! The operator: mostly does what the screen asks for, and sometimes anything at all.

use std::collections::BTreeMap;

use ripcord::ids::{Span, StepPath};
use ripcord::run::{Command, HoldKind, Run, Stage, What, doubted, verdict_phrase};
use ripcord::runbook::Action;
use serde_json::json;

use super::chance::Chance;
use super::world::World;

pub struct Operator {
    pub name: &'static str,
    /// Commands out of impatience that are left in this person.
    pub mischief: u64,
    /// Percent of acts that are mischief while it lasts.
    pub rate: u64,
    tries: BTreeMap<StepPath, u32>,
    /// Digests seen at gates; old ones are typed by mistake.
    old: Vec<String>,
}

impl Operator {
    pub fn new(mischief: u64, rate: u64) -> Operator {
        Operator { name: "ana", mischief, rate, tries: BTreeMap::new(), old: vec![] }
    }

    /// Whether the screen asks for something.
    pub fn is_asked(run: &Run) -> bool {
        !run.gates.is_empty()
            || run.active.iter().any(|p| run.steps.get(p).is_some_and(|s| s.hold.is_some()) || asks(run, p))
    }

    /// The next command, if any.
    pub fn act(&mut self, run: &Run, world: &World, chance: &mut Chance) -> Option<Command> {
        if self.mischief > 0 && chance.percent(self.rate) {
            self.mischief -= 1;
            return self.anything(run, chance);
        }
        let what = Operator::verdict(run, world)
            .or_else(|| self.at_a_gate(run, chance))
            .or_else(|| Operator::asked(run, chance))
            .or_else(|| self.at_a_hold(run, chance))?;
        Some(self.says(what, "as the screen asks"))
    }

    fn says(&self, what: What, reason: &str) -> Command {
        Command { by: self.name.into(), reason: reason.into(), what }
    }

    /// Settles what no reading can, once the request is surely dead.
    fn verdict(run: &Run, world: &World) -> Option<What> {
        let (_, sent, _) = doubted(run).find(|(p, _, _)| {
            let hold = run.steps.get(*p).and_then(|s| s.hold.as_ref());
            hold.is_some_and(|h| h.kind == HoldKind::NeedsVerdict)
        })?;
        if world.in_the_air(&sent.name) {
            return None;
        }
        let happened = world.times(&sent.name) > 0;
        let phrase = verdict_phrase(&sent.grant.call.subject, happened);
        Some(What::Rule { name: sent.name.clone(), happened, phrase })
    }

    fn at_a_gate(&mut self, run: &Run, chance: &mut Chance) -> Option<What> {
        let (gate, open) = run.gates.iter().next()?;
        let (mut digest, mut phrase) = (open.digest.clone(), open.phrase.clone());
        match chance.below(12) {
            0 => phrase.push('x'),
            1 => {
                if let Some(old) = chance.pick(&self.old) {
                    digest.clone_from(old);
                }
            }
            _ => {}
        }
        if !self.old.contains(&open.digest) {
            self.old.push(open.digest.clone());
        }
        Some(What::Confirm { gate: gate.clone(), digest, phrase })
    }

    fn asked(run: &Run, chance: &mut Chance) -> Option<What> {
        let path = run.active.iter().find(|p| asks(run, p))?.clone();
        Some(match run.plan.step(&path).map(|s| &s.action)? {
            Action::Prompt(_) => {
                let value = json!(chance.pick(&["gently", "firmly", "never"])?);
                What::Answer { path, value, row: None, typed: true }
            }
            Action::Manual(_) => {
                What::Done { path, note: (*chance.pick(&["", "seen on the board"])?).into() }
            }
            _ => {
                let approver = (*chance.pick(&["bo", "bo", "bo", "ana"])?).into();
                What::Approve { path, approver, accept: chance.percent(80) }
            }
        })
    }

    fn at_a_hold(&mut self, run: &Run, chance: &mut Chance) -> Option<What> {
        let settled = |p: &&StepPath| {
            run.steps.get(*p).is_some_and(|s| {
                s.hold.is_some() && !matches!(s.stage, Stage::Doubt { .. } | Stage::InFlight(_))
            })
        };
        let path = run.active.iter().find(settled)?.clone();
        let tries = self.tries.entry(path.clone()).or_default();
        *tries += 1;
        let hold = run.steps.get(&path)?.hold.as_ref()?.kind;
        Some(match (hold, *tries) {
            (HoldKind::TimedOut, 1) => What::Extend { path, span: Span::mins(20) },
            (_, 1..=4) => What::Retry { path },
            (_, 5..=6) => What::Accept { path },
            (_, n) if n > 9 => What::Abort,
            _ => match path.0.iter().rposition(|s| s.key.is_some()) {
                Some(at) if chance.percent(50) => What::GiveUp { path: StepPath(path.0[..=at].to_vec()) },
                _ => What::Skip { path },
            },
        })
    }

    /// Anything a person in a hurry may press.
    fn anything(&mut self, run: &Run, chance: &mut Chance) -> Option<Command> {
        let active: Vec<StepPath> = run.active.iter().cloned().collect();
        let path = chance.pick(&active).cloned().unwrap_or_default();
        let steps: Vec<String> = run.book().steps.iter().map(|s| s.name.clone()).collect();
        let step = chance.pick(&steps)?.clone();
        let what = match chance.below(23) {
            0..=1 => What::Skip { path },
            2..=4 => What::Retry { path },
            5..=6 => What::Accept { path },
            7..=9 => What::Redo { step },
            10..=12 => What::RollBack { to: step },
            13..=14 => {
                let items: Vec<StepPath> = run.lists.keys().filter(|l| !l.0.is_empty()).cloned().collect();
                What::GiveUp { path: chance.pick(&items)?.clone() }
            }
            15 => What::Extend { path, span: Span::mins(5) },
            16 => What::Note { path: Some(path), text: "still here".into() },
            17 if chance.percent(15) => What::Abort,
            18..=19 => {
                let (_, sent, _) = doubted(run).next()?;
                let happened = chance.percent(30);
                let phrase = verdict_phrase(&sent.grant.call.subject, happened);
                What::Rule { name: sent.name.clone(), happened, phrase }
            }
            20 => What::Confirm {
                gate: path,
                digest: chance.pick(&self.old).cloned().unwrap_or_default(),
                phrase: "y".into(),
            },
            _ => return self.at_a_gate(run, chance).map(|what| self.says(what, "")),
        };
        let reason = if chance.percent(85) { "in a hurry" } else { "" };
        Some(self.says(what, reason))
    }
}

/// Whether a step waits for a person's word.
fn asks(run: &Run, path: &StepPath) -> bool {
    let (Some(step), Some(one)) = (run.plan.step(path), run.steps.get(path)) else { return false };
    let person = matches!(step.action, Action::Prompt(_) | Action::Manual(_) | Action::Approve { .. });
    person && one.entered && one.hold.is_none() && matches!(one.stage, Stage::Fresh)
}
