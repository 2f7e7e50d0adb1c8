//! Whether a database is whole: what SQLite can tell, and what the rows promise each other. Changes nothing, and may run
//! while servers work: it sees one state of the database.

mod chains;

use crate::error::{DbError, DbResult};
use crate::reader::open_read_only;
use crate::requests::collect;
use crate::schema;
use flow_store::{RequestId, StoreError};
use rusqlite::Connection;
use std::path::Path;

/// Problems of one kind that are told one by one.
const TOLD: usize = 20;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a table, or a request.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

/// An object of the storage that a saved point names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedObject {
    /// Where, within the storage.
    pub key: String,
    /// BLAKE3 of its bytes, in hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// The request that names it; of several the oldest.
    pub request: RequestId,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatabaseCheck {
    /// The database's schema.
    pub schema: i64,
    /// Requests.
    pub requests: u64,
    /// Saved points that hold.
    pub saved_points: u64,
    /// Log entries.
    pub log_entries: u64,
    /// What is wrong; of each kind only the first few.
    pub problems: Vec<Problem>,
    /// The objects that saved points name, each once, by key.
    pub objects: Vec<NamedObject>,
}

/// Checks the database at `path`, which must be there. Blocks for as long as it takes to read all of it.
///
/// Fails with `store/conflict` if the file is something else or of an older release, and `store/newer-schema`.
pub fn check(path: &Path) -> Result<DatabaseCheck, StoreError> {
    let connection = open_checked(path)?;
    Ok(check_all(&connection)?)
}

/// Refuses a database that is not of this release's schema, and changes nothing. For those who must not bring it up to
/// date: servers of an older release may be working on it.
pub fn check_release(path: &Path) -> Result<(), StoreError> {
    open_checked(path).map(drop)
}

/// Opens a database of this release's schema for reading, and brings nothing up to date.
pub(crate) fn open_checked(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> DbResult<Connection> {
        let connection = open_read_only(path)?;
        schema::check_current(&connection, path)?;
        Ok(connection)
    };
    open().map_err(|error| match error {
        DbError::Store(error) => error,
        DbError::Sqlite(error) => StoreError::unavailable(format!("it cannot be read at {}: {error}", path.display())),
    })
}

fn check_all(connection: &Connection) -> DbResult<DatabaseCheck> {
    let transaction = connection.unchecked_transaction()?;
    let mut found = DatabaseCheck { schema: schema::newest(), ..DatabaseCheck::default() };
    found.integrity(&transaction)?;
    // Rows of a damaged file are not worth looking at: reading them may fail anywhere.
    if found.problems.is_empty() {
        found.references(&transaction)?;
        found.groups(&transaction)?;
        chains::check(&transaction, &mut found)?;
    }
    transaction.finish()?;
    Ok(found)
}

impl DatabaseCheck {
    fn problem(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), message: message.into() });
    }

    /// Each row of the query is a problem: its first column is the place, the second what is wrong.
    fn problems_of(&mut self, connection: &Connection, sql: &str) -> DbResult<()> {
        let mut statement = connection.prepare(&format!("{sql} LIMIT {TOLD}"))?;
        let found = collect(statement.query([])?, |row| Ok(Problem { place: row.get(0)?, message: row.get(1)? }))?;
        self.problems.extend(found);
        Ok(())
    }

    fn integrity(&mut self, connection: &Connection) -> DbResult<()> {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({TOLD})"))?;
        for message in collect(statement.query([])?, |row| Ok(row.get::<_, String>(0)?))? {
            if message != "ok" {
                self.problem("database file", message);
            }
        }
        Ok(())
    }

    /// Rows that name rows which are not there.
    fn references(&mut self, connection: &Connection) -> DbResult<()> {
        self.problems_of(
            connection,
            r#"SELECT "table", 'row ' || rowid || ' names a row of ' || parent || ' that is not there'
               FROM pragma_foreign_key_check"#,
        )?;
        self.problems_of(
            connection,
            "SELECT 'request ' || id, 'nothing is known of what was asked for' FROM request
             WHERE id NOT IN (SELECT id FROM request_given)",
        )?;
        self.problems_of(
            connection,
            "SELECT 'request ' || id, 'it was asked for, but nothing is known of where it stands' FROM request_given
             WHERE id NOT IN (SELECT id FROM request)",
        )?;
        self.problems_of(
            connection,
            "SELECT 'request ' || request, 'there is attempt ' || attempt || ' of it, but no such request' FROM attempt
             WHERE request NOT IN (SELECT id FROM request)",
        )
    }

    /// Groups of requests that do not say what their requests say.
    fn groups(&mut self, connection: &Connection) -> DbResult<()> {
        self.problems_of(
            connection,
            "SELECT 'request group ' || g.id, 'it counts ' || g.n || ' requests, and there are ' || count(r.id)
             FROM request_group g LEFT JOIN request r ON r.request_group = g.id GROUP BY g.id HAVING g.n <> count(r.id)",
        )?;
        self.problems_of(
            connection,
            "SELECT 'request group ' || c.request_group,
                    'of the ids from ' || (c.ids << 14) || ' on it counts ' || c.n || ' that have ended, and there are ' || (
                        SELECT count(*) FROM request r WHERE r.request_group = c.request_group AND r.ended IS NOT NULL
                            AND r.id >= c.ids << 14 AND r.id < c.ids + 1 << 14) AS there
             FROM ended_count c
             WHERE c.n <> (SELECT count(*) FROM request r WHERE r.request_group = c.request_group AND r.ended IS NOT NULL
                               AND r.id >= c.ids << 14 AND r.id < c.ids + 1 << 14)",
        )?;
        self.problems_of(
            connection,
            "SELECT 'request ' || id, 'it has ended and is counted nowhere' FROM request
             WHERE ended IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM ended_count c WHERE c.request_group = request.request_group
                                                                     AND c.ids = request.id >> 14)",
        )?;
        self.problems_of(
            connection,
            "SELECT 'request ' || r.id, 'it is in a group of requests that it does not belong to'
             FROM request r JOIN request_given q ON q.id = r.id
                  LEFT JOIN request_group g ON g.id = r.request_group LEFT JOIN flow f ON f.id = r.flow
             WHERE g.state IS NOT r.state OR g.server IS NOT coalesce(r.server, 0) OR g.flow IS NOT r.flow
                   OR g.code IS NOT coalesce(r.error_code, '') OR f.project IS NOT q.project OR f.flow IS NOT q.flow",
        )?;
        self.problems_of(
            connection,
            "SELECT 'request ' || r.id, 'it waits in a lane that it does not belong to'
             FROM request r LEFT JOIN lane l ON l.id = r.lane
             WHERE l.flow IS NOT r.flow OR coalesce(r.limited, 0) IS NOT (l.limits <> '')
                   OR coalesce(r.priority, 0) IS NOT l.priority",
        )
    }
}

#[cfg(test)]
mod tests;
