//! What comes from the session: newer scenes, its end, readings for a form.

use std::sync::Arc;

use super::{gate, run};
use crate::ids::StepPath;
use crate::run::{Run, Scene, Stage};
use crate::runner::{Trouble, exit};
use crate::tui::backstage::Ticket;
use crate::tui::forms::{Core, DoubtForm, Lock};
use crate::tui::model::{Layer, Model, Screen, Show};
use crate::tui::msg::Cmd;
use crate::tui::offers::Offers;
use crate::tui::wants::{self, Want};
use crate::watch::Frame;

/// A session that was asked for is open.
pub(super) fn attached(model: &mut Model, ticket: Ticket, scene: Arc<Scene>) -> Vec<Cmd> {
    let starting = matches!(&model.screen, Screen::Start(start) if start.starting == Some(ticket));
    let opening = model.home.opening.as_ref().is_some_and(|(t, _)| *t == ticket);
    if !starting && !opening {
        return vec![];
    }
    model.home.opening = None;
    (model.asked_for, model.refused) = (false, None);
    model.layers.clear();
    if let Some(place) = scene.run.places.first() {
        model.facts.account.clone_from(&place.account);
        model.facts.region.clone_from(&place.region);
    }
    // What was being typed was meant for the screen before.
    let lock = Some(model.lock());
    model.screen = Screen::Run(Box::new(Show { lock, ..Show::of(scene) }));
    arrived(model)
}

pub(super) fn newer(model: &mut Model, scene: Arc<Scene>) -> Vec<Cmd> {
    let Some(show) = model.show_mut() else { return vec![] };
    show.scene = scene;
    if show.follow {
        let standing = wants::standing(&show.scene.run);
        run::choose_path(show, standing);
    }
    refresh_layers(model);
    arrived(model)
}

/// Rings for what newly needs the operator, shows an unknown outcome by itself.
pub(super) fn arrived(model: &mut Model) -> Vec<Cmd> {
    let quiet = model.layers.is_empty();
    let Some(show) = model.show_mut() else { return vec![] };
    let first = wants::first(&show.scene.run);
    let path = first.as_ref().map(|(path, _)| path.clone());
    let news = path.is_some() && show.rung != path;
    show.rung = path;
    if let Some((path, Want::Verdict(name))) = first
        && show.told.as_ref() != Some(&name)
        && quiet
    {
        show.told = Some(name.clone());
        run::choose_path(show, path);
        let core = Core::of(model.lock());
        model.layers.push(Layer::Doubt(Box::new(DoubtForm { core, name })));
    }
    if news { vec![Cmd::Bell] } else { vec![] }
}

/// Forms whose subject has changed or gone.
fn refresh_layers(model: &mut Model) {
    let Some(show) = model.show() else { return };
    let (run, lock) = (Arc::clone(&show.scene.run), model.lock());
    let mut closed = None;
    model.layers.retain_mut(|layer| {
        let why = gone(layer, &run, lock);
        let stays = why.is_none();
        closed = why.or(closed.take());
        stays
    });
    if let Some(why) = closed {
        model.flash(why);
    }
}

/// Why a layer has lost its subject.
fn gone(layer: &mut Layer, run: &Run, lock: Lock) -> Option<String> {
    let asks = |path: &StepPath, wanted: &Want, sent: bool| {
        (!sent && wants::want(run, path) != *wanted).then(|| format!("{path} asks no longer"))
    };
    match layer {
        Layer::Gate(form) => gate::refresh(form, run, lock),
        Layer::Doubt(form) => {
            let name = &form.name;
            let doubted = run
                .steps
                .get(&name.path)
                .is_some_and(|s| matches!(&s.stage, Stage::Doubt { sent, .. } if sent.name == *name));
            (!doubted).then(|| format!("the outcome of {name} is settled"))
        }
        Layer::Prompt(form) => asks(&form.path, &Want::Answer, form.core.ticket.is_some()),
        Layer::Manual(form) => asks(&form.path, &Want::Done, form.core.ticket.is_some()),
        Layer::Approve(form) => asks(&form.path, &Want::Approval, form.core.ticket.is_some()),
        Layer::Help { .. }
        | Layer::Palette { .. }
        | Layer::Quit
        | Layer::Brief { .. }
        | Layer::Debrief { .. }
        | Layer::Ask(_)
        | Layer::Trouble(_) => None,
    }
}

/// The session has ended: as asked, with the run, or against all expectation.
pub(super) fn closed(model: &mut Model) -> Vec<Cmd> {
    let Some(show) = model.show_mut() else { return vec![] };
    show.closed = true;
    if show.leaving.is_some() {
        return vec![Cmd::Quit];
    }
    model.layers.retain(|l| matches!(l, Layer::Help { .. }));
    let Some(show) = model.show() else { return vec![] };
    match (&show.scene.run.ended, &show.scene.trouble) {
        (Some((state, _)), _) => {
            let text = format!("the run has ended: {}; q leaves", state.word());
            model.flash(text);
            if model.facts.drill.is_some() {
                return vec![Cmd::Bell, Cmd::Debrief { wrong_phrases: model.wrong_phrases }];
            }
        }
        (None, trouble) => {
            let trouble = stopped(&show.scene.run, trouble.as_deref());
            model.trouble(trouble);
        }
    }
    vec![Cmd::Bell]
}

fn stopped(run: &Run, why: Option<&str>) -> Trouble {
    let what = why.map_or_else(
        || "the session stopped without saying why".to_owned(),
        |why| format!("the journal can no longer be written: {why}"),
    );
    Trouble::new(
        exit::UNFINISHED,
        what,
        "nothing more is sent; what is in the journal is safe",
        format!("mend the cause, then `ripcord resume {}`", run.info.id),
    )
}

pub(super) fn looked(model: &mut Model, ticket: Ticket, path: &StepPath, frame: &Frame) -> Vec<Cmd> {
    let now = model.now;
    let Some(show) = model.show_mut() else { return vec![] };
    if show.looking.get(path) != Some(&ticket) {
        return vec![];
    }
    show.looking.remove(path);
    let offers = Offers::of(&show.scene.run, path, frame, now);
    show.offers.insert(path.clone(), offers);
    run::pin(model, path);
    vec![]
}
