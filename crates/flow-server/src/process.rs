//! What the kernel says of this process.

use std::fs;

/// Clock ticks in a second, as /proc counts them on every Linux there is.
const TICKS: f64 = 100.0;

/// This process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Process {
    /// Resident memory in bytes.
    pub resident: u64,
    /// Time on a core so far, in seconds.
    pub cpu_seconds: f64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub open_files: u64,
}

impl Process {
    /// This process now. What the kernel does not tell is 0.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
        };
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name of the program, in brackets, may hold anything.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        Self {
            resident: number("VmRSS").unwrap_or_default() * 1024,
            cpu_seconds: (ticks(11) + ticks(12)) / TICKS,
            threads: number("Threads").unwrap_or_default(),
            open_files: fs::read_dir("/proc/self/fd").map(|entries| entries.count() as u64).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_this_process() {
        let now = Process::now();
        assert!(now.resident > 1 << 20 && now.threads >= 1 && now.open_files >= 3, "{now:?}");
    }
}
