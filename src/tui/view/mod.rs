//! Drawing: a pure function of the model. One file per region, one `render` each; nothing here asks or waits.
//!
//! What the drawing finds out (how long a page is, which row lies where, how far something can be scrolled)
//! comes back as a [`Hitmap`], data for the next update.

mod ask;
mod doubt;
mod drill;
mod footer;
mod gate;
mod header;
mod help;
mod home;
mod journal;
mod layers;
mod live;
mod manual;
mod page;
mod prompt;
mod run;
mod start;
mod step;
mod steps;
mod table;
mod values;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::field::Field;
use super::model::{Model, Screen};
use super::theme::{Role, Theme};
use crate::ids::{At, Span};

use page::Page;

/// What a drawing found out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hitmap {
    /// Lines of the region that scrolls.
    pub page: usize,
    /// Rows that can be chosen by the mouse: where they lie and their number.
    pub rows: Vec<(Rect, usize)>,
    /// How far each scrolled region is really scrolled.
    pub tops: Vec<(Slot, usize)>,
    /// What of a gate was drawn: its first line, the one behind its last, and how many there are.
    pub read: Option<(usize, usize, usize)>,
}

/// A region that scrolls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    Pane(usize),
    /// The layer that has the keys.
    Layer,
    Checks,
    Detail,
}

impl Hitmap {
    pub fn row_at(&self, column: u16, row: u16) -> Option<usize> {
        let hit = |(area, _): &&(Rect, usize)| area.contains(Position::new(column, row));
        self.rows.iter().find(hit).map(|(_, index)| *index)
    }
}

/// Readings older than this are STALE: twice the cadence of a pane.
const STALE: Span = Span::secs(30);

/// How much room there is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Size {
    /// One message.
    None,
    /// The step and the header.
    Tiny,
    /// Tabs; everything can be done.
    Narrow,
    /// All panes.
    Wide,
}

impl Size {
    pub fn of(area: Rect) -> Size {
        match (area.width, area.height) {
            (100.., 28..) => Size::Wide,
            (80.., 24..) => Size::Narrow,
            (60.., 15..) => Size::Tiny,
            _ => Size::None,
        }
    }
}

/// One drawing at work.
pub struct Ui<'a, 'f, 'b> {
    pub model: &'a Model,
    pub theme: Theme,
    pub frame: &'f mut Frame<'b>,
    pub size: Size,
    pub hits: Hitmap,
}

/// Draws the model.
pub fn view(model: &Model, theme: Theme, frame: &mut Frame<'_>) -> Hitmap {
    let area = frame.area();
    let size = Size::of(area);
    let mut ui = Ui { model, theme, frame, size, hits: Hitmap::default() };
    if size == Size::None {
        too_small(&mut ui, area);
        return ui.hits;
    }
    let head = header::lines(model);
    let foot = footer::lines(size);
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(head), Constraint::Min(1), Constraint::Length(foot)])
            .areas(area);
    header::render(&mut ui, top);
    match &model.screen {
        Screen::Home => home::render(&mut ui, middle),
        Screen::Start(start) => start::render(&mut ui, middle, start),
        Screen::Run(show) => run::render(&mut ui, middle, show),
    }
    layers::render(&mut ui, middle);
    footer::render(&mut ui, bottom);
    ui.hits
}

fn too_small(ui: &mut Ui<'_, '_, '_>, area: Rect) {
    let mut page = Page::new(ui.theme, area.width);
    page.lines.push(header::line(ui.model, ui.theme, usize::from(area.width)));
    page.text(Role::Warn, &format!("ripcord needs 60x15; this is {}x{}.", area.width, area.height));
    page.text(Role::Plain, "What is under way goes on. No key but Ctrl-C is taken here; twice leaves.");
    ui.frame.render_widget(Paragraph::new(page.lines), area);
}

