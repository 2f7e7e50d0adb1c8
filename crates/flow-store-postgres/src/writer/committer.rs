//! Commits the queue batch by batch.

use super::command::{Applied, AttemptKey, Chain, Command, Done};
use super::tidying::Tidying;
use crate::error::{DbError, DbResult};
use crate::open::Database;
use crate::requests::{Needs, begin_batch};
use crate::sql::row;
use crate::transaction::Transaction;
use deadpool_postgres::Pool;
use flow_store::{StoreError, WriteCounters, fault_point};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// How long a batch waits for a database that is away, before its commands are told.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(50);

/// What it takes to commit a batch.
pub(super) struct Committer {
    database: Database,
    pool: Pool,
    /// Attempts one of whose writes failed.
    broken: HashSet<AttemptKey>,
    counted: Arc<WriteCounters>,
    tidying: Tidying,
    /// By what this process knows its own batches.
    name: String,
    /// How many tries to commit there were.
    tries: i64,
}

/// By what a batch is known in the database once it is committed.
pub(crate) struct Token {
    /// Its key: who commits it, and its number. Each batch has a row of its own, since one row that changes with each would be
    /// found only behind all that it was before, while somebody keeps a transaction open.
    pub(crate) mark: String,
    /// Its number among those of the writer.
    pub(crate) batch: i64,
}

/// What has become of each command of a batch.
type Outcomes = Vec<Result<Done, StoreError>>;

/// Why a batch was not committed.
enum Failure {
    /// Nothing was changed.
    Undone(DbError),
    /// The connection broke when the commit was on its way.
    Unknown {
        error: DbError,
        /// The transaction.
        xid: String,
        token: Token,
        /// What holds if it was committed.
        outcomes: Outcomes,
    },
}

impl Committer {
    pub(super) fn new(database: Database, pool: Pool, counted: Arc<WriteCounters>, name: String) -> Self {
        let tidying = Tidying::new(database.clone());
        Self { database, pool, broken: HashSet::new(), counted, tidying, name, tries: 0 }
    }

    /// Commits a batch and answers each of its commands.
    pub(super) async fn commit(&mut self, commands: Vec<Command>) {
        let begun = Instant::now();
        let committed = self.commit_patiently(&commands, begun + PATIENCE).await;
        let is_committed = committed.is_ok();
        if is_committed {
            self.counted.committed(commands.len(), begun.elapsed());
        }
        let outcomes = committed.unwrap_or_else(|error| {
            let error = StoreError::from(error);
            commands.iter().map(|_| Err(error.clone())).collect()
        });
        for (command, outcome) in commands.into_iter().zip(outcomes) {
            self.counted.command(outcome.is_ok());
            self.note_broken(command.chain(), outcome.as_ref().err());
            fault_point("before-acknowledgement");
            command.reply(outcome);
            fault_point("after-acknowledgement");
        }
        if is_committed {
            self.tidying.answered(self.token().mark);
        }
    }

    /// That of the last try.
    fn token(&self) -> Token {
        Token { mark: format!("{}/{}", self.name, self.tries), batch: self.tries }
    }

