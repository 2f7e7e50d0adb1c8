//! What stands before the console, and every dialog and menu in it: reached, used and left by keyboard, and in the way of
//! nobody, in every theme.

use super::{Story, go, sign_in};
use fantoccini::error::CmdError;
use serde_json::{Value, json};
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, user};
use system_tests::keys::{DOWN, ENTER, ESCAPE, TAB};
use system_tests::wait::until;

/// Nothing of what is shown is in the way of anybody, in any theme.
async fn is_open_to_all(console: &Browser, what: &str) -> Result<(), CmdError> {
    for theme in ["light", "dark", "contrast"] {
        console.theme(theme).await?;
        console.picture(&format!("console-{what}-{theme}")).await;
        assert_eq!(console.barriers().await?, Vec::<String>::new(), "{what} in {theme}");
    }
    Ok(())
}

/// Whether the keyboard is in the open dialog.
async fn is_inside(console: &Browser) -> bool {
    let script = "return document.querySelector('[role=dialog]')?.contains(document.activeElement) ?? false";
    console.page.execute(script, Vec::new()).await.is_ok_and(|inside| inside == json!(true))
}

/// Opens a dialog with the button `opener`, goes round in it, and leaves it: the keyboard is where it was.
async fn goes_round(console: &Browser, opener: &str) -> Result<(), CmdError> {
    console.stand_on(opener).await;
    console.keys(ENTER).await?;
    console.find("[role=dialog]").await;
    until("the keyboard to be in the dialog", async || is_inside(console).await.then_some(())).await;
    let mut controls = Vec::new();
    for _ in 0..8 {
        controls.push(console.stands_on().await);
        console.keys(TAB).await?;
        assert!(is_inside(console).await, "{opener}: Tab leaves the dialog behind {controls:?}");
    }
    is_open_to_all(console, opener).await?;
    console.keys(ESCAPE).await?;
    console.gone("[role=dialog]").await;
    until(&format!("the keyboard to be back on {opener}"), async || {
        (console.stands_on().await == opener).then_some(())
    })
    .await;
    Ok(())
}

/// Goes round in every dialog that these buttons of a page open.
async fn rounds(console: &Browser, server: &str, page: &str, openers: &[&str]) -> Result<(), CmdError> {
    go(console, server, page).await?;
    for opener in openers {
        goes_round(console, opener).await?;
    }
    Ok(())
}

/// Opens a menu with the button `opener`; it is left open.
async fn open_menu(console: &Browser, opener: &str) -> Result<(), CmdError> {
    console.stand_on(opener).await;
    console.keys(ENTER).await?;
    console.find("[role=menu]").await;
    is_open_to_all(console, opener).await
}

