//! The commands on connections: what they lead to, their secrets, whether they answer, and which tables are there.

use crate::background::blocking;
use crate::flow::Field;
use crate::project::{OpenProject, ProjectView};
use crate::{Command, CommandError, Designer};
use flow_components::{ComponentError, inspect_tables, test_connection};
use flow_model::{Connection, ConnectionKind as Kind, connection_kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use ts_rs::TS;

/// The kinds of connections that there are, with their fields.
#[derive(Debug, Deserialize, TS)]
pub struct ConnectionKinds {}

/// The answer of `connection_kinds`.
#[derive(Debug, Serialize, TS)]
pub struct ConnectionKindList {
    /// The kinds, in the order in which they are offered.
    pub kinds: &'static [Kind],
}

impl Command for ConnectionKinds {
    const NAME: &'static str = "connection_kinds";
    type Output = ConnectionKindList;

    async fn run(self, _: Arc<Designer>) -> Result<ConnectionKindList, CommandError> {
        Ok(ConnectionKindList { kinds: connection_kinds() })
    }
}

/// A connection with the names of the secrets that are kept for it on this machine. Errors: `connection/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
}

/// The answer of `connection_view`. Secrets themselves never leave the program.
#[derive(Debug, Serialize, TS)]
pub struct ConnectionDetails {
    /// The connection; null when its file cannot be read.
    pub connection: Option<Connection>,
    /// The names of its secret fields that are set.
    pub secrets: Vec<String>,
    /// Why its file cannot be read, if so.
    pub problem: Option<String>,
}

impl Command for ConnectionView {
    const NAME: &'static str = "connection_view";
    type Output = ConnectionDetails;

    async fn run(self, designer: Arc<Designer>) -> Result<ConnectionDetails, CommandError> {
        let project = designer.project()?;
        blocking(move || match project.files().connection(&self.name) {
            Ok(connection) => {
                let secrets = names(&project, &connection)?;
                Ok(ConnectionDetails { connection: Some(connection), secrets, problem: None })
            }
            Err(error @ flow_project::ProjectError::Connection(_)) => {
                Ok(ConnectionDetails { connection: None, secrets: Vec::new(), problem: Some(error.to_string()) })
            }
            Err(error) => Err(error.into()),
        })
        .await
    }
}

/// Writes a connection's file. Errors: `connection/exists` for a new one whose name is taken, and those of its fields
/// (`connection/missing-field` …).
#[derive(Debug, Deserialize, TS)]
pub struct ConnectionSave {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its fields that are no secrets. Empty texts are left out.
    #[ts(type = "Record<string, unknown>")]
    pub settings: BTreeMap<String, Value>,
    /// Whether it is a new one.
    #[serde(default)]
    pub create: bool,
}

impl Command for ConnectionSave {
    const NAME: &'static str = "connection_save";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let project = designer.project()?;
        let is_set = |value: &Value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
        let settings = self.settings.into_iter().filter(|(_, value)| is_set(value)).collect();
        let connection = Connection { settings, ..Connection::new(self.name, self.kind) };
        let saved = Arc::clone(&project);
        blocking(move || Ok(saved.files().save_connection(&connection, self.create)?)).await?;
        designer.connections_changed(&project)
    }
}

/// Deletes a connection's file, and forgets the secrets that are kept for it on this machine. Errors:
/// `connection/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct ConnectionDelete {
    /// Its name.
    pub name: String,
}

impl Command for ConnectionDelete {
    const NAME: &'static str = "connection_delete";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let project = designer.project()?;
        let changed = Arc::clone(&project);
        blocking(move || {
            let known = project.files().connection(&self.name).ok();
            project.files().delete_connection(&self.name)?;
            for field in known.iter().flat_map(Connection::secret_fields) {
                project.local_secrets().remove(&self.name, field)?;
            }
            Ok(())
        })
        .await?;
        designer.connections_changed(&changed)
    }
}

/// Keeps a secret of a connection on this machine, or forgets it. Errors: `secret/unknown-field`.
#[derive(Deserialize, TS)]
pub struct ConnectionSetSecret {
    /// The connection.
    pub name: String,
    /// The field.
    pub field: String,
    /// The secret; null forgets it.
    pub value: Option<String>,
}

impl std::fmt::Debug for ConnectionSetSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionSetSecret")
            .field("name", &self.name)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// The answer of `connection_set_secret`.
