use super::{Client, ClientError, segment};
use crate::{DueTime, FiringQuery, Request, TriggerEntry, TriggerFiring, TriggerQuery};
use serde_json::json;

impl Client {
    /// The triggers of the cluster.
    pub async fn triggers(&self, query: &TriggerQuery) -> Result<Vec<TriggerEntry>, ClientError> {
        self.query("triggers", query).await
    }

    /// Switches a trigger on or off, for all servers.
    pub async fn switch_trigger(&self, project: &str, trigger: &str, on: bool) -> Result<TriggerEntry, ClientError> {
        let action = if on { "on" } else { "off" };
        self.post(&of(project, trigger, action), &json!({})).await
    }

    /// Fires a trigger by hand, and gives the request.
    pub async fn fire_trigger(&self, project: &str, trigger: &str) -> Result<Request, ClientError> {
        self.post(&of(project, trigger, "fire"), &json!({})).await
    }

    /// The newest firings of a trigger.
    pub async fn trigger_firings(
        &self,
        project: &str,
        trigger: &str,
        limit: u32,
    ) -> Result<Vec<TriggerFiring>, ClientError> {
        self.query(&of(project, trigger, "firings"), &FiringQuery { limit: Some(limit) }).await
    }

    /// When a schedule is due next.
    pub async fn trigger_next(&self, project: &str, trigger: &str, limit: u32) -> Result<Vec<DueTime>, ClientError> {
        self.query(&of(project, trigger, "next"), &FiringQuery { limit: Some(limit) }).await
    }
}

fn of(project: &str, trigger: &str, what: &str) -> String {
    format!("triggers/{}/{}/{what}", segment(project), segment(trigger))
}
