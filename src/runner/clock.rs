//! The only `now()` of the program.
//!
//! A run's time is the wall clock at the start of this life plus the time of a clock that runs through
//! suspend and cannot be set (`CLOCK_BOOTTIME`): a jump of the wall clock changes no decision (P15). In a drill
//! it is the drill's own time ([`DrillClock`]), which also says how long a pause lasts.

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};

use super::drill_clock::DrillClock;
use crate::ids::{At, Clock, Span};
use crate::journal::Stamp;
use crate::run::Performing;

/// A clock that stamps journal records; the simulator has one of its own.
pub trait Stamps: Clock {
    /// The clocks for one journal record.
    fn stamp(&self) -> Stamp;
}

/// A clock that can be waited for.
pub trait Timer: Clock {
    /// Ends when `span` has passed on this clock.
    fn sleep(&self, span: Span) -> Performing<'static, ()>;
}

/// The clock of one life of a run.
#[derive(Clone, Debug)]
pub struct RunClock {
    source: Source,
    boot: String,
}

#[derive(Clone, Debug)]
enum Source {
    Machine { base: At, base_boot: u64 },
    Drill(Arc<DrillClock>),
}

impl RunClock {
    /// Starts now, but never before `last`, the newest moment in the journal.
    pub fn starting_after(last: At) -> RunClock {
        let source = Source::Machine { base: wall().max(last), base_boot: boot_millis() };
        RunClock { source, boot: boot_id() }
    }

    /// The time of a drill.
    pub fn of_drill(clock: Arc<DrillClock>) -> RunClock {
        RunClock { source: Source::Drill(clock), boot: boot_id() }
    }

    /// The same clock for a run whose newest record is of `last`: its time goes on from there.
    #[must_use]
    pub fn after(&self, last: At) -> RunClock {
        match &self.source {
            Source::Machine { .. } => RunClock::starting_after(last),
            Source::Drill(clock) => {
                clock.reach(last);
                self.clone()
            }
        }
    }

    /// The drill's clock, in a drill.
    pub fn drill(&self) -> Option<&Arc<DrillClock>> {
        match &self.source {
            Source::Machine { .. } => None,
            Source::Drill(clock) => Some(clock),
        }
    }

    /// The clock on the wall, whatever time a drill plays in.
    pub fn wall(&self) -> At {
        match self.source {
            Source::Machine { .. } => self.now(),
            Source::Drill(_) => wall(),
        }
    }

    /// The clocks of this moment on the wall.
    pub fn wall_stamp(&self) -> Stamp {
        Stamp { wall: self.wall(), ..self.stamp() }
    }

    /// The clocks for one journal record.
    pub fn stamp(&self) -> Stamp {
        Stamp { wall: self.now(), m: boot_millis(), boot: self.boot.clone() }
    }
}

impl Stamps for RunClock {
    fn stamp(&self) -> Stamp {
        RunClock::stamp(self)
    }
}

impl Clock for RunClock {
    fn now(&self) -> At {
        match &self.source {
            Source::Machine { base, base_boot } => base.plus(Span(boot_millis().saturating_sub(*base_boot))),
            Source::Drill(clock) => clock.now(),
        }
    }
}

impl Timer for RunClock {
    fn sleep(&self, span: Span) -> Performing<'static, ()> {
        match &self.source {
            Source::Machine { .. } => Box::pin(tokio::time::sleep(span.std())),
            Source::Drill(clock) => Box::pin(DrillClock::sleep(Arc::clone(clock), span)),
        }
    }
}

fn wall() -> At {
    At(jiff::Timestamp::now().as_millisecond())
}

/// Milliseconds of a clock that only ever goes on.
pub(super) fn boot_millis() -> u64 {
    let t = clock_gettime(ClockId::Boottime);
    let millis = t.tv_sec.saturating_mul(1000).saturating_add(t.tv_nsec / 1_000_000);
    u64::try_from(millis).unwrap_or(0)
}

/// First characters of the kernel's boot id; tells `m` values of different boots apart.
fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_never_starts_before_the_last_record() {
        let future = At(wall().0 + 3_600_000);
        let clock = RunClock::starting_after(future);
        assert!(clock.now() >= future);
        assert!(clock.now() <= clock.now());
    }

    #[test]
    fn a_resumed_drill_goes_on_where_it_stood() {
        let clock = RunClock::of_drill(DrillClock::stepped(At(1_000)));
        assert_eq!(clock.after(At(5_000)).now(), At(5_000));
        assert_eq!(clock.after(At(2_000)).now(), At(5_000));
    }
}
