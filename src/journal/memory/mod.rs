//! A disk in memory that loses, tears and refuses on demand: the test kit for everything above the journal.
//!
//! Stricter than real ones: bytes are durable only after a sync of their file, names only after a sync of
//! their directory, and after one failed sync a file never becomes durable again whatever later syncs say.
//!
//! ```
//! use std::path::Path;
//! use ripcord::journal::memory::MemoryDisk;
//! use ripcord::journal::{Access, Disk, DiskFile};
//!
//! let disk = MemoryDisk::new();
//! let mut file = disk.create(Path::new("/a")).unwrap();
//! disk.sync_dir(Path::new("/")).unwrap();
//! file.write(b"durable").unwrap();
//! file.sync().unwrap();
//! file.write(b" and lost").unwrap();
//! disk.crash(4); // the power fails; 4 unsynced bytes happen to survive
//! let file = disk.open(Path::new("/a"), Access::Read).unwrap();
//! assert_eq!(file.read(0, 99).unwrap(), b"durable and");
//! ```

mod disk;
mod state;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, mem};

use state::{Change, State};

use super::disk::{Look, Sort};

/// How an operation fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// ENOSPC.
    NoSpace,
    /// EIO.
    Io,
    /// EROFS.
    ReadOnly,
    /// A write that takes only so many bytes and says so; any other operation fails with ENOSPC.
    Short(usize),
}

/// How often a failure happens once its operation has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    Once,
    Forever,
}

/// What a crash leaves of that which was not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Crash {
    /// Unsynced changes of each file that survive, in order: a written byte counts one, a truncation one.
    pub keep: usize,
    /// Bytes that do not survive read as zeros instead of being gone: the length was written before the data.
    pub zeros: bool,
    /// Names made, given or removed since the last sync of their directory survive.
    pub names: bool,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<State>>);

/// An open file of a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryFile {
    disk: MemoryDisk,
    inode: u64,
    handle: u64,
    boot: u64,
    append: bool,
}

impl MemoryDisk {
    /// An empty disk with a root directory.
    pub fn new() -> MemoryDisk {
        let disk = MemoryDisk::default();
        {
            let mut state = disk.state();
            let root = state.inode(Sort::Dir, 0o700);
            state.names.insert("/".into(), root);
            state.durable_names = state.names.clone();
        }
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An independent disk in the same state, its handles dead and its locks free.
    #[must_use]
    pub fn copy(&self) -> MemoryDisk {
        let state = self.state();
        let mut inodes = state.inodes.clone();
        for inode in inodes.values_mut() {
            inode.locked = None;
        }
        let copy = State {
            inodes,
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            boot: state.boot + 1,
            capacity: state.capacity,
            network: state.network,
            ..State::default()
        };
        MemoryDisk(Arc::new(Mutex::new(copy)))
    }

    /// The power fails: of what was not synced the first `keep` bytes of each file survive, and new names do
    /// when any byte does. Open handles are dead, locks free, faults forgotten.
    pub fn crash(&self, keep: usize) {
        self.crash_as(Crash { keep, zeros: false, names: keep > 0 });
    }

    /// A crash in every detail.
    pub fn crash_as(&self, how: Crash) {
        let mut state = self.state();
        state.boot += 1;
        state.fault = None;
        if how.names {
            state.durable_names = state.names.clone();
        } else {
            // A durable name in a directory that is lost is lost with it.
            let State { names, durable_names, .. } = &mut *state;
            let all = mem::take(durable_names);
            let held = |p: &Path| p.ancestors().all(|above| all.contains_key(above));
            *durable_names = all.iter().filter(|(p, _)| held(p)).map(|(p, n)| (p.clone(), *n)).collect();
            names.clone_from(durable_names);
        }
        for inode in state.inodes.values_mut() {
            inode.content = inode.after(how);
            inode.durable = inode.content.clone();
            inode.pending.clear();
            (inode.wedged, inode.locked, inode.reserved) = (false, None, 0);
        }
    }

    /// The process dies, the machine lives: nothing is lost, but handles are dead and locks free.
    pub fn kill(&self) {
        let mut state = self.state();
        state.boot += 1;
        state.fault = None;
        for inode in state.inodes.values_mut() {
            inode.locked = None;
        }
    }

    /// How many changing operations (make, create, rename, remove, write, sync, truncate, reserve) were tried.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Lets changing operation number `nth` fail, counted from 0 over the disk's life; see
    /// [`MemoryDisk::operations`].
    pub fn fail_at(&self, nth: u64, failure: Failure, times: Times) {
        self.state().fault = Some((nth, failure, times));
    }

    /// Forgets a failure that was asked for.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// Limits the bytes in all files; what was reserved counts as taken.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// The bytes that count against the capacity now.
    pub fn used(&self) -> u64 {
        self.state().used()
    }

    /// Makes the whole disk look like a network file system.
    pub fn set_network(&self, name: Option<&'static str>) {
        self.state().network = name;
    }

    /// Makes all directories down to `path`, durable.
    pub fn mkdirs(&self, path: &Path) {
        let mut state = self.state();
        for dir in path.ancestors() {
            if !state.names.contains_key(dir) {
                let inode = state.inode(Sort::Dir, 0o700);
                state.names.insert(dir.to_owned(), inode);
                state.durable_names.insert(dir.to_owned(), inode);
            }
        }
    }

    /// Puts a file there, durable, in place of what had its name.
    pub fn plant(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.inode(Sort::File, 0o600);
        if let Some(file) = state.inodes.get_mut(&inode) {
            file.content = bytes.to_vec();
            file.durable = bytes.to_vec();
        }
        state.names.insert(path.to_owned(), inode);
        state.durable_names.insert(path.to_owned(), inode);
    }

    /// What a program that opens the file now would read.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        Some(state.inodes.get(state.names.get(path)?)?.content.clone())
    }

    /// What is certain to be in the file after a crash; nothing when its name is not durable.
    pub fn durable(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let lasting = path.ancestors().all(|p| state.durable_names.contains_key(p));
        Some(state.inodes.get(state.durable_names.get(path).filter(|_| lasting)?)?.durable.clone())
    }

    /// How many unsynced changes the file has, in the measure of [`Crash::keep`].
    pub fn pending(&self, path: &Path) -> usize {
        let state = self.state();
        let inode = state.names.get(path).and_then(|inode| state.inodes.get(inode));
        inode.map_or(0, |inode| inode.pending.iter().map(Change::size).sum())
    }

    /// Changes what a name shows of itself.
    pub fn disguise(&self, path: &Path, change: impl FnOnce(&mut Look)) {
        let mut state = self.state();
        let Some(number) = state.names.get(path).copied() else { return };
        let mut look = state.look(number);
        change(&mut look);
        if let Some(inode) = state.inodes.get_mut(&number) {
            (inode.sort, inode.mode, inode.mine) = (look.sort, look.mode, look.mine);
        }
    }
}

impl fmt::Debug for MemoryDisk {
    /// The names and lengths; contents would bury a test's message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let lengths = state.names.iter().map(|(path, inode)| (path, state.inodes[inode].content.len()));
        f.debug_map().entries(lengths).finish()
    }
}
