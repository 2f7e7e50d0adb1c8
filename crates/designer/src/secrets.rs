//! The author's secrets: tokens for clusters, and the secret fields of connections. They are in the system's keyring or,
//! where there is none, in a file that only the user can read. No user interface ever sees one. The designer, `cairn run`
//! and `cairn test` share them.

mod local;

pub use local::LocalSecrets;

use crate::CommandError;
use crate::config_folder::ConfigFolder;
use keyring::v1::{Entry, Error};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use ts_rs::TS;

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SecretPlace {
    /// The system's keyring.
    Keyring,
    /// A file that only the user can read, because the system offers no keyring.
    File,
}

/// What a set of secrets is called in the keyring, and the file for systems without one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawer {
    pub(crate) service: &'static str,
    pub(crate) file: &'static str,
}

/// Tokens for clusters, by the cluster's name.
pub(crate) const TOKENS: Drawer = Drawer { service: "cairn-designer", file: "tokens.json" };
/// Tokens and passphrases for git hosts, by the host.
pub(crate) const GIT: Drawer = Drawer { service: "cairn-git", file: "git-secrets.json" };
/// Secrets of connections, by project, connection and field.
const CONNECTIONS: Drawer = Drawer { service: "cairn-connection", file: "connection-secrets.json" };

/// Keeps secrets by name. Its methods may block.
#[derive(Debug, Clone)]
pub struct SecretStore {
    config: ConfigFolder,
    use_keyring: bool,
}

impl SecretStore {
    /// The secrets that belong to the config folder `config` (see [`crate::default_config_folder`]). Tests leave the
    /// keyring alone.
    pub fn new(config: PathBuf, use_keyring: bool) -> Self {
        Self::over(ConfigFolder::new(config), use_keyring)
    }

    pub(crate) fn over(config: ConfigFolder, use_keyring: bool) -> Self {
        Self { config, use_keyring }
    }

    /// The secrets of the connections of the project in the folder `project`.
    pub fn of_project(&self, project: &Path) -> LocalSecrets {
        LocalSecrets::new(self.clone(), project.to_owned())
    }

    /// Keeps a secret, and says where.
    pub(crate) fn keep(&self, drawer: Drawer, name: &str, secret: &str) -> Result<SecretPlace, CommandError> {
        if self.use_keyring {
            match self.entry(drawer, name).and_then(|entry| entry.set_password(secret)) {
                Ok(()) => {
                    self.forget_in_file(drawer, name)?;
                    return Ok(SecretPlace::Keyring);
                }
                Err(error) => tracing::info!(%error, "no keyring: the secret goes into a file that only you can read"),
            }
        }
        let _alone = self.config.alone()?;
        let mut kept = self.read(drawer)?;
        kept.insert(name.to_owned(), secret.to_owned());
        self.config.write(drawer.file, &kept)?;
        Ok(SecretPlace::File)
    }

    /// A secret, wherever it is kept.
    pub(crate) fn find(&self, drawer: Drawer, name: &str) -> Result<Option<String>, CommandError> {
        // The file comes first: it is quick, and what is in the keyring is not in it.
        if let Some(secret) = self.read(drawer)?.remove(name) {
            return Ok(Some(secret));
        }
        if !self.use_keyring {
            return Ok(None);
        }
        match self.entry(drawer, name).and_then(|entry| entry.get_password()) {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => {
                tracing::debug!(service = drawer.service, %error, "the keyring does not answer");
                Ok(None)
            }
        }
    }

    /// Forgets a secret. Whether there was one.
    pub(crate) fn forget(&self, drawer: Drawer, name: &str) -> Result<bool, CommandError> {
        let in_file = self.forget_in_file(drawer, name)?;
        if !self.use_keyring {
            return Ok(in_file);
        }
        // Without a keyring there can be nothing in it.
        let Ok(entry) = self.entry(drawer, name) else { return Ok(in_file) };
        match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(error) if entry.get_password().is_ok() => {
                let message = format!("the keyring did not delete the secret ({error}): delete it there by hand");
                Err(CommandError::new("secret/keyring", message))
            }
            Err(_) => Ok(in_file),
        }
    }

    fn forget_in_file(&self, drawer: Drawer, name: &str) -> Result<bool, CommandError> {
        if !self.read(drawer)?.contains_key(name) {
            return Ok(false);
        }
        let _alone = self.config.alone()?;
        let mut kept = self.read(drawer)?;
        let was_there = kept.remove(name).is_some();
        self.config.write(drawer.file, &kept)?;
        Ok(was_there)
    }

    /// The secrets of the file. One that cannot be read is not taken for empty: writing it anew would lose them.
    fn read(&self, drawer: Drawer) -> Result<BTreeMap<String, String>, CommandError> {
        let path = self.config.path(drawer.file);
        let failed = |why: String| {
            let message =
                format!("the secrets in {} cannot be read ({why}): mend the file, or remove it", path.display());
            CommandError::new("secret/cannot-read", message)
        };
        match std::fs::read(&path) {
            // What serde says could quote the secret.
            Ok(content) => {
                serde_json::from_slice(&content).map_err(|_| failed("it is not JSON of names and texts".to_owned()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// The keyring's entry. It names the config folder too, so that two of them never share one.
    fn entry(&self, drawer: Drawer, name: &str) -> Result<Entry, Error> {
        Entry::new(drawer.service, &format!("{name} ({})", self.config.path("").display()))
    }
}

#[cfg(test)]
mod tests;
