//! A real browser for the console and `cairn design`, and the real desktop window, both driven by WebDriver.

mod mouse;

use crate::process::kill_marked;
use crate::program;
use crate::wait::{patiently, until};
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A driver process and the browser or window it drives. Both end when it is dropped.
pub struct Browser {
    pub page: Client,
    children: Vec<Child>,
    profile: TempDir,
    /// What the desktop window has in its environment.
    environment: Vec<(String, String)>,
}

/// How a control is called, as far as the console's are: by its label, its field's label, or its text.
const NAME_OF: &str = "const nameOf = (one) => (one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText ?? '') \
    .trim().split('\\n')[0];";

/// The environment variable that marks every process of a [`Browser`], whoever started it.
const MARK: &str = "CAIRN_TEST_BROWSER";

impl Browser {
    /// Chromium without a window, on an empty profile.
    pub async fn chromium() -> Self {
        Self::chromium_with(&[]).await
    }

    /// The same with some more arguments.
    pub async fn chromium_with(more: &[&str]) -> Self {
        let profile = tempfile::tempdir().expect("a profile folder");
        let port = free_port();
        let driver = spawn(Command::new("chromedriver").arg(format!("--port={port}")).env(MARK, profile.path()));
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--window-size=1400,860".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        // Chromium's sandbox refuses to run as root, which is what continuous integration often is.
        if is_root() {
            arguments.push("--no-sandbox".into());
        }
        let capabilities = json!({"goog:chromeOptions": {"args": arguments}});
        let page = connect(port, capabilities).await;
        Self { page, children: vec![driver], profile, environment: Vec::new() }
    }

    /// The designer's desktop window on a display of its own, opened with `arguments`. `environment` is added to this
    /// process's; the window's settings and tokens go to a folder of the test.
    pub async fn designer_window(arguments: &[&str], environment: &[(&str, String)]) -> Self {
        Self::window_of(&program("cairn-designer"), arguments, environment).await
    }

