//! The lock file of an epoch: held exclusively for as long as its server process lives, and home of its heartbeat.
//!
//! The kernel frees the lock when the process ends, however it ends, so whoever waits for the lock learns of a death
//! within milliseconds. The file is never unlinked: a path stands for one epoch for ever, so a freed lock can have
//! one meaning only. It is plain text, so that `cat` shows an operator who holds it:
//!
//! ```text
//! heartbeat 00000000000000000042
//! pid 4711
//! process-start 8123456
//! ```

use crate::process::ProcessIdentity;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat};
use rustix::io::{pread, pwrite};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

const COUNTER_LINE: usize = "heartbeat 00000000000000000000\n".len();

/// The lock file of this process's own epoch, held from creation to drop.
#[derive(Debug)]
pub(crate) struct OwnLock {
    file: OwnedFd,
    path: PathBuf,
}

impl OwnLock {
    /// Creates the file and takes its lock. Fails with `AlreadyExists` if there is such a file.
    pub fn create(path: PathBuf, process: ProcessIdentity) -> io::Result<Self> {
        // Close-on-exec: a child that outlives this process must not keep the lock.
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
        let file = rustix::fs::open(&path, flags, Mode::from_raw_mode(0o644))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let lock = Self { file, path };
        let text = format!("{}pid {}\nprocess-start {}\n", counter_line(0), process.pid, process.start);
        write_all(&lock.file, text.as_bytes())?;
        Ok(lock)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the heartbeat counter. Fails when somebody removed the file, because then nobody else can see it.
    pub fn write_heartbeat(&self, counter: u64) -> io::Result<()> {
        if fstat(&self.file)?.st_nlink == 0 {
            return Err(io::Error::new(ErrorKind::NotFound, "the lock file was removed while its server was running"));
        }
        write_all(&self.file, counter_line(counter).as_bytes())
    }
}

/// The lock file of a peer's epoch, to read and to wait on.
#[derive(Debug)]
pub(crate) struct PeerLock {
    file: OwnedFd,
}

impl PeerLock {
    /// Opens the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { file })
    }

    /// Blocks until the process that holds the lock has ended. Needs a thread of its own.
    pub fn wait_until_free(&self) -> io::Result<()> {
        // Shared, so that all survivors wake together.
        retry_interrupted(|| flock(&self.file, FlockOperation::LockShared))?;
        retry_interrupted(|| flock(&self.file, FlockOperation::Unlock))
    }

    /// Whether nobody holds the lock at this moment.
    pub fn is_free(&self) -> bool {
        let free = flock(&self.file, FlockOperation::NonBlockingLockShared).is_ok();
        free && flock(&self.file, FlockOperation::Unlock).is_ok()
    }

    /// Reads the heartbeat counter. Only whether it changes matters.
    pub fn heartbeat(&self) -> io::Result<u64> {
        let mut line = [0_u8; COUNTER_LINE];
        let length = retry_interrupted(|| pread(&self.file, &mut line, 0))?;
        let text = std::str::from_utf8(&line[..length]).ok();
        let counter = text.and_then(|text| text.strip_prefix("heartbeat ")?.trim_end().parse().ok());
        counter.ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, "the lock file does not have the form that servers write")
        })
    }
}

/// Fixed width, so that every heartbeat overwrites the last one in place.
fn counter_line(counter: u64) -> String {
    let line = format!("heartbeat {counter:020}\n");
    debug_assert_eq!(line.len(), COUNTER_LINE);
    line
}

fn write_all(file: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    let written = retry_interrupted(|| pwrite(file, bytes, 0))?;
    if written == bytes.len() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::WriteZero, "the lock file could not be written whole; is the disk full?"))
}

fn retry_interrupted<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Makes the folder of the lock files, for this account only.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // The name of a lock file must survive a power cut as surely as the database row that names it.
    File::open(folder)?.sync_all()
}
