//! Triggers.

use super::{Fixture, anywhere, here_only, new_request};
use crate::{
    AttemptEnd, AttemptWrite, Fired, Limit, Limited, NewFiring, NewTrigger, Owner, ProjectName, ProjectVersion,
    RequestId, RequestSettings, RequestState, Timestamp, TriggerState, VersionId,
};
use bytes::Bytes;

fn orders() -> ProjectName {
    ProjectName::parse("orders").unwrap()
}

fn version(name: &str) -> ProjectVersion {
    ProjectVersion { version: VersionId::parse(name).unwrap(), commit: format!("c-{name}") }
}

fn trigger(id: &str) -> NewTrigger {
    NewTrigger { trigger: id.to_owned(), mark: "m1".to_owned(), on: true }
}

fn firing(id: &str, key: &str, due: Timestamp) -> NewFiring {
    NewFiring {
        project: orders(),
        trigger: id.to_owned(),
        key: key.to_owned(),
        due,
        reached: None,
        missed: 0,
        lasting: false,
        by_hand: false,
        here_only: false,
        request: Some(new_request(anywhere())),
    }
}

fn limit(most: u32) -> Limit {
    Limit { of: Limited::Flow("import".to_owned()), most }
}

/// A firing whose request no other server can run, and is under a limit.
fn of_one_server(id: &str, key: &str, due: Timestamp, most: u32) -> NewFiring {
    let settings = RequestSettings { limits: vec![limit(most)], ..here_only() };
    NewFiring { here_only: true, request: Some(new_request(settings)), ..firing(id, key, due) }
}

impl Fixture {
    /// A server has a version of the project.
    async fn has(&self, server: &Owner, name: &str) {
        let version = version(name);
        let file = ("project.json".to_owned(), Bytes::from_static(b"{}"));
        self.store.put_version(&orders(), &version.version, &version.commit, vec![file]).await.unwrap();
        self.store.set_server_version(&server.server, &orders(), &version).await.unwrap();
    }

    async fn trigger(&self, id: &str) -> TriggerState {
        let states = self.store.trigger_states().await.unwrap();
        states.into_iter().find(|state| state.trigger == id).unwrap()
    }

    /// A server that has v1, whose triggers these are.
    async fn with_triggers(&self, ids: &[&str]) -> Owner {
        let server = self.server("a").await;
        self.has(&server, "v1").await;
        let triggers = ids.iter().map(|id| trigger(id)).collect();
        assert!(self.store.adopt_triggers(&orders(), &version("v1"), triggers).await.unwrap());
        server
    }
}

pub(super) async fn triggers_change_over_when_every_running_server_has_the_version(fixture: Fixture) {
    let store = &fixture.store;
    assert!(!store.adopt_triggers(&orders(), &version("v1"), vec![trigger("t")]).await.unwrap(), "no server runs");
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    fixture.has(&a, "v1").await;
    assert!(!store.adopt_triggers(&orders(), &version("v1"), vec![trigger("t")]).await.unwrap(), "b has nothing");
    assert_eq!(store.trigger_versions().await.unwrap(), []);
    fixture.has(&b, "v1").await;
    assert!(store.adopt_triggers(&orders(), &version("v1"), vec![trigger("t")]).await.unwrap());
    assert_eq!(store.trigger_versions().await.unwrap(), [(orders(), version("v1"))]);
    fixture.has(&a, "v2").await;
    assert!(!store.adopt_triggers(&orders(), &version("v2"), vec![]).await.unwrap(), "b has v1");
    assert!(fixture.trigger("t").await.present);
    store.terminate(&b).await.unwrap();
    assert!(store.adopt_triggers(&orders(), &version("v2"), vec![trigger("u")]).await.unwrap(), "b is gone");
    assert_eq!(store.trigger_versions().await.unwrap(), [(orders(), version("v2"))]);
    assert!(!fixture.trigger("t").await.present);
    assert_eq!(store.fire(firing("t", "1", store.now()), None).await.unwrap(), Fired::Off);
}

