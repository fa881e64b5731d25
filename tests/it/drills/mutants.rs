//! Runbook mutants: every check of a runbook is taken out in turn. Some drill must then end differently, or the line
//! is not worth having.
//!
//! The drills are the shipped scenarios and the small ones of `tests/data/drills/`, which exist only for a line that
//! no shipped one notices.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ripcord::drill::{Scenario, embedded};
use ripcord::expr::{Expr, Type};
use ripcord::runbook::{Action, Confirm, Runbook, Step, Undo, Wait};

use super::kit::{Kit, book, parse};

/// Lines that stay although no drill notices that they are gone, and why.
const KEPT: &[(&str, &str)] = &[
    ("preflight/storage_quota_listed", "the account of a drill always lists this quota, a real one may not"),
    (
        "baseline asserts nothing",
        "it records; what it asks was asked by preflight in the same moment of a drill",
    ),
];

/// The drills that are likely to notice a mutant, by how its name begins: they are played first, all others after
/// them. This is for speed only.
const FIRST: &[(&str, &str)] = &[
    ("preflight/incident_in_past", "incident-in-future"),
    ("preflight/services_found", "service-missing"),
    ("preflight/services_up", "resume-trap"),
    ("preflight/db_restorable", "replica"),
    ("preflight/no_change_pending", "pending-surprise"),
    ("preflight/no_maintenance_pending", "warned"),
    ("preflight/parked_name_differs", "same-name"),
    ("preflight/parked_name_free", "parked-name-taken"),
    ("preflight/room_for_one_more", "no-room"),
    ("preflight/room_for_its_storage", "no-storage"),
    ("preflight/network_groups_usable", "wrong-vpc"),
    ("preflight/snapshot_usable", "snapshot-not-ready"),
    ("preflight/replicas", "warned"),
    ("preflight/passwords_and_policies", "warned"),
    ("choose_snapshot", "plain"),
    ("before_the_outage", "told-first"),
    ("stop_services/to_zero/undo/wait_back", "no-go"),
    ("wait_drained", "slow-drain"),
    ("wait_drained", "started-while-draining"),
    ("nothing_else_writes", "stand-alone-task"),
    ("park_db/undo/unpark_db", "taken-before-the-way-back"),
    ("park_db/undo/wait_unparked", "slow-way-back"),
    ("park_db/undo/wait_unparked", "slow-reboot-back"),
    ("park_db", "pending-meanwhile"),
    ("wait_parked", "name-taken"),
    ("wait_parked", "slow-name"),
    ("wait_parked", "parked-slow"),
    ("restore/undo/lift_protection", "swapped-lift-protection"),
    ("restore/undo/delete_restored", "swapped-delete-restored"),
    ("restore/undo/wait_deleted", "no-go"),
    ("restore", "taken-at-the-gate"),
    ("wait_restored", "incompatible-restore"),
    ("wait_restored", "very-stale"),
    ("wait_restored", "slow-restore"),
    ("wait_restored", "many-settings"),
    ("reboot_restored", "swapped-reboot-restored"),
    ("wait_in_sync", "many-settings"),
    ("wait_in_sync", "modified-again"),
    ("wait_in_sync", "stale-reboot"),
    ("reapply_settings", "swapped-reapply-settings"),
    ("wait_settled", "late-monitoring"),
    ("wait_settled", "late-insights"),
    ("wait_settled", "pending-after-restore"),
    ("reapply_tags", "swapped-reapply-tags"),
    ("reattach_roles", "swapped-attach-role"),
    ("reapply_storage", "swapped-reapply-storage"),
    ("compare", "wrong-groups"),
    ("check_data", "wrong-snapshot"),
    ("nothing_deployed", "started-late"),
    ("go_live", "no-go"),
    ("start_services/to_count", "swapped-to-count"),
    ("start_services/to_count", "phrase-of-the-start"),
    ("start_services/wait_up", "tasks-die"),
    ("check_app", "old-address"),
    ("check_counts", "worker-wanted-back"),
];

/// A runbook without one of its checks.
struct Mutant {
    name: String,
    book: Runbook,
}

