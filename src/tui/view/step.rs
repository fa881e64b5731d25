//! The chosen step: WHY, what it does or waits for, WHERE, NOW, AFTER, UNDO, and what may be done about it.

use ratatui::layout::Rect;

use super::page::Page;
use super::run::title;
use super::{Size, Slot, Ui};
use crate::ids::StepPath;
use crate::run::{Call, HoldKind, Run, Scope, Stage, StepRun};
use crate::runbook::{Action, Step, Wait};
use crate::text::clean;
use crate::tui::about;
use crate::tui::model::{Pane, Show};
use crate::tui::theme::Role;
use crate::tui::wants::{self, Want};
use crate::watch::Frame;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, show: &Show, focused: bool) {
    let run = &show.scene.run;
    let path = &show.chosen;
    let name = run.plan.step(path).map_or_else(|| path.to_string(), |s| wants::title(run, path, s));
    let head = format!("{}  {}", name, tier(run, path));
    let narrow = ui.size == Size::Narrow;
    let heading = title(ui, Pane::Step, if narrow { "Step" } else { head.trim() });
    let inner = ui.boxed(area, &heading, &wants::word(run, path).to_lowercase(), focused);
    let mut page = Page::new(ui.theme, inner.width);
    if narrow {
        page.cut(Role::Title, head.trim());
    }
    body(ui, &mut page, show);
    let scroll = show.scroll[Pane::Step.index()];
    ui.pane(inner, page.lines, Slot::Pane(Pane::Step.index()), scroll, focused);
}

fn tier(run: &Run, path: &StepPath) -> String {
    match run.steps.get(path).map(|s| &s.stage) {
        Some(Stage::Prepared { tier, .. } | Stage::Gated { tier, .. }) => format!("GATE {tier}"),
        Some(Stage::Granted(grant)) => format!("confirmed by {}", grant.by),
        _ => String::new(),
    }
}

fn body(ui: &Ui<'_, '_, '_>, page: &mut Page, show: &Show) {
    let (run, path) = (&show.scene.run, &show.chosen);
    if let Some((state, why)) = &run.ended {
        page.worded("ENDED", Role::Title, &format!("{} {why}", state.word()));
        follow_ups(ui, page, run);
        page.gap();
    }
    let Some(step) = run.plan.step(path) else {
        page.text(Role::Muted, &format!("{path} is one item; its steps stand below it"));
        return;
    };
    let state = run.steps.get(path);
    need(page, run, path, state);
    page.markdown("WHY", &about::instructions(run, path, step, ui.model.now));
    action(ui, page, show, step);
    if let Some(state) = state {
        outcome(page, ui, run, path, state);
    }
}

/// What the step needs from a person comes first.
fn need(page: &mut Page, run: &Run, path: &StepPath, state: Option<&StepRun>) {
    match wants::want(run, path) {
        Want::Verdict(_) => page.worded(
            "UNKN",
            Role::Crit,
            "a call was sent and nobody knows what became of it. Enter shows what is known.",
        ),
        Want::Hold(kind) => hold(page, kind, state),
        Want::Gate(gate) => {
            let phrase = run.gates.get(&gate).map_or("", |g| &g.phrase);
            page.worded("GATE", Role::Warn, &format!("Enter opens the gate {gate}; it wants `{phrase}`"));
        }
        Want::Answer => page.worded("ASK", Role::Warn, "Enter opens the prompt"),
        Want::Done => page.worded("ASK", Role::Warn, "Enter opens the checklist"),
        Want::Approval => page.worded("ASK", Role::Warn, "Enter asks for the second person's name"),
        Want::Nothing => {}
    }
}

fn hold(page: &mut Page, kind: HoldKind, state: Option<&StepRun>) {
    let why = state.and_then(|s| s.hold.as_ref()).map_or("", |h| &h.why);
    let (word, means) = match kind {
        HoldKind::Failed => {
            ("FAILED", "R tries again, S skips with a reason, A goes on although a condition did not pass")
        }
        HoldKind::TimedOut => ("TIMED", "X gives more time, R starts the wait anew, A goes on with a reason"),
        HoldKind::Credentials => ("HOLD", "log in again in another terminal (`aws sso login`), then R"),
        HoldKind::ReadOnly => {
            ("HOLD", "this session is read-only and ends here; a run without --read-only is started anew")
        }
        HoldKind::Conflict => {
            ("HOLD", "two attempts contradict each other: look at the target before R or S")
        }
        HoldKind::NeedsVerdict => ("UNKN", "only a person can tell: Enter, then e or n"),
        HoldKind::RolledBack => {
            ("HOLD", "the roll-back ends here: R goes on from this step, :abort ends the run")
        }
    };
    page.worded(word, Role::Crit, why);
    page.entry("CAN", Role::Plain, means);
}

