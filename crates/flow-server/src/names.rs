//! The names of the servers, for whoever shows them: known from the last look, which is never old.

use crate::state::App;
use crate::wire::ServerNames;
use flow_store::{Request, Server, StoreError};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// For so long the names from the last look are good enough.
const FRESH: Duration = Duration::from_secs(1);

/// The names of the servers as they were at the last look.
#[derive(Default)]
pub struct Names {
    seen: RwLock<Option<(Instant, Arc<ServerNames>)>>,
}

impl Names {
    /// The names of the servers that these requests belong to, and of all others.
    pub async fn of(&self, app: &App, requests: &[Request]) -> Result<Arc<ServerNames>, StoreError> {
        if let Some((at, names)) = &*self.seen.read()
            && at.elapsed() < FRESH
            && requests.iter().filter_map(|request| request.owner.as_ref()).all(|owner| names.has(&owner.server))
        {
            return Ok(Arc::clone(names));
        }
        Ok(self.note(&app.store.servers().await?))
    }

    /// Keeps the names fresh for as long as the server lives, and its own work under the name that it has by now.
    pub async fn follow(&self, app: &App) {
        let mut changes = app.store.changes();
        loop {
            changes.borrow_and_update();
            match app.store.servers().await {
                Ok(servers) => {
                    self.note(&servers);
                    app.work.rename(&self.own(app));
                }
                Err(error) => tracing::debug!(code = error.code(), %error, "the servers' names cannot be read"),
            }
            tokio::time::sleep(FRESH).await;
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// What this server is called, as of the last look.
    pub fn own(&self, app: &App) -> String {
        let seen = self.seen.read();
        let name = seen.as_ref().and_then(|(_, names)| names.name_of(&app.id));
        name.unwrap_or(&app.started_as).to_owned()
    }

    /// Takes note of the servers as they are now.
    pub fn note(&self, servers: &[Server]) -> Arc<ServerNames> {
        let names = Arc::new(ServerNames::of(servers));
        *self.seen.write() = Some((Instant::now(), Arc::clone(&names)));
        names
    }
}
