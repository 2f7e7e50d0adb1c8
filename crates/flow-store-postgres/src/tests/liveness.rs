//! How servers see each other live.

use super::{server_with_schema, until, with_schema};
use crate::PostgresStore;
use flow_store::{Liveness, NewLife, NewServer, OwnLife, PeerLife, ServerId, ServerStore, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use test_postgres::Server;
use test_service::Line;

/// A server of the cluster: it beats until it is dropped.
struct Member {
    liveness: Arc<dyn Liveness>,
    lock: String,
    doubts: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    beating: Option<JoinHandle<()>>,
    _store: Arc<PostgresStore>,
}

impl Member {
    async fn join(server: &Server, lease: Duration) -> Self {
        Self::join_at(&server.address("cairn", "test_0"), lease, Duration::from_millis(20)).await
    }

    async fn join_at(address: &str, lease: Duration, pace: Duration) -> Self {
        let store = PostgresStore::open(&address.parse().unwrap()).await.unwrap();
        let liveness = store.liveness().unwrap();
        let (doubts, stop) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
        let noted = Arc::clone(&doubts);
        let life = NewLife {
            server: ServerId::parse("one").unwrap(),
            pid: 1,
            process_start: 1,
            lease,
            doubt: Arc::new(move || {
                noted.fetch_add(1, Ordering::SeqCst);
            }),
        };
        let beginning = Arc::clone(&liveness);
        let own = tokio::task::spawn_blocking(move || beginning.begin(life)).await.unwrap().unwrap();
        let lock = own.lock().to_owned();
        let beating = Some(beat(own, pace, Arc::clone(&stop)));
        Self { liveness, lock, doubts, stop, beating, _store: store }
    }

    fn look(&self, other: &str) -> Arc<dyn PeerLife> {
        self.liveness.look(other).unwrap()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(beating) = self.beating.take() {
            beating.join().unwrap();
        }
    }
}

fn beat(own: Arc<dyn OwnLife>, pace: Duration, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            // It fails while the database is away.
            let _ = own.beat(0);
            thread::sleep(pace);
        }
    })
}

/// Waits for the end of a life on a thread of its own.
fn wait(life: &Arc<dyn PeerLife>) -> JoinHandle<()> {
    let life = Arc::clone(life);
    thread::spawn(move || life.wait_until_over().unwrap())
}

const LEASE: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_server_is_seen_by_all_others() {
    let server = server_with_schema().await;
    let (one, two, three) =
        (Member::join(&server, LEASE).await, Member::join(&server, LEASE).await, Member::join(&server, LEASE).await);
    let (by_two, by_three) = (two.look(&one.lock), three.look(&one.lock));
    let waiting = [wait(&by_two), wait(&by_three)];
    until(async || by_two.heartbeat().is_ok() && by_three.heartbeat().is_ok()).await;
    let beat = by_two.heartbeat().unwrap();
    until(async || by_two.heartbeat().unwrap() != beat).await;
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()));

    drop(one);
    until(async || waiting.iter().all(JoinHandle::is_finished)).await;
    let looked = Arc::clone(&by_two);
    assert!(tokio::task::spawn_blocking(move || looked.is_over()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_session_is_no_death() {
    let server = server_with_schema().await;
    let (one, two) = (Member::join(&server, LEASE).await, Member::join(&server, LEASE).await);
    let life = two.look(&one.lock);
    let waiting = wait(&life);
    let own = crate::liveness::sessions_of(&one.lock).unwrap().to_owned();
    for ended in 1..=5 {
        let all =
            format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{own}'");
        server.sql("test_0", &all);
        until(async || one.doubts.load(Ordering::SeqCst) >= ended).await;
        let beat = life.heartbeat().ok();
        until(async || life.heartbeat().ok() != beat).await;
        // Long enough that a mistake would have been made.
        tokio::time::sleep(LEASE).await;
    }
    assert!(!waiting.is_finished(), "a living server was taken for dead");
    drop(one);
    until(async || waiting.is_finished()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_is_nobodys_death() {
    let mut server = server_with_schema().await;
    let lease = Duration::from_secs(2);
    let (one, two) = (Member::join(&server, lease).await, Member::join(&server, lease).await);
    let lives = [two.look(&one.lock), one.look(&two.lock)];
    let waiting = lives.each_ref().map(wait);
    for _ in 0..2 {
        server.crash();
        tokio::time::sleep(lease / 2).await;
        server.start_again();
        for life in &lives {
            let beat = life.heartbeat().ok();
            until(async || life.heartbeat().ok() != beat).await;
        }
    }
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "a living server was taken for dead");
    drop(one);
    until(async || waiting[0].is_finished()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_database_behind_lines_that_hang_is_nobodys_death() {
    // Beats come so seldom that a free lock alone would be taken for a death.
    let (lease, pace) = (Duration::from_secs(1), Duration::from_millis(250));
    let primary = with_schema(Server::start_listening()).await;
    let promoted = with_schema(Server::start_listening()).await;
    let line = Line::to(primary.port()).await;
    let address = format!("postgres://{}@127.0.0.1:{}/test_0", test_postgres::USER, line.port);
    let (one, two) = (Member::join_at(&address, lease, pace).await, Member::join_at(&address, lease, pace).await);
    let lives = [two.look(&one.lock), one.look(&two.lock)];
    let waiting = lives.each_ref().map(wait);
    // They have known each other for long enough to trust what they see.
    tokio::time::sleep(lease * 2).await;

    line.lead_to(promoted.port());
    until(async || one.doubts.load(Ordering::SeqCst) > 0 && two.doubts.load(Ordering::SeqCst) > 0).await;
    tokio::time::sleep(lease * 3).await;
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "a living server was taken for dead");
    // Their locks are there now, and a death is seen there.
    drop(one);
    until(async || waiting[0].is_finished()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_locks_a_server_lives_as_long_as_its_heartbeat_moves() {
    let server = server_with_schema().await;
    let store = PostgresStore::open(&server.address("cairn", "test_0").parse().unwrap()).await.unwrap();
    server.sql("test_0", "INSERT INTO heartbeat (lock, counter) VALUES (5, 1)");
    let life = store.liveness().unwrap().look("postgres-lease:0000000000000005:cairn-one").unwrap();
    let looked = Arc::clone(&life);
    let looking = tokio::task::spawn_blocking(move || looked.is_over());
    // Behind the first look of the other.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.sql("test_0", "UPDATE heartbeat SET counter = counter + 1 WHERE lock = 5");
    assert!(!looking.await.unwrap(), "it beats");
    assert!(tokio::task::spawn_blocking(move || life.is_over()).await.unwrap(), "it beats no longer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_of_lives_that_are_over_are_forgotten() {
    let server = server_with_schema().await;
    let store = PostgresStore::open(&server.address("cairn", "test_0").parse().unwrap()).await.unwrap();
    for lock in ["postgres:0000000000000005:cairn-1", "postgres-lease:fffffffffffffffa:cairn-2"] {
        server.sql("test_0", "INSERT INTO heartbeat VALUES (5, 1), (-6, 1) ON CONFLICT DO NOTHING");
        let lock_path = lock.to_owned();
        let id = ServerId::parse("one").unwrap();
        let one = NewServer { id, name: String::new(), address: String::new(), pid: 1, process_start: 1, lock_path };
        store.register(one).await.unwrap();
        let left = server.sql("test_0", "SELECT string_agg(lock::text, ' ') FROM heartbeat");
        assert_eq!(left, if lock.contains("lease") { "-6" } else { "5" }, "that of {lock}");
    }
}
