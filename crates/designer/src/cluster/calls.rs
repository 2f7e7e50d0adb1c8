//! Calling a cluster: any one of its servers that answers will do.

use crate::CommandError;
use flow_api::{Client, ClientError, Server, ServerState};
use parking_lot::Mutex;
use std::future::Future;

/// The servers of a cluster by address, the one that answered last first, each with a client that acts for the author.
pub struct Calls {
    cluster: String,
    token: String,
    /// The address that the author named.
    named: String,
    clients: Mutex<Vec<Client>>,
}

impl Calls {
    /// The calls to a cluster with servers at `urls`, of which the author named the first.
    pub fn new(cluster: &str, urls: &[String], token: &str) -> Result<Self, CommandError> {
        let clients: Vec<Client> = urls.iter().map(|url| Client::new(url, token)).collect::<Result<_, _>>()?;
        Ok(Self {
            cluster: cluster.to_owned(),
            token: token.to_owned(),
            named: clients.first().map(|client| client.address().to_owned()).unwrap_or_default(),
            clients: Mutex::new(clients),
        })
    }

    /// The client of the server at `address`.
    pub fn client(&self, address: &str) -> Result<Client, CommandError> {
        let address = address.trim_end_matches('/');
        let known = self.clients.lock().iter().find(|client| client.address() == address).cloned();
        match known {
            Some(client) => Ok(client),
            None => Ok(Client::new(address, self.token.as_str())?),
        }
    }

    /// The addresses: the one that the author named, then the others in order.
    pub fn addresses(&self) -> Vec<String> {
        let clients = self.clients.lock();
        let others = clients.iter().map(|client| client.address()).filter(|address| *address != self.named);
        let mut others: Vec<String> = others.map(str::to_owned).collect();
        others.sort();
        others.insert(0, self.named.clone());
        others
    }

    /// Asks one server after the other until one answers, be it with an error of its own.
    pub async fn any<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        ask: impl Fn(Client) -> F,
    ) -> Result<T, CommandError> {
        let clients = self.clients.lock().clone();
        let mut reasons = Vec::new();
        for client in clients {
            let address = client.address().to_owned();
            match ask(client).await {
                Err(error) if is_away(&error) => reasons.push(error.to_string()),
                answer => {
                    self.prefer(&address);
                    return Ok(answer?);
                }
            }
        }
        let message = format!("no server of the cluster “{}” answers: {}", self.cluster, reasons.join("; "));
        Err(CommandError::new("cluster/unreachable", message))
    }

    /// Learns which servers there are, and forgets those that are gone. The addresses are what the cluster says; the
    /// token goes to none that is less safe than the one that the author named.
    pub fn learn(&self, servers: &[Server]) {
        let is_safe = self.named.starts_with("https://");
        let up = servers.iter().filter(|server| server.state != ServerState::Terminated);
        let addresses: Vec<&str> = up.map(|server| server.address.trim_end_matches('/')).collect();
        let mut clients = self.clients.lock();
        clients.retain(|client| client.address() == self.named || addresses.contains(&client.address()));
        for address in addresses {
            let is_known = clients.iter().any(|client| client.address() == address);
            if is_known || (is_safe && !address.starts_with("https://")) {
                continue;
            }
            match Client::new(address, self.token.as_str()) {
                Ok(client) => clients.push(client),
                Err(error) => tracing::warn!(address, %error, "the address of a server cannot be used"),
            }
        }
    }

    fn prefer(&self, address: &str) {
        let mut clients = self.clients.lock();
        if let Some(at) = clients.iter().position(|client| client.address() == address) {
            clients[..=at].rotate_right(1);
        }
    }
}

/// Whether another server might answer where this one did not: it is gone, stopping, or lost its lease.
fn is_away(error: &ClientError) -> bool {
    error.is_unreachable() || matches!(error.code(), "server/stopping" | "server/fenced")
}

/// A key that makes starting requests safe to repeat.
pub(crate) fn new_key() -> String {
    format!("designer-{:032x}", rand::random::<u128>())
}
