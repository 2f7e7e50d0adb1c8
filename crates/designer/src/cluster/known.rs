//! The clusters that the designer knows, and signing in and out of them.

use super::calls::Calls;
use super::live::Live;
use super::tokens::Tokens;
use super::{ClusterListView, ClusterMark, ClusterView};
use crate::CommandError;
use crate::background::blocking;
use crate::config_folder::ConfigFolder;
use crate::secrets::SecretPlace;
use flow_api::{Account, Client, ClientError, Login, Server};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

/// The settings file with the clusters.
const FILE: &str = "clusters.json";

/// The clusters of the designer. The settings file is the truth: another program of the same user may sign in too.
pub(crate) struct Clusters {
    config: ConfigFolder,
    tokens: Tokens,
    program: &'static str,
    /// Held while the settings file is changed.
    changing: tokio::sync::Mutex<()>,
    connected: Mutex<HashMap<String, Arc<Cluster>>>,
}

/// A cluster that the author is signed in to.
pub(crate) struct Cluster {
    pub(crate) name: String,
    /// The token's id, which tells whether the author has signed in anew since.
    token: i64,
    pub(super) calls: Calls,
    pub(super) live: Live,
}

#[derive(Default, Serialize, Deserialize)]
struct Known {
    #[serde(default)]
    chosen: Option<String>,
    #[serde(default)]
    clusters: BTreeMap<String, KnownCluster>,
}

#[derive(Clone, Serialize, Deserialize)]
struct KnownCluster {
    urls: Vec<String>,
    #[serde(default)]
    session: Option<KnownSession>,
    #[serde(default)]
    mark: ClusterMark,
}

/// Who is signed in, and where the token is.
#[derive(Clone, Serialize, Deserialize)]
struct KnownSession {
    account: Account,
    token: i64,
    kept_in: SecretPlace,
}

impl Clusters {
    /// Those of the config folder. `program` tells in the names of tokens what signs in.
    pub(crate) fn new(config: ConfigFolder, use_keyring: bool, program: &'static str) -> Self {
        let tokens = Tokens::new(config.clone(), use_keyring);
        Self { config, tokens, program, changing: tokio::sync::Mutex::default(), connected: Mutex::default() }
    }

    /// The clusters and the chosen one.
    pub(crate) fn list(&self) -> ClusterListView {
        let known: Known = self.config.read(FILE);
        let clusters = known.clusters.into_iter().map(|(name, cluster)| cluster.view(name)).collect();
        ClusterListView { clusters, chosen: known.chosen }
    }

    /// The name of the chosen cluster.
    pub(crate) fn chosen(&self) -> Option<String> {
        self.config.read::<Known>(FILE).chosen
    }

    /// The cluster `name`, which the author is signed in to.
    pub(crate) async fn cluster(&self, name: &str) -> Result<Arc<Cluster>, CommandError> {
        let known = self.config.read::<Known>(FILE).clusters.remove(name).ok_or_else(|| unknown(name))?;
        let session = known.session.ok_or_else(|| not_signed_in(name))?;
        if let Some(cluster) = self.connected.lock().get(name).filter(|cluster| cluster.token == session.token) {
            return Ok(Arc::clone(cluster));
        }
        let (tokens, wanted) = (self.tokens.clone(), name.to_owned());
        let secret = blocking(move || tokens.find(&wanted)?.ok_or_else(|| not_signed_in(&wanted))).await?;
        self.connect(name, &known.urls, session.token, &secret)
    }

