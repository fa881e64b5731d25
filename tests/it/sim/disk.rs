//! The memory disk as the broken variants see it: one that lies where it is told to.

use std::io;
use std::path::Path;

use ripcord::journal::memory::{MemoryDisk, MemoryFile};
use ripcord::journal::{Access, Disk, DiskFile, Look};

/// How the disk lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lie {
    #[default]
    None,
    /// The sync after an intent does nothing and says it did.
    NoIntentSync,
    /// A reader never sees what follows the last newline, so that a torn tail is never repaired.
    TornTailHidden,
}

#[derive(Clone)]
pub struct SimDisk {
    pub memory: MemoryDisk,
    pub lie: Lie,
}

#[derive(Debug)]
pub struct SimFile {
    file: MemoryFile,
    lie: Lie,
    /// An intent was written since the last sync.
    intent: bool,
}

impl SimDisk {
    fn file(&self, file: MemoryFile) -> SimFile {
        SimFile { file, lie: self.lie, intent: false }
    }
}

impl Disk for SimDisk {
    type File = SimFile;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.memory.make_dir(path)
    }
    fn create(&self, path: &Path) -> io::Result<SimFile> {
        self.memory.create(path).map(|f| self.file(f))
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<SimFile> {
        self.memory.open(path, access).map(|f| self.file(f))
    }
    fn look(&self, path: &Path) -> io::Result<Look> {
        self.memory.look(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.memory.list(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.memory.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.memory.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.memory.sync_dir(path)
    }
    fn network(&self, path: &Path) -> io::Result<Option<&'static str>> {
        self.memory.network(path)
    }
}

impl DiskFile for SimFile {
    fn look(&self) -> io::Result<Look> {
        self.file.look()
    }
    fn read(&self, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = self.file.read(from, most)?;
        if self.lie == Lie::TornTailHidden {
            let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            bytes.truncate(whole);
        }
        Ok(bytes)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const INTENT: &[u8] = b"\"intent\"";
        self.intent = self.lie == Lie::NoIntentSync && bytes.windows(INTENT.len()).any(|w| w == INTENT);
        self.file.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.intent) { Ok(()) } else { self.file.sync() }
    }
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }
    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        self.file.reserve(bytes)
    }
    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
    fn lock(&self) -> io::Result<()> {
        self.file.lock()
    }
}
