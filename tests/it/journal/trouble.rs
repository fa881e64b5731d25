//! A disk that is full, failing or gone.

use ripcord::journal::memory::{Failure, MemoryDisk, Times};
use ripcord::journal::{Disk, Journal, JournalError, Shelf, kind};
use serde_json::Value;

use super::{RUN, decision, dir, file, fresh, header, open, payloads, run_of, stamp, started};

const FAILURES: [Failure; 5] =
    [Failure::NoSpace, Failure::Io, Failure::ReadOnly, Failure::Short(0), Failure::Short(9)];

/// What one life of a run tried to write, and what it was told is durable.
#[derive(Default)]
struct Lived {
    tried: Vec<Value>,
    durable: Vec<Value>,
    /// Appends that were taken after a sync had failed.
    after_poison: usize,
}

fn fact(n: u64) -> Value {
    if n == 4 { Value::String("long".repeat(20_000)) } else { decision(n) }
}

fn live(disk: &MemoryDisk) -> Lived {
    let mut lived = Lived::default();
    let Ok(mut journal) = Journal::create(disk.clone(), &dir(), &header(RUN), b"x", &stamp(0)) else {
        return lived;
    };
    let mut poisoned = false;
    for n in 1..7 {
        journal.reserve().ok();
        lived.tried.push(fact(n));
        if journal.append(kind::DECISION, true, &fact(n), &stamp(n)).is_ok() {
            lived.durable.push(fact(n));
            lived.after_poison += usize::from(poisoned);
        }
        poisoned |= journal.is_poisoned();
    }
    lived
}

/// Whether `few` is `many` with some left out.
fn among(few: &[Value], many: &[Value]) -> bool {
    let mut many = many.iter();
    few.iter().all(|f| many.any(|m| m == f))
}

#[test]
fn whatever_operation_fails_what_was_acknowledged_survives_and_nothing_is_made_up() {
    let total = {
        let disk = fresh();
        live(&disk);
        disk.operations()
    };
    assert!(total > 25);
    for nth in 0..total {
        for failure in FAILURES {
            for times in [Times::Once, Times::Forever] {
                for keep in [0, 1, 300, usize::MAX] {
                    let disk = fresh();
                    disk.fail_at(nth, failure, times);
                    let lived = live(&disk);
                    disk.crash(keep);
                    let context = format!("operation {nth}, {failure:?} {times:?}, keep {keep}");
                    assert_eq!(lived.after_poison, 0, "{context}");
                    let read = match open(&disk) {
                        Ok((_, records)) => payloads(&records),
                        Err(JournalError::NeverStarted { .. } | JournalError::NotFound { .. }) => Vec::new(),
                        Err(e) => panic!("{context}: {e}"),
                    };
                    assert!(among(&lived.durable, &read), "{context}: something durable is gone");
                    assert!(among(&read, &lived.tried), "{context}: something was made up");
                }
            }
        }
    }
}

