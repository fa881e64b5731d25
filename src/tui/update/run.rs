//! The run screen: moving about, opening what a step wants, asking for reasons.

use crate::ids::StepPath;
use crate::run::Run;
use crate::text::clean;
use crate::tui::about;
use crate::tui::field::Field;
use crate::tui::forms::{ApproveForm, Ask, AskForm, Core, DoubtForm, ManualForm, PromptForm};
use crate::tui::keys::{self, Act};
use crate::tui::model::{Layer, Model, Pane, Screen, Show};
use crate::tui::msg::Cmd;
use crate::tui::offers;
use crate::tui::wants::{self, Want};

pub(super) fn act(model: &mut Model, act: Act) -> Vec<Cmd> {
    if let Some(ask) = asked(model, act) {
        let form = AskForm::of(ask, model.lock());
        model.layers.push(Layer::Ask(Box::new(form)));
        return vec![];
    }
    match act {
        Act::Attend => attend(model),
        Act::CopyValue => copy(model, about::subject),
        Act::CopyCli => {
            let facts = model.facts.clone();
            copy(model, |run, show| about::cli(run, show, &facts))
        }
        other => {
            view(model, other);
            vec![]
        }
    }
}

/// The acts that ask for a reason first.
fn asked(model: &Model, act: Act) -> Option<Ask> {
    let show = model.show()?;
    let path = show.chosen.clone();
    Some(match act {
        Act::Retry => Ask::Retry(path),
        Act::Skip => Ask::Skip(path),
        Act::Accept => Ask::Accept(path),
        Act::Extend => Ask::Extend(path),
        Act::Note => Ask::Note(path),
        Act::GiveUp => Ask::GiveUp(keys::item(&show.scene.run, &path)?),
        Act::Redo => Ask::Redo,
        Act::RollBack => Ask::RollBack,
        Act::Abort => Ask::Abort,
        _ => return None,
    })
}

/// The acts that only change what is seen.
fn view(model: &mut Model, act: Act) {
    let page = model.hitmap.page.max(1);
    let Some(show) = model.show_mut() else { return };
    match act {
        Act::Up => line(show, -1),
        Act::Down => line(show, 1),
        Act::PageUp => scroll(show, -signed(page)),
        Act::PageDown => scroll(show, signed(page)),
        Act::Top => edge(show, -1),
        Act::Bottom => edge(show, 1),
        Act::NextPane => show.pane = show.pane.step(1),
        Act::PreviousPane => show.pane = show.pane.step(-1),
        Act::Pane(n) => show.pane = Pane::ALL.get(n).copied().unwrap_or(show.pane),
        Act::Zoom => show.zoom = !show.zoom,
        Act::Follow => follow(show),
        _ => {}
    }
}

fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX / 2)
}

fn follow(show: &mut Show) {
    show.follow = true;
    choose_path(show, wants::standing(&show.scene.run));
}

/// Shows a step from its top.
pub(super) fn choose_path(show: &mut Show, path: StepPath) {
    if show.chosen != path {
        show.chosen = path;
        show.scroll[Pane::Step.index()] = 0;
    }
}

/// A line down or up: another step in the panes of steps, a scrolled line elsewhere.
fn line(show: &mut Show, by: isize) {
    if matches!(show.pane, Pane::Steps | Pane::Step) { move_step(show, by) } else { scroll(show, by) }
}

fn edge(show: &mut Show, direction: isize) {
    let far = direction.saturating_mul(isize::MAX / 4);
    line(show, far);
}

fn move_step(show: &mut Show, by: isize) {
    let rows = wants::rows(&show.scene.run);
    let at = rows.iter().position(|r| r.path == show.chosen).unwrap_or(0);
    let to = at.saturating_add_signed(by).min(rows.len().saturating_sub(1));
    show.follow = false;
    if let Some(row) = rows.get(to) {
        choose_path(show, row.path.clone());
    }
}

/// The drawing clamps what is scrolled too far and reports it.
fn scroll(show: &mut Show, by: isize) {
    if show.pane == Pane::Steps {
        return move_step(show, by);
    }
    let at = &mut show.scroll[show.pane.index()];
    *at = at.saturating_add_signed(by).min(100_000);
}

pub(super) fn choose(model: &mut Model, index: usize) {
    let Some(show) = model.show_mut() else { return };
    if let Some(row) = wants::rows(&show.scene.run).get(index) {
        show.follow = false;
        choose_path(show, row.path.clone());
    }
}

