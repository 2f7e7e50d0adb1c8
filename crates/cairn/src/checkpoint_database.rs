//! Where a cluster keeps what its servers know in common.

use crate::outcome::Failure;
use flow_store::Store;
use flow_store_sqlite::SqliteStore;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// An address of a checkpoint database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointConnection {
    /// An SQLite file on a local disk.
    Sqlite(PathBuf),
}

impl FromStr for CheckpointConnection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => {
                Err("this release has no Postgres checkpoint database yet: use sqlite:PATH".to_owned())
            }
            _ => Err("use sqlite:PATH, for example sqlite:/var/lib/cairn/cairn.db".to_owned()),
        }
    }
}

impl fmt::Display for CheckpointConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Sqlite(path) = self;
        write!(f, "sqlite:{}", path.display())
    }
}

/// An open checkpoint database.
pub struct CheckpointDatabase {
    /// What is in it.
    pub store: Arc<dyn Store>,
    /// Where the servers on it have their lock files.
    pub lock_folder: PathBuf,
}

impl CheckpointConnection {
    /// Opens the database, and makes it if there is none.
    pub fn open(&self) -> Result<CheckpointDatabase, Failure> {
        let Self::Sqlite(path) = self;
        let store = SqliteStore::open(path)?;
        let lock_folder = store.lock_folder().to_owned();
        Ok(CheckpointDatabase { store, lock_folder })
    }

    /// Opens the database that must be there already: a mistyped path shall not make a new one.
    pub fn open_existing(&self) -> Result<CheckpointDatabase, Failure> {
        let Self::Sqlite(path) = self;
        if !path.is_file() {
            let message = format!(
                "there is no checkpoint database “{}”: check the path, or start a server on it first",
                path.display()
            );
            return Err(Failure::new("cairn/no-database", message));
        }
        self.open()
    }
}
