//! A real server in a process of its own, for `tour` and `bench`.

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::Failure;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);
/// How long a server may take to stop in good order before it is killed.
const STOP: Duration = Duration::from_secs(10);

/// Where a cluster on this machine keeps what belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct ClusterFolder<'a>(pub &'a Path);

impl ClusterFolder<'_> {
    /// The checkpoint database: a file in the folder, unless the file `connection` says otherwise.
    pub fn connection(self) -> CheckpointConnection {
        let named = std::fs::read_to_string(self.0.join("connection")).ok().and_then(|text| text.parse().ok());
        named.unwrap_or_else(|| CheckpointConnection::Sqlite(self.0.join("cairn.db")))
    }

    /// The checkpoint storage.
    pub fn storage(self) -> std::path::PathBuf {
        self.0.join("storage")
    }
}

/// A running server. It is killed when this is dropped, and when this process ends, however that ends.
#[derive(Debug)]
pub struct ServerProcess {
    /// What the server said when it was ready.
    pub serving: Serving,
    child: Child,
    pid: Pid,
}

/// What `cairn serve` says when it is ready; its first line with `--json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Serving {
    /// The address of its API and console.
    pub address: String,
    /// Its id.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Its start number.
    pub epoch: i64,
}

impl ServerProcess {
    /// Starts the server `name` on the address `listen` and waits until it is ready.
    ///
    /// Must be called on the main thread, as [`Self::start_by`].
    pub async fn start(folder: ClusterFolder<'_>, name: &str, listen: &str) -> Result<Self, Failure> {
        Self::start_with(folder, name, listen, &[]).await
    }

    /// The same, with more arguments.
    pub async fn start_with(
        folder: ClusterFolder<'_>,
        name: &str,
        listen: &str,
        more: &[&str],
    ) -> Result<Self, Failure> {
        Self::start_by(&folder.connection(), folder, name, listen, more).await
    }

    /// The same for a server that reaches the checkpoint database in another way.
    ///
    /// Must be called on the main thread: the kernel ends the child when the *thread* that started it ends.
    pub async fn start_by(
        connection: &CheckpointConnection,
        folder: ClusterFolder<'_>,
        name: &str,
        listen: &str,
        more: &[&str],
    ) -> Result<Self, Failure> {
        let log_path = folder.0.join(format!("{name}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&log_path);
        let log = log.map_err(|error| Failure::file("write the log", &log_path, &error))?;
        let program = std::env::current_exe().map_err(|error| cannot_start(name, &error.to_string()))?;
        let mut child = Command::new(program)
            .args(["--json", "serve", "--name", name, "--listen", listen, "--die-with"])
            .arg(std::process::id().to_string())
            .env("CAIRN_CHECKPOINT_CONNECTION", connection.expose())
            .arg("--key-file")
            .arg(folder.0.join("cairn.db.key"))
            .arg("--checkpoint-storage")
            .arg(folder.storage())
            .arg("--state")
            .arg(folder.0.join(name))
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C in a terminal reaches the whole process group; who started the server decides when it ends.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| cannot_start(name, &error.to_string()))?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let Some(pid) = pid else { return Err(cannot_start(name, "it ended at once")) };
        let serving = ready(&mut child).await.ok_or_else(|| {
            cannot_start(
                name,
                &format!("it was not ready in time; its log is {}: {}", log_path.display(), last_line(&log_path)),
            )
        })?;
        Ok(Self { serving, child, pid })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// Memory that it holds at this time, in MiB.
    pub fn resident_mib(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
        Some(kib / 1024.0)
    }

    /// Kills it with SIGKILL. The signal is on its way when this returns.
    pub fn kill(&self) -> Result<(), Failure> {
        self.signal(Signal::KILL)
    }

    /// Freezes it with SIGSTOP, as if it hung.
    pub fn freeze(&self) -> Result<(), Failure> {
        self.signal(Signal::STOP)
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        kill_process(self.pid, signal).map_err(|error| {
            Failure::new("cairn/kill", format!("the server {} cannot be killed: {error}", self.serving.name))
        })
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) {
        let _ = self.child.wait().await;
    }

    /// Stops it in good order.
    pub async fn stop(mut self) {
        // An error only means that it has ended already.
        let _ = kill_process(self.pid, Signal::TERM);
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

async fn ready(child: &mut Child) -> Option<Serving> {
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let line = tokio::time::timeout(START, lines.next_line()).await.ok()?.ok()??;
    // Whatever else it prints must be taken from the pipe, or the server would block on it one day.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    serde_json::from_str(&line).ok()
}

fn cannot_start(name: &str, why: &str) -> Failure {
    Failure::new("cairn/server-start", format!("the server {name} cannot be started: {why}"))
}

fn last_line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().last().unwrap_or_default().to_owned()
}
