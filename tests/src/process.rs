//! Signals to processes that a test started, directly or not.

use std::path::Path;

/// Sends a signal. The caller knows that the process is its own and not reaped yet.
#[allow(unsafe_code, reason = "there is no signal in the standard library")]
pub fn signal(pid: i32, signal: i32) {
    // SAFETY: kill(2) touches no memory of this process.
    unsafe { libc::kill(pid, signal) };
}

/// Waits until a process that was sent SIGSTOP stands still, with all its threads.
pub async fn until_stopped(pid: i32) {
    crate::wait::until(&format!("process {pid} stands still"), async || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let stands_still = |path: &Path| {
            let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
            // The state follows the name, which is in brackets.
            stat.rsplit(')')
                .next()
                .is_some_and(|rest| matches!(rest.trim_start().chars().next(), Some('T' | 't' | 'D')))
        };
        threads.flatten().all(|thread| stands_still(&thread.path())).then_some(())
    })
    .await;
}

/// Kills every process that has `NAME=value` in its environment: drivers leave their browsers behind when they are
/// killed, but those inherited the mark.
pub fn kill_marked(name: &str, value: &Path) {
    let mark = format!("{name}={}", value.display()).into_bytes();
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for entry in processes.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark) {
            signal(pid, libc::SIGKILL);
        }
    }
}
