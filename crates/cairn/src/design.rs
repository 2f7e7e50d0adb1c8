//! The loopback host of the designer: the user interface and its commands for a browser on this machine.

mod access;
mod routes;

#[cfg(test)]
mod tests;

use crate::outcome::Failure;
use access::Access;
use async_trait::async_trait;
use designer::{Designer, DesignerOptions, Host, HostKind};
use serde::Serialize;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the host is to show, and where.
#[derive(Debug, Clone)]
pub struct DesignSettings {
    /// The project to open.
    pub project: Option<PathBuf>,
    /// The folder of the designer's settings.
    pub config: PathBuf,
    /// Where to listen; an address of this machine alone.
    pub listen: SocketAddr,
}

/// Where the designer is.
#[derive(Debug, Clone, Serialize)]
pub struct DesigningAt {
    /// The address for the browser, with the token that lets the first one in.
    pub address: String,
    /// Whether this program is an optimised build: figures of others say nothing.
    pub optimised: bool,
}

/// Serves the designer until `shutdown` fires. `ready` is called once a browser can come.
///
/// # Errors
/// `design/not-loopback`, `design/listen`, and what opening the project may say.
pub async fn serve(
    settings: DesignSettings,
    shutdown: CancellationToken,
    ready: impl FnOnce(&DesigningAt),
) -> Result<(), Failure> {
    if !settings.listen.ip().is_loopback() {
        let message = format!("{} can be reached from other machines: use 127.0.0.1", settings.listen);
        return Err(Failure::new("design/not-loopback", message));
    }
    let designer =
        Designer::new(DesignerOptions { config: settings.config, host: Arc::new(BrowserHost), use_keyring: true });
    if let Some(project) = settings.project {
        designer.call("project_open", json!({ "path": project })).await?;
    }
    let cannot_listen =
        |error: std::io::Error| Failure::new("design/listen", format!("cannot listen at {}: {error}", settings.listen));
    let listener = TcpListener::bind(settings.listen).await.map_err(cannot_listen)?;
    let access = Access::new(listener.local_addr().map_err(cannot_listen)?);
    ready(&DesigningAt { address: access.first_address(), optimised: cfg!(not(debug_assertions)) });
    let routes = routes::routes(designer, access, shutdown.clone());
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
        .map_err(|error| Failure::new("design/listen", error.to_string()))
}

/// A browser: the user interface shows menus and opens windows itself.
struct BrowserHost;

#[async_trait]
impl Host for BrowserHost {
    fn kind(&self) -> HostKind {
        HostKind::Browser
    }
}
