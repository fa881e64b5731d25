//! A prompt: what is asked, the rows to choose from, the field to type into.

use ratatui::layout::Rect;

use super::Ui;
use super::layers::{place, width};
use super::page::Page;
use super::table::fitted;
use crate::runbook::{Action, Offer, Prompt};
use crate::tui::forms::PromptForm;
use crate::tui::offers::{OfferRow, Offers};
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &PromptForm) {
    let Some(show) = ui.model.show() else { return };
    let run = &show.scene.run;
    let Some(Action::Prompt(prompt)) = run.plan.step(&form.path).map(|s| &s.action) else { return };
    let none = Offers::default();
    let offers = show.offers.get(&form.path).unwrap_or(&none);
    let reading = show.looking.contains_key(&form.path);
    let mut page = Page::new(ui.theme, width(ui, area));
    page.text(Role::Plain, &run.text(&form.path, &prompt.message, ui.model.now));
    page.gap();
    let before = page.len();
    let chosen = form.row(offers);
    let cut = rows(ui, &mut page, chosen, offers, reading, prompt);
    let chosen_line = before + 1 + chosen.unwrap_or(0);
    let mut below = Page::new(ui.theme, width(ui, area));
    if let Some(row) = chosen.and_then(|at| offers.rows.get(at)).filter(|_| cut) {
        whole(&mut below, offers, row);
    }
    let line = u16::try_from(below.len()).unwrap_or(0);
    let cursor = field(ui, &mut below, form, prompt, offers);
    let rect = place(ui, area, page.len() + below.len() + 1);
    let inner = ui.boxed(rect, &format!("Prompt  {}", form.path), "", true);
    let text = Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height);
    let foot = u16::try_from(below.len()).unwrap_or(0).min(text.height);
    let upper = Rect { height: text.height - foot, ..text };
    let room = usize::from(upper.height);
    let (top, unseen) = ui.lines(upper, page.lines, (chosen_line + 2).saturating_sub(room));
    ui.more(text, top, unseen, ["PgDn", "PgUp"]);
    ui.hits.page = room.saturating_sub(before + 1).max(1);
    let lower = Rect { y: text.bottom() - foot, height: foot, ..text };
    ui.paged(lower, below.lines, 0);
    ui.cursor(lower.x + 2 + cursor, lower.y + line);
}

/// The rows to choose from. Gives whether one shows less than it holds.
fn rows(
    ui: &Ui<'_, '_, '_>,
    page: &mut Page,
    chosen: Option<usize>,
    offers: &Offers,
    reading: bool,
    prompt: &Prompt,
) -> bool {
    if matches!(prompt.offer, Offer::Free(_)) {
        return false;
    }
    if offers.rows.is_empty() {
        let text = match &offers.why {
            Some(why) => format!("nothing to choose from: {why}"),
            None => "reading what there is to choose from ...".to_owned(),
        };
        page.text(if offers.why.is_some() { Role::Crit } else { Role::Muted }, &text);
        return false;
    }
    let cells: Vec<&[String]> = offers.rows.iter().map(|r| r.cells.as_slice()).collect();
    let table = fitted(ui.theme, page.width.saturating_sub(4), &offers.columns, &cells);
    page.pieces(&[(Role::Muted, format!("    {}", table.header))]);
    for (i, (row, cells)) in offers.rows.iter().zip(&table.rows).enumerate() {
        let here = Some(i) == chosen;
        let mark = if here { ">" } else { " " };
        let warn = if row.warned { "!" } else { " " };
        let role = if row.warned { Role::Warn } else { Role::Plain };
        page.pieces(&[(role, format!("{mark}{warn}  {cells}"))]);
        if here {
            page.chosen();
        }
    }
    if reading {
        page.text(Role::Muted, "reading again ...");
    }
    table.cut
}

/// The chosen row in full, where the table has no room for it.
fn whole(page: &mut Page, offers: &Offers, row: &OfferRow) {
    let members = offers.columns.iter().zip(&row.cells);
    let text: Vec<String> = members.map(|(column, cell)| format!("{column} {cell}")).collect();
    page.text(Role::Title, &text.join(",  "));
}

fn field(ui: &Ui<'_, '_, '_>, page: &mut Page, form: &PromptForm, prompt: &Prompt, offers: &Offers) -> u16 {
    let hidden = prompt.secret;
    let (shown, before) = ui.field(&form.field, page.width.saturating_sub(2), hidden);
    page.pieces(&[(Role::Label, "> ".into()), (Role::Plain, shown)]);
    let chosen = form.row(offers).and_then(|at| offers.rows.get(at));
    let hint = match &prompt.offer {
        Offer::Free(_) => "Type the value, then Enter.".to_owned(),
        _ if chosen.is_some_and(|r| r.warned) && form.field.is_empty() => {
            let typed = chosen.map_or("", |r| &r.typed);
            format!("! this row carries a warning: type `{typed}` to choose it")
        }
        _ => "Enter answers with the chosen row, or with what is typed. Rows marked ! must be typed."
            .to_owned(),
    };
    page.text(Role::Plain, &hint);
    if let Some(asked) = offers.asked {
        let (role, word) = if ui.stale(asked) { (Role::Stale, "STALE ") } else { (Role::Muted, "") };
        page.text(role, &format!("{word}read {} ago", ui.model.now.since(asked).human()));
    }
    if form.core.ticket.is_some() {
        page.text(Role::Muted, "sent, waiting for the journal");
    }
    if let Some(error) = &form.core.error {
        page.text(Role::Crit, &format!("! {error}"));
    }
    before
}
