//! Whether a file or directory may be used at all (P22): ours, nobody else's, and what it claims to be.

use std::io;
use std::path::Path;

use super::disk::{Disk, DiskFile, Look, Sort};
use super::error::{JournalError, doing};

/// A directory of ours that nobody else can enter.
pub(super) fn private_dir<D: Disk>(disk: &D, path: &Path) -> Result<(), JournalError> {
    let look = disk.look(path).map_err(doing("look at", path))?;
    if look.sort != Sort::Dir {
        return Err(refuse(path, "it is not a directory".to_owned()));
    }
    private(path, look, "700")
}

/// A file of ours that nobody else can open, has one name only, and is the one the open file belongs to.
pub(super) fn private_file<D: Disk>(disk: &D, path: &Path, file: &D::File) -> Result<(), JournalError> {
    let look = file.look().map_err(doing("look at", path))?;
    if look.sort != Sort::File {
        return Err(refuse(path, "it is not a file".to_owned()));
    }
    if look.links > 1 {
        return Err(refuse(path, "it has a second name elsewhere (hard link)".to_owned()));
    }
    private(path, look, "600")?;
    still_there(disk, path, file)
}

/// Why a file did not open: a symbolic link in its place is refused with an error of its own.
pub(super) fn unopened<D: Disk>(disk: &D, path: &Path, error: io::Error) -> JournalError {
    match disk.look(path) {
        Ok(Look { sort: Sort::Strange | Sort::Dir, .. }) => refuse(path, "it is not a file".to_owned()),
        _ => doing("open", path)(error),
    }
}

/// Whether the name still leads to the open file.
pub(super) fn still_there<D: Disk>(disk: &D, path: &Path, file: &D::File) -> Result<(), JournalError> {
    let open = file.look().map_err(doing("look at", path))?;
    match disk.look(path) {
        Ok(named) if named.inode == open.inode => Ok(()),
        Ok(_) => Err(JournalError::Moved { path: path.to_owned() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(JournalError::Moved { path: path.to_owned() }),
        Err(e) => Err(doing("look at", path)(e)),
    }
}

/// The state directory is the user's choice: others may read its listing, never change it.
pub(super) fn state_root<D: Disk>(disk: &D, path: &Path) -> Result<(), JournalError> {
    let look = disk.look(path).map_err(doing("look at", path))?;
    match look {
        Look { sort: Sort::Dir, mine: true, mode, .. } if mode & 0o022 == 0 => Ok(()),
        Look { sort: Sort::Dir, mine: true, mode, .. } => {
            Err(refuse(path, format!("others may write to it (mode {mode:03o})")))
        }
        Look { sort: Sort::Dir, .. } => Err(refuse(path, "it belongs to someone else".to_owned())),
        Look { .. } => Err(refuse(path, "it is not a directory".to_owned())),
    }
}

fn private(path: &Path, look: Look, wanted: &str) -> Result<(), JournalError> {
    if !look.mine {
        return Err(refuse(path, "it belongs to someone else".to_owned()));
    }
    if look.mode & 0o077 != 0 {
        return Err(refuse(path, format!("others may open it (mode {:03o}, not {wanted})", look.mode)));
    }
    Ok(())
}

fn refuse(path: &Path, why: String) -> JournalError {
    JournalError::Unsafe { path: path.to_owned(), why }
}