    /// Signs in by name and password, and keeps the token that the cluster makes for it.
    pub(crate) async fn sign_in(&self, name: &str, url: &str, login: Login) -> Result<ClusterView, CommandError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(CommandError::new("cluster/name", "the cluster needs a name: choose one"));
        }
        let (client, made) = Client::sign_in(url, &login, &token_name(self.program)).await?;
        let account = client.session().await?.account;
        let urls = vec![client.address().to_owned()];

        let _changing = self.changing.lock().await;
        let before = self.cluster(name).await.ok();
        let (tokens, kept_for, secret) = (self.tokens.clone(), name.to_owned(), made.secret.clone());
        let kept_in = blocking(move || tokens.keep(&kept_for, &secret)).await?;
        let session = KnownSession { account, token: made.token.id, kept_in };
        let known: Known = self.config.read(FILE);
        let mark = known.clusters.get(name).map(|known| known.mark.clone()).unwrap_or_default();
        let cluster = KnownCluster { urls, session: Some(session), mark };
        self.change(|known| {
            known.clusters.insert(name.to_owned(), cluster.clone());
            known.chosen = Some(name.to_owned());
        })?;
        self.connect(name, &cluster.urls, made.token.id, &made.secret)?;
        if let Some(before) = before {
            revoke(&before).await;
        }
        Ok(cluster.view(name.to_owned()))
    }

    /// Signs out: the token is revoked and forgotten.
    pub(crate) async fn sign_out(&self, name: &str) -> Result<ClusterListView, CommandError> {
        self.end(name, |known| {
            if let Some(cluster) = known.clusters.get_mut(name) {
                cluster.session = None;
            }
        })
        .await
    }

    /// Signs out and forgets the cluster.
    pub(crate) async fn remove(&self, name: &str) -> Result<ClusterListView, CommandError> {
        self.end(name, |known| {
            known.clusters.remove(name);
            known.chosen = known.chosen.take().filter(|chosen| chosen != name);
        })
        .await
    }

    /// Chooses the cluster that Push update goes to.
    pub(crate) async fn choose(&self, name: &str) -> Result<ClusterListView, CommandError> {
        let _changing = self.changing.lock().await;
        if !self.config.read::<Known>(FILE).clusters.contains_key(name) {
            return Err(unknown(name));
        }
        self.change(|known| known.chosen = Some(name.to_owned()))?;
        Ok(self.list())
    }

    /// How a cluster is marked.
    pub(crate) fn mark(&self, name: &str) -> ClusterMark {
        self.config.read::<Known>(FILE).clusters.remove(name).map(|known| known.mark).unwrap_or_default()
    }

    /// The account that is signed in to a cluster.
    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        Some(self.config.read::<Known>(FILE).clusters.remove(name)?.session?.account)
    }

    /// Marks a cluster.
    pub(crate) async fn set_mark(&self, name: &str, mark: ClusterMark) -> Result<ClusterListView, CommandError> {
        let _changing = self.changing.lock().await;
        if !self.config.read::<Known>(FILE).clusters.contains_key(name) {
            return Err(unknown(name));
        }
        self.change(|known| {
            if let Some(known) = known.clusters.get_mut(name) {
                known.mark = mark;
            }
        })?;
        Ok(self.list())
    }

    async fn end(&self, name: &str, change: impl FnOnce(&mut Known)) -> Result<ClusterListView, CommandError> {
        let _changing = self.changing.lock().await;
        let known: Known = self.config.read(FILE);
        let cluster = known.clusters.get(name).ok_or_else(|| unknown(name))?;
        if let Ok(connected) = self.cluster(name).await {
            self.connected.lock().remove(name);
            revoke(&connected).await;
        }
        if cluster.session.is_some() {
            let (tokens, name) = (self.tokens.clone(), name.to_owned());
            blocking(move || tokens.forget(&name)).await?;
        }
        self.change(change)?;
        Ok(self.list())
    }

    fn connect(&self, name: &str, urls: &[String], token: i64, secret: &str) -> Result<Arc<Cluster>, CommandError> {
        let mut connected = self.connected.lock();
        // Two calls may have come here at once; they must not follow the cluster twice.
        if let Some(cluster) = connected.get(name).filter(|cluster| cluster.token == token) {
            return Ok(Arc::clone(cluster));
        }
        let calls = Calls::new(name, urls, secret)?;
        let cluster = Arc::new(Cluster { name: name.to_owned(), token, calls, live: Live::default() });
        if let Some(before) = connected.insert(name.to_owned(), Arc::clone(&cluster)) {
            before.live.stop();
        }
        Ok(cluster)
    }

    fn change(&self, change: impl FnOnce(&mut Known)) -> Result<(), CommandError> {
        self.config.change(FILE, |known: &mut Known| {
            change(known);
            Ok(())
        })
    }

    /// Remembers the addresses of a cluster's servers, so that it is found again when the one first named is down.
    pub(super) async fn remember_urls(&self, cluster: &str, calls: &Calls) {
        let _changing = self.changing.lock().await;
        let known: Known = self.config.read(FILE);
        let Some(known) = known.clusters.get(cluster) else { return };
        let urls = remembered(&known.urls, calls.addresses());
        if known.urls == urls {
            return;
        }
        let changed = self.change(|known| {
            if let Some(known) = known.clusters.get_mut(cluster) {
                known.urls = urls;
            }
        });
        if let Err(error) = changed {
            tracing::warn!(%error, "the addresses of the cluster are not remembered");
        }
    }
}

