//! This database as one end of a copy; see `flow_store::copy`.

mod tables;
#[cfg(test)]
mod tests;

use crate::check::open_checked;
use crate::cluster;
use crate::error::DbResult;
use crate::open::{SqliteOptions, lock_folder, prepare};
use crate::write_lock::WriteLock;
use async_trait::async_trait;
use flow_store::copy::{Cell, Cells, CopyEnd, MARK, PageSize, Table};
use flow_store::{StoreError, StoredObject};
use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tables::{Reading, reading};

/// One end of a copy.
pub struct SqliteCopyEnd {
    connection: Arc<Mutex<Connection>>,
    /// Whoever copies into the database holds this.
    _alone: Option<File>,
}

/// Where the rows of histories are, each by its request and its place there.
const PLACES: &str = "
    CREATE TEMP TABLE IF NOT EXISTS place (
        request INTEGER NOT NULL, number INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (request, number)
    ) WITHOUT ROWID;
    DELETE FROM place;
    INSERT INTO place
        WITH RECURSIVE chain (request, row) AS (
            SELECT id, newest FROM request WHERE newest IS NOT NULL
            UNION ALL
            SELECT c.request, h.previous FROM chain c JOIN history h ON h.id = c.row WHERE h.previous IS NOT NULL)
        SELECT request, row_number() OVER (PARTITION BY request ORDER BY row), row FROM chain;
    CREATE INDEX temp.place_row ON place (row);";

impl SqliteCopyEnd {
    /// The database that is copied, which must be of this release's schema and is not changed. What is read is of the moment
    /// when it is opened. Blocks.
    pub fn source(path: &Path) -> Result<Self, StoreError> {
        let open = || -> DbResult<Connection> {
            let connection = open_checked(path)?;
            connection.pragma_update(None, "query_only", false)?;
            connection.execute_batch("BEGIN")?;
            find_places(&connection)?;
            Ok(connection)
        };
        Ok(Self { connection: Arc::new(Mutex::new(open()?)), _alone: None })
    }

    /// The database that is copied into; it is made if there is none. Blocks.
    pub fn target(path: &Path) -> Result<Self, StoreError> {
        let cannot = |error: &dyn std::fmt::Display| {
            StoreError::unavailable(format!("it cannot be made at {}: {error}", path.display()))
        };
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
        crate::filesystem::refuse_network(folder, path)?;
        let locks = lock_folder(path);
        let lock = WriteLock::open(&locks).map_err(|error| cannot(&error))?;
        let alone = File::create(locks.join("copy")).map_err(|error| cannot(&error))?;
        if alone.try_lock().is_err() {
            return Err(StoreError::Conflict("somebody else is copying into this database".to_owned()));
        }
        let _turn = lock.take_turn().map_err(|error| cannot(&error))?;
        let open = || -> DbResult<Connection> {
            let connection = prepare(path, &SqliteOptions::default())?;
            // Nobody else cuts the log short.
            connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
            connection.pragma_update(None, "temp_store", "FILE")?;
            Ok(connection)
        };
        Ok(Self { connection: Arc::new(Mutex::new(open()?)), _alone: Some(alone) })
    }

    /// Runs something on the connection where it may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> DbResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || work(&mut connection.lock()));
        let ended = |error| StoreError::unavailable(format!("it ended early: {error}"));
        Ok(done.await.map_err(ended)??)
    }
}

fn find_places(connection: &Connection) -> DbResult<()> {
    connection.execute_batch("DROP INDEX IF EXISTS temp.place_row")?;
    Ok(connection.execute_batch(PLACES)?)
}

struct Sent<'a>(&'a Cell);

impl ToSql for Sent<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::None => ValueRef::Null,
            Cell::Number(number) => ValueRef::Integer(*number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> DbResult<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::None,
        ValueRef::Integer(number) => Cell::Number(number),
        ValueRef::Text(text) => {
            Cell::text(std::str::from_utf8(text).map_err(|error| crate::error::corrupt("text", error))?)
        }
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(number) => return Err(crate::error::corrupt("a number with a fraction", number).into()),
    })
}

