//! Re-execution: by whom, from where and at which version.

use super::requests::fail;
use super::{Fixture, anywhere, checkpoint, here_only, log_entry};
use crate::{
    AttemptEnd, AttemptWrite, NewVersion, ReExecution, Request, RequestSettings, RequestState, SavedKind, SavedPoint,
    ServerState, VersionId, event,
};

pub(super) async fn re_execution_makes_the_receiving_server_the_owner(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let request = fixture.request(Some(&a), here_only()).await;
    let error = fixture.store.re_execute(request.id, &b, "ann", None).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state", "it runs");
    let failed = fail(&fixture, &request, true).await;

    let again = fixture.store.re_execute(request.id, &b, "ann", None).await.unwrap();
    assert_eq!((again.state, again.owner.as_ref()), (RequestState::WaitingForRetry, Some(&b)));
    assert_eq!(again.due, Some(fixture.store.now()));
    assert!(again.fence > failed.fence);
    assert_eq!(fixture.store.claim(&a, 1).await.unwrap(), []);
    let claimed = fixture.store.claim(&b, 1).await.unwrap();
    fail(&fixture, &claimed[0], true).await;
    let again = fixture.store.re_execute(request.id, &a, "ann", None).await.unwrap();
    assert_eq!((again.ended, again.error), (None, None));
    let claimed = fixture.store.claim(&a, 1).await.unwrap();
    let end = AttemptEnd::Finished { reply: None };
    fixture.store.end_attempt(request.id, claimed[0].fence, end, AttemptWrite::default()).await.unwrap();
    let error = fixture.store.re_execute(request.id, &a, "ann", None).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state", "it has finished");
    let attempts = fixture.store.attempts(request.id, None, 100).await.unwrap();
    let owners: Vec<_> = attempts.iter().map(|attempt| attempt.owner.server.as_str()).collect();
    assert_eq!(owners, ["a", "b", "a"]);
}

pub(super) async fn what_waits_for_its_retry_moves_to_another_server_only_when_its_own_is_gone(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let settings = RequestSettings { retry_count: 1, retry_interval_ms: 60_000, ..here_only() };
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let request = fixture.request(Some(&a), settings.clone()).await;
        fixture.save(&request, "one").await;
        waiting.push(fail(&fixture, &request, true).await);
    }
    let store = &fixture.store;
    let error = store.re_execute(waiting[0].id, &b, "ann", None).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state");
    assert_eq!(fixture.get(waiting[0].id).await, waiting[0], "its own server lives");
    store.set_server_state(&a, ServerState::Draining).await.unwrap();
    assert!(store.re_execute(waiting[0].id, &b, "ann", None).await.is_err(), "also while it takes nothing new");
    store.set_server_state(&a, ServerState::Running).await.unwrap();

    let at_once = store.re_execute(waiting[0].id, &a, "ann", None).await.unwrap();
    assert_eq!((at_once.owner.as_ref(), at_once.due), (Some(&a), Some(store.now())));
    assert_eq!(at_once.retries_used, 1, "neither spent nor reset");
    let claimed = store.claim(&a, 1).await.unwrap();
    let failed = fail(&fixture, &claimed[0], true).await;
    assert_eq!((failed.id, failed.state), (waiting[0].id, RequestState::Error), "the one retry is used up");

    store.take_over(&b, &a).await.unwrap();
    let moved = store.re_execute(waiting[1].id, &b, "ann", None).await.unwrap();
    assert_eq!((moved.owner.as_ref(), moved.due), (Some(&b), Some(store.now())));
    assert_eq!(store.claim(&b, 1).await.unwrap().len(), 1);
    // It comes back, and that is no longer its own.
    let again = fixture.server("a").await;
    assert_eq!(store.claim(&again, 1).await.unwrap(), []);
}

