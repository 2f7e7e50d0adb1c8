//! The sign-ins that the designer keeps, for other programs of the same user.

use super::calls::Calls;
use super::known::Clusters;
use super::tokens::Tokens;
use super::{ClusterListView, ClusterView};
use crate::CommandError;
use crate::background::blocking;
use crate::config_folder::ConfigFolder;
use flow_api::Login;
use std::path::PathBuf;

/// Signs in to clusters and out of them. Who signs in here is signed in in the designer too, and the other way round.
pub struct SignIns {
    clusters: Clusters,
    tokens: Tokens,
}

impl SignIns {
    /// The sign-ins of `program` in the config folder `config` (see [`crate::default_config_folder`]). Tests leave the
    /// keyring alone.
    pub fn new(config: PathBuf, use_keyring: bool, program: &'static str) -> Self {
        let config = ConfigFolder::new(config);
        Self { clusters: Clusters::new(config.clone(), use_keyring, program), tokens: Tokens::new(config, use_keyring) }
    }

    /// The clusters, and the chosen one.
    pub fn clusters(&self) -> ClusterListView {
        self.clusters.list()
    }

    /// Signs in to the cluster that the server at `url` belongs to, calls it `name`, and chooses it. The token that the
    /// cluster makes is kept; the password is not.
    ///
    /// # Errors
    /// `auth/wrong-password`, `client/unreachable`, `settings/cannot-write` and the like.
    pub async fn sign_in(&self, name: &str, url: &str, login: Login) -> Result<ClusterView, CommandError> {
        self.clusters.sign_in(name, url, login).await
    }

    /// Signs out: the token is revoked and forgotten, and so is the cluster.
    ///
    /// # Errors
    /// `cluster/unknown`, and where the token cannot be deleted.
    pub async fn sign_out(&self, name: &str) -> Result<(), CommandError> {
        self.clusters.remove(name).await.map(drop)
    }

    /// Remembers the servers that `calls` has learned of, so that the cluster `name` is found again when the server that
    /// was named first is down.
    pub async fn remember(&self, name: &str, calls: &Calls) {
        self.clusters.remember_urls(name, calls).await;
    }

    /// The token for the cluster `name`, if somebody is signed in to it.
    ///
    /// # Errors
    /// `secret/cannot-read`.
    pub async fn token(&self, name: &str) -> Result<Option<String>, CommandError> {
        let (tokens, name) = (self.tokens.clone(), name.to_owned());
        blocking(move || tokens.find(&name)).await
    }
}
