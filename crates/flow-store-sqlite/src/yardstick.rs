//! What SQLite itself can do on a disk, without anything of Cairn: the measure that `cairn bench` holds the store against.

use crate::error::DbResult;
use flow_store::StoreError;
use rusqlite::{Connection, params};
use std::path::Path;
use std::time::{Duration, Instant};

/// Rows in one commit.
const ROWS: u32 = 64;
/// Bytes in a row.
const ROW: usize = 1024;

/// Rows of 1 KB with integer keys per second that bare SQLite commits, 64 at a time (write-ahead log, synchronous =
/// FULL), measured for about `time` in a database that is made at `path`. Blocks.
pub fn rows_per_second(path: &Path, time: Duration) -> Result<f64, StoreError> {
    Ok(measure(path, time)?)
}

fn measure(path: &Path, time: Duration) -> DbResult<f64> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT")?;
    let data = [0x5a_u8; ROW];
    let (start, mut rows) = (Instant::now(), 0_u32);
    while start.elapsed() < time {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO row (data) VALUES (?)")?;
            for _ in 0..ROWS {
                insert.execute(params![data])?;
            }
        }
        transaction.commit()?;
        rows += ROWS;
    }
    Ok(f64::from(rows) / start.elapsed().as_secs_f64())
}