fn read_rows(connection: &Connection, table: &Table, after: Option<&[Cell]>, page: PageSize) -> DbResult<Vec<Cells>> {
    let Reading { from, special } = reading(&table.name);
    let expression = |column: &String| {
        let special = special.iter().find(|(name, _)| name == column);
        special.map_or_else(|| format!("t.\"{column}\""), |(_, expression)| (*expression).to_owned())
    };
    let all: Vec<String> = table.columns.iter().map(expression).collect();
    let keys = all.get(..table.key).unwrap_or_default().join(", ");
    let condition = match after {
        Some(after) => format!("WHERE ({keys}) > ({})", vec!["?"; after.len()].join(", ")),
        None => String::new(),
    };
    let sql = format!("SELECT {} FROM {from} {condition} ORDER BY {keys} LIMIT {}", all.join(", "), page.rows);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(after.unwrap_or_default().iter().map(Sent)))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while bytes < page.bytes
        && let Some(row) = found.next()?
    {
        let row = (0..all.len()).map(|place| cell(row.get_ref(place)?)).collect::<DbResult<Cells>>()?;
        bytes += row.iter().map(Cell::bytes).sum::<usize>();
        rows.push(row);
    }
    Ok(rows)
}

fn write_rows(connection: &mut Connection, table: &Table, rows: &[Cells], mark: &str) -> DbResult<()> {
    let transaction = connection.transaction()?;
    match table.name.as_str() {
        "history" => write_history(&transaction, table, rows)?,
        name => {
            let written = tables::written(name, &table.columns);
            let names: Vec<String> = written.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let values: Vec<&str> = written.iter().map(|(_, value)| value.as_str()).collect();
            let sql = format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), values.join(", "));
            let mut insert = transaction.prepare_cached(&sql)?;
            for row in rows {
                // Values that are not written are bound all the same.
                for (place, value) in (1..).zip(row) {
                    if place <= insert.parameter_count() {
                        insert.raw_bind_parameter(place, Sent(value))?;
                    }
                }
                insert.raw_execute()?;
            }
        }
    }
    cluster::note(&transaction, MARK, Some(mark))?;
    Ok(transaction.commit()?)
}

/// Makes the chains of histories: each row names the one before it, and the request the last one.
fn write_history(db: &Connection, table: &Table, rows: &[Cells]) -> DbResult<()> {
    let missing = || crate::error::corrupt("a row of a history without its place", &table.name);
    let place = |column: &str| table.place(column).ok_or_else(missing);
    let (request, number, kind, records) = (place("request")?, place("number")?, place("kind")?, place("records")?);
    let others: Vec<usize> =
        (0..table.columns.len()).filter(|column| ![request, number, records].contains(column)).collect();
    let name = |column: &usize| table.columns.get(*column).map_or_else(String::new, |name| format!("\"{name}\""));
    let names: Vec<String> = others.iter().map(name).collect();
    let sql = format!(
        "INSERT INTO history (id, previous, records, {}) VALUES (?, ?, ?, {})",
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    );
    let mut insert = db.prepare_cached(&sql)?;
    let mut newest = db.prepare_cached("UPDATE request SET newest = ? WHERE id = ?")?;
    let mut id: i64 = db.query_row("SELECT coalesce(max(id), 0) FROM history", [], |row| row.get(0))?;
    let cell = |row: &'_ Cells, place: usize| row.get(place).cloned().ok_or_else(missing);
    let mut open: Option<i64> = None;
    for row in rows {
        let (Cell::Number(of), Cell::Number(at)) = (cell(row, request)?, cell(row, number)?) else {
            return Err(missing().into());
        };
        if let Some(before) = open.filter(|before| *before != of) {
            newest.execute([id, before])?;
        }
        open = Some(of);
        id += 1;
        // A step back names the row that it goes back to, which is so many rows before it.
        let records = match (cell(row, kind)?, cell(row, records)?) {
            (Cell::None, Cell::Number(to)) if to > 0 => Cell::Number(id - at + to),
            (_, records) => records,
        };
        insert.raw_bind_parameter(1, id)?;
        insert.raw_bind_parameter(2, (at > 1).then_some(id - 1))?;
        insert.raw_bind_parameter(3, Sent(&records))?;
        for (place, column) in (4..).zip(&others) {
            insert.raw_bind_parameter(place, Sent(row.get(*column).ok_or_else(missing)?))?;
        }
        insert.raw_execute()?;
    }
    if let Some(request) = open {
        newest.execute([id, request])?;
    }
    Ok(())
}