#[derive(Debug, Serialize, TS)]
pub struct SecretNames {
    /// The names of the connection's secret fields that are set.
    pub secrets: Vec<String>,
}

impl Command for ConnectionSetSecret {
    const NAME: &'static str = "connection_set_secret";
    type Output = SecretNames;

    async fn run(self, designer: Arc<Designer>) -> Result<SecretNames, CommandError> {
        let project = designer.project()?;
        blocking(move || {
            let connection = project.files().connection(&self.name)?;
            match &self.value {
                Some(secret) => drop(project.local_secrets().set(&connection, &self.field, secret)?),
                None => drop(project.local_secrets().remove(&self.name, &self.field)?),
            }
            Ok(SecretNames { secrets: names(&project, &connection)? })
        })
        .await
    }
}

/// Test connection: whether what it leads to answers. Errors: `connection/not-found`, `sql/cannot-connect`,
/// `sql/access-denied`, `http/…` and the like.
#[derive(Debug, Deserialize, TS)]
pub struct ConnectionTest {
    /// The connection.
    pub name: String,
}

/// The answer of `connection_test`.
#[derive(Debug, Serialize, TS)]
pub struct ConnectionAnswer {
    /// How long it took, in milliseconds.
    pub took: f64,
    /// What answered: `PostgreSQL 15.4`.
    pub server: String,
}

impl Command for ConnectionTest {
    const NAME: &'static str = "connection_test";
    type Output = ConnectionAnswer;

    async fn run(self, designer: Arc<Designer>) -> Result<ConnectionAnswer, CommandError> {
        let (project, connection) = designer.connection_with_secrets(&self.name).await?;
        let begun = Instant::now();
        let services = project.design_services();
        let server = test_connection(services.databases(), &connection, &*services).await.map_err(refused)?;
        Ok(ConnectionAnswer { took: begun.elapsed().as_secs_f64() * 1000.0, server })
    }
}

/// Read schema: the tables and views of a database. Errors like those of `connection_test`.
#[derive(Debug, Deserialize, TS)]
pub struct ConnectionSchema {
    /// The connection.
    pub name: String,
}

/// The answer of `connection_schema`.
#[derive(Debug, Serialize, TS)]
pub struct DatabaseSchema {
    /// The tables and views, by name.
    pub tables: Vec<DatabaseTable>,
}

/// A table or view of a database.
#[derive(Debug, Serialize, TS)]
pub struct DatabaseTable {
    /// Its name, as *Table* of SQL Put takes it.
    pub name: String,
    /// Whether it is a view.
    pub view: bool,
    /// Its columns, with their types in the database's words.
    pub fields: Vec<Field>,
    /// The columns of its primary key.
    pub keys: Vec<String>,
}

impl Command for ConnectionSchema {
    const NAME: &'static str = "connection_schema";
    type Output = DatabaseSchema;

    async fn run(self, designer: Arc<Designer>) -> Result<DatabaseSchema, CommandError> {
        let (project, connection) = designer.connection_with_secrets(&self.name).await?;
        let services = project.design_services();
        let tables = inspect_tables(services.databases(), &connection, &*services).await.map_err(refused)?;
        let table = |table: flow_components::Table| DatabaseTable {
            name: table.name,
            view: table.view,
            keys: table.unique.into_iter().next().unwrap_or_default(),
            fields: table
                .columns
                .into_iter()
                .map(|column| Field { name: column.name, kind: column.kind, nullable: column.nullable })
                .collect(),
        };
        Ok(DatabaseSchema { tables: tables.into_iter().map(table).collect() })
    }
}

impl Designer {
    async fn connection_with_secrets(&self, name: &str) -> Result<(Arc<OpenProject>, Connection), CommandError> {
        let project = self.project()?;
        let (asked, name) = (Arc::clone(&project), name.to_owned());
        let connection = blocking(move || asked.local_secrets().fill(asked.files().connection(&name)?)).await?;
        Ok((project, connection))
    }

    /// After a change of the connections' files: everybody learns of it.
    fn connections_changed(self: &Arc<Self>, project: &Arc<OpenProject>) -> Result<ProjectView, CommandError> {
        self.follow_now(project);
        project.view()
    }
}

fn names(project: &OpenProject, connection: &Connection) -> Result<Vec<String>, CommandError> {
    Ok(project.local_secrets().names(connection)?.into_iter().map(str::to_owned).collect())
}

fn refused(error: ComponentError) -> CommandError {
    CommandError::new(&error.code, error.message)
}
