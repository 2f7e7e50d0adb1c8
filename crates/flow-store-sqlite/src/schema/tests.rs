use super::*;
use crate::SqliteStore;
use flow_store::{AttemptOutcome, RequestId, RequestStore};
use tempfile::tempdir;

/// The attempts of a database that was made before the requests' own rows told of them.
const BEFORE: &str = "
    INSERT INTO server (id, server, name, address, pid, process_start, lock_path, epoch, state, started)
        VALUES (1, '018f2f6a-0000-7000-8000-000000000001', 'north', '', 1, 1, '', 1, 0, 1);
    INSERT INTO flow VALUES (1, 'shop', 'main');
    INSERT INTO lane (id, flow, priority, limits) VALUES (1, 1, 0, '');
    INSERT INTO request_group (id, flow, state, server, code, n) VALUES (1, 1, 1, 1, '', 1), (2, 1, 4, 1, '', 1);
    INSERT INTO request_given
        (id, project, version, flow, \"trigger\", requested_by, inputs, other_server_retry, begin_checkpoint, retry_count,
         retry_interval_ms, created)
        VALUES (1, 'shop', '0123456789abcdef0123456789abcdef01234567', 'main', 'api', 'ann', '{}', 1, 0, 3, 0, 10),
               (2, 'shop', '0123456789abcdef0123456789abcdef01234567', 'main', 'api', 'ann', '{}', 1, 0, 3, 0, 20);
    INSERT INTO request (id, state, server, epoch, fence, attempt, retries_used, takeovers, started, updated, ended,
                         saved_points, flow, request_group, lane, began)
        VALUES (1, 1, 1, 1, 2, 2, 1, 0, 11, 30, NULL, 0, 1, 1, 1, 32), (2, 4, 1, 1, 1, 1, 0, 0, 21, 25, 25, 0, 1, 2, 1, 22);
    INSERT INTO attempt (request, attempt, server, epoch, started, ended, outcome, error_code, error_message, began)
        VALUES (1, 1, 1, 1, 11, 15, 1, 'x/y', 'no', 12), (1, 2, 1, 1, 30, NULL, NULL, NULL, NULL, NULL),
               (2, 1, 1, 1, 21, 25, 0, NULL, NULL, 22);";

#[tokio::test]
async fn attempts_of_an_older_database_are_told_as_before() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("cairn.db");
    let connection = Connection::open(&path).unwrap();
    for (number, (name, sql)) in (1..).zip(&MIGRATIONS[..14]) {
        connection.execute_batch(sql).unwrap();
        connection.execute("INSERT INTO migration VALUES (?, ?, 0)", params![number, name]).unwrap();
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", 14).unwrap();
    connection.execute_batch(BEFORE).unwrap();
    drop(connection);

    let store = SqliteStore::open(&path).unwrap();
    let mut told = Vec::new();
    for request in [1, 2] {
        for attempt in store.attempts(RequestId(request), None, 10).await.unwrap() {
            assert_eq!(attempt.server_name, "north");
            let first = attempt.first_component_at.map(|at| at.0);
            told.push((request, attempt.attempt, attempt.started.0, first, attempt.ended.map(|at| at.0), attempt.end));
        }
    }
    assert_eq!(
        told,
        [
            (1, 1, 11, Some(12), Some(15), Some(AttemptOutcome::Failed)),
            (1, 2, 30, Some(32), None, None),
            (2, 1, 21, Some(22), Some(25), Some(AttemptOutcome::Finished)),
        ]
    );
}
