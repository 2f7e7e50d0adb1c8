//! Claims: several servers take from one queue without waiting for each other, each what the others have not locked. Only
//! claims of what is under limits come one after the other, so that no two count the same room.

use super::batch::Batch;
use super::rows;
use crate::error::{DbError, DbResult, corrupt};
use crate::locks;
use crate::open::Database;
use crate::servers::{self, Servers, lock};
use crate::transaction::Transaction;
use deadpool_postgres::ClientWrapper;
use flow_store::queue::{Choice, Lane, Limits, Line, choose};
use flow_store::{
    Epoch, Owner, ProjectName, Request, RequestId, RequestState, ServerState, Setting, StoreError, Timestamp,
    check_alive, transition,
};
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// States that can be claimed.
const STATES: [RequestState; 3] = [RequestState::Queued, RequestState::Waiting, RequestState::WaitingForRetry];

/// Where something waits for an owner: a stretch of the index of open requests, what has been due longest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    server: i64,
    epoch: i64,
    state: i64,
    lane: i64,
}

/// The stretches in which something waits for the server `$1` with the epoch `$2`, as `stretch`: what is free and what is
/// its own, by state and lane. Each is found by one step in the index, however much waits in it.
fn stretches() -> String {
    let states: Vec<String> = STATES.iter().map(|state| format!("({}::bigint)", rows::state_number(*state))).collect();
    format!(
        "WITH RECURSIVE whose (server, epoch) AS (
             SELECT 0::bigint, 0::bigint UNION ALL SELECT s.id, $2 FROM server s WHERE s.server = $1
         ), stretch (server, epoch, state, lane) AS (
             SELECT w.server, w.epoch, t.state, f.lane
             FROM whose w CROSS JOIN (VALUES {}) AS t (state) CROSS JOIN LATERAL (
                 SELECT r.lane FROM request r
                 WHERE r.server = w.server AND r.epoch = w.epoch AND r.state = t.state AND r.ended IS NULL
                 ORDER BY r.lane LIMIT 1) f
             UNION ALL
             SELECT q.server, q.epoch, q.state, n.lane FROM stretch q CROSS JOIN LATERAL (
                 SELECT r.lane FROM request r
                 WHERE r.server = q.server AND r.epoch = q.epoch AND r.state = q.state AND r.lane > q.lane
                       AND r.ended IS NULL
                 ORDER BY r.lane LIMIT 1) n
         ) ",
        states.join(", ")
    )
}

/// Of the requests of a stretch `q`, those that are due at `now`. What is queued has no due time; what waits for something
/// has one, and the index ends where none is due.
fn ready(columns: &str, now: &str, most: &str) -> String {
    let queued = rows::state_number(RequestState::Queued);
    let of = |condition: &str| {
        format!(
            "(SELECT {columns} FROM request r
              WHERE r.server = q.server AND r.epoch = q.epoch AND r.state = q.state AND r.lane = q.lane
                    AND r.ended IS NULL AND {condition} ORDER BY r.due, r.id LIMIT {most})"
        )
    };
    let (none, due) =
        (format!("q.state = {queued} AND r.due IS NULL"), format!("q.state <> {queued} AND r.due <= {now}"));
    format!("{} UNION ALL {}", of(&none), of(&due))
}

/// The project of a lane `l`. Lanes and their flows are looked up for what was found: the planner may not begin with all of
/// them, which it does where it believes that there are one or two.
const PROJECT: &str = "(SELECT f.project FROM flow f WHERE f.id = l.flow)";

/// A query for when something is due that waits for an owner, by limits and project.
pub(super) fn next_due_sql() -> String {
    format!(
        "{} SELECT min(d.due), l.limits, {PROJECT}
            FROM stretch q CROSS JOIN LATERAL (
                SELECT coalesce(r.due, $3) AS due FROM request r
                WHERE r.server = q.server AND r.epoch = q.epoch AND r.state = q.state AND r.lane = q.lane
                      AND r.ended IS NULL ORDER BY r.due, r.id LIMIT 1) d
            LEFT JOIN lane l ON l.id = q.lane
            GROUP BY 2, 3",
        stretches()
    )
}

/// When the owner next has something to claim; `now` or earlier if it has already. Lanes whose limits are reached do not
/// count.
pub(super) async fn next_due(db: &ClientWrapper, owner: &Owner, now: Timestamp) -> DbResult<Option<Timestamp>> {
    let sql = next_due_sql();
    let found = crate::sql::rows(db, &sql, &[&owner.server.as_str(), &owner.epoch.0, &now.0]).await?;
    let mut known = None;
    let mut next: Option<i64> = None;
    for row in &found {
        let (due, under): (i64, _) = (row.try_get(0)?, rows::limits(row.try_get(1)?)?);
        if !under.is_empty() {
            let limits = match known.take() {
                Some(known) => known,
                None => limits(db).await?,
            };
            if known.insert(limits).reached(&project(row.try_get(2)?)?, &under).is_some() {
                continue;
            }
        }
        next = Some(next.map_or(due, |next| next.min(due)));
    }
    Ok(next.map(Timestamp))
}

