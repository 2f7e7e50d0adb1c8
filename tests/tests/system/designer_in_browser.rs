//! The designer in a real browser, as `cairn design` serves it.

mod around;
mod canvas;
mod desk;
mod inspector;
mod monitor;
mod run;
mod versions;
mod views;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use system_tests::program;

/// `cairn design` on a project, which ends with the test.
struct Design {
    /// With the token that lets in the first browser.
    address: String,
    process: Child,
}

impl Design {
    fn start(project: &Path, config: &Path) -> Self {
        Self::start_with(project, config, &[])
    }

    /// The same with more environment variables.
    fn start_with(project: &Path, config: &Path, environment: &[(String, String)]) -> Self {
        let mut process = Command::new(program("cairn"))
            .args(["design", "--json", "--config"])
            .args([config, project])
            // Tokens go into a file of the test, not into the keyring of who runs it.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("cairn design starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let at: Value = serde_json::from_str(&line).expect("where it is");
        Self { address: at["address"].as_str().expect("an address").to_owned(), process }
    }
}

impl Drop for Design {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