/// Where a step stands: in the list of its runbook, or in the nested or undo steps of another.
type Place = Vec<(Part, usize)>;

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Steps,
    Undo,
}

fn list(step: &mut Step, part: Part) -> &mut Vec<Step> {
    match (part, &mut step.undo) {
        (Part::Undo, Undo::Steps { steps, .. }) => steps,
        _ => &mut step.steps,
    }
}

fn list_at<'b>(book: &'b mut Runbook, place: &[(Part, usize)]) -> &'b mut Vec<Step> {
    let mut steps = &mut book.steps;
    for (n, (_, index)) in place.iter().enumerate().take(place.len() - 1) {
        steps = list(&mut steps[*index], place[n + 1].0);
    }
    steps
}

fn step_at<'b>(book: &'b mut Runbook, place: &Place) -> &'b mut Step {
    let last = place.last().unwrap().1;
    &mut list_at(book, place)[last]
}

/// Every step with its path.
fn all(steps: &[Step], prefix: &str, part: Part, above: &Place) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let (path, mut place) = (format!("{prefix}{}", step.name), above.clone());
        place.push((part, index));
        found.extend(all(&step.steps, &format!("{path}/"), Part::Steps, &place));
        if let Undo::Steps { steps, .. } = &step.undo {
            found.extend(all(steps, &format!("{path}/undo/"), Part::Undo, &place));
        }
        found.push((path, place));
    }
    found
}

fn expr(text: &str) -> Expr {
    let mut expr = Expr::parse(text).unwrap();
    expr.check(&Type::Any, &Type::Any);
    expr
}

/// The parts of a condition that are joined by `&&`, as they are written.
fn conjuncts(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quote) = (vec![String::new()], 0, None);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, '&') if depth == 0 && chars.peek() == Some(&'&') => {
                chars.next();
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

fn at_once(wait: &mut Wait) {
    wait.until = expr("`true`");
    (wait.fail_when, wait.must_leave, wait.stable_for) = (None, None, 1);
    wait.rows.clear();
}

/// Every mutant of a runbook.
fn mutants(book: &Runbook) -> Vec<Mutant> {
    let mut all_of_them = Vec::new();
    for index in 0..book.preflight.len() {
        let mut book = book.clone();
        let name = format!("preflight/{}", book.preflight.remove(index).name);
        all_of_them.push(Mutant { name, book });
    }
    for (path, place) in all(&book.steps, "", Part::Steps, &Place::new()) {
        let mut make = |what: &str, change: &dyn Fn(&mut Step)| {
            let mut book = book.clone();
            change(step_at(&mut book, &place));
            all_of_them.push(Mutant { name: format!("{path} {what}"), book });
        };
        let step = step_at(&mut book.clone(), &place).clone();
        if step.guard.is_some() {
            make("without its guard", &|step| step.guard = None);
        }
        if step.confirm.tier.is_some() {
            make("with a lower gate", &|step| step.confirm = Confirm::default());
        }
        match &step.action {
            Action::Wait(wait) => of_wait(wait, &mut make),
            Action::Assert(_) => make("asserts nothing", &|step| {
                let Action::Assert(assert) = &mut step.action else { return };
                assert.check = expr("`true`");
                assert.rows.clear();
            }),
            Action::Diff(_) => make("compares nothing", &|step| {
                let Action::Diff(diff) = &mut step.action else { return };
                diff.expect_same.clear();
            }),
            Action::Manual(_) | Action::Approve { .. } | Action::Prompt(_) => {
                let mut book = book.clone();
                let at = place.last().unwrap().1;
                list_at(&mut book, &place).remove(at);
                all_of_them.push(Mutant { name: format!("{path} is not asked"), book });
            }
            _ => {}
        }
    }
    all_of_them
}

/// Makes a mutant of a step.
type Make<'m> = dyn FnMut(&str, &dyn Fn(&mut Step)) + 'm;

fn of_wait(wait: &Wait, make: &mut Make<'_>) {
    make("holds at once", &|step| {
        let Action::Wait(wait) = &mut step.action else { return };
        at_once(wait);
    });
    if wait.fail_when.is_some() {
        make("never fails", &|step| {
            let Action::Wait(wait) = &mut step.action else { return };
            wait.fail_when = None;
        });
    }
    let parts = conjuncts(wait.until.source());
    for (index, part) in parts.iter().enumerate().filter(|_| parts.len() > 1) {
        let mut rest = parts.clone();
        rest.remove(index);
        let rest = expr(&rest.join(" && "));
        make(&format!("without {part}"), &|step| {
            let Action::Wait(wait) = &mut step.action else { return };
            wait.until = rest.clone();
        });
    }
}

/// Scenarios that are shipped.
fn shipped(book: &Runbook) -> Vec<Scenario> {
    let shipped = embedded().iter().filter(|(runbook, ..)| *runbook == book.id);
    shipped.map(|(_, id, text)| parse(book, &format!("{id}.yaml"), text)).collect()
}

/// Scenarios that only these tests have.
fn small(book: &Runbook) -> Vec<Scenario> {
    let folder = format!("tests/data/drills/{}", book.id);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let load = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        parse(book, &file.to_string_lossy(), &text)
    };
    files.iter().map(load).collect()
}

