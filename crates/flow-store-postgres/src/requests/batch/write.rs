//! How a batch ends: one statement a table, with a column of values for each column, and the commit right behind them.

use super::{AttemptRow, Batch, Ended, Held, HistoryRow, Made, New, Place, What};
use crate::error::{DbError, DbResult, corrupt};
use crate::numbers::Group;
use crate::open::Database;
use crate::requests::attempts::outcome_number;
use crate::requests::prepared::kind_number;
use crate::requests::rows::{state_number, to_json};
use crate::sql::{number, rows, text};
use crate::transaction::Transaction;
use deadpool_postgres::ClientWrapper;
use flow_store::{AuditEntry, Created, MadeRequests, Request, RequestError, RequestId, SavedData, SavedPoint};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

/// The values of one column.
type Column<'r> = Box<dyn ToSql + Sync + Send + 'r>;

/// A statement with its columns.
struct Write<'r> {
    sql: &'static str,
    columns: Vec<Column<'r>>,
}

/// The values of a column, one for each row.
fn column<'r, R, T: ToSql + Sync + Send + 'r>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Column<'r> {
    Box::new(rows.iter().map(value).collect::<Vec<T>>())
}

fn optional(value: Option<&str>) -> Option<Cow<'_, str>> {
    value.map(text)
}

