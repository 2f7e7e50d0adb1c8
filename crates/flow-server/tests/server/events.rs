//! The event stream.

use crate::harness::{Cluster, TestProject, create_one, until};
use flow_api::{AttemptEnd, Client, Event, EventStream, RequestState, Role};
use flow_store::{NewRequest, RequestId};
use std::time::Duration;

async fn heard(stream: &mut EventStream, what: &str, wanted: impl Fn(&Event) -> bool) {
    let listen = async { while !wanted(&stream.next().await.unwrap()) {} };
    tokio::time::timeout(Duration::from_secs(60), listen).await.unwrap_or_else(|_| panic!("{what} was not heard"));
}

#[tokio::test]
async fn what_any_server_changes_is_heard_at_every_server() {
    let cluster = Cluster::new();
    let first = cluster.start("first").await;
    let second = cluster.start("second").await;
    let client = cluster.client(&first, Role::Administrator).await;
    let listener = Client::new(&second.at.address, cluster.token(Role::Viewer).await).unwrap();
    let mut stream = listener.events().await.unwrap();
    assert_eq!(stream.next().await.unwrap(), Event::RequestsChanged, "it begins with what may have been missed");

    let project = TestProject::new(&cluster);
    // The stream is open, but the first look at the database may still be under way: what changes later is heard.
    heard_while(&mut stream, "the project", |event| *event == Event::ProjectsChanged, async {
        project.install(&client).await;
    })
    .await;
    let made = create_one(&client, "long").await;
    heard(&mut stream, "the request", |event| *event == Event::RequestChanged { id: made.id }).await;
    let third = cluster.start("third").await;
    heard(&mut stream, "the third server", |event| *event == Event::ServersChanged).await;
    third.stop().await;
    heard(&mut stream, "that it left", |event| *event == Event::ServersChanged).await;
    first.stop().await;
    second.stop().await;
    let ended = loop {
        if let Err(error) = stream.next().await {
            break error;
        }
    };
    assert_eq!(ended.code(), "client/unreachable", "the stream ends with its server");
}

#[tokio::test]
async fn what_hinders_a_server_is_heard_though_nothing_changes_in_the_database() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Viewer).await;
    let mut stream = client.events().await.unwrap();
    heard(&mut stream, "the first look", |event| *event == Event::ProjectsChanged).await;
    let (storage, away) = (cluster.path("storage"), cluster.path("away"));
    std::fs::rename(&storage, &away).unwrap();
    until("it is found", async || (!client.server().await.unwrap().problems.is_empty()).then_some(())).await;
    heard(&mut stream, "what hinders it", |event| *event == Event::ServersChanged).await;
    std::fs::rename(&away, &storage).unwrap();
    until("it is found gone", async || client.server().await.unwrap().problems.is_empty().then_some(())).await;
    heard(&mut stream, "that it goes on", |event| *event == Event::ServersChanged).await;
    server.stop().await;
}

#[tokio::test]
async fn a_takeover_is_told_and_the_survivor_finishes_the_request() {
    let cluster = Cluster::new();
    let server = cluster.start("survivor").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let mut stream = client.events().await.unwrap();
    heard(&mut stream, "the first look", |event| *event == Event::ProjectsChanged).await;

    // The other server has just begun with a request when it dies.
    let doomed = cluster.join("doomed").await;
    let like = cluster.store.get(RequestId(create_one(&client, "short").await.id)).await.unwrap();
    let new = NewRequest {
        project: like.project,
        version: like.version,
        flow: like.flow,
        trigger: like.trigger,
        requested_by: like.requested_by,
        inputs: like.inputs,
        settings: like.settings,
        idempotency_key: None,
    };
    let made = cluster.store.create_request(new, Some(doomed.owner().clone())).await.unwrap().request;
    heard(&mut stream, "the request", |event| *event == Event::RequestChanged { id: made.id.0 }).await;
    drop(doomed);
    heard(&mut stream, "the takeover", |event| match event {
        Event::Takeover { dead, survivor, count } => {
            assert_eq!((dead.name.as_str(), survivor.name.as_str(), *count), ("doomed", "survivor", 1));
            true
        }
        _ => false,
    })
    .await;
    let ended = client.wait(made.id.0, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ended.state, ended.owner.unwrap().name.as_str()), (RequestState::Finished, "survivor"));
    let attempts = client.request(made.id.0).await.unwrap().attempts;
    assert_eq!(attempts[0].end, Some(AttemptEnd::OwnerLost));
    server.stop().await;
}

async fn heard_while(
    stream: &mut EventStream,
    what: &str,
    wanted: impl Fn(&Event) -> bool,
    work: impl Future<Output = ()>,
) {
    tokio::join!(work, heard(stream, what, wanted));
}

/// The streams have no end, so the tool that calls all other endpoints leaves them out.
#[tokio::test]
async fn whatever_a_caller_gives_to_a_stream_it_begins_or_is_refused() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let made = create_one(&client, "short").await;
    let token = cluster.token(Role::Viewer).await;
    let http = reqwest::Client::new();
    let long = "9".repeat(6000);
    let ids =
        ["", "0", "-1", "18446744073709551616", "1.5", "7-7-7", "NaN", "\u{e4}", "%00", "a b", "../..", long.as_str()];
    let of_one = format!("/api/v1/requests/{}/events", made.id);
    for path in ["/api/v1/events", of_one.as_str()] {
        for query in ["", "?", "?limit=-1", "?after=%FF", "?a=1&a=2&[]=%00"] {
            for id in ids {
                let call = http.get(server.url(&format!("{path}{query}"))).bearer_auth(&token);
                let call = call.header("Last-Event-ID", id.as_bytes()).header("Accept", "application/x-nothing;q=7");
                let answer = tokio::time::timeout(Duration::from_secs(30), call.send()).await.unwrap().unwrap();
                let status = answer.status().as_u16();
                assert!(status == 200 || (400..500).contains(&status), "{path}{query} {id}: {status}");
            }
        }
        for method in [reqwest::Method::POST, reqwest::Method::DELETE, reqwest::Method::PATCH] {
            let answer = http.request(method, server.url(path)).bearer_auth(&token).body("{").send().await.unwrap();
            assert_eq!(answer.status(), 405);
        }
    }
    for request in ["0", "-1", "9223372036854775807", "9223372036854775808", "one", "%00", "1%2F..", "\u{e4}"] {
        let path = server.url(&format!("/api/v1/requests/{request}/events"));
        let answer = http.get(path).bearer_auth(&token).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{request}: {}", answer.status());
    }
    server.stop().await;
}
