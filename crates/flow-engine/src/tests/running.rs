//! What runs, in which order, with which streams and variables.

use super::cluster::{Cluster, flow};
use super::generator::Random;
use flow_store::{RequestState, SavedKind, event};
use serde_json::{Value, json};
use std::sync::Arc;

fn chain(names: &[(&str, &str, Value)]) -> flow_model::Flow {
    let links: Vec<String> = names.windows(2).map(|pair| format!("{} > {}", pair[0].0, pair[1].0)).collect();
    flow(names, &links.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_chain_runs_in_order_and_answers_with_what_reaches_end() {
    let cluster = Cluster::new(chain(&[
        ("start", "Start", json!({"Inputs": [{"name": "n", "type": "Integer"}]})),
        ("twice", "Mapper", json!({"Fields": [{"field": "n", "expression": "n * 2 + $n"}]})),
        ("save", "Checkpoint", json!({})),
        ("end", "End", json!({})),
    ]))
    .with_inputs(json!({"n": 7}));
    let server = cluster.server().await;
    let request = server.run().await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(request.reply, Some(json!([{"n": "21"}])));
    assert_eq!((request.attempt, request.checkpoint.as_deref()), (1, Some("save")));
    let kinds: Vec<SavedKind> = cluster.saved(request.id).await.iter().map(|point| point.kind).collect();
    assert_eq!(kinds, [SavedKind::Checkpoint, SavedKind::Completed]);
    assert_eq!(*cluster.store.writes.lock(), 1, "nothing waits for the checkpoint, so it is written with the end");
}

#[tokio::test]
async fn the_log_tells_what_ran() {
    let cluster = Cluster::new(chain(&[
        ("start", "Start", json!({})),
        ("work", "Work", json!({})),
        ("save", "Checkpoint", json!({})),
        ("end", "End", json!({})),
    ]));
    let request = cluster.server().await.run().await;
    let log = cluster.log(request.id).await;
    let told: Vec<(&str, &str)> =
        log.iter().map(|line| (line.entry.component.as_deref().unwrap_or(""), &*line.entry.event)).collect();
    let (started, finished) = (event::COMPONENT_STARTED, event::COMPONENT_FINISHED);
    assert_eq!(
        told,
        [
            ("", event::ATTEMPT_STARTED),
            ("start", started),
            ("start", finished),
            ("work", started),
            ("work", finished),
            ("save", event::CHECKPOINT_SAVED),
            ("end", started),
            ("end", finished),
            ("", event::FINISHED),
        ]
    );
}

#[tokio::test]
async fn begin_checkpoint_saves_the_inputs_first() {
    let cluster = Cluster::new(chain(&[
        ("start", "Start", json!({"BeginCheckpoint": "Use", "Inputs": [{"name": "n", "type": "Integer"}]})),
        ("work", "Work", json!({})),
    ]))
    .with_inputs(json!({"n": 7}));
    let request = cluster.server().await.run().await;
    let saved = cluster.saved(request.id).await;
    assert_eq!(saved[0].kind, SavedKind::Begin);
    assert_eq!(saved[0].variables, json!({}), "inputs are not saved with every point, the request has them");
    assert_eq!(request.checkpoint.as_deref(), Some("Start"));
}

#[tokio::test]
async fn a_flow_without_inputs_begins_with_one_record() {
    let cluster = Cluster::new(chain(&[
        ("start", "Start", json!({"BeginCheckpoint": "Use"})),
        ("one", "Mapper", json!({"Fields": [{"field": "one", "expression": "1"}]})),
        ("end", "End", json!({})),
    ]));
    assert_eq!(cluster.server().await.run().await.reply, Some(json!([{"one": "1"}])));
}

#[tokio::test]
async fn a_join_waits_for_both_paths_and_sees_the_variables_of_both() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("left", "Work", json!({"Set": "a=1"})),
            ("right", "Work", json!({"Set": "b=2"})),
            ("join", "Work", json!({})),
        ],
        &["start > left", "start > right", "left > join", "right > join"],
    ));
    let request = cluster.server().await.run().await;
    assert_eq!(request.state, RequestState::Finished);
    let ledger = cluster.world.ledger();
    assert_eq!(ledger.len(), 3);
    assert_eq!(ledger[2].component, "join");
    let seen: Value = serde_json::from_str(&ledger[2].seen).unwrap();
    assert_eq!(seen[0][0][1].as_array().unwrap().len(), 2, "the records of both paths: {seen}");
    assert_eq!(seen[1], json!([["a", "1"], ["b", "2"]]));
}

#[tokio::test]
async fn paths_that_set_a_variable_differently_cannot_join() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("left", "Work", json!({"Set": "a=1"})),
            ("right", "Work", json!({"Set": "a=2"})),
            ("join", "Work", json!({})),
        ],
        &["start > left", "start > right", "left > join", "right > join"],
    ));
    let error = cluster.server().await.run().await.error.unwrap();
    assert_eq!((error.code.as_str(), error.component.as_deref()), ("engine/variable-conflict", Some("join")));
}

