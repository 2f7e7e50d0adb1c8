//! Requests and their attempts.

use super::{Fixture, anywhere, checkpoint, here_only, log_entry, new_request};
use crate::{
    AttemptEnd, AttemptOutcome, AttemptWrite, Fence, NewVersion, PointPlace, ProjectName, ReExecution, Request,
    RequestError, RequestFilter, RequestId, RequestSettings, RequestState, SavedData, SavedKind, SavedOutline,
    SavedPoint, ServerId, ServerState, Timestamp, VersionId, event,
};
use serde_json::json;
use std::time::Duration;

fn failure() -> RequestError {
    RequestError { code: "http/status".to_owned(), message: "503".to_owned(), component: Some("http-1".to_owned()) }
}

async fn fail(fixture: &Fixture, request: &Request, retryable: bool) -> Request {
    let end = AttemptEnd::Failed { error: failure(), retryable };
    fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap()
}

pub(super) async fn a_request_without_owner_is_queued_and_claimed_once(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    assert_eq!(fixture.store.next_due(&a).await.unwrap(), None);
    let queued = fixture.request(None, anywhere()).await;
    assert_eq!((queued.state, &queued.owner, queued.attempt), (RequestState::Queued, &None, 0));
    assert_eq!(fixture.store.next_due(&a).await.unwrap(), Some(Duration::ZERO));

    fixture.clock.advance_ms(10);
    let claimed = fixture.store.claim(&a, 10).await.unwrap();
    let [request] = claimed.as_slice() else { panic!("{claimed:?}") };
    assert_eq!((request.state, request.attempt), (RequestState::Running, 1));
    assert_eq!(request.owner.as_ref(), Some(&a));
    assert!(request.fence > queued.fence);
    assert_eq!(request.started, Some(fixture.store.now()));
    assert_eq!(*request, fixture.get(queued.id).await);
    assert_eq!(fixture.store.claim(&b, 10).await.unwrap(), []);

    let attempts = fixture.store.attempts(queued.id, None, 100).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].attempt, &attempts[0].owner, attempts[0].ended), (1, &a, None));
    assert_eq!(attempts[0].server_name, "Server a");
}

pub(super) async fn a_request_with_owner_runs_from_the_start(fixture: Fixture) {
    let a = fixture.server("a").await;
    let created = fixture.store.create_request(new_request(here_only()), Some(a.clone())).await.unwrap();
    assert!(created.new);
    let request = created.request;
    assert_eq!((request.state, request.attempt, &request.owner), (RequestState::Running, 1, &Some(a.clone())));
    assert_eq!(request.inputs, json!({"day": "2026-01-31", "limit": 12.5}));
    assert_eq!(fixture.store.claim(&a, 10).await.unwrap(), []);
    fixture.clock.advance_ms(7);
    let end = AttemptEnd::Finished { reply: Some(json!({"orders": 12})) };
    let write = AttemptWrite { saved: vec![], log: vec![log_entry(1, event::FINISHED, 9)] };
    let ended = fixture.store.end_attempt(request.id, request.fence, end, write).await.unwrap();
    assert_eq!((ended.state, ended.ended), (RequestState::Finished, Some(fixture.store.now())));
    assert_eq!(ended.reply, Some(json!({"orders": 12})));
    assert_eq!(ended, fixture.get(request.id).await);
    let attempts = fixture.store.attempts(request.id, None, 100).await.unwrap();
    assert_eq!((attempts[0].end, attempts[0].ended), (Some(AttemptOutcome::Finished), ended.ended));
}

pub(super) async fn an_idempotency_key_gives_the_first_request_again(fixture: Fixture) {
    let a = fixture.server("a").await;
    let mut new = new_request(anywhere());
    new.idempotency_key = Some("order-7".to_owned());
    let first = fixture.store.create_request(new.clone(), Some(a.clone())).await.unwrap();
    let again = fixture.store.create_request(new.clone(), Some(a.clone())).await.unwrap();
    assert_eq!((first.new, again.new), (true, false));
    assert_eq!(again.request, first.request);
    new.inputs = json!({"day": "another"});
    let error = fixture.store.create_request(new.clone(), Some(a)).await.unwrap_err();
    assert_eq!(error.code(), "store/conflict");
    new.project = ProjectName::parse("another project").unwrap();
    assert!(fixture.store.create_request(new, None).await.unwrap().new);
}

