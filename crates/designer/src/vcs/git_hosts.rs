//! How the author is let in by git hosts: a token for https, a key file with its passphrase for ssh. Beside them the SSH agent
//! and git's own credential helpers are asked. Tokens and passphrases are among the author's secrets.

use crate::background::blocking;
use crate::config_folder::ConfigFolder;
use crate::project::absolute;
use crate::secrets::{GIT, SecretPlace, SecretStore};
use crate::{Command, CommandError, Designer};
use flow_vcs::{Access, Repository, host_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::sync::Arc;
use ts_rs::TS;

/// The file with what is known of the hosts, without their secrets.
const FILE: &str = "git-hosts.json";

/// The credentials of git hosts. Its methods may block.
#[derive(Clone)]
pub(crate) struct GitHosts {
    config: ConfigFolder,
    secrets: SecretStore,
}

#[derive(Clone, Serialize, Deserialize)]
struct KnownHost {
    kind: CredentialKind,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    key_file: Option<String>,
    kept_in: Option<SecretPlace>,
}

/// What kind of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CredentialKind {
    /// A token or password, for `https` addresses.
    Token,
    /// A file with a private key, for `ssh` addresses.
    KeyFile,
}

/// A credential for a git host. The secret itself never comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HostCredential {
    /// The host that it is shown to, and no other.
    pub host: String,
    /// What kind it is.
    pub kind: CredentialKind,
    /// The name to sign in with, if one was given.
    pub user: Option<String>,
    /// The file of the private key.
    pub key_file: Option<String>,
    /// Where its secret is kept; null when it has none.
    pub kept_in: Option<SecretPlace>,
}

/// The credentials that are kept, and what an address asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitCredentialsView {
    /// The credentials by host.
    pub credentials: Vec<HostCredential>,
    /// The host of the address that was asked about; null for a path.
    pub host: Option<String>,
    /// Whether that address goes by ssh, so that a key is asked for.
    pub ssh: bool,
    /// Whether an SSH agent runs, whose keys are tried.
    pub agent: bool,
}

impl GitHosts {
    pub(crate) fn new(config: ConfigFolder, secrets: SecretStore) -> Self {
        Self { config, secrets }
    }

    /// What to show the remote of a repository.
    pub(crate) fn access_to(&self, repository: &Repository) -> Result<Access, CommandError> {
        match repository.remote()? {
            Some(remote) => self.access(&remote.url),
            None => Ok(Access::ambient()),
        }
    }

    /// What to show the host of an address.
    pub(crate) fn access(&self, url: &str) -> Result<Access, CommandError> {
        let Some(host) = host_of(url) else { return Ok(Access::ambient()) };
        let Some(known) = self.known().remove(host) else { return Ok(Access::ambient()) };
        let secret = self.secrets.find(GIT, host)?;
        let access = match (known.kind, known.key_file, secret) {
            (CredentialKind::Token, _, Some(secret)) => match known.user {
                Some(user) => Access::password(user, secret),
                None => Access::token(secret),
            },
            (CredentialKind::Token, _, None) => return Ok(Access::ambient()),
            (CredentialKind::KeyFile, path, passphrase) => {
                Access::private_key(known.user, read_key(&path.unwrap_or_default())?, passphrase)
            }
        };
        Ok(access.for_host(host))
    }

    fn known(&self) -> BTreeMap<String, KnownHost> {
        self.config.read(FILE)
    }

    fn list(&self) -> Vec<HostCredential> {
        let credential = |(host, known): (String, KnownHost)| HostCredential {
            host,
            kind: known.kind,
            user: known.user,
            key_file: known.key_file,
            kept_in: known.kept_in,
        };
        self.known().into_iter().map(credential).collect()
    }

    fn set(&self, wish: GitSetCredential) -> Result<(), CommandError> {
        let host = wish.host.trim().to_ascii_lowercase();
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            let message = "a host is given as in an address, without the rest: git.example.org";
            return Err(CommandError::new("git-credential/host", message));
        }
        let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (user, key_file, secret) = (filled(wish.user), filled(wish.key_file), filled(wish.secret));
        match (wish.kind, &key_file, &secret) {
            (CredentialKind::Token, _, None) => {
                let message = "the host wants a token: make one in its settings, and put it here";
                return Err(CommandError::new("git-credential/token", message));
            }
            (CredentialKind::KeyFile, path, _) => drop(read_key(path.as_deref().unwrap_or_default())?),
            (CredentialKind::Token, ..) => {}
        }
        let kept_in = match &secret {
            Some(secret) => Some(self.secrets.keep(GIT, &host, secret)?),
            None => {
                self.secrets.forget(GIT, &host)?;
                None
            }
        };
        self.config.change(FILE, |known: &mut BTreeMap<String, KnownHost>| {
            known.insert(host, KnownHost { kind: wish.kind, user, key_file, kept_in });
            Ok(())
        })
    }

    fn forget(&self, host: &str) -> Result<(), CommandError> {
        self.secrets.forget(GIT, host)?;
        self.config.change(FILE, |known: &mut BTreeMap<String, KnownHost>| {
            known.remove(host);
            Ok(())
        })
    }
}

