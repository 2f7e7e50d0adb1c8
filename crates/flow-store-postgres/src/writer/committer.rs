//! Commits the queue batch by batch.

use super::command::{Applied, AttemptKey, Chain, Command, Done};
use super::tidying::Tidying;
use crate::error::{DbError, DbResult, corrupt};
use crate::open::Database;
use crate::requests::{Batch, Known, Needs, NotWritten, begin_batch};
use crate::sql::execute;
use crate::transaction::Transaction;
use deadpool_postgres::Pool;
use flow_store::{StoreError, WriteCounters, fault_point};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    known: Arc<Known>,
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
        token: Token,
        /// What holds if it was committed.
        outcomes: Outcomes,
    },
}

impl Committer {
    pub(super) fn new(
        database: Database,
        pool: Pool,
        known: Arc<Known>,
        counted: Arc<WriteCounters>,
        name: String,
    ) -> Self {
        let tidying = Tidying::new(database.clone());
        Self { database, pool, broken: HashSet::new(), known, counted, tidying, name, tries: 0 }
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
                Err(Failure::Unknown { error, token, outcomes }) => match self.was_committed(&token, until).await {
                    Some(true) => return Ok(outcomes),
                    Some(false) => error,
                    None => return Err(error),
                },
            };
            if !error.is_passing() || Instant::now() >= until {
                return Err(error);
            }
            tracing::debug!(?error, "a batch was not committed; trying again");
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn try_commit(&mut self, commands: &[Command]) -> Result<Outcomes, Failure> {
        let mut needs = Needs::default();
        commands.iter().for_each(|command| command.needs(&mut needs));
        if let Some(outcomes) = self.try_known(commands, &needs).await? {
            return Ok(outcomes);
        }
        let (token, transaction) = self.begin().await?;
        let mut batch = match begin_batch(&transaction, &self.database.numbers, &needs).await {
            Ok(begun) => begun,
            Err(error) => return Err(undone(transaction, error).await),
        };
        let applied = self.apply(commands, &mut batch);
        if batch.is_empty() {
            transaction.rolled_back().await;
            return Ok(outcomes(applied, &batch));
        }
        match self.send(applied, batch, token, transaction).await {
            Ok(Some(outcomes)) => Ok(outcomes),
            Ok(None) => Err(Failure::Undone(corrupt("request", "it has changed although it is locked").into())),
            Err(failure) => Err(failure),
        }
    }

    /// Commits a batch by what is known. None, and nothing is changed, if that is not enough or no longer holds.
    async fn try_known(&mut self, commands: &[Command], needs: &Needs) -> Result<Option<Outcomes>, Failure> {
        let Some(mut batch) = self.known.batch(needs, self.database.now()) else { return Ok(None) };
        let applied = self.apply(commands, &mut batch);
        // What is refused by what is known might be allowed by what is there.
        if batch.is_empty() || batch.is_large() || applied.iter().any(Result::is_err) {
            return Ok(None);
        }
        let (token, transaction) = self.begin().await?;
        self.send(applied, batch, token, transaction).await
    }

    /// Changes what a batch holds by each command.
    fn apply<'c>(&self, commands: &'c [Command], batch: &mut Batch<'c>) -> Vec<Result<Applied, StoreError>> {
        let mut broken_here = HashSet::new();
        let apply = |command: &'c Command| {
            let outcome = self.check_chain(command, &broken_here).and_then(|()| command.apply(batch));
            // What builds on a failed write of this very batch must fail too.
            if let (Chain::Builds(key), Err(_)) = (command.chain(), &outcome) {
                broken_here.insert(key);
            }
            outcome
        };
        commands.iter().map(apply).collect()
    }

    /// Writes a batch and commits. None, and nothing is changed, if something is no longer what the batch takes it for.
    async fn send(
        &self,
        applied: Vec<Result<Applied, StoreError>>,
        mut batch: Batch<'_>,
        token: Token,
        transaction: Transaction,
    ) -> Result<Option<Outcomes>, Failure> {
        fault_point("before-commit");
        let committed = batch.commit(&transaction, &self.database, &token).await;
        fault_point("after-commit");
        let outcomes = || outcomes(applied, &batch);
        match committed {
            Ok(()) => {
                transaction.committed();
                let outcomes = outcomes();
                self.known.note(batch);
                Ok(Some(outcomes))
            }
            Err(NotWritten::Outdated) => {
                transaction.refused();
                Ok(None)
            }
            Err(NotWritten::Undone(error)) => Err(undone(transaction, error).await),
            Err(NotWritten::Unknown(error)) => Err(Failure::Unknown { error, token, outcomes: outcomes() }),
        }
    }

    /// What the next try begins with.
    async fn begin(&mut self) -> Result<(Token, Transaction), Failure> {
        self.tries += 1;
        let client = self.pool.get().await.map_err(|error| Failure::Undone(error.into()))?;
        Ok((self.token(), Transaction::on(client, self.database.now(), &self.database.changes)))
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
    async fn was_committed(&self, token: &Token, until: Instant) -> Option<bool> {
        loop {
            match self.settle(token).await {
                Ok(committed) => return Some(committed),
                // The database is not there yet.
                Err(_) if Instant::now() < until => tokio::time::sleep(AGAIN).await,
                Err(_) => return None,
            }
        }
    }

    /// Whether a batch was committed. If not, it never will be: its mark is taken here, and there is but one of each. Waits for a batch
    /// that is still under way.
    async fn settle(&self, token: &Token) -> DbResult<bool> {
        let client = self.pool.get().await?;
        let take = "INSERT INTO committed (writer, batch, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        Ok(execute(&client, take, &[&token.mark, &token.batch, &self.database.now().0]).await? == 0)
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

/// What holds for each command once a batch is committed.
fn outcomes(applied: Vec<Result<Applied, StoreError>>, batch: &Batch<'_>) -> Outcomes {
    applied.into_iter().map(|applied| Ok(applied?.done(batch)?)).collect()
}

async fn undone(transaction: Transaction, error: DbError) -> Failure {
    transaction.rolled_back().await;
    Failure::Undone(error)
}

#[cfg(test)]
mod tests;
