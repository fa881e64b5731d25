//! The operator of a scenario at the driver: deeds become commands.

use crate::drill::{Deed, Occasion};
use crate::ids::StepPath;
use crate::run::{Gate, HoldKind, Run, Scene, What, doubted, verdict_phrase};
use crate::runner::exit;

use super::{Driver, Stop, worst_hold};

impl Driver<'_> {
    /// What the operator of a scenario does about a hold: nothing where there is none to do anything.
    pub(super) async fn responded(&mut self, scene: &Scene) -> Option<Option<Stop>> {
        let (path, hold) = worst_hold(scene)?;
        self.respond(&scene.run, path, Occasion::Held, &hold.why).await
    }

    /// What he does at a gate, whose phrase is the reason: nothing where he types it then, be it after a call in
    /// another terminal, else whether the drill ends with it.
    pub(super) async fn before_phrase(
        &mut self,
        run: &Run,
        path: &StepPath,
        gate: &Gate,
    ) -> Option<Option<Stop>> {
        let deeds = self.player?.response(path, Occasion::Gate, &gate.phrase)?;
        let elsewhere = |deed: &Deed| matches!(deed, Deed::Wait(_) | Deed::Call(_) | Deed::Place(_));
        let types = deeds.iter().all(elsewhere);
        let done = self.all(run, path, &deeds).await;
        if types && done.is_none() { None } else { Some(done) }
    }

    /// What he does on an occasion: nothing where the scenario says nothing, else whether the drill ends with it.
    pub(super) async fn respond(
        &mut self,
        run: &Run,
        path: &StepPath,
        occasion: Occasion,
        why: &str,
    ) -> Option<Option<Stop>> {
        let deeds = self.player?.response(path, occasion, why)?;
        Some(self.all(run, path, &deeds).await)
    }

    async fn all(&mut self, run: &Run, path: &StepPath, deeds: &[Deed]) -> Option<Stop> {
        for deed in deeds {
            if let Some(stop) = self.does(run, path, deed).await {
                return Some(stop);
            }
        }
        None
    }

    async fn does(&mut self, run: &Run, path: &StepPath, deed: &Deed) -> Option<Stop> {
        match deed {
            Deed::Wait(span) => self.handle.sleep(*span).await,
            Deed::Call(_) | Deed::Place(_) => self.player?.elsewhere(deed),
            Deed::Leave => {
                return Some(Stop::Needs { code: exit::UNFINISHED, why: "left as it stands".into() });
            }
            Deed::Answer(answer) => {
                let scene = self.handle.scene();
                return match self.reply(&scene, path, answer).await {
                    Ok(what) => self.send(what).await,
                    Err(why) => Some(Stop::Needs { code: exit::UNFINISHED, why }),
                };
            }
            order => {
                // What opens anew is new, be it in the same moment of a clock that is stepped.
                self.tried.clear();
                self.asked.clear();
                return self.order(command(run, path, order)?, "as the scenario answers it".into()).await;
            }
        }
        None
    }
}

fn command(run: &Run, path: &StepPath, deed: &Deed) -> Option<What> {
    let path = path.clone();
    Some(match deed {
        Deed::Retry => What::Retry { path },
        Deed::Skip => What::Skip { path },
        Deed::Accept => What::Accept { path },
        Deed::GiveUp => What::GiveUp { path: item(&path)? },
        Deed::Abort => What::Abort,
        Deed::Extend(span) => What::Extend { path, span: *span },
        Deed::RollBack(to) => What::RollBack { to: to.clone() },
        Deed::Redo(step) => What::Redo { step: step.clone() },
        Deed::Settle { happened } => return verdict(run, *happened),
        Deed::Leave | Deed::Answer(_) | Deed::Wait(_) | Deed::Call(_) | Deed::Place(_) => return None,
    })
}

/// The item a path is inside of.
fn item(path: &StepPath) -> Option<StepPath> {
    let at = path.0.iter().rposition(|segment| segment.key.is_some())?;
    Some(StepPath(path.0[..=at].to_vec()))
}

fn verdict(run: &Run, happened: bool) -> Option<What> {
    let waits = |path: &StepPath| {
        run.steps.get(path).and_then(|s| s.hold.as_ref()).is_some_and(|h| h.kind == HoldKind::NeedsVerdict)
    };
    let (_, sent, _) = doubted(run).find(|(path, _, _)| waits(path))?;
    let phrase = verdict_phrase(&sent.grant.call.subject, happened);
    Some(What::Rule { name: sent.name.clone(), happened, phrase })
}