/// The addresses to remember of those learned: that of the sign-in stays, and stays the first, also while its server is
/// down and another one was called by its address.
fn remembered(known: &[String], learned: Vec<String>) -> Vec<String> {
    let mut urls: Vec<String> = known.first().cloned().into_iter().collect();
    urls.extend(learned.into_iter().filter(|url| Some(url) != known.first()));
    urls
}

impl Cluster {
    /// Asks any server that answers.
    pub(crate) async fn any<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        ask: impl Fn(Client) -> F,
    ) -> Result<T, CommandError> {
        self.calls.any(ask).await
    }

    /// The servers of the cluster. Their addresses are kept, so that the others are found when one is lost.
    pub(crate) async fn servers(&self) -> Result<Vec<Server>, CommandError> {
        let servers = self.any(|client| async move { client.servers().await }).await?;
        self.calls.learn(&servers);
        Ok(servers)
    }

    /// Asks the server with the id `server`, or any that answers when none is named.
    pub(crate) async fn on<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        server: Option<&str>,
        ask: impl Fn(Client) -> F,
    ) -> Result<T, CommandError> {
        let Some(id) = server else { return self.any(ask).await };
        let servers = self.servers().await?;
        let server = servers.iter().find(|server| server.id == id).ok_or_else(|| {
            CommandError::new("cluster/unknown-server", format!("the cluster “{}” has no server {id}", self.name))
        })?;
        Ok(ask(self.calls.client(&server.address)?).await?)
    }

    /// The client of the server at `address`.
    pub(crate) fn client(&self, address: &str) -> Result<Client, CommandError> {
        self.calls.client(address)
    }
}

impl KnownCluster {
    fn view(&self, name: String) -> ClusterView {
        let session = self.session.as_ref();
        ClusterView {
            name,
            urls: self.urls.clone(),
            account: session.map(|session| session.account.clone()),
            token_kept_in: session.map(|session| session.kept_in),
            mark: self.mark.clone(),
        }
    }
}

/// Revokes the token of a cluster and ends what acts with it. A cluster that is down must not keep anybody from signing
/// out here; the token can be revoked there later.
async fn revoke(cluster: &Cluster) {
    cluster.live.stop();
    let token = cluster.token;
    if let Err(error) = cluster.calls.any(|client| async move { client.revoke_token(token).await }).await {
        tracing::warn!(cluster = cluster.name, %error, "the token could not be revoked on the cluster");
    }
}

/// What the token is called on the cluster, so that its owner recognises it there.
fn token_name(program: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => program.to_owned(),
        host => format!("{program} on {host}"),
    }
}

fn unknown(name: &str) -> CommandError {
    CommandError::new("cluster/unknown", format!("there is no cluster “{name}”: sign in to it first"))
}

fn not_signed_in(name: &str) -> CommandError {
    CommandError::new("cluster/not-signed-in", format!("you are not signed in to the cluster “{name}”: sign in first"))
}

#[cfg(test)]
mod tests {
    use super::remembered;

    #[test]
    fn the_address_of_the_sign_in_is_remembered_while_its_server_is_down() {
        let urls = |all: &[&str]| all.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>();
        let known = urls(&["http://one", "http://two"]);
        assert_eq!(
            remembered(&known, urls(&["http://two", "http://three"])),
            urls(&["http://one", "http://two", "http://three"])
        );
        assert_eq!(remembered(&known, urls(&["http://one", "http://three"])), urls(&["http://one", "http://three"]));
    }
}
