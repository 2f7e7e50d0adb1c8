//! Processes of this machine: told apart for certain, and ended for certain.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io::{self, ErrorKind};

/// A process, told apart from a later one that got the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessIdentity {
    /// The process id.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did (field 22 of `/proc/PID/stat`).
    pub start: u64,
}

impl ProcessIdentity {
    /// This process.
    pub fn own() -> io::Result<Self> {
        Self::of(std::process::id())
    }

    /// The process that has this pid now.
    pub fn of(pid: u32) -> io::Result<Self> {
        Ok(Self { pid, start: Stat::of(pid)?.start })
    }

    /// Whether the process is stopped: by SIGSTOP, at a terminal or in a debugger.
    pub fn is_stopped(self) -> bool {
        let stat = Stat::of(self.pid);
        stat.is_ok_and(|stat| stat.start == self.start && matches!(stat.state, 'T' | 't'))
    }

    /// Ends the process with SIGKILL. `false` means that it had ended already.
    pub fn kill(self) -> io::Result<bool> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Ok(false) };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::SRCH) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        // Checked after the handle was opened: from here on the handle cannot come to mean another process.
        match Stat::of(self.pid) {
            Ok(stat) if stat.start == self.start => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        match pidfd_send_signal(&handle, Signal::KILL) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What `/proc/PID/stat` says of a process.
struct Stat {
    /// `R` for running, `T` for stopped …
    state: char,
    start: u64,
}

impl Stat {
    fn of(pid: u32) -> io::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The second field is the program's name in brackets and may itself hold spaces and brackets.
        let after_name = stat.rfind(')').map_or("", |at| &stat[at + 1..]);
        let mut fields = after_name.split_ascii_whitespace();
        let state = fields.next().and_then(|state| state.chars().next());
        let start = fields.nth(18).and_then(|start| start.parse().ok());
        match (state, start) {
            (Some(state), Some(start)) => Ok(Self { state, start }),
            _ => Err(io::Error::new(ErrorKind::InvalidData, "/proc/PID/stat does not have the known form")),
        }
    }
}
