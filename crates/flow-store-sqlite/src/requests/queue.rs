//! Who comes next: what waits, lane by lane, for the rules of `flow_store::queue`.

use super::rows::{self, collect, limits_text, state_number};
use crate::error::DbResult;
use crate::writer::Db;
use crate::{servers, settings};
use flow_store::queue::{Lane, Limits, Line, choose};
use flow_store::{Owner, ProjectName, Request, RequestId, RequestState, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// States that can be claimed.
const STATES: [RequestState; 3] = [RequestState::Queued, RequestState::Waiting, RequestState::WaitingForRetry];

/// Requests that wait and are free or belong to an owner; `?1` is its server, `?2` its epoch. SQLite uses the index of
/// waiting requests where a query says so in the index's own words.
const FREE_OR_OWN: [&str; 2] = [
    "ended IS NULL AND state <> 1 AND server IS NULL AND epoch IS NULL AND ?1 IS ?1 AND ?2 IS ?2",
    "ended IS NULL AND state <> 1 AND server = ?1 AND epoch = ?2",
];

/// What an owner may claim of the requests in one state.
struct Part<'a> {
    connection: &'a Connection,
    whose: &'static str,
    server: Option<i64>,
    epoch: i64,
    state: i64,
}

impl Part<'_> {
    /// The first lane behind `lane` in which something waits: one step in the index, however much waits in each.
    fn lane_after(&self, lane: i64) -> DbResult<Option<i64>> {
        let sql =
            format!("SELECT lane FROM request WHERE {} AND state = ?3 AND lane > ?4 ORDER BY lane LIMIT 1", self.whose);
        let mut next = self.connection.prepare_cached(&sql)?;
        Ok(next.query_row(params![self.server, self.epoch, self.state, lane], |row| row.get(0)).optional()?)
    }

    /// The lanes in which something waits.
    fn lanes(&self) -> DbResult<Vec<i64>> {
        let mut lanes = Vec::new();
        while let Some(next) = self.lane_after(lanes.last().copied().unwrap_or(i64::MIN))? {
            lanes.push(next);
        }
        Ok(lanes)
    }

    /// When the first request of a lane is due; none if it was so from the start.
    fn first_due(&self, lane: i64) -> DbResult<Option<i64>> {
        let sql =
            format!("SELECT due FROM request WHERE {} AND state = ?3 AND lane = ?4 ORDER BY due LIMIT 1", self.whose);
        let mut first = self.connection.prepare_cached(&sql)?;
        let values = params![self.server, self.epoch, self.state, lane];
        Ok(first.query_row(values, |row| row.get(0)).optional()?.flatten())
    }

    /// The requests of a lane that are due, what has been so longest first.
    fn ready(&self, lane: i64, now: Timestamp, most: usize) -> DbResult<Vec<(Timestamp, RequestId)>> {
        // What is queued has no due time; what waits for something has one, and the index ends where none is due.
        let is_due = if self.state == state_number(RequestState::Queued) { "?5 IS ?5" } else { "due <= ?5" };
        let sql = format!(
            "SELECT coalesce(q.due, g.created), q.id
             FROM (SELECT id, due FROM request WHERE {} AND state = ?3 AND lane = ?4 AND {is_due}
                   ORDER BY due, id LIMIT ?6) q
                  CROSS JOIN request_given g ON g.id = q.id",
            self.whose
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut ready = self.connection.prepare_cached(&sql)?;
        let values = params![self.server, self.epoch, self.state, lane, now.0, most];
        collect(ready.query(values)?, |row| Ok((Timestamp(row.get(0)?), RequestId(row.get(1)?))))
    }
}

/// The parts of what an owner may claim.
fn parts<'a>(connection: &'a Connection, owner: &Owner) -> DbResult<Vec<Part<'a>>> {
    let (server, epoch) = (servers::number_in(connection, &owner.server)?, owner.epoch.0);
    let part = |whose, state| Part { connection, whose, server, epoch, state: state_number(state) };
    Ok(FREE_OR_OWN.into_iter().flat_map(|whose| STATES.map(|state| part(whose, state))).collect())
}

/// Whether there is anything for the owner to claim.
pub(super) fn has_claimable(connection: &Connection, owner: &Owner, now: Timestamp) -> DbResult<bool> {
    servers::check_alive_in(connection, owner)?;
    Ok(next_due(connection, owner, now)?.is_some_and(|due| due <= now))
}

