use super::{Client, ClientError, EventStream, segment};
use crate::{
    About, MetricsHistory, MetricsQuery, RetentionReport, RetentionWish, Server, ServerLog, ServerLogQuery,
    ServerMaintenance, ServerName, Setting, SettingChange,
};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;

impl Client {
    /// The program that answers.
    pub async fn about(&self) -> Result<About, ClientError> {
        self.get("about").await
    }

    /// The servers of the cluster.
    pub async fn servers(&self) -> Result<Vec<Server>, ClientError> {
        self.get("servers").await
    }

    /// The server that this client calls.
    pub async fn server(&self) -> Result<Server, ClientError> {
        self.get("server").await
    }

    /// Gives a server another name.
    pub async fn rename_server(&self, id: &str, name: &str) -> Result<Server, ClientError> {
        self.put(&format!("servers/{}/name", segment(id)), &ServerName { name: name.to_owned() }).await
    }

    /// Puts a server into maintenance, or ends that.
    pub async fn maintain_server(&self, id: &str, on: bool) -> Result<Server, ClientError> {
        self.put(&format!("servers/{}/maintenance", segment(id)), &ServerMaintenance { on }).await
    }

    /// A part of a server's log.
    pub async fn server_log(&self, id: &str, query: &ServerLogQuery) -> Result<ServerLog, ClientError> {
        self.query(&format!("servers/{}/log", segment(id)), query).await
    }

    /// The settings with their effective values on the server that this client calls.
    pub async fn settings(&self) -> Result<Vec<Setting>, ClientError> {
        self.get("settings").await
    }

    /// Changes a setting.
    pub async fn change_setting(&self, key: &str, change: &SettingChange) -> Result<Setting, ClientError> {
        self.put(&format!("settings/{}", segment(key)), change).await
    }

    /// What retention would do now, with other settings than those that hold.
    pub async fn preview_retention(&self, wish: &RetentionWish) -> Result<RetentionReport, ClientError> {
        self.post("retention/preview", wish).await
    }

    /// The server's metrics in the text form of Prometheus.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let url = self.base.join("metrics").map_err(|error| ClientError::address("metrics", &error.to_string()))?;
        let reply = self.send(self.signed(self.http.get(url).timeout(super::CALL))).await?;
        reply.text().await.map_err(|error| ClientError::unreachable(self.address(), &error))
    }

    /// What the servers counted over the last day.
    pub async fn metrics_history(&self, query: &MetricsQuery) -> Result<MetricsHistory, ClientError> {
        self.query("metrics/history", query).await
    }

    /// Opens the event stream. It ends with an error when the server goes or falls silent: open it again then, and
    /// read again what you show; or go on with [`Self::events_after`].
    pub async fn events(&self) -> Result<EventStream, ClientError> {
        self.open_events("events", None).await
    }

    /// Opens the event stream behind the event with the id `after`. Where that is no longer known, the stream begins
    /// with events that say to read all again.
    pub async fn events_after(&self, after: &str) -> Result<EventStream, ClientError> {
        self.open_events("events", Some(after)).await
    }

    pub(super) async fn open_events<E: DeserializeOwned>(
        &self,
        path: &str,
        after: Option<&str>,
    ) -> Result<EventStream<E>, ClientError> {
        // The stream has no end, so the usual time limit would cut it; its silence is watched instead.
        let mut call = self.endless(path)?;
        if let Some(after) = after {
            call = call.header("last-event-id", after);
        }
        Ok(EventStream::new(self.address(), self.send(call).await?))
    }

    pub(super) fn signed(&self, call: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }
}
