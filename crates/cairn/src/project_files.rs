//! A project as it is on disk, as far as checks need it. Nothing runs here, so nothing may act.

use crate::outcome::Failure;
use async_trait::async_trait;
use bytes::Bytes;
use flow_components::{ComponentError, Folder, HttpClients, Places, ResolvedPath, Services, StorageFiles};
use flow_data::{ExpressionCache, Spool};
use flow_model::Connection;
use flow_project::Project;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The surroundings of the flows of a project that is only looked at.
pub struct ProjectFiles {
    connections: BTreeMap<String, Connection>,
    places: Places,
    expressions: ExpressionCache,
    http: HttpClients,
    spool: Spool,
}

impl ProjectFiles {
    /// Reads the project. `storage` is the folder that `storage:` paths lead to.
    pub fn read(project: &Project, storage: PathBuf) -> Result<Self, Failure> {
        let files = project.files()?.into_iter().map(|(path, content)| (path, Bytes::from(content))).collect();
        Ok(Self {
            connections: project.good_connections()?,
            places: Places {
                storage: StorageFiles::Folder(storage),
                project: Arc::new(files),
                local: project.root().to_owned(),
            },
            expressions: ExpressionCache::new(),
            http: HttpClients::new(),
            spool: Spool::in_memory(),
        })
    }

    /// The connections that can be read, by name.
    pub fn connections(&self) -> &BTreeMap<String, Connection> {
        &self.connections
    }

    /// Every file of the project, by path.
    pub fn files(&self) -> &Arc<BTreeMap<String, Bytes>> {
        &self.places.project
    }
}

#[async_trait]
impl Services for ProjectFiles {
    async fn connection(&self, name: &str) -> Result<Connection, ComponentError> {
        self.connections.get(name).cloned().ok_or_else(|| {
            ComponentError::new("connection/not-found", format!("the project has no connection “{name}”: add it"))
        })
    }

    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        self.places.resolve(path)
    }

    fn folder(&self, path: &str) -> Result<Folder, ComponentError> {
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

    fn may_act(&self) -> bool {
        false
    }
}