/// When the owner next has something to claim; `now` if it has already. Lanes whose limits are reached do not count.
pub(super) fn next_due(connection: &Connection, owner: &Owner, now: Timestamp) -> DbResult<Option<Timestamp>> {
    let mut first: BTreeMap<i64, i64> = BTreeMap::new();
    for part in parts(connection, owner)? {
        for lane in part.lanes()? {
            let due = part.first_due(lane)?.unwrap_or(now.0);
            first.entry(lane).and_modify(|first| *first = due.min(*first)).or_insert(due);
        }
    }
    let mut known = KnownLimits { connection, limits: None };
    let mut next: Option<i64> = None;
    for (id, due) in first {
        if next.is_none_or(|next| due < next) {
            let lane = lane(connection, id)?;
            if lane.limits.is_empty() || known.limits()?.reached(&lane.project, &lane.limits).is_none() {
                next = Some(due);
            }
        }
    }
    Ok(next.map(Timestamp))
}

/// Takes what comes next for the owner, at most `most`, and notes which lanes had their turn. The requests are as they
/// were.
pub(super) fn take(db: &Db<'_>, owner: &Owner, most: usize) -> DbResult<Vec<Request>> {
    let lines = lines(db.connection, owner, db.now, most)?;
    let is_limited = lines.iter().any(|line| !line.lane.limits.is_empty());
    let limits = if is_limited { limits(db.connection)? } else { Limits::default() };
    let choice = choose(&lines, limits, most, db.now);
    let mut served = db.connection.prepare_cached("UPDATE lane SET served = ? WHERE id = ?")?;
    for lane in choice.served {
        served.execute([db.now.0, lane])?;
    }
    choice.requests.into_iter().map(|id| rows::load(db.connection, id)).collect()
}

/// The lanes in which the owner can claim something, each with at most `most` requests.
fn lines(connection: &Connection, owner: &Owner, now: Timestamp, most: usize) -> DbResult<Vec<Line>> {
    let mut ready: BTreeMap<i64, Vec<(Timestamp, RequestId)>> = BTreeMap::new();
    for part in parts(connection, owner)? {
        for lane in part.lanes()? {
            ready.entry(lane).or_default().extend(part.ready(lane, now, most)?);
        }
    }
    ready.retain(|_, ready| !ready.is_empty());
    let line = |(id, mut ready): (i64, Vec<(Timestamp, RequestId)>)| {
        ready.sort_unstable();
        Ok(Line { lane: lane(connection, id)?, ready })
    };
    ready.into_iter().map(line).collect()
}

const LANE: &str = "SELECT l.id, f.project, l.priority, l.limits, l.served FROM lane l JOIN flow f ON f.id = l.flow";

fn lane(connection: &Connection, id: i64) -> DbResult<Lane> {
    let mut found = connection.prepare_cached(&format!("{LANE} WHERE l.id = ?"))?;
    found.query_row([id], |row| Ok(read_lane(row)))?
}

fn read_lane(row: &Row<'_>) -> DbResult<Lane> {
    let text = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    Ok(Lane {
        id: row.get(0)?,
        project: ProjectName::parse(text(1)?).map_err(|error| crate::error::corrupt("project of a lane", error))?,
        priority: row.get(2)?,
        limits: rows::limits(text(3)?)?,
        served: row.get::<_, Option<i64>>(4)?.map(Timestamp),
    })
}

/// The limits, read when they are first asked for.
struct KnownLimits<'a> {
    connection: &'a Connection,
    limits: Option<Limits>,
}

impl KnownLimits<'_> {
    fn limits(&mut self) -> DbResult<&Limits> {
        let limits = match self.limits.take() {
            Some(known) => known,
            None => limits(self.connection)?,
        };
        Ok(self.limits.insert(limits))
    }
}

/// The limits as they are now.
pub(crate) fn limits(connection: &Connection) -> DbResult<Limits> {
    let mut limits = Limits::of_settings(&settings::all(connection)?);
    let mut running = connection
        .prepare_cached("SELECT lane, count(*) FROM request WHERE limited = 1 AND state = 1 GROUP BY lane")?;
    for (id, requests) in collect(running.query([])?, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?)))? {
        let lane = lane(connection, id)?;
        limits.run(&lane.project, &lane.limits, requests);
    }
    Ok(limits)
}

/// The number of a request's lane; a new one for a new lane. `flow` is the number of its flow.
pub(super) fn lane_number(db: &Db<'_>, request: &Request, flow: i64) -> DbResult<i64> {
    let key = params![flow, request.settings.priority, limits_text(&request.settings.limits)?];
    let sql = "SELECT id FROM lane WHERE flow = ? AND priority = ? AND limits = ?";
    let mut known = db.connection.prepare_cached(sql)?;
    if let Some(number) = known.query_row(key, |row| row.get(0)).optional()? {
        return Ok(number);
    }
    db.connection.prepare_cached("INSERT INTO lane (flow, priority, limits) VALUES (?, ?, ?)")?.execute(key)?;
    Ok(db.connection.last_insert_rowid())
}
