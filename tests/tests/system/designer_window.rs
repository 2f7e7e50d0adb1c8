//! The real window. First the one story: draw a flow, commit it, push the update to two servers, lose one, and see the
//! takeover in the monitor. Then what only a desktop has: notifications, files that are opened with it, its clipboard, and
//! windows that come back as they were.

use fantoccini::key::Key;
use flow_api::{NewProject, RequestState};
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, TestCluster};
use system_tests::desktop::Desktop;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::trace_collector::TraceCollector;
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
    window.choose_component("Start").await;
    window.click("#property-OtherServerRetry").await;
    window.press("Use").await;
    window.choose_component("HTTP Request").await;
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
    let collector = TraceCollector::start().await?;
    let traced = collector.environment();
    let mut cluster = TestCluster::start_in(folder.path(), &["first", "second"], &traced);
    let registered = NewProject {
        name: "orders".into(),
        repository: project.remote.to_string_lossy().into_owned(),
        branch: "main".into(),
        folder: String::new(),
    };
    cluster.server("first").client.add_project(&registered).await?;

    let path = project.folder.to_string_lossy().into_owned();
    let config = folder.path().join("designer").to_string_lossy().into_owned();
    let mut environment: Vec<_> = traced.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    environment.push(("CAIRN_CONFIG", config));
    let window = Browser::designer_window(&[&path], &environment).await;
    draw(&window).await;
    window.picture("designer-drawn").await;
    window.press("Save").await;
    window.shows(&test_id("status-saved"), "Saved").await;

    window.click(&test_id("commit")).await;
    window.fill("Message", "Notify a service").await;
    window.click(&test_id("commit-now")).await;
    window.gone(&test_id("commit-now")).await;

    sign_in(&window, &cluster.server("first").address).await;
    window.find(&test_id("server-dot-second")).await;

    window.click(&test_id("push-update")).await;
    window.click("[data-testid=\"push-update-now\"]:not(:disabled)").await;
    window.find("[data-testid=\"push-update-sum\"][data-done=\"true\"]").await;
    window.picture("designer-push-update").await;
    for server in &cluster.servers {
        let flows = server.client.flows("orders").await?;
        assert!(flows.iter().any(|flow| flow.name == "notify"), "{} has the new flow", server.name);
    }
    until("what the servers did is in the traces of the designer", async || {
        let sent = collector.sent();
        let by_designer = |id: &Vec<u8>| sent.iter().any(|span| span.service == "cairn-designer" && span.id == *id);
        let mut updates = sent.iter().filter(|span| span.name == "POST /api/v1/projects/{project}/update");
        updates.any(|span| span.service == "cairn-server" && by_designer(&span.parent)).then_some(())
    })
    .await;
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

