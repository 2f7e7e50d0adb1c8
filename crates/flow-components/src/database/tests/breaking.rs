//! Databases that are gone, refuse, or go away in the middle of it.

use super::proxy::Proxy;
use super::servers::{PASSWORD, Server};
use super::{CONNECTION, Place, get, nothing, numbers, put};
use crate::testing::Bench;
use crate::{Databases, test_connection};
use flow_data::Stream;
use flow_model::Connection;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_drops_the_connection_leaves_nothing_half_written() {
    drops_the_connection(Server::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_ends_the_session_leaves_nothing_half_written() {
    let place = Place::postgres();
    ends_the_session(place, "SELECT pid AS id FROM pg_stat_activity WHERE query LIKE 'COPY%'", |id| {
        format!("SELECT pg_terminate_backend({id})")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_that_drops_the_connection_leaves_nothing_half_written() {
    drops_the_connection(Server::mariadb()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_that_ends_the_session_leaves_nothing_half_written() {
    let place = Place::mariadb();
    // Ours are those that are neither asleep for good nor the one that asks: the writing one is in a transaction.
    let sessions = "SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_rows_modified > 0";
    ends_the_session(place, sessions, |id| format!("KILL {id}")).await;
}

/// The server ends the session (found by `sessions`) of a component that has written one batch of three.
async fn ends_the_session(place: Place, sessions: &'static str, end: fn(&str) -> String) {
    const BATCH: usize = 20_000;
    place.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (0, 0)").await;
    let component = put("t", "Insert").with("ExactlyOnce", true);
    let prepared = crate::testing::prepare(&component);
    let batches: Vec<_> = (0..3).map(|at| numbers(1 + at * BATCH, BATCH).to_batch().unwrap()).collect();
    let (schema, place) = (batches[0].schema(), Arc::new(place));
    let bench = Bench::new().with(place.connection.clone()).with_nothing_behind();
    let (handle, other) = (tokio::runtime::Handle::current(), Arc::clone(&place));
    let ended = Arc::new(AtomicBool::new(false));
    let is_ended = Arc::clone(&ended);
    let input = Stream::flowing(schema, move || {
        let (batches, handle, place, ended) =
            (batches.clone(), handle.clone(), Arc::clone(&other), Arc::clone(&is_ended));
        Ok(Box::new(batches.into_iter().enumerate().map(move |(at, batch)| {
            if at == 2 && !ended.load(Ordering::SeqCst) {
                handle.block_on(async {
                    // Until what came before has arrived in the database.
                    let begun = Instant::now();
                    let id = loop {
                        assert!(begun.elapsed() < Duration::from_secs(60), "nothing arrives in the database");
                        let found = place.query(sessions).await;
                        match found[0]["id"].clone() {
                            Value::Null => tokio::time::sleep(Duration::from_millis(20)).await,
                            Value::String(id) => break id,
                            id => break id.to_string(),
                        }
                    };
                    // Before it: the component may fail before we hear of it.
                    ended.store(true, Ordering::SeqCst);
                    place.execute(&end(&id)).await;
                });
            }
            Ok(batch)
        })))
    });
    let error = bench.run_prepared(prepared.as_ref(), input.clone(), false).await.unwrap_err();
    assert!(ended.load(Ordering::SeqCst));
    assert!(error.code == "sql/connection-lost" && error.retryable, "{} {error}", error.code);
    assert_eq!(place.query("SELECT id FROM t").await, json!([{"id": 0}]));
    let outcome = bench.run_prepared(prepared.as_ref(), input, false).await.unwrap();
    assert_eq!(outcome.note.as_deref(), Some("60,000 records into t"));
    assert_eq!(place.query("SELECT id FROM t").await.as_array().unwrap().len(), 60_001);
}

async fn drops_the_connection(server: Server) {
    let proxy = Proxy::to(server.port()).await;
    let direct = Place::of(server);
    let bench = Bench::new().with(direct.connection.clone().with("port", proxy.port));
    direct.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (0, 0)").await;
    let component = put("t", "Upsert").with("ExactlyOnce", true);
    let prepared = crate::testing::prepare(&component);
    let input = numbers(1, 50_000);
    // While it connects, while it writes, and with the commit in reach.
    for bytes in [100, 1_000, 20_000, 200_000, 500_000] {
        proxy.cut_after(bytes);
        let error = bench.run_prepared(prepared.as_ref(), input.clone(), false).await.unwrap_err();
        let is_lost =
            ["sql/connection-lost", "sql/cannot-connect", "sql/commit-unknown"].contains(&error.code.as_str());
        assert!(is_lost && error.retryable, "after {bytes} bytes: {} {error}", error.code);
        assert!(!error.message.contains(PASSWORD), "{error}");
        assert_eq!(direct.query("SELECT id FROM t").await, json!([{"id": 0}]), "after {bytes} bytes");
        proxy.mend();
    }
    // The same component, with the connections it kept, goes on once the line is whole.
    let outcome = bench.run_prepared(prepared.as_ref(), input.clone(), false).await.unwrap();
    assert_eq!(outcome.note.as_deref(), Some("50,000 records into t"));
    let outcome = bench.run_prepared(prepared.as_ref(), input, false).await.unwrap();
    assert!(outcome.note.unwrap().contains("nothing is written twice"));
    assert_eq!(direct.query("SELECT id FROM t").await.as_array().unwrap().len(), 50_001);

    // A query whose answer breaks off is an error, and never a shorter answer.
    let prepared = crate::testing::prepare(&get("SELECT a.id AS one, b.id AS two FROM t a, t b WHERE b.id < 200"));
    let reading = bench.run_prepared(prepared.as_ref(), nothing(), false);
    let cutting = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        proxy.cut_now();
    };
    let (read, ()) = tokio::join!(reading, cutting);
    assert_eq!(read.unwrap_err().code, "sql/connection-lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_or_entered_says_why() {
    let postgres = Server::postgres();
    let right = postgres.connection();
    let bench = Bench::new();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let wrong = |connection: Connection| connection.with_secret("password", "wrong-secret");
    for (connection, codes) in [
        (right.clone().with("port", unused), "sql/cannot-connect"),
        (wrong(right.clone()), "sql/access-denied"),
        (right.clone().with("database", "nowhere"), "sql/no-database"),
        (right.clone().with("tls", "require"), "sql/cannot-connect"),
        (
            Connection::new(CONNECTION, "mysql")
                .with("host", "127.0.0.1")
                .with("port", unused)
                .with("database", "d")
                .with("user", "u"),
            "sql/cannot-connect",
        ),
        (Connection::new(CONNECTION, "sqlite").with("path", "storage:nowhere.db"), "sql/no-database"),
        (Connection::new(CONNECTION, "sqlite").with("path", "project:x.db"), "file/not-found"),
        (Connection::new(CONNECTION, "sqlite"), "connection/missing-field"),
        (Connection::new(CONNECTION, "http").with("url", format!("http://127.0.0.1:{unused}")), "http/cannot-connect"),
    ] {
        let error = test_connection(&Databases::default(), &connection, &bench).await.unwrap_err();
        assert_eq!(error.code, codes, "{error}");
        let seen = format!("{error:?}");
        assert!(!seen.contains("wrong-secret") && !seen.contains(PASSWORD), "{seen}");
        assert_eq!(error.property.as_deref(), Some("Connection"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_is_told_to_end_does_not_wait_for_the_database() {
    let place = Place::postgres();
    place.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT)").await;
    let cancel = place.bench.cancel.clone();
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let component = get("SELECT pg_sleep(60)::text AS t");
    let (read, ()) = tokio::join!(place.bench.run(&component, nothing()), ending);
    assert_eq!(read.unwrap_err().code, crate::CANCELLED);
}
