//! What the outside still owes a run, derived from its state and never queued.
//!
//! Nothing is owed to another life than the one that opened the run last, and nothing after a bare fold: the
//! runner that asks must have appended its own `opened` first. See `prototypes` for what else was tried.

use std::sync::Arc;

use serde_json::json;

use super::advance::{uses_reads, writes};
use super::call::capture_name;
use super::doubt::probe_scope;
use super::fact::Call;
use super::look::{INLINE, Look, LookName, OBSERVE, PROBE, Purpose};
use super::scope::Scope;
use super::slots::Slots;
use super::state::{Run, Stage, StepRun};
use crate::catalogue;
use crate::expr::Expr;
use crate::ids::{At, EffectName, Life, Span, StepPath};
use crate::runbook::{Action, Offer, ReadRef, RowsRule, Step};
use crate::watch::Frame;

/// Pause between two looks that are repeated only because the last one could not be had.
const AGAIN: Span = Span::secs(5);
/// Pause between two looks of a verification.
const VERIFY: Span = Span::secs(5);
/// Pause between two looks at an unknown outcome.
const DOUBT: Span = Span::secs(10);

/// One thing that is owed. Two equal effects are one.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Rounds of readings, until no longer owed.
    Look(LookName),
    /// One request, at most once under this name, whatever is owed later.
    Send { name: EffectName, call: Call },
    /// `Advance` at this moment: a deadline ends then.
    Wake(At),
}

impl Run {
    /// What is owed to the life `me`.
    pub fn owed(&self, me: Life) -> Vec<Effect> {
        if self.life != Some(me) || self.ended.is_some() || self.started.is_none() {
            return vec![];
        }
        let mut out: Vec<Effect> = self.looks().into_iter().map(Effect::Look).collect();
        for path in &self.active {
            if let Some(Stage::InFlight(sent)) = self.steps.get(path).map(|s| &s.stage) {
                out.push(Effect::Send { name: sent.name.clone(), call: sent.call.clone() });
            }
        }
        out.extend(self.wake().map(Effect::Wake));
        out
    }

    fn wake(&self) -> Option<At> {
        let running = self.active.iter().filter(|p| self.steps.get(*p).is_some_and(|s| s.hold.is_none()));
        // While something is taken back, nothing else is asked whether it has taken too long.
        let running = running.filter(|p| self.undoing.is_none() || p.in_undo());
        running.filter_map(|p| self.deadline(p)).min()
    }

    /// The looks that are owed now.
    pub fn looks(&self) -> Vec<LookName> {
        let mut slots = Slots::default();
        self.active.iter().filter_map(|path| self.look_of(path, &mut slots)).collect()
    }

    fn look_of(&self, path: &StepPath, slots: &mut Slots) -> Option<LookName> {
        let (step, run) = (self.plan.step(path)?, self.steps.get(path)?);
        let probing = matches!(run.stage, Stage::Doubt { .. });
        if run.hold.is_some() && !probing {
            return None;
        }
        let (purpose, every) = self.purpose(path, step, run, slots)?;
        let since = self.look_since(path, purpose);
        // The readings of a probe are spread over the settle window, which is a deadline: no pace shortens it.
        let pace = if purpose == Purpose::Probe { 1 } else { self.info.pace };
        let every = every.paced(pace).max(Span(20));
        Some(LookName { path: path.clone(), purpose, since, every })
    }

    fn purpose(
        &self,
        path: &StepPath,
        step: &Step,
        run: &StepRun,
        slots: &mut Slots,
    ) -> Option<(Purpose, Span)> {
        if !run.entered {
            let needs = step.when.as_ref().is_some_and(|w| uses_reads(self, [w]));
            return needs.then_some((Purpose::Enter, AGAIN));
        }
        match &run.stage {
            Stage::Done { .. } => step.verify.as_ref().map(|_| (Purpose::Verify, VERIFY)),
            Stage::Doubt { .. } => self.has_probe(path).then(|| (Purpose::Probe, self.probe_pause())),
            Stage::Granted(_) if slots.free(self, path) => Some((Purpose::Send, AGAIN)),
            Stage::Fresh => self.fresh_purpose(step, run),
            Stage::Granted(_) | Stage::Prepared { .. } | Stage::Gated { .. } | Stage::InFlight(_) => None,
        }
    }

