//! Times as ids: requests are made one after the other, so which of them were made in a span of time is known by their
//! ids, unless the clock went back in between.

use super::rows::{collect, open_states};
use crate::error::DbResult;
use flow_store::{RequestFilter, Timestamp};
use rusqlite::{Connection, OptionalExtension};

/// The ids that a filter's times leave.
pub(super) struct Ids {
    /// The first one.
    pub(super) start: i64,
    /// The one behind the last one.
    pub(super) end: i64,
    /// Whether the filter leaves all there are.
    pub(super) is_everything: bool,
    /// Whether all requests in between were made in the span of time.
    pub(super) is_exact: bool,
}

/// More jumps of the clock than these are not looked at one by one.
const MANY_JUMPS: usize = 100;

/// The ids that a filter's times leave.
pub(super) fn ids(connection: &Connection, filter: &RequestFilter) -> DbResult<Ids> {
    let all = Ids { start: 0, end: i64::MAX, is_everything: true, is_exact: true };
    if filter.from.is_none() && filter.to.is_none() {
        return Ok(all);
    }
    let mut ends =
        connection.prepare_cached("SELECT (SELECT min(id) FROM request_given), (SELECT max(id) FROM request_given)")?;
    let (Some(first), Some(last)) = ends.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))? else {
        return Ok(all);
    };
    let mut jumps = connection.prepare_cached("SELECT request FROM clock_went_back ORDER BY request LIMIT ?")?;
    let jumps = collect(jumps.query([MANY_JUMPS])?, |row| Ok(row.get::<_, i64>(0)?))?;
    if jumps.len() == MANY_JUMPS {
        return Ok(Ids { is_everything: false, is_exact: false, ..all });
    }
    let within = |jump: &i64| *jump > first && *jump <= last;
    let mut borders: Vec<i64> = jumps.into_iter().filter(within).collect();
    borders.insert(0, first);
    borders.push(last + 1);
    let mut found: Option<(i64, i64)> = None;
    for span in borders.windows(2) {
        let &[start, end] = span else { continue };
        let from = filter.from.map_or(Ok(start), |from| first_made_at(connection, from, start, end))?;
        let to = filter.to.map_or(Ok(end), |to| first_made_at(connection, to, start, end))?;
        if from < to {
            found = Some(found.map_or((from, to), |(first, last)| (first.min(from), last.max(to))));
        }
    }
    let (start, end) = found.unwrap_or((0, 0));
    Ok(Ids { start, end, is_everything: start == first && end == last + 1, is_exact: borders.len() == 2 })
}

/// The least id between `start` and `end` (or `end`) from which on requests were made at `time` or later.
fn first_made_at(connection: &Connection, time: Timestamp, mut start: i64, mut end: i64) -> DbResult<i64> {
    let mut next = connection
        .prepare_cached("SELECT id, created FROM request_given WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")?;
    while start < end {
        let middle = start + (end - start) / 2;
        let found = next.query_row([middle, end], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        match found {
            Some((id, created)) if Timestamp(created) < time => start = id + 1,
            _ => end = middle,
        }
    }
    Ok(start)
}

/// Ids with the same bits above these are counted together in `ended_count`.
pub(super) const BLOCK_BITS: u32 = 14;

/// The condition that requests `r` have a priority; the usual one is not written.
pub(super) fn of_priority(priority: i32) -> String {
    if priority == 0 { "r.priority IS NULL".to_owned() } else { format!("r.priority = {priority}") }
}

/// A column that counts the requests of the group `g` that were made in the filter's span of time and have its priority, with
/// its parameters.
pub(super) fn count(ids: &Ids, filter: &RequestFilter) -> (String, Vec<i64>) {
    match filter.priority {
        None => count_all(ids, filter),
        Some(0) => {
            let (all, values) = count_all(ids, filter);
            let (others, _) = count_each(ids, filter, "r.priority IS NOT NULL");
            (format!("{all} - {others}"), values)
        }
        Some(priority) => count_each(ids, filter, &of_priority(priority)),
    }
}

/// A column that counts those for which a condition on `r` holds, one by one.
fn count_each(ids: &Ids, filter: &RequestFilter, condition: &str) -> (String, Vec<i64>) {
    let of_group = format!("r.request_group = g.id AND {condition}");
    if ids.is_everything {
        return (format!("(SELECT count(*) FROM request r WHERE {of_group})"), Vec::new());
    }
    if ids.is_exact {
        let column = format!("(SELECT count(*) FROM request r WHERE {of_group} AND r.id >= ?1 AND r.id < ?2)");
        return (column, vec![ids.start, ids.end]);
    }
    let column = format!(
        "(SELECT count(*) FROM request r JOIN request_given q ON q.id = r.id
          WHERE {of_group} AND r.id >= ?1 AND r.id < ?2 AND q.created >= ?3 AND q.created < ?4)"
    );
    let from = filter.from.map_or(i64::MIN, |from| from.0);
    let to = filter.to.map_or(i64::MAX, |to| to.0);
    (column, vec![ids.start, ids.end, from, to])
}

/// A column that counts those of all priorities.
fn count_all(ids: &Ids, filter: &RequestFilter) -> (String, Vec<i64>) {
    if ids.is_everything {
        return ("g.n".to_owned(), Vec::new());
    }
    if !ids.is_exact {
        return count_each(ids, filter, "true");
    }
    let between = |start: &str, end: &str| {
        format!("(SELECT count(*) FROM request r WHERE r.request_group = g.id AND r.id >= {start} AND r.id < {end})")
    };
    // Of those that have ended, whole blocks of ids are counted already.
    let block = 1_i64 << BLOCK_BITS;
    let (first, last) = ((ids.start + block - 1) >> BLOCK_BITS, ids.end >> BLOCK_BITS);
    if first >= last {
        return (between("?1", "?2"), vec![ids.start, ids.end]);
    }
    let blocks = "(SELECT coalesce(sum(c.n), 0) FROM ended_count c
                   WHERE c.request_group = g.id AND c.ids >= ?3 AND c.ids < ?4)";
    let column = format!(
        "CASE WHEN g.state IN ({}) THEN {} ELSE {blocks} + {} + {} END",
        open_states(),
        between("?1", "?2"),
        between("?1", &format!("(?3 << {BLOCK_BITS})")),
        between(&format!("(?4 << {BLOCK_BITS})"), "?2"),
    );
    (column, vec![ids.start, ids.end, first, last])
}
