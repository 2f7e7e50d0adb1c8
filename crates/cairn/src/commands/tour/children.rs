//! The designers that a tour opens: the window in a process of its own, the one for the browser in this one.

use super::workplace::Workplace;
use crate::design::{DesignSettings, serve};
use crate::outcome::Failure;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The designer's program, if there is one and a display to open its window on.
pub fn window_program() -> Option<PathBuf> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return None;
    }
    let beside_this = std::env::current_exe().ok()?.with_file_name("cairn-designer");
    beside_this.is_file().then_some(beside_this)
}

/// Opens the designer's window on the tour's project, with settings of the tour's own. It is closed when the child is
/// dropped.
pub fn start_window(program: &Path, place: &Workplace) -> Result<Child, Failure> {
    Command::new(program)
        .arg(place.project())
        .env("CAIRN_CONFIG", place.designer_config())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::file("start", program, &error))
}

/// The designer for a browser. It ends when this is dropped.
pub struct BrowserDesigner {
    /// Where the browser finds it; good for one browser.
    pub address: String,
    _until_dropped: DropGuard,
}

impl BrowserDesigner {
    /// Starts it on the tour's project.
    pub async fn start(place: &Workplace) -> Result<Self, Failure> {
        let settings = DesignSettings {
            project: Some(place.project()),
            config: place.designer_config(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        let shutdown = CancellationToken::new();
        let (ready, is_ready) = oneshot::channel();
        let serving = tokio::spawn(serve(settings, shutdown.clone(), move |at| {
            // Nobody waits any more only when the tour has ended meanwhile.
            let _ = ready.send(at.address.clone());
        }));
        match is_ready.await {
            Ok(address) => Ok(Self { address, _until_dropped: shutdown.drop_guard() }),
            // It ended without having been ready, and says why.
            Err(_) => {
                let ended = serving.await.map_err(|error| Failure::new("tour/designer", error.to_string()))?;
                Err(ended.err().unwrap_or_else(|| Failure::new("tour/designer", "the designer ended at once")))
            }
        }
    }
}
