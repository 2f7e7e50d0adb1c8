//! For those who watch over servers: readiness, metrics, logs.

use crate::harness::{Cluster, Logged, TestServer, create_one, until};
use flow_api::{LogLevel, MetricsQuery, Role, ServerLogQuery, Time};
use flow_store::{Figures, ServerReport};
use std::time::Duration;

#[tokio::test]
async fn metrics_count_requests_attempts_and_calls_and_are_not_for_anybody() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    crate::harness::TestProject::new(&cluster).install(&client).await;
    let made = create_one(&client, "short").await;
    client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    let text = until("the attempt is counted", async || {
        let text = client.metrics().await.unwrap();
        text.contains("cairn_attempts_total{left=\"Finished\"} 1").then_some(text)
    })
    .await;
    for line in [
        "cairn_requests{state=\"Finished\"} 1",
        "cairn_requests{state=\"Error\"} 0",
        "cairn_http_calls_total{method=\"POST\",route=\"/api/v1/requests\",status=\"201\"} 1",
        "cairn_may_act 1",
        "# TYPE process_cpu_seconds counter",
        "process_cpu_seconds_total ",
        "cairn_store_queue 0",
        "cairn_store_batch_commands_bucket{le=\"+Inf\"}",
        "cairn_store_commit_seconds_bucket{le=\"0.001\"}",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    for none in
        ["process_resident_memory_bytes 0", "cairn_store_commands_total 0", "cairn_store_commit_seconds_count 0"]
    {
        assert!(!text.contains(none), "{text}");
    }
    let anybody = reqwest::get(server.url("/metrics")).await.unwrap();
    assert_eq!(anybody.status(), 401);
    let mut config = cluster.config("public");
    config.metrics_public = true;
    let public = TestServer::start(config).await.unwrap();
    assert_eq!(reqwest::get(public.url("/metrics")).await.unwrap().status(), 200);
    public.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn the_history_tells_what_every_server_counted_and_when_a_lost_one_was_taken_over() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    crate::harness::TestProject::new(&cluster).install(&administrator).await;
    let made = create_one(&administrator, "short").await;
    administrator.wait(made.id, Duration::from_secs(60)).await.unwrap();

    let viewer = cluster.client(&server, Role::Viewer).await;
    let lost = cluster.join("lost").await;
    let mut created = 0;
    let some = |points: &[Option<f64>]| points.iter().flatten().any(|value| *value > 0.0);
    let history = until("both servers have left two samples", async || {
        created += 5;
        let report = ServerReport { version: "0.1.0".to_owned(), resident_bytes: 1 };
        let figures = Figures { created, ..Figures::default() };
        cluster.store.report(lost.owner(), report, figures).await.unwrap();
        let history = viewer.metrics_history(&MetricsQuery::default()).await.unwrap();
        let both = history.servers.len() == 2 && history.servers.iter().all(|server| some(&server.created));
        both.then_some(history)
    })
    .await;
    let [first, other] = history.servers.as_slice() else { panic!("{history:?}") };
    assert_eq!((first.name.as_str(), first.id.as_str()), ("first", server.at.id.as_str()));
    assert_eq!((other.name.as_str(), other.id.as_str()), ("lost", "lost"));
    for points in [&first.finished, &first.attempts, &first.commits, &first.commands, &first.committing] {
        assert!(some(points), "{history:?}");
    }
    assert!(first.memory.iter().flatten().all(|bytes| *bytes > 1e6), "{:?}", first.memory);
    assert_eq!(history.step, 10);
    let lists = [&first.created, &first.failed, &first.cores, &other.created, &history.requests.running];
    for points in lists.into_iter().chain([&history.requests.waiting_for_retry]) {
        assert_eq!(points.len(), history.points as usize);
    }
    assert!(history.takeovers.is_empty());

    drop(lost);
    let takeover = until("the takeover is told", async || {
        let history = viewer.metrics_history(&MetricsQuery::default()).await.unwrap();
        history.takeovers.into_iter().next()
    })
    .await;
    assert_eq!((takeover.dead.server.as_str(), takeover.survivor.name.as_str()), ("lost", "first"));
    assert_eq!(takeover.requests, 0);

    let now = viewer.about().await.unwrap().now.as_millisecond();
    let ago = |ms: i64, step| MetricsQuery { from: Some(Time::from_millisecond(now - ms)), step };
    let day = viewer.metrics_history(&ago(100 * 3_600_000, Some(10))).await.unwrap();
    assert!(day.points <= 400 && day.from.as_millisecond() > now - 25 * 3_600_000, "{} of {}", day.points, day.from);
    for wrong in [ago(-3_600_000, None), ago(3_600_000, Some(5)), ago(3_600_000, Some(100_000))] {
        assert_eq!(viewer.metrics_history(&wrong).await.unwrap_err().code(), "input/invalid", "{wrong:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_renamed_server_works_on_under_its_new_name_without_a_restart() {
    let cluster = Cluster::new();
    let (first, second) = (cluster.start("first").await, cluster.start("second").await);
    let client = cluster.client(&first, Role::Administrator).await;
    crate::harness::TestProject::new(&cluster).install(&client).await;
    // By another server than the one that is renamed.
    let other = cluster.client(&second, Role::Administrator).await;
    other.rename_server(first.at.id.as_str(), "north").await.unwrap();
    until("new attempts are logged under the new name", async || {
        let made = create_one(&client, "short").await;
        client.wait(made.id, Duration::from_secs(60)).await.unwrap();
        let log = client.request_log(made.id, &Default::default()).await.unwrap();
        assert!(!log.is_empty());
        log.iter().all(|entry| entry.server == "north").then_some(())
    })
    .await;
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_server_without_its_storage_is_not_ready_but_alive() {
    let (log, _logging) = Logged::begin();
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Viewer).await;
    let status = async |path: &str| reqwest::get(server.url(path)).await.unwrap().status().as_u16();
    let problems = async || client.server().await.unwrap().problems;
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    assert_eq!(problems().await, []);
    let (storage, away) = (cluster.path("storage"), cluster.path("away"));
    std::fs::rename(&storage, &away).unwrap();
    for _ in 0..3 {
        assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503));
    }
    let refused = reqwest::get(server.url("/readyz")).await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "5", "it may be there again soon");
    assert_eq!(log.count("this server cannot take requests"), 1, "the log is not flooded while it lasts");
    let told = problems().await;
    assert_eq!(told.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["storage/not-writable"]);
    assert!(told[0].message.contains("free space"), "{told:?}");
    std::fs::rename(&away, &storage).unwrap();
    assert_eq!(status("/readyz").await, 200);
    assert_eq!(log.count("this server can take requests again"), 1);
    assert_eq!(problems().await, []);
    server.stop().await;
}

