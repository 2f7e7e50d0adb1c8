//! What requests save and log: the chain of rows from a request's newest one back.

use super::rows::{RUNNING, from_json, to_json};
use crate::error::{DbResult, corrupt};
use crate::writer::Db;
use flow_store::transition::{self, GoOn, PointInWrite, Progress};
use flow_store::{
    AttemptWrite, Fence, Level, LogEntry, NumberedLogEntry, PointPlace, Request, RequestId, SavedData, SavedKind,
    SavedOutline, SavedPoint, StoreError, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A write of an attempt with all that can be done before it is the writer's turn.
pub(super) struct PreparedWrite {
    progress: Progress,
    points: Vec<PreparedPoint>,
    log: PreparedLog,
}

struct PreparedPoint {
    point: SavedPoint,
    variables: Option<String>,
    outlets: Option<String>,
}

struct PreparedLog {
    entries: i64,
    json: Option<Vec<u8>>,
}

/// A log entry as it is stored: its values in a fixed order, without their names, which would be longer than they are.
#[derive(Serialize, Deserialize)]
struct StoredEntry<'a>(
    Timestamp,
    u32,
    #[serde(borrow)] Cow<'a, str>,
    Level,
    Option<Cow<'a, str>>,
    Cow<'a, str>,
    Cow<'a, str>,
);

impl<'a> StoredEntry<'a> {
    fn of(entry: &'a LogEntry) -> Self {
        let LogEntry { at, attempt, server, level, component, event, message } = entry;
        let component = component.as_deref().map(Cow::Borrowed);
        Self(*at, *attempt, server.into(), *level, component, event.into(), message.into())
    }

    fn into_entry(self) -> LogEntry {
        let Self(at, attempt, server, level, component, event, message) = self;
        LogEntry {
            at,
            attempt,
            server: server.into_owned(),
            level,
            component: component.map(Cow::into_owned),
            event: event.into_owned(),
            message: message.into_owned(),
        }
    }
}

/// The end of a request's chain.
struct Chain {
    newest: Option<i64>,
    log_entries: i64,
}

impl PreparedPoint {
    fn new(point: SavedPoint) -> Result<Self, StoreError> {
        let no_variables = point.variables.as_object().is_some_and(Map::is_empty);
        let variables = if no_variables { None } else { Some(to_json(&point.variables)?) };
        let outlets = if point.outlets.is_empty() { None } else { Some(to_json(&point.outlets)?) };
        Ok(Self { point, variables, outlets })
    }
}

impl PreparedLog {
    const NONE: Self = Self { entries: 0, json: None };

    fn new(entries: &[LogEntry]) -> Result<Self, StoreError> {
        if entries.is_empty() {
            return Ok(Self::NONE);
        }
        let no_json = |error| StoreError::unavailable(format!("a log entry is no JSON: {error}"));
        let stored: Vec<StoredEntry<'_>> = entries.iter().map(StoredEntry::of).collect();
        let json = serde_json::to_vec(&stored).map_err(no_json)?;
        Ok(Self { entries: i64::try_from(entries.len()).unwrap_or(i64::MAX), json: Some(json) })
    }
}

impl PreparedWrite {
    pub(super) fn new(write: AttemptWrite) -> Result<Self, StoreError> {
        Ok(Self {
            progress: transition::progress(&write.saved),
            log: PreparedLog::new(&write.log)?,
            points: write.saved.into_iter().map(PreparedPoint::new).collect::<Result<_, _>>()?,
        })
    }

    /// The hot path: what [`transition::save`] says, without reading more of the request than the end of its chain.
    pub(super) fn write(&self, db: &Db<'_>, id: RequestId, fence: Fence) -> DbResult<()> {
        let mut check = db
            .connection
            .prepare_cached("SELECT newest, log_entries FROM request WHERE id = ? AND fence = ? AND state = ?")?;
        let chain = check.query_row(params![id.0, fence.0, RUNNING], Chain::of).optional()?;
        let Some(mut chain) = chain else {
            return Err(refused(db, id, fence)?.into());
        };
        chain.add(db, &self.points, &self.log)?;
        let mut update = db.connection.prepare_cached(
            "UPDATE request SET updated = ?1, saved_points = saved_points + ?2, checkpoint = coalesce(?3, checkpoint),
                    takeovers = iif(?4, 0, takeovers), log_entries = ?5, newest = ?6
             WHERE id = ?7",
        )?;
        let Progress { points, checkpoint, forward } = &self.progress;
        update.execute(params![db.now.0, points, checkpoint, forward, chain.log_entries, chain.newest, id.0])?;
        Ok(())
    }
}

