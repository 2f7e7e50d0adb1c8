//! What is written on the canvas, and what is copied from it as text.

use super::{Canvas, component};
use serde_json::json;
use std::time::Duration;
use system_tests::Tested;
use system_tests::browser::test_id;
use system_tests::keys::{CONTROL, ENTER, ESCAPE, F2};
use system_tests::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn names_and_notes_are_written_in_their_place() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let here = test_id("write-here");
    let writes = async |text: &str| {
        until(&format!("“{text}” to write on"), async || (canvas.writes().await == json!(text)).then_some(())).await;
        // What stands there is chosen a frame later, so that typing replaces it.
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    canvas.double_click(canvas.middle(&component("Put aside")).await).await;
    writes("Put aside").await;
    canvas.browser.type_into(&here, &format!("Set aside{ENTER}")).await;
    canvas.can_undo("Rename “Put aside” to “Set aside”").await;
    canvas.browser.gone(&here).await;
    canvas.undo().await;
    canvas.browser.find(&component("Put aside")).await;

    // By the keyboard; Escape takes it back, and the keyboard is on the canvas again.
    canvas.browser.click(&component("Read orders")).await;
    canvas.press(F2).await;
    writes("Read orders").await;
    canvas.browser.type_into(&here, &format!("Nothing{ESCAPE}")).await;
    canvas.browser.gone(&here).await;
    canvas.press(F2).await;
    writes("Read orders").await;
    canvas.browser.type_into(&here, &format!("Orders{ENTER}")).await;
    canvas.browser.find(&component("Orders")).await;

    // A new note is written at once; Escape takes it back, a press elsewhere keeps it.
    canvas.press("n").await;
    writes("").await;
    canvas.browser.type_into(&here, ESCAPE).await;
    canvas.browser.gone(".svelte-flow__node-area").await;
    canvas.can_undo("Rename “Read orders” to “Orders”").await;
    canvas.press("n").await;
    writes("").await;
    canvas.browser.type_into(&here, "**Why** some are set aside").await;
    canvas.browser.click(&component("End")).await;
    canvas.browser.gone(&here).await;
    canvas.browser.shows(".svelte-flow__node-area strong", "Why").await;
    let note = canvas.middle(".svelte-flow__node-area").await;
    canvas.double_click(note).await;
    writes("**Why** some are set aside").await;
    canvas.browser.type_into(&here, &format!("Because{CONTROL}{ENTER}")).await;
    canvas.browser.shows(".svelte-flow__node-area", "Because").await;
    canvas.undo().await;
    canvas.browser.shows(".svelte-flow__node-area", "Why").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_is_pasted_in_another_window_and_as_text() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    canvas.browser.click(&component("Give notice")).await;
    canvas.press(&format!("{CONTROL}c")).await;
    canvas.says("Copied 1 component").await;

    let other = canvas.browser.page.new_window(true).await?;
    canvas.browser.page.switch_to_window(other.handle).await?;
    let address = canvas.design.address.split('?').next().unwrap_or_default();
    canvas.browser.page.goto(address).await?;
    canvas.browser.click(&test_id("flow-daily-report")).await;
    canvas.browser.find(&component("Every day")).await;
    canvas.press(&format!("{CONTROL}v")).await;
    canvas.can_undo("Add “Give notice”").await;
    canvas.browser.find(&component("Give notice")).await;

    // It is text: it can be read, sent, and pasted by whoever got it.
    canvas.press(ESCAPE).await;
    canvas.browser.click("textarea").await;
    canvas.browser.type_into("textarea", &format!("{CONTROL}av")).await;
    until("the text of the copy", async || {
        let text = canvas.value("return document.querySelector('textarea').value").await;
        text.as_str()?.contains("HttpRequest").then_some(())
    })
    .await;
    Ok(())
}