#[tokio::test]
async fn a_server_whose_storage_is_no_longer_mounted_is_not_ready() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Viewer).await;
    let (storage, away) = (cluster.path("storage"), cluster.path("away"));
    std::fs::rename(&storage, &away).unwrap();
    // What is below a mount can be written, too.
    std::fs::create_dir(&storage).unwrap();
    assert_eq!(reqwest::get(server.url("/readyz")).await.unwrap().status().as_u16(), 503);
    let told = client.server().await.unwrap().problems;
    assert_eq!(told.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["storage/another"]);
    assert!(told[0].message.contains("its disk is mounted"), "{told:?}");
    std::fs::remove_dir_all(&storage).unwrap();
    std::fs::rename(&away, &storage).unwrap();
    assert!(client.is_ready().await);
    server.stop().await;
}

#[tokio::test]
async fn each_server_tells_what_hinders_itself_alone() {
    let cluster = Cluster::new();
    let (first, second) = (cluster.start("first").await, cluster.start("second").await);
    let client = cluster.client(&first, Role::Viewer).await;
    let (storage, away) = (cluster.path("storage"), cluster.path("away"));
    std::fs::rename(&storage, &away).unwrap();
    until("the server that answers tells of itself alone", async || {
        let servers = client.servers().await.unwrap();
        let own = servers.iter().find(|server| server.this_server).unwrap();
        let other = servers.iter().find(|server| !server.this_server).unwrap();
        assert_eq!(other.name, "second");
        assert_eq!(other.problems, []);
        (!own.problems.is_empty()).then_some(())
    })
    .await;
    std::fs::rename(&away, &storage).unwrap();
    until("it tells that it is well again", async || client.server().await.unwrap().problems.is_empty().then_some(()))
        .await;
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn any_server_shows_the_log_of_every_other() {
    let cluster = Cluster::new();
    let first = cluster.start("first").await;
    let second = cluster.start("second").await;
    let client = cluster.client(&first, Role::Viewer).await;
    let id = second.at.id.as_str();
    assert_eq!(client.server_log(id, &ServerLogQuery::default()).await.unwrap().items, []);
    let folder = cluster.path("storage").join("logs").join(id);
    std::fs::create_dir_all(&folder).unwrap();
    let line = |level: &str, message: &str| {
        format!(
            "{{\"at\":\"2026-03-01T12:00:00Z\",\"level\":\"{level}\",\"target\":\"flow_cluster\",\"message\":\"{message}\"}}\n"
        )
    };
    std::fs::write(folder.join("00000001.jsonl"), line("info", "serving") + &line("warning", "slow disk")).unwrap();
    let log = client.server_log(id, &ServerLogQuery::default()).await.unwrap();
    assert_eq!(log.items.len(), 2);
    let warnings = ServerLogQuery { level: Some(LogLevel::Warning), ..ServerLogQuery::default() };
    assert_eq!(client.server_log(id, &warnings).await.unwrap().items[0].message, "slow disk");
    let text = line("info", "serving") + &line("warning", "slow disk") + &line("error", "gone");
    std::fs::write(folder.join("00000001.jsonl"), text).unwrap();
    let live = ServerLogQuery { after: Some(log.next), ..ServerLogQuery::default() };
    assert_eq!(client.server_log(id, &live).await.unwrap().items[0].message, "gone");
    second.stop().await;
    first.stop().await;
}
