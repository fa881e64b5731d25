//! The report of a run, and the plan of one to come, on journals that the real kernel wrote.

mod plan;
mod stage;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use ripcord::ids::{At, Attempt, EffectName, Span, StepPath};
use ripcord::journal::Header;
use ripcord::report::{CallOutcome, Journalled, ProofKind, Reached, Report, json, markdown};
use ripcord::run::{Fact, Input, Outcome, What, verdict_phrase};
use serde_json::{Value, json};

use stage::{PASSWORD, Stage, Trouble, book, header};

fn report(facts: &[Fact]) -> Report {
    report_by(&header(), facts)
}

fn report_by(header: &Header, facts: &[Fact]) -> Report {
    let book = book();
    let journalled = Journalled { header, book: &book, facts: facts.iter().collect(), head: "5d41402abc4b" };
    Report::of(&journalled, At::parse("2026-03-02T09:00:00Z").unwrap())
}

fn path(text: &str) -> StepPath {
    text.parse().unwrap()
}

fn name(text: &str, attempt: u16) -> EffectName {
    EffectName { path: path(text), attempt: Attempt(attempt) }
}

/// Up to the gate over both services.
fn answered() -> Stage {
    let mut stage = Stage::started();
    let row = json!({"id": "nightly", "data_of": "2026-03-01T01:00:00.000Z"});
    stage.command(
        What::Answer { path: path("choose"), value: json!("nightly"), row: Some(row), typed: true },
        "",
    );
    stage.command(What::Note { path: None, text: "the channel is #inc-42".into() }, "");
    stage.command(What::Done { path: path("tell"), note: "told #inc-42 at 02:03".into() }, "");
    stage.command(What::Approve { path: path("second"), approver: "bo".into(), accept: true }, "");
    stage
}

/// To its end, with an answer that is lost, a call that is refused and a difference that is accepted.
fn eventful() -> Stage {
    let mut stage = answered();
    stage.next.extend([Trouble::None, Trouble::Lost]);
    stage.confirm("stop_services/to_zero");
    stage.class = "db.r6g.xlarge";
    stage.next.push_back(Trouble::Refused("InvalidDBInstanceState"));
    stage.confirm("keep");
    stage.command(What::Retry { path: path("keep") }, "it was backing up");
    stage.confirm("keep");
    stage.command(What::Accept { path: path("compare") }, "the larger class was wanted");
    stage
}

/// Taken back and aborted: a process that dies, a wait that is extended, an item that is given up.
fn aborted() -> Stage {
    let mut stage = answered();
    stage.busy = Span::mins(3);
    // Somebody scales a service between the confirmation and the call.
    stage.confirm_only("stop_services/to_zero");
    stage.count("api", 4);
    stage.drive();
    stage.next.push_back(Trouble::Killed);
    stage.confirm("stop_services[api]/to_zero");
    stage.command(What::Extend { path: path("drained"), span: Span::mins(5) }, "slow load balancer");
    stage.command(What::RollBack { to: "stop_services".into() }, "the snapshot is the wrong one");
    stage.confirm("stop_services[api]/to_zero/undo/back_to_count");
    stage.confirm("stop_services[worker]/to_zero/undo/back_to_count");
    stage.command(What::Retry { path: path("stop_services") }, "on with it");
    stage.command(What::GiveUp { path: path("stop_services[worker]") }, "its team stops it");
    stage.command(What::Redo { step: "choose".into() }, "another snapshot");
    stage.command(What::Skip { path: path("choose") }, "it was right after all");
    stage.command(What::Abort, "the incident is over");
    stage
}

/// A call that a person declared dead answers after all.
fn contradicted() -> Stage {
    let mut stage = answered();
    stage.next.extend([Trouble::None, Trouble::Swallowed]);
    let phrase = verdict_phrase("worker", false);
    stage.confirm_only("stop_services/to_zero").send_all();
    stage.command_only(What::Rule {
        name: name("stop_services[worker]/to_zero", 1),
        happened: false,
        phrase,
    });
    stage.count("worker", 0);
    let late = Outcome::Executed { answer: json!({}), request_id: Some("req-late".into()) };
    stage.input(&Input::Answer { name: name("stop_services[worker]/to_zero", 1), outcome: late }).unwrap();
    stage.command(What::Retry { path: path("stop_services[worker]/to_zero") }, "to be sure");
    stage.confirm("keep");
    stage
}

#[test]
fn a_run_reads_as_a_page() {
    insta::assert_snapshot!("eventful", markdown(&report(&eventful().facts)));
}

#[test]
fn a_run_that_was_taken_back_and_aborted_reads_as_a_page() {
    insta::assert_snapshot!("aborted", markdown(&report(&aborted().facts)));
}

#[test]
fn the_json_has_the_same_content() {
    let text = json(&report(&eventful().facts));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["verdict"]["state"], "success_with_exceptions");
    assert_eq!(value["gates"][0]["result"], "confirmed");
    assert_eq!(value["gates"][0]["by"], "ana");
    assert_eq!(value["calls"][0]["request_id"], "req-stop_services[api]/to_zero#1");
    assert_eq!(value["preflight"][0]["verdict"], "warn");
    assert_eq!(value["preflight"][1]["verdict"], "skip");
    assert_eq!(value["journal"]["head"], "5d41402abc4b");
    assert_eq!(value["follow_ups"].as_array().unwrap().len(), 2, "one does not apply");
}

