//! Who holds the lock of this process's epoch: a thread with file descriptors of its own.
//!
//! When a process is killed, the kernel first takes down its memory and only then closes its files: with a gigabyte in
//! use, a lock among them would be freed a tenth of a second late. Descriptors that one thread has for itself are closed
//! when that thread ends, which is at once. Whatever else the process still does in those moments is in system calls
//! that had begun before; the checkpoint database has a lock of its own for what is being written, which is freed last.

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// Holds a lock until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Holder {
    /// Dropping it ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Holder {
    /// Makes the file and takes its lock. Fails with `AlreadyExists` if there is such a file.
    pub fn start(path: PathBuf) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let (tell, told) = channel();
        let hold = move || hold(&path, &tell, &stopped);
        let thread = thread::Builder::new().name("cairn-lock".to_owned()).stack_size(128 * 1024).spawn(hold)?;
        let holder = Self { stop: Some(stop), thread: Some(thread) };
        told.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that holds the lock has ended")))?;
        Ok(holder)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.stop = None;
        // The lock is free when this returns.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread: from its first line on it must use no descriptor of the process, for their numbers mean nothing here. So it
/// logs nothing, and waits only for channels, which need none.
fn hold(path: &Path, tell: &Sender<io::Result<()>>, stopped: &Receiver<()>) {
    // Where the kernel refuses, the lock is one of the process, and freed when that is.
    let _shared = own_descriptors();
    match lock(path) {
        Ok(_file) => {
            let _ = tell.send(Ok(()));
            let _ = stopped.recv();
        }
        Err(error) => {
            let _ = tell.send(Err(error));
        }
    }
}

fn lock(path: &Path) -> io::Result<OwnedFd> {
    // Close-on-exec: a child that outlives this process must not keep the lock.
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o644))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// Gives this thread descriptors of its own, and closes all of them but the standard ones.
fn own_descriptors() -> io::Result<()> {
    let (first, last, flags) = (3_u32, u32::MAX, libc::CLOSE_RANGE_UNSHARE);
    // SAFETY: nothing of the process is closed, since the table is this thread's alone from here on; and the thread has
    // no descriptor of its own yet.
    #[allow(unsafe_code, reason = "no library has this call")]
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn the_lock_is_held_until_it_is_dropped_and_by_no_descriptor_of_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.lock");
        let seen = File::open(folder.path()).unwrap();
        let holder = Holder::start(path.clone()).unwrap();
        assert_eq!(Holder::start(path.clone()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let file = File::open(&path).unwrap();
        flock(&file, FlockOperation::NonBlockingLockShared).unwrap_err();
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let of_file = open.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path)).count();
        assert_eq!(of_file, 1, "the one of this test");
        assert!(seen.metadata().unwrap().is_dir(), "what the process had open is still open");
        drop(holder);
        flock(&file, FlockOperation::NonBlockingLockShared).unwrap();
    }
}