    /// Often enough for three readings within the spread.
    fn probe_pause(&self) -> Span {
        DOUBT.min(Span((self.info.settle.0 / 6).max(50)))
    }

    fn fresh_purpose(&self, step: &Step, run: &StepRun) -> Option<(Purpose, Span)> {
        match &step.action {
            Action::AwsApi { .. } if !writes(step) => Some((Purpose::Call, AGAIN)),
            Action::AwsApi { .. } if self.info.read_only => None,
            Action::AwsApi { .. } if !step.capture.is_empty() && run.captured.is_none() => {
                Some((Purpose::Capture, AGAIN))
            }
            Action::AwsApi { .. } => Some((Purpose::Gate, AGAIN)),
            Action::Wait(wait) => Some((Purpose::Wait, wait.interval)),
            Action::Assert(_) | Action::Diff(_) => Some((Purpose::Once, AGAIN)),
            Action::Branch { choices, .. } => {
                uses_reads(self, choices.iter().map(|c| &c.when)).then_some((Purpose::Once, AGAIN))
            }
            Action::Each => {
                let each = step.for_each.as_ref()?;
                let needs = run.items.is_empty() && uses_reads(self, [&each.items, &each.key]);
                needs.then_some((Purpose::Once, AGAIN))
            }
            Action::Prompt(_)
            | Action::Manual(_)
            | Action::Approve { .. }
            | Action::Undo { .. }
            | Action::End { .. }
            | Action::Foreign { .. } => None,
        }
    }

    /// Builds the round that a look stands for.
    pub fn look(self: &Arc<Run>, name: &LookName, now: At) -> Look {
        let mut look = Look::over(Arc::clone(self), name.path.clone(), now, []);
        if let (Some(step), Some(run)) = (self.plan.step(&name.path), self.steps.get(&name.path)) {
            self.fill_look(&mut look, name, step, run, now);
        }
        look
    }

    fn fill_look(&self, look: &mut Look, name: &LookName, step: &Step, run: &StepRun, now: At) {
        match name.purpose {
            Purpose::Enter => exprs(look, step.when.iter()),
            Purpose::Capture => {
                for (capture, read) in &step.capture {
                    look.reference(&capture_name(capture), read);
                }
            }
            Purpose::Gate => self.gate_look(look, &name.path, step, now),
            Purpose::Send => send_look(look, step, run, now),
            Purpose::Once | Purpose::Wait => once_look(look, step),
            Purpose::Verify => {
                if let Some(verify) = &step.verify {
                    look.reference(INLINE, &verify.read);
                    exprs(look, [&verify.until]);
                }
            }
            Purpose::Probe => probe_look(look, step, run),
            Purpose::Call => {
                let frame = Frame::empty(now);
                if let Ok(call) = self.call(&name.path, step, &frame, now) {
                    look.call(call);
                }
            }
        }
    }

    fn gate_look(&self, look: &mut Look, path: &StepPath, step: &Step, now: At) {
        guard(look, step);
        let Action::AwsApi { operation, parameters } = &step.action else { return };
        look.used_by(parameters.roots().into_iter());
        let frame = Frame::empty(now);
        if let (Some(target), Ok(call)) = (operation.observe(), self.call(path, step, &frame, now)) {
            look.target(OBSERVE, target, &call, json!({}));
        }
    }

