//! Taking back: newest first, gated, from what was captured, until the point of no return.

use ripcord::run::{Refusal, StepState, What};

use super::desk::{Desk, ask, p, scale};

/// A step that scales `web` and its way back.
fn both_ways(name: &str, count: u64) -> String {
    format!(
        "{}    capture: {{before: now}}\n    undo:\n      steps:\n        - name: {name}_back\n          action: aws.api\n          inputs: {{service: ecs, operation: UpdateService, parameters: {{cluster: shop, service: web, desiredCount: \"{{{{ captured.before.desiredCount }}}}\"}}}}\n",
        scale(name, count).replace("    undo: {none: a test}\n", "")
    )
}

/// `down` to 0, and no way back.
fn no_return() -> String {
    format!("{}    point_of_no_return: true\n", scale("down", 0))
}

/// `up` to 9, then `down` to 0, then a question; both calls executed.
fn two_done() -> Desk {
    done_in(&both_ways("down", 0))
}

fn done_in(down: &str) -> Desk {
    let mut desk = Desk::of(&format!("{}{}{}", both_ways("up", 9), down, ask("look")));
    let up = desk.send("up");
    desk.executed(&up);
    desk.service("web", 9, 9);
    let down = desk.send("down");
    desk.executed(&down);
    desk.service("web", 0, 0).rest();
    desk
}

fn undo_sent(desk: &mut Desk, path: &str) -> u64 {
    let name = desk.send(path);
    let call = desk.run.steps[&name.path].stage.clone();
    let ripcord::run::Stage::InFlight(sent) = call else { panic!("{path} is not in flight") };
    desk.executed(&name);
    sent.call.parameters["desiredCount"].as_u64().unwrap()
}

#[test]
fn a_roll_back_takes_back_newest_first_with_what_each_step_captured() {
    let mut desk = two_done();
    desk.command(What::RollBack { to: "up".into() }).unwrap();
    assert_eq!(undo_sent(&mut desk, "down/undo/down_back"), 9);
    desk.service("web", 9, 9);
    assert_eq!(undo_sent(&mut desk, "up/undo/up_back"), 3);
    desk.rest();
    assert_eq!(desk.count("undo_finished"), 1);
    assert!(desk.held("up").is_some(), "a person says what comes next");
}

#[test]
fn every_call_of_an_undo_has_a_gate_of_its_own() {
    let mut desk = two_done();
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    desk.rest();
    assert!(desk.run.gates.contains_key(&p("down/undo/down_back")));
    assert_eq!(desk.state("up"), StepState::Success, "only what lies at or after the step is taken back");
}

#[test]
fn a_step_that_begins_again_can_still_be_taken_back() {
    let mut desk = two_done();
    desk.command(What::Redo { step: "down".into() }).unwrap();
    desk.rest();
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    assert_eq!(undo_sent(&mut desk, "down/undo/down_back"), 9);
}

#[test]
fn what_was_taken_back_is_not_taken_back_again() {
    let mut desk = two_done();
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    undo_sent(&mut desk, "down/undo/down_back");
    desk.rest();
    assert_eq!(
        desk.command(What::RollBack { to: "down".into() }),
        Err(Refusal::NothingToUndo("down".into()))
    );
}

#[test]
fn after_the_point_of_no_return_nothing_before_it_is_taken_back() {
    let mut desk = done_in(&no_return());
    assert_eq!(desk.command(What::RollBack { to: "up".into() }), Err(Refusal::PastReturn));
    assert_eq!(desk.command(What::Redo { step: "up".into() }), Err(Refusal::PastReturn));
    assert!(!desk.run.can_undo(&p("up")));
}

#[test]
fn the_point_of_no_return_is_the_intent_and_not_the_answer() {
    let mut desk = Desk::of(&format!("{}{}", both_ways("up", 9), no_return()));
    let up = desk.send("up");
    desk.executed(&up);
    desk.rest();
    assert!(desk.run.can_undo(&p("up")));
    desk.send("down");
    assert!(!desk.run.can_undo(&p("up")));
}

#[test]
fn nothing_is_done_again_while_steps_are_being_undone() {
    let mut desk = two_done();
    desk.command(What::RollBack { to: "up".into() }).unwrap();
    desk.rest();
    assert_eq!(desk.command(What::Redo { step: "up".into() }), Err(Refusal::Undoing));
}

