//! What lies above the screen. Only the uppermost layer is drawn; those below it are still there.

use ratatui::layout::Rect;

use super::page::Page;
use super::{Size, Slot, Ui, ask, doubt, drill, gate, help, manual, prompt};
use crate::run::Stage;
use crate::tui::forms::{Core, TroubleForm};
use crate::tui::model::Layer;
use crate::tui::theme::Role;

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect) {
    let model = ui.model;
    match model.layers.last() {
        None => {}
        Some(Layer::Help { filter, scroll }) => help::render(ui, area, filter, *scroll),
        Some(Layer::Palette { field, chosen }) => help::palette(ui, area, field, *chosen),
        Some(Layer::Quit) => quit(ui, area),
        Some(Layer::Brief { scroll }) => drill::brief(ui, area, *scroll),
        Some(Layer::Debrief { scroll }) => drill::debrief(ui, area, *scroll),
        Some(Layer::Gate(form)) => gate::render(ui, area, form),
        Some(Layer::Doubt(form)) => doubt::render(ui, area, form),
        Some(Layer::Prompt(form)) => prompt::render(ui, area, form),
        Some(Layer::Manual(form)) => manual::render(ui, area, form),
        Some(Layer::Approve(form)) => manual::approve(ui, area, form),
        Some(Layer::Ask(form)) => ask::render(ui, area, form),
        Some(Layer::Trouble(form)) => trouble_box(ui, area, form),
    }
}

/// The area of a layer: a box in the middle of a wide screen, the whole of a narrow one.
pub fn place(ui: &mut Ui<'_, '_, '_>, area: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines + 2).unwrap_or(u16::MAX);
    match ui.size {
        Size::Wide => ui.modal(area, 96, height.max(10)),
        Size::Narrow | Size::Tiny | Size::None => ui.modal(area, area.width, area.height),
    }
}

/// Cells inside a layer.
pub fn width(ui: &Ui<'_, '_, '_>, area: Rect) -> u16 {
    if ui.size == Size::Wide { 92.min(area.width.saturating_sub(4)) } else { area.width.saturating_sub(4) }
}

/// Draws a page in a box of its own, with a blank column on both sides; gives where its text lies.
pub fn sheet(
    ui: &mut Ui<'_, '_, '_>,
    area: Rect,
    title: &str,
    right: &str,
    page: Page,
    scroll: usize,
) -> Rect {
    let rect = place(ui, area, page.len());
    let inner = ui.boxed(rect, title, right, true);
    let text = Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height);
    let top = ui.paged(text, page.lines, scroll);
    ui.hits.tops.push((Slot::Layer, top));
    ui.hits.page = usize::from(text.height);
    text
}

/// The sheet of a form. Unless it was scrolled by hand, the line with the keys is in view; the cursor stands there.
pub fn form_sheet(
    ui: &mut Ui<'_, '_, '_>,
    area: Rect,
    title: &str,
    right: &str,
    page: Page,
    core: &Core,
    (x, line): (u16, usize),
) {
    let room = usize::from(area.height.saturating_sub(2));
    // Three lines more: what is said about the line stands below it.
    let scroll = core.scroll.unwrap_or((line + 4).saturating_sub(room));
    let text = sheet(ui, area, title, right, page, scroll);
    let top = ui.hits.tops.last().map_or(0, |(_, top)| *top);
    let below = u16::try_from(line.saturating_sub(top)).unwrap_or(0).min(text.height.saturating_sub(1));
    ui.cursor(text.x + x, text.y + below);
}

fn quit(ui: &mut Ui<'_, '_, '_>, area: Rect) {
    let mut page = Page::new(ui.theme, width(ui, area));
    if let Some(show) = ui.model.show() {
        let run = &show.scene.run;
        page.text(
            Role::Plain,
            "Leaving stops this console, not AWS. The run stays resumable; nothing is rolled back.",
        );
        page.gap();
        let sent = run
            .active
            .iter()
            .filter(|p| run.steps.get(*p).is_some_and(|s| matches!(s.stage, Stage::InFlight(_))));
        for path in sent {
            page.worded(
                "SENT",
                Role::Warn,
                &format!("{path}: its answer is waited for before the console ends"),
            );
        }
        for (path, _, _) in crate::run::doubted(run) {
            page.worded(
                "UNKN",
                Role::Crit,
                &format!("{path}: its outcome stays unknown until the run is resumed"),
            );
        }
        page.text(Role::Plain, &format!("Resume with: ripcord resume {}", run.info.id));
    }
    page.gap();
    page.text(Role::Key, "[ s  Stay ]      [ l  Leave, run stays resumable ]");
    let last = u16::try_from(page.len().saturating_sub(1)).unwrap_or(0);
    let text = sheet(ui, area, "Leave?", "", page, 0);
    ui.cursor(text.x, text.y + last);
}

fn trouble_box(ui: &mut Ui<'_, '_, '_>, area: Rect, form: &TroubleForm) {
    let trouble = &form.trouble;
    let mut page = Page::new(ui.theme, width(ui, area)).labelled(10);
    page.entry("WHAT", Role::Crit, &trouble.what);
    page.entry("MEANS", Role::Plain, &trouble.means);
    page.entry("NEXT", Role::Plain, &trouble.next);
    page.gap();
    page.entry("EXIT CODE", Role::Muted, &trouble.code.to_string());
    let text = sheet(ui, area, "Trouble", "", page, form.core.scroll.unwrap_or(0));
    ui.cursor(text.x, text.y);
}
