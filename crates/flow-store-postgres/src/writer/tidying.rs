//! What is tidied up behind the writer, on another connection: the counts of requests are brought together, and the marks of
//! batches that have been answered are removed.
//!
//! While somebody keeps a transaction open, PostgreSQL keeps what was removed, and looking past it takes longer and longer. So
//! each rest is as many times as long as the work before it: the writer loses next to nothing by it, however long that lasts.

use crate::open::Database;
use crate::requests::fold_counts;
use flow_store::StoreError;
use std::time::Instant;
use tokio::task::JoinHandle;

/// Commits after which it is worth while.
const COMMITS: usize = 256;
/// How many times as long as the work the rest behind it is.
const REST: u32 = 20;

pub(super) struct Tidying {
    database: Database,
    /// The marks of batches that nobody asks for any more.
    answered: Vec<String>,
    /// The work, and the rest behind it.
    under_way: Option<JoinHandle<()>>,
}

impl Tidying {
    pub(super) fn new(database: Database) -> Self {
        Self { database, answered: Vec::new(), under_way: None }
    }

    /// The batch with this mark is committed, and its callers are told.
    pub(super) fn answered(&mut self, mark: String) {
        self.answered.push(mark);
        let free = self.under_way.as_ref().is_none_or(JoinHandle::is_finished);
        if !free || self.answered.len() < COMMITS {
            return;
        }
        let (database, marks) = (self.database.clone(), std::mem::take(&mut self.answered));
        self.under_way = Some(tokio::spawn(async move {
            let begun = Instant::now();
            if let Err(error) = tidy(database, marks).await {
                tracing::debug!(code = error.code(), %error, "nothing was tidied up behind the writer");
            }
            tokio::time::sleep(begun.elapsed().saturating_mul(REST)).await;
        }));
    }
}

async fn tidy(database: Database, marks: Vec<String>) -> Result<(), StoreError> {
    let client = database.writer().await?;
    crate::sql::execute(&client, "DELETE FROM committed WHERE writer = ANY ($1)", &[&marks]).await?;
    drop(client);
    fold_counts(&database).await
}
