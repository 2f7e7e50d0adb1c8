//! What components reach out to while they run for a request.

use crate::OwnerGuard;
use async_trait::async_trait;
use flow_components::{ComponentError, Folder, HttpClients, Places, ResolvedPath, SecretSource, Services};
use flow_data::{ExpressionCache, Spool, SpoolLimits};
use flow_model::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What all attempts of an engine share.
pub(crate) struct Shared {
    expressions: ExpressionCache,
    http: HttpClients,
    spool: Spool,
}

impl Shared {
    pub(crate) fn new(spool_folder: PathBuf) -> Self {
        Self {
            expressions: ExpressionCache::new(),
            http: HttpClients::new(),
            spool: Spool::new(spool_folder, SpoolLimits::default()),
        }
    }
}

/// The services of one attempt.
pub(crate) struct AttemptServices {
    shared: Arc<Shared>,
    guard: Arc<dyn OwnerGuard>,
    /// Set once the attempt turns out to be fenced off.
    fenced: AtomicBool,
    places: Places,
    /// The project that the request runs, for the secrets of its connections.
    project: String,
    secrets: Arc<dyn SecretSource>,
}

impl AttemptServices {
    pub(crate) fn new(
        shared: Arc<Shared>,
        guard: Arc<dyn OwnerGuard>,
        places: Places,
        project: &str,
        secrets: Arc<dyn SecretSource>,
    ) -> Self {
        Self { shared, guard, fenced: AtomicBool::new(false), places, project: project.to_owned(), secrets }
    }

    /// The guard alone, whatever became of the attempt.
    pub(crate) fn guard(&self) -> &dyn OwnerGuard {
        self.guard.as_ref()
    }

    /// From now on nothing may act on the world for this attempt, not even what still runs.
    pub(crate) fn fence_off(&self) {
        self.fenced.store(true, Ordering::Release);
    }
}

#[async_trait]
impl Services for AttemptServices {
    async fn connection(&self, name: &str) -> Result<Connection, ComponentError> {
        let path = format!("connections/{name}.json");
        let file = self.places.project.get(&path).ok_or_else(|| self.no_connection(name))?;
        let text = std::str::from_utf8(file)
            .map_err(|_| ComponentError::new("connection/syntax", format!("{path} is not UTF-8 text")).for_good())?;
        let mut connection = Connection::from_json(name, text)
            .map_err(|error| ComponentError::new(error.code(), error.to_string()).for_good())?;
        if connection.secret_fields().next().is_some() {
            connection.secrets = self.secrets.secrets(&self.project, &connection).await?;
        }
        Ok(connection)
    }

    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        self.places.resolve(path)
    }

    fn folder(&self, path: &str) -> Result<Folder, ComponentError> {
        self.places.folder(path)
    }

    fn expressions(&self) -> &ExpressionCache {
        &self.shared.expressions
    }

    fn http(&self) -> &HttpClients {
        &self.shared.http
    }

    fn spool(&self) -> &Spool {
        &self.shared.spool
    }

    fn may_act(&self) -> bool {
        !self.fenced.load(Ordering::Acquire) && self.guard.may_act()
    }
}

impl AttemptServices {
    fn no_connection(&self, name: &str) -> ComponentError {
        let known = self.places.project.keys();
        let known = known.filter_map(|path| path.strip_prefix("connections/")?.strip_suffix(".json"));
        let near = flow_data::nearby_names(name, known);
        let hint = match near.as_slice() {
            [] => "add it to the project".to_owned(),
            near => format!("did you mean {}?", near.join(", ")),
        };
        ComponentError::new("connection/not-found", format!("the project has no connection “{name}”; {hint}"))
            .for_good()
    }
}
