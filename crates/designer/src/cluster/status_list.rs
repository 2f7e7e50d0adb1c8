//! What the Status List does to many requests at once, and the filters that an account keeps for it.

use crate::{Command, CommandError, Designer};
use flow_api::{Bulk, BulkDone, CountQuery, RequestState, SavedFilter};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// Re-executes or cancels many requests of a cluster, or says what that would do.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterBulk {
    /// The cluster.
    pub cluster: String,
    /// What to do to which.
    pub bulk: Bulk,
}

impl Command for ClusterBulk {
    const NAME: &'static str = "cluster_bulk";
    type Output = BulkDone;

    async fn run(self, designer: Arc<Designer>) -> Result<BulkDone, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let bulk = &self.bulk;
        cluster.any(|client| async move { client.bulk(bulk).await }).await
    }
}

/// How many of the requests of a cluster that fit are in each state.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterCounts {
    /// The cluster.
    pub cluster: String,
    /// Which requests.
    pub query: CountQuery,
}

impl Command for ClusterCounts {
    const NAME: &'static str = "cluster_counts";
    type Output = Counts;

    async fn run(self, designer: Arc<Designer>) -> Result<Counts, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let query = &self.query;
        cluster.any(|client| async move { client.count_requests(query).await }).await.map(Counts)
    }
}

/// How many requests there are in each state.
#[derive(Debug, serde::Serialize, TS)]
pub struct Counts(#[ts(as = "BTreeMap<RequestState, u32>")] BTreeMap<RequestState, u64>);

/// The filters of the Status List that the account keeps on a cluster.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterFilters {
    /// The cluster.
    pub cluster: String,
}

impl Command for ClusterFilters {
    const NAME: &'static str = "cluster_filters";
    type Output = Vec<SavedFilter>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<SavedFilter>, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        cluster.any(|client| async move { client.saved_filters().await }).await
    }
}

/// Keeps a filter, in the place of the one of its name; answers all that are kept.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterSaveFilter {
    /// The cluster.
    pub cluster: String,
    /// The filter.
    pub filter: SavedFilter,
}

impl Command for ClusterSaveFilter {
    const NAME: &'static str = "cluster_save_filter";
    type Output = Vec<SavedFilter>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<SavedFilter>, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let filter = &self.filter;
        cluster.any(|client| async move { client.save_filter(filter).await }).await
    }
}

/// Forgets a filter.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterRemoveFilter {
    /// The cluster.
    pub cluster: String,
    /// The filter's name.
    pub name: String,
}

impl Command for ClusterRemoveFilter {
    const NAME: &'static str = "cluster_remove_filter";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let name = &self.name;
        cluster.any(|client| async move { client.remove_filter(name).await }).await
    }
}
