//! Claims: several servers take from one queue without waiting for each other, each what the others have not locked.

use super::batch::Batch;
use super::rows;
use crate::error::{DbError, DbResult};
use crate::open::Database;
use crate::servers::{self, Servers, lock};
use crate::transaction::Transaction;
use deadpool_postgres::ClientWrapper;
use flow_store::{Epoch, Owner, Request, RequestState, ServerState, StoreError, Timestamp, check_alive, transition};

/// States that can be claimed.
const STATES: [RequestState; 3] = [RequestState::Queued, RequestState::Waiting, RequestState::WaitingForRetry];

/// The parts of what an owner can claim: what is free and what is its own, by state. Each is a stretch of the index of open
/// requests, what has been due longest first.
fn parts() -> impl Iterator<Item = (String, usize)> {
    let whose = [
        "r.server = 0 AND r.epoch = 0 AND r.ended IS NULL",
        "r.server = (SELECT s.id FROM server s WHERE s.server = $1) AND r.epoch = $2 AND r.ended IS NULL",
    ];
    let parts = whose.into_iter().flat_map(|whose| STATES.map(|state| (whose, rows::state_number(state))));
    parts.enumerate().map(|(part, (whose, state))| (format!("{whose} AND r.state = {state}"), part))
}

/// When the owner next has something to claim; `now` or earlier if it has already.
pub(super) async fn next_due(db: &ClientWrapper, owner: &Owner, now: Timestamp) -> DbResult<Option<Timestamp>> {
    let first = |(part, _): (String, usize)| {
        format!("(SELECT coalesce(r.due, $3) AS due FROM request r WHERE {part} ORDER BY r.due, r.id LIMIT 1)")
    };
    let sql = format!("SELECT min(due) FROM ({}) first", parts().map(first).collect::<Vec<_>>().join(" UNION ALL "));
    let found = crate::sql::row(db, &sql, &[&owner.server.as_str(), &owner.epoch.0, &now.0]).await?;
    Ok(found.try_get::<_, Option<i64>>(0)?.map(Timestamp))
}

/// Gives the owner at most `limit` requests.
pub(super) async fn claim(database: &Database, owner: &Owner, limit: usize) -> Result<Vec<Request>, StoreError> {
    let wanted = {
        let db = database.reader().await?;
        let now = database.now();
        // Looked at without a lock first: a server with nothing to do writes nothing.
        match look(&db, owner, now, limit).await? {
            (ServerState::Running, wanted) => wanted,
            _ => return Ok(Vec::new()),
        }
    };
    if wanted.iter().all(|wanted| *wanted == 0) {
        return Ok(Vec::new());
    }
    let transaction = database.begin().await?;
    let claimed = take(&transaction, database, owner, &wanted).await;
    transaction.end(claimed).await
}

/// The owner's state, and how many requests to take of each part, so that together they are those that have been due
/// longest. One statement: it is run again and again while there is nothing to do.
async fn look(db: &ClientWrapper, owner: &Owner, now: Timestamp, limit: usize) -> DbResult<(ServerState, Vec<i64>)> {
    let part = |(part, number): (String, usize)| {
        format!(
            "(SELECT {number} AS part, coalesce(r.due, r.created) AS since, r.id FROM request r
              WHERE {part} AND (r.due IS NULL OR r.due <= $3) ORDER BY r.due, r.id LIMIT $4)"
        )
    };
    let all: Vec<String> = parts().map(part).collect();
    let sql = format!(
        "SELECT s.epoch, s.state, ready.part FROM (SELECT) AS asked LEFT JOIN server s ON s.server = $1
                LEFT JOIN (SELECT part FROM ({}) AS parts ORDER BY since, id LIMIT $4) ready ON true",
        all.join(" UNION ALL ")
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = crate::sql::rows(db, &sql, &[&owner.server.as_str(), &owner.epoch.0, &now.0, &limit]).await?;
    let (mut wanted, mut known) = (vec![0; all.len()], None);
    for row in found {
        if let Some(epoch) = row.try_get::<_, Option<i64>>(0)? {
            known = Some((Epoch(epoch), servers::state(row.try_get(1)?)?));
        }
        let part: Option<i32> = row.try_get(2)?;
        if let Some(wanted) = part.and_then(|part| usize::try_from(part).ok()).and_then(|part| wanted.get_mut(part)) {
            *wanted += 1;
        }
    }
    Ok((check_alive(known, owner)?, wanted))
}

async fn take(transaction: &Transaction, database: &Database, owner: &Owner, wanted: &[i64]) -> DbResult<Vec<Request>> {
    lock(transaction, &owner.server, false).await?;
    let servers = Servers::load(transaction).await?;
    if servers.check_alive(owner)? != ServerState::Running {
        return Ok(Vec::new());
    }
    let mut batch = Batch::new(transaction.now, servers);
    for ((part, _), wanted) in parts().zip(wanted).filter(|(_, wanted)| **wanted > 0) {
        // The first two parameters are named in every part, so that all have the same.
        let sql = format!(
            "{} WHERE {part} AND (r.due IS NULL OR r.due <= $3) AND $1::text IS NOT NULL AND $2::bigint IS NOT NULL
             ORDER BY r.due, r.id LIMIT $4 FOR NO KEY UPDATE OF r SKIP LOCKED",
            rows::SELECT
        );
        let values: crate::sql::Values<'_> = &[&owner.server.as_str(), &owner.epoch.0, &transaction.now.0, wanted];
        let found = crate::sql::rows(transaction, &sql, values).await?;
        database.numbers.know_servers(transaction, &found, rows::SERVER).await?;
        batch.hold(&found, &database.numbers)?;
    }
    let mut ready = batch.held();
    ready.retain(|request| transition::is_claimable(request, owner, transaction.now));
    ready.sort_by_key(Request::claim_order);
    let mut claimed = Vec::with_capacity(ready.len());
    for request in ready {
        let change = transition::claim(request, owner, transaction.now).map_err(DbError::from)?;
        claimed.push(batch.apply(change)?);
    }
    batch.write_out(transaction, database).await?;
    Ok(claimed)
}
