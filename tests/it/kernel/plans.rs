//! Items, skipping, doing again, giving up, aborting; questions to people.

use ripcord::run::{Refusal, StepState, What};
use serde_json::json;

use super::desk::{Desk, ask, p, scale, scale_each};

#[test]
fn no_items_is_skipped_and_said() {
    let each = scale_each("concurrency: 1")
        .replace("items: parameters.services", "items: \"parameters.services[?@ == 'none']\"");
    let mut desk = Desk::of(&each);
    desk.advance();
    assert_eq!(desk.state("each"), StepState::Skipped);
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn two_items_of_one_key_hold_the_step() {
    let mut desk = Desk::with(&scale_each("concurrency: 1"), json!({"services": ["web", "web"]}), |_| {});
    desk.advance();
    assert!(desk.held("each").unwrap().why.contains("two items"));
}

#[test]
fn an_item_that_is_given_up_is_named_and_the_others_count() {
    let mut desk = Desk::of(&scale_each("concurrency: 2"));
    desk.rest();
    desk.command(What::GiveUp { path: p("each[api]") }).unwrap();
    let name = desk.send("each[web]/one");
    desk.executed(&name);
    assert_eq!(desk.ended().unwrap().word(), "success_with_exceptions");
    assert!(desk.run.exceptions[0].contains("each[api]"));
}

#[test]
fn items_that_came_from_a_reading_are_kept_when_the_step_is_done_again() {
    let each = scale_each("concurrency: 2")
        .replace("items: parameters.services", "items: \"reads.all[?desiredCount > `0`].serviceName\"");
    let mut desk = Desk::of(&format!("{each}{}", ask("after")));
    desk.rest().confirm("each/one").look();
    for name in desk.new_sends() {
        desk.executed(&name);
    }
    desk.service("web", 0, 0).service("api", 0, 0);
    desk.command(What::Redo { step: "each".into() }).unwrap();
    desk.rest();
    assert_eq!(desk.count("expanded"), 1);
    assert_eq!(desk.gate("each/one").paths.len(), 2);
}

#[test]
fn items_that_came_from_the_plan_are_worked_out_again() {
    let mut desk = Desk::of(&format!("{}{}", scale_each("concurrency: 2"), ask("after")));
    desk.rest().confirm("each/one").look();
    for name in desk.new_sends() {
        desk.executed(&name);
    }
    desk.command(What::Redo { step: "each".into() }).unwrap();
    desk.rest();
    assert_eq!(desk.count("expanded"), 2);
}

#[test]
fn a_step_done_again_goes_on_at_the_first_that_used_its_outputs() {
    let choose = "  - name: choose\n    action: prompt\n    inputs: {message: Which?, choices: [a, b]}\n    outputs: [{name: it, selector: value, type: string}]\n";
    let uses =
        "  - name: uses\n    action: assert\n    inputs: {check: \"choose.it != 'x'\", message: It is not}\n";
    let mut desk = Desk::of(&format!("{choose}{}{uses}{}", ask("between"), ask("last")));
    desk.rest();
    desk.command(What::Answer { path: p("choose"), value: json!("a"), row: None, typed: true }).unwrap();
    desk.done("between").rest();
    assert_eq!(desk.state("last"), StepState::Waiting);
    desk.command(What::Redo { step: "choose".into() }).unwrap();
    desk.command(What::Answer { path: p("choose"), value: json!("b"), row: None, typed: true }).unwrap();
    desk.rest();
    assert_eq!(desk.state("last"), StepState::Waiting);
    assert_eq!(
        desk.facts.iter().filter(|f| f.kind() == "attested").count(),
        1,
        "the step between stays ended"
    );
    assert_eq!(desk.count("met"), 2);
}

#[test]
fn a_skip_needs_a_reason_and_says_who() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest();
    let bare =
        ripcord::run::Command { by: "ana".into(), reason: " ".into(), what: What::Skip { path: p("down") } };
    assert_eq!(desk.input(&ripcord::run::Input::Command(bare)), Err(Refusal::ReasonNeeded));
    desk.command(What::Skip { path: p("down") }).unwrap();
    assert_eq!(desk.state("down"), StepState::Skipped);
    assert!(desk.run.gates.is_empty());
}

#[test]
fn a_call_on_its_way_is_neither_skipped_nor_aborted() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.send("down");
    assert_eq!(desk.command(What::Skip { path: p("down") }), Err(Refusal::InFlight("down".into())));
    assert_eq!(desk.command(What::Abort), Err(Refusal::InFlight("down".into())));
}

