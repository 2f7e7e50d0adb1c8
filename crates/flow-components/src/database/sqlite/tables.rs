//! What tables there are.

use super::problem;
use crate::ComponentError;
use crate::database::{Column, Table};
use rusqlite::Connection;

/// SQLite's own tables are left out.
const TABLES: &str = "SELECT name, type = 'view' FROM pragma_table_list
                      WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                      ORDER BY name";
const COLUMNS: &str =
    "SELECT name, type, \"notnull\" = 0 AND pk = 0 FROM pragma_table_xinfo(?1) WHERE hidden IN (0, 2, 3)";
/// The columns of the primary key, which has no index of its own where it is the row's number.
const PRIMARY: &str = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
const UNIQUE: &str = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial ORDER BY seq DESC";
const INDEXED: &str = "SELECT name FROM pragma_index_info(?1) ORDER BY seqno";

pub(super) fn all(connection: &Connection) -> Result<Vec<Table>, ComponentError> {
    let mut tables = Vec::new();
    let found: Vec<(String, bool)> = rows(connection, TABLES, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (name, view) in found {
        tables.extend(describe(connection, &name, view)?);
    }
    Ok(tables)
}

/// Names are found whatever their case.
pub(super) fn one(connection: &Connection, name: &str) -> Result<Option<Table>, ComponentError> {
    describe(connection, name, false)
}

fn describe(connection: &Connection, name: &str, view: bool) -> Result<Option<Table>, ComponentError> {
    let column = |row: &rusqlite::Row<'_>| {
        Ok(Column { name: row.get(0)?, kind: row.get::<_, String>(1)?.to_lowercase(), nullable: row.get(2)? })
    };
    let columns = rows(connection, COLUMNS, [name], column)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let names = |sql: &str, of: &str| rows(connection, sql, [of], |row| row.get::<_, String>(0));
    let mut unique = vec![names(PRIMARY, name)?];
    for index in names(UNIQUE, name)? {
        unique.push(names(INDEXED, &index)?);
    }
    unique.retain(|columns| !columns.is_empty());
    unique.dedup();
    Ok(Some(Table { name: name.to_owned(), view, columns, unique }))
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, ComponentError> {
    let all = || -> rusqlite::Result<Vec<T>> { connection.prepare_cached(sql)?.query_map(values, read)?.collect() };
    all().map_err(|error| problem(&error))
}
