//! An S3 service for a test (moto, from Python's package index), on a port of its own, gone with the test. It keeps what it
//! is given in its memory, and takes any credentials.

// A test says what it expects by ending when it is not so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use test_service::spawn;

/// How long the service may take to start on a busy machine.
const STARTING: Duration = Duration::from_secs(120);
/// The bucket that there is.
pub const BUCKET: &str = "cairn";

/// A service that runs; it ends with this value, or with the process.
pub struct Service {
    process: Child,
    port: u16,
}

impl Service {
    /// Starts one, with a bucket.
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/cairn/moto/bin/moto_server");
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg(program).args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let service = Self { process: spawn(command), port };
        let begun = Instant::now();
        while service.ask("PUT", &format!("/{BUCKET}")).is_none_or(|answer| !answer.starts_with("HTTP/1.1 200")) {
            assert!(begun.elapsed() < STARTING, "the S3 service did not start: run `scripts/setup test`");
            std::thread::sleep(Duration::from_millis(50));
        }
        service
    }

    /// The address of the service.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a checkpoint storage below a prefix of the bucket.
    pub fn storage(&self, prefix: &str) -> String {
        self.storage_by(self.port, prefix)
    }

    /// The same by another port of this machine, which leads to the service. Cut there, the service is away and comes back
    /// with all that it has in its memory.
    pub fn storage_by(&self, port: u16, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{port}&region=us-east-1")
    }

    /// What is in the bucket below a prefix, as the service lists it.
    pub fn listing(&self, prefix: &str) -> String {
        self.ask("GET", &format!("/{BUCKET}?list-type=2&prefix={prefix}")).unwrap_or_default()
    }

    /// Overwrites an object.
    pub fn put(&self, key: &str, body: &str) {
        let answer = self.send("PUT", &format!("/{BUCKET}/{key}"), body).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn ask(&self, method: &str, path: &str) -> Option<String> {
        self.send(method, path, "")
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        // The service tells what is asked of it by the name in the signature.
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, \
             Signature=0\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
