//! What the desktop tells of clusters while nobody looks: servers that were lost, requests that are stalled or failed.

use super::known::Cluster;
use super::live::Pending;
use super::{Stalled, Takeover};
use crate::{Designer, HostKind, Notification};
use flow_api::RequestState;
use std::collections::BTreeSet;

/// Failed requests up to so many are looked up by name; more are only counted.
const NAMED: usize = 20;

/// What was told of a cluster's failed requests.
pub(super) struct Told {
    /// How many there were when they were counted last; none while that is not known, since old failures are no news.
    failed: Option<u64>,
}

impl Told {
    /// What has failed so far counts as told.
    pub(super) async fn up_to_now(cluster: &Cluster) -> Self {
        Self { failed: cluster.failed().await }
    }
}

impl Designer {
    /// Tells the desktop's user of takeovers, and of requests that are stalled or failed since the last time.
    pub(super) async fn tell_desktop(&self, cluster: &Cluster, pending: &Pending, told: &mut Told) {
        if self.host().kind() != HostKind::Desktop {
            return;
        }
        let may_have_failed = pending.requests().is_none_or(|requests| !requests.is_empty());
        let failed = if may_have_failed { cluster.failed_since(pending.requests(), told).await } else { None };
        if !self.settings().notifications {
            return;
        }
        let takeovers = pending.takeovers.iter().map(|takeover| cluster.of_takeover(takeover));
        let stalled = pending.stalled.iter().map(|stalled| cluster.of_stalled(stalled));
        for notification in takeovers.chain(stalled).chain(failed) {
            // A desktop without notifications is no error; the windows tell of it too.
            if let Err(error) = self.host().notify(notification).await {
                tracing::debug!(%error, "the desktop was not told");
            }
        }
    }
}

impl Cluster {
    fn of_takeover(&self, Takeover { dead, survivor, count }: &Takeover) -> Notification {
        if *count == 0 {
            return Notification {
                title: format!("{dead} was lost"),
                text: format!("Cluster {}: it had no requests under way.", self.name),
                urgent: true,
            };
        }
        let requests = if *count == 1 { "1 request goes on".to_owned() } else { format!("{count} requests go on") };
        Notification {
            title: format!("{survivor} took over from {dead}"),
            text: format!("Cluster {}: {dead} was lost; {requests} on {survivor}.", self.name),
            urgent: true,
        }
    }

    fn of_stalled(&self, Stalled { request, flow, server }: &Stalled) -> Notification {
        Notification {
            title: format!("Request {request} of {flow} is stalled"),
            text: format!(
                "Cluster {}: it makes no progress on {server}. Look at it, and take it over if it hangs.",
                self.name
            ),
            urgent: true,
        }
    }

    /// How many requests there are that failed.
    async fn failed(&self) -> Option<u64> {
        let counts = self.any(|client| async move { client.request_counts().await }).await.ok()?;
        Some(counts.get(&RequestState::Error).copied().unwrap_or_default())
    }

    /// The requests that failed since the last time, of those that changed (none: too many to name).
    async fn failed_since(&self, changed: Option<&BTreeSet<i64>>, told: &mut Told) -> Option<Notification> {
        let now = self.failed().await?;
        let new = now.saturating_sub(told.failed.replace(now)?);
        match new {
            0 => None,
            1 => Some(match self.failed_of(changed).await {
                Some(notification) => notification,
                None => self.of_failed(1),
            }),
            _ => Some(self.of_failed(new)),
        }
    }

    /// The one request of those that changed which ended in an error.
    async fn failed_of(&self, changed: Option<&BTreeSet<i64>>) -> Option<Notification> {
        let changed = changed.filter(|changed| changed.len() <= NAMED)?;
        // The newest first: an older one is more likely to have failed before.
        for id in changed.iter().rev().copied() {
            let detail = self.any(|client| async move { client.request(id).await }).await.ok()?;
            if detail.request.state == RequestState::Error {
                let why = detail.request.error.map(|error| error.message).unwrap_or_default();
                return Some(Notification {
                    title: format!("Request {id} of {} failed", detail.request.flow),
                    text: format!("Cluster {}: {why}", self.name),
                    urgent: true,
                });
            }
        }
        None
    }

    fn of_failed(&self, count: u64) -> Notification {
        let requests = if count == 1 { "A request".to_owned() } else { format!("{count} requests") };
        Notification {
            title: format!("{requests} failed on {}", self.name),
            text: "The Status List tells why, and re-executes them.".to_owned(),
            urgent: true,
        }
    }
}
