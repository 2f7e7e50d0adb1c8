//! The secrets: whether the key that servers will have opens them.

use crate::outcome::Failure;
use flow_server::{ClusterKey, Sealed};
use flow_store::ProjectName;
use flow_store::copy::{Cell, Cells, CopyEnd, PAGE, Table};
use std::collections::HashMap;
use std::path::Path;

/// Opens all secrets of connections with the key in a file. How many there are.
pub async fn check(from: &mut dyn CopyEnd, key_file: Option<&Path>) -> Result<usize, Failure> {
    let tables = from.tables().await?;
    let mut secrets = Vec::new();
    let projects = names(from, &tables, "project").await?;
    let of_projects = read(from, &tables, "connection_secret", &["project", "connection", "field", "sealed"]).await?;
    for row in of_projects {
        if let [Cell::Number(project), Cell::Text(connection), Cell::Text(field), Cell::Bytes(sealed)] = &row[..] {
            let project = projects.get(project).cloned().unwrap_or_default();
            secrets.push((Place::Connection(project, connection.clone(), field.clone()), sealed.clone()));
        }
    }
    let accounts = names(from, &tables, "account").await?;
    for row in read(from, &tables, "account_secret", &["account", "name", "sealed"]).await? {
        if let [Cell::Number(account), Cell::Text(host), Cell::Bytes(sealed)] = &row[..] {
            let account = accounts.get(account).cloned().unwrap_or_default();
            secrets.push((Place::Git(account, host.clone()), sealed.clone()));
        }
    }
    if secrets.is_empty() {
        return Ok(0);
    }
    let Some(file) = key_file else {
        let message = format!(
            "the database holds {} secrets of connections, which nobody can open without the cluster's key: name its file \
             with --key-file",
            secrets.len()
        );
        return Err(Failure::new("store/secrets", message));
    };
    let key = ClusterKey::open_existing(file)?;
    for (place, sealed) in &secrets {
        if !place.opens(&key, sealed) {
            let message = format!(
                "the key in “{}” does not open {place}: name the key file of the cluster's servers with --key-file, or set \
                 that secret anew first",
                file.display()
            );
            return Err(Failure::new("store/secrets", message));
        }
    }
    Ok(secrets.len())
}

/// Whose secret it is.
enum Place {
    Connection(String, String, String),
    Git(String, String),
}

impl Place {
    fn opens(&self, key: &ClusterKey, sealed: &[u8]) -> bool {
        match self {
            Self::Connection(project, connection, field) => ProjectName::parse(project).is_ok_and(|project| {
                key.unseal(Sealed::Connection { project: &project, connection, field }, sealed).is_ok()
            }),
            Self::Git(account, host) => key.unseal(Sealed::GitCredential { account, host }, sealed).is_ok(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection(project, connection, field) => {
                write!(f, "the field “{field}” of the connection “{connection}” of the project “{project}”")
            }
            Self::Git(account, host) => write!(f, "the credential of “{account}” for {host}"),
        }
    }
}

/// The names in a table, by number.
async fn names(from: &mut dyn CopyEnd, tables: &[Table], table: &str) -> Result<HashMap<i64, String>, Failure> {
    let rows = read(from, tables, table, &["id", "name"]).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| match <[Cell; 2]>::try_from(row) {
            Ok([Cell::Number(id), Cell::Text(name)]) => Some((id, name)),
            _ => None,
        })
        .collect())
}

/// Some columns of all rows of a table.
async fn read(from: &mut dyn CopyEnd, tables: &[Table], name: &str, columns: &[&str]) -> Result<Vec<Cells>, Failure> {
    let Some(table) = tables.iter().find(|table| table.name == name) else { return Ok(Vec::new()) };
    let places: Vec<usize> = columns.iter().filter_map(|column| table.place(column)).collect();
    let (mut all, mut after): (Vec<Cells>, Option<Cells>) = (Vec::new(), None);
    loop {
        let rows = from.rows(table, after.as_deref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some(last.iter().take(table.key).cloned().collect());
        all.extend(rows.iter().map(|row| places.iter().filter_map(|place| row.get(*place).cloned()).collect()));
    }
}