pub(super) async fn requests_are_made_all_or_none(fixture: Fixture) {
    let with_key = |key: &str, flow: &str| {
        let mut new = new_request(anywhere());
        (new.idempotency_key, new.flow) = (Some(key.to_owned()), flow.to_owned());
        new
    };
    let wanted = vec![with_key("1", "import"), with_key("2", "import"), with_key("1", "export")];
    let error = fixture.store.create_requests(wanted, None, None).await.unwrap_err();
    assert_eq!(error.code(), "store/conflict");
    assert_eq!(fixture.store.counts(&RequestFilter::default()).await.unwrap()[&RequestState::Queued], 0);
    let wanted = vec![with_key("1", "import"), with_key("2", "import"), with_key("1", "import")];
    let created = fixture.store.create_requests(wanted, None, None).await.unwrap();
    assert_eq!(created.iter().map(|created| created.new).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(created[0].request.id, created[2].request.id);
    assert_eq!(fixture.store.counts(&RequestFilter::default()).await.unwrap()[&RequestState::Queued], 2);
}

pub(super) async fn saved_points_come_back_as_they_were_saved(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let begin = SavedPoint { kind: SavedKind::Begin, name: "Begin".to_owned(), ..checkpoint(&request, "start") };
    let object = SavedPoint {
        data: SavedData::Object { key: "objects/ab/cd".to_owned(), hash: "abcd".to_owned(), bytes: 70_000 },
        variables: json!({"total": 1.5, "name": "Zoë", "list": [1, null]}),
        iteration: "3/7".to_owned(),
        ..checkpoint(&request, "orders validated")
    };
    let outlets = SavedPoint {
        kind: SavedKind::Outlets,
        data: SavedData::None,
        outlets: vec!["large".to_owned(), "otherwise".to_owned()],
        ..checkpoint(&request, "branch")
    };
    let wait = SavedPoint { kind: SavedKind::Wait, due: Some(Timestamp(77)), ..checkpoint(&request, "wait") };
    let write = |saved: Vec<SavedPoint>| AttemptWrite { saved, log: vec![] };
    fixture.store.write(request.id, request.fence, write(vec![begin.clone()])).await.unwrap();
    assert_eq!(fixture.get(request.id).await.checkpoint.as_deref(), Some("Start"));
    fixture.store.write(request.id, request.fence, write(vec![object.clone(), outlets.clone()])).await.unwrap();
    fixture.store.write(request.id, request.fence, write(vec![wait.clone()])).await.unwrap();
    let saved = fixture.store.saved_points(request.id).await.unwrap();
    assert_eq!(saved, [begin, object, outlets, wait]);
    for page in 1..=5 {
        check_outlines(&fixture, request.id, &saved, page).await;
    }
    let request = fixture.get(request.id).await;
    assert_eq!((request.checkpoint.as_deref(), request.saved_points), (Some("orders validated"), 4));
}

/// Outlines, read so many a time from the newest on, tell of all saved points and lead to them.
async fn check_outlines(fixture: &Fixture, id: RequestId, saved: &[SavedPoint], page: usize) {
    let mut outlines: Vec<SavedOutline> = Vec::new();
    loop {
        let before = outlines.last().map(|last| last.place);
        let more = fixture.store.saved_outlines(id, before, page).await.unwrap();
        assert!(more.len() <= page);
        if more.is_empty() {
            break;
        }
        outlines.extend(more);
    }
    outlines.reverse();
    assert!(outlines.is_sorted_by_key(|outline| outline.place));
    let expected: Vec<_> =
        outlines.iter().zip(saved).map(|(outline, point)| SavedOutline::of(outline.place, point)).collect();
    assert_eq!((outlines.len(), &outlines), (saved.len(), &expected));
    let places: Vec<PointPlace> = outlines.iter().rev().map(|outline| outline.place).collect();
    let at: Vec<SavedPoint> = fixture.store.saved_at(id, &places).await.unwrap();
    assert!(at.iter().eq(saved.iter().rev()));
    let nowhere = fixture.store.saved_at(id, &[PointPlace(u32::MAX.into())]).await;
    assert_eq!(nowhere.unwrap_err().code(), "store/not-found");
}

pub(super) async fn log_entries_are_numbered_over_all_writes(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let write = |events: &[(&str, i64)]| AttemptWrite {
        saved: vec![],
        log: events.iter().map(|(event, at)| log_entry(1, event, *at)).collect(),
    };
    let (id, fence) = (request.id, request.fence);
    fixture.store.write(id, fence, write(&[("one", 1), ("two", 2), ("three", 3)])).await.unwrap();
    fixture.store.write(id, fence, AttemptWrite::default()).await.unwrap();
    fixture.store.write(id, fence, write(&[("four", 4), (event::COMPONENT_STARTED, 5)])).await.unwrap();
    fixture.store.write(id, fence, write(&[(event::COMPONENT_STARTED, 6)])).await.unwrap();
    let page = async |after, limit| {
        let entries = fixture.store.log(id, after, limit).await.unwrap();
        entries.into_iter().map(|entry| (entry.number, entry.entry.event)).collect::<Vec<_>>()
    };
    let all = page(0, 100).await;
    assert_eq!(all.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(page(0, 2).await, all[..2]);
    assert_eq!(page(1, 3).await, all[1..4]);
    assert_eq!(page(3, 100).await, all[3..]);
    assert_eq!(page(6, 100).await, []);
    let attempts = fixture.store.attempts(id, None, 100).await.unwrap();
    assert_eq!(attempts[0].first_component_at, Some(Timestamp(5)));
}

pub(super) async fn attempts_are_read_in_pages_the_newest_first(fixture: Fixture) {
    let a = fixture.server("a").await;
    let mut request = fixture.request(Some(&a), anywhere()).await;
    for _ in 1..5 {
        let end = AttemptEnd::Released;
        fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
        request = fixture.store.claim(&a, 1).await.unwrap().remove(0);
    }
    let page = async |before, limit| {
        let attempts = fixture.store.attempts(request.id, before, limit).await.unwrap();
        attempts.iter().map(|attempt| (attempt.attempt, attempt.end.is_some())).collect::<Vec<_>>()
    };
    let all = page(None, 100).await;
    assert_eq!(all, [(1, true), (2, true), (3, true), (4, true), (5, false)]);
    assert_eq!(page(None, 2).await, all[3..]);
    assert_eq!(page(Some(4), 2).await, all[1..3]);
    assert_eq!(page(Some(2), 2).await, all[..1]);
    assert_eq!(page(Some(1), 2).await, []);
}

pub(super) async fn a_stale_fence_changes_nothing(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let write = AttemptWrite { saved: vec![checkpoint(&request, "late")], log: vec![log_entry(1, "late", 1)] };
    let before = fixture.get(request.id).await;
    for fence in [Fence(request.fence.0 - 1), Fence(request.fence.0 + 1)] {
        let error = fixture.store.write(request.id, fence, write.clone()).await.unwrap_err();
        assert_eq!(error.code(), "store/stale-fence");
        let end = AttemptEnd::Finished { reply: None };
        let error = fixture.store.end_attempt(request.id, fence, end, write.clone()).await.unwrap_err();
        assert!(error.is_stale_fence());
    }
    assert_eq!(fixture.get(request.id).await, before);
    assert_eq!(fixture.store.saved_points(request.id).await.unwrap(), []);
    assert_eq!(fixture.events(request.id).await, Vec::<String>::new());

    let end = AttemptEnd::Finished { reply: None };
    fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
    let error = fixture.store.write(request.id, request.fence, write).await.unwrap_err();
    assert_eq!(error.code(), "store/stale-fence", "an attempt that has ended writes no more");
}

pub(super) async fn a_failed_attempt_is_retried_when_it_is_due(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let settings = RequestSettings { retry_count: 1, retry_interval_ms: 5000, ..anywhere() };
    let request = fixture.request(Some(&a), settings).await;
    let failed = fail(&fixture, &request, true).await;
    assert_eq!((failed.state, failed.retries_used), (RequestState::WaitingForRetry, 1));
    assert_eq!(failed.due, Some(fixture.store.now().plus_ms(5000)));
    assert_eq!(failed.error, Some(failure()));
    assert_eq!(fixture.events(request.id).await, [event::RETRY_SCHEDULED]);
    assert_eq!(fixture.store.next_due(&a).await.unwrap(), Some(Duration::from_secs(5)));
    assert_eq!(fixture.store.next_due(&b).await.unwrap(), None, "retries stay with the owner");

    fixture.clock.advance_ms(4999);
    assert_eq!(fixture.store.claim(&a, 10).await.unwrap(), []);
    fixture.clock.advance_ms(1);
    assert_eq!(fixture.store.claim(&b, 10).await.unwrap(), []);
    let claimed = fixture.store.claim(&a, 10).await.unwrap();
    assert_eq!((claimed[0].attempt, claimed[0].due, &claimed[0].error), (2, None, &None));
    let failed = fail(&fixture, &claimed[0], true).await;
    assert_eq!((failed.state, failed.retries_used), (RequestState::Error, 1));
    assert_eq!(failed.ended, Some(fixture.store.now()));
    let attempts = fixture.store.attempts(request.id, None, 100).await.unwrap();
    let ends: Vec<_> = attempts.iter().map(|attempt| (attempt.end, attempt.error.clone())).collect();
    assert_eq!(ends, vec![(Some(AttemptOutcome::Failed), Some(failure())); 2]);
}

pub(super) async fn an_error_that_allows_no_retry_ends_the_request(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), RequestSettings { retry_count: 5, ..anywhere() }).await;
    let failed = fail(&fixture, &request, false).await;
    assert_eq!((failed.state, failed.retries_used), (RequestState::Error, 0));
}

