//! What runs inside of a ForEach: its iterations.

use super::cluster::{Cluster, Server, Went, flow};
use super::oracle::top;
use flow_model::Flow;
use flow_store::{Request, RequestId, RequestState, SavedKind, event};
use serde_json::{Value, json};

/// ForEach over three records, whose body is one component.
fn each_of_three(size: usize, kind: &str, properties: Value) -> Flow {
    flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true, "RetryCount": 1})),
            ("three", "Work", json!({"Gives": "3"})),
            ("each", "ForEach", json!({"Size": size, "Index": "i_each"})),
            ("each/inner", kind, properties),
            ("end", "End", json!({})),
        ],
        &["start > three", "three > each", "each.each > inner", "inner > each.result", "each > end"],
    )
}

async fn run(flow: Flow) -> (Cluster, Request) {
    let cluster = Cluster::new(flow);
    let request = cluster.server().await.run().await;
    (cluster, request)
}

fn records(request: &Request) -> usize {
    request.reply.as_ref().and_then(Value::as_array).map_or(0, Vec::len)
}

#[tokio::test]
async fn a_body_runs_for_each_record_and_its_results_come_in_order() {
    let (cluster, request) = run(each_of_three(1, "Work", json!({}))).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(cluster.world.done(), ["three", "each[0]/inner", "each[1]/inner", "each[2]/inner"]);
    let reply = request.reply.unwrap();
    let made: Vec<&str> = reply.as_array().unwrap().iter().map(|record| record["made"].as_str().unwrap()).collect();
    assert!(made.iter().zip(0..).all(|(made, at)| made.starts_with(&format!("each[{at}]/inner#"))), "{made:?}");
}

#[tokio::test]
async fn an_iteration_gets_several_records_and_the_last_one_the_rest() {
    let (cluster, request) = run(each_of_three(2, "Work", json!({}))).await;
    assert_eq!((request.state, records(&request)), (RequestState::Finished, 2));
    let seen: Vec<usize> = cluster.world.ledger()[1..].iter().map(|entry| entry.seen.matches("made").count()).collect();
    assert_eq!(seen, [2, 1]);
}

#[tokio::test]
async fn no_records_run_no_iteration_and_what_follows_gets_a_stream_with_the_right_fields() {
    let flow = flow(
        &[
            ("start", "Start", json!({"Inputs": [{"name": "n", "type": "Integer", "default": 1}]})),
            ("none", "Filter", json!({"Condition": "n > 5"})),
            ("each", "ForEach", json!({})),
            ("each/twice", "Mapper", json!({"Fields": [{"field": "twice", "expression": "n * 2"}]})),
            ("after", "Filter", json!({"Condition": "twice > 0"})),
            ("end", "End", json!({})),
        ],
        &["start > none", "none > each", "each.each > twice", "twice > each.result", "each > after", "after > end"],
    );
    let (_, request) = run(flow).await;
    assert_eq!((request.state, request.reply), (RequestState::Finished, Some(json!([]))), "{:?}", request.error);
}

