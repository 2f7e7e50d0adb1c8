//! A line to a server that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Passes bytes on between clients and a server, until it is cut.
pub(super) struct Proxy {
    pub(super) port: u16,
    line: Arc<Line>,
}

struct Line {
    /// How many bytes more may go to the server.
    left: AtomicU64,
    cut: std::sync::Mutex<CancellationToken>,
}

impl Proxy {
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let line = Arc::new(Line { left: AtomicU64::new(u64::MAX), cut: Default::default() });
        let shared = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap();
                let line = Arc::clone(&shared);
                tokio::spawn(async move { line.carry(client, server).await });
            }
        });
        Self { port: own, line }
    }

    /// Cuts every connection once so many bytes more have gone to the server.
    pub(super) fn cut_after(&self, bytes: u64) {
        self.line.left.store(bytes, Ordering::SeqCst);
    }

    /// Cuts every connection at once.
    pub(super) fn cut_now(&self) {
        self.line.cut.lock().unwrap().cancel();
    }

    /// Lets new connections live again.
    pub(super) fn mend(&self) {
        *self.line.cut.lock().unwrap() = CancellationToken::new();
        self.line.left.store(u64::MAX, Ordering::SeqCst);
    }
}

impl Line {
    async fn carry(&self, client: TcpStream, server: TcpStream) {
        let cut = self.cut.lock().unwrap().clone();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = cut.cancelled() => {}
            () = self.pass(from_client, to_server, true) => {}
            () = self.pass(from_server, to_client, false) => {}
        }
    }

    async fn pass(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, counts: bool) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if counts {
                let left = self.left.load(Ordering::SeqCst);
                if left < read as u64 {
                    self.cut.lock().unwrap().cancel();
                    return;
                }
                self.left.store(left - if left == u64::MAX { 0 } else { read as u64 }, Ordering::SeqCst);
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    }
}
