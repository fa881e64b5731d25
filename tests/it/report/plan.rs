//! The plan: resolved as far as it can be, and bound by its digest.

use std::sync::Arc;

use pretty_assertions::assert_eq;
use ripcord::catalogue::CliPlace;
use ripcord::ids::At;
use ripcord::report::plan::{Altered, Plan, Planning, digest_in, moved, observed, targets};
use ripcord::run::{CheckResult, CheckVerdict, Run, RunInfo};
use ripcord::runbook::{embedded, load};
use ripcord::watch::{Unread, UnreadKind};
use serde_json::{Map, Value, json};

use super::stage::{PASSWORD, book, parameters, place};

fn checks() -> Vec<CheckResult> {
    let check = |name: &str, verdict, message: &str| CheckResult {
        name: name.into(),
        verdict,
        message: message.into(),
    };
    vec![
        check("identity", CheckVerdict::Ok, "arn:aws:iam::111122223333:user/ana in 111122223333 eu-west-1"),
        check("services_up", CheckVerdict::Warn, "A service runs fewer than three tasks."),
        check("room_for_one_more", CheckVerdict::Skip, "not checked: NOACC"),
    ]
}

fn planned(book: Arc<ripcord::runbook::Runbook>, parameters: Map<String, Value>, cli: CliPlace) -> Plan {
    let mut run = Run::new(book, RunInfo::default());
    run.parameters = parameters;
    run.places = vec![place()];
    Plan::of(&Planning {
        run: &run,
        identity: "arn:aws:iam::111122223333:user/ana",
        preflight: &checks(),
        cli,
        observed: None,
        now: At::parse("2026-03-01T02:00:00Z").unwrap(),
    })
}

fn demo() -> Plan {
    planned(book(), parameters(), CliPlace::default())
}

fn flagship() -> Plan {
    let (name, text) = embedded()[0];
    let book = Arc::new(load(name, text.as_bytes()).unwrap());
    let given = json!({"cluster": "shop", "services": ["api", "worker"], "db": "orders",
        "incident_time": "2026-03-01T01:40:00Z"});
    let now = At::parse("2026-03-01T02:00:00Z").unwrap();
    let parameters = ripcord::run::params::resolve(&book, given.as_object().unwrap(), now).unwrap();
    planned(book, parameters, CliPlace::default())
}

#[test]
fn a_plan_reads_as_a_list() {
    insta::assert_snapshot!("plan", demo().text());
}

#[test]
fn a_plan_is_json_in_the_documented_shape() {
    let plan: Value = serde_json::from_str(&demo().json()).unwrap();
    let to_zero = &plan["steps"].as_array().unwrap().iter().find(|s| s["name"] == "to_zero").unwrap();
    assert_eq!(plan["schema_version"], 1);
    assert_eq!(plan["place"]["account"], "111122223333");
    assert_eq!(plan["preflight"][0]["verdict"], "warn");
    assert_eq!(to_zero["path"], "stop_services/to_zero");
    assert_eq!(to_zero["effect"], "mutate");
    assert_eq!(to_zero["calls"].as_array().unwrap().len(), 2);
    assert_eq!(
        to_zero["calls"][1]["parameters"],
        json!({"cluster": "shop", "service": "worker", "desiredCount": 0})
    );
    assert_eq!(
        to_zero["calls"][1]["cli"],
        "aws ecs update-service --cluster shop --service worker --desired-count 0 --region eu-west-1"
    );
    assert_eq!(to_zero["gate"]["tier"], "T2");
    assert_eq!(to_zero["gate"]["phrase"], "api,worker");
    assert_eq!(to_zero["prompt"], Value::Null);
    assert_eq!(
        to_zero["undo"]["steps"][0]["calls"][0]["parameters"]["desiredCount"],
        "<from captured.desired>"
    );
}

