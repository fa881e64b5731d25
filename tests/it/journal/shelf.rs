//! The shelf: what it lists, finds, refuses to start.

use std::path::Path;

use ripcord::ids::{At, RunId};
use ripcord::journal::memory::MemoryDisk;
use ripcord::journal::{EndpointKind, Header, JournalError, Shelf, Stamp, kind};
use serde_json::json;

use super::{decision, header, stamp};

fn shelf() -> (MemoryDisk, Shelf<MemoryDisk>) {
    let disk = MemoryDisk::new();
    disk.mkdirs(Path::new("/home/ana"));
    (disk.clone(), Shelf::at(disk, "/home/ana/.local/state/ripcord"))
}

fn run(n: u32) -> String {
    format!("0199a1b{n}-0000-7000-8000-00000000000{n}")
}

fn on(n: u32, resource: &str) -> Header {
    Header { resources: vec![resource.to_owned()], ..header(&run(n)) }
}

fn names(shelf: &Shelf<MemoryDisk>) -> Vec<String> {
    shelf.list().unwrap().into_iter().map(|shelved| shelved.run.0).collect()
}

#[test]
fn an_empty_shelf_needs_no_directory() {
    let (_, shelf) = shelf();
    assert!(names(&shelf).is_empty());
    assert!(matches!(shelf.find("0199"), Err(JournalError::NotFound { .. })));
    assert!(matches!(shelf.follow(&RunId(run(1))), Err(JournalError::NotFound { .. })));
}

#[test]
fn runs_are_listed_newest_first_with_what_their_end_says() {
    let (disk, shelf) = shelf();
    for n in 1..4 {
        let mut journal = shelf.start(&on(n, &format!("db-{n}")), b"x", &stamp(0)).unwrap();
        for i in 1..400 {
            journal.append(kind::DECISION, true, &json!("x".repeat(900)), &stamp(i)).unwrap();
        }
        if n == 2 {
            journal.append(kind::END, true, &json!({"verdict": "success"}), &stamp(400)).unwrap();
            for i in 0..400 {
                journal.append(kind::NOTE, false, &json!("y".repeat(900)), &stamp(401 + i)).unwrap();
            }
        }
    }
    disk.crash(0);
    assert_eq!(names(&shelf), [run(3), run(2), run(1)]);
    let found: Vec<_> = shelf.list().unwrap().into_iter().map(|s| s.found.unwrap()).collect();
    assert_eq!(
        found.iter().map(|s| (s.ended, s.last.n.0)).collect::<Vec<_>>(),
        [(false, 399), (true, 800), (false, 399)]
    );
    assert_eq!(found[1].header.run.0, run(2));
    assert_eq!(shelf.unfinished().unwrap().len(), 2);
}

#[test]
fn a_target_is_held_until_its_run_ends() {
    let (_, shelf) = shelf();
    let mut first = shelf.start(&on(1, "db"), b"x", &stamp(0)).unwrap();
    let error = shelf.start(&on(2, "db"), b"x", &stamp(1)).unwrap_err();
    assert!(matches!(&error, JournalError::Held { resource, .. } if resource == "db"));
    assert_eq!(error.exit_code(), 7);
    assert_eq!(names(&shelf), [run(1)]);
    shelf.start(&on(3, "other"), b"x", &stamp(1)).unwrap();
    let drill = EndpointKind::Drill { scenario: "s".to_owned(), seed: 1, speed: 60, nonce: "n".to_owned() };
    shelf.start(&Header { endpoint: drill, ..on(4, "db") }, b"x", &stamp(1)).unwrap();
    first.append(kind::END, true, &json!({}), &stamp(2)).unwrap();
    shelf.start(&on(5, "db"), b"x", &stamp(3)).unwrap();
}

