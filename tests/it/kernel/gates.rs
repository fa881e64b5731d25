//! Gates: what must be typed, what voids it, what it grants.

use ripcord::run::{Outcome, Refusal, What};
use serde_json::json;

use super::desk::{Desk, instance, p, scale, scale_each};

#[test]
fn raising_a_count_is_confirmed_by_y_and_lowering_it_by_the_name() {
    let mut desk = Desk::of(&scale("up", 9));
    assert_eq!(desk.rest().gate("up").phrase, "y");
    let mut desk = Desk::of(&scale("down", 0));
    assert_eq!(desk.rest().gate("down").phrase, "web");
}

#[test]
fn a_deletion_is_confirmed_by_name_and_region() {
    let mut desk = Desk::of(
        "  - name: delete\n    action: aws.api\n    inputs: {service: rds, operation: DeleteDBInstance, parameters: {DBInstanceIdentifier: orders, SkipFinalSnapshot: true}}\n    undo: {none: gone}\n",
    );
    assert_eq!(desk.rest().gate("delete").phrase, "orders eu-west-1");
}

#[test]
fn an_author_may_ask_for_more_to_be_typed() {
    let mut desk = Desk::of(&format!(
        "{}    confirm: {{tier: T3, also: \"for {{{{ parameters.mode }}}}\"}}\n",
        scale("up", 9)
    ));
    assert_eq!(desk.rest().gate("up").phrase, "web eu-west-1 for a");
}

#[test]
fn from_the_fourth_subject_on_a_phrase_only_counts() {
    let phrase =
        ripcord::run::phrase(ripcord::catalogue::Tier::T2, &["a", "b", "c", "d", "e"], "eu-west-1", None);
    assert_eq!(phrase, "a,b,c,+2");
}

#[test]
fn a_wrong_phrase_and_an_old_digest_are_refused_and_leave_no_fact() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest();
    let (before, digest) = (desk.facts.len(), desk.gate("down").digest.clone());
    let confirm = |digest: &str, phrase: &str| What::Confirm {
        gate: p("down"),
        digest: digest.into(),
        phrase: phrase.into(),
    };
    assert_eq!(desk.command(confirm(&digest, "wbe")), Err(Refusal::WrongPhrase("web".into())));
    assert_eq!(desk.command(confirm("0123456789abcdef", "web")), Err(Refusal::Changed));
    assert_eq!(desk.facts.len(), before);
    assert!(desk.command(confirm(&digest, "web")).is_ok());
    assert_eq!(desk.command(confirm(&digest, "web")), Err(Refusal::GateNotOpen("down".into())));
}

#[test]
fn a_target_that_changes_after_its_confirmation_needs_another() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest().confirm("down");
    desk.service("web", 5, 5).look();
    assert!(desk.new_sends().is_empty());
    assert_eq!((desk.count("ungranted"), desk.count("intent")), (1, 0));
    desk.rest().confirm("down").look();
    assert_eq!(desk.new_sends().len(), 1);
}

#[test]
fn counters_of_a_target_may_move_without_voiding_anything() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest().confirm("down");
    desk.service("web", 3, 1).look();
    assert_eq!(desk.new_sends().len(), 1);
}

#[test]
fn one_gate_shows_the_calls_of_all_items_and_grants_each() {
    let mut desk = Desk::of(&scale_each("concurrency: 2"));
    desk.rest();
    assert_eq!(desk.gate("each/one").phrase, "api,web");
    assert_eq!(desk.gate("each/one").paths, [p("each[api]/one"), p("each[web]/one")]);
    desk.confirm("each/one").look();
    assert_eq!(desk.new_sends().len(), 2);
}

#[test]
fn an_item_that_is_sent_again_gets_a_gate_of_its_own() {
    let mut desk = Desk::of(&scale_each("concurrency: 2"));
    desk.rest().confirm("each/one").look();
    let sent = desk.new_sends();
    desk.executed(&sent[1]);
    desk.rejected(&sent[0], "AccessDenied");
    desk.command(What::Retry { path: sent[0].path.clone() }).unwrap();
    desk.rest();
    assert_eq!(desk.gate(&sent[0].path.to_string()).paths, [sent[0].path.clone()]);
}

#[test]
fn a_changed_target_is_seen_although_a_sibling_with_another_target_was_sent() {
    let mut desk = Desk::of(&scale_each("concurrency: 1"));
    desk.rest().confirm("each/one").look();
    let first = desk.new_sends().remove(0);
    desk.service("web", 7, 7).service("api", 7, 7);
    desk.executed(&first);
    desk.rest();
    assert_eq!(desk.count("intent"), 1, "the other call was confirmed on another target");
    assert_eq!(desk.count("ungranted"), 1);
}

