//! What is done before the host has answered what was asked of it.

use super::{Canvas, component};
use serde_json::json;
use system_tests::Tested;
use system_tests::keys::{CONTROL, DELETE};
use system_tests::wait::until;

impl Canvas {
    /// From now on the calls that change the flow do not leave the page until they are let go.
    async fn hold_calls(&self) {
        let script = "const real = window.fetch; window.heldCalls = []; window.fetch = (url, options) => \
            ['call/flow_apply_edit', 'call/flow_undo', 'call/flow_redo'].includes(String(url)) \
                ? new Promise((done) => window.heldCalls.push({ \
                    name: String(url).slice(10), go: () => done(real(url, options)) })) \
                : real(url, options)";
        self.value(script).await;
    }

    /// Waits until just this call is held, and lets it go.
    async fn let_call_go(&self, name: &str) {
        until(&format!("{name} to be asked"), async || {
            let held = self.value("return window.heldCalls.map(({name}) => name)").await;
            (held == json!([name])).then_some(())
        })
        .await;
        self.value("window.heldCalls.shift().go()").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_undone_before_the_host_has_answered_is_undone_after_it() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    canvas.hold_calls().await;
    canvas.browser.click(&component("Put aside")).await;
    canvas.are_chosen(&["Put aside"]).await;
    canvas.press(DELETE).await;
    // It is gone at once, whatever the host takes.
    canvas.has(9).await;
    canvas.undo().await;
    canvas.let_call_go("apply_edit").await;
    // Only then is the undo asked, of what the host has by now.
    canvas.has(10).await;
    canvas.let_call_go("undo").await;
    canvas.says("Undone: Remove “Put aside”").await;
    canvas.browser.find(&component("Put aside")).await;
    assert_eq!(canvas.undo_label().await, "Undo", "nothing is left to take back");

    // Done again, twice in quick succession: the second finds nothing, and asks for nothing.
    canvas.press(&format!("{CONTROL}y")).await;
    canvas.press(&format!("{CONTROL}y")).await;
    canvas.has(9).await;
    canvas.let_call_go("redo").await;
    canvas.can_undo("Remove “Put aside”").await;
    assert_eq!(canvas.value("return window.heldCalls.length").await, json!(0));
    Ok(())
}