/// Why a write found no running attempt with its fence.
fn refused(db: &Db<'_>, id: RequestId, fence: Fence) -> DbResult<StoreError> {
    let mut known = db.connection.prepare_cached("SELECT 1 FROM request WHERE id = ?")?;
    if known.exists([id.0])? {
        return Ok(StoreError::StaleFence { request: id, fence });
    }
    Ok(StoreError::no_request(id))
}

/// Adds log entries to a request.
pub(super) fn add_log(db: &Db<'_>, id: RequestId, entries: &[LogEntry]) -> DbResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut end = db.connection.prepare_cached("SELECT newest, log_entries FROM request WHERE id = ?")?;
    let mut chain = end.query_row([id.0], Chain::of)?;
    chain.add(db, &[], &PreparedLog::new(entries)?)?;
    let mut update = db.connection.prepare_cached("UPDATE request SET log_entries = ?, newest = ? WHERE id = ?")?;
    update.execute(params![chain.log_entries, chain.newest, id.0])?;
    Ok(())
}

impl Chain {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { newest: row.get(0)?, log_entries: row.get(1)? })
    }

    /// Adds the rows of one write.
    fn add(&mut self, db: &Db<'_>, points: &[PreparedPoint], log: &PreparedLog) -> DbResult<()> {
        let Some((first, others)) = points.split_first() else {
            if log.json.is_some() {
                self.add_log_row(db, log)?;
            }
            return Ok(());
        };
        self.add_point(db, first, log, None)?;
        others.iter().try_for_each(|point| self.add_point(db, point, &PreparedLog::NONE, Some(true)))
    }

    fn add_log_row(&mut self, db: &Db<'_>, log: &PreparedLog) -> DbResult<()> {
        let mut insert = db.connection.prepare_cached("INSERT INTO history (previous, first, log) VALUES (?, ?, ?)")?;
        insert.execute(params![self.newest, self.log_entries + 1, log.json])?;
        self.added(db, log);
        Ok(())
    }

    fn add_point(
        &mut self,
        db: &Db<'_>,
        prepared: &PreparedPoint,
        log: &PreparedLog,
        joined: Option<bool>,
    ) -> DbResult<()> {
        let point = &prepared.point;
        let (inline, key, hash, bytes) = match &point.data {
            SavedData::None => (None, None, None, None),
            SavedData::Inline(data) => (Some(data.as_ref()), None, None, None),
            SavedData::Object { key, hash, bytes } => (None, Some(key), Some(hash), Some(bytes)),
        };
        let mut insert = db.connection.prepare_cached(
            "INSERT INTO history (previous, kind, attempt, at, records, component, name, iteration, variables, outlets,
                                  due, object_key, object_hash, object_bytes, first, log, data, joined)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![
            self.newest,
            kind_number(point.kind),
            point.attempt,
            point.at.0,
            point.rows,
            point.component,
            point.name,
            Some(&point.iteration).filter(|iteration| !iteration.is_empty()),
            prepared.variables,
            prepared.outlets,
            point.due.map(|due| due.0),
            key,
            hash,
            bytes,
            log.json.as_ref().map(|_| self.log_entries + 1),
            log.json,
            inline,
            joined,
        ])?;
        self.added(db, log);
        Ok(())
    }

    fn added(&mut self, db: &Db<'_>, log: &PreparedLog) {
        self.newest = Some(db.connection.last_insert_rowid());
        self.log_entries += log.entries;
    }
}

/// The row before a row, for the log.
const LOG: &str = "previous";
/// The row before a row, for saved points: see the migration `retention` for steps back.
const POINTS: &str = "iif(kind IS NULL AND records IS NOT NULL, nullif(records, 0), previous)";

