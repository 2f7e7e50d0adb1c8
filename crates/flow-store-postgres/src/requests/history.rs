//! What requests have saved and logged: read page by page, from a request's newest row back.

use super::prepared::{StoredEntry, kind_number};
use super::rows::from_json;
use crate::error::{DbError, DbResult, corrupt};
use crate::sql::{count, row_if_any, rows, small};
use deadpool_postgres::ClientWrapper;
use flow_store::transition::{self, GoOn, PointInWrite};
use flow_store::{
    NumberedLogEntry, PointPlace, Request, RequestId, SavedData, SavedKind, SavedOutline, SavedPoint, StoreError,
    Timestamp,
};
use serde_json::{Map, Value};
use tokio_postgres::Row;

/// Rows that are read at once.
const PAGE: i64 = 500;

/// The rows of a request that still count: those after `removed`, up to `newest`.
struct Extent {
    newest: i64,
    removed: i64,
}

async fn extent(db: &ClientWrapper, id: RequestId) -> DbResult<Extent> {
    let found = row_if_any(db, "SELECT newest, removed FROM request WHERE id = $1", &[&id.0]).await?;
    let row = found.ok_or_else(|| StoreError::no_request(id))?;
    Ok(Extent { newest: row.try_get(0)?, removed: row.try_get(1)? })
}

/// Which rows to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Those of saved points, without those that a step back has withdrawn.
    Points,
    /// Those with log entries.
    Log,
}

/// Shows the rows of a request from `newest` back until `visit` has seen enough (false). The first three columns are
/// `number`, `kind` and `records`; `columns` come behind them.
async fn walk(
    db: &ClientWrapper,
    id: RequestId,
    Extent { newest, removed }: Extent,
    of: Of,
    columns: &str,
    mut visit: impl FnMut(&Row) -> DbResult<bool>,
) -> DbResult<()> {
    let condition = match of {
        Of::Points => "(kind IS NOT NULL OR records IS NOT NULL)",
        Of::Log => "log IS NOT NULL",
    };
    let sql = format!(
        "SELECT number, kind, records, {columns} FROM history
         WHERE request = $1 AND number <= $2 AND number > $3 AND {condition} ORDER BY number DESC LIMIT $4"
    );
    let mut next = newest;
    loop {
        let page = rows(db, &sql, &[&id.0, &next, &removed, &PAGE]).await?;
        let full = page.len() as i64 == PAGE;
        for row in &page {
            let number: i64 = row.try_get(0)?;
            if number > next {
                continue; // withdrawn by a step back on this page
            }
            next = number - 1;
            let kind: Option<i64> = row.try_get(1)?;
            match (of, kind, row.try_get::<_, Option<i64>>(2)?) {
                (Of::Points, None, Some(to)) => next = to,
                _ if !visit(row)? => return Ok(()),
                _ => {}
            }
        }
        if !full || next <= removed {
            return Ok(());
        }
    }
}

/// The columns of a saved point, behind the first three.
const POINT: &str = "attempt, at, component, name, iteration, variables, outlets, due, object_key, object_hash,
                     object_bytes, data";

/// The saved points of a request in the order in which they were saved.
pub(super) async fn saved_points(db: &ClientWrapper, id: RequestId) -> DbResult<Vec<SavedPoint>> {
    let mut points = Vec::new();
    let all = extent(db, id).await?;
    walk(db, id, all, Of::Points, POINT, |row| {
        points.push(saved_point(row)?);
        Ok(true)
    })
    .await?;
    points.reverse();
    Ok(points)
}

/// The saved points in these rows, in their order.
pub(super) async fn saved_at(db: &ClientWrapper, id: RequestId, places: &[PointPlace]) -> DbResult<Vec<SavedPoint>> {
    let sql = format!(
        "SELECT number, kind, records, {POINT} FROM history
         WHERE request = $1 AND number = ANY ($2) AND kind IS NOT NULL
               AND number > (SELECT removed FROM request WHERE id = $1)"
    );
    let numbers: Vec<i64> = places.iter().map(|place| crate::sql::number(place.0)).collect();
    let found = rows(db, &sql, &[&id.0, &numbers]).await?;
    let mut points = Vec::with_capacity(places.len());
    for number in numbers {
        let place = |row: &&Row| row.try_get::<_, i64>(0).is_ok_and(|found| found == number);
        let row = found.iter().find(place).ok_or_else(|| StoreError::no_saved_point(id))?;
        points.push(saved_point(row)?);
    }
    Ok(points)
}

/// The outlines of saved points, newest first. The rows' streams are not read.
pub(super) async fn outlines(
    db: &ClientWrapper,
    id: RequestId,
    before: Option<PointPlace>,
    limit: usize,
) -> DbResult<Vec<SavedOutline>> {
    let columns = "component, iteration, outlets, due, at, object_key IS NOT NULL OR data IS NOT NULL, attempt";
    let mut rest = extent(db, id).await?;
    if let Some(before) = before {
        rest.newest = crate::sql::number(before.0).saturating_sub(1).min(rest.newest);
    }
    let mut outlines = Vec::new();
    if limit == 0 {
        return Ok(outlines);
    }
    walk(db, id, rest, Of::Points, columns, |row| {
        outlines.push(outline(row)?);
        Ok(outlines.len() < limit)
    })
    .await?;
    Ok(outlines)
}

