//! The pages of the console, each as somebody uses it.

use super::{Story, go, sign_in};
use flow_api::{Client, RequestState, Role, ServerLogQuery};
use serde_json::json;
use std::sync::Arc;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::PASSWORD;
use system_tests::wait::until;

/// A story whose console shows what the administrator sees.
pub(super) async fn signed_in(servers: &[&str]) -> std::io::Result<(Story, Browser)> {
    let story = Story::begin(servers).await?;
    let console = Browser::chromium().await;
    go(&console, &story.cluster.servers[0].address, "/").await.map_err(std::io::Error::other)?;
    sign_in(&console, "admin", PASSWORD).await;
    console.find(&test_id("server-first")).await;
    Ok((story, console))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_console_is_accessible_in_every_theme() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let address = &story.cluster.server("first").address;
    let request = story.requests("first", &["1997-01"]).await[0];
    let request_page = format!("/requests/{request}");
    // What each shows when it has come.
    let pages = [
        ("/servers", "[data-testid=\"server-first\"]"),
        ("/servers/metrics", "[data-testid=\"plots\"]"),
        ("/requests", "tr[data-row]"),
        (request_page.as_str(), "[data-testid=\"component-Give notice\"]"),
        ("/requests/new", "form[aria-label=\"Start requests\"] select"),
        ("/triggers?trigger=orders/trigger-w7m2qd", "[aria-label=\"Next due times of monthly\"] li"),
        ("/projects", "[aria-label=\"Project orders\"]"),
        ("/log", "[role=log] time"),
        ("/settings/flow", "[data-testid=\"setting-server.name\"]"),
        ("/settings/connections", "[aria-label=\"Connection notices\"]"),
        ("/account", "[aria-label=\"Git credentials\"]"),
        ("/users", "table[aria-label=Accounts] td"),
        ("/audit", "table[aria-label=\"Audit trail\"] td"),
    ];
    for (page, shown) in pages {
        go(&console, address, page).await?;
        console.find(shown).await;
        for theme in ["light", "dark", "contrast"] {
            console.theme(theme).await?;
            let name = format!("console{}-{theme}", page.split('?').next().unwrap_or(page).replace('/', "-"));
            console.picture(&name).await;
            assert_eq!(console.barriers().await?, Vec::<String>::new(), "{page} in {theme}");
        }
    }
    story.endpoint.open();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_are_chosen_by_keyboard_and_cancelled_at_once_after_a_preview() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    let requests = story.requests("first", &["1997-01", "1997-02", "1997-03"]).await;

    // The filter is in the address: it can be sent on, and kept under a name.
    go(&console, &server.address, "/requests?state=Running,Error").await?;
    console.find(&format!("tr[data-row=\"{}\"]", requests[2])).await;
    console.press("Saved filters").await;
    console.press("Save these filters …").await;
    console.fill("Name", "At work").await;
    console.press("Save").await;
    console.shows(&test_id("toast-ok"), "The filter is saved").await;
    let kept = server.client.saved_filters().await?;
    assert_eq!(kept.iter().map(|filter| filter.name.as_str()).collect::<Vec<_>>(), ["At work"]);

    // Down to the second, which is chosen with the third; the first stays out.
    let newest = format!("tr[data-row=\"{}\"]", requests[2]);
    console.type_into(&newest, " ").await;
    console.type_into(&newest, "\u{E015}").await;
    console.type_into(&format!("tr[data-row=\"{}\"]", requests[1]), " ").await;
    console.shows(&test_id("bulk-bar"), "2 requests chosen").await;
    console.press("Cancel …").await;
    console.until_text("2 of 2 requests will be cancelled").await;
    assert_eq!(
        server.client.request(requests[2]).await?.request.state,
        RequestState::Running,
        "a preview does nothing"
    );
    console.click(&test_id("bulk-now")).await;
    console.shows(&test_id("toast-ok"), "2 requests cancelled").await;
    for &id in &requests[1..] {
        server.until_state(id, RequestState::Cancelled).await;
    }
    assert_eq!(server.client.request(requests[0]).await?.request.state, RequestState::Running);

    // All that fit a filter, with what cannot be done told before.
    go(&console, &server.address, "/requests").await?;
    console.find(&newest).await;
    console.click("[aria-label=\"Choose all requests that fit\"]").await;
    console.shows(&test_id("bulk-bar"), "All requests that fit chosen").await;
    console.press("Cancel …").await;
    console.until_text("1 of 3 requests will be cancelled").await;
    console.until_text("2 stay as they are").await;
    story.endpoint.open();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_reads_on_while_it_is_scrolled_and_keeps_few_rows() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    story.endpoint.open();
    let made = server.request("orders", "order-import", json!({"month": "1997-01"}), 300).await;
    go(&console, &server.address, "/requests").await?;
    console.find(&format!("tr[data-row=\"{}\"]", made[299].id)).await;
    assert!(console.count("tr[data-row]").await < 100, "only the rows in sight exist");
    // The end of the list, by keyboard; it grows until the oldest is there.
    let oldest = format!("tr[data-row=\"{}\"]", made[0].id);
    until("the oldest request", async || {
        let end = "const rows = document.querySelectorAll('tr[data-row]'); rows[rows.length - 1].focus(); \
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}))";
        console.page.execute(end, Vec::new()).await.ok()?;
        (console.count(&oldest).await > 0).then_some(())
    })
    .await;
    assert!(console.count("tr[data-row]").await < 100, "only the rows in sight exist");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_adds_an_account_resets_its_password_and_finds_both_in_the_audit() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    console.press("Users").await;
    console.press("Add an account").await;
    console.fill("Name", "anna").await;
    console.choose("Role", "Operator").await;
    console.press("Add the account").await;
    let first = secret_once(&console).await;
    console.press("Done").await;
    until("the account", async || {
        let accounts = server.client.accounts().await.ok()?;
        accounts.iter().any(|account| account.name == "anna" && account.role == Role::Operator).then_some(())
    })
    .await;

    console.press("Reset password of anna").await;
    console.press("Reset it").await;
    console.until_text("A password for anna").await;
    let second = secret_once(&console).await;
    assert_ne!(first, second);
    console.press("Done").await;
    console.press("Audit").await;
    console.shows("table[aria-label=\"Audit trail\"]", "account-created").await;
    console.shows("table[aria-label=\"Audit trail\"]", "password-reset").await;

    // The password that was made for her lets her in once; then she has one of her own, and sees what she may.
    sign_out(&console, "admin, Administrator").await;
    sign_in(&console, "anna", &first).await;
    console.shows("[role=alert]", "Name or password is wrong.").await;
    sign_in(&console, "anna", &second).await;
    console.until_text("Choose a password of your own").await;
    console.fill("Password until now", &second).await;
    console.fill("New password", "nobody guesses this one").await;
    console.fill("New password once more", "nobody guesses this one").await;
    console.press("Change the password").await;
    console.find(&test_id("server-first")).await;
    assert_eq!(console.count("a[href=\"/users\"], a[href=\"/audit\"]").await, 0);
    go(&console, &server.address, "/users").await?;
    console.until_text("There is nothing at this address").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_works_and_is_refused_after_it_was_revoked() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let address = &story.cluster.server("first").address;
    console.press("Account").await;
    console.press("Make a token …").await;
    console.fill("What it is for", "nightly import").await;
    console.press("Make the token").await;
    let token = secret_once(&console).await;
    console.press("Done").await;
    let program = Client::new(address, &token)?;
    assert_eq!(program.session().await?.account.name, "admin");
    console.press("Revoke nightly import").await;
    console.press("Revoke it").await;
    console.gone("[aria-label=\"Revoke nightly import\"]").await;
    let refused = program.session().await.expect_err("the token was revoked");
    assert_eq!(refused.code(), "auth/required");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_say_where_they_come_from_and_hold_at_once() -> Tested {
    let (story, console) = signed_in(&["first", "second"]).await?;
    console.press("Flow").await;
    let kept = test_id("setting-retention.finished.days");
    console.shows(&kept, "default").await;
    console.shows(&test_id("setting-checkpoint.storage"), "flag").await;
    console.press("Change Finished: keep for").await;
    console.type_into(&format!("{kept} input"), "soon\n").await;
    console.shows(&kept, "A whole number").await;
    console
        .type_into(&format!("{kept} input"), "\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}17\n")
        .await;
    console.shows(&kept, "17 days").await;
    console.shows(&kept, "by admin").await;
    // Every server goes by it without a restart.
    until("the other server knows", async || {
        let settings = story.cluster.server("second").client.settings().await.ok()?;
        let days = settings.into_iter().find(|setting| setting.key == "retention.finished.days")?;
        (days.value == json!(17)).then_some(())
    })
    .await;
    console.press("Preview …").await;
    console.find("table[aria-label=\"What retention removes\"]").await;
    console.press("Close").await;
    console.press("set back Finished: keep for").await;
    console.shows(&kept, "default").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_another_server_is_read_here_and_searched() -> Tested {
    let (story, console) = signed_in(&["first", "second"]).await?;
    let other = story.cluster.server("second");
    until("the other server has logged something", async || {
        let log = story.cluster.server("first").client.server_log(&other.id, &ServerLogQuery::default()).await.ok()?;
        (!log.items.is_empty()).then_some(())
    })
    .await;
    console.press("Log").await;
    console.choose("Server", "second").await;
    console.find("[role=log][aria-label=\"Log of second\"] time").await;
    console.fill("With this text", "surely nobody logs this").await;
    console.until_text("No lines like these").await;
    assert!(console.page.current_url().await?.query().is_some_and(|query| query.contains("q=surely")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_set_for_a_connection_and_never_shown_again() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    console.press("Connections").await;
    let connections = server.client.connections("orders").await?;
    let notices = connections.iter().find(|connection| connection.name == "notices").expect("it is listed");
    let field = Arc::<str>::from(notices.secrets.first().expect("http takes secrets").field.as_str());
    console.press(&format!("Set … {field} of notices")).await;
    console.fill(&field, "never tell").await;
    console.press("Set the secret").await;
    console.shows("[aria-label=\"Secrets of notices\"]", "set just now").await;
    let page = console.page.source().await?;
    assert!(!page.contains("never tell"));
    console.press("Test notices").await;
    console.find("[aria-label=\"Connection notices\"] :is([data-testid=test-works], [data-testid=notice])").await;
    console.press(&format!("Forget {field} of notices")).await;
    console.press("Forget it").await;
    console.gone(&format!("[aria-label=\"Forget {field} of notices\"]")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn version_control_shows_what_a_commit_changed() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let flow = story.project.read("flows/order-import.flow.json");
    story.project.write("flows/order-import.flow.json", &flow.replace("\"Give notice\"", "\"Tell them\""));
    story.project.commit_and_push("Call it what it is");
    console.press("Version Control").await;
    console.press("Update on this server: orders").await;
    console.shows(&test_id("toast-ok"), "orders is up to date on first").await;
    console.press("History of orders").await;
    let history = "ol[aria-label=\"History of orders\"]";
    console.shows(history, "Call it what it is").await;
    console.shows(history, "Tell them").await;
    console.shows(history, "Test Author").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_re_executed_from_an_earlier_saved_point() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    let request = story.requests("first", &["1997-05"]).await[0];
    server.client.cancel(request).await?;
    server.until_state(request, RequestState::Cancelled).await;
    let saved = server.client.request(request).await?.saved_points;
    go(&console, &server.address, &format!("/requests/{request}")).await?;
    console.press("Re-execute").await;
    let first = saved.iter().find(|point| point.name == "Orders mapped").expect("its first checkpoint");
    let option = format!("[role=dialog] select option[value=\"{}\"]", first.number);
    console.click(&option).await;
    console.until_text("What was saved after it no longer counts").await;
    story.endpoint.open();
    console.click(&test_id("re-execute-now")).await;
    server.until_state(request, RequestState::Finished).await;
    let stored = server.client.request(request).await?.saved_points;
    let again = stored.iter().find(|point| point.name == "Orders stored").expect("it was saved again");
    assert_eq!(again.attempt, 2, "what came after the chosen point ran again");
    Ok(())
}

async fn secret_once(console: &Browser) -> String {
    let field = console.find(&test_id("secret-once")).await;
    field.prop("value").await.ok().flatten().expect("the secret is shown")
}

async fn sign_out(console: &Browser, who: &str) {
    console.press(&format!("Account {who}")).await;
    console.press("Sign out").await;
    console.find("form[aria-label=\"Sign in\"]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_switched_and_fired_by_keyboard_and_shows_what_it_fired() -> Tested {
    let (story, console) = signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    go(&console, &server.address, "/triggers").await?;
    let row = test_id("trigger-monthly");
    console.shows(&row, "never fired").await;
    console.type_into(&format!("{row} [role=switch]"), " ").await;
    console.shows(&row, "next").await;
    let known = server.client.triggers(&flow_api::TriggerQuery::default()).await?;
    assert!(known[0].on && known[0].next.is_some(), "{known:?}");

    // It opens, says when it is due, and is in the address.
    console.press("monthly").await;
    console.find("[aria-label=\"Next due times of monthly\"] li:nth-child(5)").await;
    console.press("Fire now: monthly").await;
    let fired = until("it has fired", async || {
        let known = server.client.triggers(&flow_api::TriggerQuery::default()).await.ok()?;
        known.into_iter().find_map(|trigger| trigger.last_request)
    })
    .await;
    console.find(&format!("[aria-label=\"Firings of monthly\"] a[href=\"/requests/{fired}\"]")).await;
    assert_eq!(server.client.request(fired).await?.request.trigger, "schedule monthly");
    story.endpoint.open();
    Ok(())
}
