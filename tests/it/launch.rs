//! How a run starts and is opened again: who we are, whose clock is right, where it may stop. On a stub of AWS.

use std::path::Path;
use std::sync::{Arc, Mutex};

use ripcord::headless::{Driver, Script, Style};
use ripcord::ids::{At, Clock, EffectName, Place, RunId, Span};
use ripcord::journal::{EndpointKind, LocalDisk, Shelf};
use ripcord::run::{Call, CheckVerdict, Outcome, Perform, Performing};
use ripcord::runbook::{Runbook, load};
use ripcord::runner::{Checked, RunClock, Stored, Trouble, World, exit};
use ripcord::watch::{Question, Unread, UnreadKind};
use serde_json::{Map, Value, json};

/// A runbook that asks a person three times and calls nothing.
const BOOK: &str = "\
schema: 1
id: still
title: Still
version: 1.0.0
owner: sre
description: Asks.
targets:
  main: {region: eu-west-1}
steps:
  - {name: first, title: First, action: manual, inputs: {checklist: [All is well]}}
  - {name: second, title: Second, action: manual, inputs: {checklist: [All is well]}}
  - {name: third, title: Third, action: manual, inputs: {checklist: [All is well]}}
";

const ROLE: &str = "arn:aws:iam::222222222222:role/recovery";

/// Answers who we are, and nothing else.
#[derive(Default)]
struct Stub {
    asked: Mutex<Vec<Question>>,
    /// How far its clock is from ours, in milliseconds.
    ahead: Option<i64>,
    refuses: bool,
}

impl Perform for Stub {
    fn read<'a>(&'a self, question: &'a Question) -> Performing<'a, Result<Arc<Value>, Unread>> {
        self.asked.lock().unwrap().push(question.clone());
        let account = if question.place.role_arn.is_some() { "222222222222" } else { "111111111111" };
        let answer = json!({"Account": account, "Arn": format!("arn:aws:sts::{account}:x"), "UserId": "u"});
        let refused = Err(Unread::new(UnreadKind::Credentials, "SignatureDoesNotMatch: expired"));
        Box::pin(async move { if self.refuses { refused } else { Ok(Arc::new(answer)) } })
    }

    fn send<'a>(&'a self, _: &'a EffectName, call: &'a Call) -> Performing<'a, Outcome> {
        panic!("nothing of this calls {call:?}")
    }

    fn endpoint_time(&self, _: &Place) -> Option<At> {
        self.ahead.map(|ms| At(RunClock::starting_after(At(0)).now().0 + ms))
    }
}

fn world_with(state: &Path, endpoint: EndpointKind, stub: Stub) -> World {
    World {
        perform: Arc::new(stub),
        clock: RunClock::starting_after(At(0)),
        loopback: endpoint == custom("127.0.0.1:5000"),
        endpoint,
        region: "eu-west-1".into(),
        shelf: Shelf::at(LocalDisk, state),
        operator: "ana".into(),
        read_only: false,
        pace: 100,
    }
}

fn world(state: &Path) -> World {
    world_with(state, custom("127.0.0.1:5000"), Stub::default())
}

fn custom(host: &str) -> EndpointKind {
    EndpointKind::Custom { host: host.into() }
}

fn book(text: &str) -> Arc<Runbook> {
    Arc::new(load("still.yaml", text.as_bytes()).unwrap())
}

