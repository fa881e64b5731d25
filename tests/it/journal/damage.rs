//! Damage anywhere but in a torn tail: judged, named, and never touched.

use ripcord::journal::memory::MemoryDisk;
use ripcord::journal::{Header, Journal, JournalError, Verdict, kind, verify};

use super::{RUN, decision, dir, file, fresh, header, open, run_of, stamp};

fn judged(whole: &MemoryDisk, bytes: &[u8]) -> (MemoryDisk, Verdict) {
    let disk = whole.copy();
    disk.plant(&file(), bytes);
    let verdict = verify(&disk, &dir()).unwrap();
    (disk, verdict)
}

/// Opening a damaged run is refused, leaves every byte alone, and following it shows the good part.
fn stays_read_only(disk: &MemoryDisk, damaged: u64) {
    let before = disk.content(&file());
    let error = open(disk).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { line, .. } if line == damaged), "{error}");
    assert_eq!(error.exit_code(), 1);
    assert_eq!(disk.content(&file()), before);
    match Journal::follow(disk.clone(), &dir()) {
        Ok(follow) => assert_eq!(follow.records.len() as u64, damaged - 1),
        Err(_) => assert_eq!(damaged, 1),
    }
}

#[test]
fn no_changed_byte_is_accepted() {
    let disk = run_of(8);
    let whole = disk.content(&file()).unwrap();
    let lines = lines(&whole).len() as u64;
    let mut line = 1;
    for at in 0..whole.len() {
        for with in [0x01, 0x20, 0x80, whole[at] ^ b'\n', whole[at]] {
            if with == 0 {
                continue;
            }
            let mut bytes = whole.clone();
            bytes[at] ^= with;
            let (disk, verdict) = judged(&disk, &bytes);
            match verdict {
                Verdict::Damaged { line: named, byte, .. } => {
                    assert_eq!(named, line, "byte {at}");
                    assert!(byte <= at as u64);
                    stays_read_only(&disk, line);
                }
                // The newline became padding: the record before it is whole and stays.
                Verdict::Torn { unended: true, .. } => assert_eq!(at + 1, whole.len()),
                // A zero where a disk block begins or ends is what an unwritten block looks like.
                Verdict::Torn { .. } => {
                    assert!(
                        bytes[at] == 0 && line == lines && (at % 512 == 0 || at % 512 == 511),
                        "byte {at}"
                    );
                }
                other => panic!("byte {at} with {with:#x}: {other:?}"),
            }
        }
        line += u64::from(whole[at] == b'\n');
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn no_dropped_swapped_or_repeated_line_is_accepted() {
    let disk = run_of(12);
    let good = lines(&disk.content(&file()).unwrap());
    let Verdict::Intact { head, .. } = verify(&disk, &dir()).unwrap() else { panic!() };
    for a in 0..good.len() {
        let mut dropped = good.clone();
        dropped.remove(a);
        match judged(&disk, &dropped.concat()) {
            // Nothing in the file can tell that its last line is missing; the head shown elsewhere does.
            (_, Verdict::Intact { head: other, .. }) => assert!(a + 1 == good.len() && other != head),
            (disk, Verdict::Damaged { line, .. }) => stays_read_only(&disk, line),
            (_, other) => panic!("without line {a}: {other:?}"),
        }
        for b in 0..good.len() {
            let mut repeated = good.clone();
            repeated.insert(b, good[a].clone());
            let (disk_after, verdict) = judged(&disk, &repeated.concat());
            assert!(matches!(verdict, Verdict::Damaged { .. }), "line {a} again at {b}: {verdict:?}");
            stays_read_only(&disk_after, if a == b { b + 2 } else { b + 1 } as u64);
            if a < b {
                let mut swapped = good.clone();
                swapped.swap(a, b);
                let (disk_after, verdict) = judged(&disk, &swapped.concat());
                assert!(matches!(verdict, Verdict::Damaged { .. }), "{a} and {b}: {verdict:?}");
                stays_read_only(&disk_after, a as u64 + 1);
            }
        }
    }
}

#[test]
fn a_line_of_another_run_is_not_accepted_though_its_number_fits() {
    let disk = run_of(6);
    let theirs = fresh();
    let mut other = Journal::create(
        theirs.clone(),
        &dir(),
        &Header { pace: 2, ..header(RUN) },
        b"schema: 1\n",
        &stamp(0),
    )
    .unwrap();
    for n in 1..6 {
        other.append(kind::DECISION, true, &decision(n), &stamp(n)).unwrap();
    }
    let theirs = lines(&theirs.content(&file()).unwrap());
    for at in 0..6 {
        let mut spliced = lines(&disk.content(&file()).unwrap());
        spliced[at].clone_from(&theirs[at]);
        let (spliced, verdict) = judged(&disk, &spliced.concat());
        assert!(matches!(verdict, Verdict::Damaged { .. }), "line {at}: {verdict:?}");
        stays_read_only(&spliced, if at == 0 { 2 } else { at as u64 + 1 });
    }
}

#[test]
fn a_tail_that_holds_a_record_is_not_cut() {
    let disk = run_of(6);
    let good = lines(&disk.content(&file()).unwrap());
    let last = good.last().unwrap();
    let stump = &last[..last.len() - 1];
    let glued = [good[..5].concat().as_slice(), b"garbage", stump].concat();
    let followed = [good[..5].concat().as_slice(), stump, b"garbage"].concat();
    for bytes in [glued, followed] {
        assert!(matches!(judged(&disk, &bytes).1, Verdict::Damaged { line: 6, .. }));
    }
    let endless = [good.concat(), vec![b'x'; 70_000]].concat();
    assert!(matches!(judged(&disk, &endless).1, Verdict::Damaged { line: 7, .. }));
}

#[test]
fn a_missing_or_altered_value_and_runbook_are_found() {
    let disk = run_of(1);
    let (mut journal, _) = open(&disk).unwrap();
    journal.append("decision", true, &"z".repeat(80_000), &stamp(1)).unwrap();
    drop(journal);
    let names = ripcord::journal::Disk::list(&disk, &dir().join("out")).unwrap();
    let altered = disk.copy();
    altered.plant(&dir().join("out").join(&names[0]), b"other");
    assert!(matches!(verify(&altered, &dir()).unwrap(), Verdict::Damaged { line: 2, .. }));
    assert_eq!(open(&altered).unwrap_err().exit_code(), 1);
    assert_eq!(Journal::follow(altered, &dir()).unwrap().records.len(), 1);
    disk.plant(&dir().join("runbook.yaml"), b"schema: 2\n");
    assert!(matches!(verify(&disk, &dir()), Err(JournalError::Altered { .. })));
}
