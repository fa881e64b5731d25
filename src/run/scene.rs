//! What front ends see: one immutable snapshot of a run and of what was last seen of the world.
//!
//! A live session, a drill and a replay make the same [`Scene`]. Every text in it that came from outside has
//! gone through [`clean`](crate::text::clean).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::look::Look;
use super::scope::{Fault, Scope};
use super::state::{Run, Stage};
use crate::ids::{At, Span, StepPath};
use crate::runbook::{Action, Column, Format, Pane};
use crate::text::clean;
use crate::watch::{Frame, Unread};

/// A run and the world around it at one moment.
#[derive(Clone, Debug)]
pub struct Scene {
    pub run: Arc<Run>,
    /// The newest round of readings of each step that looks.
    pub looks: BTreeMap<StepPath, Arc<Frame>>,
    pub panes: Vec<Arc<PaneView>>,
    /// What happened last, oldest first.
    pub log: Vec<LogLine>,
    /// First characters of the journal's newest hash.
    pub head: String,
    /// Why nothing more can be written, if so.
    pub trouble: Option<String>,
}

impl Scene {
    /// A scene of a run of which nothing has been seen yet.
    pub fn of(run: Arc<Run>) -> Scene {
        let panes = run.book().panes.iter().map(|p| Arc::new(PaneView::waiting(&clean(&p.title)))).collect();
        Scene { run, looks: BTreeMap::new(), panes, log: Vec::new(), head: String::new(), trouble: None }
    }
}

/// One line about something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// Counts the lines of a session.
    pub n: u64,
    pub at: At,
    /// The kind of fact.
    pub kind: &'static str,
    pub text: String,
}

/// A pane with its rows ready to be drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct PaneView {
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<PaneRow>,
    /// When the shown rows were asked.
    pub asked: Option<At>,
    /// Why there is nothing newer. The rows are then those of the last answer.
    pub trouble: Option<Unread>,
    /// How long until it is asked again at the latest; panes in which nothing changes are asked less often.
    pub every: Span,
}

/// One row of a pane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaneRow {
    pub cells: Vec<String>,
    /// None where the author states no rule, or it could not be judged.
    pub healthy: Option<bool>,
}

impl PaneView {
    fn waiting(title: &str) -> PaneView {
        PaneView {
            title: title.to_owned(),
            columns: vec![],
            rows: vec![],
            asked: None,
            trouble: None,
            every: Span::default(),
        }
    }

    /// Whether a reader would see no difference but the age.
    pub fn shows_the_same(&self, other: &PaneView) -> bool {
        self.rows == other.rows && self.trouble == other.trouble && other.asked.is_some()
    }

    /// The word that tells how far the rows can be trusted; none while they are fresh. They are so for `stale_after`,
    /// and for twice the time until they are asked again.
    pub fn word(&self, now: At, stale_after: Span) -> Option<&'static str> {
        let stale_after = stale_after.max(self.every.plus(self.every));
        match (&self.trouble, self.asked) {
            (Some(trouble), _) => Some(trouble.kind.word()),
            (None, None) => Some("WAIT"),
            (None, Some(asked)) if now.since(asked) > stale_after => Some("STALE"),
            (None, Some(_)) => None,
        }
    }
}

impl Run {
    /// Whether the run waits for a person: a gate, a hold, a question.
    pub fn asks_person(&self) -> bool {
        let asks = |path: &StepPath| {
            let (Some(step), Some(run)) = (self.plan.step(path), self.steps.get(path)) else { return false };
            let person =
                matches!(step.action, Action::Prompt(_) | Action::Manual(_) | Action::Approve { .. });
            run.hold.is_some() || (person && run.entered && matches!(run.stage, Stage::Fresh))
        };
        self.ended.is_some() || !self.gates.is_empty() || self.active.iter().any(asks)
    }

    /// The round behind a pane.
    pub fn pane_look(self: &Arc<Run>, pane: &Pane, now: At) -> Look {
        let mut look = Look::over(Arc::clone(self), StepPath::default(), now, [pane.read.clone()]);
        let exprs = pane.rows.iter().chain(&pane.healthy).chain(pane.columns.iter().map(|c| &c.value));
        for expr in exprs {
            look.used_by(expr.slot_roots());
        }
        look
    }

    /// A pane on one round; what was shown before stays when there is nothing newer.
    pub fn pane_view(&self, pane: &Pane, frame: &Frame, before: &PaneView, now: At) -> PaneView {
        let columns = pane.columns.iter().map(|c| clean(&c.title).into_owned()).collect();
        let asked = frame.readings.get(&pane.read).map(|r| r.asked);
        match self.pane_rows(pane, frame, now) {
            Ok(rows) => PaneView { columns, rows, asked, trouble: None, ..before.clone() },
            Err(fault) => PaneView { trouble: Some(fault.into()), columns, ..before.clone() },
        }
    }

    fn pane_rows(&self, pane: &Pane, frame: &Frame, now: At) -> Result<Vec<PaneRow>, Fault> {
        let top = StepPath::default();
        let scope = Scope::bare(self, &top, frame, now);
        let answer = frame.value(&pane.read).map_err(|why| Fault::Unread { read: pane.read.clone(), why })?;
        let rows = match &pane.rows {
            Some(rows) => scope.value_on(rows, answer)?,
            None => answer.as_ref().clone(),
        };
        let rows = match rows {
            Value::Array(rows) => rows,
            Value::Null => vec![],
            row => vec![row],
        };
        rows.iter()
            .map(|row| {
                let cells = pane.columns.iter().map(|c| cell(&scope, c, row)).collect();
                let healthy = pane.healthy.as_ref().and_then(|h| scope.test_on(h, row).ok());
                Ok(PaneRow { cells, healthy })
            })
            .collect()
    }
}

/// One cell as text; a value that cannot be had is a dash.
pub fn cell(scope: &Scope<'_>, column: &Column, row: &Value) -> String {
    let Ok(value) = scope.value_on(&column.value, row) else { return "-".into() };
    written(&value, column.format, scope.now)
}

fn written(value: &Value, format: Format, now: At) -> String {
    match (format, value) {
        (_, Value::Null) => "-".into(),
        (Format::Duration, Value::Number(n)) => {
            let seconds = n.as_f64().unwrap_or(0.0);
            let span = Span::secs(format!("{:.0}", seconds.abs()).parse().unwrap_or(u64::MAX / 1000));
            if seconds < 0.0 { format!("-{}", span.human()) } else { span.human() }
        }
        (Format::Age, Value::String(text)) => {
            At::parse(text).map_or_else(|| clean(text).into_owned(), |at| now.since(at).human())
        }
        (Format::Bytes, Value::Number(n)) => bytes(n.as_f64().unwrap_or(0.0)),
        (_, Value::String(text)) => {
            // Whole seconds are enough on a screen.
            let short = At::parse(text).filter(|_| text.len() == 24).map(|_| format!("{}Z", &text[..19]));
            short.unwrap_or_else(|| clean(text).into_owned())
        }
        (_, other) => clean(&other.to_string()).into_owned(),
    }
}

fn bytes(n: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut n, mut unit) = (n, 0);
    while n >= 1024.0 && unit + 1 < UNITS.len() {
        n /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n:.0} {}", UNITS[0]) } else { format!("{n:.1} {}", UNITS[unit]) }
}