/// Esc below all layers: the zoomed pane, then the choice made by hand, then an ended run's screen.
pub(super) fn back(model: &mut Model) -> Vec<Cmd> {
    let direct = model.direct;
    let Some(show) = model.show_mut() else { return vec![] };
    if show.zoom {
        show.zoom = false;
    } else if !show.follow {
        follow(show);
    } else if show.closed && !direct {
        model.screen = Screen::Home;
        return vec![Cmd::List];
    } else {
        model.flash("q leaves; the run stays resumable");
    }
    vec![]
}

/// Opens what the chosen step wants; a step that wants nothing gives way to one that does.
fn attend(model: &mut Model) -> Vec<Cmd> {
    let Some(show) = model.show_mut() else { return vec![] };
    let run = std::sync::Arc::clone(&show.scene.run);
    let mut chosen = wants::want(&run, &show.chosen);
    if chosen == Want::Nothing {
        follow(show);
        chosen = wants::want(&run, &show.chosen);
        if chosen != Want::Nothing && !matches!(chosen, Want::Hold(_)) {
            model.flash("this step wants something; Enter opens it");
        }
        return vec![];
    }
    let path = show.chosen.clone();
    open(model, &run, path, chosen)
}

fn open(model: &mut Model, run: &Run, path: StepPath, want: Want) -> Vec<Cmd> {
    let lock = model.lock();
    let core = Core::of(lock);
    match want {
        Want::Verdict(name) => model.layers.push(Layer::Doubt(Box::new(DoubtForm { core, name }))),
        Want::Gate(gate) => model.layers.extend(super::gate::form(run, &gate, lock)),
        Want::Hold(_) => model.layers.push(Layer::Palette { field: Field::default(), chosen: 0 }),
        Want::Answer => return open_prompt(model, &path, core),
        Want::Done => return open_manual(model, run, path, core),
        Want::Approval => {
            let form = ApproveForm { core, path, field: Field::default() };
            model.layers.push(Layer::Approve(Box::new(form)));
        }
        Want::Nothing => {}
    }
    vec![]
}

fn open_prompt(model: &mut Model, path: &StepPath, core: Core) -> Vec<Cmd> {
    if let Some(show) = model.show_mut() {
        // What was offered last time is not what is offered now.
        show.offers.remove(path);
    }
    let commands = ask_offers(model, path);
    let form = PromptForm { core, path: path.clone(), field: Field::default(), chosen: None };
    model.layers.push(Layer::Prompt(Box::new(form)));
    pin(model, path);
    commands
}

/// The first row that is offered is the chosen one until another is chosen.
pub(super) fn pin(model: &mut Model, path: &StepPath) {
    let Model { screen: Screen::Run(show), layers, .. } = model else { return };
    let first = show.offers.get(path).and_then(|offers| offers.rows.first());
    for layer in layers {
        if let (Layer::Prompt(form), Some(row)) = (layer, first)
            && form.path == *path
            && form.chosen.is_none()
        {
            form.chosen = Some(row.typed.clone());
        }
    }
}

fn open_manual(model: &mut Model, run: &Run, path: StepPath, core: Core) -> Vec<Cmd> {
    let commands = ask_offers(model, &path);
    let lines = match run.plan.step(&path).map(|s| &s.action) {
        Some(crate::runbook::Action::Manual(manual)) => manual.checklist.len(),
        _ => 0,
    };
    let (note, ticked) = (Field::default(), vec![false; lines]);
    let form = ManualForm { core, path, ticked, note, focus: 0 };
    model.layers.push(Layer::Manual(Box::new(form)));
    commands
}

/// Asks the readings behind a prompt or a manual step; choices that are not read are there at once.
pub(super) fn ask_offers(model: &mut Model, path: &StepPath) -> Vec<Cmd> {
    let (now, ticket) = (model.now, model.ticket());
    let Some(show) = model.show_mut() else { return vec![] };
    let run = std::sync::Arc::clone(&show.scene.run);
    if !offers::asks(&run, path) {
        let frame = crate::watch::Frame::empty(now);
        show.offers.insert(path.clone(), offers::Offers::of(&run, path, &frame, now));
        return vec![];
    }
    show.looking.insert(path.clone(), ticket);
    let look = Box::new(run.offer_look(path, now));
    vec![Cmd::Look { ticket, path: path.clone(), look }]
}

fn copy(model: &mut Model, text: impl Fn(&Run, &Show) -> Option<String>) -> Vec<Cmd> {
    let found = model.show().and_then(|show| text(&show.scene.run, show));
    let Some(text) = found else {
        model.flash("there is nothing to copy yet: the call is not resolved");
        return vec![];
    };
    model.flash(format!("copied {}", crate::text::fit(&clean(&text), 60)));
    vec![Cmd::Copy(crate::text::clean_whole(&text))]
}
