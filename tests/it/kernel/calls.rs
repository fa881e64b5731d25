//! Calls: captured once, sent once, answered late or never, rejected and tried again.

use ripcord::ids::{Attempt, Span};
use ripcord::run::{Effect, HoldKind, Outcome, Proof, StepState, What};
use ripcord::watch::UnreadKind;
use serde_json::json;

use super::desk::{Desk, p, scale, scale_each};

fn captured(max_attempts: u32) -> String {
    format!("{}    capture: {{before: now}}\n    max_attempts: {max_attempts}\n", scale("down", 0))
}

#[test]
fn a_capture_is_taken_before_the_first_attempt_and_never_again() {
    let mut desk = Desk::of(&captured(1));
    let name = desk.send("down");
    desk.rejected(&name, "AccessDenied");
    desk.service("web", 0, 0);
    desk.command(What::Retry { path: p("down") }).unwrap();
    let again = desk.send("down");
    assert_eq!(again.attempt, Attempt(2));
    assert_eq!(desk.count("captured"), 1);
    let kept = desk.run.steps[&p("down")].captured.clone().unwrap();
    assert_eq!(kept["before"]["desiredCount"], 3);
}

#[test]
fn a_capture_that_is_null_holds_because_there_would_be_no_way_back() {
    let mut desk = Desk::of(&captured(1));
    desk.says("DescribeServices", "", json!({"services": [], "failures": []})).rest();
    assert!(desk.held("down").unwrap().why.contains("no way back"));
}

#[test]
fn a_proven_rejection_is_tried_again_under_the_same_confirmation_within_its_budget() {
    let mut desk = Desk::of(&captured(2));
    let first = desk.send("down");
    desk.rejected(&first, "ValidationException");
    assert!(desk.held("down").is_none());
    desk.pass(Span::secs(5)).look();
    let second = desk.new_sends().remove(0);
    assert_eq!(desk.count("confirmed"), 1);
    desk.rejected(&second, "ValidationException");
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Failed);
}

#[test]
fn a_throttled_call_is_sent_again_after_a_pause_that_doubles() {
    let mut desk = Desk::of(&scale("down", 0));
    let mut name = desk.send("down");
    for pause in [2, 4, 8] {
        desk.rejected(&name, "Throttling");
        let since = desk.looks()[0].since;
        assert_eq!(since, desk.now.plus(Span::secs(pause)));
        desk.pass(Span::secs(pause)).look();
        name = desk.new_sends().remove(0);
    }
    desk.rejected(&name, "Throttling");
    desk.pass(Span::secs(16)).look();
    let fifth = desk.new_sends().remove(0);
    desk.rejected(&fifth, "Throttling");
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Failed);
}

#[test]
fn expired_credentials_hold_in_place_and_a_retry_goes_on() {
    let mut desk = Desk::of(&scale("down", 0));
    let name = desk.send("down");
    desk.rejected(&name, "ExpiredToken");
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Credentials);
    desk.command(What::Retry { path: p("down") }).unwrap();
    let again = desk.send("down");
    desk.executed(&again);
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn expired_credentials_while_looking_hold_as_well() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.errs("DescribeServices", UnreadKind::Credentials, "ExpiredToken").rest();
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Credentials);
}

#[test]
fn an_answer_that_comes_twice_is_heard_once() {
    let mut desk = Desk::of(&format!("{}{}", scale("down", 0), super::desk::ask("look")));
    let name = desk.send("down");
    assert!(desk.executed(&name) > 0);
    assert_eq!(desk.executed(&name), 0);
    assert_eq!((desk.count("executed"), desk.count("conflict")), (1, 0));
}

#[test]
fn an_answer_that_comes_twice_is_no_conflict_after_a_redo_either() {
    let mut desk = Desk::of(&format!("{}{}", scale("down", 0), super::desk::ask("look")));
    let name = desk.send("down");
    desk.executed(&name);
    desk.command(What::Redo { step: "down".into() }).unwrap();
    assert_eq!(desk.executed(&name), 0);
}

