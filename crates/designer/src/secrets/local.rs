//! The secrets of the connections of a project on this machine.

use super::{CONNECTIONS, SecretPlace, SecretStore};
use crate::CommandError;
use crate::background::blocking;
use async_trait::async_trait;
use flow_components::{ComponentError, SecretSource};
use flow_model::{Connection, Secret};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The secrets of a project's connections. They belong to the folder that the project is in: a project from elsewhere that
/// bears the same name does not get them.
#[derive(Debug, Clone)]
pub struct LocalSecrets {
    store: SecretStore,
    project: PathBuf,
}

impl LocalSecrets {
    pub(super) fn new(store: SecretStore, project: PathBuf) -> Self {
        Self { store, project }
    }

    /// Keeps the secret `field` of a connection, and says where. Error `secret/unknown-field` when the connection's kind has
    /// no such secret.
    pub fn set(&self, connection: &Connection, field: &str, secret: &str) -> Result<SecretPlace, CommandError> {
        check_field(connection, field)?;
        self.store.keep(CONNECTIONS, &self.name(&connection.name, field), secret)
    }

    /// Forgets a secret. Whether there was one.
    pub fn remove(&self, connection: &str, field: &str) -> Result<bool, CommandError> {
        self.store.forget(CONNECTIONS, &self.name(connection, field))
    }

    /// The names of the secrets of a connection that are kept.
    pub fn names(&self, connection: &Connection) -> Result<Vec<&'static str>, CommandError> {
        let mut names = Vec::new();
        for field in connection.secret_fields() {
            if self.store.find(CONNECTIONS, &self.name(&connection.name, field))?.is_some() {
                names.push(field);
            }
        }
        Ok(names)
    }

    /// The connection with its secrets filled in.
    pub fn fill(&self, mut connection: Connection) -> Result<Connection, CommandError> {
        connection.secrets = self.of(&connection)?;
        Ok(connection)
    }

    fn of(&self, connection: &Connection) -> Result<BTreeMap<String, Secret>, CommandError> {
        let mut secrets = BTreeMap::new();
        for field in connection.secret_fields() {
            if let Some(secret) = self.store.find(CONNECTIONS, &self.name(&connection.name, field))? {
                secrets.insert(field.to_owned(), Secret::from(secret));
            }
        }
        Ok(secrets)
    }

    fn name(&self, connection: &str, field: &str) -> String {
        format!("{}: {connection}.{field}", self.project.display())
    }
}

fn check_field(connection: &Connection, field: &str) -> Result<(), CommandError> {
    let known: Vec<&str> = connection.secret_fields().collect();
    if known.contains(&field) {
        return Ok(());
    }
    let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let message = format!(
        "“{}” is of kind {} and has no secret “{field}”; its secrets are: {has}",
        connection.name, connection.kind
    );
    Err(CommandError::new("secret/unknown-field", message))
}

#[async_trait]
impl SecretSource for LocalSecrets {
    async fn secrets(&self, _: &str, connection: &Connection) -> Result<BTreeMap<String, Secret>, ComponentError> {
        let (secrets, connection) = (self.clone(), connection.clone());
        // A keyring answers over a bus.
        blocking(move || secrets.of(&connection))
            .await
            .map_err(|error| ComponentError::new(error.code, error.message).on("Connection"))
    }
}