#[test]
fn our_own_calls_to_the_same_target_void_nothing() {
    let steps = "  - name: roles\n    for_each: {items: parameters.services, key: item, concurrency: 1}\n    steps:\n      - name: attach\n        action: aws.api\n        inputs: {service: rds, operation: AddRoleToDBInstance, parameters: {DBInstanceIdentifier: orders, RoleArn: \"arn:{{ item }}\", FeatureName: \"{{ item }}\"}}\n        undo: {none: a test}\n";
    let mut desk = Desk::of(steps);
    desk.rest().confirm("roles/attach").look();
    let first = desk.new_sends().remove(0);
    let mut changed = instance("available");
    changed["AssociatedRoles"] = json!([{"RoleArn": "arn:api"}]);
    desk.says("DescribeDBInstances", "", json!({"DBInstances": [changed]}));
    desk.executed(&first);
    desk.rest();
    assert_eq!((desk.count("intent"), desk.count("ungranted")), (2, 0));
}

#[test]
fn a_guard_is_judged_at_the_gate_and_again_at_send() {
    let guarded = format!(
        "{}    guard: {{check: \"reads.now.runningCount == `3`\", message: Not all run}}\n",
        scale("down", 0)
    );
    let mut desk = Desk::of(&guarded);
    desk.service("web", 3, 2).rest();
    assert_eq!(desk.held("down").unwrap().why, "the guard does not hold: Not all run");

    let mut desk = Desk::of(&guarded);
    desk.rest().confirm("down");
    desk.service("web", 3, 2).look();
    assert!(desk.new_sends().is_empty() && desk.held("down").is_some());
}

#[test]
fn a_confirmation_dies_with_the_process() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest().confirm("down");
    desk.reopen().rest();
    assert!(desk.new_sends().is_empty());
    assert_eq!(desk.count("gate_opened"), 2);
}

#[test]
fn credentials_of_another_account_send_nothing() {
    let mut desk = Desk::of(&scale("down", 0));
    desk.rest().confirm("down");
    desk.says("GetCallerIdentity", "", json!({"Account": "999988887777"})).look();
    assert!(desk.new_sends().is_empty());
    assert!(desk.held("down").unwrap().why.contains("999988887777"));
}

#[test]
fn a_read_only_session_holds_before_the_gate() {
    let mut desk = Desk::with(&scale("down", 0), json!({"services": ["web"]}), |info| info.read_only = true);
    desk.rest();
    assert!(desk.run.gates.is_empty() && desk.held("down").is_some());
}

#[test]
fn a_step_that_is_tried_again_leaves_no_old_gate_behind() {
    let mut desk = Desk::of(&scale("down", 0));
    let first = desk.send("down");
    desk.unclear(&first);
    let phrase = ripcord::run::verdict_phrase("web", false);
    desk.command(What::Rule { name: first.clone(), happened: false, phrase }).unwrap();
    desk.rest();
    assert!(desk.run.gates.contains_key(&p("down")));
    desk.answer(&first, Outcome::Executed { answer: json!({}), request_id: None });
    assert!(desk.run.gates.is_empty(), "what is confirmed there was done already");
}

#[test]
fn a_sibling_of_the_same_name_elsewhere_is_another_target() {
    let steps = "  - name: each\n    for_each: {items: \"['here', 'there']\", key: item, concurrency: 1}\n    steps:\n      - name: one\n        action: aws.api\n        inputs: {service: ecs, operation: UpdateService, parameters: {cluster: \"{{ item }}\", service: web, desiredCount: 0}}\n        undo: {none: a test}\n";
    let mut desk = Desk::of(steps);
    let of = |arn: &str, desired: u64| json!({"services": [{"serviceName": "web", "serviceArn": arn, "status": "ACTIVE", "desiredCount": desired}], "failures": []});
    desk.says("DescribeServices", "@here", of("arn:here", 3)).says(
        "DescribeServices",
        "@there",
        of("arn:there", 3),
    );
    desk.rest().confirm("each/one").look();
    let first = desk.new_sends().remove(0);
    desk.says("DescribeServices", "@there", of("arn:there", 7));
    desk.executed(&first);
    desk.rest();
    assert_eq!((desk.count("intent"), desk.count("ungranted")), (1, 1), "its own target changed");
}
