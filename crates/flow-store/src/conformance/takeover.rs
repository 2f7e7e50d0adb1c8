//! The takeover of a lost server's requests, and a server's return.

use super::{Fixture, anywhere, checkpoint, here_only, log_entry};
use crate::{
    AttemptEnd, AttemptOutcome, AttemptWrite, Owner, Request, RequestError, RequestFilter, RequestSettings,
    RequestState, ServerState, event,
};

async fn take_over(fixture: &Fixture, survivor: &Owner, dead: &Owner) {
    let takeover = fixture.store.take_over(survivor, dead).await.unwrap();
    assert!(takeover.first);
}

async fn wait(fixture: &Fixture, request: &Request, ms: u64) -> Request {
    let due = fixture.store.now().plus_ms(ms);
    let end = AttemptEnd::Waiting { due, component: "wait-1".to_owned() };
    fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap()
}

pub(super) async fn requests_with_other_server_retry_go_to_the_survivor(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let running = fixture.request(Some(&a), anywhere()).await;
    let saved = fixture.request(Some(&a), anywhere()).await;
    fixture.save(&saved, "orders validated").await;
    let others = fixture.request(Some(&b), anywhere()).await;
    let queued = fixture.request(None, anywhere()).await;
    fixture.clock.advance_ms(50);
    let takeover = fixture.store.take_over(&b, &a).await.unwrap();
    assert!(takeover.first);
    assert_eq!(takeover.requests, [running.id, saved.id]);
    for before in [&running, &saved] {
        let after = fixture.get(before.id).await;
        assert_eq!((after.state, after.owner.as_ref()), (RequestState::WaitingForRetry, Some(&b)));
        assert!(after.fence > before.fence);
        assert_eq!((after.due, after.retries_used), (Some(fixture.store.now()), 0));
        assert_eq!(fixture.events(before.id).await, [event::TAKEN_OVER]);
        let attempts = fixture.store.attempts(before.id, None, 100).await.unwrap();
        assert_eq!((attempts[0].end, attempts[0].ended), (Some(AttemptOutcome::OwnerLost), after.due));
    }
    let log = fixture.store.log(saved.id, 0, 9).await.unwrap();
    assert!(log[0].entry.message.contains("orders validated"), "{}", log[0].entry.message);
    assert_eq!(fixture.get(others.id).await, others);
    assert_eq!(fixture.get(queued.id).await, queued);
    let servers = fixture.store.servers().await.unwrap();
    assert_eq!(servers[0].state, ServerState::Terminated);
    assert_eq!(servers[0].taken_over_by.as_ref(), Some(&b.server));
    let claimed = fixture.store.claim(&b, 9).await.unwrap();
    assert_eq!(claimed.len(), 3);
    assert_eq!(fixture.get(saved.id).await.attempt, 2);
}

pub(super) async fn requests_without_other_server_retry_stay(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let saved = fixture.request(Some(&a), here_only()).await;
    fixture.save(&saved, "one").await;
    let unsaved = fixture.request(Some(&a), here_only()).await;
    let takeover = fixture.store.take_over(&b, &a).await.unwrap();
    assert_eq!(takeover.requests, []);
    let kept = fixture.get(saved.id).await;
    assert_eq!((kept.state, kept.owner.as_ref()), (RequestState::WaitingForRetry, Some(&a)));
    assert_eq!(fixture.events(saved.id).await, [event::OWNER_LOST]);
    let lost = fixture.get(unsaved.id).await;
    assert_eq!((lost.state, lost.owner.as_ref()), (RequestState::Error, Some(&a)));
    assert_eq!(lost.error.map(|error| error.code).as_deref(), Some("request/owner-lost"));
    assert_eq!(fixture.store.attempts(unsaved.id, None, 100).await.unwrap()[0].end, Some(AttemptOutcome::OwnerLost));
    assert_eq!(fixture.store.claim(&b, 9).await.unwrap(), []);
    // An operator may have it go on elsewhere before the server is back.
    fixture.store.re_execute(saved.id, &b, "ann", None).await.unwrap();
    assert_eq!(fixture.store.claim(&b, 9).await.unwrap().len(), 1);
}

