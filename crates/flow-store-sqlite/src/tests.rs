//! The store against the suite and against the reference.

use crate::schema::newest;
use crate::{SqliteOptions, SqliteStore};
use flow_store::conformance::{observe, random_steps, run_all};
use flow_store::{ManualClock, MemoryStore, Store};
use proptest::prelude::*;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn options(clock: Arc<ManualClock>) -> SqliteOptions {
    SqliteOptions { clock, log_bytes: 0, ..SqliteOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_conforms() {
    let folder = TempDir::new().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    run_all(|clock| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        SqliteStore::open_with(folder.path().join(format!("{number}.db")), options(clock)).unwrap()
    })
    .await;
}

/// Does to a database what a next release may do that serves this one, too: more columns that may be left out, a table.
fn migrate_as_a_next_release(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables =
        connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>();
    for table in tables.unwrap() {
        connection.execute_batch(&format!("ALTER TABLE \"{table}\" ADD COLUMN later TEXT")).unwrap();
    }
    connection.execute_batch("CREATE TABLE later (id INTEGER PRIMARY KEY)").unwrap();
    connection.pragma_update(None, "user_version", newest() + 1).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_conforms_on_the_schema_of_a_next_release_that_serves_it() {
    let folder = TempDir::new().unwrap();
    let made = folder.path().join("made.db");
    drop(SqliteStore::open_with(&made, options(Arc::default())).unwrap());
    migrate_as_a_next_release(&made);
    let number = std::sync::atomic::AtomicUsize::new(0);
    run_all(|clock| {
        let path = folder.path().join(format!("{}.db", number.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        Connection::open(&made).unwrap().execute("VACUUM INTO ?", [path.to_str()]).unwrap();
        SqliteStore::open_with(path, options(clock)).unwrap()
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_commands_do_the_same_as_in_the_reference(steps in random_steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let folder = TempDir::new().unwrap();
        let (clock, memory_clock) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
        // As two processes have it open.
        let sqlite = [(); 2].map(|()| -> Arc<dyn Store> {
            SqliteStore::open_with(folder.path().join("test.db"), options(clock.clone())).unwrap()
        });
        let memory = Arc::new(MemoryStore::with_clock(memory_clock.clone()));
        let (seen, expected) = runtime.block_on(async {
            (observe(&sqlite, clock, &steps).await, observe(&[memory], memory_clock, &steps).await)
        });
        prop_assert_eq!(seen, expected);
    }
}