fn action(ui: &Ui<'_, '_, '_>, page: &mut Page, show: &Show, step: &Step) {
    let (run, path, now) = (&show.scene.run, &show.chosen, ui.model.now);
    match &step.action {
        Action::AwsApi { .. } => calls(ui, page, show, step),
        Action::Wait(wait) => waits(ui, page, show, step, wait),
        Action::Assert(assert) => {
            page.wide("CHECK", Role::Plain, assert.check.source());
            named(page, run, &assert.check);
            seen(ui, page, show, step);
        }
        Action::Prompt(prompt) => page.entry("ASK", Role::Plain, &run.text(path, &prompt.message, now)),
        Action::Manual(manual) => {
            for line in &manual.checklist {
                page.entry("DO", Role::Plain, &run.text(path, line, now));
            }
        }
        Action::Approve { message } => page.entry("ASK", Role::Plain, &run.text(path, message, now)),
        Action::Diff(diff) => {
            page.wide("LEFT", Role::Plain, diff.left.source());
            page.wide("RIGHT", Role::Plain, diff.right.source());
            differences(page, run, path);
        }
        Action::Branch { choices, default } => {
            for choice in choices {
                page.wide("IF", Role::Plain, &format!("{}, then {}", choice.when.source(), choice.next_step));
            }
            page.entry("ELSE", Role::Plain, default.as_deref().unwrap_or("goes on"));
        }
        Action::Undo { step } => page.entry("DO", Role::Plain, &format!("takes back {step}")),
        Action::End { verdict, message } => {
            page.entry("END", Role::Plain, &format!("{verdict:?}: {}", run.text(path, message, now)));
        }
        Action::Each => items(page, run, path, step),
        Action::Foreign { kind, .. } => {
            page.entry("NOT", Role::Warn, &format!("this version does not run `{kind}`"));
        }
    }
    if let Some(estimate) = step.estimate.filter(|_| !matches!(step.action, Action::Wait(_))) {
        page.entry("USUAL", Role::Plain, &estimate.human());
    }
}

fn calls(ui: &Ui<'_, '_, '_>, page: &mut Page, show: &Show, step: &Step) {
    let (run, path, now) = (&show.scene.run, &show.chosen, ui.model.now);
    match about::call(&show.scene, path, now) {
        Some(Ok(call)) => {
            page.entry("CALL", Role::Title, &format!("{} {}", call.service, call.operation));
            page.pairs("", &about::parameters(&call));
            place(ui, page, &call);
            target(ui, page, run, path, &call);
        }
        Some(Err(why)) => page.entry("CALL", Role::Muted, &format!("not resolved yet: {why}")),
        None => {}
    }
    page.entry("UNDO", Role::Plain, &about::undo(run, path, step, now));
    if step.point_of_no_return {
        page.entry("NOTE", Role::Warn, "this step is the point of no return");
    }
}

fn place(ui: &Ui<'_, '_, '_>, page: &mut Page, call: &Call) {
    let facts = &ui.model.facts;
    let text = format!("account {}, region {}, as {}", call.place.account, call.place.region, facts.role);
    page.entry("WHERE", Role::Plain, &text);
}

/// NOW as it was observed, with its age, and AFTER.
fn target(ui: &Ui<'_, '_, '_>, page: &mut Page, run: &Run, path: &StepPath, call: &Call) {
    let Some(prepared) = about::prepared(run, path) else { return };
    let age = ui.model.now.since(prepared.seen).human();
    page.pairs("NOW", &about::observed(&prepared.observed));
    page.entry("", Role::Muted, &format!("read {age} ago"));
    let after = about::after(call, &prepared.observed);
    page.entry("AFTER", Role::Plain, &after.said);
    page.wide("", Role::Muted, &after.known_by);
}

fn waits(ui: &Ui<'_, '_, '_>, page: &mut Page, show: &Show, step: &Step, wait: &Wait) {
    let (run, path, now) = (&show.scene.run, &show.chosen, ui.model.now);
    if let Some(state) = run.steps.get(path).filter(|s| s.ended.is_none()) {
        let clocks = [
            Some(format!("waiting for {}", now.since(state.began).human())),
            step.estimate.map(|usual| format!("usually {}", usual.human())),
            run.deadline(path).map(|deadline| format!("times out in {}", deadline.since(now).human())),
        ];
        page.entry("WAIT", Role::Title, &clocks.into_iter().flatten().collect::<Vec<_>>().join(", "));
    } else if let Some(usual) = step.estimate {
        page.entry("USUAL", Role::Plain, &usual.human());
    }
    seen(ui, page, show, step);
    page.wide("UNTIL", Role::Plain, wait.until.source());
    named(page, run, &wait.until);
    if wait.stable_for > 1 {
        page.entry("", Role::Muted, &format!("on {} readings in a row", wait.stable_for));
    }
    if let Some(fails) = &wait.fail_when {
        page.wide("FAILS", Role::Plain, &format!("when {}", fails.source()));
    }
}

