//! Projects on the cluster, and the files of every version that a request is pinned to.

use crate::{ProjectName, ServerId, StoreError, Timestamp, VersionId};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is needed to bring a project to the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    /// Its name.
    pub name: ProjectName,
    /// URL of its git repository.
    pub repository: String,
    /// The git branch that the servers follow.
    pub branch: String,
    /// Its folder within the repository; empty for the whole repository.
    pub folder: String,
    /// The account it belongs to.
    pub account: String,
}

/// A version together with the git commit that it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectVersion {
    /// The version.
    pub version: VersionId,
    /// The git commit.
    pub commit: String,
}

/// A project on the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Its name.
    pub name: ProjectName,
    /// URL of its git repository.
    pub repository: String,
    /// The git branch that the servers follow.
    pub branch: String,
    /// Its folder within the repository; empty for the whole repository.
    pub folder: String,
    /// The account it belongs to.
    pub account: String,
    /// When it came to the cluster.
    pub created: Timestamp,
    /// The version that new requests are pinned to.
    pub active: Option<ProjectVersion>,
    /// The git commit that every server is to have; one that was down adopts it at its start.
    pub wanted_commit: Option<String>,
}

/// The version of a project that a server has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerVersion {
    /// The server.
    pub server: ServerId,
    /// The project.
    pub project: ProjectName,
    /// The version.
    pub version: VersionId,
    /// The git commit.
    pub commit: String,
    /// Since when.
    pub updated: Timestamp,
}

/// A version whose files the store keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionRecord {
    /// The version.
    pub version: VersionId,
    /// The git commit it first came from.
    pub commit: String,
    /// How many files it has.
    pub files: u64,
    /// When the store got it.
    pub created: Timestamp,
}

/// The projects of the cluster.
#[async_trait]
pub trait ProjectStore: Send + Sync {
    /// Brings a project to the cluster. Fails with `store/conflict` if there is one of that name.
    async fn create_project(&self, project: NewProject) -> Result<Project, StoreError>;

    /// Changes a project's repository, git branch, folder and account. Fails with `store/not-found`.
    async fn change_project(&self, project: NewProject) -> Result<Project, StoreError>;

    /// All projects, by name.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// One project. Fails with `store/not-found`.
    async fn project(&self, name: &ProjectName) -> Result<Project, StoreError>;

    /// Sets the git commit that every server is to have.
    async fn set_wanted(&self, name: &ProjectName, commit: &str) -> Result<(), StoreError>;

    /// Makes a version, whose files the store must have, the one that new requests are pinned to.
    async fn set_active(&self, name: &ProjectName, version: &ProjectVersion) -> Result<(), StoreError>;

    /// Keeps the files of a version (paths relative to the project's folder). Equal files are kept once, however many
    /// versions have them. A version is its content, so keeping one again changes nothing. The project need not be on
    /// the cluster: local runs keep versions, too.
    async fn put_version(
        &self,
        name: &ProjectName,
        version: &VersionId,
        commit: &str,
        files: Vec<(String, Bytes)>,
    ) -> Result<(), StoreError>;

    /// The files of a version. Fails with `store/not-found`.
    async fn version_files(
        &self,
        name: &ProjectName,
        version: &VersionId,
    ) -> Result<Arc<BTreeMap<String, Bytes>>, StoreError>;

    /// The versions whose files the store keeps, newest first.
    async fn versions(&self, name: &ProjectName) -> Result<Vec<VersionRecord>, StoreError>;

    /// Notes which version of a project a server has.
    async fn set_server_version(
        &self,
        server: &ServerId,
        name: &ProjectName,
        version: &ProjectVersion,
    ) -> Result<(), StoreError>;

    /// Which server has which version of a project, by server.
    async fn server_versions(&self, name: &ProjectName) -> Result<Vec<ServerVersion>, StoreError>;
}
