//! Version control, and what becomes of changes that met others.

use super::super::desk::desk;
use super::{Design, Walk, git};
use system_tests::Tested;
use system_tests::browser::test_id;

pub const DIALOGS: &[&str] =
    &["commit", "branches", "remote", "pull-conflicts", "changed-outside", "solve", "left-changes"];

const FLOW: &str = "flows/prices.flow.json";

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_changes_that_meet() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = desk(folder.path());
    let mut walk = Walk::on(folder, project).await?;
    committing(&mut walk).await?;
    pulling(&mut walk).await?;
    changed_elsewhere(&mut walk).await?;
    left_by_a_crash(&mut walk).await?;
    in_conflict(&mut walk).await?;
    walk.ends(DIALOGS);
    Ok(())
}

async fn committing(walk: &mut Walk) -> Tested {
    walk.rename("Map", " all").await;
    walk.save().await;
    walk.browser.click(&test_id("commit")).await;
    walk.browser.shows(&test_id("words-prices"), "renamed “Map” to “Map all”").await;
    walk.look("commit").await?;
    walk.browser.fill("Message", "Map all of them").await;
    walk.browser.click(&test_id("commit-now")).await;
    walk.browser.gone(".dialog").await;
    walk.browser.click(&test_id("situation")).await;
    walk.browser.find(&test_id("way-unpushed")).await;
    walk.look("situation").await?;
    walk.browser.click(&test_id("way-unpushed")).await;
    walk.browser.gone("[data-testid=situation]").await;
    walk.browser.click(&test_id("history")).await;
    walk.browser.shows("[aria-label=Commits]", "Map all of them").await;
    walk.look("panel-history").await?;
    walk.browser.click("[aria-label=Commits] > li:last-child [data-testid=look-prices]").await;
    walk.browser.find(&test_id("old-version")).await;
    walk.look("old-version").await?;
    walk.browser.type_into("body", "\u{E009}w\u{E000}").await;
    walk.browser.gone(&test_id("old-version")).await;
    for (command, name) in [("Git branches…", "branches"), ("Remote repository…", "remote")] {
        walk.command(command).await;
        walk.browser.gone("#pick-list").await;
        walk.look_and_close(name).await?;
    }
    Ok(())
}

/// A colleague and the author change the same.
fn collide(walk: &Walk, theirs: &str, mine: &str) -> Tested {
    let colleague = walk.folder.path().join("colleague");
    if !colleague.exists() {
        git(walk.folder.path(), &["clone", "-q", &walk.project.remote.to_string_lossy(), "colleague"]);
    }
    git(&colleague, &["pull", "-q"]);
    let text = std::fs::read_to_string(colleague.join(FLOW))?.replace("\"Read\"", theirs);
    std::fs::write(colleague.join(FLOW), text)?;
    let by = ["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false"];
    git(&colleague, &[&by[..], &["commit", "-qam", "Theirs"]].concat());
    git(&colleague, &["push", "-q"]);
    walk.project.write(FLOW, &walk.project.read(FLOW).replace("\"Read\"", mine));
    walk.git(&["commit", "-qam", "Mine"]);
    Ok(())
}

async fn pulling(walk: &mut Walk) -> Tested {
    collide(walk, "\"Read theirs\"", "\"Read mine\"")?;
    walk.browser.find(&test_id("component-Read mine")).await;
    walk.browser.click(&test_id("pull")).await;
    walk.browser.shows(&test_id("conflict-prices"), "Read theirs").await;
    walk.look("pull-conflicts").await?;
    walk.browser.click("[data-testid=conflict] [role=radio]:last-of-type").await;
    walk.browser.click(&test_id("merge")).await;
    walk.browser.find(&test_id("component-Read theirs")).await;
    walk.browser.gone(".dialog").await;
    Ok(())
}

async fn changed_elsewhere(walk: &mut Walk) -> Tested {
    walk.rename("Keep", " mine").await;
    walk.project.write(FLOW, &walk.project.read(FLOW).replace("\"Keep\"", "\"Keep theirs\""));
    walk.browser.find(&test_id("conflict-notice")).await;
    walk.look("conflict-notice").await?;
    walk.browser.click(&test_id("conflict-choose")).await;
    walk.browser.shows(&test_id("conflict"), "Keep theirs").await;
    walk.look("changed-outside").await?;
    walk.browser.click("[data-testid=conflict] [role=radio]:last-of-type").await;
    walk.browser.click(&test_id("merge")).await;
    walk.browser.find(&test_id("component-Keep theirs")).await;
    walk.browser.gone(".dialog").await;
    Ok(())
}

async fn left_by_a_crash(walk: &mut Walk) -> Tested {
    walk.rename("Map all", " again").await;
    walk.design.process.kill()?;
    walk.design.process.wait()?;
    walk.browser.shows("[aria-label=\"Status bar\"]", "does not answer").await;
    walk.look("program-gone").await?;
    walk.design = Design::start(&walk.project.folder, &walk.folder.path().join("config"));
    walk.browser.page.goto(&walk.design.address).await?;
    walk.browser.shows(&test_id("left-prices"), "renamed").await;
    walk.look("left-changes").await?;
    walk.browser.click(&test_id("drop-prices")).await;
    walk.browser.gone(".dialog").await;
    Ok(())
}

/// Git itself stopped in the middle of a merge: its marks are in the flow's file.
async fn in_conflict(walk: &mut Walk) -> Tested {
    walk.browser.click(&test_id("flow-prices")).await;
    walk.browser.find(&test_id("component-Map all")).await;
    walk.git(&["commit", "-qam", "As it is"]);
    walk.git(&["push", "-q"]);
    let text = walk.project.read(FLOW);
    walk.git(&["checkout", "-qb", "other"]);
    walk.project.write(FLOW, &text.replace("\"Map all\"", "\"Map theirs\""));
    walk.git(&["commit", "-qam", "On the other branch"]);
    walk.git(&["checkout", "-q", "main"]);
    walk.project.write(FLOW, &text.replace("\"Map all\"", "\"Map mine\""));
    walk.git(&["commit", "-qam", "On main"]);
    let merged = std::process::Command::new("git")
        .arg("-C")
        .arg(&walk.project.folder)
        .args(["-c", "merge.default=text", "merge", "-q", "other"])
        .output()?;
    assert!(!merged.status.success(), "the merge meets a conflict");
    assert!(walk.project.read(FLOW).contains("<<<<<<<"), "git left its marks");
    walk.browser.find("[data-testid=situation][data-code=conflicts]").await;
    walk.browser.click(&test_id("situation")).await;
    walk.browser.find(&test_id("solve-prices")).await;
    walk.look("situation-conflicts").await?;
    walk.browser.click(&test_id("solve-prices")).await;
    walk.browser.shows(&test_id("conflict"), "Map theirs").await;
    walk.look("solve").await?;
    walk.browser.click("[data-testid=conflict] [role=radio]:last-of-type").await;
    walk.browser.click(&test_id("merge")).await;
    walk.browser.find(&test_id("component-Map theirs")).await;
    assert!(!walk.project.read(FLOW).contains("<<<<<<<"), "git's marks are gone");
    Ok(())
}
