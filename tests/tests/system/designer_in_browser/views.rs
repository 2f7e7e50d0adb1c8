//! Every view and every dialog of the designer and the monitor, in light and in dark: nothing of it is in anybody's way, and
//! a picture of each is kept for people to look at.

mod cluster;
mod names;
mod project;
mod versions;
mod welcome;

use super::Design;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::keys::{CONTROL, ENTER, ESCAPE, RELEASE, SHIFT};
use system_tests::project::TestProject;
use system_tests::wait::until;
use tempfile::TempDir;

/// The dialogs that each walk opens: together all that there are.
const WALKS: [&[&str]; 4] = [welcome::DIALOGS, project::DIALOGS, versions::DIALOGS, cluster::DIALOGS];

/// A walk through a part of the views.
struct Walk {
    browser: Browser,
    design: Design,
    project: TestProject,
    folder: TempDir,
    /// What of them is in somebody's way.
    barriers: Vec<String>,
    /// The kinds of the dialogs that were seen.
    dialogs: BTreeSet<String>,
}

impl Walk {
    /// The designer on the sample project `orders`.
    async fn on_sample() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let project = TestProject::sample(folder.path(), "http://127.0.0.1:9");
        Self::on(folder, project).await
    }

    async fn on(folder: TempDir, project: TestProject) -> std::io::Result<Self> {
        let design = Design::start(&project.folder, &folder.path().join("config"));
        let browser = Browser::chromium().await;
        browser.page.goto(&design.address).await.expect("the designer's page");
        browser.find(&test_id("canvas")).await;
        let (barriers, dialogs) = (Vec::new(), BTreeSet::new());
        Ok(Self { browser, design, project, folder, barriers, dialogs })
    }

    /// Looks at what is shown, in light and in dark.
    async fn look(&mut self, name: &str) -> Tested {
        let dialog =
            self.browser.page.execute("return document.documentElement.dataset.dialog ?? ''", Vec::new()).await?;
        if let Some(kind) = dialog.as_str().filter(|kind| !kind.is_empty()) {
            self.dialogs.insert(kind.to_owned());
        }
        for theme in ["light", "dark"] {
            self.browser.theme(theme).await?;
            let barriers = self.browser.barriers().await?;
            self.barriers.extend(barriers.iter().map(|barrier| format!("{name} in {theme}: {barrier}")));
            self.browser.keep_picture(&format!("views/{name}-{theme}")).await;
        }
        Ok(())
    }

    /// Looks at a dialog, and closes it.
    async fn look_and_close(&mut self, name: &str) -> Tested {
        self.browser.find(".dialog").await;
        self.look(name).await?;
        self.close().await;
        Ok(())
    }

    /// Closes the dialog or menu that is open.
    async fn close(&self) {
        until("nothing to be open", async || {
            if self.browser.count(".dialog, [role=menu]").await == 0 {
                return Some(());
            }
            self.browser.keys(ESCAPE).await.ok()?;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            None
        })
        .await;
    }

    /// Does a command by its name in the list of commands.
    async fn command(&self, name: &str) {
        self.browser.type_into("body", &format!("{CONTROL}{SHIFT}p{RELEASE}")).await;
        self.browser.type_into("input[role=combobox]", name).await;
        self.browser.shows("#pick-0", name.trim_end_matches('…')).await;
        self.browser.type_into("input[role=combobox]", ENTER).await;
    }

    /// Presses keys on a row of the project's tree.
    async fn on_row(&self, row: &str, keys: &str) {
        self.browser.type_into(&test_id(row), keys).await;
    }

    /// The walk is done: nothing was in the way, and every dialog that belongs to it was seen.
    fn ends(&self, dialogs: &[&str]) {
        assert!(self.barriers.is_empty(), "{:#?}", self.barriers);
        let seen: BTreeSet<&str> = self.dialogs.iter().map(String::as_str).collect();
        let missed: Vec<_> = dialogs.iter().filter(|kind| !seen.contains(**kind)).collect();
        assert!(missed.is_empty(), "dialogs that were not seen: {missed:?}");
    }

    /// Appends to the name of a component, as an author does.
    async fn rename(&self, name: &str, more: &str) {
        self.browser.choose_component(name).await;
        self.browser.type_into(&test_id("property-name"), &format!("{more}{ENTER}")).await;
        self.browser.find(&test_id(&format!("component-{name}{more}"))).await;
    }

    async fn save(&self) {
        self.browser.type_into("body", &format!("{CONTROL}s{RELEASE}")).await;
        self.browser.shows(&test_id("status-saved"), "Saved").await;
    }

    fn git(&self, arguments: &[&str]) {
        git(&self.project.folder, arguments);
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").arg("-C").arg(folder).args(arguments).output().expect("git runs");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn every_dialog_that_there_is_is_looked_at() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/designer/state/window.svelte.ts");
    let source = std::fs::read_to_string(source).expect("the dialogs' kinds");
    let kinds: BTreeSet<&str> =
        source.lines().filter_map(|line| line.trim().strip_prefix("| { kind: \"")?.split('"').next()).collect();
    assert!(kinds.len() > 30, "the kinds of dialogs are found: {kinds:?}");
    let walked: BTreeSet<&str> = WALKS.iter().copied().flatten().copied().collect();
    assert_eq!(walked, kinds, "a walk in tests/system/designer_in_browser/views opens each kind of dialog");
}
