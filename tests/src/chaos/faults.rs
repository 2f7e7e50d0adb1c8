//! What is done to servers: killed, stopped for a while, stopped inside the write lock, restarted again and again.

use super::Load;
use crate::cluster::TestCluster;
use crate::process;
use rand::RngExt;
use rand::rngs::StdRng;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Which faults there are. A server is always started again, and goes on again, some time later.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// SIGKILL, in parts of all faults.
    pub kill: u32,
    /// SIGSTOP, and SIGCONT after up to two leases.
    pub stop: u32,
    /// SIGKILL several times in a row, each time as soon as the server serves again.
    pub storm: u32,
}

impl Faults {
    pub const KILLS: Self = Self { kill: 1, stop: 0, storm: 0 };
    pub const ALL: Self = Self { kill: 5, stop: 4, storm: 1 };

    /// Injects faults for `time`, then brings every server back.
    pub async fn inject(self, time: Duration, cluster: &mut TestCluster, load: &Load, chance: &mut StdRng) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            pause(chance, 100..600).await;
            let names: Vec<String> = cluster.servers.iter().map(|server| server.name.clone()).collect();
            let name = &names[chance.random_range(0..names.len())];
            let drawn = chance.random_range(0..self.kill + self.stop + self.storm);
            if drawn < self.kill {
                println!("kill {name}");
                cluster.server_mut(name).kill();
                pause(chance, 0..600).await;
                restart(cluster, load, name);
            } else if drawn < self.kill + self.stop {
                let milliseconds = chance.random_range(200..4_000);
                println!("stop {name} for {milliseconds} ms");
                cluster.server(name).stop();
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                // A server that stood in the way of the others was ended by them.
                if cluster.server_mut(name).has_ended() {
                    println!("{name} was ended by the others");
                    restart(cluster, load, name);
                } else {
                    cluster.server(name).go_on();
                }
            } else {
                println!("restart {name} again and again");
                for _ in 0..3 {
                    cluster.server_mut(name).kill();
                    restart(cluster, load, name);
                }
            }
        }
        for server in names_of(cluster) {
            if cluster.server_mut(&server).has_ended() {
                restart(cluster, load, &server);
            }
        }
    }
}

fn names_of(cluster: &TestCluster) -> Vec<String> {
    cluster.servers.iter().map(|server| server.name.clone()).collect()
}

fn restart(cluster: &mut TestCluster, load: &Load, name: &str) {
    cluster.add_server(name);
    load.servers_are(cluster);
}

async fn pause(chance: &mut StdRng, milliseconds: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(chance.random_range(milliseconds))).await;
}

/// Stops a server that works, again and again, until it stands still while it holds the write lock of the database.
pub async fn stop_inside_the_write_lock(cluster: &TestCluster, name: &str, chance: &mut StdRng) {
    let server = cluster.server(name);
    let begun = Instant::now();
    loop {
        server.stop();
        process::until_stopped(server.pid()).await;
        if holds_write_lock(server.pid(), &cluster.folder) {
            return;
        }
        server.go_on();
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} was never met while it wrote");
        tokio::time::sleep(Duration::from_micros(chance.random_range(200..8_000))).await;
    }
}

/// Whether the kernel says that this process holds the write lock of the database in `folder`.
pub fn holds_write_lock(pid: i32, folder: &Path) -> bool {
    let Ok(lock) = std::fs::metadata(folder.join("cairn.db.d/write.lock")) else { return false };
    let (pid, inode) = (pid.to_string(), format!(":{}", lock.ino()));
    let table = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    table.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let held = words.get(1) == Some(&"FLOCK") && words.get(4) == Some(&pid.as_str());
        held && words.get(5).is_some_and(|file| file.ends_with(&inode))
    })
}
