//! One connection in use.

use super::{Cell, Dialect, Statement, Table, TableName, Write};
use crate::{ComponentError, Runner};
use async_trait::async_trait;
use flow_data::Stream;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// How many batches may be on their way between a database and a stream.
const UNDER_WAY: usize = 2;

/// A connection to a database, in use by one component. Whatever became of it: a transaction that was begun and not
/// committed is rolled back when the session is dropped.
///
/// Errors carry a code: `sql/connection-lost` when the connection broke, `sql/constraint`, `sql/value`, `sql/syntax`,
/// `sql/busy` …, and the number of the record where one is to blame.
#[async_trait]
pub(crate) trait Session: Send {
    /// Which SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// What answers: `PostgreSQL 15.4`.
    async fn version(&mut self) -> Result<String, ComponentError>;

    /// The fields that a query gives, without running it where the database can do that.
    async fn describe(&mut self, query: &Statement) -> Result<SchemaRef, ComponentError>;

    /// Runs a query and sends its rows: at least one batch, which is empty when there are no rows. Ends early, and well,
    /// when nobody receives any more.
    async fn read(
        &mut self,
        query: &Statement,
        values: &[Cell<'static>],
        to: &mpsc::Sender<RecordBatch>,
    ) -> Result<(), ComponentError>;

    /// The tables and views that are not the database's own.
    async fn tables(&mut self) -> Result<Vec<Table>, ComponentError>;

    /// One table or view, if there is such a one.
    async fn table(&mut self, name: &TableName) -> Result<Option<Table>, ComponentError>;

    /// Begins a transaction.
    async fn begin(&mut self) -> Result<(), ComponentError>;

    /// Runs a statement; the answer is how many rows it affected.
    async fn execute(&mut self, statement: &Statement, values: &[Cell<'static>]) -> Result<u64, ComponentError>;

    /// The same for a statement of our own, without values.
    async fn run(&mut self, sql: &str) -> Result<u64, ComponentError>;

    /// Writes records within the transaction.
    async fn write(&mut self, write: &Write, records: Records) -> Result<(), ComponentError>;

    /// Commits the transaction, and keeps the connection for the next one who asks.
    async fn commit(self: Box<Self>) -> Result<(), ComponentError>;

    /// Keeps the connection, on which no transaction is open, for the next one who asks.
    fn release(self: Box<Self>);
}

/// The records of a stream, batch by batch, on their way into a database.
pub(crate) struct Records {
    batches: mpsc::Receiver<Result<RecordBatch, ComponentError>>,
    rows: Option<usize>,
    taken: Arc<AtomicU64>,
    runner: Arc<dyn Runner>,
}

impl Records {
    /// Reads the stream where that holds nobody up, and tells `runner` how far it is.
    pub(crate) fn of(stream: &Stream, runner: &Arc<dyn Runner>) -> Self {
        let rows = stream.rows();
        if let Some(held) = stream.held() {
            let (sender, batches) = mpsc::channel(held.len().max(1));
            for batch in held {
                // There is a place for each.
                let _ = sender.try_send(Ok(batch.clone()));
            }
            return Self { batches, rows, taken: Arc::default(), runner: Arc::clone(runner) };
        }
        let (sender, batches) = mpsc::channel(UNDER_WAY);
        let stream = stream.clone();
        tokio::task::spawn_blocking(move || match stream.batches() {
            Ok(read) => {
                for batch in read {
                    let failed = batch.is_err();
                    if sender.blocking_send(batch.map_err(ComponentError::from)).is_err() || failed {
                        return;
                    }
                }
            }
            Err(error) => drop(sender.blocking_send(Err(error.into()))),
        });
        Self { batches, rows, taken: Arc::default(), runner: Arc::clone(runner) }
    }

    /// Counts the records that have been taken so far.
    pub(crate) fn taken(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.taken)
    }

    /// How many records there are, where that is known before they are read.
    pub(crate) fn rows(&self) -> Option<usize> {
        self.rows
    }

    /// The next records.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>, ComponentError> {
        let batch = self.batches.recv().await.transpose();
        self.count(batch)
    }

    /// The same on a thread that may block.
    pub(crate) fn next_blocking(&mut self) -> Result<Option<RecordBatch>, ComponentError> {
        let batch = self.batches.blocking_recv().transpose();
        self.count(batch)
    }

    fn count(&self, batch: Result<Option<RecordBatch>, ComponentError>) -> Result<Option<RecordBatch>, ComponentError> {
        if let Ok(Some(batch)) = &batch {
            let rows = batch.num_rows() as u64;
            self.runner.progress(self.taken.fetch_add(rows, Ordering::Relaxed) + rows);
        }
        batch
    }
}

/// Every field of a stream has a name of its own.
pub(super) fn unique_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), ComponentError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            let message = format!("the query gives two columns “{name}”: give one of them another name with AS");
            return Err(ComponentError::new("sql/same-name", message));
        }
    }
    Ok(())
}

/// The error of a COMMIT: when the connection breaks meanwhile, nobody knows whether it happened.
pub(super) fn commit_unknown(error: ComponentError) -> ComponentError {
    if error.code != "sql/connection-lost" {
        return error;
    }
    let message = format!(
        "{}, while it committed: everything is written or nothing. With ExactlyOnce the next attempt finds out",
        error.message
    );
    ComponentError::new("sql/commit-unknown", message)
}
