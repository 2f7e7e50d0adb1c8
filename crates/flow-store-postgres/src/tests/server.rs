//! A PostgreSQL server of a test, in a folder of its own, reached by a socket in there.

use crate::PostgresAddress;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long the server may take to start on a busy machine.
const STARTING: Duration = Duration::from_secs(120);

/// A server that runs; it ends with this value, or with the process.
pub(super) struct Server {
    process: Child,
    folder: TempDir,
    databases: AtomicU32,
}

impl Server {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let data = folder.path().join("data");
        let made = as_user("initdb")
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=cairn", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = as_user("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(folder.path());
        for setting in ["fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=200"] {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut server = Self { process: spawn(command), folder, databases: AtomicU32::new(0) };
        let begun = Instant::now();
        while !server.log().contains("database system is ready to accept connections") {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < STARTING, "it did not start: {}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The address of a new, empty database.
    pub(super) fn database(&self) -> PostgresAddress {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.address("cairn", &name)
    }

    /// The address of a database for an account.
    pub(super) fn address(&self, user: &str, database: &str) -> PostgresAddress {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{socket}/{database}").parse().unwrap()
    }

    /// Runs SQL as the owner of everything.
    pub(super) fn sql(&self, database: &str, sql: &str) {
        let done = Command::new(program("psql"))
            .args(["-U", "cairn", "-v", "ON_ERROR_STOP=1", "-qc", sql, "-d", database, "-h"])
            .arg(self.folder.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It frees its shared memory when it is asked to end at once; killed, it would not.
        let _ = Command::new("kill").arg("-QUIT").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// Starts a child from a thread that lives on: a child that is to die with its parent dies with the thread that made it.
fn spawn(mut command: Command) -> Child {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(command.spawn());
        loop {
            std::thread::park();
        }
    });
    receiver.recv().unwrap().unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"))
}

/// A program of PostgreSQL, which refuses to run as root, and dies with the test.
fn as_user(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=QUIT");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program(name));
    // A folder that any user may be in.
    command.current_dir("/");
    command
}

/// Makes the account that the server runs under the owner of its folder.
fn give(folder: &Path) {
    if !is_root() {
        return;
    }
    let id = |which: &str| -> u32 {
        let answer = Command::new("id").args([which, "postgres"]).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).trim().parse().unwrap()
    };
    chown(folder, Some(id("-u")), Some(id("-g"))).unwrap();
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A program of PostgreSQL: on Debian not on the path, a version each.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    programs.sort();
    programs.into_iter().rfind(|program| program.exists()).unwrap_or_else(|| PathBuf::from(name))
}
