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

use crate::holder::Holder;
use flow_store::{Liveness, NewLife, OwnLife, PeerLife};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat};
use rustix::io::{pread, pwrite};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const COUNTER_LINE: usize = "heartbeat 00000000000000000000\n".len();

/// Lock files in a folder that all servers of a cluster share, on one machine.
#[derive(Debug)]
pub(crate) struct LockFiles {
    /// The folder.
    pub folder: PathBuf,
}

impl LockFiles {
    fn create(&self, path: PathBuf, life: &NewLife) -> io::Result<OwnLock> {
        create_folder(&self.folder)?;
        OwnLock::create(path, life)
    }
}

impl Liveness for LockFiles {
    fn begin(&self, life: NewLife) -> io::Result<Arc<dyn OwnLife>> {
        // The epoch is not known before the database has given it, and the lock must be held before: the start of the
        // process and a random number make the path the epoch's own just as well.
        let name = format!("{}.{}.{:08x}.lock", life.server, life.process_start, rand::random::<u32>());
        let path = self.folder.join(name);
        match self.create(path.clone(), &life) {
            Ok(lock) => Ok(Arc::new(lock)),
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!(
                    "the lock file “{}” cannot be made: {error}. Every server needs to write in the folder next to the \
                     checkpoint database",
                    path.display()
                ),
            )),
        }
    }

    fn look(&self, lock: &str) -> io::Result<Arc<dyn PeerLife>> {
        Ok(Arc::new(PeerLock::open(Path::new(lock))?))
    }
}

/// The lock file of this process's own epoch, held from creation to drop.
#[derive(Debug)]
pub(crate) struct OwnLock {
    /// For the heartbeat. Another opening of the file than the one that the lock is on.
    file: OwnedFd,
    path: String,
    _held: Holder,
}

impl OwnLock {
    /// Creates the file and takes its lock. Fails with `AlreadyExists` if there is such a file.
    fn create(path: PathBuf, life: &NewLife) -> io::Result<Self> {
        let held = Holder::start(path.clone())?;
        let file = rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        let lock = Self { file, path: path.to_string_lossy().into_owned(), _held: held };
        let text = format!("{}pid {}\nprocess-start {}\n", counter_line(0), life.pid, life.process_start);
        write_all(&lock.file, text.as_bytes())?;
        Ok(lock)
    }
}

impl OwnLife for OwnLock {
    fn lock(&self) -> &str {
        &self.path
    }

    /// Fails when somebody removed the file, because then nobody else can see it.
    fn beat(&self, counter: u64) -> io::Result<()> {
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
}

impl PeerLife for PeerLock {
    fn wait_until_over(&self) -> io::Result<()> {
        // Shared, so that all survivors wake together.
        retry_interrupted(|| flock(&self.file, FlockOperation::LockShared))?;
        retry_interrupted(|| flock(&self.file, FlockOperation::Unlock))
    }

    fn is_over(&self) -> bool {
        let free = flock(&self.file, FlockOperation::NonBlockingLockShared).is_ok();
        free && flock(&self.file, FlockOperation::Unlock).is_ok()
    }

    fn heartbeat(&self) -> io::Result<u64> {
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
fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // The name of a lock file must survive a power cut as surely as the database row that names it.
    File::open(folder)?.sync_all()
}