#[test]
fn the_flagship_is_planned_with_what_is_known_and_words_for_the_rest() {
    let plan = flagship();
    let step = |name: &str| plan.steps.iter().find(|s| s.name.as_str() == name).unwrap();
    let restore = step("restore");
    assert_eq!(restore.calls[0].parameters["DBSnapshotIdentifier"], "<from choose_snapshot.snapshot>");
    assert_eq!(restore.calls[0].parameters["DBInstanceIdentifier"], "orders");
    assert!(restore.gate.as_ref().unwrap().phrase.as_str().starts_with("orders"));
    let park = step("park_db");
    assert_eq!(park.calls[0].parameters["NewDBInstanceIdentifier"], "orders-parked");
    let suspend = step("suspend");
    assert_eq!(suspend.calls.len(), 1, "its items come from a step");
    assert_eq!(suspend.calls[0].parameters["ResourceId"], "<ResourceId of each item of baseline.scaling>");
    assert_eq!(suspend.gate.as_ref().map(|g| g.tier.to_string()), Some("T1".into()));
    let everything = plan.text() + &plan.json();
    assert!(!everything.contains("<error"), "{everything}");
    let calls = plan.steps.iter().flat_map(|s| &s.calls);
    assert!(calls.clone().count() > 5);
    assert!(calls.into_iter().all(|c| !c.parameters.to_string().contains("{{")));
}

/// The plan of a shipped runbook with these parameters.
fn shipped(id: &str, given: &Value) -> Plan {
    let (name, text) = embedded().iter().find(|(name, _)| name.strip_suffix(".yaml") == Some(id)).unwrap();
    let book = Arc::new(load(name, text.as_bytes()).unwrap());
    let now = At::parse("2026-03-01T02:00:00Z").unwrap();
    let parameters = ripcord::run::params::resolve(&book, given.as_object().unwrap(), now).unwrap();
    planned(book, parameters, CliPlace::default())
}

/// Every gate of a plan in its order: the step, the tier, the phrase.
fn gates(plan: &Plan) -> Vec<(String, String, String)> {
    let gated = plan.steps.iter().filter_map(|step| Some((step, step.gate.as_ref()?)));
    gated
        .map(|(s, g)| (s.name.as_str().to_owned(), g.tier.to_string(), g.phrase.as_str().to_owned()))
        .collect()
}

#[test]
fn the_gates_of_the_shipped_runbooks_ask_for_what_they_touch() {
    let times = json!({"incident_time": "2026-03-01T01:40:00Z", "restore_time": "2026-03-01T01:39:00Z"});
    let with = |more: Value| {
        let mut given = times.clone();
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        given
    };
    let plans = [
        shipped("aurora-pitr", &with(json!({"cluster": "shop", "switch_over": "rename"}))),
        shipped("rds-instance-pitr", &with(json!({"db": "orders", "switch_over": "rename"}))),
        shipped("dynamodb-table-restore", &with(json!({"tables": ["carts", "users"]}))),
        shipped(
            "aws-backup-on-demand",
            &json!({"db": "orders", "vault": "daily", "role_arn": "arn:aws:iam::111122223333:role/backup"}),
        ),
    ];
    let all: Vec<String> =
        plans.iter().flat_map(gates).map(|(step, tier, phrase)| format!("{step}: {tier} {phrase}")).collect();
    insta::assert_snapshot!("gates-of-the-shipped", all.join("\n"));
    for plan in &plans {
        let everything = plan.text() + &plan.json();
        assert!(!everything.contains("<error"), "{everything}");
        let mut calls = plan.steps.iter().flat_map(|s| &s.calls);
        assert!(calls.all(|c| !c.parameters.to_string().contains("{{")), "{everything}");
    }
}

