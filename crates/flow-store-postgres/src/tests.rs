//! The store against the suite and against the reference, on a server of PostgreSQL of its own.

mod server;

use crate::{PostgresOptions, PostgresStore};
use flow_store::conformance::{Step, observe, run_all};
use flow_store::{ManualClock, MemoryStore, SavedKind};
use proptest::prelude::*;
use server::Server;
use std::sync::Arc;

fn options(clock: Arc<ManualClock>) -> PostgresOptions {
    PostgresOptions { clock: Some(clock), ..PostgresOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_conforms() {
    let server = Server::start();
    run_all(|clock| {
        let address = server.database();
        let opening = PostgresStore::open_with(&address, options(clock));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| runtime.block_on(opening)).unwrap()
    })
    .await;
}

fn kinds() -> impl Strategy<Value = SavedKind> {
    proptest::sample::select(SavedKind::ALL.as_slice())
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..64_usize;
    let create = (proptest::option::of(n()), any::<bool>(), 0..3_u8, proptest::option::weighted(0.3, any::<u8>()));
    let write = (n(), proptest::collection::vec(kinds(), 0..3), 0..4_u8, proptest::bool::weighted(0.1));
    prop_oneof![
        2 => (0..120_u16).prop_map(Step::Wait),
        2 => n().prop_map(Step::Register),
        5 => create.prop_map(|(owner, anywhere, retries, key)| Step::Create { owner, anywhere, retries, key }),
        5 => (n(), 1..5_usize).prop_map(|(server, limit)| Step::Claim(server, limit)),
        6 => write.prop_map(|(request, kinds, log, stale)| Step::Write { request, kinds, log, stale }),
        3 => (n(), any::<u8>()).prop_map(|(request, how)| Step::End(request, how)),
        3 => (n(), n()).prop_map(|(survivor, dead)| Step::TakeOver(survivor, dead)),
        1 => (n(), any::<bool>()).prop_map(|(server, drain)| Step::Drain(server, drain)),
        1 => n().prop_map(Step::Terminate),
        2 => (n(), n(), proptest::option::of(any::<u8>()))
            .prop_map(|(request, server, from)| Step::ReExecute(request, server, from)),
        1 => (0..200_u8, proptest::option::of(0..4_u8), any::<bool>())
            .prop_map(|(age, number, details)| Step::Retain { age, number, details }),
        1 => n().prop_map(Step::Cancel),
    ]
}

#[test]
fn random_commands_do_the_same_as_in_the_reference() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let cases = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(cases, |(steps in proptest::collection::vec(step(), 1..80))| {
        // Three servers are there from the start, so that short sequences do something.
        let steps: Vec<Step> = (0..3).map(Step::Register).chain(steps).collect();
        let (clock, memory_clock) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
        let memory = Arc::new(MemoryStore::with_clock(memory_clock.clone()));
        let (seen, expected) = runtime.block_on(async {
            let postgres = PostgresStore::open_with(&server.database(), options(clock.clone())).await.unwrap();
            (observe(postgres, clock, &steps).await, observe(memory, memory_clock, &steps).await)
        });
        prop_assert_eq!(seen, expected);
    });
}
