//! Requests and their attempts.

use super::{Fixture, anywhere, checkpoint, here_only, log_entry, new_request};
use crate::{
    AttemptEnd, AttemptOutcome, AttemptWrite, Fence, ProjectName, Request, RequestError, RequestFilter, RequestId,
    RequestSettings, RequestState, ServerId, event,
};
use serde_json::json;
use std::time::Duration;

fn failure() -> RequestError {
    RequestError { code: "http/status".to_owned(), message: "503".to_owned(), component: Some("http-1".to_owned()) }
}

pub(super) async fn fail(fixture: &Fixture, request: &Request, retryable: bool) -> Request {
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
