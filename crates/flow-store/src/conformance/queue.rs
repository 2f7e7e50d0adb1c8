//! Who comes next: priorities, turns and limits. The rules themselves are tested beside them.

use super::{Fixture, anywhere, here_only, new_request};
use crate::queue::RISES_MS;
use crate::{
    AttemptEnd, AttemptWrite, Limit, Limited, NewRequest, Owner, ProjectName, Request, RequestId, RequestSettings,
    RequestState, ServerState,
};
use serde_json::json;
use std::time::Duration;

fn of_flow(flow: &str, settings: RequestSettings) -> NewRequest {
    NewRequest { flow: flow.to_owned(), ..new_request(settings) }
}

fn urgent(priority: i32) -> RequestSettings {
    RequestSettings { priority, ..anywhere() }
}

fn under(limits: &[Limit]) -> RequestSettings {
    RequestSettings { limits: limits.to_vec(), ..anywhere() }
}

fn flow_limit(most: u32) -> Limit {
    Limit { of: Limited::Flow("import".to_owned()), most }
}

fn connection_limit(most: u32) -> Limit {
    Limit { of: Limited::Connection("warehouse".to_owned()), most }
}

impl Fixture {
    async fn make(&self, new: NewRequest) -> RequestId {
        self.store.create_request(new, None).await.unwrap().request.id
    }

    async fn claimed(&self, owner: &Owner, most: usize) -> Vec<RequestId> {
        self.store.claim(owner, most).await.unwrap().into_iter().map(|request| request.id).collect()
    }

    async fn finish(&self, id: RequestId) -> Request {
        let fence = self.get(id).await.fence;
        let end = AttemptEnd::Finished { reply: None };
        self.store.end_attempt(id, fence, end, AttemptWrite::default()).await.unwrap()
    }
}

pub(super) async fn a_higher_priority_is_claimed_first(fixture: Fixture) {
    let a = fixture.server("a").await;
    let mut made = Vec::new();
    for priority in [0, -3, 5, 5] {
        made.push(fixture.make(of_flow("import", urgent(priority))).await);
    }
    assert_eq!(fixture.get(made[2]).await.settings.priority, 5);
    assert_eq!(fixture.claimed(&a, 3).await, [made[2], made[3], made[0]]);
    assert_eq!(fixture.claimed(&a, 3).await, [made[1]]);
}

pub(super) async fn a_low_priority_does_not_wait_for_ever(fixture: Fixture) {
    let a = fixture.server("a").await;
    let low = fixture.make(of_flow("export", urgent(0))).await;
    fixture.clock.advance_ms(i64::try_from(3 * RISES_MS).unwrap());
    let high: Vec<_> =
        [fixture.make(of_flow("import", urgent(2))).await, fixture.make(of_flow("import", urgent(2))).await].into();
    assert_eq!(fixture.claimed(&a, 1).await, [low]);
    fixture.make(of_flow("export", urgent(0))).await;
    assert_eq!(fixture.claimed(&a, 2).await, high);
}

pub(super) async fn flows_take_turns(fixture: Fixture) {
    let a = fixture.server("a").await;
    let mut flood = Vec::new();
    for _ in 0..20 {
        flood.push(fixture.make(of_flow("import", anywhere())).await);
    }
    fixture.clock.advance_ms(5);
    let mut other = Vec::new();
    for _ in 0..3 {
        other.push(fixture.make(of_flow("export", anywhere())).await);
    }
    assert_eq!(fixture.claimed(&a, 4).await, [flood[0], other[0], flood[1], other[1]]);
    // One at a time they take turns, too.
    let mut one_by_one = Vec::new();
    for _ in 0..3 {
        fixture.clock.advance_ms(1);
        one_by_one.extend(fixture.claimed(&a, 1).await);
    }
    assert!(one_by_one[..2].contains(&other[2]), "{one_by_one:?} {other:?}");
    assert_eq!(one_by_one.iter().filter(|id| flood.contains(id)).count(), 2);
}

pub(super) async fn a_limit_holds_everywhere_and_after_a_takeover(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let mut made = Vec::new();
    let new = || of_flow("import", under(&[flow_limit(2)]));
    let created = fixture.store.create_request(new(), Some(a.clone())).await.unwrap().request;
    assert_eq!((created.state, created.owner.as_ref()), (RequestState::Queued, Some(&a)), "only a claim counts");
    assert_eq!(created.settings.limits, [flow_limit(2)]);
    assert!(fixture.claimed(&b, 5).await.is_empty(), "it is queued for its owner");
    made.push(created.id);
    for _ in 0..4 {
        made.push(fixture.make(new()).await);
    }
    assert_eq!(fixture.store.next_due(&a).await.unwrap(), Some(Duration::ZERO));
    assert_eq!(fixture.claimed(&a, 5).await, made[..2]);
    for server in [&a, &b] {
        assert!(fixture.claimed(server, 5).await.is_empty());
        assert_eq!(fixture.store.next_due(server).await.unwrap(), None);
    }
    let project = ProjectName::parse("orders").unwrap();
    let limits = fixture.store.limits().await.unwrap();
    assert_eq!(limits.running(&project, &flow_limit(2).of), 2);
    assert_eq!(limits.reached(&project, &[flow_limit(3), flow_limit(2)]), Some(&flow_limit(2)));

    fixture.finish(made[0]).await;
    assert_eq!(fixture.claimed(&b, 5).await, [made[2]]);
    // What ran at the lost server runs no more, and competes with the others for its place.
    fixture.store.take_over(&b, &a).await.unwrap();
    let next = fixture.claimed(&b, 5).await;
    assert_eq!((next.len(), fixture.claimed(&b, 5).await.len()), (1, 0));
    let running = [made[2], next[0]];
    for id in made {
        let is_running = fixture.get(id).await.state == RequestState::Running;
        assert_eq!(is_running, running.contains(&id), "{id}");
    }
}

