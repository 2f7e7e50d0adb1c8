//! Errors of components: handled and not, retried, and withdrawn.

use super::cluster::{Cluster, flow};
use flow_store::{RequestState, RequestStore, SavedKind, event};
use serde_json::json;

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
