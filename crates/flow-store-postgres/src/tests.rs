//! The store against the suite and against the reference, on a server of PostgreSQL of its own.

mod changes;
mod copy;
mod liveness;
mod plans;
mod poolers;
mod refusals;
mod versions;
mod writer;

use crate::{PostgresAddress, PostgresOptions, PostgresStore};
use flow_store::conformance::{observe, random_steps, run_all};
use flow_store::{ManualClock, MemoryStore};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use test_postgres::Server;

fn options(clock: Arc<ManualClock>) -> PostgresOptions {
    PostgresOptions { clock: Some(clock), ..PostgresOptions::default() }
}

/// The address of a new database that has the schema already, as a copy of one in which it was made.
fn made_database(server: &Server) -> PostgresAddress {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("made_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE test_0"));
    server.address(test_postgres::USER, &name).parse().unwrap()
}

/// A server whose first database has the schema.
async fn server_with_schema() -> Server {
    with_schema(Server::start()).await
}

async fn with_schema(server: Server) -> Server {
    let store = PostgresStore::open(&server.database().parse().unwrap()).await.unwrap();
    drop(store);
    // A database can be copied while nobody is there.
    until(async || server.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'test_0'") == "0")
        .await;
    server
}

/// Waits for a condition; only a defect makes it wait for long.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it never came to be so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_conforms() {
    let server = server_with_schema().await;
    run_all(|clock| {
        let address = made_database(&server);
        let opening = PostgresStore::open_with(&address, options(clock));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| runtime.block_on(opening)).unwrap()
    })
    .await;
}

/// What a next release may do that serves this one, too: more columns that may be left out, and a table.
const NEXT_SCHEMA: &str = "
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
                    AND relnamespace = 'public'::regnamespace
        LOOP EXECUTE format('ALTER TABLE %I ADD COLUMN later text', name); END LOOP;
    END $$;
    CREATE TABLE later (id bigint PRIMARY KEY);
    INSERT INTO migration (number, name, at) SELECT max(number) + 1, 'later', 0 FROM migration;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_conforms_on_the_schema_of_a_next_release_that_serves_it() {
    let server = server_with_schema().await;
    server.sql("test_0", NEXT_SCHEMA);
    run_all(|clock| {
        let address = made_database(&server);
        let opening = PostgresStore::open_with(&address, options(clock));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| runtime.block_on(opening)).unwrap()
    })
    .await;
}

#[test]
fn random_commands_do_the_same_as_in_the_reference() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(server_with_schema());
    let cases = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(cases, |(steps in random_steps())| {
        let (clock, memory_clock) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
        let memory = Arc::new(MemoryStore::with_clock(memory_clock.clone()));
        let (seen, expected) = runtime.block_on(async {
            // As two processes have it open, each of which knows requests that the other one changes.
            let address = made_database(&server);
            let first = PostgresStore::open_with(&address, options(clock.clone())).await.unwrap();
            let second = PostgresStore::open_with(&address, options(clock.clone())).await.unwrap();
            (observe(&[first, second], clock, &steps).await, observe(&[memory], memory_clock, &steps).await)
        });
        prop_assert_eq!(seen, expected);
    });
}
