//! Runbooks and unfinished runs, and what the chosen one is about.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::page::{Page, padded, pieces_line};
use super::{Size, Slot, Ui};
use crate::catalogue::Effect;
use crate::ids::{At, Span};
use crate::runbook::{Action, Runbook, Step};
use crate::text::clean;
use crate::tui::backstage::{BookLine, RunLine};
use crate::tui::model::{Home, HomeRow};
use crate::tui::theme::{self, Role};

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect) {
    let model = ui.model;
    let home = &model.home;
    let banner = banner(home, model.wall);
    let filter = u16::from(home.filtering || !home.filter.is_empty());
    let [above, rest, below] = Layout::vertical([
        Constraint::Length(u16::from(banner.is_some())),
        Constraint::Min(3),
        Constraint::Length(filter),
    ])
    .areas(area);
    if let Some(text) = banner {
        let text = ui.theme.fit(&text, usize::from(above.width));
        ui.frame.render_widget(Line::styled(text, ui.theme.style(Role::Warn)), above);
    }
    match ui.size {
        Size::Wide => {
            let [left, right] =
                Layout::horizontal([Constraint::Percentage(60), Constraint::Min(30)]).areas(rest);
            list(ui, left, home);
            detail(ui, right, home);
        }
        Size::Narrow => {
            let [upper, lower] = Layout::vertical([Constraint::Min(6), Constraint::Length(9)]).areas(rest);
            list(ui, upper, home);
            detail(ui, lower, home);
        }
        Size::Tiny | Size::None => list(ui, rest, home),
    }
    if filter == 1 {
        filter_line(ui, below, home);
    }
}

/// What is unfinished, and which run `u` would go on with.
fn banner(home: &Home, now: At) -> Option<String> {
    if let Some((_, run)) = &home.opening {
        return Some(format!(" Opening run {run} ..."));
    }
    let all = &home.listing.as_ref()?.runs;
    let drills = all.iter().filter(|r| r.drill).count();
    let counts = [(all.len() - drills, "run"), (drills, "drill")].into_iter().filter(|(n, _)| *n > 0);
    let what: Vec<String> =
        counts.map(|(n, what)| format!("{n} unfinished {what}{}", if n == 1 { "" } else { "s" })).collect();
    if what.is_empty() {
        return None;
    }
    let named = home.resumable().filter(|run| run.blocked.is_none()).map_or_else(String::new, |run| {
        format!("   u resume: {}, {}, {}", run.title, run.step, heard(run, now))
    });
    Some(clean(&format!(" ! {}.{named}", what.join(", "))).into_owned())
}

/// How long ago a run was heard of.
fn heard(run: &RunLine, now: At) -> String {
    run.last.map_or_else(
        || "before this machine was started".to_owned(),
        |last| format!("{} ago", now.since(last).human()),
    )
}

fn filter_line(ui: &mut Ui<'_, '_, '_>, area: Rect, home: &Home) {
    let (shown, before) = ui.field(&home.filter, usize::from(area.width.saturating_sub(12)), false);
    let line = pieces_line(
        ui.theme,
        &[(Role::Label, " Filter / ".into()), (Role::Plain, shown)],
        usize::from(area.width),
    );
    ui.frame.render_widget(Paragraph::new(line), area);
    if home.filtering && ui.model.layers.is_empty() {
        ui.cursor(area.x + 10 + before, area.y);
    }
}

