//! Going on from an earlier saved point.

use super::{POINTS, kind, walk};
use crate::error::DbResult;
use crate::writer::Db;
use flow_store::transition::{self, GoOn, PointInWrite};
use flow_store::{Request, RequestId};
use rusqlite::Connection;

/// From where a request is re-executed, and the row to step back to if it is from an earlier saved point (0: none).
pub(in crate::requests) fn go_on(
    connection: &Connection,
    request: &Request,
    from: Option<u32>,
) -> DbResult<(GoOn, Option<i64>)> {
    let Some(from) = from else {
        let mut newest = connection.prepare_cached("SELECT newest IS NULL FROM request WHERE id = ?")?;
        let removed = request.saved_points > 0 && newest.query_row([request.id.0], |row| row.get(0))?;
        return Ok((if removed { GoOn::Removed } else { GoOn::Newest }, None));
    };
    let (mut points, mut places) = (Vec::new(), Vec::new());
    walk(connection, request.id, POINTS, "id, kind, name, joined", |row| {
        if let Some(number) = row.get::<_, Option<i64>>(2)? {
            let joined = row.get::<_, Option<bool>>(4)?.unwrap_or(false);
            points.push(PointInWrite { kind: kind(number)?, name: row.get(3)?, joined });
            places.push(row.get(1)?);
        }
        Ok(true)
    })?;
    points.reverse();
    places.reverse();
    let earlier = transition::rewind(request.id, &points, from)?;
    let stays = usize::try_from(earlier.points).unwrap_or(usize::MAX);
    let to = stays.checked_sub(1).and_then(|last| places.get(last)).copied().unwrap_or(0);
    Ok((GoOn::Earlier(earlier), Some(to)))
}

/// From now on the saved points of a request are those up to the row `to`, and what is saved after this.
pub(in crate::requests) fn step_back(db: &Db<'_>, id: RequestId, to: i64) -> DbResult<()> {
    let mut insert = db
        .connection
        .prepare_cached("INSERT INTO history (previous, records) SELECT newest, ?2 FROM request WHERE id = ?1")?;
    insert.execute([id.0, to])?;
    let mut update = db.connection.prepare_cached("UPDATE request SET newest = ? WHERE id = ?")?;
    update.execute([db.connection.last_insert_rowid(), id.0])?;
    Ok(())
}
