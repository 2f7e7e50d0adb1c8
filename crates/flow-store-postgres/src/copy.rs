//! This database as one end of a copy; see `flow_store::copy`.

mod columns;
mod values;

use crate::address::PostgresAddress;
use crate::connect::Connector;
use crate::error::{DbError, DbResult};
use crate::locks;
use crate::open::{check_server, first_connection};
use crate::{cluster, schema};
use async_trait::async_trait;
use columns::Columns;
use deadpool_postgres::Object;
use flow_store::copy::{Cell, Cells, CopyEnd, LEFT_OUT, PageSize, Table};
use flow_store::{StoreError, StoredObject};
use std::collections::{HashMap, VecDeque};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use values::{Sent, cell, literal};

/// One end of a copy.
pub struct PostgresCopyEnd {
    client: Object,
    columns: HashMap<String, Columns>,
    /// Rows are being read in a transaction, so that they are of one moment.
    is_reading: bool,
    /// What is being read.
    cursor: Option<Cursor>,
    /// All is read in one transaction.
    is_source: bool,
}

/// Where the rows of a table are being read.
struct Cursor {
    table: String,
    /// The key of the last one that was.
    last: Option<Cells>,
    /// The bytes of those that come next, as far as they are known.
    sizes: VecDeque<usize>,
}

/// What the rows of a table are read from, and the expressions of columns that are not there as they are copied.
fn source(table: &str) -> (&str, &'static [(&'static str, &'static str)]) {
    match table {
        "request" => ("request t", &[("history", "t.newest - t.removed")]),
        "history" => (
            "history t JOIN request r ON r.id = t.request AND t.number > r.removed AND t.number <= r.newest",
            &[
                ("number", "t.number - r.removed"),
                (
                    "records",
                    "CASE WHEN t.kind IS NULL AND t.records > 0 THEN greatest(t.records - r.removed, 0) ELSE t.records END",
                ),
            ],
        ),
        _ => ("", &[]),
    }
}

impl PostgresCopyEnd {
    /// The database that is copied, which must be of this release's schema and is not changed.
    pub async fn source(address: &PostgresAddress) -> Result<Self, StoreError> {
        let end = Self::connect(address, true).await?;
        let client = &end.client;
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(DbError::from)?;
        let found = schema::check(client).await?;
        if found == schema::newest() {
            return Ok(end);
        }
        let newest = schema::newest();
        let or = if found < newest { ", or start a server of this release on it first" } else { "" };
        let message = format!(
            "the database has schema {found}, and this release has schema {newest}: use the release that its servers run{or}"
        );
        Err(StoreError::Conflict(message))
    }

    /// The database that is copied into. Its tables are made where there are none.
    pub async fn target(address: &PostgresAddress) -> Result<Self, StoreError> {
        let end = Self::connect(address, false).await?;
        let free = end.client.query_one("SELECT pg_try_advisory_lock($1)", &[&locks::COPY]).await;
        if !free.and_then(|row| row.try_get::<_, bool>(0)).map_err(DbError::from)? {
            return Err(StoreError::Conflict("somebody else is copying into this database".to_owned()));
        }
        end.client.batch_execute("BEGIN").await.map_err(DbError::from)?;
        schema::migrate(&end.client, flow_store::Timestamp::of_this_machine()).await?;
        end.client.batch_execute("COMMIT").await.map_err(DbError::from)?;
        Ok(end)
    }

    async fn connect(address: &PostgresAddress, is_source: bool) -> Result<Self, StoreError> {
        let connector = Connector::new(address, "cairn-store-copy")?;
        let client = first_connection(&connector.pool(1)?, &connector).await?;
        check_server(&client).await?;
        // One end waits for the other for as long as that takes, and whole tables are read.
        let of_copy = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0;
                       SET enable_seqscan = on; SET enable_mergejoin = on";
        client.batch_execute(of_copy).await.map_err(DbError::from)?;
        Ok(Self { client, columns: HashMap::new(), is_reading: is_source, cursor: None, is_source })
    }

    async fn columns(&mut self) -> DbResult<()> {
        if self.columns.is_empty() {
            self.columns = columns::read(&self.client).await?;
        }
        Ok(())
    }

    /// Reads no longer; what is written next is a transaction of its own.
    async fn end_reading(&mut self) -> DbResult<()> {
        self.cursor = None;
        if std::mem::take(&mut self.is_reading) {
            self.client.batch_execute("COMMIT").await?;
        }
        Ok(())
    }

