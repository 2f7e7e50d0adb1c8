//! Adding to a request's chain.

use super::kind_number;
use super::log::PreparedLog;
use crate::error::DbResult;
use crate::requests::rows::{RUNNING, to_json};
use crate::writer::Db;
use flow_store::transition::{self, Progress};
use flow_store::{
    AttemptRecord, AttemptWrite, Fence, LogEntry, RequestId, SavedData, SavedPoint, StoreError, Timestamp,
};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Map;

/// A write of an attempt with all that can be done before it is the writer's turn.
pub(in crate::requests) struct PreparedWrite {
    progress: Progress,
    points: Vec<PreparedPoint>,
    log: PreparedLog,
    /// When the first component started, of those that the log tells of.
    began: Option<Timestamp>,
}

struct PreparedPoint {
    point: SavedPoint,
    variables: Option<String>,
    outlets: Option<String>,
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

impl PreparedWrite {
    pub(in crate::requests) fn new(write: AttemptWrite) -> Result<Self, StoreError> {
        Ok(Self {
            progress: transition::progress(&write.saved),
            began: AttemptRecord::first_component_in(&write.log),
            log: PreparedLog::new(&write.log)?,
            points: write.saved.into_iter().map(PreparedPoint::new).collect::<Result<_, _>>()?,
        })
    }

    /// The hot path: what [`transition::save`] says, without reading more of the request than the end of its chain.
    pub(in crate::requests) fn write(&self, db: &Db<'_>, id: RequestId, fence: Fence) -> DbResult<()> {
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
                    takeovers = iif(?4, 0, takeovers), log_entries = ?5, newest = ?6, began = coalesce(began, ?8)
             WHERE id = ?7",
        )?;
        let Progress { points, checkpoint, forward } = &self.progress;
        let began = self.began.map(|at| at.0);
        update.execute(params![db.now.0, points, checkpoint, forward, chain.log_entries, chain.newest, id.0, began])?;
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
pub(in crate::requests) fn add_log(db: &Db<'_>, id: RequestId, entries: &[LogEntry]) -> DbResult<()> {
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
