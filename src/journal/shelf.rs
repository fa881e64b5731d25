//! All runs of this machine: found, listed, started, opened.
//!
//! The state directory holds `runs/`, one directory per run, and `start.lock`, held only while a run is being
//! started. Listing reads the first line and the end of each journal, never the whole.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Access, Disk, DiskFile};
use super::error::{JournalError, doing};
use super::line::{LONGEST, kind, unseal};
use super::{EndpointKind, Follow, Header, Journal, Record, Seq, Stamp, follow, trust};
use crate::ids::{At, RunId};

const RUNS: &str = "runs";
const START: &str = "start.lock";

/// Where runs are kept: `$RIPCORD_STATE_DIR`, else `$XDG_STATE_HOME/ripcord`, else `~/.local/state/ripcord`.
/// An empty variable counts as unset, and so does a relative `XDG_STATE_HOME` (its specification says so).
pub fn state_dir(getenv: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, JournalError> {
    let path = |name| getenv(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    path("RIPCORD_STATE_DIR")
        .or_else(|| Some(path("XDG_STATE_HOME").filter(|p| p.is_absolute())?.join("ripcord")))
        .or_else(|| Some(path("HOME")?.join(".local/state/ripcord")))
        .ok_or(JournalError::Homeless)
}

/// The runs under one state directory.
#[derive(Clone, Debug)]
pub struct Shelf<D> {
    disk: D,
    root: PathBuf,
}

/// One run in a list: what its first line and its end say, or why they cannot be read.
#[derive(Debug)]
pub struct Shelved {
    pub run: RunId,
    pub dir: PathBuf,
    pub found: Result<Summary, JournalError>,
}

/// A run at a glance. Its chain has not been checked: that takes [`Shelf::open`] or [`verify`](super::verify).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    pub header: Header,
    /// The newest record that reads well; its payload is empty where it lies in `out/`.
    pub last: Record,
    /// Whether any decision follows the header, or may: without one nothing was ever sent for it.
    pub began: bool,
    /// Whether the newest decision ended the run.
    pub ended: bool,
    /// Whether the file ends in anything but a whole record.
    pub ragged: bool,
}

impl Summary {
    /// When the run was last heard of on the wall, `now` being the clocks of this moment. The records of a drill tell
    /// its own time; how long ago the newest was written tells the clock that they carry beside it, unless the
    /// machine has been started anew since.
    pub fn heard_at(&self, now: &Stamp) -> Option<At> {
        if !matches!(self.header.endpoint, EndpointKind::Drill { .. }) {
            return Some(self.last.wall);
        }
        let ago = now.m.checked_sub(self.last.m).filter(|_| *now.boot == *self.last.boot)?;
        Some(At(now.wall.0 - i64::try_from(ago).ok()?))
    }
}

impl<D: Disk> Shelf<D> {
    /// The shelf in a state directory; nothing is touched.
    pub fn at(disk: D, root: impl Into<PathBuf>) -> Shelf<D> {
        Shelf { disk, root: root.into() }
    }

    /// The state directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn runs(&self) -> PathBuf {
        self.root.join(RUNS)
    }

    /// Where a run lies. A name that could lead elsewhere is no run's.
    pub fn dir(&self, run: &RunId) -> Result<PathBuf, JournalError> {
        let name = &run.0;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(JournalError::NotFound { name: name.clone() });
        }
        Ok(self.runs().join(name))
    }

    /// Every run, newest first (their names sort by start). An empty list where there is no state directory yet.
    pub fn list(&self) -> Result<Vec<Shelved>, JournalError> {
        let runs = self.names()?.into_iter().rev();
        Ok(runs.map(|run| self.glance(run)).collect())
    }

    fn names(&self) -> Result<Vec<RunId>, JournalError> {
        let runs = self.runs();
        match self.disk.list(&runs) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(doing("list", &runs)(e)),
            Ok(names) => {
                trust::private_dir(&self.disk, &runs)?;
                Ok(names.into_iter().map(RunId).filter(|run| self.dir(run).is_ok()).collect())
            }
        }
    }

    fn glance(&self, run: RunId) -> Shelved {
        let dir = self.runs().join(&run.0);
        let found = summary(&self.disk, &dir);
        Shelved { run, dir, found }
    }

    /// The run that is called this, or whose name alone begins or ends with it.
    pub fn find(&self, name: &str) -> Result<RunId, JournalError> {
        let not_found = || JournalError::NotFound { name: name.to_owned() };
        let mut runs = self.names()?;
        if let Some(exact) = runs.iter().find(|run| run.0 == name) {
            return Ok(exact.clone());
        }
        runs.retain(|run| !name.is_empty() && (run.0.starts_with(name) || run.0.ends_with(name)));
        match runs.as_slice() {
            [] => Err(not_found()),
            [only] => Ok(only.clone()),
            _ => Err(JournalError::Ambiguous { name: name.to_owned(), runs }),
        }
    }

    /// The runs that are not over, newest first. One whose end cannot be read counts as not over; one whose
    /// header cannot be read names nothing and is left out.
    pub fn unfinished(&self) -> Result<Vec<Summary>, JournalError> {
        let found = self.list()?.into_iter().filter_map(|shelved| shelved.found.ok());
        Ok(found.filter(|summary| !summary.ended).collect())
    }

    /// Starts a run, unless an unfinished one in the same world works on one of its resources.
    pub fn start(&self, header: &Header, runbook: &[u8], stamp: &Stamp) -> Result<Journal<D>, JournalError> {
        let dir = self.dir(&header.run)?;
        self.prepare()?;
        // Held until the header is durable: two consoles starting at once must see each other.
        let _starting = self.starting()?;
        let unfinished = self.unfinished()?.into_iter();
        let alive = unfinished.filter(|summary| summary.began || self.has_writer(&summary.header.run));
        for other in alive.map(|summary| summary.header) {
            let shared = other.resources.iter().find(|r| header.resources.contains(r));
            if let Some(resource) = shared.filter(|_| other.endpoint.same_world(&header.endpoint)) {
                let (resource, title) = (resource.clone(), other.runbook.title);
                return Err(JournalError::Held { run: other.run, title, resource });
            }
        }
        Journal::create(self.disk.clone(), &dir, header, runbook, stamp)
    }

    /// Whether some process holds the lock of a run. What cannot be asked counts as held.
    fn has_writer(&self, run: &RunId) -> bool {
        let file = follow::opened(&self.disk, &self.runs().join(&run.0), Access::Append);
        !file.is_ok_and(|(_, file)| file.try_lock().is_ok_and(|free| free))
    }

    /// Opens a run for writing; see [`Journal::open`].
    pub fn open(&self, run: &RunId, stamp: &Stamp) -> Result<(Journal<D>, Vec<Record>), JournalError> {
        Journal::open(self.disk.clone(), &self.trusted(run)?, stamp)
    }

    /// Reads a run without its lock; see [`Follow`].
    pub fn follow(&self, run: &RunId) -> Result<Follow<D>, JournalError> {
        Journal::follow(self.disk.clone(), &self.trusted(run)?)
    }

    fn trusted(&self, run: &RunId) -> Result<PathBuf, JournalError> {
        let (dir, runs) = (self.dir(run)?, self.runs());
        match self.disk.look(&runs) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(JournalError::NotFound { name: run.0.clone() });
            }
            _ => trust::private_dir(&self.disk, &runs)?,
        }
        Ok(dir)
    }

    /// Makes the state directory and `runs/` where they are missing.
    fn prepare(&self) -> Result<(), JournalError> {
        make_all(&self.disk, &self.root)?;
        trust::state_root(&self.disk, &self.root)?;
        make_all(&self.disk, &self.runs())?;
        trust::private_dir(&self.disk, &self.runs())
    }

    fn starting(&self) -> Result<D::File, JournalError> {
        let path = self.root.join(START);
        let file = match self.disk.create(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.disk.open(&path, Access::Append),
            made => made,
        };
        let file = file.map_err(|e| trust::unopened(&self.disk, &path, e))?;
        trust::private_file(&self.disk, &path, &file)?;
        file.lock().map_err(doing("lock", &path))?;
        Ok(file)
    }
}

