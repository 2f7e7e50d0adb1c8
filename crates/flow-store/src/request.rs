//! Requests: what was asked for, and where each one stands.

use crate::queue::Limit;
use crate::{Fence, Owner, ProjectName, RequestId, ServerId, StoreError, Timestamp, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RequestState {
    /// Waits for a server to start it.
    Queued,
    /// An attempt is under way at its owner.
    Running,
    /// Waits durably, without memory: for a time, a person, a lock, an agent.
    Waiting,
    /// Its next attempt starts when it is due.
    WaitingForRetry,
    /// Ended well.
    Finished,
    /// Ended with an error.
    Error,
    /// Ended by a person.
    Cancelled,
}

impl RequestState {
    /// All states, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::WaitingForRetry,
        Self::Finished,
        Self::Error,
        Self::Cancelled,
    ];

    /// The state's name, as everywhere in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Waiting => "Waiting",
            Self::WaitingForRetry => "WaitingForRetry",
            Self::Finished => "Finished",
            Self::Error => "Error",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The state with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the request has ended (only a re-execution makes it go on).
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Finished | Self::Error | Self::Cancelled)
    }
}

impl RequestSettings {
    /// Milliseconds from a failed attempt to its retry with this number, from 1.
    pub fn interval_ms(&self, retry: u32) -> u64 {
        const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;
        let factor = u64::from(self.retry_backoff.max(1)).saturating_pow(retry.saturating_sub(1));
        let longest = LONGEST_MS.max(self.retry_interval_ms);
        self.retry_interval_ms.saturating_mul(factor).min(longest)
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the start component of the pinned flow version says about retries; copied into the request so that stores and
/// survivors need not read the flow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestSettings {
    /// Whether another server may go on with the request when its owner is lost (`OtherServerRetry`).
    pub other_server_retry: bool,
    /// Whether the request's input is saved at its start (`BeginCheckpoint` = `Use`).
    pub begin_checkpoint: bool,
    /// How many automatic retries there are (`RetryCount`).
    pub retry_count: u32,
    /// Milliseconds between a failed attempt and its retry (`RetryInterval`).
    pub retry_interval_ms: u64,
    /// How many times as long each further interval is (`RetryBackoff`); 0 and 1 leave it as it is.
    pub retry_backoff: u32,
    /// Milliseconds that one attempt may take (`Timeout`).
    pub timeout_ms: Option<u64>,
    /// Who comes first where several wait, from -9 to 9: higher ones (`Priority`, or what was asked for with the request).
    pub priority: i32,
    /// The limits that it is under, each of another thing, in order.
    pub limits: Vec<Limit>,
}

/// What is asked for when a request is made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// The project.
    pub project: ProjectName,
    /// The version that the request is pinned to.
    pub version: VersionId,
    /// Name of the flow in the project.
    pub flow: String,
    /// What started it: `api`, `console`, `designer`, `tour` …
    pub trigger: String,
    /// The account that asked, or the name of what did.
    pub requested_by: String,
    /// The inputs, as a JSON object.
    pub inputs: Value,
    /// Retry settings of the flow's start component.
    pub settings: RequestSettings,
    /// A second request with the same key in the same project is the first one, not a new one.
    pub idempotency_key: Option<String>,
}

/// How a request is re-executed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReExecution {
    /// Only the first so many of its saved points stay (0: it goes on from its start); all, if none.
    pub keep: Option<u32>,
    /// The version that it is pinned to from now on; its own, if none.
    pub version: Option<NewVersion>,
}

/// A version that a request is pinned to from a re-execution on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The version.
    pub version: VersionId,
    /// Retry settings of the flow's start component there.
    pub settings: RequestSettings,
    /// The fence that the request had when its saved points were found to fit. With another one it may have saved more.
    pub seen: Fence,
}

/// The answer to making a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The request.
    pub request: Request,
    /// False if the idempotency key had been used before: then this is that request, which somebody else may be
    /// running, and the caller must not start it.
    pub new: bool,
}

/// Why a request, or one of its attempts, failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestError {
    /// Stable code, such as `request/takeover-limit`.
    pub code: String,
    /// What happened, for a person.
    pub message: String,
    /// Id of the component at which it happened.
    pub component: Option<String>,
}

