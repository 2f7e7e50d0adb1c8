//! Writes for requests that are known since they were last written: one statement, which is a transaction of its own, changes
//! them if they still are what they were. So such a write is one round trip, and holds nothing before it is there.

use super::history::{self, StoredRow};
use super::statements::Column;
use super::{Batch, End, HistoryRow, LogOf};
use crate::error::DbError;
use crate::requests::prepared::PreparedWrite;
use crate::requests::rows::state_number;
use crate::sql::text;
use crate::transaction::Transaction;
use crate::writer::Token;
use flow_store::{Fence, Request, RequestId, RequestState, Timestamp};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// So many requests are known at most; beyond that all are forgotten, and known again after their next write.
const MOST: usize = 100_000;

/// Running requests as this process last wrote them. Others may have changed them since.
#[derive(Default)]
pub(crate) struct KnownRequests(Mutex<HashMap<RequestId, Known>>);

/// A running request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    fence: Fence,
    end: End,
}

impl KnownRequests {
    fn get(&self, id: RequestId) -> Option<Known> {
        self.0.lock().get(&id).copied()
    }

    fn set(&self, id: RequestId, known: Option<Known>) {
        let mut all = self.0.lock();
        let Some(known) = known else {
            all.remove(&id);
            return;
        };
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(id, known);
    }
}

impl Known {
    fn of(request: &Request, end: End) -> Option<Self> {
        (request.state == RequestState::Running).then_some(Self { fence: request.fence, end })
    }
}

impl Batch<'_> {
    /// Notes what this batch, which is committed, has made of its requests.
    pub(crate) fn note_known(&self, known: &KnownRequests) {
        for held in self.changed() {
            known.set(held.request.id, Known::of(&held.request, held.end));
        }
        for new in &self.new {
            known.set(new.request.id, Known::of(&new.request, End { newest: 0, log_entries: 0 }));
        }
    }
}

/// Writes for known requests, which are committed together.
pub(crate) struct KnownWrites<'a> {
    changes: BTreeMap<RequestId, Change<'a>>,
    history: Vec<HistoryRow<'a>>,
}

/// What becomes of a request.
struct Change<'a> {
    before: Known,
    end: End,
    points: i64,
    checkpoint: Option<&'a str>,
    forward: bool,
    began: Option<Timestamp>,
}

/// What has become of writes for known requests.
pub(crate) enum Written {
    Committed,
    /// Nothing, since one of the requests is no longer as it was known.
    Changed,
}

// A request that is not as it was fails the statement by a division, since a statement of SQL has no other way to refuse; or, should
// the database begin with the history, by a row that is there already.
const REFUSED: [SqlState; 2] = [SqlState::DIVISION_BY_ZERO, SqlState::UNIQUE_VIOLATION];
static WRITE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH added AS ({history}), noted AS (INSERT INTO committed (writer, batch, at) VALUES ($20, $21, $22)), written AS (
             UPDATE request r
             SET updated = $22, saved_points = r.saved_points + u.points, log_entries = u.log_entries,
                 newest = u.newest, checkpoint = coalesce(u.checkpoint, r.checkpoint),
                 takeovers = CASE WHEN u.forward THEN 0 ELSE r.takeovers END, began = coalesce(r.began, u.began)
             FROM unnest($23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[],
                         $29::text[], $30::boolean[], $31::bigint[])
                  AS u (id, fence, newest_before, newest, log_entries, points, checkpoint, forward, began)
             WHERE r.id = u.id AND r.fence = u.fence AND r.newest = u.newest_before AND r.state = {running}
             RETURNING r.id)
         SELECT 1 / (count(*) = cardinality($23::bigint[]))::int FROM written",
        history = history::INSERT,
        running = state_number(RequestState::Running),
    )
});

impl<'a> KnownWrites<'a> {
    /// None if one of the requests is not known, or there are so many rows that they go another way.
    pub(crate) fn of(
        writes: impl Iterator<Item = (RequestId, Fence, &'a PreparedWrite)>,
        known: &KnownRequests,
    ) -> Option<Self> {
        let mut all = Self { changes: BTreeMap::new(), history: Vec::new() };
        for (id, fence, write) in writes {
            let before = match all.changes.get(&id) {
                Some(change) => change.before,
                None => known.get(id)?,
            };
            if before.fence != fence || all.history.len() >= history::MANY {
                return None;
            }
            all.add(id, before, write);
        }
        (all.history.len() < history::MANY).then_some(all)
    }

    /// What `transition::save` says.
    fn add(&mut self, id: RequestId, before: Known, write: &'a PreparedWrite) {
        let new = Change { before, end: before.end, points: 0, checkpoint: None, forward: false, began: None };
        let change = self.changes.entry(id).or_insert(new);
        change.end.add(id, &write.points, LogOf::Prepared(&write.log), &mut self.history);
        change.points += i64::from(write.progress.points);
        change.checkpoint = write.progress.checkpoint.as_deref().or(change.checkpoint);
        change.forward |= write.progress.forward;
        change.began = change.began.or(write.began);
    }

    /// Writes them, or nothing. The second part of an error says whether the commit may have been made.
    pub(crate) async fn commit(&self, transaction: &Transaction, token: &Token) -> Result<Written, (DbError, bool)> {
        let statement = transaction.prepare_cached(&WRITE).await.map_err(|error| (error.into(), false))?;
        let stored: Vec<StoredRow<'_>> = self.history.iter().map(StoredRow::of).collect();
        let mut columns = history::columns(&stored);
        columns.push(Box::new(token.mark.as_str()));
        columns.push(Box::new(token.batch));
        columns.push(Box::new(transaction.now.0));
        columns.extend(self.columns());
        let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect();
        match transaction.query_one(&statement, &values).await {
            Ok(_) => Ok(Written::Committed),
            Err(error) if error.code().is_some_and(|code| REFUSED.contains(code)) => Ok(Written::Changed),
            Err(error) => {
                let refused = error.as_db_error().is_some();
                Err((error.into(), !refused))
            }
        }
    }

    fn columns(&self) -> Vec<Column<'_>> {
        let changes: Vec<(&RequestId, &Change<'_>)> = self.changes.iter().collect();
        let column = |value: fn(&Change<'_>) -> i64| -> Column<'_> {
            Box::new(changes.iter().map(|(_, change)| value(change)).collect::<Vec<i64>>())
        };
        vec![
            Box::new(changes.iter().map(|(id, _)| id.0).collect::<Vec<i64>>()),
            column(|change| change.before.fence.0),
            column(|change| change.before.end.newest),
            column(|change| change.end.newest),
            column(|change| change.end.log_entries),
            column(|change| change.points),
            Box::new(changes.iter().map(|(_, change)| change.checkpoint.map(text)).collect::<Vec<_>>()),
            Box::new(changes.iter().map(|(_, change)| change.forward).collect::<Vec<bool>>()),
            Box::new(changes.iter().map(|(_, change)| change.began.map(|at| at.0)).collect::<Vec<_>>()),
        ]
    }

    /// Notes what was written.
    pub(crate) fn note(&self, known: &KnownRequests) {
        for (id, change) in &self.changes {
            known.set(*id, Some(Known { end: change.end, ..change.before }));
        }
    }

    /// Notes that one of them is no longer as it was known.
    pub(crate) fn forget(&self, known: &KnownRequests) {
        self.changes.keys().for_each(|id| known.set(*id, None));
    }
}
