//! Projects, and the files of their versions.

use crate::PostgresStore;
use crate::error::{DbResult, corrupt};
use crate::servers::{number_of, parse_id, version as server_version};
use crate::sql::{count, execute, read, row_if_any, rows};
use crate::transaction::Transaction;
use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use flow_store::{
    NewProject, Project, ProjectName, ProjectStore, ProjectVersion, ServerId, ServerVersion, StoreError, Timestamp,
    VersionId, VersionRecord,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_postgres::Row;

const PROJECTS: &str = "SELECT name, repository, branch, folder, account, created, active_version, active_commit,
                               wanted_commit FROM project";

pub(crate) fn no_project(name: &ProjectName) -> StoreError {
    StoreError::NotFound { what: "project", name: name.to_string() }
}

fn no_version(name: &ProjectName, version: &VersionId) -> StoreError {
    StoreError::NotFound { what: "project version", name: format!("{name} {version}") }
}

#[async_trait]
impl ProjectStore for PostgresStore {
    async fn create_project(&self, new: NewProject) -> Result<Project, StoreError> {
        let sql = "INSERT INTO project (name, repository, branch, folder, account, created)
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
        let now = self.database.now().0;
        let values: crate::sql::Values<'_> =
            &[&new.name.as_str(), &new.repository, &new.branch, &new.folder, &new.account, &now];
        match self.database.execute(sql, values).await? {
            0 => Err(StoreError::Conflict(format!("there is already a project “{}”", new.name))),
            _ => self.project(&new.name).await,
        }
    }

    async fn change_project(&self, new: NewProject) -> Result<Project, StoreError> {
        let sql = "UPDATE project SET repository = $2, branch = $3, folder = $4, account = $5 WHERE name = $1";
        let values: crate::sql::Values<'_> =
            &[&new.name.as_str(), &new.repository, &new.branch, &new.folder, &new.account];
        check_found(self.database.execute(sql, values).await?, &new.name)?;
        self.project(&new.name).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let db = self.database.reader().await?;
        Ok(read(&rows(&db, &format!("{PROJECTS} ORDER BY name"), &[]).await?, project)?)
    }

    async fn project(&self, name: &ProjectName) -> Result<Project, StoreError> {
        let db = self.database.reader().await?;
        let found = row_if_any(&db, &format!("{PROJECTS} WHERE name = $1"), &[&name.as_str()]).await?;
        Ok(project(&found.ok_or_else(|| no_project(name))?)?)
    }

    async fn set_wanted(&self, name: &ProjectName, commit: &str) -> Result<(), StoreError> {
        let sql = "UPDATE project SET wanted_commit = $1 WHERE name = $2";
        check_found(self.database.execute(sql, &[&commit, &name.as_str()]).await?, name)
    }

    async fn set_active(&self, name: &ProjectName, version: &ProjectVersion) -> Result<(), StoreError> {
        {
            let db = self.database.reader().await?;
            version_number(&db, name, &version.version).await?;
        }
        let sql = "UPDATE project SET active_version = $1, active_commit = $2 WHERE name = $3";
        let values: crate::sql::Values<'_> = &[&version.version.as_str(), &version.commit, &name.as_str()];
        check_found(self.database.execute(sql, values).await?, name)
    }

    async fn put_version(
        &self,
        name: &ProjectName,
        version: &VersionId,
        commit: &str,
        files: Vec<(String, Bytes)>,
    ) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let put = put_version(&transaction, name, version, commit, &files).await;
        transaction.end(put).await
    }

    async fn version_files(
        &self,
        name: &ProjectName,
        version: &VersionId,
    ) -> Result<Arc<BTreeMap<String, Bytes>>, StoreError> {
        let db = self.database.reader().await?;
        let number = version_number(&db, name, version).await?;
        let sql = "SELECT v.path, f.bytes FROM version_file v JOIN file f ON f.id = v.file WHERE v.version = $1";
        let file = |row: &Row| Ok((row.try_get(0)?, Bytes::from(row.try_get::<_, Vec<u8>>(1)?)));
        let files = read(&rows(&db, sql, &[&number]).await?, file)?;
        Ok(Arc::new(files.into_iter().collect()))
    }

    async fn versions(&self, name: &ProjectName) -> Result<Vec<VersionRecord>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT version, from_commit, created, (SELECT count(*) FROM version_file f WHERE f.version = v.id)
                   FROM version v WHERE project = $1 ORDER BY id DESC";
        Ok(read(&rows(&db, sql, &[&name.as_str()]).await?, version_record)?)
    }

    async fn set_server_version(
        &self,
        server: &ServerId,
        name: &ProjectName,
        version: &ProjectVersion,
    ) -> Result<(), StoreError> {
        let number = {
            let db = self.database.reader().await?;
            number_of(&db, server).await?
        };
        let sql = "INSERT INTO server_version (server, project, version, from_commit, updated)
                   VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (server, project) DO UPDATE SET version = $3, from_commit = $4, updated = $5";
        let now = self.database.now().0;
        let values: crate::sql::Values<'_> =
            &[&number, &name.as_str(), &version.version.as_str(), &version.commit, &now];
        self.database.execute(sql, values).await?;
        Ok(())
    }

    async fn server_versions(&self, name: &ProjectName) -> Result<Vec<ServerVersion>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT s.server, v.version, v.from_commit, v.updated
                   FROM server_version v JOIN server s ON s.id = v.server WHERE v.project = $1 ORDER BY s.server";
        let version = |row: &Row| server_version(row, parse_id(row.try_get(0)?)?, name.as_str(), 1);
        Ok(read(&rows(&db, sql, &[&name.as_str()]).await?, version)?)
    }
}

