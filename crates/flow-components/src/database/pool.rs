//! Connections kept open between uses.

use super::mysql::MySql;
use super::postgres::Postgres;
use super::session::Session;
use super::sqlite::Sqlite;
use super::{Dialect, mysql, postgres, sqlite};
use crate::{ComponentError, ResolvedPath, Services};
use flow_model::Connection;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// How many databases connections are kept open to. Beyond it all are closed that nobody uses, to begin anew.
const KEPT: usize = 64;

/// The databases of a process. Cheap to clone; clones share their connections.
#[derive(Clone, Default)]
pub struct Databases {
    open: Arc<Mutex<HashMap<String, Database>>>,
}

#[derive(Clone)]
enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
    MySql(MySql),
}

/// Whether a database that does not exist may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Refuse,
    Make,
}

impl Databases {
    /// A session with the database that a connection leads to.
    pub(crate) async fn open(
        &self,
        connection: &Connection,
        services: &dyn Services,
        if_missing: IfMissing,
    ) -> Result<Box<dyn Session>, ComponentError> {
        let database = self.database(connection, services).map_err(|error| error.on("Connection"))?;
        let session = match database {
            Database::Sqlite(database) => database.open(if_missing).await,
            Database::Postgres(database) => database.open().await,
            Database::MySql(database) => database.open().await,
        };
        session.map_err(|error| error.about(&format!("connection “{}”", connection.name)).on("Connection"))
    }

    fn database(&self, connection: &Connection, services: &dyn Services) -> Result<Database, ComponentError> {
        let Some(dialect) = Dialect::of(&connection.kind) else {
            let message = format!(
                "the connection “{}” is of kind {}, which is no database: it must be one of {}",
                connection.name,
                connection.kind,
                Dialect::KINDS.join(", ")
            );
            return Err(ComponentError::new("sql/connection-kind", message).for_good());
        };
        connection.check().map_err(|error| ComponentError::new(error.code(), error.to_string()).for_good())?;
        // The path of a file means another file for each project.
        let path = connection.text("path").map(|path| services.resolve(path)).transpose()?;
        let ca = connection.text("ca").map(|path| services.resolve(path)).transpose()?;
        let key = key(connection, path.as_ref(), ca.as_ref());
        let mut open = self.open.lock();
        if let Some(database) = open.get(&key) {
            return Ok(database.clone());
        }
        let database = match dialect {
            Dialect::Sqlite => Database::Sqlite(sqlite::database(path)?),
            Dialect::Postgres => Database::Postgres(postgres::database(connection, ca)?),
            Dialect::MySql => Database::MySql(mysql::database(connection, ca)?),
        };
        if open.len() >= KEPT {
            open.clear();
        }
        open.insert(key, database.clone());
        Ok(database)
    }
}

/// All that a connection leads by. It holds secrets, so that a changed password makes for another database; it is never
/// shown.
fn key(connection: &Connection, path: Option<&ResolvedPath>, ca: Option<&ResolvedPath>) -> String {
    let secrets: Vec<(&str, &str)> =
        connection.secrets.iter().map(|(field, secret)| (field.as_str(), secret.expose())).collect();
    format!("{} {:?} {secrets:?} {path:?} {ca:?}", connection.kind, connection.settings)
}