pub(super) async fn re_execution_goes_on_from_an_earlier_saved_point(fixture: Fixture) {
    let (store, a) = (&fixture.store, fixture.server("a").await);
    let request = fixture.request(Some(&a), anywhere()).await;
    let begin = SavedPoint { kind: SavedKind::Begin, ..checkpoint(&request, "begin") };
    let branch = SavedPoint { kind: SavedKind::Outlets, ..checkpoint(&request, "branch") };
    let entry = |event: &str| log_entry(1, event, 1);
    let writes = [
        vec![begin.clone()],
        vec![checkpoint(&request, "one"), branch.clone()],
        vec![checkpoint(&request, "two")],
        vec![checkpoint(&request, "three"), branch.clone()],
    ];
    for (number, saved) in writes.into_iter().enumerate() {
        let write = AttemptWrite { saved, log: vec![entry(&format!("write-{number}"))] };
        store.write(request.id, request.fence, write).await.unwrap();
    }
    let failed = fail(&fixture, &request, true).await;
    assert_eq!((failed.state, failed.saved_points), (RequestState::Error, 6));
    let error = store.re_execute(request.id, &a, "ann", Some(7)).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state");
    assert!(error.to_string().contains("6 saved points"), "{error}");
    assert_eq!(fixture.get(request.id).await, failed);

    // Half a write is never kept: the choice of outlets came with the Checkpoint.
    let again = store.re_execute(request.id, &a, "ann", Some(2)).await.unwrap();
    assert_eq!((again.saved_points, again.checkpoint.as_deref()), (3, Some("one")));
    assert_eq!(again, fixture.get(request.id).await);
    let kept = [begin, checkpoint(&request, "one"), branch];
    assert_eq!(store.saved_points(request.id).await.unwrap(), kept);
    let outlines = store.saved_outlines(request.id, None, 10).await.unwrap();
    let names: Vec<_> = outlines.iter().rev().map(|outline| outline.component.clone()).collect();
    assert_eq!(names, kept.iter().map(|point| point.component.clone()).collect::<Vec<_>>());
    let log = store.log(request.id, 0, 10).await.unwrap();
    let events: Vec<_> = log.iter().map(|numbered| &*numbered.entry.event).collect();
    assert_eq!(events, ["write-0", "write-1", "write-2", "write-3", event::RE_EXECUTED], "the log stays");
    assert_eq!(log.iter().map(|numbered| numbered.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(log[4].entry.message.contains("3 later saved points"), "{:?}", log[4]);

    let claimed = store.claim(&a, 1).await.unwrap();
    let write = AttemptWrite { saved: vec![checkpoint(&claimed[0], "four")], log: vec![] };
    store.write(request.id, claimed[0].fence, write).await.unwrap();
    let saved = store.saved_points(request.id).await.unwrap();
    assert_eq!(saved.len(), 4);
    assert_eq!(saved[3], checkpoint(&claimed[0], "four"));
    fail(&fixture, &claimed[0], false).await;
    let again = store.re_execute(request.id, &a, "ann", Some(0)).await.unwrap();
    assert_eq!((again.saved_points, again.checkpoint), (0, None));
    assert_eq!(store.saved_points(request.id).await.unwrap(), []);
}

pub(super) async fn re_execution_can_pin_a_request_to_another_version(fixture: Fixture) {
    let (store, a) = (&fixture.store, fixture.server("a").await);
    let request = fixture.request(Some(&a), anywhere()).await;
    let version = |name: &str| VersionId::parse(name).unwrap();
    let settings = RequestSettings { retry_count: 4, retry_interval_ms: 70, timeout_ms: Some(9), ..here_only() };
    let at = |name: &str, seen: &Request| NewVersion {
        version: version(name),
        settings: settings.clone(),
        seen: seen.fence,
    };
    fixture.save(&request, "one").await;
    fixture.save(&request, "two").await;
    let running = ReExecution { keep: None, version: Some(at("v2", &request)) };
    let error = store.re_execute_with(request.id, &a, "ann", running).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state", "it runs");
    let failed = fail(&fixture, &request, false).await;

    let again = ReExecution { keep: Some(1), version: Some(at("v2", &failed)) };
    let moved = store.re_execute_with(request.id, &a, "ann", again.clone()).await.unwrap();
    assert_eq!((&moved.version, &moved.settings, moved.saved_points), (&version("v2"), &settings, 1));
    assert_eq!(moved, fixture.get(request.id).await);
    assert_eq!(fixture.store.saved_points(request.id).await.unwrap().len(), 1);
    let log = store.log(request.id, 0, 10).await.unwrap();
    let said = &log.last().unwrap().entry.message;
    assert!(said.contains("at version v2 instead of v1"), "{said}");
    let versions = async || -> Vec<Option<VersionId>> {
        let attempts = store.attempts(request.id, None, 10).await.unwrap();
        attempts.into_iter().map(|attempt| attempt.version).collect()
    };
    assert_eq!(versions().await, [Some(version("v1"))]);
    let claimed = store.claim(&a, 1).await.unwrap().remove(0);
    assert_eq!((&claimed.version, &claimed.settings), (&version("v2"), &settings));
    assert_eq!(versions().await, [Some(version("v1")), None]);
    let failed = fail(&fixture, &claimed, false).await;

    let error = store.re_execute_with(request.id, &a, "ann", again).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state", "it has changed since it was found to fit");
    assert_eq!(fixture.get(request.id).await, failed);
    let same = ReExecution { keep: None, version: Some(at("v2", &failed)) };
    let same = store.re_execute_with(request.id, &a, "ann", same).await.unwrap();
    assert_eq!(same.version, version("v2"));
    assert_eq!(versions().await, [Some(version("v1")), None], "nothing changed");
    let claimed = store.claim(&a, 1).await.unwrap().remove(0);
    let failed = fail(&fixture, &claimed, false).await;
    let third = ReExecution { keep: Some(0), version: Some(at("v3", &failed)) };
    store.re_execute_with(request.id, &a, "ann", third).await.unwrap();
    assert_eq!(versions().await, [Some(version("v1")), Some(version("v2")), Some(version("v2"))]);
}
