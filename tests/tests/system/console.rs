//! The management console in a real browser, on real servers.

mod around;
mod dialogs;
mod git;
mod metrics;
mod pages;

use fantoccini::Locator;
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, TestCluster, user};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;

struct Story {
    cluster: TestCluster,
    endpoint: HoldingEndpoint,
    project: TestProject,
    folder: tempfile::TempDir,
}

impl Story {
    async fn begin(servers: &[&str]) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let endpoint = HoldingEndpoint::start().await;
        let project = TestProject::sample(folder.path(), &endpoint.url);
        let cluster = TestCluster::start(folder.path(), servers);
        cluster.install("orders", &project.remote).await;
        Ok(Self { cluster, endpoint, project, folder })
    }

    /// Makes requests on a server and waits until each waits at the endpoint, behind its checkpoints.
    async fn requests(&self, server: &str, months: &[&str]) -> Vec<i64> {
        let mut made = Vec::new();
        for month in months {
            let requests =
                self.cluster.server(server).request("orders", "order-import", json!({"month": month}), 1).await;
            made.extend(requests.iter().map(|request| request.id));
        }
        self.endpoint.until_calls(months.len()).await;
        made
    }
}

async fn sign_in(console: &Browser, account: &str, password: &str) {
    console.fill("Account", account).await;
    console.fill("Password", password).await;
    console.press("Sign in").await;
}

async fn go(console: &Browser, server: &str, place: &str) -> Result<(), fantoccini::error::CmdError> {
    console.page.goto(&format!("{server}{place}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_follows_a_takeover_and_re_executes_in_the_console() -> Tested {
    let mut story = Story::begin(&["first", "second"]).await?;
    let address = story.cluster.server("second").address.clone();
    let console = Browser::chromium().await;

    go(&console, &address, "/").await?;
    sign_in(&console, "admin", "a wrong password").await;
    console.shows("[role=alert]", "Name or password is wrong.").await;
    sign_in(&console, "admin", PASSWORD).await;
    for server in ["first", "second"] {
        console.shows(&test_id(&format!("server-{server}")), "Running").await;
    }

    let requests = story.requests("first", &["1997-01", "1997-02"]).await;
    console.press("Status List").await;
    console.shows(&test_id("count-Running"), "2").await;
    for request in &requests {
        console.shows(&format!("tr[data-row=\"{request}\"]"), "Orders stored").await;
    }
    console.choose("Owner", "second").await;
    console.until_text("No requests like these").await;
    console.choose("Owner", "first").await;
    console.find(&format!("tr[data-row=\"{}\"]", requests[1])).await;
    console.press("Clear filters").await;

    story.cluster.servers[0].kill();
    story.endpoint.until_calls(4).await;
    console.press("Server List").await;
    console.shows(&test_id("server-first"), "Terminated").await;
    console.shows(&test_id("server-first"), "taken over by second").await;
    console.picture("console-servers").await;

    console.press("Status List").await;
    console.click(&format!("tr[data-row=\"{}\"]", requests[0])).await;
    console.shows(&test_id("request-owner"), "second").await;
    console.press("Cancel request").await;
    console.press("Cancel it now").await;
    console.shows(&test_id("request-state"), "Cancelled").await;
    console.press("Re-execute").await;
    story.endpoint.open();
    console.press("Re-execute now").await;
    console.shows(&test_id("request-state"), "Finished").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_can_be_looked_into_and_a_server_updated_in_the_console() -> Tested {
    let story = Story::begin(&["first"]).await?;
    let server = story.cluster.server("first");
    let request = story.requests("first", &["1997-03"]).await[0];
    let console = Browser::chromium().await;

    // An address deep inside leads there, after signing in as after a reload.
    go(&console, &server.address, &format!("/requests/{request}")).await?;
    sign_in(&console, "admin", PASSWORD).await;
    console.until_text(&format!("Request {request}")).await;
    console.shows(&test_id("request-state"), "Running").await;
    story.endpoint.open();
    console.shows(&test_id("request-state"), "Finished").await;
    console.page.refresh().await?;
    console.shows(&test_id("request-state"), "Finished").await;

    console.shows("[aria-label=\"Log of the request\"]", "checkpoint-saved").await;
    console.find(&test_id("lane-first")).await;
    console.find("[data-testid=\"component-Give notice\"][data-state=\"finished\"]").await;
    console.press("Orders mapped, checkpoint, show its records").await;
    console.shows("table[aria-label=\"Records saved at Orders mapped\"]", "price_per_disc").await;
    console.picture("console-request").await;

    story.project.write("flows/another.flow.json", &story.project.read("flows/order-import.flow.json"));
    story.project.commit_and_push("Add another flow");
    console.press("Version Control").await;
    console.press("Update on this server: orders").await;
    console.shows(&test_id("toast-ok"), "orders is up to date on first").await;
    let flows = server.client.flows("orders").await?;
    assert!(flows.iter().any(|flow| flow.name == "another"), "{flows:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_sees_everything_and_no_button_that_he_may_not_use() -> Tested {
    let story = Story::begin(&["first"]).await?;
    let database = story.folder.path().join("cairn.db");
    user(&database, &["add", "guest", "--role", "Viewer", "--password-stdin"], Some(PASSWORD));
    let address = &story.cluster.server("first").address;
    let request = story.requests("first", &["1997-04"]).await[0];
    let console = Browser::chromium().await;

    go(&console, address, "/requests").await?;
    sign_in(&console, "guest", PASSWORD).await;
    console.click(&format!("tr[data-row=\"{request}\"]")).await;
    console.shows("[aria-label=\"Log of the request\"]", "checkpoint-saved").await;
    assert_eq!(changing_buttons(&console).await?, Vec::<String>::new());
    console.press("Status List").await;
    console.find(&format!("tr[data-row=\"{request}\"]")).await;
    assert_eq!(changing_buttons(&console).await?, Vec::<String>::new());
    console.press("Version Control").await;
    console.find("[aria-label=\"Project orders\"]").await;
    assert_eq!(changing_buttons(&console).await?, Vec::<String>::new());
    console.press("Connections").await;
    console.find("[aria-label=\"Connection notices\"]").await;
    assert_eq!(changing_buttons(&console).await?, Vec::<String>::new());
    console.press("Flow").await;
    console.find(&test_id("setting-server.name")).await;
    assert_eq!(console.count("[data-testid^=setting-] :is(button, input)").await, 0);
    for place in ["/requests/new", "/users", "/audit"] {
        go(&console, address, place).await?;
        console.until_text("There is nothing at this address").await;
    }
    Ok(())
}

/// The buttons in sight that would change something.
async fn changing_buttons(console: &Browser) -> Result<Vec<String>, fantoccini::error::CmdError> {
    const CHANGING: [&str; 9] = [
        "Set …",
        "Test",
        "Change …",
        "Start requests",
        "Re-execute",
        "Cancel request",
        "Update on this server",
        "Register a project",
        "Start the request",
    ];
    let mut shown = Vec::new();
    for button in console.page.find_all(Locator::Css("button")).await? {
        let text = button.text().await?;
        if CHANGING.contains(&text.trim()) {
            shown.push(text);
        }
    }
    Ok(shown)
}
