//! A project under git with a bare repository beside it as its remote, for `tour` and `bench`.

use crate::outcome::Failure;
use flow_vcs::{Access, Author, Repository};
use std::path::{Path, PathBuf};

/// Puts the project in `root` under git, commits what has changed, and gives it the bare repository at `remote` (which
/// is made if there is none) to be pushed to. Gives the address that servers update from.
pub fn set_up(root: &Path, remote: &Path) -> Result<PathBuf, Failure> {
    let repository = Repository::init(root)?;
    let address = std::path::absolute(remote).map_err(|error| Failure::file("find", remote, &error))?;
    if !remote.join("HEAD").is_file() {
        Repository::init_bare(remote)?;
    }
    repository.set_remote("origin", &address.to_string_lossy())?;
    let changed: Vec<String> = repository.status()?.changed.into_iter().map(|file| file.path).collect();
    if !changed.is_empty() {
        // This must also work for somebody who has never told git their name.
        let author = Author { name: "Cairn".to_owned(), email: "cairn@localhost".to_owned() };
        repository.commit("Set the project up", Some(&author), &changed)?;
    }
    Ok(address)
}

/// The same, pushed.
pub fn publish(root: &Path, remote: &Path) -> Result<PathBuf, Failure> {
    let address = set_up(root, remote)?;
    Repository::open(root)?.push(&Access::ambient())?;
    Ok(address)
}