pub(super) async fn what_waited_keeps_its_due_time(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let settings = RequestSettings { retry_count: 2, retry_interval_ms: 8000, ..anywhere() };
    let waiting = fixture.request(Some(&a), anywhere()).await;
    let waiting = wait(&fixture, &waiting, 9000).await;
    let retry = fixture.request(Some(&a), settings).await;
    let error = RequestError { code: "x".to_owned(), message: "y".to_owned(), component: None };
    let end = AttemptEnd::Failed { error, retryable: true };
    let retry = fixture.store.end_attempt(retry.id, retry.fence, end, AttemptWrite::default()).await.unwrap();
    fixture.clock.advance_ms(100);
    take_over(&fixture, &b, &a).await;
    for before in [&waiting, &retry] {
        let after = fixture.get(before.id).await;
        assert_eq!((after.state, after.due), (RequestState::WaitingForRetry, before.due));
        assert_eq!((after.owner.as_ref(), after.takeovers_without_progress), (Some(&b), 0));
        assert_eq!(after.retries_used, before.retries_used);
        assert!(after.fence > before.fence);
    }
}

pub(super) async fn only_the_earliest_survivor_takes_over(fixture: Fixture) {
    let (a, b, c) = (fixture.server("a").await, fixture.server("b").await, fixture.server("c").await);
    let request = fixture.request(Some(&a), anywhere()).await;
    let (one, two) = tokio::join!(fixture.store.take_over(&b, &a), fixture.store.take_over(&c, &a));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.first != two.first, "{one:?} {two:?}");
    let (winner, loser) = if one.first { (&b, &two) } else { (&c, &one) };
    assert_eq!(loser.requests, []);
    let after = fixture.get(request.id).await;
    assert_eq!(after.owner.as_ref(), Some(winner));
    for survivor in [&b, &c] {
        assert!(!fixture.store.take_over(survivor, &a).await.unwrap().first);
    }
    assert_eq!(fixture.get(request.id).await, after);
    assert!(!fixture.store.take_over(&b, &b).await.unwrap().first, "nobody takes over from itself");
}

pub(super) async fn the_dead_owner_is_fenced_off(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let request = fixture.request(Some(&a), anywhere()).await;
    take_over(&fixture, &b, &a).await;
    let write = AttemptWrite { saved: vec![checkpoint(&request, "zombie")], log: vec![] };
    let error = fixture.store.write(request.id, request.fence, write.clone()).await.unwrap_err();
    assert!(error.is_stale_fence());
    let claimed = fixture.store.claim(&b, 1).await.unwrap();
    let error = fixture.store.write(request.id, request.fence, write).await.unwrap_err();
    assert!(error.is_stale_fence(), "also once the survivor runs it");
    let end = AttemptEnd::Finished { reply: None };
    let error = fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap_err();
    assert!(error.is_stale_fence());
    assert_eq!(fixture.get(request.id).await, claimed[0]);
    assert_eq!(fixture.store.saved_points(request.id).await.unwrap(), []);
    assert_eq!(fixture.store.claim(&a, 1).await.unwrap_err().code(), "store/stale-owner");
}

pub(super) async fn takeovers_neither_spend_nor_reset_retries(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let settings = RequestSettings { retry_count: 1, retry_interval_ms: 0, ..anywhere() };
    let request = fixture.request(Some(&a), settings).await;
    let error = RequestError { code: "x".to_owned(), message: "y".to_owned(), component: None };
    let end = AttemptEnd::Failed { error, retryable: true };
    fixture.store.end_attempt(request.id, request.fence, end.clone(), AttemptWrite::default()).await.unwrap();
    fixture.store.claim(&a, 1).await.unwrap();
    take_over(&fixture, &b, &a).await;
    let claimed = fixture.store.claim(&b, 1).await.unwrap();
    assert_eq!((claimed[0].attempt, claimed[0].retries_used), (3, 1));
    let (id, fence) = (request.id, claimed[0].fence);
    let ended = fixture.store.end_attempt(id, fence, end, AttemptWrite::default()).await.unwrap();
    assert_eq!(ended.state, RequestState::Error);
}

/// `count` servers in a row start the request and are lost; the last survivor is left.
async fn lose_owners(fixture: &Fixture, request: &Request, count: usize) -> Owner {
    let mut owner = request.owner.clone().unwrap();
    for number in 0..count {
        let survivor = fixture.server(&format!("survivor-{}-{number}", request.id)).await;
        take_over(fixture, &survivor, &owner).await;
        if number + 1 < count {
            assert_eq!(fixture.store.claim(&survivor, 1).await.unwrap().len(), 1);
        }
        owner = survivor;
    }
    owner
}

