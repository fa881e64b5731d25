//! The journal of one run on disk: its one writer.
//!
//! A run is a directory, 0700: `journal.jsonl`, `runbook.yaml` (the exact bytes), `out/` (big values by
//! digest), `torn/` (tails that were cut). The order of every write is the point of this module: whatever a record
//! names is durable before it, and nothing is told to the caller before the record is.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::disk::{Access, Disk, DiskFile};
use super::error::{JournalError, doing};
use super::follow::{Follow, header, load, opened, refusal};
use super::line::{self, Draft, LONGEST, Payload, Record, Seq, Stamp, kind};
use super::repair::{Repair, Tail};
use super::scan::{Chain, Verdict};
use super::{Digest, Header, blob, repair, trust};

/// What [`Journal::reserve`] sets aside past the end of the file, in bytes: room for several of the longest
/// lines, so that the result of a call that was sent can be recorded on a disk that has filled up since.
pub const RESERVE: u64 = 512 * 1024;

pub(super) const JOURNAL: &str = "journal.jsonl";
pub(super) const RUNBOOK: &str = "runbook.yaml";

/// The one writer of a run. The lock is held as long as this lives, and freed by its end however it comes.
#[derive(Debug)]
pub struct Journal<D: Disk> {
    disk: D,
    dir: PathBuf,
    path: PathBuf,
    file: D::File,
    header: Header,
    next: Seq,
    head: Digest,
    /// Length up to the last whole record: where a failed append is cut back to.
    len: u64,
    poisoned: bool,
}

impl<D: Disk> Journal<D> {
    /// Starts a run in the new directory `dir`; its parent must exist.
    ///
    /// The header's runbook digest is computed here. A crash before the header is durable leaves a directory
    /// that [`Journal::open`] calls [`JournalError::NeverStarted`].
    pub fn create(
        disk: D,
        dir: &Path,
        header: &Header,
        runbook: &[u8],
        stamp: &Stamp,
    ) -> Result<Journal<D>, JournalError> {
        let parent = dir.parent().unwrap_or(dir);
        local(&disk, parent)?;
        for part in [dir.to_owned(), dir.join(blob::OUT), dir.join(repair::TORN)] {
            disk.make_dir(&part).map_err(doing("make", &part))?;
        }
        blob::keep(&disk, dir, RUNBOOK, runbook)?;
        let path = dir.join(JOURNAL);
        let file = disk.create(&path).map_err(doing("create", &path))?;
        locked(dir, &path, &file)?;
        let mut header = header.clone();
        header.runbook.digest = Digest::of(runbook);
        let mut journal = Journal::holding(disk, dir, file, header, &Chain::new());
        match journal.begin(stamp) {
            Ok(()) => Ok(journal),
            Err(e) => {
                // Best effort: a run that was refused should not look like one that waits to be resumed.
                journal.disk.remove(&path).ok();
                Err(e)
            }
        }
    }

    fn begin(&mut self, stamp: &Stamp) -> Result<(), JournalError> {
        let header = self.header.clone();
        self.write(kind::HEADER, true, &header, stamp)?;
        for names in [self.dir.as_path(), self.dir.parent().unwrap_or(&self.dir)] {
            self.disk.sync_dir(names).map_err(doing("sync", names))?;
        }
        Ok(())
    }

    /// Opens a run for writing: takes the lock, checks every line, repairs a torn tail, and gives all records
    /// in order. Damage and newer records refuse to open; [`Journal::follow`] still reads what is good.
    pub fn open(disk: D, dir: &Path, stamp: &Stamp) -> Result<(Journal<D>, Vec<Record>), JournalError> {
        let (path, mut file) = opened(&disk, dir, Access::Append)?;
        local(&disk, dir)?;
        locked(dir, &path, &file)?;
        // Again, now that the lock is ours: before, the name could still have been given to another file.
        trust::still_there(&disk, &path, &file)?;
        let (mut chain, mut records, mut repairs) = mended(&disk, dir, &path, &mut file)?;
        let header = header(dir, &path, &records)?;
        repairs.extend(repair::unrecorded(&disk, dir, &records, &repairs)?);
        let mut journal = Journal::holding(disk, dir, file, header, &chain);
        for repair in &repairs {
            journal.write(kind::REPAIR, true, repair, stamp)?;
        }
        let bytes = journal.file.read(chain.at, u64::MAX).map_err(doing("read", &path))?;
        chain.read(&bytes, |record| records.push(record));
        for record in &mut records {
            load(&journal.disk, dir, record)?;
        }
        Ok((journal, records))
    }

    /// Reads a run without its lock; see [`Follow`].
    pub fn follow(disk: D, dir: &Path) -> Result<Follow<D>, JournalError> {
        Follow::open(disk, dir)
    }

    fn holding(disk: D, dir: &Path, file: D::File, header: Header, chain: &Chain) -> Journal<D> {
        Journal {
            disk,
            dir: dir.to_owned(),
            path: dir.join(JOURNAL),
            file,
            header,
            next: chain.next,
            head: chain.head,
            len: chain.at,
            poisoned: false,
        }
    }

