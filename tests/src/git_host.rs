//! Real git hosts: one for https with a certificate of an authority of its own, and one for ssh.

use crate::wait::until;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// git's own server for https, which lets in one name with one token.
pub struct HttpsGitHost {
    /// Its name and port, as in an address.
    pub host: String,
    /// The certificate of the authority that signed its own.
    pub authority: PathBuf,
}

struct Served {
    root: PathBuf,
    /// What the header `Authorization` must be.
    lets_in: String,
}

impl HttpsGitHost {
    /// Serves the repositories below `root`.
    pub async fn start(root: &Path, user: &str, token: &str) -> Self {
        let made = Certificates::make(root);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = format!("localhost:{}", listener.local_addr().expect("its address").port());
        let lets_in = format!("Basic {}", base64(format!("{user}:{token}").as_bytes()));
        let state = Arc::new(Served { root: root.to_owned(), lets_in });
        let router = Router::new().fallback(git).with_state(state);
        let listener = TlsListener { tcp: listener, acceptor: made.acceptor() };
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { host, authority: made.authority }
    }

    pub fn url(&self, repository: &str) -> String {
        format!("https://{}/{repository}", self.host)
    }
}

/// Answers as `git http-backend` does, to who is let in.
async fn git(State(served): State<Arc<Served>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: header::HeaderName| text(&parts.headers, &name);
    if header(header::AUTHORIZATION) != served.lets_in {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, ask).into_response();
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut backend = tokio::process::Command::new("git");
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &served.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", text(&parts.headers, &header::HeaderName::from_static("git-protocol")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut backend = backend.spawn().expect("git http-backend");
    let mut input = backend.stdin.take().expect("its input");
    // What it does not read, it does not want.
    let _ = input.write_all(&body).await;
    drop(input);
    let output = backend.wait_with_output().await.expect("its output");
    of_cgi(&output.stdout)
}

/// The answer that a CGI program printed: headers, an empty line, the body.
fn of_cgi(output: &[u8]) -> Response {
    let end = output.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut response = Response::builder();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        response = if name.eq_ignore_ascii_case("status") {
            response.status(value.split(' ').next().and_then(|code| code.parse::<u16>().ok()).unwrap_or(500))
        } else {
            response.header(name, value)
        };
    }
    let body = Bytes::copy_from_slice(output.get(end + 4..).unwrap_or_default());
    response.body(Body::from(body)).expect("an answer")
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks(3).flat_map(|part| {
        let number = part.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        let letter = move |at: usize| match at <= part.len() {
            true => char::from(LETTERS[(number >> (18 - 6 * at) & 63) as usize]),
            false => '=',
        };
        (0..4).map(letter)
    });
    letters.collect()
}

/// An authority of one's own, and a certificate for `localhost` that it signed.
struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificates {
    fn make(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        let files = ["ca.pem", "ca.key", "host.csr", "host.pem", "host.key", "host.ext"].map(at);
        let [authority, authority_key, wish, certificate, key, extension] = files;
        std::fs::write(&extension, "subjectAltName=DNS:localhost\n").expect("the extension");
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        openssl(|command| {
            command.args(["req", "-x509", "-days", "2", "-subj", "/CN=An authority of our own"]).args(new_key);
            command.args(["-addext", "keyUsage=critical,keyCertSign"]);
            command.arg("-keyout").arg(&authority_key).arg("-out").arg(&authority);
        });
        openssl(|command| {
            command.args(["req", "-subj", "/CN=localhost"]).args(new_key);
            command.arg("-keyout").arg(&key).arg("-out").arg(&wish);
        });
        openssl(|command| {
            command.args(["x509", "-req", "-days", "2", "-CAcreateserial"]).arg("-in").arg(&wish);
            command.arg("-CA").arg(&authority).arg("-CAkey").arg(&authority_key);
            command.arg("-extfile").arg(&extension).arg("-out").arg(&certificate);
        });
        Self { authority, certificate, key }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .expect("the certificate that was just made");
        let key = PrivateKeyDer::from_pem_file(&self.key).expect("its key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("certificate and key belong together");
        TlsAcceptor::from(Arc::new(config))
    }
}

fn openssl(arguments: impl FnOnce(&mut Command)) {
    let mut command = Command::new("openssl");
    arguments(&mut command);
    let done = command.output().expect("openssl runs; scripts/setup test installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.tcp.accept().await else { continue };
            // Who does not trust the certificate goes away in the middle of the greeting.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// An ssh server of this account's own, which lets in one key.
pub struct SshGitHost {
    /// Its name and port, as in an address.
    pub host: String,
    /// The account to sign in with.
    pub user: String,
    /// The private key that it lets in.
    pub key: String,
    /// The line that an ssh client knows it by.
    pub known_as: String,
    server: Child,
}

impl SshGitHost {
    pub async fn start(folder: &Path) -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let host_key = Self::make_key(folder, "host_key", "");
        let client_key = Self::make_key(folder, "client_key", "");
        std::fs::copy(client_key.with_extension("pub"), folder.join("authorized_keys")).expect("the key is let in");
        let path = std::env::var("PATH").unwrap_or_default();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv PATH={path}\n",
            host_key.display(),
            folder.join("authorized_keys").display(),
        );
        let config_file = folder.join("sshd_config");
        std::fs::write(&config_file, config).expect("its configuration");
        // Where sshd of the system was never started, the folder that it insists on is missing; only root needs it.
        let _ = std::fs::create_dir_all("/run/sshd");
        let log = std::fs::File::create(folder.join("sshd.log")).expect("its log");
        let server = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(&config_file)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd starts; scripts/setup test installs it");
        until("sshd listens", async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        let public = std::fs::read_to_string(host_key.with_extension("pub")).expect("its public key");
        let words: Vec<&str> = public.split(' ').take(2).collect();
        let user = Command::new("id").arg("-un").output().expect("id runs");
        Self {
            host: format!("127.0.0.1:{port}"),
            user: String::from_utf8_lossy(&user.stdout).trim().to_owned(),
            key: std::fs::read_to_string(&client_key).expect("the key"),
            known_as: format!("[127.0.0.1]:{port} {}\n", words.join(" ")),
            server,
        }
    }

    /// Makes a key pair and gives the path of its private half.
    pub fn make_key(folder: &Path, name: &str, passphrase: &str) -> PathBuf {
        let path = folder.join(name);
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f"]).arg(&path);
        let made = command.status().expect("ssh-keygen runs; scripts/setup test installs it");
        assert!(made.success(), "a key is made");
        path
    }

    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@{}{}", self.user, self.host, repository.display())
    }
}

impl Drop for SshGitHost {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