fn outline(row: &Row) -> DbResult<SavedOutline> {
    let outlets = row.try_get::<_, Option<&str>>(5)?.map(from_json).transpose()?;
    Ok(SavedOutline {
        place: PointPlace(count(row, 0)?),
        kind: kind(row)?,
        component: row.try_get(3)?,
        iteration: row.try_get::<_, Option<String>>(4)?.unwrap_or_default(),
        outlets: outlets.unwrap_or_default(),
        due: row.try_get::<_, Option<i64>>(6)?.map(Timestamp),
        at: Timestamp(row.try_get(7)?),
        has_stream: row.try_get(8)?,
        attempt: crate::sql::small(row, 9)?,
    })
}

fn kind(row: &Row) -> DbResult<SavedKind> {
    let number: i64 = row.try_get(1)?;
    let kind = SavedKind::ALL.into_iter().find(|kind| kind_number(*kind) == number);
    Ok(kind.ok_or_else(|| corrupt("kind of saved point", number))?)
}

fn saved_point(row: &Row) -> DbResult<SavedPoint> {
    let variables = row.try_get::<_, Option<&str>>(8)?.map(from_json).transpose()?;
    let outlets = row.try_get::<_, Option<&str>>(9)?.map(from_json).transpose()?;
    let object = (row.try_get(11)?, row.try_get(12)?, row.try_get::<_, Option<i64>>(13)?);
    let data = match (object, row.try_get::<_, Option<Vec<u8>>>(14)?) {
        ((Some(key), Some(hash), Some(bytes)), _) => SavedData::Object { key, hash, bytes: bytes.unsigned_abs() },
        (_, Some(data)) => SavedData::Inline(data.into()),
        _ => SavedData::None,
    };
    Ok(SavedPoint {
        kind: kind(row)?,
        rows: count(row, 2)?,
        attempt: small(row, 3)?,
        at: Timestamp(row.try_get(4)?),
        component: row.try_get(5)?,
        name: row.try_get(6)?,
        iteration: row.try_get::<_, Option<String>>(7)?.unwrap_or_default(),
        variables: variables.unwrap_or_else(|| Value::Object(Map::new())),
        outlets: outlets.unwrap_or_default(),
        due: row.try_get::<_, Option<i64>>(10)?.map(Timestamp),
        data,
    })
}

/// The log of a request after entry number `after`, at most `limit` entries, oldest first.
pub(super) async fn log(
    db: &ClientWrapper,
    id: RequestId,
    after: u64,
    limit: usize,
) -> DbResult<Vec<NumberedLogEntry>> {
    let mut parts = Vec::new();
    let all = extent(db, id).await?;
    walk(db, id, all, Of::Log, "first, log", |row| {
        let first = count(row, 3)?;
        let stored: Vec<StoredEntry<'_>> =
            serde_json::from_slice(row.try_get(4)?).map_err(|error| corrupt("log entry", error))?;
        parts.push((first, stored.into_iter().map(StoredEntry::into_entry).collect::<Vec<_>>()));
        Ok(first > after.saturating_add(1))
    })
    .await?;
    let numbered = parts.into_iter().rev().flat_map(|(first, entries)| (first..).zip(entries));
    let wanted = numbered.filter(|(number, _)| *number > after).take(limit);
    Ok(wanted.map(|(number, entry)| NumberedLogEntry { number, entry }).collect())
}

/// From where a request is re-executed, and the row to step back to if it is from an earlier saved point (0: none).
pub(super) async fn go_on(db: &ClientWrapper, request: &Request, from: Option<u32>) -> DbResult<(GoOn, Option<i64>)> {
    let all = extent(db, request.id).await?;
    let Some(from) = from else {
        let removed = request.saved_points > 0 && all.newest <= all.removed;
        return Ok((if removed { GoOn::Removed } else { GoOn::Newest }, None));
    };
    let (mut points, mut places) = (Vec::new(), Vec::new());
    walk(db, request.id, all, Of::Points, "name, joined", |row| {
        let joined = row.try_get::<_, Option<bool>>(4)?.unwrap_or(false);
        points.push(PointInWrite { kind: kind(row)?, name: row.try_get(3)?, joined });
        places.push(row.try_get(0)?);
        Ok(true)
    })
    .await?;
    points.reverse();
    places.reverse();
    let earlier = transition::rewind(request.id, &points, from).map_err(DbError::from)?;
    let stays = usize::try_from(earlier.points).unwrap_or(usize::MAX);
    let to = stays.checked_sub(1).and_then(|last| places.get(last)).copied().unwrap_or(0);
    Ok((GoOn::Earlier(earlier), Some(to)))
}
