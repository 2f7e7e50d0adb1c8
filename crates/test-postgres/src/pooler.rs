//! A PgBouncer before a server.

use crate::{Server, USER, give, is_root};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use test_service::spawn;

const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A pooler that runs; it ends with this value, or with the process.
pub struct Pooler {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooler {
    /// Whether the one that is installed knows of prepared statements where it shares sessions: from 1.21 on.
    pub fn knows_statements() -> bool {
        let said = Command::new(PROGRAM).arg("--version").output();
        let said = said.unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"));
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let mut numbers = said.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse().ok());
        let version: (u32, u32) = numbers.next().zip(numbers.next()).unwrap_or_else(|| panic!("which version? {said}"));
        version >= (1, 21)
    }

    /// Starts one with a `pool_mode`, on a port of 127.0.0.1.
    pub fn start(server: &Server, mode: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let statements = if Self::knows_statements() { "max_prepared_statements = 200\n" } else { "" };
        let configuration = format!(
            "[databases]\n* = host={} port={} user={USER}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = any\npool_mode = {mode}\ndefault_pool_size = 50\nunix_socket_dir =\n\
             ignore_startup_parameters = extra_float_digits\n{statements}",
            server.folder.path().display(),
            server.port()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, configuration).unwrap();
        give(folder.path());
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL");
        if is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        command.arg(PROGRAM).arg("--quiet").arg(file).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = spawn(command);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the pooler did not start: run `scripts/setup test`");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port, _folder: folder }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
