//! Retention: what is removed, and what stays.

use super::{Fixture, anywhere, log_entry};
use crate::{
    AttemptEnd, AttemptWrite, Keep, Owner, Request, RequestError, RequestFilter, RequestState, RetentionDone,
    RetentionPolicy, RetentionReport,
};

/// A request that saves, logs and ends now.
async fn ended(fixture: &Fixture, owner: &Owner, state: RequestState) -> Request {
    let request = fixture.request(Some(owner), anywhere()).await;
    fixture.save(&request, "one").await;
    let error = || RequestError { code: "x/y".to_owned(), message: "no".to_owned(), component: None };
    let end = match state {
        RequestState::Cancelled => return fixture.store.cancel(request.id, "ann").await.unwrap(),
        RequestState::Finished => AttemptEnd::Finished { reply: None },
        _ => AttemptEnd::Failed { error: error(), retryable: false },
    };
    let write = AttemptWrite { saved: vec![], log: vec![log_entry(1, "end", 1)] };
    fixture.store.end_attempt(request.id, request.fence, end, write).await.unwrap()
}

async fn listed(fixture: &Fixture) -> Vec<i64> {
    let all = fixture.store.list(&RequestFilter::default()).await.unwrap();
    all.iter().map(|request| request.id.0).rev().collect()
}

/// Applies the policy until there is nothing more to do.
async fn apply(fixture: &Fixture, policy: &RetentionPolicy) -> (u64, u64) {
    let mut all = (0, 0);
    loop {
        let RetentionDone { requests, details, more } = fixture.store.apply_retention(policy, 2).await.unwrap();
        assert!(requests + details <= 2, "no more than asked for");
        all = (all.0 + requests, all.1 + details);
        if !more {
            return all;
        }
    }
}

fn would(report: &RetentionReport) -> Vec<(u64, u64)> {
    report.groups.iter().map(|group| (group.requests, group.details)).collect()
}

pub(super) async fn old_requests_are_removed_by_age_and_number(fixture: Fixture) {
    let (store, a) = (&fixture.store, fixture.server("a").await);
    let mut ids = Vec::new();
    for state in [RequestState::Finished, RequestState::Error, RequestState::Cancelled, RequestState::Finished] {
        ids.push(ended(&fixture, &a, state).await.id.0);
        fixture.clock.advance_ms(100);
    }
    let running = fixture.request(Some(&a), anywhere()).await;
    let waiting = fixture.request(None, anywhere()).await;
    assert_eq!(apply(&fixture, &RetentionPolicy::default()).await, (0, 0), "everything is kept for ever");

    // The first one ended 400 ms ago, the last one 100.
    let age = |age_ms| Keep { age_ms: Some(age_ms), ..Keep::default() };
    let policy = RetentionPolicy { finished: age(399), error: age(300), cancelled: age(0) };
    let report = store.retention_preview(&policy).await.unwrap();
    assert_eq!(would(&report), [(1, 0), (0, 0), (1, 0)], "exactly as old is not older");
    assert_eq!(report.groups.iter().map(|group| group.present).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(report.groups[0].oldest, Some(store.now().minus_ms(400)));
    assert_eq!(apply(&fixture, &policy).await, (2, 0));
    assert_eq!(listed(&fixture).await, [ids[1], ids[3], running.id.0, waiting.id.0]);
    let counts = store.counts(&RequestFilter::default()).await.unwrap();
    assert_eq!((counts[&RequestState::Finished], counts[&RequestState::Cancelled]), (1, 0));
    for gone in [ids[0], ids[2]] {
        assert_eq!(store.get(crate::RequestId(gone)).await.unwrap_err().code(), "store/not-found");
        assert_eq!(store.log(crate::RequestId(gone), 0, 1).await.unwrap_err().code(), "store/not-found");
    }

    for _ in 0..4 {
        fixture.clock.advance_ms(10);
        ids.push(ended(&fixture, &a, RequestState::Finished).await.id.0);
    }
    let policy = RetentionPolicy { finished: Keep { number: Some(2), ..Keep::default() }, ..Default::default() };
    assert_eq!(would(&store.retention_preview(&policy).await.unwrap()), [(3, 0), (0, 0), (0, 0)]);
    assert_eq!(apply(&fixture, &policy).await, (3, 0));
    assert_eq!(listed(&fixture).await, [ids[1], running.id.0, waiting.id.0, ids[6], ids[7]]);
    assert_eq!(apply(&fixture, &policy).await, (0, 0));
}

pub(super) async fn logs_and_saved_points_may_go_sooner(fixture: Fixture) {
    let (store, a) = (&fixture.store, fixture.server("a").await);
    let old = ended(&fixture, &a, RequestState::Error).await;
    fixture.clock.advance_ms(100);
    let young = ended(&fixture, &a, RequestState::Error).await;
    fixture.clock.advance_ms(100);
    let error = Keep { details_ms: Some(150), ..Keep::default() };
    let policy = RetentionPolicy { error, ..Default::default() };
    assert_eq!(would(&store.retention_preview(&policy).await.unwrap()), [(0, 0), (0, 1), (0, 0)]);
    assert_eq!(apply(&fixture, &policy).await, (0, 1));
    assert_eq!(apply(&fixture, &policy).await, (0, 0));
    assert_eq!(store.saved_points(old.id).await.unwrap(), []);
    assert_eq!(store.log(old.id, 0, 10).await.unwrap(), []);
    assert_eq!(fixture.get(old.id).await, old, "the request itself stays as it was");
    assert_eq!(store.saved_points(young.id).await.unwrap().len(), 1);
    assert_eq!(store.attempts(old.id, None, 100).await.unwrap().len(), 1);

    let error = store.re_execute(old.id, &a, "ann", None).await.unwrap_err();
    assert_eq!(error.code(), "store/wrong-state");
    assert!(error.to_string().contains("retention"), "{error}");
    let again = store.re_execute(old.id, &a, "ann", Some(0)).await.unwrap();
    assert_eq!((again.saved_points, again.checkpoint), (0, None));
    let claimed = store.claim(&a, 1).await.unwrap();
    fixture.save(&claimed[0], "two").await;
    let end = AttemptEnd::Failed {
        error: RequestError { code: "x/y".to_owned(), message: "no".to_owned(), component: None },
        retryable: false,
    };
    store.end_attempt(old.id, claimed[0].fence, end, AttemptWrite::default()).await.unwrap();
    assert_eq!(store.saved_points(old.id).await.unwrap().len(), 1);
    fixture.clock.advance_ms(200);
    assert_eq!(apply(&fixture, &policy).await, (0, 2), "it has ended again since");
}

pub(super) async fn a_key_is_free_again_when_its_request_is_gone(fixture: Fixture) {
    let a = fixture.server("a").await;
    let mut new = super::new_request(anywhere());
    new.idempotency_key = Some("order-7".to_owned());
    let first = fixture.store.create_request(new.clone(), Some(a.clone())).await.unwrap().request;
    fixture.store.cancel(first.id, "ann").await.unwrap();
    fixture.clock.advance_ms(10);
    let policy = RetentionPolicy { cancelled: Keep { age_ms: Some(5), ..Keep::default() }, ..Default::default() };
    assert_eq!(apply(&fixture, &policy).await, (1, 0));
    let again = fixture.store.create_request(new, Some(a)).await.unwrap();
    assert!(again.new);
    assert!(again.request.id > first.id, "an id is never used twice");
}
