//! What the whole-system tests share: real servers, a project under git, an endpoint that holds its answers, and
//! waiting for conditions.

#![allow(missing_docs, reason = "test code says what it does by its names")]

pub mod browser;
pub mod chaos;
pub mod clock;
pub mod cluster;
pub mod desktop;
pub mod failing_disk;
pub mod git_host;
pub mod holding_endpoint;
pub mod keys;
pub mod network;
mod preload;
pub mod process;
pub mod project;
pub mod small_disk;
pub mod static_files;
pub mod trace_collector;
pub mod wait;

use std::path::PathBuf;

/// Errors of tests end the test with their text.
pub type Tested = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The program `name` that the workspace built. `scripts/test` builds all programs before it runs the tests.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test runs from a file");
    let built = test.ancestors().nth(2).map(|folder| folder.join(name)).expect("tests are built two folders deep");
    assert!(built.exists(), "{} is not built: run cargo build --workspace first", built.display());
    built
}
