//! Streams that are not computed yet: where they go on as they are, where they are computed first, and whose error it is
//! when that fails.

use super::cluster::{Cluster, Went, flow};
use flow_model::Flow;
use flow_store::{Request, RequestState, SavedData, SavedKind, event};
use serde_json::json;

async fn run(flow: Flow) -> (Cluster, Request) {
    let cluster = Cluster::new(flow);
    let request = cluster.server().await.run().await;
    (cluster, request)
}

#[tokio::test]
async fn a_stream_for_one_reader_is_computed_while_it_is_read() {
    let (cluster, request) = run(flow(
        &[("start", "Start", json!({})), ("source", "Source", json!({"Rows": "500"})), ("work", "Work", json!({}))],
        &["start > source", "source > work"],
    ))
    .await;
    assert_eq!((request.state, cluster.world.computed()), (RequestState::Finished, 1), "{:?}", request.error);
    let log = cluster.log(request.id).await;
    let finished: Vec<&str> = log
        .iter()
        .filter(|line| line.entry.event == event::COMPONENT_FINISHED)
        .map(|line| line.entry.message.as_str())
        .collect();
    assert_eq!(finished, ["start", "source: 500 records", "work"], "it has finished once it has been read");
}

#[tokio::test]
async fn a_stream_for_several_readers_is_computed_once() {
    let (cluster, request) = run(flow(
        &[
            ("start", "Start", json!({})),
            ("source", "Source", json!({"Rows": "50"})),
            ("one", "Work", json!({})),
            ("two", "Work", json!({})),
        ],
        &["start > source", "source > one", "source > two"],
    ))
    .await;
    assert_eq!((request.state, cluster.world.computed()), (RequestState::Finished, 1), "{:?}", request.error);
}

#[tokio::test]
async fn what_fails_while_it_is_read_is_the_error_of_where_it_comes_from() {
    let (_, request) = run(flow(
        &[
            ("start", "Start", json!({})),
            ("source", "Source", json!({"Rows": "50", "Fails": "20"})),
            ("filter", "Filter", json!({"Condition": "row > 10"})),
            ("work", "Mapper", json!({"Fields": [{"field": "row", "expression": "row + 1"}]})),
            ("save", "Checkpoint", json!({})),
        ],
        &["start > source", "source > filter", "filter > work", "work > save"],
    ))
    .await;
    let error = request.error.unwrap();
    assert_eq!((request.state, error.component.as_deref()), (RequestState::Error, Some("source")), "{error:?}");
}

#[tokio::test]
async fn an_error_outlet_of_the_reader_does_not_handle_it() {
    let (cluster, request) = run(flow(
        &[
            ("start", "Start", json!({})),
            ("source", "Source", json!({"Rows": "50", "Fails": "20"})),
            ("work", "Work", json!({})),
            ("undo", "Work", json!({})),
        ],
        &["start > source", "source > work", "work.error > undo.problem"],
    ))
    .await;
    assert_eq!(request.error.unwrap().component.as_deref(), Some("source"));
    assert!(cluster.world.done().is_empty());
}

#[tokio::test]
async fn an_error_outlet_of_the_source_handles_it() {
    let (cluster, request) = run(flow(
        &[
            ("start", "Start", json!({})),
            ("source", "Source", json!({"Rows": "50", "Fails": "20"})),
            ("work", "Work", json!({})),
            ("undo", "Work", json!({})),
        ],
        &["start > source", "source > work", "source.error > undo.problem"],
    ))
    .await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(cluster.world.done(), ["undo"]);
}

#[tokio::test]
async fn a_checkpoint_saves_what_flows_and_nothing_is_computed_again() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"OtherServerRetry": true})),
            ("source", "Source", json!({"Rows": "2000"})),
            ("save", "Checkpoint", json!({})),
            ("one", "Act", json!({})),
            ("two", "Work", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > source", "source > save", "save > one", "save > two", "save > end"],
    ));
    let first = cluster.server().await;
    let request = first.trigger().await;
    // The write of the checkpoint is done; an effect begins.
    cluster.world.strike_at(3);
    assert!(matches!(first.attempt_or_die(request.clone()).await, Went::Died));
    let saved = cluster.saved(request.id).await;
    assert_eq!((saved[0].kind, saved[0].rows), (SavedKind::Checkpoint, 2000));
    assert!(matches!(saved[0].data, SavedData::Object { .. }), "{:?}", saved[0].data);
    let second = cluster.server().await;
    let request = second.run_to_end(second.take_over(&first.owner).await).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(cluster.world.computed(), 1);
    let reply = request.reply.unwrap();
    assert_eq!(reply.as_array().unwrap().len(), 1000, "a reply has the first records");
    assert_eq!((&reply[0]["row"], &reply[999]["row"]), (&json!("0"), &json!("999")));
}

#[tokio::test]
async fn a_for_each_reads_its_input_as_it_flows() {
    let (cluster, request) = run(flow(
        &[
            ("start", "Start", json!({})),
            ("source", "Source", json!({"Rows": "300"})),
            ("each", "ForEach", json!({"Size": 7, "Index": "i_each"})),
            ("each/work", "Work", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > source", "source > each", "each.each > work", "work > each.result", "each > end"],
    ))
    .await;
    assert_eq!((request.state, cluster.world.computed()), (RequestState::Finished, 1), "{:?}", request.error);
    assert_eq!(request.reply.unwrap().as_array().unwrap().len(), 43);
}

#[tokio::test]
async fn what_fails_while_a_for_each_reads_is_the_error_of_where_it_comes_from() {
    let (_, request) = run(flow(
        &[
            ("start", "Start", json!({})),
            ("source", "Source", json!({"Rows": "300", "Fails": "100"})),
            ("each", "ForEach", json!({"Index": "i_each", "Parallel": 4})),
            ("each/work", "Work", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > source", "source > each", "each.each > work", "work > each.result", "each.error > end"],
    ))
    .await;
    assert_eq!(request.error.unwrap().component.as_deref(), Some("source"));
}

#[tokio::test]
async fn always_follows_well_or_not_and_handles_nothing() {
    for (fails, state, ok) in [("", RequestState::Finished, "true"), ("Always", RequestState::Error, "false")] {
        let (cluster, request) = run(flow(
            &[
                ("start", "Start", json!({})),
                ("work", "Act", json!({"Fails": fails})),
                ("after", "Act", json!({})),
                ("tidy", "Act", json!({})),
                ("told", "Checkpoint", json!({})),
                ("both", "Act", json!({})),
                ("beside", "Wait", json!({"Seconds": 1})),
                ("late", "Act", json!({})),
            ],
            &[
                "start > work",
                "work > after",
                "work.always > tidy.ended",
                "tidy > told",
                "told > both",
                "start > beside",
                "beside > late",
            ],
        ))
        .await;
        assert_eq!(request.state, state, "{:?}", request.error);
        let done = cluster.world.done();
        assert!(done.contains(&"tidy".to_owned()) && done.contains(&"both".to_owned()), "{done:?}");
        let well = fails.is_empty();
        assert_eq!((done.contains(&"after".to_owned()), done.contains(&"late".to_owned())), (well, well), "{done:?}");
        let ledger = cluster.world.ledger();
        let seen = &ledger.iter().find(|entry| entry.component == "tidy").unwrap().seen;
        assert!(seen.contains(&format!("\"ok\":{ok}")), "{seen}");
        let saved = cluster.saved(request.id).await;
        let told = saved.iter().any(|point| point.component == "told");
        assert_eq!(told, well, "what follows an error that nothing handles is not recorded: {saved:?}");
    }
}
