//! MySQL and MariaDB.

mod connect;
mod error;
mod read;
mod tables;
mod write;

pub(super) use connect::{MySql, database};

use super::session::{Records, Session};
use super::{Cell, Dialect, Statement, Table, TableName, Write};
use crate::ComponentError;
use async_trait::async_trait;
use error::{problem, uncertain};
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Value};
use tokio::sync::mpsc;

/// A connection in use. Its pool rolls back what was begun and not committed.
pub(super) struct MySqlSession {
    connection: Conn,
}

#[async_trait]
impl Session for MySqlSession {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    async fn version(&mut self) -> Result<String, ComponentError> {
        let version: Option<String> =
            self.connection.query_first("SELECT version()").await.map_err(|error| problem(&error))?;
        let version = version.unwrap_or_default();
        // `10.11.6-MariaDB-0+deb12u1`
        Ok(match version.split_once("-MariaDB") {
            Some((number, _)) => format!("MariaDB {number}"),
            None => format!("MySQL {version}"),
        })
    }

    async fn describe(&mut self, query: &Statement) -> Result<SchemaRef, ComponentError> {
        let sql = query.sql(Dialect::MySql);
        let prepared = self.connection.prep(sql).await.map_err(|error| problem(&error))?;
        read::schema(&prepared.columns())
    }

    async fn read(
        &mut self,
        query: &Statement,
        values: &[Cell<'static>],
        to: &mpsc::Sender<RecordBatch>,
    ) -> Result<(), ComponentError> {
        read::rows(&mut self.connection, &query.sql(Dialect::MySql), parameters(values), to).await
    }

    async fn tables(&mut self) -> Result<Vec<Table>, ComponentError> {
        tables::find(&mut self.connection, None).await
    }

    async fn table(&mut self, name: &TableName) -> Result<Option<Table>, ComponentError> {
        Ok(tables::find(&mut self.connection, Some(name)).await?.into_iter().next())
    }

    async fn begin(&mut self) -> Result<(), ComponentError> {
        self.run("START TRANSACTION").await.map(drop)
    }

    async fn execute(&mut self, statement: &Statement, values: &[Cell<'static>]) -> Result<u64, ComponentError> {
        if values.is_empty() {
            // Some statements cannot be prepared.
            return self.run(&statement.sql(Dialect::MySql)).await;
        }
        let sql = statement.sql(Dialect::MySql);
        self.connection.exec_drop(sql, parameters(values)).await.map_err(|error| problem(&error))?;
        Ok(self.connection.affected_rows())
    }

    async fn run(&mut self, sql: &str) -> Result<u64, ComponentError> {
        self.connection.query_drop(sql).await.map_err(|error| problem(&error))?;
        Ok(self.connection.affected_rows())
    }

    async fn write(&mut self, write: &Write, records: Records) -> Result<(), ComponentError> {
        write::records(&mut self.connection, write, records).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), ComponentError> {
        self.connection.query_drop("COMMIT").await.map_err(|error| uncertain(&error))
    }

    fn release(self: Box<Self>) {}
}

fn parameters(values: &[Cell<'_>]) -> Params {
    match values {
        [] => Params::Empty,
        values => Params::Positional(values.iter().map(value).collect()),
    }
}

fn value(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::NULL,
        Cell::Boolean(value) => Value::Int(i64::from(*value)),
        Cell::Integer(value) => Value::Int(*value),
        Cell::Number(value) => Value::Double(*value),
        Cell::Text(text) => Value::Bytes(text.as_bytes().to_vec()),
        Cell::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
    }
}
