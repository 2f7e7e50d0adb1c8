//! The one writer of this process: group commit without a timer.
//!
//! Commands queue up while the last batch is being made durable; whatever is there when the writer comes back is the
//! next batch. A command that fails leaves the others of its batch alone; the batch has one commit; replies go out
//! after it.
//!
//! While nobody is writing, a command is committed right where it was asked for: a batch of one has nothing to gain from
//! waiting for another thread to wake up. As soon as there is more to do, the writer's own thread goes on.

mod command;
mod committer;

use crate::checkpointer::Checkpointer;
use crate::error::DbResult;
use crate::open::Fatal;
use crate::write_lock::WriteLock;
use command::{Command, Job};
use committer::Committer;
use flow_store::{Clock, StoreError, StoreStatistics, Timestamp, WriteCounters};
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) use command::{AttemptKey, Chain, Foretold, Undo};

/// Commands of one batch at most, so that no process keeps the others waiting for long.
const BATCH: usize = 1024;

/// What a command works with.
pub(crate) struct Db<'a> {
    /// The connection, inside of the batch's transaction.
    pub(crate) connection: &'a Connection,
    /// The time by the database's clock.
    pub(crate) now: Timestamp,
}

/// The way to the writer.
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Queue,
    committer: Mutex<Committer>,
    counted: Arc<WriteCounters>,
}

/// Commands that wait for the next batch.
struct Queue {
    state: Mutex<QueueState>,
    /// Wakes the writer's thread.
    wanted: Condvar,
}

#[derive(Default)]
struct QueueState {
    commands: VecDeque<Box<dyn Command>>,
    /// Whether the writer's thread is to look after what is left.
    wanted: bool,
    /// Whether nothing more is taken in.
    closed: bool,
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
        let counted = Arc::<WriteCounters>::default();
        let (broken, commit_took) = (HashSet::new(), Duration::MAX);
        let committer = Committer {
            connection,
            lock,
            checkpointer,
            clock,
            fatal,
            broken,
            counted: Arc::clone(&counted),
            commit_took,
        };
        let queue = Queue { state: Mutex::default(), wanted: Condvar::new() };
        let shared = Arc::new(Shared { queue, committer: Mutex::new(committer), counted });
        let served = Arc::clone(&shared);
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let served_all = catch_unwind(AssertUnwindSafe(|| {
                    while served.queue.wait() {
                        served.committer.lock().commit_next(&served.queue);
                    }
                }));
                if served_all.is_err() {
                    // Whoever writes from now on would wait for ever, in a process that looks alive.
                    served.committer.lock().give_up(&served.queue);
                }
            })
            .map_err(|error| StoreError::unavailable(format!("the writer's thread cannot start: {error}")))?;
        Ok(Self { shared })
    }

    /// What has been written so far.
    pub(crate) fn statistics(&self) -> StoreStatistics {
        self.shared.counted.statistics(self.shared.queue.len())
    }

    /// Runs `work` in the next batch; ready when that is durable.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> DbResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_chained(Chain::None, Undo::Savepoint, work).await
    }

    /// The same for a command that is one of a chain.
    pub(crate) async fn run_chained<T: Send + 'static>(
        &self,
        chain: Chain,
        undo: Undo,
        work: impl FnOnce(&Db<'_>) -> DbResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.put(Job::new((chain, undo), work, None, reply))?;
        self.commit_here_if(|_| true);
        answer.await.map_err(|_| closed())?
    }

    /// Runs `work` in the next batch and tells `foretold` of its result before that is durable. On the writer's own thread
    /// where commits take their time: what begins early is not to wait for a thread that waits for the disk.
    pub(crate) async fn run_foretold<T: Send + 'static>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Db<'_>) -> DbResult<T> + Send + 'static,
        foretold: Foretold<T>,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.put(Job::new((Chain::None, undo), work, Some(foretold), reply))?;
        self.commit_here_if(Committer::is_quick);
        answer.await.map_err(|_| closed())?
    }

    /// Commits what is in the queue right here if nobody is writing and `is_fit`, and leaves the rest to the writer's thread.
    fn commit_here_if(&self, is_fit: impl FnOnce(&Committer) -> bool) {
        let free = self.shared.committer.try_lock().filter(|free| is_fit(free));
        let done = free.is_some_and(|mut free| free.commit_if_free(&self.shared.queue));
        if !done {
            self.shared.queue.wake();
        }
    }

    fn put(&self, command: impl Command + 'static) -> Result<(), StoreError> {
        if self.shared.queue.put(Box::new(command)) { Ok(()) } else { Err(closed()) }
    }
}

fn closed() -> StoreError {
    StoreError::unavailable("the store's writer has ended")
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.queue.state.lock().closed = true;
        self.shared.queue.wake();
    }
}

impl Queue {
    /// Adds a command; false if nothing more is taken in.
    fn put(&self, command: Box<dyn Command>) -> bool {
        let mut state = self.state.lock();
        if !state.closed {
            state.commands.push_back(command);
        }
        !state.closed
    }

    fn take(&self) -> Option<Box<dyn Command>> {
        self.state.lock().commands.pop_front()
    }

    fn len(&self) -> usize {
        self.state.lock().commands.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks the writer's thread to look after what is left.
    fn wake(&self) {
        self.state.lock().wanted = true;
        self.wanted.notify_one();
    }

    /// Waits until the writer's thread is wanted; false when there will be nothing more.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while !state.wanted && state.commands.is_empty() && !state.closed {
            self.wanted.wait(&mut state);
        }
        state.wanted = false;
        !state.closed || !state.commands.is_empty()
    }

    /// Takes nothing more in, and drops what is left: nobody knows what is durable.
    fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.commands.clear();
    }
}

#[cfg(test)]
mod tests;
