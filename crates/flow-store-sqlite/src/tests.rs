//! The store against the suite and against the reference.

use crate::schema::newest;
use crate::{SqliteOptions, SqliteStore};
use flow_store::conformance::{Step, observe, run_all};
use flow_store::{ManualClock, MemoryStore, SavedKind};
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

fn kinds() -> impl Strategy<Value = SavedKind> {
    proptest::sample::select(SavedKind::ALL.as_slice())
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..64_usize;
    let create =
        (proptest::option::of(n()), any::<bool>(), 0..3_u8, proptest::option::weighted(0.3, any::<u8>()), any::<u8>());
    let write = (n(), proptest::collection::vec(kinds(), 0..3), 0..4_u8, proptest::bool::weighted(0.1));
    prop_oneof![
        2 => (0..120_u16).prop_map(Step::Wait),
        2 => n().prop_map(Step::Register),
        5 => create.prop_map(|(owner, anywhere, retries, key, queue)| Step::Create { owner, anywhere, retries, key, queue }),
        5 => (n(), 1..5_usize).prop_map(|(server, limit)| Step::Claim(server, limit)),
        6 => write.prop_map(|(request, kinds, log, stale)| Step::Write { request, kinds, log, stale }),
        3 => (n(), any::<u8>()).prop_map(|(request, how)| Step::End(request, how)),
        3 => (n(), n()).prop_map(|(survivor, dead)| Step::TakeOver(survivor, dead)),
        1 => (n(), any::<bool>()).prop_map(|(server, drain)| Step::Drain(server, drain)),
        1 => (n(), any::<bool>()).prop_map(|(server, on)| Step::Maintain(server, on)),
        1 => proptest::option::of(any::<u8>()).prop_map(Step::SetLimit),
        1 => n().prop_map(Step::Terminate),
        2 => (n(), n(), proptest::option::of(any::<u8>()))
            .prop_map(|(request, server, from)| Step::ReExecute(request, server, from)),
        1 => (0..200_u8, proptest::option::of(0..4_u8), any::<bool>())
            .prop_map(|(age, number, details)| Step::Retain { age, number, details }),
        1 => n().prop_map(Step::Cancel),
        1 => (n(), n(), any::<bool>()).prop_map(|(request, server, stale)| Step::Pin(request, server, stale)),
        1 => (n(), n()).prop_map(|(request, server)| Step::TakeFrom(request, server)),
        2 => (n(), any::<bool>()).prop_map(|(request, stalls)| Step::Stall(request, stalls)),
        2 => (any::<u8>(), proptest::sample::select(vec![0_usize, 0, 0, 1]))
            .prop_map(|(which, without)| Step::Adopt(which, without)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(trigger, on)| Step::Switch(trigger, on)),
        4 => (any::<u8>(), any::<u8>(), proptest::option::of(n()), any::<u8>())
            .prop_map(|(trigger, key, owner, how)| Step::Fire { trigger, key, owner, how }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_commands_do_the_same_as_in_the_reference(steps in proptest::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let folder = TempDir::new().unwrap();
        // Three servers are there from the start, so that short sequences do something.
        let steps: Vec<Step> = (0..3).map(Step::Register).chain(steps).collect();
        let (clock, memory_clock) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
        let sqlite = SqliteStore::open_with(folder.path().join("test.db"), options(clock.clone())).unwrap();
        let memory = Arc::new(MemoryStore::with_clock(memory_clock.clone()));
        let (seen, expected) = runtime.block_on(async {
            (observe(sqlite, clock, &steps).await, observe(memory, memory_clock, &steps).await)
        });
        prop_assert_eq!(seen, expected);
    }
}
