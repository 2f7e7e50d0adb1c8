//! Many requests at once. What the loss of an owner does to a request depends on little of it, so the requests are
//! sorted by that: the transition is asked for one of each kind, and what it answers is written for all of them. Requests
//! that are made one after the other mostly are of one kind, and are written by one statement a table: so a server that
//! is lost with ten thousand requests costs its survivor little more than their rows.

use super::apply::keep_attempts;
use super::groups;
use super::history::PreparedLog;
use super::rows::{self, state_number};
use crate::error::{DbError, DbResult, corrupt};
use crate::writer::Db;
use flow_store::transition::{AttemptChange, Change};
use flow_store::{Request, RequestId};
use rusqlite::params;
use std::collections::BTreeMap;

/// Requests that became the same, apart from what is each one's own.
pub(crate) struct Together {
    /// They, in the order of their ids.
    pub(crate) ids: Vec<RequestId>,
    /// What the first of them has become.
    pub(crate) first: Request,
}

/// What decides what the loss of its owner does to a request.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// Flow, state, owner and error code.
    group: i64,
    epoch: i64,
    attempt: i64,
    takeovers: i64,
    has_saved: bool,
    checkpoint: Option<String>,
    other_server_retry: bool,
    has_due: bool,
}

/// Requests of a kind with no other request between them.
#[derive(Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
}

impl Span {
    fn ids(self) -> impl Iterator<Item = RequestId> {
        (self.first..=self.last).map(RequestId)
    }

    fn count(self) -> i64 {
        self.last - self.first + 1
    }
}

/// Applies `transition` to the open requests of a server's epochs up to `epoch`.
pub(crate) fn apply_to_all(
    db: &Db<'_>,
    server: i64,
    epoch: i64,
    transition: impl Fn(Request) -> Option<Change>,
) -> DbResult<Vec<Together>> {
    let mut changed = Vec::new();
    for (kind, spans) in kinds(db, server, epoch)? {
        let Some(first) = spans.first() else { continue };
        let before = rows::load(db.connection, RequestId(first.first))?;
        if let Some(change) = transition(before.clone()) {
            write(db, &kind, &spans, &before, &change)?;
            changed.push(Together { ids: spans.into_iter().flat_map(Span::ids).collect(), first: change.request });
        }
    }
    Ok(changed)
}

fn kinds(db: &Db<'_>, server: i64, epoch: i64) -> DbResult<BTreeMap<Kind, Vec<Span>>> {
    let mut statement = db.connection.prepare_cached(&format!(
        "SELECT r.id, r.request_group, r.epoch, r.attempt, r.takeovers, r.saved_points > 0, r.checkpoint,
                g.other_server_retry, r.due IS NOT NULL
         FROM request_group q CROSS JOIN request r ON r.request_group = q.id CROSS JOIN request_given g ON g.id = r.id
         WHERE q.server = ?1 AND q.state IN ({}) AND q.n > 0 AND r.epoch <= ?2",
        rows::open_states()
    ))?;
    let mut kinds: BTreeMap<Kind, Vec<Span>> = BTreeMap::new();
    let mut found = statement.query([server, epoch])?;
    while let Some(row) = found.next().map_err(DbError::from)? {
        let id: i64 = row.get(0)?;
        let kind = Kind {
            group: row.get(1)?,
            epoch: row.get(2)?,
            attempt: row.get(3)?,
            takeovers: row.get(4)?,
            has_saved: row.get(5)?,
            checkpoint: row.get(6)?,
            other_server_retry: row.get(7)?,
            has_due: row.get(8)?,
        };
        let spans = kinds.entry(kind).or_default();
        // Of one group they come in the order of their ids.
        match spans.last_mut() {
            Some(last) if last.last + 1 == id => last.last = id,
            _ => spans.push(Span { first: id, last: id }),
        }
    }
    Ok(kinds)
}

/// Writes for all requests of a kind what became of the first, which was as `before`.
fn write(db: &Db<'_>, kind: &Kind, spans: &[Span], before: &Request, change: &Change) -> DbResult<()> {
    let after = &change.request;
    match &change.attempt {
        AttemptChange::None => {}
        AttemptChange::Ended(outcome, error) => {
            for span in spans {
                keep_attempts(db, (RequestId(span.first), RequestId(span.last)), *outcome, error.as_ref())?;
            }
        }
        AttemptChange::Started => return Err(corrupt("request of a lost server", "an attempt starts").into()),
    }
    let log = PreparedLog::new(&change.log)?;
    let mut newest = add_log(db, spans, &log)?;
    let group = regroup(db, kind, spans, after)?;
    let update =
        Update { db, before, after, group: Some(group).filter(|new| *new != kind.group), log_entries: log.entries };
    for span in spans {
        update.write(*span, newest)?;
        newest = newest.map(|newest| newest + span.count());
    }
    Ok(())
}