fn project(row: &Row) -> DbResult<Project> {
    let active = match (row.try_get::<_, Option<&str>>(6)?, row.try_get::<_, Option<String>>(7)?) {
        (Some(version), Some(commit)) => Some(ProjectVersion { version: parse_version(version)?, commit }),
        _ => None,
    };
    Ok(Project {
        name: ProjectName::parse(row.try_get(0)?).map_err(|error| corrupt("project", error))?,
        repository: row.try_get(1)?,
        branch: row.try_get(2)?,
        folder: row.try_get(3)?,
        account: row.try_get(4)?,
        created: Timestamp(row.try_get(5)?),
        active,
        wanted_commit: row.try_get(8)?,
    })
}

fn parse_version(text: &str) -> DbResult<VersionId> {
    VersionId::parse(text).map_err(|error| corrupt("version", error).into())
}

fn version_record(row: &Row) -> DbResult<VersionRecord> {
    Ok(VersionRecord {
        version: parse_version(row.try_get(0)?)?,
        commit: row.try_get(1)?,
        created: Timestamp(row.try_get(2)?),
        files: count(row, 3)?,
    })
}

fn check_found(changed: u64, name: &ProjectName) -> Result<(), StoreError> {
    if changed == 0 { Err(no_project(name)) } else { Ok(()) }
}

async fn version_number(db: &ClientWrapper, name: &ProjectName, version: &VersionId) -> DbResult<i64> {
    let sql = "SELECT id FROM version WHERE project = $1 AND version = $2";
    let found = row_if_any(db, sql, &[&name.as_str(), &version.as_str()]).await?;
    Ok(found.ok_or_else(|| no_version(name, version))?.try_get(0)?)
}

async fn put_version(
    transaction: &Transaction,
    name: &ProjectName,
    version: &VersionId,
    commit: &str,
    files: &[(String, Bytes)],
) -> DbResult<()> {
    let sql = "INSERT INTO version (project, version, from_commit, created) VALUES ($1, $2, $3, $4)
               ON CONFLICT (project, version) DO NOTHING RETURNING id";
    let values: crate::sql::Values<'_> = &[&name.as_str(), &version.as_str(), &commit, &transaction.now.0];
    let Some(new) = row_if_any(transaction, sql, values).await? else { return Ok(()) };
    let number: i64 = new.try_get(0)?;
    // In the order of their hashes, so that two servers that keep the same files do not wait for each other in a circle.
    let hashed: BTreeMap<[u8; 32], &Bytes> =
        files.iter().map(|(_, bytes)| (*blake3::hash(bytes).as_bytes(), bytes)).collect();
    for (hash, bytes) in hashed {
        let sql = "INSERT INTO file (hash, bytes) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
        execute(transaction, sql, &[&hash.as_slice(), &bytes.as_ref()]).await?;
    }
    for (path, bytes) in files {
        let sql = "INSERT INTO version_file (version, path, file) SELECT $1, $2, id FROM file WHERE hash = $3
                   ON CONFLICT (version, path) DO UPDATE SET file = excluded.file";
        let hash = blake3::hash(bytes);
        execute(transaction, sql, &[&number, path, &hash.as_bytes().as_slice()]).await?;
    }
    Ok(())
}
