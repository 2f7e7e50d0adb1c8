//! What is around the canvas: palette of commands, quick open, search, settings, welcome, monitor.

use super::Design;
use super::desk::desk;
use serde_json::{Value, json};
use std::path::Path;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, TestCluster};
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::wait::until;

/// Keys that are held together: `Ctrl+Shift+p`.
fn held(keys: &str) -> String {
    keys.replace("Ctrl+", "\u{E009}").replace("Shift+", "\u{E008}").replace("Enter", "\u{E007}")
}

/// The designer on the sample project, in the browser.
struct Bench {
    design: Design,
    browser: Browser,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn on_sample() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let project = TestProject::sample(folder.path(), "http://127.0.0.1:9");
        Self::of(folder, &project.folder).await
    }

    async fn of(folder: tempfile::TempDir, project: &Path) -> std::io::Result<Self> {
        let design = Design::start(project, &folder.path().join("config"));
        let browser = Browser::chromium().await;
        browser.page.goto(&design.address).await.expect("the designer's page");
        Ok(Self { design, browser, folder })
    }

    /// The designer started anew, at another address, on the same settings.
    async fn start_again(&mut self, project: &Path) {
        self.design = Design::start(project, &self.folder.path().join("config"));
        self.browser.page.goto(&self.design.address).await.expect("the designer's page");
    }

    async fn press(&self, keys: &str) {
        self.browser.type_into("body", &held(keys)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_flows_and_components_are_found_by_typing() -> Tested {
    let bench = Bench::on_sample().await?;
    let browser = &bench.browser;
    browser.find(&test_id("canvas")).await;

    bench.press("Ctrl+Shift+p").await;
    browser.shows("#pick-list", "Push update").await;
    browser.shows("#pick-list", "Ctrl+Shift+F").await;
    let commands = browser.count("#pick-list [role=option]").await;
    assert!(commands > 40, "{commands} commands");
    browser.type_into("input[role=combobox]", "about").await;
    browser.shows("#pick-list [aria-selected=true]", "About Cairn").await;
    browser.type_into("input[role=combobox]", &held("Enter")).await;
    browser.shows(".dialog", concat!("Cairn ", env!("CARGO_PKG_VERSION"))).await;
    browser.shows(&test_id("about-parts"), "System").await;
    browser.press("Close").await;

    bench.press("Ctrl+p").await;
    browser.type_into("input[role=combobox]", "rollback").await;
    browser.type_into("input[role=combobox]", &held("Enter")).await;
    browser.find("[data-testid=\"tab-order-import-with-rollback\"][aria-selected=true]").await;
    bench.press("Ctrl+p").await;
    browser.type_into("input[role=combobox]", "warehouse sqlite").await;
    browser.type_into("input[role=combobox]", &held("Enter")).await;
    browser.shows(".dialog", "warehouse").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_found_in_all_flows_and_leads_to_its_place() -> Tested {
    let bench = Bench::on_sample().await?;
    let browser = &bench.browser;
    browser.find(&test_id("canvas")).await;
    bench.press("Ctrl+Shift+f").await;
    browser.type_into(&test_id("search-text"), "DISCS > 0").await;
    browser.shows(&test_id("search-hits"), "Has an amount").await;
    browser.shows("#hit-0 mark", "discs > 0").await;
    browser.click("#hit-0").await;
    browser.gone(".dialog").await;
    browser.find(&test_id("inspector")).await;
    browser.shows(&test_id("inspector"), "Condition").await;

    bench.press("Ctrl+Shift+f").await;
    browser.type_into(&test_id("search-text"), "nothing of the kind").await;
    browser.until_text("Nothing found").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_tabs_are_there_again_after_a_new_start() -> Tested {
    let mut bench = Bench::on_sample().await?;
    let project = bench.folder.path().join("orders");
    {
        let browser = &bench.browser;
        browser.click(&test_id("flow-order-import")).await;
        browser.click(&test_id("flow-daily-report")).await;
        bench.press("Ctrl+,").await;
        browser.press("Dark").await;
        browser.find("html[data-theme=dark]").await;
        browser.click(&test_id("tab-keys")).await;
        browser.click(&test_id("keys-commit")).await;
        browser.type_into(&test_id("keys-commit"), &held("Ctrl+s")).await;
        browser.shows(&test_id("clash-commit"), "Save").await;
        browser.shows(&test_id("clash-save"), "Commit").await;
        browser.click(&test_id("keys-commit")).await;
        browser.type_into(&test_id("keys-commit"), &held("Ctrl+Shift+y")).await;
        browser.gone(&test_id("clash-save")).await;
        browser.press("Close").await;
        bench.press("Ctrl+j").await;
        // All of it is kept a moment later.
        let config = bench.folder.path().join("config");
        let kept = |file: &str, what: &str| {
            std::fs::read_to_string(config.join(file)).is_ok_and(|text| text.contains(what)).then_some(())
        };
        until("the settings on disk", async || kept("settings.json", "Ctrl+Shift+Y")).await;
        until("the panel's state on disk", async || kept("windows.json", "panel.open")).await;
        until("the tabs on disk", async || kept("recent-projects.json", "daily-report")).await;
    }
    bench.start_again(&project).await;
    let browser = &bench.browser;
    browser.find("html[data-theme=dark]").await;
    browser.find("[data-testid=\"tab-daily-report\"][aria-selected=true]").await;
    browser.find(&test_id("tab-order-import")).await;
    bench.press("Ctrl+Shift+y").await;
    browser.shows(".dialog", "Commit").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_welcome_window_makes_projects_and_forgets_those_that_are_gone() -> Tested {
    let folder = tempfile::tempdir()?;
    let gone = desk(folder.path());
    let kept = TestProject::sample(folder.path(), "http://127.0.0.1:9");
    let mut bench = Bench::of(folder, &gone.folder).await?;
    bench.browser.find(&test_id("canvas")).await;
    bench.start_again(&kept.folder).await;
    bench.browser.find(&test_id("flow-order-import")).await;
    std::fs::remove_dir_all(&gone.folder)?;

    let browser = &bench.browser;
    bench.press("Ctrl+Shift+p").await;
    browser.type_into("input[role=combobox]", &format!("close project{}", held("Enter"))).await;
    browser.shows(&test_id("welcome"), "not there").await;
    browser.press("Take desk off this list").await;
    browser.gone(&test_id("recent-desk")).await;

    browser.click(&test_id("new-from-sample")).await;
    let to = bench.folder.path().join("mine");
    browser.fill("Folder", &to.to_string_lossy()).await;
    browser.press("Create").await;
    browser.find(&test_id("flow-order-import")).await;
    assert!(to.join(".git").is_dir() && to.join("data/orders-1997-01.csv").is_file());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_clusters_are_seen_beside_each_other_and_no_token_is_in_the_page() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    let project = TestProject::sample(folder.path(), &endpoint.url);
    let production = TestCluster::start(&folder.path().join("production"), &["north", "south"]);
    let test = TestCluster::start(&folder.path().join("test"), &["trial"]);
    production.install("orders", &project.remote).await;
    let bench = Bench::of(folder, &project.folder).await?;
    let browser = &bench.browser;
    browser.find(&test_id("canvas")).await;
    for (name, address) in
        [("production", &production.server("north").address), ("test", &test.server("trial").address)]
    {
        let call = format!(
            "const done = arguments[0]; fetch('call/cluster_sign_in', {{method: 'POST', \
                headers: {{'content-type': 'application/json'}}, \
                body: JSON.stringify({{cluster: '{name}', url: '{address}', account: 'admin', password: '{PASSWORD}'}})}}) \
                .then((reply) => reply.text()).then(done)"
        );
        let signed_in = browser.page.execute_async(&call, Vec::new()).await?;
        assert!(signed_in.as_str().is_some_and(|view| view.contains("tokenKeptIn")), "{signed_in}");
    }
    let monitor = bench.design.address.split('?').next().unwrap_or_default().to_owned() + "monitor.html";
    browser.page.goto(&monitor).await?;
    browser.press("Side by side").await;
    for (cluster, server) in [("production", "north"), ("production", "south"), ("test", "trial")] {
        browser.shows(&test_id(&format!("column-{cluster}")), server).await;
    }
    let request = production.server("north").request("orders", "order-import", json!({}), 1).await.remove(0);
    endpoint.until_calls(1).await;
    browser.shows(&format!("{} {}", test_id("column-production"), test_id("count-Running")), "1").await;
    browser.click(&format!("{} {}", test_id("column-production"), test_id("count-Running"))).await;
    browser.shows(&format!("tr[data-row=\"{}\"]", request.id), "order-import").await;
    browser.page.goto(&format!("{monitor}#/requests/{}", request.id)).await?;
    browser.until_text("Orders stored").await;
    endpoint.open();
    production.server("north").until_ended(request.id).await;
    browser.until_text("Finished").await;

    // The tokens, as the designer keeps them, are nowhere in the page: not in what it stores, shows or was told.
    let kept = bench.folder.path().join("config");
    let tokens = tokens_in(&kept);
    assert_eq!(tokens.len(), 2, "the tokens of two clusters are kept in {}", kept.display());
    let seen = browser
        .page
        .execute(
            "return [location.href, document.cookie, document.documentElement.outerHTML, JSON.stringify({...localStorage}), \
                JSON.stringify({...sessionStorage}), JSON.stringify(performance.getEntriesByType('resource'))].join('\\n')",
            Vec::new(),
        )
        .await?;
    let told = browser
        .page
        .execute_async(
            "const done = arguments[0]; Promise.all(['cluster_list', 'settings_view', 'window_memory', 'host_view'].map( \
                (name) => fetch(`call/${name}`, {method: 'POST', headers: {'content-type': 'application/json'}, body: '{}'}) \
                    .then((reply) => reply.text()))).then((texts) => done(texts.join('\\n')))",
            Vec::new(),
        )
        .await?;
    for token in tokens {
        for text in [&seen, &told] {
            assert!(!text.as_str().unwrap_or_default().contains(&token), "a token is in the page");
        }
    }
    Ok(())
}

/// The tokens that are kept in files of the config folder.
fn tokens_in(config: &Path) -> Vec<String> {
    let files = std::fs::read_dir(config).expect("the config folder").flatten().map(|entry| entry.path());
    let kept = files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("token")));
    let values = kept.filter_map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).ok()?).ok());
    let mut tokens = Vec::new();
    for value in values {
        texts_in(&value, &mut tokens);
    }
    tokens
}

fn texts_in(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() > 20 => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts_in(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts_in(value, found)),
        _ => {}
    }
}