/// What came of a drill where it is not what the scenario says.
fn differs(scenario: &Scenario, book: &Arc<Runbook>) -> Option<String> {
    let kit = Kit::new(scenario.clone(), 1);
    let (rehearsed, _) = kit.rehearse(book);
    let wrong = rehearsed.verdict.findings.iter().find(|f| !f.holds)?;
    Some(format!("{}: {} {}", scenario.id, wrong.name, wrong.message))
}

/// Those first that are likely to notice.
fn order<'s>(name: &str, drills: &'s [Scenario]) -> Vec<&'s Scenario> {
    let mut order: Vec<&Scenario> = drills.iter().collect();
    order.sort_by_key(|scenario| {
        let named = |(start, id): &&(&str, &str)| name.starts_with(start) && *id == scenario.id;
        !FIRST.iter().any(|entry| named(&entry))
    });
    order
}

/// The first drill that notices each mutant; on as many threads as the machine has.
fn noticed(mutants: Vec<Mutant>, drills: &[Scenario]) -> BTreeMap<String, Option<String>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let mutants: Vec<(String, Arc<Runbook>)> =
        mutants.into_iter().map(|m| (m.name, Arc::new(m.book))).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((name, book)) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let by = order(name, drills).into_iter().find_map(|s| differs(s, book));
                    println!("{name}\n    {}", by.as_deref().unwrap_or("-- nobody notices"));
                    found.lock().unwrap().insert(name.clone(), by);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn conditions_are_taken_apart_where_they_are_joined_and_nowhere_else() {
    let text = "a == 'x && y' && length(b[?c && d]) == `0` && {{ e && f }} == g";
    assert_eq!(conjuncts(text), ["a == 'x && y'", "length(b[?c && d]) == `0`", "{{ e && f }} == g"]);
}

#[test]
fn the_drills_of_the_tests_end_as_documented() {
    let book = book("ecs-rds-snapshot-restore");
    let wrong: Vec<String> = small(&book).iter().filter_map(|s| differs(s, &book)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_of_the_flagship_is_noticed_when_it_is_gone() {
    let book = book("ecs-rds-snapshot-restore");
    let drills: Vec<Scenario> = shipped(&book).into_iter().chain(small(&book)).collect();
    let found = noticed(mutants(&book), &drills);
    let unnoticed: Vec<&str> =
        found.iter().filter(|(_, by)| by.is_none()).map(|(name, _)| name.as_str()).collect();
    let kept: Vec<&str> = KEPT.iter().map(|(name, _)| *name).collect();
    let lost: Vec<&&str> = unnoticed.iter().filter(|name| !kept.contains(name)).collect();
    let stale: Vec<&&str> = kept.iter().filter(|name| !unnoticed.contains(name)).collect();
    assert!(lost.is_empty() && stale.is_empty(), "nobody notices {lost:#?}; noticed after all: {stale:#?}");
}
