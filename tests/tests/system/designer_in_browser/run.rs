//! Running here: inputs, live states, first rows, stop; flow tests.

use super::Design;
use super::desk::desk;
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::keys::{CONTROL, DOWN};
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
    browser.choose_component("Read orders").await;
    browser.type_into("#property-Path", ".old").await;
    browser.shows(&test_id("status-saved"), "Not saved").await;
    browser.click("button[aria-label^=\"Undo\"]").await;
    until("the path as it was", async || {
        let path = browser.find("#property-Path").await.prop("value").await.ok()??;
        (path == "project:data/orders-${month}.csv").then_some(())
    })
    .await;
    browser.shows(&test_id("status-saved"), "Saved").await;

    // It writes into a database, into a file, and gives notice: that is asked about first.
    browser.click(&test_id("run")).await;
    browser.shows(&test_id("run-effects"), "Into the warehouse").await;
    browser.shows(&test_id("run-effects"), &endpoint.url).await;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.picture("run-effects").await;
    assert_eq!(endpoint.calls().len(), 0);
    browser.click(&test_id("run-with-effects")).await;
    browser.find("[data-testid=\"run-outcome\"][data-state=\"finished\"]").await;
    browser.picture("designer-run").await;
    assert_eq!(endpoint.calls().len(), 1, "its notice was given");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_its_inputs_goes_as_far_as_it_is_asked_to_and_shows_what_flowed() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = desk(folder.path());
    let design = Design::start(&project.folder, &folder.path().join("config"));
    let browser = Browser::chromium().await;
    browser.page.goto(&design.address).await?;
    browser.click(&test_id("flow-prices")).await;
    browser.click(&test_id("tab-run")).await;

    // An input has its type.
    browser.type_into(&test_id("input-factor"), "many").await;
    browser.until_text("A whole number is needed.").await;
    browser.find(&format!("{}:disabled", test_id("panel-run"))).await;
    browser.type_into(&test_id("input-factor"), &format!("{CONTROL}a{CONTROL}3")).await;

    // Up to the mapper nothing changes the world, so nothing is asked.
    browser.choose_component("Map").await;
    browser.keys("\u{E008}\u{E036}\u{E008}").await?;
    browser.find("[data-testid=\"run-outcome\"][data-state=\"finished\"]").await;
    browser.shows(&test_id("run-part"), "Up to Map").await;

    // What flowed, of the chosen component, with search and with a value in full.
    browser.click(&test_id("tab-streams")).await;
    browser.shows(&test_id("stream-fields"), "gross").await;
    browser.shows(&test_id("stream-records"), "90").await;
    browser.click(&test_id("stream-Read")).await;
    browser.shows(&test_id("stream-records"), "a long name of a thing").await;
    browser.type_into(&test_id("stream-search"), "SALT").await;
    browser.shows(&test_id("stream-count"), "1 of the first 3 match").await;
    browser.click(&format!("{} td:nth-of-type(2)", test_id("stream-records"))).await;
    browser.shows(&test_id("stream-value"), "salt").await;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.picture("streams").await;
    browser.theme("dark").await?;
    browser.picture("streams-dark").await;
    browser.theme("light").await?;

    // The whole flow without what it writes: up to there, and what is behind waits.
    browser.click(&test_id("run")).await;
    browser.shows(&test_id("run-effects"), "storage:kept.csv").await;
    browser.click(&test_id("run-without-effects")).await;
    browser.shows(&test_id("run-part"), "2 components left out").await;
    browser.find("[data-testid=\"run-outcome\"][data-state=\"finished\"]").await;

    // What was given is there again another time.
    browser.page.refresh().await?;
    browser.click(&test_id("flow-prices")).await;
    browser.click(&test_id("tab-run")).await;
    until("the input to be remembered", async || {
        let value = browser.find(&test_id("input-factor")).await.prop("value").await.ok()??;
        (value == "3").then_some(())
    })
    .await;
    // And so is the last run.
    browser.find("[data-testid=\"run-outcome\"][data-state=\"finished\"]").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_in_a_run_is_shown_at_its_component_and_record() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = desk(folder.path());
    let flow = project.read("flows/prices.flow.json").replace("amount * $factor", "100 / (amount - 20)");
    project.write("flows/prices.flow.json", &flow);
    let design = Design::start(&project.folder, &folder.path().join("config"));
    let browser = Browser::chromium().await;
    browser.page.goto(&design.address).await?;
    browser.click(&test_id("flow-prices")).await;
    browser.choose_component("Map").await;
    browser.keys("\u{E008}\u{E036}\u{E008}").await?;
    browser.find("[data-testid=\"run-outcome\"][data-state=\"error\"]").await;
    browser.shows(&test_id("run-fault"), "at record 2").await;
    browser.shows(&test_id("run-fault"), "salt").await;
    // What was read is not at work any more.
    browser.find("[data-testid=\"component-Read\"] [data-state=stopped]").await;
    assert_eq!(browser.count("[data-testid^=\"component-\"] [data-state=running]").await, 0);
    browser.click(&test_id("run-fault-record")).await;
    browser.find("[data-testid=\"stream-rows\"] tr.pointed[data-record=\"2\"]").await;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.picture("run-fault").await;
    browser.click(&test_id("run-fault-place")).await;
    browser.shows(&test_id("inspector"), "Mapper").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_want_to_be_asked_again_is_asked_when_something_else_would_be_changed() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = desk(folder.path());
    let design = Design::start(&project.folder, &folder.path().join("config"));
    let browser = Browser::chromium().await;
    browser.page.goto(&design.address).await?;
    browser.click(&test_id("flow-prices")).await;
    browser.click(&test_id("run")).await;
    browser.click(&test_id("run-effects-remember")).await;
    browser.click(&test_id("run-with-effects")).await;
    let has_run = async |before: &str| {
        until("another run to finish", async || {
            let script =
                "return document.querySelector('[data-testid=run-outcome][data-state=finished]')?.dataset.run ?? ''";
            let run = browser.page.execute(script, Vec::new()).await.ok()?.as_str()?.to_owned();
            (!run.is_empty() && run != before).then_some(run)
        })
        .await
    };
    let first = has_run("").await;

    // The second run begins at once.
    browser.click(&test_id("run")).await;
    let second = has_run(&first).await;
    assert_eq!(browser.count(".dialog").await, 0);

    // Writing somewhere else is asked about, and so is everything when that is wished.
    browser.choose_component("Keep").await;
    browser.type_into("#property-Path", ".other").await;
    browser.shows(&test_id("status-saved"), "Not saved").await;
    browser.click(&test_id("run")).await;
    browser.shows(&test_id("run-effects"), "storage:kept.csv.other").await;
    browser.click(&test_id("run-effects-remember")).await;
    browser.click(&test_id("run-with-effects")).await;
    has_run(&second).await;
    browser.type_into("body", "\u{E009}\u{E008}p\u{E000}").await;
    browser.type_into("input[role=combobox]", "ask again\u{E007}").await;
    browser.gone(".dialog").await;
    browser.click(&test_id("run")).await;
    browser.find(&test_id("run-effects")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_test_is_made_of_a_run_run_and_changed() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = desk(folder.path());
    let design = Design::start(&project.folder, &folder.path().join("config"));
    let browser = Browser::chromium().await;
    browser.page.goto(&design.address).await?;
    browser.click(&test_id("flow-prices")).await;
    browser.click(&test_id("run")).await;
    browser.click(&test_id("run-with-effects")).await;
    browser.click(&test_id("make-test")).await;
    browser.type_into(&test_id("test-about"), "Prices are doubled").await;
    browser.shows("[role=dialog]", "Flow").await;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.picture("flow-test").await;
    browser.click(&test_id("test-save-run")).await;
    browser.find("[data-testid=\"test-prices\"][data-state=\"passed\"]").await;
    let test: serde_json::Value = serde_json::from_str(&project.read("tests/prices.test.json"))?;
    assert_eq!((&test["about"], &test["flow"]), (&json!("Prices are doubled"), &json!("prices")));

    // The flow as it is on screen is tested.
    browser.choose_component("Map").await;
    let place = "#property-Fields-1-expression .cm-content";
    browser.click(place).await;
    browser.type_into(place, &format!("{CONTROL}a{CONTROL}amount")).await;
    browser.shows(&test_id("status-saved"), "Not saved").await;
    browser.keys(DOWN).await?;
    browser.click(&test_id("tests-run-all")).await;
    browser.find("[data-testid=\"test-prices\"][data-state=\"failed\"]").await;
    browser.shows(&test_id("test-differences"), "gross").await;
    browser.shows(&test_id("tests-said"), "1 failed").await;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.picture("flow-tests").await;
    Ok(())
}
