//! How an account's projects are reached: credentials of git hosts.

use crate::Time;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// What kind of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum GitCredentialKind {
    /// A token or password for `https` addresses.
    Token,
    /// A private key for `ssh` addresses.
    SshKey,
}

/// A credential for a git host. The secret itself never comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitCredential {
    /// The host that it is sent to, and to no other: `github.com`.
    pub host: String,
    /// What kind it is.
    pub kind: GitCredentialKind,
    /// The name to sign in with, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<String>,
    /// When it was set.
    pub updated: Time,
}

/// A credential to keep for a git host, in the place of the one before.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"host": "git.example.org", "kind": "token", "secret": "…"}))]
pub struct NewGitCredential {
    /// The host that it is for: `github.com`, or `git.example.org:8443` where the port is another.
    pub host: String,
    /// What kind it is.
    pub kind: GitCredentialKind,
    /// The name to sign in with; for ssh `git`, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<String>,
    /// The token or password, or the private key as in its file.
    pub secret: String,
    /// The passphrase of the private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub passphrase: Option<String>,
}

impl fmt::Debug for NewGitCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, kind, user, .. } = self;
        f.debug_struct("NewGitCredential")
            .field("host", host)
            .field("kind", kind)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// Which git host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GitHostQuery {
    /// The host.
    pub host: String,
}

/// A repository to try the account's credentials on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"repository": "https://git.example.org/orders.git", "branch": "main"}))]
pub struct GitAccessTest {
    /// Its address.
    pub repository: String,
    /// The git branch that must be there; any, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub branch: Option<String>,
}