pub(super) async fn what_is_free_passes_what_waits_for_a_limit(fixture: Fixture) {
    let a = fixture.server("a").await;
    for _ in 0..3 {
        fixture.make(of_flow("import", under(&[flow_limit(1)]))).await;
    }
    let free = fixture.make(of_flow("export", anywhere())).await;
    assert_eq!(fixture.claimed(&a, 1).await.len(), 1);
    assert_eq!(fixture.claimed(&a, 5).await, [free]);
}

pub(super) async fn a_limit_of_a_connection_counts_all_flows_that_use_it(fixture: Fixture) {
    let a = fixture.server("a").await;
    let first = fixture.make(of_flow("import", under(&[flow_limit(5), connection_limit(1)]))).await;
    let second = fixture.make(of_flow("export", under(&[connection_limit(1)]))).await;
    let elsewhere = NewRequest {
        project: ProjectName::parse("other").unwrap(),
        ..of_flow("import", under(&[connection_limit(1)]))
    };
    let elsewhere = fixture.make(elsewhere).await;
    let mut claimed = fixture.claimed(&a, 5).await;
    claimed.sort_unstable();
    assert_eq!(claimed, [first, elsewhere]);
    // A request that waits for a time uses nothing meanwhile, and needs room to go on.
    let due = fixture.store.now().plus_ms(10);
    let end = AttemptEnd::Waiting { due, component: "wait-1".to_owned() };
    fixture.store.end_attempt(first, fixture.get(first).await.fence, end, AttemptWrite::default()).await.unwrap();
    assert_eq!(fixture.claimed(&a, 5).await, [second]);
    fixture.clock.advance_ms(20);
    assert!(fixture.claimed(&a, 5).await.is_empty());
    fixture.finish(second).await;
    assert_eq!(fixture.claimed(&a, 5).await, [first]);
}

pub(super) async fn what_an_operator_sets_holds_at_once(fixture: Fixture) {
    let a = fixture.server("a").await;
    for _ in 0..5 {
        fixture.make(of_flow("import", under(&[flow_limit(1)]))).await;
    }
    assert_eq!(fixture.claimed(&a, 5).await.len(), 1);
    let key = flow_limit(1).of.setting(&ProjectName::parse("orders").unwrap());
    fixture.store.set_setting(&key, json!(3), "ann", None).await.unwrap();
    assert_eq!(fixture.claimed(&a, 5).await.len(), 2);
    fixture.store.set_setting(&key, json!(0), "ann", None).await.unwrap();
    assert!(fixture.claimed(&a, 5).await.is_empty());
    fixture.store.remove_setting(&key, "ann", None).await.unwrap();
    assert!(fixture.claimed(&a, 5).await.is_empty());
}

pub(super) async fn a_server_in_maintenance_claims_nothing_and_hands_over_what_waits(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let due = fixture.store.now().plus_ms(10);
    let mut waiting = Vec::new();
    for settings in [anywhere(), here_only()] {
        let request = fixture.request(Some(&a), settings).await;
        let end = AttemptEnd::Waiting { due, component: "wait-1".to_owned() };
        fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
        waiting.push(request.id);
    }
    let running = fixture.request(Some(&a), anywhere()).await;
    fixture.store.set_maintenance(&a.server, true).await.unwrap();
    let state = async || {
        let servers = fixture.store.servers().await.unwrap();
        servers.iter().find(|server| server.id == a.server).map(|server| (server.state, server.maintenance)).unwrap()
    };
    assert_eq!(state().await, (ServerState::Draining, true));
    assert_eq!(fixture.request(Some(&a), anywhere()).await.state, RequestState::Queued);
    assert!(fixture.claimed(&a, 5).await.is_empty());
    assert_eq!(fixture.store.take_over(&a, &b).await.unwrap_err().code(), "store/conflict");

    fixture.store.hand_over(&a).await.unwrap();
    assert_eq!(fixture.get(waiting[0]).await.owner, None);
    assert_eq!(fixture.get(waiting[1]).await.owner.as_ref(), Some(&a), "no other server may go on with it");
    assert_eq!(fixture.get(running.id).await.state, RequestState::Running, "it goes on to its end");
    fixture.clock.advance_ms(20);
    assert_eq!(fixture.claimed(&b, 5).await.len(), 2);

    let again = fixture.server("a").await;
    assert_eq!(state().await, (ServerState::Draining, true), "it lasts over a restart");
    assert!(fixture.claimed(&again, 5).await.is_empty());
    fixture.store.set_maintenance(&a.server, false).await.unwrap();
    assert_eq!(state().await, (ServerState::Running, false));
    assert!(fixture.claimed(&again, 5).await.contains(&waiting[1]));
    let missing = crate::ServerId::parse("none").unwrap();
    assert_eq!(fixture.store.set_maintenance(&missing, true).await.unwrap_err().code(), "store/not-found");
}
