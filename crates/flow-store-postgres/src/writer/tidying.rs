//! What is tidied up behind the writer, on another connection: the counts of requests are brought together, and the marks of
//! batches that have been answered are removed.
//!
//! While somebody keeps a transaction open, PostgreSQL keeps what was removed. So both look only at what came last, all counts
//! being folded again but now and then; and each rest is as many times as long as the work before it, so that the writer loses
//! next to nothing where looking takes long all the same.

use crate::open::Database;
use crate::requests::fold_counts;
use flow_store::StoreError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Commits after which it is worth while.
const COMMITS: usize = 256;
/// How many times as long as the work the rest behind it is.
const REST: u32 = 20;
/// After this time all counts are folded again.
const WHOLE: Duration = Duration::from_secs(10 * 60);

pub(super) struct Tidying {
    database: Database,
    /// The marks of batches that nobody asks for any more.
    answered: Vec<String>,
    /// Locked by the work, and for the rest behind it.
    folds: Arc<Mutex<Folds>>,
}

impl Tidying {
    pub(super) fn new(database: Database) -> Self {
        Self { database, answered: Vec::new(), folds: Arc::default() }
    }

    /// The batch with this mark is committed, and its callers are told.
    pub(super) fn answered(&mut self, mark: String) {
        self.answered.push(mark);
        if self.answered.len() < COMMITS {
            return;
        }
        let Ok(mut folds) = Arc::clone(&self.folds).try_lock_owned() else { return };
        let (database, marks) = (self.database.clone(), std::mem::take(&mut self.answered));
        tokio::spawn(async move {
            let begun = Instant::now();
            if let Err(error) = tidy(database, marks, &mut folds).await {
                tracing::debug!(code = error.code(), %error, "nothing was tidied up behind the writer");
            }
            tokio::time::sleep(begun.elapsed().saturating_mul(REST)).await;
        });
    }
}

async fn tidy(database: Database, marks: Vec<String>, folds: &mut Folds) -> Result<(), StoreError> {
    let client = database.writer().await?;
    crate::sql::execute(&client, "DELETE FROM committed WHERE writer = ANY ($1)", &[&marks]).await?;
    drop(client);
    folds.fold(&database).await
}

/// How far counts were folded. A fold removes the rows that it finds and puts one for each group behind them, so the next one
/// has to look only above the greatest number that it found. But a row may be committed after that with a lower number, so
/// each fold looks above what the last but one found. That leaves out only rows of a transaction that was open from before one
/// fold until after the next (and those of a standby that was promoted and gives numbers again): whoever reads adds them up, as
/// all others, until all are folded again.
#[derive(Default)]
struct Folds {
    /// The greatest numbers that the last fold but one found, and the last one.
    found: [i64; 2],
    /// When all rows were folded.
    whole: Option<Instant>,
}

impl Folds {
    async fn fold(&mut self, database: &Database) -> Result<(), StoreError> {
        let is_whole = self.whole.is_none_or(|at| at.elapsed() >= WHOLE);
        let [last_but_one, last] = self.found;
        let above = if is_whole { 0 } else { last_but_one };
        if let Some(found) = fold_counts(database, above).await? {
            self.found = [last, found];
            if is_whole {
                self.whole = Some(Instant::now());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