    async fn commit_patiently(&mut self, commands: &[Command], until: Instant) -> DbResult<Outcomes> {
        loop {
            let error = match self.try_commit(commands).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Undone(error)) => error,
                Err(Failure::Unknown { error, xid, token, outcomes }) => {
                    match self.was_committed(&xid, &token, until).await {
                        Some(true) => return Ok(outcomes),
                        Some(false) => error,
                        None => return Err(error),
                    }
                }
            };
            if !error.is_passing() || Instant::now() >= until {
                return Err(error);
            }
            tracing::debug!(?error, "a batch was not committed; trying again");
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn try_commit(&mut self, commands: &[Command]) -> Result<Outcomes, Failure> {
        self.tries += 1;
        let token = self.token();
        let client = self.pool.get().await.map_err(|error| Failure::Undone(error.into()))?;
        let transaction = Transaction::on(client, self.database.now(), &self.database.changes);
        let mut needs = Needs::default();
        commands.iter().for_each(|command| command.needs(&mut needs));
        let begun = begin_batch(&transaction, &self.database.numbers, &needs).await;
        let (mut batch, xid) = match begun {
            Ok(begun) => begun,
            Err(error) => return Err(undone(transaction, error).await),
        };
        let mut broken_here = HashSet::new();
        let applied: Vec<Result<Applied, StoreError>> = commands
            .iter()
            .map(|command| {
                let outcome = self.check_chain(command, &broken_here).and_then(|()| command.apply(&mut batch));
                // What builds on a failed write of this very batch must fail too.
                if let (Chain::Builds(key), Err(_)) = (command.chain(), &outcome) {
                    broken_here.insert(key);
                }
                outcome
            })
            .collect();
        let committed = if batch.is_empty() {
            transaction.batch_execute("ROLLBACK").await.map_err(|error| (error.into(), false))
        } else {
            fault_point("before-commit");
            let committed = batch.commit(&transaction, &self.database, &token).await;
            fault_point("after-commit");
            committed
        };
        let outcomes = || applied.into_iter().map(|applied| Ok(applied?.done(&batch)?)).collect();
        match committed {
            Ok(()) => {
                transaction.committed();
                Ok(outcomes())
            }
            Err((error, false)) => Err(undone(transaction, error).await),
            Err((error, true)) => Err(Failure::Unknown { error, xid, token, outcomes: outcomes() }),
        }
    }

    fn check_chain(&self, command: &Command, broken_here: &HashSet<AttemptKey>) -> Result<(), StoreError> {
        match command.chain() {
            Chain::Builds(key) if self.broken.contains(&key) || broken_here.contains(&key) => {
                Err(StoreError::AttemptBroken { request: key.0, fence: key.1 })
            }
            _ => Ok(()),
        }
    }

    /// Whether a batch was committed; none if that cannot be found out in time.
    async fn was_committed(&self, xid: &str, token: &Token, until: Instant) -> Option<bool> {
        loop {
            match self.outcome(xid, token).await {
                Ok(Some(committed)) => return Some(committed),
                // It is still under way, or the database is not there yet.
                Ok(None) | Err(_) if Instant::now() < until => tokio::time::sleep(AGAIN).await,
                _ => return None,
            }
        }
    }

    /// Whether a batch was committed; none while its transaction is under way. First whether it is, then its token, which can
    /// change no more. The id of the transaction alone says nothing: after a crash it may be another one's.
    async fn outcome(&self, xid: &str, token: &Token) -> DbResult<Option<bool>> {
        let client = self.pool.get().await?;
        let status = row(&client, "SELECT pg_xact_status($1::text::xid8)", &[&xid]).await;
        let under_way = match status {
            Ok(row) => row.try_get::<_, Option<String>>(0)?.as_deref() == Some("in progress"),
            // After a crash there may not have been such an id yet.
            Err(DbError::Postgres(error)) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => false,
            Err(error) => return Err(error),
        };
        if under_way {
            return Ok(None);
        }
        let sql = "SELECT EXISTS (SELECT FROM committed WHERE writer = $1)";
        Ok(Some(row(&client, sql, &[&token.mark]).await?.try_get(0)?))
    }

    fn note_broken(&mut self, chain: Chain, failure: Option<&StoreError>) {
        match (chain, failure) {
            (Chain::Builds(key), Some(error)) if !error.is_stale() => {
                self.broken.insert(key);
            }
            (Chain::Builds(key) | Chain::Ends(key), Some(_)) | (Chain::Ends(key), None) => {
                self.broken.remove(&key);
            }
            _ => {}
        }
    }
}

async fn undone(transaction: Transaction, error: DbError) -> Failure {
    transaction.rolled_back().await;
    Failure::Undone(error)
}