#[test]
fn a_run_whose_end_is_damaged_still_holds_its_target() {
    let (disk, shelf) = shelf();
    let mut journal = shelf.start(&on(1, "db"), b"x", &stamp(0)).unwrap();
    journal.append(kind::DECISION, true, &decision(1), &stamp(1)).unwrap();
    journal.append(kind::END, true, &json!({"verdict": "success"}), &stamp(2)).unwrap();
    let path = journal.dir().join("journal.jsonl");
    drop(journal);
    let mut bytes = disk.content(&path).unwrap();
    let at = bytes.len() - 200;
    bytes[at] ^= 1;
    disk.plant(&path, &bytes);
    let shelved = shelf.list().unwrap().remove(0).found.unwrap();
    assert!(shelved.ragged && !shelved.ended);
    assert!(matches!(shelf.start(&on(2, "db"), b"x", &stamp(1)), Err(JournalError::Held { .. })));
}

#[test]
fn a_run_is_found_by_either_end_of_its_name() {
    let (_, shelf) = shelf();
    for n in 1..4 {
        shelf.start(&on(n, &format!("db-{n}")), b"x", &stamp(0)).unwrap();
    }
    assert_eq!(shelf.find("0199a1b2").unwrap().0, run(2));
    assert_eq!(shelf.find("0003").unwrap().0, run(3));
    assert_eq!(shelf.find(&run(1)).unwrap().0, run(1));
    assert!(matches!(shelf.find("0199"), Err(JournalError::Ambiguous { runs, .. }) if runs.len() == 3));
    assert!(matches!(shelf.find(""), Err(JournalError::NotFound { .. })));
    for hostile in ["..", "../../etc", "a/b", ".", "a\0b", ""] {
        assert!(shelf.dir(&RunId(hostile.to_owned())).is_err(), "{hostile}");
    }
}

#[test]
fn a_copied_run_is_not_a_second_run() {
    let (disk, shelf) = shelf();
    let journal = shelf.start(&on(1, "db"), b"x", &stamp(0)).unwrap();
    let bytes = disk.content(&journal.dir().join("journal.jsonl")).unwrap();
    let copy = journal.dir().with_file_name(run(2));
    disk.mkdirs(&copy);
    disk.plant(&copy.join("journal.jsonl"), &bytes);
    assert!(matches!(shelf.open(&RunId(run(2)), &stamp(1)), Err(JournalError::Altered { .. })));
}

#[test]
fn a_follower_sees_each_record_once_and_never_half_of_one() {
    let (disk, shelf) = shelf();
    let mut journal = shelf.start(&on(1, "db"), b"x", &stamp(0)).unwrap();
    let mut follow = shelf.follow(&RunId(run(1))).unwrap();
    assert_eq!(follow.records.len(), 1);
    assert!(follow.more().unwrap().is_empty());
    for n in 1..5 {
        journal.append(kind::DECISION, true, &decision(n), &stamp(n)).unwrap();
        let more = follow.more().unwrap();
        assert_eq!(more.iter().map(|r| r.n.0).collect::<Vec<_>>(), [n]);
        assert_eq!(follow.head(), journal.head());
    }
    drop(disk);
}

#[test]
fn the_times_of_a_drill_in_a_list_are_those_of_the_wall() {
    let (_, shelf) = shelf();
    let drill = EndpointKind::Drill { scenario: "plain".into(), seed: 1, speed: 60, nonce: "n".into() };
    let id = "019a9f3e-1c00-7000-8000-000000000001";
    let of_drill = Header { endpoint: drill, ..header(id) };
    // The first 48 bits of the id are milliseconds on the wall.
    assert_eq!(of_drill.began_at(), At(0x019a_9f3e_1c00));
    assert_eq!(header(id).began_at(), header(id).started, "a run tells it itself");

    let mut journal = shelf.start(&of_drill, b"x", &stamp(0)).unwrap();
    journal.append(kind::DECISION, true, &json!({}), &stamp(5)).unwrap();
    let found = shelf.list().unwrap().remove(0).found.unwrap();
    let now = |later: u64, boot: &str| Stamp {
        wall: At(1_800_000_000_000),
        m: stamp(5).m + later,
        boot: boot.into(),
    };
    let boot = stamp(5).boot;
    assert_eq!(found.heard_at(&now(60_000, &boot)), Some(At(1_800_000_000_000 - 60_000)));
    assert_eq!(found.heard_at(&now(60_000, "another")), None, "that clock began anew");
}
