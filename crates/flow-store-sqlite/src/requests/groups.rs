//! Groups of requests: those that are the same in all that lists are filtered by. A filter is first applied to the groups;
//! the index of requests by group then gives each group's requests, newest first.

use super::rows::{self, collect, state, state_number};
use super::times;
use crate::error::DbResult;
use crate::writer::Db;
use flow_store::{Request, RequestFilter, RequestId, RequestState};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Ids that are read at once from a group.
const AHEAD: usize = 32;

/// The number of a request's flow; a new one for a new flow.
pub(super) fn flow_number(db: &Db<'_>, request: &Request) -> DbResult<i64> {
    let names = params![request.project.as_str(), request.flow];
    let mut known = db.connection.prepare_cached("SELECT id FROM flow WHERE project = ? AND flow = ?")?;
    if let Some(number) = known.query_row(names, |row| row.get(0)).optional()? {
        return Ok(number);
    }
    db.connection.prepare_cached("INSERT INTO flow (project, flow) VALUES (?, ?)")?.execute(names)?;
    Ok(db.connection.last_insert_rowid())
}

/// The number of a request's group; `server` is the number of its owner.
pub(super) fn group_number(db: &Db<'_>, request: &Request, flow: i64, server: Option<i64>) -> DbResult<i64> {
    let code = request.error.as_ref().map_or("", |error| error.code.as_str());
    let key = params![flow, state_number(request.state), server.unwrap_or(0), code];
    let mut known = db
        .connection
        .prepare_cached("SELECT id FROM request_group WHERE flow = ? AND state = ? AND server = ? AND code = ?")?;
    if let Some(number) = known.query_row(key, |row| row.get(0)).optional()? {
        return Ok(number);
    }
    let mut insert = db
        .connection
        .prepare_cached("INSERT INTO request_group (flow, state, server, code, n) VALUES (?, ?, ?, ?, 0)")?;
    insert.execute(key)?;
    Ok(db.connection.last_insert_rowid())
}