/// The limits as they are now.
pub(crate) async fn limits(db: &ClientWrapper) -> DbResult<Limits> {
    let sql = "SELECT key, value, version, by, at FROM setting WHERE value IS NOT NULL AND key LIKE 'limit.%'";
    let settings: Vec<Setting> = crate::sql::read(&crate::sql::rows(db, sql, &[]).await?, crate::settings::setting)?;
    let mut limits = Limits::of_settings(&settings);
    let sql = format!(
        "SELECT {PROJECT}, l.limits, c.n
         FROM (SELECT lane, count(*) AS n FROM request WHERE limited AND state = 1 GROUP BY lane) c
              LEFT JOIN lane l ON l.id = c.lane"
    );
    for row in crate::sql::rows(db, &sql, &[]).await? {
        let under = rows::limits(row.try_get(1)?)?;
        limits.run(&project(row.try_get(0)?)?, &under, crate::sql::small(&row, 2)?);
    }
    Ok(limits)
}

fn project(text: &str) -> DbResult<ProjectName> {
    ProjectName::parse(text).map_err(|error| corrupt("project of a lane", error).into())
}

/// Gives the owner at most `most` requests.
pub(super) async fn claim(database: &Database, owner: &Owner, most: usize) -> Result<Vec<Request>, StoreError> {
    let wanted = {
        let db = database.reader().await?;
        // Looked at without a lock first: a server with nothing to do writes nothing.
        match look(&db, owner, database.now(), most).await? {
            (ServerState::Running, wanted) => wanted,
            _ => return Ok(Vec::new()),
        }
    };
    if wanted.stretches.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = database.begin().await?;
    let claimed = take(&transaction, database, owner, &wanted).await;
    transaction.end(claimed).await
}

/// What a claim is to take.
#[derive(Default)]
struct Wanted {
    choice: Choice,
    /// How many of each stretch.
    stretches: BTreeMap<Stretch, i64>,
    /// Whether any of them is under limits.
    is_limited: bool,
}

/// A query for an owner's state and what is ready for it, with the lanes that it is in.
pub(super) fn look_sql() -> String {
    format!(
        "{} SELECT s.epoch, s.state, s.maintenance, w.*
            FROM (SELECT) AS asked LEFT JOIN server s ON s.server = $1 LEFT JOIN (
                SELECT q.server, q.epoch AS of_epoch, q.state AS in_state, q.lane, r.id, r.since,
                       {PROJECT} AS project, l.priority, l.limits, l.served
                FROM stretch q CROSS JOIN LATERAL ({}) r LEFT JOIN lane l ON l.id = q.lane) w ON true",
        stretches(),
        ready("r.id, coalesce(r.due, r.created) AS since", "$3", "$4")
    )
}

/// The owner's state, and what comes next for it. Where nothing is under limits that is one statement: it is run again and
/// again while there is nothing to do.
async fn look(db: &ClientWrapper, owner: &Owner, now: Timestamp, most: usize) -> DbResult<(ServerState, Wanted)> {
    let sql = look_sql();
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let found = crate::sql::rows(db, &sql, &[&owner.server.as_str(), &owner.epoch.0, &now.0, &limit]).await?;
    let (mut known, mut lines, mut places) = (None, BTreeMap::<i64, Line>::new(), BTreeMap::new());
    for row in &found {
        if let Some(epoch) = row.try_get::<_, Option<i64>>(0)? {
            known = Some((Epoch(epoch), servers::state(row.try_get(1)?)?.during(row.try_get(2)?)));
        }
        if let Some(server) = row.try_get::<_, Option<i64>>(3)? {
            let lane: i64 = row.try_get(6)?;
            let (id, since) = (RequestId(row.try_get(7)?), Timestamp(row.try_get(8)?));
            places.insert(id, Stretch { server, epoch: row.try_get(4)?, state: row.try_get(5)?, lane });
            let line = match lines.remove(&lane) {
                Some(line) => line,
                None => Line { lane: read_lane(row, lane)?, ready: Vec::new() },
            };
            lines.entry(lane).or_insert(line).ready.push((since, id));
        }
    }
    let state = check_alive(known, owner)?;
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.iter_mut().for_each(|line| line.ready.sort_unstable());
    let limited = |line: &&Line| !line.lane.limits.is_empty();
    let limits = if lines.iter().any(|line| limited(&line)) { limits(db).await? } else { Limits::default() };
    let choice = choose(&lines, limits, most, now);
    let mut stretches = BTreeMap::new();
    for stretch in choice.requests.iter().filter_map(|id| places.get(id)) {
        *stretches.entry(*stretch).or_default() += 1;
    }
    let is_limited = lines.iter().filter(limited).any(|line| stretches.keys().any(|of| of.lane == line.lane.id));
    Ok((state, Wanted { choice, stretches, is_limited }))
}

