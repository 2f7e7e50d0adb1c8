//! How WebKitGTK draws and keeps memory. It reads its environment when GTK starts, so this comes before everything else.

use std::path::Path;

/// Chooses for WebKitGTK what the user has not chosen by the same variables.
pub fn prepare() {
    // Where there is no GPU, it makes the canvas three times as slow.
    if !has_render_node(Path::new("/dev/dri")) {
        set_unless_chosen("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    }
    // The page's garbage is collected as on a machine of 512 MiB: with ten flows it then holds 40 MB less, and draws as
    // fast.
    set_unless_chosen("JSC_forceRAMSize", "536870912");
}

fn set_unless_chosen(variable: &str, value: &str) {
    if std::env::var_os(variable).is_some() {
        return;
    }
    #[expect(unsafe_code, reason = "WebKitGTK reads the environment, and there is no other way to tell it")]
    // SAFETY: called first thing in `main`, before any other thread exists that might read the environment.
    unsafe {
        std::env::set_var(variable, value);
    }
}

fn has_render_node(folder: &Path) -> bool {
    let Ok(mut entries) = folder.read_dir() else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("renderD")))
}