pub(super) async fn the_third_takeover_without_progress_is_an_error(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    fixture.save(&request, "before").await;
    let last = lose_owners(&fixture, &request, 2).await;
    let after = fixture.get(request.id).await;
    assert_eq!((after.state, after.takeovers_without_progress), (RequestState::WaitingForRetry, 2));
    fixture.store.claim(&last, 1).await.unwrap();
    let survivor = fixture.server("z").await;
    let takeover = fixture.store.take_over(&survivor, &last).await.unwrap();
    assert_eq!(takeover.requests, []);
    let after = fixture.get(request.id).await;
    assert_eq!(after.state, RequestState::Error);
    assert_eq!(after.error.map(|error| error.code).as_deref(), Some("request/takeover-limit"));
    let again = fixture.store.re_execute(request.id, &survivor, "ann", None).await.unwrap();
    assert_eq!(again.takeovers_without_progress, 0);
}

pub(super) async fn a_saved_point_ends_the_row_of_takeovers(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let owner = lose_owners(&fixture, &request, 2).await;
    let claimed = fixture.store.claim(&owner, 1).await.unwrap();
    assert_eq!(claimed[0].takeovers_without_progress, 2);
    fixture.save(&claimed[0], "progress").await;
    assert_eq!(fixture.get(request.id).await.takeovers_without_progress, 0);
    let survivor = fixture.server("z").await;
    take_over(&fixture, &survivor, &owner).await;
    assert_eq!(fixture.get(request.id).await.state, RequestState::WaitingForRetry);
}

pub(super) async fn a_restarted_server_recovers_its_own_requests(fixture: Fixture) {
    let a = fixture.server("a").await;
    let free = fixture.request(Some(&a), anywhere()).await;
    let saved = fixture.request(Some(&a), here_only()).await;
    fixture.save(&saved, "one").await;
    let unsaved = fixture.request(Some(&a), here_only()).await;
    let waiting = fixture.request(Some(&a), here_only()).await;
    let waiting = wait(&fixture, &waiting, 5000).await;
    fixture.clock.advance_ms(10);
    let again = fixture.server("a").await;
    for before in [&free, &saved] {
        let after = fixture.get(before.id).await;
        assert_eq!((after.state, after.owner.as_ref()), (RequestState::WaitingForRetry, Some(&again)));
        assert_eq!((after.due, after.takeovers_without_progress), (Some(fixture.store.now()), 1));
        assert!(after.fence > before.fence);
        assert_eq!(fixture.events(before.id).await, [event::OWNER_RESTARTED]);
        assert_eq!(fixture.store.attempts(before.id, None, 100).await.unwrap()[0].end, Some(AttemptOutcome::OwnerLost));
    }
    assert_eq!(fixture.get(unsaved.id).await.state, RequestState::Error);
    let after = fixture.get(waiting.id).await;
    assert_eq!((after.state, after.due), (RequestState::WaitingForRetry, waiting.due));
    assert_eq!(after.owner.as_ref(), Some(&again));
    let error = fixture.store.write(free.id, free.fence, AttemptWrite::default()).await.unwrap_err();
    assert!(error.is_stale_fence());
    let b = fixture.server("b").await;
    assert!(!fixture.store.take_over(&b, &a).await.unwrap().first, "the earlier epoch is history");
    assert_eq!(fixture.store.claim(&again, 9).await.unwrap().len(), 2);
}

pub(super) async fn a_restarted_server_finds_what_stayed_its_own(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let bound = fixture.request(Some(&a), here_only()).await;
    fixture.save(&bound, "one").await;
    let free = fixture.request(Some(&a), anywhere()).await;
    take_over(&fixture, &b, &a).await;
    let again = fixture.server("a").await;
    let claimed = fixture.store.claim(&again, 9).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [bound.id]);
    assert_eq!(claimed[0].takeovers_without_progress, 1, "the loss is counted once");
    assert_eq!(fixture.get(free.id).await.owner.as_ref(), Some(&b));
    let server = fixture.store.servers().await.unwrap().into_iter().find(|server| server.id == a.server).unwrap();
    assert_eq!((server.state, server.taken_over_by, server.terminated), (ServerState::Running, None, None));
}

