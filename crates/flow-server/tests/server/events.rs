//! The event stream.

use crate::harness::{Cluster, TestProject, create_one};
use flow_api::{Client, Event, EventStream, Role};
use std::time::Duration;

async fn heard(stream: &mut EventStream, what: &str, wanted: impl Fn(&Event) -> bool) {
    let listen = async {
        while !wanted(&stream.next().await.unwrap()) {}
    };
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

async fn heard_while(stream: &mut EventStream, what: &str, wanted: impl Fn(&Event) -> bool, work: impl Future<Output = ()>) {
    tokio::join!(work, heard(stream, what, wanted));
}
