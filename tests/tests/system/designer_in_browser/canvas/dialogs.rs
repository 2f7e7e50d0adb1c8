//! The dialogs of the canvas that insert and connect without a pointer.

use super::Canvas;
use system_tests::Tested;
use system_tests::keys::{DOWN, ENTER, RIGHT, SHIFT};

/// Where what is looked for is typed.
const SEARCH: &str = "input[role=combobox]";

#[tokio::test(flavor = "multi_thread")]
async fn enter_inserts_and_connects_what_was_searched_and_leads_back_to_the_canvas() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let stands_on_the_canvas = async || {
        canvas.browser.gone(SEARCH).await;
        canvas.browser.find("[data-testid=canvas]:focus").await;
    };
    canvas.browser.choose_component("Has an amount").await;
    canvas.press("c").await;
    canvas.browser.type_into(SEARCH, "give").await;
    canvas.browser.shows("#pick-0", "Give notice").await;
    // What is chosen by the arrows is taken, not what stands first: here the outlet.
    canvas.browser.type_into(SEARCH, DOWN).await;
    canvas.browser.shows("#pick-1[aria-selected=true]", "rejected").await;
    canvas.browser.type_into(SEARCH, ENTER).await;
    canvas.can_undo("Connect “Has an amount” to “Give notice”").await;
    stands_on_the_canvas().await;
    canvas.undo().await;

    // Nothing fits: Enter does nothing, and the dialog stays.
    canvas.browser.choose_component("Read orders").await;
    canvas.press("i").await;
    canvas.browser.type_into(SEARCH, &format!("no such component{ENTER}")).await;
    canvas.browser.shows("#pick-list", "Nothing fits.").await;
    canvas.browser.find(SEARCH).await.clear().await?;
    canvas.browser.type_into(SEARCH, "distinct").await;
    canvas.browser.shows("#pick-0", "Distinct").await;
    canvas.browser.type_into(SEARCH, ENTER).await;
    canvas.can_undo("Add “Distinct”").await;
    canvas.are_chosen(&["Distinct"]).await;
    stands_on_the_canvas().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_inserts_into_a_body() -> Tested {
    let canvas = Canvas::of("daily-report", "Every day").await?;
    let all = canvas.browser.count(".component").await;
    canvas.browser.choose_component("Days with orders").await;
    // Along its link, since the middle of the component with the body lies under what is in it.
    canvas.press(RIGHT).await;
    canvas.are_chosen(&["Every day"]).await;
    canvas.press(&format!("{SHIFT}i")).await;
    canvas.browser.type_into(SEARCH, &format!("sort{ENTER}")).await;
    canvas.can_undo("Add “Sort”").await;
    canvas.has(all + 1).await;
    canvas.are_chosen(&["Sort"]).await;
    canvas.browser.gone(SEARCH).await;
    canvas.browser.find("[data-testid=canvas]:focus").await;
    Ok(())
}
