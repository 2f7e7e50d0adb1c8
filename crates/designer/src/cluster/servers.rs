//! What the Server List shows and does beyond the overview.

use crate::{Command, CommandError, Designer};
use flow_api::{MetricsHistory, MetricsQuery, Server};
use serde::Deserialize;
use std::sync::Arc;
use ts_rs::TS;

/// Puts a server of a cluster into maintenance, or ends that. Any server that answers can be asked for it, so that one
/// that hangs or is down can be taken out too. Errors: `server/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterMaintain {
    /// The cluster.
    pub cluster: String,
    /// The id of the server.
    pub server: String,
    /// Whether it is in maintenance from now on.
    pub on: bool,
}

impl Command for ClusterMaintain {
    const NAME: &'static str = "cluster_maintain";
    type Output = Server;

    async fn run(self, designer: Arc<Designer>) -> Result<Server, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let (server, on) = (&self.server, self.on);
        cluster.any(|client| async move { client.maintain_server(server, on).await }).await
    }
}

/// What the servers of a cluster counted lately.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterMetrics {
    /// The cluster.
    pub cluster: String,
    /// How far back, and how finely.
    #[serde(default)]
    pub query: MetricsQuery,
}

impl Command for ClusterMetrics {
    const NAME: &'static str = "cluster_metrics";
    type Output = MetricsHistory;

    async fn run(self, designer: Arc<Designer>) -> Result<MetricsHistory, CommandError> {
        let (cluster, query) = (designer.clusters.cluster(&self.cluster).await?, &self.query);
        cluster.any(|client| async move { client.metrics_history(query).await }).await
    }
}
