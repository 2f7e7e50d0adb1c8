//! Reads of requests.

use super::apply::outcome_number;
use super::rows::{self, RUNNING, SELECT, collect, request, server_id, state_number};
use crate::error::{DbResult, corrupt};
use flow_store::{
    AttemptOutcome, AttemptRecord, Epoch, Owner, ProjectName, Request, RequestId, RequestState, Timestamp, VersionId,
};
use rusqlite::{Connection, Row, params};
use std::sync::LazyLock;

/// The newest attempts of a request below number `before`, oldest first.
pub(super) fn attempts(
    connection: &Connection,
    id: RequestId,
    before: Option<u32>,
    limit: usize,
) -> DbResult<Vec<AttemptRecord>> {
    // Of the newest, its request's own row tells while it is under way and once it has finished.
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT a.attempt, s.server, a.epoch, s.name, a.started, a.ended, a.outcome, a.error_code, a.error_message,
                    a.error_component, a.began, a.version
             FROM attempt a JOIN server s ON s.id = a.server WHERE a.request = ?1 AND a.attempt < ?2
             UNION ALL
             SELECT r.attempt, s.server, r.epoch, s.name, coalesce(r.attempt_started, r.started), r.ended,
                    iif(r.state = {RUNNING}, NULL, {}), NULL, NULL, NULL, r.began, NULL
             FROM request r JOIN server s ON s.id = r.server
             WHERE r.id = ?1 AND r.state IN ({RUNNING}, {}) AND r.attempt < ?2
             ORDER BY 1 DESC LIMIT ?3",
            outcome_number(AttemptOutcome::Finished),
            state_number(RequestState::Finished),
        )
    });
    let mut statement = connection.prepare_cached(&SQL)?;
    let before = before.map_or(i64::MAX, i64::from);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut attempts = collect(statement.query([id.0, before, limit])?, attempt)?;
    attempts.reverse();
    if attempts.is_empty() {
        // Never started, or not there at all.
        rows::load(connection, id)?;
    }
    Ok(attempts)
}

fn attempt(row: &Row<'_>) -> DbResult<AttemptRecord> {
    let outcome = |number: i64| {
        let known = AttemptOutcome::ALL.into_iter().find(|outcome| outcome_number(*outcome) == number);
        known.ok_or_else(|| corrupt("outcome of an attempt", number))
    };
    let server = server_id(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(AttemptRecord {
        attempt: row.get(0)?,
        owner: Owner { server, epoch: Epoch(row.get(2)?) },
        server_name: row.get(3)?,
        started: Timestamp(row.get(4)?),
        ended: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        end: row.get::<_, Option<i64>>(6)?.map(outcome).transpose()?,
        error: rows::error(row, 7)?,
        first_component_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
        version: row.get::<_, Option<String>>(11)?.map(version).transpose()?,
    })
}

fn version(text: String) -> DbResult<VersionId> {
    VersionId::parse(&text).map_err(|error| corrupt("version of an attempt", error).into())
}

/// The requests of a flow that ended in a state at `from` or later, in the order of their ends.
pub(crate) fn ended(
    connection: &Connection,
    project: &ProjectName,
    flow: &str,
    state: i64,
    from: Timestamp,
    limit: usize,
) -> DbResult<Vec<Request>> {
    let sql = format!(
        "{SELECT} WHERE r.state = ?1 AND r.ended IS NOT NULL AND r.ended >= ?2
                        AND r.flow = (SELECT id FROM flow WHERE project = ?3 AND flow = ?4)
         ORDER BY r.ended, r.id LIMIT ?5"
    );
    let values = params![state, from.0, project.as_str(), flow, limit];
    collect(connection.prepare_cached(&sql)?.query(values)?, request)
}
