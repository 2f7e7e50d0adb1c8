//! Which cluster a command acts on, and with whose rights.

mod token_file;

pub use token_file::write_token;

use crate::outcome::Failure;
use clap::Args;
use designer::{Calls, ClusterListView, ClusterView, CommandError, SignIns, default_config_folder};
use flow_api::{Client, ClientError, Server};
use std::path::PathBuf;
use token_file::read_token;

/// The variable that a token may come in.
const TOKEN: &str = "CAIRN_TOKEN";
/// Where a server listens unless it is told otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:7401";

/// The cluster to act on.
#[derive(Debug, Clone, Args)]
pub struct RemoteArgs {
    /// The address of any server of the cluster, or the name of a cluster that you signed in to (`cairn login`). Without
    /// it: the cluster that you signed in to last, else http://127.0.0.1:7401.
    #[arg(long, env = "CAIRN_SERVER", value_name = "SERVER", global = true, hide_env_values = true)]
    server: Option<String>,
    /// The file with the token to act with (from `cairn user token --write`). Without it CAIRN_TOKEN is taken, else the
    /// sign-in of `cairn login`.
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

/// Where the token of a command comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A file that was named.
    File(PathBuf),
    /// The variable `CAIRN_TOKEN`.
    Variable,
    /// A sign-in, by the name of its cluster.
    SignIn(String),
}

/// A cluster to act on: any one of its servers that answers will do.
pub struct Remote {
    calls: Calls,
    /// The address that was asked for.
    named: String,
    /// Where the token comes from.
    pub source: TokenSource,
}

impl RemoteArgs {
    /// The cluster, ready to be called.
    pub async fn cluster(&self) -> Result<Remote, Failure> {
        let sign_ins = sign_ins();
        let target = Target::of(self.server.as_deref(), &sign_ins.clusters());
        let (source, token) = self.token(&target, &sign_ins).await?;
        let named = target.urls.first().cloned().unwrap_or_default();
        Ok(Remote { calls: Calls::new(&target.called, &target.urls, &token)?, named, source })
    }

    /// The cluster `name`, to which the user has signed in.
    pub async fn signed_in(name: &str) -> Result<Remote, Failure> {
        Self { server: Some(name.to_owned()), token_file: None }.cluster().await
    }

    /// A client for the server that was asked for.
    pub async fn client(&self) -> Result<Client, Failure> {
        self.cluster().await?.here()
    }

    async fn token(&self, target: &Target, sign_ins: &SignIns) -> Result<(TokenSource, String), Failure> {
        if let Some(path) = &self.token_file {
            return Ok((TokenSource::File(path.clone()), read_token(path)?));
        }
        if let Some(token) = std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty()) {
            return Ok((TokenSource::Variable, token.trim().to_owned()));
        }
        if let Some(cluster) = &target.cluster
            && let Some(token) = sign_ins.token(cluster).await?
        {
            return Ok((TokenSource::SignIn(cluster.clone()), token));
        }
        let message = format!(
            "you are not signed in to {0}: `cairn login {0}`, or for a program set {TOKEN} or --token-file to a token \
             from `cairn user token`",
            target.called
        );
        Err(Failure::new("token/missing", message))
    }
}

impl Remote {
    /// A client for the server that was asked for.
    pub fn here(&self) -> Result<Client, Failure> {
        self.at(&self.named)
    }

    /// A client for the server at `address`.
    pub fn at(&self, address: &str) -> Result<Client, Failure> {
        Ok(self.calls.client(address)?)
    }

