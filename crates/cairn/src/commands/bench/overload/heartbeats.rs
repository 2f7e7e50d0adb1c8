//! For how long heartbeats stand still, where they are in files that anybody can read.

use flow_store::Server;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Time between two looks. That this thread, too, waits for a processor makes a silence look longer, never shorter.
const LOOK: Duration = Duration::from_millis(20);

pub struct Heartbeats {
    over: Arc<AtomicBool>,
    watching: JoinHandle<Option<Duration>>,
}

struct Heartbeat {
    file: PathBuf,
    line: String,
    changed: Instant,
}

impl Heartbeats {
    pub fn watch(servers: &[Server]) -> Self {
        let over = Arc::<AtomicBool>::default();
        let begun = Instant::now();
        let beats = servers.iter().filter_map(|server| {
            let file = PathBuf::from(&server.lock_path);
            Some(Heartbeat { line: line(&file)?, file, changed: begun })
        });
        let (mut beats, until) = (beats.collect::<Vec<_>>(), Arc::clone(&over));
        let watching = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !until.load(Ordering::Relaxed) {
                thread::sleep(LOOK);
                for beat in &mut beats {
                    longest = longest.max(beat.look());
                }
            }
            (!beats.is_empty()).then_some(longest)
        });
        Self { over, watching }
    }

    /// The longest silence of any of them; none where heartbeats are not in files.
    pub fn stop(self) -> Option<Duration> {
        self.over.store(true, Ordering::Relaxed);
        self.watching.join().ok().flatten()
    }
}

impl Heartbeat {
    /// For how long it has stood still.
    fn look(&mut self) -> Duration {
        let now = Instant::now();
        let silence = now.duration_since(self.changed);
        if let Some(line) = line(&self.file)
            && line != self.line
        {
            (self.line, self.changed) = (line, now);
        }
        silence
    }
}

fn line(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().next().filter(|line| line.starts_with("heartbeat ")).map(str::to_owned)
}
