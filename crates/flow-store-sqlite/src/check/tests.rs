use super::*;
use crate::{SqliteOptions, SqliteStore, back_up};
use flow_store::conformance::{new_request, new_server};
use flow_store::{
    AttemptEnd, AttemptWrite, Level, LogEntry, Owner, RequestSettings, RequestStore, SavedData, SavedKind, SavedPoint,
    ServerStore, Timestamp,
};
use std::sync::Arc;
use tempfile::TempDir;

/// A database with three requests, of which the first has gone back to its first saved point.
async fn database(folder: &TempDir) -> (Arc<SqliteStore>, std::path::PathBuf) {
    let path = folder.path().join("cairn.db");
    let store = SqliteStore::open_with(&path, SqliteOptions { log_bytes: 0, ..SqliteOptions::default() }).unwrap();
    let owner = store.register(new_server("a")).await.unwrap();
    for _ in 0..3 {
        request(&store, &owner).await;
    }
    store.cancel(RequestId(1), "ann").await.unwrap();
    store.re_execute(RequestId(1), &owner, "ann", Some(1)).await.unwrap();
    (store, path)
}

async fn request(store: &SqliteStore, owner: &Owner) {
    let new = new_request(RequestSettings::default());
    let request = store.create_request(new, Some(owner.clone())).await.unwrap().request;
    for number in 0..3_u8 {
        let data = match number {
            0 => SavedData::Inline(b"stream".as_slice().into()),
            _ => SavedData::Object { key: format!("objects/0{number}/x"), hash: format!("{number}"), bytes: 20_000 },
        };
        let point = SavedPoint {
            kind: SavedKind::Checkpoint,
            component: "checkpoint-1".to_owned(),
            name: "One".to_owned(),
            iteration: String::new(),
            attempt: 1,
            data,
            variables: serde_json::json!({}),
            outlets: vec![],
            due: None,
            rows: 1,
            at: Timestamp(1),
        };
        let entry = LogEntry {
            at: Timestamp(1),
            attempt: 1,
            server: "a".into(),
            level: Level::Info,
            component: None,
            event: "logged".into(),
            message: "hello".to_owned(),
        };
        let write = AttemptWrite { saved: vec![point], log: vec![entry.clone(), entry] };
        store.write(request.id, request.fence, write).await.unwrap();
    }
    if request.id != RequestId(1) {
        let end = AttemptEnd::Finished { reply: None };
        store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_whole_database_has_no_problems_and_names_its_objects_once() {
    let folder = TempDir::new().unwrap();
    let (_store, path) = database(&folder).await;
    let found = check(&path).unwrap();
    assert_eq!(found.problems, []);
    assert_eq!((found.requests, found.saved_points, found.log_entries), (3, 1 + 3 + 3, 3 * 6 + 2));
    let keys: Vec<_> = found.objects.iter().map(|object| (object.key.as_str(), object.request)).collect();
    assert_eq!(keys, [("objects/01/x", RequestId(1)), ("objects/02/x", RequestId(1))]);
}

#[tokio::test]
async fn what_contradicts_itself_is_found() {
    let damages = [
        ("DELETE FROM history WHERE id = 5", "row 5 of the history is missing"),
        ("UPDATE request SET newest = NULL WHERE id = 2", "rows belong to no request"),
        ("UPDATE request SET newest = 999 WHERE id = 2", "not there"),
        ("UPDATE history SET previous = id WHERE id = 6", "in a circle"),
        ("UPDATE history SET first = 40 WHERE id = 6", "gap behind entry"),
        ("UPDATE history SET log = NULL, first = NULL WHERE id = 4", "begins with entry 3"),
        ("UPDATE request SET saved_points = 9 WHERE id = 3", "it has 9 saved points, and has 3"),
        ("UPDATE request SET log_entries = 7 WHERE id = 3", "its log has 7 entries, and it has 6"),
        ("UPDATE request_group SET n = n + 1", "requests, and there are"),
        ("UPDATE ended_count SET n = n + 1", "that have ended, and there are"),
        ("DELETE FROM ended_count", "counted nowhere"),
        ("UPDATE request SET state = 5 WHERE id = 3", "does not belong to"),
        ("DELETE FROM request_given WHERE id = 3", "nothing is known of what was asked for"),
        ("DELETE FROM request WHERE id = 3", "nothing is known of where it stands"),
        ("INSERT INTO attempt (request, attempt, server, epoch, started) VALUES (77, 1, 1, 1, 1)", "no such request"),
    ];
    for (damage, expected) in damages {
        let folder = TempDir::new().unwrap();
        let (store, path) = database(&folder).await;
        drop(store);
        let damaged = Connection::open(&path).unwrap();
        damaged.execute_batch(&format!("PRAGMA foreign_keys = OFF; {damage}")).unwrap();
        drop(damaged);
        let problems = check(&path).unwrap().problems;
        assert!(problems.iter().any(|problem| problem.message.contains(expected)), "{damage}: {problems:?}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_found() {
    let folder = TempDir::new().unwrap();
    let (store, path) = database(&folder).await;
    let copy = folder.path().join("copy.db");
    back_up(&path, &copy).unwrap();
    drop(store);
    assert_eq!(check(&copy).unwrap(), check(&path).unwrap());
    let mut bytes = std::fs::read(&copy).unwrap();
    for page in 2..bytes.len() / 4096 {
        bytes[page * 4096..page * 4096 + 200].fill(0x5a);
    }
    std::fs::write(&copy, bytes).unwrap();
    match check(&copy) {
        Ok(found) => assert!(!found.problems.is_empty()),
        Err(error) => assert_eq!(error.code(), "store/unavailable"),
    }
}

#[test]
fn a_database_of_another_release_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cairn.db");
    drop(SqliteStore::open_with(&path, SqliteOptions { log_bytes: 0, ..SqliteOptions::default() }).unwrap());
    let set = |number: i64| Connection::open(&path).unwrap().pragma_update(None, "user_version", number).unwrap();
    for (other, way_out) in [(1, "start a server of this release"), (1000, "use the release that its servers run")] {
        set(other);
        let error = check(&path).unwrap_err();
        assert_eq!(error.code(), "store/conflict");
        assert!(error.to_string().contains(&format!("schema {other},")), "{error}");
        assert!(error.to_string().contains(way_out), "{error}");
    }
    let serves_no_other = "UPDATE cluster SET value = '1000' WHERE key = 'serves-schema'";
    Connection::open(&path).unwrap().execute(serves_no_other, []).unwrap();
    assert_eq!(check(&path).unwrap_err().code(), "store/newer-schema");
    assert!(check(&folder.path().join("none.db")).is_err());
}