/// Gives two groups of a flow each other's state, server and code. Their requests and how many these are stay.
pub(super) fn swap(db: &Db<'_>, one: i64, other: i64) -> DbResult<()> {
    let read = "SELECT state, server, code FROM request_group WHERE id = ?";
    let of = |group: i64| -> DbResult<(i64, i64, String)> {
        let mut read = db.connection.prepare_cached(read)?;
        Ok(read.query_row([group], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
    };
    let (first, second) = (of(one)?, of(other)?);
    let sql = "UPDATE request_group SET state = ?2, server = ?3, code = ?4 WHERE id = ?1";
    let mut update = db.connection.prepare_cached(sql)?;
    // Two groups are never the same, not even in between.
    update.execute(params![one, -1, first.1, first.2])?;
    update.execute(params![other, first.0, first.1, first.2])?;
    update.execute(params![one, second.0, second.1, second.2])?;
    Ok(())
}

/// Notes that a group has so many more requests.
pub(crate) fn count(db: &Db<'_>, group: i64, more: i64) -> DbResult<()> {
    let mut update = db.connection.prepare_cached("UPDATE request_group SET n = n + ? WHERE id = ?")?;
    update.execute([more, group])?;
    Ok(())
}

/// Notes that so many more (1 or -1) of each of the requests from `first` to `last` are in a group and have ended.
pub(crate) fn count_ended(db: &Db<'_>, group: i64, mut first: i64, last: i64, more: i64) -> DbResult<()> {
    let mut update = db.connection.prepare_cached(
        "INSERT INTO ended_count (request_group, ids, n) VALUES (?1, ?2, ?3)
         ON CONFLICT (request_group, ids) DO UPDATE SET n = n + ?3",
    )?;
    while first <= last {
        let ids = first >> times::BLOCK_BITS;
        let end = last.min(((ids + 1) << times::BLOCK_BITS) - 1);
        update.execute([group, ids, more * (end - first + 1)])?;
        first = end + 1;
    }
    Ok(())
}

/// What a filter asks of groups, as a condition on `request_group g` and `flow f` with its parameters; ids and times are
/// not looked at.
struct Wanted {
    condition: String,
    values: Vec<SqlValue>,
}

impl Wanted {
    fn by(filter: &RequestFilter) -> Self {
        let mut conditions = vec!["g.n > 0".to_owned()];
        let mut values: Vec<SqlValue> = Vec::new();
        let mut condition = |sql: &str, value: &str| {
            conditions.push(sql.to_owned());
            values.push(value.to_owned().into());
        };
        if let Some(project) = &filter.project {
            condition("f.project = ?", project.as_str());
        }
        if let Some(flow) = &filter.flow {
            condition("f.flow = ?", flow);
        }
        if let Some(owner) = &filter.owner {
            condition("g.server = (SELECT id FROM server WHERE server = ?)", owner.as_str());
        }
        if let Some(code) = &filter.code {
            condition("g.code = ? AND g.code <> ''", code);
        }
        if let Some(text) = &filter.text {
            // As `RequestFilter::matches` does: only A to Z have another size here.
            condition("instr(lower(f.flow) || char(0) || lower(f.project), lower(?)) > 0", text);
        }
        if filter.stalled {
            conditions.push(format!("g.state = {}", rows::RUNNING));
        }
        if !filter.states.is_empty() {
            let states: Vec<String> = filter.states.iter().map(|state| state_number(*state).to_string()).collect();
            conditions.push(format!("g.state IN ({})", states.join(", ")));
        }
        Self { condition: conditions.join(" AND "), values }
    }

    /// The answer to `columns` of these groups, whose own parameters come first.
    fn query<T>(
        self,
        connection: &Connection,
        columns: &str,
        first: &[i64],
        read: impl Fn(&Row<'_>) -> DbResult<T>,
    ) -> DbResult<Vec<T>> {
        let Self { condition, values } = self;
        let sql = format!("SELECT {columns} FROM request_group g JOIN flow f ON f.id = g.flow WHERE {condition}");
        let values = first.iter().map(|value| SqlValue::from(*value)).chain(values);
        collect(connection.prepare_cached(&sql)?.query(params_from_iter(values))?, read)
    }
}

fn asks_for_all_groups(filter: &RequestFilter) -> bool {
    let RequestFilter { states, project, flow, owner, code, priority, text, stalled, .. } = filter;
    let by_name = project.is_some() || flow.is_some() || owner.is_some() || code.is_some() || text.is_some();
    states.is_empty() && !by_name && priority.is_none() && !stalled
}

/// The request whose id the filter's text is, if all else holds, too.
fn by_id(connection: &Connection, filter: &RequestFilter) -> DbResult<Option<Request>> {
    let Some(id) = filter.id() else { return Ok(None) };
    match rows::find(connection, id)? {
        Some(request) if filter.matches(&request) => Ok(Some(request)),
        _ => Ok(None),
    }
}

/// Requests by a filter, newest first.
pub(super) fn list(connection: &Connection, filter: &RequestFilter) -> DbResult<Vec<Request>> {
    let range = times::ids(connection, filter)?;
    let below = filter.before.map_or(range.end, |before| range.end.min(before.0));
    let mut ids = Newest::of(connection, filter, range.start, below)?;
    let mut found = Vec::with_capacity(filter.page().min(1000));
    let named = by_id(connection, filter)?;
    while found.len() < filter.page() {
        let Some(id) = ids.next()? else { break };
        let request = rows::load(connection, RequestId(id))?;
        if filter.matches(&request) {
            found.push(request);
        }
    }
    if let Some(named) = named
        && let Err(place) = found.binary_search_by(|request| named.id.cmp(&request.id))
    {
        found.insert(place, named);
        found.truncate(filter.page());
    }
    Ok(found)
}

/// Whether the filter gives a request that its text names by id for its flow or project, too.
fn is_found_without_id(request: &Request, filter: &RequestFilter) -> bool {
    let Some(text) = &filter.text else { return true };
    let wanted = text.to_ascii_lowercase();
    [request.flow.as_str(), request.project.as_str()].iter().any(|name| name.to_ascii_lowercase().contains(&wanted))
}

/// How many requests of the filter are in each state; the page does not matter.
pub(super) fn counts(connection: &Connection, filter: &RequestFilter) -> DbResult<BTreeMap<RequestState, u64>> {
    let mut counts: BTreeMap<RequestState, u64> = RequestState::ALL.into_iter().map(|state| (state, 0)).collect();
    let filter = RequestFilter { before: None, ..filter.clone() };
    if filter.stalled {
        let found = list(connection, &RequestFilter { limit: usize::MAX, ..filter })?;
        found.iter().for_each(|request| *counts.entry(request.state).or_default() += 1);
        return Ok(counts);
    }
    let range = times::ids(connection, &filter)?;
    let wanted = Wanted::by(&filter);
    let read = |row: &Row<'_>| Ok((state(row.get(0)?)?, row.get::<_, u64>(1)?));
    let (column, first) = times::count(&range, &filter);
    for (state, there) in wanted.query(connection, &format!("g.state, {column}"), &first, read)? {
        *counts.entry(state).or_default() += there;
    }
    if let Some(named) = by_id(connection, &filter)?
        && !is_found_without_id(&named, &filter)
    {
        *counts.entry(named.state).or_default() += 1;
    }
    Ok(counts)
}

/// The ids of requests, newest first, from several groups at once: the newest one of each group stands in a heap.
struct Newest<'a> {
    connection: &'a Connection,
    /// No id below this one.
    start: i64,
    /// What is asked of requests `r`, besides; SQL.
    besides: String,
    heads: BinaryHeap<(i64, Option<i64>)>,
    /// Ids that were read ahead, by group.
    ahead: BTreeMap<Option<i64>, VecDeque<i64>>,
}

impl<'a> Newest<'a> {
    /// The ids from `start` to below `below` of the requests in the groups that the filter asks for.
    fn of(connection: &'a Connection, filter: &RequestFilter, start: i64, below: i64) -> DbResult<Self> {
        let besides =
            filter.priority.map_or_else(String::new, |priority| format!("AND {}", times::of_priority(priority)));
        let mut newest = Self { connection, start, besides, heads: BinaryHeap::new(), ahead: BTreeMap::new() };
        if asks_for_all_groups(filter) {
            newest.read(None, below)?;
            newest.advance(None);
            return Ok(newest);
        }
        let newest_of_group = format!(
            "g.id, (SELECT r.id FROM request r WHERE r.request_group = g.id AND r.id < ?1 AND r.id >= ?2 {}
                                      ORDER BY r.id DESC LIMIT 1)",
            newest.besides
        );
        let read = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(1)?, Some(row.get::<_, i64>(0)?)));
        let heads = Wanted::by(filter).query(connection, &newest_of_group, &[below, start], read)?;
        newest.heads = heads.into_iter().filter_map(|(id, group)| id.map(|id| (id, group))).collect();
        Ok(newest)
    }

    fn next(&mut self) -> DbResult<Option<i64>> {
        let Some((id, group)) = self.heads.pop() else { return Ok(None) };
        if self.ahead.get(&group).is_none_or(VecDeque::is_empty) {
            self.read(group, id)?;
        }
        self.advance(group);
        Ok(Some(id))
    }

    /// Reads the next ids of a group.
    fn read(&mut self, group: Option<i64>, below: i64) -> DbResult<()> {
        let of_group = if group.is_some() { "r.request_group = ?4" } else { "?4 IS NULL" };
        let sql = format!(
            "SELECT r.id FROM request r WHERE {of_group} AND r.id < ?1 AND r.id >= ?2 {} ORDER BY r.id DESC LIMIT ?3",
            self.besides
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let ids = collect(statement.query(params![below, self.start, AHEAD, group])?, |row| Ok(row.get::<_, i64>(0)?))?;
        self.ahead.entry(group).or_default().extend(ids);
        Ok(())
    }

    /// Puts the next id of a group into the heap.
    fn advance(&mut self, group: Option<i64>) {
        if let Some(id) = self.ahead.get_mut(&group).and_then(VecDeque::pop_front) {
            self.heads.push((id, group));
        }
    }
}

/// How many requests are in a state.
pub(crate) fn present(connection: &Connection, state: RequestState) -> DbResult<u64> {
    let mut sum = connection.prepare_cached("SELECT coalesce(sum(n), 0) FROM request_group WHERE state = ?")?;
    Ok(sum.query_row([state_number(state)], |row| row.get(0))?)
}