fn list(ui: &mut Ui<'_, '_, '_>, area: Rect, home: &Home) {
    let rows = home.rows();
    let all = home.listing.as_ref().map_or(0, |l| l.books.len() + l.runs.len());
    let inner = ui.boxed(area, &format!("Runbooks and runs {}/{all}", rows.len()), "", true);
    let width = usize::from(inner.width);
    let mut lines = vec![pieces_line(ui.theme, &[(Role::Muted, header(ui, width))], width)];
    if home.listing.is_none() {
        lines.push(Line::raw("  listing ..."));
    } else if rows.is_empty() {
        lines.push(Line::raw("  nothing matches; Esc clears the filter"));
    }
    let at = home.chosen().map_or(0, |(at, _)| at);
    let room = usize::from(inner.height.saturating_sub(1));
    let top = (at + 1).saturating_sub(room);
    for (i, row) in rows.iter().enumerate().skip(top).take(room) {
        let y = inner.y + u16::try_from(lines.len()).unwrap_or(0);
        ui.hits.rows.push((Rect::new(inner.x, y, inner.width, 1), i));
        lines.push(row_line(ui, row, i == at, width));
        if i == at && ui.model.layers.is_empty() && !home.filtering {
            ui.cursor(inner.x + 1, y);
        }
    }
    ui.hits.page = room;
    ui.frame.render_widget(Paragraph::new(lines), inner);
}

fn header(ui: &Ui<'_, '_, '_>, width: usize) -> String {
    row_text(ui, ["STATE", "NAME", "GATES", "EST", &drilled_cell(ui, "LAST DRILL", "ABOUT")], width)
}

fn drilled_cell(ui: &Ui<'_, '_, '_>, drilled: &str, about: &str) -> String {
    format!("{} {about}", padded(ui.theme, drilled, 15))
}

/// `2026-11-20 PASS`.
fn drilled(line: &BookLine) -> String {
    line.drilled.as_ref().map_or_else(
        || "never".to_owned(),
        |last| format!("{} {}", last.at.date(), if last.good { "PASS" } else { "FAIL" }),
    )
}

fn row_text(ui: &Ui<'_, '_, '_>, [state, name, gates, estimate, about]: [&str; 5], width: usize) -> String {
    let name_width = (width * 2 / 5).clamp(16, 32);
    let cell = |text: &str, width| padded(ui.theme, text, width);
    let (state, name, estimate) = (cell(state, 7), cell(name, name_width), cell(estimate, 7));
    format!("  {state} {name} {gates:>5} {estimate} {about}")
}

fn row_line(ui: &Ui<'_, '_, '_>, row: &HomeRow<'_>, chosen: bool, width: usize) -> Line<'static> {
    let (state, text) = match row {
        HomeRow::Run(run) => (run_word(run), run_text(ui, run, width)),
        HomeRow::Book(book) => (book_word(book), book_text(ui, book, width)),
    };
    let mark = if chosen { ">" } else { " " };
    let text = format!("{mark}{}", text.get(1..).unwrap_or_default());
    let role = if chosen { Role::Chosen } else { theme::of_word(state) };
    pieces_line(ui.theme, &[(role, padded(ui.theme, &text, width))], width)
}

fn run_word(run: &RunLine) -> &'static str {
    match run.state.as_str() {
        _ if run.drill => "DRILL",
        "unknown" => "UNKN",
        "paused" | "failed" | "timed_out" => "HOLD",
        "waiting" => "WAIT",
        _ => "RUN",
    }
}

fn run_text(ui: &Ui<'_, '_, '_>, run: &RunLine, width: usize) -> String {
    let about = format!("{}  {}", run.step, heard(run, ui.model.wall));
    row_text(ui, [run_word(run), &format!("resume {}", run.title), "", "", &about], width)
}

fn book_word(book: &BookLine) -> &'static str {
    if book.found.is_ok() { "READY" } else { "BROKEN" }
}

fn book_text(ui: &Ui<'_, '_, '_>, line: &BookLine, width: usize) -> String {
    match &line.found {
        Ok(book) => {
            let gates = gates(&book.steps).to_string();
            let estimate = estimate(&book.steps).human();
            let about = drilled_cell(ui, &drilled(line), &book.title);
            row_text(ui, ["READY", &line.id, &gates, &estimate, &about], width)
        }
        Err(finding) => row_text(ui, ["BROKEN", &line.id, "", "", finding], width),
    }
}

