//! What the writer is asked to do.

use super::Db;
use crate::error::DbResult;
use flow_store::{Durability, DurableLater, Fence, RequestId, StoreError};
use tokio::sync::oneshot;

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

/// How a command that fails leaves the others of its batch alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undo {
    /// By a savepoint of its own.
    Savepoint,
    /// By refusing before its first change, if at all. Should the database fail it later, the whole batch fails. Saves
    /// the savepoint, which costs a third of a small command.
    RefusesFirst,
}

/// One command in the queue.
pub(super) trait Command: Send {
    fn chain(&self) -> Chain;
    fn undo(&self) -> Undo;
    fn apply(&mut self, db: &Db<'_>) -> DbResult<()>;
    /// Called after all commands of the batch were applied, if this one was, and before they are made durable.
    fn foretell(&mut self);
    fn reply(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Who is told of a command's result before that is durable.
pub(crate) type Foretold<T> = Box<dyn FnOnce(&T, Durability) + Send>;

/// A command with its result until the batch is durable.
pub(super) struct Job<T, F> {
    chain: Chain,
    undo: Undo,
    work: Option<F>,
    done: Option<T>,
    foretold: Option<Foretold<T>>,
    durable: Option<DurableLater>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job<T, F> {
    pub(super) fn new(
        (chain, undo): (Chain, Undo),
        work: F,
        foretold: Option<Foretold<T>>,
        reply: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self { chain, undo, work: Some(work), done: None, foretold, durable: None, reply }
    }
}

impl<T: Send, F: FnOnce(&Db<'_>) -> DbResult<T> + Send> Command for Job<T, F> {
    fn chain(&self) -> Chain {
        self.chain
    }

    fn undo(&self) -> Undo {
        self.undo
    }

    fn apply(&mut self, db: &Db<'_>) -> DbResult<()> {
        if let Some(work) = self.work.take() {
            self.done = Some(work(db)?);
        }
        Ok(())
    }

    fn foretell(&mut self) {
        if let (Some(foretold), Some(done)) = (self.foretold.take(), &self.done) {
            let (later, durability) = Durability::later();
            self.durable = Some(later);
            foretold(done, durability);
        }
    }

    fn reply(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { done, reply, durable, .. } = *self;
        if let (Some(durable), Ok(())) = (durable, &outcome) {
            durable.is_durable();
        }
        let lost = || StoreError::unavailable("the command was not run");
        // Nobody listens any more if the caller was cancelled.
        let _ = reply.send(outcome.and_then(|()| done.ok_or_else(lost)));
    }
}
