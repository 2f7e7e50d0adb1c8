//! What is written of a batch: a part a table, with a column of values for each column. [`super::statement`] makes them one.

use super::lock::server_lock;
use super::{EndedAttempt, Held};
use crate::numbers::LaneOf;
use crate::requests::attempts::outcome_number;
use crate::requests::rows::state_number;
use crate::servers::Servers;
use crate::sql::{number, text};
use crate::writer::Token;
use flow_store::{AuditEntry, MadeRequests, Owner, Request, RequestError, StoreError};
use serde_json::Value;
use std::borrow::Cow;
use tokio_postgres::types::ToSql;

/// The values of one column.
pub(super) type Column<'r> = Box<dyn ToSql + Sync + Send + 'r>;

/// A part of a statement, with the values of its parameters.
pub(super) struct Write<'r> {
    pub(super) sql: &'static str,
    pub(super) columns: Vec<Column<'r>>,
}

/// The values of a column, one for each row.
pub(super) fn column<'r, R, T: ToSql + Sync + Send + 'r>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Column<'r> {
    Box::new(rows.iter().map(value).collect::<Vec<T>>())
}

fn optional(value: Option<&str>) -> Option<Cow<'_, str>> {
    value.map(text)
}

pub(super) struct NewRow<'r> {
    pub(super) request: &'r Request,
    pub(super) lane: LaneOf,
    pub(super) group: i64,
    pub(super) server: i64,
    pub(super) inputs: &'r str,
    pub(super) key: Option<&'r str>,
}

pub(super) struct ChangedRow<'r> {
    pub(super) held: &'r Held,
    pub(super) server: i64,
}

pub(super) struct AuditRow {
    pub(super) at: i64,
    pub(super) entry: AuditEntry,
    pub(super) made: MadeRequests,
}

pub(super) struct AttemptRow<'r> {
    pub(super) ended: &'r EndedAttempt,
    pub(super) server: i64,
    pub(super) at: i64,
}

pub(super) fn insert_requests<'r>(new: &'r [NewRow<'r>], writes: &mut Vec<Write<'r>>) {
    if new.is_empty() {
        return;
    }
    let given = vec![
        column(new, |row| row.request.id.0),
        column(new, |row| row.request.project.as_str()),
        column(new, |row| row.request.version.as_str()),
        column(new, |row| text(&row.request.flow)),
        column(new, |row| text(&row.request.trigger)),
        column(new, |row| text(&row.request.requested_by)),
        column(new, |row| row.inputs),
        column(new, |row| row.request.settings.other_server_retry),
        column(new, |row| row.request.settings.begin_checkpoint),
        column(new, |row| i64::from(row.request.settings.retry_count)),
        column(new, |row| number(row.request.settings.retry_interval_ms)),
        column(new, |row| row.request.settings.timeout_ms.map(number)),
        column(new, |row| row.request.created.0),
        column(new, |row| row.key),
        column(new, |row| i64::from(row.request.settings.retry_backoff)),
    ];
    let sql = r#"
INSERT INTO request_given (id, project, version, flow, "trigger", requested_by, inputs, other_server_retry,
                           begin_checkpoint, retry_count, retry_interval_ms, timeout_ms, created, idempotency_key,
                           retry_backoff)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::boolean[], $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                     $14::text[], $15::bigint[])"#;
    writes.push(Write { sql, columns: given });
    let stands = vec![
        column(new, |row| row.request.id.0),
        column(new, |row| state_number(row.request.state)),
        column(new, |row| row.server),
        column(new, |row| row.request.owner.as_ref().map_or(0, |owner| owner.epoch.0)),
        column(new, |row| row.request.fence.0),
        column(new, |row| i64::from(row.request.attempt)),
        column(new, |row| row.request.created.0),
        column(new, |row| row.request.started.map(|at| at.0)),
        column(new, |row| row.request.updated.0),
        column(new, |row| row.lane.flow),
        column(new, |row| row.group),
        column(new, |row| row.lane.lane),
        column(new, |row| (!row.request.settings.limits.is_empty()).then_some(true)),
        column(new, |row| Some(i64::from(row.request.settings.priority)).filter(|priority| *priority != 0)),
    ];
    let sql = "
