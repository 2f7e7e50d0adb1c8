//! What was pushed to which cluster: when, by whom, and how it went.

use super::{PushUpdateProgress, ServerUpdate};
use crate::{Command, CommandError, Designer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::SystemTime;
use ts_rs::TS;

/// The file of the history.
const FILE: &str = "push-updates.json";
/// How many entries are kept.
const KEPT: usize = 300;

/// A Push update as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PushUpdateRecord {
    /// What tells it from the others.
    pub id: String,
    /// The cluster.
    pub cluster: String,
    /// The project's name on the cluster.
    pub project: String,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// The account that pushed.
    pub by: String,
    /// The commit that every server was to have.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// The commit that the cluster wanted before, if there was one.
    pub former: Option<String>,
    /// How it went on each server.
    pub servers: Vec<ServerUpdate>,
    /// Whether it came to its end; not when the designer ended before.
    pub done: bool,
}

/// The entry of the Push update that goes on.
pub(super) struct Record(PushUpdateRecord);

impl Record {
    pub(super) fn begin(
        designer: &Designer,
        progress: &PushUpdateProgress,
        subject: &str,
        former: Option<String>,
    ) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let record = Self(PushUpdateRecord {
            id: crate::cluster::new_key(),
            cluster: progress.cluster.clone(),
            project: progress.project.clone(),
            at: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            by: designer.clusters.account(&progress.cluster).map(|account| account.name).unwrap_or_default(),
            commit: progress.commit.clone(),
            subject: subject.to_owned(),
            former,
            servers: progress.servers.clone(),
            done: false,
        });
        record.write(designer);
        record
    }

    /// Keeps how far it has come. That this fails must not hold up the update.
    pub(super) fn keep(&mut self, designer: &Designer, progress: &PushUpdateProgress) {
        self.0.servers.clone_from(&progress.servers);
        self.0.done = progress.done;
        self.write(designer);
    }

    fn write(&self, designer: &Designer) {
        let kept = designer.config().change(FILE, |all: &mut Vec<PushUpdateRecord>| {
            all.retain(|known| known.id != self.0.id);
            all.insert(0, self.0.clone());
            all.truncate(KEPT);
            Ok(())
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "the Push update is not kept in the history");
        }
    }
}

/// The Push updates to a cluster that were made from here, the latest first.
#[derive(Debug, Deserialize, TS)]
pub struct PushUpdateHistory {
    /// The cluster.
    pub cluster: String,
}

impl Command for PushUpdateHistory {
    const NAME: &'static str = "push_update_history";
    type Output = Vec<PushUpdateRecord>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<PushUpdateRecord>, CommandError> {
        let mut all: Vec<PushUpdateRecord> = designer.config().read(FILE);
        all.retain(|record| record.cluster == self.cluster);
        Ok(all)
    }
}