#[test]
fn an_aborted_run_takes_no_more_commands_but_notes() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest();
    desk.command(What::Abort).unwrap();
    assert_eq!(desk.ended().unwrap().word(), "cancelled");
    assert_eq!(desk.command(What::Retry { path: p("down") }), Err(Refusal::Ended));
    assert!(desk.command(What::Note { path: None, text: "why".into() }).is_ok());
    assert!(desk.owed().is_empty());
}

#[test]
fn going_on_with_a_reason_is_for_conditions_and_never_for_a_call_that_was_refused() {
    let mut desk = Desk::of(&scale("down", 0));
    let name = desk.send("down");
    desk.rejected(&name, "AccessDenied");
    assert_eq!(desk.command(What::Accept { path: p("down") }), Err(Refusal::NotHeld("down".into())));
}

#[test]
fn only_what_a_prompt_offers_is_an_answer() {
    let mut desk = Desk::of(
        "  - name: choose\n    action: prompt\n    inputs: {message: Which?, choices: [a, b]}\n    outputs: [{name: it, selector: value, type: string}]\n",
    );
    desk.rest();
    let answer = |v: &str| What::Answer { path: p("choose"), value: json!(v), row: None, typed: true };
    assert_eq!(desk.command(answer("c")), Err(Refusal::NotOffered("\"c\"".into())));
    desk.command(answer("b")).unwrap();
    assert_eq!(desk.run.steps[&p("choose")].outputs["it"], "b");
}

#[test]
fn a_row_with_a_warning_is_an_answer_only_when_written_out() {
    let mut desk = Desk::of(
        "  - name: choose\n    action: prompt\n    inputs: {message: Which?, read: all, rows: '@', columns: [serviceName], value: serviceName, warn_when: 'runningCount == `0`'}\n    outputs: [{name: it, selector: serviceName, type: string}]\n",
    );
    desk.rest();
    let answer = |value: &str, running: u64, typed: bool| {
        let row = Some(json!({"serviceName": "web", "runningCount": running}));
        What::Answer { path: p("choose"), value: json!(value), row, typed }
    };
    assert_eq!(desk.command(answer("api", 3, true)), Err(Refusal::NotOffered("\"api\"".into())));
    assert_eq!(desk.command(answer("web", 0, false)), Err(Refusal::Warned));
    desk.command(answer("web", 0, true)).unwrap();
    assert_eq!(desk.run.steps[&p("choose")].outputs["it"], "web");
}

