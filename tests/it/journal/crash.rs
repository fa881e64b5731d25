//! Power fails at every byte and at every operation.

use ripcord::journal::memory::{Crash, Failure, MemoryDisk, Times};
use ripcord::journal::{Disk, Journal, JournalError, kind};
use serde_json::Value;

use super::{RUN, decision, decisions, dir, file, fresh, header, open, payloads, run_of, stamp, started};

/// Opens, appends, crashes and opens again: every trial ends with a fresh load.
fn goes_on(disk: &MemoryDisk, expected: &[Value], context: &str) {
    let (mut journal, records) = open(disk).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_eq!(payloads(&records), expected, "{context}");
    journal.append(kind::DECISION, true, &decision(99), &stamp(99)).unwrap();
    drop(journal);
    disk.crash(0);
    let (_journal, records) = open(disk).unwrap_or_else(|e| panic!("{context}, again: {e}"));
    assert_eq!(payloads(&records), [expected, &[decision(99)]].concat(), "{context}");
}

#[test]
fn a_tail_torn_at_any_byte_of_any_record_is_cut_and_nothing_durable_is_lost() {
    let whole = run_of(40).content(&file()).unwrap();
    let header_only = run_of(1);
    let (mut line, mut start, mut trials) = (0_u64, 0, 0);
    for (at, byte) in whole.iter().enumerate() {
        if line > 0 {
            // Pages that were never written come back as zeros.
            for zeros in [0, 300].into_iter().take(if at % 7 == 0 { 2 } else { 1 }) {
                let disk = header_only.copy();
                disk.plant(&file(), &[&whole[..at], &vec![0; zeros]].concat());
                let complete = *byte == b'\n';
                let kept = line + u64::from(complete);
                goes_on(&disk, &decisions(kept), &format!("byte {at} of line {line}, {zeros} zeros"));
                let torn = disk.list(&dir().join("torn")).unwrap();
                assert_eq!(torn.len(), usize::from(!complete && at + zeros > start), "byte {at}");
                trials += 1;
            }
        }
        if *byte == b'\n' {
            (line, start) = (line + 1, at + 1);
        }
    }
    assert!(trials > 14_000, "{trials}");
}

#[test]
fn a_crash_while_a_record_is_written_keeps_all_of_it_or_none() {
    let disk = run_of(12);
    let (mut journal, _) = open(&disk).unwrap();
    disk.fail_at(disk.operations() + 1, Failure::Io, Times::Forever);
    journal.append(kind::DECISION, true, &decision(12), &stamp(12)).unwrap_err();
    let length = disk.pending(&file());
    for keep in 0..=length {
        for zeros in [false, true] {
            let after = disk.copy();
            after.crash_as(Crash { keep, zeros, names: true });
            let survives = keep + 1 >= length;
            goes_on(&after, &decisions(if survives { 13 } else { 12 }), &format!("{keep} of {length}"));
        }
    }
}

#[test]
fn a_header_that_never_became_durable_means_the_run_never_started() {
    let total = {
        let disk = fresh();
        started(&disk);
        disk.operations()
    };
    for nth in 0..total {
        for crash in [Crash::default(), Crash { keep: 200, zeros: false, names: true }] {
            let disk = fresh();
            disk.fail_at(nth, Failure::Io, Times::Forever);
            Journal::create(disk.clone(), &dir(), &header(RUN), b"x", &stamp(0)).unwrap_err();
            disk.crash_as(crash);
            match open(&disk) {
                // Durable to the header, but its names were not: a run nothing was done for.
                Ok((_, records)) => assert_eq!(records.len(), 1),
                Err(JournalError::NeverStarted { .. } | JournalError::NotFound { .. }) => {}
                Err(e) => panic!("operation {nth}, {crash:?}: {e}"),
            }
        }
    }
}