#[test]
fn an_unknown_outcome_is_told_with_what_settled_it() {
    let lost = report(&eventful().facts);
    let settled = lost.unknowns[0].settled.as_ref().unwrap();
    assert_eq!((settled.outcome, settled.by), (CallOutcome::Executed, ProofKind::Reading));

    let ruled = report(&contradicted().facts);
    let settled = ruled.unknowns[0].settled.as_ref().unwrap();
    assert_eq!((settled.outcome, settled.by), (CallOutcome::DidNotHappen, ProofKind::Person));
    assert_eq!(settled.person.as_ref().unwrap().as_str(), "ana");
    assert!(ruled.overrides.iter().any(|o| o.kind == "ruled"));
    assert_eq!(ruled.calls[1].conflicts.len(), 1);
    assert_eq!(
        (ruled.calls[1].outcome, ruled.calls[1].proof),
        (CallOutcome::Executed, Some(ProofKind::LateAnswer))
    );
    assert!(markdown(&ruled).contains("**CONFLICT**"));
}

#[test]
fn a_call_without_an_answer_is_an_open_unknown_in_bold() {
    let mut stage = answered();
    stage.next.extend([Trouble::None, Trouble::Swallowed]);
    stage.confirm_only("stop_services/to_zero").send_all();
    let report = report(&stage.facts);
    assert!(report.unknowns.iter().any(|u| u.settled.is_none()));
    let page = markdown(&report);
    assert!(page.contains("**STILL UNKNOWN**") && page.contains("STILL UNKNOWN\n"), "{page}");
    assert!(page.contains("NOT FINISHED"));
    assert!(report.left.iter().any(|l| l.unknown));
}

#[test]
fn what_an_abort_leaves_standing_is_listed_with_its_way_back() {
    let mut stage = answered();
    stage.confirm("stop_services/to_zero");
    stage.command(What::Abort, "enough");
    let left = report(&stage.facts).left;
    let said: Vec<String> =
        left.iter().map(|l| format!("{}: {}", l.path.as_ref().unwrap(), l.text)).collect();
    assert!(said[0].starts_with(
        "stop_services[api]/to_zero: ecs UpdateService was executed and stands; it can be taken back (`ripcord rollback"
    ));
    assert_eq!(said[2], "keep: was cancelled; its call was never sent");
}

#[test]
fn objectives_that_were_not_reached_are_said_to_be_so() {
    let done = report(&eventful().facts);
    assert_eq!(done.objectives.rto.reached, Reached::Met);
    assert_eq!(done.objectives.rpo.reached_ms, Some(Span::mins(40)));
    let aborted = report(&aborted().facts);
    assert_eq!(aborted.objectives.rto.reached, Reached::NotReached);
    assert_eq!(aborted.objectives.rto.reached_ms, None);
    let fresh = report(&Stage::started().facts);
    assert_eq!(fresh.objectives.rpo.reached, Reached::NotKnown);
    assert!(fresh.objectives.rpo.sentence.as_str().starts_with("RPO not known"));
}

/// Kinds whose absence no other fact betrays; the report counts them as none.
const TRACELESS: &[&str] = &["noted"];

#[test]
fn a_record_class_that_was_deleted_is_missed() {
    let mut seen = BTreeSet::new();
    let mut missed = BTreeSet::new();
    for stage in [eventful(), aborted(), contradicted()] {
        let kinds: BTreeSet<&str> = stage.facts.iter().map(Fact::kind).collect();
        for kind in &kinds {
            let rest: Vec<Fact> = stage.facts.iter().filter(|f| f.kind() != *kind).cloned().collect();
            let report = report(&rest);
            assert_eq!(report.records[kind], 0);
            let page = markdown(&report);
            let none = page.lines().find(|l| l.starts_with("No fact of these kinds")).unwrap();
            assert!(none.contains(&format!("`{kind}`")), "{kind}");
            if report.gaps.iter().any(|gap| gap.missing.contains(kind)) {
                missed.insert(kind.to_string());
                assert!(page.contains("NOT RECORDED") || page.contains("not recorded"), "{kind}");
            }
        }
        seen.extend(kinds);
    }
    let every: BTreeSet<&str> = report(&[]).records.keys().copied().collect();
    assert_eq!(seen, every, "the three journals hold every kind of fact");
    let unnoticed: Vec<&&str> = every.iter().filter(|k| !missed.contains(**k)).collect();
    assert_eq!(unnoticed, TRACELESS.iter().collect::<Vec<_>>());
}