pub(super) async fn a_waiting_request_is_claimed_when_it_is_due(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let due = fixture.store.now().plus_ms(60_000);
    let end = AttemptEnd::Waiting { due, component: "wait-1".to_owned() };
    let waiting = fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
    assert_eq!((waiting.state, waiting.due), (RequestState::Waiting, Some(due)));
    assert_eq!(fixture.store.claim(&a, 1).await.unwrap(), []);
    fixture.clock.advance_ms(60_000);
    let claimed = fixture.store.claim(&a, 1).await.unwrap();
    assert_eq!((claimed[0].id, claimed[0].attempt, claimed[0].retries_used), (request.id, 2, 0));
}

pub(super) async fn a_released_request_is_free_for_others(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let request = fixture.request(Some(&a), anywhere()).await;
    let (id, fence) = (request.id, request.fence);
    let released = fixture.store.end_attempt(id, fence, AttemptEnd::Released, AttemptWrite::default()).await.unwrap();
    assert_eq!((released.state, released.owner), (RequestState::Queued, None));
    let claimed = fixture.store.claim(&b, 1).await.unwrap();
    assert_eq!((claimed[0].id, claimed[0].attempt), (id, 2));
    assert!(claimed[0].fence > fence);
}

pub(super) async fn a_released_request_stays_where_others_may_not_go_on(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let with_points = fixture.request(Some(&a), here_only()).await;
    let without = fixture.request(Some(&a), here_only()).await;
    fixture.save(&with_points, "one").await;
    for request in [&with_points, &without] {
        let end = AttemptEnd::Released;
        fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
    }
    assert_eq!(fixture.get(without.id).await.state, RequestState::Error);
    assert_eq!(fixture.store.claim(&b, 5).await.unwrap(), []);
    let claimed = fixture.store.claim(&a, 5).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [with_points.id]);
}

