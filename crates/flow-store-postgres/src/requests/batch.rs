//! Requests that are changed together: changed in memory by the rules of `flow_store::transition`, and written at the end by
//! one statement.
//!
//! That statement locks each request and changes it only if it still is what the change was made from; otherwise nothing at all
//! is changed. So a write either comes before a takeover of its request, and the survivor sees it, or after it, and is refused.
//! Requests are locked and loaded first ([`lock`]), or taken for what this process made of them last ([`known`]): then all is
//! done in one round trip, and in the rare case that somebody else has changed one of them, is done over with locks.

mod history;
mod known;
mod lock;
mod statement;
mod statements;
mod write;

use super::prepared::{PreparedLog, PreparedPoint, PreparedRequest, PreparedWrite};
use super::rows;
use crate::error::DbResult;
use crate::numbers::{LaneOf, Numbers};
use crate::servers::Servers;
use flow_store::transition::{self, AttemptChange, Change};
use flow_store::{
    AttemptOutcome, AuditEntry, Fence, Owner, Request, RequestError, RequestId, RequestState, StoreError, Timestamp,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_postgres::Row;

pub(crate) use known::Known;
pub(crate) use lock::{Needs, begin as begin_batch, server_lock};
pub(crate) use write::NotWritten;

/// A request, with what the database keeps beside it.
pub(crate) struct Held {
    pub(crate) request: Request,
    flow: i64,
    /// Number of its group, as of the last write.
    group: i64,
    /// What it is in the database.
    stored: Stored,
    end: End,
    /// When the current attempt started, and its first component.
    attempt_started: Option<Timestamp>,
    began: Option<Timestamp>,
    /// Length of its inputs, as text.
    inputs_bytes: usize,
}

/// What a request is in the database: whoever changes it changes one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stored {
    state: RequestState,
    fence: Fence,
    /// Number of the last row of its history.
    newest: i64,
    /// Number of its group.
    group: i64,
}

/// Where the history of a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    /// Number of its last row.
    newest: i64,
    log_entries: i64,
}

/// A request that is to be made. It has no id until it is known how many there are.
struct New<'a> {
    request: Request,
    lane: LaneOf,
    /// Number of its group, once that is known.
    group: i64,
    inputs: &'a str,
    key: Option<String>,
}

/// A request that was asked to be made.
pub(crate) enum Made {
    /// It is made by this batch, in this place.
    New(usize),
    /// It was there, or is made by this batch for somebody who asked before.
    Before(Box<Request>),
    /// The same, made by this batch in this place.
    BeforeInBatch(usize),
}

/// A row of history to add.
struct HistoryRow<'a> {
    request: RequestId,
    number: i64,
    what: What<'a>,
    /// Log entries, with the place of the first one.
    log: Option<(i64, Cow<'a, [u8]>)>,
}

enum What<'a> {
    /// Only log entries.
    Log,
    /// A saved point, and whether it came in the same write as the one before it.
    Point(&'a PreparedPoint, bool),
    /// For saved points, what is before this is the row with that number.
    StepBack(i64),
}

/// An attempt that has ended, and whose request goes on without it.
struct EndedAttempt {
    request: RequestId,
    attempt: u32,
    owner: Owner,
    started: Timestamp,
    began: Option<Timestamp>,
    outcome: AttemptOutcome,
    error: Option<RequestError>,
}

/// What a batch goes by.
enum Basis {
    /// Its requests are locked, and so are servers whose own are made.
    Locked,
    /// What is known of its requests, and that these servers run.
    Known(Vec<Owner>),
}

/// The requests of a batch.
pub(crate) struct Batch<'a> {
    pub(crate) now: Timestamp,
    /// The servers: as they are in this transaction, or as they were known.
    pub(crate) servers: Arc<Servers>,
    basis: Basis,
    held: BTreeMap<RequestId, Held>,
    changed: BTreeSet<RequestId>,
    new: Vec<New<'a>>,
    keys: BTreeMap<(String, String), Keyed>,
    history: Vec<HistoryRow<'a>>,
    attempts: Vec<EndedAttempt>,
    /// Entries of the audit trail, which tell of the new requests in these places.
    audit: Vec<(&'a AuditEntry, Vec<usize>)>,
}

