//! Clusters: signing in, Push update, the Failover tour, and the monitor.

use super::Walk;
use flow_api::SettingChange;
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::test_id;
use system_tests::cluster::{PASSWORD, TestCluster};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;

pub const DIALOGS: &[&str] = &["sign-in", "cluster-mark", "push-update"];

#[tokio::test(flavor = "multi_thread")]
async fn clusters_and_the_monitor() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    let project = TestProject::sample(folder.path(), &endpoint.url);
    let mut cluster = TestCluster::start(&folder.path().join("cluster"), &["north", "south"]);
    let mut walk = Walk::on(folder, project).await?;
    monitor_of_nothing(&mut walk).await?;
    signing_in(&mut walk, &cluster).await?;
    pushing(&mut walk).await?;
    monitor(&mut walk, &mut cluster, &endpoint).await?;
    walk.ends(DIALOGS);
    Ok(())
}

fn monitor_of(walk: &Walk) -> String {
    walk.design.address.split('?').next().unwrap_or_default().to_owned() + "monitor.html"
}

async fn monitor_of_nothing(walk: &mut Walk) -> Tested {
    walk.browser.page.goto(&monitor_of(walk)).await?;
    walk.browser.until_text("No cluster is known").await;
    walk.look("monitor-nothing").await?;
    walk.browser.page.goto(&walk.design.address).await?;
    walk.browser.find(&test_id("canvas")).await;
    Ok(())
}

async fn signing_in(walk: &mut Walk, cluster: &TestCluster) -> Tested {
    walk.browser.click(&test_id("sign-in")).await;
    walk.browser.fill("Address", "two words").await;
    walk.browser.fill("Name of the cluster", "live").await;
    walk.browser.until_text("This is no address").await;
    walk.look("sign-in-no-address").await?;
    // What it is reached by may be left out.
    walk.browser.fill("Address", cluster.server("north").address.trim_start_matches("http://")).await;
    walk.browser.fill("Name of the cluster", "live").await;
    walk.browser.until_text("http:// was added").await;
    walk.browser.fill("Account", "admin").await;
    walk.browser.fill("Password", "not this one").await;
    walk.browser.click(&test_id("sign-in-now")).await;
    walk.browser.find(&test_id("dialog-problem")).await;
    walk.look("sign-in-refused").await?;
    walk.browser.fill("Password", PASSWORD).await;
    walk.browser.click(&test_id("sign-in-now")).await;
    walk.browser.find(&test_id("server-dot-south")).await;
    walk.browser.click(&test_id("cluster")).await;
    walk.browser.find("[role=menu]").await;
    walk.look("menu-cluster").await?;
    walk.browser.press("Mark live…").await;
    walk.browser.click(&test_id("color-red")).await;
    walk.browser.press("Production").await;
    walk.look("cluster-mark").await?;
    walk.browser.click(&test_id("mark-now")).await;
    walk.browser.shows(&test_id("cluster"), "Production").await;
    walk.look("designer-with-cluster").await?;
    walk.command("Failover tour…").await;
    walk.browser.find(&test_id("tour-reason")).await;
    walk.look_and_close("tour").await
}

async fn pushing(walk: &mut Walk) -> Tested {
    walk.browser.click(&test_id("push-update")).await;
    walk.browser.shows("[aria-label=\"What each server has and would get\"]", "have nothing of the project yet").await;
    walk.look("push-update-plan").await?;
    walk.browser.type_into("#push-update-confirm", "live").await;
    walk.browser.click("[data-testid=push-update-now]:not(:disabled)").await;
    walk.browser.find("[data-testid=push-update-sum][data-done=true]").await;
    walk.look_and_close("push-update-done").await?;
    walk.browser.click(&test_id("push-update")).await;
    walk.browser.click(&test_id("push-update-history")).await;
    walk.browser.shows(&test_id("pushed"), "2 of 2 servers").await;
    walk.look_and_close("push-update-history").await
}

async fn monitor(walk: &mut Walk, cluster: &mut TestCluster, endpoint: &HoldingEndpoint) -> Tested {
    let north = cluster.server("north");
    let failed = north.request("orders", "order-import", json!({"month": "0000-00"}), 1).await.remove(0);
    north.until_ended(failed.id).await;
    let held = north.request("orders", "order-import", json!({}), 1).await.remove(0);
    endpoint.until_calls(1).await;
    let monitor = monitor_of(walk);
    walk.browser.page.goto(&monitor).await?;
    walk.browser.shows(&test_id("count-Running"), "1").await;
    walk.look("monitor-servers").await?;
    walk.browser.press("Status List").await;
    walk.browser.shows(&format!("tr[data-row=\"{}\"]", held.id), "order-import").await;
    walk.look("monitor-requests").await?;
    walk.browser.type_into(&format!("tr[data-row=\"{}\"]", failed.id), " ").await;
    walk.browser.press("Re-execute …").await;
    walk.browser.choose("Version", "the newest, as far as what is saved fits it").await;
    walk.browser.shows("[role=dialog]", "1 of 1 request").await;
    walk.look_and_close("monitor-re-execute-many").await?;
    walk.browser.page.goto(&format!("{monitor}#/requests/{}", held.id)).await?;
    walk.browser.until_text("Orders stored").await;
    walk.look("monitor-request-running").await?;
    walk.browser.press("Cancel request").await;
    walk.look_and_close("monitor-cancel").await?;
    let change = SettingChange { value: json!(1), version: None };
    cluster.server("north").client.change_setting("service.stalled_after_seconds", &change).await?;
    walk.browser.shows(&test_id("request-state"), "Stalled").await;
    walk.look("monitor-request-stalled").await?;
    walk.browser.press("Take over").await;
    walk.look_and_close("monitor-take-over").await?;
    walk.browser.page.goto(&format!("{monitor}#/requests/{}", failed.id)).await?;
    walk.browser.shows(&test_id("request-state"), "Error").await;
    walk.look("monitor-request-failed").await?;
    walk.browser.press("Re-execute").await;
    walk.look("monitor-re-execute").await?;
    walk.browser.choose("Version", "the newest, as far as what is saved fits it").await;
    walk.browser.find(&test_id("fit-report")).await;
    walk.look_and_close("monitor-re-execute-newest").await?;
    walk.browser.page.goto(&format!("{monitor}#/")).await?;
    walk.browser.click(&test_id("maintenance-south")).await;
    walk.look_and_close("monitor-maintenance").await?;

    for server in &mut cluster.servers {
        server.kill();
    }
    walk.browser.page.goto(&format!("{monitor}#/")).await?;
    walk.browser.find(&test_id("notice")).await;
    walk.look("monitor-unreachable").await
}