fn make_all<D: Disk>(disk: &D, path: &Path) -> Result<(), JournalError> {
    let Some(parent) = path.parent().filter(|_| disk.look(path).is_err()) else { return Ok(()) };
    make_all(disk, parent)?;
    match disk.make_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(doing("make", path)(e)),
        _ => disk.sync_dir(parent).map_err(doing("sync", parent)),
    }
}

fn summary<D: Disk>(disk: &D, dir: &Path) -> Result<Summary, JournalError> {
    let (path, file) = follow::opened(disk, dir, Access::Read)?;
    let start = file.read(0, LONGEST as u64).map_err(doing("read", &path))?;
    let first = start.split(|b| *b == b'\n').next().and_then(sound).filter(|r| r.n == Seq(0));
    let Some(first) = first.filter(|_| start.contains(&b'\n')) else {
        // Not worth guessing here whether it is torn or damaged: reading it says so exactly.
        return Follow::open(disk.clone(), dir).and(Err(JournalError::NeverStarted { dir: dir.to_owned() }));
    };
    let header = follow::header(dir, &path, std::slice::from_ref(&first))?;
    let end = ending(&file, first).map_err(doing("read", &path))?;
    Ok(Summary { header, last: end.last, began: end.began, ended: end.ended, ragged: end.ragged })
}

