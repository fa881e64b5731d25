//! The journal's promises, on a disk that crashes on demand and on the real one.

mod crash;
mod damage;
mod golden;
mod local;
mod shelf;
mod trouble;

use std::path::{Path, PathBuf};

use ripcord::ids::{At, Place, RunId};
use ripcord::journal::memory::MemoryDisk;
use ripcord::journal::{
    Digest, EndpointKind, Header, Journal, JournalError, Record, RunbookRef, Seq, Stamp, Verdict, kind,
    verify,
};
use serde_json::{Value, json};

const RUN: &str = "0199a1b2-0000-7000-8000-000000000001";

pub fn header(run: &str) -> Header {
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
        plan: None,
        read_only: false,
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

#[test]
fn a_payload_too_long_for_a_line_is_kept_whole_beside_the_journal() {
    let disk = run_of(2);
    let (mut journal, _) = open(&disk).unwrap();
    let long = json!({"facts": ["y".repeat(200_000)]});
    journal.append(kind::DECISION, true, &long, &stamp(2)).unwrap();
    drop(journal);
    disk.crash(0);
    let (journal, records) = open(&disk).unwrap();
    assert_eq!(payloads(&records), [decision(1), long.clone()]);
    let digest = Digest::of(serde_json::to_string(&long).unwrap().as_bytes());
    assert_eq!(journal.read_blob(&digest).unwrap(), serde_json::to_vec(&long).unwrap());
    let longest = disk.content(&file()).unwrap().split(|b| *b == b'\n').map(<[u8]>::len).max();
    assert!(longest < Some(1024));
}

#[test]
fn a_value_is_named_by_what_it_is_and_proven_when_read() {
    let disk = run_of(1);
    let (journal, _) = open(&disk).unwrap();
    let digest = journal.blob(b"the whole answer").unwrap();
    assert_eq!(journal.blob(b"the whole answer").unwrap(), digest);
    assert_eq!(journal.read_blob(&digest).unwrap(), b"the whole answer");
    let path = dir().join("out").join(digest.as_str());
    disk.plant(&path, b"the whole lie");
    let error = journal.read_blob(&digest).unwrap_err();
    assert!(matches!(error, JournalError::Altered { .. }) && error.exit_code() == 1);
    journal.blob(b"the whole answer").unwrap();
    assert_eq!(journal.read_blob(&digest).unwrap(), b"the whole answer");
    assert!(journal.read_blob(&Digest::of(b"never kept")).is_err());
}

#[test]
fn a_kind_that_would_lock_every_reader_out_is_not_written() {
    let disk = run_of(1);
    let (mut journal, _) = open(&disk).unwrap();
    for (kind, critical) in
        [("header", true), ("repair", true), ("ballot", true), ("", false), ("a\"b", false)]
    {
        let error = journal.append(kind, critical, &1, &stamp(1)).unwrap_err();
        assert!(matches!(error, JournalError::Unwritable { .. }), "{kind}: {error}");
    }
    journal.append("ballot", false, &1, &stamp(1)).unwrap();
    assert_eq!(open_after(&disk, journal)[1].kind, "ballot");
}

fn open_after(disk: &MemoryDisk, journal: Journal<MemoryDisk>) -> Vec<Record> {
    drop(journal);
    open(disk).unwrap().1
}

#[test]
fn every_error_says_what_it_means_and_what_to_do() {
    let disk = run_of(3);
    let _held = open(&disk).unwrap();
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }));
    assert_eq!(error.exit_code(), 7);
    assert!(error.to_string().starts_with("another process has /state/runs/"));
    assert_eq!(error.meaning(), "One process writes a run; this one may only look.");
    assert!(error.hint().contains("end that process first"));
}