pub(super) async fn claims_take_what_has_been_due_longest(fixture: Fixture) {
    let a = fixture.server("a").await;
    let settings = RequestSettings { retry_count: 1, retry_interval_ms: 1000, ..anywhere() };
    let retry = fixture.request(Some(&a), settings).await;
    fail(&fixture, &retry, true).await;
    let early = fixture.request(None, anywhere()).await;
    fixture.clock.advance_ms(2000);
    let late = fixture.request(None, anywhere()).await;
    let claimed = fixture.store.claim(&a, 2).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [early.id, retry.id]);
    let claimed = fixture.store.claim(&a, 2).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [late.id]);
}

pub(super) async fn a_cancelled_request_fences_its_attempt_off(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let cancelled = fixture.store.cancel(request.id, "ann").await.unwrap();
    assert_eq!((cancelled.state, cancelled.ended), (RequestState::Cancelled, Some(fixture.store.now())));
    assert_eq!(cancelled, fixture.get(request.id).await);
    let write = AttemptWrite { saved: vec![checkpoint(&request, "late")], log: vec![] };
    let error = fixture.store.write(request.id, request.fence, write).await.unwrap_err();
    assert!(error.is_stale_fence());
    assert_eq!(fixture.events(request.id).await, [event::CANCELLED]);
    let attempts = fixture.store.attempts(request.id, None, 100).await.unwrap();
    assert_eq!(attempts[0].end, Some(AttemptOutcome::Cancelled));
    let error = fixture.store.cancel(request.id, "ann").await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state");

    let queued = fixture.request(None, anywhere()).await;
    fixture.store.cancel(queued.id, "ann").await.unwrap();
    assert_eq!(fixture.store.claim(&a, 1).await.unwrap(), []);
}

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

