//! What the slower checks may look at: the project as it is on disk now.

use super::queries::{Queries, Question};
use crate::secrets::LocalSecrets;
use async_trait::async_trait;
use bytes::Bytes;
use flow_components::{ComponentError, Databases, Folder, HttpClients, Places, ResolvedPath, Services, StorageFiles};
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::{ExpressionCache, Spool};
use flow_model::Connection;
use flow_project::Project;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::SystemTime;
use tokio::sync::Notify;

/// How many bytes of project files are kept between checks.
const KEPT: usize = 64 << 20;

/// The surroundings of a flow while it is drawn. Nothing runs here, so nothing may act.
pub(crate) struct DesignServices {
    project: Project,
    places: Places,
    kept: Mutex<HashMap<PathBuf, KeptFile>>,
    expressions: ExpressionCache,
    http: HttpClients,
    spool: Spool,
    secrets: LocalSecrets,
    databases: Databases,
    queries: Arc<Queries>,
    /// Itself, for questions that go on while nobody waits.
    me: Weak<Self>,
}

/// A file's content, and by what to notice that it changed.
struct KeptFile {
    modified: Option<SystemTime>,
    length: u64,
    bytes: Bytes,
}

impl DesignServices {
    pub(crate) fn new(project: Project, storage: PathBuf, secrets: LocalSecrets) -> Arc<Self> {
        let places = Places {
            storage: StorageFiles::Folder(storage),
            project: Arc::new(BTreeMap::new()),
            local: project.root().to_owned(),
        };
        Arc::new_cyclic(|me| Self {
            project,
            places,
            kept: Mutex::default(),
            expressions: ExpressionCache::new(),
            http: HttpClients::new(),
            spool: Spool::in_memory(),
            secrets,
            databases: Databases::default(),
            queries: Arc::default(),
            me: Weak::clone(me),
        })
    }

    /// The secrets of the project's connections.
    pub(super) fn secrets(&self) -> &LocalSecrets {
        &self.secrets
    }

    /// The databases that are asked while flows are drawn.
    pub(crate) fn databases(&self) -> &Databases {
        &self.databases
    }

    /// Notified when a database has told the fields of a query.
    pub(crate) fn answered(&self) -> Arc<Notify> {
        self.queries.answered()
    }

    /// A file of the project. A check after every keystroke must not read a large file every time.
    fn project_file(&self, full: &Path) -> Option<Bytes> {
        let metadata = fs::metadata(full).ok().filter(fs::Metadata::is_file)?;
        let (modified, length) = (metadata.modified().ok(), metadata.len());
        if let Some(file) = self.kept.lock().get(full)
            && (file.modified, file.length) == (modified, length)
        {
            return Some(file.bytes.clone());
        }
        let bytes = Bytes::from(fs::read(full).ok()?);
        let mut kept = self.kept.lock();
        kept.insert(full.to_owned(), KeptFile { modified, length, bytes: bytes.clone() });
        if kept.values().map(|file| file.bytes.len()).sum::<usize>() > KEPT {
            kept.clear();
        }
        Some(bytes)
    }
}

#[async_trait]
impl Services for DesignServices {
    async fn connection(&self, name: &str) -> Result<Connection, ComponentError> {
        let known = self.project.good_connections();
        known.ok().and_then(|mut known| known.remove(name)).ok_or_else(|| {
            ComponentError::new("connection/not-found", format!("the project has no connection “{name}”: add it"))
        })
    }

    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        // A project file has the same rules everywhere; only here it comes from the disk, when it is asked for.
        if let Some(inside) = path.trim().strip_prefix("project:") {
            let inside = inside.trim_start_matches('/');
            let full = self.project.root().join(inside);
            let is_inside = fs::canonicalize(&full).is_ok_and(|full| full.starts_with(self.project.root()));
            if let Some(bytes) = Some(&full).filter(|_| is_inside).and_then(|full| self.project_file(full)) {
                return Ok(ResolvedPath::ProjectFile { path: inside.to_owned(), bytes });
            }
        }
        self.places.resolve(path)
    }

    fn folder(&self, path: &str) -> Result<Folder, ComponentError> {
        // Asked for patterns only, so the project is not read for every check.
        if path.trim().starts_with("project:")
            && let Ok(files) = self.project.files()
        {
            let project = files.into_iter().map(|(path, content)| (path, Bytes::from(content))).collect();
            return Places { project: Arc::new(project), ..self.places.clone() }.folder(path);
        }
        self.places.folder(path)
    }

    fn expressions(&self) -> &ExpressionCache {
        &self.expressions
    }

    fn http(&self) -> &HttpClients {
        &self.http
    }

    fn spool(&self) -> &Spool {
        &self.spool
    }

    fn query_fields(&self, name: &str, query: &str) -> Option<Result<SchemaRef, ComponentError>> {
        let (connection, services) = (self.project.connection(name).ok()?, self.me.upgrade()?);
        self.queries.fields(Question { connection, query: query.to_owned(), services })
    }

    fn may_act(&self) -> bool {
        false
    }
}