pub(super) async fn a_trigger_that_changes_or_comes_back_begins_anew(fixture: Fixture) {
    let store = &fixture.store;
    fixture.with_triggers(&["t"]).await;
    let begun = fixture.trigger("t").await;
    assert_eq!((begun.on, begun.present, begun.reached, begun.fired), (true, true, store.now(), 0));
    let adopt = async |triggers: Vec<NewTrigger>| {
        fixture.clock.advance_ms(1000);
        assert!(store.adopt_triggers(&orders(), &version("v1"), triggers).await.unwrap());
    };
    adopt(vec![trigger("t")]).await;
    assert_eq!(fixture.trigger("t").await, begun, "the same again changes nothing");
    adopt(vec![NewTrigger { mark: "m2".to_owned(), ..trigger("t") }]).await;
    let changed = fixture.trigger("t").await;
    assert_eq!((changed.mark.as_str(), changed.reached), ("m2", store.now()));
    adopt(vec![]).await;
    adopt(vec![NewTrigger { mark: "m2".to_owned(), on: false, ..trigger("t") }]).await;
    let back = fixture.trigger("t").await;
    assert_eq!((back.reached, back.on), (store.now(), true), "the cluster's own switch stays");
    adopt(vec![NewTrigger { on: false, ..trigger("new") }]).await;
    assert!(!fixture.trigger("new").await.on);
}

pub(super) async fn a_trigger_fires_once_for_each_key(fixture: Fixture) {
    let store = &fixture.store;
    let server = fixture.with_triggers(&["t"]).await;
    let due = store.now();
    let Fired::New(Some(first)) = store.fire(firing("t", "1", due), Some(server.clone())).await.unwrap() else {
        panic!("it fires");
    };
    assert_eq!((first.state, first.owner.as_ref()), (RequestState::Running, Some(&server)));
    assert_eq!(fixture.get(first.id).await, *first);
    assert_eq!(store.fire(firing("t", "1", due), Some(server.clone())).await.unwrap(), Fired::Before(Some(first.id)));
    let Fired::New(Some(second)) = store.fire(firing("t", "2", due), None).await.unwrap() else { panic!("it fires") };
    assert_eq!(second.state, RequestState::Queued);
    let state = fixture.trigger("t").await;
    assert_eq!((state.fired, state.last_request, state.last_fired), (2, Some(second.id), Some(due)));
    let firings = store.firings(&orders(), "t", 10).await.unwrap();
    let seen: Vec<_> = firings.iter().map(|firing| (firing.key.as_str(), firing.request)).collect();
    assert_eq!(seen, [("2", Some(second.id)), ("1", Some(first.id))]);
    assert_eq!(store.firings(&orders(), "t", 1).await.unwrap().len(), 1);
    let error = store.fire(firing("nothing", "1", due), None).await.unwrap_err();
    assert_eq!(error.code(), "store/not-found");
}

pub(super) async fn what_one_server_alone_can_run_is_not_made_while_that_takes_nothing(fixture: Fixture) {
    let store = &fixture.store;
    let server = fixture.with_triggers(&["t"]).await;
    let here_only = || NewFiring { here_only: true, ..firing("t", "1", store.now()) };
    store.set_maintenance(&server.server, true).await.unwrap();
    assert_eq!(store.fire(here_only(), Some(server.clone())).await.unwrap(), Fired::Off);
    assert_eq!(store.fire(here_only(), None).await.unwrap(), Fired::Off);
    let by_anybody = store.fire(firing("t", "2", store.now()), Some(server.clone())).await.unwrap().created().unwrap();
    assert_eq!((by_anybody.request.state, by_anybody.request.owner), (RequestState::Queued, None));
    store.set_maintenance(&server.server, false).await.unwrap();
    let made = store.fire(here_only(), Some(server.clone())).await.unwrap().created().unwrap();
    assert_eq!((made.request.state, made.request.owner), (RequestState::Running, Some(server)));
    assert_eq!(fixture.trigger("t").await.fired, 2, "what was not made has left nothing behind");
}

