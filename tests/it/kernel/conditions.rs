//! Waits, assertions, comparisons, branches: what a reading may prove.

use ripcord::ids::Span;
use ripcord::run::{HoldKind, Purpose, StepState, What};
use ripcord::watch::UnreadKind;
use serde_json::json;

use super::desk::{Desk, ask, instance, p};

fn wait(inputs: &str) -> String {
    format!("  - name: wait\n    action: wait\n    inputs: {{{inputs}}}\n    timeout: 10m\n{}", ask("after"))
}

#[test]
fn what_fails_a_wait_is_judged_before_what_ends_it() {
    let mut desk = Desk::of(&wait(
        "until: \"reads.now.runningCount == `3`\", fail_when: \"reads.now.desiredCount == `3`\"",
    ));
    desk.rest();
    assert!(desk.held("wait").unwrap().why.starts_with("it failed"));
}

#[test]
fn a_wait_must_have_left_what_it_waits_to_leave() {
    let mut desk = Desk::of(&wait(
        "until: \"reads.now.runningCount == `3`\", must_leave: \"reads.now.runningCount == `3`\"",
    ));
    desk.rest();
    assert_eq!((desk.state("wait"), desk.count("left")), (StepState::Waiting, 0));
    desk.service("web", 3, 0).look();
    desk.service("web", 3, 3).look();
    assert_eq!((desk.state("wait"), desk.count("left")), (StepState::Success, 1));
}

#[test]
fn a_condition_must_hold_on_consecutive_readings() {
    let mut desk = Desk::of(&wait("until: \"reads.now.runningCount == `0`\", stable_for: 3"));
    for running in [0, 0, 1, 0, 0] {
        desk.service("web", 0, running).look();
    }
    assert_eq!(desk.state("wait"), StepState::Waiting);
    desk.look();
    assert_eq!(desk.state("wait"), StepState::Success);
}

#[test]
fn an_absent_row_is_not_a_fine_row() {
    let rows = "until: \"length(reads.all[?runningCount != `0`]) == `0`\", rows: {all: {exactly: 2}}";
    let mut desk = Desk::of(&wait(rows));
    desk.says("DescribeServices", "", json!({"services": [], "failures": []})).rest();
    assert_eq!(desk.state("wait"), StepState::Waiting);
    desk.service("web", 0, 0).service("api", 0, 0).rest();
    assert_eq!(desk.state("wait"), StepState::Success);
}

#[test]
fn the_answer_of_an_item_knows_its_item() {
    let steps = "  - name: note\n    action: assert\n    inputs: {check: \"length(reads.each) == `2`\", rows: {each: {exactly: 2}}, message: It is not so}\n    outputs: [{name: all, selector: reads.each, type: list}]\n";
    let mut desk = Desk::of(&(steps.to_owned() + &ask("after")));
    desk.service("web", 3, 1).service("api", 3, 2).rest();
    assert_eq!(
        desk.run.steps[&p("note")].outputs["all"],
        json!([{"asked": "web", "at": 0, "runningCount": 1}, {"asked": "api", "at": 1, "runningCount": 2}])
    );
}

#[test]
fn an_error_code_is_borne_for_as_long_as_its_author_says() {
    let mut desk = Desk::of(&wait(
        "until: \"reads.db.DBInstanceStatus == 'available'\", tolerate: {DBInstanceNotFound: 2m}",
    ));
    desk.errs("DescribeDBInstances", UnreadKind::Answer, "DBInstanceNotFound").rest();
    assert_eq!(desk.state("wait"), StepState::Waiting);
    desk.pass(Span::mins(2)).rest();
    assert_eq!(desk.held("wait").unwrap().kind, HoldKind::Failed);
}

#[test]
fn an_error_code_nobody_bears_fails_the_wait_and_a_passing_trouble_does_not() {
    let mut desk = Desk::of(&wait("until: \"reads.db.DBInstanceStatus == 'available'\""));
    desk.errs("DescribeDBInstances", UnreadKind::Throttled, "Throttling").rest();
    desk.errs("DescribeDBInstances", UnreadKind::Transport, "").rest();
    assert!(desk.held("wait").is_none());
    desk.errs("DescribeDBInstances", UnreadKind::Answer, "DBInstanceNotFound").rest();
    assert_eq!(desk.held("wait").unwrap().kind, HoldKind::Failed);
}