#[tokio::test]
async fn without_a_result_for_each_gives_what_it_got() {
    let flow = flow(
        &[
            ("start", "Start", json!({})),
            ("three", "Work", json!({"Gives": "3"})),
            ("each", "ForEach", json!({"Index": "i_each"})),
            ("each/act", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > three", "three > each", "each.each > act", "each > end"],
    );
    let (cluster, request) = run(flow).await;
    assert_eq!((request.state, records(&request)), (RequestState::Finished, 3));
    assert_eq!(cluster.world.done().len(), 4);
}

#[tokio::test]
async fn variables_set_in_an_iteration_hold_there_only() {
    let flow = flow(
        &[
            ("start", "Start", json!({})),
            ("three", "Work", json!({"Gives": "3"})),
            ("each", "ForEach", json!({"Index": "i_each", "Parallel": 3})),
            ("each/set", "Work", json!({"Set": "mine"})),
            ("each/see", "Work", json!({})),
            ("after", "Work", json!({})),
        ],
        &["start > three", "three > each", "each.each > set", "set > see", "see > each.result", "each > after"],
    );
    let (cluster, request) = run(flow).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    let ledger = cluster.world.ledger();
    let seen = |name: &str| &ledger.iter().find(|entry| entry.component == name).unwrap().seen;
    for at in 0..3 {
        assert!(seen(&format!("each[{at}]/see")).contains(&format!("each[{at}]/set#")));
    }
    assert!(!seen("after").contains("mine") && !seen("after").contains("i_each"));
}

/// Runs the request on a server that dies at a place, and then on another.
async fn struck(cluster: &Cluster, place: usize) -> Request {
    let first = cluster.server().await;
    let request = first.trigger().await;
    cluster.world.strike_at(place);
    let went = first.attempt_or_die(request).await;
    assert!(matches!(went, Went::Died), "{went:?}");
    let second: Server<'_> = cluster.server().await;
    second.run_to_end(second.take_over(&first.owner).await).await
}

/// The iterations of `each` that are recorded as finished.
async fn finished(cluster: &Cluster, id: RequestId) -> Vec<String> {
    let saved = cluster.saved(id).await.into_iter();
    let ends = saved.filter(|point| point.kind == SavedKind::Completed && point.component == "each");
    ends.map(|point| point.iteration).collect()
}

#[tokio::test]
async fn finished_iterations_never_run_again() {
    let mut most_finished = 0;
    for place in 0.. {
        let cluster = Cluster::new(each_of_three(1, "Act", json!({"Once": "yes"})));
        let first = cluster.server().await;
        let request = first.trigger().await;
        let id = request.id;
        cluster.world.strike_at(place);
        if !matches!(first.attempt_or_die(request).await, Went::Died) {
            break;
        }
        let finished_before = finished(&cluster, id).await;
        most_finished = most_finished.max(finished_before.len());
        if cluster.request(id).await.state.is_ended() {
            continue;
        }
        let second = cluster.server().await;
        let request = second.run_to_end(second.take_over(&first.owner).await).await;
        assert_eq!((request.state, records(&request)), (RequestState::Finished, 3), "{:?}", request.error);
        let ledger = cluster.world.ledger();
        for entry in ledger.iter().filter(|entry| entry.attempt > 1) {
            let ran_again = finished_before.iter().any(|iteration| entry.component.starts_with(iteration));
            assert!(!ran_again, "struck at {place}: {} ran again", entry.component);
        }
        let once: Vec<String> = cluster.world.once().into_iter().map(|(_, entry)| entry.component).collect();
        assert_eq!(once, ["each[0]/inner", "each[1]/inner", "each[2]/inner"]);
        assert_eq!(finished(&cluster, id).await, ["each[0]", "each[1]", "each[2]"]);
    }
    assert!(most_finished > 0, "no iteration had ever finished when the server died");
}

#[tokio::test]
async fn a_body_that_does_nothing_to_the_world_leaves_no_trace() {
    let (cluster, request) = run(each_of_three(1, "Work", json!({}))).await;
    let saved = cluster.saved(request.id).await;
    assert!(saved.iter().all(|point| point.iteration.is_empty() && point.kind == SavedKind::Completed), "{saved:?}");
    let log = cluster.log(request.id).await;
    assert!(log.iter().all(|line| line.entry.component.as_deref() != Some("inner")));
    let finished = |line: &&flow_store::NumberedLogEntry| {
        line.entry.component.as_deref() == Some("each") && line.entry.event == event::COMPONENT_FINISHED
    };
    assert_eq!(log.iter().find(finished).unwrap().entry.message, "each: 3 iterations");
}

#[tokio::test]
async fn a_wait_in_a_body_is_durable_and_nothing_runs_again() {
    let flow = flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("three", "Work", json!({"Gives": "3"})),
            ("each", "ForEach", json!({"Index": "i_each", "Parallel": 2})),
            ("each/before", "Act", json!({})),
            ("each/wait", "Wait", json!({"Seconds": 60})),
            ("each/after", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &[
            "start > three",
            "three > each",
            "each.each > before",
            "before > wait",
            "wait > after",
            "after > each.result",
            "each > end",
        ],
    );
    let cluster = Cluster::new(flow);
    let server = cluster.server().await;
    let request = server.attempt(server.trigger().await).await.unwrap();
    assert_eq!(request.state, RequestState::Waiting, "{:?}", request.error);
    let request = server.run_to_end(server.claim_when_due(&request).await).await;
    assert_eq!((request.state, records(&request)), (RequestState::Finished, 3), "{:?}", request.error);
    let mut done = cluster.world.done();
    done.sort();
    done.dedup();
    assert_eq!(done.len(), cluster.world.done().len(), "nothing ran twice: {:?}", cluster.world.done());
}

#[tokio::test]
async fn an_error_in_an_iteration_is_that_of_the_for_each_and_says_where() {
    let (cluster, request) = run(each_of_three(1, "Work", json!({"Fails": "Always"}))).await;
    assert_eq!(request.state, RequestState::Error);
    let error = request.error.unwrap();
    assert_eq!((error.code.as_str(), error.component.as_deref()), ("test/failed", Some("inner")));
    assert_eq!(error.message, "iteration 1 of “each”: inner: as asked");
    let tries = ["three", "each[0]/inner", "three", "each[0]/inner"];
    assert_eq!(cluster.world.done(), tries, "one try and one retry, from the beginning since nothing is saved");
}

#[tokio::test]
async fn the_error_outlet_of_a_for_each_puts_its_input_out_again() {
    let flow = flow(
        &[
            ("start", "Start", json!({})),
            ("three", "Work", json!({"Gives": "3"})),
            ("each", "ForEach", json!({"Index": "i_each", "Parallel": 2})),
            ("each/bad", "Work", json!({"Fails": "Always"})),
            ("end", "End", json!({})),
        ],
        &["start > three", "three > each", "each.each > bad", "bad > each.result", "each.error > end"],
    );
    let (_, request) = run(flow).await;
    assert_eq!((request.state, records(&request)), (RequestState::Finished, 3), "{:?}", request.error);
    let first = &request.reply.unwrap()[0];
    assert_eq!((&first["code"], &first["component"]), (&json!("test/failed"), &json!("each")));
    assert!(first["made"].as_str().unwrap().starts_with("three#"), "{first}");
}

#[tokio::test]
async fn an_error_handled_in_the_body_is_no_concern_of_the_for_each() {
    let flow = flow(
        &[
            ("start", "Start", json!({})),
            ("three", "Work", json!({"Gives": "3"})),
            ("each", "ForEach", json!({"Index": "i_each"})),
            ("each/bad", "Work", json!({"Fails": "Always"})),
            ("each/undo", "Work", json!({})),
            ("end", "End", json!({})),
        ],
        &[
            "start > three",
            "three > each",
            "each.each > bad",
            "bad.error > undo.problem",
            "undo > each.result",
            "each > end",
        ],
    );
    let (_, request) = run(flow).await;
    assert_eq!((request.state, records(&request)), (RequestState::Finished, 3), "{:?}", request.error);
}

#[tokio::test]
async fn a_body_of_the_flow_itself_is_no_part_of_its_top_level() {
    let flow = each_of_three(1, "Work", json!({}));
    assert_eq!(top(&flow).components.len(), flow.components.len() - 1);
}

#[tokio::test]
async fn a_cancelled_attempt_stops_in_the_middle_of_its_iterations() {
    let cluster = Cluster::new(each_of_three(1, "Act", json!({"Fails": "Hangs"})));
    let server = cluster.server().await;
    let request = server.trigger().await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let guard = std::sync::Arc::new(crate::AlwaysOwner);
    let (ended, ()) = tokio::join!(server.engine.execute(request, guard, cancel.clone()), async {
        while cluster.world.done().len() < 2 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(ended.unwrap().state, RequestState::Queued);
    assert_eq!(cluster.world.done(), ["three", "each[0]/inner"]);
}

#[tokio::test]
async fn a_request_that_is_lost_three_times_inside_of_a_body_without_a_new_saved_point_ends() {
    let cluster = Cluster::new(each_of_three(1, "Act", json!({"Fails": "Deaf"})));
    let mut server = cluster.server().await;
    let mut request = server.trigger().await;
    let mut takeovers = 0;
    loop {
        // It dies at its effect: nothing more is saved.
        let lost = tokio::select! {
            biased;
            ended = server.attempt(request.clone()) => panic!("{ended:?}"),
            () = async {
                let before = cluster.world.done().iter().filter(|name| *name == "each[0]/inner").count();
                while cluster.world.done().iter().filter(|name| *name == "each[0]/inner").count() == before {
                    tokio::task::yield_now().await;
                }
            } => server.owner.clone(),
        };
        let survivor = cluster.server().await;
        takeovers += 1;
        cluster.store.store.take_over(&survivor.owner, &lost).await.unwrap();
        request = cluster.request(request.id).await;
        if request.state.is_ended() {
            break;
        }
        request = survivor.claim_when_due(&request).await;
        server = survivor;
    }
    assert_eq!(request.error.unwrap().code, "request/takeover-limit");
    assert!(takeovers <= 4, "{takeovers}");
}

#[tokio::test]
async fn parallel_iterations_are_under_way_at_once_and_their_results_are_in_order() {
    let mut flow = each_of_three(1, "Work", json!({}));
    let each = flow.components.get_mut(&flow_model::ComponentId::parse("each").unwrap()).unwrap();
    each.properties.insert("Parallel".to_owned(), json!(3));
    let (_, request) = run(flow).await;
    let reply = request.reply.unwrap();
    let made: Vec<&str> = reply.as_array().unwrap().iter().map(|record| record["made"].as_str().unwrap()).collect();
    assert!(made.iter().zip(0..).all(|(made, at)| made.starts_with(&format!("each[{at}]/inner#"))), "{made:?}");
}

/// ForEach over so many records, whose body changes the world.
fn each_of(many: usize) -> Flow {
    flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("many", "Work", json!({"Gives": many.to_string()})),
            ("each", "ForEach", json!({"Index": "i_each", "Parallel": 7})),
            ("each/act", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > many", "many > each", "each.each > act", "act > each.result", "each > end"],
    )
}

#[tokio::test]
async fn the_results_of_many_finished_iterations_are_read_again_in_order() {
    let cluster = Cluster::new(each_of(500));
    let request = struck(&cluster, 700).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    let reply = request.reply.unwrap();
    let made: Vec<&str> = reply.as_array().unwrap().iter().map(|record| record["made"].as_str().unwrap()).collect();
    assert_eq!(made.len(), 500);
    assert!(made.iter().zip(0..).all(|(made, at)| made.starts_with(&format!("each[{at}]/act#"))), "{made:?}");
    let again = cluster.world.ledger().iter().filter(|entry| entry.attempt == 2).count();
    assert!(again < 300, "{again} of 500 iterations ran in the second attempt");
}

#[tokio::test]
async fn the_log_tells_of_the_first_iterations_and_of_how_many_there_were() {
    let (cluster, request) = run(each_of(300)).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    let log = cluster.log(request.id).await;
    let started = |line: &&flow_store::NumberedLogEntry| line.entry.event == event::COMPONENT_STARTED;
    let acts = log.iter().filter(started).filter(|line| line.entry.component.as_deref() == Some("act")).count();
    assert_eq!(acts, 100);
    let messages: Vec<&str> = log.iter().map(|line| line.entry.message.as_str()).collect();
    assert!(messages.contains(&"each: of its further iterations only what goes wrong is logged"), "{messages:?}");
    assert!(messages.contains(&"each: 300 iterations"), "{messages:?}");
}
