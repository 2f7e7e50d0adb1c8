//! How attempts end: errors handled and not, retries, timeouts, cancelling, fences, a store that fails.

use super::cluster::{Cluster, Went, flow};
use crate::{AlwaysOwner, EngineError, OwnerGuard};
use flow_store::{RequestState, RequestStore, SavedKind, StoreError, event};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn an_error_that_nothing_handles_ends_the_attempt_and_starts_nothing_more() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({})), ("bad", "Work", json!({"Fails": "Always"})), ("after", "Act", json!({}))],
        &["start > bad", "bad > after"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Error);
    let error = request.error.unwrap();
    assert_eq!((error.code.as_str(), error.component.as_deref()), ("test/failed", Some("bad")));
    assert_eq!(cluster.world.done(), ["bad"]);
    let log = cluster.log(request.id).await;
    assert!(log.iter().any(|line| line.entry.event == event::ATTEMPT_FAILED));
}

#[tokio::test]
async fn a_failed_attempt_is_retried_as_often_as_start_says() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"RetryCount": 2, "RetryInterval": 5})),
            ("good", "Act", json!({})),
            ("save", "Checkpoint", json!({})),
            ("bad", "Work", json!({"Fails": "Always"})),
        ],
        &["start > good", "good > save", "save > bad"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!((request.state, request.attempt, request.retries_used), (RequestState::Error, 3, 2));
    assert_eq!(cluster.world.done(), ["good", "bad", "bad", "bad"]);
}

#[tokio::test]
async fn a_handled_error_runs_its_path_and_the_request_finishes() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("bad", "Act", json!({"Fails": "Always"})),
            ("after", "Act", json!({})),
            ("undo", "Act", json!({})),
        ],
        &["start > bad", "bad > after", "bad.error > undo.problem"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Finished);
    assert_eq!(cluster.world.done(), ["bad", "undo"]);
    let seen = &cluster.world.ledger()[1].seen;
    assert!(seen.contains("test/failed") && seen.contains("as asked"), "{seen}");
    let kinds: Vec<SavedKind> = cluster.saved(request.id).await.iter().map(|point| point.kind).collect();
    assert_eq!(kinds, [SavedKind::Outlets, SavedKind::Completed], "the choice is durable before the effect");
}

#[tokio::test]
async fn a_fail_behind_a_handled_error_ends_in_error_unless_it_says_retry() {
    for (retry, state, done) in [
        (false, RequestState::Error, vec!["bad", "undo"]),
        (true, RequestState::Finished, vec!["bad", "undo", "bad", "after"]),
    ] {
        let cluster = Cluster::new(flow(
            &[
                ("start", "Start", json!({"RetryCount": 3})),
                ("bad", "Act", json!({"Fails": "UntilRetry"})),
                ("after", "Act", json!({})),
                ("undo", "Act", json!({})),
                ("fail", "Fail", json!({"Message": "undone", "Retry": retry})),
            ],
            &["start > bad", "bad > after", "bad.error > undo.problem", "undo > fail"],
        ));
        let request = cluster.server().await.run().await;
        assert_eq!(request.state, state, "{:?}", request.error);
        assert_eq!(cluster.world.done(), done, "with Retry = {retry}");
    }
}

#[tokio::test]
async fn what_was_saved_behind_a_withdrawn_error_runs_again_when_the_error_comes_again() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"RetryCount": 1})),
            ("bad", "Act", json!({"Fails": "Always"})),
            ("tell", "Act", json!({})),
            ("undo", "Act", json!({})),
            ("saved", "Checkpoint", json!({})),
            ("undone", "Act", json!({})),
            ("fail", "Fail", json!({"Message": "undone", "Retry": true})),
        ],
        &[
            "start > bad",
            "bad.error > undo.problem",
            "undo > saved",
            "saved > undone",
            "bad.error > tell.problem",
            "tell > fail",
        ],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!((request.state, request.attempt), (RequestState::Error, 2));
    let done = cluster.world.done();
    for component in ["bad", "tell", "undo"] {
        assert_eq!(done.iter().filter(|name| *name == component).count(), 2, "{component} in {done:?}");
    }
}

#[tokio::test]
async fn a_saved_point_before_the_fail_keeps_the_handled_error_settled() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"RetryCount": 1})),
            ("bad", "Act", json!({"Fails": "UntilRetry"})),
            ("save", "Checkpoint", json!({})),
            ("fail", "Fail", json!({"Message": "${message}", "Retry": true})),
        ],
        &["start > bad", "bad.error > save", "save > fail"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!((request.state, request.attempt), (RequestState::Error, 2));
    assert_eq!(request.error.unwrap().message, "fail: as asked");
    assert_eq!(cluster.world.done(), ["bad"]);
}

#[tokio::test]
async fn what_goes_on_from_before_its_saved_input_has_another_idempotency_key_each_time() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("check", "Checkpoint", json!({})),
            ("mail", "Act", json!({"Once": "yes"})),
            ("late", "Act", json!({"Fails": "Always"})),
        ],
        &["start > check", "check > mail", "mail > late"],
    ));
    let server = cluster.server().await;
    let mut request = server.run().await;
    let saved = cluster.saved(request.id).await;
    let to_checkpoint = saved.iter().position(|point| point.kind == SavedKind::Checkpoint).unwrap() + 1;
    let to_checkpoint = Some(u32::try_from(to_checkpoint).unwrap());
    // Without going back the input stays, and with it the key; going back to the same place twice still gives a new one.
    for from in [None, to_checkpoint, None, to_checkpoint, to_checkpoint] {
        assert_eq!(request.state, RequestState::Error);
        cluster.store.re_execute(request.id, &server.owner, "somebody", from).await.unwrap();
        request = server.run_to_end(server.claim_when_due(&cluster.request(request.id).await).await).await;
    }
    let keys: Vec<String> = cluster.world.once().into_iter().map(|(key, _)| key).collect();
    let [first, again @ ..] = keys.as_slice() else { panic!("nothing was done") };
    assert!(first.ends_with("-mail"), "{first}");
    let numbers: Vec<&str> = again.iter().map(|key| key.strip_prefix(&format!("{first}~")).unwrap()).collect();
    assert_eq!(numbers, ["2", "4", "5"], "each is one less than the attempt that saved the input");
}

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
