//! Web addresses, which the browser of the desktop shows: pages of others have no place in windows of the designer.

use std::process::{Command, Stdio};
use tauri::Url;

/// The program that opens what it is given with whatever the desktop has for it.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Opens a web address in the browser of the desktop; anything else is left alone.
pub fn open(address: &Url) {
    if !is_web(address) {
        return;
    }
    let mut opener = Command::new(OPENER);
    opener.arg(address.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match opener.spawn() {
        // It ends when the browser has the address, which nobody waits for.
        Ok(mut opener) => drop(std::thread::spawn(move || opener.wait())),
        Err(error) => tracing::warn!(%address, %error, "the address cannot be opened"),
    }
}

fn is_web(address: &Url) -> bool {
    matches!(address.scheme(), "http" | "https")
}

#[cfg(test)]
mod tests {
    use super::is_web;

    #[test]
    fn only_web_addresses_leave_the_window() {
        for (address, leaves) in [
            ("https://example.org/a?b#c", true),
            ("http://127.0.0.1:7401/", true),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("tauri://localhost/designer.html", false),
        ] {
            assert_eq!(is_web(&address.parse().unwrap()), leaves, "{address}");
        }
    }
}
