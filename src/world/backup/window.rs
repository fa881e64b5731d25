//! The windows of RDS, near which no backup job runs.

use crate::ids::At;

/// A job that would begin less than this many minutes before a window fails (AWS Backup developer guide, "Amazon
/// RDS", and `aws.md` §2: about an hour).
const NEAR: i64 = 60;
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

/// Whether `now` is in a window or less than an hour before it: `hh:mm-hh:mm` each day, or
/// `ddd:hh:mm-ddd:hh:mm` each week, in UTC. What is neither is no window.
pub(super) fn is_near(now: At, window: &str) -> bool {
    let Some((from, to)) = window.split_once('-') else { return false };
    let (Some(from), Some(to)) = (minute(from), minute(to)) else { return false };
    let period = if window.len() > 11 { WEEK } else { DAY };
    // The epoch was a Thursday.
    let minutes = now.0.div_euclid(60_000) + 3 * DAY;
    let length = (to - from).rem_euclid(period);
    (minutes - from + NEAR).rem_euclid(period) <= length + NEAR
}

/// Minutes since midnight, or since Monday where a day is named.
fn minute(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| part.parse::<i64>().ok();
    match parts.as_slice() {
        [hour, minute] => Some(number(hour)? * 60 + number(minute)?),
        [day, hour, minute] => {
            let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let day = days.iter().position(|d| d.eq_ignore_ascii_case(day))?;
            Some(i64::try_from(day).ok()? * DAY + number(hour)? * 60 + number(minute)?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_before_a_window_until_its_end_is_near() {
        // 2026-03-01 is a Sunday.
        for (time, window, near) in [
            ("2026-03-01T01:29:00Z", "02:30-03:00", false),
            ("2026-03-01T01:30:00Z", "02:30-03:00", true),
            ("2026-03-01T03:00:00Z", "02:30-03:00", true),
            ("2026-03-01T03:01:00Z", "02:30-03:00", false),
            ("2026-03-01T23:30:00Z", "00:10-00:40", true),
            ("2026-03-01T02:45:00Z", "sun:02:30-sun:03:00", true),
            ("2026-03-02T02:45:00Z", "sun:02:30-sun:03:00", false),
            ("2026-03-01T23:30:00Z", "mon:00:10-mon:00:40", true),
            ("2026-03-01T23:30:00Z", "any", false),
        ] {
            assert_eq!(is_near(At::parse(time).unwrap(), window), near, "{time} {window}");
        }
    }
}