#[test]
fn a_recovery_that_fails_at_any_operation_loses_nothing_and_succeeds_later() {
    let torn = run_of(9);
    let bytes = torn.content(&file()).unwrap();
    let expected: Vec<Value> = (1..8).map(decision).collect();
    for cut in [5, 1] {
        torn.plant(&file(), &bytes[..bytes.len() - cut]);
        let expected =
            if cut == 1 { [expected.as_slice(), &[decision(8)]].concat() } else { expected.clone() };
        let total = {
            let disk = torn.copy();
            open(&disk).unwrap();
            disk.operations()
        };
        for nth in 0..total {
            for failure in FAILURES {
                for times in [Times::Once, Times::Forever] {
                    for keep in [0, 1, 40, usize::MAX] {
                        let disk = torn.copy();
                        disk.fail_at(nth, failure, times);
                        // A short write of the copy is simply continued, so this may succeed.
                        drop(open(&disk));
                        disk.crash(keep);
                        let (_journal, records) = open(&disk).unwrap();
                        let context = format!("operation {nth}, {failure:?} {times:?}, keep {keep}");
                        assert_eq!(payloads(&records), expected, "{context}");
                        let copies = disk.list(&dir().join("torn")).unwrap();
                        let whole = copies.iter().filter(|name| !name.starts_with('.'));
                        let told = |name: &&String| records.iter().any(|r| r.d().contains(name.as_str()));
                        assert!(whole.clone().all(|name| told(&name)), "{context}: {copies:?}");
                        assert!(whole.count() >= usize::from(cut > 1), "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_run_that_was_refused_at_its_start_is_none() {
    let total = {
        let disk = fresh();
        started(&disk);
        disk.operations()
    };
    for nth in 0..total {
        let disk = fresh();
        disk.fail_at(nth, Failure::NoSpace, Times::Once);
        Journal::create(disk.clone(), &dir(), &header(RUN), b"x", &stamp(0)).unwrap_err();
        assert!(Shelf::at(disk.clone(), "/state").unfinished().unwrap().is_empty(), "operation {nth}");
    }
}

#[test]
fn a_failed_fsync_ends_writing_for_this_process() {
    let disk = run_of(3);
    let (mut journal, _) = open(&disk).unwrap();
    disk.fail_at(disk.operations() + 1, Failure::Io, Times::Once);
    let error = journal.append(kind::DECISION, true, &decision(3), &stamp(3)).unwrap_err();
    assert_eq!(error.exit_code(), 6);
    assert!(journal.is_poisoned());
    let again = journal.append(kind::DECISION, true, &decision(4), &stamp(4)).unwrap_err();
    assert!(matches!(again, JournalError::Poisoned { .. }));
    assert!(matches!(journal.reserve(), Err(JournalError::Poisoned { .. })));
}

#[test]
fn after_a_full_disk_the_same_process_goes_on_when_there_is_room() {
    let disk = run_of(3);
    let (mut journal, _) = open(&disk).unwrap();
    let before = disk.content(&file());
    disk.set_capacity(Some(disk.used() + 100));
    let error = journal.append(kind::DECISION, true, &decision(3), &stamp(3)).unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }) && error.exit_code() == 6);
    assert_eq!(disk.content(&file()), before);
    disk.set_capacity(None);
    journal.append(kind::DECISION, true, &decision(3), &stamp(3)).unwrap();
    drop(journal);
    disk.crash(0);
    assert_eq!(open(&disk).unwrap().1.len(), 4);
}

#[test]
fn room_reserved_before_a_call_holds_its_result_on_a_disk_that_filled_up_since() {
    let disk = fresh();
    let mut journal = started(&disk);
    journal.reserve().unwrap();
    disk.set_capacity(Some(0));
    for n in 1..20 {
        let result = Value::String("r".repeat(10_000));
        journal.append(kind::DECISION, true, &result, &stamp(n)).unwrap();
    }
    assert!(matches!(journal.reserve(), Err(JournalError::Full { .. })));
}

#[test]
fn a_journal_that_was_replaced_or_deleted_starts_no_effect() {
    for replaced in [true, false] {
        let disk = run_of(3);
        let (mut journal, _) = open(&disk).unwrap();
        if replaced {
            disk.plant(&file(), b"other");
        } else {
            disk.remove(&file()).unwrap();
        }
        let error = journal.reserve().unwrap_err();
        assert!(matches!(error, JournalError::Moved { .. }) && error.exit_code() == 6);
    }
}

#[test]
fn a_network_file_system_is_refused() {
    let disk = run_of(3);
    disk.set_network(Some("NFS"));
    let error = open(&disk).unwrap_err();
    assert_eq!(error.to_string(), format!("{} lies on NFS", dir().display()));
    assert_eq!(Journal::follow(disk, &dir()).unwrap().records.len(), 3);
}
