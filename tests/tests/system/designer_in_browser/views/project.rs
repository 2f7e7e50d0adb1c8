//! A project: its tree, the canvas and what is laid over it, the inspector, the panel and the dialogs about flows.

use super::Walk;
use system_tests::Tested;
use system_tests::browser::test_id;
use system_tests::keys::{CONTROL, DELETE, F2, RELEASE, RIGHT, SHIFT};

pub const DIALOGS: &[&str] = &[
    "new-flow",
    "rename-flow",
    "delete-flow",
    "new-connection",
    "connection",
    "delete-connection",
    "new-trigger",
    "trigger",
    "delete-trigger",
    "new-calendar",
    "calendar",
    "delete-calendar",
    "quick-open",
    "search",
    "insert-after",
    "insert-into",
    "move-into",
    "connect-to",
    "run-effects",
    "flow-test",
    "delete-test",
    "unsaved",
    "save-as",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_canvas_and_the_inspector_of_a_flow() -> Tested {
    let mut walk = Walk::on_sample().await?;
    open(&walk, "order-import", "Read orders").await;
    walk.look("designer").await?;
    for (component, summary, name) in [
        ("Start", "Where a request begins", "inspector-start"),
        ("Read orders", "Reads files", "inspector-file"),
        ("To warehouse form", "Makes new fields", "inspector-mapping"),
        ("Into the warehouse", "Writes records", "inspector-database"),
        ("Give notice", "Asks a server", "inspector-http"),
        ("Orders mapped", "Saves what has been done", "inspector-checkpoint"),
    ] {
        walk.browser.choose_component(component).await;
        walk.browser.shows(&test_id("inspector"), summary).await;
        walk.look(name).await?;
    }
    walk.browser.type_into(&test_id("canvas"), "l").await;
    walk.browser.shows(&test_id("inspector"), "Delete link").await;
    walk.look("inspector-link").await?;
    walk.browser.type_into(&test_id("canvas"), &format!("{CONTROL}a{RELEASE}")).await;
    walk.browser.shows(&test_id("inspector"), "10 components").await;
    walk.look("inspector-many").await?;
    for (toggle, shown) in [("outline", "outline"), ("failure-lens", "lens-legend")] {
        walk.browser.click(&format!(".controls {}", test_id(toggle))).await;
        walk.browser.find(&test_id(shown)).await;
        walk.look(toggle).await?;
        walk.browser.click(&format!(".controls {}", test_id(toggle))).await;
    }
    for menu in ["main-menu", "theme", "help", "git-branch"] {
        walk.browser.click(&test_id(menu)).await;
        walk.browser.find("[role=menu]").await;
        walk.look(&format!("menu-{menu}")).await?;
        walk.close().await;
    }
    let under_pointer = "const one = document.querySelector('[data-testid=\"component-Read orders\"]'); \
        const {x, y} = one.getBoundingClientRect(); \
        one.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, cancelable: true, clientX: x + 9, clientY: y + 9}))";
    walk.browser.page.execute(under_pointer, Vec::new()).await?;
    walk.browser.find("[role=menu]").await;
    walk.look("menu-component").await?;
    walk.close().await;
    walk.command("Add a note").await;
    walk.browser.shows(&test_id("inspector"), "changes nothing").await;
    walk.look("inspector-note").await?;
    walk.ends(&[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialogs_and_the_panel_of_a_flow() -> Tested {
    let mut walk = Walk::on_sample().await?;
    open(&walk, "order-import", "Read orders").await;
    dialogs_of_the_project(&mut walk).await?;
    panel(&mut walk).await?;
    dialogs_of_the_canvas(&mut walk).await?;
    walk.ends(DIALOGS);
    Ok(())
}

async fn open(walk: &Walk, flow: &str, component: &str) {
    walk.browser.click(&test_id(&format!("flow-{flow}"))).await;
    walk.browser.find(&test_id(&format!("component-{component}"))).await;
    walk.browser.click(&test_id("zoom-to-fit")).await;
}

async fn dialogs_of_the_project(walk: &mut Walk) -> Tested {
    for (keys, name) in [(format!("{CONTROL}n{RELEASE}"), "new-flow"), (format!("{CONTROL}p{RELEASE}"), "quick-open")] {
        walk.browser.type_into("body", &keys).await;
        walk.look_and_close(name).await?;
    }
    walk.browser.type_into("body", &format!("{CONTROL}{SHIFT}f{RELEASE}")).await;
    walk.browser.type_into(&test_id("search-text"), "order").await;
    walk.browser.find("#hit-0 mark").await;
    walk.look_and_close("search").await?;
    walk.on_row("flow-daily-report", F2).await;
    walk.look_and_close("rename-flow").await?;
    walk.on_row("flow-daily-report", DELETE).await;
    walk.look_and_close("delete-flow").await?;
    walk.browser.click(&test_id("new-connection")).await;
    walk.look_and_close("new-connection").await?;
    walk.browser.click(&test_id("connection-billing")).await;
    walk.look_and_close("connection").await?;
    walk.on_row("connection-billing", DELETE).await;
    walk.look_and_close("delete-connection").await?;
    walk.browser.click(&test_id("new-trigger")).await;
    walk.look_and_close("new-trigger").await?;
    walk.browser.click(&test_id("trigger-monthly")).await;
    walk.browser.find(&test_id("trigger-next")).await;
    walk.look_and_close("trigger").await?;
    walk.on_row("trigger-monthly", DELETE).await;
    walk.look_and_close("delete-trigger").await?;
    walk.browser.click(&test_id("new-calendar")).await;
    walk.look_and_close("new-calendar").await?;
    walk.browser.click(&test_id("calendar-holidays")).await;
    walk.browser.shows(&test_id("calendar-days"), "25 December, every year").await;
    walk.look_and_close("calendar").await?;
    walk.on_row("calendar-holidays", DELETE).await;
    walk.look_and_close("delete-calendar").await?;
    walk.command("Save the project as…").await;
    walk.browser.gone("#pick-list").await;
    walk.look_and_close("save-as").await
}

async fn panel(walk: &mut Walk) -> Tested {
    walk.browser.click(&test_id("tab-problems")).await;
    walk.browser.find(&test_id("problem")).await;
    walk.look("panel-problems").await?;
    for tab in ["run", "streams", "tests"] {
        walk.browser.click(&test_id(&format!("tab-{tab}"))).await;
        walk.browser.find(&test_id(&format!("panel-{tab}"))).await;
        walk.look(&format!("panel-{tab}-before")).await?;
    }
    walk.browser.click(&test_id("run")).await;
    walk.browser.shows(&test_id("run-effects"), "Into the warehouse").await;
    walk.look("run-effects").await?;
    walk.browser.click(&test_id("run-without-effects")).await;
    walk.browser.find("[data-testid=run-outcome][data-state=finished]").await;
    walk.look("panel-run").await?;
    walk.browser.click(&test_id("tab-streams")).await;
    walk.browser.click("[data-testid=\"stream-Read orders\"]").await;
    walk.browser.shows(&test_id("stream-records"), "CD00001").await;
    walk.look("panel-streams").await?;
    walk.browser.click(&test_id("tab-run")).await;
    walk.browser.click(&test_id("make-test")).await;
    walk.look("flow-test").await?;
    walk.browser.click(&test_id("test-save-run")).await;
    walk.browser.find("[data-testid=test-order-import][data-state=failed]").await;
    walk.browser.find(&test_id("test-differences")).await;
    walk.look("panel-tests").await?;
    walk.browser.press("Delete order-import").await;
    walk.look_and_close("delete-test").await?;
    walk.browser.click(&test_id("tab-run")).await;
    Ok(())
}

async fn dialogs_of_the_canvas(walk: &mut Walk) -> Tested {
    open(walk, "daily-report", "Every day").await;
    for (component, keys, name) in [
        ("Days with orders", "i", "insert-after"),
        ("Days with orders", "c", "connect-to"),
        ("Largest first", "m", "move-into"),
    ] {
        walk.browser.choose_component(component).await;
        walk.browser.type_into(&test_id("canvas"), keys).await;
        walk.look_and_close(name).await?;
    }
    // Along its link to the component with the body.
    walk.browser.choose_component("Days with orders").await;
    walk.browser.type_into(&test_id("canvas"), &format!("{RIGHT}{SHIFT}i{RELEASE}")).await;
    walk.look_and_close("insert-into").await?;
    walk.rename("Largest first", " of all").await;
    walk.browser.type_into("body", &format!("{CONTROL}w{RELEASE}")).await;
    walk.look_and_close("unsaved").await
}
