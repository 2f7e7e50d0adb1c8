//! How attempts end: timeouts, cancelling, fences, a store that fails, a flow that cannot run.

use super::cluster::{Cluster, Went, flow};
use crate::{AlwaysOwner, EngineError, Observer, OwnerGuard, RunEvent, RunEventKind};
use flow_store::{RequestState, RequestStore, StoreError};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_component_that_panics_fails_and_hurts_nobody() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({})), ("bad", "Work", json!({"Fails": "Panics"})), ("other", "Work", json!({}))],
        &["start > bad", "start > other"],
    ));
    let error = cluster.server().await.run().await.error.unwrap();
    assert_eq!(error.code, "engine/panic");
    assert!(error.message.contains("as asked"));
}

#[tokio::test]
async fn the_timeout_cancels_what_runs_and_fails_the_attempt() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"Timeout": 0.05})),
            ("slow", "Work", json!({"Fails": "Hangs"})),
            ("after", "Work", json!({})),
        ],
        &["start > slow", "slow > after"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Error);
    assert_eq!(request.error.unwrap().code, "engine/timeout");
    assert_eq!(cluster.world.done(), ["slow"]);
}

#[tokio::test]
async fn what_does_not_come_to_its_end_is_left_behind() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({"Timeout": 0.05})), ("deaf", "Work", json!({"Fails": "Deaf"}))],
        &["start > deaf"],
    ));
    assert_eq!(cluster.server().await.run().await.error.unwrap().code, "engine/timeout");
}

#[tokio::test]
async fn an_error_lets_those_that_run_finish_and_records_what_they_did() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"RetryCount": 1})),
            ("bad", "Work", json!({"Fails": "UntilRetry"})),
            ("act", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > bad", "bad > end", "start > act"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Finished);
    let done = cluster.world.done();
    assert_eq!(done.iter().filter(|name| *name == "act").count(), 1, "its completion was recorded: {done:?}");
}

#[tokio::test]
async fn a_cancelled_attempt_gives_the_request_back() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("act", "Act", json!({})),
            ("save", "Checkpoint", json!({})),
            ("slow", "Work", json!({"Fails": "Hangs"})),
        ],
        &["start > act", "act > save", "save > slow"],
    ));
    let server = cluster.server().await;
    let request = server.trigger().await;
    let cancel = CancellationToken::new();
    let (ended, ()) = tokio::join!(server.engine.execute(request, Arc::new(AlwaysOwner), cancel.clone()), async {
        while cluster.world.done().len() < 2 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    let request = ended.unwrap();
    assert_eq!((request.state, request.owner.clone()), (RequestState::Queued, None));
    let other = cluster.server().await;
    let again = other.claim_when_due(&request).await;
    assert_eq!((again.attempt, again.owner), (2, Some(other.owner)));
}

#[tokio::test]
async fn a_cancelled_request_stops_quietly() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({})), ("slow", "Work", json!({"Fails": "Hangs"})), ("after", "Act", json!({}))],
        &["start > slow", "slow > after"],
    ));
    let server = cluster.server().await;
    let request = server.trigger().await;
    let (id, cancel) = (request.id, CancellationToken::new());
    let (ended, ()) = tokio::join!(server.engine.execute(request, Arc::new(AlwaysOwner), cancel.clone()), async {
        while cluster.world.done().is_empty() {
            tokio::task::yield_now().await;
        }
        cluster.store.cancel(id, "somebody").await.unwrap();
        cancel.cancel();
    });
    assert!(matches!(ended, Err(EngineError::Fenced)), "{ended:?}");
    assert_eq!(cluster.request(id).await.state, RequestState::Cancelled);
    assert_eq!(cluster.world.done(), ["slow"]);
}

#[tokio::test]
async fn a_zombie_stops_at_its_next_write() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("work", "Work", json!({})),
            ("save", "Checkpoint", json!({})),
            ("act", "Act", json!({})),
        ],
        &["start > work", "work > save", "save > act"],
    ));
    let first = cluster.server().await;
    let request = first.trigger().await;
    // It hangs before its write, is taken over, and wakes up again.
    cluster.world.strike_at(2);
    let zombie = first.attempt(request.clone());
    let survivors = async {
        cluster.world.strike().await;
        let second = cluster.server().await;
        let taken = second.take_over(&first.owner).await;
        let ended = second.run_to_end(taken).await;
        cluster.world.revive();
        ended
    };
    let (zombie, ended) = tokio::join!(zombie, survivors);
    assert!(matches!(zombie, Err(EngineError::Fenced)), "{zombie:?}");
    assert_eq!(ended.state, RequestState::Finished);
    assert_eq!(cluster.world.done(), ["work", "work", "act"]);
    assert_eq!(cluster.request(request.id).await, ended);
}

/// Says yes so many times.
struct Yes(AtomicUsize);

