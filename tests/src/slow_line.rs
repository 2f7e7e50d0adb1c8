//! A line to a database that can be made to hang: what is sent is neither refused nor answered, as when a network is parted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Line {
    pub port: u16,
    hangs: Arc<watch::Sender<bool>>,
}

impl Line {
    /// A line to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let line =
            Self { port: listener.local_addr().expect("its port").port(), hangs: Arc::new(watch::Sender::new(false)) };
        let hangs = Arc::clone(&line.hangs);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, SocketAddr::from(([127, 0, 0, 1], port)), hangs.subscribe()));
            }
        });
        line
    }

    /// From now on it hangs, or no longer.
    pub fn hang(&self, hangs: bool) {
        self.hangs.send_replace(hangs);
    }
}

async fn carry(near: TcpStream, to: SocketAddr, mut hangs: watch::Receiver<bool>) {
    let _ = hangs.wait_for(|hangs| !hangs).await;
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let there = tokio::spawn(pass(near_read, far_write, hangs.clone()));
    pass(far_read, near_write, hangs).await;
    // Give what was sent last a moment, as a network would.
    tokio::time::sleep(Duration::from_millis(10)).await;
    there.abort();
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut hangs: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(read) = from.read(&mut bytes).await else { return };
        // What came in while it hangs goes on later, or never.
        let _ = hangs.wait_for(|hangs| !hangs).await;
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
