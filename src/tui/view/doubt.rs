//! The screen of an unknown outcome: what was asked, what is seen now, when a NO may be believed.

use ratatui::layout::Rect;

use super::layers::{sheet, width};
use super::page::Page;
use super::{Size, Ui};
use crate::ids::At;
use crate::run::{PROBE, Run, Sent, Stage, verdict_phrase};
use crate::tui::about;
use crate::tui::forms::DoubtForm;
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &DoubtForm) {
    let name = &form.name;
    let Some(show) = ui.model.show() else { return };
    let run = &show.scene.run;
    let Some(Stage::Doubt { sent, since, why }) = run.steps.get(&name.path).map(|s| &s.stage) else { return };
    let mut page = Page::new(ui.theme, width(ui, area)).labelled(10);
    let age = ui.model.now.since(sent.at).human();
    page.text(Role::Crit, &format!("OUTCOME UNKNOWN, sent {} ({age} ago), no proof: {why}", sent.at.clock()));
    if ui.size == Size::Wide {
        page.gap();
    }
    asked(&mut page, sent);
    // What it was before is in the journal; on a narrow screen the keys are worth more.
    if ui.size == Size::Wide {
        page.pairs("before", &about::observed(&sent.observed));
    }
    let readings = show.scene.looks.get(&name.path);
    seen(ui, &mut page, readings.map(AsRef::as_ref), sent);
    verdict(ui, &mut page, run, &name.path, *since);
    page.entry(
        "request",
        Role::Muted,
        "no id was received. CloudTrail may show it 5-15 min later: a hint, never proof",
    );
    if ui.size == Size::Wide {
        page.gap();
    }
    keys(&mut page, sent);
    let scroll = form.core.scroll.unwrap_or(0);
    let text = sheet(ui, area, &format!("Unknown outcome  {name}"), "", page, scroll);
    ui.cursor(text.x, text.y);
}

fn asked(page: &mut Page, sent: &Sent) {
    let call = &sent.call;
    page.entry(
        "asked",
        Role::Title,
        &format!("{} {} {}", call.service, call.operation, sent.grant.call.subject),
    );
    page.pairs("", &about::parameters(call));
    page.entry(
        "where",
        Role::Plain,
        &format!("account {}, region {}", call.place.account, call.place.region),
    );
}

fn seen(ui: &Ui<'_, '_, '_>, page: &mut Page, frame: Option<&crate::watch::Frame>, sent: &Sent) {
    // The look right before sending carries the probe's name too; it says nothing about what was sent.
    let probe = frame.and_then(|f| f.readings.get(PROBE)).filter(|r| r.asked > sent.at);
    let Some(reading) = probe else {
        page.entry("seen now", Role::Muted, "nothing has been read since it was sent");
        return;
    };
    match &reading.answer {
        Ok(value) => page.pairs("seen now", &about::telling(value, sent)),
        Err(why) => page.entry("seen now", Role::Crit, &why.to_string()),
    }
    let age = ui.model.now.since(reading.asked).human();
    let (role, word) = if ui.stale(reading.asked) { (Role::Stale, "STALE ") } else { (Role::Muted, "") };
    page.entry("", role, &format!("{word}read {age} ago"));
}

fn verdict(ui: &Ui<'_, '_, '_>, page: &mut Page, run: &Run, path: &crate::ids::StepPath, since: At) {
    let now = ui.model.now;
    let settles = run.settles_at(since);
    let held = run.steps.get(path).is_some_and(|s| s.hold.is_some());
    let text = if held {
        "no reading can tell whether it happened; a person must say so".to_owned()
    } else if now < settles {
        let left = settles.since(now).human();
        format!(
            "too early to say NO: a sent request can still land for {left} ({}). A YES is taken as soon as it is seen. Watching.",
            settles.clock()
        )
    } else {
        "a NO is believed on three equal readings. Watching.".to_owned()
    };
    page.entry("verdict", Role::Plain, &text);
}

fn keys(page: &mut Page, sent: &Sent) {
    let subject = &sent.grant.call.subject;
    page.text(Role::Key, "[w] keep watching");
    page.text(Role::Key, &format!("[e] it DID happen - type: {}", verdict_phrase(subject, true)));
    page.text(Role::Key, &format!("[n] it did NOT - type: {}", verdict_phrase(subject, false)));
    page.text(Role::Key, "[a] stop here: leave, nothing more is sent");
    page.text(Role::Plain, "Re-sending is not offered until this is settled.");
}
