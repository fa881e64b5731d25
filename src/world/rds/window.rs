//! Weekly windows as RDS writes them: `sun:04:11-sun:04:41`, UTC.

use crate::ids::{At, Span};
use crate::world::Moment;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: i64 = 86_400_000;

/// A window that AWS assigns: half an hour at night.
pub(super) fn assigned(id: &str, moment: &Moment<'_>) -> String {
    let number = moment.dice.number(&format!("window/{id}"));
    let day = DAYS[usize::try_from(number % 7).unwrap_or(0)];
    let hour = number / 7 % 6;
    format!("{day}:{hour:02}:11-{day}:{hour:02}:41")
}

/// How long until a window opens next; `None` for a text that is none.
pub(super) fn until(window: &str, now: At) -> Option<Span> {
    let mut parts = window.get(..9)?.split(':');
    let day = parts.next().and_then(|d| DAYS.iter().position(|known| *known == d))?;
    let (hour, minute) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
    let start = i64::try_from(day).ok()? * DAY + (hour * 60 + minute) * 60_000;
    // The epoch was a Thursday: three days after a Monday.
    let since_monday = (now.0 + 3 * DAY).rem_euclid(7 * DAY);
    let ahead = (start - since_monday).rem_euclid(7 * DAY);
    Some(Span(u64::try_from(if ahead == 0 { 7 * DAY } else { ahead }).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_next_on_its_day() {
        let sunday = At::parse("2026-03-01T02:00:00Z").unwrap();
        for (window, minutes) in [
            ("sun:02:11-sun:02:41", 11),
            ("sun:02:00-sun:02:30", 7 * 24 * 60),
            ("sun:01:59-sun:02:29", 7 * 24 * 60 - 1),
            ("mon:00:00-mon:00:30", 22 * 60),
        ] {
            assert_eq!(until(window, sunday), Some(Span::mins(minutes)), "{window}");
        }
        for window in ["", "sometimes", "xyz:01:00-xyz:02:00", "mon:1x:00-mon:02:00"] {
            assert_eq!(until(window, sunday), None, "{window}");
        }
    }
}
