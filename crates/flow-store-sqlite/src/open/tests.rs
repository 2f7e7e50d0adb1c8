use super::*;
use crate::wal;
use flow_store::{AccountStore, NewAccount, RequestStore, Role};
use tempfile::tempdir;

fn options() -> SqliteOptions {
    SqliteOptions { log_bytes: 0, ..SqliteOptions::default() }
}

fn error_of(path: &Path) -> StoreError {
    match SqliteStore::open_with(path, options()) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

async fn add_account(store: &SqliteStore, name: &str) {
    let new = NewAccount { name: name.to_owned(), role: Role::Viewer, password_hash: String::new() };
    store.create_account(new).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("new folder").join("cairn.db");
    let store = SqliteStore::open_with(&path, options()).unwrap();
    assert!(store.lock_folder().is_dir());
    add_account(&store, "ann").await;
    drop(store);
    let store = SqliteStore::open_with(&path, options()).unwrap();
    assert_eq!(store.accounts().await.unwrap()[0].name, "ann");
}

#[test]
fn a_database_of_a_newer_release_is_refused_unless_it_serves_this_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("cairn.db");
    drop(SqliteStore::open_with(&path, options()).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(SqliteStore::open_with(&path, options()).expect("it still serves this release"));
    newer.execute("UPDATE cluster SET value = '1000' WHERE key = 'serves-schema'", []).unwrap();
    let error = error_of(&path);
    assert_eq!(error.code(), "store/newer-schema");
    assert!(error.to_string().contains("1000"), "{error}");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_eq!(error_of(&path).code(), "store/conflict");
    let tables: i64 = other.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn what_is_no_database_or_no_folder_is_refused() {
    let folder = tempdir().unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is a text, and long enough to be one. ".repeat(50)).unwrap();
    assert_eq!(error_of(&text).code(), "store/unavailable");
    let error = error_of(&text.join("below-a-file.db"));
    assert_eq!(error.code(), "store/unavailable");
    assert!(error.to_string().contains("below-a-file.db"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_open_and_write_at_the_same_time() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("cairn.db");
    // Each store has connections and locks of its own, as if it were another process.
    let open = || {
        let path = path.clone();
        tokio::task::spawn_blocking(move || SqliteStore::open_with(path, options()).unwrap())
    };
    let (a, b, c) = tokio::join!(open(), open(), open());
    let stores = [a.unwrap(), b.unwrap(), c.unwrap()];
    let writes: Vec<_> = stores
        .iter()
        .cloned()
        .enumerate()
        .map(|(number, store)| {
            tokio::spawn(async move {
                for count in 0..50 {
                    add_account(&store, &format!("{number}-{count}")).await;
                }
            })
        })
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    for store in &stores {
        assert_eq!(store.accounts().await.unwrap().len(), 150);
    }
}

#[tokio::test]
async fn the_log_is_filled_from_the_start_and_does_not_grow() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("cairn.db");
    let length = 2 * 1024 * 1024;
    let store = SqliteStore::open_with(&path, SqliteOptions { log_bytes: length, ..options() }).unwrap();
    let log = folder.path().join("cairn.db-wal");
    assert_eq!(std::fs::metadata(&log).unwrap().len(), length);
    for number in 0..1000 {
        add_account(&store, &format!("{number}")).await;
    }
    assert_eq!(std::fs::metadata(&log).unwrap().len(), length);
    assert_eq!(store.accounts().await.unwrap().len(), 1000);
    // Whoever opens the file after a crash finds the last frame in spite of the zeros.
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(&log, folder.path().join("copy.db-wal")).unwrap();
    let copied = SqliteStore::open_with(&copy, options()).unwrap();
    assert_eq!(copied.accounts().await.unwrap().len(), 1000);
}

#[test]
fn a_database_without_log_needs_no_filling() {
    let folder = tempdir().unwrap();
    wal::fill(&folder.path().join("none.db"), 4096).unwrap();
    assert!(!folder.path().join("none.db-wal").exists());
}

#[tokio::test]
async fn the_plan_of_hot_reads_uses_indexes() {
    let folder = tempdir().unwrap();
    let store = SqliteStore::open_with(folder.path().join("cairn.db"), options()).unwrap();
    let plans = [
        "SELECT lane FROM request WHERE ended IS NULL AND state <> 1 AND server IS NULL AND epoch IS NULL AND state = 3 \
         AND lane > 5 ORDER BY lane LIMIT 1",
        "SELECT due FROM request WHERE ended IS NULL AND state <> 1 AND server IS NULL AND epoch IS NULL AND state = 3 \
         AND lane = 7 ORDER BY due LIMIT 1",
        "SELECT id FROM request WHERE ended IS NULL AND state <> 1 AND server = 1 AND epoch = 1 AND state = 3 AND lane = 7 \
         AND due <= 5 ORDER BY due, id LIMIT 9",
        "SELECT id FROM request WHERE ended IS NULL AND state <> 1 AND server IS NULL AND epoch IS NULL AND state = 0 AND lane = 7 \
         ORDER BY due, id LIMIT 9",
        "SELECT id FROM lane WHERE flow = 1 AND priority = 0 AND limits = ''",
        "SELECT id FROM request_group WHERE server = 1 AND state IN (0, 1)",
        "SELECT id FROM request WHERE request_group = 5 AND id < 9 AND id >= 0 ORDER BY id DESC LIMIT 10",
        "SELECT r.id FROM request r WHERE r.request_group = 5 AND r.id < 9 AND r.id >= 0 AND r.priority = 3 ORDER BY r.id DESC LIMIT 10",
        "SELECT count(*) FROM request r WHERE r.request_group = 5 AND r.id < 9 AND r.id >= 0 AND r.priority IS NOT NULL",
        "SELECT ended, id FROM request WHERE state = 4 AND ended IS NOT NULL ORDER BY ended, id LIMIT 10",
        "SELECT ended, id FROM request WHERE state = 4 AND ended IS NOT NULL AND (ended, id) > (5, 6) AND ended < 7 \
         ORDER BY ended, id LIMIT 10",
        "SELECT id, created FROM request_given WHERE id >= 5 AND id < 9 ORDER BY id LIMIT 1",
        "SELECT 1 FROM history WHERE object_key = 'x' LIMIT 1",
    ];
    for sql in plans {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let plan: Vec<String> = store
            .readers
            .run(move |db| crate::requests::collect(db.prepare(&explain)?.query([])?, |row| Ok(row.get(3)?)))
            .await
            .unwrap();
        assert!(plan.iter().all(|line| line.contains("USING") && line.contains("SEARCH")), "{sql}: {plan:?}");
    }
    assert!(store.now().0 > 1_600_000_000_000);
}
