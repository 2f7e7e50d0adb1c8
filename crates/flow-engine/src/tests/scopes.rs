//! Scopes that begin and end beside each other.

use super::cluster::{Cluster, flow};
use crate::resume::Resumption;
use crate::scope::{Given, Scope, Scopes};
use flow_store::{ProjectName, RequestState, VersionId};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn the_id_of_a_scope_that_has_ended_never_comes_to_mean_another() {
    let cluster = Cluster::new(flow(&[("start", "Start", json!({})), ("work", "Work", json!({}))], &["start > work"]));
    let server = cluster.server().await;
    let (project, version) = (ProjectName::parse("test").unwrap(), VersionId::parse("one").unwrap());
    let plan = server.engine.inner.plan(&project, &version, "test").await.unwrap();
    let mut scopes = Scopes::default();
    let begin = |scopes: &mut Scopes| {
        scopes.add(Scope::new(Arc::clone(&plan), None, (true, true), Given::default(), Resumption::fresh(&plan)))
    };
    assert_eq!(begin(&mut scopes), Scopes::TOP);
    let ended = begin(&mut scopes);
    scopes.remove(ended);
    let next = begin(&mut scopes);
    assert!(scopes.get(ended).is_none() && scopes.get(next).is_some());
    assert_eq!(scopes.ids().collect::<Vec<_>>(), [Scopes::TOP, next]);
}

#[tokio::test]
async fn two_for_each_that_fail_while_iterations_of_both_still_run_are_both_handled() {
    let first = |index: &str| json!({"Branches": [{"outlet": "first", "condition": format!("${index} = 0")}]});
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("two", "Work", json!({"Gives": "2"})),
            ("one", "ForEach", json!({"Index": "i_one", "Parallel": 2})),
            ("one/choose1", "Branch", first("i_one")),
            ("one/bad1", "Work", json!({"Fails": "Always"})),
            ("one/slow1", "Work", json!({"Fails": "Slow"})),
            ("undo1", "Work", json!({})),
            ("other", "ForEach", json!({"Index": "i_other", "Parallel": 2})),
            ("other/choose2", "Branch", first("i_other")),
            ("other/bad2", "Work", json!({"Fails": "Always"})),
            ("other/slow2", "Work", json!({"Fails": "Slow"})),
            ("undo2", "Work", json!({})),
        ],
        &[
            "start > two",
            "two > one",
            "one.each > choose1",
            "choose1.first > bad1",
            "choose1.otherwise > slow1",
            "one.error > undo1.problem",
            "two > other",
            "other.each > choose2",
            "choose2.first > bad2",
            "choose2.otherwise > slow2",
            "other.error > undo2.problem",
        ],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    let done = cluster.world.done();
    assert!(done.contains(&"undo1".to_owned()) && done.contains(&"undo2".to_owned()), "{done:?}");
}
