//! The console where things are not as usual: names of any length and script, nothing there yet, a server that is away,
//! servers that differ, data that is damaged.

use super::{Story, go, sign_in};
use fantoccini::error::CmdError;
use flow_api::{RequestState, Update};
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, TestCluster};
use system_tests::wait::until;

const RIGHT_TO_LEFT: &str = "استيراد-الطلبات-من-المستودع-الكبير-في-الميناء-القديم";
const LONG: &str = "Bestellungen-aus-dem-Lager-der-Donaudampfschifffahrtsgesellschaft-prüfen-und-verbuchen-📨";

/// Whether no part of the page reaches out of the window.
async fn fits(console: &Browser) -> Result<bool, CmdError> {
    let script = "return document.documentElement.scrollWidth <= window.innerWidth && \
        [...document.querySelectorAll('main')].every((main) => main.scrollWidth <= main.clientWidth)";
    Ok(console.page.execute(script, Vec::new()).await? == json!(true))
}

/// The direction in which the shown text `name` runs, wherever it stands by itself.
async fn direction(console: &Browser, name: &str) -> Result<Vec<String>, CmdError> {
    let script = "return [...document.querySelectorAll('bdi, [dir=auto]')] \
        .filter((one) => one.innerText?.trim() === arguments[0] && one.checkVisibility()) \
        .map((one) => getComputedStyle(one).direction)";
    let found = console.page.execute(script, vec![json!(name)]).await?;
    Ok(serde_json::from_value(found).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_any_length_and_script_are_shown_whole_or_cut_at_their_own_end() -> Tested {
    let story = Story::begin(&["first"]).await?;
    let flow = story.project.read("flows/order-import.flow.json");
    let flow = flow.replace("\"Orders stored\"", &json!(RIGHT_TO_LEFT).to_string());
    let flow = flow.replace("\"Orders mapped\"", &json!(LONG).to_string());
    story.project.write(&format!("flows/{RIGHT_TO_LEFT}.flow.json"), &flow);
    story.project.write(&format!("flows/{LONG}.flow.json"), &flow);
    story.project.commit_and_push("طلبات بلغة أخرى");
    story.cluster.install(LONG, &story.project.remote).await;
    story.cluster.install(RIGHT_TO_LEFT, &story.project.remote).await;
    let server = story.cluster.server("first");
    server.client.rename_server(&server.id, RIGHT_TO_LEFT).await?;
    let first = server.request(RIGHT_TO_LEFT, RIGHT_TO_LEFT, json!({"month": "1997-01"}), 1).await[0].id;
    let second = server.request(LONG, LONG, json!({"month": "1997-02"}), 1).await[0].id;
    story.endpoint.until_calls(2).await;
    // An error that speaks of what it was given.
    let failed = server.request(LONG, RIGHT_TO_LEFT, json!({"month": RIGHT_TO_LEFT}), 1).await[0].id;
    server.until_ended(failed).await;

    let console = Browser::chromium().await;
    go(&console, &server.address, "/requests").await?;
    sign_in(&console, "admin", PASSWORD).await;
    console.find(&format!("tr[data-row=\"{first}\"]")).await;
    let (first_page, second_page) = (format!("/requests/{first}"), format!("/requests/{second}"));
    let failed_page = format!("/requests/{failed}");
    for (page, shown) in [
        ("/servers", format!("[data-testid=\"server-{RIGHT_TO_LEFT}\"]")),
        ("/requests", format!("tr[data-row=\"{first}\"]")),
        (first_page.as_str(), format!("[data-testid=\"component-{RIGHT_TO_LEFT}\"]")),
        (second_page.as_str(), format!("[data-testid=\"component-{LONG}\"]")),
        (failed_page.as_str(), "[role=alert]".to_owned()),
        ("/requests/new", "form select option:nth-child(3)".to_owned()),
        ("/projects", format!("[aria-label=\"Project {RIGHT_TO_LEFT}\"]")),
        ("/log", "[role=log] time".to_owned()),
        ("/settings/connections", "[aria-label=\"Connection notices\"]".to_owned()),
        ("/account", "[aria-label=\"Projects of this account\"] li:nth-child(3)".to_owned()),
        ("/audit", "table[aria-label=\"Audit trail\"] td".to_owned()),
    ] {
        go(&console, &server.address, page).await?;
        console.find(&shown).await;
        for (width, height) in [(1400, 860), (900, 860), (700, 430)] {
            console.page.set_window_size(width, height).await?;
            assert!(fits(&console).await?, "{page} reaches out of a window of {width} pixels");
            console.picture(&format!("console-names{}-{width}", page.replace('/', "-"))).await;
        }
        console.page.set_window_size(1400, 860).await?;
        assert_eq!(console.barriers().await?, Vec::<String>::new(), "{page}");
        if ["/servers", "/requests", first_page.as_str(), "/projects"].contains(&page) {
            let directions = direction(&console, RIGHT_TO_LEFT).await?;
            assert!(!directions.is_empty() && directions.iter().all(|one| one == "rtl"), "{page}: {directions:?}");
        }
    }
    // What is cut can be read whole.
    go(&console, &server.address, "/requests").await?;
    console.find(&format!("tr[data-row=\"{second}\"] [title=\"{LONG} / {LONG}\"]")).await;
    go(&console, &server.address, &first_page).await?;
    console.shows("[aria-label=\"Log of the request\"]", RIGHT_TO_LEFT).await;
    story.endpoint.open();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_nothing_yet_it_says_how_to_begin() -> Tested {
    let folder = tempfile::tempdir()?;
    let cluster = TestCluster::start(folder.path(), &["first"]);
    let address = &cluster.server("first").address;
    let console = Browser::chromium().await;
    go(&console, address, "/").await?;
    sign_in(&console, "admin", PASSWORD).await;
    console.find(&test_id("server-first")).await;
    for (page, said) in [
        ("/servers", "no project yet"),
        ("/requests", "No requests yet"),
        ("/requests?state=Error", "No requests like these"),
        ("/requests/4711", "There is no request 4711"),
        ("/requests/new", "No projects yet"),
        ("/projects", "No projects yet"),
        ("/log?q=nobody+logs+this", "No lines like these"),
        ("/settings/connections", "No projects yet"),
        ("/account", "No git credentials"),
        ("/account", "No project belongs to this account"),
        ("/audit?q=nobody+did+this", "Nothing fits the filters"),
        ("/nowhere", "There is nothing at this address"),
    ] {
        go(&console, address, page).await?;
        console.until_text(said).await;
        for theme in ["light", "dark", "contrast"] {
            console.theme(theme).await?;
            assert_eq!(console.barriers().await?, Vec::<String>::new(), "{page} in {theme}");
        }
        console.picture(&format!("console-empty{}", page.replace(['/', '?', '='], "-"))).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_said_and_the_page_goes_on_when_it_is_back() -> Tested {
    let (mut story, console) = super::pages::signed_in(&["first"]).await?;
    let request = story.requests("first", &["1997-01"]).await[0];
    let address = story.cluster.server("first").address.clone();
    go(&console, &address, &format!("/requests/{request}")).await?;
    console.shows(&test_id("request-state"), "Running").await;
    story.cluster.server_mut("first").kill();
    console.until_text("The server does not answer at this time").await;
    assert_eq!(console.barriers().await?, Vec::<String>::new());
    console.picture("console-server-away").await;
    // What is known stays in sight; what is asked for now says why it cannot be.
    console.press("Cancel request").await;
    console.press("Cancel it now").await;
    console.shows("[role=dialog]", "does not answer").await;
    console.press("Let it run").await;
    console.press("Users").await;
    console.shows("main [role=alert]", "does not answer").await;

    story.cluster.start_again("first");
    story.endpoint.until_calls(2).await;
    console.press("Server List").await;
    console.shows(&test_id("server-first"), "Running").await;
    until("the notice to go", async || {
        let text = console.find("body").await.text().await.ok()?;
        (!text.contains("The server does not answer at this time")).then_some(())
    })
    .await;
    story.endpoint.open();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_another_version_than_wanted_is_seen_in_both_lists() -> Tested {
    let (story, console) = super::pages::signed_in(&["first", "second"]).await?;
    let drift = "not the wanted";
    story.project.write("flows/another.flow.json", &story.project.read("flows/order-import.flow.json"));
    story.project.commit_and_push("Add another flow");
    let updated = story.cluster.server("first").client.update("orders", &Update::default()).await?;
    console.shows(&test_id("server-second"), &format!("{drift} {}", &updated.to[..7])).await;
    // The server that was updated may tell so a moment after it is wanted.
    console.gone(&format!("{} .drift", test_id("server-first"))).await;
    console.picture("console-drift").await;
    assert_eq!(console.barriers().await?, Vec::<String>::new());
    console.press("Version Control").await;
    console.shows("[aria-label=\"Versions of orders\"]", "not the wanted one").await;

    story.cluster.server("second").client.update("orders", &Update::default()).await?;
    console.press("Server List").await;
    console.gone(&format!("{} .drift", test_id("server-second"))).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_data_is_damaged_says_so_and_goes_on_from_an_earlier_point_in_the_console() -> Tested {
    let mut story = crate::store::Story::begin(&["first", "second"]).await?;
    let before = story.objects();
    let [id] = story.hold("first", 1).await[..] else { panic!("one request") };
    story.damage_the_newest(&before)?;
    story.cluster.server_mut("first").kill();
    let survivor = story.cluster.server("second");
    assert_eq!(survivor.until_ended(id).await.state, RequestState::Error);

    let console = Browser::chromium().await;
    go(&console, &survivor.address, &format!("/requests/{id}")).await?;
    sign_in(&console, "admin", PASSWORD).await;
    console.shows(&test_id("request-state"), "Error").await;
    console.shows("main [role=alert]", "storage/corrupt").await;
    console.picture("console-damaged").await;
    console.press("Two, checkpoint, show its records").await;
    console.shows("[aria-label=\"Saved points\"] [role=alert]", "storage/corrupt").await;
    console.press("Re-execute").await;
    // The damaged point is not offered as the place to go on from: the one before it is chosen already.
    console.until_text("What was saved after it no longer counts").await;
    console.picture("console-damaged-re-execute").await;
    assert_eq!(console.barriers().await?, Vec::<String>::new());
    console.click(&test_id("re-execute-now")).await;
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    console.shows(&test_id("request-state"), "Finished").await;
    let points = survivor.client.request(id).await?.saved_points;
    let two = points.iter().find(|point| point.name == "Two").expect("it was saved again");
    assert_eq!(two.attempt, 3, "the first attempt, the one that met the damage, and the one that was asked for");
    Ok(())
}