fn read_lane(row: &Row, id: i64) -> DbResult<Lane> {
    Ok(Lane {
        id,
        project: project(row.try_get(9)?)?,
        priority: rows::priority(row.try_get(10)?)?,
        limits: rows::limits(row.try_get(11)?)?,
        served: row.try_get::<_, Option<i64>>(12)?.map(Timestamp),
    })
}

async fn take(
    transaction: &Transaction,
    database: &Database,
    owner: &Owner,
    wanted: &Wanted,
) -> DbResult<Vec<Request>> {
    lock(transaction, &owner.server, false).await?;
    let servers = Servers::load(transaction).await?;
    if servers.check_alive(owner)? != ServerState::Running {
        return Ok(Vec::new());
    }
    let mut limits = Limits::default();
    if wanted.is_limited {
        crate::sql::execute(transaction, "SELECT pg_advisory_xact_lock($1)", &[&locks::LIMITS]).await?;
        limits = self::limits(transaction).await?;
    }
    let mut batch = Batch::new(transaction.now, servers);
    hold(transaction, database, &mut batch, wanted).await?;
    let place = |request: &Request| wanted.choice.requests.iter().position(|id| *id == request.id);
    let mut ready = batch.held();
    ready.retain(|request| transition::is_claimable(request, owner, transaction.now));
    // Those that somebody else was faster to take have others in their place, which come last.
    ready.sort_by_key(|request| (place(request).unwrap_or(usize::MAX), request.claim_order()));
    let mut claimed = Vec::with_capacity(ready.len());
    for request in ready {
        if limits.reached(&request.project, &request.settings.limits).is_some() {
            continue;
        }
        limits.run(&request.project, &request.settings.limits, 1);
        let change = transition::claim(request, owner, transaction.now).map_err(DbError::from)?;
        claimed.push(batch.apply(change)?);
    }
    note_turns(transaction, &wanted.choice.served).await?;
    batch.write_out(transaction, database).await?;
    Ok(claimed)
}

/// Holds as many requests of each stretch as are wanted and nobody else holds.
async fn hold(transaction: &Transaction, database: &Database, batch: &mut Batch<'_>, wanted: &Wanted) -> DbResult<()> {
    let column = |value: fn(&Stretch) -> i64| wanted.stretches.keys().map(value).collect::<Vec<i64>>();
    let (server, epoch) = (column(|of| of.server), column(|of| of.epoch));
    let (state, lane) = (column(|of| of.state), column(|of| of.lane));
    let most: Vec<i64> = wanted.stretches.values().copied().collect();
    let queued = rows::state_number(RequestState::Queued);
    let sql = format!(
        "SELECT h.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                          AS q (server, epoch, state, lane, most) CROSS JOIN LATERAL (
             SELECT r.id FROM request r
             WHERE r.server = q.server AND r.epoch = q.epoch AND r.state = q.state AND r.lane = q.lane
                   AND r.ended IS NULL AND (q.state = {queued} OR r.due <= $6)
             ORDER BY r.due, r.id LIMIT q.most FOR NO KEY UPDATE OF r SKIP LOCKED) h"
    );
    let values: crate::sql::Values<'_> = &[&server, &epoch, &state, &lane, &most, &transaction.now.0];
    let found = crate::sql::rows(transaction, &sql, values).await?;
    let ids: Vec<i64> = crate::sql::read(&found, |row| Ok(row.try_get(0)?))?;
    super::hold_locked(transaction, &database.numbers, batch, &ids).await
}

/// Notes which lanes had their turn; those that somebody else is about to note have had it anyway.
async fn note_turns(transaction: &Transaction, lanes: &[i64]) -> DbResult<()> {
    if lanes.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE lane SET served = $1
               WHERE id = ANY (ARRAY(SELECT id FROM lane WHERE id = ANY ($2) FOR NO KEY UPDATE SKIP LOCKED))";
    crate::sql::execute(transaction, sql, &[&transaction.now.0, &lanes]).await?;
    Ok(())
}