async fn checked(world: &World, text: &str) -> Result<Checked, Trouble> {
    world.check(&book(text), &Map::new()).await
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Starts a run, answers its first step and leaves it there.
async fn left_before_second(world: &World, plan: Option<&str>) -> RunId {
    let checked = checked(world, BOOK).await.unwrap();
    let plan = plan.map(str::to_owned);
    let (session, handle, id) = world.start(&checked, plan, Some("second".into()), false).unwrap();
    let work = tokio::spawn(session.run());
    let script = Script::parse("ana", &[], &["first=done".into()]).unwrap();
    let mut out = Vec::new();
    let code = Driver::new(handle, world.reader(), &script, Style::Plain, &mut out).drive().await;
    work.await.unwrap();
    assert_eq!(code, exit::UNFINISHED, "{}", String::from_utf8_lossy(&out));
    id
}

/// A live run that was left unfinished, as it lies on the disk. `plan` is what it was started on.
#[cfg(feature = "aws")]
pub async fn live_run(state: &Path, plan: Option<&str>) -> RunId {
    left_before_second(&world_with(state, EndpointKind::Live, Stub::default()), plan).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_before_main_steps_that_are_still_to_come_and_no_others() {
    let state = folder();
    let world = world(state.path());
    let checked = checked(&world, BOOK).await.unwrap();
    let start = |name: &str| world.start(&checked, None, Some(name.into()), false).err().unwrap();
    let typo = start("secnd");
    assert_eq!((typo.code, typo.next.as_str()), (exit::USAGE, "did you mean `second`?"));
    assert_eq!(start("group/inner").next, "name one of: first, second, third");
    assert!(world.shelf.list().unwrap().is_empty(), "something was started");

    let id = left_before_second(&world, None).await;
    let over = world.resume(&id, Some("first".into()), false).await.err().unwrap();
    assert_eq!(over.code, exit::USAGE);
    assert!(over.what.contains("`first` has begun already"), "{}", over.what);
    assert!(world.resume(&id, Some("thrid".into()), false).await.is_err());
    for still_to_come in ["second", "third"] {
        world.resume(&id, Some(still_to_come.into()), false).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_proven_in_its_role_at_start_and_at_resume() {
    let state = folder();
    let stub = Arc::new(Stub::default());
    let perform: Arc<dyn Perform> = Arc::clone(&stub) as Arc<dyn Perform>;
    let world = World { perform, ..world(state.path()) };
    let target = format!("{{region: eu-west-1, role_arn: '{ROLE}', account: '222222222222'}}");
    let text = BOOK.replace("{region: eu-west-1}", &target);
    let checked = checked(&world, &text).await.unwrap();
    assert_eq!(checked.places[0].account, "222222222222");
    let (session, _, id) = world.start(&checked, None, None, false).unwrap();
    drop(session);
    world.resume(&id, None, false).await.unwrap();
    let asked = stub.asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|q| q.place.role_arn.as_deref() == Some(ROLE)), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_this_machine_that_goes_on_elsewhere_waits_as_long_as_it_must_there() {
    let state = folder();
    let id = left_before_second(&world(state.path()), None).await;
    let info = |world: World| {
        let id = id.clone();
        async move { world.resume(&id, None, false).await.unwrap().1.scene().run.info.clone() }
    };
    let here = info(world(state.path())).await;
    assert_eq!((here.settle, here.pace), (Span::secs(2), 100));
    let there = info(world_with(state.path(), custom("aws.example.test"), Stub::default())).await;
    assert_eq!((there.settle, there.pace), (Span::mins(7), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_good_for_two_minutes() {
    let state = folder();
    let world = world(state.path());
    let mut checked = checked(&world, BOOK).await.unwrap();
    checked.frame.asked = At(world.clock.now().0 - 121_000);
    let old = world.start(&checked, None, None, false).err().unwrap();
    assert_eq!(old.code, exit::PREFLIGHT);
    assert!(old.what.contains("2m 01s") && old.next.contains("check again"), "{}", old.lines());
    assert!(world.shelf.list().unwrap().is_empty());
    checked.frame.asked = At(world.clock.now().0 - 60_000);
    world.start(&checked, None, None, false).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_checked_right_after_the_identity() {
    let state = folder();
    for (ahead, verdict, says) in [
        (None, CheckVerdict::Skip, "no date"),
        (Some(0), CheckVerdict::Ok, "within 1 s of the endpoint"),
        (Some(-20_000), CheckVerdict::Ok, "within 2"),
        (Some(35_000), CheckVerdict::Warn, "from the clock of the endpoint"),
        (Some(-35_000), CheckVerdict::Warn, "from the clock of the endpoint"),
        (Some(250_000), CheckVerdict::Fail, "AWS refuses signatures"),
        (Some(-250_000), CheckVerdict::Fail, "AWS refuses signatures"),
    ] {
        let stub = Stub { ahead, ..Stub::default() };
        let world = world_with(state.path(), custom("127.0.0.1:5000"), stub);
        let checked = checked(&world, BOOK).await.unwrap();
        let names: Vec<&str> = checked.preflight.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["identity", "clock"]);
        let clock = &checked.preflight[1];
        assert_eq!(clock.verdict, verdict, "{ahead:?}: {}", clock.message);
        assert!(clock.message.contains(says), "{ahead:?}: {}", clock.message);
        let started = world.start(&checked, None, None, false).map(|_| ());
        assert_eq!(started.map_err(|t| t.code), if checked.failed() { Err(exit::PREFLIGHT) } else { Ok(()) });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_refused_for_the_clock_are_not_blamed() {
    let state = folder();
    let refused = |ahead| {
        let stub = Stub { ahead, refuses: true, ..Stub::default() };
        world_with(state.path(), custom("127.0.0.1:5000"), stub)
    };
    let clock = checked(&refused(Some(360_000)), BOOK).await.err().unwrap();
    assert_eq!(
        (clock.code, clock.next.contains("set the clock")),
        (exit::PREFLIGHT, true),
        "{}",
        clock.lines()
    );
    let keys = checked(&refused(Some(1000)), BOOK).await.err().unwrap();
    assert_eq!(
        (keys.code, keys.next.contains("log in again")),
        (exit::CREDENTIALS, true),
        "{}",
        keys.lines()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_of_a_target_is_refused_by_name() {
    let state = folder();
    let text = BOOK.replace("{region: eu-west-1}", "{region: eu-west-1, profile: prod}");
    let refused = checked(&world(state.path()), &text).await.err().unwrap();
    assert_eq!(refused.code, exit::USAGE);
    assert!(refused.what.contains("target `main` (profile `prod`)"), "{}", refused.what);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_a_run_was_held_against_stands_in_its_journal() {
    let state = folder();
    let world = world(state.path());
    let id = left_before_second(&world, Some("d1gest")).await;
    let header = Stored::read(&world.shelf, &id).unwrap().header;
    assert_eq!(header.plan.as_deref(), Some("d1gest"));
    let without = json!(ripcord::journal::Header { plan: None, ..header });
    assert!(without.get("plan").is_none());
    assert_eq!(serde_json::from_value::<ripcord::journal::Header>(without).unwrap().plan, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_of_a_run_is_cleaned() {
    let text = BOOK.replace(
        "{name: first, title: First, action: manual, inputs: {checklist: [All is well]}}",
        "{name: first, title: First, action: prompt, inputs: {message: How many?, type: integer}}",
    );
    for style in [Style::Plain, Style::Json] {
        let state = folder();
        let world = world(state.path());
        let checked = checked(&world, &text).await.unwrap();
        let (session, handle, _) = world.start(&checked, None, None, false).unwrap();
        let work = tokio::spawn(session.run());
        let script = Script::parse("ana", &[], &["first=\u{1b}[2J\u{202e}".into()]).unwrap();
        let mut out = Vec::new();
        Driver::new(handle, world.reader(), &script, style, &mut out).drive().await;
        work.await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("\\u001b"), "{text:?}");
        assert!(text.contains("u{1b}"), "the answer is named: {text}");
    }
}
