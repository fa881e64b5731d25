//! A [`MemoryDisk`](super::MemoryDisk) as a disk.

use std::io;
use std::path::Path;

use super::state::{Change, State};
use super::{Failure, MemoryDisk, MemoryFile};
use crate::journal::disk::{Access, Disk, DiskFile, Look, Sort};

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
            // What was pending only: a copy of the whole would make a long journal cost its square.
            for change in std::mem::take(&mut inode.pending) {
                change.apply(&mut inode.durable);
            }
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
