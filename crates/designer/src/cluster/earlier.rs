//! What a request did before that which comes with it: a request of many attempts or saved points comes with the newest.

use crate::{Command, CommandError, Designer};
use flow_api::{Attempt, AttemptsQuery, Page, SavedPoint, SavedPointsQuery};
use serde::Deserialize;
use std::sync::Arc;
use ts_rs::TS;

/// A page of a request's attempts, in their order; the newest ones when nothing else is asked for.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterAttempts {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// Which attempts.
    #[serde(default)]
    pub query: AttemptsQuery,
}

impl Command for ClusterAttempts {
    const NAME: &'static str = "cluster_attempts";
    type Output = Page<Attempt>;

    async fn run(self, designer: Arc<Designer>) -> Result<Page<Attempt>, CommandError> {
        let (cluster, query) = (designer.clusters.cluster(&self.cluster).await?, &self.query);
        cluster.any(|client| async move { client.attempts(self.request, query).await }).await
    }
}

/// A page of what a request saved, in the order of saving; the newest when nothing else is asked for.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterSavedPoints {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// Which saved points.
    #[serde(default)]
    pub query: SavedPointsQuery,
}

impl Command for ClusterSavedPoints {
    const NAME: &'static str = "cluster_saved_points";
    type Output = Page<SavedPoint>;

    async fn run(self, designer: Arc<Designer>) -> Result<Page<SavedPoint>, CommandError> {
        let (cluster, query) = (designer.clusters.cluster(&self.cluster).await?, &self.query);
        cluster.any(|client| async move { client.saved_points(self.request, query).await }).await
    }
}
