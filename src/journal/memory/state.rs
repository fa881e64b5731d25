//! What a [`MemoryDisk`](super::MemoryDisk) holds: names and files, each as it is and as it would survive.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Crash, Failure, MemoryFile, Times};
use crate::journal::disk::{Look, Sort};

#[derive(Default)]
pub(super) struct State {
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) names: BTreeMap<PathBuf, u64>,
    pub(super) durable_names: BTreeMap<PathBuf, u64>,
    /// Handles and locks of an earlier boot are dead.
    pub(super) boot: u64,
    pub(super) handles: u64,
    pub(super) operations: u64,
    pub(super) fault: Option<(u64, Failure, Times)>,
    pub(super) capacity: Option<u64>,
    pub(super) network: Option<&'static str>,
}

#[derive(Clone)]
pub(super) struct Inode {
    pub(super) sort: Sort,
    pub(super) mode: u32,
    pub(super) mine: bool,
    pub(super) content: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
    pub(super) reserved: u64,
    /// A sync failed: whatever later ones say, nothing gets durable any more.
    pub(super) wedged: bool,
    /// The handle that holds the lock.
    pub(super) locked: Option<u64>,
}

#[derive(Clone)]
pub(super) enum Change {
    Append(Vec<u8>),
    Truncate(u64),
}

impl State {
    pub(super) fn inode(&mut self, sort: Sort, mode: u32) -> u64 {
        let number = self.inodes.last_key_value().map_or(1, |(n, _)| n + 1);
        let inode = Inode {
            sort,
            mode,
            mine: true,
            content: Vec::new(),
            durable: Vec::new(),
            pending: Vec::new(),
            reserved: 0,
            wedged: false,
            locked: None,
        };
        self.inodes.insert(number, inode);
        number
    }

    pub(super) fn look(&self, number: u64) -> Look {
        let inode = &self.inodes[&number];
        Look {
            sort: inode.sort,
            mode: inode.mode,
            mine: inode.mine,
            links: 1,
            len: inode.content.len() as u64,
            inode: (0, number),
        }
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Counts a changing operation, and says how it fails when it is its turn.
    pub(super) fn turn(&mut self) -> Option<Failure> {
        let nth = self.operations;
        self.operations += 1;
        let (due, failure, times) = self.fault?;
        let hit = if times == Times::Once { nth == due } else { nth >= due };
        hit.then_some(failure)
    }

    pub(super) fn change(&mut self) -> io::Result<()> {
        self.turn().map_or(Ok(()), |failure| Err(failure.error()))
    }

    pub(super) fn name_new(&mut self, path: &Path, sort: Sort, mode: u32) -> io::Result<()> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.find(path.parent().unwrap_or(path))?;
        self.change()?;
        let inode = self.inode(sort, mode);
        self.names.insert(path.to_owned(), inode);
        Ok(())
    }

    pub(super) fn used(&self) -> u64 {
        self.inodes.values().map(|inode| (inode.content.len() as u64).max(inode.reserved)).sum()
    }

    /// Bytes that no file has or has reserved.
    pub(super) fn free(&self) -> u64 {
        self.capacity.map_or(u64::MAX, |all| all.saturating_sub(self.used()))
    }

    /// The inode behind a handle that is still alive.
    pub(super) fn live(&mut self, file: &MemoryFile) -> io::Result<&mut Inode> {
        if file.boot != self.boot {
            return Err(io::Error::other("this handle belongs to a process that is dead"));
        }
        self.inodes.get_mut(&file.inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Failure {
    pub(super) fn error(self) -> io::Error {
        match self {
            Failure::NoSpace | Failure::Short(_) => io::ErrorKind::StorageFull.into(),
            Failure::Io => io::Error::other("EIO"),
            Failure::ReadOnly => io::ErrorKind::ReadOnlyFilesystem.into(),
        }
    }
}

impl Change {
    /// Makes it durable.
    pub(super) fn apply(self, durable: &mut Vec<u8>) {
        match self {
            Change::Append(bytes) => durable.extend_from_slice(&bytes),
            Change::Truncate(len) => durable.truncate(usize::try_from(len).unwrap_or(usize::MAX)),
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Change::Append(bytes) => bytes.len(),
            Change::Truncate(_) => 1,
        }
    }
}

impl Inode {
    /// The content after a crash.
    pub(super) fn after(&self, how: Crash) -> Vec<u8> {
        let mut content = self.durable.clone();
        let mut left = how.keep;
        for change in &self.pending {
            match change {
                Change::Append(bytes) => {
                    let kept = left.min(bytes.len());
                    content.extend_from_slice(&bytes[..kept]);
                    if how.zeros {
                        content.resize(content.len() + bytes.len() - kept, 0);
                    }
                }
                Change::Truncate(len) if left > 0 => {
                    content.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
                }
                Change::Truncate(_) => {}
            }
            left = left.saturating_sub(change.size());
        }
        content
    }
}
