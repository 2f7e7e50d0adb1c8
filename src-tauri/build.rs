//! Prepares what Tauri embeds: the user interface from `ui/dist`, and which commands there are.

use std::fs;
use std::path::Path;
use tauri_build::{AppManifest, Attributes};

const DIST: &str = "../ui/dist";
/// What a window shows as long as the user interface was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cairn</title>\
    <h1>The user interface is not built</h1><p>Run <code>make</code> in the source folder.</p></html>\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(DIST)?;
    for page in ["designer.html", "monitor.html"] {
        let page = Path::new(DIST).join(page);
        if !page.exists() {
            fs::write(page, NOT_BUILT)?;
        }
    }
    println!("cargo:rerun-if-changed={DIST}");
    tauri_build::try_build(Attributes::new().app_manifest(AppManifest::new().commands(&["call"])))?;
    Ok(())
}
