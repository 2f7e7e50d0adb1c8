//! The packages, as `make package` makes them: what is in the one of the desktop program starts and works.

use std::path::Path;
use std::process::Command;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::program;
use system_tests::project::TestProject;

/// Runs a command to its end.
fn run(command: &mut Command) -> Tested {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_designer_of_the_package_opens_a_flow_in_its_window() -> Tested {
    let folder = tempfile::tempdir()?;
    let (packages, unpacked) = (folder.path().join("packages"), folder.path().join("unpacked"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let built = program("cairn-designer");
    let programs = built.parent().ok_or("the built programs are in a folder")?;
    run(Command::new(source.join("packaging/package")).args([programs, &packages]))?;
    for package in std::fs::read_dir(&packages)?.flatten().map(|entry| entry.path()) {
        if package.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").args([&package, &unpacked]))?;
        }
    }
    for file in
        ["usr/bin/cairn", "usr/lib/systemd/system/cairn.service", "usr/share/applications/cairn-designer.desktop"]
    {
        assert!(unpacked.join(file).exists(), "{file} is in the packages");
    }

    let project = TestProject::sample(folder.path(), "http://127.0.0.1:9");
    let config = folder.path().join("designer").to_string_lossy().into_owned();
    let flow = project.folder.join("flows/daily-report.flow.json").to_string_lossy().into_owned();
    let designer = unpacked.join("usr/bin/cairn-designer");
    let window = Browser::window_of(&designer, &[&flow], &[("CAIRN_CONFIG", config)]).await;
    window.find("[data-testid=\"tab-daily-report\"][aria-selected=true]").await;
    window.choose_component("Start").await;
    window.shows(&test_id("status-saved"), "Saved").await;
    Ok(())
}