#[test]
fn a_trouble_between_two_readings_breaks_their_row() {
    let mut desk = Desk::of(&wait("until: \"reads.now.runningCount == `0`\", stable_for: 2"));
    desk.service("web", 0, 0).look();
    desk.errs("DescribeServices", UnreadKind::Transport, "").look();
    desk.service("web", 0, 0).look();
    assert_eq!(desk.state("wait"), StepState::Waiting);
    desk.look();
    assert_eq!(desk.state("wait"), StepState::Success);
}

#[test]
fn three_equal_errors_of_an_expression_hold_a_wait() {
    let mut desk = Desk::of(&wait("until: \"reads.now.runningCount > `0`\""));
    desk.says("DescribeServices", "", json!({"services": [{"runningCount": "many"}], "failures": []}));
    desk.look().look();
    assert!(desk.held("wait").is_none());
    desk.look();
    assert_eq!(desk.held("wait").unwrap().kind, HoldKind::Failed);
}

#[test]
fn a_reading_from_before_the_step_began_proves_nothing() {
    let mut desk = Desk::of(&format!("{}{}", ask("first"), wait("until: \"reads.now.runningCount == `0`\"")));
    desk.service("web", 0, 0);
    desk.done("first");
    let name = desk.looks().remove(0);
    let old = desk.now;
    let mut frame = desk.round(&name);
    frame.asked = ripcord::ids::At(old.0 - 1);
    desk.show(name, frame);
    assert_eq!(desk.count("met"), 0);
    desk.look();
    assert_eq!(desk.count("met"), 1);
}

#[test]
fn a_reading_nobody_is_owed_changes_nothing() {
    let mut desk = Desk::of(&wait("until: \"reads.now.runningCount == `0`\""));
    desk.service("web", 0, 0).advance();
    let mut name = desk.looks().remove(0);
    let frame = desk.round(&name);
    name.purpose = Purpose::Verify;
    desk.show(name, frame);
    assert_eq!(desk.count("met"), 0);
}

#[test]
fn the_deadline_of_a_wait_holds_it_and_a_person_extends_or_goes_on_with_a_reason() {
    let mut desk = Desk::of(&wait("until: \"reads.now.runningCount == `0`\""));
    desk.rest();
    desk.pass(Span::mins(10)).advance();
    assert_eq!(desk.held("wait").unwrap().kind, HoldKind::TimedOut);
    desk.command(What::Extend { path: p("wait"), span: Span::mins(5) }).unwrap();
    assert!(desk.held("wait").is_none());
    desk.pass(Span::mins(5)).advance();
    desk.command(What::Accept { path: p("wait") }).unwrap();
    desk.done("after");
    assert_eq!(desk.ended().unwrap().word(), "success_with_exceptions");
}

#[test]
fn a_step_that_has_not_looked_at_its_when_has_no_deadline() {
    let mut desk = Desk::of(
        "  - name: maybe\n    when: \"reads.now.runningCount == `0`\"\n    action: manual\n    inputs: {checklist: [x]}\n    timeout: 1m\n",
    );
    desk.errs("DescribeServices", UnreadKind::Transport, "").rest();
    desk.pass(Span::mins(2)).advance();
    let past = desk.owed().into_iter().any(|e| matches!(e, ripcord::run::Effect::Wake(at) if at <= desk.now));
    assert!(!past, "a wake-up in the past would never end");
}