/// The request that has an idempotency key.
enum Keyed {
    Known(Box<Request>),
    New(usize),
}

impl<'a> Batch<'a> {
    /// A batch that holds nothing yet.
    pub(crate) fn new(now: Timestamp, servers: impl Into<Arc<Servers>>) -> Self {
        Self {
            now,
            servers: servers.into(),
            basis: Basis::Locked,
            held: BTreeMap::new(),
            changed: BTreeSet::new(),
            new: Vec::new(),
            keys: BTreeMap::new(),
            history: Vec::new(),
            attempts: Vec::new(),
            audit: Vec::new(),
        }
    }

    /// Takes in rows of [`rows::SELECT`] that are locked, and whose servers are known.
    pub(crate) fn hold(&mut self, found: &[Row], numbers: &Numbers) -> DbResult<()> {
        for row in found {
            let request = rows::request(row, numbers)?;
            let kept = |column: usize| row.try_get::<_, i64>(rows::KEPT + column);
            let (group, newest) = (kept(1)?, kept(2)?);
            let held = Held {
                flow: kept(0)?,
                group,
                stored: Stored { state: request.state, fence: request.fence, newest, group },
                end: End { newest, log_entries: kept(3)? },
                began: row.try_get::<_, Option<i64>>(rows::KEPT + 4)?.map(Timestamp),
                attempt_started: row.try_get::<_, Option<i64>>(rows::ATTEMPT_STARTED)?.map(Timestamp),
                inputs_bytes: row.try_get::<_, &str>(rows::INPUTS)?.len(),
                request,
            };
            self.held.insert(held.request.id, held);
        }
        Ok(())
    }

    /// The requests that are held, oldest first.
    pub(crate) fn held(&self) -> Vec<Request> {
        self.held.values().map(|held| held.request.clone()).collect()
    }

    /// One of them. Fails with `store/not-found`.
    pub(crate) fn get(&self, id: RequestId) -> Result<&Request, StoreError> {
        self.held.get(&id).map(|held| &held.request).ok_or_else(|| StoreError::no_request(id))
    }