impl OwnerGuard for Yes {
    fn may_act(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

#[tokio::test]
async fn a_server_that_may_not_act_stops_without_ending_the_attempt() {
    for yes in 0..12 {
        let cluster = Cluster::new(flow(
            &[("start", "Start", json!({})), ("act", "Act", json!({})), ("end", "End", json!({}))],
            &["start > act", "act > end"],
        ));
        let server = cluster.server().await;
        let request = server.trigger().await;
        let id = request.id;
        let guard = Arc::new(Yes(AtomicUsize::new(yes)));
        match server.engine.execute(request.clone(), guard, CancellationToken::new()).await {
            Err(EngineError::MayNotAct) => assert_eq!(cluster.request(id).await.state, RequestState::Running),
            ended => assert_eq!(ended.unwrap().state, RequestState::Finished),
        }
        assert!(yes > 0 || cluster.world.done().is_empty());
        // Once it may act again, it goes on with the same fence.
        let now = cluster.request(id).await;
        if now.state == RequestState::Running {
            assert_eq!(server.attempt(now).await.unwrap().state, RequestState::Finished, "after {yes}");
        }
    }
}

#[tokio::test]
async fn a_failed_write_gives_the_request_back_and_saves_nothing_more() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("work", "Work", json!({})),
            ("save", "Checkpoint", json!({})),
            ("act", "Act", json!({})),
        ],
        &["start > work", "work > save", "save > act"],
    ));
    let server = cluster.server().await;
    let down = || StoreError::unavailable("for this test");
    // The write of the checkpoint fails, and so does the first try to give the request back.
    *cluster.store.fails.lock() = vec![down(), down()];
    let request = server.attempt(server.trigger().await).await.unwrap();
    assert_eq!(request.state, RequestState::Queued);
    assert_eq!(request.saved_points, 0);
    assert_eq!(cluster.world.done(), ["work"]);
    let claimed = server.claim_when_due(&request).await;
    assert_eq!(server.run_to_end(claimed).await.state, RequestState::Finished);
}

/// The Checkpoints that it was told of.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn observe(&self, event: &RunEvent) {
        if let RunEventKind::CheckpointSaved { component, .. } = &event.what {
            self.0.lock().push(component.to_string());
        }
    }
}

#[tokio::test]
async fn observers_are_told_only_of_saved_points_that_are_durable() {
    let told = Arc::new(Told::default());
    let mut cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("save", "Checkpoint", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > save", "save > end"],
    ));
    cluster.observer = Some(told.clone());
    let server = cluster.server().await;
    // The last write, with which the point would be saved, fails; that which gives the request back does not.
    *cluster.store.fails.lock() = vec![StoreError::unavailable("for this test")];
    let request = server.attempt(server.trigger().await).await.unwrap();
    assert_eq!((request.state, request.saved_points), (RequestState::Queued, 0));
    assert_eq!(*told.0.lock(), Vec::<String>::new());
    let request = server.run_to_end(server.claim_when_due(&request).await).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(*told.0.lock(), ["save"]);
}

#[tokio::test]
async fn a_flow_that_cannot_run_ends_in_error_and_says_why() {
    for (flow, code) in [
        (flow(&[("work", "Work", json!({}))], &[]), "flow/no-start"),
        (
            flow(&[("start", "Start", json!({})), ("odd", "Nonsense", json!({}))], &["start > odd"]),
            "component/unknown-type",
        ),
        (
            flow(&[("start", "Start", json!({})), ("wait", "Wait", json!({"Seconds": "long"}))], &["start > wait"]),
            "property/type",
        ),
    ] {
        let cluster = Cluster::new(flow);
        let server = cluster.server().await;
        let project = flow_store::ProjectName::parse("test").unwrap();
        let version = flow_store::VersionId::parse("one").unwrap();
        let name = flow_model::FlowName::parse("test").unwrap();
        let error = server.engine.start_settings(&project, &version, &name).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn a_request_of_a_flow_that_is_not_there_ends_in_error() {
    let cluster = Cluster::new(flow(&[("start", "Start", json!({"RetryCount": 5}))], &[]));
    let server = cluster.server().await;
    let mut request = server.trigger().await;
    request.flow = "other".to_owned();
    let request = server.attempt(request).await.unwrap();
    assert_eq!((request.state, request.error.unwrap().code.as_str()), (RequestState::Error, "engine/no-such-flow"));
}

#[tokio::test]
async fn inputs_that_do_not_fit_end_in_error_at_start() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({"Inputs": [{"name": "n", "type": "Integer"}]})), ("work", "Work", json!({}))],
        &["start > work"],
    ))
    .with_inputs(json!({"n": "seven"}));
    let error = cluster.server().await.run().await.error.unwrap();
    assert_eq!((error.code.as_str(), error.component.as_deref()), ("input/type", Some("start")));
}

#[tokio::test]
async fn a_recorded_choice_holds_even_if_the_branch_would_choose_otherwise_now() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("count", "Work", json!({"Counts": "yes"})),
            ("branch", "Branch", json!({"Branches": [{"outlet": "first", "condition": "run = 1"}]})),
            ("first", "Act", json!({})),
            ("second", "Act", json!({})),
        ],
        &["start > count", "count > branch", "branch.first > first", "branch.otherwise > second"],
    ));
    let first = cluster.server().await;
    let request = first.trigger().await;
    // count: 0 and 1; the write of the choice: 2 and 3; the effect: 4 and 5.
    cluster.world.strike_at(5);
    let went = first.attempt_or_die(request).await;
    assert!(matches!(went, Went::Died), "{went:?}");
    let second = cluster.server().await;
    let request = second.run_to_end(second.take_over(&first.owner).await).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(cluster.world.done(), ["count", "first", "count", "first"]);
}

#[tokio::test]
async fn what_takes_long_can_be_watched_in_the_log() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({"Timeout": 5})), ("slow", "Work", json!({"Fails": "Hangs"}))],
        &["start > slow"],
    ));
    let server = cluster.server().await;
    let request = server.trigger().await;
    let id = request.id;
    let seen = async {
        loop {
            if cluster.log(id).await.iter().any(|line| line.entry.component.as_deref() == Some("slow")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = server.attempt(request) => panic!("{ended:?}"),
        () = seen => {}
    }
}