impl Batch<'_> {
    /// Writes what has changed; nothing is committed. Gives new requests their ids.
    pub(crate) async fn write_out(&mut self, transaction: &Transaction, database: &Database) -> DbResult<()> {
        self.send(transaction, database, false).await.map_err(|(error, _)| error)
    }

    /// Writes what has changed and commits. The second part of an error says whether the commit may have been made.
    pub(crate) async fn commit(
        &mut self,
        transaction: &Transaction,
        database: &Database,
    ) -> Result<(), (DbError, bool)> {
        self.send(transaction, database, true).await
    }

    /// The requests that were asked to be made, once they have their ids.
    pub(crate) fn created(&self, made: Vec<Made>) -> DbResult<Vec<Created>> {
        let there = |place: usize, new: bool| {
            let found = self.new.get(place).ok_or_else(|| corrupt("place of a new request", place))?;
            Ok(Created { request: found.request.clone(), new })
        };
        made.into_iter()
            .map(|made| match made {
                Made::New(place) => there(place, true),
                Made::BeforeInBatch(place) => there(place, false),
                Made::Before(request) => Ok(Created { request: *request, new: false }),
            })
            .collect()
    }

    async fn send(
        &mut self,
        transaction: &Transaction,
        database: &Database,
        commit: bool,
    ) -> Result<(), (DbError, bool)> {
        let before = |error: DbError| (error, false);
        self.give_ids(transaction).await.map_err(before)?;
        let groups = self.groups(database).await.map_err(before)?;
        let new: Vec<NewRow<'_>> = self.new_rows(&groups).map_err(before)?;
        let changed = self.changed_rows(&groups).map_err(before)?;
        let counts = self.counts(&groups).map_err(before)?;
        let (started, ended) = self.attempt_rows().map_err(before)?;
        let audit = self.audit_rows();
        let mut writes = Vec::new();
        insert_requests(&new, &mut writes);
        insert_attempts(&started, &mut writes);
        end_attempts(&ended, &mut writes);
        insert_history(&self.history, &mut writes);
        update_requests(&changed, &mut writes);
        insert_counts(&counts, &mut writes);
        insert_audit(&audit, &mut writes);
        let prepared = prepare(transaction, &writes).await.map_err(before)?;
        let all: Vec<Vec<&(dyn ToSql + Sync)>> = writes
            .iter()
            .map(|write| write.columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect())
            .collect();
        let sent = prepared.iter().zip(&all).map(|(statement, columns)| transaction.execute(statement, columns));
        // Polled, and so sent, in this order: the commit is on its way before the first answer has come. If a statement
        // fails, it undoes all.
        let written = futures::future::join_all(sent);
        let committed = async { if commit { transaction.batch_execute("COMMIT").await } else { Ok(()) } };
        let (written, committed) = futures::join!(written, committed);
        for written in written {
            written.map_err(|error| {
                let refused = error.as_db_error().is_some();
                (error.into(), commit && !refused)
            })?;
        }
        committed.map_err(|error| (error.into(), true))
    }

    /// Gives new requests their ids.
    async fn give_ids(&mut self, db: &ClientWrapper) -> DbResult<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        let wanted = number(self.new.len() as u64);
        let ids = rows(db, "SELECT nextval('request_id') FROM generate_series(1, $1::bigint)", &[&wanted]).await?;
        for (new, row) in self.new.iter_mut().zip(&ids) {
            new.request.id = RequestId(row.try_get(0)?);
        }
        Ok(())
    }

    /// The group that a request is in now.
    fn group(&self, request: &Request, flow: i64) -> DbResult<Group> {
        Ok(Group {
            flow,
            state: state_number(request.state),
            server: self.server_number(request)?,
            code: request.error.as_ref().map(|error| text(&error.code).into_owned()).unwrap_or_default(),
        })
    }

    fn server_number(&self, request: &Request) -> DbResult<i64> {
        request.owner.as_ref().map_or(Ok(0), |owner| Ok(self.servers.number(&owner.server)?))
    }

    fn changed(&self) -> impl Iterator<Item = &Held> {
        self.changed.iter().filter_map(|id| self.held.get(id))
    }

    /// The numbers of the groups that the requests are in now. New ones are made on another connection, so that others may
    /// use them at once.
    async fn groups(&self, database: &Database) -> DbResult<BTreeMap<Group, i64>> {
        let mut groups = BTreeMap::new();
        for new in &self.new {
            groups.insert(self.group(&new.request, new.flow)?, 0);
        }
        for held in self.changed() {
            groups.insert(self.group(&held.request, held.flow)?, 0);
        }
        for (group, found) in &mut groups {
            *found = match database.numbers.known_group(group) {
                Some(number) => number,
                None => database.numbers.group(&*database.reader().await?, group).await?,
            };
        }
        Ok(groups)
    }

    fn new_rows(&self, groups: &BTreeMap<Group, i64>) -> DbResult<Vec<NewRow<'_>>> {
        let mut rows = Vec::with_capacity(self.new.len());
        for New { request, flow, key } in &self.new {
            rows.push(NewRow {
                request,
                flow: *flow,
                group: number_of(groups, &self.group(request, *flow)?)?,
                server: self.server_number(request)?,
                inputs: to_json(&request.inputs)?,
                key: key.as_deref(),
            });
        }
        Ok(rows)
    }

    fn changed_rows(&self, groups: &BTreeMap<Group, i64>) -> DbResult<Vec<ChangedRow<'_>>> {
        let mut changed = Vec::with_capacity(self.changed.len());
        for held in self.changed() {
            let group = number_of(groups, &self.group(&held.request, held.flow)?)?;
            changed.push(ChangedRow { held, group, server: self.server_number(&held.request)? });
        }
        Ok(changed)
    }

    /// How many more requests each group has.
    fn counts(&self, groups: &BTreeMap<Group, i64>) -> DbResult<Vec<(i64, i64)>> {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for new in &self.new {
            *counts.entry(number_of(groups, &self.group(&new.request, new.flow)?)?).or_default() += 1;
        }
        for held in self.changed() {
            *counts.entry(number_of(groups, &self.group(&held.request, held.flow)?)?).or_default() += 1;
            *counts.entry(held.group).or_default() -= 1;
        }
        Ok(counts.into_iter().filter(|(_, more)| *more != 0).collect())
    }

    /// The entries of the audit trail; those that differ only in what was made are one.
    fn audit_rows(&self) -> Vec<AuditRow> {
        let mut rows: Vec<AuditRow> = Vec::new();
        for (entry, places) in &self.audit {
            let new = places.iter().filter_map(|place| self.new.get(*place));
            let created: Vec<Created> =
                new.map(|new| Created { request: new.request.clone(), new: true }).collect();
            let Some(made) = MadeRequests::of(&created) else { continue };
            let is_like = |row: &&mut AuditRow| AuditEntry { detail: entry.detail.clone(), ..row.entry.clone() } == **entry;
            match rows.iter_mut().find(is_like) {
                Some(row) => row.made = row.made.and(made),
                None => rows.push(AuditRow { at: self.now.0, entry: (*entry).clone(), made }),
            }
        }
        for row in &mut rows {
            row.entry = row.made.told_by(row.entry.clone());
        }
        rows
    }

    fn attempt_rows(&self) -> DbResult<(Vec<StartedRow>, Vec<EndedRow<'_>>)> {
        let (mut started, mut ended) = (Vec::new(), Vec::new());
        for ((place, attempt), AttemptRow { started: start, ended: end }) in &self.attempts {
            let id = match place {
                Place::Known(id) => *id,
                Place::New(place) => self.new.get(*place).map_or(RequestId(0), |new| new.request.id),
            };
            if let Some((owner, at)) = start {
                let server = self.servers.number(&owner.server)?;
                started.push(StartedRow {
                    request: id.0,
                    attempt: i64::from(*attempt),
                    server,
                    epoch: owner.epoch.0,
                    at: at.0,
                });
            }
            if let Some(Ended { outcome, error, at, began }) = end {
                ended.push(EndedRow {
                    request: id.0,
                    attempt: i64::from(*attempt),
                    at: at.0,
                    outcome: outcome_number(*outcome),
                    error: error.as_ref(),
                    began: began.map(|at| at.0),
                });
            }
        }
        Ok((started, ended))
    }
}