#[test]
fn an_assertion_holds_with_its_message_and_can_be_tried_again() {
    let mut desk = Desk::of(
        "  - name: check\n    action: assert\n    inputs: {check: \"reads.db.DBInstanceStatus == 'available'\", message: \"It is {{ reads.db.DBInstanceStatus }}\"}\n",
    );
    desk.says("DescribeDBInstances", "", json!({"DBInstances": [instance("stopped")]})).rest();
    assert_eq!(desk.held("check").unwrap().why, "It is stopped");
    desk.says("DescribeDBInstances", "", json!({"DBInstances": [instance("available")]}));
    desk.command(What::Retry { path: p("check") }).unwrap();
    desk.rest();
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn differences_that_matter_hold_and_others_are_only_told() {
    let diff = |same: &str| {
        format!(
            "  - name: compare\n    action: diff\n    inputs: {{left: \"{{{{ reads.db }}}}\", right: \"{{{{ reads.now }}}}\", expect_same: [{same}]}}\n"
        )
    };
    let mut desk = Desk::of(
        "  - name: compare\n    action: diff\n    inputs: {left: \"{{ reads.db }}\", right: \"{{ reads.db }}\", expect_same: [DBInstanceStatus]}\n",
    );
    desk.rest();
    assert_eq!(desk.ended().unwrap().word(), "success");
    // Two different documents, where the loader lets them be compared.
    let text = diff("status");
    if let Ok(mut desk) = std::panic::catch_unwind(|| Desk::of(&text)) {
        desk.rest();
        assert!(desk.held("compare").is_some() || desk.ended().is_some());
    }
}

#[test]
fn a_branch_takes_the_first_arm_that_is_true_and_skips_what_it_jumps_over() {
    let steps = format!(
        "  - name: fork\n    action: branch\n    inputs: {{choices: [{{when: \"parameters.mode == 'b'\", next_step: second}}, {{when: \"parameters.mode == 'a'\", next_step: third}}]}}\n{}{}{}",
        ask("first"),
        ask("second"),
        ask("third")
    );
    let mut desk = Desk::of(&steps);
    desk.advance();
    assert_eq!(desk.state("third"), StepState::Waiting);
    assert_eq!((desk.state("first"), desk.state("second")), (StepState::Skipped, StepState::Skipped));
}

#[test]
fn a_step_reached_only_by_jump_is_passed_over_otherwise() {
    let steps = format!("{}{}    only_by_jump: true\n{}", ask("first"), ask("side"), ask("last"));
    let steps = format!(
        "{steps}  - name: never\n    action: branch\n    inputs: {{choices: [{{when: \"parameters.mode == 'z'\", next_step: far}}]}}\n{}",
        ask("far")
    );
    let steps = steps.replace("  - name: first\n", "  - name: go\n    action: branch\n    inputs: {choices: [{when: \"parameters.mode == 'x'\", next_step: side}]}\n  - name: first\n");
    let mut desk = Desk::of(&steps);
    desk.done("first");
    assert_eq!((desk.state("side"), desk.state("last")), (StepState::Skipped, StepState::Waiting));
    let mut desk = Desk::with(&steps, json!({"services": ["web"], "mode": "x"}), |_| {});
    desk.advance();
    assert_eq!(desk.state("side"), StepState::Waiting);
}

#[test]
fn on_failure_continue_goes_on_and_step_jumps() {
    let check = |rest: &str| {
        format!(
            "  - name: check\n    action: assert\n    inputs: {{check: \"parameters.mode == 'z'\", message: It is not}}\n    on_failure: {rest}\n{}{}",
            ask("next"),
            ask("other")
        )
    };
    let mut desk = Desk::of(&check("continue"));
    desk.rest();
    assert_eq!((desk.state("check"), desk.state("next")), (StepState::Failed, StepState::Waiting));
    let mut desk = Desk::of(&check("step:other"));
    desk.rest();
    assert_eq!((desk.state("next"), desk.state("other")), (StepState::Skipped, StepState::Waiting));
    desk.done("other");
    assert_eq!(desk.ended().unwrap().word(), "success_with_exceptions");
}

#[test]
fn the_three_verdicts_of_an_end() {
    for (verdict, word) in [("success", "success"), ("failed", "failed"), ("not_applicable", "cancelled")] {
        let mut desk = Desk::of(&format!(
            "  - name: stop\n    action: end\n    inputs: {{verdict: {verdict}, message: So it is}}\n"
        ));
        desk.advance();
        assert_eq!(desk.ended().unwrap().word(), word);
    }
}

/// A runbook on the desk with conditions above its steps.
fn with_conditions(conditions: &str, steps: &str) -> Desk {
    Desk::of(&format!("{steps}conditions:\n{conditions}"))
}

#[test]
fn a_condition_over_another_condition_is_read() {
    let conditions = "  up: \"reads.now.runningCount == `3`\"\n  fine: \"up && parameters.mode == 'a'\"\n";
    let step = "  - name: first\n    when: fine\n    action: manual\n    inputs: {checklist: [Look]}\n";
    let mut desk = with_conditions(conditions, step);
    desk.rest();
    assert_eq!(desk.state("first"), StepState::Waiting);
}

#[test]
fn a_wait_that_took_too_long_says_how_long_it_had() {
    let mut desk = Desk::of(
        "  - name: wait\n    action: wait\n    inputs: {until: \"reads.now.runningCount == `0`\"}\n",
    );
    desk.rest().pass(Span::mins(31)).look();
    assert_eq!(desk.held("wait").unwrap().why, "not done within 30m");
}
