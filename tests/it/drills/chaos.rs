//! Whatever goes wrong at random: no call twice, no gate without its phrase, no drill without an end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ripcord::drill::{Caller, Calls, Cloud, Fault, Scenario, Wrong};
use ripcord::ids::{EffectName, Span, StepPath};
use ripcord::run::{Command, Fact, HoldKind, Refusal, Run, Stage, StepRun, What, doubted, verdict_phrase};
use ripcord::runbook::{Action, Runbook};
use ripcord::runner::{Handle, Reader, in_steps};

use super::kit::{Kit, book, scenario};
use crate::sim::chance::Chance;

/// Fewer while one works on it: `RIPCORD_SEEDS=20`.
fn seeds() -> u64 {
    std::env::var("RIPCORD_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000)
}

/// A drill that lasts longer than this in its own time hangs.
const LONGEST: Span = Span::mins(3 * 24 * 60);

const OPERATIONS: &[(&str, &str)] = &[
    ("rds", "Describe*"),
    ("rds", "DescribeDBInstances"),
    ("rds", "ModifyDBInstance"),
    ("rds", "RestoreDBInstanceFromDBSnapshot"),
    ("rds", "AddTagsToResource"),
    ("ecs", "UpdateService"),
    ("ecs", "DescribeServices"),
    ("ecs", "*"),
    ("application-autoscaling", "RegisterScalableTarget"),
    ("sts", "GetCallerIdentity"),
];

/// A scenario in which anything may go wrong after the start.
fn troubled(plain: &Scenario, chance: &mut Chance) -> Scenario {
    let mut scenario = plain.clone();
    for _ in 0..chance.between(1, 4) {
        let (service, operation) =
            OPERATIONS[usize::try_from(chance.below(OPERATIONS.len() as u64)).unwrap()];
        let from = Span::secs(chance.between(1, 1200));
        scenario.faults.push(Fault {
            on: Calls { service: Some(service.into()), operation: Some(operation.into()), condition: None },
            nth: if chance.percent(50) { vec![chance.between(1, 3)] } else { vec![] },
            chance: Some(chance.between(10, 100)),
            from: Some(from),
            until: Some(from.plus(Span::secs(chance.between(10, 900)))),
            after: None,
            lasts: None,
            does: wrong(chance),
        });
    }
    scenario
}

fn wrong(chance: &mut Chance) -> Wrong {
    match chance.below(10) {
        0 | 1 => Wrong::DropAnswer,
        2 => Wrong::DropRequest,
        3 => Wrong::Throttle,
        4 => Wrong::Expired,
        5 => Wrong::HalfBody,
        6 => Wrong::Html500,
        7 => Wrong::Stale(Span::secs(chance.between(1, 240))),
        8 => Wrong::Empty,
        _ => Wrong::Error { code: "InternalFailure".into(), message: "try again".into(), status: 500 },
    }
}

/// Somebody who types a wrong phrase now and then, tries again a few times, and then leaves.
struct Operator<'k> {
    handle: Handle,
    cloud: &'k Cloud,
    reader: Arc<Reader>,
    chance: Chance,
    tries: BTreeMap<StepPath, u32>,
}

impl Operator<'_> {
    async fn work(&mut self) {
        let began = self.handle.now();
        loop {
            let scene = self.handle.scene();
            let run = &scene.run;
            if run.ended.is_some() || self.act(run).await {
                break;
            }
            assert!(self.handle.now().since(began) < LONGEST, "the drill hangs at {:?}", run.active);
            if !self.handle.changed().await {
                break;
            }
        }
        self.handle.leave();
        while self.handle.changed().await {}
    }

    /// True when nothing is left to try.
    async fn act(&mut self, run: &Arc<Run>) -> bool {
        for (path, gate) in &run.gates {
            if self.chance.percent(30) {
                let wrong = format!("{}x", gate.phrase);
                let what = What::Confirm { gate: path.clone(), digest: gate.digest.clone(), phrase: wrong };
                let refused = self.say(what).await;
                assert!(matches!(
                    refused,
                    Err(Refusal::WrongPhrase(_) | Refusal::Changed | Refusal::GateNotOpen(_))
                ));
            }
            let (digest, phrase) = (gate.digest.clone(), gate.phrase.clone());
            // What has changed meanwhile is asked again.
            self.say(What::Confirm { gate: path.clone(), digest, phrase }).await.ok();
        }
        for path in &run.active {
            if let Some(what) = self.answer(run, path).await {
                // A question whose choices cannot be read now is asked again later.
                if self.say(what).await.is_err() {
                    self.handle.sleep(Span::mins(1)).await;
                }
            }
        }
        let held = run.active.iter().find_map(|p| Some((p, run.steps.get(p)?.hold.as_ref()?.kind)));
        let Some((path, kind)) = held else { return false };
        let tries = self.tries.entry(path.clone()).or_default();
        *tries += 1;
        if *tries > 6 {
            return true;
        }
        match kind {
            HoldKind::NeedsVerdict => {
                if let Some(what) = self.verdict(run) {
                    self.say(what).await.ok();
                }
            }
            HoldKind::TimedOut => {
                self.say(What::Extend { path: path.clone(), span: Span::mins(30) }).await.ok();
            }
            _ => {
                self.handle.sleep(Span::mins(5)).await;
                self.say(What::Retry { path: path.clone() }).await.ok();
            }
        }
        false
    }

    async fn answer(&self, run: &Arc<Run>, path: &StepPath) -> Option<What> {
        let asks = |s: &StepRun| s.entered && s.hold.is_none() && matches!(s.stage, Stage::Fresh);
        run.steps.get(path).filter(|s| asks(s))?;
        let answer = self.cloud.scenario().answers.get(&path.unkeyed())?.clone();
        let path = path.clone();
        Some(match run.plan.step(&path).map(|s| &s.action)? {
            Action::Manual(_) => What::Done { path, note: answer.replace("done: ", "") },
            Action::Approve { .. } => What::Approve { path, approver: answer, accept: true },
            _ => {
                let now = self.handle.now();
                let frame = self.reader.round(&run.offer_look(&path, now), now).await;
                let offered = run.offered(&path, &frame, now).unwrap_or_default();
                let row = offered.into_iter().find(|o| o.value == answer.as_str()).map(|o| o.row);
                What::Answer { path, value: answer.into(), row, typed: true }
            }
        })
    }

    /// The truth, which a person would have to look up.
    fn verdict(&self, run: &Run) -> Option<What> {
        let (_, sent, _) = doubted(run).next()?;
        let call = &sent.grant.call.call;
        let happened = self.cloud.calls().iter().any(|c| {
            c.by == Caller::Console
                && c.refused.is_none()
                && c.operation == call.operation
                && c.parameters == call.parameters
        });
        let phrase = verdict_phrase(&sent.grant.call.subject, happened);
        Some(What::Rule { name: sent.name.clone(), happened, phrase })
    }

    async fn say(&self, what: What) -> Result<(), Refusal> {
        let command = Command { by: "ana".into(), reason: "as it is".into(), what };
        self.handle.command(command).await.unwrap_or(Ok(()))
    }
}

