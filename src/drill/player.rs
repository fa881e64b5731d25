//! The operator of a drill that nobody sits at: answers and responds as the scenario says.

use std::sync::{Arc, Mutex, PoisonError};

use super::cloud::Cloud;
use super::scenario::{Deed, Occasion, Response};
use crate::ids::{Span, StepPath};

/// How long a drill may last in its own time before it counts as hanging.
const LONGEST: Span = Span::mins(7 * 24 * 60);

/// The good operator of one scenario.
pub struct Player {
    cloud: Arc<Cloud>,
    /// How often each response was given.
    given: Mutex<Vec<u64>>,
}

impl Player {
    pub fn new(cloud: &Arc<Cloud>) -> Player {
        let responses = cloud.scenario().response.len();
        Player { cloud: Arc::clone(cloud), given: Mutex::new(vec![0; responses]) }
    }

    /// What is answered at a step, whichever item it is for.
    pub fn answer(&self, path: &StepPath) -> Option<String> {
        self.cloud.scenario().answers.get(&path.unkeyed()).cloned()
    }

    /// What is done on an occasion; each response is given as often as the scenario says.
    pub fn response(&self, path: &StepPath, occasion: Occasion, why: &str) -> Option<Vec<Deed>> {
        let (scenario, path) = (self.cloud.scenario(), path.unkeyed());
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |r: &Response, n: u64| {
            r.step == path && r.occasion == occasion && n < r.times && why.contains(&r.because)
        };
        let index = (0..given.len()).find(|i| fits(&scenario.response[*i], given[*i]))?;
        given[index] += 1;
        Some(scenario.response[index].does.clone())
    }

    /// Whether any response was needed.
    pub fn responded(&self) -> bool {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|n| *n > 0)
    }

    /// Does what is no command to the run: calls in another terminal, and what no call can mend.
    pub fn elsewhere(&self, deed: &Deed) {
        match deed {
            Deed::Call(foreign) => {
                if let Err(refused) = self.cloud.deed(foreign) {
                    tracing::warn!(%refused, "the call of the response was refused");
                }
            }
            Deed::Place(things) => self.cloud.place(things),
            _ => {}
        }
    }

    /// Whether the drill goes on for longer than any recovery does.
    pub fn hangs(&self) -> bool {
        self.cloud.clock().now().since(self.cloud.scenario().now) > LONGEST
    }
}