pub(super) async fn requests_are_listed_by_filter_and_page(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let mut ids = Vec::new();
    for number in 0..8 {
        let mut new = new_request(anywhere());
        new.flow = if number % 2 == 0 { "even" } else { "odd" }.to_owned();
        new.project = ProjectName::parse(if number < 6 { "orders" } else { "other" }).unwrap();
        let owner = [Some(a.clone()), Some(b.clone()), None][number % 3].clone();
        ids.push(fixture.store.create_request(new, owner).await.unwrap().request.id);
    }
    let list = async |filter: RequestFilter| {
        let found = fixture.store.list(&filter).await.unwrap();
        found.iter().map(|request| ids.iter().position(|id| *id == request.id).unwrap()).collect::<Vec<_>>()
    };
    let all = RequestFilter::default();
    assert_eq!(list(all.clone()).await, [7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(list(RequestFilter { limit: 3, ..all.clone() }).await, [7, 6, 5]);
    assert_eq!(list(RequestFilter { before: Some(ids[5]), limit: 2, ..all.clone() }).await, [4, 3]);
    assert_eq!(list(RequestFilter { flow: Some("odd".to_owned()), ..all.clone() }).await, [7, 5, 3, 1]);
    let project = Some(ProjectName::parse("other").unwrap());
    assert_eq!(list(RequestFilter { project, ..all.clone() }).await, [7, 6]);
    assert_eq!(list(RequestFilter { owner: Some(ServerId::parse("b").unwrap()), ..all.clone() }).await, [7, 4, 1]);
    let states = vec![RequestState::Queued, RequestState::Finished];
    assert_eq!(list(RequestFilter { states, ..all.clone() }).await, [5, 2]);
    let states = vec![RequestState::Running, RequestState::Queued];
    assert_eq!(list(RequestFilter { states, limit: 4, ..all }).await, [7, 6, 5, 4]);
    let counts = fixture.store.counts(&RequestFilter::default()).await.unwrap();
    assert_eq!(counts.len(), RequestState::ALL.len());
    assert_eq!((counts[&RequestState::Running], counts[&RequestState::Queued]), (6, 2));
    assert_eq!(counts[&RequestState::Error], 0);
}

pub(super) async fn what_is_not_there_is_not_found(fixture: Fixture) {
    let a = fixture.server("a").await;
    let (store, id) = (&fixture.store, RequestId(404));
    let codes = [
        store.get(id).await.unwrap_err().code(),
        store.write(id, Fence(1), AttemptWrite::default()).await.unwrap_err().code(),
        store.saved_points(id).await.unwrap_err().code(),
        store.log(id, 0, 1).await.unwrap_err().code(),
        store.attempts(id, None, 100).await.unwrap_err().code(),
        store.cancel(id, "ann").await.unwrap_err().code(),
        store.re_execute(id, &a, "ann", None).await.unwrap_err().code(),
    ];
    assert_eq!(codes, ["store/not-found"; 7]);
}

pub(super) async fn going_back_brings_nothing_withdrawn_back_and_loses_nothing_that_stays(fixture: Fixture) {
    let (store, a) = (&fixture.store, fixture.server("a").await);
    let mut request = fixture.request(Some(&a), anywhere()).await;
    let id = request.id;
    let names = async || -> Vec<String> {
        let saved = store.saved_points(id).await.unwrap();
        let outlines = store.saved_outlines(id, None, 100).await.unwrap();
        // By each way of reading the same, page by page, too.
        assert_eq!(saved.len(), outlines.len());
        check_outlines(&fixture, id, &saved, 1).await;
        check_outlines(&fixture, id, &saved, 2).await;
        assert_eq!(saved.len(), fixture.get(id).await.saved_points as usize);
        saved.into_iter().map(|point| point.name).collect()
    };
    let write = async |request: &Request, kind: SavedKind, names: &[&str]| {
        let saved = names.iter().map(|name| SavedPoint { kind, ..checkpoint(request, name) }).collect();
        store.write(request.id, request.fence, AttemptWrite { saved, log: vec![] }).await.unwrap();
    };
    let back = async |request: &Request, keep: u32| -> Request {
        fail(&fixture, request, false).await;
        store.re_execute(request.id, &a, "ann", Some(keep)).await.unwrap();
        store.claim(&a, 1).await.unwrap().remove(0)
    };
    write(&request, SavedKind::Checkpoint, &["one", "two", "three"]).await;
    request = back(&request, 1).await;
    assert_eq!(names().await, ["one"], "each of several Checkpoints of one write can be gone back to");
    // Of another write than the Checkpoint that stayed, so it does not belong to that one.
    write(&request, SavedKind::Completed, &["mail"]).await;
    write(&request, SavedKind::Outlets, &["branch"]).await;
    assert_eq!(names().await, ["one", "mail", "branch"]);
    request = back(&request, 1).await;
    assert_eq!(names().await, ["one"], "nothing of a later write stays, though the write before it was cut off");
    write(&request, SavedKind::Checkpoint, &["four"]).await;
    write(&request, SavedKind::Input, &["join", "join", "other"]).await;
    request = back(&request, 3).await;
    assert_eq!(names().await, ["one", "four", "join", "join"], "the inlets of one component stay together");
    let error = {
        fail(&fixture, &request, false).await;
        store.re_execute(request.id, &a, "ann", Some(5)).await.unwrap_err()
    };
    assert_eq!(error.code(), "store/wrong-state", "what was withdrawn cannot be gone on from");
    assert_eq!(names().await, ["one", "four", "join", "join"]);
    store.re_execute(request.id, &a, "ann", None).await.unwrap();
    assert_eq!(names().await, ["one", "four", "join", "join"], "going on from all loses nothing");
    request = store.claim(&a, 1).await.unwrap().remove(0);
    write(&request, SavedKind::Checkpoint, &["five"]).await;
    request = back(&request, 0).await;
    assert!(names().await.is_empty());
    write(&request, SavedKind::Checkpoint, &["six"]).await;
    assert_eq!(names().await, ["six"], "nothing from before the start comes back");
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
    let events: Vec<_> = log.iter().map(|numbered| numbered.entry.event.as_str()).collect();
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