#[tokio::test]
async fn a_component_that_gets_nothing_is_skipped_and_so_is_what_follows_only_it() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({})),
            ("silent", "Work", json!({"Gives": "Nothing"})),
            ("after", "Work", json!({})),
            ("later", "Work", json!({})),
            ("other", "Work", json!({})),
            ("join", "Work", json!({})),
        ],
        &["start > silent", "silent > after", "after > later", "later > join", "start > other", "other > join"],
    ));
    assert_eq!(cluster.server().await.run().await.state, RequestState::Finished);
    let mut done = cluster.world.done();
    done.sort();
    assert_eq!(done, ["join", "other", "silent"]);
}

#[tokio::test]
async fn a_branch_runs_one_path_and_its_choice_is_recorded_before_the_world_changes() {
    let cluster = Cluster::new(flow(
        &[
            ("start", "Start", json!({"Inputs": [{"name": "x", "type": "Integer"}]})),
            ("branch", "Branch", json!({"Branches": [{"outlet": "big", "condition": "$x > 5"}]})),
            ("big", "Act", json!({})),
            ("small", "Act", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > branch", "branch.big > big", "branch.otherwise > small", "big > end", "small > end"],
    ))
    .with_inputs(json!({"x": 9}));
    let server = cluster.server().await;
    // Places: before and after the write of the choice, before and after the effect.
    let request = server.trigger().await;
    cluster.world.strike_at(2);
    server.attempt_or_die(request.clone()).await;
    let saved = cluster.saved(request.id).await;
    assert_eq!(saved.len(), 1);
    assert_eq!(
        (saved[0].kind, saved[0].component.as_str(), &saved[0].outlets),
        (SavedKind::Outlets, "branch", &vec!["big".to_owned()])
    );
    assert!(cluster.world.done().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_paths_run_truly_at_the_same_time() {
    use async_trait::async_trait;
    use flow_components::{Component, ComponentError, ComponentType, Outcome, Palette, Properties, RunContext};
    use flow_model::{ComponentDescription, Effect, Family};
    use std::sync::Barrier;

    /// Blocks its thread until another one is blocked as well.
    struct Meet(Arc<Barrier>);
    impl ComponentType for Meet {
        fn description(&self) -> ComponentDescription {
            ComponentDescription {
                kind: "Meet",
                title: "Meet",
                family: Family::Transform,
                icon: "users",
                summary: "",
                help: "",
                properties: Vec::new(),
                effect: Effect::None,
                saves: false,
                line: "",
            }
        }
        fn prepare(&self, _: &mut Properties<'_>) -> Arc<dyn Component> {
            Arc::new(Meet(Arc::clone(&self.0)))
        }
    }
    #[async_trait]
    impl Component for Meet {
        async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
            self.0.wait();
            Ok(Outcome::out(run.input().clone()))
        }
    }

    let flow = flow(
        &[
            ("start", "Start", json!({})),
            ("left", "Meet", json!({})),
            ("right", "Meet", json!({})),
            ("end", "End", json!({})),
        ],
        &["start > left", "start > right", "left > end", "right > end"],
    );
    let name = flow_model::FlowName::parse("test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = crate::LocalRun {
        secrets: Arc::new(flow_components::NoSecrets),
        palette: Palette::standard_with(vec![Box::new(Meet(Arc::new(Barrier::new(2))))]),
        files: Arc::new([(name.path(), flow.to_json().into())].into_iter().collect()),
        folder: folder.path().to_path_buf(),
        spool_folder: folder.path().to_path_buf(),
        storage: flow_store::CheckpointStorage::open(folder.path()).unwrap(),
        observer: None,
    };
    let request = run.run(&name, &serde_json::Map::new(), Default::default()).await.unwrap();
    assert_eq!(request.state, RequestState::Finished);
}

#[tokio::test]
async fn streams_too_large_for_a_row_go_to_the_storage_and_come_back() {
    let mut random = Random::new(7);
    let large: String = (0..40_000).map(|_| char::from(b' ' + u8::try_from(random.below(90)).unwrap())).collect();
    let cluster = Cluster::new(chain(&[
        ("start", "Start", json!({"OtherServerRetry": true, "Inputs": [{"name": "large", "type": "Text"}]})),
        ("save", "Checkpoint", json!({})),
        ("act", "Act", json!({})),
        ("end", "End", json!({})),
    ]))
    .with_inputs(json!({"large": large}));
    let first = cluster.server().await;
    let request = first.trigger().await;
    // The write of the checkpoint is done, the effect has not begun.
    cluster.world.strike_at(2);
    first.attempt_or_die(request.clone()).await;
    let saved = cluster.saved(request.id).await;
    assert!(
        matches!(&saved[0].data, flow_store::SavedData::Object { bytes, .. } if *bytes > 16 * 1024),
        "{:?}",
        saved[0].data
    );
    let second = cluster.server().await;
    let request = second.run_to_end(second.take_over(&first.owner).await).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(cluster.world.done(), ["act"]);
    assert!(cluster.storage().join("objects").is_dir());
}
