//! The time of a drill: `base + k·elapsed` while somebody watches, and steps when nobody does.
//!
//! A stepped clock stands still while anything is at work. Its runtime says when nothing is ([`DrillClock::idle`],
//! called as the last thread parks); then it goes on to the next moment that anyone waits for.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use tokio::sync::Notify;

use super::clock::boot_millis;
use crate::ids::{At, Span};

/// A drill's time. It never goes back.
#[derive(Debug)]
pub struct DrillClock {
    hands: Mutex<Hands>,
    /// The speed has changed, or the clock was stopped or set.
    changed: Notify,
}

#[derive(Debug)]
struct Hands {
    pace: Pace,
    /// Requests that are on their way: a stepped clock waits for them.
    busy: usize,
    sleepers: BTreeMap<(At, u64), Waker>,
    slept: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pace {
    /// `base` at `boot` milliseconds, `speed` times as fast as the wall; as fast as the wall while a person is asked.
    Running {
        base: At,
        boot: u64,
        speed: u32,
        asked: bool,
    },
    Paused {
        at: At,
        speed: u32,
        asked: bool,
    },
    Stepped {
        at: At,
    },
}

/// Something is at work; a stepped clock stands still until it is dropped.
#[derive(Debug)]
pub struct Busy(Arc<DrillClock>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.hands().busy -= 1;
    }
}

impl DrillClock {
    /// A clock that starts at `base` and runs `speed` times as fast as the wall.
    pub fn running(base: At, speed: u32) -> Arc<DrillClock> {
        DrillClock::with(Pace::Running { base, boot: boot_millis(), speed: speed.max(1), asked: false })
    }

    /// A clock that stands at `base` and goes on in steps.
    pub fn stepped(base: At) -> Arc<DrillClock> {
        DrillClock::with(Pace::Stepped { at: base })
    }

