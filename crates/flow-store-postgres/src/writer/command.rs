//! What the writer is asked to do.

use crate::error::DbResult;
use crate::requests::{Batch, Made, Needs, PreparedRequest, PreparedWrite};
use flow_store::{
    AttemptEnd, AuditEntry, Created, Fence, Owner, Request, RequestId, ServerState, StoreError, transition,
};
use tokio::sync::oneshot;

/// Where an answer goes. Nobody may listen any more.
type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// The attempt on whose behalf a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AttemptKey(pub(super) RequestId, pub(super) Fence);

/// What a failed command means for later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    /// It stands alone.
    None,
    /// It builds on what the attempt wrote before, and later writes build on it.
    Builds(AttemptKey),
    /// It ends the attempt without building on anything, so it may follow a failed write.
    Ends(AttemptKey),
}

/// One command in the queue.
pub(super) enum Command {
    /// Makes requests.
    Create { new: Vec<PreparedRequest>, owner: Option<Owner>, audit: Option<AuditEntry>, reply: Reply<Vec<Created>> },
    /// Writes for an attempt.
    Write { id: RequestId, fence: Fence, write: PreparedWrite, reply: Reply<()> },
    /// Ends an attempt.
    End { id: RequestId, fence: Fence, end: AttemptEnd, write: PreparedWrite, reply: Reply<Request> },
}

/// What a command has done, once its batch is committed.
#[expect(clippy::large_enum_variant, reason = "there is one for each command of a batch, for a moment")]
pub(super) enum Done {
    Created(Vec<Created>),
    Written,
    Ended(Request),
}

/// The same before the ids of new requests are known.
#[expect(clippy::large_enum_variant, reason = "there is one for each command of a batch, for a moment")]
pub(super) enum Applied {
    Created(Vec<Made>),
    Written,
    Ended(Request),
}

impl Command {
    pub(super) fn chain(&self) -> Chain {
        match self {
            Self::Create { .. } => Chain::None,
            Self::Write { id, fence, .. } => Chain::Builds(AttemptKey(*id, *fence)),
            Self::End { id, fence, end, write, .. } => {
                let key = AttemptKey(*id, *fence);
                let gives_up = matches!(end, AttemptEnd::Failed { .. } | AttemptEnd::Released);
                if gives_up && write.saves_nothing() { Chain::Ends(key) } else { Chain::Builds(key) }
            }
        }
    }

    /// How much of a message to the database it takes, but for some hundred bytes a row.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Create { new, .. } => new.iter().map(PreparedRequest::bytes).sum(),
            Self::Write { write, .. } | Self::End { write, .. } => write.bytes(),
        }
    }

    /// Adds what it needs to be held.
    pub(super) fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create { new, owner, .. } => {
                new.iter().for_each(|new| needs.new_request(&new.new));
                if let Some(owner) = owner {
                    needs.owner(owner);
                }
            }
            Self::Write { id, .. } | Self::End { id, .. } => needs.request(*id),
        }
    }

    /// Changes what the batch holds, or changes nothing.
    pub(super) fn apply<'a>(&'a self, batch: &mut Batch<'a>) -> Result<Applied, StoreError> {
        match self {
            Self::Create { new, owner, audit, .. } => {
                let owner = match owner {
                    Some(owner) if batch.servers.check_alive(owner)? == ServerState::Running => Some(owner),
                    _ => None,
                };
                Ok(Applied::Created(batch.create(new, owner, false, audit.as_ref())?))
            }
            Self::Write { id, fence, write, .. } => {
                batch.write(*id, *fence, write)?;
                Ok(Applied::Written)
            }
            Self::End { id, fence, end, write, .. } => {
                batch.write(*id, *fence, write)?;
                let request = batch.get(*id)?.clone();
                let server = batch.owner_name(&request);
                let change = transition::end_attempt(request, *fence, end.clone(), &server, batch.now)?;
                Ok(Applied::Ended(batch.apply(change)?))
            }
        }
    }

    pub(super) fn reply(self, outcome: Result<Done, StoreError>) {
        let mixed_up = || StoreError::unavailable("the command was not run");
        match self {
            Self::Create { reply, .. } => {
                let _ = reply.send(outcome.and_then(|done| match done {
                    Done::Created(created) => Ok(created),
                    _ => Err(mixed_up()),
                }));
            }
            Self::Write { reply, .. } => {
                let _ = reply.send(outcome.map(drop));
            }
            Self::End { reply, .. } => {
                let _ = reply.send(outcome.and_then(|done| match done {
                    Done::Ended(request) => Ok(request),
                    _ => Err(mixed_up()),
                }));
            }
        }
    }
}

impl Applied {
    /// What was done, once the ids of new requests are known.
    pub(super) fn done(self, batch: &Batch<'_>) -> DbResult<Done> {
        Ok(match self {
            Self::Created(made) => Done::Created(batch.created(made)?),
            Self::Written => Done::Written,
            Self::Ended(request) => Done::Ended(request),
        })
    }
}
