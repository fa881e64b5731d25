//! Calls that are lost, late, held or refused, and the log that tells.

use std::thread;
use std::time::Duration;

use serde_json::json;

use super::ecs::{counts, set_count};
use crate::proxy::Fault;
use crate::world::{Options, World};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn what_moto_does_not_know_stays_unsupported_unless_a_script_answers() {
    let world = World::with(Options::default());
    assert!(world.try_aws(&["rds", "describe-account-attributes"]).is_err());
    let call = &world.proxy.log()[0];
    assert_eq!((call.outcome.status, call.is("DescribeAccountAttributes")), (Some(500), true));
}

#[test]
fn a_call_can_be_lost_before_or_after_it_is_executed() {
    let world = World::start();
    world.proxy.inject("CreateDBSnapshot", 1, Fault::DropBefore);
    world.proxy.inject("CreateDBSnapshot", 2, Fault::ApplyThenDrop);
    world.proxy.inject("CreateDBSnapshot", 3, Fault::ApplyThenFail);
    world.proxy.inject("CreateDBSnapshot", 4, Fault::HalfBody);
    world.proxy.inject("CreateDBSnapshot", 5, Fault::Html(503));
    let bare = world.bare();
    let exists = |name: &str| {
        crate::moto::try_aws_cli(
            bare.url(),
            &["rds", "describe-db-snapshots", "--db-snapshot-identifier", name],
        )
        .is_ok()
    };
    for (name, executed) in [("a", false), ("b", true), ("c", true), ("d", true), ("e", true)] {
        let create = [
            "rds",
            "create-db-snapshot",
            "--db-instance-identifier",
            "orders",
            "--db-snapshot-identifier",
            name,
        ];
        assert!(world.try_aws(&create).is_err(), "{name}: the client must not get a proper answer");
        assert_eq!(exists(name), executed, "{name}");
    }
    let outcomes: Vec<_> = world
        .proxy
        .mutations()
        .into_iter()
        .map(|call| (call.outcome.executed.is_some(), call.outcome.status))
        .collect();
    assert_eq!(outcomes, [(false, None), (true, None), (true, Some(500)), (true, None), (true, Some(503))]);
    assert!(world.proxy.repeated().is_empty());
}

#[test]
fn a_call_can_be_executed_after_the_client_has_given_up() {
    let world = World::start();
    world.proxy.inject("CreateDBSnapshot", 1, Fault::Late(Duration::from_millis(200)));
    let create = [
        "rds",
        "create-db-snapshot",
        "--db-instance-identifier",
        "orders",
        "--db-snapshot-identifier",
        "late",
    ];
    assert!(world.try_aws(&create).is_err());
    world.proxy.wait_for("the late call to be executed", SOON, |log| log[0].outcome.executed.is_some());
    assert_eq!(world.proxy.log()[0].outcome.status, None);
    let find = ["rds", "describe-db-snapshots", "--db-snapshot-identifier", "late"];
    assert_eq!(world.aws(&find)["DBSnapshots"][0]["Status"], "available");
}

#[test]
fn a_call_can_be_held_before_and_after_it_is_executed() {
    let world = World::start();
    for (nth, fault, executed) in [(1, Fault::HoldBefore, false), (2, Fault::HoldAfter, true)] {
        world.proxy.inject("CreateDBSnapshot", nth, fault);
        let name = format!("held-{nth}");
        let create = [
            "rds",
            "create-db-snapshot",
            "--db-instance-identifier",
            "orders",
            "--db-snapshot-identifier",
            &name,
        ];
        thread::scope(|scope| {
            let client = scope.spawn(|| world.try_aws(&create));
            let held = world.proxy.wait_held(SOON);
            assert_eq!((held.nth, held.outcome.executed.is_some()), (nth, executed));
            world.proxy.release();
            assert!(client.join().unwrap().is_ok());
        });
    }
}

#[test]
fn refusals_carry_the_code_of_their_protocol() {
    let world = World::start();
    let identity = ["sts", "get-caller-identity"];
    let clusters = ["ecs", "list-clusters"];
    for (fault, query, json) in [
        (Fault::throttled(), "Throttling", "ThrottlingException"),
        (Fault::expired_token(), "ExpiredToken", "ExpiredTokenException"),
        (Fault::access_denied(), "AccessDenied", "AccessDeniedException"),
    ] {
        world.proxy.inject_from_now("*", fault);
        assert!(world.try_aws(&identity).unwrap_err().contains(&format!("({query})")));
        assert!(world.try_aws(&clusters).unwrap_err().contains(&format!("({json})")));
        world.proxy.heal();
    }
    world.aws(&identity);
    let codes: Vec<_> = world.proxy.log().into_iter().map(|call| call.outcome.code).collect();
    assert_eq!(codes[0].as_deref(), Some("Throttling"));
    assert_eq!(codes[6], None);
}

#[test]
fn a_reading_can_be_stale_or_delayed() {
    let world = World::start();
    assert_eq!(counts(&world), [3, 3, 0]);
    set_count(&world, 4);
    world.proxy.inject("DescribeServices", 2, Fault::Stale);
    world.proxy.inject("DescribeServices", 3, Fault::Delay(Duration::from_millis(50)));
    assert_eq!(counts(&world), [3, 3, 0], "as before the update");
    assert_eq!(counts(&world), [4, 3, 0]);
}

#[test]
fn the_log_tells_what_was_called() {
    let world = World::start();
    set_count(&world, 4);
    set_count(&world, 4);
    world.aws(&["rds", "list-tags-for-resource", "--resource-name", "arn:aws:rds:eu-west-1:1:db:orders"]);
    let log = world.proxy.log();
    let call = &log[1];
    assert_eq!((call.seq, call.nth, call.service.as_str(), call.mutating), (2, 2, "ecs", true));
    assert_eq!(call.parameters, json!({"cluster": "prod", "service": "api", "desiredCount": 4}));
    assert!(call.line().starts_with("#2 UpdateService {"));
    assert_eq!(world.proxy.repeated().len(), 1);
    assert!(!log[2].mutating);
    assert!(log[0].at <= log[1].at && log[0].attempt <= 1);
}
