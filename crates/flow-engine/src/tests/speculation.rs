//! What starts before the saved points behind it are durable, and what does not.

use super::cluster::{Cluster, Went, flow};
use crate::{AlwaysOwner, Engine, EngineError, Observer, RunEvent, RunEventKind};
use flow_store::{Durability, RequestState, RequestStore, SavedKind, SavedPoint, StoreError};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Start, then the components, one after the other.
fn chain(kinds: &[(&str, &str)]) -> flow_model::Flow {
    let start = ("start", "Start", json!({"OtherServerRetry": true}));
    let all: Vec<_> = [start].into_iter().chain(kinds.iter().map(|(id, kind)| (*id, *kind, json!({})))).collect();
    let links: Vec<String> = all.windows(2).map(|pair| format!("{} > {}", pair[0].0, pair[1].0)).collect();
    flow(&all, &links.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Runs a flow with the server struck dead at each place in turn, and looks at what was done and what was saved then.
async fn at_every_place(speculates: bool, kinds: &[(&str, &str)], look: impl Fn(&[String], &[String])) {
    for place in 0.. {
        let cluster = Cluster::new(chain(kinds)).speculating(speculates);
        cluster.world.strike_at(place);
        let server = cluster.server().await;
        let request = server.trigger().await;
        let id = request.id;
        let went = server.attempt_or_die(request).await;
        let saved = cluster.saved(id).await.into_iter().filter(|point| point.kind == SavedKind::Checkpoint);
        look(&cluster.world.done(), &saved.map(|point| point.component).collect::<Vec<_>>());
        if !matches!(went, Went::Died) {
            assert!(place > 3, "it was struck at {place} places only");
            return;
        }
    }
}

#[tokio::test]
async fn nothing_changes_the_world_before_what_led_to_it_is_durable() {
    let kinds = [("one", "Checkpoint"), ("pure", "Work"), ("two", "Checkpoint"), ("act", "Act"), ("end", "End")];
    at_every_place(true, &kinds, |done, saved| {
        if done.iter().any(|id| id == "act") {
            assert_eq!(saved, ["one", "two"]);
        }
    })
    .await;
}

#[tokio::test]
async fn without_speculation_nothing_behind_a_checkpoint_starts_before_that_is_durable() {
    let kinds = [("one", "Checkpoint"), ("pure", "Work"), ("two", "Checkpoint"), ("last", "Work")];
    at_every_place(false, &kinds, |done, saved| {
        assert!(!done.iter().any(|id| id == "pure") || saved.contains(&"one".to_owned()), "{done:?} {saved:?}");
        assert!(!done.iter().any(|id| id == "last") || saved.contains(&"two".to_owned()), "{done:?} {saved:?}");
    })
    .await;
}

#[tokio::test]
async fn checkpoints_with_nothing_but_computing_between_them_are_written_together() {
    let kinds = [("a", "Checkpoint"), ("b", "Checkpoint"), ("c", "Checkpoint"), ("d", "Checkpoint"), ("end", "End")];
    for (speculates, writes) in [(true, 1), (false, 5)] {
        let cluster = Cluster::new(chain(&kinds)).speculating(speculates);
        let request = cluster.server().await.run().await;
        assert_eq!((request.state, request.saved_points), (RequestState::Finished, 5));
        assert_eq!(*cluster.store.writes.lock(), writes, "speculates: {speculates}");
    }
}

#[tokio::test]
async fn what_began_before_a_write_that_fails_has_changed_nothing() {
    let cluster = Cluster::new(chain(&[("one", "Checkpoint"), ("pure", "Work"), ("act", "Act"), ("end", "End")]));
    cluster.store.fails.lock().push(StoreError::unavailable("as asked"));
    let server = cluster.server().await;
    let request = server.trigger().await;
    let released = server.attempt(request).await.unwrap();
    assert_eq!(cluster.world.done(), ["pure"]);
    assert_eq!((released.state, released.saved_points), (RequestState::Queued, 0), "it was given back");
    let again = server.claim_when_due(&released).await;
    let ended = server.attempt(again).await.unwrap();
    assert_eq!(ended.state, RequestState::Finished);
    assert_eq!(cluster.world.done(), ["pure", "pure", "act"]);
}

/// What was done, and how much was written, before it is known whether the request that has just been made is durable.
async fn before_it_is_durable(speculates: bool, then: bool) -> (Vec<String>, usize, Result<RequestState, EngineError>) {
    let kinds = [("pure", "Work"), ("one", "Checkpoint"), ("act", "Act"), ("end", "End")];
    let cluster = Cluster::new(chain(&kinds)).speculating(speculates);
    let server = cluster.server().await;
    let request = server.trigger().await;
    let (later, made) = Durability::later();
    let attempt = server.engine.execute_made(request, made, Arc::new(AlwaysOwner), CancellationToken::new());
    tokio::pin!(attempt);
    for _ in 0..100 {
        assert!(futures::poll!(&mut attempt).is_pending());
        tokio::task::yield_now().await;
    }
    let (done, writes) = (cluster.world.done(), *cluster.store.writes.lock());
    if then {
        later.is_durable();
    } else {
        drop(later);
    }
    let ended = attempt.await.map(|request| request.state);
    if ended.is_err() {
        assert_eq!(
            (cluster.world.done(), *cluster.store.writes.lock()),
            (done.clone(), writes),
            "nothing came after it"
        );
    }
    (done, writes, ended)
}

#[tokio::test]
async fn what_computes_begins_before_its_request_is_durable_and_nothing_is_written() {
    let (done, writes, ended) = before_it_is_durable(true, true).await;
    assert_eq!((done, writes), (vec!["pure".to_owned()], 0));
    assert!(matches!(ended, Ok(RequestState::Finished)), "{ended:?}");
}

#[tokio::test]
async fn an_attempt_whose_request_never_becomes_durable_ends_without_a_trace() {
    for speculates in [true, false] {
        let (_, writes, ended) = before_it_is_durable(speculates, false).await;
        assert_eq!(writes, 0);
        assert!(matches!(ended, Err(EngineError::Fenced)), "{ended:?}");
    }
}

#[tokio::test]
async fn without_speculation_nothing_begins_before_its_request_is_durable() {
    let (done, _, ended) = before_it_is_durable(false, true).await;
    assert_eq!(done, Vec::<String>::new());
    assert!(matches!(ended, Ok(RequestState::Finished)), "{ended:?}");
}

#[tokio::test]
async fn an_attempt_that_is_told_to_end_writes_nothing_before_its_request_is_durable() {
    let cluster = Cluster::new(chain(&[("pure", "Work"), ("one", "Checkpoint"), ("end", "End")]));
    let server = cluster.server().await;
    let request = server.trigger().await;
    let (later, made) = Durability::later();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let attempt = server.engine.execute_made(request.clone(), made, Arc::new(AlwaysOwner), cancel);
    tokio::pin!(attempt);
    assert!(futures::poll!(&mut attempt).is_pending());
    assert_eq!(cluster.store.get(request.id).await.unwrap().state, RequestState::Running);
    later.is_durable();
    assert_eq!(attempt.await.unwrap().state, RequestState::Queued, "it was given back");
}

#[tokio::test]
async fn nothing_behind_a_for_each_changes_the_world_before_all_of_its_results_are_durable() {
    let components = [
        ("start", "Start", json!({"OtherServerRetry": true})),
        ("three", "Work", json!({"Gives": "3"})),
        ("each", "ForEach", json!({"Index": "i_each"})),
        ("each/inner", "Act", json!({})),
        ("act", "Act", json!({})),
        ("end", "End", json!({})),
    ];
    let links =
        ["start > three", "three > each", "each.each > inner", "inner > each.result", "each > act", "act > end"];
    for place in 0.. {
        let cluster = Cluster::new(flow(&components, &links));
        cluster.world.strike_at(place);
        let server = cluster.server().await;
        let request = server.trigger().await;
        let id = request.id;
        let went = server.attempt_or_die(request).await;
        let saved = cluster.saved(id).await;
        let is_result =
            |point: &&SavedPoint| point.kind == SavedKind::Completed && point.iteration.starts_with("each[");
        if cluster.world.done().iter().any(|component| component == "act") {
            assert_eq!(saved.iter().filter(is_result).count(), 3, "struck at {place}");
        }
        if !matches!(went, Went::Died) {
            return;
        }
    }
}

/// Lets the attempts of an engine be doubted from their start on, as those are whose requests a person may take.
#[derive(Default)]
struct Doubts(Mutex<Option<Engine>>);

impl Observer for Doubts {
    fn observe(&self, event: &RunEvent) {
        if let (RunEventKind::AttemptStarted { request, .. }, Some(engine)) = (&event.what, &*self.0.lock()) {
            engine.doubt(request.id, request.fence, true);
        }
    }
}

#[tokio::test]
async fn with_an_input_that_was_saved_before_a_doubted_attempt_acts_only_behind_a_write() {
    let components = [
        ("start", "Start", json!({"OtherServerRetry": true})),
        ("once", "Act", json!({"Once": "yes"})),
        ("end", "End", json!({})),
    ];
    for place in 0.. {
        let doubts = Arc::new(Doubts::default());
        let mut cluster = Cluster::new(flow(&components, &["start > once", "once > end"]));
        cluster.observer = Some(doubts.clone());
        cluster.world.strike_at(place);
        let first = cluster.server().await;
        let request = first.trigger().await;
        let id = request.id;
        assert!(matches!(first.attempt_or_die(request).await, Went::Died), "its input is never saved");
        if cluster.saved(id).await.iter().all(|point| point.kind != SavedKind::Input) {
            continue;
        }
        assert_eq!(cluster.world.done(), Vec::<String>::new(), "it was struck before it acted");
        let second = cluster.server().await;
        let again = second.take_over(&first.owner).await;
        *doubts.0.lock() = Some(second.engine.clone());
        cluster.store.fails.lock().push(StoreError::StaleFence { request: id, fence: again.fence });
        let ended = second.attempt(again).await;
        assert!(matches!(ended, Err(EngineError::Fenced)), "{ended:?}");
        assert_eq!(cluster.world.done(), Vec::<String>::new());
        return;
    }
}
