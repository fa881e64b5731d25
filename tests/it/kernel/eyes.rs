//! Rounds of readings that go wrong.

use std::sync::Arc;

use ripcord::ids::{Clock, EffectName, StepPath};
use ripcord::run::{Call, Look, Outcome, Perform, Performing};
use ripcord::runner::{Reader, RunClock};
use ripcord::watch::{Question, Unread, UnreadKind};
use serde_json::Value;

use super::desk::{Desk, ask};

/// A performer with a bug.
struct Panics;

impl Perform for Panics {
    fn read<'a>(&'a self, _: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>> {
        Box::pin(async { panic!("a bug in a reader") })
    }

    fn send<'a>(&'a self, _: &'a EffectName, _: &'a Call) -> Performing<'a, Outcome> {
        Box::pin(async { panic!("a bug in a hand") })
    }
}

#[tokio::test]
async fn a_reader_that_panics_gives_an_error_and_not_silence() {
    let desk = Desk::of(&ask("look"));
    let clock = RunClock::starting_after(desk.now);
    let look = Look::over(Arc::clone(&desk.run), StepPath::default(), clock.now(), ["now".to_owned()]);
    let frame = Reader::new(Arc::new(Panics), Arc::new(clock.clone())).round(&look, clock.now()).await;
    let why = frame.value("now").unwrap_err();
    assert_eq!(why.kind, UnreadKind::Expression);
    assert!(why.message.contains("ripcord failed"), "{why}");
}