/// Chooses the entry `wanted` of the open menu with the arrow keys.
async fn choose_entry(console: &Browser, wanted: &str) -> Result<(), CmdError> {
    let highlighted = "return document.querySelector('[role=menuitem][data-highlighted]')?.innerText.trim() ?? ''";
    for _ in 0..20 {
        if console.page.execute(highlighted, Vec::new()).await? == json!(wanted) {
            return console.keys(ENTER).await;
        }
        console.keys(DOWN).await?;
    }
    panic!("the arrows do not lead to {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_uses_the_keyboard_signs_in_finds_the_way_and_signs_out() -> Tested {
    let story = Story::begin(&["first"]).await?;
    let address = &story.cluster.server("first").address;
    let database = story.folder.path().join("cairn.db");
    user(&database, &["add", "guest", "--role", "Viewer", "--password-stdin"], Some(PASSWORD));
    let console = Browser::chromium().await;

    go(&console, address, "/").await?;
    console.find("form[aria-label=\"Sign in\"]").await;
    is_open_to_all(&console, "sign-in").await?;
    assert_eq!(console.stands_on().await, "Account", "typing can begin at once");
    console.keys(&format!("admin{TAB}a wrong one{ENTER}")).await?;
    console.shows("[role=alert]", "Name or password is wrong.").await;
    is_open_to_all(&console, "sign-in-refused").await?;
    until("the password to be typed anew", async || (console.stands_on().await == "Password").then_some(())).await;
    console.keys(&format!("{PASSWORD}{ENTER}")).await?;
    console.find(&test_id("server-first")).await;

    // Past all ways, to what can be done.
    console.tab_to("Users").await;
    console.keys(ENTER).await?;
    console.find("table[aria-label=Accounts] td").await;
    console.tab_to("Reset password of guest").await;
    console.keys(ENTER).await?;
    console.tab_to("Reset it").await;
    console.keys(ENTER).await?;
    let secret = console.find(&test_id("secret-once")).await;
    let password = secret.prop("value").await?.expect("the password is shown");
    is_open_to_all(&console, "secret-once").await?;
    console.tab_to("Done").await;
    console.keys(ENTER).await?;
    console.gone("[role=dialog]").await;

    open_menu(&console, "Account admin, Administrator").await?;
    choose_entry(&console, "Dark").await?;
    let theme = "return document.documentElement.dataset.theme";
    until("the dark theme", async || {
        (console.page.execute(theme, Vec::new()).await.ok()? == json!("dark")).then_some(())
    })
    .await;
    console.stand_on("Account admin, Administrator").await;
    console.keys(ENTER).await?;
    choose_entry(&console, "Sign out").await?;

    // The password that was made lets in once.
    console.find("form[aria-label=\"Sign in\"]").await;
    sign_in(&console, "guest", &password).await;
    console.until_text("Choose a password of your own").await;
    is_open_to_all(&console, "first-password").await?;
    until("the first field", async || (console.stands_on().await == "Password until now").then_some(())).await;
    let chosen = "a sentence of my own";
    console.keys(&format!("{password}{TAB}{chosen}{TAB}{chosen}{ENTER}")).await?;
    console.find(&test_id("server-first")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dialogs_about_requests_are_used_by_keyboard_and_open_to_all() -> Tested {
    let story = Story::begin(&["first"]).await?;
    let server = story.cluster.server("first");
    let running = story.requests("first", &["1997-01"]).await[0];
    let failed = server.request("orders", "order-import", json!({"month": "no such month"}), 1).await[0].id;
    server.until_ended(failed).await;
    let address = &server.address;
    let console = Browser::chromium().await;
    go(&console, address, "/").await?;
    sign_in(&console, "admin", PASSWORD).await;
    console.find(&test_id("server-first")).await;

    go(&console, address, "/requests?state=Error").await?;
    console.find(&format!("tr[data-row=\"{failed}\"]")).await;
    open_menu(&console, "Saved filters").await?;
    choose_entry(&console, "Save these filters …").await?;
    console.find("[role=dialog]").await;
    is_open_to_all(&console, "save-filters").await?;
    until("the name to be typed", async || (console.stands_on().await == "Name").then_some(())).await;
    console.keys(&format!("What failed{ENTER}")).await?;
    console.gone("[role=dialog]").await;

    go(&console, address, "/requests").await?;
    console.find(&format!("tr[data-row=\"{running}\"]")).await;
    open_menu(&console, "Saved filters").await?;
    choose_entry(&console, "What failed").await?;
    console.gone(&format!("tr[data-row=\"{running}\"]")).await;
    assert_eq!(console.page.current_url().await?.query(), Some("state=Error"));
    open_menu(&console, "Saved filters").await?;
    choose_entry(&console, "Remove a saved filter …").await?;
    console.find("[role=dialog]").await;
    is_open_to_all(&console, "remove-filters").await?;
    console.tab_to("Remove What failed").await;
    console.keys(ENTER).await?;
    console.gone("[role=dialog]").await;
    assert_eq!(server.client.saved_filters().await?, []);

    go(&console, address, "/requests").await?;
    console.type_into(&format!("tr[data-row=\"{running}\"]"), " ").await;
    console.find(&test_id("bulk-bar")).await;
    is_open_to_all(&console, "chosen-requests").await?;
    goes_round(&console, "Cancel …").await?;
    goes_round(&console, "Re-execute …").await?;

    go(&console, address, &format!("/requests/{running}")).await?;
    goes_round(&console, "Cancel request").await?;
    open_menu(&console, "Download what was saved at Orders mapped").await?;
    console.keys(ESCAPE).await?;
    console.gone("[role=menu]").await;
    go(&console, address, &format!("/requests/{failed}")).await?;
    goes_round(&console, "Re-execute").await?;

    // A request is started without a hand on the mouse.
    go(&console, address, "/requests/new?project=orders&flow=order-import").await?;
    console.stand_on("month Text").await;
    is_open_to_all(&console, "start-requests").await?;
    console.tab_to("Start the request").await;
    console.keys(ENTER).await?;
    console.until_text(&format!("Request {}", failed + 1)).await;
    story.endpoint.open();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dialogs_about_projects_and_settings_are_used_by_keyboard_and_open_to_all() -> Tested {
    let (story, console) = super::pages::signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    let secrets = [("token".to_owned(), "hush".to_owned())].into_iter().collect();
    server.client.set_secrets("orders", "notices", &flow_api::NewSecrets { secrets }).await?;
    rounds(&console, &server.address, "/projects", &["Register a project", "Change … where orders comes from"]).await?;
    console.stand_on("History of orders").await;
    console.keys(ENTER).await?;
    console.shows("ol[aria-label=\"History of orders\"]", "Begin").await;
    is_open_to_all(&console, "history").await?;

    rounds(&console, &server.address, "/settings/flow", &["Preview …"]).await?;
    console.stand_on("Change Finished: keep for").await;
    console.keys(ENTER).await?;
    console.find("[data-testid=\"setting-retention.finished.days\"] input").await;
    is_open_to_all(&console, "setting").await?;
    let secrets = ["Set … password of notices", "Forget token of notices"];
    rounds(&console, &server.address, "/settings/connections", &secrets).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dialogs_about_accounts_are_used_by_keyboard_and_open_to_all() -> Tested {
    let (story, console) = super::pages::signed_in(&["first"]).await?;
    let server = story.cluster.server("first");
    let database = story.folder.path().join("cairn.db");
    user(&database, &["add", "guest", "--role", "Viewer", "--password-stdin"], Some(PASSWORD));
    let secret: flow_api::NewGitCredential =
        serde_json::from_value(json!({"host": "git.example.org", "kind": "token", "secret": "hush"}))?;
    server.client.set_git_credential(&secret).await?;
    let accounts = ["Add an account", "Reset password of guest", "Disable guest"];
    rounds(&console, &server.address, "/users", &accounts).await?;
    let own = [
        "Make a token …",
        "Revoke tests",
        "Add a credential …",
        "Replace … the credential for git.example.org",
        "Remove the credential for git.example.org",
    ];
    rounds(&console, &server.address, "/account", &own).await?;

    // What is wrong stands at its field, and is told with it.
    console.stand_on("Add a credential …").await;
    console.keys(ENTER).await?;
    until("the host to be typed", async || (console.stands_on().await == "Host").then_some(())).await;
    console.keys("no host/at all").await?;
    console.stand_on("Token or password").await;
    console.keys(&format!("hush{ENTER}")).await?;
    let wrong = console.find("[role=dialog] [aria-invalid=true]").await;
    let described = wrong.attr("aria-describedby").await?.unwrap_or_default();
    let wrong = described.split(' ').find(|id| id.ends_with("-wrong")).expect("what is wrong is told with the field");
    let told = "return document.getElementById(arguments[0]).innerText";
    let told = console.page.execute(told, vec![Value::from(wrong)]).await?;
    assert!(told.as_str().is_some_and(|told| !told.is_empty()), "{told}");
    is_open_to_all(&console, "wrong-host").await?;
    Ok(())
}
