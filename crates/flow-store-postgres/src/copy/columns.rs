//! The columns of the tables, as the database tells of them.

use crate::error::{DbResult, corrupt};
use flow_store::StoreError;
use std::collections::{BTreeSet, HashMap};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

/// The columns of a table.
pub(super) struct Columns(Vec<Column>);

struct Column {
    name: String,
    kind: Type,
    /// Its place in the key.
    key: Option<i32>,
    /// Its values are numbers that the database counts up.
    is_counted: bool,
}

impl Columns {
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.0.iter().map(|column| column.name.clone()).collect()
    }

    pub(super) fn key(&self) -> Vec<String> {
        let mut key: Vec<_> = self.0.iter().filter_map(|column| Some((column.key?, column.name.clone()))).collect();
        key.sort_unstable();
        key.into_iter().map(|(_, name)| name).collect()
    }

    pub(super) fn counted(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|column| column.is_counted).map(|column| column.name.as_str())
    }

    pub(super) fn is_text(&self, name: &str) -> bool {
        self.0.iter().any(|column| column.name == name && column.kind == Type::TEXT)
    }

    /// Whether its values may be of any length.
    pub(super) fn may_be_long(&self, name: &str) -> bool {
        let is_long = |column: &Column| column.kind == Type::TEXT || column.kind == Type::BYTEA;
        self.0.iter().any(|column| column.name == name && is_long(column))
    }

    pub(super) fn kind(&self, name: &str) -> Result<Type, StoreError> {
        let found = self.0.iter().find(|column| column.name == name);
        found.map(|column| column.kind.clone()).ok_or_else(|| corrupt("a column that is not there", name))
    }
}

const COLUMNS: &str = "
    SELECT c.relname::text, a.attname::text, a.atttypid,
           (array_position(string_to_array(i.indkey::text, ' '), a.attnum::text))::int, a.attidentity <> ''
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace";

/// The tables that there are, with their columns.
pub(super) async fn read(client: &Client) -> DbResult<HashMap<String, Columns>> {
    let mut tables: HashMap<String, Columns> = HashMap::new();
    for row in client.query(COLUMNS, &[]).await? {
        let kind = row.try_get::<_, u32>(2)?;
        let kind = Type::from_oid(kind).ok_or_else(|| corrupt("the type of a column", kind))?;
        let column = Column { name: row.try_get(1)?, kind, key: row.try_get(3)?, is_counted: row.try_get(4)? };
        tables.entry(row.try_get(0)?).or_insert_with(|| Columns(Vec::new())).0.push(column);
    }
    Ok(tables)
}

/// Which table refers to which.
pub(super) async fn references(client: &Client) -> DbResult<Vec<(String, String)>> {
    let sql = "SELECT a.relname::text, b.relname::text FROM pg_constraint k
               JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid
               WHERE k.contype = 'f' AND a.relnamespace = current_schema()::regnamespace";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