fn read_key(path: &str) -> Result<String, CommandError> {
    let failed = |why: String| {
        let message = format!("the key file “{path}” cannot be used: {why}");
        CommandError::new("git-credential/key-file", message)
    };
    if path.is_empty() {
        return Err(failed("name the file of the private key, such as ~/.ssh/id_ed25519".to_owned()));
    }
    let key = fs::read_to_string(absolute(path)).map_err(|error| failed(error.to_string()))?;
    if !key.contains("PRIVATE KEY") {
        return Err(failed("it holds no private key; the one without .pub does".to_owned()));
    }
    Ok(key)
}

/// The credentials for git hosts that are kept here, and what an address asks for.
#[derive(Debug, Deserialize, TS)]
pub struct GitCredentials {
    /// An address of a repository.
    #[serde(default)]
    #[ts(optional)]
    pub url: Option<String>,
}

impl Command for GitCredentials {
    const NAME: &'static str = "git_credentials";
    type Output = GitCredentialsView;

    async fn run(self, designer: Arc<Designer>) -> Result<GitCredentialsView, CommandError> {
        let url = self.url.unwrap_or_default();
        Ok(GitCredentialsView {
            credentials: designer.git_hosts().list(),
            host: host_of(&url).map(str::to_owned),
            ssh: url.starts_with("ssh://") || !url.is_empty() && !url.contains("://"),
            agent: std::env::var_os("SSH_AUTH_SOCK").is_some_and(|path| !path.is_empty()),
        })
    }
}

/// Keeps a credential for a git host, in the place of the one before. Errors: `git-credential/…`, `secret/…`.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitSetCredential {
    /// The host, with its port where the address names one: `git.example.org`.
    pub host: String,
    /// What kind it is.
    pub kind: CredentialKind,
    /// The name to sign in with; what hosts take beside a token, and `git` for a key, when left out.
    #[serde(default)]
    #[ts(optional)]
    pub user: Option<String>,
    /// The file of the private key.
    #[serde(default)]
    #[ts(optional)]
    pub key_file: Option<String>,
    /// The token, or the passphrase of the key.
    #[serde(default)]
    #[ts(optional)]
    pub secret: Option<String>,
}

impl fmt::Debug for GitSetCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSetCredential").field("host", &self.host).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Command for GitSetCredential {
    const NAME: &'static str = "git_set_credential";
    type Output = Vec<HostCredential>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<HostCredential>, CommandError> {
        let hosts = designer.git_hosts();
        blocking(move || {
            hosts.set(self)?;
            Ok(hosts.list())
        })
        .await
    }
}

/// Forgets the credential for a git host.
#[derive(Debug, Deserialize, TS)]
pub struct GitForgetCredential {
    /// The host.
    pub host: String,
}

impl Command for GitForgetCredential {
    const NAME: &'static str = "git_forget_credential";
    type Output = Vec<HostCredential>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<HostCredential>, CommandError> {
        let hosts = designer.git_hosts();
        blocking(move || {
            hosts.forget(&self.host)?;
            Ok(hosts.list())
        })
        .await
    }
}

/// Asks the repository at an address for its git branches: whether it is there and lets the author in. Errors: `vcs/auth`,
/// `vcs/unreachable`, `vcs/certificate`.
#[derive(Debug, Deserialize, TS)]
pub struct GitTestAccess {
    /// The address; that of the open project's remote when left out.
    #[serde(default)]
    #[ts(optional)]
    pub url: Option<String>,
}

impl Command for GitTestAccess {
    const NAME: &'static str = "git_test_access";
    type Output = Vec<String>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<String>, CommandError> {
        let hosts = designer.git_hosts();
        let project = designer.current_project();
        blocking(move || {
            let url = match (self.url, project) {
                (Some(url), _) => url,
                (None, Some(project)) => project.repository()?.remote()?.ok_or(flow_vcs::VcsError::NoRemote)?.url,
                (None, None) => return Err(flow_vcs::VcsError::NoRemote.into()),
            };
            let branches = Repository::branches_at(&url, &hosts.access(&url)?)?;
            Ok(branches.into_iter().map(|branch| branch.name).collect())
        })
        .await
    }
}
