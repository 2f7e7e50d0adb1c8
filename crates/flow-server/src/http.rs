//! The connections of this server: taking them, TLS, what a caller may do to them, and letting them end.

mod stalled;

use crate::config::Patience;
use crate::tls::Certificate;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use stalled::NeverStalls;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How many connections may be open at once; more wait until one is closed.
const CONNECTIONS: usize = 4096;
/// How long the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, for want of file descriptors, say.
const BREATH: Duration = Duration::from_millis(100);

/// What serves connections.
pub struct Http {
    /// Takes them.
    pub listener: TcpListener,
    /// Answers calls.
    pub router: Router,
    /// What TLS is served with, if it is.
    pub certificate: Option<Arc<Certificate>>,
    /// How long callers may take.
    pub patience: Patience,
}

impl Http {
    /// Serves until `closing` is cancelled, and then until every connection has had its answer.
    pub async fn serve(self, closing: CancellationToken) {
        let Self { listener, router, certificate, patience } = self;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.head);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience.head).max_concurrent_streams(128);
        let connections = TaskTracker::new();
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
            let taken = tokio::select! {
                taken = listener.accept() => taken,
                () = closing.cancelled() => break,
            };
            let (stream, peer) = match taken {
                Ok(taken) => taken,
                Err(error) if is_theirs(&error) => continue,
                Err(error) => {
                    tracing::warn!(%error, "no connection can be taken; trying again");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            };
            let serving = Connection {
                peer,
                router: router.clone(),
                builder: builder.clone(),
                patience,
                closing: closing.clone(),
            };
            let acceptor = certificate.as_ref().map(|certificate| certificate.acceptor());
            connections.spawn(async move {
                let _permit = permit;
                // An answer is written in one go; waiting for more of it would only delay it.
                let _ = stream.set_nodelay(true);
                match acceptor {
                    None => serving.serve(stream).await,
                    Some(acceptor) => serving.serve_tls(acceptor, stream).await,
                }
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }
}

/// One connection.
struct Connection {
    peer: SocketAddr,
    router: Router,
    builder: Builder<TokioExecutor>,
    patience: Patience,
    closing: CancellationToken,
}

impl Connection {
    async fn serve_tls(self, acceptor: tokio_rustls::TlsAcceptor, stream: TcpStream) {
        match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.peer, "a TLS handshake took too long"),
        }
    }

    async fn serve<Stream>(self, stream: Stream)
    where
        Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, peer) = (self.router, self.peer);
        let service = hyper::service::service_fn(move |mut call: hyper::Request<Incoming>| {
            call.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(call)
        });
        let io = TokioIo::new(NeverStalls::new(stream, self.patience.answer));
        let connection = self.builder.serve_connection_with_upgrades(io, service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke");
        }
    }
}

/// Whether a failure to take a connection is only about that one.
fn is_theirs(error: &std::io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