pub(super) async fn what_one_server_alone_can_run_is_made_once_its_limits_have_room(fixture: Fixture) {
    let store = &fixture.store;
    let a = fixture.with_triggers(&["t"]).await;
    let file = |key: &str| of_one_server("t", key, store.now(), 1);
    let first = store.fire(file("1"), Some(a.clone())).await.unwrap().created().unwrap().request;
    assert_eq!((first.state, first.owner.as_ref(), first.attempt), (RequestState::Running, Some(&a), 1));
    assert_eq!(fixture.get(first.id).await, first);
    assert_eq!(store.attempts(first.id, None, 9).await.unwrap().len(), 1);
    assert_eq!(store.limits().await.unwrap().running(&orders(), &limit(1).of), 1);
    let counts = store.counts(&crate::RequestFilter::default()).await.unwrap();
    assert_eq!((counts[&RequestState::Running], counts[&RequestState::Queued]), (1, 0));

    assert_eq!(store.fire(file("2"), Some(a.clone())).await.unwrap(), Fired::Off);
    assert_eq!(store.fire(file("1"), Some(a.clone())).await.unwrap(), Fired::Before(Some(first.id)));
    let anybodys = NewFiring { here_only: false, ..file("3") };
    let anybodys = store.fire(anybodys, Some(a.clone())).await.unwrap().created().unwrap().request;
    assert_eq!(anybodys.state, RequestState::Queued, "what others can run waits in the queue");

    // Its server is lost: what it alone can run is left to nobody, and is made when it is back.
    let b = fixture.server("b").await;
    store.take_over(&b, &a).await.unwrap();
    let claimed: Vec<_> = store.claim(&b, 9).await.unwrap().iter().map(|request| request.id).collect();
    assert_eq!(claimed, [anybodys.id]);
    let again = fixture.server("a").await;
    assert_eq!(store.fire(file("2"), Some(again.clone())).await.unwrap(), Fired::Off);
    let (end, fence) = (AttemptEnd::Finished { reply: None }, fixture.get(anybodys.id).await.fence);
    store.end_attempt(anybodys.id, fence, end, AttemptWrite::default()).await.unwrap();
    let second = store.fire(file("2"), Some(again.clone())).await.unwrap().created().unwrap().request;
    assert_eq!((second.state, second.owner.as_ref()), (RequestState::Running, Some(&again)));
    assert_eq!(fixture.trigger("t").await.fired, 3);
}

pub(super) async fn firings_and_claims_at_once_keep_to_a_limit(fixture: Fixture) {
    let store = &fixture.store;
    let server = fixture.with_triggers(&["t", "u"]).await;
    let due = store.now();
    for _ in 0..4 {
        fixture.request(None, RequestSettings { limits: vec![limit(2)], ..anywhere() }).await;
    }
    let all = (0..8).map(|number| {
        let (store, server) = (store.clone(), server.clone());
        tokio::spawn(async move {
            let (id, key) = (if number % 2 == 0 { "t" } else { "u" }, number.to_string());
            store.fire(of_one_server(id, &key, due, 2), Some(server.clone())).await.unwrap();
            store.claim(&server, 1).await.unwrap();
        })
    });
    for done in all.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    assert_eq!(store.counts(&crate::RequestFilter::default()).await.unwrap()[&RequestState::Running], 2);
}

pub(super) async fn many_servers_that_fire_at_once_make_one_request(fixture: Fixture) {
    let store = &fixture.store;
    fixture.with_triggers(&["t"]).await;
    let due = store.now();
    let all = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.fire(firing("t", "same", due), None).await.unwrap() })
    });
    let mut made = 0;
    for fired in all.collect::<Vec<_>>() {
        made += usize::from(matches!(fired.await.unwrap(), Fired::New(Some(_))));
    }
    assert_eq!(made, 1);
    assert_eq!(fixture.trigger("t").await.fired, 1);
    assert_eq!(store.counts(&crate::RequestFilter::default()).await.unwrap()[&RequestState::Queued], 1);
}

pub(super) async fn what_a_trigger_has_reached_never_goes_back(fixture: Fixture) {
    let store = &fixture.store;
    fixture.with_triggers(&["t"]).await;
    let start = store.now();
    let at = |key: &str, seconds: u64, missed: u64| NewFiring {
        reached: Some(start.plus_ms(seconds * 1000)),
        missed,
        ..firing("t", key, start.plus_ms(seconds * 1000))
    };
    fixture.clock.advance_ms(20_000);
    assert!(matches!(store.fire(at("10", 10, 3), None).await.unwrap(), Fired::New(Some(_))));
    assert_eq!(store.fire(at("5", 5, 0), None).await.unwrap(), Fired::Before(None));
    let missed = NewFiring { request: None, ..at("15", 15, 4) };
    assert_eq!(store.fire(missed, None).await.unwrap(), Fired::New(None));
    let state = fixture.trigger("t").await;
    assert_eq!((state.reached, state.missed, state.fired), (start.plus_ms(15_000), 7, 1));
    store.trigger_reached(&orders(), "t", start.plus_ms(17_000)).await.unwrap();
    store.trigger_reached(&orders(), "t", start.plus_ms(1_000)).await.unwrap();
    assert_eq!(fixture.trigger("t").await.reached, start.plus_ms(17_000));
}

