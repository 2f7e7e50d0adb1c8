//! Without a project.

use super::Walk;
use system_tests::Tested;
use system_tests::browser::test_id;
use system_tests::keys::ENTER;

pub const DIALOGS: &[&str] = &[
    "open-project",
    "new-project",
    "new-from-sample",
    "clone",
    "tour",
    "commands",
    "about",
    "settings",
    "shortcuts",
    "sign-in",
    "credential",
];

#[tokio::test(flavor = "multi_thread")]
async fn before_a_project_is_open() -> Tested {
    let mut walk = Walk::on_sample().await?;
    walk.command("Close project").await;
    walk.browser.find(&test_id("welcome")).await;
    walk.look("welcome").await?;
    for opener in ["open-project", "clone", "new-project", "new-from-sample"] {
        walk.browser.click(&test_id(opener)).await;
        if opener == "new-from-sample" {
            walk.browser.shows(".dialog", "large-files").await;
        }
        walk.look_and_close(opener).await?;
    }
    walk.browser.click(&test_id("open-project")).await;
    walk.browser.fill("Folder", &format!("/nowhere/at all{ENTER}")).await;
    walk.browser.shows(&test_id("dialog-problem"), "/nowhere").await;
    walk.look_and_close("open-project-refused").await?;

    walk.browser.press("Failover tour").await;
    walk.browser.find(&test_id("tour-reason")).await;
    walk.look_and_close("tour-not-possible").await?;
    walk.browser.press("About").await;
    walk.look_and_close("about").await?;
    walk.browser.press("Settings").await;
    walk.look("settings").await?;
    walk.browser.click(&test_id("tab-keys")).await;
    walk.browser.find(&test_id("keys-commit")).await;
    walk.look_and_close("settings-shortcuts").await?;
    for (command, name) in
        [("Keyboard shortcuts", "shortcuts"), ("Sign in to a cluster…", "sign-in"), ("Git credentials…", "credential")]
    {
        walk.command(command).await;
        walk.browser.gone("#pick-list").await;
        walk.look_and_close(name).await?;
    }
    walk.browser.type_into("body", "\u{E009}\u{E008}p\u{E000}").await;
    walk.look_and_close("commands").await?;
    walk.ends(DIALOGS);
    Ok(())
}