#[test]
fn an_undo_step_takes_back_and_goes_on() {
    let steps = format!(
        "{}  - name: regret\n    action: undo\n    inputs: {{step: down}}\n{}",
        both_ways("down", 0),
        ask("look")
    );
    let mut desk = Desk::of(&steps);
    let down = desk.send("down");
    desk.executed(&down);
    desk.service("web", 0, 0);
    assert_eq!(undo_sent(&mut desk, "down/undo/down_back"), 3);
    desk.rest();
    assert_eq!((desk.state("down"), desk.state("regret")), (StepState::Undone, StepState::Success));
    assert_eq!(desk.state("look"), StepState::Waiting);
}

#[test]
fn a_skipped_undo_step_stops_undoing() {
    let steps = format!(
        "{}  - name: regret\n    action: undo\n    inputs: {{step: down}}\n{}",
        both_ways("down", 0),
        ask("look")
    );
    let mut desk = Desk::of(&steps);
    let down = desk.send("down");
    desk.executed(&down);
    desk.rest();
    desk.command(What::Skip { path: p("regret") }).unwrap();
    desk.rest();
    assert!(desk.run.gates.is_empty());
    assert_eq!((desk.state("down"), desk.state("look")), (StepState::Success, StepState::Waiting));
}

#[test]
fn an_undo_that_fails_holds_and_can_be_tried_again() {
    let mut desk = two_done();
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    let name = desk.send("down/undo/down_back");
    desk.rejected(&name, "AccessDenied");
    assert!(desk.held("down/undo/down_back").is_some());
    desk.command(What::Retry { path: p("down/undo/down_back") }).unwrap();
    assert_eq!(undo_sent(&mut desk, "down/undo/down_back"), 9);
    desk.rest();
    assert_eq!(desk.count("undo_finished"), 1);
}

#[test]
fn a_step_whose_way_back_was_passed_over_still_stands() {
    let mut desk = two_done();
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    desk.rest();
    desk.command(What::Skip { path: p("down/undo/down_back") }).unwrap();
    desk.rest();
    assert_eq!(desk.count("undo_finished"), 1);
    assert!(desk.run.can_undo(&p("down")));
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    assert_eq!(undo_sent(&mut desk, "down/undo/down_back"), 9);
}

#[test]
fn what_the_run_goes_back_before_has_given_nothing_yet() {
    let choose = "  - name: choose\n    action: prompt\n    inputs: {message: Which?, choices: [a, b]}\n    outputs: [{name: it, selector: value, type: string}]\n";
    let mut desk = Desk::of(&format!("{}{choose}{}", both_ways("down", 0), ask("look")));
    let down = desk.send("down");
    desk.executed(&down);
    desk.service("web", 0, 0).rest();
    desk.command(What::Answer { path: p("choose"), value: "a".into(), row: None, typed: true }).unwrap();
    desk.rest();
    desk.command(What::RollBack { to: "down".into() }).unwrap();
    undo_sent(&mut desk, "down/undo/down_back");
    desk.rest();
    assert_eq!(desk.state("choose"), StepState::NotStarted);
    assert!(desk.run.steps[&p("choose")].outputs.is_empty());
    assert_eq!(
        desk.command(What::Redo { step: "choose".into() }),
        Err(Refusal::NoSuchStep("choose".into())),
        "the run has not come to it again"
    );
}

#[test]
fn a_point_of_no_return_that_a_person_passes_counts_from_the_question_on() {
    let by_hand = ask("switch") + "    point_of_no_return: true\n";
    let mut desk = Desk::of(&format!("{}{}{by_hand}", both_ways("down", 0), ask("before")));
    let down = desk.send("down");
    desk.executed(&down);
    desk.service("web", 0, 0).rest();
    assert!(desk.run.can_undo(&p("down")));
    desk.done("before").rest();
    assert_eq!(desk.command(What::RollBack { to: "down".into() }), Err(Refusal::PastReturn));
}

#[test]
fn an_undo_valid_until_a_step_is_over_when_that_step_begins() {
    let both = both_ways("down", 0).replace(
        "      steps:\n        - name: down_back",
        "      valid_until: look\n      steps:\n        - name: down_back",
    );
    let mut desk = Desk::of(&format!("{both}{}{}", ask("before"), ask("look")));
    let down = desk.send("down");
    desk.executed(&down);
    desk.service("web", 0, 0).rest();
    assert!(desk.run.can_undo(&p("down")));
    desk.done("before").rest();
    assert_eq!(desk.state("look"), StepState::Waiting);
    assert!(!desk.run.can_undo(&p("down")));
}
