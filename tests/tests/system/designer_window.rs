//! The one story, in the real window: draw a flow, commit it, push the update to two servers, lose one, and see the
//! takeover in the monitor.

use fantoccini::key::Key;
use flow_api::{NewProject, RequestState};
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, TestCluster};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::wait::until;

/// Draws Start → Checkpoint → HTTP Request → End, with a start component that lets other servers go on.
async fn draw(window: &Browser) {
    window.press("New flow").await;
    window.fill("Name", "notify").await;
    window.press("Create").await;
    window.find(&test_id("component-End")).await;
    for (kind, name, x, y) in
        [("Checkpoint", "Checkpoint", -120.0, 120.0), ("HttpRequest", "HTTP Request", 60.0, -120.0)]
    {
        window.drag(&test_id(&format!("palette-{kind}")), &test_id("canvas"), (x, y)).await;
        window.find(&test_id(&format!("component-{name}"))).await;
    }
    // A new flow comes with a link from its start to its end: the way shall lead through the new components instead.
    window.click_beside(&test_id("port-Start-out"), (60.0, 0.0)).await;
    window.type_into(&test_id("canvas"), &Key::Delete.to_string()).await;
    window.gone("[data-testid^=\"link-\"]").await;
    for (from, to) in
        [("Start-out", "Checkpoint-in"), ("Checkpoint-out", "HTTP Request-in"), ("HTTP Request-out", "End-in")]
    {
        window.drag(&test_id(&format!("port-{from}")), &test_id(&format!("port-{to}")), (0.0, 0.0)).await;
    }
    until("three links", async || window.count("[data-testid^=\"link-\"]").await.eq(&3).then_some(())).await;
    window.click(&test_id("component-Start")).await;
    window.click("#property-OtherServerRetry").await;
    window.press("Use").await;
    window.click(&test_id("component-HTTP Request")).await;
    window.choose("Connection", "notices").await;
    window.fill("Path", "/notify").await;
    // The designer sees what will be different on another server.
    window.shows(&test_id("property-Connection-problem"), "means another machine on each server").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_drawn_in_the_window_survives_the_loss_of_its_server() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    let project = TestProject::sample(folder.path(), &endpoint.url);
    let mut cluster = TestCluster::start(folder.path(), &["first", "second"]);
    let registered = NewProject {
        name: "orders".into(),
        repository: project.remote.to_string_lossy().into_owned(),
        branch: "main".into(),
        folder: String::new(),
    };
    cluster.server("first").client.add_project(&registered).await?;

    let path = project.folder.to_string_lossy().into_owned();
    let config = folder.path().join("designer").to_string_lossy().into_owned();
    let window = Browser::designer_window(&[&path], &[("CAIRN_CONFIG", config)]).await;
    draw(&window).await;
    window.picture("designer-drawn").await;
    window.press("Save").await;
    window.shows(&test_id("status-saved"), "Saved").await;

    window.click(&test_id("commit")).await;
    window.fill("Message", "Notify a service").await;
    window.click(&test_id("commit-now")).await;
    window.gone(&test_id("commit-now")).await;

    window.click(&test_id("sign-in")).await;
    window.fill("Address", &cluster.server("first").address).await;
    window.fill("Name of the cluster", "test").await;
    window.fill("Account", "admin").await;
    window.fill("Password", PASSWORD).await;
    window.click(&test_id("sign-in-now")).await;
    window.find(&test_id("server-dot-second")).await;

    window.click(&test_id("push-update")).await;
    window.click(&test_id("push-update-now")).await;
    window.find("[data-testid=\"push-update-sum\"][data-done=\"true\"]").await;
    window.picture("designer-push-update").await;
    for server in &cluster.servers {
        let flows = server.client.flows("orders").await?;
        assert!(flows.iter().any(|flow| flow.name == "notify"), "{} has the new flow", server.name);
    }
    window.press("Close").await;

    let request = cluster.server("first").request("orders", "notify", json!({}), 1).await.remove(0);
    endpoint.until_calls(1).await;
    window.click(&test_id("open-monitor")).await;
    let designer = window.page.window().await?;
    let monitor = until("the monitor's window", async || {
        window.page.windows().await.ok()?.into_iter().find(|other| *other != designer)
    })
    .await;
    window.page.switch_to_window(monitor).await?;
    window.shows(&test_id("count-Running"), "1").await;
    window.shows(&test_id("server-first"), "Running").await;

    cluster.servers[0].kill();
    endpoint.until_calls(2).await;
    window.shows(&test_id("server-first"), "Terminated").await;
    window.shows(&test_id("server-first"), "taken over by second").await;
    window.find(&test_id("takeover")).await;
    window.picture("monitor-takeover").await;
    endpoint.open();
    let ended = cluster.server("second").until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    window.shows(&test_id("count-Finished"), "1").await;
    window.press("Status List").await;
    for text in ["notify", "Finished", "second"] {
        window.shows(&format!("tr[data-row=\"{}\"]", request.id), text).await;
    }
    Ok(())
}