fn make_what_follows(connection: &mut Connection, last_request: i64) -> DbResult<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "UPDATE request_group SET n = (SELECT count(*) FROM request WHERE request_group = request_group.id);
         DELETE FROM ended_count;
         INSERT INTO ended_count
             SELECT request_group, id >> 14, count(*) FROM request WHERE ended IS NOT NULL GROUP BY 1, 2;
         DELETE FROM clock_went_back;
         INSERT INTO clock_went_back
             SELECT id FROM (SELECT id, created, lag(created) OVER (ORDER BY id) AS before FROM request_given)
             WHERE created < before;
         DELETE FROM sqlite_sequence WHERE name = 'request';",
    )?;
    if last_request > 0 {
        transaction.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('request', ?)", [last_request])?;
    }
    transaction.commit()?;
    // To compare them.
    find_places(connection)
}

#[async_trait]
impl CopyEnd for SqliteCopyEnd {
    async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        self.run(|connection| tables::tables(connection)).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let name = table.name.clone();
        self.run(move |connection| {
            // What is being copied has no places yet.
            let has_places = connection.table_exists(Some("temp"), "place")?;
            let from = if name == "history" && !has_places { "history t".to_owned() } else { reading(&name).from };
            let sql = format!("SELECT count(*) FROM {from}");
            Ok(connection.query_row(&sql, [], |row| row.get(0))?)
        })
        .await
    }

    async fn rows(&mut self, table: &Table, after: Option<&[Cell]>, page: PageSize) -> Result<Vec<Cells>, StoreError> {
        let (table, after) = (table.clone(), after.map(<[Cell]>::to_vec));
        self.run(move |connection| read_rows(connection, &table, after.as_deref(), page)).await
    }

    async fn objects(&mut self) -> Result<Vec<StoredObject>, StoreError> {
        self.run(|connection| {
            let mut statement = connection.prepare(&format!(
                "SELECT DISTINCT t.object_key, t.object_hash, t.object_bytes FROM {}
                 WHERE t.object_key IS NOT NULL ORDER BY t.object_key",
                reading("history").from
            ))?;
            let object =
                |row: &rusqlite::Row<'_>| Ok(StoredObject { key: row.get(0)?, hash: row.get(1)?, bytes: row.get(2)? });
            let objects = statement.query_map([], object)?.collect::<Result<Vec<_>, _>>()?;
            Ok(objects)
        })
        .await
    }

    async fn last_request(&mut self) -> Result<i64, StoreError> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'request'";
        self.run(|connection| Ok(connection.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(0))).await
    }

    async fn known(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.run(move |connection| cluster::known(connection, &key)).await
    }

    async fn note(&mut self, known: &[(&str, Option<&str>)]) -> Result<(), StoreError> {
        let known: Vec<_> =
            known.iter().map(|(key, value)| ((*key).to_owned(), value.map(ToOwned::to_owned))).collect();
        self.run(move |connection| {
            if !connection.is_autocommit() {
                connection.execute_batch("COMMIT")?;
            }
            let transaction = connection.transaction()?;
            for (key, value) in &known {
                cluster::note(&transaction, key, value.as_deref())?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn write(&mut self, table: &Table, rows: Vec<Cells>, mark: &str) -> Result<(), StoreError> {
        let (table, mark) = (table.clone(), mark.to_owned());
        self.run(move |connection| write_rows(connection, &table, &rows, &mark)).await
    }

    async fn complete(&mut self, last_request: i64) -> Result<(), StoreError> {
        self.run(move |connection| make_what_follows(connection, last_request)).await
    }
}