    async fn open_cursor(&mut self, table: &Table, after: Option<&[Cell]>) -> DbResult<()> {
        if self.cursor.take().is_some() {
            self.client.batch_execute("CLOSE sizes; CLOSE rows").await?;
        }
        if !self.is_reading {
            self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            self.is_reading = true;
        }
        let (from, special) = source(&table.name);
        let from = if from.is_empty() { format!("{} t", table.name) } else { from.to_owned() };
        let known = self.columns.get(&table.name);
        let is_text = |column: &str| known.is_some_and(|known| known.is_text(column));
        let expression = |column: &String| {
            let special = special.iter().find(|(name, _)| name == column);
            special.map_or_else(|| format!("t.\"{column}\""), |(_, expression)| (*expression).to_owned())
        };
        let all: Vec<String> = table.columns.iter().map(expression).collect();
        // Texts in the order that every database can have.
        let key = |column: &String| match is_text(column) {
            true => format!("{} COLLATE \"C\"", expression(column)),
            false => expression(column),
        };
        let keys: Vec<String> = table.columns.iter().take(table.key).map(key).collect();
        // An order that the index has; it is the same.
        let order = if table.name == "history" { "t.request, t.number".to_owned() } else { keys.join(", ") };
        let behind = after.map_or_else(String::new, |after| {
            let values: Vec<String> = after.iter().map(literal).collect();
            format!("WHERE ({}) > ({})", keys.join(", "), values.join(", "))
        });
        // How long a value is the database knows without reading it.
        let size = |column: &String| match known.is_some_and(|known| known.may_be_long(column)) {
            true => format!("coalesce(octet_length(t.\"{column}\"), 0)::bigint"),
            false => "8".to_owned(),
        };
        let sizes: Vec<String> = table.columns.iter().map(size).collect();
        let declare = |name: &str, what: &str| {
            format!("DECLARE {name} NO SCROLL CURSOR FOR SELECT {what} FROM {from} {behind} ORDER BY {order};")
        };
        let of_sizes = declare("sizes", &format!("({})::bigint", sizes.join(" + ")));
        self.client.batch_execute(&(of_sizes + &declare("rows", &all.join(", ")))).await?;
        let last = after.map(<[Cell]>::to_vec);
        self.cursor = Some(Cursor { table: table.name.clone(), last, sizes: VecDeque::new() });
        Ok(())
    }

    async fn fetch(&mut self, table: &Table, after: Option<&[Cell]>, page: PageSize) -> DbResult<Vec<Cells>> {
        self.columns().await?;
        let is_there = |cursor: &Cursor| cursor.table == table.name && cursor.last.as_deref() == after;
        if !self.cursor.as_ref().is_some_and(is_there) {
            self.open_cursor(table, after).await?;
        }
        let Some(cursor) = &mut self.cursor else { return Ok(Vec::new()) };
        // Whatever is fetched comes at once, so it is known before how much that is.
        let unknown = page.rows.saturating_sub(cursor.sizes.len());
        if unknown > 0 {
            for row in self.client.query(&format!("FETCH {unknown} FROM sizes"), &[]).await? {
                cursor.sizes.push_back(usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(usize::MAX));
            }
        }
        let count = page.count(cursor.sizes.iter().copied());
        if count == 0 {
            return Ok(Vec::new());
        }
        cursor.sizes.drain(..count);
        let found = self.client.query(&format!("FETCH {count} FROM rows"), &[]).await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            rows.push((0..row.len()).map(|place| cell(row, place)).collect::<DbResult<Cells>>()?);
        }
        if let Some(last) = rows.last() {
            cursor.last = Some(last.iter().take(table.key).cloned().collect());
        }
        Ok(rows)
    }

    async fn write_rows(&mut self, table: &Table, rows: &[Cells], mark: &str) -> DbResult<()> {
        self.columns().await?;
        self.end_reading().await?;
        let unknown = || StoreError::Corrupt(format!("the table {} is not known", table.name));
        let known = self.columns.get(&table.name).ok_or_else(unknown)?;
        // The end of a request's history is called otherwise here.
        let name = |column: &String| if column == "history" { "newest".to_owned() } else { format!("\"{column}\"") };
        let mut names: Vec<String> = table.columns.iter().map(name).collect();
        let mut types = Vec::with_capacity(names.len());
        for column in &table.columns {
            types.push(known.kind(if column == "history" { "newest" } else { column })?);
        }
        let nothing = Cell::Number(0);
        let more: &[Cell] = if table.name == "request" { std::slice::from_ref(&nothing) } else { &[] };
        if !more.is_empty() {
            names.push("removed".to_owned());
            types.push(known.kind("removed")?);
        }
        let transaction = self.client.transaction().await?;
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, names.join(", "));
        let writer = BinaryCopyInWriter::new(transaction.copy_in(&sql).await?, &types);
        futures::pin_mut!(writer);
        for row in rows {
            let sent: Vec<Sent<'_>> = row.iter().chain(more).map(Sent).collect();
            writer.as_mut().write_raw(sent).await?;
        }
        writer.finish().await?;
        cluster::note(&*transaction, flow_store::copy::MARK, Some(mark)).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn make_what_follows(&mut self, last_request: i64) -> DbResult<()> {
        self.columns().await?;
        self.end_reading().await?;
        let mut sql = format!(
            "BEGIN;
             DELETE FROM request_count;
             INSERT INTO request_count (request_group, n) SELECT request_group, count(*) FROM request GROUP BY 1;
             SELECT setval('request_id', greatest({last_request}, 1), {});",
            last_request > 0
        );
        for (table, columns) in &self.columns {
            for column in columns.counted() {
                sql += &format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), greatest(max({column}), 1),
                                   max({column}) IS NOT NULL) FROM {table};"
                );
            }
        }
        self.client.batch_execute(&format!("{sql} COMMIT; ANALYZE")).await?;
        Ok(())
    }
}

