//! Projects and their versions in memory.

use super::{MemoryStore, VersionFiles};
use crate::{
    NewProject, Project, ProjectName, ProjectStore, ProjectVersion, ServerId, ServerVersion, StoreError, VersionId,
    VersionRecord,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn no_project(name: &ProjectName) -> StoreError {
    StoreError::NotFound { what: "project", name: name.to_string() }
}

fn no_version(name: &ProjectName, version: &VersionId) -> StoreError {
    StoreError::NotFound { what: "project version", name: format!("{name} {version}") }
}

#[async_trait]
impl ProjectStore for MemoryStore {
    async fn create_project(&self, new: NewProject) -> Result<Project, StoreError> {
        self.change(|state, now| {
            if state.projects.contains_key(&new.name) {
                return Err(StoreError::Conflict(format!("there is already a project “{}”", new.name)));
            }
            let project = Project {
                name: new.name,
                repository: new.repository,
                branch: new.branch,
                folder: new.folder,
                account: new.account,
                created: now,
                active: None,
                wanted_commit: None,
            };
            state.projects.insert(project.name.clone(), project.clone());
            Ok(project)
        })
    }

    async fn change_project(&self, new: NewProject) -> Result<Project, StoreError> {
        self.change(|state, _| {
            let project = state.projects.get_mut(&new.name).ok_or_else(|| no_project(&new.name))?;
            project.repository = new.repository;
            project.branch = new.branch;
            project.folder = new.folder;
            project.account = new.account;
            Ok(project.clone())
        })
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.read(|state| Ok(state.projects.values().cloned().collect()))
    }

    async fn project(&self, name: &ProjectName) -> Result<Project, StoreError> {
        self.read(|state| state.projects.get(name).cloned().ok_or_else(|| no_project(name)))
    }

    async fn set_wanted(&self, name: &ProjectName, commit: &str) -> Result<(), StoreError> {
        self.change(|state, _| {
            let project = state.projects.get_mut(name).ok_or_else(|| no_project(name))?;
            project.wanted_commit = Some(commit.to_owned());
            Ok(())
        })
    }

    async fn set_active(&self, name: &ProjectName, version: &ProjectVersion) -> Result<(), StoreError> {
        self.change(|state, _| {
            if !state.versions.contains_key(&(name.clone(), version.version.clone())) {
                return Err(no_version(name, &version.version));
            }
            let project = state.projects.get_mut(name).ok_or_else(|| no_project(name))?;
            project.active = Some(version.clone());
            Ok(())
        })
    }

    async fn put_version(
        &self,
        name: &ProjectName,
        version: &VersionId,
        commit: &str,
        files: Vec<(String, Bytes)>,
    ) -> Result<(), StoreError> {
        self.change(|state, now| {
            let order = state.versions.len() as u64;
            state.versions.entry((name.clone(), version.clone())).or_insert_with(|| {
                let files: BTreeMap<String, Bytes> = files.into_iter().collect();
                let record = VersionRecord {
                    version: version.clone(),
                    commit: commit.to_owned(),
                    files: files.len() as u64,
                    created: now,
                };
                VersionFiles { record, order, files: Arc::new(files) }
            });
            Ok(())
        })
    }

    async fn version_files(
        &self,
        name: &ProjectName,
        version: &VersionId,
    ) -> Result<Arc<BTreeMap<String, Bytes>>, StoreError> {
        self.read(|state| {
            let kept = state.versions.get(&(name.clone(), version.clone()));
            kept.map(|kept| kept.files.clone()).ok_or_else(|| no_version(name, version))
        })
    }

    async fn versions(&self, name: &ProjectName) -> Result<Vec<VersionRecord>, StoreError> {
        self.read(|state| {
            let mut kept: Vec<&VersionFiles> =
                state.versions.iter().filter(|((project, _), _)| project == name).map(|(_, kept)| kept).collect();
            kept.sort_by_key(|kept| std::cmp::Reverse(kept.order));
            Ok(kept.into_iter().map(|kept| kept.record.clone()).collect())
        })
    }

    async fn set_server_version(
        &self,
        server: &ServerId,
        name: &ProjectName,
        version: &ProjectVersion,
    ) -> Result<(), StoreError> {
        self.change(|state, now| {
            if !state.servers.contains_key(server) {
                return Err(StoreError::NotFound { what: "server", name: server.to_string() });
            }
            let present = ServerVersion {
                server: server.clone(),
                project: name.clone(),
                version: version.version.clone(),
                commit: version.commit.clone(),
                updated: now,
            };
            state.server_versions.insert((name.clone(), server.clone()), present);
            Ok(())
        })
    }

    async fn server_versions(&self, name: &ProjectName) -> Result<Vec<ServerVersion>, StoreError> {
        self.read(|state| Ok(state.server_versions.values().filter(|kept| kept.project == *name).cloned().collect()))
    }
}
