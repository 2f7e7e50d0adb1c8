//! What components need from whoever runs them.

use crate::ComponentError;
use bytes::Bytes;
use flow_data::ExpressionCache;
use flow_model::Connection;
use std::path::PathBuf;

/// The surroundings of a running component. The server, `cairn run` and the designer each supply their own.
pub trait Services: Send + Sync {
    /// The connection `name` of the project, with its secrets filled in.
    fn connection(&self, name: &str) -> Result<Connection, ComponentError>;

    /// Where the file named by a path is: `storage:…` is in the checkpoint storage that all servers share, `project:…`
    /// among the files of the pinned project version, everything else on this server's disk. See [`crate::Places`].
    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError>;

    /// The process's cache of compiled expressions.
    fn expressions(&self) -> &ExpressionCache;

    /// The process's HTTP client.
    fn http(&self) -> &reqwest::Client;

    /// Whether this server still surely owns what it runs. Asked before every effect on the world.
    fn may_act(&self) -> bool;
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedPath {
    /// On a disk; it need not exist.
    File(PathBuf),
    /// A file of the project, which is read only.
    ProjectFile {
        /// Its path within the project.
        path: String,
        /// What it holds.
        bytes: Bytes,
    },
}
