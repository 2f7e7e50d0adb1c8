//! One test for each way in which clusters are known to have lost, stranded or repeated work.

use super::dispatch::{QUICK, finishing, until_state};
use super::*;
use crate::{Dispatcher, DispatcherSettings};
use flow_store::{AttemptEnd, AttemptWrite, RequestState};
use std::sync::mpsc;

/// So short that a standstill shows soon.
const BRISK: LeaseSettings = LeaseSettings { heartbeat: Duration::from_millis(20), lease: Duration::from_millis(500) };

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEFECT, found).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_not_stranded_by_an_outage_of_the_database_during_their_takeover() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let request = cluster.request(Some(&dead.owner), true).await.id;
    let survivor = cluster.join("survivor", SHORT).await;
    let _dispatcher = finishing(&cluster, &survivor);
    until_watched(&survivor, &dead.owner).await;

    cluster.store.faults().outage(true);
    dead.process.kill();
    // Longer than a lease: nothing may be given up meanwhile, and nobody else be declared dead.
    tokio::time::sleep(SHORT.lease * 2).await;
    assert_eq!(cluster.store().get(request).await.unwrap().owner.as_ref(), Some(&dead.owner));
    cluster.store.faults().outage(false);

    let finished = until_state(&cluster, request, RequestState::Finished).await;
    assert_eq!(finished.owner.as_ref(), Some(survivor.owner()));
    assert!(!survivor.guard().has_ended(), "the outage did not end the survivor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_neither_takes_over_nor_claims_what_is_recovered() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let request = cluster.request(Some(&dead.owner), true).await.id;
    let draining = cluster.join("draining", LONG).await;
    let _idle = finishing(&cluster, &draining);
    until_watched(&draining, &dead.owner).await;
    draining.drain().await.unwrap();

    dead.process.kill();
    let next = cluster.join("next", LONG).await;
    let _works = finishing(&cluster, &next);
    let finished = until_state(&cluster, request, RequestState::Finished).await;
    assert_eq!((finished.owner.as_ref(), finished.attempt), (Some(next.owner()), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_takeover_listed_is_looked_at_anew_before_it_runs() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let other = cluster.join("other", LONG).await;
    other.drain().await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(cluster.request(Some(&dead.owner), true).await.id);
    }
    let survivor = cluster.join("survivor", LONG).await;
    until_watched(&survivor, &dead.owner).await;
    let mut events = survivor.events();
    dead.process.kill();
    wait_for(&mut events, |event| matches!(event, ClusterEvent::TakenOver { .. }).then_some(())).await;

    // Between the takeover and the first attempt one is cancelled and one goes to another server.
    cluster.store().cancel(ids[0], "operator").await.unwrap();
    cluster.store().cancel(ids[1], "operator").await.unwrap();
    cluster.store().re_execute(ids[1], other.owner(), "operator", None).await.unwrap();
    let dispatcher = finishing(&cluster, &survivor);
    until_state(&cluster, ids[2], RequestState::Finished).await;
    until("the dispatcher has nothing left", async || (dispatcher.running() == 0).then_some(())).await;

    let [cancelled, moved] = [cluster.store().get(ids[0]).await.unwrap(), cluster.store().get(ids[1]).await.unwrap()];
    assert_eq!((cancelled.state, cancelled.attempt), (RequestState::Cancelled, 1));
    assert_eq!((moved.state, moved.owner.as_ref()), (RequestState::WaitingForRetry, Some(other.owner())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_that_lives_ends_its_request_as_finished() {
    let cluster = Cluster::new();
    let slow = cluster.join("slow", LONG).await;
    let _other = cluster.join("other", LONG).await;
    let (store, (go_on, may_go_on)) = (cluster.store(), tokio::sync::watch::channel(false));
    let settings = DispatcherSettings { unattended_check: Duration::from_millis(5), ..QUICK };
    let dispatcher = Dispatcher::start(cluster.store(), &slow, settings, move |request, _, _| {
        let (store, mut may_go_on) = (Arc::clone(&store), may_go_on.clone());
        async move {
            may_go_on.wait_for(|go_on| *go_on).await.unwrap();
            let end = AttemptEnd::Finished { reply: None };
            Some(store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap())
        }
    });
    let request = cluster.request(None, true).await.id;
    until_state(&cluster, request, RequestState::Running).await;
    until("the attempt runs", async || (dispatcher.running() == 1).then_some(())).await;
    // Many looks for requests that nobody attends to find this one attended.
    tokio::time::sleep(settings.unattended_check * 20).await;
    go_on.send_replace(true);

    let finished = until_state(&cluster, request, RequestState::Finished).await;
    assert_eq!(finished.attempt, 1);
}

/// It is neither queued, so that nobody claims it, nor does its owner die, so that nobody takes it over.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_its_living_server_has_forgotten_is_given_back_and_run() {
    let cluster = Cluster::new();
    let forgetful = cluster.join("forgetful", LONG).await;
    let other = cluster.join("other", LONG).await;
    let request = cluster.request(None, true).await.id;
    // It was claimed, and the answer was lost on its way.
    let claimed = cluster.store().claim(forgetful.owner(), 10).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [request]);

    let _dispatchers = [finishing(&cluster, &forgetful), finishing(&cluster, &other)];
    let finished = until_state(&cluster, request, RequestState::Finished).await;
    assert_eq!(finished.attempt, 2);
    assert!(!forgetful.guard().has_ended(), "it lived all the time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survivor_that_dies_right_after_a_takeover_strands_nothing() {
    let cluster = Cluster::new();
    let dead = cluster.foreign("dead").await;
    let mut heir = cluster.foreign("heir").await;
    let request = cluster.request(Some(&dead.owner), true).await.id;
    cluster.store().take_over(&heir.owner, &dead.owner).await.unwrap();
    heir.process.kill();

    let survivor = cluster.join("survivor", LONG).await;
    let _dispatcher = finishing(&cluster, &survivor);
    let finished = until_state(&cluster, request, RequestState::Finished).await;
    assert_eq!(finished.owner.as_ref(), Some(survivor.owner()));
}

#[test]
fn a_server_that_applies_nothing_stops_reporting_itself_alive() {
    let cluster = Arc::new(Cluster::new());
    let (joined, has_joined) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let inner = Arc::clone(&cluster);
    let stuck = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stuck = inner.join("stuck", BRISK).await;
            // Its tasks have come round at least once, and never do again.
            tokio::time::sleep(BRISK.heartbeat * 3).await;
            joined.send(stuck.owner().clone()).unwrap();
            let _ = released.recv();
        });
    });
    let owner = has_joined.recv().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let request = cluster.request(Some(&owner), true).await.id;
        let survivor = cluster.join("survivor", BRISK).await;
        let _dispatcher = finishing(&cluster, &survivor);
        let finished = until_state(&cluster, request, RequestState::Finished).await;
        assert_eq!(finished.owner.as_ref(), Some(survivor.owner()));
    });
    drop(release);
    stuck.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hangs_again_inside_a_write_after_its_requests_were_taken_over_is_ended() {
    let cluster = Cluster::new();
    let mut ghost = cluster.foreign("ghost").await;
    let _survivor = cluster.join("survivor", BRISK).await;
    until("its requests are taken over", async || {
        (cluster.state_of(&ghost.owner.server).await == ServerState::Terminated).then_some(())
    })
    .await;
    assert!(ghost.process.0.try_wait().unwrap().is_none(), "who is not in the way is not killed");

    cluster.store.faults().hold_write_lock(i32::try_from(ghost.process.0.id()).unwrap());
    until("the process is ended", async || ghost.process.0.try_wait().unwrap()).await;
    cluster.store.faults().hold_write_lock(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_stopped_with_the_write_lock_before_it_registered_is_ended() {
    let cluster = Cluster::new();
    let _survivor = cluster.join("survivor", BRISK).await;
    let mut unknown = Command::new("sleep").arg("600").spawn().unwrap();
    let pid = i32::try_from(unknown.id()).unwrap();
    cluster.store.faults().hold_write_lock(pid);
    tokio::time::sleep(BRISK.lease * 2).await;
    assert!(unknown.try_wait().unwrap().is_none(), "one that is not stopped may be at work");

    let stop = rustix::process::Signal::STOP;
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), stop).unwrap();
    until("the stopped process is ended", async || unknown.try_wait().unwrap()).await;
    cluster.store.faults().hold_write_lock(0);
}
