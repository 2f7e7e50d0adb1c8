//! The metrics page of the console: what servers did, also one that was lost.

use super::pages::signed_in;
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::wait::until;

/// The last point of a server's line in the plot of created requests; none while it has no point.
async fn last_point(console: &Browser, server: &str) -> Option<i64> {
    let script = "const line = [...document.querySelectorAll('[data-testid=plot-created] path[data-line]')] \
        .find((one) => one.dataset.line === arguments[0]); return line ? Number(line.dataset.last) : -1";
    let last = console.page.execute(script, vec![json!(server)]).await.ok()?.as_i64()?;
    (last >= 0).then_some(last)
}

/// What a plot says at the point where the keyboard stands.
async fn read_at(console: &Browser, plot: &str) -> Option<String> {
    let selector = format!("[data-testid=plot-{plot}] [role=slider]");
    console.find(&selector).await.attr("aria-valuetext").await.ok()?
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_a_lost_server_ends_where_a_mark_tells_of_its_takeover() -> Tested {
    let (mut story, console) = signed_in(&["first", "second"]).await?;
    story.requests("second", &["1997-01", "1997-02"]).await;
    console.press("Metrics").await;
    for server in ["first", "second"] {
        until(&format!("{server} to have a line"), async || last_point(&console, server).await).await;
    }
    // What was counted stands at one of the newest points, and can be read by keyboard.
    until("the requests of the second server to be read", async || {
        console.type_into("[data-testid=plot-created] [role=slider]", "\u{E010}").await;
        for _ in 0..12 {
            if read_at(&console, "created").await?.contains("second 0.") {
                return Some(());
            }
            console.keys("\u{E012}").await.ok()?;
        }
        None
    })
    .await;
    assert_eq!(console.barriers().await?, Vec::<String>::new());

    story.cluster.server_mut("second").kill();
    story.endpoint.until_calls(4).await;
    console.find(&format!("[data-testid=plot-created] {}", test_id("takeover-second"))).await;
    until("the line of the lost server to end", async || {
        let (first, second) = (last_point(&console, "first").await?, last_point(&console, "second").await?);
        (second + 2 <= first).then_some(())
    })
    .await;
    console.press("Requests taken over as a table").await;
    console.shows("table[aria-label=\"Requests taken over\"]", "first took over from second: 2 requests").await;
    console.picture("console-metrics-takeover").await;
    assert_eq!(console.barriers().await?, Vec::<String>::new());

    // What is looked at is in the address.
    console.press("6 h").await;
    console.until_text("One point is 1 min.").await;
    assert!(console.page.current_url().await?.as_str().ends_with("/servers/metrics?span=6h"));
    console.page.refresh().await?;
    console.until_text("One point is 1 min.").await;
    console.shows("[role=radio][aria-checked=true]", "6 h").await;
    story.endpoint.open();
    Ok(())
}
