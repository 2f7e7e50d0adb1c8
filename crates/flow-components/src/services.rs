//! What components need from whoever runs them.

use crate::{BucketPath, ComponentError, Folder, HttpClients};
use async_trait::async_trait;
use bytes::Bytes;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::{ExpressionCache, Spool};
use flow_model::{Connection, Secret};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The surroundings of a running component. The server, `cairn run` and the designer each supply their own.
#[async_trait]
pub trait Services: Send + Sync {
    /// The connection `name` of the project, with its secrets filled in.
    async fn connection(&self, name: &str) -> Result<Connection, ComponentError>;

    /// Where the file named by a path is: `storage:…` is in the checkpoint storage that all servers share, `project:…`
    /// among the files of the pinned project version, everything else on this server's disk. See [`crate::Places`].
    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError>;

    /// The folder named by a path, by the same rules.
    fn folder(&self, path: &str) -> Result<Folder, ComponentError>;

    /// The process's cache of compiled expressions.
    fn expressions(&self) -> &ExpressionCache;

    /// The process's HTTP clients.
    fn http(&self) -> &HttpClients;

    /// The fields that a query gives over the connection `name`, while a flow is drawn: what is known by now, without
    /// asking and waiting. Whoever can ask begins to, and has the flow examined again when the answer is there.
    fn query_fields(&self, name: &str, query: &str) -> Option<Result<SchemaRef, ComponentError>> {
        let _ = (name, query);
        None
    }

    /// Where the process keeps streams that are computed: in memory or, if they are large, in files.
    fn spool(&self) -> &Spool;

    /// Whether this server still surely owns what it runs. Asked before every effect on the world.
    fn may_act(&self) -> bool;
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedPath {
    /// On a disk; it need not exist.
    File(PathBuf),
    /// In the bucket of the checkpoint storage, where it is read only; it need not exist.
    InBucket(BucketPath),
    /// A file of the project, which is read only.
    ProjectFile {
        /// Its path within the project.
        path: String,
        /// What it holds.
        bytes: Bytes,
    },
}

/// Where the secrets of connections are: the author's own secret store, or the cluster's.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The secrets that are kept for a connection of `project`, by field. What is not kept is left out.
    async fn secrets(&self, project: &str, connection: &Connection)
    -> Result<BTreeMap<String, Secret>, ComponentError>;
}

/// Where there are no secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

#[async_trait]
impl SecretSource for NoSecrets {
    async fn secrets(&self, _: &str, _: &Connection) -> Result<BTreeMap<String, Secret>, ComponentError> {
        Ok(BTreeMap::new())
    }
}