#[test]
fn a_whole_journal_has_no_gap_wherever_it_stops() {
    for stage in [eventful(), aborted(), contradicted()] {
        for cut in &stage.cuts {
            let gaps = report(&stage.facts[..*cut]).gaps;
            let odd: Vec<_> = gaps.iter().filter(|g| !g.missing.contains(&"finished")).collect();
            let said = odd.is_empty() || *cut < 2 && odd.iter().all(|g| g.missing == ["started"]);
            assert!(said, "after {cut} facts, the last {:?}: {odd:#?}", stage.facts[cut - 1]);
        }
        let gaps = report(&stage.facts).gaps;
        assert_eq!(gaps, vec![]);
    }
}

/// The same facts with a secret in a call, as a journal of an older version may hold it, in a parameter and in a note.
fn with_secret(facts: &[Fact]) -> Vec<Fact> {
    let mut facts = facts.to_vec();
    for fact in &mut facts {
        match fact {
            Fact::Prepared { call, .. } if call.call.service == "rds" => {
                call.call.parameters["MasterUserPassword"] = json!(PASSWORD);
            }
            Fact::Intent { call, .. } if call.service == "rds" => {
                call.parameters["MasterUserPassword"] = json!(PASSWORD);
            }
            Fact::Started { parameters, .. } => {
                parameters.insert("password".into(), json!(PASSWORD));
            }
            Fact::Noted { text, .. } => *text = format!("it is not {PASSWORD}"),
            Fact::Captured { values, .. } => {
                values.insert("long".into(), json!(format!("{}{PASSWORD}", "x".repeat(50))));
            }
            _ => {}
        }
    }
    facts
}

#[test]
fn secrets_appear_nowhere() {
    let report = report(&with_secret(&eventful().facts));
    for text in [json(&report), markdown(&report)] {
        assert!(!text.contains(PASSWORD) && !text.contains(&PASSWORD[..8]));
        assert!(text.contains("--master-user-password '(sensitive)'"));
        assert!(text.contains("it is not (sensitive)"), "the note repeated it");
    }
    assert_eq!(report.run.parameters["password"], "(sensitive)");
}

#[test]
fn hostile_text_stays_text() {
    let evil = "x\u{1b}[2J\u{202e}\n# Boo\r| a | b |\n```\n<script>alert(1)</script> [l](http://e) ![i](http://e) `code` <b> *s*";
    let mut stage = answered();
    stage.operator = evil.into();
    stage.open();
    stage.drive();
    stage.command(What::Note { path: None, text: evil.into() }, "");
    stage.command(What::Abort, evil);
    let header = Header { operator: evil.into(), app_version: evil.into(), ..header() };
    let hostile = report_by(&header, &stage.facts);
    for text in [json(&hostile), markdown(&hostile)] {
        let bad = |c: &char| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c);
        assert_eq!(text.chars().find(bad), None);
    }
    let plain = markdown(&report(&benign(&stage.facts)));
    assert_eq!(shape(&markdown(&hostile)), shape(&plain));
}

/// The same facts with harmless people.
fn benign(facts: &[Fact]) -> Vec<Fact> {
    let text = serde_json::to_string(facts).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    calm(&mut value);
    serde_json::from_value(value).unwrap()
}

fn calm(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("Boo") => "bo".clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(calm),
        Value::Object(map) => map.values_mut().for_each(calm),
        _ => {}
    }
}

/// The markup of a page: which elements, in order, without what is in them.
fn shape(page: &str) -> Vec<String> {
    use pulldown_cmark::{Event, Options, Parser};
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let events = Parser::new_ext(page, options).filter_map(|event| match event {
        Event::Start(tag) => Some(format!("{tag:?}").split(['(', ' ']).next().unwrap().to_owned()),
        Event::Html(_) | Event::InlineHtml(_) => Some("Html".to_owned()),
        _ => None,
    });
    events.collect()
}

#[test]
fn a_hundred_thousand_facts_take_no_quadratic_time() {
    let stage = eventful();
    let cycle = |facts: &[Fact], from: &str| {
        let start =
            facts.iter().position(|f| matches!(f, Fact::Prepared { call, .. } if call.path == path(from)));
        let end = facts.iter().position(|f| matches!(f, Fact::Retried { .. }));
        (start.unwrap(), end.unwrap())
    };
    let (start, end) = cycle(&stage.facts, "keep");
    let mut facts = stage.facts[..start].to_vec();
    for attempt in 1..=11_000_u16 {
        for fact in &stage.facts[start..=end] {
            let mut fact = fact.clone();
            if let Fact::Intent { name, .. } | Fact::Rejected { name, .. } = &mut fact {
                name.attempt = Attempt(attempt);
            }
            facts.push(fact);
        }
        facts.push(Fact::Noted {
            path: None,
            text: "again".into(),
            by: "ana".into(),
            at: At(1_772_330_000_000),
        });
        facts.push(Fact::Opened { life: ripcord::ids::Life(2), by: "ana".into(), at: At(1_772_330_000_000) });
    }
    assert!(facts.len() > 100_000, "{}", facts.len());
    let began = Instant::now();
    let report = report(&facts);
    let page = markdown(&report);
    assert_eq!(report.calls.len(), 11_002);
    assert!(page.len() > 1_000_000 && json(&report).len() > 1_000_000);
    assert!(began.elapsed() < Duration::from_mins(4), "{:?}", began.elapsed());
}
