//! The connections of projects, as this server sees them: what they are, which of their secrets are missing, and whether
//! what they lead to answers.

use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use async_trait::async_trait;
use bytes::Bytes;
use flow_api::{ConnectionEntry, ConnectionSecret, TestResult, codes};
use flow_components::{
    ComponentError, Databases, Folder, HttpClients, Places, ResolvedPath, SecretSource, Services, test_connection,
};
use flow_data::{ExpressionCache, Spool};
use flow_model::{Connection, ConnectionError, connection_kind};
use flow_store::{ProjectName, VersionId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a connection that is tried out may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What connections are tried out with.
pub struct Reach {
    databases: Databases,
    http: HttpClients,
    expressions: ExpressionCache,
    spool: Spool,
    local_folder: PathBuf,
}

impl Reach {
    /// Relative local paths start from `local_folder`, as they do for flows.
    pub fn new(local_folder: PathBuf) -> Self {
        Self {
            databases: Databases::default(),
            http: HttpClients::new(),
            expressions: ExpressionCache::new(),
            spool: Spool::in_memory(),
            local_folder,
        }
    }
}

/// The connections of a project's version, by name, the broken ones among them.
pub async fn list(app: &App, project: &ProjectName, version: &VersionId) -> Reply<Vec<ConnectionEntry>> {
    let files = app.store.version_files(project, version).await?;
    let mut entries = Vec::new();
    for (name, file) in files.iter().filter_map(|(path, file)| Some((name_of(path)?, file))) {
        let entry = match read(name, file) {
            Ok(connection) => entry(app, project, &connection).await?,
            Err(error) => broken(name, &error),
        };
        entries.push(entry);
    }
    Ok(entries)
}

/// The name of the connection whose file is at a path of a project.
pub fn name_of(path: &str) -> Option<&str> {
    path.strip_prefix("connections/")?.strip_suffix(".json")
}

/// Reads a connection from its file.
pub fn read(name: &str, file: &Bytes) -> Result<Connection, ConnectionError> {
    Connection::from_json(name, &String::from_utf8_lossy(file))
}

async fn entry(app: &App, project: &ProjectName, connection: &Connection) -> Reply<ConnectionEntry> {
    let set = app.store.connection_secrets(project, &connection.name).await?;
    let kind = connection_kind(&connection.kind);
    let secret = |field: &'static str| ConnectionSecret {
        field: field.to_owned(),
        help: kind.and_then(|kind| kind.field(field)).map(|field| field.help.to_owned()).unwrap_or_default(),
        updated: set.iter().find(|secret| secret.field == field).map(|secret| wire::time(secret.updated)),
    };
    Ok(ConnectionEntry {
        name: connection.name.clone(),
        kind: connection.kind.clone(),
        address: connection.address(),
        settings: connection.settings.clone().into_iter().collect(),
        secrets: connection.secret_fields().map(secret).collect(),
        problem: connection.check().err().map(|error| error.to_string()),
    })
}

fn broken(name: &str, error: &ConnectionError) -> ConnectionEntry {
    ConnectionEntry {
        name: name.to_owned(),
        kind: String::new(),
        address: String::new(),
        settings: Default::default(),
        secrets: Vec::new(),
        problem: Some(error.to_string()),
    }
}

/// Tries whether what a connection leads to answers, with its secrets.
pub async fn test(app: &App, project: &ProjectName, version: &VersionId, name: &str) -> Reply<TestResult> {
    let files = app.store.version_files(project, version).await?;
    if !files.contains_key(&format!("connections/{name}.json")) {
        let detail = format!("the project “{project}” has no connection “{name}” at the version that this server has");
        return Err(Refusal::new(codes::CONNECTION_NOT_FOUND, detail));
    }
    let storage = flow_engine::storage_files(&app.storage);
    let places = Places { storage, project: files, local: app.reach.local_folder.clone() };
    let surroundings = Surroundings { app, project, places };
    let begun = Instant::now();
    let asked = async {
        let connection = surroundings.connection(name).await?;
        test_connection(&app.reach.databases, &connection, &surroundings).await
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
        Err(ComponentError::new("connection/timeout", format!("no answer within {} s", PATIENCE.as_secs())))
    });
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(match answer {
        Ok(message) => TestResult { works: true, code: None, message, milliseconds },
        Err(error) => TestResult { works: false, code: Some(error.code), message: error.message, milliseconds },
    })
}

/// What a connection that is tried out finds around it.
struct Surroundings<'a> {
    app: &'a App,
    project: &'a ProjectName,
    places: Places,
}

#[async_trait]
impl Services for Surroundings<'_> {
    async fn connection(&self, name: &str) -> Result<Connection, ComponentError> {
        let none = BTreeMap::new();
        let path = format!("connections/{name}.json");
        let file = self.places.project.get(&path).cloned().unwrap_or_default();
        let mut connection =
            read(name, &file).map_err(|error| ComponentError::new(error.code(), error.to_string()).for_good())?;
        connection.secrets = match connection.secret_fields().next() {
            Some(_) => self.app.secrets.secrets(self.project.as_str(), &connection).await?,
            None => none,
        };
        Ok(connection)
    }

    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        self.places.resolve(path)
    }

    fn folder(&self, path: &str) -> Result<Folder, ComponentError> {
        self.places.folder(path)
    }

    fn expressions(&self) -> &ExpressionCache {
        &self.app.reach.expressions
    }

    fn http(&self) -> &HttpClients {
        &self.app.reach.http
    }

    fn spool(&self) -> &Spool {
        &self.app.reach.spool
    }

    fn may_act(&self) -> bool {
        self.app.work.may_act()
    }
}
