//! A PostgreSQL server for a test: in a folder of its own, reached by a socket in there, gone with the test.

// A test says what it expects by ending when it is not so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod pooler;

pub use pooler::Pooler;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use test_service::spawn;

/// The account that everything belongs to.
pub const USER: &str = "cairn";

/// How long the server may take to start on a busy machine.
const STARTING: Duration = Duration::from_secs(120);

/// A server that runs; it ends with this value, or with the process.
pub struct Server {
    process: Child,
    folder: TempDir,
    settings: Vec<String>,
    environment: Vec<(String, String)>,
    port: u16,
    databases: AtomicU32,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(5432, |_| vec!["listen_addresses=".to_owned()])
    }

    /// Starts one whose data is below a folder that any account may enter.
    pub fn start_below(parent: &Path) -> Self {
        Self::start_below_with(parent, &[])
    }

    /// The same with more in its environment, which may name files in that folder.
    pub fn start_below_with(parent: &Path, environment: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir_in(parent).unwrap();
        Self::start_in(folder, 5432, environment, |_| vec!["listen_addresses=".to_owned()])
    }

    /// Starts one that listens on 127.0.0.1, too.
    pub fn start_listening() -> Self {
        Self::start_listening_at("127.0.0.1")
    }

    /// Starts one that listens on an address of this machine, too, and trusts whoever is on that network.
    pub fn start_listening_at(address: &str) -> Self {
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        Self::start_with(port, |_| vec![format!("listen_addresses={address}")])
    }

    /// Ends all sessions of servers, as an administrator may.
    pub fn end_sessions(&self) {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'cairn-%'";
        self.sql("postgres", sql);
    }

    /// Starts one that listens on 127.0.0.1 and wants TLS there, with a certificate that nobody knows
    /// ([`Server::certificate`]).
    pub fn start_encrypted() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_with(port, |folder| {
            make_certificate(folder);
            let file = |name: &str| folder.join(name).display().to_string();
            vec![
                "listen_addresses=127.0.0.1".to_owned(),
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", file("certificate.pem")),
                format!("ssl_key_file={}", file("key.pem")),
            ]
        })
    }

    fn start_with(port: u16, prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), port, &[], prepare)
    }

    fn start_in(
        folder: TempDir,
        port: u16,
        environment: &[(String, String)],
        prepare: impl FnOnce(&Path) -> Vec<String>,
    ) -> Self {
        let settings = prepare(folder.path());
        give(folder.path());
        let made = as_postgres("initdb")
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username", USER, "-D"])
            .arg(folder.path().join("data"))
            .output()
            .unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut trusted = fs::OpenOptions::new().append(true).open(folder.path().join("data/pg_hba.conf")).unwrap();
        writeln!(trusted, "host all all samenet trust").unwrap();
        let process = run(folder.path(), port, &settings, environment);
        Self { process, folder, settings, environment: environment.to_vec(), port, databases: AtomicU32::new(0) }
    }

    /// Ends it as a power cut would, without a word to anybody.
    pub fn crash(&mut self) {
        self.end();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        self.process = run(self.folder.path(), self.port, &self.settings, &self.environment);
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
        format!("postgres://{user}@{socket}:{}/{database}", self.port)
    }

    /// The port on which it listens, if it does, and the name of its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of a server that wants TLS.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Runs SQL as the owner of everything; what it answers.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let done = Command::new(program("psql"))
            .args(["-X", "-U", USER, "-v", "ON_ERROR_STOP=1", "-qAtc", sql, "-d", database, "-p"])
            .arg(self.port.to_string())
            .arg("-h")
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
fn run(folder: &Path, port: u16, settings: &[String], environment: &[(String, String)]) -> Child {
    let file = fs::File::create(folder.join("log")).unwrap();
    let mut command = as_postgres("postgres");
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).arg("-p").arg(port.to_string());
    command.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]);
    command.args(settings.iter().flat_map(|setting| ["-c", setting]));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
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

/// Makes a key and a certificate for 127.0.0.1 that nobody has signed.
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"))
        .output()
        .unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Makes the account that the server runs under the owner of its folder, and of what is in there.
fn give(folder: &Path) {
    if !is_root() {
        return;
    }
    let id = |which: &str| -> u32 {
        let answer = Command::new("id").args([which, "postgres"]).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).trim().parse().unwrap()
    };
    let (user, group) = (Some(id("-u")), Some(id("-g")));
    for entry in fs::read_dir(folder).unwrap() {
        chown(entry.unwrap().path(), user, group).unwrap();
    }
    chown(folder, user, group).unwrap();
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
