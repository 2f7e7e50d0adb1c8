//! A line from one server to the database that can be cut, so that what is sent is neither refused nor answered, as where a
//! network is parted.

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::Failure;
use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const POSTGRES_PORT: u16 = 5432;

/// The line; a process that reaches the database by `connection` has all that it sends and gets carried over it.
pub struct Line {
    pub connection: CheckpointConnection,
    cut: watch::Sender<bool>,
}

impl Line {
    /// A line to the database of `connection`; none where that is not asked over TCP on this machine.
    pub async fn to(connection: &CheckpointConnection) -> Result<Option<Self>, Failure> {
        let failed = |error: std::io::Error| Failure::new("bench/line", error.to_string());
        let Some((mut address, host)) = tcp_of_this_machine(connection) else { return Ok(None) };
        let port = address.port().unwrap_or(POSTGRES_PORT);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let near = listener.local_addr().map_err(failed)?;
        if address.set_ip_host(near.ip()).and_then(|()| address.set_port(Some(near.port()))).is_err() {
            return Ok(None);
        }
        let cut = watch::Sender::new(false);
        tokio::spawn(accept(listener, (host, port), cut.subscribe()));
        Ok(Some(Self { connection: CheckpointConnection::Postgres(address.into()), cut }))
    }

    /// From now on nothing arrives any more.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }
}

/// The address of the database, and which of this machine it is.
fn tcp_of_this_machine(connection: &CheckpointConnection) -> Option<(Url, IpAddr)> {
    let CheckpointConnection::Postgres(text) = connection else { return None };
    let address = Url::parse(text).ok()?;
    let host = match address.host_str()? {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        name => name.parse().ok()?,
    };
    host.is_loopback().then_some((address, host))
}

/// Accepts until the line is dropped.
async fn accept(listener: TcpListener, to: (IpAddr, u16), cut: watch::Receiver<bool>) {
    let mut line = cut.clone();
    loop {
        let near = tokio::select! {
            Ok((near, _)) = listener.accept() => near,
            () = dropped(&mut line) => return,
        };
        let cut = cut.clone();
        tokio::spawn(async move {
            // Whoever cannot be connected notices that his end is closed.
            let Ok(far) = TcpStream::connect(to).await else { return };
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            tokio::join!(carry(near_read, far_write, cut.clone()), carry(far_read, near_write, cut));
        });
    }
}

async fn dropped(line: &mut watch::Receiver<bool>) {
    while line.changed().await.is_ok() {}
}

/// Carries until one end closes. From the cut on nothing arrives, and nothing is closed until the line is dropped.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut cut: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut bytes).await.unwrap_or(0);
        if *cut.borrow_and_update() {
            return dropped(&mut cut).await;
        }
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}
