//! The event stream of one request, and waiting for its end.

use crate::harness::{Cluster, TestProject, create_one, wish};
use flow_api::{Client, EventStream, LogQuery, RequestEvent, RequestState, Role};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// All that a stream tells until it ends.
async fn all(mut stream: EventStream<RequestEvent>) -> Vec<RequestEvent> {
    let mut events = Vec::new();
    let read = async {
        while let Some(event) = stream.try_next().await.unwrap() {
            events.push(event);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    events
}

fn log_numbers(events: &[RequestEvent]) -> Vec<u64> {
    let number = |event: &RequestEvent| match event {
        RequestEvent::Log { entry } => Some(entry.number),
        _ => None,
    };
    events.iter().filter_map(number).collect()
}

#[tokio::test]
async fn the_stream_of_a_request_tells_all_once_and_goes_on_at_another_server() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let made = create_one(&client, "short").await;
    let events = all(client.request_events(made.id, None).await.unwrap()).await;
    let Some(RequestEvent::Changed { request }) = events.last() else { panic!("{events:?}") };
    assert_eq!(request.state, RequestState::Finished);
    let written = client.request_log(made.id, &LogQuery::default()).await.unwrap();
    assert_eq!(log_numbers(&events), written.iter().map(|entry| entry.number).collect::<Vec<_>>());
    let saved = events.iter().filter(|event| matches!(event, RequestEvent::SavedPoint { .. })).count();
    assert_eq!(saved as u32, request.saved_points);

    // Broken off after the first event, it goes on where it was, whichever server is asked.
    let mut broken_off = client.request_events(made.id, None).await.unwrap();
    broken_off.next().await.unwrap();
    let last = broken_off.last_id().unwrap().to_owned();
    let second = cluster.start("second").await;
    let elsewhere = Client::new(&second.at.address, cluster.token(Role::Viewer).await).unwrap();
    let rest = all(elsewhere.request_events(made.id, Some(&last)).await.unwrap()).await;
    assert_eq!(log_numbers(&rest), written.iter().skip(1).map(|entry| entry.number).collect::<Vec<_>>());
    assert_eq!(client.request_events(999_999, None).await.err().unwrap().code(), "request/not-found");
    second.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn who_makes_a_request_can_wait_for_its_reply_and_repeat_the_call() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let short = wish("short");
    let ended = client.create_requests_and_wait(&short, Some("once"), PATIENCE).await.unwrap().requests.remove(0);
    assert_eq!((ended.state, ended.error), (RequestState::Finished, None));
    let again = client.create_requests_and_wait(&short, Some("once"), PATIENCE).await.unwrap().requests.remove(0);
    assert_eq!((again.id, again.state), (ended.id, RequestState::Finished));
    let still = client.create_requests_and_wait(&wish("long"), None, Duration::from_millis(1)).await.unwrap();
    assert!(!still.requests[0].state.has_ended());
    server.stop().await;
}
