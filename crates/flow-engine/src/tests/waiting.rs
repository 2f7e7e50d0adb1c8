//! Durable waits.

use super::cluster::{Cluster, flow};
use flow_store::{RequestState, RequestStore, SavedKind};
use serde_json::json;

#[tokio::test]
async fn a_wait_ends_the_attempt_and_goes_on_when_it_is_due() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("before", "Act", json!({"Set": "b=1"})),
            ("wait", "Wait", json!({"Seconds": 3600})),
            ("after", "Act", json!({})),
        ],
        &["start > before", "before > wait", "wait > after"],
    ));
    let server = cluster.server().await;
    let begun = cluster.store.now();
    let request = server.attempt(server.trigger().await).await.unwrap();
    assert_eq!(request.state, RequestState::Waiting);
    assert_eq!(request.due, Some(begun.plus_ms(3_600_000)));
    assert_eq!(*cluster.store.writes.lock(), 1, "the wait is saved together with the end of the attempt");
    assert!(cluster.store.claim(&server.owner, 1).await.unwrap().is_empty(), "it is not due");

    let request = server.claim_when_due(&request).await;
    let request = server.attempt(request).await.unwrap();
    assert_eq!(request.state, RequestState::Finished);
    assert_eq!(cluster.world.done(), ["before", "after"]);
    assert!(cluster.world.ledger()[1].seen.contains(r#"["b","1"]"#), "the variables are still there");
}

#[tokio::test]
async fn a_request_that_is_re_executed_too_early_goes_on_waiting() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("before", "Act", json!({})),
            ("wait", "Wait", json!({"Seconds": 60})),
            ("after", "Act", json!({})),
        ],
        &["start > before", "before > wait", "wait > after"],
    ));
    let server = cluster.server().await;
    let waiting = server.attempt(server.trigger().await).await.unwrap();
    cluster.store.cancel(waiting.id, "somebody").await.unwrap();
    let request = cluster.store.re_execute(waiting.id, &server.owner, "somebody", None).await.unwrap();
    let request = server.attempt(server.claim_when_due(&request).await).await.unwrap();
    assert_eq!((request.state, request.due), (RequestState::Waiting, waiting.due));
    assert_eq!(cluster.world.done(), ["before"]);
}

#[tokio::test]
async fn after_a_wait_nothing_runs_again_on_the_paths_beside_it() {
    // `left` and `right` have run and stand before joins when the attempt ends; `ended` has ended its path.
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("left", "Act", json!({})),
            ("wait", "Wait", json!({"Seconds": 60})),
            ("then", "Act", json!({})),
            ("right", "Act", json!({"Fails": "Always"})),
            ("join", "Act", json!({})),
            ("both", "Act", json!({})),
            ("ended", "Act", json!({})),
        ],
        &[
            "start > wait",
            "wait > then",
            "start > left",
            "left > join",
            "then > join",
            "left > ended",
            "start > right",
            "right.error > both.problem",
            "then > both",
            "join > both",
        ],
    ));
    let server = cluster.server().await;
    let request = server.attempt(server.trigger().await).await.unwrap();
    assert_eq!(request.state, RequestState::Waiting);
    let streams = cluster.saved(request.id).await.iter().filter(|point| point.kind == SavedKind::Stream).count();
    assert_eq!(streams, 1, "left's; the error of right is saved with its choice");
    let request = server.run_to_end(server.claim_when_due(&request).await).await;
    assert_eq!(request.state, RequestState::Finished);
    let mut done = cluster.world.done();
    done.sort();
    assert_eq!(done, ["both", "ended", "join", "left", "right", "then"]);
}

#[tokio::test]
async fn of_several_waits_the_first_that_is_over_goes_on() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("short", "Wait", json!({"Seconds": 10})),
            ("long", "Wait", json!({"Seconds": 100})),
            ("soon", "Act", json!({})),
            ("late", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > short", "start > long", "short > soon", "long > late", "soon > end", "late > end"],
    ));
    let server = cluster.server().await;
    let request = server.attempt(server.trigger().await).await.unwrap();
    let request = server.attempt(server.claim_when_due(&request).await).await.unwrap();
    assert_eq!((request.state, cluster.world.done()), (RequestState::Waiting, vec!["soon".to_owned()]));
    let request = server.attempt(server.claim_when_due(&request).await).await.unwrap();
    assert_eq!(request.state, RequestState::Finished);
    assert_eq!(cluster.world.done(), ["soon", "late"]);
    assert_eq!(request.reply.unwrap().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_wait_at_the_end_of_its_path_is_waited_for() {
    let cluster = Cluster::new(flow(
        &[("start", "Start", json!({})), ("wait", "Wait", json!({"Seconds": 10}))],
        &["start > wait"],
    ));
    let server = cluster.server().await;
    let request = server.attempt(server.trigger().await).await.unwrap();
    assert_eq!(request.state, RequestState::Waiting);
    assert_eq!(server.run_to_end(server.claim_when_due(&request).await).await.state, RequestState::Finished);
}
