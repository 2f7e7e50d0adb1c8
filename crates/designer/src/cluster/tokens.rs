//! The tokens for clusters, among the author's secrets.

use crate::CommandError;
use crate::config_folder::ConfigFolder;
use crate::secrets::{SecretPlace, SecretStore, TOKENS};

/// Keeps tokens by the name of their cluster. Its methods may block.
#[derive(Clone)]
pub(super) struct Tokens(SecretStore);

impl Tokens {
    pub(super) fn new(config: ConfigFolder, use_keyring: bool) -> Self {
        Self(SecretStore::over(config, use_keyring))
    }

    /// Keeps the token for `cluster`, and says where.
    pub(super) fn keep(&self, cluster: &str, token: &str) -> Result<SecretPlace, CommandError> {
        self.0.keep(TOKENS, cluster, token)
    }

    /// The token for `cluster`, if there is one.
    pub(super) fn find(&self, cluster: &str) -> Result<Option<String>, CommandError> {
        self.0.find(TOKENS, cluster)
    }

    /// Forgets the token for `cluster`.
    pub(super) fn forget(&self, cluster: &str) -> Result<(), CommandError> {
        self.0.forget(TOKENS, cluster).map(drop)
    }
}
