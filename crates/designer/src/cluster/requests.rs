//! The commands on the requests of a cluster.

use super::calls::new_key;
use crate::push_update::name_on_cluster;
use crate::{Command, CommandError, Designer};
use flow_api::{
    FlowAtVersion, LogEntry, LogQuery, NewRequests, Page, ReExecution, ReExecutionPreview, ReExecutionQuery, Request,
    RequestDetail, RequestQuery, SavedQuery, SavedRows, TakeOver,
};
use flow_model::FlowName;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// Lists requests, the newest first.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterRequests {
    /// The cluster.
    pub cluster: String,
    /// Which requests.
    #[serde(default)]
    #[ts(optional, as = "Option<RequestQuery>")]
    pub query: RequestQuery,
}

impl Command for ClusterRequests {
    const NAME: &'static str = "cluster_requests";
    type Output = Page<Request>;

    async fn run(self, designer: Arc<Designer>) -> Result<Page<Request>, CommandError> {
        let (cluster, query) = (designer.clusters.cluster(&self.cluster).await?, &self.query);
        cluster.any(|client| async move { client.requests(query).await }).await
    }
}

/// One request with its attempts and saved points.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterRequest {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
}

impl Command for ClusterRequest {
    const NAME: &'static str = "cluster_request";
    type Output = RequestDetail;

    async fn run(self, designer: Arc<Designer>) -> Result<RequestDetail, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        cluster.any(|client| async move { client.request(self.request).await }).await
    }
}

/// The log of a request, the oldest entry first.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterRequestLog {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// Only what follows the entry with this number.
    #[serde(default)]
    #[ts(optional)]
    pub after: Option<u64>,
}

impl Command for ClusterRequestLog {
    const NAME: &'static str = "cluster_request_log";
    type Output = Vec<LogEntry>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<LogEntry>, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let query = &LogQuery { after: self.after, limit: None };
        cluster.any(|client| async move { client.request_log(self.request, query).await }).await
    }
}

/// The flow of a request as it was when the request was made.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterRequestFlow {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
}

impl Command for ClusterRequestFlow {
    const NAME: &'static str = "cluster_request_flow";
    type Output = FlowAtVersion;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowAtVersion, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        cluster.any(|client| async move { client.request_flow(self.request).await }).await
    }
}

/// The first records that a request saved at one of its saved points.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterSavedPoint {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// The saved point's number within the request.
    pub number: u32,
    /// The `next` of the page before; the first page when left out.
    #[serde(default)]
    #[ts(optional)]
    pub after: Option<String>,
}

impl Command for ClusterSavedPoint {
    const NAME: &'static str = "cluster_saved_point";
    type Output = SavedRows;

    async fn run(self, designer: Arc<Designer>) -> Result<SavedRows, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let query = &SavedQuery { after: self.after, ..SavedQuery::default() };
        cluster.any(|client| async move { client.saved_page(self.request, self.number, query).await }).await
    }
}

/// Re-executes a request, at the version that it is pinned to or at the newest. Errors: `request/version-does-not-fit`.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterReExecute {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// From where, and who shall own it: the server that is asked, which is any that answers, when left out.
    #[serde(default)]
    pub wish: ReExecution,
}

impl Command for ClusterReExecute {
    const NAME: &'static str = "cluster_re_execute";
    type Output = Request;

    async fn run(self, designer: Arc<Designer>) -> Result<Request, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let wish = &ReExecution { server: None, ..self.wish.clone() };
        // The server that is called becomes the owner.
        let server = self.wish.server.as_deref();
        cluster.on(server, |client| async move { client.re_execute_from(self.request, wish).await }).await
    }
}

/// What a re-execution of a request would do, and what stands in its way: which saved points fit the version.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterReExecution {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// At which version, and from where.
    #[serde(default)]
    pub query: ReExecutionQuery,
}

impl Command for ClusterReExecution {
    const NAME: &'static str = "cluster_re_execution";
    type Output = ReExecutionPreview;

    async fn run(self, designer: Arc<Designer>) -> Result<ReExecutionPreview, CommandError> {
        let (cluster, query) = (designer.clusters.cluster(&self.cluster).await?, &self.query);
        cluster.any(|client| async move { client.re_execution(self.request, query).await }).await
    }
}

/// Takes a running request from its server, which lives and gets nowhere with it.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterTakeOver {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// Whose it becomes.
    #[serde(default)]
    pub wish: TakeOver,
}

impl Command for ClusterTakeOver {
    const NAME: &'static str = "cluster_take_over";
    type Output = Request;

    async fn run(self, designer: Arc<Designer>) -> Result<Request, CommandError> {
        let (cluster, wish) = (designer.clusters.cluster(&self.cluster).await?, &self.wish);
        cluster.any(|client| async move { client.take_over(self.request, wish).await }).await
    }
}

/// Cancels a request.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterCancel {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
}

impl Command for ClusterCancel {
    const NAME: &'static str = "cluster_cancel";
    type Output = Request;

    async fn run(self, designer: Arc<Designer>) -> Result<Request, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        cluster.any(|client| async move { client.cancel(self.request).await }).await
    }
}

/// Starts requests of a flow, at the version that the server has that is asked: the last one pushed to it.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterStartRequests {
    /// The cluster.
    pub cluster: String,
    /// The project's name on the cluster; the open project's when left out.
    #[serde(default)]
    #[ts(optional)]
    pub project: Option<String>,
    /// The flow.
    pub flow: FlowName,
    /// Values for the inputs that its start component declares.
    #[serde(default)]
    #[ts(optional, as = "Option<BTreeMap<String, Value>>")]
    pub inputs: Map<String, Value>,
    /// How many requests, 1 to 1,000; 1 when left out.
    #[serde(default)]
    #[ts(optional)]
    pub count: Option<u32>,
    /// The id of the server that is asked; any that answers when left out.
    #[serde(default)]
    #[ts(optional)]
    pub server: Option<String>,
}

impl Command for ClusterStartRequests {
    const NAME: &'static str = "cluster_start_requests";
    type Output = Vec<Request>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<Request>, CommandError> {
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let project = match self.project {
            Some(project) => project,
            None => name_on_cluster(&cluster, designer.project()?).await?,
        };
        let wish = &NewRequests {
            project,
            flow: self.flow.to_string(),
            inputs: self.inputs,
            count: self.count,
            priority: None,
            trigger: Some("designer".to_owned()),
        };
        // With a key the next server may be asked when one does not answer, and still makes them only once.
        let key = &new_key();
        let made = cluster
            .on(self.server.as_deref(), |client| async move { client.create_requests(wish, Some(key)).await })
            .await?;
        Ok(made.requests)
    }
}