/// Shows the rows of a request, newest first, until `visit` has seen enough (false). The first column is `previous`, which
/// is [`LOG`] or [`POINTS`].
fn walk(
    connection: &Connection,
    id: RequestId,
    previous: &str,
    columns: &str,
    visit: impl FnMut(&Row<'_>) -> DbResult<bool>,
) -> DbResult<()> {
    let mut newest = connection.prepare_cached("SELECT newest FROM request WHERE id = ?")?;
    let newest: Option<Option<i64>> = newest.query_row([id.0], |row| row.get(0)).optional()?;
    walk_from(connection, newest.ok_or_else(|| StoreError::no_request(id))?, previous, columns, visit)
}

/// The same from a row on.
fn walk_from(
    connection: &Connection,
    mut next: Option<i64>,
    previous: &str,
    columns: &str,
    mut visit: impl FnMut(&Row<'_>) -> DbResult<bool>,
) -> DbResult<()> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {previous}, {columns} FROM history WHERE id = ?"))?;
    while let Some(row_id) = next {
        let visited = statement.query_row([row_id], |row| Ok((row.get(0)?, visit(row)))).optional()?;
        let (previous, goes_on) = visited.ok_or_else(|| corrupt("history of a request without row", row_id))?;
        next = if goes_on? { previous } else { None };
    }
    Ok(())
}

/// The columns of a saved point, behind another one.
const POINT: &str = "kind, attempt, at, records, component, name, iteration, variables, outlets, due, object_key,
                     object_hash, object_bytes, data";

/// The saved points of a request in the order in which they were saved.
pub(super) fn saved_points(connection: &Connection, id: RequestId) -> DbResult<Vec<SavedPoint>> {
    let mut points = Vec::new();
    walk(connection, id, POINTS, POINT, |row| {
        if let Some(kind) = row.get::<_, Option<i64>>(1)? {
            points.push(saved_point(row, kind)?);
        }
        Ok(true)
    })?;
    points.reverse();
    Ok(points)
}

/// The saved points in these rows, in their order.
pub(super) fn saved_at(connection: &Connection, id: RequestId, places: &[PointPlace]) -> DbResult<Vec<SavedPoint>> {
    let sql = format!("SELECT id, {POINT} FROM history WHERE id = ? AND kind IS NOT NULL");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut point = |place: &PointPlace| {
        let found = statement.query_row([place.0], |row| Ok(saved_point(row, row.get(1)?))).optional()?;
        found.unwrap_or_else(|| Err(StoreError::no_saved_point(id).into()))
    };
    places.iter().map(&mut point).collect()
}

/// The outlines of saved points, newest first. The rows' streams are not read.
pub(super) fn outlines(
    connection: &Connection,
    id: RequestId,
    before: Option<PointPlace>,
    limit: usize,
) -> DbResult<Vec<SavedOutline>> {
    let columns = "id, kind, component, iteration, outlets, due, at, object_key IS NOT NULL OR data IS NOT NULL";
    let mut outlines = Vec::new();
    let visit = |row: &Row<'_>| {
        if let Some(kind) = row.get::<_, Option<i64>>(2)? {
            outlines.push(outline(row, kind)?);
        }
        Ok(outlines.len() < limit)
    };
    let Some(before) = before else {
        walk(connection, id, POINTS, columns, visit)?;
        return Ok(outlines);
    };
    let mut previous = connection.prepare_cached("SELECT previous FROM history WHERE id = ?")?;
    let next: Option<Option<i64>> = previous.query_row([before.0], |row| row.get(0)).optional()?;
    walk_from(connection, next.ok_or_else(|| StoreError::no_saved_point(id))?, POINTS, columns, visit)?;
    Ok(outlines)
}

fn outline(row: &Row<'_>, number: i64) -> DbResult<SavedOutline> {
    let outlets = row.get::<_, Option<String>>(5)?.map(|text| from_json(&text)).transpose()?;
    Ok(SavedOutline {
        place: PointPlace(row.get(1)?),
        kind: kind(number)?,
        component: row.get(3)?,
        iteration: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        outlets: outlets.unwrap_or_default(),
        due: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        at: Timestamp(row.get(7)?),
        has_stream: row.get(8)?,
    })
}

fn kind(number: i64) -> DbResult<SavedKind> {
    let kind = SavedKind::ALL.into_iter().find(|kind| kind_number(*kind) == number);
    Ok(kind.ok_or_else(|| corrupt("kind of saved point", number))?)
}

fn saved_point(row: &Row<'_>, number: i64) -> DbResult<SavedPoint> {
    let variables = row.get::<_, Option<String>>(8)?.map(|text| from_json(&text)).transpose()?;
    let outlets = row.get::<_, Option<String>>(9)?.map(|text| from_json(&text)).transpose()?;
    let data = match (row.get(11)?, row.get(12)?, row.get(13)?, row.get::<_, Option<Vec<u8>>>(14)?) {
        (Some(key), Some(hash), Some(bytes), _) => SavedData::Object { key, hash, bytes },
        (_, _, _, Some(data)) => SavedData::Inline(data.into()),
        _ => SavedData::None,
    };
    Ok(SavedPoint {
        kind: kind(number)?,
        attempt: row.get(2)?,
        at: Timestamp(row.get(3)?),
        rows: row.get(4)?,
        component: row.get(5)?,
        name: row.get(6)?,
        iteration: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
        variables: variables.unwrap_or_else(|| Value::Object(Map::new())),
        outlets: outlets.unwrap_or_default(),
        due: row.get::<_, Option<i64>>(10)?.map(Timestamp),
        data,
    })
}

/// The log of a request after entry number `after`, at most `limit` entries, oldest first.
pub(super) fn log(connection: &Connection, id: RequestId, after: u64, limit: usize) -> DbResult<Vec<NumberedLogEntry>> {
    let mut parts = Vec::new();
    walk(connection, id, LOG, "first, log", |row| {
        let Some(first) = row.get::<_, Option<u64>>(1)? else {
            return Ok(true);
        };
        let json = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        let stored: Vec<StoredEntry<'_>> = serde_json::from_slice(json).map_err(|error| corrupt("log entry", error))?;
        parts.push((first, stored.into_iter().map(StoredEntry::into_entry).collect::<Vec<_>>()));
        Ok(first > after.saturating_add(1))
    })?;
    let numbered = parts.into_iter().rev().flat_map(|(first, entries)| (first..).zip(entries));
    let wanted = numbered.filter(|(number, _)| *number > after).take(limit);
    Ok(wanted.map(|(number, entry)| NumberedLogEntry { number, entry }).collect())
}

