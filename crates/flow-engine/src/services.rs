//! What components reach out to while they run for a request.

use crate::OwnerGuard;
use flow_components::{ComponentError, Places, ResolvedPath, Services};
use flow_data::ExpressionCache;
use flow_model::Connection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What all attempts of an engine share.
pub(crate) struct Shared {
    expressions: ExpressionCache,
    /// Made when it is first needed: reading the system's certificates takes its time.
    http: OnceLock<reqwest::Client>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { expressions: ExpressionCache::new(), http: OnceLock::new() }
    }
}

fn http_client() -> reqwest::Client {
    reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).build().unwrap_or_default()
}

/// The services of one attempt.
pub(crate) struct AttemptServices {
    shared: Arc<Shared>,
    guard: Arc<dyn OwnerGuard>,
    /// Set once the attempt turns out to be fenced off.
    fenced: AtomicBool,
    places: Places,
}

impl AttemptServices {
    pub(crate) fn new(shared: Arc<Shared>, guard: Arc<dyn OwnerGuard>, places: Places) -> Self {
        Self { shared, guard, fenced: AtomicBool::new(false), places }
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

impl Services for AttemptServices {
    fn connection(&self, name: &str) -> Result<Connection, ComponentError> {
        let path = format!("connections/{name}.json");
        let file = self.places.project.get(&path).ok_or_else(|| self.no_connection(name))?;
        let text = std::str::from_utf8(file)
            .map_err(|_| ComponentError::new("connection/syntax", format!("{path} is not UTF-8 text")).for_good())?;
        Connection::from_json(name, text)
            .map_err(|error| ComponentError::new(error.code(), error.to_string()).for_good())
    }

    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        self.places.resolve(path)
    }

    fn expressions(&self) -> &ExpressionCache {
        &self.shared.expressions
    }

    fn http(&self) -> &reqwest::Client {
        self.shared.http.get_or_init(http_client)
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
