//! Libraries that are loaded before those of a process, so that a test says what the system answers to it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a library in `folder`, by the C compiler that Rust links with.
pub(crate) fn build(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (file, library) = (folder.join(name).with_extension("c"), folder.join(name).with_extension("so"));
    std::fs::write(&file, source).expect("the source");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&file).status();
    assert!(built.expect("cc runs").success(), "the library {name} is built");
    library
}

/// Writes what the library reads each time, all at once.
pub(crate) fn tell(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).expect("what is told");
    std::fs::rename(&new, file).expect("what is told is there");
}

/// What a process needs in its environment to have the library, which finds `told` by `variable`.
pub(crate) fn environment(library: &Path, variable: &str, told: &Path) -> Vec<(String, String)> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    vec![("LD_PRELOAD".to_owned(), text(library)), (variable.to_owned(), text(told))]
}
