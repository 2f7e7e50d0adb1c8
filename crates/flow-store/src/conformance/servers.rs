//! Servers: starts, states and graceful stops.

use super::{Fixture, anywhere, here_only, new_request, new_server};
use crate::{
    AttemptEnd, AttemptWrite, Epoch, Figures, Owner, ProjectName, ProjectVersion, RequestState, ServerId, ServerReport,
    ServerState, VersionId,
};
use std::time::Duration;

pub(super) async fn each_start_has_its_own_epoch(fixture: Fixture) {
    let first = fixture.server("a").await;
    let second = fixture.server("a").await;
    assert_eq!((first.epoch, second.epoch), (Epoch(1), Epoch(2)));
    let error = fixture.store.claim(&first, 1).await.unwrap_err();
    assert_eq!(error.code(), "store/stale-owner");
    let servers = fixture.store.servers().await.unwrap();
    assert_eq!(servers.iter().map(|server| server.owner()).collect::<Vec<_>>(), [second]);
    let unknown = Owner { server: ServerId::parse("nobody").unwrap(), epoch: Epoch(1) };
    let error = fixture.store.create_request(new_request(anywhere()), Some(unknown)).await.unwrap_err();
    assert!(error.is_stale());
}

pub(super) async fn servers_show_what_they_are_and_have(fixture: Fixture) {
    let (b, _) = (fixture.server("b").await, fixture.server("a").await);
    let project = ProjectName::parse("orders").unwrap();
    let version = ProjectVersion { version: VersionId::parse("v1").unwrap(), commit: "c1".to_owned() };
    fixture.store.set_server_version(&b.server, &project, &version).await.unwrap();
    fixture.store.rename_server(&b.server, "Server 0").await.unwrap();
    let servers = fixture.store.servers().await.unwrap();
    let [first, second] = servers.as_slice() else { panic!("{servers:?}") };
    assert_eq!((first.name.as_str(), first.versions.len()), ("Server 0", 1));
    assert_eq!((second.name.as_str(), second.versions.len()), ("Server a", 0));
    assert_eq!((second.pid, second.process_start, second.lock_path.as_str()), (4711, 815, "/locks/a"));
    assert_eq!((second.state, second.address.as_str()), (ServerState::Running, "http://a"));
}

pub(super) async fn a_draining_server_claims_nothing(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    fixture.request(None, anywhere()).await;
    fixture.store.set_server_state(&a, ServerState::Draining).await.unwrap();
    assert_eq!(fixture.store.claim(&a, 5).await.unwrap(), []);
    assert_eq!(fixture.request(Some(&a), anywhere()).await.state, RequestState::Queued);
    let error = fixture.store.take_over(&a, &b).await.unwrap_err();
    assert_eq!(error.code(), "store/conflict");
    let error = fixture.store.set_server_state(&a, ServerState::Terminated).await.unwrap_err();
    assert_eq!(error.code(), "store/conflict");
    assert_eq!(fixture.store.claim(&b, 5).await.unwrap().len(), 2);
}

pub(super) async fn a_graceful_stop_gives_requests_back(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let due = fixture.store.now().plus_ms(1000);
    let wait = async |settings| {
        let request = fixture.request(Some(&a), settings).await;
        let end = AttemptEnd::Waiting { due, component: "wait-1".to_owned() };
        fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap()
    };
    let (free, bound) = (wait(anywhere()).await, wait(here_only()).await);
    fixture.store.terminate(&a).await.unwrap();
    let servers = fixture.store.servers().await.unwrap();
    assert_eq!((servers[0].state, &servers[0].taken_over_by), (ServerState::Terminated, &None));
    assert_eq!(servers[0].terminated, Some(fixture.store.now()));
    assert!(!fixture.store.take_over(&b, &a).await.unwrap().first, "nothing is left to take over");

    assert_eq!(fixture.store.next_due(&b).await.unwrap(), Some(Duration::from_secs(1)));
    fixture.clock.advance_ms(1000);
    let claimed = fixture.store.claim(&b, 5).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [free.id]);
    let again = fixture.server("a").await;
    let claimed = fixture.store.claim(&again, 5).await.unwrap();
    assert_eq!(claimed.iter().map(|request| request.id).collect::<Vec<_>>(), [bound.id]);
}

pub(super) async fn a_stopped_server_is_refused(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let request = fixture.request(Some(&b), anywhere()).await;
    fixture.store.cancel(request.id, "ann").await.unwrap();
    fixture.store.terminate(&a).await.unwrap();
    let store = &fixture.store;
    let codes = [
        store.claim(&a, 1).await.unwrap_err().code(),
        store.create_request(new_request(anywhere()), Some(a.clone())).await.unwrap_err().code(),
        store.take_over(&a, &b).await.unwrap_err().code(),
        store.re_execute(request.id, &a, "ann", None).await.unwrap_err().code(),
        store.set_server_state(&a, ServerState::Running).await.unwrap_err().code(),
        store.terminate(&a).await.unwrap_err().code(),
    ];
    assert_eq!(codes, ["store/stale-owner"; 6]);
    let server = new_server("a");
    assert_eq!(store.register(server).await.unwrap().epoch, Epoch(2));
}

pub(super) async fn a_server_reports_about_itself(fixture: Fixture) {
    let a = fixture.server("a").await;
    let reported = async || fixture.store.servers().await.unwrap().remove(0).report;
    assert_eq!(reported().await, None);
    for resident_bytes in [10, 5_000_000_000] {
        let report = ServerReport { version: "1.2.3".to_owned(), resident_bytes };
        fixture.store.report(&a, report.clone(), Figures::default()).await.unwrap();
        assert_eq!(reported().await, Some(report));
    }
    let again = fixture.server("a").await;
    assert_eq!(reported().await, None, "the new start has said nothing yet");
    let report = ServerReport { version: "1.2.3".to_owned(), resident_bytes: 1 };
    assert!(fixture.store.report(&a, report, Figures::default()).await.unwrap_err().is_stale());
    assert_eq!(again.epoch, Epoch(2));
}

pub(super) async fn changes_are_seen(fixture: Fixture) {
    let mut changes = fixture.store.changes();
    // The first look may come after the watch begins: what counts is that a change is seen from some time on.
    let seen = async {
        loop {
            fixture.request(None, anywhere()).await;
            if tokio::time::timeout(Duration::from_millis(200), changes.changed()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("no change was seen");
}
