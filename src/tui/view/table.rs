//! Tables in too little room: the widest column gives way, a moment is never cut.
//!
//! What decides is often the last column or the last characters: `orders-2026-03-01-02-10` keeps both its ends, and a
//! timestamp loses its year (where all have the same) before anything else loses more.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::page::padded;
use crate::tui::theme::Theme;

/// Narrowest a column gets, and narrowest when even that is too much.
const NARROW: [usize; 2] = [8, 4];

/// A table made to fit.
pub struct Table {
    pub header: String,
    pub rows: Vec<String>,
    /// Whether a cell shows less than it holds.
    pub cut: bool,
}

/// Fits a table into `room` cells, two blanks between columns.
pub fn fitted(theme: Theme, room: usize, columns: &[String], rows: &[&[String]]) -> Table {
    let mut cells: Vec<Vec<String>> = rows.iter().map(|r| r.to_vec()).collect();
    let mut widths = natural(columns, &cells);
    if total(&widths) > room {
        shorten_moments(&mut cells);
        widths = natural(columns, &cells);
        shrink(&mut widths, &moments(&cells, columns.len()), room);
    }
    let line = |cells: &[String]| {
        let fitted = cells.iter().zip(&widths).map(|(c, w)| padded(theme, &middle(c, *w), *w));
        fitted.collect::<Vec<_>>().join("  ")
    };
    let shortened = |(shown, whole): (&Vec<String>, &&[String])| {
        shown.as_slice() != *whole || shown.iter().zip(&widths).any(|(c, w)| c.width() > *w)
    };
    let cut = cells.iter().zip(rows).any(shortened) || total(&widths) > room;
    let lines = cells.iter().map(|c| line(c)).collect();
    Table { header: columns_line(theme, columns, &widths), rows: lines, cut }
}

fn columns_line(theme: Theme, columns: &[String], widths: &[usize]) -> String {
    columns.iter().zip(widths).map(|(c, w)| padded(theme, c, *w)).collect::<Vec<_>>().join("  ")
}

fn natural(columns: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|c| c.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    widths
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + widths.len().saturating_sub(1) * 2
}

/// Takes from the widest column that holds no moments until the table fits. The first one, which says what a row
/// is, counts half.
fn shrink(widths: &mut [usize], moments: &[bool], room: usize) {
    for narrowest in NARROW {
        while total(widths) > room {
            let columns = widths.iter_mut().zip(moments).enumerate();
            let wide = columns.filter(|(_, (w, moment))| !**moment && **w > narrowest);
            let widest = wide.max_by_key(|(n, (w, _))| if *n == 0 { **w } else { **w * 2 });
            let Some((_, (width, _))) = widest else { break };
            *width -= 1;
        }
    }
}

/// Which columns hold moments.
fn moments(rows: &[Vec<String>], columns: usize) -> Vec<bool> {
    let holds = |n: usize| rows.iter().filter_map(|r| r.get(n)).any(|c| short(c).is_some() || is_short(c));
    (0..columns).map(holds).collect()
}

/// `2026-03-01T02:10:00.000Z` becomes `03-01 02:10:00Z` where all moments are of one year.
fn shorten_moments(rows: &mut [Vec<String>]) {
    let mut years = rows.iter().flatten().filter(|c| short(c).is_some()).filter_map(|c| c.get(..4));
    let first = years.next();
    if years.any(|year| Some(year) != first) {
        return;
    }
    for cell in rows.iter_mut().flatten() {
        if let Some(shorter) = short(cell) {
            *cell = shorter;
        }
    }
}

fn short(cell: &str) -> Option<String> {
    let whole = crate::ids::At::parse(cell).filter(|_| cell.is_ascii() && cell.ends_with('Z'))?.rfc3339();
    Some(format!("{} {}Z", whole.get(5..10)?, whole.get(11..19)?))
}

fn is_short(cell: &str) -> bool {
    let shape: String = cell.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "00-00 00:00:00Z"
}

/// A name cut in its middle keeps both ends, the last one longer; prose is left to be cut at its end.
fn middle(text: &str, width: usize) -> String {
    if text.width() <= width || width < 4 || text.contains(' ') {
        return text.to_owned();
    }
    let head = (width - 1) / 3;
    let tail = width - 1 - head;
    let front: String = taken(text.chars(), head).into_iter().collect();
    let back: String = taken(text.chars().rev(), tail).into_iter().rev().collect();
    format!("{front}…{back}")
}

fn taken(chars: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut used = 0;
    let within = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    chars.take_while(within).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(room: usize, rows: &[[&str; 3]]) -> Table {
        let columns = ["id", "data_of", "engine"].map(str::to_owned);
        let rows: Vec<Vec<String>> = rows.iter().map(|r| r.map(str::to_owned).to_vec()).collect();
        let rows: Vec<&[String]> = rows.iter().map(Vec::as_slice).collect();
        fitted(Theme::default(), room, &columns, &rows)
    }

    const LONG: &str = "arn:aws:rds:eu-west-1:111122223333:snapshot:orders-2026-03-01-02-10";

    #[test]
    fn a_table_with_room_shows_everything() {
        let table = table(120, &[[LONG, "2026-03-01T02:10:00Z", "16.3"]]);
        assert!(
            table.rows[0].starts_with(LONG) && table.rows[0].contains("2026-03-01T02:10:00Z") && !table.cut
        );
    }

    #[test]
    fn the_first_column_gives_way_in_its_middle_and_a_moment_stays_whole() {
        let table = table(50, &[[LONG, "2026-03-01T02:10:00Z", "16.3"]]);
        assert_eq!(table.rows[0], "arn:aws:…2026-03-01-02-10  03-01 02:10:00Z  16.3  ");
        assert!(table.cut);
    }

    #[test]
    fn moments_of_different_years_keep_them() {
        let rows = [[LONG, "2025-12-31T23:59:00Z", "16.3"], [LONG, "2026-01-01T00:10:00Z", "16.3"]];
        let table = table(50, &rows);
        assert!(
            table.rows[0].contains("2025-12-31T23:59:00Z") && table.rows[1].contains("2026-01-01T00:10:00Z")
        );
    }
}