/// One asked-for run of a flow, as the database knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The project.
    pub project: ProjectName,
    /// The version it is pinned to.
    pub version: VersionId,
    /// Name of the flow in the project.
    pub flow: String,
    /// What started it.
    pub trigger: String,
    /// Who asked for it.
    pub requested_by: String,
    /// The inputs, as a JSON object.
    pub inputs: Value,
    /// Retry settings of the flow's start component.
    pub settings: RequestSettings,
    /// Where it stands.
    pub state: RequestState,
    /// The server it belongs to (after the end: the last one); none while it is free for any server.
    pub owner: Option<Owner>,
    /// The current ownership number.
    pub fence: Fence,
    /// Number of the current or last attempt; 0 before the first.
    pub attempt: u32,
    /// Automatic retries used so far, over all owners.
    pub retries_used: u32,
    /// How often in a row its owner was lost without a new saved point.
    pub takeovers_without_progress: u32,
    /// When the next attempt is due, in the states `Waiting` and `WaitingForRetry`.
    pub due: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it last changed.
    pub updated: Timestamp,
    /// Since when its attempt makes no progress, where that is longer than it may be ([`crate::RequestStore::mark_stalled`]).
    pub stalled: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Name of the last Checkpoint that was saved (`Start` for the input saved by `BeginCheckpoint`).
    pub checkpoint: Option<String>,
    /// How many points have been saved.
    pub saved_points: u32,
    /// Why it ended in `Error`, or why the last attempt failed while it waits for a retry.
    pub error: Option<RequestError>,
    /// What the flow answered, when it finished.
    pub reply: Option<Value>,
}

impl Request {
    /// Whether `new`, which has this request's idempotency key, asks for the same thing. The version may differ: the
    /// first one stays.
    pub fn check_same(&self, new: &NewRequest) -> Result<(), StoreError> {
        if self.flow == new.flow && self.inputs == new.inputs {
            return Ok(());
        }
        Err(StoreError::Conflict(format!(
            "the idempotency key “{}” was used before for request {} with another flow or other inputs; use a new key",
            new.idempotency_key.as_deref().unwrap_or_default(),
            self.id
        )))
    }

    /// Within a lane claims go by this: what has been due longest comes first.
    pub fn claim_order(&self) -> (Timestamp, RequestId) {
        (self.due.unwrap_or(self.created), self.id)
    }
}

/// Which requests to list: all conditions that are set must hold. Newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestFilter {
    /// Any of these states; empty means all.
    pub states: Vec<RequestState>,
    /// This project.
    pub project: Option<ProjectName>,
    /// This flow.
    pub flow: Option<String>,
    /// This server is the owner, whichever of its starts.
    pub owner: Option<ServerId>,
    /// Their error has this code.
    pub code: Option<String>,
    /// They have this priority.
    pub priority: Option<i32>,
    /// Only those that are stalled.
    pub stalled: bool,
    /// Their id is this number, or the name of their flow or project contains this text, however capitals are written
    /// (A to Z).
    pub text: Option<String>,
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub to: Option<Timestamp>,
    /// Older than this request: the last one of the page before.
    pub before: Option<RequestId>,
    /// At most so many; 0 means 100.
    pub limit: usize,
}

impl RequestFilter {
    /// Whether `request` is among those asked for (page limits aside).
    pub fn matches(&self, request: &Request) -> bool {
        (self.states.is_empty() || self.states.contains(&request.state))
            && self.project.as_ref().is_none_or(|project| *project == request.project)
            && self.flow.as_ref().is_none_or(|flow| *flow == request.flow)
            && self.owner.as_ref().is_none_or(|id| request.owner.as_ref().is_some_and(|owner| owner.server == *id))
            && self.code.as_ref().is_none_or(|code| request.error.as_ref().is_some_and(|error| error.code == *code))
            && self.priority.is_none_or(|priority| priority == request.settings.priority)
            && (!self.stalled || request.stalled.is_some())
            && self.matches_text(request)
            && self.from.is_none_or(|from| request.created >= from)
            && self.to.is_none_or(|to| request.created < to)
            && self.before.is_none_or(|before| request.id < before)
    }

    fn matches_text(&self, request: &Request) -> bool {
        let Some(text) = &self.text else { return true };
        let wanted = text.to_ascii_lowercase();
        let contains = |name: &str| name.to_ascii_lowercase().contains(&wanted);
        self.id() == Some(request.id) || contains(&request.flow) || contains(request.project.as_str())
    }

    /// The request whose id the text is.
    pub fn id(&self) -> Option<RequestId> {
        self.text.as_ref().and_then(|text| text.trim().parse().ok()).map(RequestId)
    }

    /// The page size.
    pub fn page(&self) -> usize {
        if self.limit == 0 { 100 } else { self.limit }
    }
}
