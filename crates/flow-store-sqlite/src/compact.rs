//! Giving room back: retention leaves free pages in the file, which are used again, but the file stays as long as it was.

use crate::check::open_checked;
use crate::error::{DbError, DbResult};
use crate::open::lock_folder;
use crate::wal;
use crate::write_lock::WriteLock;
use flow_store::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// How long the database was, with what its log still held, and how long its file is now, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// For so long a read that is under way is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The length that the write-ahead log gets again: that which servers give it.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

/// Writes the database at `path` anew without its free pages. Blocks. Servers may work on it: reads go on, writes wait until
/// it is done, which takes about a second for each 100 MB that stay. So much room is needed once more meanwhile.
pub fn compact(path: &Path) -> Result<Compacted, StoreError> {
    let failed = |error: &dyn std::fmt::Display| {
        StoreError::unavailable(format!("{} cannot be written anew: {error}", path.display()))
    };
    // Looked at first, so that nothing is done to a database of another release.
    drop(open_checked(path)?);
    let lock = WriteLock::open(&lock_folder(path)).map_err(|error| failed(&error))?;
    let _turn = lock.take_turn().map_err(|error| failed(&error))?;
    let before = write_anew(path).map_err(|error| match error {
        DbError::Store(error) => error,
        DbError::Sqlite(error) => failed(&error),
    })?;
    wal::fill(path, LOG_BYTES).map_err(|error| failed(&error))?;
    let after = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
    Ok(Compacted { before, after })
}

/// Writes it anew; how long it was before.
fn write_anew(path: &Path) -> DbResult<u64> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // The file alone may be nearly empty: what was written last is in the log.
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let before = connection.query_row(sql, [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("VACUUM")?;
    // Brings it from the log to the file, and the log back to its length.
    let (busy, _, _) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    if busy {
        let message = "a read that takes long holds the old pages; try again when it is over";
        return Err(StoreError::unavailable(message).into());
    }
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SqliteOptions, SqliteStore};
    use flow_store::conformance::{anywhere, new_request};
    use flow_store::{AttemptEnd, AttemptWrite, Keep, NewRequest, RequestStore, RetentionPolicy, RetentionStore};
    use serde_json::json;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_retention_removed_is_given_back_while_a_server_works() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cairn.db");
        let store =
            SqliteStore::open_with(&path, SqliteOptions { log_bytes: 64 * 1024, ..Default::default() }).unwrap();
        let server = flow_store::conformance::new_server("a");
        let owner = flow_store::ServerStore::register(store.as_ref(), server).await.unwrap();
        let large = NewRequest { inputs: json!({"text": "x".repeat(20_000)}), ..new_request(anywhere()) };
        let made = store.create_requests(vec![large; 200], Some(owner.clone()), None).await.unwrap();
        for created in &made[1..] {
            let (request, end) = (&created.request, AttemptEnd::Finished { reply: None });
            store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
        }
        let policy = RetentionPolicy { finished: Keep { number: Some(0), ..Keep::default() }, ..Default::default() };
        while store.apply_retention(&policy, 1000).await.unwrap().more {}
        let there = path.clone();
        let Compacted { before, after } = tokio::task::spawn_blocking(move || compact(&there)).await.unwrap().unwrap();
        assert!(after * 4 < before, "{before} bytes became {after}");
        // The store that was open all the time goes on.
        assert_eq!(store.get(made[0].request.id).await.unwrap(), made[0].request);
        let more = store.create_request(new_request(anywhere()), Some(owner)).await.unwrap();
        drop(store);
        let checked = crate::check::check(&path).unwrap();
        assert_eq!((checked.problems.len(), checked.requests), (0, 2), "{:?}", checked.problems);
        assert!(more.new);
    }
}