/// Every intent stands on a confirmation of its own.
fn confirmed(facts: &[&Fact]) {
    let mut open: BTreeMap<&StepPath, &Vec<StepPath>> = BTreeMap::new();
    let mut granted: Vec<&StepPath> = Vec::new();
    for fact in facts {
        match fact {
            Fact::GateOpened { gate, paths, .. } => {
                open.insert(gate, paths);
            }
            Fact::Confirmed { gate, .. } => granted.extend(open.remove(gate).into_iter().flatten()),
            Fact::Intent { name, .. } => {
                let at = granted.iter().position(|path| **path == name.path);
                let at = at.unwrap_or_else(|| panic!("{name} was sent without its phrase"));
                granted.remove(at);
            }
            // A call that was refused may be tried again under one confirmation (`max_attempts`).
            Fact::Rejected { name, .. } => granted.push(&name.path),
            _ => {}
        }
    }
}

fn one(seed: u64, book: &Arc<Runbook>, plain: &Scenario) -> (bool, usize) {
    let mut chance = Chance::new(seed);
    let kit = Kit::new(troubled(plain, &mut chance), seed);
    let given = plain.parameters.clone();
    let run = in_steps(&kit.clock, async {
        let checked = kit.world.check(book, &given).await.unwrap();
        assert!(!checked.failed(), "seed {seed}: {:?}", checked.preflight);
        let (session, handle, id) = kit.world.start(&checked, None, None, false).unwrap();
        let work = tokio::spawn(session.run());
        let reader = kit.world.reader();
        Operator { handle, cloud: &kit.cloud, reader, chance, tries: BTreeMap::new() }.work().await;
        work.await.unwrap();
        id
    });
    let stored = kit.world.stored(&run.unwrap()).unwrap();
    let facts: Vec<&Fact> = stored.decisions.iter().flat_map(|d| &d.facts).collect();
    confirmed(&facts);
    let intents: Vec<&EffectName> = facts
        .iter()
        .filter_map(|f| if let Fact::Intent { name, .. } = f { Some(name) } else { None })
        .collect();
    let calls = kit.cloud.calls();
    let own: Vec<_> = calls.iter().filter(|c| c.by == Caller::Console).collect();
    assert!(own.len() <= intents.len(), "seed {seed}: {} requests for {} intents", own.len(), intents.len());
    let executed: Vec<_> = own.iter().filter(|c| c.refused.is_none()).collect();
    for (n, call) in executed.iter().enumerate() {
        let again =
            executed[..n].iter().any(|o| o.operation == call.operation && o.parameters == call.parameters);
        assert!(!again, "seed {seed}: {} was repeated", call.operation);
    }
    (stored.fold().ended.is_some(), executed.len())
}

#[test]
fn a_thousand_seeds_of_trouble_repeat_nothing_and_end() {
    let book = book("ecs-rds-snapshot-restore");
    let plain = scenario(&book, "plain");
    let (next, ended, calls) = (AtomicU64::new(0), AtomicU64::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds() {
                break;
            }
            let (over, executed) = one(seed, &book, &plain);
            ended.fetch_add(u64::from(over), Ordering::Relaxed);
            calls.fetch_add(executed, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    let (ended, calls) = (ended.into_inner(), calls.into_inner());
    println!("{ended} of {} drills came to their end, with {calls} calls", seeds());
    assert!(
        ended > seeds() / 2,
        "{ended} drills came to their end: the faults are too hard to show anything"
    );
}
