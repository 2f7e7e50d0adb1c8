//! Local runs.

use super::cluster::flow;
use crate::{EngineError, LocalRun, Observer, RunEvent, RunEventKind};
use flow_components::Palette;
use flow_model::{Flow, FlowName};
use flow_store::{CheckpointStorage, Request, RequestState};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Seen(Mutex<Vec<RunEvent>>);

impl Observer for Seen {
    fn observe(&self, event: &RunEvent) {
        self.0.lock().push(event.clone());
    }
}

struct Author {
    run: LocalRun,
    seen: Arc<Seen>,
    name: FlowName,
    _folder: TempDir,
}

impl Author {
    fn with(flow: &Flow, files: &[(&str, &str)]) -> Self {
        let (folder, seen, name) =
            (tempfile::tempdir().unwrap(), Arc::new(Seen::default()), FlowName::parse("test").unwrap());
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned().into()));
        let run = LocalRun {
            secrets: Arc::new(flow_components::NoSecrets),
            palette: Palette::standard(),
            files: Arc::new(files.chain([(name.path(), flow.to_json().into())]).collect()),
            folder: folder.path().to_path_buf(),
            spool_folder: folder.path().to_path_buf(),
            storage: CheckpointStorage::open(folder.path()).unwrap(),
            observer: Some(Arc::clone(&seen) as Arc<dyn Observer>),
        };
        Self { run, seen, name, _folder: folder }
    }

    async fn runs(&self, inputs: Value) -> Result<Request, EngineError> {
        self.run.run(&self.name, inputs.as_object().unwrap(), CancellationToken::new()).await
    }
}

#[tokio::test]
async fn a_local_run_shows_the_streams_of_every_outlet() {
    let flow = flow(
        &[
            ("start", "Start", json!({"Inputs": [{"name": "least", "type": "Integer", "default": 2}]})),
            ("read", "FileRead", json!({"Path": "project:data/orders.csv"})),
            ("filter", "Filter", json!({"Condition": "id >= $least"})),
            ("end", "End", json!({})),
        ],
        &["start > read", "read > filter", "filter > end"],
    );
    let author = Author::with(&flow, &[("data/orders.csv", "id,name\n1,a\n2,b\n3,c\n")]);
    let request = author.runs(json!({})).await.unwrap();
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    assert_eq!(request.reply, Some(json!([{"id": "2", "name": "b"}, {"id": "3", "name": "c"}])));
    let events = author.seen.0.lock();
    let outlets = events.iter().find_map(|event| match &event.what {
        RunEventKind::ComponentFinished { component, outlets, .. } if component.as_str() == "filter" => {
            Some(outlets.clone())
        }
        _ => None,
    });
    let rows: Vec<(String, usize)> =
        outlets.unwrap().into_iter().map(|outlet| (outlet.outlet, outlet.stream.rows().unwrap())).collect();
    assert_eq!(rows, [("out".to_owned(), 2), ("rejected".to_owned(), 1)]);
    assert!(matches!(events.first().unwrap().what, RunEventKind::Logged(_)));
    assert!(matches!(events.last().unwrap().what, RunEventKind::AttemptEnded { .. }));
}

#[tokio::test]
async fn retries_and_waits_are_carried_out() {
    let flow = flow(
        &[
            ("start", "Start", json!({"RetryCount": 2, "RetryInterval": 0.01})),
            ("wait", "Wait", json!({"Seconds": 0.02})),
            ("fail", "Fail", json!({"Message": "no", "Retry": true})),
        ],
        &["start > wait", "wait > fail"],
    );
    let request = Author::with(&flow, &[]).runs(json!({})).await.unwrap();
    assert_eq!((request.state, request.attempt, request.retries_used), (RequestState::Error, 4, 2));
}

#[tokio::test]
async fn an_author_can_stop_a_run() {
    let flow = flow(
        &[("start", "Start", json!({})), ("wait", "Wait", json!({"Seconds": 3600})), ("end", "End", json!({}))],
        &["start > wait", "wait > end"],
    );
    let author = Author::with(&flow, &[]);
    let (inputs, stop) = (serde_json::Map::new(), CancellationToken::new());
    let (request, ()) = tokio::join!(author.run.run(&author.name, &inputs, stop.clone()), async {
        while !author.seen.0.lock().iter().any(|event| matches!(event.what, RunEventKind::WaitStarted { .. })) {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    assert_eq!(request.unwrap().state, RequestState::Cancelled);
}

#[tokio::test]
async fn what_cannot_run_is_refused_before_anything_runs() {
    let flow = flow(
        &[("start", "Start", json!({"Inputs": [{"name": "n", "type": "Integer"}]})), ("end", "End", json!({}))],
        &["start > end"],
    );
    let author = Author::with(&flow, &[]);
    assert_eq!(author.runs(json!({})).await.unwrap_err().code(), "input/missing");
    assert_eq!(author.runs(json!({"n": 1, "m": 2})).await.unwrap_err().code(), "input/unknown");
    let other = FlowName::parse("other").unwrap();
    let missing = author.run.run(&other, &serde_json::Map::new(), CancellationToken::new()).await.unwrap_err();
    assert_eq!(missing.code(), "engine/no-such-flow");
    assert!(author.seen.0.lock().is_empty());
}