pub(super) async fn a_person_takes_a_running_request_from_its_owner(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let request = fixture.request(Some(&a), here_only()).await;
    fixture.save(&request, "orders validated").await;
    fixture.clock.advance_ms(50);
    let early = fixture.store.take_from(request.id, &b, "ann").await.unwrap_err();
    assert_eq!(early.code(), "store/wrong-state", "it gets on");
    let (since, entry) = (Some(fixture.store.now()), log_entry(1, event::STALLED, 1));
    fixture.store.mark_stalled(request.id, request.fence, since, entry).await.unwrap();
    let taken = fixture.store.take_from(request.id, &b, "ann").await.unwrap();
    assert_eq!((taken.state, taken.owner.as_ref()), (RequestState::WaitingForRetry, Some(&b)));
    assert_eq!((taken.due, taken.retries_used), (Some(fixture.store.now()), 0));
    assert!(taken.fence > request.fence);
    assert_eq!(fixture.get(request.id).await, taken);
    let late = fixture.store.write(request.id, request.fence, AttemptWrite::default()).await.unwrap_err();
    assert_eq!(late.code(), "store/stale-fence", "its owner is told with its next write");
    let late = fixture.store.mark_stalled(request.id, request.fence, None, log_entry(1, "late", 1)).await.unwrap_err();
    assert_eq!(late.code(), "store/stale-fence");
    let again = fixture.store.take_from(request.id, &a, "ann").await.unwrap_err();
    assert_eq!(again.code(), "store/wrong-state", "nobody runs it");
    let attempts = fixture.store.attempts(request.id, None, 100).await.unwrap();
    assert_eq!(attempts[0].end, Some(AttemptOutcome::OwnerLost));
    let claimed = fixture.store.claim(&b, 9).await.unwrap();
    assert_eq!(claimed.iter().map(|request| (request.id, request.attempt)).collect::<Vec<_>>(), [(request.id, 2)]);
    assert_eq!(fixture.store.saved_points(request.id).await.unwrap().len(), 1, "what is saved stays");
    fixture.store.terminate(&b).await.unwrap();
    let gone = fixture.store.take_from(request.id, &b, "ann").await.unwrap_err();
    assert_eq!(gone.code(), "store/stale-owner");
}

pub(super) async fn a_stalled_attempt_is_marked_and_found(fixture: Fixture) {
    let (store, a, b) = (&fixture.store, fixture.server("a").await, fixture.server("b").await);
    let (hangs, works) = (fixture.request(Some(&a), anywhere()).await, fixture.request(Some(&a), anywhere()).await);
    let found = async |filter: RequestFilter| {
        let stalled = RequestFilter { stalled: true, ..filter };
        let counted: u64 = store.counts(&stalled).await.unwrap().values().sum();
        let found: Vec<_> = store.list(&stalled).await.unwrap().iter().map(|request| request.id).collect();
        assert_eq!(counted, found.len() as u64);
        found
    };
    let all = RequestFilter::default();
    assert_eq!(found(all.clone()).await, []);
    fixture.clock.advance_ms(50);
    let since = Some(hangs.updated);
    let entry = log_entry(1, event::STALLED, 1);
    let marked = store.mark_stalled(hangs.id, hangs.fence, since, entry.clone()).await.unwrap();
    assert_eq!((marked.stalled, marked.updated, marked.fence), (since, store.now(), hangs.fence));
    assert_eq!(marked, fixture.get(hangs.id).await);
    assert_eq!(fixture.events(hangs.id).await, [event::STALLED]);
    assert_eq!(fixture.get(works.id).await, works);
    assert_eq!(found(all.clone()).await, [hangs.id]);
    assert_eq!(found(RequestFilter { owner: Some(b.server.clone()), ..all.clone() }).await, []);
    assert_eq!(found(RequestFilter { text: Some(works.id.to_string()), ..all.clone() }).await, []);
    // It may save on, and be cleared by whoever marked it.
    fixture.save(&hangs, "one").await;
    assert_eq!(fixture.get(hangs.id).await.stalled, since);
    let entry = log_entry(1, event::NO_LONGER_STALLED, 1);
    let cleared = store.mark_stalled(hangs.id, hangs.fence, None, entry.clone()).await.unwrap();
    assert_eq!((cleared.stalled, fixture.get(hangs.id).await.stalled), (None, None));
    // The mark goes with the attempt.
    store.mark_stalled(hangs.id, hangs.fence, since, entry.clone()).await.unwrap();
    store.take_from(hangs.id, &b, "ann").await.unwrap();
    assert_eq!(fixture.get(hangs.id).await.stalled, None);
    let claimed = store.claim(&b, 1).await.unwrap().remove(0);
    assert_eq!((claimed.stalled, fixture.get(hangs.id).await.stalled), (None, None));
    store.mark_stalled(hangs.id, claimed.fence, since, entry.clone()).await.unwrap();
    take_over(&fixture, &a, &b).await;
    let claimed = store.claim(&a, 1).await.unwrap().remove(0);
    assert_eq!((claimed.stalled, fixture.get(hangs.id).await.stalled), (None, None));
    store.mark_stalled(hangs.id, claimed.fence, since, entry).await.unwrap();
    let end = AttemptEnd::Finished { reply: None };
    let ended = store.end_attempt(hangs.id, claimed.fence, end, AttemptWrite::default()).await.unwrap();
    assert_eq!((ended.stalled, fixture.get(hangs.id).await), (None, ended));
    assert_eq!(found(all).await, []);
}
