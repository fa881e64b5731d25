//! What the journal asks of a disk. Two exist: [`LocalDisk`](super::LocalDisk) and the one for tests,
//! [`memory`](super::memory), which is stricter than any real file system.

use std::fmt::Debug;
use std::io;
use std::path::Path;

/// What a file is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Read,
    /// Reading anywhere, writing at the end.
    Append,
}

/// What a name leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    File,
    Dir,
    /// A symbolic link, a pipe, a device: nothing the journal would ever make.
    Strange,
}

/// What is known of a file or directory without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    pub sort: Sort,
    /// Permission bits, such as `0o600`.
    pub mode: u32,
    /// Whether the user who runs this process owns it.
    pub mine: bool,
    /// How many names it has.
    pub links: u64,
    /// Length in bytes.
    pub len: u64,
    /// Device and inode: two looks at one file agree on this and on nothing else.
    pub inode: (u64, u64),
}

/// A disk, as far as a journal needs one. No call follows a symbolic link in the last part of its path.
pub trait Disk: Clone {
    type File: DiskFile;

    /// Makes one directory, 0700; it must not exist.
    fn make_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes a file, 0600, for appending; it must not exist.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens an existing file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Self::File>;
    /// Looks at what a name leads to; a symbolic link is looked at itself.
    fn look(&self, path: &Path) -> io::Result<Look>;
    /// The names in a directory, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The network file system that holds `path`, where it is one: there, locks and fsync promise too little.
    fn network(&self, path: &Path) -> io::Result<Option<&'static str>>;
}

/// An open file of a [`Disk`].
pub trait DiskFile: Debug {
    fn look(&self) -> io::Result<Look>;
    /// Up to `most` bytes from `from` on; fewer only at the end.
    fn read(&self, from: u64, most: u64) -> io::Result<Vec<u8>>;
    /// Appends; may take fewer bytes than given, and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes everything written durable (fdatasync).
    fn sync(&mut self) -> io::Result<()>;
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    /// Sets `bytes` past the end aside for this file; its length stays.
    fn reserve(&mut self, bytes: u64) -> io::Result<()>;
    /// Takes the file's one exclusive lock; false when someone has it. Freed when the file is closed.
    fn try_lock(&self) -> io::Result<bool>;
    /// Waits for the exclusive lock.
    fn lock(&self) -> io::Result<()>;
}
