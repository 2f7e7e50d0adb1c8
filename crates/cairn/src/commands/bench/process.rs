//! Other processes, and what they take.

use crate::outcome::Failure;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How a process went.
pub struct Ran {
    pub time: Duration,
    /// The most memory that it held, in bytes.
    pub peak: u64,
}

/// Runs a command to its good end and watches its memory.
pub fn watch(mut command: Command) -> Result<Ran, Failure> {
    let failed = |message: String| Failure::new("bench/command", message);
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().map_err(|error| failed(format!("{command:?}: {error}")))?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        // The kernel keeps the peak (VmHWM) itself, so looking now and then misses nothing but the very end.
        peak = peak_of(&status).unwrap_or(0).max(peak);
        if let Some(ended) = child.try_wait().map_err(|error| failed(error.to_string()))? {
            let time = begin.elapsed();
            return if ended.success() { Ok(Ran { time, peak }) } else { Err(failed(format!("{command:?}: {ended}"))) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn peak_of(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}