/// What the named conditions in a condition stand for.
fn named(page: &mut Page, run: &Run, condition: &crate::expr::Expr) {
    for (name, expr) in about::named(run, &[condition]) {
        page.wide("", Role::Muted, &format!("{name} is {}", expr.source()));
    }
}

/// The newest readings behind a condition, each with its age.
fn seen(ui: &Ui<'_, '_, '_>, page: &mut Page, show: &Show, step: &Step) {
    let empty = Frame::empty(ui.model.now);
    let frame = show.scene.looks.get(&show.chosen).map_or(&empty, AsRef::as_ref);
    for (name, text, asked) in about::seen(frame, &about::conditions(&show.scene.run, step)) {
        let age = asked.map_or_else(String::new, |at| ui.model.now.since(at).human());
        let (role, age) = match asked {
            Some(at) if ui.stale(at) => (Role::Stale, format!("STALE {age}")),
            Some(_) => (Role::Plain, format!("{age} ago")),
            None => (Role::Muted, "not read yet".to_owned()),
        };
        let text = crate::text::fit(&clean(&text), 240);
        page.wide("NOW", role, &format!("{name}, {age}: {text}"));
    }
}

fn differences(page: &mut Page, run: &Run, path: &StepPath) {
    let Some(differences) = run.steps.get(path).and_then(|s| s.differences.as_ref()) else { return };
    if differences.is_empty() {
        page.worded("OK", Role::Ok, "no differences");
    }
    for must in [true, false] {
        for d in differences.iter().filter(|d| d.must_match == must) {
            let (word, role) = if must { ("CHG", Role::Crit) } else { ("exp", Role::Muted) };
            page.worded(
                word,
                role,
                &format!("{}: {} | {}", d.path, about::short(&d.left), about::short(&d.right)),
            );
        }
    }
}

fn items(page: &mut Page, run: &Run, path: &StepPath, step: &Step) {
    if let Some(each) = &step.for_each {
        page.wide("EACH", Role::Plain, &format!("{}, {} at a time", each.items.source(), each.concurrency));
    }
    let Some(state) = run.steps.get(path) else { return };
    for item in &state.items {
        let list = path.item(&item.key);
        let word = wants::state_word(run.item_state(&list, item.given_up.is_some()));
        let why = item.given_up.as_ref().map_or_else(String::new, |why| format!(", given up: {why}"));
        page.worded(word, crate::tui::theme::of_word(word), &format!("{}{why}", item.key));
    }
}

/// What has come of it so far: the sent call, why it ended, its outputs.
fn outcome(page: &mut Page, ui: &Ui<'_, '_, '_>, run: &Run, path: &StepPath, state: &StepRun) {
    if let Stage::InFlight(sent) = &state.stage {
        let age = ui.model.now.since(sent.at).human();
        page.worded(
            "SENT",
            Role::Warn,
            &format!("{age} ago as {}; its answer is being waited for", sent.name),
        );
    }
    if state.rejections > 0 && state.ended.is_none() {
        page.entry(
            "TRIED",
            Role::Plain,
            &format!("{} times, each proven not to have happened", state.rejections),
        );
    }
    if state.ended.is_some() {
        page.worded("ENDED", Role::Title, &format!("{} {}", run.state_of(path).word(), state.why));
    }
    let outputs: Vec<(String, String)> =
        state.outputs.iter().map(|(k, v)| (k.clone(), crate::text::fit(&about::short(v), 200))).collect();
    page.pairs("GAVE", &outputs);
}

/// What remains to be done later; what does not apply is left out.
fn follow_ups(ui: &Ui<'_, '_, '_>, page: &mut Page, run: &Run) {
    let (top, now) = (StepPath::default(), ui.model.now);
    let empty = Frame::empty(now);
    let scope = Scope::bare(run, &top, &empty, now);
    let applies = |when: &Option<crate::expr::Expr>| when.as_ref().is_none_or(|w| scope.test(w) != Ok(false));
    for follow in run.book().follow_ups.iter().filter(|f| applies(&f.when)) {
        let text = scope.text(&follow.text);
        page.entry("LATER", Role::Plain, &format!("{text} (within {})", follow.due.human()));
    }
}
