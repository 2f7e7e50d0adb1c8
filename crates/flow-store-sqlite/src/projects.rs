//! Projects, and the files of their versions.

use crate::SqliteStore;
use crate::error::{DbResult, corrupt};
use crate::requests::collect;
use crate::servers::{VERSIONS, server_version};
use crate::writer::Db;
use async_trait::async_trait;
use bytes::Bytes;
use flow_store::{
    NewProject, Project, ProjectName, ProjectStore, ProjectVersion, ServerId, ServerVersion, StoreError, Timestamp,
    VersionId, VersionRecord,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::sync::Arc;

const PROJECTS: &str = "SELECT name, repository, branch, folder, account, created, active_version, active_commit,
                               wanted_commit FROM project";

pub(crate) fn no_project(name: &ProjectName) -> StoreError {
    StoreError::NotFound { what: "project", name: name.to_string() }
}

fn no_version(name: &ProjectName, version: &VersionId) -> StoreError {
    StoreError::NotFound { what: "project version", name: format!("{name} {version}") }
}

#[async_trait]
impl ProjectStore for SqliteStore {
    async fn create_project(&self, project: NewProject) -> Result<Project, StoreError> {
        self.writer.run(move |db| create_project(db, &project)).await
    }

    async fn change_project(&self, new: NewProject) -> Result<Project, StoreError> {
        self.writer
            .run(move |db| {
                let mut update = db.connection.prepare_cached(
                    "UPDATE project SET repository = ?2, branch = ?3, folder = ?4, account = ?5 WHERE name = ?1",
                )?;
                let values = [new.name.as_str(), &new.repository, &new.branch, &new.folder, &new.account];
                check_found(update.execute(values)?, &new.name)?;
                load(db.connection, &new.name)
            })
            .await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.readers
            .run(|db| collect(db.prepare_cached(&format!("{PROJECTS} ORDER BY name"))?.query([])?, project))
            .await
    }

    async fn project(&self, name: &ProjectName) -> Result<Project, StoreError> {
        let name = name.clone();
        self.readers.run(move |db| load(db, &name)).await
    }

    async fn set_wanted(&self, name: &ProjectName, commit: &str) -> Result<(), StoreError> {
        let (name, commit) = (name.clone(), commit.to_owned());
        self.writer
            .run(move |db| {
                let mut update = db.connection.prepare_cached("UPDATE project SET wanted_commit = ? WHERE name = ?")?;
                check_found(update.execute([commit.as_str(), name.as_str()])?, &name)
            })
            .await
    }

    async fn set_active(&self, name: &ProjectName, version: &ProjectVersion) -> Result<(), StoreError> {
        let (name, version) = (name.clone(), version.clone());
        self.writer
            .run(move |db| {
                version_number(db.connection, &name, &version.version)?;
                let mut update = db
                    .connection
                    .prepare_cached("UPDATE project SET active_version = ?, active_commit = ? WHERE name = ?")?;
                let values = [version.version.as_str(), version.commit.as_str(), name.as_str()];
                check_found(update.execute(values)?, &name)
            })
            .await
    }

    async fn put_version(
        &self,
        name: &ProjectName,
        version: &VersionId,
        commit: &str,
        files: Vec<(String, Bytes)>,
    ) -> Result<(), StoreError> {
        let (name, version, commit) = (name.clone(), version.clone(), commit.to_owned());
        let hashed: Vec<_> =
            files.into_iter().map(|(path, bytes)| (path, *blake3::hash(&bytes).as_bytes(), bytes)).collect();
        self.writer.run(move |db| put_version(db, &name, &version, &commit, &hashed)).await
    }

    async fn version_files(
        &self,
        name: &ProjectName,
        version: &VersionId,
    ) -> Result<Arc<BTreeMap<String, Bytes>>, StoreError> {
        let (name, version) = (name.clone(), version.clone());
        self.readers
            .run(move |db| {
                let number = version_number(db, &name, &version)?;
                let mut statement = db.prepare_cached(
                    "SELECT v.path, f.bytes FROM version_file v JOIN file f ON f.id = v.file WHERE v.version = ?",
                )?;
                let file = |row: &Row<'_>| Ok((row.get(0)?, Bytes::from(row.get::<_, Vec<u8>>(1)?)));
                let files = collect(statement.query([number])?, file)?;
                Ok(Arc::new(files.into_iter().collect()))
            })
            .await
    }

    async fn versions(&self, name: &ProjectName) -> Result<Vec<VersionRecord>, StoreError> {
        let name = name.clone();
        self.readers
            .run(move |db| {
                let mut statement = db.prepare_cached(
                    "SELECT version, from_commit, created, (SELECT count(*) FROM version_file f WHERE f.version = v.id)
                     FROM version v WHERE project = ? ORDER BY id DESC",
                )?;
                collect(statement.query([name.as_str()])?, version_record)
            })
            .await
    }

    async fn set_server_version(
        &self,
        server: &ServerId,
        name: &ProjectName,
        version: &ProjectVersion,
    ) -> Result<(), StoreError> {
        let (server, name, version) = (server.clone(), name.clone(), version.clone());
        self.writer
            .run(move |db| {
                let server = db.server_number(&server)?;
                let mut insert = db.connection.prepare_cached(
                    "INSERT OR REPLACE INTO server_version (server, project, version, from_commit, updated)
                     VALUES (?, ?, ?, ?, ?)",
                )?;
                let (version, commit) = (version.version.as_str(), version.commit.as_str());
                insert.execute(params![server, name.as_str(), version, commit, db.now.0])?;
                Ok(())
            })
            .await
    }

    async fn server_versions(&self, name: &ProjectName) -> Result<Vec<ServerVersion>, StoreError> {
        let name = name.clone();
        self.readers
            .run(move |db| {
                let mut statement = db.prepare_cached(&format!("{VERSIONS} WHERE v.project = ? ORDER BY s.server"))?;
                collect(statement.query([name.as_str()])?, server_version)
            })
            .await
    }
}

fn create_project(db: &Db<'_>, new: &NewProject) -> DbResult<Project> {
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO project (name, repository, branch, folder, account, created) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO NOTHING",
    )?;
    let values = params![new.name.as_str(), new.repository, new.branch, new.folder, new.account, db.now.0];
    if insert.execute(values)? == 0 {
        return Err(StoreError::Conflict(format!("there is already a project “{}”", new.name)).into());
    }
    load(db.connection, &new.name)
}

