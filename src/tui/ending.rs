//! How a console ended: what `cli` turns into an exit code, and the plain summary that stays on the terminal.

use std::sync::Arc;

use crate::ids::RunId;
use crate::run::{HoldKind, Run, RunState};
use crate::text::clean;

use super::model::Model;
use super::wants;

/// How a console ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The run that was open last, as it stood.
    pub run: Option<Arc<Run>>,
    /// Why its journal can no longer be written, or why its session stopped by itself.
    pub trouble: Option<String>,
    /// The session stopped although the run had not ended and nobody left.
    pub broken: bool,
    /// Phrases that were sent wrong.
    pub wrong_phrases: u32,
    /// The signal that ended the program.
    pub signal: Option<i32>,
    /// The exit code of the run that was named on the command line and could not be opened.
    pub refused: Option<u8>,
}

impl Ending {
    pub(super) fn of(model: &Model) -> Ending {
        let show = model.show();
        let run = show.map(|s| Arc::clone(&s.scene.run));
        let ended = run.as_ref().is_some_and(|r| r.ended.is_some());
        Ending {
            trouble: show.and_then(|s| s.scene.trouble.clone()),
            broken: show.is_some_and(|s| s.closed && s.leaving.is_none()) && !ended,
            run,
            wrong_phrases: model.wrong_phrases,
            signal: model.signal,
            refused: model.refused,
        }
    }

    /// The run and its state, if one was open.
    pub fn state(&self) -> Option<(&RunId, RunState)> {
        self.run.as_ref().map(|r| (&r.info.id, r.state()))
    }

    /// Why steps of the run hold.
    pub fn holds(&self) -> Vec<HoldKind> {
        let Some(run) = &self.run else { return vec![] };
        run.active.iter().filter_map(|p| Some(run.steps.get(p)?.hold.as_ref()?.kind)).collect()
    }

    /// Whether the outcome of a call is unknown.
    pub fn unknown(&self) -> bool {
        self.run.as_ref().is_some_and(|r| crate::run::doubted(r).next().is_some())
    }

    /// The lines that stay on the terminal; empty when no run was open.
    pub fn summary(&self) -> String {
        let Some(run) = &self.run else { return String::new() };
        let mut out = vec![format!("{} run {}: {}", run.book().id, run.info.id, run.state().word())];
        if let Some((_, why)) = run.ended.as_ref().filter(|(_, why)| !why.is_empty()) {
            out.push(format!("  {why}"));
        }
        if let Some(trouble) = &self.trouble {
            out.push(format!("  the journal can no longer be written: {trouble}"));
        }
        if run.ended.is_none() {
            let open = run.active.iter().filter(|p| run.plan.step(p).is_some_and(|s| s.steps.is_empty()));
            out.extend(open.map(|p| format!("  {} {p}", wants::word(run, p))));
            out.push("  Nothing was rolled back; the run is resumable.".into());
            out.push(format!("  Resume: ripcord resume {}", run.info.id));
        } else {
            out.push(format!("  Report: ripcord report {}", run.info.id));
        }
        out.iter().fold(String::new(), |text, line| text + &clean(line) + "\n")
    }
}