impl Ui<'_, '_, '_> {
    /// Whether what was asked then is too old to be relied on.
    pub fn stale(&self, asked: At) -> bool {
        self.model.now.since(asked) > STALE
    }

    /// A box with a title; gives the area inside.
    pub fn boxed(&mut self, area: Rect, title: &str, right: &str, focused: bool) -> Rect {
        let role = if focused { Role::Focus } else { Role::Muted };
        let room = usize::from(area.width.saturating_sub(4));
        let title = self.theme.fit(&crate::text::clean(title), room);
        let mut block = Block::bordered()
            .border_set(self.theme.border(focused))
            .border_style(self.theme.style(role))
            .title(Line::styled(format!(" {title} "), self.theme.style(Role::Title)));
        let left = title.chars().count() + 2;
        if !right.is_empty() && left + right.chars().count() + 2 < room {
            block = block
                .title(Line::styled(format!(" {right} "), self.theme.style(Role::Plain)).right_aligned());
        }
        let inner = block.inner(area);
        self.frame.render_widget(block, area);
        inner
    }

    /// Lines from `scroll` on; what does not fit is said on the border below. Gives how far it is scrolled.
    pub fn paged(&mut self, inner: Rect, lines: Vec<Line<'static>>, scroll: usize) -> usize {
        self.paged_by(inner, lines, scroll, ["PgDn", "PgUp"])
    }

    /// The same by other keys: down, up.
    pub fn paged_by(
        &mut self,
        inner: Rect,
        lines: Vec<Line<'static>>,
        scroll: usize,
        [down, up]: [&str; 2],
    ) -> usize {
        let (top, below) = self.lines(inner, lines, scroll);
        self.more(inner, top, below, [down, up]);
        top
    }

    /// On the border below: how many lines there are below, else above.
    pub fn more(&mut self, inner: Rect, top: usize, below: usize, [down, up]: [&str; 2]) {
        let text = match (top, below) {
            (0, 0) => return,
            (up_there, 0) => format!(" {up} +{up_there} "),
            (_, down_there) => format!(" {down} +{down_there} "),
        };
        let width = u16::try_from(text.len()).unwrap_or(0);
        if inner.width > width {
            let at = Rect::new(inner.right() - width, inner.bottom(), width, 1);
            let at = at.intersection(self.frame.area());
            self.frame.render_widget(Line::styled(text, self.theme.style(Role::Key)), at);
        }
    }

    /// Lines from `scroll` on. Gives how far they are scrolled and how many are left below.
    pub fn lines(&mut self, inner: Rect, lines: Vec<Line<'static>>, scroll: usize) -> (usize, usize) {
        let room = usize::from(inner.height);
        let top = scroll.min(lines.len().saturating_sub(room));
        let below = lines.len().saturating_sub(top + room);
        let shown: Vec<Line<'static>> = lines.into_iter().skip(top).take(room).collect();
        self.frame.render_widget(Paragraph::new(shown), inner);
        (top, below)
    }

    /// Scrolled lines of a pane, with the hardware cursor on its first line while it has the keys.
    pub fn pane(&mut self, inner: Rect, lines: Vec<Line<'static>>, slot: Slot, scroll: usize, focused: bool) {
        let top = self.paged(inner, lines, scroll);
        self.hits.tops.push((slot, top));
        if focused {
            self.hits.page = usize::from(inner.height);
            if self.model.layers.is_empty() {
                self.cursor(inner.x, inner.y);
            }
        }
    }

    pub fn cursor(&mut self, x: u16, y: u16) {
        let area = self.frame.area();
        self.frame.set_cursor_position((
            x.min(area.right().saturating_sub(1)),
            y.min(area.bottom().saturating_sub(1)),
        ));
    }

    /// An area in the middle, emptied, for a layer.
    pub fn modal(&mut self, area: Rect, width: u16, height: u16) -> Rect {
        let (width, height) = (width.min(area.width), height.min(area.height));
        let rect =
            Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
        self.frame.render_widget(Clear, rect);
        rect
    }

    /// The text of a field in `width` cells, scrolled so that its cursor shows; gives the cells before the cursor.
    pub fn field(&self, field: &Field, width: usize, hidden: bool) -> (String, u16) {
        use unicode_width::UnicodeWidthChar;
        let shown: Vec<char> = field.text().chars().map(|c| if hidden { '*' } else { visible(c) }).collect();
        let cells = |cs: &[char]| cs.iter().map(|c| c.width().unwrap_or(0)).sum::<usize>();
        let before = field.cursor().min(shown.len());
        let mut from = 0;
        while cells(&shown[from..before]) >= width.max(1) {
            from += 1;
        }
        let mut out = String::new();
        let mut used = 0;
        for c in &shown[from..] {
            used += c.width().unwrap_or(0);
            if used > width {
                break;
            }
            out.push(*c);
        }
        (out, u16::try_from(cells(&shown[from..before])).unwrap_or(0))
    }
}

/// What cannot be shown as itself in a field is a question mark there.
fn visible(c: char) -> char {
    let mut buffer = [0; 4];
    if crate::text::clean(c.encode_utf8(&mut buffer)).chars().eq([c]) { c } else { '?' }
}
