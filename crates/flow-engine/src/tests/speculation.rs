//! What starts before the saved points behind it are durable, and what does not.

use super::cluster::{Cluster, Went, flow};
use flow_store::{RequestState, SavedKind, StoreError};
use serde_json::json;

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