    /// Asks the server that was asked for, and when it is gone the others. What is asked may arrive twice then.
    pub async fn any<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        ask: impl Fn(Client) -> F,
    ) -> Result<T, CommandError> {
        self.calls.any(ask).await
    }

    /// The servers of the cluster. From then on [`Self::any`] knows whom else to ask.
    pub async fn servers(&self) -> Result<Vec<Server>, CommandError> {
        let servers = self.any(|client| async move { client.servers().await }).await?;
        self.learn(&servers).await;
        Ok(servers)
    }

    /// Learns which servers there are to ask, for this command and for later ones.
    pub async fn learn(&self, servers: &[Server]) {
        self.calls.learn(servers);
        if let TokenSource::SignIn(cluster) = &self.source {
            sign_ins().remember(cluster, &self.calls).await;
        }
    }

    /// The server with this name or id.
    pub async fn server(&self, named: &str) -> Result<Server, Failure> {
        let servers = self.servers().await?;
        // A name may be another server's id only if somebody wants to confuse: the id wins.
        let by_id = servers.iter().find(|server| server.id == named);
        by_id.or_else(|| servers.iter().find(|server| server.name == named)).cloned().ok_or_else(|| {
            let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
            let message = format!("the cluster has no server “{named}”: it has {}", names.join(", "));
            Failure::new("server/not-found", message)
        })
    }
}

/// The sign-ins of this user, which the designer shares.
pub fn sign_ins() -> SignIns {
    SignIns::new(default_config_folder(), use_keyring(), "cairn login")
}

/// Whether secrets may be in the system's keyring; tests and programs without a session say CAIRN_KEYRING=off.
pub fn use_keyring() -> bool {
    std::env::var("CAIRN_KEYRING").map_or(true, |value| value != "off")
}

/// What a command acts on, as far as it is known before anything is called.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// How messages call it.
    called: String,
    /// The addresses of its servers; the one that was asked for is the first.
    urls: Vec<String>,
    /// The name of the cluster that the user signed in to.
    cluster: Option<String>,
}

impl Target {
    fn of(given: Option<&str>, known: &ClusterListView) -> Self {
        let Some(given) = given else {
            let chosen = known.clusters.iter().find(|cluster| Some(&cluster.name) == known.chosen.as_ref());
            return chosen.map_or_else(|| Self::server(DEFAULT_SERVER, known), Self::cluster);
        };
        match known.clusters.iter().find(|cluster| cluster.name == given) {
            Some(cluster) => Self::cluster(cluster),
            None => Self::server(given, known),
        }
    }

    fn cluster(cluster: &ClusterView) -> Self {
        Self { called: cluster.name.clone(), urls: cluster.urls.clone(), cluster: Some(cluster.name.clone()) }
    }

    fn server(address: &str, known: &ClusterListView) -> Self {
        let address = address.trim_end_matches('/');
        let has_it = |cluster: &&ClusterView| cluster.urls.iter().any(|url| url.trim_end_matches('/') == address);
        let cluster = known.clusters.iter().find(has_it);
        let others = cluster.into_iter().flat_map(|cluster| &cluster.urls).filter(|url| url.as_str() != address);
        Self {
            called: address.to_owned(),
            urls: std::iter::once(address.to_owned()).chain(others.cloned()).collect(),
            cluster: cluster.map(|cluster| cluster.name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(chosen: Option<&str>) -> ClusterListView {
        let cluster = |name: &str, urls: [&str; 2]| ClusterView {
            name: name.to_owned(),
            urls: urls.map(str::to_owned).to_vec(),
            account: None,
            token_kept_in: None,
            mark: Default::default(),
        };
        let clusters = vec![
            cluster("test", ["http://t1:7401", "http://t2:7401"]),
            cluster("production", ["http://p1:7401", "http://p2:7401"]),
        ];
        ClusterListView { clusters, chosen: chosen.map(str::to_owned) }
    }

    #[test]
    fn a_command_acts_on_the_cluster_that_it_is_told_else_on_the_chosen_one() {
        let target = |given: Option<&str>, chosen: Option<&str>| {
            let target = Target::of(given, &known(chosen));
            (target.urls[0].clone(), target.urls.len(), target.cluster)
        };
        let production = Some("production".to_owned());
        assert_eq!(target(Some("production"), None), ("http://p1:7401".to_owned(), 2, production.clone()));
        assert_eq!(target(Some("http://p2:7401/"), Some("test")), ("http://p2:7401".to_owned(), 2, production.clone()));
        assert_eq!(target(None, Some("production")), ("http://p1:7401".to_owned(), 2, production));
        assert_eq!(target(Some("http://other:1"), Some("test")), ("http://other:1".to_owned(), 1, None));
        assert_eq!(target(None, None), (DEFAULT_SERVER.to_owned(), 1, None));
    }
}
