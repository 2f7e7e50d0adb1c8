use super::{Shared, text};
use crate::{Access, Repository};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A git host that asks for a token, over plain HTTP as git speaks it.
struct Host {
    url: String,
}

impl Host {
    /// Serves the repositories in `folder` to whoever shows `token`.
    fn start(folder: &Path, token: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let folder = folder.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let folder = folder.clone();
                thread::spawn(move || while answer(&stream, &folder, token).is_some() {});
            }
        });
        Self { url }
    }
}

/// Answers one request; `None` when the connection is over.
fn answer(mut stream: &TcpStream, folder: &PathBuf, token: &str) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let (mut length, mut kind, mut authorization) = (0_usize, String::new(), String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "content-type" => value.trim().clone_into(&mut kind),
            "authorization" => value.trim().clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if authorization != format!("Basic {token}") {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(refusal.as_bytes()).ok();
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", kind)
        .env("CONTENT_LENGTH", length.to_string())
        .env("REMOTE_USER", "ada")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    backend.stdin.take()?.write_all(&body).ok()?;
    let output = backend.wait_with_output().ok()?.stdout;
    let at = output.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, content) = (String::from_utf8_lossy(&output[..at]).into_owned(), &output[at + 4..]);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let headers = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n", content.len());
    stream.write_all(headers.as_bytes()).and_then(|()| stream.write_all(content)).ok()
}

#[test]
fn a_host_that_asks_gets_the_token_and_nothing_works_without() {
    let shared = Shared::new();
    // `x-access-token:hush`, and a name of one's own: `ada:hush`.
    for (access, token) in
        [(Access::token("hush"), "eC1hY2Nlc3MtdG9rZW46aHVzaA=="), (Access::password("ada", "hush"), "YWRhOmh1c2g=")]
    {
        let host = Host::start(shared.folder.path(), token);
        let url = format!("{}/origin.git", host.url);
        let refused = Repository::branches_at(&url, &Access::token("wrong")).expect_err("is refused");
        assert_eq!(refused.code(), "vcs/auth");
        assert!(!refused.to_string().contains("wrong"), "{refused}");
        assert_eq!(Repository::branches_at(&url, &access).expect("answers")[0].name, "main");
        let other = access.clone().for_host("git.example.org");
        assert_eq!(Repository::branches_at(&url, &other).expect_err("is for another").code(), "vcs/auth");
        let folder = tempfile::tempdir().expect("a folder");
        let cloned = Repository::clone(&url, folder.path().join("new"), None, &access).expect("clones");
        cloned.fetch(&access).expect("fetches");
    }
}

#[test]
fn the_host_of_a_path_needs_nothing() {
    let shared = Shared::new();
    let origin = text(&shared.folder.path().join("origin.git"));
    assert_eq!(crate::host_of(&origin), None);
    assert_eq!(Repository::branches_at(&origin, &Access::token("x")).expect("answers")[0].name, "main");
}