fn number_of(groups: &BTreeMap<Group, i64>, group: &Group) -> DbResult<i64> {
    groups.get(group).copied().ok_or_else(|| corrupt("group without number", group.code.as_str()).into())
}

async fn prepare(db: &ClientWrapper, writes: &[Write<'_>]) -> DbResult<Vec<Statement>> {
    let mut prepared = Vec::with_capacity(writes.len());
    for write in writes {
        prepared.push(db.prepare_cached(write.sql).await?);
    }
    Ok(prepared)
}

struct NewRow<'r> {
    request: &'r Request,
    flow: i64,
    group: i64,
    server: i64,
    inputs: String,
    key: Option<&'r str>,
}

struct ChangedRow<'r> {
    held: &'r Held,
    group: i64,
    server: i64,
}

struct StartedRow {
    request: i64,
    attempt: i64,
    server: i64,
    epoch: i64,
    at: i64,
}

struct AuditRow {
    at: i64,
    entry: AuditEntry,
    made: MadeRequests,
}

struct EndedRow<'r> {
    request: i64,
    attempt: i64,
    at: i64,
    outcome: i64,
    error: Option<&'r RequestError>,
    began: Option<i64>,
}

fn insert_requests<'r>(new: &'r [NewRow<'r>], writes: &mut Vec<Write<'r>>) {
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
        column(new, |row| row.inputs.as_str()),
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
        column(new, |row| row.flow),
        column(new, |row| row.group),
    ];
    let sql = "
INSERT INTO request (id, state, server, epoch, fence, attempt, created, started, updated, flow, request_group,
                     retries_used, takeovers, saved_points, log_entries, newest, removed)
SELECT u.*, 0, 0, 0, 0, 0, 0
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) u";
    writes.push(Write { sql, columns: stands });
}

fn insert_attempts<'r>(started: &'r [StartedRow], writes: &mut Vec<Write<'r>>) {
    if started.is_empty() {
        return;
    }
    let columns = vec![
        column(started, |row| row.request),
        column(started, |row| row.attempt),
        column(started, |row| row.server),
        column(started, |row| row.epoch),
        column(started, |row| row.at),
    ];
    let sql = "
INSERT INTO attempt (request, attempt, server, epoch, started)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])";
    writes.push(Write { sql, columns });
}

fn end_attempts<'r>(ended: &'r [EndedRow<'r>], writes: &mut Vec<Write<'r>>) {
    if ended.is_empty() {
        return;
    }
    let columns = vec![
        column(ended, |row| row.request),
        column(ended, |row| row.attempt),
        column(ended, |row| row.at),
        column(ended, |row| row.outcome),
        column(ended, |row| optional(row.error.map(|error| error.code.as_str()))),
        column(ended, |row| optional(row.error.map(|error| error.message.as_str()))),
        column(ended, |row| optional(row.error.and_then(|error| error.component.as_deref()))),
        column(ended, |row| row.began),
    ];
    let sql = "
UPDATE attempt a SET ended = u.ended, outcome = u.outcome, error_code = u.code, error_message = u.message,
                     error_component = u.component, began = u.began
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[])
     AS u (request, attempt, ended, outcome, code, message, component, began)
WHERE a.request = u.request AND a.attempt = u.attempt";
    writes.push(Write { sql, columns });
}

