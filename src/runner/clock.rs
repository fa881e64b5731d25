//! The only `now()` of the program.
//!
//! A run's time is the wall clock at the start of this life plus the time of a clock that runs through
//! suspend and cannot be set (`CLOCK_BOOTTIME`): a jump of the wall clock changes no decision (P15).

use rustix::time::{ClockId, clock_gettime};

use crate::ids::{At, Clock};
use crate::journal::Stamp;

/// A clock that stamps journal records; the simulator has one of its own.
pub trait Stamps: Clock {
    /// The clocks for one journal record.
    fn stamp(&self) -> Stamp;
}

/// The clock of one life of a run.
#[derive(Clone, Debug)]
pub struct RunClock {
    base: At,
    base_boot: u64,
    boot: String,
}

impl RunClock {
    /// Starts now, but never before `last`, the newest moment in the journal.
    pub fn starting_after(last: At) -> RunClock {
        RunClock { base: wall().max(last), base_boot: boot_millis(), boot: boot_id() }
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
        let elapsed = boot_millis().saturating_sub(self.base_boot);
        At(self.base.0.saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX)))
    }
}

fn wall() -> At {
    At(jiff::Timestamp::now().as_millisecond())
}

fn boot_millis() -> u64 {
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
}
