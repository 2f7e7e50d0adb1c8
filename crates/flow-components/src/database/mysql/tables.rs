//! What tables there are, from the information schema.

use super::error::problem;
use crate::ComponentError;
use crate::database::{Column, Table, TableName};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params};
use std::collections::BTreeMap;

const CHOSEN: &str = "table_schema = COALESCE(?, DATABASE()) AND table_name = ?";
const ALL: &str = "table_schema = DATABASE()";

/// The tables and views of the connection's database, or the one of this name.
pub(super) async fn find(connection: &mut Conn, name: Option<&TableName>) -> Result<Vec<Table>, ComponentError> {
    let (which, values) = match name {
        Some(name) => (CHOSEN, Params::from((name.schema.clone(), name.table.clone()))),
        None => (ALL, Params::Empty),
    };
    let tables: Vec<(String, String)> = connection
        .exec(
            format!("SELECT table_name, table_type FROM information_schema.tables WHERE {which} ORDER BY table_name"),
            values.clone(),
        )
        .await
        .map_err(|error| problem(&error))?;
    let columns: Vec<(String, String, String, String)> = connection
        .exec(
            format!(
                "SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns
                 WHERE {which} ORDER BY table_name, ordinal_position"
            ),
            values.clone(),
        )
        .await
        .map_err(|error| problem(&error))?;
    let indexed: Vec<(String, String, String)> = connection
        .exec(
            format!(
                "SELECT table_name, index_name, column_name FROM information_schema.statistics
                 WHERE {which} AND non_unique = 0 AND column_name IS NOT NULL AND sub_part IS NULL
                 ORDER BY table_name, index_name <> 'PRIMARY', index_name, seq_in_index"
            ),
            values,
        )
        .await
        .map_err(|error| problem(&error))?;

    let schema = name.and_then(|name| name.schema.clone());
    let mut by_name: BTreeMap<String, Table> = BTreeMap::new();
    for (table, kind) in tables {
        let shown = schema.as_ref().map_or_else(|| table.clone(), |schema| format!("{schema}.{table}"));
        let view = kind.contains("VIEW");
        by_name.insert(table, Table { name: shown, view, columns: Vec::new(), unique: Vec::new() });
    }
    for (table, name, kind, nullable) in columns {
        if let Some(table) = by_name.get_mut(&table) {
            table.columns.push(Column { name, kind, nullable: nullable == "YES" });
        }
    }
    let mut last = None;
    for (table, index, column) in indexed {
        let Some(found) = by_name.get_mut(&table) else { continue };
        if last.as_ref() != Some(&(table.clone(), index.clone())) {
            found.unique.push(Vec::new());
            last = Some((table, index));
        }
        if let Some(columns) = found.unique.last_mut() {
            columns.push(column);
        }
    }
    Ok(by_name.into_values().collect())
}