#[async_trait]
impl CopyEnd for PostgresCopyEnd {
    async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        self.columns().await?;
        let mut tables = Vec::new();
        for (name, columns) in &self.columns {
            if LEFT_OUT.contains(&name.as_str()) {
                continue;
            }
            let mut all = columns.names();
            if name == "request" {
                all.remove("newest");
                all.remove("removed");
                all.insert("history".to_owned());
            }
            tables.push(Table::new(name.clone(), columns.key(), all)?);
        }
        let refers = columns::references(&self.client).await?;
        Ok(Table::in_order(tables, &refers))
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let from = match source(&table.name).0 {
            "" => table.name.as_str(),
            from => from,
        };
        let sql = format!("SELECT count(*) FROM {from}");
        let row = self.client.query_one(&sql, &[]).await.map_err(DbError::from)?;
        Ok(crate::sql::count(&row, 0)?)
    }

    async fn rows(&mut self, table: &Table, after: Option<&[Cell]>, page: PageSize) -> Result<Vec<Cells>, StoreError> {
        Ok(self.fetch(table, after, page).await?)
    }

    async fn objects(&mut self) -> Result<Vec<StoredObject>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT t.object_key, t.object_hash, t.object_bytes FROM {}
             WHERE t.object_key IS NOT NULL ORDER BY t.object_key",
            source("history").0
        );
        let rows = self.client.query(&sql, &[]).await.map_err(DbError::from)?;
        let object = |row: &tokio_postgres::Row| {
            Ok(StoredObject { key: row.try_get(0)?, hash: row.try_get(1)?, bytes: crate::sql::count(row, 2)? })
        };
        Ok(rows.iter().map(object).collect::<DbResult<_>>()?)
    }

    async fn last_request(&mut self) -> Result<i64, StoreError> {
        let sql = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM request_id";
        let row = self.client.query_one(sql, &[]).await.map_err(DbError::from)?;
        Ok(row.try_get(0).map_err(DbError::from)?)
    }

    async fn known(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(cluster::known(&**self.client, key).await?)
    }

    async fn note(&mut self, known: &[(&str, Option<&str>)]) -> Result<(), StoreError> {
        let noted = async {
            self.end_reading().await?;
            let transaction = self.client.transaction().await?;
            for (key, value) in known {
                cluster::note(&*transaction, key, *value).await?;
            }
            transaction.commit().await?;
            DbResult::Ok(())
        };
        Ok(noted.await?)
    }

    async fn write(&mut self, table: &Table, rows: Vec<Cells>, mark: &str) -> Result<(), StoreError> {
        if self.is_source {
            return Err(StoreError::Conflict("the source of a copy is not written".to_owned()));
        }
        Ok(self.write_rows(table, &rows, mark).await?)
    }

    async fn complete(&mut self, last_request: i64) -> Result<(), StoreError> {
        Ok(self.make_what_follows(last_request).await?)
    }
}
