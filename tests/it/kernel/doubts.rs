//! Unknown outcomes: what settles them, what does not, and what may go on meanwhile.

use ripcord::ids::Span;
use ripcord::run::{Fact, HoldKind, Proof, Refusal, StepState, What, verdict_phrase};
use ripcord::watch::UnreadKind;
use serde_json::json;

use super::desk::{Desk, SETTLE, ask, p, scale, scale_each};

/// Sent, and nobody knows.
fn doubted(steps: &str) -> (Desk, ripcord::ids::EffectName) {
    let mut desk = Desk::of(steps);
    let name = desk.send("down");
    desk.unclear(&name);
    (desk, name)
}

fn proofs(desk: &Desk) -> Vec<&Proof> {
    let of = |f: &'_ Fact| matches!(f, Fact::Executed { .. } | Fact::Rejected { .. });
    let proof = |f| match f {
        &Fact::Executed { ref proof, .. } | &Fact::Rejected { ref proof, .. } => proof,
        _ => unreachable!("filtered"),
    };
    desk.facts.iter().filter(|f| of(f)).map(proof).collect()
}

#[test]
fn it_happened_is_believed_on_the_first_reading_that_cannot_be_older_than_the_call() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.service("web", 0, 0).look();
    assert_eq!(desk.state("down"), StepState::Unknown, "this may be a state from before the call");
    desk.pass(Span::secs(60)).look();
    assert_eq!(desk.state("down"), StepState::Success);
    assert_eq!(proofs(&desk), [&Proof::Probe]);
}

#[test]
fn it_did_not_happen_is_believed_after_the_window_on_three_equal_readings_over_half_a_minute() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.pass(Span(SETTLE.0 - 20_000));
    desk.look().look().look();
    assert_eq!(desk.count("rejected"), 0, "the window has not passed");
    desk.pass(Span::secs(20)).look().look().look();
    assert_eq!(desk.count("rejected"), 0, "three readings within three seconds are one");
    desk.pass(Span::secs(30)).look();
    assert_eq!(desk.count("rejected"), 1);
    desk.rest();
    assert!(desk.run.gates.contains_key(&p("down")), "sending again needs a new confirmation");
}

#[test]
fn readings_that_disagree_or_fail_start_the_count_anew() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.pass(SETTLE);
    desk.look().pass(Span::secs(20));
    desk.errs("DescribeServices", UnreadKind::Transport, "").look().pass(Span::secs(20));
    desk.service("web", 3, 3).look();
    assert_eq!(desk.count("rejected"), 0);
    desk.pass(Span::secs(15)).look().pass(Span::secs(15)).look();
    assert_eq!(desk.count("rejected"), 1);
}

#[test]
fn a_new_life_counts_the_window_from_its_own_start() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.pass(Span::mins(60)).reopen();
    for _ in 0..3 {
        desk.look().pass(Span::secs(15));
    }
    assert_eq!(desk.count("rejected"), 0);
    desk.pass(SETTLE);
    for _ in 0..3 {
        desk.look().pass(Span::secs(15));
    }
    assert_eq!(desk.count("rejected"), 1);
}

#[test]
fn a_target_that_someone_else_has_changed_is_for_a_person_to_judge() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.service("web", 8, 8).pass(SETTLE);
    for _ in 0..3 {
        desk.look().pass(Span::secs(15));
    }
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::NeedsVerdict);
    assert_eq!(desk.count("rejected"), 0);
}

#[test]
fn what_leaves_no_trace_is_for_a_person_to_judge() {
    let restart = "  - name: down\n    action: aws.api\n    inputs: {service: ecs, operation: UpdateService, parameters: {cluster: shop, service: web, forceNewDeployment: true}}\n    undo: {none: x}\n";
    let (mut desk, name) = doubted(restart);
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::NeedsVerdict);
    let rule = |phrase: &str| What::Rule { name: name.clone(), happened: true, phrase: phrase.into() };
    assert_eq!(desk.command(rule("yes")), Err(Refusal::WrongPhrase("executed web".into())));
    desk.command(rule(&verdict_phrase("web", true))).unwrap();
    assert_eq!(proofs(&desk), [&Proof::Human { by: "ana".into() }]);
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn a_probe_that_can_never_be_read_asks_a_person() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.errs("DescribeServices", UnreadKind::Answer, "ClusterNotFoundException");
    desk.look().look();
    assert!(desk.held("down").is_none());
    desk.look();
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::NeedsVerdict);
}

