//! What runs inside of a SubFlow: the flow that it calls.

use super::cluster::{Cluster, Went, flow};
use flow_model::Flow;
use flow_store::RequestState;
use serde_json::{Value, json};

fn called() -> Flow {
    flow(
        &[
            ("start", "Start", json!({"Inputs": [{"name": "at", "type": "Text"}, {"name": "n", "type": "Integer"}]})),
            ("first", "Act", json!({})),
            ("save", "Checkpoint", json!({})),
            ("second", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > first", "first > save", "save > second", "second > end"],
    )
}

fn caller(inputs: Value) -> Flow {
    flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true, "RetryCount": 1})),
            ("before", "Act", json!({"Set": "own"})),
            ("call", "SubFlow", json!({"Flow": "called", "Inputs": inputs})),
            ("after", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > before", "before > call", "call > after", "after > end"],
    )
}

fn good_inputs() -> Value {
    json!([{"field": "at", "expression": "'call'"}, {"field": "n", "expression": "40 + 2"}])
}

#[tokio::test]
async fn a_sub_flow_runs_another_flow_and_gives_what_arrives_at_its_end() {
    let cluster = Cluster::new(caller(good_inputs())).with_flow("called", called());
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(cluster.world.done(), ["before", "call/first", "call/second", "after"]);
    let ledger = cluster.world.ledger();
    assert!(ledger[1].seen.contains(r#"["n",42]"#) && !ledger[1].seen.contains("own"), "{}", ledger[1].seen);
    assert!(ledger[3].seen.contains("call/second#") && ledger[3].seen.contains("own"), "{}", ledger[3].seen);
}

#[tokio::test]
async fn a_sub_flow_goes_on_from_its_own_saved_points_after_a_takeover() {
    let mut again = 0;
    for place in 0.. {
        let cluster = Cluster::new(caller(good_inputs())).with_flow("called", called());
        let first = cluster.server().await;
        let request = first.trigger().await;
        cluster.world.strike_at(place);
        if !matches!(first.attempt_or_die(request.clone()).await, Went::Died) {
            break;
        }
        if cluster.request(request.id).await.state.is_ended() {
            continue;
        }
        let saved: Vec<String> = cluster.saved(request.id).await.iter().map(|point| point.component.clone()).collect();
        let second = cluster.server().await;
        let request = second.run_to_end(second.take_over(&first.owner).await).await;
        assert_eq!(request.state, RequestState::Finished, "struck at {place}: {:?}", request.error);
        let done = cluster.world.done();
        let runs = |name: &str| done.iter().filter(|done| *done == name).count();
        if saved.contains(&"call".to_owned()) {
            assert_eq!(runs("before"), 1, "struck at {place}: {done:?}");
        }
        if saved.contains(&"save".to_owned()) {
            assert_eq!(runs("call/first"), 1, "struck at {place}: {done:?}");
        }
        again += usize::from(done.len() > 4);
    }
    assert!(again > 0);
}

#[tokio::test]
async fn a_call_with_inputs_that_do_not_fit_fails_for_good() {
    let cluster = Cluster::new(caller(json!([{"field": "n", "expression": "1"}]))).with_flow("called", called());
    let request = cluster.server().await.run().await;
    let error = request.error.unwrap();
    assert_eq!((error.code.as_str(), error.component.as_deref(), request.attempt), ("input/missing", Some("call"), 1));
}

#[tokio::test]
async fn flows_that_call_each_other_in_a_circle_are_refused() {
    let back = flow(&[("start", "Start", json!({})), ("back", "SubFlow", json!({"Flow": "test"}))], &["start > back"]);
    let cluster = Cluster::new(caller(json!([]))).with_flow("called", back);
    let request = cluster.server().await.run().await;
    let error = request.error.unwrap();
    assert_eq!((request.state, error.code.as_str()), (RequestState::Error, "flow/sub-flow-cycle"));
    assert!(error.message.contains("test → called → test"), "{}", error.message);
}
