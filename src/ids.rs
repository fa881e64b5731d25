//! Names, places and times as types, and the trait that tells the time.
//!
//! Everything here is plain data: no clock is read, nothing is looked up. Start at [`StepPath`], the
//! name of one step instance inside a run, and [`At`], the moment on a run's clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment on a run's clock: milliseconds since the Unix epoch, never going backwards within a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(pub i64);

impl At {
    /// The moment `span` later.
    #[must_use]
    pub fn plus(self, span: Span) -> At {
        At(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    pub fn since(self, earlier: At) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with milliseconds and `Z`, the one spelling used in documents and reports.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| format!("{}ms", self.0), |t| format!("{t:.3}"))
    }

    /// `HH:MM:SS` in UTC, for lines that already stand under a date.
    pub fn clock(self) -> String {
        self.rfc3339().get(11..19).unwrap_or("??:??:??").to_owned()
    }

    /// `YYYY-MM-DD` in UTC.
    pub fn date(self) -> String {
        self.rfc3339().get(..10).unwrap_or("????-??-??").to_owned()
    }

    /// Reads an RFC 3339 timestamp with a zone.
    pub fn parse(text: &str) -> Option<At> {
        text.parse::<jiff::Timestamp>().ok().map(|t| At(t.as_millisecond()))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// A length of time in milliseconds, written `90s`, `15m`, `3h`, `2d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(pub u64);

impl Span {
    /// A span of whole seconds.
    pub const fn secs(n: u64) -> Span {
        Span(n * 1000)
    }

    /// A span of whole minutes.
    pub const fn mins(n: u64) -> Span {
        Span(n * 60_000)
    }

    /// The same span for the standard library and tokio.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }

    /// The two spans one after the other.
    #[must_use]
    pub const fn plus(self, more: Span) -> Span {
        Span(self.0.saturating_add(more.0))
    }

    /// Divides by a pace factor; a pace of 0 counts as 1.
    #[must_use]
    pub fn paced(self, pace: u32) -> Span {
        Span(self.0 / u64::from(pace.max(1)))
    }

    /// `4m 05s`, `1h 20m`, `3d 4h`: how people read a span.
    pub fn human(self) -> String {
        let s = self.0 / 1000;
        match s {
            0..=59 => format!("{s}s"),
            60..=3599 => format!("{}m {:02}s", s / 60, s % 60),
            3600..=86_399 => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
            _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3600),
        }
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number and a unit, such as 90s, 15m, 3h or 2d")]
pub struct NotASpan;

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Span, NotASpan> {
        let unit = text.chars().last().ok_or(NotASpan)?;
        let digits = text.strip_suffix(unit).unwrap_or_default();
        if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotASpan);
        }
        let n: u64 = digits.parse().map_err(|_| NotASpan)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(NotASpan),
        };
        Ok(Span(n * factor * 1000))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0 / 1000;
        match s {
            s if s > 0 && s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s > 0 && s % 3600 == 0 => write!(f, "{}h", s / 3600),
            s if s > 0 && s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Span, D::Error> {
        u64::deserialize(d).map(Span)
    }
}

/// Where something happens: the resolved account, region and role (DESIGN law 8).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// Name of the runbook's target.
    pub target: String,
    /// Twelve-digit account id.
    pub account: String,
    /// Region, such as `eu-west-1`.
    pub region: String,
    /// Role to assume, where the target names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account, self.region)
    }
}

/// Who acts: the principal AWS answers for our credentials.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    pub account: String,
    pub arn: String,
    pub user_id: String,
}

/// Names one run; a UUID version 7, so that names sort by start time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one life of a run: one process that opened it for writing. Counts from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Life(pub u32);

/// Counts the attempts of one effect, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub u16);

/// Names an effect inside its run: the step instance and the attempt (DESIGN §4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct EffectName {
    pub path: StepPath,
    pub attempt: Attempt,
}

impl fmt::Display for EffectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.path, self.attempt.0)
    }
}

/// Tells the time on a run's clock. Only the runner has a real one.
pub trait Clock: Send + Sync {
    fn now(&self) -> At;
}

/// One part of a [`StepPath`]: a step's name, and which item of its `for_each` is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Segment {
    pub name: String,
    pub key: Option<String>,
}