/// Adds the same entries to the logs of all; the id of the first new row, and none if there are no entries.
fn add_log(db: &Db<'_>, spans: &[Span], log: &PreparedLog) -> DbResult<Option<i64>> {
    let Some(json) = &log.json else { return Ok(None) };
    let mut last = db.connection.prepare_cached("SELECT coalesce(max(id), 0) FROM history")?;
    let first = last.query_row([], |row| row.get::<_, i64>(0))? + 1;
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO history (id, previous, first, log)
         SELECT ?3 + id - ?1, newest, log_entries + 1, ?4 FROM request WHERE id BETWEEN ?1 AND ?2",
    )?;
    let mut next = first;
    for span in spans {
        insert.execute(params![span.first, span.last, next, json])?;
        next += span.count();
    }
    Ok(Some(first))
}

/// Counts all in their new group; its number. Where all that is in their old group goes on together, the group itself
/// becomes what they become, and stays theirs: thousands of entries of the index by group need not move.
fn regroup(db: &Db<'_>, kind: &Kind, spans: &[Span], after: &Request) -> DbResult<i64> {
    let server = after.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()?;
    let mut old = db.connection.prepare_cached("SELECT flow, n FROM request_group WHERE id = ?")?;
    let (flow, there): (i64, i64) = old.query_row([kind.group], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let group = groups::group_number(db, after, flow, server)?;
    let count = spans.iter().map(|span| span.count()).sum::<i64>();
    let mut present = db.connection.prepare_cached("SELECT n FROM request_group WHERE id = ?")?;
    let is_empty = present.query_row([group], |row| row.get::<_, i64>(0))? == 0;
    if there == count && is_empty && !after.state.is_ended() {
        groups::swap(db, kind.group, group)?;
        return Ok(kind.group);
    }
    groups::count(db, kind.group, -count)?;
    groups::count(db, group, count)?;
    if after.state.is_ended() {
        spans.iter().try_for_each(|span| groups::count_ended(db, group, span.first, span.last, 1))?;
    }
    Ok(group)
}

/// Where requests of one kind stand from now on. What each one has of its own stays or rises by the same.
struct Update<'a> {
    db: &'a Db<'a>,
    before: &'a Request,
    after: &'a Request,
    /// Their new group, if it is another one.
    group: Option<i64>,
    log_entries: i64,
}

impl Update<'_> {
    /// `newest` is the row of the log that belongs to the first of them.
    fn write(&self, span: Span, newest: Option<i64>) -> DbResult<()> {
        let Self { db, before, after, group, log_entries } = self;
        debug_assert_eq!(**after, all_that_is_written(before, after), "a lost owner changes more than is written");
        let server = after.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()?;
        let error = after.error.as_ref();
        // An index is written anew wherever a statement names its column, be the value the same or not.
        let regroup = if group.is_some() { "request_group = ?16," } else { "" };
        let mut update = db.connection.prepare_cached(&format!(
            "UPDATE request SET {regroup} state = ?3, server = ?4, epoch = ?5, fence = fence + ?6, takeovers = ?7,
                    due = iif(?8, ?9, due), updated = ?10, ended = ?11,
                    error_code = iif(?12, ?13, error_code), error_message = iif(?12, ?14, error_message),
                    error_component = iif(?12, ?15, error_component),
                    newest = coalesce(?17 + id - ?1, newest), log_entries = log_entries + ?18
             WHERE id BETWEEN ?1 AND ?2"
        ))?;
        update.execute(params![
            span.first,
            span.last,
            state_number(after.state),
            server,
            after.owner.as_ref().map(|owner| owner.epoch.0),
            after.fence.0 - before.fence.0,
            after.takeovers_without_progress,
            after.due != before.due,
            after.due.map(|at| at.0),
            after.updated.0,
            after.ended.map(|at| at.0),
            after.error != before.error,
            error.map(|error| &error.code),
            error.map(|error| &error.message),
            error.and_then(|error| error.component.as_ref()),
            group,
            newest,
            log_entries,
        ])?;
        Ok(())
    }
}

/// `before` with all of `after` that [`Update`] writes.
fn all_that_is_written(before: &Request, after: &Request) -> Request {
    Request {
        state: after.state,
        owner: after.owner.clone(),
        fence: after.fence,
        takeovers_without_progress: after.takeovers_without_progress,
        due: after.due,
        updated: after.updated,
        ended: after.ended,
        error: after.error.clone(),
        // The row's mark is of the fence before, and so is no longer read.
        stalled: after.stalled,
        ..before.clone()
    }
}