INSERT INTO request (id, state, server, epoch, fence, attempt, created, started, updated, flow, request_group,
                     lane, limited, priority, retries_used, takeovers, saved_points, log_entries, newest, removed)
SELECT u.*, 0, 0, 0, 0, 0, 0
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[],
            $14::bigint[]) u";
    writes.push(Write { sql, columns: stands });
}

pub(super) fn insert_attempts<'r>(attempts: &'r [AttemptRow<'r>], writes: &mut Vec<Write<'r>>) {
    if attempts.is_empty() {
        return;
    }
    fn error<'p>(row: &AttemptRow<'p>) -> Option<&'p RequestError> {
        row.ended.error.as_ref()
    }
    let columns = vec![
        column(attempts, |row| row.ended.request.0),
        column(attempts, |row| i64::from(row.ended.attempt)),
        column(attempts, |row| row.server),
        column(attempts, |row| row.ended.owner.epoch.0),
        column(attempts, |row| row.ended.started.0),
        column(attempts, |row| row.ended.began.map(|at| at.0)),
        column(attempts, |row| row.at),
        column(attempts, |row| outcome_number(row.ended.outcome)),
        column(attempts, |row| optional(error(row).map(|error| error.code.as_str()))),
        column(attempts, |row| optional(error(row).map(|error| error.message.as_str()))),
        column(attempts, |row| optional(error(row).and_then(|error| error.component.as_deref()))),
    ];
    let sql = "
INSERT INTO attempt (request, attempt, server, epoch, started, began, ended, outcome, error_code, error_message,
                     error_component)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                     $8::bigint[], $9::text[], $10::text[], $11::text[])";
    writes.push(Write { sql, columns });
}

/// Changes requests that are what they are taken for, and returns each of them.
pub(super) fn update_requests<'r>(changed: &'r [ChangedRow<'r>]) -> Option<Write<'r>> {
    if changed.is_empty() {
        return None;
    }
    fn error<'p>(row: &ChangedRow<'p>) -> Option<&'p RequestError> {
        row.held.request.error.as_ref()
    }
    let reply = |row: &'r ChangedRow<'r>| row.held.request.reply.as_ref().map(|reply: &Value| reply.to_string());
    let columns = vec![
        column(changed, |row| row.held.request.id.0),
        column(changed, |row| state_number(row.held.request.state)),
        column(changed, |row| row.server),
        column(changed, |row| row.held.request.owner.as_ref().map_or(0, |owner| owner.epoch.0)),
        column(changed, |row| row.held.request.fence.0),
        column(changed, |row| i64::from(row.held.request.attempt)),
        column(changed, |row| i64::from(row.held.request.retries_used)),
        column(changed, |row| i64::from(row.held.request.takeovers_without_progress)),
        column(changed, |row| row.held.request.due.map(|at| at.0)),
        column(changed, |row| row.held.request.started.map(|at| at.0)),
        column(changed, |row| row.held.request.updated.0),
        column(changed, |row| row.held.request.ended.map(|at| at.0)),
        column(changed, |row| i64::from(row.held.request.saved_points)),
        column(changed, |row| row.held.end.log_entries),
        column(changed, |row| row.held.end.newest),
        column(changed, |row| optional(row.held.request.checkpoint.as_deref())),
        column(changed, |row| optional(error(row).map(|error| error.code.as_str()))),
        column(changed, |row| optional(error(row).map(|error| error.message.as_str()))),
        column(changed, |row| optional(error(row).and_then(|error| error.component.as_deref()))),
        column(changed, reply),
        column(changed, |row| row.held.group),
        column(changed, |row| row.held.began.map(|at| at.0)),
        column(changed, |row| row.held.attempt_started.map(|at| at.0)),
        column(changed, |row| state_number(row.held.stored.state)),
        column(changed, |row| row.held.stored.fence.0),
        column(changed, |row| row.held.stored.newest),
    ];
    let sql = "
