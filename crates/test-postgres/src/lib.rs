//! A PostgreSQL server for a test: in a folder of its own, reached by a socket in there, gone with the test.

// A test says what it expects by ending when it is not so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The account that everything belongs to.
pub const USER: &str = "cairn";

/// How long the server may take to start on a busy machine.
const STARTING: Duration = Duration::from_secs(120);

/// A server that runs; it ends with this value, or with the process.
pub struct Server {
    process: Child,
    folder: TempDir,
    databases: AtomicU32,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let made = as_postgres("initdb")
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username", USER, "-D"])
            .arg(folder.path().join("data"))
            .output()
            .unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let process = run(folder.path());
        Self { process, folder, databases: AtomicU32::new(0) }
    }

    /// Ends it as a power cut would, without a word to anybody.
    pub fn crash(&mut self) {
        self.end();
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        self.process = run(self.folder.path());
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.address(USER, &name)
    }

    /// The address of a database for an account.
    pub fn address(&self, user: &str, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{socket}/{database}")
    }

    /// Runs SQL as the owner of everything; what it answers.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let done = Command::new(program("psql"))
            .args(["-X", "-U", USER, "-v", "ON_ERROR_STOP=1", "-qAtc", sql, "-d", database, "-h"])
            .arg(self.folder.path())
            .output()
            .unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// It frees its shared memory when it is asked to end at once; killed, it would not.
    fn end(&mut self) {
        let _ = Command::new("kill").arg("-QUIT").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// Runs the server whose data is in a folder; returns when it takes calls.
fn run(folder: &Path) -> Child {
    let file = fs::File::create(folder.join("log")).unwrap();
    let mut command = as_postgres("postgres");
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    for setting in ["fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=200"] {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    let mut process = spawn(command);
    let begun = Instant::now();
    while !log(folder).contains("database system is ready to accept connections") {
        let ended = process.try_wait().unwrap();
        assert!(ended.is_none() && begun.elapsed() < STARTING, "it did not start: {}", log(folder));
        std::thread::sleep(Duration::from_millis(10));
    }
    process
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
fn as_postgres(name: &str) -> Command {
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