#[test]
fn a_secret_parameter_is_not_in_the_plan() {
    let text = include_str!("demo.yaml")
        .replace("BackupRetentionPeriod: 7", r#"MasterUserPassword: "{{ parameters.word }}""#)
        .replace("\nreads:", "\n  word: {type: string, required: true, description: A word}\nreads:");
    let book = Arc::new(load("demo.yaml", text.as_bytes()).unwrap());
    let mut given = parameters();
    given.insert("word".into(), json!(PASSWORD));
    let plan = planned(book, given, CliPlace::default());
    let everything = plan.text() + &plan.json();
    assert!(!everything.contains(PASSWORD));
    assert_eq!(plan.parameters["word"], "(sensitive)");
}

#[test]
fn the_digest_covers_what_is_done_and_not_how_it_is_shown() {
    let profile = CliPlace { profile: Some("night".into()), ..CliPlace::default() };
    assert_eq!(demo().digest, demo().digest);
    assert_eq!(planned(book(), parameters(), profile).digest, demo().digest);
    let mut other = parameters();
    other["services"] = json!(["api"]);
    assert_ne!(planned(book(), other, CliPlace::default()).digest, demo().digest);
}

#[test]
fn a_plan_file_that_was_edited_binds_nothing() {
    let text = demo().json();
    let (digest, plan) = digest_in(&text).unwrap();
    assert_eq!((digest, &plan), (demo().digest, &demo().to_value()));
    assert_eq!(digest_in(&text.replace("worker", "workers")), Err(Altered::Changed));
    assert_eq!(digest_in("{}"), Err(Altered::NotAPlan));
    assert!(matches!(digest_in("plan"), Err(Altered::NotJson(_))));
}

#[test]
fn what_moved_since_the_plan_is_said_step_by_step() {
    let mut other = parameters();
    other["services"] = json!(["api"]);
    let now = planned(book(), other, CliPlace::default());
    let lines = moved(&demo().to_value(), &now.to_value());
    assert!(
        lines.iter().any(|l| l.starts_with("parameters.services[] was [\"api\",\"worker\"], is [\"api\"]")),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|l| l.contains("steps.stop_services/to_zero.gate.phrase was \"api,worker\", is \"api\""))
    );
    assert_eq!(moved(&demo().to_value(), &demo().to_value()), Vec::<String>::new());
}

#[test]
fn the_digest_covers_what_the_targets_look_like() {
    let mut run = Run::new(book(), RunInfo::default());
    (run.parameters, run.places) = (parameters(), vec![place()]);
    let now = At::parse("2026-03-01T02:00:00Z").unwrap();
    let targets = targets(&run, now);
    let paths: Vec<String> = targets.iter().map(|t| t.path.to_string()).collect();
    assert_eq!(paths, ["stop_services[api]/to_zero", "stop_services[worker]/to_zero", "keep"]);
    assert_eq!(targets[1].question.parameters, json!({"cluster": "shop", "services": ["worker"]}));

    let answer = |count: u64, running: u64| json!({"services": [{"serviceArn": "arn", "status": "ACTIVE", "desiredCount": count, "runningCount": running}]});
    let gone =
        Unread { kind: UnreadKind::Answer, code: Some("DBInstanceNotFound".into()), message: String::new() };
    let plan = |count, running| {
        let answer = answer(count, running);
        let answers = targets.iter().map(|target| {
            let found = target.question.service == "ecs";
            (target, if found { Ok(&answer) } else { Err(&gone) })
        });
        let observed = Some(observed(answers));
        Plan::of(&Planning {
            run: &run,
            identity: "",
            preflight: &[],
            cli: CliPlace::default(),
            observed,
            now,
        })
    };
    let before = plan(3, 3);
    assert_eq!(before.observed.as_ref().unwrap()["keep"], Value::Null, "it does not exist");
    assert_eq!(plan(3, 2).digest, before.digest, "a counter is not what the gate is bound to");
    assert_ne!(plan(4, 3).digest, before.digest);
    let moved = moved(&before.to_value(), &plan(4, 3).to_value());
    assert_eq!(moved[0], "observed.stop_services[api]/to_zero.desiredCount was 3, is 4");
}
