//! What an operator does from the monitor of the designer, which holds no token: every act goes through the designer.

use super::Design;
use flow_api::{Request, RequestState, SettingChange, Update};
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, ServerProcess, TestCluster};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::trace_collector::TraceCollector;
use system_tests::wait::until;

/// Two servers with the sample project, and a monitor that is signed in to them.
struct Monitor {
    browser: Browser,
    cluster: TestCluster,
    endpoint: HoldingEndpoint,
    project: TestProject,
    design: Design,
    _folder: tempfile::TempDir,
}

impl Monitor {
    async fn start() -> std::io::Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with more environment variables, for servers and designer.
    async fn start_with(environment: &[(String, String)]) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let endpoint = HoldingEndpoint::start().await;
        let project = TestProject::sample(folder.path(), &endpoint.url);
        let cluster = TestCluster::start_in(&folder.path().join("cluster"), &["north", "south"], environment);
        cluster.install("orders", &project.remote).await;
        let design = Design::start_with(&project.folder, &folder.path().join("config"), environment);
        let browser = Browser::chromium().await;
        let monitor = Self { browser, cluster, endpoint, project, design, _folder: folder };
        monitor.sign_in().await;
        Ok(monitor)
    }

    async fn sign_in(&self) {
        let browser = &self.browser;
        browser.page.goto(&self.design.address).await.expect("the designer's page");
        browser.click(&test_id("sign-in")).await;
        browser.fill("Address", &self.north().address).await;
        browser.fill("Name of the cluster", "live").await;
        browser.fill("Account", "admin").await;
        browser.fill("Password", PASSWORD).await;
        browser.click(&test_id("sign-in-now")).await;
        browser.find(&test_id("server-dot-south")).await;
    }

    fn north(&self) -> &ServerProcess {
        self.cluster.server("north")
    }

    /// A request of north that is under way and waits for the endpoint, behind its last Checkpoint.
    async fn held(&self) -> Request {
        let request = self.north().request("orders", "order-import", json!({}), 1).await.remove(0);
        self.endpoint.until_calls(1).await;
        request
    }

    /// Brings both servers to a version of the flow that says `now` where it said `before`.
    async fn push(&self, before: &str, now: &str) {
        let flow = self.project.read("flows/order-import.flow.json").replace(before, now);
        self.project.write("flows/order-import.flow.json", &flow);
        self.project.commit_and_push("Say it otherwise");
        for server in &self.cluster.servers {
            server.client.update("orders", &Update::default()).await.expect("the update of a server");
        }
    }

    /// Shows a place of the monitor.
    async fn show(&self, place: &str) {
        let page = self.design.address.split('?').next().unwrap_or_default();
        self.browser.page.goto(&format!("{page}monitor.html#{place}")).await.expect("the monitor's page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_request_is_taken_over_from_the_monitor() -> Tested {
    let monitor = Monitor::start().await?;
    let (browser, north, south) = (&monitor.browser, monitor.north(), monitor.cluster.server("south"));
    let change = SettingChange { value: json!(1), version: None };
    north.client.change_setting("service.stalled_after_seconds", &change).await?;
    let held = monitor.held().await;
    monitor.show(&format!("/requests/{}", held.id)).await;
    browser.shows(&test_id("request-state"), "Stalled").await;
    browser.press("Take over").await;
    browser.shows("[role=dialog]", "Another server goes on from Orders stored").await;
    browser.click(&test_id("take-over-now")).await;
    browser.gone("[role=dialog]").await;
    browser.shows(&test_id("request-owner"), "south").await;
    monitor.endpoint.until_calls(2).await;
    monitor.endpoint.open();
    let ended = south.until_ended(held.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    assert_eq!(ended.owner.map(|owner| owner.name), Some("south".to_owned()));
    browser.shows(&test_id("request-state"), "Finished").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_on_at_the_newest_version_from_the_monitor() -> Tested {
    let monitor = Monitor::start().await?;
    let (browser, north) = (&monitor.browser, monitor.north());
    let held = monitor.held().await;
    north.client.cancel(held.id).await?;
    north.until_state(held.id, RequestState::Cancelled).await;
    monitor.push("Give notice", "Tell the warehouse").await;
    monitor.show(&format!("/requests/{}", held.id)).await;
    browser.press("Re-execute").await;
    browser.shows("[role=dialog]", "A new attempt goes on from Orders stored").await;
    browser.choose("Version", "the newest, as far as what is saved fits it").await;
    browser.shows(&test_id("fit-report"), "Runs: “Tell the warehouse”, “End”").await;
    browser.click(&test_id("re-execute-now")).await;
    browser.gone("[role=dialog]").await;
    monitor.endpoint.open();
    let ended = north.until_ended(held.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    assert_ne!(ended.version, held.version, "it is pinned to the newest version");
    browser.find(&test_id("component-Tell the warehouse")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_those_go_on_at_the_newest_version_that_fit_it_and_the_others_are_named() -> Tested {
    let monitor = Monitor::start().await?;
    let (browser, north) = (&monitor.browser, monitor.north());
    let other = monitor.held().await;
    monitor.push("checkpoint-h5d3mv", "checkpoint-k2p8wd").await;
    let fitting = north.request("orders", "order-import", json!({}), 1).await.remove(0);
    monitor.endpoint.until_calls(2).await;
    for id in [other.id, fitting.id] {
        north.client.cancel(id).await?;
        north.until_state(id, RequestState::Cancelled).await;
    }
    monitor.push("Give notice", "Tell the warehouse").await;
    monitor.show("/requests").await;
    browser.find(&format!("tr[data-row=\"{}\"]", fitting.id)).await;
    browser.click("[aria-label=\"Choose all requests that fit\"]").await;
    browser.press("Re-execute …").await;
    browser.shows("[role=dialog]", "2 of 2 requests will go on from their last checkpoints").await;
    browser.choose("Version", "the newest, as far as what is saved fits it").await;
    browser.shows("[role=dialog]", "1 of 2 requests will go on from their last checkpoints").await;
    let named = format!("Request {}: “Orders stored” (checkpoint-h5d3mv) has the id checkpoint-k2p8wd now", other.id);
    browser.shows(&test_id("bulk-left"), &named).await;
    browser.click(&test_id("bulk-now")).await;
    browser.gone("[role=dialog]").await;
    monitor.endpoint.open();
    let ended = north.until_ended(fitting.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    assert_ne!(ended.version, fitting.version, "it is pinned to the newest version");
    let left = north.client.request(other.id).await?.request;
    assert_eq!((left.state, left.attempt, left.version), (RequestState::Cancelled, 1, other.version));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_traced_from_the_monitor_that_starts_it_over_the_loss_of_its_server() -> Tested {
    let collector = TraceCollector::start().await?;
    let mut monitor = Monitor::start_with(&collector.environment()).await?;
    let before = monitor.held().await;
    monitor.north().client.cancel(before.id).await?;
    monitor.north().until_state(before.id, RequestState::Cancelled).await;
    monitor.show(&format!("/requests/{}", before.id)).await;
    monitor.browser.press("Re-execute").await;
    monitor.browser.choose("Version", "the newest, as a new request").await;
    monitor.browser.choose("Server that shall own it", "north").await;
    monitor.browser.click(&test_id("re-execute-now")).await;
    monitor.endpoint.until_calls(2).await;
    // What a server has not sent when it is killed is lost.
    let made = until("the call that made it, in a trace of the designer", async || {
        let sent = collector.sent();
        let by_designer = |id: &Vec<u8>| sent.iter().any(|span| span.service == "cairn" && span.id == *id);
        sent.iter().find(|span| span.name == "POST /api/v1/requests" && by_designer(&span.parent)).cloned()
    })
    .await;

    monitor.cluster.server_mut("north").kill();
    monitor.endpoint.until_calls(3).await;
    monitor.endpoint.open();
    let of_request =
        |name: &str| collector.sent().into_iter().find(|span| span.name == name && made.links.contains(&span.trace));
    let lost = until("the lost attempt", async || of_request("attempt 1")).await;
    let second = until("the second attempt", async || of_request("attempt 2")).await;
    assert_eq!((lost.error.as_deref(), second.error), (Some("its server was lost"), None));
    assert_eq!(second.instance, monitor.cluster.server("south").id);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_put_into_maintenance_from_the_monitor() -> Tested {
    let monitor = Monitor::start().await?;
    let (browser, south) = (&monitor.browser, monitor.cluster.server("south"));
    let (row, button) = (test_id("server-south"), test_id("maintenance-south"));
    monitor.show("/").await;
    browser.click(&button).await;
    browser.press("Cancel").await;
    browser.gone("[role=dialog]").await;
    assert!(!monitor.north().sees(&south.id).await.maintenance, "asking does nothing");

    browser.click(&button).await;
    browser.press("Begin maintenance").await;
    browser.shows(&row, "Maintenance").await;
    assert!(monitor.north().sees(&south.id).await.maintenance);
    browser.click(&button).await;
    browser.press("End maintenance").await;
    browser.shows(&row, "Running").await;
    assert!(!monitor.north().sees(&south.id).await.maintenance);
    Ok(())
}