    fn with(pace: Pace) -> Arc<DrillClock> {
        let hands = Hands { pace, busy: 0, sleepers: BTreeMap::new(), slept: 0 };
        Arc::new(DrillClock { hands: Mutex::new(hands), changed: Notify::new() })
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> At {
        self.hands().pace.now()
    }

    /// How many times faster than the wall it runs; none where it goes in steps.
    pub fn speed(&self) -> Option<u32> {
        match self.hands().pace {
            Pace::Running { speed, .. } | Pace::Paused { speed, .. } => Some(speed),
            Pace::Stepped { .. } => None,
        }
    }

    /// How many times faster than the wall it goes now: as fast while a person is asked. None where it goes in steps.
    pub fn pace(&self) -> Option<u32> {
        match self.hands().pace {
            Pace::Running { asked: true, .. } | Pace::Paused { asked: true, .. } => Some(1),
            Pace::Running { speed, .. } | Pace::Paused { speed, .. } => Some(speed),
            Pace::Stepped { .. } => None,
        }
    }

    /// Whether somebody has stopped it.
    pub fn paused(&self) -> bool {
        matches!(self.hands().pace, Pace::Paused { .. })
    }

    /// Stops a running clock, or lets it go on.
    pub fn toggle(&self) {
        let mut hands = self.hands();
        hands.pace = match hands.pace {
            Pace::Running { speed, asked, .. } => Pace::Paused { at: hands.pace.now(), speed, asked },
            Pace::Paused { at, speed, asked } => {
                Pace::Running { base: at, boot: boot_millis(), speed, asked }
            }
            stepped @ Pace::Stepped { .. } => stepped,
        };
        drop(hands);
        self.changed.notify_waiters();
    }

    /// Says whether a person is asked: the time to read and to decide counts as it is, that of AWS is sped up.
    pub fn ask(&self, person: bool) {
        let mut hands = self.hands();
        let now = hands.pace.now();
        match &mut hands.pace {
            Pace::Running { base, boot, asked, .. } if *asked != person => {
                (*base, *boot, *asked) = (now, boot_millis(), person);
            }
            Pace::Paused { asked, .. } => *asked = person,
            Pace::Running { .. } | Pace::Stepped { .. } => return,
        }
        drop(hands);
        self.changed.notify_waiters();
    }

    /// Goes on to `at`, unless it is past it.
    pub fn reach(&self, at: At) {
        let mut hands = self.hands();
        if hands.pace.now() >= at {
            return;
        }
        match &mut hands.pace {
            Pace::Running { base, boot, .. } => (*base, *boot) = (at, boot_millis()),
            Pace::Paused { at: stands, .. } | Pace::Stepped { at: stands } => *stands = at,
        }
        hands.wake_due();
        drop(hands);
        self.changed.notify_waiters();
    }

    /// Says how long something took: no two moments of a stepped clock are one because nobody waited between them.
    pub fn took(&self, span: Span) {
        let mut hands = self.hands();
        if let Pace::Stepped { at } = &mut hands.pace {
            *at = at.plus(span);
            hands.wake_due();
        }
    }

    /// Says that something is at work.
    pub fn busy(self: &Arc<DrillClock>) -> Busy {
        self.hands().busy += 1;
        Busy(Arc::clone(self))
    }

    /// Called when no task can go on by itself: unless a request is on its way, a stepped clock goes on to the next
    /// moment anyone waits for.
    pub fn idle(&self) {
        let mut hands = self.hands();
        let Pace::Stepped { at } = hands.pace else { return };
        let next = hands.sleepers.first_key_value().map(|((until, _), _)| *until);
        if let Some(next) = next.filter(|_| hands.busy == 0) {
            hands.pace = Pace::Stepped { at: at.max(next) };
            hands.wake_due();
        }
    }

    /// Ends when `span` has passed on this clock.
    pub async fn sleep(clock: Arc<DrillClock>, span: Span) {
        let until = clock.now().plus(span);
        if clock.speed().is_none() {
            return clock.step_to(until).await;
        }
        loop {
            // Asked for before the clock is read: a change in between is not missed.
            let changed = clock.changed.notified();
            let left = until.since(clock.now());
            if left == Span(0) {
                return;
            }
            let wait = clock.wait_of(left);
            tokio::select! {
                () = async { match wait { Some(wait) => tokio::time::sleep(wait).await, None => std::future::pending().await } } => {}
                () = changed => {}
            }
        }
    }

    /// How long `left` lasts on the wall; none while the clock stands.
    fn wait_of(&self, left: Span) -> Option<std::time::Duration> {
        match self.hands().pace {
            Pace::Running { speed, .. } => {
                Some((left.std() / speed).max(std::time::Duration::from_millis(1)))
            }
            Pace::Paused { .. } | Pace::Stepped { .. } => None,
        }
    }

    async fn step_to(self: Arc<DrillClock>, until: At) {
        let mut seat = Seat { clock: self, name: None };
        poll_fn(move |context| seat.poll(until, context.waker())).await;
    }
}

/// One sleeper; whoever is dropped is not waited for.
struct Seat {
    clock: Arc<DrillClock>,
    name: Option<(At, u64)>,
}

impl Seat {
    fn poll(&mut self, until: At, waker: &Waker) -> Poll<()> {
        let mut hands = self.clock.hands();
        if hands.pace.now() >= until {
            return Poll::Ready(());
        }
        let name = *self.name.get_or_insert_with(|| {
            hands.slept += 1;
            (until, hands.slept)
        });
        hands.sleepers.insert(name, waker.clone());
        Poll::Pending
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(name) = self.name {
            self.clock.hands().sleepers.remove(&name);
        }
    }
}

impl Hands {
    fn wake_due(&mut self) {
        let now = self.pace.now();
        let later = self.sleepers.split_off(&(At(now.0.saturating_add(1)), 0));
        for waker in std::mem::replace(&mut self.sleepers, later).into_values() {
            waker.wake();
        }
    }
}

impl Pace {
    fn now(self) -> At {
        match self {
            Pace::Running { base, boot, speed, asked } => {
                let speed = if asked { 1 } else { speed };
                base.plus(Span(boot_millis().saturating_sub(boot).saturating_mul(u64::from(speed))))
            }
            Pace::Paused { at, .. } | Pace::Stepped { at } => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::in_steps;

    #[test]
    fn a_stepped_clock_goes_from_sleeper_to_sleeper() {
        let clock = DrillClock::stepped(At(0));
        let order = Arc::new(Mutex::new(Vec::new()));
        in_steps(&clock, async {
            let sleepers = [30, 10, 20].map(|secs| {
                let (clock, order) = (Arc::clone(&clock), Arc::clone(&order));
                tokio::spawn(async move {
                    DrillClock::sleep(Arc::clone(&clock), Span::secs(secs)).await;
                    order.lock().unwrap().push((secs, clock.now()));
                })
            });
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
        })
        .unwrap();
        let woke = |secs: u64| (secs, At(0).plus(Span::secs(secs)));
        assert_eq!(*order.lock().unwrap(), [woke(10), woke(20), woke(30)]);
    }

    #[test]
    fn a_stepped_clock_stands_while_something_is_at_work() {
        let clock = DrillClock::stepped(At(0));
        in_steps(&clock, async {
            let sleeper = tokio::spawn(DrillClock::sleep(Arc::clone(&clock), Span::secs(5)));
            let busy = clock.busy();
            // A real pause: the runtime parks meanwhile, and the clock must not move.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            assert_eq!(clock.now(), At(0));
            drop(busy);
            sleeper.await.unwrap();
            assert_eq!(clock.now(), At(5_000));
        })
        .unwrap();
    }

    #[test]
    fn what_took_its_time_moves_a_stepped_clock_only() {
        let (stepped, running) = (DrillClock::stepped(At(0)), DrillClock::running(At(0), 1));
        running.toggle();
        let stood = running.now();
        for clock in [&stepped, &running] {
            clock.took(Span(5));
        }
        assert_eq!((stepped.now(), running.now()), (At(5), stood));
    }

    #[test]
    fn who_no_longer_waits_is_not_waited_for() {
        let clock = DrillClock::stepped(At(0));
        in_steps(&clock, async {
            let gone = tokio::spawn(DrillClock::sleep(Arc::clone(&clock), Span::secs(1)));
            let busy = clock.busy();
            tokio::task::yield_now().await;
            gone.abort();
            assert!(gone.await.is_err());
            drop(busy);
            DrillClock::sleep(Arc::clone(&clock), Span::secs(9)).await;
            assert_eq!(clock.now(), At(9_000));
        })
        .unwrap();
    }

    #[test]
    fn while_a_person_is_asked_a_second_is_a_second() {
        let clock = DrillClock::running(At(0), 1_000_000);
        clock.ask(true);
        let (before, wall) = (clock.now(), boot_millis());
        std::thread::yield_now();
        let (passed, took) = (clock.now().since(before), boot_millis() - wall);
        assert!(passed.0 <= took + 1, "{passed:?} in {took} ms");
        assert_eq!((clock.speed(), clock.pace()), (Some(1_000_000), Some(1)));
        clock.ask(false);
        assert_eq!(clock.pace(), Some(1_000_000));
    }

    #[test]
    fn a_paused_clock_stands_and_goes_on_from_there() {
        let clock = DrillClock::running(At(0), 1_000_000);
        clock.toggle();
        let stood = clock.now();
        assert!(clock.paused());
        assert_eq!(clock.now(), stood);
        clock.toggle();
        assert!(!clock.paused());
        assert!(clock.now() >= stood);
    }
}
