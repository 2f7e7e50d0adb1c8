//! PostgreSQL.

mod connect;
mod copy;
mod error;
mod read;
mod tables;
mod values;

pub(super) use connect::{Postgres, database};

use super::session::{Records, Session};
use super::{Cell, Dialect, Mode, Statement, Table, TableName, Write};
use crate::ComponentError;
use async_trait::async_trait;
use deadpool_postgres::Object;
use error::problem;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use tokio::sync::mpsc;
use values::Parameter;

/// Up to so many records are written one by one: a table to copy into costs more than they do.
const FEW: usize = 100;

/// A connection in use.
pub(super) struct PostgresSession {
    /// `None` once it was given back.
    client: Option<Object>,
    /// Whether the server may still be at work for us, or a transaction open.
    busy: bool,
}

impl PostgresSession {
    fn new(client: Object) -> Self {
        Self { client: Some(client), busy: false }
    }

    fn client(&self) -> Result<&Object, ComponentError> {
        self.client.as_ref().ok_or_else(|| ComponentError::new("sql/failed", "the session has ended"))
    }
}

/// A connection with something unfinished is closed instead of kept: the server then rolls back.
impl Drop for PostgresSession {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|_| self.busy) {
            drop(Object::take(client));
        }
    }
}

#[async_trait]
impl Session for PostgresSession {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn version(&mut self) -> Result<String, ComponentError> {
        let row = self.client()?.query_one("SELECT split_part(version(), ' on ', 1)", &[]).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| problem(&error))
    }

    async fn describe(&mut self, query: &Statement) -> Result<SchemaRef, ComponentError> {
        Ok(read::prepare(self.client()?, query).await?.schema)
    }

    async fn read(
        &mut self,
        query: &Statement,
        values: &[Cell<'static>],
        to: &mpsc::Sender<RecordBatch>,
    ) -> Result<(), ComponentError> {
        let was_busy = std::mem::replace(&mut self.busy, true);
        let client = self.client()?;
        let prepared = read::prepare(client, query).await?;
        if read::rows(client, &prepared, values, to).await? {
            self.busy = was_busy;
        }
        Ok(())
    }

    async fn tables(&mut self) -> Result<Vec<Table>, ComponentError> {
        tables::all(self.client()?).await
    }

    async fn table(&mut self, name: &TableName) -> Result<Option<Table>, ComponentError> {
        tables::one(self.client()?, name).await
    }

    async fn begin(&mut self) -> Result<(), ComponentError> {
        self.busy = true;
        self.client()?.batch_execute("BEGIN").await.map_err(|error| problem(&error))
    }

    async fn execute(&mut self, statement: &Statement, values: &[Cell<'static>]) -> Result<u64, ComponentError> {
        let client = self.client()?;
        let sql = statement.sql(Dialect::Postgres);
        let prepared = client.prepare_cached(&sql).await.map_err(|error| problem(&error))?;
        client.execute_raw(&prepared, values.iter().map(Parameter)).await.map_err(|error| problem(&error))
    }

    async fn run(&mut self, sql: &str) -> Result<u64, ComponentError> {
        self.client()?.execute(sql, &[]).await.map_err(|error| problem(&error))
    }

    async fn write(&mut self, write: &Write, records: Records) -> Result<(), ComponentError> {
        let client = self.client()?;
        match records.rows() {
            Some(rows) if rows <= FEW => copy::one_by_one(client, write, records).await,
            _ if write.mode == Mode::Insert => copy::into_table(client, write, records).await,
            _ => copy::through_staging(client, write, records).await,
        }
    }

    async fn commit(mut self: Box<Self>) -> Result<(), ComponentError> {
        self.client()?.batch_execute("COMMIT").await.map_err(|error| error::uncertain(&error))?;
        self.busy = false;
        Ok(())
    }

    fn release(self: Box<Self>) {}
}
