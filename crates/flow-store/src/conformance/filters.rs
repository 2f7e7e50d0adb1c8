//! Filters of requests: lists and counts.

use super::{Fixture, anywhere, new_request};
use crate::{
    AttemptEnd, AttemptWrite, ProjectName, RequestError, RequestFilter, RequestId, RequestSettings, RequestState,
    ServerId, ServerState,
};

/// What the filter must give is what it says of each request by itself.
async fn agree(fixture: &Fixture, filter: &RequestFilter) -> Vec<RequestId> {
    let everything = RequestFilter { limit: 1000, ..RequestFilter::default() };
    let all = fixture.store.list(&everything).await.unwrap();
    let expected: Vec<_> = all.iter().filter(|request| filter.matches(request)).cloned().collect();
    let found = fixture.store.list(filter).await.unwrap();
    assert_eq!(found, expected.iter().take(filter.page()).cloned().collect::<Vec<_>>(), "{filter:?}");
    let counts = fixture.store.counts(filter).await.unwrap();
    let unpaged = RequestFilter { before: None, limit: 0, ..filter.clone() };
    for state in RequestState::ALL {
        let there = all.iter().filter(|request| unpaged.matches(request) && request.state == state).count();
        assert_eq!(counts.get(&state), Some(&(there as u64)), "{state} {filter:?}");
    }
    found.iter().map(|request| request.id).collect()
}

pub(super) async fn filters_by_error_text_and_time_can_be_combined(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    for number in 0..24_u32 {
        fixture.clock.advance_ms(10);
        let mut new = new_request(anywhere());
        new.flow = ["import/Daily", "export_100%", "straße"][number as usize % 3].to_owned();
        new.project = ProjectName::parse(["orders", "Sales"][number as usize % 2]).unwrap();
        new.settings.priority = [0, 5, -2][number as usize / 3 % 3];
        let owner = if number % 5 == 0 { &b } else { &a };
        let request = fixture.store.create_request(new, Some(owner.clone())).await.unwrap().request;
        let code = ["http/status", "sql/timeout"][number as usize / 2 % 2].to_owned();
        let error = RequestError { code, message: String::new(), component: None };
        let end = match number % 4 {
            0 => AttemptEnd::Finished { reply: None },
            1 | 2 => AttemptEnd::Failed { error, retryable: false },
            _ => AttemptEnd::Released,
        };
        fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
        ids.push(request.id);
        times.push(request.created);
    }
    let some = |text: &str| Some(text.to_owned());
    let all = RequestFilter::default();
    let text = |text: &str| RequestFilter { text: some(text), ..RequestFilter::default() };
    let mut filters = vec![
        RequestFilter { code: some("http/status"), ..all.clone() },
        RequestFilter { code: some("no/such"), ..all.clone() },
        RequestFilter { from: Some(times[5]), to: Some(times[12]), ..all.clone() },
        RequestFilter { from: Some(times[5].plus_ms(1)), ..all.clone() },
        RequestFilter { to: Some(times[0]), ..all.clone() },
        RequestFilter { from: Some(times[23].plus_ms(1)), ..all.clone() },
        RequestFilter { before: Some(ids[9]), from: Some(times[3]), limit: 4, ..all.clone() },
        RequestFilter { project: Some(ProjectName::parse("Sales").unwrap()), flow: some("straße"), ..all.clone() },
        RequestFilter { flow: some("no such flow"), ..all.clone() },
        RequestFilter { owner: Some(ServerId::parse("nobody").unwrap()), ..all.clone() },
        RequestFilter { priority: Some(5), ..all.clone() },
        RequestFilter { priority: Some(7), ..all.clone() },
    ];
    for priority in [-2, 0, 5].map(Some) {
        filters.push(RequestFilter { priority, limit: 3, before: Some(ids[20]), ..all.clone() });
        filters.push(RequestFilter { priority, from: Some(times[4]), to: Some(times[19]), ..all.clone() });
        filters.push(RequestFilter {
            priority,
            states: vec![RequestState::Error],
            flow: some("straße"),
            ..all.clone()
        });
        filters.push(RequestFilter { priority, ..text(&ids[3].to_string()) });
    }
    for wanted in ["DAILY", "100%", "_", "STRASSE", "ße", "sales", "", " ", "7", &ids[3].to_string(), "999999"] {
        filters.push(text(wanted));
        filters.push(RequestFilter { states: vec![RequestState::Error, RequestState::Queued], ..text(wanted) });
        filters.push(RequestFilter { owner: Some(b.server.clone()), limit: 1, ..text(wanted) });
        filters.push(RequestFilter { code: some("sql/timeout"), to: Some(times[20]), ..text(wanted) });
        filters.push(RequestFilter { before: Some(ids[10]), ..text(wanted) });
    }
    for filter in &filters {
        agree(&fixture, filter).await;
    }
    assert_eq!(agree(&fixture, &filters[2]).await.len(), 7, "from is included, to is not");
    assert_eq!(agree(&fixture, &text("daily")).await.len(), 8);
    assert_eq!(agree(&fixture, &RequestFilter { priority: Some(5), ..all }).await.len(), 9);
    assert_eq!(agree(&fixture, &text(&ids[3].to_string())).await, [ids[3]]);
}

pub(super) async fn lists_and_counts_follow_every_change(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let settings = RequestSettings { retry_count: 1, ..anywhere() };
    let of = |server: &crate::Owner| RequestFilter { owner: Some(server.server.clone()), ..RequestFilter::default() };
    let state = |state: RequestState| RequestFilter { states: vec![state], ..RequestFilter::default() };
    let code = |code: &str| RequestFilter { code: Some(code.to_owned()), ..RequestFilter::default() };
    let check = async |expected: [usize; 5]| {
        let filters = [of(&a), of(&b), code("x/y"), state(RequestState::Running), state(RequestState::WaitingForRetry)];
        for (filter, expected) in filters.iter().zip(expected) {
            assert_eq!(agree(&fixture, filter).await.len(), expected, "{filter:?}");
        }
    };
    let request = fixture.request(Some(&a), settings.clone()).await;
    check([1, 0, 0, 1, 0]).await;
    let error = RequestError { code: "x/y".to_owned(), message: String::new(), component: None };
    let end = AttemptEnd::Failed { error, retryable: true };
    fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
    check([1, 0, 1, 0, 1]).await;
    fixture.store.claim(&a, 1).await.unwrap();
    check([1, 0, 0, 1, 0]).await;
    let queued = fixture.request(None, settings).await;
    fixture.store.take_over(&b, &a).await.unwrap();
    check([0, 1, 0, 0, 1]).await;
    assert_eq!(fixture.store.servers().await.unwrap()[0].state, ServerState::Terminated);
    fixture.store.cancel(request.id, "ann").await.unwrap();
    check([0, 1, 0, 0, 0]).await;
    fixture.store.re_execute(request.id, &b, "ann", None).await.unwrap();
    check([0, 1, 0, 0, 1]).await;
    fixture.store.claim(&b, 5).await.unwrap();
    check([0, 2, 0, 2, 0]).await;
    fixture.store.terminate(&b).await.unwrap();
    check([0, 0, 0, 0, 0]).await;
    assert_eq!(agree(&fixture, &state(RequestState::Queued)).await, [queued.id, request.id]);
}
