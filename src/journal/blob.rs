//! Values too big for a line, kept under their digest beside the journal.

use std::io;
use std::path::{Path, PathBuf};

use super::Digest;
use super::disk::{Access, Disk, DiskFile};
use super::error::{JournalError, doing};
use super::trust;

/// The directory of a run's values.
pub(super) const OUT: &str = "out";

/// Keeps bytes as `dir/name`, durable when it returns: written aside, synced, renamed, directory synced.
pub(super) fn keep<D: Disk>(disk: &D, dir: &Path, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let path = dir.join(name);
    if disk.open(&path, Access::Read).and_then(|file| file.read(0, u64::MAX)).is_ok_and(|old| old == bytes) {
        // Made by a process that may have died before the directory was synced.
        return disk.sync_dir(dir).map_err(doing("sync", dir));
    }
    let part = dir.join(format!(".{name}.part"));
    remove(disk, &part)?;
    let written = write(disk, &part, bytes).and_then(|()| disk.rename(&part, &path));
    if let Err(e) = written {
        // Best effort: on a full disk the room is worth having back, and the error is told anyway.
        disk.remove(&part).ok();
        return Err(doing("write", &path)(e));
    }
    disk.sync_dir(dir).map_err(doing("sync", dir))
}

fn remove<D: Disk>(disk: &D, path: &Path) -> Result<(), JournalError> {
    match disk.remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(doing("remove", path)(e)),
        _ => Ok(()),
    }
}

fn write<D: Disk>(disk: &D, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.create(path)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match file.write(rest)? {
            0 => return Err(io::ErrorKind::StorageFull.into()),
            n => rest = &rest[n..],
        }
    }
    file.sync()
}

/// Keeps a value of a run; gives its name.
pub(super) fn put<D: Disk>(disk: &D, run: &Path, bytes: &[u8]) -> Result<Digest, JournalError> {
    let digest = Digest::of(bytes);
    keep(disk, &run.join(OUT), digest.as_str(), bytes)?;
    Ok(digest)
}

/// Reads a value of a run and proves it.
pub(super) fn get<D: Disk>(disk: &D, run: &Path, digest: &Digest) -> Result<Vec<u8>, JournalError> {
    let path = run.join(OUT).join(digest.as_str());
    proven(disk, path, digest)
}

/// Reads a file of a run that has to have this digest.
pub(super) fn proven<D: Disk>(disk: &D, path: PathBuf, digest: &Digest) -> Result<Vec<u8>, JournalError> {
    let file = match disk.open(&path, Access::Read) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(JournalError::Altered { path, why: "it is missing" });
        }
        Err(e) => return Err(doing("open", &path)(e)),
    };
    trust::private_file(disk, &path, &file)?;
    let bytes = file.read(0, u64::MAX).map_err(doing("read", &path))?;
    if Digest::of(&bytes) == *digest {
        Ok(bytes)
    } else {
        Err(JournalError::Altered { path, why: "its content has another digest" })
    }
}