fn insert_history<'r>(history: &'r [HistoryRow<'_>], writes: &mut Vec<Write<'r>>) {
    if history.is_empty() {
        return;
    }
    fn point<'p, T>(row: &'p HistoryRow<'_>, value: impl Fn(&'p SavedPoint) -> T) -> Option<T> {
        match &row.what {
            What::Point(prepared, _) => Some(value(&prepared.point)),
            What::Log | What::StepBack(_) => None,
        }
    }
    fn object<'p, T>(row: &'p HistoryRow<'_>, value: impl Fn(&'p String, &'p String, u64) -> T) -> Option<T> {
        match point(row, |point| &point.data) {
            Some(SavedData::Object { key, hash, bytes }) => Some(value(key, hash, *bytes)),
            _ => None,
        }
    }
    let records = |row: &HistoryRow<'_>| match &row.what {
        What::Point(prepared, _) => Some(number(prepared.point.rows)),
        What::StepBack(to) => Some(*to),
        What::Log => None,
    };
    let joined = |row: &HistoryRow<'_>| match &row.what {
        What::Point(_, joined) => (*joined).then_some(true),
        What::Log | What::StepBack(_) => None,
    };
    let inline = |row: &'r HistoryRow<'_>| match point(row, |point| &point.data) {
        Some(SavedData::Inline(data)) => Some(data.as_ref()),
        _ => None,
    };
    let json = |row: &'r HistoryRow<'_>, which: fn(&'r super::PreparedPoint) -> Option<&'r str>| match &row.what {
        What::Point(prepared, _) => which(prepared),
        What::Log | What::StepBack(_) => None,
    };
    let columns = vec![
        column(history, |row| row.request.0),
        column(history, |row| row.number),
        column(history, |row| point(row, |point| kind_number(point.kind))),
        column(history, |row| point(row, |point| i64::from(point.attempt))),
        column(history, |row| point(row, |point| point.at.0)),
        column(history, records),
        column(history, |row| point(row, |point| text(&point.component))),
        column(history, |row| point(row, |point| text(&point.name))),
        column(history, |row| point(row, |point| text(&point.iteration)).filter(|iteration| !iteration.is_empty())),
        column(history, |row| json(row, |prepared| prepared.variables.as_deref())),
        column(history, |row| json(row, |prepared| prepared.outlets.as_deref())),
        column(history, |row| point(row, |point| point.due.map(|due| due.0)).flatten()),
        column(history, |row| object(row, |key, _, _| key.as_str())),
        column(history, |row| object(row, |_, hash, _| hash.as_str())),
        column(history, |row| object(row, |_, _, bytes| number(bytes))),
        column(history, |row| row.log.as_ref().map(|(first, _)| *first)),
        column(history, |row| row.log.as_ref().map(|(_, json)| json.as_ref())),
        column(history, inline),
        column(history, joined),
    ];
    let sql = "
INSERT INTO history (request, number, kind, attempt, at, records, component, name, iteration, variables, outlets, due,
                     object_key, object_hash, object_bytes, first, log, data, joined)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[],
                     $15::bigint[], $16::bigint[], $17::bytea[], $18::bytea[], $19::boolean[])";
    writes.push(Write { sql, columns });
}

fn update_requests<'r>(changed: &'r [ChangedRow<'r>], writes: &mut Vec<Write<'r>>) {
    if changed.is_empty() {
        return;
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
        column(changed, |row| row.held.log_entries),
        column(changed, |row| row.held.newest),
        column(changed, |row| optional(row.held.request.checkpoint.as_deref())),
        column(changed, |row| optional(error(row).map(|error| error.code.as_str()))),
        column(changed, |row| optional(error(row).map(|error| error.message.as_str()))),
        column(changed, |row| optional(error(row).and_then(|error| error.component.as_deref()))),
        column(changed, reply),
        column(changed, |row| row.group),
        column(changed, |row| row.held.began.map(|at| at.0)),
    ];
    let sql = "
UPDATE request r
SET state = u.state, server = u.server, epoch = u.epoch, fence = u.fence, attempt = u.attempt,
    retries_used = u.retries_used, takeovers = u.takeovers, due = u.due, started = u.started, updated = u.updated,
    ended = u.ended, saved_points = u.saved_points, log_entries = u.log_entries, newest = u.newest,
    checkpoint = u.checkpoint, error_code = u.error_code, error_message = u.error_message,
    error_component = u.error_component, reply = u.reply, request_group = u.request_group, began = u.began
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
            $15::bigint[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::bigint[],
            $22::bigint[])
     AS u (id, state, server, epoch, fence, attempt, retries_used, takeovers, due, started, updated, ended,
           saved_points, log_entries, newest, checkpoint, error_code, error_message, error_component, reply,
           request_group, began)
WHERE r.id = u.id";
    writes.push(Write { sql, columns });
}

fn insert_counts<'r>(counts: &'r [(i64, i64)], writes: &mut Vec<Write<'r>>) {
    if counts.is_empty() {
        return;
    }
    let columns = vec![column(counts, |(group, _)| *group), column(counts, |(_, more)| *more)];
    let sql = "INSERT INTO request_count (request_group, n) SELECT * FROM unnest($1::bigint[], $2::bigint[])";
    writes.push(Write { sql, columns });
}

fn insert_audit<'r>(entries: &'r [AuditRow], writes: &mut Vec<Write<'r>>) {
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
