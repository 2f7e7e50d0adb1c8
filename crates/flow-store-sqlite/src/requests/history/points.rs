//! Saved points, read again.

use super::{POINTS, kind, walk, walk_from};
use crate::error::DbResult;
use crate::requests::rows::from_json;
use flow_store::{PointPlace, RequestId, SavedData, SavedOutline, SavedPoint, StoreError, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

/// The columns of a saved point, behind another one.
const POINT: &str = "kind, attempt, at, records, component, name, iteration, variables, outlets, due, object_key,
                     object_hash, object_bytes, data";

/// The saved points of a request in the order in which they were saved.
pub(in crate::requests) fn saved_points(connection: &Connection, id: RequestId) -> DbResult<Vec<SavedPoint>> {
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
pub(in crate::requests) fn saved_at(
    connection: &Connection,
    id: RequestId,
    places: &[PointPlace],
) -> DbResult<Vec<SavedPoint>> {
    let sql = format!("SELECT id, {POINT} FROM history WHERE id = ? AND kind IS NOT NULL");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut point = |place: &PointPlace| {
        let found = statement.query_row([place.0], |row| Ok(saved_point(row, row.get(1)?))).optional()?;
        found.unwrap_or_else(|| Err(StoreError::no_saved_point(id).into()))
    };
    places.iter().map(&mut point).collect()
}

/// The outlines of saved points, newest first. The rows' streams are not read.
pub(in crate::requests) fn outlines(
    connection: &Connection,
    id: RequestId,
    before: Option<PointPlace>,
    limit: usize,
) -> DbResult<Vec<SavedOutline>> {
    let columns = "id, kind, component, iteration, outlets, due, at, object_key IS NOT NULL OR data IS NOT NULL,
                   attempt";
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
        attempt: row.get(9)?,
    })
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
