//! Where the files of project versions come from.

use crate::EngineError;
use async_trait::async_trait;
use bytes::Bytes;
use flow_store::{ProjectName, ProjectStore, VersionId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The files of one project version, by path from the project's folder, with `/`: `flows/orders.flow.json`.
pub type ProjectFiles = BTreeMap<String, Bytes>;

/// Where the files of project versions come from: the store on a server, a folder for local runs.
#[async_trait]
pub trait ProjectSource: Send + Sync {
    /// The files of `project` at `version`. A version never changes.
    async fn files(&self, project: &ProjectName, version: &VersionId) -> Result<Arc<ProjectFiles>, EngineError>;
}

/// The project versions that a store keeps, so that a survivor which has not updated still has the right one.
pub struct StoredProjects<S: ?Sized>(pub Arc<S>);

#[async_trait]
impl<S: ProjectStore + ?Sized> ProjectSource for StoredProjects<S> {
    async fn files(&self, project: &ProjectName, version: &VersionId) -> Result<Arc<ProjectFiles>, EngineError> {
        Ok(self.0.version_files(project, version).await?)
    }
}

/// The files of one project, whatever version is asked for: those that the author has open.
pub struct OpenFiles(pub Arc<ProjectFiles>);

#[async_trait]
impl ProjectSource for OpenFiles {
    async fn files(&self, _project: &ProjectName, _version: &VersionId) -> Result<Arc<ProjectFiles>, EngineError> {
        Ok(Arc::clone(&self.0))
    }
}
