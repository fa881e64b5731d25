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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io, mem};

use super::disk::{Access, Disk, DiskFile, Look, Sort};

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

#[derive(Default)]
struct State {
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// Handles and locks of an earlier boot are dead.
    boot: u64,
    handles: u64,
    operations: u64,
    fault: Option<(u64, Failure, Times)>,
    capacity: Option<u64>,
    network: Option<&'static str>,
}

#[derive(Clone)]
struct Inode {
    sort: Sort,
    mode: u32,
    mine: bool,
    content: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    reserved: u64,
    /// A sync failed: whatever later ones say, nothing gets durable any more.
    wedged: bool,
    /// The handle that holds the lock.
    locked: Option<u64>,
}

#[derive(Clone)]
enum Change {
    Append(Vec<u8>),
    Truncate(u64),
}

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

impl State {
    fn inode(&mut self, sort: Sort, mode: u32) -> u64 {
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

    fn look(&self, number: u64) -> Look {
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

    fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Counts a changing operation, and says how it fails when it is its turn.
    fn turn(&mut self) -> Option<Failure> {
        let nth = self.operations;
        self.operations += 1;
        let (due, failure, times) = self.fault?;
        let hit = if times == Times::Once { nth == due } else { nth >= due };
        hit.then_some(failure)
    }

    fn change(&mut self) -> io::Result<()> {
        self.turn().map_or(Ok(()), |failure| Err(failure.error()))
    }

    fn name_new(&mut self, path: &Path, sort: Sort, mode: u32) -> io::Result<()> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.find(path.parent().unwrap_or(path))?;
        self.change()?;
        let inode = self.inode(sort, mode);
        self.names.insert(path.to_owned(), inode);
        Ok(())
    }

    /// Bytes that no file has or has reserved.
    fn free(&self) -> u64 {
        let taken = self.inodes.values().map(|i| (i.content.len() as u64).max(i.reserved)).sum();
        self.capacity.map_or(u64::MAX, |all| all.saturating_sub(taken))
    }

    /// The inode behind a handle that is still alive.
    fn live(&mut self, file: &MemoryFile) -> io::Result<&mut Inode> {
        if file.boot != self.boot {
            return Err(io::Error::other("this handle belongs to a process that is dead"));
        }
        self.inodes.get_mut(&file.inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Failure {
    fn error(self) -> io::Error {
        match self {
            Failure::NoSpace | Failure::Short(_) => io::ErrorKind::StorageFull.into(),
            Failure::Io => io::Error::other("EIO"),
            Failure::ReadOnly => io::ErrorKind::ReadOnlyFilesystem.into(),
        }
    }
}

impl Change {
    fn size(&self) -> usize {
        match self {
            Change::Append(bytes) => bytes.len(),
            Change::Truncate(_) => 1,
        }
    }
}

impl Inode {
    /// The content after a crash.
    fn after(&self, how: Crash) -> Vec<u8> {
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

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.state().name_new(path, Sort::Dir, 0o700)
    }

    fn create(&self, path: &Path) -> io::Result<MemoryFile> {
        self.state().name_new(path, Sort::File, 0o600)?;
        self.open(path, Access::Append)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<MemoryFile> {
        let mut state = self.state();
        let inode = state.find(path)?;
        if state.inodes[&inode].sort == Sort::Strange {
            return Err(io::Error::other("ELOOP"));
        }
        state.handles += 1;
        let (handle, boot, append) = (state.handles, state.boot, access == Access::Append);
        Ok(MemoryFile { disk: self.clone(), inode, handle, boot, append })
    }

    fn look(&self, path: &Path) -> io::Result<Look> {
        let state = self.state();
        state.find(path).map(|inode| state.look(inode))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        state.find(path)?;
        let inside = state.names.keys().filter(|p| p.parent() == Some(path));
        Ok(inside.filter_map(|p| p.file_name()?.to_str().map(str::to_owned)).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let inode = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(path)?;
        state.change()?;
        state.names.remove(path);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let State { names, durable_names, .. } = &mut *state;
        durable_names.retain(|p, _| p.parent() != Some(path));
        let inside = names.iter().filter(|(p, _)| p.parent() == Some(path));
        durable_names.extend(inside.map(|(p, inode)| (p.clone(), *inode)));
        Ok(())
    }

    fn network(&self, _: &Path) -> io::Result<Option<&'static str>> {
        Ok(self.state().network)
    }
}

impl DiskFile for MemoryFile {
    fn look(&self) -> io::Result<Look> {
        let mut state = self.disk.state();
        state.live(self)?;
        let named = state.names.values().any(|inode| *inode == self.inode);
        Ok(Look { links: u64::from(named), ..state.look(self.inode) })
    }

    fn read(&self, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut state = self.disk.state();
        let content = &state.live(self)?.content;
        let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(content.len());
        Ok(content[place(from)..place(from.saturating_add(most))].to_vec())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.live(self)?;
        if !self.append {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let room = state.free();
        let most = match state.turn() {
            None => bytes.len(),
            Some(Failure::Short(n)) => n,
            Some(failure) => return Err(failure.error()),
        };
        let inode = state.live(self)?;
        let room = room.saturating_add(inode.reserved.saturating_sub(inode.content.len() as u64));
        let taken = bytes.len().min(most).min(usize::try_from(room).unwrap_or(usize::MAX));
        if taken == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inode.content.extend_from_slice(&bytes[..taken]);
        inode.pending.push(Change::Append(bytes[..taken].to_vec()));
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.live(self)?;
        let failed = state.turn();
        let inode = state.live(self)?;
        if let Some(failure) = failed {
            inode.wedged = true;
            return Err(failure.error());
        }
        if !inode.wedged {
            inode.durable.clone_from(&inode.content);
            inode.pending.clear();
        }
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.live(self)?;
        state.change()?;
        let inode = state.live(self)?;
        inode.content.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        inode.pending.push(Change::Truncate(len));
        Ok(())
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.live(self)?;
        state.change()?;
        let free = state.free();
        let inode = state.live(self)?;
        let wanted = inode.content.len() as u64 + bytes;
        let has = inode.reserved.max(inode.content.len() as u64);
        if wanted.saturating_sub(has) > free {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inode.reserved = inode.reserved.max(wanted);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        let locked = &mut state.live(self)?.locked;
        let ours = *locked.get_or_insert(self.handle) == self.handle;
        Ok(ours)
    }

    /// Nobody can wait here: a lock that is taken is an error.
    fn lock(&self) -> io::Result<()> {
        if self.try_lock()? { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        let handle = self.handle;
        if let Ok(inode) = state.live(self) {
            inode.locked.take_if(|holder| *holder == handle);
        }
    }
}
