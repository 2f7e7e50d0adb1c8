//! Requests that others want to change while they are pinned to another version.

use super::{server_with_schema, until};
use crate::{PostgresOptions, PostgresStore};
use flow_store::conformance::{anywhere, new_request, new_server};
use flow_store::{NewVersion, ReExecution, RequestSettings, RequestState, RequestStore, ServerStore, VersionId};
use std::sync::Arc;
use test_postgres::Server;

/// Waits until so many statements wait for a row.
async fn wait_for(server: &Server, waiting: &str) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event IN ('transactionid', 'tuple')";
    until(async || server.sql("test_0", sql) == waiting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_for_a_request_that_was_pinned_to_another_version_sees_that_version_and_its_settings() {
    let server = server_with_schema().await;
    let address = server.address("cairn", "test_0").parse().unwrap();
    let options = PostgresOptions { writers: 4, ..PostgresOptions::default() };
    let store = PostgresStore::open_with(&address, options).await.unwrap();
    let owner = store.register(new_server("a")).await.unwrap();
    let id = store.create_request(new_request(RequestSettings::default()), None).await.unwrap().request.id;
    let seen = store.cancel(id, "ann").await.unwrap().fence;

    let holder = store.database.begin().await.unwrap();
    crate::sql::execute(&holder, "SELECT id FROM request WHERE id = $1 FOR UPDATE", &[&id.0]).await.unwrap();
    let version = VersionId::parse("v2").unwrap();
    let first = tokio::spawn({
        let (store, version) =
            (Arc::clone(&store), NewVersion { version: version.clone(), settings: anywhere(), seen });
        let how = ReExecution { keep: None, version: Some(version) };
        async move { store.re_execute_with(id, &owner, "ann", how).await }
    });
    wait_for(&server, "1").await;
    let second = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.cancel(id, "ben").await }
    });
    wait_for(&server, "2").await;
    holder.rolled_back().await;

    assert_eq!(first.await.unwrap().unwrap().version, version);
    let second = second.await.unwrap().unwrap();
    assert_eq!((second.state, &second.version, &second.settings), (RequestState::Cancelled, &version, &anywhere()));
    assert_eq!(second, store.get(id).await.unwrap());
}
