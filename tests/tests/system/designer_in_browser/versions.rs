//! Never losing work, version control and Push update.

use super::Design;
use super::desk::desk;
use std::path::Path;
use std::process::Command;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, TestCluster};
use system_tests::keys::ENTER;
use system_tests::project::TestProject;
use system_tests::small_disk::SmallDisk;
use system_tests::wait::until;

const SAVE: &str = "\u{E009}s\u{E000}";
const FLOW: &str = "flows/prices.flow.json";

/// The designer on a small project, in the browser.
struct Bench {
    design: Design,
    browser: Browser,
    project: TestProject,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let project = desk(folder.path());
        Self::on(folder, project).await
    }

    async fn on(folder: tempfile::TempDir, project: TestProject) -> std::io::Result<Self> {
        let design = Design::start(&project.folder, &folder.path().join("config"));
        let browser = Browser::chromium().await;
        browser.page.goto(&design.address).await.expect("the designer's page");
        browser.find(&test_id("component-Read")).await;
        Ok(Self { design, browser, project, folder })
    }

    /// Appends to the name of a component, as an author does.
    async fn rename(&self, name: &str, more: &str) {
        self.browser.click(&test_id(&format!("component-{name}"))).await;
        self.browser.type_into(&test_id("property-name"), &format!("{more}{ENTER}")).await;
        self.browser.find(&test_id(&format!("component-{name}{more}"))).await;
    }

    async fn save(&self) {
        self.browser.type_into("body", SAVE).await;
    }

    async fn until_saved(&self) {
        self.browser.shows(&test_id("status-saved"), "Saved").await;
    }

    /// Another program replaces a text in the flow's file.
    fn write_outside(&self, from: &str, to: &str) {
        let text = self.project.read(FLOW);
        assert!(text.contains(from), "{text}");
        self.project.write(FLOW, &text.replace(from, to));
    }

    /// Nothing of what is seen is in anybody's way, in light and in dark.
    async fn is_open_to_all(&self, name: &str) -> Tested {
        for theme in ["light", "dark"] {
            self.browser.theme(theme).await?;
            let barriers = self.browser.barriers().await?;
            assert!(barriers.is_empty(), "{name} in {theme}: {barriers:#?}");
            self.browser.picture(&format!("{name}-{theme}")).await;
        }
        Ok(())
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").arg("-C").arg(folder).args(arguments).output().expect("git runs");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn unsaved_changes_are_offered_in_words_after_the_program_was_killed() -> Tested {
    let mut bench = Bench::start().await?;
    bench.rename("Read", " all").await;
    bench.design.process.kill()?;
    bench.design.process.wait()?;
    bench.design = Design::start(&bench.project.folder, &bench.folder.path().join("config"));
    bench.browser.page.goto(&bench.design.address).await?;
    bench.browser.shows(&test_id("left-prices"), "renamed “Read” to “Read all”").await;
    bench.is_open_to_all("left-changes").await?;
    bench.browser.click(&test_id("bring-back")).await;
    bench.browser.find(&test_id("component-Read all")).await;
    bench.save().await;
    bench.until_saved().await;
    assert!(bench.project.read(FLOW).contains("\"Read all\""));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_programs_changes_are_merged_and_asked_about_one_by_one() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    bench.rename("Read", " mine").await;
    bench.write_outside("\"Map\"", "\"Map theirs\"");
    browser.find(&test_id("component-Map theirs")).await;
    browser.find(&test_id("component-Read mine")).await;
    bench.write_outside("\"Read\"", "\"Read theirs\"");
    browser.click(&test_id("conflict-choose")).await;
    browser.shows(&test_id("conflict"), "Read theirs").await;
    browser.shows(&test_id("conflict"), "Read mine").await;
    bench.is_open_to_all("changed-outside").await?;
    browser.click("[data-testid=conflict] [role=radio]:last-of-type").await;
    browser.click(&test_id("merge")).await;
    browser.find(&test_id("component-Read theirs")).await;
    bench.save().await;
    bench.until_saved().await;
    assert!(bench.project.read(FLOW).contains("\"Read theirs\""));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_see_each_others_edits_and_saves() -> Tested {
    let bench = Bench::start().await?;
    let other = Design::start(&bench.project.folder, &bench.folder.path().join("config"));
    let browser = Browser::chromium().await;
    browser.page.goto(&other.address).await?;
    browser.find(&test_id("component-Read")).await;
    bench.rename("Read", " one").await;
    bench.save().await;
    browser.find(&test_id("component-Read one")).await;
    browser.find(&test_id("toast-info")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_the_edits_and_the_old_file_and_says_what_to_do() -> Tested {
    let folder = tempfile::tempdir()?;
    let Some(disk) = SmallDisk::mount(folder.path(), 8) else {
        println!("not allowed to mount a small disk: nothing is tested");
        return Ok(());
    };
    let project = desk(&disk.folder);
    let bench = Bench::on(folder, project).await?;
    let before = bench.project.read(FLOW);
    bench.rename("Read", " all").await;
    disk.fill();
    bench.save().await;
    bench.browser.shows(&test_id("save-blocked"), "no room left").await;
    bench.is_open_to_all("save-blocked").await?;
    assert_eq!(bench.project.read(FLOW), before, "the old file is whole");
    disk.make_room();
    bench.browser.click(&test_id("save-again")).await;
    bench.until_saved().await;
    assert!(bench.project.read(FLOW).contains("\"Read all\""));
    drop(bench);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_folder_is_said_to_be_one_and_saved_elsewhere() -> Tested {
    let folder = tempfile::tempdir()?;
    let elsewhere = folder.path().join("elsewhere");
    let Some(disk) = SmallDisk::mount(folder.path(), 8) else {
        println!("not allowed to mount a small disk: nothing is tested");
        return Ok(());
    };
    let project = desk(&disk.folder);
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.folder).status()?;
    if !remounted.success() {
        println!("not allowed to make a disk read-only: nothing is tested");
        return Ok(());
    }
    let bench = Bench::on(folder, project).await?;
    bench.browser.shows(&test_id("read-only"), "may only be read").await;
    bench.rename("Read", " all").await;
    bench.save().await;
    bench.browser.shows(&test_id("save-blocked"), "may only be read").await;
    bench.browser.fill("Folder", &elsewhere.to_string_lossy()).await;
    bench.browser.click(&test_id("save-as-now")).await;
    until("the project elsewhere", async || {
        std::fs::read_to_string(elsewhere.join(FLOW)).ok()?.contains("\"Read all\"").then_some(())
    })
    .await;
    bench.browser.gone(&test_id("read-only")).await;
    bench.browser.find(&test_id("component-Read all")).await;
    drop(bench);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_committed_in_words_and_old_versions_looked_at_and_restored() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    bench.rename("Read", " all").await;
    bench.save().await;
    bench.until_saved().await;
    browser.click(&test_id("commit")).await;
    browser.shows(&test_id("words-prices"), "renamed “Read” to “Read all”").await;
    browser.fill("Message", "Read all of them").await;
    bench.is_open_to_all("commit").await?;
    browser.click(&test_id("commit-now")).await;
    browser.find("[data-testid=situation][data-code=unpushed]").await;
    browser.click(&test_id("situation")).await;
    bench.is_open_to_all("situations").await?;
    browser.click(&test_id("way-unpushed")).await;
    browser.gone("[data-testid=situation]").await;
    browser.click(&test_id("history")).await;
    browser.shows("[aria-label=Commits]", "Read all of them").await;
    browser.shows("[aria-label=Commits]", "renamed “Read” to “Read all”").await;
    bench.is_open_to_all("history").await?;
    // The first version, only to be looked at.
    browser.click("[aria-label=Commits] > li:last-child [data-testid=look-prices]").await;
    browser.find(&test_id("old-version")).await;
    browser.find(&test_id("component-Read")).await;
    // It is not for running, and says so.
    browser.find("[data-testid=run]:disabled").await;
    browser.type_into("body", "\u{E035}").await;
    browser.shows(&test_id("toast-info"), "only looked at").await;
    browser.click(&test_id("restore")).await;
    browser.gone(&test_id("old-version")).await;
    browser.find(&test_id("component-Read")).await;
    browser.shows(&test_id("status-saved"), "Not saved").await;
    browser.type_into("body", "\u{E009}z\u{E000}").await;
    browser.find(&test_id("component-Read all")).await;
    bench.until_saved().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_not_saved_yet_is_committed_with_ctrl_enter() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    bench.rename("Read", " all").await;
    browser.click(&test_id("commit")).await;
    browser.shows("[role=dialog]", "prices has changes that are not saved").await;
    browser.fill("Message", "Read all of them").await;
    browser.keys("\u{E009}\u{E007}\u{E000}").await?;
    browser.find("[data-testid=situation][data-code=unpushed]").await;
    browser.gone("[role=dialog]").await;
    bench.until_saved().await;
    git(&bench.project.folder, &["diff", "--exit-code", "HEAD"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_git_program_did_is_seen_by_who_comes_back() -> Tested {
    let bench = Bench::start().await?;
    git(&bench.project.folder, &["checkout", "-q", "--detach"]);
    bench.browser.page.execute("window.dispatchEvent(new Event('focus'))", Vec::new()).await?;
    bench.browser.find("[data-testid=situation][data-code=detached]").await;
    git(&bench.project.folder, &["checkout", "-q", "main"]);
    bench.browser.page.execute("window.dispatchEvent(new Event('focus'))", Vec::new()).await?;
    bench.browser.gone("[data-testid=situation]").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn git_branches_are_made_and_switched_with_unsaved_work() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    bench.rename("Read", " all").await;
    browser.click(&test_id("git-branch")).await;
    browser.press("Git branches…").await;
    browser.fill("New git branch, from here", "feature/read").await;
    browser.click(&test_id("create-branch")).await;
    browser.shows(&test_id("git-branch"), "feature/read").await;
    browser.find(&test_id("component-Read all")).await;
    browser.click(&test_id("git-branch")).await;
    browser.press("Git branches…").await;
    browser.shows("[data-testid=\"branch-feature/read\"]", "here").await;
    bench.is_open_to_all("branches").await?;
    browser.click(&test_id("branch-main")).await;
    browser.shows(&test_id("git-branch"), "main").await;
    browser.find(&test_id("component-Read all")).await;
    browser.shows(&test_id("status-saved"), "Not saved").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_asks_for_each_component_that_both_sides_changed() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    git(bench.folder.path(), &["clone", "-q", &bench.project.remote.to_string_lossy(), "colleague"]);
    let colleague = bench.folder.path().join("colleague");
    let text = std::fs::read_to_string(colleague.join(FLOW))?.replace("\"Read\"", "\"Read theirs\"");
    std::fs::write(colleague.join(FLOW), text)?;
    let by = ["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false"];
    git(&colleague, &[&by[..], &["commit", "-qam", "Theirs"]].concat());
    git(&colleague, &["push", "-q"]);
    bench.write_outside("\"Read\"", "\"Read mine\"");
    git(&bench.project.folder, &["commit", "-qam", "Mine"]);
    browser.find(&test_id("component-Read mine")).await;
    browser.click(&test_id("pull")).await;
    browser.shows(&test_id("conflict-prices"), "Read theirs").await;
    bench.is_open_to_all("pull-conflicts").await?;
    browser.click("[data-testid=conflict] [role=radio]:last-of-type").await;
    browser.click(&test_id("merge")).await;
    browser.find(&test_id("component-Read theirs")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_cloned_from_the_designer() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    browser.click(&test_id("git-branch")).await;
    browser.press("Clone a repository…").await;
    browser.fill("Address", &bench.project.remote.to_string_lossy()).await;
    browser.fill("Folder", &bench.folder.path().join("cloned").to_string_lossy()).await;
    bench.is_open_to_all("clone").await?;
    browser.click(&test_id("clone-now")).await;
    until("the clone", async || bench.folder.path().join("cloned").join(FLOW).exists().then_some(())).await;
    browser.gone(".dialog").await;
    // How a host lets one in.
    browser.click(&test_id("git-branch")).await;
    browser.press("Git credentials…").await;
    browser.find(&test_id("credential-test")).await;
    bench.is_open_to_all("credentials").await?;
    browser.click(&test_id("credential-test")).await;
    browser.shows(&test_id("credential-works"), "lets you in").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_pushed_by_plan_to_a_cluster_marked_production() -> Tested {
    let bench = Bench::start().await?;
    let browser = &bench.browser;
    let cluster = TestCluster::start(&bench.folder.path().join("cluster"), &["north", "south"]);
    browser.click(&test_id("sign-in")).await;
    browser.fill("Address", &cluster.server("north").address).await;
    browser.fill("Name of the cluster", "live").await;
    browser.fill("Account", "admin").await;
    browser.fill("Password", PASSWORD).await;
    browser.click(&test_id("sign-in-now")).await;
    browser.shows(&test_id("cluster"), "live").await;
    browser.click(&test_id("cluster")).await;
    browser.press("Mark live…").await;
    browser.click(&test_id("color-red")).await;
    browser.fill("Git branch that goes to it", "release").await;
    browser.press("Production").await;
    bench.is_open_to_all("cluster-mark").await?;
    browser.click(&test_id("mark-now")).await;
    browser.shows(&test_id("cluster"), "Production").await;

    browser.click(&test_id("push-update")).await;
    browser.find("[data-testid=obstacle][data-code=\"push-update/other-branch\"]").await;
    bench.is_open_to_all("push-update-obstacle").await?;
    browser.press("Cancel").await;
    git(&bench.project.folder, &["branch", "release"]);
    browser.click(&test_id("push-update")).await;
    browser.click(&test_id("switch-branch")).await;
    browser.shows("[aria-label=\"What each server has and would get\"]", "have nothing of the project yet").await;
    browser.find("[data-testid=push-update-now]:disabled").await;
    browser.type_into("#push-update-confirm", "live").await;
    bench.is_open_to_all("push-update-plan").await?;
    browser.click("[data-testid=push-update-now]:not(:disabled)").await;
    browser.find("[data-testid=push-update-sum][data-done=true]").await;
    browser.find("[data-testid=push-update-south][data-step=updated]").await;
    bench.is_open_to_all("push-update-done").await?;
    browser.press("Close").await;

    bench.rename("Read", " all").await;
    bench.save().await;
    bench.until_saved().await;
    git(&bench.project.folder, &["commit", "-qam", "Read all"]);
    browser.click(&test_id("push-update")).await;
    browser.shows("[aria-label=\"What each server has and would get\"]", "renamed “Read” to “Read all”").await;
    browser.click(&test_id("push-update-history")).await;
    browser.shows(&test_id("pushed"), "2 of 2 servers").await;
    bench.is_open_to_all("push-update-history").await?;
    Ok(())
}