#[test]
fn nothing_is_owed_to_another_life_nor_after_a_bare_fold() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.send("down");
    let old = desk.me;
    desk.reopen();
    assert_eq!(desk.run.owed(old), []);
    let sends = desk.owed().into_iter().any(|e| matches!(e, Effect::Send { .. }));
    assert!(!sends, "what was in flight is unknown now");
    assert_eq!(desk.state("down"), StepState::Unknown);
}

#[test]
fn the_success_of_an_attempt_held_to_be_lost_is_a_conflict_a_person_must_see() {
    let mut desk = Desk::of(&scale("down", 0));
    let first = desk.send("down");
    desk.unclear(&first);
    let phrase = ripcord::run::verdict_phrase("web", false);
    desk.command(What::Rule { name: first.clone(), happened: false, phrase }).unwrap();
    desk.executed(&first);
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Conflict);
    assert!(desk.run.steps[&p("down")].stands, "it happened, so it can be taken back");
    desk.command(What::Accept { path: p("down") }).unwrap();
    assert_eq!(desk.ended().unwrap().word(), "success_with_exceptions");
}

#[test]
fn the_success_of_an_attempt_before_the_present_one_holds_it() {
    let mut desk = Desk::of(&scale("down", 0));
    let first = desk.send("down");
    desk.unclear(&first);
    let phrase = ripcord::run::verdict_phrase("web", false);
    desk.command(What::Rule { name: first.clone(), happened: false, phrase }).unwrap();
    let second = desk.send("down");
    desk.executed(&first);
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Conflict);
    desk.executed(&second);
    assert_eq!(desk.state("down"), StepState::Success);
}

#[test]
fn the_success_of_a_lost_attempt_of_an_ended_step_stands_in_the_verdict() {
    let mut desk = Desk::of(&format!("{}{}", scale("down", 0), super::desk::ask("look")));
    let first = desk.send("down");
    desk.unclear(&first);
    let phrase = ripcord::run::verdict_phrase("web", false);
    desk.command(What::Rule { name: first.clone(), happened: false, phrase }).unwrap();
    let second = desk.send("down");
    desk.executed(&second);
    desk.executed(&first);
    assert_eq!(desk.count("conflict"), 1);
    desk.done("look");
    assert_eq!(desk.ended().unwrap().word(), "success_with_exceptions");
}

#[test]
fn concurrency_limits_how_many_items_are_sent_at_a_time() {
    let mut desk = Desk::of(&scale_each("concurrency: 1"));
    desk.rest().confirm("each/one").look();
    let first = desk.new_sends();
    assert_eq!(first.len(), 1);
    desk.rest();
    assert!(desk.new_sends().is_empty());
    desk.executed(&first[0]);
    desk.rest();
    assert_eq!(desk.new_sends().len(), 1);
}

#[test]
fn on_failure_abort_does_not_end_the_run_over_the_head_of_an_open_call() {
    let each = format!("{}        on_failure: abort\n", scale_each("concurrency: 2"));
    let mut desk = Desk::of(&each);
    desk.rest().confirm("each/one").look();
    let sent = desk.new_sends();
    desk.rejected(&sent[0], "AccessDenied");
    assert_eq!(desk.ended(), None);
    assert!(desk.held(&sent[0].path.to_string()).is_some());
    desk.executed(&sent[1]);
    assert!(
        desk.facts.iter().any(|f| matches!(f, ripcord::run::Fact::Executed { proof: Proof::Answer, .. }))
    );
}

#[test]
fn on_failure_abort_ends_the_run_when_nothing_is_open() {
    let mut desk = Desk::of(&format!("{}    on_failure: abort\n", scale("down", 0)));
    let name = desk.send("down");
    desk.rejected(&name, "AccessDenied");
    assert_eq!(desk.ended().unwrap().word(), "failed");
}

