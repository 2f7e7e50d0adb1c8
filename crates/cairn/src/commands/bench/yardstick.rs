//! What this disk can do by itself. Machines differ, so figures are told as shares of these.

use crate::outcome::Failure;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one probe takes.
const PROBE: Duration = Duration::from_millis(700);

/// What was probed just before a load.
#[derive(Debug, Clone, Copy)]
pub struct Yardsticks {
    /// Appends of 4 KiB to a growing file, each followed by fdatasync, per second.
    pub f: f64,
    /// Rows of 1 KB that bare SQLite commits, 64 at a time (WAL, synchronous=FULL), per second.
    pub s: f64,
}

/// Probes both on the disk that `folder` is on.
pub fn probe(folder: &Path) -> Result<Yardsticks, Failure> {
    let failed = |error: std::io::Error| Failure::file("write in", folder, &error);
    let scratch = tempfile::tempdir_in(folder).map_err(failed)?;
    let f = synced_appends(&scratch.path().join("f")).map_err(failed)?;
    let s = flow_store_sqlite::yardstick::rows_per_second(&scratch.path().join("s.db"), PROBE)?;
    Ok(Yardsticks { f, s })
}

fn synced_appends(path: &Path) -> std::io::Result<f64> {
    let mut file = File::create(path)?;
    let block = [0x5a_u8; 4096];
    let start = Instant::now();
    let mut appends = 0_u32;
    while start.elapsed() < PROBE {
        file.write_all(&block)?;
        file.sync_data()?;
        appends += 1;
    }
    Ok(f64::from(appends) / start.elapsed().as_secs_f64())
}
