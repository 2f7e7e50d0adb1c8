//! The commands on the clusters that the designer knows.

use super::{ClusterListView, ClusterMark, ClusterOverview, ClusterView};
use crate::{Command, CommandError, Designer, Event};
use flow_api::Login;
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use ts_rs::TS;

/// The clusters that the designer knows, and the chosen one.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterList {}

impl Command for ClusterList {
    const NAME: &'static str = "cluster_list";
    type Output = ClusterListView;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterListView, CommandError> {
        Ok(designer.clusters.list())
    }
}

/// Signs in to a cluster, new or known, and chooses it. The password is used once, to have the cluster make a token
/// that can be revoked; the token is kept in the system's keyring. Errors: `auth/wrong-password`,
/// `auth/too-many-attempts`, `client/unreachable`, `client/address`.
#[derive(Deserialize, TS)]
pub struct ClusterSignIn {
    /// A name for the cluster, free to choose.
    pub cluster: String,
    /// The address of any of its servers: `http://127.0.0.1:7400`.
    pub url: String,
    /// The account's name.
    pub account: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for ClusterSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterSignIn").field("cluster", &self.cluster).field("url", &self.url).finish_non_exhaustive()
    }
}

impl Command for ClusterSignIn {
    const NAME: &'static str = "cluster_sign_in";
    type Output = ClusterView;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterView, CommandError> {
        let login = Login { name: self.account, password: self.password };
        let cluster = designer.clusters.sign_in(&self.cluster, &self.url, login).await?;
        designer.emit(Event::ClustersChanged);
        Ok(cluster)
    }
}

/// Signs out of a cluster: the token is revoked there and forgotten here.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterSignOut {
    /// The cluster.
    pub cluster: String,
}

impl Command for ClusterSignOut {
    const NAME: &'static str = "cluster_sign_out";
    type Output = ClusterListView;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterListView, CommandError> {
        let list = designer.clusters.sign_out(&self.cluster).await?;
        designer.emit(Event::ClustersChanged);
        Ok(list)
    }
}

/// Signs out of a cluster and forgets it.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterRemove {
    /// The cluster.
    pub cluster: String,
}

impl Command for ClusterRemove {
    const NAME: &'static str = "cluster_remove";
    type Output = ClusterListView;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterListView, CommandError> {
        let list = designer.clusters.remove(&self.cluster).await?;
        designer.emit(Event::ClustersChanged);
        Ok(list)
    }
}

/// Chooses the cluster that Push update goes to. Errors: `cluster/unknown`.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterChoose {
    /// The cluster.
    pub cluster: String,
}

impl Command for ClusterChoose {
    const NAME: &'static str = "cluster_choose";
    type Output = ClusterListView;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterListView, CommandError> {
        let list = designer.clusters.choose(&self.cluster).await?;
        designer.emit(Event::ClustersChanged);
        Ok(list)
    }
}

/// Marks a cluster: its colour, whether it is production, the git branch that goes to it. Errors: `cluster/unknown`.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterSetMark {
    /// The cluster.
    pub cluster: String,
    /// How it is marked from now on.
    pub mark: ClusterMark,
}

impl Command for ClusterSetMark {
    const NAME: &'static str = "cluster_set_mark";
    type Output = ClusterListView;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterListView, CommandError> {
        let branch = self.mark.branch.map(|branch| branch.trim().to_owned()).filter(|branch| !branch.is_empty());
        let list = designer.clusters.set_mark(&self.cluster, ClusterMark { branch, ..self.mark }).await?;
        designer.emit(Event::ClustersChanged);
        Ok(list)
    }
}

/// How a cluster is doing: its servers and how many requests it has in each state. From the first call on the
/// designer follows the cluster's event streams and sends `cluster-changed`. Errors of this and all commands that
/// ask a cluster: `cluster/unknown`, `cluster/not-signed-in`, `cluster/unreachable`, and the codes of the servers.
#[derive(Debug, Deserialize, TS)]
pub struct ClusterOverviewOf {
    /// The cluster.
    pub cluster: String,
}

impl Command for ClusterOverviewOf {
    const NAME: &'static str = "cluster_overview";
    type Output = ClusterOverview;

    async fn run(self, designer: Arc<Designer>) -> Result<ClusterOverview, CommandError> {
        designer.overview(&self.cluster).await
    }
}