pub(super) async fn a_trigger_that_is_off_fires_only_by_hand(fixture: Fixture) {
    let store = &fixture.store;
    fixture.with_triggers(&["t"]).await;
    let off = store.switch_trigger(&orders(), "t", false, "ann").await.unwrap();
    assert_eq!((off.on, off.switched_by.as_deref(), off.switched), (false, Some("ann"), Some(store.now())));
    assert_eq!(store.fire(firing("t", "1", store.now()), None).await.unwrap(), Fired::Off);
    assert_eq!(store.counts(&crate::RequestFilter::default()).await.unwrap()[&RequestState::Queued], 0);
    let by_hand = NewFiring { by_hand: true, ..firing("t", "hand", store.now()) };
    assert!(matches!(store.fire(by_hand, None).await.unwrap(), Fired::New(Some(_))));
    fixture.clock.advance_ms(60_000);
    let on = store.switch_trigger(&orders(), "t", true, "bob").await.unwrap();
    assert_eq!((on.on, on.reached), (true, store.now()), "what was due meanwhile does not count");
    assert!(matches!(store.fire(firing("t", "1", store.now()), None).await.unwrap(), Fired::New(Some(_))));
    let error = store.switch_trigger(&orders(), "nothing", true, "bob").await.unwrap_err();
    assert_eq!(error.code(), "store/not-found");
}

pub(super) async fn firings_made_elsewhere_are_noted(fixture: Fixture) {
    let store = &fixture.store;
    fixture.with_triggers(&["t"]).await;
    store.note_fired(&orders(), "t", 30, RequestId(7)).await.unwrap();
    store.note_fired(&orders(), "t", 2, RequestId(9)).await.unwrap();
    let state = fixture.trigger("t").await;
    assert_eq!((state.fired, state.last_request, state.last_fired), (32, Some(RequestId(9)), Some(store.now())));
}

pub(super) async fn old_firings_are_forgotten_and_lasting_ones_are_not(fixture: Fixture) {
    let store = &fixture.store;
    fixture.with_triggers(&["t"]).await;
    let note = |key: String, lasting: bool| NewFiring { lasting, request: None, ..firing("t", &key, store.now()) };
    store.fire(note("kept".to_owned(), true), None).await.unwrap();
    for number in 0..crate::trigger::FIRINGS_KEPT + 5 {
        store.fire(note(number.to_string(), false), None).await.unwrap();
    }
    fixture.clock.advance_ms(i64::try_from(crate::trigger::FIRINGS_KEPT_MS).unwrap() + 1);
    store.fire(note("last".to_owned(), false), None).await.unwrap();
    let keys: Vec<String> =
        store.firings(&orders(), "t", 5000).await.unwrap().into_iter().map(|firing| firing.key).collect();
    assert_eq!(keys.len(), crate::trigger::FIRINGS_KEPT + 1);
    assert_eq!((keys[0].as_str(), keys.last().map(String::as_str)), ("last", Some("kept")));
    assert_eq!(store.fire(note("kept".to_owned(), true), None).await.unwrap(), Fired::Before(None));
}

pub(super) async fn requests_are_found_by_when_they_ended(fixture: Fixture) {
    let store = &fixture.store;
    let server = fixture.server("a").await;
    let mut ended = Vec::new();
    for good in [true, false, true] {
        fixture.clock.advance_ms(1000);
        let request = fixture.request(Some(&server), anywhere()).await;
        let end = match good {
            true => AttemptEnd::Finished { reply: Some("done".into()) },
            false => {
                let error = crate::RequestError { code: "x/y".to_owned(), message: "no".to_owned(), component: None };
                AttemptEnd::Failed { error, retryable: false }
            }
        };
        ended.push(store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap());
    }
    fixture.request(Some(&server), anywhere()).await;
    let find = async |flow: &str, states: &[RequestState], from: Timestamp, limit: usize| {
        let found = store.ended_requests(&orders(), flow, states, from, limit).await.unwrap();
        found.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };
    let begin = Timestamp(0);
    assert_eq!(find("import", &[RequestState::Finished], begin, 10).await, [ended[0].id, ended[2].id]);
    let both = [RequestState::Finished, RequestState::Error];
    assert_eq!(find("import", &both, begin, 10).await, [ended[0].id, ended[1].id, ended[2].id]);
    assert_eq!(find("import", &both, ended[1].ended.unwrap(), 10).await, [ended[1].id, ended[2].id]);
    assert_eq!(find("import", &both, begin, 2).await, [ended[0].id, ended[1].id]);
    assert_eq!(find("export", &both, begin, 10).await, []);
    let found = store.ended_requests(&orders(), "import", &both, begin, 1).await.unwrap();
    assert_eq!(found[0], ended[0]);
}
