//! A journal of format 1 that every later version has to read, and this one has to write byte for byte.

use std::path::{Path, PathBuf};

use ripcord::journal::memory::MemoryDisk;
use ripcord::journal::{Disk, Journal, Verdict, kind, verify};
use serde_json::json;

use super::{RUN, dir, file, fresh, open, payloads, stamp, started};

const HEAD: &str = "4e6bd41fdd38";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journals/v1").join(RUN)
}

/// Writes a run with one record of every kind, a value too long for a line, and a repaired tail.
fn written() -> MemoryDisk {
    let disk = fresh();
    let mut journal = started(&disk);
    let sent =
        json!({"cause": {"confirmed": "orders eu-west-1", "by": "ana"}, "facts": [{"intent": {"n": 1}}]});
    journal.append(kind::DECISION, true, &sent, &stamp(1)).unwrap();
    journal
        .append(kind::NOTE, false, &json!({"text": "Größe 日本 \u{202e}\n\"quoted\" \\"}), &stamp(2))
        .unwrap();
    journal
        .append(kind::DECISION, true, &json!({"facts": ["0123456789abcdef".repeat(4200)]}), &stamp(3))
        .unwrap();
    drop(journal);
    let whole = disk.content(&file()).unwrap();
    disk.plant(&file(), &[&whole, b"{\"v\":1,\"n\":4,\"t\":\"deci".as_slice()].concat());
    let (mut journal, _) = Journal::open(disk.clone(), &dir(), &stamp(4)).unwrap();
    journal.append("later_kind", false, &json!([1.5, null, true]), &stamp(5)).unwrap();
    journal.append(kind::END, true, &json!({"verdict": "success"}), &stamp(6)).unwrap();
    disk
}

/// Every file of a run, by its path inside the run.
fn files(disk: &MemoryDisk) -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("journal.jsonl"), PathBuf::from("runbook.yaml")];
    for part in ["out", "torn"] {
        files.extend(disk.list(&dir().join(part)).unwrap().iter().map(|name| Path::new(part).join(name)));
    }
    files
}

#[test]
fn this_version_writes_format_1_byte_for_byte() {
    let disk = written();
    for path in files(&disk) {
        let golden = std::fs::read(data().join(&path)).unwrap();
        assert!(disk.content(&dir().join(&path)).unwrap() == golden, "{}", path.display());
    }
}

#[test]
fn the_golden_journal_of_format_1_is_read() {
    let disk = written();
    let golden = fresh();
    for part in ["out", "torn"] {
        golden.mkdirs(&dir().join(part));
    }
    for path in files(&disk) {
        golden.plant(&dir().join(&path), &std::fs::read(data().join(&path)).unwrap());
    }
    let Verdict::Intact { records: 7, head } = verify(&golden, &dir()).unwrap() else { panic!() };
    assert_eq!(head.short(), HEAD);
    let (journal, records) = open(&golden).unwrap();
    assert_eq!(journal.head(), HEAD);
    assert_eq!(payloads(&records).len(), 2);
    let kinds: Vec<&str> = records.iter().map(|r| &*r.kind).collect();
    assert_eq!(kinds, ["header", "decision", "note", "decision", "repair", "later_kind", "end"]);
    assert_eq!(records[2].d(), "{\"text\":\"Größe 日本 \u{202e}\\n\\\"quoted\\\" \\\\\"}");
}