#[test]
fn evidence_still_settles_what_a_person_was_asked_about() {
    let (mut desk, _) = doubted(&scale("down", 0));
    desk.errs("DescribeServices", UnreadKind::Answer, "ClusterNotFoundException");
    desk.look().look().look();
    desk.service("web", 0, 0).pass(Span::secs(60)).look();
    assert_eq!(desk.state("down"), StepState::Success);
}

#[test]
fn a_late_answer_settles_at_once() {
    let (mut desk, name) = doubted(&scale("down", 0));
    desk.executed(&name);
    assert_eq!(proofs(&desk), [&Proof::LateAnswer]);
}

#[test]
fn nothing_acts_on_an_unknown_outcome_but_evidence_and_a_verdict() {
    let (mut desk, _) = doubted(&format!(
        "{}    on_failure: continue\n    max_attempts: 5\n{}",
        scale("down", 0),
        ask("after")
    ));
    desk.look().pass(Span::mins(3)).look();
    assert_eq!((desk.state("down"), desk.state("after")), (StepState::Unknown, StepState::NotStarted));
    let unknown = Err(Refusal::Unknown("down".into()));
    for what in [
        What::Skip { path: p("down") },
        What::Retry { path: p("down") },
        What::Accept { path: p("down") },
        What::Abort,
        What::RollBack { to: "down".into() },
    ] {
        assert_eq!(desk.command(what.clone()), unknown, "{what:?}");
    }
}

#[test]
fn an_unknown_item_holds_its_own_list_and_the_others_go_on() {
    let mut desk = Desk::of(&scale_each("concurrency: 2"));
    desk.rest().confirm("each/one").look();
    let sent = desk.new_sends();
    desk.unclear(&sent[0]);
    desk.executed(&sent[1]);
    assert_eq!(desk.state(&sent[0].path.to_string()), StepState::Unknown);
    assert_eq!(desk.state(&sent[1].path.to_string()), StepState::Success);
    assert_eq!(desk.ended(), None);
    let item = sent[0].path.parent().unwrap();
    assert_eq!(desk.command(What::GiveUp { path: item }), Err(Refusal::Unknown(sent[0].path.to_string())));
}

#[test]
fn a_crash_between_intent_and_answer_is_an_unknown_outcome() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.send("down");
    desk.reopen();
    assert_eq!(desk.state("down"), StepState::Unknown);
    desk.service("web", 0, 0).pass(Span::secs(61)).look();
    assert_eq!(desk.state("down"), StepState::Success);
}

#[test]
fn what_was_there_before_the_call_is_no_evidence_of_it() {
    let mut desk = Desk::of(&scale("down", 3));
    let name = desk.send("down");
    assert!(desk.facts.iter().any(|f| matches!(f, Fact::Intent { already: true, .. })));
    desk.unclear(&name);
    desk.pass(Span::secs(90)).look();
    assert_eq!(desk.state("down"), StepState::Unknown);
}

#[test]
fn a_reboot_that_shows_no_trace_is_for_a_person_to_judge() {
    let reboot = "  - name: down\n    action: aws.api\n    inputs: {service: rds, operation: RebootDBInstance, parameters: {DBInstanceIdentifier: orders}}\n    undo: {none: x}\n";
    let (desk, _) = doubted(reboot);
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::NeedsVerdict);
}

#[test]
fn a_probe_of_the_author_stands_in_for_that_of_the_catalogue() {
    let own =
        format!("{}    probe: {{read: now, executed_when: \"runningCount == `1`\"}}\n", scale("down", 0));
    let (mut desk, _) = doubted(&own);
    desk.says("DescribeServices", "", json!({"services": [{"serviceName": "web", "runningCount": 1}]}));
    desk.pass(Span::secs(60)).look();
    assert_eq!(desk.state("down"), StepState::Success);
}

#[test]
fn a_backup_of_a_name_that_others_bear_too_is_for_a_person_to_judge() {
    let backup = "  - name: down\n    action: aws.api\n    inputs: {service: dynamodb, operation: CreateBackup, parameters: {TableName: orders, BackupName: before}}\n    undo: {none: x}\n";
    let mut desk = Desk::of(backup);
    desk.says(
        "ListBackups",
        "",
        json!({"BackupSummaries": [{"BackupName": "before", "BackupArn": "arn:old"}]}),
    );
    let name = desk.send("down");
    desk.unclear(&name);
    desk.rest();
    assert_eq!(desk.held("down").unwrap().kind, HoldKind::NeedsVerdict);
}
