use super::*;
use crate::{Dispatcher, DispatcherSettings};
use flow_store::{AttemptEnd, AttemptWrite, Durability, HeldLine, RequestId, RequestState};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub(super) const QUICK: DispatcherSettings = DispatcherSettings {
    concurrency: 2,
    shortest_poll: Duration::from_millis(5),
    longest_poll: Duration::from_secs(600),
    unattended_check: Duration::from_millis(50),
};

async fn finish(store: &Arc<dyn Store>, request: &Request) -> Option<Request> {
    let end = AttemptEnd::Finished { reply: None };
    Some(store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap())
}

pub(super) async fn until_state(cluster: &Cluster, request: RequestId, state: RequestState) -> Request {
    let reached = async {
        loop {
            let request = cluster.store().get(request).await.unwrap();
            if request.state == state {
                return request;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEFECT, reached).await.expect("the request never came to that state")
}

/// Starts a dispatcher whose attempts finish their request at once.
pub(super) fn finishing(cluster: &Cluster, membership: &Membership) -> Dispatcher {
    let store = cluster.store();
    Dispatcher::start(cluster.store(), membership, QUICK, move |request, _, _| {
        let store = Arc::clone(&store);
        async move { finish(&store, &request).await }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_requests_are_claimed_and_never_more_run_at_once_than_agreed() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let mut requests = Vec::new();
    for _ in 0..20 {
        requests.push(cluster.request(None, true).await.id);
    }
    let (store, running, most) = (cluster.store(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let _dispatcher = Dispatcher::start(cluster.store(), &server, QUICK, move |request, _, _| {
        let (store, running, most) = (Arc::clone(&store), Arc::clone(&running), Arc::clone(&most));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            finish(&store, &request).await
        }
    });
    for request in requests {
        until_state(&cluster, request, RequestState::Finished).await;
    }
    assert_eq!(seen.load(Ordering::SeqCst), QUICK.concurrency);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_takeover_brings_is_run_at_once() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let request = cluster.request(Some(&dead.owner), true).await;
    let survivor = cluster.join("survivor", LONG).await;
    let _dispatcher = finishing(&cluster, &survivor);
    until_watched(&survivor, &dead.owner).await;

    dead.process.kill();
    let request = until_state(&cluster, request.id, RequestState::Finished).await;
    assert_eq!((request.attempt, request.owner.as_ref()), (2, Some(survivor.owner())));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_panics_ends_as_failed() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let request = cluster.request(None, true).await;
    let dispatcher = Dispatcher::start(cluster.store(), &server, QUICK, |_, _, _| async { panic!("on purpose") });
    let request = until_state(&cluster, request.id, RequestState::Error).await;
    assert_eq!(request.error.unwrap().code, "engine/panic");
    while dispatcher.running() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_attends_to_is_given_back_and_run() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let request = cluster.request(Some(server.owner()), true).await;
    let _dispatcher = finishing(&cluster, &server);
    let request = until_state(&cluster, request.id, RequestState::Finished).await;
    assert_eq!(request.attempt, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_created_into_a_reserved_slot_runs_once() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let dispatcher = finishing(&cluster, &server);
    let slot = dispatcher.reserve().unwrap();
    let request = cluster.request(Some(server.owner()), true).await;
    slot.run(request.clone(), Durability::ALREADY);
    let request = until_state(&cluster, request.id, RequestState::Finished).await;
    assert_eq!(request.attempt, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_and_stopping_reach_the_attempts_that_run() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let (started, mut starts) = mpsc::unbounded_channel();
    let store = cluster.store();
    let dispatcher =
        Dispatcher::start(cluster.store(), &server, QUICK, move |request, _, cancel: CancellationToken| {
            let (started, store) = (started.clone(), Arc::clone(&store));
            async move {
                started.send(request.id).unwrap();
                cancel.cancelled().await;
                finish(&store, &request).await
            }
        });
    let cancelled = cluster.request(None, true).await.id;
    assert_eq!(starts.recv().await, Some(cancelled));
    let fence = cluster.store().get(cancelled).await.unwrap().fence;
    dispatcher.end_before(cancelled, fence);
    tokio::time::sleep(QUICK.shortest_poll * 10).await;
    assert_eq!(dispatcher.running(), 1, "what began after the request was cancelled goes on");
    dispatcher.end_before(cancelled, fence.raised());
    until_state(&cluster, cancelled, RequestState::Finished).await;

    let stopped = cluster.request(None, true).await.id;
    assert_eq!(starts.recv().await, Some(stopped));
    dispatcher.stop(Duration::from_millis(10)).await;
    until_state(&cluster, stopped, RequestState::Finished).await;
    assert!(dispatcher.reserve().is_none());
}

/// Starts a dispatcher whose attempts only end when they are told to, and tells of those that begin.
fn lasting(
    store: Arc<dyn Store>,
    membership: &Membership,
    settings: DispatcherSettings,
) -> (Dispatcher, mpsc::UnboundedReceiver<RequestId>) {
    let (started, starts) = mpsc::unbounded_channel();
    let dispatcher = Dispatcher::start(store, membership, settings, move |request, _, cancel: CancellationToken| {
        let started = started.clone();
        async move {
            started.send(request.id).unwrap();
            cancel.cancelled().await;
            None
        }
    });
    (dispatcher, starts)
}

async fn next(starts: &mut mpsc::UnboundedReceiver<RequestId>) -> RequestId {
    tokio::time::timeout(DEFECT, starts.recv()).await.expect("nothing begins").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn room_that_was_reserved_and_not_used_goes_to_what_waits_for_it() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let (dispatcher, mut starts) = lasting(cluster.store(), &server, QUICK);
    let slot = dispatcher.reserve().unwrap();
    let first = cluster.request(None, true).await.id;
    assert_eq!(next(&mut starts).await, first);
    let second = cluster.request(None, true).await.id;
    tokio::time::sleep(QUICK.shortest_poll * 10).await;
    assert!(starts.try_recv().is_err(), "there is no room for it");
    drop(slot);
    assert_eq!(next(&mut starts).await, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_claimed_when_the_server_begins_to_stop_is_run() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let (open, is_open) = watch::channel(false);
    let store: Arc<dyn Store> = Arc::new(cluster.store.over(Arc::new(HeldLine(is_open))));
    let request = cluster.request(None, true).await.id;
    let settings = DispatcherSettings { unattended_check: DEFECT, ..QUICK };
    let (dispatcher, mut starts) = lasting(store, &server, settings);
    until_state(&cluster, request, RequestState::Running).await;
    let stopping = tokio::spawn(async move { dispatcher.stop(DEFECT).await });
    tokio::time::sleep(QUICK.shortest_poll * 10).await;
    open.send_replace(true);
    assert_eq!(next(&mut starts).await, request);
    stopping.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_attends_to_is_given_back_also_while_its_server_stops() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let (dispatcher, mut starts) = lasting(cluster.store(), &server, QUICK);
    cluster.request(None, true).await;
    next(&mut starts).await;
    let forgotten = cluster.request(Some(server.owner()), true).await.id;
    tokio::select! {
        biased;
        () = dispatcher.stop(DEFECT * 2) => panic!("an attempt still runs"),
        request = until_state(&cluster, forgotten, RequestState::Queued) => assert_eq!(request.owner, None),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_claimed_and_finds_the_room_taken_for_long_is_given_back() {
    let cluster = Cluster::new();
    let server = cluster.join("server", LONG).await;
    let (open, is_open) = watch::channel(false);
    let store: Arc<dyn Store> = Arc::new(cluster.store.over(Arc::new(HeldLine(is_open))));
    let request = cluster.request(None, true).await.id;
    let longest_poll = Duration::from_millis(50);
    let settings = DispatcherSettings { concurrency: 1, unattended_check: DEFECT, longest_poll, ..QUICK };
    let (dispatcher, mut starts) = lasting(store, &server, settings);
    until_state(&cluster, request, RequestState::Running).await;
    // While the claim is under way.
    let slot = dispatcher.reserve().unwrap();
    open.send_replace(true);
    until_state(&cluster, request, RequestState::Queued).await;
    drop(slot);
    assert_eq!(next(&mut starts).await, request);
}
