//! Commits the queue batch by batch.

use super::command::{AttemptKey, Chain, Command, Undo};
use super::{BATCH, Db, Queue};
use crate::checkpointer::Checkpointer;
use crate::error::{DbError, DbResult};
use crate::open::Fatal;
use crate::write_lock::{Turn, WriteLock};
use flow_store::{Clock, StoreError, WriteCounters, fault_point};
use rusqlite::Connection;
use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Waking up one thread and then another one takes so long on machines of all kinds, and what is gained by that is less.
const QUICK: Duration = Duration::from_micros(500);

/// What it takes to commit a batch. Whoever holds it is the one that writes.
pub(super) struct Committer {
    pub(super) connection: Connection,
    pub(super) lock: Arc<WriteLock>,
    pub(super) checkpointer: Checkpointer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fatal: Fatal,
    /// Attempts one of whose writes failed.
    pub(super) broken: HashSet<AttemptKey>,
    pub(super) counted: Arc<WriteCounters>,
    /// How long it took to make the last batch durable.
    pub(super) commit_took: Duration,
}

type Done = (Box<dyn Command>, Result<(), StoreError>);

impl Committer {
    /// Whether a commit is over before another thread would have woken up and gone to work on something.
    pub(super) fn is_quick(&self) -> bool {
        self.commit_took < QUICK
    }

    /// Commits what is in the queue as one batch, once it is this process's turn.
    pub(super) fn commit_next(&mut self, queue: &Queue) {
        let lock = Arc::clone(&self.lock);
        self.commit(queue, lock.take_turn());
    }

    /// Commits what is in the queue as one batch, unless somebody else is writing. The answer is whether everything is done:
    /// otherwise the writer's thread is to go on.
    pub(super) fn commit_if_free(&mut self, queue: &Queue) -> bool {
        let lock = Arc::clone(&self.lock);
        if let Some(turn) = lock.try_take_turn().transpose() {
            self.commit(queue, turn);
        }
        queue.is_empty()
    }

    fn commit(&mut self, queue: &Queue, turn: io::Result<Turn<'_>>) {
        let (mut batch, begun, changes) = (Vec::new(), Instant::now(), self.connection.total_changes());
        let committed = catch_unwind(AssertUnwindSafe(|| self.commit_batch(queue, turn, &mut batch)));
        // A panic leaves nobody who knows what the next batch may build on.
        let panicked = committed.is_err();
        let lost = || Err(StoreError::unavailable("a command of the store's writer panicked").into());
        let failure = committed.unwrap_or_else(|_| lost()).err();
        let is_fatal = panicked || failure.as_ref().is_some_and(DbError::is_fatal);
        let failure = failure.map(StoreError::from);
        if let (true, Some(error)) = (is_fatal, &failure) {
            (self.fatal)(error);
            queue.close();
        }
        // What only looked has made nothing durable.
        if failure.is_none() && self.connection.total_changes() != changes {
            self.counted.committed(batch.len(), begun.elapsed());
        }
        for (command, outcome) in batch {
            let outcome = outcome.and_then(|()| failure.clone().map_or(Ok(()), Err));
            self.counted.command(outcome.is_ok());
            self.note_broken(command.chain(), &outcome);
            fault_point("before-acknowledgement");
            command.reply(outcome);
            fault_point("after-acknowledgement");
        }
    }

    /// Runs and commits all that is in the queue. A command's own failure stands beside it in `batch`; an error is one
    /// of the whole batch.
    fn commit_batch(&mut self, queue: &Queue, turn: io::Result<Turn<'_>>, batch: &mut Vec<Done>) -> DbResult<()> {
        let Some(first) = queue.take() else { return Ok(()) };
        let turn = turn.map_err(|error| {
            StoreError::unavailable(format!("the lock on writing to the checkpoint database failed: {error}"))
        });
        let begun = turn.map_err(DbError::from).and_then(|turn| {
            self.execute("BEGIN IMMEDIATE")?;
            Ok(turn)
        });
        let _turn = match begun {
            Ok(turn) => turn,
            Err(error) => {
                batch.push((first, Ok(())));
                return Err(error);
            }
        };
        let mut next = Some(first);
        while let Some(mut command) = next.take() {
            let outcome = self.run_command(command.as_mut());
            // What builds on a failed write of this very batch must fail too.
            if let (Chain::Builds(key), Err(_)) = (command.chain(), &outcome) {
                self.broken.insert(key);
            }
            let rolled_back = self.connection.is_autocommit();
            match outcome {
                Err(error) if rolled_back || error.is_fatal() => {
                    batch.push((command, Ok(())));
                    return Err(error);
                }
                outcome => batch.push((command, outcome.map_err(StoreError::from))),
            }
            if batch.len() < BATCH {
                next = queue.take();
            }
        }
        for (command, _) in batch.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
            command.foretell();
        }
        fault_point("before-commit");
        let committing = Instant::now();
        if let Err(error) = self.execute("COMMIT") {
            if !self.connection.is_autocommit() {
                self.execute("ROLLBACK")?;
            }
            return Err(error);
        }
        self.commit_took = committing.elapsed();
        fault_point("after-commit");
        self.checkpointer.committed();
        Ok(())
    }

    /// The writer's thread has ended by a defect: nothing more is taken in.
    pub(super) fn give_up(&mut self, queue: &Queue) {
        queue.close();
        (self.fatal)(&StoreError::unavailable("the store's writer panicked"));
    }

    fn run_command(&mut self, command: &mut dyn Command) -> DbResult<()> {
        if let Chain::Builds(AttemptKey(request, fence)) = command.chain()
            && self.broken.contains(&AttemptKey(request, fence))
        {
            return Err(StoreError::AttemptBroken { request, fence }.into());
        }
        let db = Db { connection: &self.connection, now: self.clock.now() };
        match command.undo() {
            Undo::Savepoint => self.run_in_savepoint(command, &db),
            Undo::RefusesFirst => {
                let before = self.connection.total_changes();
                let outcome = command.apply(&db);
                if outcome.is_err() && self.connection.total_changes() != before && !self.connection.is_autocommit() {
                    self.execute("ROLLBACK")?;
                }
                outcome
            }
        }
    }

    fn run_in_savepoint(&self, command: &mut dyn Command, db: &Db<'_>) -> DbResult<()> {
        self.execute("SAVEPOINT command")?;
        let outcome = command.apply(db);
        if outcome.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK TO command")?;
        }
        if !self.connection.is_autocommit() {
            self.execute("RELEASE command")?;
        }
        outcome
    }

    fn note_broken(&mut self, chain: Chain, outcome: &Result<(), StoreError>) {
        match (chain, outcome) {
            (Chain::Builds(key), Err(error)) if !error.is_stale() => {
                self.broken.insert(key);
            }
            (Chain::Builds(key) | Chain::Ends(key), Err(_)) | (Chain::Ends(key), Ok(())) => {
                self.broken.remove(&key);
            }
            _ => {}
        }
    }

    fn execute(&self, sql: &str) -> DbResult<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
