//! What happens to the requests of a server that is lost: killed, stopped, or restarted.

mod by_operator;
mod on_postgres;

use flow_api::{Request, RequestState};
use serde_json::json;
use std::path::Path;
use system_tests::Tested;
use system_tests::cluster::TestCluster;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::{TestProject, component, http_connection, sqlite_connection, straight_flow};
use system_tests::wait::until;

/// A flow that writes one row, passes a Checkpoint, waits at the endpoint, and writes another row.
fn ledger_flow(other_server_retry: bool, mark: &str) -> String {
    let row = |place: &str| {
        json!({"Fields": [
            {"field": "place", "expression": format!("'{place}'")},
            {"field": "number", "expression": "$number"},
            {"field": "mark", "expression": format!("'{mark}'")},
        ]})
    };
    let put = json!({"Connection": "ledger", "Table": "ledger", "Mode": "Insert", "CreateTable": true});
    straight_flow(&[
        component(
            "start-1",
            "Start",
            "Start",
            json!({
                "OtherServerRetry": other_server_retry, "BeginCheckpoint": "Use",
                "Inputs": [{"name": "number", "type": "Integer", "default": 0}],
            }),
        ),
        component("before-1", "Mapper", "Before", row("before")),
        component("put-1", "SqlPut", "Write before", put.clone()),
        component("checkpoint-1", "Checkpoint", "Half way", json!({})),
        component("hold-1", "HttpRequest", "Hold", json!({"Connection": "hold", "Method": "POST", "Path": "/hold"})),
        component("after-1", "Mapper", "After", row("after")),
        component("put-2", "SqlPut", "Write after", put),
        component("end-1", "End", "End", json!({})),
    ])
}

/// A cluster with the ledger flow, whose requests wait half way until the endpoint opens.
pub struct Story {
    pub cluster: TestCluster,
    pub endpoint: HoldingEndpoint,
    project: TestProject,
    folder: tempfile::TempDir,
}

impl Story {
    async fn begin(servers: &[&str], other_server_retry: bool) -> std::io::Result<Self> {
        Self::begin_with(servers, other_server_retry, &[]).await
    }

    /// With more environment variables.
    pub async fn begin_with(
        servers: &[&str],
        other_server_retry: bool,
        environment: &[(String, String)],
    ) -> std::io::Result<Self> {
        Self::begin_on(None, servers, other_server_retry, environment).await
    }

    /// On the database of a connection; none is the embedded one.
    async fn begin_on(
        connection: Option<&str>,
        servers: &[&str],
        other_server_retry: bool,
        environment: &[(String, String)],
    ) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let endpoint = HoldingEndpoint::start().await;
        let files = [
            ("flows/ledger.flow.json", ledger_flow(other_server_retry, "first")),
            ("connections/hold.json", http_connection(&endpoint.url)),
            ("connections/ledger.json", sqlite_connection("storage:ledger.db")),
        ];
        let project = TestProject::new(folder.path(), "ledger", &files);
        let cluster = match connection {
            Some(connection) => TestCluster::start_on(connection, folder.path(), servers, environment),
            None => TestCluster::start_in(folder.path(), servers, environment),
        };
        cluster.install("ledger", &project.remote).await;
        Ok(Self { cluster, endpoint, project, folder })
    }

    /// Makes requests on the first server, which are then under way there.
    async fn under_way(&self, count: i64) -> Vec<Request> {
        let mut requests = Vec::new();
        for number in 0..count {
            let inputs = json!({"number": number});
            requests.extend(self.cluster.server("first").request("ledger", "ledger", inputs, 1).await);
        }
        self.endpoint.until_calls(usize::try_from(count).unwrap_or(0)).await;
        requests
    }

    /// The rows that the flows have written.
    pub fn ledger(&self) -> Vec<(String, i64, String)> {
        ledger_rows(&self.folder.path().join("storage/ledger.db"))
    }
}

fn ledger_rows(path: &Path) -> Vec<(String, i64, String)> {
    let ledger = rusqlite::Connection::open(path).expect("the ledger");
    let mut rows =
        ledger.prepare("SELECT place, number, mark FROM ledger ORDER BY number, place DESC").expect("its table");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("its rows");
    rows.collect::<Result<_, _>>().expect("each row")
}

