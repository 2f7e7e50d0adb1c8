//! The store against the suite and against the reference, on a server of PostgreSQL of its own.

mod copy;
mod liveness;
mod poolers;
mod refusals;
mod versions;
mod writer;

use crate::{PostgresAddress, PostgresOptions, PostgresStore};
use flow_store::conformance::{Step, anywhere, new_request, observe, run_all};
use flow_store::{ManualClock, MemoryStore, NewRequest, RequestStore as _, SavedKind};
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

#[test]
fn random_commands_do_the_same_as_in_the_reference() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(server_with_schema());
    let cases = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(cases, |(steps in proptest::collection::vec(step(), 1..80))| {
        // Three servers are there from the start, so that short sequences do something.
        let steps: Vec<Step> = (0..3).map(Step::Register).chain(steps).collect();
        let (clock, memory_clock) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
        let memory = Arc::new(MemoryStore::with_clock(memory_clock.clone()));
        let (seen, expected) = runtime.block_on(async {
            let postgres = PostgresStore::open_with(&made_database(&server), options(clock.clone())).await.unwrap();
            (observe(postgres, clock, &steps).await, observe(memory, memory_clock, &steps).await)
        });
        prop_assert_eq!(seen, expected);
    });
}