fn load(connection: &Connection, name: &ProjectName) -> DbResult<Project> {
    let mut statement = connection.prepare_cached(&format!("{PROJECTS} WHERE name = ?"))?;
    let found = statement.query_row([name.as_str()], |row| Ok(project(row))).optional()?;
    found.unwrap_or_else(|| Err(no_project(name).into()))
}

fn project(row: &Row<'_>) -> DbResult<Project> {
    let active = match (row.get::<_, Option<String>>(6)?, row.get::<_, Option<String>>(7)?) {
        (Some(version), Some(commit)) => Some(ProjectVersion { version: parse_version(&version)?, commit }),
        _ => None,
    };
    Ok(Project {
        name: ProjectName::parse(&row.get::<_, String>(0)?).map_err(|error| corrupt("project", error))?,
        repository: row.get(1)?,
        branch: row.get(2)?,
        folder: row.get(3)?,
        account: row.get(4)?,
        created: Timestamp(row.get(5)?),
        active,
        wanted_commit: row.get(8)?,
    })
}

fn parse_version(text: &str) -> DbResult<VersionId> {
    VersionId::parse(text).map_err(|error| corrupt("version", error).into())
}

fn version_record(row: &Row<'_>) -> DbResult<VersionRecord> {
    Ok(VersionRecord {
        version: parse_version(&row.get::<_, String>(0)?)?,
        commit: row.get(1)?,
        created: Timestamp(row.get(2)?),
        files: row.get(3)?,
    })
}

fn check_found(changed: usize, name: &ProjectName) -> DbResult<()> {
    if changed == 0 { Err(no_project(name).into()) } else { Ok(()) }
}

fn version_number(connection: &Connection, name: &ProjectName, version: &VersionId) -> DbResult<i64> {
    let mut statement = connection.prepare_cached("SELECT id FROM version WHERE project = ? AND version = ?")?;
    let found = statement.query_row([name.as_str(), version.as_str()], |row| row.get(0)).optional()?;
    Ok(found.ok_or_else(|| no_version(name, version))?)
}

fn put_version(
    db: &Db<'_>,
    name: &ProjectName,
    version: &VersionId,
    commit: &str,
    files: &[(String, [u8; 32], Bytes)],
) -> DbResult<()> {
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO version (project, version, from_commit, created) VALUES (?, ?, ?, ?)
         ON CONFLICT (project, version) DO NOTHING",
    )?;
    if insert.execute(params![name.as_str(), version.as_str(), commit, db.now.0])? == 0 {
        return Ok(());
    }
    let number = db.connection.last_insert_rowid();
    let mut file = db.connection.prepare_cached("INSERT OR IGNORE INTO file (hash, bytes) VALUES (?, ?)")?;
    let mut entry = db.connection.prepare_cached(
        "INSERT OR REPLACE INTO version_file (version, path, file)
         VALUES (?, ?, (SELECT id FROM file WHERE hash = ?))",
    )?;
    for (path, hash, bytes) in files {
        file.execute(params![hash.as_slice(), bytes.as_ref()])?;
        entry.execute(params![number, path, hash.as_slice()])?;
    }
    Ok(())
}
