//! Running here: inputs, live states, first rows, stop; flow tests.

use super::Design;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_edited_undone_and_run_in_the_browser() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    endpoint.open();
    let project = TestProject::sample(folder.path(), &endpoint.url);
    let design = Design::start(&project.folder, &folder.path().join("config"));
    let without_token = design.address.split('?').next().unwrap_or_default();
    let browser = Browser::chromium().await;

    browser.page.goto(without_token).await?;
    browser.until_text("cairn design").await;
    assert_eq!(browser.count(&test_id("canvas")).await, 0);
    assert_eq!(reqwest::get(without_token).await?.status(), reqwest::StatusCode::UNAUTHORIZED);

    browser.page.goto(&design.address).await?;
    browser.click(&test_id("flow-order-import")).await;
    browser.click(&test_id("component-Read orders")).await;
    browser.type_into("#property-Path", ".old").await;
    browser.shows(&test_id("status-saved"), "Not saved").await;
    browser.click("button[aria-label^=\"Undo\"]").await;
    until("the path as it was", async || {
        let path = browser.find("#property-Path").await.prop("value").await.ok()??;
        (path == "project:data/orders-${month}.csv").then_some(())
    })
    .await;
    browser.shows(&test_id("status-saved"), "Saved").await;

    browser.click(&test_id("run")).await;
    browser.find("[data-testid=\"run-outcome\"][data-state=\"finished\"]").await;
    browser.picture("designer-run").await;
    assert_eq!(endpoint.calls().len(), 1, "its notice was given");
    Ok(())
}