struct Ending {
    last: Record,
    began: bool,
    ended: bool,
    ragged: bool,
}

/// Looks back from the end of a journal for its newest record and its newest decision.
fn ending<F: DiskFile>(file: &F, first: Record) -> io::Result<Ending> {
    let len = file.look()?.len;
    let mut window = 2 * LONGEST as u64;
    loop {
        let from = len.saturating_sub(window);
        let bytes = file.read(from, window)?;
        let ragged = !bytes.ends_with(b"\n");
        let mut lines = bytes.split(|b| *b == b'\n').rev();
        lines.next();
        let mut broken = false;
        let newest = lines.map_while(|line| {
            let record = sound(line);
            broken |= record.is_none();
            record
        });
        let (mut last, mut ended) = (None, None);
        for record in newest {
            if matches!(&*record.kind, kind::DECISION | kind::END) {
                ended = Some(record.kind == kind::END);
            }
            last.get_or_insert(record);
            if ended.is_some() {
                break;
            }
        }
        if ended.is_some() || from == 0 {
            return Ok(Ending {
                last: last.unwrap_or(first),
                began: ended.is_some() || broken,
                ended: ended == Some(true),
                ragged: ragged || broken,
            });
        }
        window *= 4;
    }
}

fn sound(line: &[u8]) -> Option<Record> {
    unseal(line).ok()?.open(&Arc::from("")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(vars: &[(&str, &str)]) -> Option<PathBuf> {
        let find = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        state_dir(find).ok()
    }

    #[test]
    fn the_state_directory_follows_the_first_variable_that_says_something() {
        let home = ("HOME", "/home/ana");
        assert_eq!(dir(&[home]), Some("/home/ana/.local/state/ripcord".into()));
        assert_eq!(dir(&[home, ("XDG_STATE_HOME", "/s")]), Some("/s/ripcord".into()));
        assert_eq!(dir(&[home, ("XDG_STATE_HOME", "s")]), Some("/home/ana/.local/state/ripcord".into()));
        assert_eq!(dir(&[home, ("XDG_STATE_HOME", "/s"), ("RIPCORD_STATE_DIR", "/r")]), Some("/r".into()));
        assert_eq!(dir(&[home, ("RIPCORD_STATE_DIR", "")]), Some("/home/ana/.local/state/ripcord".into()));
        assert_eq!(dir(&[]), None);
    }
}
