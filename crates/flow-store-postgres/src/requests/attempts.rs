//! The attempts of requests.

use super::rows::{self, state_number};
use crate::error::{DbResult, corrupt};
use crate::numbers::Numbers;
use crate::servers::parse_id;
use crate::sql::small;
use deadpool_postgres::ClientWrapper;
use flow_store::{AttemptOutcome, AttemptRecord, Epoch, Owner, RequestId, RequestState, Timestamp, VersionId};
use std::sync::LazyLock;
use tokio_postgres::Row;

/// The newest attempts of a request below number `before`, oldest first.
pub(super) async fn of(
    db: &ClientWrapper,
    numbers: &Numbers,
    id: RequestId,
    before: Option<u32>,
    limit: usize,
) -> DbResult<Vec<AttemptRecord>> {
    // Of the newest, its request's own row tells while it is under way and once it has finished.
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT a.attempt, s.server, a.epoch, s.name, a.started, a.ended, a.outcome, a.error_code, a.error_message,
                    a.error_component, a.began, a.version
             FROM attempt a JOIN server s ON s.id = a.server WHERE a.request = $1 AND a.attempt < $2
             UNION ALL
             SELECT r.attempt, s.server, r.epoch, s.name, coalesce(r.attempt_started, r.started), r.ended,
                    CASE WHEN r.state <> {running} THEN {}::bigint END, NULL, NULL, NULL, r.began, NULL
             FROM request r JOIN server s ON s.id = r.server
             WHERE r.id = $1 AND r.state IN ({running}, {}) AND r.attempt < $2
             ORDER BY 1 DESC LIMIT $3",
            outcome_number(AttemptOutcome::Finished),
            state_number(RequestState::Finished),
            running = state_number(RequestState::Running),
        )
    });
    let before = before.map_or(i64::MAX, i64::from);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut attempts = crate::sql::read(&crate::sql::rows(db, &SQL, &[&id.0, &before, &limit]).await?, attempt)?;
    attempts.reverse();
    if attempts.is_empty() {
        // Never started, or not there at all.
        rows::load(db, numbers, id).await?;
    }
    Ok(attempts)
}

fn attempt(row: &Row) -> DbResult<AttemptRecord> {
    let outcome = |number: i64| {
        let known = AttemptOutcome::ALL.into_iter().find(|outcome| outcome_number(*outcome) == number);
        known.ok_or_else(|| corrupt("outcome of an attempt", number))
    };
    Ok(AttemptRecord {
        attempt: small(row, 0)?,
        owner: Owner { server: parse_id(row.try_get(1)?)?, epoch: Epoch(row.try_get(2)?) },
        server_name: row.try_get(3)?,
        started: Timestamp(row.try_get(4)?),
        ended: row.try_get::<_, Option<i64>>(5)?.map(Timestamp),
        end: row.try_get::<_, Option<i64>>(6)?.map(outcome).transpose()?,
        error: rows::error(row, 7)?,
        first_component_at: row.try_get::<_, Option<i64>>(10)?.map(Timestamp),
        version: row.try_get::<_, Option<&str>>(11)?.map(version).transpose()?,
    })
}

fn version(text: &str) -> DbResult<VersionId> {
    VersionId::parse(text).map_err(|error| corrupt("version of an attempt", error).into())
}

/// The number of an outcome in the database. Never changes.
pub(super) fn outcome_number(outcome: AttemptOutcome) -> i64 {
    match outcome {
        AttemptOutcome::Finished => 0,
        AttemptOutcome::Failed => 1,
        AttemptOutcome::Waiting => 2,
        AttemptOutcome::Released => 3,
        AttemptOutcome::OwnerLost => 4,
        AttemptOutcome::Cancelled => 5,
    }
}
