//! Where a flow under test runs: folders of its own, and what stands in for connections, secrets and files.

use crate::answers::AnsweringServer;
use crate::document::{Content, Replacement, TestFile};
use crate::{Suite, TestError};
use async_trait::async_trait;
use base64::Engine;
use bytes::Bytes;
use flow_components::{ComponentError, SecretSource};
use flow_engine::ProjectFiles;
use flow_model::{Connection, Secret};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// The folders, files and connections of one test.
pub(crate) struct Surroundings {
    /// None if it is to be kept.
    _folder: Option<TempDir>,
    /// Where relative paths lead.
    pub(crate) local: PathBuf,
    /// Where `storage:` leads.
    pub(crate) storage: PathBuf,
    /// The project, with what stands in for parts of it.
    pub(crate) project: Arc<ProjectFiles>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    /// The servers that answer for connections.
    pub(crate) servers: BTreeMap<String, AnsweringServer>,
}

impl Surroundings {
    /// Makes them.
    pub(crate) async fn prepare(suite: &Suite, test: &TestFile) -> Result<Self, TestError> {
        let unusable = |error: std::io::Error| {
            TestError::new("test/folder", format!("a folder for the test cannot be made: {error}"))
        };
        let mut folder = tempfile::Builder::new().prefix("cairn-test-").tempdir().map_err(unusable)?;
        folder.disable_cleanup(suite.keep);
        let (local, storage) = (folder.path().join("local"), folder.path().join("storage"));
        for made in [&local, &storage] {
            std::fs::create_dir(made).map_err(unusable)?;
        }
        let mut project = suite.files.clone();
        for (path, content) in &test.files {
            let bytes = content.bytes(&suite.files)?;
            match path.strip_prefix("project:") {
                Some(inside) => {
                    project.insert(inside.trim_start_matches('/').to_owned(), bytes);
                }
                None => write(&place(&local, &storage, path)?, &bytes)?,
            }
        }
        let mut servers = BTreeMap::new();
        let mut secrets = BTreeMap::new();
        for (name, replacement) in &test.connections {
            let server = match &replacement.answers {
                Some(answers) => Some(AnsweringServer::start(answers).await?),
                None => None,
            };
            let (file, kept) = replaced(name, replacement, server.as_ref())?;
            project.insert(format!("connections/{name}.json"), file);
            secrets.insert(name.clone(), kept);
            servers.extend(server.map(|server| (name.clone(), server)));
        }
        Ok(Self {
            _folder: Some(folder),
            local,
            storage,
            project: Arc::new(project),
            secrets: Arc::new(TestSecrets(secrets)),
            servers,
        })
    }

    /// Where the file that a path names is on the disk.
    pub(crate) fn place(&self, path: &str) -> Result<PathBuf, TestError> {
        place(&self.local, &self.storage, path)
    }
}

/// The file of a connection that stands in for another, and its secrets.
fn replaced(
    name: &str,
    replacement: &Replacement,
    server: Option<&AnsweringServer>,
) -> Result<(Bytes, BTreeMap<String, Secret>), TestError> {
    let kind = match (&replacement.kind, server) {
        (Some(kind), _) => kind.as_str(),
        (None, Some(_)) => "http",
        (None, None) => {
            let message = format!("what stands in for the connection “{name}” needs a kind, or answers");
            return Err(TestError::new("test/connection", message));
        }
    };
    let mut connection = Connection::new(name, kind);
    if let Some(server) = server {
        connection = connection.with("url", server.url.clone());
    }
    for (field, setting) in &replacement.settings {
        connection = connection.with(field, setting.value()?);
    }
    let mut secrets = BTreeMap::new();
    for (field, setting) in &replacement.secrets {
        let value = setting.value()?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        secrets.insert(field.clone(), Secret::from(text));
    }
    Ok((Bytes::from(connection.to_json()), secrets))
}

/// Where a path leads. A test stays in its folders.
fn place(local: &Path, storage: &Path, path: &str) -> Result<PathBuf, TestError> {
    let (root, inside) = match path.strip_prefix("storage:") {
        Some(inside) => (storage, inside.trim_start_matches('/')),
        None => (local, path),
    };
    let stays = Path::new(inside).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if inside.is_empty() || !stays {
        let message = format!("the path “{path}” leads out of the test's folders: use a relative one");
        return Err(TestError::new("test/path", message));
    }
    Ok(root.join(inside))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TestError> {
    let failed = |error: std::io::Error| TestError::file("write", path, &error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}

impl Content {
    /// The bytes. Files are those of the project.
    pub(crate) fn bytes(&self, files: &BTreeMap<String, Bytes>) -> Result<Bytes, TestError> {
        match self {
            Self::Text(text) => Ok(Bytes::from(text.clone())),
            Self::Json { json } => Ok(Bytes::from(json.to_string())),
            Self::File { file } => files.get(file.as_str()).cloned().ok_or_else(|| {
                TestError::new("test/no-such-file", format!("the project has no file “{file}”, which the test names"))
            }),
            Self::Base64 { base64 } => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(base64);
                decoded.map(Bytes::from).map_err(|error| {
                    TestError::new("test/base64", format!("a file of the test is not in base64: {error}"))
                })
            }
        }
    }

    /// The document, if it is one.
    pub(crate) fn json(&self) -> Option<&Value> {
        match self {
            Self::Json { json } => Some(json),
            _ => None,
        }
    }
}

/// The secrets that a test gives: those of the author stay out of it.
struct TestSecrets(BTreeMap<String, BTreeMap<String, Secret>>);

#[async_trait]
impl SecretSource for TestSecrets {
    async fn secrets(&self, _: &str, connection: &Connection) -> Result<BTreeMap<String, Secret>, ComponentError> {
        Ok(self.0.get(&connection.name).cloned().unwrap_or_default())
    }
}