UPDATE request r
SET state = u.state, server = u.server, epoch = u.epoch, fence = u.fence, attempt = u.attempt,
    retries_used = u.retries_used, takeovers = u.takeovers, due = u.due, started = u.started, updated = u.updated,
    ended = u.ended, saved_points = u.saved_points, log_entries = u.log_entries, newest = u.newest,
    checkpoint = u.checkpoint, error_code = u.error_code, error_message = u.error_message,
    error_component = u.error_component, reply = u.reply, request_group = u.request_group, began = u.began,
    attempt_started = u.attempt_started
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
            $15::bigint[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::bigint[],
            $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[])
     AS u (id, state, server, epoch, fence, attempt, retries_used, takeovers, due, started, updated, ended,
           saved_points, log_entries, newest, checkpoint, error_code, error_message, error_component, reply,
           request_group, began, attempt_started, stored_state, stored_fence, stored_newest)
WHERE r.id = u.id AND r.state = u.stored_state AND r.fence = u.stored_fence AND r.newest = u.stored_newest
RETURNING r.id";
    Some(Write { sql, columns })
}

/// Servers whose own requests are made: the lock, the number and the epoch of each, in the order of their locks.
pub(super) struct Owners {
    pub(super) locks: Vec<i64>,
    pub(super) numbers: Vec<i64>,
    pub(super) epochs: Vec<i64>,
}

impl Owners {
    pub(super) fn of(servers: &Servers, owners: &[Owner]) -> Result<Self, StoreError> {
        let mut all = Vec::with_capacity(owners.len());
        for owner in owners {
            all.push((server_lock(&owner.server), servers.number(&owner.server)?, owner.epoch.0));
        }
        all.sort_unstable();
        let value = |of: fn(&(i64, i64, i64)) -> i64| all.iter().map(of).collect();
        Ok(Self { locks: value(|owner| owner.0), numbers: value(|owner| owner.1), epochs: value(|owner| owner.2) })
    }
}

/// Locks the servers, and returns those that run.
pub(super) fn running_servers<'r>(owners: &'r Owners) -> Option<Write<'r>> {
    if owners.locks.is_empty() {
        return None;
    }
    let columns: Vec<Column<'r>> =
        vec![Box::new(&*owners.locks), Box::new(&*owners.numbers), Box::new(&*owners.epochs)];
    let sql = "
SELECT o.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS o (server_lock, id, epoch)
WHERE server_runs(o.server_lock, o.id, o.epoch)";
    Some(Write { sql, columns })
}

/// Notes that a batch is committed.
pub(super) fn insert_mark<'r>(token: &'r Token, at: i64, writes: &mut Vec<Write<'r>>) {
    let sql = "INSERT INTO committed (writer, batch, at) SELECT $1::text, $2::bigint, $3::bigint";
    writes.push(Write { sql, columns: vec![Box::new(token.mark.as_str()), Box::new(token.batch), Box::new(at)] });
}

pub(super) fn insert_counts<'r>(counts: &'r [(i64, i64)], writes: &mut Vec<Write<'r>>) {
    if counts.is_empty() {
        return;
    }
    let columns = vec![column(counts, |(group, _)| *group), column(counts, |(_, more)| *more)];
    let sql = "INSERT INTO request_count (request_group, n) SELECT * FROM unnest($1::bigint[], $2::bigint[])";
    writes.push(Write { sql, columns });
}

pub(super) fn insert_audit<'r>(entries: &'r [AuditRow], writes: &mut Vec<Write<'r>>) {
    if entries.is_empty() {
        return;
    }
    let columns = vec![
        column(entries, |row| row.at),
        column(entries, |row| text(&row.entry.account)),
        column(entries, |row| text(&row.entry.action)),
        column(entries, |row| text(&row.entry.subject)),
        column(entries, |row| row.entry.detail.as_str()),
        column(entries, |row| text(&row.entry.address)),
        column(entries, |row| row.made.first.0),
        column(entries, |row| row.made.last.0),
        column(entries, |row| number(row.made.count)),
    ];
    let sql = "
INSERT INTO audit (at, account, action, subject, detail, address, made_first, made_last, made)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                     $8::bigint[], $9::bigint[])";
    writes.push(Write { sql, columns });
}
