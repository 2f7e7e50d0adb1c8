//! Database servers of a test, in a folder of their own.

use super::CONNECTION;
use flow_model::Connection;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use test_service::spawn;

/// The account of the databases.
const USER: &str = "cairn";
pub(super) const PASSWORD: &str = "hunter2 ü'\"\\";
const DATABASE: &str = "warehouse";
/// How long a server may take to start on a busy machine.
const STARTING: Duration = Duration::from_secs(60);

/// A server that runs; it ends with this value, or with the process.
pub(super) struct Server {
    kind: &'static str,
    port: u16,
    child: Child,
    pub(super) folder: TempDir,
}

impl Server {
    pub(super) fn postgres() -> Self {
        // SCRAM takes a good part of a second where nothing is optimised.
        Self::postgres_with("password", |_| Vec::new())
    }

    /// A server with more settings, for which `prepare` may put files into its folder.
    pub(super) fn postgres_with(auth: &str, prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let programs = postgres_programs();
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("password");
        fs::write(&secret, PASSWORD).unwrap();
        let mut settings = prepare(folder.path());
        give(folder.path(), "postgres");
        let data = folder.path().join("data");
        let made = as_user("postgres", "QUIT", &programs.join("initdb"))
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth", auth, "--username", USER])
            .arg("--pwfile")
            .arg(&secret)
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        settings.extend(["fsync=off", "full_page_writes=off", "listen_addresses=127.0.0.1"].map(str::to_owned));
        settings.push(format!("unix_socket_directories={}", folder.path().display()));
        let server = Self::start("postgres", folder, |port| {
            let mut command = as_user("postgres", "QUIT", &programs.join("postgres"));
            command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
            command.args(settings.iter().flat_map(|setting| ["-c", setting]));
            command
        });
        server.psql("postgres", &format!("CREATE DATABASE {DATABASE}"));
        server
    }

    pub(super) fn mariadb() -> Self {
        Self::mariadb_with(|_| Vec::new())
    }

    /// A server with more settings, for which `prepare` may put files into its folder.
    pub(super) fn mariadb_with(prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = prepare(folder.path());
        let data = folder.path().join("data");
        let user = if is_root() { "root" } else { "" };
        let made = Command::new(program("mariadb-install-db"))
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ])
            .arg(format!("--datadir={}", data.display()))
            // In one that they share, several that are made at once take each other's files away.
            .arg(format!("--tmpdir={}", folder.path().display()))
            .args((!user.is_empty()).then(|| format!("--user={user}")))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let first = folder.path().join("first.sql");
        let password = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        let sql = format!(
            "CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;\nCREATE USER '{USER}'@'%' IDENTIFIED BY '{password}';\n\
             GRANT ALL ON *.* TO '{USER}'@'%';\n"
        );
        fs::write(&first, sql).unwrap();
        let (socket, temporary) = (folder.path().join("socket"), folder.path().to_owned());
        Self::start("mysql", folder, |port| {
            let mut command = as_user("", "KILL", &program("mariadbd"));
            command
                .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"])
                .args([
                    "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-buffer-pool-size=64M",
                    "--character-set-server=utf8mb4",
                ])
                .arg(format!("--datadir={}", data.display()))
                .arg(format!("--socket={}", socket.display()))
                .arg(format!("--tmpdir={}", temporary.display()))
                .arg(format!("--init-file={}", first.display()))
                .arg(format!("--port={port}"))
                .args(&settings)
                .args((!user.is_empty()).then(|| format!("--user={user}")));
            command
        })
    }

    fn start(kind: &'static str, folder: TempDir, command: impl Fn(u16) -> Command) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command(port);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut server = Self { kind, port, child: spawn(command), folder };
        let begun = Instant::now();
        while !server.is_ready() {
            let ended = server.child.try_wait().unwrap();
            if ended.is_some() || begun.elapsed() > STARTING {
                panic!("{kind} did not start: {}", fs::read_to_string(server.folder.path().join("log")).unwrap());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Whether it takes calls. The log says so; a port is open before.
    fn is_ready(&self) -> bool {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.contains("database system is ready to accept connections") || log.contains("ready for connections")
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// A connection that leads to it.
    pub(super) fn connection(&self) -> Connection {
        Connection::new(CONNECTION, self.kind)
            .with("host", "127.0.0.1")
            .with("port", self.port)
            .with("database", DATABASE)
            .with("user", USER)
            .with_secret("password", PASSWORD)
    }

    fn psql(&self, database: &str, sql: &str) {
        let done = Command::new(postgres_programs().join("psql"))
            .env("PGPASSWORD", PASSWORD)
            .args(["-h", "127.0.0.1", "-U", USER, "-v", "ON_ERROR_STOP=1", "-qc", sql, "-d", database, "-p"])
            .arg(self.port.to_string())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // PostgreSQL frees its shared memory when it is asked to end at once; killed, it would not.
        let signal = if self.kind == "postgres" { "QUIT" } else { "KILL" };
        let _ = Command::new("kill").arg(format!("-{signal}")).arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Makes a key and a certificate for 127.0.0.1 that nobody has signed, `key.pem` and `certificate.pem`.
pub(super) fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Makes an authority and a certificate for `name` that it has signed: `authority.pem`, `client.pem` and `client-key.pem`.
pub(super) fn make_client_certificate(folder: &Path, name: &str) {
    let make = |certificate: &str, key: &str, name: &str, more: &[&str]| {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", &format!("/CN={name}"), "-out", certificate, "-keyout", key])
            .args(more)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    make("authority.pem", "authority-key.pem", "authority", &[]);
    let signed =
        ["-CA", "authority.pem", "-CAkey", "authority-key.pem", "-addext", "basicConstraints=critical,CA:FALSE"];
    make("client.pem", "client-key.pem", name, &signed);
}

/// A command that runs as `user` if the tests run as root, and dies with them.
fn as_user(user: &str, signal: &str, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg(format!("--pdeathsig={signal}"));
    if is_root() && !user.is_empty() {
        command.args([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
    }
    command.arg(program);
    // A folder that any user may be in.
    command.current_dir("/");
    command
}

/// Makes `user` the owner of a folder and what is in it, if the tests run as root.
fn give(folder: &Path, user: &str) {
    if !is_root() {
        return;
    }
    let id = |which: &str| -> u32 {
        let answer = Command::new("id").args([which, user]).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).trim().parse().unwrap()
    };
    let (uid, gid) = (id("-u"), id("-g"));
    for entry in fs::read_dir(folder).unwrap() {
        chown(entry.unwrap().path(), Some(uid), Some(gid)).unwrap();
    }
    chown(folder, Some(uid), Some(gid)).unwrap();
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The folder of PostgreSQL's programs: on Debian not on the path, a version each.
fn postgres_programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.into_iter().rfind(|folder| folder.join("initdb").exists()).unwrap_or_else(|| {
        let programs = program("initdb");
        programs.parent().unwrap().to_owned()
    })
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders
        .map(|folder| folder.join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{name} is missing: run `scripts/setup test`"))
}
