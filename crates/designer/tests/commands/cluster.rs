use crate::workbench::{FLOW, Workbench, git};
use async_trait::async_trait;
use designer::{CommandError, Event, Host, HostKind, UpdateStep};
use flow_cluster::LeaseSettings;
use flow_server::{ServerConfig, ServingAt, credentials, serve};
use flow_store::{AccountStore, NewAccount, Role};
use flow_store_sqlite::SqliteStore;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "correct horse battery staple";

/// Servers of one cluster, in this process.
struct Cluster {
    servers: Vec<(ServingAt, CancellationToken)>,
}

impl Cluster {
    async fn start(folder: &Path, names: &[&str]) -> Self {
        let store = SqliteStore::open(folder.join("cairn.db")).unwrap();
        let password_hash = credentials::hash_password(PASSWORD).unwrap();
        let account = NewAccount { name: "ada".to_owned(), role: Role::Administrator, password_hash };
        store.create_account(account).await.unwrap();
        let mut servers = Vec::new();
        for name in names {
            let lock_folder = store.lock_folder().to_owned();
            let config = ServerConfig {
                listen: "127.0.0.1:0".parse().unwrap(),
                name: Some((*name).to_owned()),
                lease: LeaseSettings { lease: Duration::from_secs(20), ..LeaseSettings::default() },
                ..ServerConfig::new(
                    Arc::clone(&store) as Arc<_>,
                    lock_folder,
                    folder.join("storage"),
                    folder.join(name),
                )
            };
            let (tell, told) = oneshot::channel();
            let shutdown = CancellationToken::new();
            let serving = serve(config, shutdown.clone(), |at| tell.send(at.clone()).unwrap());
            tokio::spawn(async move { serving.await.unwrap() });
            servers.push((told.await.unwrap(), shutdown));
        }
        Self { servers }
    }

    fn url(&self) -> &str {
        &self.servers[0].0.address
    }
}

/// A desktop on which the author chooses always the same file.
struct SavesTo(PathBuf);

#[async_trait]
impl Host for SavesTo {
    fn kind(&self) -> HostKind {
        HostKind::Desktop
    }

    async fn choose_file(&self, _title: &str, name: &str) -> Result<Option<PathBuf>, CommandError> {
        assert!(name.ends_with(".csv"), "{name}");
        Ok(Some(self.0.clone()))
    }
}

