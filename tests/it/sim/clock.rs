//! The clock of a run in a test: it stands still until it is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ripcord::ids::{At, Clock};
use ripcord::journal::Stamp;
use ripcord::runner::Stamps;

/// The clock of a run: what the machine believes, moved by the simulator alone.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    pub fn set(&self, at: At) {
        self.0.store(at.0, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> At {
        At(self.0.load(Ordering::Relaxed))
    }
}

impl Stamps for VirtualClock {
    fn stamp(&self) -> Stamp {
        let wall = self.now();
        Stamp { wall, m: u64::try_from(wall.0).unwrap_or(0), boot: "5151".into() }
    }
}