    /// Appends one record, durable when this returns. A payload too long for a line goes to `out/` first, so
    /// no result is lost for its size. After a failed fsync every further append is refused; after a full
    /// disk the next one may succeed.
    pub fn append(
        &mut self,
        kind: &str,
        critical: bool,
        d: &impl Serialize,
        stamp: &Stamp,
    ) -> Result<Seq, JournalError> {
        let unwritable = |why: &str| JournalError::Unwritable { kind: kind.to_owned(), why: why.to_owned() };
        if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(unwritable("a kind is lower-case letters and `_`"));
        }
        if matches!(kind, kind::HEADER | kind::REPAIR) {
            return Err(unwritable("only the journal itself writes these"));
        }
        if critical && !kind::KNOWN.contains(&kind) {
            return Err(unwritable("no reader of this version would open the run again"));
        }
        self.write(kind, critical, d, stamp)
    }

    fn write(
        &mut self,
        kind: &str,
        critical: bool,
        d: &impl Serialize,
        stamp: &Stamp,
    ) -> Result<Seq, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned { path: self.path.clone() });
        }
        let unwritable = |why: String| JournalError::Unwritable { kind: kind.to_owned(), why };
        let d = serde_json::to_string(d).map_err(|e| unwritable(e.to_string()))?;
        if d.contains('\n') {
            return Err(unwritable("its JSON spans lines".to_owned()));
        }
        let draft =
            Draft { n: self.next, kind, critical, stamp, payload: Payload::Here(&d), prev: self.head };
        let (mut line, mut hash) = line::encode(&draft);
        if line.len() > LONGEST {
            if kind == kind::HEADER {
                return Err(unwritable("a header has to fit in a line".to_owned()));
            }
            let payload = Payload::Out(self.blob(d.as_bytes())?);
            (line, hash) = line::encode(&Draft { payload, ..draft });
        }
        self.put(&line)?;
        let written = self.next;
        self.head = hash;
        self.len += line.len() as u64;
        self.next.0 += 1;
        Ok(written)
    }

    fn put(&mut self, line: &[u8]) -> Result<(), JournalError> {
        let failed = match self.file.write(line) {
            Ok(n) if n == line.len() => {
                return self.file.sync().map_err(|e| {
                    // The kernel may have dropped the pages and call them clean: nothing proves them any more.
                    self.poisoned = true;
                    doing("sync", &self.path)(e)
                });
            }
            Ok(_) => io::ErrorKind::StorageFull.into(),
            Err(e) => e,
        };
        self.poisoned = self.file.truncate(self.len).is_err();
        Err(doing("write", &self.path)(failed))
    }

    /// Makes sure the next records fit, before an effect is started: [`RESERVE`] bytes past the end, and the
    /// name still leading to the file that is written.
    pub fn reserve(&mut self) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned { path: self.path.clone() });
        }
        trust::still_there(&self.disk, &self.path, &self.file)?;
        self.file.reserve(RESERVE).map_err(doing("reserve room for", &self.path))
    }

    /// Keeps a value under its digest in `out/`, durable when this returns: before any line may name it.
    pub fn blob(&self, bytes: &[u8]) -> Result<Digest, JournalError> {
        blob::put(&self.disk, &self.dir, bytes)
    }

    /// Reads a kept value and proves it.
    pub fn read_blob(&self, digest: &Digest) -> Result<Vec<u8>, JournalError> {
        blob::get(&self.disk, &self.dir, digest)
    }

    /// The exact bytes of the runbook this run follows, proven against the header.
    pub fn runbook(&self) -> Result<Vec<u8>, JournalError> {
        blob::proven(&self.disk, self.dir.join(RUNBOOK), &self.header.runbook.digest)
    }

    /// The first 12 characters of the newest record's hash: what confirmations and reports show.
    pub fn head(&self) -> &str {
        self.head.short()
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The number the next record will have.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// Whether a failed fsync has ended writing for this process.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

/// Reads every record, and takes a torn tail off on the way.
fn mended<D: Disk>(
    disk: &D,
    dir: &Path,
    path: &Path,
    file: &mut D::File,
) -> Result<(Chain, Vec<Record>, Vec<Repair>), JournalError> {
    let (mut chain, mut records, mut repairs) = (Chain::new(), Vec::new(), Vec::new());
    // One repair is enough, two are thinkable; a disk where the tail comes back again and again is broken.
    while repairs.len() < 3 {
        let bytes = file.read(chain.at, u64::MAX).map_err(doing("read", path))?;
        match chain.read(&bytes, |record| records.push(record)) {
            Verdict::Intact { records: 1.., .. } => return Ok((chain, records, repairs)),
            Verdict::Torn { records: 1.., byte, bytes: len, unended, .. } => {
                let bytes = &file.read(byte, len).map_err(doing("read", path))?;
                repairs.push(repair::cut(disk, dir, path, file, Tail { byte, bytes, unended })?);
            }
            bad => return Err(refusal(dir, path, bad)),
        }
    }
    Err(doing("repair", path)(io::Error::other("the bytes that were cut are still there")))
}

fn locked<F: DiskFile>(dir: &Path, path: &Path, file: &F) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(JournalError::Locked { dir: dir.to_owned() }),
        Err(e) => Err(doing("lock", path)(e)),
    }
}

fn local<D: Disk>(disk: &D, path: &Path) -> Result<(), JournalError> {
    match disk.network(path).map_err(doing("look at", path))? {
        Some(fs) => Err(JournalError::Network { path: path.to_owned(), fs }),
        None => Ok(()),
    }
}