#[test]
fn the_second_person_is_another_than_the_operator() {
    let mut desk = Desk::of("  - name: agree\n    action: approve\n    inputs: {message: May we?}\n");
    desk.rest();
    let approve = |who: &str| What::Approve { path: p("agree"), approver: who.into(), accept: true };
    assert_eq!(desk.command(approve(" ANA ")), Err(Refusal::NotASecondPerson));
    assert_eq!(desk.command(approve("")), Err(Refusal::NotASecondPerson));
    desk.command(approve("bo")).unwrap();
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn a_manual_step_that_asks_for_evidence_wants_a_note() {
    let mut desk =
        Desk::of("  - name: see\n    action: manual\n    inputs: {checklist: [x], evidence: required}\n");
    desk.rest();
    let refused = desk.command(What::Done { path: p("see"), note: " ".into() });
    assert!(matches!(refused, Err(Refusal::WrongAnswer(_))));
    desk.command(What::Done { path: p("see"), note: "seen".into() }).unwrap();
}

#[test]
fn a_hold_is_per_step_and_the_run_is_paused() {
    let mut desk = Desk::of(&scale("down", 0));
    let name = desk.send("down");
    desk.rejected(&name, "AccessDenied");
    assert_eq!(desk.run.state().word(), "paused");
    assert_eq!(desk.command(What::Retry { path: p("nowhere") }), Err(Refusal::NoSuchStep("nowhere".into())));
}

#[test]
fn a_run_goes_no_further_than_it_was_asked_to() {
    let steps = format!("{}{}", ask("first"), ask("second"));
    let mut desk =
        Desk::with(&steps, json!({"services": ["web"]}), |i| i.stop_before = Some("second".into()));
    desk.done("first");
    assert_eq!((desk.state("second"), desk.ended()), (StepState::NotStarted, None));
}

#[test]
fn a_step_of_an_item_stops_nothing() {
    let mut desk = Desk::with(&scale_each("concurrency: 2"), json!({"services": ["web"]}), |i| {
        i.stop_before = Some("one".into());
    });
    desk.rest();
    assert_eq!(desk.gate("each/one").paths.len(), 1);
}

#[test]
fn a_step_done_again_passes_over_what_was_executed_and_stands() {
    let choose = "  - name: choose\n    action: prompt\n    inputs: {message: Which?, choices: [a, b]}\n    outputs: [{name: it, selector: value, type: string}]\n";
    let guarded = format!("{}    guard: {{check: \"choose.it != 'x'\", message: It is}}\n", scale("down", 0));
    let mut desk = Desk::of(&format!("{choose}{guarded}{}", ask("last")));
    desk.rest();
    let answer = |v: &str| What::Answer { path: p("choose"), value: json!(v), row: None, typed: true };
    desk.command(answer("a")).unwrap();
    let down = desk.send("down");
    desk.executed(&down);
    desk.service("web", 0, 0).rest();
    desk.command(What::Redo { step: "choose".into() }).unwrap();
    desk.command(answer("b")).unwrap();
    desk.rest();
    assert_eq!((desk.state("down"), desk.state("last")), (StepState::Success, StepState::Waiting));
    assert_eq!(desk.count("intent"), 1);
}

#[test]
fn a_step_that_uses_an_output_through_a_read_is_done_again() {
    let choose = "  - name: choose\n    action: prompt\n    inputs: {message: Which?, choices: [web, api]}\n    outputs: [{name: it, selector: value, type: string}]\n";
    let check = "  - name: check\n    action: assert\n    inputs:\n      read: {aws: {service: ecs, operation: DescribeServices, parameters: {cluster: shop, services: [\"{{ choose.it }}\"]}}, select: \"services[0]\"}\n      check: \"runningCount == `3`\"\n      message: It is not up\n";
    let mut desk = Desk::of(&format!("{choose}{check}{}", ask("last")));
    desk.rest();
    let answer = |v: &str| What::Answer { path: p("choose"), value: json!(v), row: None, typed: true };
    desk.command(answer("web")).unwrap();
    desk.service("api", 3, 0).rest();
    assert_eq!(desk.state("last"), StepState::Waiting);
    desk.command(What::Redo { step: "choose".into() }).unwrap();
    desk.command(answer("api")).unwrap();
    desk.rest();
    assert_eq!(desk.held("check").unwrap().why, "It is not up");
}

#[test]
fn a_warning_that_looks_at_a_reading_asks_for_the_value_to_be_written_out() {
    let mut desk = Desk::of(
        "  - name: choose\n    action: prompt\n    inputs: {message: Which?, read: all, rows: '@', columns: [serviceName], value: serviceName, warn_when: 'runningCount < {{ reads.now.desiredCount }}'}\n",
    );
    desk.rest();
    let row = || Some(json!({"serviceName": "web", "runningCount": 3}));
    let answer = |typed| What::Answer { path: p("choose"), value: json!("web"), row: row(), typed };
    assert_eq!(desk.command(answer(false)), Err(Refusal::Warned));
    desk.command(answer(true)).unwrap();
    assert_eq!(desk.ended().unwrap().word(), "success");
}

#[test]
fn a_step_that_a_person_passes_over_stands_in_the_verdict() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest();
    desk.command(What::Skip { path: p("down") }).unwrap();
    assert_eq!(desk.ended().unwrap().word(), "success_with_exceptions");
    assert_eq!(desk.run.exceptions, ["down: skipped, a test"]);
}

#[test]
fn a_default_made_from_a_parameter_that_is_missing_is_not_told_as_well() {
    let book = include_bytes!("../../../runbooks/ecs-rds-snapshot-restore.yaml");
    let book =
        ripcord::runbook::load("ecs-rds-snapshot-restore.yaml", book).unwrap_or_else(|f| panic!("{}", f[0]));
    let errors = |given: serde_json::Value| {
        let given = given.as_object().cloned().unwrap();
        let errors = ripcord::run::params::resolve(&book, &given, ripcord::ids::At(0)).unwrap_err();
        errors.into_iter().map(|e| e.name).collect::<Vec<_>>()
    };
    assert_eq!(errors(json!({"cluster": "prod"})), ["services", "db", "incident_time"]);
    assert_eq!(
        errors(json!({"cluster": "prod", "parked_db": "?"})),
        ["services", "db", "parked_db", "incident_time"]
    );
}