/// Steps that send a call which changes something.
fn gates(steps: &[Step]) -> usize {
    let one = |s: &Step| {
        let writes =
            matches!(&s.action, Action::AwsApi { operation, .. } if operation.effect() != Effect::Read);
        usize::from(writes) + gates(&s.steps)
    };
    steps.iter().map(one).sum()
}

fn estimate(steps: &[Step]) -> Span {
    let one = |s: &Step| s.estimate.unwrap_or_default().0 + estimate(&s.steps).0;
    Span(steps.iter().map(one).sum())
}

fn detail(ui: &mut Ui<'_, '_, '_>, area: Rect, home: &Home) {
    let inner = ui.boxed(area, "Detail", "", false);
    let mut page = Page::new(ui.theme, inner.width).labelled(10);
    match home.chosen() {
        Some((_, HomeRow::Run(run))) => run_detail(ui, &mut page, run),
        Some((_, HomeRow::Book(line))) => match &line.found {
            Ok(book) => book_detail(&mut page, book, line),
            Err(finding) => {
                page.entry("BROKEN", Role::Crit, finding);
                page.entry("FILE", Role::Plain, &line.source);
                page.entry("NEXT", Role::Plain, "`ripcord validate` lists everything that is wrong with it");
            }
        },
        None => {}
    }
    let top = ui.paged_by(inner, page.lines, home.scroll, ["J", "K"]);
    ui.hits.tops.push((Slot::Detail, top));
}

fn run_detail(ui: &Ui<'_, '_, '_>, page: &mut Page, run: &RunLine) {
    let kind = if run.drill { "DRILL, " } else { "" };
    page.text(Role::Title, &run.title);
    let state = format!("{kind}{}, last heard of {}", run.state, heard(run, ui.model.wall));
    page.entry("STATE", Role::Plain, &state);
    page.entry("STEP", Role::Plain, &run.step);
    page.entry("RUN", Role::Plain, &run.id.0);
    page.entry("STARTED", Role::Plain, &run.started.rfc3339());
    page.entry("ENDPOINT", Role::Plain, &run.endpoint);
    match &run.blocked {
        Some(_) if run.drill => {
            let text = format!("a drill goes on in a cloud of its own: q, then `ripcord resume {}`", run.id);
            page.entry("NEXT", Role::Warn, &text);
        }
        Some(why) => page.entry("NOT HERE", Role::Warn, why),
        None => page.entry(
            "ENTER",
            Role::Plain,
            "resumes it: open calls are settled by reading before anything is sent",
        ),
    }
}

fn book_detail(page: &mut Page, book: &Runbook, line: &BookLine) {
    page.text(Role::Title, &book.title);
    page.markdown("", &book.description);
    page.entry("USE WHEN", Role::Plain, &book.use_when);
    page.entry("NOT WHEN", Role::Plain, &book.not_when);
    let names: Vec<&str> = book.parameters.iter().map(|p| p.name.as_str()).collect();
    page.entry("PARAMS", Role::Plain, &names.join(" "));
    page.entry(
        "STEPS",
        Role::Plain,
        &format!("{}, {} of them with a gate", book.steps.len(), gates(&book.steps)),
    );
    page.entry("PHASES", Role::Plain, &book.phases.join(" > "));
    let spans = [("RTO", book.objectives.rto), ("RPO", book.objectives.rpo)];
    for (label, span) in spans {
        page.entry(label, Role::Plain, &span.map_or_else(String::new, Span::human));
    }
    page.entry("DRILLED", Role::Plain, &drilled_words(line));
    page.entry("OWNER", Role::Plain, &book.owner);
    page.entry(
        "VERSION",
        Role::Plain,
        &format!("{}  sha256 {}", book.version, book.digest.get(..12).unwrap_or("")),
    );
    page.entry("FILE", Role::Plain, &line.source);
}

fn drilled_words(line: &BookLine) -> String {
    match &line.drilled {
        None => "never; d says how".into(),
        Some(last) => format!("{}, scenario {}; d says how", drilled(line), last.scenario),
    }
}