/// What is in the ledger when so many requests that were under way have finished.
fn every_row_once(count: i64) -> Vec<(String, i64, String)> {
    let rows = |number| ["before", "after"].map(|place| (place.to_owned(), number, "first".to_owned()));
    (0..count).flat_map(rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_killed_server_go_on_from_their_last_checkpoint_on_the_survivor() -> Tested {
    let mut story = Story::begin(&["first", "second"], true).await?;
    let requests = story.under_way(5).await;

    story.cluster.servers[0].kill();
    story.endpoint.until_calls(10).await;
    story.endpoint.open();

    let survivor = story.cluster.server("second");
    for request in &requests {
        let ended = survivor.until_ended(request.id).await;
        assert_eq!(ended.state, RequestState::Finished);
        assert_eq!(ended.owner.map(|owner| owner.server), Some(survivor.id.clone()));
        assert_eq!((ended.attempt, ended.retries_used), (2, 0), "a takeover spends no retry");
        assert_eq!(ended.version, request.version);
    }
    assert_eq!(story.ledger(), every_row_once(5), "nothing lost, and nothing settled ran again");
    let keys: Vec<_> = story.endpoint.calls().into_iter().map(|call| call.idempotency_key).collect();
    for key in &keys {
        assert_eq!(
            keys.iter().filter(|other| *other == key).count(),
            2,
            "the repeated call has the same idempotency key"
        );
    }
    let log = story.cluster.log_of("second");
    let told = log.lines().find(|line| line.contains("took its requests over")).expect("its log tells of it");
    assert!(told.contains("\"first\""), "by the name that people know: {told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_taken_over_and_changes_nothing_when_it_wakes() -> Tested {
    let mut story = Story::begin(&["first", "second"], true).await?;
    let zombie = story.cluster.server("first");
    let request = story.under_way(1).await.remove(0);

    zombie.stop();
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    let ended = survivor.until_ended(request.id).await;
    assert_eq!(ended.state, RequestState::Finished);
    let (zombie_id, epoch) = (zombie.id.clone(), survivor.sees(&zombie.id).await.epoch);

    zombie.go_on();
    // It finds out that it was declared dead, gives up its epoch and joins again with a new one.
    until("the stopped server joins with a new epoch", async || {
        let seen = survivor.sees(&zombie_id).await;
        (seen.epoch > epoch).then_some(())
    })
    .await;

    let after = survivor.client.request(request.id).await?;
    assert_eq!(after.request, ended, "its late writes changed nothing");
    let places: Vec<_> = story.ledger().into_iter().map(|(place, ..)| place).collect();
    assert_eq!(places, ["before", "after"], "it acted no more on the world");
    story.cluster.servers.clear();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_other_server_retry_waits_for_its_own_server() -> Tested {
    let mut story = Story::begin(&["first", "second"], false).await?;
    let owner = story.cluster.server("first");
    let (owner_id, request) =
        (owner.id.clone(), owner.request("ledger", "ledger", json!({"number": 1}), 1).await.remove(0));
    story.endpoint.until_calls(1).await;

    story.cluster.servers[0].kill();
    let survivor = story.cluster.server("second");
    let waiting = survivor.until_state(request.id, RequestState::WaitingForRetry).await;
    assert_eq!(waiting.owner.map(|owner| owner.server), Some(owner_id));

    story.endpoint.open();
    let ended = story.cluster.add_server("first").until_ended(request.id).await;
    assert_eq!(ended.state, RequestState::Finished);
    assert_eq!(story.ledger().len(), 2, "it went on from its checkpoint");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_server_goes_on_with_its_own_requests_after_a_crash() -> Tested {
    let mut story = Story::begin(&["lone"], true).await?;
    let request = story.cluster.server("lone").request("ledger", "ledger", json!({"number": 1}), 1).await.remove(0);
    story.endpoint.until_calls(1).await;

    story.cluster.servers[0].kill();
    story.endpoint.open();
    let ended = story.cluster.add_server("lone").until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    assert_eq!(story.ledger().len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survivor_runs_the_version_that_the_request_is_pinned_to() -> Tested {
    let mut story = Story::begin(&["first", "second"], true).await?;
    let request = story.under_way(1).await.remove(0);

    story.project.write("flows/ledger.flow.json", &ledger_flow(true, "second"));
    story.project.commit_and_push("Mark the rows otherwise");
    story.cluster.server("second").client.update("ledger", &flow_api::Update::default()).await?;
    story.cluster.servers[0].kill();
    story.endpoint.until_calls(2).await;
    story.endpoint.open();

    let survivor = story.cluster.server("second");
    let ended = survivor.until_ended(request.id).await;
    assert_eq!((ended.state, &ended.version), (RequestState::Finished, &request.version));
    let marks: Vec<_> = story.ledger().into_iter().map(|(.., mark)| mark).collect();
    assert_eq!(marks, ["first", "first"]);
    let newer = survivor.request("ledger", "ledger", json!({"number": 2}), 1).await.remove(0);
    assert_ne!(newer.version, request.version);
    survivor.until_ended(newer.id).await;
    assert_eq!(story.ledger().len(), 4);
    assert!(story.ledger()[2..].iter().all(|(.., mark)| mark == "second"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_stop_hands_over_and_ends() -> Tested {
    let mut story = Story::begin(&["first", "second"], true).await?;
    let request = story.under_way(1).await.remove(0);

    story.cluster.server("first").terminate();
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    let ended = story.cluster.server("second").until_ended(request.id).await;
    assert_eq!(ended.state, RequestState::Finished);
    let stopped = &mut story.cluster.servers[0];
    let mut end = stopped.has_ended();
    while !end {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        end = stopped.has_ended();
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_request_is_re_executed_by_the_server_that_is_asked() -> Tested {
    let story = Story::begin(&["first", "second"], true).await?;
    let first = story.cluster.server("first");
    let request = story.under_way(1).await.remove(0);
    first.client.cancel(request.id).await?;
    first.until_state(request.id, RequestState::Cancelled).await;

    story.endpoint.open();
    let second = story.cluster.server("second");
    second.client.re_execute(request.id).await?;
    let ended = second.until_ended(request.id).await;
    assert_eq!(ended.state, RequestState::Finished);
    assert_eq!(ended.owner.map(|owner| owner.server), Some(second.id.clone()));
    assert_eq!(story.ledger().len(), 2, "the settled part did not run again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_which_three_servers_were_lost_in_a_row_ends_in_an_error() -> Tested {
    let mut story = Story::begin(&["first", "second"], true).await?;
    let request = story.cluster.server("first").request("ledger", "ledger", json!({"number": 1}), 1).await.remove(0);
    let mut names = ["first", "second"];
    for losses in 1..=3 {
        story.endpoint.until_calls(losses).await;
        let [owner, survivor] = names;
        story.cluster.server_mut(owner).kill();
        if losses == 3 {
            let ended = story.cluster.server(survivor).until_ended(request.id).await;
            assert_eq!(ended.state, RequestState::Error);
            assert_eq!(ended.error.map(|error| error.code).as_deref(), Some("request/takeover-limit"));
        } else {
            story.cluster.add_server(owner);
        }
        names = [survivor, owner];
    }
    story.endpoint.open();
    let survivor = story.cluster.server(names[0]);
    survivor.client.re_execute(request.id).await?;
    let ended = survivor.until_ended(request.id).await;
    assert_eq!((ended.state, ended.retries_used), (RequestState::Finished, 0));
    assert_eq!(story.ledger().len(), 2, "it went on from its checkpoint");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_own_server_is_gone_is_re_executed_on_another_and_not_again_when_it_comes_back() -> Tested {
    let mut story = Story::begin(&["first", "second"], false).await?;
    let request = story.under_way(1).await.remove(0);
    story.cluster.server_mut("first").kill();
    let second = story.cluster.server("second");
    second.until_state(request.id, RequestState::WaitingForRetry).await;

    story.endpoint.open();
    second.client.re_execute(request.id).await?;
    let ended = second.until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    assert_eq!(ended.owner.as_ref().map(|owner| &owner.server), Some(&second.id));

    let later = story.cluster.add_server("first").request("ledger", "ledger", json!({"number": 2}), 1).await.remove(0);
    story.cluster.server("first").until_ended(later.id).await;
    let after = story.cluster.server("first").client.request(request.id).await?;
    assert_eq!(after.request, ended, "its first server lets it be");
    assert_eq!(story.ledger().len(), 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_only_slow_finishes_its_requests_and_none_is_marked_as_failed() -> Tested {
    let story = Story::begin(&["first", "second"], true).await?;
    let slow = story.cluster.server("first");
    let requests = slow.request("ledger", "ledger", json!({"number": 1}), 4).await;
    story.endpoint.until_calls(4).await;
    for _ in 0..3 {
        // Shorter than a lease. A machine under load may make it longer: then they finish elsewhere.
        slow.stop();
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        slow.go_on();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    story.endpoint.open();
    for request in &requests {
        let ended = story.cluster.server("second").until_ended(request.id).await;
        assert_eq!((ended.state, ended.error), (RequestState::Finished, None));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_keeps_the_name_that_it_was_given_when_it_joins_anew() -> Tested {
    let story = Story::begin(&["first", "second"], true).await?;
    let (renamed, other) = (story.cluster.server("first"), story.cluster.server("second"));
    other.client.rename_server(&renamed.id, "Paris").await?;
    let epoch = other.sees(&renamed.id).await.epoch;
    renamed.stop();
    until("it is given up", async || {
        (other.sees(&renamed.id).await.state == flow_api::ServerState::Terminated).then_some(())
    })
    .await;
    renamed.go_on();
    let anew =
        until("it joins anew", async || Some(other.sees(&renamed.id).await).filter(|seen| seen.epoch > epoch)).await;
    assert_eq!(anew.name, "Paris");
    Ok(())
}