    /// Whether anything is to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.new.is_empty()
    }

    /// Name of the server that a request belongs to; empty if it is free.
    pub(crate) fn owner_name(&self, request: &Request) -> String {
        request.owner.as_ref().map(|owner| self.servers.name(&owner.server)).unwrap_or_default()
    }

    /// Makes requests, all or none. Each belongs to `owner`, or is free; `has_room` is that of [`transition::create`]. `audit`
    /// tells of those that are new.
    pub(crate) fn create(
        &mut self,
        new: &'a [PreparedRequest],
        owner: Option<&Owner>,
        has_room: bool,
        audit: Option<&'a AuditEntry>,
    ) -> Result<Vec<Made>, StoreError> {
        let before = self.new.len();
        let made: Result<Vec<Made>, StoreError> = new.iter().map(|new| self.create_one(new, owner, has_room)).collect();
        if made.is_err() {
            self.new.truncate(before);
            self.keys.retain(|_, keyed| !matches!(keyed, Keyed::New(place) if *place >= before));
        }
        if let (Some(entry), true) = (audit, made.is_ok() && self.new.len() > before) {
            self.audit.push((entry, (before..self.new.len()).collect()));
        }
        made
    }

    fn create_one(
        &mut self,
        new: &'a PreparedRequest,
        owner: Option<&Owner>,
        has_room: bool,
    ) -> Result<Made, StoreError> {
        let PreparedRequest { new, lane, inputs } = new;
        let key = new.idempotency_key.as_ref().map(|key| (new.project.to_string(), key.clone()));
        match key.as_ref().and_then(|key| self.keys.get(key)) {
            Some(Keyed::Known(request)) => {
                request.check_same(new)?;
                return Ok(Made::Before(request.clone()));
            }
            Some(Keyed::New(place)) => {
                if let Some(there) = self.new.get(*place) {
                    there.request.check_same(new)?;
                }
                return Ok(Made::BeforeInBatch(*place));
            }
            None => {}
        }
        let place = self.new.len();
        let Change { request, .. } = transition::create(RequestId(0), new.clone(), owner.cloned(), has_room, self.now);
        self.new.push(New { request, lane: *lane, group: 0, inputs, key: new.idempotency_key.clone() });
        if let Some(key) = key {
            self.keys.insert(key, Keyed::New(place));
        }
        Ok(Made::New(place))
    }

    /// The current attempt of a request writes.
    pub(crate) fn write(&mut self, id: RequestId, fence: Fence, write: &'a PreparedWrite) -> Result<(), StoreError> {
        let now = self.now;
        let held = self.held.get_mut(&id).ok_or_else(|| StoreError::no_request(id))?;
        transition::check_fence(&held.request, fence)?;
        // What `transition::save` says, without a copy of the request.
        let (request, progress) = (&mut held.request, &write.progress);
        request.saved_points = request.saved_points.saturating_add(progress.points);
        if let Some(checkpoint) = &progress.checkpoint {
            request.checkpoint = Some(checkpoint.clone());
        }
        if progress.forward {
            request.takeovers_without_progress = 0;
        }
        request.updated = now;
        held.began = held.began.or(write.began);
        self.changed.insert(id);
        self.add(id, &write.points, LogOf::Prepared(&write.log));
        Ok(())
    }

    /// Enters what a transition of a held request says.
    pub(crate) fn apply(&mut self, change: Change) -> Result<Request, StoreError> {
        let Change { request, attempt, log } = change;
        let held = self.held.get_mut(&request.id).ok_or_else(|| StoreError::no_request(request.id))?;
        match attempt {
            AttemptChange::None => {}
            AttemptChange::Started => {
                held.attempt_started = Some(request.updated).filter(|_| request.attempt > 1);
                held.began = None;
            }
            AttemptChange::Ended(outcome, error) => self.attempts.extend(held.ended_attempt(outcome, error)),
        }
        held.request = request.clone();
        self.changed.insert(request.id);
        self.add(request.id, &[], LogOf::New(PreparedLog::new(&log)?));
        Ok(request)
    }

    /// From now on the saved points of a request are those up to the row `to`, and what is saved after this.
    pub(crate) fn step_back(&mut self, id: RequestId, to: i64) {
        if let Some(held) = self.held.get_mut(&id) {
            held.end.newest += 1;
            self.history.push(HistoryRow { request: id, number: held.end.newest, what: What::StepBack(to), log: None });
            self.changed.insert(id);
        }
    }

    /// Adds the rows of one write.
    fn add(&mut self, id: RequestId, points: &'a [PreparedPoint], log: LogOf<'a>) {
        if let Some(held) = self.held.get_mut(&id) {
            held.end.add(id, points, log, &mut self.history);
        }
    }
}

impl End {
    /// Adds the rows of one write of the request `id` to `history`.
    fn add<'a>(
        &mut self,
        id: RequestId,
        points: &'a [PreparedPoint],
        log: LogOf<'a>,
        history: &mut Vec<HistoryRow<'a>>,
    ) {
        let (entries, json) = match log {
            LogOf::Prepared(log) => (log.entries, log.json.as_deref().map(Cow::Borrowed)),
            LogOf::New(log) => (log.entries, log.json.map(Cow::Owned)),
        };
        let mut log = json.map(|json| (self.log_entries + 1, json));
        self.log_entries += entries;
        for (place, point) in points.iter().enumerate() {
            self.newest += 1;
            let what = What::Point(point, place > 0);
            history.push(HistoryRow { request: id, number: self.newest, what, log: log.take() });
        }
        if log.is_some() {
            self.newest += 1;
            history.push(HistoryRow { request: id, number: self.newest, what: What::Log, log });
        }
    }
}

impl Held {
    /// What is kept of the current attempt, which ends, if the request's own row does not go on telling of it.
    fn ended_attempt(&self, outcome: AttemptOutcome, error: Option<RequestError>) -> Option<EndedAttempt> {
        let Request { id, attempt, started, .. } = self.request;
        let owner = self.request.owner.clone().filter(|_| !outcome.is_last())?;
        let started = self.attempt_started.or(started)?;
        Some(EndedAttempt { request: id, attempt, owner, started, began: self.began, outcome, error })
    }
}

enum LogOf<'a> {
    Prepared(&'a PreparedLog),
    New(PreparedLog),
}
