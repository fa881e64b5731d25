//! The home screen.

use super::start;
use crate::ids::RunId;
use crate::runner::Trouble;
use crate::tui::keys::Act;
use crate::tui::model::{Home, HomeName, HomeRow, Model, Screen};
use crate::tui::msg::Cmd;

/// Lines by which the detail is scrolled.
const DETAIL: usize = 3;

pub(super) fn act(model: &mut Model, act: Act) -> Vec<Cmd> {
    let page = model.hitmap.page.max(1);
    match act {
        Act::Up => move_by(&mut model.home, -1),
        Act::Down => move_by(&mut model.home, 1),
        Act::PageUp => move_by(&mut model.home, -signed(page)),
        Act::PageDown => move_by(&mut model.home, signed(page)),
        Act::Top => move_by(&mut model.home, isize::MIN / 2),
        Act::Bottom => move_by(&mut model.home, isize::MAX / 2),
        Act::DetailDown => model.home.scroll += DETAIL,
        Act::DetailUp => model.home.scroll = model.home.scroll.saturating_sub(DETAIL),
        Act::Filter => model.home.filtering = true,
        Act::Submit => model.home.filtering = false,
        Act::Reload => return vec![Cmd::Identify, Cmd::List],
        Act::Open => return open(model),
        Act::Resume => return resume_first(model),
        Act::CopyValue => return copy(model),
        Act::Drill => say_how_to_drill(model),
        _ => {}
    }
    vec![]
}

fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX / 2)
}

fn move_by(home: &mut Home, by: isize) {
    let rows = home.rows();
    let at = home.chosen().map_or(0, |(at, _)| at);
    let last = rows.len().saturating_sub(1);
    let to = at.saturating_add_signed(by).min(last);
    home.chosen = rows.get(to).map(HomeRow::name);
    home.scroll = 0;
}

pub(super) fn choose(model: &mut Model, index: usize) {
    let name = model.home.rows().get(index).map(HomeRow::name);
    if name.is_some() {
        model.home.chosen = name;
        model.home.scroll = 0;
    }
}

fn open(model: &mut Model) -> Vec<Cmd> {
    let chosen = model.home.chosen().map(|(_, row)| row.name());
    match chosen {
        Some(HomeName::Run(id)) => resume(model, &id),
        Some(HomeName::Book(id)) => open_book(model, &id),
        None => vec![],
    }
}

fn open_book(model: &mut Model, id: &str) -> Vec<Cmd> {
    let books = model.home.listing.as_ref().map_or(&[][..], |l| &l.books);
    match books.iter().find(|b| b.id == id).map(|b| b.found.clone()) {
        Some(Ok(book)) => start::open(model, book, &serde_json::Map::new()),
        Some(Err(finding)) => {
            let trouble = Trouble::new(
                crate::runner::exit::ATTENTION,
                finding,
                "this runbook cannot be used until it is mended",
                "`ripcord validate` lists all findings of the file",
            );
            model.trouble(trouble);
            vec![]
        }
        None => vec![],
    }
}

fn resume_first(model: &mut Model) -> Vec<Cmd> {
    let id = model.home.resumable().map(|run| run.id.clone());
    id.map_or_else(Vec::new, |id| resume(model, &id))
}

/// Opens an unfinished run over the home screen.
pub(super) fn resume(model: &mut Model, id: &RunId) -> Vec<Cmd> {
    let runs = model.home.listing.as_ref().map_or(&[][..], |l| &l.runs);
    let blocked = runs.iter().find(|r| r.id == *id).and_then(|r| Some((r.drill, r.blocked.clone()?)));
    match blocked {
        Some((true, _)) => {
            model.trouble(other_cloud(id));
            return vec![];
        }
        Some((false, why)) => {
            model.flash(format!("it cannot be resumed here: {}", crate::text::clean(&why)));
            return vec![];
        }
        None => {}
    }
    let ticket = model.ticket();
    model.home.opening = Some((ticket, id.clone()));
    model.screen = Screen::Home;
    vec![Cmd::Resume { ticket, run: id.clone() }]
}

/// A drill and this session are of different worlds.
fn other_cloud(id: &RunId) -> Trouble {
    Trouble::new(
        crate::runner::exit::USAGE,
        "this run is a drill, and this session is not in its cloud",
        "a drill goes on in a cloud of its own, built again as it stood; nothing was opened here",
        format!("leave with q, then `ripcord resume {id}`"),
    )
}

/// A drill has its own process: no real credentials are in it. So it is not begun from here.
fn say_how_to_drill(model: &mut Model) {
    let Some((_, HomeRow::Book(book))) = model.home.chosen() else { return };
    let text = format!("to drill it, leave with q and type: ripcord drill {}", book.id);
    model.flash(text);
}

fn copy(model: &mut Model) -> Vec<Cmd> {
    let Some((_, row)) = model.home.chosen() else { return vec![] };
    let name = match row {
        HomeRow::Run(run) => run.id.0.clone(),
        HomeRow::Book(book) => book.id.clone(),
    };
    let name = crate::text::clean_whole(&name);
    model.flash(format!("copied {}", crate::text::clean(&name)));
    vec![Cmd::Copy(name)]
}