/// Signs in to the cluster `test` in the designer's window.
async fn sign_in(window: &Browser, address: &str) {
    window.click(&test_id("sign-in")).await;
    window.fill("Address", address).await;
    window.fill("Name of the cluster", "test").await;
    window.fill("Account", "admin").await;
    window.fill("Password", PASSWORD).await;
    window.click(&test_id("sign-in-now")).await;
    window.gone(&test_id("sign-in-now")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_tells_of_a_takeover_and_of_a_failed_request() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    let project = TestProject::sample(folder.path(), &endpoint.url);
    let mut cluster = TestCluster::start(folder.path(), &["first", "second"]);
    cluster.install("orders", &project.remote).await;
    let desktop = Desktop::start().await;
    let config = folder.path().join("designer").to_string_lossy().into_owned();
    let environment = [("CAIRN_CONFIG", config), desktop.environment()];
    let window = Browser::designer_window(&[&project.folder.to_string_lossy()], &environment).await;
    sign_in(&window, &cluster.server("second").address).await;
    window.find(&test_id("server-dot-second")).await;

    cluster.server("first").request("orders", "order-import", json!({"month": "1997-02"}), 1).await;
    endpoint.until_calls(1).await;
    cluster.servers[0].kill();
    let text = desktop.until_shown("second took over from first").await;
    assert!(text.contains("1 request goes on on second"), "{text}");

    let request = cluster.server("second").request("orders", "order-import", json!({"month": "0000-00"}), 1).await;
    let id = request.first().map(|request| request.id).unwrap_or_default();
    let text = desktop.until_shown(&format!("Request {id} of order-import failed")).await;
    assert!(text.contains("orders-0000-00.csv"), "{text}");

    // A click on a notification shows the monitor.
    desktop.click(1).await;
    until("the monitor's window", async || (window.page.windows().await.ok()?.len() == 2).then_some(())).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_opened_comes_to_the_window_that_is_there() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = TestProject::sample(folder.path(), "http://127.0.0.1:9");
    let other = TestProject::of_sample(folder.path(), "api-sync", &[]);
    let desktop = Desktop::start().await;
    let config = folder.path().join("designer").to_string_lossy().into_owned();
    let file = |project: &TestProject, flow: &str| {
        project.folder.join(format!("flows/{flow}.flow.json")).to_string_lossy().into_owned()
    };
    let environment = [("CAIRN_CONFIG", config), desktop.environment()];
    let window = Browser::designer_window(&[&file(&project, "daily-report")], &environment).await;
    window.find("[data-testid=\"tab-daily-report\"][aria-selected=true]").await;

    window.start_once_more(&[&file(&project, "order-import")]).await;
    window.find("[data-testid=\"tab-order-import\"][aria-selected=true]").await;
    window.start_once_more(&[&other.folder.join("project.json").to_string_lossy()]).await;
    window.gone(&test_id("tab-order-import")).await;
    until("the other project", async || (window.page.title().await.ok()?.contains("api-sync")).then_some(())).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_comes_back_as_it_was_also_after_a_crash() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = TestProject::sample(folder.path(), "http://127.0.0.1:9");
    let path = project.folder.to_string_lossy().into_owned();
    let config = folder.path().join("designer");
    let environment = [("CAIRN_CONFIG", config.to_string_lossy().into_owned())];

    let window = Browser::designer_window(&[&path], &environment).await;
    window.click(&test_id("flow-daily-report")).await;
    window.click(&test_id("flow-order-import")).await;
    window.find("[data-testid=\"tab-order-import\"][aria-selected=true]").await;
    window.page.set_window_rect(0, 0, 1180, 760).await?;
    let width = || async { window.page.execute("return innerWidth", Vec::new()).await.ok() };
    until("the smaller window", async || (width().await? == json!(1180)).then_some(())).await;
    // Copies a component and pastes it, by the keys of the desktop.
    window.choose_component("Read orders").await;
    window.type_into(&test_id("canvas"), "\u{E009}c").await;
    window.type_into(&test_id("canvas"), "\u{E009}v").await;
    window.find(&test_id("component-Read orders 2")).await;
    window.shows(&test_id("status-saved"), "Not saved").await;
    // It is drawn sooner than the program has it.
    until("the copy in the crash journal", async || {
        let mut journals = std::fs::read_dir(config.join("journal")).ok()?.flatten();
        let has_it = |path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("Read orders 2"));
        journals.any(|journal| has_it(journal.path())).then_some(())
    })
    .await;
    let kept = |what: &str| {
        let text = std::fs::read_to_string(config.join("recent-projects.json")).unwrap_or_default();
        text.contains(what).then_some(())
    };
    until("the tabs on disk", async || kept("order-import")).await;
    // As a crash would end it: killed.
    drop(window);

    let window = Browser::designer_window(&[&path], &environment).await;
    window.find("[data-testid=\"tab-daily-report\"]").await;
    window.shows(&test_id("left-order-import"), "Read orders 2").await;
    window.click(&test_id("bring-back")).await;
    window.find("[data-testid=\"tab-order-import\"][aria-selected=true]").await;
    window.find(&test_id("component-Read orders 2")).await;
    window.shows(&test_id("status-saved"), "Not saved").await;
    window.press("Save").await;
    window.shows(&test_id("status-saved"), "Saved").await;
    window.page.set_window_rect(40, 30, 1180, 760).await?;
    let width = || async { window.page.execute("return innerWidth", Vec::new()).await.ok() };
    until("the smaller window", async || (width().await? == json!(1180)).then_some(())).await;
    // The window is gone before the answer comes.
    let quit = "window.__TAURI_INTERNALS__.invoke('call', {name: 'window_quit', input: {}})";
    let _ = window.page.execute(quit, Vec::new()).await;
    until("the window's place on disk", async || {
        let text = std::fs::read_to_string(config.join("windows.json")).ok()?;
        text.contains("window.designer").then_some(())
    })
    .await;
    drop(window);

    let window = Browser::designer_window(&[&path], &environment).await;
    window.find(&test_id("canvas")).await;
    let width = window.page.execute("return innerWidth", Vec::new()).await?;
    assert_eq!(width, json!(1180), "the size of the window before");
    Ok(())
}
