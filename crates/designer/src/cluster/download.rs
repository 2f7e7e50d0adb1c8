//! A saved stream as a file of the author's.

use crate::{Command, CommandError, Designer};
use flow_api::{SavedFile, SavedFormat};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs;
use tokio::io::AsyncWriteExt;
use ts_rs::TS;

/// Writes the whole stream of a saved point to a file that the author chooses in the system's own dialog. Errors:
/// `cluster/download`; `host/not-available` in a browser, which downloads it as it does other files.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ClusterDownload {
    /// The cluster.
    pub cluster: String,
    /// The request.
    pub request: i64,
    /// The saved point's number within the request.
    pub number: u32,
    /// What kind of file.
    pub format: SavedFormat,
}

/// The answer of `cluster_download`.
#[derive(Debug, Serialize, TS)]
pub struct Downloaded {
    /// The file; null when the dialog was cancelled.
    pub path: Option<String>,
}

impl Command for ClusterDownload {
    const NAME: &'static str = "cluster_download";
    type Output = Downloaded;

    async fn run(self, designer: Arc<Designer>) -> Result<Downloaded, CommandError> {
        let chosen = designer.host().choose_file("Save the stream as", &self.file_name()).await?;
        let Some(path) = chosen else { return Ok(Downloaded { path: None }) };
        let file = designer.download(&self).await?;
        write(file, &path).await?;
        Ok(Downloaded { path: Some(path.to_string_lossy().into_owned()) })
    }
}

impl ClusterDownload {
    /// What the file is called, if nobody says otherwise: `request-7-saved-point-2.csv`.
    pub fn file_name(&self) -> String {
        format!("request-{}-saved-point-{}.{}", self.request, self.number, self.format.ending())
    }
}

impl Designer {
    /// The whole stream of a saved point, on its way from the cluster.
    pub async fn download(&self, wanted: &ClusterDownload) -> Result<SavedFile, CommandError> {
        let cluster = self.clusters.cluster(&wanted.cluster).await?;
        cluster.any(|client| async move { client.saved_file(wanted.request, wanted.number, wanted.format).await }).await
    }
}

/// Writes what comes. A download that breaks off leaves no file that looks whole, and one that was there before stays.
async fn write(file: SavedFile, path: &Path) -> Result<(), CommandError> {
    let part = beside(path);
    let written = write_part(file, &part, path).await;
    if written.is_err() {
        let _ = fs::remove_file(&part).await;
    }
    written
}

async fn write_part(mut file: SavedFile, part: &Path, path: &Path) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| {
        let message = format!("cannot write {}: {error}; choose another place", path.display());
        CommandError::new("cluster/download", message)
    };
    let mut into = fs::File::create(part).await.map_err(failed)?;
    while let Some(chunk) = file.chunk().await? {
        into.write_all(&chunk).await.map_err(failed)?;
    }
    into.flush().await.map_err(failed)?;
    fs::rename(part, path).await.map_err(failed)
}

/// Where a file stands until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".part");
    path.with_file_name(name)
}
