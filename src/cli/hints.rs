//! What the console of a drill is told beside the run: its brief, its hints, how its clock goes, its debrief.

use std::sync::PoisonError;

use super::backstage::Stage;
use super::drill::taken;
use crate::drill::hints;
use crate::ids::{RunId, StepPath};
use crate::run::{Command, What};
use crate::runner::{Handle, Trouble, exit};
use crate::tui::{Brief, Tempo};

impl Stage {
    /// How the drill's clock goes.
    pub fn tempo(&self) -> Option<Tempo> {
        let clock = self.drill.as_ref()?.cloud.clock();
        Some(if clock.paused() { Tempo::Paused } else { Tempo::Running(clock.pace()?) })
    }

    /// What the operator of the drill is told, the hints that were asked for included.
    pub fn brief(&self) -> Option<Brief> {
        let drill = self.drill.as_ref()?;
        let all = &drill.cloud.scenario().hints;
        let given = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        let hints = given.iter().filter_map(|number| all.get(number.checked_sub(1)?));
        Some(Brief { hints: hints.map(|hint| hint.text.trim().to_owned()).collect(), ..drill.brief() })
    }

    /// The hints of a run that is resumed are those its journal tells of.
    pub fn know_hints(&self, run: &RunId) {
        // A journal that cannot be read is told by the resuming itself.
        let stored = self.drill.is_some().then(|| self.world.stored(run).ok()).flatten();
        if let Some(stored) = stored {
            *self.hints.lock().unwrap_or_else(PoisonError::into_inner) = taken(&stored);
        }
    }

    /// Gives the next hint for a step, once the journal says that it was asked for. False where there is none.
    pub async fn give_hint(&self, path: &StepPath) -> Result<bool, Trouble> {
        let (Some(drill), Some(handle)) = (&self.drill, self.newest()) else { return Ok(false) };
        let given = self.hints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((number, hint)) = hints::next(drill.cloud.scenario(), path, &given) else {
            return Ok(false);
        };
        let note = What::Note { path: Some(path.clone()), text: hints::note(number, hint) };
        let command = Command { by: self.world.operator.clone(), reason: String::new(), what: note };
        match handle.command(command).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => return Err(unnoted(&refusal.to_string())),
            Err(_) => return Err(unnoted("the session has ended")),
        }
        self.hints.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        Ok(true)
    }

    /// The debrief of the run that has just ended, as it is printed later.
    pub fn debriefed(&self, wrong_phrases: u32) -> Option<String> {
        let (drill, run) = (self.drill.as_ref()?, self.newest()?.scene().run.clone());
        match run.ended.as_ref().map(|_| drill.judge(&run, wrong_phrases))? {
            Ok(debrief) => Some(debrief.text()),
            Err(trouble) => Some(format!("There is no debrief: {}", trouble.what)),
        }
    }

    fn newest(&self) -> Option<Handle> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.last().map(|(handle, _)| handle.clone())
    }
}

fn unnoted(why: &str) -> Trouble {
    Trouble::new(
        exit::UNFINISHED,
        format!("the hint was not given: {why}"),
        "a hint that is not in the journal would not be counted",
        "go on without it, or resume the drill",
    )
}