/// Names a step instance: `step`, `step[KEY]`, `step[KEY]/nested`, `step/undo/inner`.
///
/// A key may hold any character; `\` and `]` are escaped with `\`. The name `undo` is reserved for the
/// undo flow of the step before it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct StepPath(pub Vec<Segment>);

impl StepPath {
    /// The path of a top-level step.
    pub fn top(name: &str) -> StepPath {
        StepPath::default().then(name)
    }

    /// This path, one step deeper.
    #[must_use]
    pub fn then(&self, name: &str) -> StepPath {
        let mut path = self.clone();
        path.0.push(Segment { name: name.to_owned(), key: None });
        path
    }

    /// This path with the key of one item on its last part.
    #[must_use]
    pub fn item(&self, key: &str) -> StepPath {
        let mut path = self.clone();
        if let Some(last) = path.0.last_mut() {
            last.key = Some(key.to_owned());
        }
        path
    }

    /// The path without its last part.
    pub fn parent(&self) -> Option<StepPath> {
        (self.0.len() > 1).then(|| StepPath(self.0[..self.0.len() - 1].to_vec()))
    }

    /// The path without any key: the name of the gate over all items of a step.
    #[must_use]
    pub fn unkeyed(&self) -> StepPath {
        StepPath(self.0.iter().map(|s| Segment { name: s.name.clone(), key: None }).collect())
    }

    /// The last step name.
    pub fn name(&self) -> &str {
        self.0.last().map_or("", |s| &s.name)
    }

    /// Whether the path runs through an undo flow.
    pub fn in_undo(&self) -> bool {
        self.0.iter().any(|s| s.name == "undo")
    }

    /// Whether `self` is `other` or lies inside it; a part without key covers every item.
    pub fn within(&self, other: &StepPath) -> bool {
        self.0.len() >= other.0.len()
            && self
                .0
                .iter()
                .zip(&other.0)
                .all(|(a, b)| a.name == b.name && (b.key.is_none() || a.key == b.key))
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Segment { name, key }) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            f.write_str(name)?;
            if let Some(key) = key {
                write!(f, "[{}]", key.replace('\\', "\\\\").replace(']', "\\]"))?;
            }
        }
        Ok(())
    }
}

/// Why a text is not a step path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a step path such as step, step[KEY] or step[KEY]/nested")]
pub struct NotAPath(String);

impl FromStr for StepPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<StepPath, NotAPath> {
        let wrong = || NotAPath(text.to_owned());
        let mut path = StepPath::default();
        let mut chars = text.chars().peekable();
        loop {
            let mut name = String::new();
            while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
                name.push(c);
            }
            if name.is_empty() {
                return Err(wrong());
            }
            let key = if chars.next_if_eq(&'[').is_some() {
                Some(key(&mut chars).ok_or_else(wrong)?)
            } else {
                None
            };
            path.0.push(Segment { name, key });
            match chars.next() {
                None => return Ok(path),
                Some('/') => {}
                Some(_) => return Err(wrong()),
            }
        }
    }
}

fn key(chars: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut key = String::new();
    loop {
        match chars.next()? {
            ']' => return Some(key),
            '\\' => key.push(chars.next()?),
            c => key.push(c),
        }
    }
}

impl Serialize for StepPath {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepPath {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<StepPath, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_its_text() {
        let path = StepPath::top("a").item("x/y]z\\").then("undo").then("b");
        assert_eq!(path.to_string(), "a[x/y\\]z\\\\]/undo/b");
        assert_eq!(path.to_string().parse(), Ok(path.clone()));
        assert!(path.in_undo() && path.within(&"a".parse().unwrap()));
        assert_eq!(path.unkeyed().to_string(), "a/undo/b");
    }

    #[test]
    fn a_broken_path_is_refused() {
        for text in ["", "a/", "a[b", "a]b", "/a", "a b"] {
            assert!(text.parse::<StepPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!("90s".parse(), Ok(Span::secs(90)));
        assert_eq!("2d".parse::<Span>().unwrap().to_string(), "2d");
        for text in ["", "s", "15", "-1m", "1.5h", "1 m", "9999999999s"] {
            assert_eq!(text.parse::<Span>(), Err(NotASpan), "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        assert_eq!(At(1_772_329_205_007).rfc3339(), "2026-03-01T01:40:05.007Z");
        assert_eq!(At::parse("2026-03-01T02:40:05.007+01:00"), Some(At(1_772_329_205_007)));
        assert_eq!(At(5).since(At(9)), Span(0));
    }
}
