//! A disk in memory that keeps a copy of itself after every operation that changes it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ripcord::journal::memory::{MemoryDisk, MemoryFile};
use ripcord::journal::{Access, Disk, DiskFile, Look};

/// A disk that is copied after every operation that changes it.
#[derive(Clone)]
pub(super) struct Copied {
    pub(super) memory: MemoryDisk,
    pub(super) copies: Option<Arc<Mutex<Vec<MemoryDisk>>>>,
}

#[derive(Debug)]
pub(super) struct CopiedFile {
    file: MemoryFile,
    disk: Copied,
}

impl std::fmt::Debug for Copied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.memory.fmt(f)
    }
}

impl Copied {
    pub(super) fn done<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Some(copies) = &self.copies {
            copies.lock().unwrap().push(self.memory.copy());
        }
        result
    }

    pub(super) fn file(&self, file: MemoryFile) -> CopiedFile {
        CopiedFile { file, disk: self.clone() }
    }
}

impl Disk for Copied {
    type File = CopiedFile;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.done(self.memory.make_dir(path))
    }
    fn create(&self, path: &Path) -> io::Result<CopiedFile> {
        self.done(self.memory.create(path)).map(|f| self.file(f))
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<CopiedFile> {
        self.memory.open(path, access).map(|f| self.file(f))
    }
    fn look(&self, path: &Path) -> io::Result<Look> {
        self.memory.look(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.memory.list(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.done(self.memory.rename(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.done(self.memory.remove(path))
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.done(self.memory.sync_dir(path))
    }
    fn network(&self, path: &Path) -> io::Result<Option<&'static str>> {
        self.memory.network(path)
    }
}

impl DiskFile for CopiedFile {
    fn look(&self) -> io::Result<Look> {
        self.file.look()
    }
    fn read(&self, from: u64, most: u64) -> io::Result<Vec<u8>> {
        self.file.read(from, most)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes);
        self.disk.done(taken)
    }
    fn sync(&mut self) -> io::Result<()> {
        let synced = self.file.sync();
        self.disk.done(synced)
    }
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let cut = self.file.truncate(len);
        self.disk.done(cut)
    }
    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let reserved = self.file.reserve(bytes);
        self.disk.done(reserved)
    }
    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
    fn lock(&self) -> io::Result<()> {
        self.file.lock()
    }
}
