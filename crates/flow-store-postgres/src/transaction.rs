//! A transaction on a connection of its own for as long as it lasts.

use crate::changes::Changes;
use crate::error::{DbError, DbResult};
use deadpool_postgres::{ClientWrapper, Object, Pool};
use flow_store::{StoreError, Timestamp, fault_point};
use std::ops::Deref;
use std::sync::Arc;

/// A transaction. One that is dropped half-way closes its connection, so that the database rolls it back.
pub(crate) struct Transaction {
    client: Option<Object>,
    /// The time by the database's clock.
    pub(crate) now: Timestamp,
    changes: Arc<Changes>,
}

impl Transaction {
    /// Begins one.
    pub(crate) async fn begin(pool: &Pool, now: Timestamp, changes: &Arc<Changes>) -> DbResult<Self> {
        let transaction = Self::on(pool.get().await?, now, changes);
        transaction.batch_execute("BEGIN").await?;
        Ok(transaction)
    }

    /// One on a connection on which the caller begins it.
    pub(crate) fn on(client: Object, now: Timestamp, changes: &Arc<Changes>) -> Self {
        Self { client: Some(client), now, changes: Arc::clone(changes) }
    }

    /// Commits what `done` stands for, or undoes what was done before it failed.
    pub(crate) async fn end<T>(self, done: DbResult<T>) -> Result<T, StoreError> {
        match done {
            Ok(value) => {
                fault_point("before-commit");
                let committed = self.batch_execute("COMMIT").await;
                fault_point("after-commit");
                committed.map_err(DbError::from)?;
                self.committed();
                Ok(value)
            }
            Err(error) => {
                self.rolled_back().await;
                Err(error.into())
            }
        }
    }

    /// The commit was made. The connection goes back to its pool.
    pub(crate) fn committed(mut self) {
        self.client.take();
        self.changes.made();
    }

    /// Its statement was refused and the transaction is over with that, so nothing is left to undo. The connection goes back to
    /// its pool.
    pub(crate) fn refused(mut self) {
        self.client.take();
    }

    /// Undoes what was done. The connection goes back to its pool if that is certain.
    pub(crate) async fn rolled_back(mut self) {
        if self.batch_execute("ROLLBACK").await.is_ok() {
            self.client.take();
        }
    }
}

impl Deref for Transaction {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        match &self.client {
            Some(client) => client,
            // Only the methods that consume the transaction take the connection away.
            None => unreachable!("a transaction has its connection until it has ended"),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
