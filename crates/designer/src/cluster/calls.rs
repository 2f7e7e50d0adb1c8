//! Calling a cluster: any one of its servers that answers will do.

use crate::CommandError;
use flow_api::{Client, ClientError, Server, ServerState};
use parking_lot::Mutex;
use std::future::Future;

/// The servers of a cluster by address, the one that answered last first, each with a client that acts for the author.
pub(super) struct Calls {
    cluster: String,
    token: String,
    clients: Mutex<Vec<Client>>,
}

impl Calls {
    pub(super) fn new(cluster: &str, urls: &[String], token: &str) -> Result<Self, CommandError> {
        let clients = urls.iter().map(|url| Client::new(url, token)).collect::<Result<_, _>>()?;
        Ok(Self { cluster: cluster.to_owned(), token: token.to_owned(), clients: Mutex::new(clients) })
    }

    /// The client of the server at `address`.
    pub(super) fn client(&self, address: &str) -> Result<Client, CommandError> {
        let address = address.trim_end_matches('/');
        let known = self.clients.lock().iter().find(|client| client.address() == address).cloned();
        match known {
            Some(client) => Ok(client),
            None => Ok(Client::new(address, self.token.as_str())?),
        }
    }

    /// The addresses, the one that answered last first.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.clients.lock().iter().map(|client| client.address().to_owned()).collect()
    }

    /// Asks one server after the other until one answers, be it with an error of its own.
    pub(super) async fn any<T, F: Future<Output = Result<T, ClientError>>>(
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

    /// Learns of more servers. Their addresses are what the cluster says; the token goes to none that is less safe
    /// than those the author named.
    pub(super) fn learn(&self, servers: &[Server]) {
        let mut clients = self.clients.lock();
        let safe = clients.iter().all(|client| client.address().starts_with("https://"));
        for server in servers.iter().filter(|server| server.state != ServerState::Terminated) {
            let address = server.address.trim_end_matches('/');
            let is_known = clients.iter().any(|client| client.address() == address);
            if is_known || (safe && !address.starts_with("https://")) {
                continue;
            }
            match Client::new(address, self.token.as_str()) {
                Ok(client) => clients.push(client),
                Err(error) => tracing::warn!(server = server.name, %error, "the server's address cannot be used"),
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
