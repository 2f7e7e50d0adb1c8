//! A folder to measure in, on the disk that matters, and databases of PostgreSQL if that is measured; removed at the end.

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::Failure;
use flow_store_postgres::yardstick::{drop_schema, make_schema};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// A folder that is removed when this is dropped.
pub struct Scratch {
    folder: TempDir,
    /// The database of PostgreSQL that is measured.
    database: Option<CheckpointConnection>,
    /// The schemas that were made there.
    schemas: Mutex<Vec<String>>,
}

impl Scratch {
    /// A new folder below `folder`, or below the current one.
    pub fn new(folder: Option<PathBuf>, database: Option<CheckpointConnection>) -> Result<Self, Failure> {
        let parent = folder.unwrap_or_else(|| PathBuf::from("."));
        let parent = std::path::absolute(&parent).unwrap_or(parent);
        let made = tempfile::Builder::new().prefix("cairn-bench-").tempdir_in(&parent);
        let folder = made.map_err(|error| Failure::file("make a folder in", &parent, &error))?;
        Ok(Self { folder, database, schemas: Mutex::default() })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder in it.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path).map_err(|error| Failure::file("make the folder", &path, &error))?;
        Ok(path)
    }

    /// A new folder for a cluster, with an empty database.
    pub async fn cluster(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder(name)?;
        let connection = self.connection(&folder).await?;
        if connection.file().is_none() {
            let path = folder.join("connection");
            let mut options = std::fs::OpenOptions::new();
            let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
            let written =
                file.and_then(|mut file| std::io::Write::write_all(&mut file, connection.expose().as_bytes()));
            written.map_err(|error| Failure::file("write", &path, &error))?;
        }
        Ok(folder)
    }

    /// An empty checkpoint database: a file in `folder`, or a schema of the database that is measured.
    pub async fn connection(&self, folder: &Path) -> Result<CheckpointConnection, Failure> {
        let Some(database) = &self.database else { return Ok(CheckpointConnection::Sqlite(folder.join("cairn.db"))) };
        let name = format!("cairn_bench_{:08x}", rand::random::<u32>());
        let address = make_schema(&database.expose(), &name).await?;
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        Ok(CheckpointConnection::Postgres(address))
    }

    /// Removes what was made in the database.
    pub async fn clean(&self) -> Result<(), Failure> {
        let Some(database) = &self.database else { return Ok(()) };
        let schemas = std::mem::take(&mut *self.schemas.lock().unwrap_or_else(PoisonError::into_inner));
        for name in schemas {
            drop_schema(&database.expose(), &name).await?;
        }
        Ok(())
    }
}
