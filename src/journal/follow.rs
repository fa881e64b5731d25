//! Reading a run without its lock: what is good so far, what follows, and the check of all of it.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Access, Disk, DiskFile as _};
use super::error::{JournalError, doing};
use super::file::{JOURNAL, RUNBOOK};
use super::line::Record;
use super::scan::{Chain, Verdict};
use super::{Digest, Header, blob, trust};

/// A reader without the lock: everything that is good so far, the verdict on the rest, and what comes later.
#[derive(Debug)]
pub struct Follow<D: Disk> {
    disk: D,
    dir: PathBuf,
    path: PathBuf,
    file: D::File,
    chain: Chain,
    pub header: Header,
    /// The records found when it was opened.
    pub records: Vec<Record>,
    /// What the newest look at the file showed.
    pub verdict: Verdict,
}

impl<D: Disk> Follow<D> {
    pub(super) fn open(disk: D, dir: &Path) -> Result<Follow<D>, JournalError> {
        let (path, file) = opened(&disk, dir, Access::Read)?;
        let mut chain = Chain::new();
        let (records, verdict) = read_on(&disk, dir, &path, &file, &mut chain)?;
        if records.is_empty() {
            return Err(refusal(dir, &path, verdict));
        }
        let header = header(dir, &path, &records)?;
        Ok(Follow { disk, dir: dir.to_owned(), path, file, chain, header, records, verdict })
    }

    /// The records written since the last look.
    pub fn more(&mut self) -> Result<Vec<Record>, JournalError> {
        let (records, verdict) = read_on(&self.disk, &self.dir, &self.path, &self.file, &mut self.chain)?;
        self.verdict = verdict;
        Ok(records)
    }

    /// The first 12 characters of the newest good record's hash.
    pub fn head(&self) -> &str {
        self.chain.head.short()
    }

    /// Why [`Journal::open`](super::Journal::open) would refuse this run: damage, or records of a newer program.
    pub fn refused(&self) -> Option<JournalError> {
        match &self.verdict {
            Verdict::Intact { .. } | Verdict::Torn { .. } => None,
            bad => Some(refusal(&self.dir, &self.path, bad.clone())),
        }
    }

    /// Reads a kept value and proves it.
    pub fn read_blob(&self, digest: &Digest) -> Result<Vec<u8>, JournalError> {
        blob::get(&self.disk, &self.dir, digest)
    }

    /// The exact bytes of the runbook this run follows, proven against the header.
    pub fn runbook(&self) -> Result<Vec<u8>, JournalError> {
        blob::proven(&self.disk, self.dir.join(RUNBOOK), &self.header.runbook.digest)
    }
}

/// Checks a whole run: every line, every value a line carries, the runbook. Changes nothing.
pub fn verify<D: Disk>(disk: &D, dir: &Path) -> Result<Verdict, JournalError> {
    let (path, file) = opened(disk, dir, Access::Read)?;
    let (records, verdict) = read_on(disk, dir, &path, &file, &mut Chain::new())?;
    if matches!(verdict, Verdict::Intact { records: 1.., .. } | Verdict::Torn { records: 1.., .. }) {
        let header = header(dir, &path, &records)?;
        blob::proven(disk, dir.join(RUNBOOK), &header.runbook.digest)?;
    }
    Ok(verdict)
}

fn read_on<D: Disk>(
    disk: &D,
    dir: &Path,
    path: &Path,
    file: &D::File,
    chain: &mut Chain,
) -> Result<(Vec<Record>, Verdict), JournalError> {
    let bytes = file.read(chain.at, u64::MAX).map_err(doing("read", path))?;
    let mut records = Vec::new();
    let verdict = chain.read(&bytes, |record| records.push(record));
    for at in 0..records.len() {
        let record = &mut records[at];
        if let Err(e) = load(disk, dir, record) {
            let (line, byte) = (record.n.0 + 1, record.at);
            records.truncate(at);
            return Ok((records, Verdict::Damaged { line, byte, why: e.to_string() }));
        }
    }
    Ok((records, verdict))
}

/// Brings a payload that lies in `out/` into its record.
pub(super) fn load<D: Disk>(disk: &D, dir: &Path, record: &mut Record) -> Result<(), JournalError> {
    let Some(digest) = record.out else { return Ok(()) };
    let bytes = blob::get(disk, dir, &digest)?;
    let altered =
        |_| JournalError::Altered { path: dir.join(blob::OUT).join(digest.as_str()), why: "it is not UTF-8" };
    record.d = String::from_utf8(bytes).map_err(altered)?.into();
    Ok(())
}

pub(super) fn opened<D: Disk>(
    disk: &D,
    dir: &Path,
    access: Access,
) -> Result<(PathBuf, D::File), JournalError> {
    let missing = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
    match disk.look(dir) {
        Err(e) if missing(&e) => {
            let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(JournalError::NotFound { name });
        }
        _ => trust::private_dir(disk, dir)?,
    }
    let path = dir.join(JOURNAL);
    let file = match disk.open(&path, access) {
        Ok(file) => file,
        Err(e) if missing(&e) => return Err(JournalError::NeverStarted { dir: dir.to_owned() }),
        Err(e) => return Err(trust::unopened(disk, &path, e)),
    };
    trust::private_file(disk, &path, &file)?;
    Ok((path, file))
}

pub(super) fn header(dir: &Path, path: &Path, records: &[Record]) -> Result<Header, JournalError> {
    let damaged = |why| JournalError::Damaged { file: path.to_owned(), line: 1, byte: 0, why };
    let first = records.first().ok_or_else(|| damaged("there is no header".to_owned()))?;
    let header: Header = first.read().map_err(|e| damaged(format!("its header cannot be read: {e}")))?;
    // A copied directory would give one run two writers.
    if dir.file_name().is_some_and(|name| *name != *header.run.0) {
        return Err(JournalError::Altered {
            path: dir.to_owned(),
            why: "it is a copy of a run under another name",
        });
    }
    Ok(header)
}

/// Why a journal with this verdict cannot be used; without any record it never was one.
pub(super) fn refusal(dir: &Path, path: &Path, verdict: Verdict) -> JournalError {
    let file = path.to_owned();
    match verdict {
        Verdict::Damaged { line, byte, why } => JournalError::Damaged { file, line, byte, why },
        Verdict::Newer { line, what, .. } => JournalError::Newer { file, line, what },
        Verdict::Intact { .. } | Verdict::Torn { .. } => JournalError::NeverStarted { dir: dir.to_owned() },
    }
}