/// From where a request is re-executed, and the row to step back to if it is from an earlier saved point (0: none).
pub(super) fn go_on(connection: &Connection, request: &Request, from: Option<u32>) -> DbResult<(GoOn, Option<i64>)> {
    let Some(from) = from else {
        let mut newest = connection.prepare_cached("SELECT newest IS NULL FROM request WHERE id = ?")?;
        let removed = request.saved_points > 0 && newest.query_row([request.id.0], |row| row.get(0))?;
        return Ok((if removed { GoOn::Removed } else { GoOn::Newest }, None));
    };
    let (mut points, mut places) = (Vec::new(), Vec::new());
    walk(connection, request.id, POINTS, "id, kind, name, joined", |row| {
        if let Some(number) = row.get::<_, Option<i64>>(2)? {
            let joined = row.get::<_, Option<bool>>(4)?.unwrap_or(false);
            points.push(PointInWrite { kind: kind(number)?, name: row.get(3)?, joined });
            places.push(row.get(1)?);
        }
        Ok(true)
    })?;
    points.reverse();
    places.reverse();
    let earlier = transition::rewind(request.id, &points, from)?;
    let stays = usize::try_from(earlier.points).unwrap_or(usize::MAX);
    let to = stays.checked_sub(1).and_then(|last| places.get(last)).copied().unwrap_or(0);
    Ok((GoOn::Earlier(earlier), Some(to)))
}

/// From now on the saved points of a request are those up to the row `to`, and what is saved after this.
pub(super) fn step_back(db: &Db<'_>, id: RequestId, to: i64) -> DbResult<()> {
    let mut insert = db
        .connection
        .prepare_cached("INSERT INTO history (previous, records) SELECT newest, ?2 FROM request WHERE id = ?1")?;
    insert.execute([id.0, to])?;
    let mut update = db.connection.prepare_cached("UPDATE request SET newest = ? WHERE id = ?")?;
    update.execute([db.connection.last_insert_rowid(), id.0])?;
    Ok(())
}

/// Takes the log and the saved points from a request at once, however many there are; the rows are removed later. Whether
/// there were any.
pub(crate) fn unlink(db: &Db<'_>, id: RequestId) -> DbResult<bool> {
    let mut unlink = db
        .connection
        .prepare_cached("INSERT INTO history_removed SELECT newest FROM request WHERE id = ? AND newest IS NOT NULL")?;
    let had = unlink.execute([id.0])? > 0;
    let mut update = db.connection.prepare_cached("UPDATE request SET newest = NULL, log_entries = 0 WHERE id = ?")?;
    update.execute([id.0])?;
    Ok(had)
}

/// Removes at most `limit` rows that no request has any more. Whether all are gone.
pub(crate) fn remove_unlinked(db: &Db<'_>, limit: usize) -> DbResult<bool> {
    let mut first = db.connection.prepare_cached("SELECT row FROM history_removed LIMIT 1")?;
    let mut left = limit;
    while let Some(newest) = first.query_row([], |row| row.get::<_, i64>(0)).optional()? {
        if left == 0 {
            return Ok(false);
        }
        let (mut rows, mut next) = (Vec::new(), None);
        walk_from(db.connection, Some(newest), LOG, "id, previous", |row| {
            rows.push(row.get::<_, i64>(1)?);
            next = row.get::<_, Option<i64>>(2)?;
            Ok(rows.len() < left)
        })?;
        let mut delete = db.connection.prepare_cached("DELETE FROM history WHERE id = ?")?;
        for row in &rows {
            delete.execute([row])?;
        }
        left -= rows.len();
        db.connection.prepare_cached("DELETE FROM history_removed WHERE row = ?")?.execute([newest])?;
        if let Some(next) = next {
            db.connection.prepare_cached("INSERT INTO history_removed VALUES (?)")?.execute([next])?;
        }
    }
    Ok(true)
}

/// The number of a kind in the database. Never changes.
fn kind_number(kind: SavedKind) -> i64 {
    match kind {
        SavedKind::Begin => 0,
        SavedKind::Checkpoint => 1,
        SavedKind::Wait => 2,
        SavedKind::Stream => 3,
        SavedKind::Completed => 4,
        SavedKind::Outlets => 5,
        SavedKind::Withdrawn => 6,
        SavedKind::Input => 7,
    }
}
