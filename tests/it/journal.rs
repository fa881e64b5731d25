//! The journal's promises, on a disk that crashes on demand and on the real one.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::path::{Path, PathBuf};

use ripcord::ids::{At, Place, RunId};
use ripcord::journal::memory::{Crash, Failure, MemoryDisk, Times};
use ripcord::journal::{
    Digest, Disk, EndpointKind, Header, Journal, JournalError, Record, RunbookRef, Seq, Stamp, Verdict, kind,
    verify,
};
use serde_json::{Value, json};

const RUN: &str = "0199a1b2-0000-7000-8000-000000000001";

fn header(run: &str) -> Header {
    Header {
        format: 1,
        run: RunId(run.to_owned()),
        runbook: RunbookRef {
            id: "ecs-rds-snapshot-restore".to_owned(),
            title: "Restore the database".to_owned(),
            version: "1.0.0".to_owned(),
            digest: Digest::of(b""),
        },
        app_version: "0.1.0".to_owned(),
        endpoint: EndpointKind::Live,
        places: vec![Place {
            target: "main".to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            role_arn: None,
        }],
        settle_ms: 660_000,
        pace: 1,
        started: At(1_772_329_205_007),
        operator: "ana".to_owned(),
        resources: vec!["111122223333/eu-west-1/aws.rds.instance/orders".to_owned()],
    }
}

fn stamp(n: u64) -> Stamp {
    let wall = At(1_772_329_205_007 + i64::try_from(n).unwrap() * 1000);
    Stamp { wall, m: 81_234 + n * 1000, boot: "1f0c9a2e".to_owned() }
}

fn dir() -> PathBuf {
    Path::new("/state/runs").join(RUN)
}

fn file() -> PathBuf {
    dir().join("journal.jsonl")
}

fn fresh() -> MemoryDisk {
    let disk = MemoryDisk::new();
    disk.mkdirs(Path::new("/state/runs"));
    disk
}

fn started(disk: &MemoryDisk) -> Journal<MemoryDisk> {
    Journal::create(disk.clone(), &dir(), &header(RUN), b"schema: 1\n", &stamp(0)).unwrap()
}

fn decision(n: u64) -> Value {
    json!({"cause": {"answer": n}, "facts": [{"step": "rename", "text": "x".repeat(usize::try_from(n).unwrap())}]})
}

/// A run with `n` records on a disk of its own.
fn run_of(n: u64) -> MemoryDisk {
    let disk = fresh();
    let mut journal = started(&disk);
    for i in 1..n {
        assert_eq!(journal.append(kind::DECISION, true, &decision(i), &stamp(i)).unwrap(), Seq(i));
    }
    disk
}

fn open(disk: &MemoryDisk) -> Result<(Journal<MemoryDisk>, Vec<Record>), JournalError> {
    Journal::open(disk.clone(), &dir(), &stamp(900))
}

fn payloads(records: &[Record]) -> Vec<Value> {
    records.iter().filter(|r| r.kind == kind::DECISION).map(|r| r.read().unwrap()).collect()
}

fn decisions(n: u64) -> Vec<Value> {
    (1..n).map(decision).collect()
}

#[test]
fn what_was_appended_is_read_back_in_order() {
    let disk = run_of(40);
    disk.crash(0);
    let (journal, records) = open(&disk).unwrap();
    assert_eq!(payloads(&records), decisions(40));
    assert_eq!(journal.header().run, RunId(RUN.to_owned()));
    assert_eq!(journal.runbook().unwrap(), b"schema: 1\n");
    let Verdict::Intact { records: 40, head } = verify(&disk, &dir()).unwrap() else { panic!() };
    assert_eq!(head.short(), journal.head());
}

/// Opens, appends, crashes and opens again: every trial ends with a fresh load.
fn goes_on(disk: &MemoryDisk, expected: &[Value], context: &str) {
    let (mut journal, records) = open(disk).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_eq!(payloads(&records), expected, "{context}");
    journal.append(kind::DECISION, true, &decision(99), &stamp(99)).unwrap();
    drop(journal);
    disk.crash(0);
    let (_journal, records) = open(disk).unwrap_or_else(|e| panic!("{context}, again: {e}"));
    assert_eq!(payloads(&records), [expected, &[decision(99)]].concat(), "{context}");
    assert!(matches!(verify(disk, &dir()), Ok(Verdict::Intact { .. })), "{context}");
}

#[test]
fn a_tail_torn_at_any_byte_of_any_record_is_cut_and_nothing_durable_is_lost() {
    let whole = run_of(40).content(&file()).unwrap();
    let header_only = run_of(1);
    let (mut line, mut start, mut trials) = (0_u64, 0, 0);
    for (at, byte) in whole.iter().enumerate() {
        if line > 0 {
            // Pages that were never written come back as zeros.
            for zeros in [0, 300].into_iter().take(if at % 3 == 0 { 2 } else { 1 }) {
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
    assert!(trials > 15_000, "{trials}");
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
