//! Tables as databases describe them.

use super::Dialect;
use crate::ComponentError;
use flow_data::arrow::datatypes::SchemaRef;
use serde::Serialize;

/// A table of a database, or a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name as *Table* of a component takes it: with its schema, unless that is the one it is looked for in anyhow.
    pub name: String,
    /// Whether it is a view.
    pub view: bool,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns of the primary key and of every other unique index, each in the index's order; the primary key first.
    pub unique: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in the database's own words.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
}

impl Table {
    /// The column that a field of this name goes to: of the very name, else the only one that differs in case.
    pub(crate) fn column(&self, field: &str) -> Option<&Column> {
        let same = self.columns.iter().find(|column| column.name == field);
        same.or_else(|| {
            let mut near = self.columns.iter().filter(|column| column.name.to_lowercase() == field.to_lowercase());
            near.next().filter(|_| near.next().is_none())
        })
    }

    /// Whether no two rows agree in all of these columns.
    pub(crate) fn is_unique(&self, columns: &[&str]) -> bool {
        self.unique
            .iter()
            .any(|index| index.len() == columns.len() && index.iter().all(|name| columns.contains(&name.as_str())))
    }
}

/// The name of a table, perhaps with its schema: `sales.orders`. A part in double quotes may hold a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

impl TableName {
    pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Self, ComponentError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ComponentError::new("sql/no-table", "the table's name is empty: name a table").on("Table"));
        }
        // SQLite knows no schemas but those of attached databases, of which there are none.
        if dialect == Dialect::Sqlite {
            return Ok(Self { schema: None, table: unquoted(text) });
        }
        Ok(match divided(text) {
            Some((schema, table)) => Self { schema: Some(unquoted(schema)), table: unquoted(table) },
            None => Self { schema: None, table: unquoted(text) },
        })
    }

    /// The name as SQL takes it.
    pub(crate) fn quoted(&self, dialect: Dialect) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", dialect.quoted(schema), dialect.quoted(&self.table)),
            None => dialect.quoted(&self.table),
        }
    }
}

/// The parts before and behind the first dot that is not in quotes.
fn divided(text: &str) -> Option<(&str, &str)> {
    let mut in_quotes = false;
    let at = text.char_indices().find_map(|(at, character)| {
        in_quotes ^= character == '"';
        (character == '.' && !in_quotes).then_some(at)
    })?;
    Some((&text[..at], &text[at + 1..]))
}

fn unquoted(part: &str) -> String {
    match part.strip_prefix('"').and_then(|part| part.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => part.to_owned(),
    }
}

/// The statement that makes a table with a column for each field.
pub(crate) fn creation(name: &TableName, schema: &SchemaRef, keys: &[String], dialect: Dialect) -> String {
    let column = |field: &flow_data::arrow::datatypes::FieldRef| {
        let is_key = keys.contains(field.name());
        let not_null = if is_key { " NOT NULL" } else { "" };
        format!("{} {}{not_null}", dialect.quoted(field.name()), dialect.column_type(field.data_type(), is_key))
    };
    let mut parts: Vec<String> = schema.fields().iter().map(column).collect();
    if !keys.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", dialect.list(keys.iter().map(String::as_str))));
    }
    format!("CREATE TABLE {} ({})", name.quoted(dialect), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_a_schema_and_quotes() {
        for (text, schema, table) in [
            ("orders", None, "orders"),
            ("sales.orders", Some("sales"), "orders"),
            ("\"my.orders\"", None, "my.orders"),
            ("sales.\"my \"\"orders\"\"\"", Some("sales"), "my \"orders\""),
        ] {
            let name = TableName::parse(text, Dialect::Postgres).unwrap();
            assert_eq!((name.schema.as_deref(), name.table.as_str()), (schema, table), "{text}");
        }
        assert_eq!(TableName::parse("a.b", Dialect::Sqlite).unwrap().table, "a.b");
        assert_eq!(TableName::parse(" ", Dialect::MySql).unwrap_err().code, "sql/no-table");
    }

    #[test]
    fn a_field_finds_its_column_whatever_the_case() {
        let column = |name: &str| Column { name: name.to_owned(), kind: "text".to_owned(), nullable: true };
        let table = Table {
            name: "t".to_owned(),
            view: false,
            columns: ["ID", "Name", "name"].map(column).to_vec(),
            unique: vec![vec!["ID".to_owned(), "Name".to_owned()]],
        };
        let found = |field: &str| table.column(field).map(|column| column.name.clone());
        assert_eq!(found("id").as_deref(), Some("ID"));
        assert_eq!(found("name").as_deref(), Some("name"));
        assert_eq!(found("NAME"), None);
        assert!(table.is_unique(&["Name", "ID"]) && !table.is_unique(&["ID"]));
    }
}
