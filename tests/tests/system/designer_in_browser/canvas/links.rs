//! Links: drawn, with a component put on them, led elsewhere.

use super::{Canvas, component};
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::test_id;
use system_tests::keys::ENTER;
use system_tests::wait::until;

impl Canvas {
    /// A place on the link whose id holds `part`: how far along it, from 0 to 1.
    async fn on_link(&self, part: &str, share: f64) -> (f64, f64) {
        let script = format!(
            "const link = [...document.querySelectorAll('.svelte-flow__edge')].find(({{dataset}}) => \
                dataset.id.includes('{part}')); const path = link.querySelector('path'); \
            const {{x, y}} = path.getPointAtLength(path.getTotalLength() * {share}).matrixTransform(path.getScreenCTM()); \
            return [x, y]"
        );
        serde_json::from_value(self.value(&script).await).expect("the link is drawn")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_into_the_void_offers_what_fits_and_one_that_may_not_be_says_why() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let outlet = canvas.middle(&test_id("port-Has an amount-rejected")).await;
    canvas.drag(outlet, (outlet.0 + 60.0, outlet.1 + 170.0), None).await;
    canvas.browser.find(&test_id("pick-here")).await;
    assert_eq!(canvas.browser.count(&test_id("fits-Start")).await, 0, "nothing leads to a start");
    canvas.browser.type_into(&format!("{} input", test_id("pick-here")), &format!("mapp{ENTER}")).await;
    canvas.can_undo("Add “Mapper”").await;
    canvas.has(11).await;
    canvas.undo().await;
    canvas.has(10).await;

    let outlet = canvas.middle(&test_id("port-To warehouse form-out")).await;
    let back = canvas.middle(&component("Read orders")).await;
    canvas.drag(outlet, back, None).await;
    canvas.says("this would close a circle").await;
    assert_eq!(canvas.undo_label().await, "Undo");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_put_on_a_link_and_the_end_of_a_link_elsewhere() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let (x, y) = canvas.on_link("fileread-a4k9wz.out", 0.5).await;
    canvas.drag((x, y), (x, y), None).await;
    canvas.browser.click("[data-testid^=\"insert-fileread\"]").await;
    canvas.browser.type_into(&format!("{} input", test_id("pick-here")), &format!("sort{ENTER}")).await;
    canvas.can_undo("Add “Sort”").await;
    until("both links of it", async || {
        let script = "return [...document.querySelectorAll('.svelte-flow__edge')] \
            .filter(({dataset}) => dataset.id.includes('sort-')).length";
        (canvas.value(script).await == json!(2)).then_some(())
    })
    .await;
    let (gap, sort) = (canvas.middle(&component("Has an amount")).await, canvas.middle(&component("Sort")).await);
    assert!(gap.0 > sort.0 + 40.0, "what follows makes way");
    canvas.undo().await;
    canvas.has(10).await;

    canvas.rests().await;
    // In the middle of it is what inserts on it.
    let at = canvas.on_link("mapper-c9f5ks.out", 0.3).await;
    canvas.drag(at, at, None).await;
    let grip = canvas.middle(".svelte-flow__edgeupdater-target").await;
    let to = canvas.middle(&component("Into the warehouse")).await;
    canvas.drag(grip, to, None).await;
    canvas.can_undo("Reconnect “To warehouse form” to “Into the warehouse”").await;
    Ok(())
}
