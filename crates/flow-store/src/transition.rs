//! The rules of a request's life, as pure functions: a request, what happens to it, and the time go in; the changed
//! request and what is to be written beside it come out. No I/O, no clock. Every store applies these and has no rules
//! of its own.

mod by_person;
mod rewind;
mod takeover;

use crate::{
    AttemptEnd, AttemptOutcome, Fence, Level, LogEntry, NewRequest, Owner, Request, RequestError, RequestId,
    RequestState, SavedKind, SavedPoint, Timestamp, VersionId, event,
};
use RequestState::{Cancelled, Error, Finished, Queued, Running, Waiting, WaitingForRetry};

pub use by_person::{cancel, re_execute};
pub use rewind::{Earlier, GoOn, PointInWrite, rewind};
pub use takeover::{TAKEOVER_LIMIT, hand_over, leave, recover, take_from, take_over};

/// The rules do not allow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The attempt that wrote is no longer the current one.
    #[error("request {request} no longer belongs to the attempt with fence {fence}")]
    StaleFence {
        /// The request.
        request: RequestId,
        /// The fence that the write carried.
        fence: Fence,
    },
    /// The request is in a state in which this cannot be done.
    #[error("request {request} is {state} and cannot be {action}; {way_out}")]
    WrongState {
        /// The request.
        request: RequestId,
        /// Its state.
        state: RequestState,
        /// What was asked for.
        action: &'static str,
        /// What can be done instead.
        way_out: &'static str,
    },
    /// The request waits for its retry at a server that lives, and another one was to go on with it.
    #[error(
        "request {request} waits for its retry at {server}, which lives: re-execute it there, at once, or wait. For another \
         server to go on with it, cancel it first"
    )]
    OwnerLives {
        /// The request.
        request: RequestId,
        /// The name of its server.
        server: String,
    },
    /// The request has changed since somebody looked at it.
    #[error(
        "request {request} has changed since it was found to fit version {version}; look again, and re-execute it then"
    )]
    Changed {
        /// The request.
        request: RequestId,
        /// The version that it was to be pinned to.
        version: VersionId,
    },
    /// The request has no such saved point.
    #[error("request {request} has {present} saved points, so it cannot go on from the end of the first {wanted}")]
    NoSavedPoint {
        /// The request.
        request: RequestId,
        /// How many were to stay.
        wanted: u32,
        /// How many there are.
        present: usize,
    },
}

/// What happens to the history of attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptChange {
    /// Nothing.
    None,
    /// The attempt `request.attempt` by `request.owner` starts.
    Started,
    /// The attempt `request.attempt` has ended.
    Ended(AttemptOutcome, Option<RequestError>),
}

/// A changed request and what is to be written beside it, in the same transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The request as it is from now on.
    pub request: Request,
    /// What happens to the history of attempts.
    pub attempt: AttemptChange,
    /// New log entries.
    pub log: Vec<LogEntry>,
}

impl Change {
    fn quiet(request: Request) -> Self {
        Self { request, attempt: AttemptChange::None, log: Vec::new() }
    }

    fn ended(request: Request, outcome: AttemptOutcome, error: Option<RequestError>) -> Self {
        Self { request, attempt: AttemptChange::Ended(outcome, error), log: Vec::new() }
    }

    fn with_log(mut self, entry: LogEntry) -> Self {
        self.log.push(entry);
        self
    }
}

/// A request is made: `Queued`, or `Running` at once where an owner makes it. Under limits it is `Queued` for that owner,
/// unless `has_room` says that the same write has seen room under them ([`crate::NewFiring::only_with_room`]).
pub fn create(id: RequestId, new: NewRequest, owner: Option<Owner>, has_room: bool, now: Timestamp) -> Change {
    let request = Request {
        id,
        project: new.project,
        version: new.version,
        flow: new.flow,
        trigger: new.trigger,
        requested_by: new.requested_by,
        inputs: new.inputs,
        settings: new.settings,
        state: Queued,
        owner: None,
        fence: Fence(0),
        attempt: 0,
        retries_used: 0,
        takeovers_without_progress: 0,
        due: None,
        created: now,
        started: None,
        updated: now,
        stalled: None,
        ended: None,
        checkpoint: None,
        saved_points: 0,
        error: None,
        reply: None,
    };
    match owner {
        Some(owner) if has_room || request.settings.limits.is_empty() => start(request, owner, now),
        owner => Change::quiet(Request { owner, ..request }),
    }
}

/// Whether `owner` may start the request's next attempt now.
pub fn is_claimable(request: &Request, owner: &Owner, now: Timestamp) -> bool {
    let free_or_own = request.owner.as_ref().is_none_or(|current| current == owner);
    match request.state {
        Queued => free_or_own,
        Waiting | WaitingForRetry => free_or_own && request.due.is_none_or(|due| due <= now),
        Running | Finished | Error | Cancelled => false,
    }
}

/// An owner starts the next attempt of a claimable request.
pub fn claim(request: Request, owner: &Owner, now: Timestamp) -> Result<Change, TransitionError> {
    if is_claimable(&request, owner, now) {
        return Ok(start(request, owner.clone(), now));
    }
    Err(wrong_state(&request, "started", "it belongs to another server, is not due or has ended"))
}

fn start(mut request: Request, owner: Owner, now: Timestamp) -> Change {
    request.state = Running;
    request.owner = Some(owner);
    request.fence = request.fence.raised();
    request.attempt += 1;
    request.due = None;
    request.error = None;
    request.started = request.started.or(Some(now));
    request.stalled = None;
    request.updated = now;
    Change { request, attempt: AttemptChange::Started, log: Vec::new() }
}

