//! The inspector: expressions, mapping tables, forms; and the problems that lead there.

use super::Design;
use super::desk::desk;
use serde_json::{Value, json};
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::keys::{ALT, CONTROL, DOWN, END, ENTER, SHIFT};
use system_tests::project::TestProject;
use system_tests::wait::until;

struct Desk {
    browser: Browser,
    project: TestProject,
    _design: Design,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// The designer with the project of the desk, and its flow in sight.
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = desk(folder.path());
        let design = Design::start(&project.folder, &folder.path().join("config"));
        let browser = Browser::chromium().await;
        browser.page.goto(&design.address).await.expect("the page");
        browser.click(&test_id("flow-prices")).await;
        browser.find(&test_id("component-Map")).await;
        Self { browser, project, _design: design, _folder: folder }
    }

    /// Puts a text in place of what stands in an editor of code.
    async fn write(&self, editor: &str, text: &str) {
        let place = format!("{editor} .cm-content");
        self.browser.click(&place).await;
        self.browser.type_into(&place, &format!("{CONTROL}a{CONTROL}")).await;
        self.browser.type_into(&place, text).await;
    }

    /// Waits until the saved flow has this value for a property.
    async fn saves(&self, component: &str, property: &str, expected: Value) {
        self.browser.choose_component("Map").await;
        self.browser.keys(&format!("{CONTROL}s{CONTROL}")).await.expect("a key");
        until(&format!("{property} as {expected}"), async || {
            let flow: Value = serde_json::from_str(&self.project.read("flows/prices.flow.json")).ok()?;
            let found = flow["components"].as_array()?.iter().find(|one| one["id"] == component)?.clone();
            (found["properties"][property] == expected).then_some(())
        })
        .await;
    }

    /// Takes what is offered first. An editor takes no answer in the moment in which it opens its list.
    async fn accept(&self) {
        until("the offer to be taken", async || {
            self.browser.keys(ENTER).await.ok()?;
            (self.browser.count(".cm-tooltip-autocomplete").await == 0).then_some(())
        })
        .await;
    }

    async fn text_of(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let text = self.browser.page.execute(script, vec![json!(selector)]).await.expect("the page answers");
        text.as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_is_completed_checked_and_typed_while_it_is_written() -> Tested {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    browser.choose_component("Map").await;
    browser.shows(&test_id("property-Fields-1-type"), "integer").await;

    // A function with what it does, then a field, then a variable: by keyboard alone.
    let second = "#property-Fields-1-expression";
    desk.write(second, "roun").await;
    browser.shows(".cm-tooltip-autocomplete", "round").await;
    browser.find(".cm-completionInfo").await;
    desk.accept().await;
    browser.shows(".cm-signature", "round").await;
    browser.keys("amo").await?;
    browser.shows(".cm-tooltip-autocomplete", "amount").await;
    desk.accept().await;
    browser.keys(" / $fac").await?;
    browser.shows(".cm-tooltip-autocomplete", "$factor").await;
    browser.shows(".cm-tooltip-autocomplete", "input").await;
    browser.picture("inspector-completion").await;
    desk.accept().await;
    browser.keys(&format!("{END}, 1) || ' pieces'")).await?;
    browser.shows(&test_id("property-Fields-1-type"), "text").await;

    // What is wrong is marked where it is, in the row that it is in.
    desk.write(second, "amuont * 2").await;
    until("the wrong name to be marked", async || {
        (desk.text_of(&format!("{second} .cm-lintRange-error")).await == "amuont").then_some(())
    })
    .await;
    browser.shows(&test_id("property-Fields-problem"), "amuont").await;
    assert_eq!(browser.count("#property-Fields [data-row=\"0\"].wrong").await, 0);
    assert_eq!(browser.count("#property-Fields [data-row=\"1\"].wrong").await, 1);
    browser.picture("inspector-error").await;

    // The problem leads back into the field, and is mended.
    browser.choose_component("Read").await;
    browser.click(&test_id("tab-problems")).await;
    browser.click("[data-testid=\"problem\"][data-code=\"data/unknown-field\"]").await;
    until("the keyboard in the expression", async || {
        let script = "return document.activeElement?.closest('[data-row]')?.dataset.row ?? ''";
        let row = browser.page.execute(script, Vec::new()).await.ok()?;
        (row == json!("1")).then_some(())
    })
    .await;
    browser.click(&format!("{} {}", test_id("panel-problems"), test_id("fix"))).await;
    browser.gone("[data-code=\"data/unknown-field\"]").await;
    until("the mended expression", async || {
        (desk.text_of(&format!("{second} .cm-content")).await == "amount * 2").then_some(())
    })
    .await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_mapping_are_taken_over_moved_doubled_removed_and_pasted() -> Tested {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    browser.choose_component("Map").await;
    browser.click(&test_id("property-Fields-take")).await;
    browser.shows(&test_id("property-Fields-fields"), "name").await;
    browser.click(&format!("{} label", test_id("property-Fields-fields"))).await;
    browser.picture("inspector-take-over").await;
    browser.click(&test_id("property-Fields-take-chosen")).await;
    browser.find("#property-Fields [data-row=\"2\"]").await;

    // The third goes up, is doubled, and the last one goes.
    browser.click("#property-Fields [data-row=\"2\"] input").await;
    browser.keys(&format!("{ALT}\u{E013}{ALT}")).await?;
    until("the row to be moved", async || {
        let name = browser.find("#property-Fields [data-row=\"1\"] input").await.prop("value").await.ok()??;
        (name == "name").then_some(())
    })
    .await;
    browser.click("#property-Fields [data-row=\"1\"] input").await;
    browser.keys(&format!("{ALT}{SHIFT}{DOWN}{SHIFT}{ALT}")).await?;
    browser.find("#property-Fields [data-row=\"3\"]").await;
    browser.click("#property-Fields [data-row=\"3\"] input").await;
    browser.keys(&format!("{ALT}\u{E017}{ALT}")).await?;
    browser.gone("#property-Fields [data-row=\"3\"]").await;

    // A table of a spreadsheet fills the cells from the third row on.
    let paste = "const data = new DataTransfer(); data.setData('text/plain', 'gross\\tamount * 3\\nwhole\\tround(amount)\\n'); \
        document.querySelector('#property-Fields [data-row=\"2\"] input') \
        .dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))";
    browser.page.execute(paste, Vec::new()).await?;
    browser.find("#property-Fields [data-row=\"3\"]").await;
    let row = |field: &str, expression: &str| json!({"field": field, "expression": expression});
    let expected =
        json!([row("id", "id"), row("name", "name"), row("gross", "amount * 3"), row("whole", "round(amount)")]);
    desk.saves("mapper-aaaaaa", "Fields", expected).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_goes_back_to_its_default() -> Tested {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    browser.choose_component("Keep").await;
    browser.choose("Format", "JSON").await;
    browser.find(&test_id("property-Format-reset")).await;
    browser.picture("inspector-form").await;
    browser.click(&test_id("property-Format-reset")).await;
    browser.gone(&test_id("property-Format-reset")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_components_have_in_common_is_set_for_all_of_them_at_once() -> Tested {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    browser.click(&test_id("zoom-to-fit")).await;
    browser.choose_component("Read").await;
    browser.click_with_shift(&test_id("component-Map")).await?;
    browser.shows(&test_id("inspector"), "They have no settings in common").await;
    browser.click_with_shift(&test_id("component-Map")).await?;
    browser.click_with_shift(&test_id("component-Keep")).await?;
    browser.shows(&test_id("inspector"), "What is set here holds for all of them").await;
    browser.find(&format!("{} {}", test_id("common-properties"), test_id("property-Path"))).await;
    browser.shows(&test_id("property-Path"), "They have several values").await;
    browser.type_into("#property-Path", "storage:both.csv\u{E004}").await;
    let paths = async |read: &str, keep: &str| {
        for (component, path) in [("Read", read), ("Keep", keep)] {
            browser.choose_component(component).await;
            until(&format!("{path} for {component}"), async || {
                let value = browser.find("#property-Path").await.prop("value").await.ok()??;
                (value == path).then_some(())
            })
            .await;
        }
    };
    paths("storage:both.csv", "storage:both.csv").await;

    // All of it is one step.
    browser.click("button[aria-label^=Undo]").await;
    paths("project:data/prices.csv", "storage:kept.csv").await;
    browser.shows(&test_id("status-saved"), "Saved").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_problems_of_all_flows_are_found_by_keyboard_and_lead_to_their_place() -> Tested {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    desk.project.write(
        "flows/other.flow.json",
        &json!({"format": 2, "components": [
            {"id": "start-aaaaaa", "type": "Start", "name": "Start"},
            {"id": "fileread-aaaaaa", "type": "FileRead", "name": "Nothing to read"}],
            "links": [{"from": "start-aaaaaa.out", "to": "fileread-aaaaaa.in"}],
            "layout": {"start-aaaaaa": [0, 0], "fileread-aaaaaa": [280, 0]}})
        .to_string(),
    );
    browser.click(&test_id("tab-problems")).await;
    browser.press("All flows").await;
    browser.shows(&test_id("panel-problems"), "other").await;
    browser.find("[data-testid=\"problem\"][data-code=\"property/missing\"]").await;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.theme("dark").await?;
    assert_eq!(browser.barriers().await?, Vec::<String>::new());
    browser.picture("problems-dark").await;
    browser.theme("light").await?;

    // Only what keeps flows from running, and from there with the keyboard.
    browser.click(&test_id("filter-hint")).await;
    browser.click(&test_id("filter-warning")).await;
    let focus = "document.querySelector('[data-testid=\"problem\"]').focus()";
    browser.page.execute(focus, Vec::new()).await?;
    browser.keys(ENTER).await?;
    until("the keyboard in the path of the other flow", async || {
        let script = "return document.activeElement?.id ?? ''";
        (browser.page.execute(script, Vec::new()).await.ok()? == json!("property-Path")).then_some(())
    })
    .await;
    browser.shows(&test_id("inspector"), "File Read").await;
    Ok(())
}
