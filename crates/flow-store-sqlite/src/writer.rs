//! The one writer of this process: group commit without a timer.
//!
//! Commands queue up while the last batch is being made durable; whatever is there when the writer comes back is the
//! next batch. Each command has a savepoint of its own, so that one that fails leaves the others alone; the batch has
//! one commit; replies go out after it.

use crate::error::{DbError, DbResult};
use crate::open::Fatal;
use crate::wal::Checkpointer;
use crate::write_lock::WriteLock;
use flow_store::{Clock, Fence, RequestId, StoreError, Timestamp};
use rusqlite::Connection;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use tokio::sync::oneshot;

/// Commands of one batch at most, so that no process keeps the others waiting for long.
const BATCH: usize = 1024;

/// What a command works with.
pub(crate) struct Db<'a> {
    /// The connection, inside of the batch's transaction.
    pub(crate) connection: &'a Connection,
    /// The time by the database's clock.
    pub(crate) now: Timestamp,
}

/// The attempt on whose behalf a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AttemptKey(pub(crate) RequestId, pub(crate) Fence);

/// What a failed command means for later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chain {
    /// It stands alone.
    None,
    /// It builds on what the attempt wrote before, and later writes build on it.
    Builds(AttemptKey),
    /// It ends the attempt without building on anything, so it may follow a failed write.
    Ends(AttemptKey),
}

/// The way to the writer's queue.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Command>>,
}

impl Writer {
    /// Starts the writer's thread.
    pub(crate) fn start(
        connection: Connection,
        lock: Arc<WriteLock>,
        checkpointer: Checkpointer,
        clock: Arc<dyn Clock>,
        fatal: Fatal,
    ) -> Result<Self, StoreError> {
        let (queue, commands) = mpsc::channel();
        let state = WriterThread { connection, lock, checkpointer, clock, fatal, broken: HashSet::new() };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || state.run(&commands))
            .map_err(|error| StoreError::unavailable(format!("the writer's thread cannot start: {error}")))?;
        Ok(Self { queue })
    }

    /// Runs `work` in the next batch; ready when that is durable.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> DbResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_chained(Chain::None, work).await
    }

    /// As [`Writer::run`], for a write of an attempt. Commands run in the order in which this is called.
    pub(crate) async fn run_chained<T: Send + 'static>(
        &self,
        chain: Chain,
        work: impl FnOnce(&Db<'_>) -> DbResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::unavailable("the store's writer has ended");
        let (reply, answer) = oneshot::channel();
        let job = Job { chain, work: Some(work), done: None, reply };
        self.queue.send(Box::new(job)).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Work for the writer, whatever its result's type.
trait Command: Send {
    fn chain(&self) -> Chain;
    fn apply(&mut self, db: &Db<'_>) -> DbResult<()>;
    fn reply(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Job<T, F> {
    chain: Chain,
    work: Option<F>,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Db<'_>) -> DbResult<T> + Send> Command for Job<T, F> {
    fn chain(&self) -> Chain {
        self.chain
    }

    fn apply(&mut self, db: &Db<'_>) -> DbResult<()> {
        if let Some(work) = self.work.take() {
            self.done = Some(work(db)?);
        }
        Ok(())
    }

    fn reply(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { done, reply, .. } = *self;
        let lost = || StoreError::unavailable("the command was not run");
        // Nobody listens any more if the caller was cancelled.
        let _ = reply.send(outcome.and_then(|()| done.ok_or_else(lost)));
    }
}

struct WriterThread {
    connection: Connection,
    lock: Arc<WriteLock>,
    checkpointer: Checkpointer,
    clock: Arc<dyn Clock>,
    fatal: Fatal,
    /// Attempts of which a write failed: what they write later may build on it and is refused.
    broken: HashSet<AttemptKey>,
}

/// A process whose writer has panicked can keep no promise any more: it ends, and survivors take over.
struct EndOnPanic(Fatal);

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)(&StoreError::unavailable("the store's writer panicked"));
        }
    }
}

/// A command and how it went.
type Done = (Box<dyn Command>, Result<(), StoreError>);

impl WriterThread {
    fn run(mut self, commands: &mpsc::Receiver<Box<dyn Command>>) {
        let _end = EndOnPanic(self.fatal.clone());
        while let Ok(first) = commands.recv() {
            let mut batch = Vec::new();
            let committed = self.commit_batch(first, commands, &mut batch);
            let failure = committed.err();
            let is_fatal = failure.as_ref().is_some_and(DbError::is_fatal);
            let failure = failure.map(StoreError::from);
            if let (true, Some(error)) = (is_fatal, &failure) {
                (self.fatal)(error);
            }
            for (command, outcome) in batch {
                let outcome = outcome.and_then(|()| failure.clone().map_or(Ok(()), Err));
                self.note_broken(command.chain(), &outcome);
                command.reply(outcome);
            }
            if is_fatal {
                return;
            }
        }
    }

    /// Runs and commits one batch, which is in `batch` afterwards, also when it failed as a whole.
    fn commit_batch(
        &mut self,
        first: Box<dyn Command>,
        commands: &mpsc::Receiver<Box<dyn Command>>,
        batch: &mut Vec<Done>,
    ) -> DbResult<()> {
        let lock = self.lock.clone();
        let turn = lock.take_turn().map_err(|error| {
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
                next = commands.try_recv().ok();
            }
        }
        if let Err(error) = self.execute("COMMIT") {
            if !self.connection.is_autocommit() {
                self.execute("ROLLBACK")?;
            }
            return Err(error);
        }
        // The batch is durable; a failure from here on is the next one's, unless the disk is broken.
        match self.checkpointer.after_commit(&self.connection) {
            Err(error) if error.is_fatal() => (self.fatal)(&error.into()),
            Err(error) => tracing::warn!(?error, "the log could not be brought to the database; trying again later"),
            Ok(()) => {}
        }
        Ok(())
    }

    fn run_command(&mut self, command: &mut dyn Command) -> DbResult<()> {
        if let Chain::Builds(AttemptKey(request, fence)) = command.chain()
            && self.broken.contains(&AttemptKey(request, fence))
        {
            return Err(StoreError::AttemptBroken { request, fence }.into());
        }
        self.execute("SAVEPOINT command")?;
        let db = Db { connection: &self.connection, now: self.clock.now() };
        let outcome = command.apply(&db);
        if outcome.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK TO command")?;
        }
        if !self.connection.is_autocommit() {
            self.execute("RELEASE command")?;
        }
        outcome
    }

    /// Remembers which attempts can no longer build on their writes, now that the batch's end is known.
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

#[cfg(test)]
mod tests;
