//! The one writer of this process: group commit without a timer.
//!
//! What attempts save, and new requests, queue up while the last batch is being made durable; whatever is there when the
//! writer comes back is the next batch: one round trip to lock and load, one to write and commit. A command that the rules
//! refuse leaves the others of its batch alone; replies go out after the commit.
//!
//! A database that restarts is waited for. When a connection breaks around a commit, the writer asks for the outcome of
//! that very batch before it goes on: nothing is written twice, and nothing is told as lost that was saved.

mod command;
mod committer;
mod tidying;

use crate::numbers::LaneOf;
use crate::open::Database;
use command::Command;
use committer::Committer;
pub(crate) use committer::Token;
use deadpool_postgres::Pool;
use flow_store::{
    AttemptEnd, AttemptWrite, AuditEntry, Created, Fence, NewRequest, Owner, Request, RequestId, StoreError,
    StoreStatistics, WriteCounters,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Commands of one batch at most.
const BATCH: usize = 1024;

/// The way to the writer. Its task ends when this is dropped and everything in the queue is done.
pub(crate) struct Writer {
    queue: mpsc::UnboundedSender<Command>,
    counted: Arc<WriteCounters>,
    /// Commands in the queue.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the writer, which has the one connection of `pool` for itself. No other process has this `name`.
    pub(crate) fn start(database: Database, pool: Pool, name: String) -> Self {
        let (queue, commands) = mpsc::unbounded_channel();
        let counted = Arc::<WriteCounters>::default();
        let waiting = Arc::<AtomicUsize>::default();
        let committer = Committer::new(database, pool, Arc::clone(&counted), name);
        tokio::spawn(commit_for_ever(committer, commands, Arc::clone(&waiting)));
        Self { queue, counted, waiting }
    }

    /// What has been written so far.
    pub(crate) fn statistics(&self) -> StoreStatistics {
        self.counted.statistics(self.waiting.load(Ordering::Relaxed))
    }

    /// Makes requests; `lanes` are theirs.
    pub(crate) async fn create(
        &self,
        new: Vec<NewRequest>,
        lanes: Vec<LaneOf>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError> {
        self.ask(|reply| Command::Create { new, lanes, owner, audit, reply }).await
    }

    /// Writes for an attempt.
    pub(crate) async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError> {
        let write = crate::requests::PreparedWrite::new(write)?;
        self.ask(|reply| Command::Write { id, fence, write, reply }).await
    }

    /// Ends an attempt.
    pub(crate) async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError> {
        let write = crate::requests::PreparedWrite::new(write)?;
        self.ask(|reply| Command::End { id, fence, end, write, reply }).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::unavailable("the store's writer has ended");
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.send(command(reply)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

async fn commit_for_ever(
    mut committer: Committer,
    mut commands: mpsc::UnboundedReceiver<Command>,
    waiting: Arc<AtomicUsize>,
) {
    let mut batch = Vec::new();
    while commands.recv_many(&mut batch, BATCH).await > 0 {
        waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        committer.commit(std::mem::take(&mut batch)).await;
    }
}
