//! Where a cluster keeps what its servers know in common.

use crate::outcome::Failure;
use flow_store::Store;
use flow_store_postgres::{PostgresAddress, PostgresStore};
use flow_store_sqlite::SqliteStore;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// An address of a checkpoint database. Shown without password.
#[derive(Clone, PartialEq, Eq)]
pub enum CheckpointConnection {
    /// An SQLite file on a local disk.
    Sqlite(PathBuf),
    /// A PostgreSQL database, as it was given: with what may be wrong with it, and a password perhaps. What is wrong is told
    /// when it is opened, since whoever tells of a wrong option shows it.
    Postgres(String),
}

impl FromStr for CheckpointConnection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            _ => Err("use sqlite:PATH, for example sqlite:/var/lib/cairn/cairn.db, or postgres://USER@HOST/DATABASE"
                .to_owned()),
        }
    }
}

impl fmt::Display for CheckpointConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(text) => match text.parse::<PostgresAddress>() {
                Ok(address) => address.fmt(f),
                Err(_) => f.write_str("postgres:(not understood)"),
            },
        }
    }
}

impl fmt::Debug for CheckpointConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An open checkpoint database.
pub struct CheckpointDatabase {
    /// What is in it.
    pub store: Arc<dyn Store>,
    /// Where the servers on it have their lock files; none where they see each other live by the database itself.
    pub lock_folder: Option<PathBuf>,
}

impl CheckpointConnection {
    /// The address as it was given, with its password if it has one: not to be shown.
    pub fn expose(&self) -> String {
        match self {
            Self::Sqlite(_) => self.to_string(),
            Self::Postgres(text) => text.clone(),
        }
    }

    /// The file of the embedded database, for what can be done with a file only.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// Opens the database, and makes it if there is none.
    pub async fn open(&self) -> Result<CheckpointDatabase, Failure> {
        match self {
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path)?;
                let lock_folder = store.lock_folder().to_owned();
                Ok(CheckpointDatabase { store, lock_folder: Some(lock_folder) })
            }
            Self::Postgres(_) => {
                Ok(CheckpointDatabase { store: PostgresStore::open(&self.postgres()?).await?, lock_folder: None })
            }
        }
    }

    /// The address of a PostgreSQL database, with the password.
    pub fn postgres(&self) -> Result<PostgresAddress, Failure> {
        let wrong = |why: String| Failure::new("cairn/checkpoint-connection", why);
        let mut address: PostgresAddress = self.expose().parse().map_err(wrong)?;
        address.find_password()?;
        Ok(address)
    }

    /// Opens the database that must be there already: a mistyped path shall not make a new one.
    pub async fn open_existing(&self) -> Result<CheckpointDatabase, Failure> {
        self.refuse_missing()?;
        self.open().await
    }

    /// Refuses a file that is not there.
    pub fn refuse_missing(&self) -> Result<(), Failure> {
        if let Self::Sqlite(path) = self
            && !path.is_file()
        {
            let message = format!(
                "there is no checkpoint database “{}”: check the path, or start a server on it first",
                path.display()
            );
            return Err(Failure::new("cairn/no-database", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for text in ["postgres://ann:hunter2@db/cairn", "postgres://ann:hunter2@db:port/cairn"] {
            let connection: CheckpointConnection = text.parse().unwrap();
            assert!(!format!("{connection} {connection:?}").contains("hunter2"), "{connection}");
            assert_eq!(connection.expose(), text);
        }
    }
}
