//! The service that the sample flows give notice to. It takes its time, so that requests are under way for a while.

use super::sample::Samples;
use crate::outcome::Failure;
use axum::Router;
use axum::routing::post;
use flow_model::Connection;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long the service takes to answer.
const TAKES: Duration = Duration::from_millis(300);
/// The connection of the sample project that leads to the service.
const CONNECTION: &str = "notices";

/// The service; it ends with the process.
pub struct Notices {
    received: Arc<AtomicUsize>,
}

impl Notices {
    /// Makes the sample project at `project` and starts the service where the project's connection says. If another
    /// program listens there, it takes a free port and changes the project's connection.
    pub async fn start(project: &Path, samples: Samples) -> Result<Self, Failure> {
        samples.copy_to(project)?;
        let file = project.join(format!("connections/{CONNECTION}.json"));
        let text = std::fs::read_to_string(&file).map_err(|error| Failure::file("read", &file, &error))?;
        let connection =
            Connection::from_json(CONNECTION, &text).map_err(|error| Failure::new(error.code(), error.to_string()))?;
        let listener = match address_of(&connection) {
            Some(address) => TcpListener::bind(address).await,
            None => Err(std::io::ErrorKind::AddrNotAvailable.into()),
        };
        let listener = match listener {
            Ok(listener) => listener,
            Err(_) => elsewhere(connection, &file).await?,
        };
        let received = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(listener, Arc::clone(&received)));
        Ok(Self { received })
    }

    /// How many notices have come.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }
}

fn address_of(connection: &Connection) -> Option<SocketAddr> {
    connection.text("url")?.strip_prefix("http://")?.trim_end_matches('/').parse().ok()
}

async fn elsewhere(mut connection: Connection, file: &Path) -> Result<TcpListener, Failure> {
    let failed =
        |error: std::io::Error| Failure::new("tour/notices", format!("the notice service cannot listen: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    connection.settings.insert("url".to_owned(), format!("http://{address}").into());
    std::fs::write(file, connection.to_json()).map_err(|error| Failure::file("write", file, &error))?;
    Ok(listener)
}

async fn serve(listener: TcpListener, received: Arc<AtomicUsize>) {
    let take = move || {
        let received = Arc::clone(&received);
        async move {
            tokio::time::sleep(TAKES).await;
            received.fetch_add(1, Ordering::SeqCst);
            "noted"
        }
    };
    let router = Router::new().fallback(post(take));
    // It only ends with the process.
    let _ = axum::serve(listener, router).await;
}
