//! What stands in the way of a start is named, with the way out.

use crate::harness::{Cluster, Logged, TestServer};
use flow_api::{Client, Role, ServerState};
use flow_server::ServerConfig;

#[tokio::test]
async fn a_port_in_use_is_named_and_the_cluster_sees_no_server() {
    let cluster = Cluster::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = cluster.config("first");
    config.listen = taken.local_addr().unwrap();
    let error = TestServer::start(config).await.err().unwrap();
    assert_eq!(error.code(), "serve/port-in-use");
    assert!(error.to_string().contains(&taken.local_addr().unwrap().to_string()), "{error}");
    assert!(cluster.store.servers().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_storage_that_cannot_be_written_is_named() {
    let cluster = Cluster::new();
    std::fs::write(cluster.path("storage"), "a file in the way").unwrap();
    let error = TestServer::start(cluster.config("first")).await.err().unwrap();
    assert_eq!(error.code(), "storage/not-writable");
    assert!(error.to_string().contains("storage"), "{error}");
    assert!(cluster.store.servers().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_a_network_reaches_without_a_certificate_warns_of_it_and_says_its_address() {
    let (log, _logging) = Logged::begin();
    let cluster = Cluster::new();
    cluster.start("first").await.stop().await;
    assert_eq!((log.count("serve/plain-http"), log.count("--address")), (0, 0), "on loopback nobody else reads along");
    let everywhere = ServerConfig { listen: "0.0.0.0:0".parse().unwrap(), ..cluster.config("second") };
    TestServer::start(everywhere).await.unwrap().stop().await;
    assert_eq!((log.count("serve/plain-http"), log.count("--address")), (1, 1));
}

#[tokio::test]
async fn two_servers_do_not_share_a_state_folder() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let error = TestServer::start(cluster.config("first")).await.err().unwrap();
    assert_eq!(error.code(), "serve/state-in-use");
    server.stop().await;
}

#[tokio::test]
async fn a_server_keeps_its_id_over_its_starts_and_leaves_in_good_order() {
    let cluster = Cluster::new();
    let first = cluster.start("first").await;
    let client = cluster.client(&first, Role::Viewer).await;
    assert!(client.is_ready().await);
    let own = client.server().await.unwrap();
    assert_eq!((own.name.as_str(), own.state, own.this_server), ("first", ServerState::Running, true));
    let (id, epoch) = (first.at.id.clone(), first.at.epoch);
    first.stop().await;
    assert!(!client.is_ready().await);
    assert_eq!(client.servers().await.unwrap_err().code(), "client/unreachable");

    let second = cluster.start("second").await;
    let seen = cluster.client(&second, Role::Viewer).await.servers().await.unwrap();
    let stopped = seen.iter().find(|server| server.name == "first").unwrap();
    assert_eq!((stopped.state, stopped.taken_over_by.as_deref()), (ServerState::Terminated, None));
    let unnamed = ServerConfig { name: None, ..cluster.config("first") };
    let again = TestServer::start(unnamed).await.unwrap();
    assert_eq!((&again.at.id, again.at.name.as_str()), (&id, "first"));
    assert!(again.at.epoch > epoch);
    let client = Client::new(&again.at.address, cluster.token(Role::Viewer).await).unwrap();
    assert_eq!(client.servers().await.unwrap().len(), 2);
    again.stop().await;
    second.stop().await;
}
