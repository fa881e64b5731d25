//! The same on the disk of this machine: locks between processes, modes, symbolic links.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;

use ripcord::ids::RunId;
use ripcord::journal::{Journal, JournalError, LocalDisk, Seq, Shelf, Verdict, kind, verify};
use tempfile::TempDir;

use super::{RUN, decision, header, payloads, stamp};

const CHILD: &str = "RIPCORD_TEST_WRITE_RUN";

fn shelf() -> (TempDir, Shelf<LocalDisk>) {
    let temp = tempfile::tempdir().unwrap();
    let shelf = Shelf::at(LocalDisk, temp.path().join("state/ripcord"));
    (temp, shelf)
}

/// A run with one decision, not open any more.
fn on_disk() -> (TempDir, Shelf<LocalDisk>, PathBuf) {
    let (temp, shelf) = shelf();
    let mut journal = shelf.start(&header(RUN), b"schema: 1\n", &stamp(0)).unwrap();
    journal.reserve().unwrap();
    journal.append(kind::DECISION, true, &decision(1), &stamp(1)).unwrap();
    let dir = journal.dir().to_owned();
    (temp, shelf, dir)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn run() -> RunId {
    RunId(RUN.to_owned())
}

#[test]
fn a_run_on_a_real_disk_is_private_and_survives() {
    let (_temp, shelf, dir) = on_disk();
    let (mut journal, records) = shelf.open(&run(), &stamp(2)).unwrap();
    assert_eq!(payloads(&records), [decision(1)]);
    journal.append(kind::DECISION, true, &"v".repeat(100_000), &stamp(2)).unwrap();
    drop(journal);
    let (journal, records) = shelf.open(&run(), &stamp(3)).unwrap();
    assert_eq!((records.len(), journal.next()), (3, Seq(3)));
    for (path, expected) in [
        (shelf.root().to_owned(), 0o700),
        (dir.clone(), 0o700),
        (dir.join("out"), 0o700),
        (dir.join("journal.jsonl"), 0o600),
        (dir.join("runbook.yaml"), 0o600),
    ] {
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
    assert_eq!(shelf.list().unwrap().len(), 1);
}

#[test]
fn a_torn_tail_on_a_real_disk_is_kept_aside() {
    let (_temp, shelf, dir) = on_disk();
    let path = dir.join("journal.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole, b"{\"v\":1,\"n\":2,\"t\":".as_slice()].concat()).unwrap();
    assert!(matches!(verify(&LocalDisk, &dir), Ok(Verdict::Torn { bytes: 17, .. })));
    let (_journal, records) = shelf.open(&run(), &stamp(2)).unwrap();
    assert_eq!(records.last().unwrap().kind, kind::REPAIR);
    let torn: Vec<_> = fs::read_dir(dir.join("torn")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(fs::read(&torn[0]).unwrap(), b"{\"v\":1,\"n\":2,\"t\":");
    assert!(fs::read(&path).unwrap().starts_with(&whole));
}

#[test]
fn of_many_who_open_a_run_at_once_exactly_one_may_write() {
    let (_temp, shelf, _) = on_disk();
    for round in 0..20 {
        let (start, all_tried) = (Barrier::new(6), Barrier::new(6));
        let writers: Vec<bool> = std::thread::scope(|scope| {
            let open = || {
                start.wait();
                let opened = shelf.open(&run(), &stamp(2));
                all_tried.wait();
                match opened {
                    Ok(_) => true,
                    Err(JournalError::Locked { .. }) => false,
                    Err(e) => panic!("round {round}: {e}"),
                }
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(writers.iter().filter(|writes| **writes).count(), 1, "round {round}");
    }
}

#[test]
fn of_many_who_start_on_one_target_at_once_exactly_one_starts() {
    let (_temp, shelf) = shelf();
    let (start, all_tried) = (Barrier::new(6), Barrier::new(6));
    let (start, all_tried, shelf) = (&start, &all_tried, &shelf);
    let started: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|n| {
                scope.spawn(move || {
                    let name = format!("0199a1b2-0000-7000-8000-00000000000{n}");
                    start.wait();
                    // Held until all have tried: a run that died before its first decision holds nothing.
                    let started = shelf.start(&header(&name), b"x", &stamp(0));
                    all_tried.wait();
                    usize::from(started.is_ok())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(started, 1);
}

/// Not a test of its own: the other process of the tests below. It opens the run, appends without end or until
/// an append fails, and says what was acknowledged.
#[test]
fn child_that_writes() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let (mut journal, _) = Journal::open(LocalDisk, Path::new(&dir), &stamp(5)).unwrap();
    println!("\nheld");
    for n in 0.. {
        match journal.append(kind::DECISION, true, &decision(n % 500), &stamp(n)) {
            Ok(Seq(seq)) => println!("acknowledged {seq}"),
            Err(e) => {
                println!("refused with {}: {e}", e.exit_code());
                break;
            }
        }
    }
}

struct Writer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    /// Starts the other process through a shell that first does `before`.
    fn start(dir: &Path, before: &str) -> Writer {
        let mut child = Command::new("sh")
            .args([
                "-c",
                &format!("{before} exec \"$0\" --exact journal::local::child_that_writes --nocapture"),
            ])
            .arg(std::env::current_exe().unwrap())
            .env(CHILD, dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Writer { child, lines }
    }

    fn says(&mut self, start: &str) -> String {
        let line = self.lines.by_ref().map_while(Result::ok).find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("the writer ended without saying {start}"))
    }

    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.map_while(Result::ok).filter(|line| line.starts_with("acknowledged")).collect()
    }
}

#[test]
fn another_process_is_locked_out_until_the_holder_is_killed() {
    let (_temp, shelf, dir) = on_disk();
    let mut writer = Writer::start(&dir, "");
    writer.says("held");
    assert!(matches!(shelf.open(&run(), &stamp(2)), Err(JournalError::Locked { .. })));
    assert!(shelf.follow(&run()).unwrap().records.len() >= 2);
    writer.kill();
    shelf.open(&run(), &stamp(2)).unwrap();
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_it_acknowledged() {
    let (_temp, shelf, dir) = on_disk();
    for cycle in 0..12 {
        let mut writer = Writer::start(&dir, "");
        let mut last = String::new();
        for _ in 0..=cycle {
            last = writer.says("acknowledged");
        }
        let last = writer.kill().pop().unwrap_or(last);
        let seq: u64 = last.split_once(' ').unwrap().1.parse().unwrap();
        let (journal, _) = shelf.open(&run(), &stamp(2)).unwrap();
        assert!(journal.next() > Seq(seq), "{last}, but the journal ends at {:?}", journal.next());
    }
}

#[test]
fn a_real_limit_on_the_file_is_a_full_disk_and_leaves_whole_records() {
    let (_temp, shelf, dir) = on_disk();
    // 512-byte blocks; unless ignored, the signal would kill the process.
    let mut writer = Writer::start(&dir, "trap '' XFSZ; ulimit -f 20;");
    let refused = writer.says("refused");
    assert!(refused.starts_with("refused with 6: there is no room to write"), "{refused}");
    writer.child.wait().unwrap();
    assert!(matches!(verify(&LocalDisk, &dir), Ok(Verdict::Intact { .. })));
    let (mut journal, _) = shelf.open(&run(), &stamp(2)).unwrap();
    journal.append(kind::DECISION, true, &decision(400), &stamp(3)).unwrap();
}

fn refused(shelf: &Shelf<LocalDisk>, why: &str) {
    let error = shelf.open(&run(), &stamp(2)).unwrap_err();
    assert!(matches!(&error, JournalError::Unsafe { .. }) && error.to_string().contains(why), "{error}");
    assert_eq!(error.exit_code(), 2);
    assert!(shelf.follow(&run()).is_err());
}

#[test]
fn looser_modes_are_refused() {
    let (_temp, shelf, dir) = on_disk();
    let path = dir.join("journal.jsonl");
    for (loose, tight, bad) in [(&dir, 0o700, 0o750), (&path, 0o600, 0o640), (&path, 0o600, 0o602)] {
        chmod(loose, bad);
        refused(&shelf, "others may open it");
        chmod(loose, tight);
    }
    let runs = dir.parent().unwrap();
    chmod(runs, 0o770);
    refused(&shelf, "others may open it");
    chmod(runs, 0o700);
    shelf.open(&run(), &stamp(2)).unwrap();
    chmod(shelf.root(), 0o770);
    let other = header("0199a1b2-0000-7000-8000-000000000009");
    let error = shelf.start(&other, b"x", &stamp(2)).unwrap_err();
    assert!(error.to_string().contains("others may write to it"), "{error}");
}

#[test]
fn links_are_not_followed() {
    let (temp, shelf, dir) = on_disk();
    let path = dir.join("journal.jsonl");
    let aside = temp.path().join("aside");

    fs::rename(&path, &aside).unwrap();
    symlink(&aside, &path).unwrap();
    refused(&shelf, "it is not a file");
    fs::remove_file(&path).unwrap();
    fs::hard_link(&aside, &path).unwrap();
    refused(&shelf, "second name");
    fs::remove_file(&aside).unwrap();
    shelf.open(&run(), &stamp(2)).unwrap();

    let moved = temp.path().join("moved");
    fs::rename(&dir, &moved).unwrap();
    symlink(&moved, &dir).unwrap();
    refused(&shelf, "it is not a directory");
}

#[test]
fn a_pipe_in_place_of_a_journal_does_not_hang() {
    let (_temp, shelf, dir) = on_disk();
    let path = dir.join("journal.jsonl");
    fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo").args(["-m", "600"]).arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()));
    refused(&shelf, "it is not a file");
}

#[test]
fn a_journal_deleted_under_its_writer_starts_no_effect() {
    let (_temp, shelf, dir) = on_disk();
    let (mut journal, _) = shelf.open(&run(), &stamp(2)).unwrap();
    fs::remove_file(dir.join("journal.jsonl")).unwrap();
    assert!(matches!(journal.reserve(), Err(JournalError::Moved { .. })));
}
