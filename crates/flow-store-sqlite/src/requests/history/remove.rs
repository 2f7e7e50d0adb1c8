//! Taking logs and saved points from requests.

use super::{LOG, walk_from};
use crate::error::DbResult;
use crate::writer::Db;
use flow_store::RequestId;
use rusqlite::OptionalExtension;

/// Takes the log and the saved points from a request at once, however many there are; the rows are removed later. Whether
/// there were any.
pub(crate) fn unlink(db: &Db<'_>, id: RequestId) -> DbResult<bool> {
    let mut unlink = db.connection.prepare_cached(
        "INSERT INTO history_removed (row) SELECT newest FROM request WHERE id = ? AND newest IS NOT NULL",
    )?;
    let had = unlink.execute([id.0])? > 0;
    let mut update = db.connection.prepare_cached("UPDATE request SET newest = NULL, log_entries = 0 WHERE id = ?")?;
    update.execute([id.0])?;
    Ok(had)
}

/// Removes at most `limit` rows that no request has any more. Whether all are gone.
pub(crate) fn remove_unlinked(db: &Db<'_>, limit: usize) -> DbResult<bool> {
    let mut first = db.connection.prepare_cached("SELECT row FROM history_removed LIMIT 1")?;
    let mut left = limit;
    while let Some(newest) = first.query_row([], |row| row.get::<_, i64>(0)).optional()? {
        if left == 0 {
            return Ok(false);
        }
        let (mut rows, mut next) = (Vec::new(), None);
        walk_from(db.connection, Some(newest), LOG, "id, previous", |row| {
            rows.push(row.get::<_, i64>(1)?);
            next = row.get::<_, Option<i64>>(2)?;
            Ok(rows.len() < left)
        })?;
        let mut delete = db.connection.prepare_cached("DELETE FROM history WHERE id = ?")?;
        for row in &rows {
            delete.execute([row])?;
        }
        left -= rows.len();
        db.connection.prepare_cached("DELETE FROM history_removed WHERE row = ?")?.execute([newest])?;
        if let Some(next) = next {
            db.connection.prepare_cached("INSERT INTO history_removed (row) VALUES (?)")?.execute([next])?;
        }
    }
    Ok(true)
}
