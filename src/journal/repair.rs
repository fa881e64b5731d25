//! A torn tail: cut, kept aside, and written down.
//!
//! The bytes are durable in `torn/` before they leave the journal, and named in a `repair` record after. A
//! crash between the two leaves a copy without its record, which the next opening writes.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk::{Disk, DiskFile};
use super::error::{JournalError, doing};
use super::line::{Record, kind};
use super::{Digest, blob};

/// The directory of tails that were cut.
pub(super) const TORN: &str = "torn";

/// The payload of a `repair` record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Repair {
    /// Where the journal was cut.
    cut_at: u64,
    /// What was cut, as the name of its copy in `torn/`; none where only a newline was missing.
    torn: Option<String>,
}

/// What stands after the last whole record.
#[derive(Clone, Copy)]
pub(super) struct Tail<'a> {
    pub byte: u64,
    pub bytes: &'a [u8],
    /// Whether it is a complete record that lacks only its newline, and padding.
    pub unended: bool,
}

/// Takes a torn tail off the journal, or ends the record that lacks only its newline.
pub(super) fn cut<D: Disk>(
    disk: &D,
    dir: &Path,
    path: &Path,
    file: &mut D::File,
    Tail { byte, bytes: tail, unended }: Tail,
) -> Result<Repair, JournalError> {
    if unended {
        let text = tail.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        let end = byte + text as u64;
        shorten(file, end).and_then(|()| newline(file)).map_err(doing("repair", path))?;
        return Ok(Repair { cut_at: end, torn: None });
    }
    let aside = dir.join(TORN);
    let name = format!("{byte}-{}", Digest::of(tail));
    make(disk, &aside)?;
    blob::keep(disk, &aside, &name, tail)?;
    shorten(file, byte).map_err(doing("repair", path))?;
    Ok(Repair { cut_at: byte, torn: Some(name) })
}

fn shorten<F: DiskFile>(file: &mut F, len: u64) -> io::Result<()> {
    file.truncate(len)?;
    file.sync()
}

fn newline<F: DiskFile>(file: &mut F) -> io::Result<()> {
    match file.write(b"\n")? {
        1 => file.sync(),
        _ => Err(io::ErrorKind::StorageFull.into()),
    }
}

fn make<D: Disk>(disk: &D, path: &Path) -> Result<(), JournalError> {
    match disk.make_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(doing("make", path)(e)),
        _ => Ok(()),
    }
}

/// Tails that were cut by a process that died before it could write so.
pub(super) fn unrecorded<D: Disk>(
    disk: &D,
    dir: &Path,
    records: &[Record],
    repairs: &[Repair],
) -> Result<Vec<Repair>, JournalError> {
    let aside = dir.join(TORN);
    let names = match disk.list(&aside) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(doing("list", &aside))?,
    };
    let recorded = records.iter().filter(|r| r.kind == kind::REPAIR).filter_map(|r| r.read::<Repair>().ok());
    let known: Vec<Option<String>> = recorded.chain(repairs.iter().cloned()).map(|r| r.torn).collect();
    let missing = names.into_iter().filter_map(|name| {
        let cut_at = name.split_once('-')?.0.parse().ok()?;
        let torn = Some(name);
        (!known.contains(&torn)).then_some(Repair { cut_at, torn })
    });
    Ok(missing.collect())
}