/// Whether a write that carries `fence` may still change the request.
pub fn check_fence(request: &Request, fence: Fence) -> Result<(), TransitionError> {
    if request.state == Running && request.fence == fence {
        return Ok(());
    }
    Err(TransitionError::StaleFence { request: request.id, fence })
}

/// What saved points change in their request, apart from being added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many there are.
    pub points: u32,
    /// Name of the last Checkpoint among them.
    pub checkpoint: Option<String>,
    /// Whether any takes the request forward.
    pub forward: bool,
}

/// What `saved` changes in its request. A function of its own so that a store can write it without reading the request.
pub fn progress(saved: &[SavedPoint]) -> Progress {
    let name = |point: &SavedPoint| match point.kind {
        SavedKind::Begin => Some("Start".to_owned()),
        SavedKind::Checkpoint => Some(point.name.clone()),
        _ => None,
    };
    Progress {
        points: u32::try_from(saved.len()).unwrap_or(u32::MAX),
        checkpoint: saved.iter().rev().find_map(name),
        forward: saved.iter().any(|point| point.kind.is_progress()),
    }
}

/// The current attempt saves.
pub fn save(
    mut request: Request,
    fence: Fence,
    saved: &[SavedPoint],
    now: Timestamp,
) -> Result<Request, TransitionError> {
    check_fence(&request, fence)?;
    let progress = progress(saved);
    request.saved_points = request.saved_points.saturating_add(progress.points);
    request.checkpoint = progress.checkpoint.or(request.checkpoint);
    if progress.forward {
        request.takeovers_without_progress = 0;
    }
    request.updated = now;
    Ok(request)
}

/// The current attempt makes no progress since a time, or makes progress again, as `entry` says.
pub fn mark_stalled(
    mut request: Request,
    fence: Fence,
    since: Option<Timestamp>,
    entry: LogEntry,
    now: Timestamp,
) -> Result<Change, TransitionError> {
    check_fence(&request, fence)?;
    request.stalled = since;
    request.updated = now;
    Ok(Change::quiet(request).with_log(entry))
}

/// The current attempt ends. `server` is its owner's name, for the log.
pub fn end_attempt(
    mut request: Request,
    fence: Fence,
    end: AttemptEnd,
    server: &str,
    now: Timestamp,
) -> Result<Change, TransitionError> {
    check_fence(&request, fence)?;
    request.stalled = None;
    request.updated = now;
    Ok(match end {
        AttemptEnd::Finished { reply } => {
            request.state = Finished;
            request.ended = Some(now);
            request.reply = reply;
            Change::ended(request, AttemptOutcome::Finished, None)
        }
        AttemptEnd::Failed { error, retryable } => fail(request, error, retryable, server, now),
        AttemptEnd::Waiting { due, .. } => {
            request.state = Waiting;
            request.due = Some(due);
            Change::ended(request, AttemptOutcome::Waiting, None)
        }
        AttemptEnd::Released => release(request, server, now),
    })
}

fn fail(mut request: Request, error: RequestError, retryable: bool, server: &str, now: Timestamp) -> Change {
    request.error = Some(error.clone());
    let outcome = AttemptOutcome::Failed;
    if !retryable || request.retries_used >= request.settings.retry_count {
        end_in_error(&mut request, now);
        return Change::ended(request, outcome, Some(error));
    }
    request.retries_used += 1;
    let due = now.plus_ms(request.settings.interval_ms(request.retries_used));
    request.state = WaitingForRetry;
    request.due = Some(due);
    let message = format!("retry {} of {} is due at {due}", request.retries_used, request.settings.retry_count);
    let entry = log_entry(&request, server, Level::Info, event::RETRY_SCHEDULED, message, now);
    Change::ended(request, outcome, Some(error)).with_log(entry)
}

/// The owner stops gracefully while the attempt runs: free for others where they may, else back to the same server.
fn release(mut request: Request, server: &str, now: Timestamp) -> Change {
    if request.settings.other_server_retry {
        request.owner = None;
        request.state = Queued;
    } else if request.saved_points > 0 {
        request.state = WaitingForRetry;
        request.due = Some(now);
    } else {
        let error = nothing_saved_error(server);
        request.error = Some(error.clone());
        end_in_error(&mut request, now);
        return Change::ended(request, AttemptOutcome::Released, Some(error));
    }
    Change::ended(request, AttemptOutcome::Released, None)
}

fn nothing_saved_error(server: &str) -> RequestError {
    RequestError {
        code: "request/owner-lost".to_owned(),
        message: format!(
            "{server} stopped before anything was saved, and OtherServerRetry is off: re-execute it if running it \
             again from its start does no harm, or set BeginCheckpoint or OtherServerRetry on the flow's start"
        ),
        component: None,
    }
}

fn end_in_error(request: &mut Request, now: Timestamp) {
    request.state = Error;
    request.due = None;
    request.ended = Some(now);
}

fn fenced(mut request: Request, now: Timestamp) -> Request {
    request.fence = request.fence.raised();
    request.stalled = None;
    request.updated = now;
    request
}

fn went_on_from(request: &Request) -> String {
    match &request.checkpoint {
        Some(name) => format!("“{name}”"),
        None if request.saved_points > 0 => "what was saved".to_owned(),
        None => "its start".to_owned(),
    }
}

fn log_entry(
    request: &Request,
    server: &str,
    level: Level,
    event: &'static str,
    message: String,
    now: Timestamp,
) -> LogEntry {
    LogEntry {
        at: now,
        attempt: request.attempt,
        server: server.into(),
        level,
        component: None,
        event: event.into(),
        message,
    }
}

fn wrong_state(request: &Request, action: &'static str, way_out: &'static str) -> TransitionError {
    TransitionError::WrongState { request: request.id, state: request.state, action, way_out }
}

#[cfg(test)]
mod tests;
