//! The gate: the only place from which a confirmation is sent.
//!
//! It is sent for the digest that was shown, with the phrase that stands in the form, by one key press after
//! the locks are over. Law 4 holds in the kernel too; this file must not need it.

use crate::ids::StepPath;
use crate::run::{Refusal, Run, What};
use crate::tui::field::{Agreement, Field};
use crate::tui::forms::{Core, GateForm, Lock, Read};
use crate::tui::model::{Layer, Model};
use crate::tui::msg::Cmd;

/// The form of an open gate.
pub(super) fn form(run: &Run, gate: &StepPath, lock: Lock) -> Option<Layer> {
    let open = run.gates.get(gate)?;
    Some(Layer::Gate(Box::new(GateForm {
        core: Core::of(lock),
        gate: gate.clone(),
        digest: open.digest.clone(),
        phrase: open.phrase.clone(),
        tier: open.tier,
        field: Field::default(),
        wrong: 0,
        read: Read::To(0),
    })))
}

/// `y` on a card, Enter on a typed gate.
pub(super) fn submit(model: &mut Model) -> Vec<Cmd> {
    let wall = model.wall;
    let Some(Layer::Gate(form)) = model.layers.last_mut() else { return vec![] };
    if form.one_key() {
        // The key itself is the phrase.
        form.field.set("y");
    }
    if let Err(why) = form.sendable(wall) {
        let mistyped = form.core.ticket.is_none() && matches!(form.agreement(), Agreement::DiffersAt(_));
        form.core.error = Some(format!("not sent: {why}"));
        if form.one_key() {
            form.field.clear();
        }
        if mistyped {
            form.wrong += 1;
            model.wrong_phrases += 1;
        }
        return vec![];
    }
    let what = What::Confirm {
        gate: form.gate.clone(),
        digest: form.digest.clone(),
        phrase: form.field.text().to_owned(),
    };
    let (ticket, command) = super::send(model, what, "");
    if let Some(Layer::Gate(form)) = model.layers.last_mut() {
        form.core.ticket = Some(ticket);
        form.core.error = None;
    }
    vec![command]
}

/// The kernel's answer to the confirmation.
pub(super) fn answered(form: &mut GateForm, refusal: &Refusal) {
    form.core.ticket = None;
    form.field.clear();
    form.core.error = Some(format!("not sent: {refusal}"));
    if matches!(refusal, Refusal::WrongPhrase(_)) {
        form.wrong += 1;
    }
}

/// A newer state of the run: what the form shows may have changed or gone. Gives why it is to be closed.
pub(super) fn refresh(form: &mut GateForm, run: &Run, lock: Lock) -> Option<String> {
    let Some(open) = run.gates.get(&form.gate) else {
        return (form.core.ticket.is_none()).then(|| format!("the gate of {} has closed", form.gate));
    };
    if open.digest != form.digest {
        form.digest.clone_from(&open.digest);
        form.phrase.clone_from(&open.phrase);
        form.tier = open.tier;
        form.field.clear();
        form.read = Read::To(0);
        let error = Some("CHANGED: what was shown is no longer so. Read it again.".into());
        form.core = Core { error, ..Core::of(lock) };
    }
    None
}