    /// The look behind a prompt's rows or a manual step's tables, for front ends: `@read` and what is shown.
    pub fn offer_look(self: &Arc<Run>, path: &StepPath, now: At) -> Look {
        let mut look = Look::over(Arc::clone(self), path.clone(), now, []);
        match self.plan.step(path).map(|s| &s.action) {
            Some(Action::Prompt(prompt)) => {
                if let Offer::Rows(offer) = &prompt.offer {
                    look.reference(INLINE, &offer.read);
                    exprs(&mut look, offer.rows.iter().chain(&offer.warn_when));
                }
            }
            Some(Action::Manual(manual)) => manual.show.iter().for_each(|name| look.named(name)),
            _ => {}
        }
        look
    }

    /// What a call of a step would be with what is known now; for plans and previews.
    pub fn preview(&self, path: &StepPath, frame: &Frame, now: At) -> Option<Result<Call, String>> {
        let step = self.plan.step(path)?;
        matches!(step.action, Action::AwsApi { .. })
            .then(|| self.call(path, step, frame, now).map_err(|f| f.to_string()))
    }

    /// The view of a step for front ends that show its texts.
    pub fn text(&self, path: &StepPath, template: &crate::expr::Template, now: At) -> String {
        Scope::bare(self, path, &Frame::empty(now), now).text(template)
    }
}

fn probe_target(look: &mut Look, step: &Step, call: &Call, observed: &serde_json::Value, sent: At) {
    if let Some(probe) = &step.probe {
        look.reference(PROBE, &probe.read);
        exprs(look, [&probe.executed_when]);
    } else if let Some(probe) =
        catalogue::find(&call.service, &call.operation).and_then(catalogue::Operation::probe)
    {
        look.target(PROBE, &probe.look, call, probe_scope(call, observed, sent));
    }
}

fn send_look(look: &mut Look, step: &Step, run: &StepRun, now: At) {
    let Stage::Granted(grant) = &run.stage else { return };
    guard(look, step);
    let call = &grant.call.call;
    look.identity(&call.place);
    let Some(operation) = catalogue::find(&call.service, &call.operation) else { return };
    if let Some(target) = operation.observe() {
        look.target(OBSERVE, target, call, json!({}));
    }
    probe_target(look, step, call, &grant.call.observed, now);
}

fn probe_look(look: &mut Look, step: &Step, run: &StepRun) {
    if let Stage::Doubt { sent, .. } = &run.stage {
        probe_target(look, step, &sent.call, &sent.observed, sent.at);
    }
}

fn exprs<'e>(look: &mut Look, exprs: impl IntoIterator<Item = &'e Expr>) {
    for expr in exprs {
        look.used_by(expr.roots().iter().chain(expr.slot_roots()));
    }
}

fn rows(look: &mut Look, rules: &[RowsRule]) {
    for rule in rules.iter().filter(|r| r.read != "read") {
        look.named(&rule.read);
    }
}

fn guard(look: &mut Look, step: &Step) {
    if let Some(guard) = &step.guard {
        exprs(look, [&guard.check]);
        rows(look, &guard.rows);
    }
}

fn once_look(look: &mut Look, step: &Step) {
    match &step.action {
        Action::Assert(assert) => {
            inline(look, assert.read.as_deref());
            exprs(look, [&assert.check]);
            rows(look, &assert.rows);
            look.used_by(assert.message.roots());
        }
        Action::Wait(wait) => {
            inline(look, wait.read.as_deref());
            exprs(
                look,
                [Some(&wait.until), wait.fail_when.as_ref(), wait.must_leave.as_ref()].into_iter().flatten(),
            );
            rows(look, &wait.rows);
        }
        Action::Diff(diff) => {
            look.used_by(diff.left.roots().chain(diff.right.roots()));
        }
        Action::Branch { choices, .. } => exprs(look, choices.iter().map(|c| &c.when)),
        Action::Each => exprs(look, step.for_each.iter().flat_map(|f| [&f.items, &f.key])),
        _ => {}
    }
    exprs(look, step.outputs.iter().map(|o| &o.selector));
}

fn inline(look: &mut Look, read: Option<&crate::runbook::Read>) {
    if let Some(read) = read {
        look.reference(INLINE, &ReadRef::Inline(Box::new(read.clone())));
    }
}
