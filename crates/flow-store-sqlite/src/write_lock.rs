//! Turns at writing among the processes of this machine, one batch each.
//!
//! SQLite's own write lock is polled by those who wait for it, and whoever asks most often gets it. Here the kernel
//! queues the waiting ones: a process first takes the *next* lock, then the *write* lock, and gives the next lock back.
//! One that has just written has to get past the next lock again, so that everybody who waits has a turn before it.

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// The two locks of one process.
pub(crate) struct WriteLock {
    next: PidFile,
    write: PidFile,
}

/// The right to write; ends when dropped.
pub(crate) struct Turn<'a>(&'a PidFile);

impl WriteLock {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { next: PidFile::open(&folder.join("next.lock"))?, write: PidFile::open(&folder.join("write.lock"))? })
    }

    /// Waits for this process's turn, without spinning.
    pub(crate) fn take_turn(&self) -> io::Result<Turn<'_>> {
        self.next.lock()?;
        let taken = self.write.lock();
        self.next.unlock();
        taken?;
        Ok(Turn(&self.write))
    }

    /// Takes a turn if nobody holds or waits for one.
    pub(crate) fn try_take_turn(&self) -> io::Result<Option<Turn<'_>>> {
        if !self.next.try_lock()? {
            return Ok(None);
        }
        let taken = self.write.try_lock();
        self.next.unlock();
        Ok(taken?.then_some(Turn(&self.write)))
    }

    /// The process that writes now, or is the next to write. Does not wait.
    pub(crate) fn holder(&self) -> Option<i32> {
        // It is empty when nobody on the machine holds a lock.
        let table = std::fs::read_to_string("/proc/locks").ok();
        self.write.holder(table.as_deref()).or_else(|| self.next.holder(table.as_deref()))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// A lock file that holds the process id of its last holder.
struct PidFile {
    file: File,
    line: Vec<u8>,
}

impl PidFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, line: format!("{:<10}\n", std::process::id()).into_bytes() })
    }

    fn lock(&self) -> io::Result<()> {
        rustix::io::retry_on_intr(|| flock(&self.file, FlockOperation::LockExclusive))?;
        self.note_holder()
    }

    /// Locks the file unless somebody else has; whether it is locked now.
    fn try_lock(&self) -> io::Result<bool> {
        match rustix::io::retry_on_intr(|| flock(&self.file, FlockOperation::NonBlockingLockExclusive)) {
            Ok(()) => self.note_holder().map(|()| true),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes this process's id into the locked file, for those who find it locked.
    fn note_holder(&self) -> io::Result<()> {
        let mut known = [0; 11];
        let read = self.file.read_at(&mut known, 0)?;
        if known.get(..read) != Some(&self.line) {
            self.file.write_all_at(&self.line, 0)?;
        }
        Ok(())
    }

    fn unlock(&self) {
        // Unlocking a lock that is held on an open file cannot fail.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }

    /// Who holds the lock, by the kernel's table. Where that cannot be read: who held it last.
    fn holder(&self, table: Option<&str>) -> Option<i32> {
        let Some(table) = table else { return self.noted_holder() };
        let metadata = self.file.metadata().ok()?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        let name = format!("{:02x}:{:02x}:{inode}", rustix::fs::major(device), rustix::fs::minor(device));
        let mut locks = held_locks(table);
        if let Some((pid, _)) = locks.find(|(_, file)| *file == name) {
            return Some(pid);
        }
        // Some file systems (btrfs, overlays) show another device here than in the table.
        let noted = self.noted_holder();
        let same_inode = |file: &str| file.rsplit(':').next() == Some(&inode.to_string());
        held_locks(table).find(|(pid, file)| Some(*pid) == noted && same_inode(file)).map(|(pid, _)| pid)
    }

    fn noted_holder(&self) -> Option<i32> {
        let mut noted = [0; 11];
        let read = self.file.read_at(&mut noted, 0).ok()?;
        std::str::from_utf8(noted.get(..read)?).ok()?.trim().parse().ok()
    }
}

/// The process and file (`MAJOR:MINOR:INODE`) of each flock that is held, by the text of `/proc/locks`. Lines with
/// `->` are of those who wait.
fn held_locks(table: &str) -> impl Iterator<Item = (i32, &str)> {
    table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (kind, _, _) = (words.next()?, words.next()?, words.next()?);
        let (pid, file) = (words.next()?.parse().ok()?, words.next()?);
        (kind == "FLOCK" && pid > 0).then_some((pid, file))
    })
}

#[cfg(test)]
mod tests;
