//! The store against the suite and against the reference, on a server of PostgreSQL of its own.

mod copy;
mod liveness;
mod poolers;
mod refusals;
mod versions;
mod writer;

use crate::{PostgresAddress, PostgresOptions, PostgresStore};
use flow_store::conformance::{anywhere, new_request, observe, random_steps, run_all};
use flow_store::{ManualClock, MemoryStore, NewRequest, RequestFilter, RequestStore as _};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use test_postgres::Server;
use tokio_postgres::SimpleQueryMessage;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_of_claims_uses_the_index_of_what_waits() {
    let server = server_with_schema().await;
    let store = PostgresStore::open(&made_database(&server)).await.unwrap();
    let of_flow = |number: usize| NewRequest { flow: format!("flow-{}", number % 5), ..new_request(anywhere()) };
    for _ in 0..4 {
        store.create_requests((0..1000).map(of_flow).collect(), None, None).await.unwrap();
    }
    let db = store.database.reader().await.unwrap();
    db.batch_execute("ANALYZE").await.unwrap();
    for sql in crate::requests::claim_queries() {
        let values = [("$1", "'a'"), ("$2", "1"), ("$3", "9000000000000"), ("$4", "64")];
        let sql = values.into_iter().fold(sql, |sql, (name, value)| sql.replace(name, value));
        let rows = db.query(&format!("EXPLAIN (ANALYZE, COSTS OFF) {sql}"), &[]).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("request_open") && !plan.contains("Seq Scan on request r"), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_of_a_list_goes_through_the_index_of_what_is_asked_for_whatever_the_planner_knows() {
    let server = server_with_schema().await;
    let store = PostgresStore::open(&made_database(&server)).await.unwrap();
    let db = store.database.reader().await.unwrap();
    for number in 0..4 {
        store.create_requests(vec![new_request(anywhere()); 1000], None, None).await.unwrap();
        // First it knows of a few, which it takes for all.
        if number != 2 {
            db.batch_execute("ANALYZE").await.unwrap();
        }
        for (priority, index) in [(None, "request_by_group"), (Some(7), "request_by_priority")] {
            let sql = crate::requests::list_of_groups(&RequestFilter { priority, ..RequestFilter::default() });
            for mode in ["force_generic_plan", "force_custom_plan"] {
                let types = "bigint, bigint, bigint, bigint, bigint, bigint[], bigint";
                db.batch_execute(&format!(
                    "DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE list ({types}) AS {sql}"
                ))
                .await
                .unwrap();
                let rows = db.simple_query(
                    "EXPLAIN (COSTS OFF) EXECUTE list (0, 900000, 0, 9000000000000, 10000, '{1,2}', 5000)",
                );
                let rows = rows.await.unwrap();
                let line = |row: &SimpleQueryMessage| match row {
                    SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
                    _ => None,
                };
                let plan = rows.iter().filter_map(line).collect::<Vec<String>>().join("\n");
                // Once to find from where on the page is, and once to find it.
                assert_eq!(plan.matches(index).count(), 2, "{mode}: {plan}");
                assert!(!plan.contains("Seq Scan on request r"), "{mode}: {plan}");
            }
        }
    }
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
            let postgres = PostgresStore::open_with(&made_database(&server), options(clock.clone())).await.unwrap();
            (observe(postgres, clock, &steps).await, observe(memory, memory_clock, &steps).await)
        });
        prop_assert_eq!(seen, expected);
    });
}
