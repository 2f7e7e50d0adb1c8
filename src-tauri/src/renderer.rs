//! How WebKitGTK draws. It reads its environment when GTK starts, so this comes before everything else.

use std::path::Path;

/// The user's own choice wins.
const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Turns the DMA-BUF renderer off where there is no GPU: there it makes the canvas three times as slow.
pub fn choose() {
    if std::env::var_os(VARIABLE).is_some() || has_render_node(Path::new("/dev/dri")) {
        return;
    }
    #[expect(unsafe_code, reason = "GTK reads the environment, and there is no other way to tell it")]
    // SAFETY: called first thing in `main`, before any other thread exists that might read the environment.
    unsafe {
        std::env::set_var(VARIABLE, "1");
    }
}

fn has_render_node(folder: &Path) -> bool {
    let Ok(mut entries) = folder.read_dir() else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("renderD")))
}
