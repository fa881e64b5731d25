//! The real disk: std, and `rustix` for what std does not offer.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::disk::{Access, Disk, DiskFile, Look, Sort};

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    type File = File;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        options().append(true).create_new(true).mode(0o600).open(path)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<File> {
        options().append(access == Access::Append).open(path)
    }

    fn look(&self, path: &Path) -> io::Result<Look> {
        fs::symlink_metadata(path).map(|m| seen(&m))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            // A name that is not Unicode is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn network(&self, path: &Path) -> io::Result<Option<&'static str>> {
        network(path)
    }
}

/// `O_CLOEXEC` is std's habit; `O_NONBLOCK` keeps a planted pipe from hanging us and means nothing to files.
fn options() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

fn seen(m: &Metadata) -> Look {
    let sort = match m.file_type() {
        t if t.is_file() => Sort::File,
        t if t.is_dir() => Sort::Dir,
        _ => Sort::Strange,
    };
    Look {
        sort,
        mode: m.mode() & 0o7777,
        mine: m.uid() == rustix::process::geteuid().as_raw(),
        links: m.nlink(),
        len: m.len(),
        inode: (m.dev(), m.ino()),
    }
}

impl DiskFile for File {
    fn look(&self) -> io::Result<Look> {
        self.metadata().map(|m| seen(&m))
    }

    fn read(&self, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let len = self.metadata()?.len().saturating_sub(from).min(most);
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?];
        let mut done = 0;
        while done < bytes.len() {
            match self.read_at(&mut bytes[done..], from + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        bytes.truncate(done);
        Ok(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        reserve(self, bytes)
    }

    fn try_lock(&self) -> io::Result<bool> {
        match File::try_lock(self) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    fn lock(&self) -> io::Result<()> {
        File::lock(self)
    }
}

#[cfg(target_os = "linux")]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, FallocateFlags::KEEP_SIZE, file.metadata()?.len(), bytes) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => room(file, bytes),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    room(file, bytes)
}

/// The next best thing where nothing can be reserved: refuse when there is not plenty of room right now.
fn room(file: &File, bytes: u64) -> io::Result<()> {
    let fs = rustix::fs::fstatvfs(file)?;
    let free = fs.f_bavail.saturating_mul(fs.f_frsize);
    if free < bytes.saturating_mul(4) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

#[cfg(target_os = "linux")]
fn network(path: &Path) -> io::Result<Option<&'static str>> {
    // Numbers from statfs(2). FUSE is left out: much of it is local.
    let name = match rustix::fs::statfs(path)?.f_type & 0xffff_ffff {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x5346_414f => "AFS",
        0x00c3_6400 => "Ceph",
        _ => return Ok(None),
    };
    Ok(Some(name))
}

#[cfg(not(target_os = "linux"))]
fn network(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}
