//! Behind a real PgBouncer.

use super::server_with_schema;
use crate::{PostgresAddress, PostgresStore};
use flow_store::{ClusterStore, NewLife, ServerId, Store};
use std::sync::Arc;
use std::time::Duration;
use test_postgres::{Pooler, Server};

fn address(pooler: &Pooler) -> PostgresAddress {
    format!("postgres://cairn@127.0.0.1:{}/test_0", pooler.port()).parse().unwrap()
}

async fn lock_of(store: &PostgresStore) -> String {
    let liveness = store.liveness().unwrap();
    let life = NewLife {
        server: ServerId::parse("one").unwrap(),
        pid: 1,
        process_start: 1,
        lease: Duration::from_secs(2),
        doubt: Arc::new(|| {}),
    };
    tokio::task::spawn_blocking(move || liveness.begin(life).unwrap().lock().to_owned()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_keeps_sessions_is_as_the_database_itself() {
    let server = server_with_schema().await;
    let pooler = Pooler::start(&server, "session");
    let store = PostgresStore::open(&address(&pooler)).await.unwrap();
    assert!(store.cluster_id().await.is_ok());
    assert!(lock_of(&store).await.starts_with("postgres:"), "its locks are trusted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_shares_sessions_is_found_out() {
    let server: Server = server_with_schema().await;
    let pooler = Pooler::start(&server, "transaction");
    let opened = PostgresStore::open(&address(&pooler)).await;
    if Pooler::knows_statements() {
        // Only the heartbeat counts.
        let store = opened.unwrap();
        assert!(lock_of(&store).await.starts_with("postgres-lease:"), "its locks are not trusted");
    } else {
        eprintln!("NOT TRIED: this PgBouncer is older than 1.21, so it is only seen to be refused");
        let error = opened.err().unwrap();
        assert_eq!(error.code(), "store/unavailable");
        assert!(error.to_string().contains("pool_mode = session"), "{error}");
    }
}
