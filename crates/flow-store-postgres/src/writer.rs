//! The writer of this process: group commit without a timer.
//!
//! What attempts save, and new requests, queue up while the last batch is being made durable; whatever is there when a
//! committer comes back is its next batch: one round trip to lock and load, unless its requests are known, and one to write and
//! commit. A command that the rules refuse leaves the others of its batch alone; replies go out after the commit.
//!
//! There are two committers, so that one batch is made while the database makes the other one durable. All writes of a
//! request go by the same one, in order.
//!
//! A database that restarts is waited for. When a connection breaks around a commit, the writer asks for the outcome of
//! that very batch before it goes on: nothing is written twice, and nothing is told as lost that was saved.

mod command;
mod committer;
mod tidying;

use crate::open::Database;
use crate::requests::{Known, PreparedRequest, PreparedWrite};
use command::Command;
use committer::Committer;
pub(crate) use committer::Token;
use deadpool_postgres::Pool;
use flow_store::{
    AttemptEnd, AttemptWrite, AuditEntry, Created, Fence, Owner, Request, RequestId, StoreError, StoreStatistics,
    WriteCounters,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Commands of one batch at most.
const BATCH: usize = 1024;

/// Bytes after which a batch takes no further command: the database takes no message of a gigabyte.
const BATCH_BYTES: usize = 64 * 1024 * 1024;

/// Batches that are on their way at the same time.
const COMMITTERS: usize = 2;

/// The way to the writer. Its tasks end when this is dropped and everything in the queues is done.
pub(crate) struct Writer {
    queues: [mpsc::UnboundedSender<Command>; COMMITTERS],
    /// Who makes the next requests.
    turn: AtomicUsize,
    counted: Arc<WriteCounters>,
    /// Commands in the queues.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the writer. Each committer has the one connection of its pool for itself. No other process has this `name`.
    pub(crate) fn start(database: &Database, pools: [Pool; COMMITTERS], name: &str) -> Self {
        let counted = Arc::<WriteCounters>::default();
        let waiting = Arc::<AtomicUsize>::default();
        let known = Arc::<Known>::default();
        let mut number = 0;
        let queues = pools.map(|pool| {
            let (queue, commands) = mpsc::unbounded_channel();
            let committer = Committer::new(
                database.clone(),
                pool,
                Arc::clone(&known),
                Arc::clone(&counted),
                format!("{name}-{number}"),
            );
            number += 1;
            tokio::spawn(commit_for_ever(committer, commands, Arc::clone(&waiting)));
            queue
        });
        Self { queues, turn: AtomicUsize::default(), counted, waiting }
    }

    /// What has been written so far.
    pub(crate) fn statistics(&self) -> StoreStatistics {
        self.counted.statistics(self.waiting.load(Ordering::Relaxed))
    }

    /// Makes requests.
    pub(crate) async fn create(
        &self,
        new: Vec<PreparedRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.ask(turn, |reply| Command::Create { new, owner, audit, reply }).await
    }

    /// Writes for an attempt.
    pub(crate) async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError> {
        let write = PreparedWrite::new(write)?;
        self.ask(place_of(id), |reply| Command::Write { id, fence, write, reply }).await
    }

    /// Ends an attempt.
    pub(crate) async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError> {
        let write = PreparedWrite::new(write)?;
        self.ask(place_of(id), |reply| Command::End { id, fence, end, write, reply }).await
    }

    /// Asks one of the committers.
    async fn ask<T>(
        &self,
        place: usize,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::unavailable("the store's writer has ended");
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let queue = self.queues.get(place % COMMITTERS).ok_or_else(ended)?;
        queue.send(command(reply)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

/// Where the writes of a request go.
fn place_of(id: RequestId) -> usize {
    usize::try_from(id.0).unwrap_or(0)
}

async fn commit_for_ever(
    mut committer: Committer,
    mut commands: mpsc::UnboundedReceiver<Command>,
    waiting: Arc<AtomicUsize>,
) {
    let mut queued = Vec::new();
    while !queued.is_empty() || commands.recv_many(&mut queued, BATCH).await > 0 {
        let rest = queued.split_off(size_of_next(&queued));
        let batch = std::mem::replace(&mut queued, rest);
        waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        committer.commit(batch).await;
    }
}

/// How many of these commands are the next batch.
fn size_of_next(queued: &[Command]) -> usize {
    let mut bytes = 0;
    let fits = |command: &&Command| {
        let fits = bytes < BATCH_BYTES;
        bytes += command.bytes();
        fits
    };
    queued.iter().take_while(fits).count()
}
