//! Where am I: mode, endpoint, account, region, role, clock; of a run also its step and its clocks.
//! Mode, kind of endpoint, account and region never drop, however narrow the terminal.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::Ui;
use super::page::pieces_line;
use crate::run::Run;
use crate::text::clean;
use crate::tui::about::{self, Rto};
use crate::tui::backstage::Tempo;
use crate::tui::model::{Model, Screen, Show};
use crate::tui::theme::{Role, Theme};
use crate::tui::wants;

/// How many lines the header takes.
pub fn lines(model: &Model) -> u16 {
    if model.show().is_some() { 2 } else { 1 }
}

pub fn render(ui: &mut Ui<'_, '_, '_>, area: Rect) {
    let width = usize::from(area.width);
    let mut out = vec![line(ui.model, ui.theme, width)];
    if let Some(show) = ui.model.show() {
        out.push(run_line(ui, show, width));
    }
    ui.frame.render_widget(Paragraph::new(out), area);
}

/// A piece of the header: less is more important, 0 never drops.
struct Piece {
    rank: u8,
    /// Kind and host of the endpoint.
    endpoint: bool,
    role: Role,
    text: String,
}

/// The first line. The least important pieces drop until it fits; then the host gives way, its kind never.
pub fn line(model: &Model, theme: Theme, width: usize) -> Line<'static> {
    let mut pieces = pieces(model);
    let clock = format!("{}Z", model.now.clock());
    let total = |pieces: &[Piece]| pieces.iter().map(|p| p.text.width() + 2).sum::<usize>() + 1;
    while total(&pieces) + clock.len() > width {
        let Some(worst) = pieces.iter().map(|p| p.rank).max().filter(|r| *r > 0) else { break };
        pieces.retain(|p| p.rank != worst);
    }
    let over = (total(&pieces) + clock.len()).saturating_sub(width);
    if let Some(piece) = pieces.iter_mut().find(|p| p.endpoint) {
        piece.text = shorter(theme, &piece.text, over);
    }
    let mut spans = vec![Span::raw(" ")];
    for piece in &pieces {
        spans.push(Span::styled(piece.text.clone(), theme.style(piece.role)));
        spans.push(Span::raw("  "));
    }
    let used = total(&pieces);
    if used + clock.len() <= width {
        spans.push(Span::raw(" ".repeat(width - used - clock.len())));
        spans.push(Span::raw(clock));
    }
    Line::from(spans)
}

fn pieces(model: &Model) -> Vec<Piece> {
    let facts = &model.facts;
    // A run is bound to its place for life; what the session resolved is for screens without one.
    let place = model.show().and_then(|s| s.scene.run.places.first());
    let account = place.map_or(&facts.account, |p| &p.account);
    let region = place.map_or(&facts.region, |p| &p.region);
    let (mode_role, mode) = mode(model);
    let piece = |rank, role, text: String| Piece { rank, endpoint: false, role, text };
    let known =
        |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { clean(text).into_owned() };
    let mut out = vec![
        piece(6, Role::Title, "ripcord".into()),
        piece(0, mode_role, mode.into()),
        Piece { endpoint: true, ..piece(0, Role::Warn, endpoint(model)) },
        piece(0, Role::Plain, known(account, "account ?")),
        piece(0, Role::Plain, known(region, "region ?")),
        piece(2, Role::Plain, clean(&facts.role).into_owned()),
        piece(5, Role::Muted, clean(&facts.operator).into_owned()),
    ];
    out.retain(|p| !p.text.is_empty());
    out
}

/// The kind of the endpoint with its host; in a drill how its clock goes.
fn endpoint(model: &Model) -> String {
    let endpoint = clean(&model.facts.endpoint).into_owned();
    match model.tempo {
        None => endpoint,
        Some(Tempo::Paused) => format!("{endpoint} PAUSED"),
        Some(Tempo::Running(speed)) => format!("{endpoint} x{speed}"),
    }
}

/// `CUSTOM 127.0.0.1:5000` with that many cells less: the host is cut, its kind is not.
fn shorter(theme: Theme, endpoint: &str, by: usize) -> String {
    let Some((kind, host)) = endpoint.split_once(' ').filter(|_| by > 0) else { return endpoint.to_owned() };
    // Fewer cells of a host say nothing.
    match host.width().saturating_sub(by) {
        0..4 => kind.to_owned(),
        room => format!("{kind} {}", theme.fit(host, room)),
    }
}

fn mode(model: &Model) -> (Role, &'static str) {
    match (&model.screen, model.facts.read_only) {
        (_, true) | (Screen::Home, false) => (Role::ReadOnly, "READ-ONLY"),
        (Screen::Start(_), false) => (Role::Warn, "EXECUTE not started"),
        (Screen::Run(show), false) if show.scene.run.ended.is_some() => (Role::ReadOnly, "EXECUTE ended"),
        (Screen::Run(show), false) if show.closed => (Role::Warn, "SESSION ENDED"),
        (Screen::Run(_), false) => (Role::Execute, "EXECUTE"),
    }
}

/// The line of a run: what it is, where it stands, its clocks.
fn run_line(ui: &Ui<'_, '_, '_>, show: &Show, width: usize) -> Line<'static> {
    let run = &show.scene.run;
    let mut right: Vec<(Role, String)> = Vec::new();
    let clocks = about::clocks(run, ui.model.now);
    if let Some(span) = clocks.since_start {
        right.push((Role::Plain, format!("T+{}", clock(span))));
    }
    match clocks.rto {
        Some(Rto::Left(left)) => right.push((Role::Plain, format!("  RTO left {}", clock(left)))),
        Some(Rto::Over(over)) => right.push((Role::Crit, format!("  RTO OVER by {}", clock(over)))),
        Some(Rto::Met(after)) => right.push((Role::Ok, format!("  RTO met {}", clock(after)))),
        None => {}
    }
    let room = width.saturating_sub(right.iter().map(|(_, t)| t.width()).sum::<usize>() + 3);
    let left = ui.theme.fit(&standing(run), room);
    let gap = " ".repeat(room.saturating_sub(left.width()) + 1);
    let mut pieces = vec![(Role::Title, format!(" {left}")), (Role::Plain, gap)];
    pieces.extend(right);
    pieces_line(ui.theme, &pieces, width)
}

fn standing(run: &Run) -> String {
    if let Some(step) = run.stopped_before() {
        let id = &run.info.id.0;
        return clean(&format!("STOPPED before {step}, as --stop-before asked  {} {id}", run.book().id))
            .into_owned();
    }
    let path = wants::standing(run);
    let steps = &run.book().steps;
    let at =
        path.0.first().and_then(|s| steps.iter().position(|step| step.name == s.name)).map_or(0, |i| i + 1);
    let what = match &run.ended {
        Some((state, _)) => state.word().to_owned(),
        None => format!("step {at}/{} {}", steps.len(), wants::word(run, &path)),
    };
    let id = run.info.id.0.get(..13).unwrap_or(&run.info.id.0);
    clean(&format!("{what}  {path}  {}  {id}", run.book().id)).into_owned()
}

/// `MM:SS`, with hours when there are any.
fn clock(span: crate::ids::Span) -> String {
    let s = span.0 / 1000;
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60)
    } else {
        format!("{:02}:{:02}", s / 60, s % 60)
    }
}