#[test]
fn a_verification_is_polled_and_its_deadline_holds() {
    let verify = "    verify: {read: now, until: \"runningCount == `0`\"}\n    timeout: 1m\n";
    let mut desk = Desk::of(&format!("{}{verify}", scale("down", 0)));
    let name = desk.send("down");
    desk.executed(&name);
    desk.rest();
    assert_eq!(desk.state("down"), StepState::Running);
    desk.pass(Span::mins(1)).advance();
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::TimedOut);
    desk.command(What::Extend { path: p("down"), span: Span::mins(5) }).unwrap();
    desk.service("web", 0, 0).rest();
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn extending_lifts_no_other_hold_than_that_of_time() {
    let verify = "    verify: {read: now, until: \"runningCount == `0`\"}\n    timeout: 1m\n";
    let mut desk = Desk::of(&format!("{}{verify}", scale("down", 0)));
    let first = desk.send("down");
    desk.unclear(&first);
    let phrase = ripcord::run::verdict_phrase("web", false);
    desk.command(What::Rule { name: first.clone(), happened: false, phrase }).unwrap();
    desk.executed(&first);
    desk.command(What::Extend { path: p("down"), span: Span::mins(5) }).unwrap();
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::Conflict);
}

#[test]
fn a_late_rejection_settles_an_unknown_outcome_and_asks_for_a_new_confirmation() {
    let mut desk = Desk::of(&scale("down", 0));
    let name = desk.send("down");
    desk.unclear(&name);
    desk.answer(
        &name,
        Outcome::Rejected { code: "AccessDenied".into(), message: "no".into(), request_id: None },
    );
    desk.rest();
    assert!(desk.run.gates.contains_key(&p("down")));
}

#[test]
fn a_capture_is_taken_again_as_long_as_nothing_was_sent() {
    let mut desk = Desk::of(&captured(1));
    desk.rest().confirm("down");
    desk.service("web", 6, 6).rest();
    assert_eq!(desk.count("ungranted"), 1, "the target changed after it was confirmed");
    let name = desk.send("down");
    desk.executed(&name);
    let kept = desk.run.steps[&p("down")].captured.clone().unwrap();
    assert_eq!(
        kept["before"]["desiredCount"], 6,
        "what is brought back is what was there right before the call"
    );
}

#[test]
fn an_item_that_fails_keeps_the_others_from_being_sent() {
    let mut desk = Desk::of(&scale_each("concurrency: 1"));
    desk.rest().confirm("each/one").look();
    let first = desk.new_sends().remove(0);
    desk.rejected(&first, "AccessDenied");
    desk.rest();
    assert!(desk.new_sends().is_empty());
    desk.command(What::Retry { path: first.path.clone() }).unwrap();
    desk.rest();
    assert_eq!(desk.new_sends().len(), 1, "once it is tried again, the next may go");
}

#[test]
fn an_item_that_holds_takes_no_slot_where_the_others_are_to_finish() {
    let each = scale_each("concurrency: 1, on_item_failure: finish_others_then_pause");
    let wait = "      - name: up\n        action: assert\n        inputs: {check: \"item != 'web'\", message: It never is}\n";
    let mut desk = Desk::of(&format!("{each}{wait}"));
    desk.rest().confirm("each/one").look();
    let first = desk.new_sends().remove(0);
    desk.executed(&first);
    desk.rest();
    if desk.held("each[web]/up").is_none() {
        let second = desk.new_sends().remove(0);
        desk.executed(&second);
        desk.rest();
    }
    assert!(desk.held("each[web]/up").is_some());
    desk.rest();
    let others = desk.new_sends().len() + usize::from(desk.state("each[api]/one") == StepState::Success);
    assert_eq!(others, 1, "the other item goes on");
}

#[test]
fn a_step_whose_output_is_missing_does_not_succeed() {
    let restart = "  - name: down\n    action: aws.api\n    inputs: {service: ecs, operation: UpdateService, parameters: {cluster: shop, service: web, forceNewDeployment: true}}\n    undo: {none: x}\n    outputs: [{name: arn, selector: service.serviceArn, type: string}]\n";
    let mut desk = Desk::of(restart);
    let name = desk.send("down");
    desk.unclear(&name);
    let phrase = ripcord::run::verdict_phrase("web", true);
    desk.command(What::Rule { name, happened: true, phrase }).unwrap();
    assert_eq!(desk.held("down").unwrap().why, "there is no value for arn");
    assert_eq!(desk.ended(), None);
}
