//! Names as people give them: in any script, from right to left, very long.

use super::super::desk::desk;
use super::Walk;
use serde_json::{Value, json};
use system_tests::Tested;
use system_tests::browser::test_id;
use system_tests::keys::{DELETE, ESCAPE, F2};

const RIGHT_TO_LEFT: &str = "تقرير الطلبات 2024 (نهائي)";
const FAR_EAST: &str = "注文/取り込み🏔️";
const FLOW: &str = "flows/prices.flow.json";

/// Nothing stands out of the window, and no row of the tree and no tab out of its place.
const STANDS_OUT: &str = "const inside = (one, place) => { const {left, right} = one.getBoundingClientRect(); \
        const around = place.getBoundingClientRect(); return left >= around.left - 1 && right <= around.right + 1 }; \
    const all = (fitting) => [...document.querySelectorAll(fitting)]; \
    return [...all('[data-tree-row]').filter((row) => !inside(row, document.querySelector('[role=tree]'))), \
        ...all('.dialog, .dialog *, [data-testid=inspector] *, header *').filter((one) => one.checkVisibility() \
            && !one.closest('.visually-hidden, svg, pre, .cm-editor') && !inside(one, document.body))] \
        .map((one) => one.outerHTML.slice(0, 120))";

impl Walk {
    async fn nothing_stands_out(&self, name: &str) -> Tested {
        let found = self.browser.page.execute(STANDS_OUT, Vec::new()).await?;
        assert_eq!(found, json!([]), "{name}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_every_kind_have_their_place() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = desk(folder.path());
    let long = "a-very-long-name-".repeat(10);
    let mut flow: Value = serde_json::from_str(&project.read(FLOW))?;
    for (at, name) in [(1_usize, RIGHT_TO_LEFT), (2, long.as_str()), (3, FAR_EAST)] {
        flow["components"][at]["name"] = json!(name);
    }
    for name in [RIGHT_TO_LEFT, FAR_EAST, long.as_str(), "Ärger & Co"] {
        project.write(&format!("flows/{name}.flow.json"), &flow.to_string());
    }
    project.write("flows/broken.flow.json", "{\"format\": 2, \"components\": [");
    project.commit_and_push("Names");
    let mut walk = Walk::on(folder, project).await?;
    for name in [RIGHT_TO_LEFT, long.as_str(), FAR_EAST] {
        walk.browser.click(&test_id(&format!("flow-{name}"))).await;
        walk.browser.find(&format!("[data-testid=\"tab-{name}\"][aria-selected=true]")).await;
    }
    walk.look("names").await?;
    walk.nothing_stands_out("the window").await?;
    let tabs = "const {left, right} = document.querySelector('[role=tab][aria-selected=true]').getBoundingClientRect(); \
        const around = document.querySelector('[role=tablist]').getBoundingClientRect(); \
        return left >= around.left - 1 && right <= around.right + 1";
    assert_eq!(walk.browser.page.execute(tabs, Vec::new()).await?, json!(true), "the chosen tab is in sight");
    walk.browser.click(&test_id("zoom-to-fit")).await;
    for (number, component) in [RIGHT_TO_LEFT, long.as_str(), FAR_EAST].into_iter().enumerate() {
        walk.browser.choose_component(component).await;
        walk.browser.find(&test_id("property-name")).await;
        walk.look(&format!("names-inspector-{number}")).await?;
        walk.nothing_stands_out(component).await?;
    }
    for (flow, name) in [(RIGHT_TO_LEFT, "names-rename"), (long.as_str(), "names-rename-long")] {
        walk.on_row(&format!("flow-{flow}"), F2).await;
        walk.browser.find(".dialog").await;
        walk.look(name).await?;
        walk.nothing_stands_out(name).await?;
        walk.browser.keys(ESCAPE).await?;
        walk.browser.gone(".dialog").await;
        walk.on_row(&format!("flow-{flow}"), DELETE).await;
        walk.browser.find(".dialog").await;
        walk.nothing_stands_out("deleting").await?;
        walk.browser.keys(ESCAPE).await?;
        walk.browser.gone(".dialog").await;
    }
    // A broken flow says what is wrong with it, and keeps nobody from the others.
    walk.browser.click(&test_id("flow-broken")).await;
    walk.browser.find(&test_id("toast-error")).await;
    walk.look("names-broken-flow").await?;
    walk.ends(&[]);
    Ok(())
}