    /// The same of another build of the desktop program.
    pub async fn window_of(binary: &Path, arguments: &[&str], environment: &[(&str, String)]) -> Self {
        let profile = tempfile::tempdir().expect("a profile folder");
        let (display_server, display) = start_display();
        let port = free_port();
        let in_profile = |name: &str| profile.path().join(name).to_string_lossy().into_owned();
        let mut own = vec![
            ("DISPLAY", display),
            (MARK, profile.path().to_string_lossy().into_owned()),
            ("XDG_CONFIG_HOME", in_profile("config")),
            ("XDG_DATA_HOME", in_profile("data")),
            ("XDG_STATE_HOME", in_profile("state")),
            ("DBUS_SESSION_BUS_ADDRESS", "disabled:".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
            // Without this Tauri keeps its windows out of WebDriver's reach, and the session never begins.
            ("TAURI_WEBVIEW_AUTOMATION", "true".to_owned()),
        ];
        own.extend(environment.iter().cloned());
        let environment: Vec<(String, String)> =
            own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut driver = Command::new("WebKitWebDriver");
        driver.arg(format!("--port={port}")).env_remove("WAYLAND_DISPLAY");
        driver.envs(environment.iter().map(|(name, value)| (name, value)));
        let driver = spawn(&mut driver);
        let capabilities = json!({"webkitgtk:browserOptions": {"binary": binary, "args": arguments}});
        let page = connect(port, capabilities).await;
        Self { page, children: vec![driver, display_server], profile, environment }
    }

    /// Starts the desktop program once more, beside the window; it must end by itself.
    pub async fn start_once_more(&self, arguments: &[&str]) {
        let mut again = Command::new(program("cairn-designer"));
        again.args(arguments).env_remove("WAYLAND_DISPLAY");
        again.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut again = spawn(&mut again);
        let status = until("the second start to end", async || again.try_wait().ok().flatten()).await;
        assert!(status.success(), "the second start: {status}");
    }

    /// Asks `question` until it gives an answer. Fails with `what` and with what the page shows when it gives none for long.
    async fn until<T>(&self, what: &str, question: impl AsyncFnMut() -> Option<T>) -> T {
        match patiently(question).await {
            Some(answer) => answer,
            None => panic!("waited in vain: {what}; the page shows:\n{}", self.text("body").await.unwrap_or_default()),
        }
    }

    /// Waits for the first element that fits the CSS selector.
    pub async fn find(&self, selector: &str) -> fantoccini::elements::Element {
        self.until(selector, async || self.page.find(Locator::Css(selector)).await.ok()).await
    }

    /// Waits until the page's text holds `text`.
    pub async fn until_text(&self, text: &str) {
        self.until(&format!("“{text}” on the page"), async || {
            self.text("body").await?.contains(text).then_some(())
        })
        .await;
    }

    /// The text of the first element that fits the CSS selector. The page's own: WebKit's driver leaves out what an
    /// ellipsis might cut off.
    async fn text(&self, selector: &str) -> Option<String> {
        self.page.find(Locator::Css(selector)).await.ok()?.prop("innerText").await.ok()?
    }

    /// Waits until the first element that fits the CSS selector holds `text`.
    pub async fn shows(&self, selector: &str, text: &str) {
        self.until(&format!("“{text}” in {selector}"), async || {
            self.text(selector).await?.contains(text).then_some(())
        })
        .await;
    }

    /// Presses the button or link whose accessible name is `name`.
    pub async fn press(&self, name: &str) {
        let quoted = format!("\"{name}\"");
        let by_name = format!(
            "//*[self::button or self::a or @role='button' or @role='tab' or @role='menuitem' or @role='treeitem'][normalize-space()={quoted} or @aria-label={quoted}]"
        );
        self.until(&format!("a button {name} to press"), async || {
            let button = self.page.find(Locator::XPath(&by_name)).await.ok()?;
            button.click().await.ok()
        })
        .await;
    }

    /// Fills the input whose label or accessible name is `label`.
    pub async fn fill(&self, label: &str, text: &str) {
        let quoted = format!("\"{label}\"");
        let by_label = format!(
            "//input[@aria-label={quoted} or @id=//label[normalize-space()={quoted}]/@for] | //label[starts-with(normalize-space(),{quoted})]//input | //textarea[@aria-label={quoted} or @id=//label[normalize-space()={quoted}]/@for]"
        );
        self.until(&format!("an input {label} to fill"), async || {
            let input = self.page.find(Locator::XPath(&by_label)).await.ok()?;
            input.clear().await.ok()?;
            input.send_keys(text).await.ok()
        })
        .await;
    }

    /// Clicks the first element that fits the CSS selector, as soon as it can be clicked.
    pub async fn click(&self, selector: &str) {
        self.until(&format!("{selector} to click"), async || {
            self.page.find(Locator::Css(selector)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Chooses a component of the designer's canvas. The view may still be on its way, so that a click misses; the next one
    /// comes late enough to be no double click.
    pub async fn choose_component(&self, name: &str) {
        let card = test_id(&format!("component-{name}"));
        let chosen = format!("{card}.selected");
        self.until(&format!("{name} to be chosen"), async || {
            self.page.find(Locator::Css(&card)).await.ok()?.click().await.ok()?;
            for _ in 0..20 {
                if self.count(&chosen).await > 0 {
                    return Some(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            None
        })
        .await;
    }

    /// Sends keys to the first element that fits the CSS selector.
    pub async fn type_into(&self, selector: &str, text: &str) {
        self.until(&format!("{selector} to type into"), async || {
            self.page.find(Locator::Css(selector)).await.ok()?.send_keys(text).await.ok()
        })
        .await;
    }

    /// Presses keys where the keyboard stands.
    ///
    /// # Errors
    /// When the page cannot be reached.
    pub async fn keys(&self, keys: &str) -> Result<(), CmdError> {
        self.page.active_element().await?.send_keys(keys).await
    }

    /// Brings the keyboard to the control whose name is `name`, which Tab must be able to reach.
    pub async fn stand_on(&self, name: &str) {
        let script = format!(
            "{NAME_OF} const found = [...document.querySelectorAll('a, button, input, select, textarea, tr[tabindex]')] \
                .find((one) => nameOf(one) === arguments[0] && !one.disabled && one.tabIndex >= 0 && one.checkVisibility()); \
                found?.focus(); return found !== undefined && document.activeElement === found"
        );
        self.until(&format!("the keyboard to stand on {name}"), async || {
            let stands = self.page.execute(&script, vec![json!(name)]).await.ok()?;
            (stands == json!(true)).then_some(())
        })
        .await;
    }

    /// Goes on with Tab until the keyboard stands on the control whose name is `name`.
    pub async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..120 {
            let at = self.stands_on().await;
            if at == name {
                return;
            }
            passed.push(at);
            self.keys("\u{E004}").await.expect("a key");
        }
        panic!("Tab does not lead to {name}: {passed:?}");
    }

    /// The name of the control that the keyboard stands on.
    pub async fn stands_on(&self) -> String {
        let script = format!("{NAME_OF} return nameOf(document.activeElement)");
        let name = self.page.execute(&script, Vec::new()).await.expect("the page answers");
        name.as_str().unwrap_or_default().to_owned()
    }

    /// How many elements fit the CSS selector.
    pub async fn count(&self, selector: &str) -> usize {
        self.page.find_all(Locator::Css(selector)).await.map_or(0, |found| found.len())
    }

    /// Waits until no element fits the CSS selector.
    pub async fn gone(&self, selector: &str) {
        self.until(&format!("{selector} to go"), async || (self.count(selector).await == 0).then_some(())).await;
    }

    /// Chooses `option` in the select box whose label is `label`.
    pub async fn choose(&self, label: &str, option: &str) {
        let by_label = format!(
            "//select[@aria-label=\"{label}\" or @id=//label[starts-with(normalize-space(),\"{label}\")]/@for] | //label[starts-with(normalize-space(),\"{label}\")]//select"
        );
        self.until(&format!("{option} in {label}"), async || {
            let select = self.page.find(Locator::XPath(&by_label)).await.ok()?;
            select.select_by_label(option).await.ok()
        })
        .await;
    }

    /// Shows the page in the theme `light`, `dark` or `contrast`.
    ///
    /// # Errors
    /// When the page cannot be reached.
    pub async fn theme(&self, theme: &str) -> Result<(), CmdError> {
        // Without transitions, so that no colour is seen on its way to another.
        let script = "const still = document.createElement('style'); still.textContent = '* { transition: none !important }'; \
            document.head.append(still); document.documentElement.dataset.theme = arguments[0]";
        self.page.execute(script, vec![json!(theme)]).await.map(drop)
    }

    /// What of the page would be in the way of somebody who uses it by keyboard or screen reader, or who sees little,
    /// as axe finds it.
    ///
    /// # Errors
    /// When the page cannot be reached.
    pub async fn barriers(&self) -> Result<Vec<String>, CmdError> {
        if self.page.execute("return typeof axe", Vec::new()).await? == json!("undefined") {
            let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
            let axe = std::fs::read_to_string(axe).expect("axe is installed; scripts/setup test installs it");
            self.page.execute(&axe, Vec::new()).await?;
        }
        // Menus and tips float outside of all regions. The keyboard is in a menu while it is open.
        let script = "const done = arguments[arguments.length - 1]; \
            const floats = ({target}) => { const one = document.querySelector(target[0]); \
                return one?.matches('[role=tooltip]') || one?.querySelector('[role=menu]') }; \
            axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations.flatMap( \
                ({id, nodes}) => nodes.filter((node) => id !== 'region' || !floats(node)).map(({html, failureSummary}) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`))))";
        let found = self.page.execute_async(script, Vec::new()).await?;
        Ok(serde_json::from_value(found).unwrap_or_else(|error| vec![error.to_string()]))
    }

    /// Keeps a picture of what is seen under `pictures` in the build folder, for people to look at; only where
    /// `CAIRN_PICTURES` is set, because WebKit's driver now and then never answers a request for one.
    pub async fn picture(&self, name: &str) {
        if std::env::var_os("CAIRN_PICTURES").is_some() {
            self.keep_picture(name).await;
        }
    }

    /// The same in every run; for Chromium, whose driver always answers.
    pub async fn keep_picture(&self, name: &str) {
        let place = program("cairn").with_file_name("pictures").join(format!("{name}.png"));
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("the folder of pictures");
        let picture = self.page.screenshot().await.expect("a picture");
        std::fs::write(place, picture).expect("the picture is kept");
    }
}

/// The CSS selector of what the user interface calls `name` for tests.
pub fn test_id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl Drop for Browser {
    fn drop(&mut self) {
        kill_marked(MARK, self.profile.path());
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn spawn(command: &mut Command) -> Child {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}; scripts/setup test installs it"))
}

/// An X server on a free display number, which it tells by itself.
fn start_display() -> (Child, String) {
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1400x860x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb starts; scripts/setup test installs it");
    let mut number = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut number).expect("its display number");
    (server, format!(":{}", number.trim()))
}

async fn connect(port: u16, capabilities: Value) -> Client {
    let capabilities: Map<String, Value> = capabilities.as_object().cloned().unwrap_or_default();
    let address = format!("http://127.0.0.1:{port}");
    until("the browser's driver answers", async || {
        ClientBuilder::rustls().ok()?.capabilities(capabilities.clone()).connect(&address).await.ok()
    })
    .await
}