/// A designer with a committed project that has a remote, and a cluster of two servers it is signed in to.
async fn signed_in() -> (Workbench, Cluster) {
    let bench = Workbench::with_project().await;
    let cluster = Cluster::start(bench.folder.path(), &["north", "south"]).await;
    git(bench.folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    git(&bench.project(), &["remote", "add", "origin", bench.folder.path().join("remote.git").to_str().unwrap()]);
    bench.call("vcs_commit", json!({"message": "Everything"})).await;
    bench.call("cluster_sign_in", sign_in(&cluster, PASSWORD)).await;
    (bench, cluster)
}

fn sign_in(cluster: &Cluster, password: &str) -> Value {
    json!({"cluster": "test", "url": cluster.url(), "account": "ada", "password": password})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_takes_the_place_of_the_password_and_ends_with_signing_out() {
    let (bench, cluster) = signed_in().await;
    let list = bench.call("cluster_list", json!({})).await;
    assert_eq!(list["chosen"], "test");
    assert_eq!(list["clusters"][0]["account"]["name"], "ada");
    assert_eq!(list["clusters"][0]["tokenKeptIn"], "file");
    let config = bench.folder.path().join("config");
    let token = std::fs::read_to_string(config.join("tokens.json")).unwrap();
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(config.join("tokens.json")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let clusters = std::fs::read_to_string(config.join("clusters.json")).unwrap();
    assert!(!token.contains(PASSWORD) && !clusters.contains(PASSWORD));

    let secret = serde_json::from_str::<Value>(&token).unwrap()["test"].as_str().unwrap().to_owned();
    assert!(!list.to_string().contains(&secret), "no window ever sees the token");
    let client = flow_api::Client::new(cluster.url(), secret).unwrap();
    assert_eq!(client.session().await.unwrap().account.name, "ada");
    bench.call("cluster_sign_out", json!({"cluster": "test"})).await;
    assert_eq!(client.session().await.unwrap_err().code(), "auth/required");
    assert_eq!(bench.fails("cluster_overview", json!({"cluster": "test"})).await.code, "cluster/not-signed-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_wrong_address_are_told_apart() {
    let (bench, cluster) = signed_in().await;
    let wrong = bench.fails("cluster_sign_in", sign_in(&cluster, "not the password")).await;
    assert_eq!(wrong.code, "auth/wrong-password");
    let list = bench.call("cluster_list", json!({})).await;
    assert!(list["clusters"][0]["account"].is_object(), "who was signed in stays signed in");
    let nobody = json!({"cluster": "gone", "url": "http://127.0.0.1:9", "account": "ada", "password": "x"});
    assert_eq!(bench.fails("cluster_sign_in", nobody).await.code, "client/unreachable");
    assert_eq!(bench.fails("cluster_overview", json!({"cluster": "gone"})).await.code, "cluster/unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn push_update_brings_every_server_to_the_commit_one_after_the_other() {
    let (mut bench, cluster) = signed_in().await;
    bench.edit(json!({"edit": "setDescription", "description": "new"})).await;
    let refused = bench.fails("push_update", json!({"cluster": "test"})).await;
    assert_eq!(refused.code, "push-update/uncommitted");
    assert!(refused.message.contains("flows/orders.flow.json"), "{}", refused.message);
    bench.call("flow_save", json!({"flow": FLOW})).await;
    let commit = bench.call("vcs_commit", json!({"message": "Describe"})).await["id"].clone();

    let done = bench.call("push_update", json!({"cluster": "test"})).await;
    assert_eq!((&done["commit"], &done["pushed"], &done["done"]), (&commit, &json!(2), &json!(true)));
    assert_eq!(done["project"], "Test-project");
    for server in done["servers"].as_array().unwrap() {
        assert_eq!(server["step"], "updated", "{server}");
    }
    // At no time do two servers update.
    let mut at_once = Vec::new();
    loop {
        let progress = bench
            .event("push-update-progress", |event| match event {
                Event::PushUpdateProgress(progress) => Some(progress.clone()),
                _ => None,
            })
            .await;
        at_once.push(progress.servers.iter().filter(|server| server.step == UpdateStep::Updating).count());
        if progress.done {
            break;
        }
    }
    assert_eq!(at_once, [0, 1, 0, 1, 0, 0]);
    let overview = bench.call("cluster_overview", json!({"cluster": "test"})).await;
    for server in overview["servers"].as_array().unwrap() {
        assert_eq!(server["versions"][0]["commit"], commit, "{server}");
        assert_eq!(server["reachable"], true);
    }

    // A server that stopped gets it later; the others get it now.
    cluster.servers[1].1.cancel();
    bench
        .event("south is down", |event| match event {
            Event::ClusterChanged(changed) => changed.servers.then_some(()),
            _ => None,
        })
        .await;
    let done = loop {
        let done = bench.call("push_update", json!({"cluster": "test"})).await;
        let servers = done["servers"].as_array().unwrap();
        if servers.iter().any(|server| server["step"] == "down") {
            break done;
        }
    };
    let steps: Vec<_> =
        done["servers"].as_array().unwrap().iter().map(|server| server["step"].as_str().unwrap()).collect();
    assert!(steps.contains(&"updated"), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_started_followed_and_looked_into() {
    let (mut bench, _cluster) = signed_in().await;
    bench.call("push_update", json!({"cluster": "test"})).await;
    bench.call("cluster_overview", json!({"cluster": "test"})).await;
    let start = json!({"cluster": "test", "flow": FLOW, "inputs": {"factor": 5}, "count": 3});
    let made = bench.call("cluster_start_requests", start).await;
    assert_eq!(made.as_array().unwrap().len(), 3);
    let id = made[0]["id"].as_i64().unwrap();
    let of = |id: i64| json!({"cluster": "test", "request": id});
    while bench.call("cluster_request", of(id)).await["request"]["state"] != "Finished" {
        bench
            .event("cluster-changed", |event| match event {
                Event::ClusterChanged(changed) => {
                    changed.requests.as_ref().is_none_or(|requests| requests.contains(&id)).then_some(())
                }
                _ => None,
            })
            .await;
    }
    let detail = bench.call("cluster_request", of(id)).await;
    let point = detail["savedPoints"].as_array().unwrap().iter().find(|point| point["kind"] == "checkpoint").unwrap();
    let rows = json!({"cluster": "test", "request": id, "number": point["number"]});
    let rows = bench.call("cluster_saved_point", rows).await;
    assert_eq!((&rows["total"], &rows["rows"][0]["double"]), (&json!(3), &json!("50")));
    let file = json!({"cluster": "test", "request": id, "number": point["number"], "format": "csv"});
    assert_eq!(bench.fails("cluster_download", file.clone()).await.code, "host/not-available");
    let path = bench.folder.path().join("saved.csv");
    let desktop = bench.hosted_by(SavesTo(path.clone()));
    assert_eq!(desktop.call("cluster_download", file).await.unwrap()["path"], json!(path));
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written.lines().count(), 4, "a head and three records: {written}");
    let first = json!({"cluster": "test", "request": id, "query": {"before": 1}});
    assert_eq!(bench.call("cluster_saved_points", first.clone()).await["items"][0]["kind"], "checkpoint");
    assert_eq!(bench.call("cluster_attempts", first).await["items"], json!([]), "none is before the first");
    let log = bench.call("cluster_request_log", of(id)).await;
    assert!(log.as_array().unwrap().iter().any(|entry| entry["event"] == "checkpoint-saved"), "{log}");
    let flow = bench.call("cluster_request_flow", of(id)).await;
    assert_eq!(flow["name"], FLOW);
    let listed = json!({"cluster": "test", "query": {"flow": FLOW, "limit": 2}});
    assert_eq!(bench.call("cluster_requests", listed).await["items"].as_array().unwrap().len(), 2);
    assert_eq!(bench.fails("cluster_request", of(999_999)).await.code, "request/not-found");
    assert_eq!(bench.fails("cluster_cancel", of(id)).await.code, "request/state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_put_into_maintenance_and_taken_out_again() {
    let (bench, _cluster) = signed_in().await;
    let servers = async || bench.call("cluster_overview", json!({"cluster": "test"})).await["servers"].clone();
    let north = servers().await.as_array().unwrap().iter().find(|server| server["name"] == "north").unwrap().clone();
    let in_maintenance = async || {
        let servers = servers().await;
        let found = servers.as_array().unwrap().iter().filter(|server| server["maintenance"] == true);
        found.map(|server| server["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let wish = |on: bool| json!({"cluster": "test", "server": north["id"], "on": on});
    assert_eq!(bench.call("cluster_maintain", wish(true)).await["maintenance"], true);
    assert_eq!(in_maintenance().await, ["north"]);
    assert_eq!(bench.call("cluster_maintain", wish(false)).await["maintenance"], false);
    assert!(in_maintenance().await.is_empty());
    let missing = json!({"cluster": "test", "server": "nobody", "on": true});
    assert_eq!(bench.fails("cluster_maintain", missing).await.code, "server/not-found");
    let counted = bench.call("cluster_metrics", json!({"cluster": "test"})).await;
    assert!(counted["servers"].is_array(), "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_servers_answer_when_the_one_first_named_is_gone() {
    let (bench, cluster) = signed_in().await;
    bench.call("cluster_overview", json!({"cluster": "test"})).await;
    cluster.servers[0].1.cancel();
    let went = async {
        loop {
            let overview = bench.call("cluster_overview", json!({"cluster": "test"})).await;
            let servers = overview["servers"].as_array().unwrap().clone();
            let north = servers.iter().find(|server| server["name"] == "north").unwrap();
            if north["state"] == "Terminated" {
                return overview;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let overview = tokio::time::timeout(Duration::from_secs(30), went).await.expect("north ends");
    assert_eq!(overview["problem"], json!(null));
    cluster.servers[1].1.cancel();
    let lost = async {
        loop {
            let overview = bench.call("cluster_overview", json!({"cluster": "test"})).await;
            if overview["problem"].is_string() {
                return overview;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let overview = tokio::time::timeout(Duration::from_secs(30), lost).await.expect("nobody answers");
    assert_eq!(overview["servers"].as_array().unwrap().len(), 2, "what was seen last is shown on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_touches_no_servers_but_its_own() {
    let (bench, cluster) = signed_in().await;
    let plan = bench.call("tour_plan", json!({})).await;
    assert_eq!(plan["possible"], false);
    assert_eq!(bench.fails("tour_start", json!({})).await.code, "tour/not-possible");
    // A file that names other processes than those of the cluster.
    let servers: Vec<Value> = cluster
        .servers
        .iter()
        .map(|(at, _)| json!({"name": at.name, "id": at.id.to_string(), "pid": 1, "address": at.address}))
        .collect();
    let file = json!({"cluster": "test", "project": "Test-project", "flow": FLOW, "requests": 3, "servers": servers});
    std::fs::write(bench.folder.path().join("config/tour.json"), file.to_string()).unwrap();
    let error = bench.fails("tour_start", json!({})).await;
    assert_eq!(error.code, "tour/not-possible");
    assert!(error.message.contains("two servers"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_tells_what_each_server_would_get_and_what_is_in_the_way() {
    let (bench, _cluster) = signed_in().await;
    let of = json!({"cluster": "test"});
    let plan = bench.call("push_update_plan", of.clone()).await;
    assert_eq!((&plan["project"], &plan["ahead"], &plan["obstacles"]), (&json!(null), &json!(1), &json!([])));
    assert_eq!((&plan["servers"][0]["has"], &plan["servers"][0]["up"]), (&json!(null), &json!(true)));
    bench.call("push_update", of.clone()).await;
    bench.edit(json!({"edit": "rename", "id": "read-aaaaaa", "name": "Read all"})).await;
    let plan = bench.call("push_update_plan", of.clone()).await;
    assert_eq!(plan["left"], json!(["flows/orders.flow.json"]), "what is not saved would stay");
    bench.call("flow_save", json!({"flow": FLOW})).await;
    let former = plan["commit"]["id"].clone();
    bench.call("vcs_commit", json!({"message": "Read all"})).await;
    let plan = bench.call("push_update_plan", of.clone()).await;
    for server in plan["servers"].as_array().unwrap() {
        assert_eq!((&server["has"], &server["commits"]), (&former, &json!(1)));
        assert_eq!(server["changes"][0]["words"], json!(["renamed “Read” to “Read all”"]));
    }
    assert_eq!((&plan["project"], &plan["former"]), (&json!("Test-project"), &former));
    // A branch that goes to the cluster, and another that does not.
    let mark = json!({"color": "red", "production": true, "branch": "release"});
    bench.call("cluster_set_mark", json!({"cluster": "test", "mark": mark})).await;
    let plan = bench.call("push_update_plan", of.clone()).await;
    assert_eq!(
        (&plan["obstacles"][0]["code"], &plan["obstacles"][0]["branch"]),
        (&json!("push-update/other-branch"), &json!("release"))
    );
    assert_eq!(bench.fails("push_update", of.clone()).await.code, "push-update/confirm");
    let confirmed = json!({"cluster": "test", "confirm": "test"});
    assert_eq!(bench.fails("push_update", confirmed.clone()).await.code, "push-update/other-branch");
    let mark = json!({"color": "red", "production": true, "branch": "main"});
    let list = bench.call("cluster_set_mark", json!({"cluster": "test", "mark": mark})).await;
    assert_eq!(list["clusters"][0]["mark"]["color"], "red");
    bench.call("push_update", confirmed.clone()).await;

    // Back to the former version: the same version, by a new commit.
    let versions = |overview: &Value| {
        overview["servers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|server| server["versions"][0]["version"].clone())
            .collect::<Vec<_>>()
    };
    let newer = versions(&bench.call("cluster_overview", of.clone()).await);
    let back = json!({"cluster": "test", "commit": former, "confirm": "test"});
    let done = bench.call("push_update_back", back).await;
    assert!(done["servers"].as_array().unwrap().iter().all(|server| server["step"] == "updated"), "{done}");
    assert_ne!(versions(&bench.call("cluster_overview", of.clone()).await), newer);
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["read-aaaaaa"]["name"], "Read", "open flows follow");
    let history = bench.call("push_update_history", of).await;
    let subjects: Vec<_> =
        history.as_array().unwrap().iter().map(|record| record["subject"].as_str().unwrap()).collect();
    assert!(
        subjects[0].starts_with("Back to") && subjects[1] == "Read all" && subjects[2] == "Everything",
        "{subjects:?}"
    );
    assert_eq!((&history[0]["by"], &history[0]["done"]), (&json!("ada"), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn push_update_stops_at_the_first_server_that_fails_and_goes_on_there() {
    let (bench, _cluster) = signed_in().await;
    let of = json!({"cluster": "test"});
    bench.call("push_update", of.clone()).await;
    bench.edit(json!({"edit": "setDescription", "description": "new"})).await;
    bench.call("flow_save", json!({"flow": FLOW})).await;
    bench.call("vcs_commit", json!({"message": "Describe"})).await;
    // The working copies of the first server are in the way.
    let copies = |name: &str| {
        let found = walk(&bench.folder.path().join(name));
        found
            .into_iter()
            .find(|path| path.ends_with(".git/HEAD") && path.to_string_lossy().contains("Test-project"))
            .unwrap()
    };
    let overview = bench.call("cluster_overview", of.clone()).await;
    let first = overview["servers"][0]["name"].as_str().unwrap().to_owned();
    let head = copies(&first);
    let content = std::fs::read(&head).unwrap();
    std::fs::write(&head, "broken").unwrap();
    let done = bench.call("push_update", of.clone()).await;
    let steps: Vec<_> =
        done["servers"].as_array().unwrap().iter().map(|server| server["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["failed", "notReached"], "{done}");
    let history = bench.call("push_update_history", of.clone()).await;
    assert_eq!(history[0]["servers"][0]["step"], "failed");
    std::fs::write(&head, content).unwrap();
    let done = bench.call("push_update", of).await;
    assert!(done["servers"].as_array().unwrap().iter().all(|server| server["step"] == "updated"), "{done}");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
